"""Two hosts on this machine: network namespaces joined by a virtual wire. Needs root.

Janus does not use loopback, and both sides of a comparison shall send over the same device.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

SERVER, CLIENT = "10.99.0.1", "10.99.0.2"


@dataclass(frozen=True, slots=True)
class Hosts:
    server: str
    client: str

    def at_server(self, command: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self.server, *command]

    def at_client(self, command: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self.client, *command]


@contextmanager
def two_hosts() -> Iterator[Hosts]:
    hosts = Hosts(f"server-{os.getpid()}", f"client-{os.getpid()}")
    for name in (hosts.server, hosts.client):
        _ip("netns", "add", name)
    try:
        _ip("link", "add", "wire0", "netns", hosts.server, "type", "veth",
            "peer", "name", "wire1", "netns", hosts.client)  # fmt: skip
        for name, wire, address in (
            (hosts.server, "wire0", SERVER),
            (hosts.client, "wire1", CLIENT),
        ):
            _ip("-n", name, "address", "add", f"{address}/24", "dev", wire)
            _ip("-n", name, "link", "set", wire, "up")
            _ip("-n", name, "link", "set", "lo", "up")
        yield hosts
    finally:
        for name in (hosts.server, hosts.client):
            _ip("netns", "delete", name)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
