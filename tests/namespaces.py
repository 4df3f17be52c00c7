"""Two hosts on this machine: network namespaces joined by a line as bad as one wants. Needs root.

Both sides of a comparison shall send over the same device, and Janus does not use loopback.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.media import PATIENCE_S

SERVER, CLIENT = "10.99.0.1", "10.99.0.2"
SERVER_IPV6, CLIENT_IPV6 = "fd99::1", "fd99::2"
CLONE_NEWNET = 0x40000000
PLAIN_BPS = 100_000_000
PLAIN_QUEUE = 2_000_000
"""Octets."""
_BURST = 1_600
"""Octets. One packet: what the kernel is to cut into packets (UDP_SEGMENT) would pass a virtual
wire uncut, and be lost as a whole."""
_RULES = """
table inet line
delete table inet line
table inet line {{
  chain arriving {{
    type filter hook input priority 0; policy accept;
    {rule}
  }}
}}
"""
_libc = ctypes.CDLL(None, use_errno=True)


class NoNamespacesError(Exception):
    """This machine does not let us make any."""


@dataclass(frozen=True, slots=True)
class Hosts:
    server: str
    client: str

    def at_server(self, command: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self.server, *command]

    def at_client(self, command: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self.client, *command]

    @contextmanager
    def inside_server(self) -> Iterator[None]:
        """Sockets that this thread opens, and processes that it starts, are there."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.server}", os.O_RDONLY)
        try:
            _enter(there)
            yield
        finally:
            _enter(before)
            os.close(there)
            os.close(before)

    def without_ipv4(self) -> None:
        """The client has an IPv6 address only."""
        _run("ip", "-n", self.client, "-4", "address", "flush", "dev", "wire1")

    # --- the line ---

    def carries(
        self, rate_bps: float = PLAIN_BPS, queue_octets: int = PLAIN_QUEUE, *, back: bool = False
    ) -> None:
        """To the client, or `back` from it; what does not fit into the queue is lost."""
        host, wire = (self.client, "wire1") if back else (self.server, "wire0")
        _run(
            "tc", "-n", host, "qdisc", "replace", "dev", wire, "root", "tbf",
            "rate", f"{rate_bps:.0f}bit", "burst", str(_BURST), "limit", str(queue_octets),
        )  # fmt: skip

    def loses(self, percent: int) -> None:
        """Of the datagrams on the wire, both ways; 100: the line is cut."""
        which = "" if percent == 100 else f"numgen random mod 100 < {percent}"
        rule = f'iifname "wire*" meta l4proto udp {which} drop' if percent else ""
        rules = _RULES.format(rule=rule)
        for host in (self.server, self.client):
            _run("ip", "netns", "exec", host, "nft", "-f", "-", text=rules)


@contextmanager
def two_hosts() -> Iterator[Hosts]:
    """Raises `NoNamespacesError`."""
    hosts = Hosts(f"server-{os.getpid()}", f"client-{os.getpid()}")
    try:
        for name in (hosts.server, hosts.client):
            _run("ip", "netns", "add", name)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoNamespacesError(f"no network namespaces here: {error}") from error
    try:
        _run("ip", "link", "add", "wire0", "netns", hosts.server, "type", "veth",
             "peer", "name", "wire1", "netns", hosts.client)  # fmt: skip
        for name, wire, address, ipv6 in (
            (hosts.server, "wire0", SERVER, SERVER_IPV6),
            (hosts.client, "wire1", CLIENT, CLIENT_IPV6),
        ):
            _run("ip", "-n", name, "address", "add", f"{address}/24", "dev", wire)
            _run("ip", "-n", name, "address", "add", f"{ipv6}/64", "dev", wire, "nodad")
            _run("ip", "-n", name, "link", "set", wire, "up")
            _run("ip", "-n", name, "link", "set", "lo", "up")
        yield hosts
    finally:
        for name in (hosts.server, hosts.client):
            _run("ip", "netns", "delete", name)


def script_at(folder: Path, command: Sequence[str]) -> Path:
    """A program that runs `command` with the arguments it gets."""
    path = folder / "there.sh"
    path.write_text(f'#!/bin/sh\nexec {" ".join(command)} "$@"\n')
    path.chmod(0o755)
    return path


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot enter a network namespace")


def _run(*command: str, text: str | None = None) -> None:
    subprocess.run(command, input=text, text=True, check=True, timeout=PATIENCE_S)
