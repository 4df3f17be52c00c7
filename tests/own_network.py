"""A network of one's own for a test: only loopback, with a line that can be cut."""

import ctypes
import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.media import PATIENCE_S

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

_CUT = """
table inet cut {{
  chain input {{ type filter hook input priority 0; policy accept; {rules}; }}
}}
"""


def _nft(*arguments: str, rules: str | None = None) -> None:
    subprocess.run(["nft", *arguments], input=rules, text=True, check=True, timeout=PATIENCE_S)


@contextmanager
def own_network() -> Iterator[None]:
    """This thread and all processes that it starts are in it, until left; skips the test where the
    machine forbids that."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if _libc.unshare(CLONE_NEWNET) != 0:
            pytest.skip(f"no network namespaces here: {os.strerror(ctypes.get_errno())}")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=PATIENCE_S)
        try:
            yield
        finally:
            if _libc.setns(before, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "cannot return to the network of before")
    finally:
        os.close(before)


@contextmanager
def no_udp() -> Iterator[None]:
    """Not a datagram arrives in this network, until left."""
    with _cut("meta l4proto udp drop"):
        yield


@contextmanager
def no_udp_from(ports: Iterable[int]) -> Iterator[None]:
    """Not a datagram from or to these ports arrives: whoever sent from them has to send from
    others, as behind an address translation that forgot him."""
    which = "{ " + ", ".join(map(str, ports)) + " }"
    with _cut(f"udp sport {which} drop; udp dport {which} drop"):
        yield


@contextmanager
def _cut(rules: str) -> Iterator[None]:
    _nft("-f", "-", rules=_CUT.format(rules=rules))
    try:
        yield
    finally:
        _nft("delete", "table", "inet", "cut")


def udp_ports() -> set[int]:
    """That somebody in this network has bound."""
    tables = [Path(f"/proc/thread-self/net/{table}").read_text() for table in ("udp", "udp6")]
    lines = [line for table in tables for line in table.splitlines()[1:]]
    return {int(line.split()[1].rpartition(":")[2], 16) for line in lines}
