"""Packets laid once for all: what a kernel can cut, and what each of a group gets of it."""

import asyncio
import socket
import subprocess
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pylibsrtp import Policy, Session

from streams.bandwidth.renditions import WIRE_OCTETS
from streams.bandwidth.sent import Log, Sent
from streams.downlink.group import Group, Member
from streams.downlink.pacer import Pacer
from streams.rtp.bursts import MAX_OCTETS, MAX_SEGMENTS, lay
from streams.rtp.header import EXTENDED, HEADER, parse
from streams.udp.sending import FEW, Sending
from streams.udp.srtp import Destination, tag_length
from tests.own_network import own_network

PARTS = st.lists(st.integers(1, 1400), min_size=1, max_size=150)
TIMESTAMP = (1 << 32) - 1
FIRST = 65_534
SO_NO_CHECK, SO_RCVBUFFORCE = 11, 33
"""asm-generic/socket.h. Without checksums Linux cuts no buffer: EINVAL, as a card that cannot."""


def parts(sizes: list[int]) -> list[bytes]:
    return [bytes((i & 0xFF,)) * size for i, size in enumerate(sizes)]


@dataclass(eq=False)
class Subscriber:
    """Who is in it."""

    sent: Sent
    pacer: Pacer[object] = field(default_factory=Pacer)
    off: bool = False

    def leave_group(self, *, video: bool) -> None:
        self.off = True


def sent_in(log: Log) -> Sent:
    sent = Sent()
    for _ in range(FIRST):
        sent.take()
    sent.follow(log)
    return sent


@given(PARTS, st.sampled_from([HEADER.size, EXTENDED.size]), st.sampled_from([0, 10, 16]))
def test_each_burst_is_one_that_the_kernel_can_cut(sizes: list[int], header: int, tag: int) -> None:
    meant, read = parts(sizes), []
    bursts = lay(meant, TIMESTAMP, header, tag, marker=True)
    for burst in bursts:
        assert burst.packets == len(burst.places) <= MAX_SEGMENTS
        assert len(burst.octets) <= MAX_OCTETS
        assert [at for at, _ in burst.places] == [*range(0, len(burst.octets), burst.segment)]
        read += [parse(burst.octets[at : at + size], 3) for at, size in burst.places]
    assert [packet.payload for packet in read] == meant
    assert [part for burst in bursts for part in burst.payloads(header)] == meant
    assert {packet.timestamp for packet in read} == {TIMESTAMP}
    assert [burst.marker for burst in bursts] == [False] * (len(bursts) - 1) + [True]


def test_equal_packets_share_a_burst_and_others_do_not() -> None:
    def counts(*sizes: int) -> list[int]:
        bursts = lay(parts([*sizes]), 0, 12, 16, marker=False)
        return [burst.packets for burst in bursts]

    assert counts(30, 1100, 1100, 1100, 900) == [1, 4]
    assert counts(1100, 900, 1100, 1100) == [2, 2]
    assert counts(1100, 900, 900) == [2, 1]
    assert counts(*[500] * 100) == [48, 48, 4]


@pytest.mark.parametrize("kernel", ["cuts", "refuses to cut", "is not asked to"])
@pytest.mark.parametrize("count", [1, FEW, FEW + 1, 100])
@pytest.mark.parametrize(
    ("profile", "key", "tag"),
    [
        (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30, 10),
        (Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 44, 16),
    ],
)
def test_everybody_in_a_group_gets_it_under_his_own_numbers_and_keys(
    profile: int, key: int, tag: int, count: int, kernel: str
) -> None:
    def session(place: int, kind: int) -> Session:
        octets = bytes((place + i) & 0xFF for i in range(key))
        return Session(Policy(key=octets, ssrc_type=kind, srtp_profile=profile))

    ours = [session(place, Policy.SSRC_ANY_OUTBOUND) for place in range(count)]
    assert tag_length(ours[0]) == tag
    meant = parts([20, 1000, 1000, 700])
    sinks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    group = Group(EXTENDED.size, tag, video=True)
    log = group.log(None)
    subscribers = [Subscriber(sent_in(log)) for _ in range(count)]

    async def story() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
            here.setblocking(False)
            if kernel == "refuses to cut":
                here.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
            out = Sending(here, segments=kernel != "is not asked to")
            for place, sink in enumerate(sinks):
                sink.bind(("127.0.0.1", 0))
                sink.settimeout(60)
                one, there = subscribers[place], Destination(ours[place], sink.getsockname(), tag)
                group.join(Member(one, there, 96 + place % 5, place, 0x31, 65_000 + place))
            bursts = lay(meant, TIMESTAMP, group.header, tag, marker=True)
            for turn in range(2):
                group.send(100 + turn * 4, 4, 2720, bursts, out, 0)
            assert out.dropped == 0
            assert out._segments is (kernel == "cuts"), "who refuses is asked once"
            out.close()

    asyncio.run(story())
    for place, sink in enumerate(sinks):
        theirs = session(place, Policy.SSRC_ANY_INBOUND)
        read = [parse(theirs.unprotect(sink.recv(2048)), 3) for _ in range(8)]
        assert [packet.payload for packet in read] == 2 * meant
        assert [packet.marker for packet in read] == 2 * [False, False, False, True]
        first = 65_100 + place
        assert [packet.sequence for packet in read] == [(first + n) & 0xFFFF for n in range(8)]
        transports = [(FIRST + n) & 0xFFFF for n in range(8)]
        assert [packet.extension for packet in read] == list(transports)
        assert {(p.payload_type, p.ssrc, p.timestamp) for p in read} == {
            (96 + place % 5, place, TIMESTAMP)
        }
        sink.close()
    octets = 2720 + 4 * (EXTENDED.size + tag + WIRE_OCTETS)
    assert [*log.runs] == [(0, 4, octets, 0), (4, 8, octets, 0)]


@pytest.mark.parametrize("count", [FEW, FEW + 3, 100])
def test_a_way_that_takes_no_packets_so_long_costs_nobody_else_anything(count: int) -> None:
    """He gets all of it, in fragments; for the others the kernel cuts as before."""
    key, tag = bytes(30), 10
    group = Group(EXTENDED.size, tag, video=True)
    log = group.log(None)
    everybody = [Subscriber(sent_in(log)) for _ in range(count)]
    session = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND))
    theirs = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND))

    async def story() -> None:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink,
        ):
            here.setblocking(False)
            out = Sending(here)
            sink.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
            sink.bind(("0.0.0.0", 0))
            sink.settimeout(60)
            port = sink.getsockname()[1]
            heads = [HEADER.pack(0x80, 96, number, 0, 1) for number in range(2)]
            out.send_run(session, [(head, bytes(900)) for head in heads], ("127.0.0.1", port))
            for place, one in enumerate(everybody):
                host = "127.9.0.1" if place == count // 2 else "127.0.0.1"
                there = Destination(session, (host, port), tag)
                group.join(Member(one, there, 96, 1000 + place, 0x31, 0))
            bursts = lay(parts([1200, 1200, 700]), TIMESTAMP, group.header, tag, marker=True)
            for turn in range(3):
                group.send(turn * 3, 3, 3_100, bursts, out, 0)
            assert out.dropped == 0
            assert (out._segments, len(out._uncut)) == (True, 1)
            read = [parse(theirs.unprotect(sink.recv(2048)), 3) for _ in range(2 + 9 * count)]
            for place in range(count):
                numbers = [one.sequence for one in read if one.ssrc == 1000 + place]
                assert numbers == [*range(9)]
            out.close()

    with own_network():
        way = "ip route add local 127.9.0.0/16 dev lo table local mtu 1000"
        subprocess.run(way.split(), check=True, timeout=60)
        asyncio.run(story())


@pytest.mark.parametrize("count", [FEW, FEW + 3])
def test_what_goes_to_one_alone_is_counted_in_what_he_gets_with_others(count: int) -> None:
    """Also where those of a group are in other groups than each other, and so in two logs."""
    key, tag = bytes(30), 10
    group, other = Group(EXTENDED.size, tag, video=True), Group(EXTENDED.size, tag, video=False)
    logs = [group.log(None), group.log(other)]
    logs[1].number = 500
    everybody = [Subscriber(sent_in(logs[place % 2])) for place in range(count)]
    session = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND))
    theirs = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND))
    told: list[list[int | None]] = [[] for _ in everybody]

    async def story() -> None:
        with (
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as here,
            socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sink,
        ):
            here.setblocking(False)
            out = Sending(here)
            sink.bind(("::1", 0))
            sink.settimeout(60)
            for place, one in enumerate(everybody):
                there = Destination(session, sink.getsockname(), tag)
                group.join(Member(one, there, 96, 1000 + place, 0x31, 0))
            for turn in range(3):
                for size in (300, 700):  # sound, and a picture
                    bursts = lay(parts([size, size]), TIMESTAMP, group.header, tag, marker=True)
                    group.send(turn * 4 + size // 700 * 2, 2, 2 * size, bursts, out, 0)
                    for _ in range(2 * count):
                        packet = parse(theirs.unprotect(sink.recv(2048)), 3)
                        told[packet.ssrc - 1000].append(packet.extension)
                for place, one in enumerate(everybody):
                    for _ in range(place):
                        one.sent.take()
                    group.renumber(one)
            out.close()

    asyncio.run(story())
    for place, numbers in enumerate(told):
        firsts = [FIRST + turn * (4 + place) for turn in range(3)]
        assert numbers == [first + n & 0xFFFF for first in firsts for n in range(4)]


def test_whose_line_wants_large_pictures_spread_gets_off_before_one() -> None:
    session = Session(Policy(key=bytes(30), ssrc_type=Policy.SSRC_ANY_OUTBOUND))
    there, group = Destination(session, ("127.0.0.1", 9), 10), Group(HEADER.size, 10, video=True)
    thin, free = (Subscriber(sent_in(group.log(None))) for _ in range(2))
    thin.pacer.rate_bps = 300_000
    members = [Member(one, there, 96, 1, 0, 0) for one in (thin, free)]
    for member in members:
        group.join(member)

    class Nowhere:
        congested = False

        def send_same(self, *_: object) -> None:
            pass

    group.send(0, 1, 800, (), Nowhere(), 10**9)
    assert not thin.off
    group.send(1, 40, 44_000, (), Nowhere(), 2 * 10**9)
    assert (thin.off, free.off) == (True, False)
