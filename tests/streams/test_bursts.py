"""Packets laid once for all: what a kernel can cut, and headers as others read them."""

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pylibsrtp import Policy, Session

from streams.bursts import MAX_OCTETS, MAX_SEGMENTS, Stamp, lay
from streams.rtp import parse
from streams.sending import Sending
from streams.srtp import tag_length

PAYLOADS = st.lists(st.tuples(st.integers(1, 1400), st.booleans()), max_size=150)


def payloads(sizes: list[tuple[int, bool]]) -> list[tuple[bytes, bool]]:
    return [(bytes((i & 0xFF,)) * size, marker) for i, (size, marker) in enumerate(sizes)]


@given(PAYLOADS, st.sampled_from([None, 3]), st.sampled_from([0, 10, 16]))
def test_each_burst_is_one_that_the_kernel_can_cut(
    sizes: list[tuple[int, bool]], extension: int | None, tag: int
) -> None:
    meant = payloads(sizes)
    stamp = Stamp(96, 7, extension)
    bursts = lay(meant, stamp.size, tag)
    read = []
    stamp.number, stamp.timestamp, stamp.transport = 65_530, (1 << 32) - 1, 65_534
    for burst in bursts:
        octets = bytearray(burst.octets)
        stamp.press(octets, 0, burst.packets)
        assert len(burst.packets) <= MAX_SEGMENTS
        assert len(octets) <= MAX_OCTETS
        assert [at for at, _, _ in burst.packets] == [*range(0, len(octets), burst.segment)]
        for at, size, _ in burst.packets:
            read.append(parse(bytes(octets[at : at + size]), 3))
    assert [(packet.payload, packet.marker) for packet in read] == meant
    numbers = [(65_530 + i) & 0xFFFF for i in range(len(meant))]
    assert [packet.sequence for packet in read] == numbers
    assert {(p.payload_type, p.timestamp, p.ssrc) for p in read} <= {(96, (1 << 32) - 1, 7)}
    if extension is not None:
        transport = [(65_534 + i & 0xFFFF).to_bytes(2) for i in range(len(meant))]
        assert [packet.extension for packet in read] == transport


def test_equal_packets_share_a_burst_and_others_do_not() -> None:
    def counts(*sizes: int) -> list[int]:
        bursts = lay(payloads([(size, False) for size in sizes]), 12, 16)
        return [len(burst.packets) for burst in bursts]

    assert counts(30, 1100, 1100, 1100, 900) == [1, 4]
    assert counts(1100, 900, 1100, 1100) == [2, 2]
    assert counts(1100, 900, 900) == [2, 1]
    assert counts(*[500] * 100) == [48, 48, 4]


@pytest.mark.parametrize(
    ("profile", "key", "tag"),
    [
        (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30, 10),
        (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28, 16),
        (Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 44, 16),
    ],
)
def test_bursts_are_encrypted_where_they_lie(profile: int, key: int, tag: int) -> None:
    ours, theirs = (
        Session(Policy(key=bytes(range(key)), ssrc_type=kind, srtp_profile=profile))
        for kind in (Policy.SSRC_ANY_OUTBOUND, Policy.SSRC_ANY_INBOUND)
    )
    assert tag_length(ours) == tag
    meant = payloads([(20, False), (1000, False), (1000, False), (700, True)])

    async def story() -> list[bytes]:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there,
        ):
            here.setblocking(False)
            there.bind(("127.0.0.1", 0))
            there.settimeout(10)
            out, stamp = Sending(here), Stamp(96, 7, 3)
            for _ in range(2):
                bursts = lay(meant, stamp.size, tag)
                out.send_bursts(ours, bursts, stamp, there.getsockname())
            out.flush()
            out.close()
            return [theirs.unprotect(there.recv(2048)) for _ in range(2 * len(meant))]

    read = [parse(packet, 3) for packet in asyncio.run(story())]
    assert [(packet.payload, packet.marker) for packet in read] == 2 * meant
    assert [packet.sequence for packet in read] == [*range(8)]
