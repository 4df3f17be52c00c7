"""A network of one's own for a test: only loopback, with a line that can be cut."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

_CUT = """
table inet cut {
  chain input { type filter hook input priority 0; policy accept; meta l4proto udp drop; }
}
"""


def _nft(*arguments: str, rules: str | None = None) -> None:
    subprocess.run(["nft", *arguments], input=rules, text=True, check=True, timeout=10)


@contextmanager
def own_network() -> Iterator[None]:
    """This thread and all processes that it starts are in it, until left; skips the test where the
    machine forbids that."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if _libc.unshare(CLONE_NEWNET) != 0:
            pytest.skip(f"no network namespaces here: {os.strerror(ctypes.get_errno())}")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=10)
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
    _nft("-f", "-", rules=_CUT)
    try:
        yield
    finally:
        _nft("delete", "table", "inet", "cut")
