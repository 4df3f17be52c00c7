"""What many sent, read by one call: whole, in order, and from whom."""

import socket
from contextlib import ExitStack

import pytest

from streams.udp import recvmmsg
from streams.udp.recvmmsg import MAX_AT_ONCE, MAX_DATAGRAM, DatagramReader


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_all_is_read_as_it_was_sent(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From more addresses than are remembered, and longer than before or shorter."""
    monkeypatch.setattr(recvmmsg, "MAX_NAMES", 4)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with ExitStack() as opened:
        theirs, *others = (
            opened.enter_context(socket.socket(family, socket.SOCK_DGRAM)) for _ in range(8)
        )
        theirs.bind((host, 0))
        theirs.setblocking(False)
        read, sent = DatagramReader(theirs), []
        assert read.read() == []
        for number in range(MAX_AT_ONCE + 10):
            datagram, other = bytes((number,)) * (number * 31 % 1200), others[number % 7]
            other.sendto(datagram, theirs.getsockname())
            sent.append((datagram, (host, *other.getsockname()[1:])))
        calls = read.read(), read.read()
        assert [one[:2] for came in calls for one in came] == sent
        for came in calls:  # each finds anew how the kernel's clock stands to ours
            assert [stamp for *_, stamp in came] == sorted(stamp for *_, stamp in came)
        assert read.read() == []
        assert len(read._known) <= 4


def test_what_is_too_long_is_cut_and_what_follows_is_whole() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs,
    ):
        theirs.bind(("127.0.0.1", 0))
        read = DatagramReader(theirs)
        for datagram in (bytes(2 * MAX_DATAGRAM), b"next"):
            ours.sendto(datagram, theirs.getsockname())
        assert [len(datagram) for datagram, *_ in read.read()] == [MAX_DATAGRAM, 4]
