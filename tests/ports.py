"""Ports for whoever must name one before somebody listens there.

A port that the system gives (bind to 0) and that is let go again is anybody's until a server has
started, and while it is started anew. These are beyond those that the system gives, and one test's
alone until its process ends.
"""

import random
import socket
from pathlib import Path

from streams.udp.addresses import ANY, bound_socket

FIRST = 10_000
GIVEN = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """By TCP and by UDP."""
    first, last = (int(word) for word in GIVEN.read_text().split())
    beyond = [port for port in range(FIRST, 65_536) if not first <= port <= last]
    random.shuffle(beyond)
    for number in beyond:
        if kept(number) and is_free(number):
            return number
    raise OSError("no port is free")


def kept(number: int) -> bool:
    """From all other tests in this network, by a name that its kernel knows until we end."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0diemcau-test-port-{number}")
    except OSError:
        name.close()
        return False
    name.detach()
    return True


def is_free(number: int) -> bool:
    """Nobody listens there."""
    try:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            bound_socket(ANY, number, kind).close()
    except OSError:
        return False
    return True
