"""What 100,000 random and bent datagrams a minute, from many addresses, cost the relay and those
who watch: the same ten viewers without them and with them, in one run.
"""

import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.audience import memory_bytes
from bench.cores import OTHERS, on_core
from bench.figure import Figure
from bench.relay import WHEP_PORT, audience, diemcau
from tests.namespaces import SERVER, two_hosts

VIEWERS = 10
ROUNDS = 12
"""Of `stream.TURN_S`: half a minute."""
PER_MINUTE = 100_000
ADDRESSES = 200
HEADS = (
    b"\0\1\0\x08\x21\x12\xa4\x42", b"\x16\xfe\xfd", b"\x80\x60", b"\x90\xe0", b"\x8f\xcd", b"",
)  # fmt: skip
"""Of checks, handshakes, pictures, reports."""


def flood(port: int) -> None:
    """For ever, as fast as that, in bursts."""
    chance = random.Random(7)
    others = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(ADDRESSES)]
    began, sent = time.monotonic(), 0
    while True:
        while sent < (time.monotonic() - began) * PER_MINUTE / 60:
            datagram = chance.choice(HEADS) + os.urandom(chance.choice((1, 20, 100, 1200)))
            chance.choice(others).sendto(datagram, (SERVER, port))
            sent += 1
        time.sleep(0.05)


def measured(*, flooded: bool) -> dict[str, Any]:
    """As `bench.audience` prints it; `growth_bytes`: of the relay meanwhile."""
    with (
        two_hosts() as hosts,
        tempfile.TemporaryDirectory() as scratch,
        diemcau(hosts, Path(scratch), WHEP_PORT) as server,
    ):
        command = [sys.executable, "-m", "bench.strangers", str(_media_port(server.pid))]
        strangers = subprocess.Popen(hosts.at_client(on_core(OTHERS, command))) if flooded else None
        before = memory_bytes(server.pid)
        try:
            ((result,),) = audience(hosts, [VIEWERS], ROUNDS, [server])
        finally:
            if strangers is not None:
                strangers.kill()
                strangers.wait()
        return result | {"growth_bytes": result["memory_bytes"] - before}


def _media_port(pid: int) -> int:
    """Of the relay's one UDP socket, as soon as it has it."""
    while True:
        for line in Path(f"/proc/{pid}/net/udp").read_text().splitlines()[1:]:
            address = line.split()[1]
            if not address.startswith("00000000"):
                return int(address.partition(":")[2], 16)
        time.sleep(0.05)


def figures() -> Iterator[Figure]:
    alone, flooded = measured(flooded=False), measured(flooded=True)
    yield Figure(
        f"relay of {VIEWERS} viewers under {PER_MINUTE} strange datagrams a minute",
        flooded["cores"] * 100, "% of a core", alone["cores"] * 100, "without them",
    )  # fmt: skip
    yield Figure(
        "packets to each viewer meanwhile", flooded["packets_per_s"] / VIEWERS, "a second",
        alone["packets_per_s"] / VIEWERS, "without them",
    )  # fmt: skip
    yield Figure(
        "growth of the relay meanwhile", flooded["growth_bytes"] / 1e6, "MB",
        alone["growth_bytes"] / 1e6, "without them",
    )  # fmt: skip


if __name__ == "__main__":
    flood(int(sys.argv[1]))
