"""What a site says into an echo connection comes back to it, to nobody else, and not for ever."""

import asyncio
import itertools
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiortc import RTCPeerConnection

from streams import relay as relay_room
from streams.connections.sdp import Section, read_offer
from streams.frames import Codec
from streams.lag import BOUNDS_NS, Lag
from streams.relay import Connection, OfferError, Relay
from streams.rtp.header import HEADER, parse
from streams.uplink.echo import MOST_PER_S, Echo
from tests.media import loudest_tone, wait_until
from tests.peers import Beeper, Watched, watch_tracks
from tests.streams.offers import VIEW
from tests.streams.test_relay import Heard, connect, relay_of

SECOND_NS = 1_000_000_000
OPUS = Section("audio", "0", "UDP/TLS/RTP/SAVPF", Codec.OPUS, 111, ssrc=7)


@asynccontextmanager
async def speaking(relay: Relay) -> AsyncIterator[tuple[Connection, Watched]]:
    """Beeps into an echo connection, and what comes back."""
    peer, watched = RTCPeerConnection(), Watched()
    tasks = watch_tracks(peer, watched)
    peer.addTrack(Beeper(700))
    try:
        yield await connect(peer, relay.echo), watched
    finally:
        await peer.close()
        await asyncio.gather(*tasks)


def test_sound_comes_back_and_reaches_nobody_else() -> None:
    async def scenario() -> None:
        heard = Heard()
        async with relay_of(heard) as relay, speaking(relay) as (connection, watched):
            assert "a=sendrecv" in connection.answer
            await wait_until(
                lambda: len(watched.sound) > 60 and loudest_tone(watched.last_sound(1), 700) > -30,
                "the beep came back",
            )
            assert (heard.frames, heard.gone, relay.lines(), relay.viewers) == ([], [], {}, 0)
            assert await relay.peers.hang_up(connection.id)
            assert not await relay.peers.hang_up(connection.id)

    asyncio.run(scenario())


def test_whoever_stays_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_room, "ECHO_S", 0.2)

    async def scenario() -> None:
        async with relay_of(Heard()) as relay:
            peer = RTCPeerConnection()
            peer.addTrack(Beeper(700))
            connection = await relay.echo((await peer.createOffer()).sdp)
            await wait_until(lambda: connection.id not in relay.peers, "hung up")
            await peer.close()

    asyncio.run(scenario())


def test_only_so_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_room, "MAX_ECHOES", 2)

    async def scenario() -> None:
        async with relay_of(Heard()) as relay, speaking(relay) as one, speaking(relay) as other:
            await wait_until(lambda: one[1].sound and other[1].sound, "both hear themselves")
            with pytest.raises(OfferError) as refused:
                async with speaking(relay):
                    pass
            assert refused.value.status == 503

    asyncio.run(scenario())


def test_an_offer_that_only_watches_has_no_echo() -> None:
    with pytest.raises(OfferError) as refused:
        read_offer(VIEW, "echo")
    assert refused.value.status == 406


def echoing(count: int, missing: frozenset[int] = frozenset()) -> list[bytes]:
    """What comes back within one second for `count` packets, of which some never arrived."""
    back: list[bytes] = []
    echo = Echo((OPUS,), back.append, lambda _: None)
    for number in range(count):
        if number not in missing:
            packet = HEADER.pack(0x80, 111, number, number * 960, 99) + struct.pack("!H", number)
            echo.on_rtp(packet, SECOND_NS + number * 1_000_000)
    echo.tick(SECOND_NS * 2)
    return back


def test_what_comes_back_is_numbered_anew() -> None:
    """So that what the way up lost is not counted against the way down."""
    packets = [parse(packet) for packet in echoing(40, frozenset({7, 8, 20}))]
    assert [int.from_bytes(one.payload) for one in packets] == [
        number for number in range(40) if number not in {7, 8, 20}
    ]
    assert {one.ssrc for one in packets} == {7}
    numbers = [one.sequence for one in packets]
    assert all(b == a + 1 for a, b in itertools.pairwise(numbers))
    assert packets[-1].timestamp - packets[0].timestamp == 39 * 960


def test_more_than_speech_needs_does_not_come_back() -> None:
    assert len(echoing(5 * MOST_PER_S)) == MOST_PER_S


def test_lateness_is_counted_by_its_size() -> None:
    lag = Lag()
    for late_ns in (-5, 0, 900_000, 7_000_000, 10_000_000, 3 * SECOND_NS):
        lag.note(late_ns)
    assert lag.counts[0] == 3
    assert lag.counts[BOUNDS_NS.index(10_000_000)] == 2
    assert lag.counts[-1] == 1
    assert lag.total_ns == 17_900_000 + 3 * SECOND_NS
