"""The relay whole, over loopback: stock aiortc sends and watches, strangers try what they can."""

import asyncio
import itertools
import os
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack
from aiortc.rtp import RTCP_PSFB_PLI, RtcpPsfbPacket

from broadcast.studio.opus import OpusEncoder
from config.settings import Media, Program
from streams.frames import NS_PER_S, Codec, EncodedFrame, Feed, Packet, SiteId
from streams.relay import (
    FADING_S,
    KEYFRAME_INTERVAL_NS,
    Audience,
    Connection,
    Rates,
    Relay,
    SiteTaken,
    TalkRefused,
)
from streams.udp.port import Address
from streams.uplink.publishers import PATIENCE_S, TAKEOVER_NS, UNEASY_PATIENCE_S
from tests.media import WHOLE, Samples, tone, wait_until
from tests.peers import MarkedCamera, Watched, watch_tracks
from tests.streams.network import decodes, h264_units
from tests.streams.offers import CHROMIUM, PUBLISH, VIEW

HALL = SiteId("hall")
LEFT = SiteId("muong-lay")
PUBLIC, ROOM = Audience(room=False, site=None), Audience(room=True, site=None)
UNITS = h264_units(50)
HOUR_NS = 3600 * NS_PER_S


@dataclass
class Heard:
    frames: list[EncodedFrame] = field(default_factory=list)
    gone: list[SiteId] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)

    def count(self, codec: Codec) -> int:
        return sum(frame.codec is codec for frame in self.frames)


@asynccontextmanager
async def relay_of(heard: Heard) -> AsyncIterator[Relay]:
    relay = Relay(
        Media(host="127.0.0.1", port=0),
        Rates.of(Program()),
        on_frame=heard.frames.append,
        on_source_gone=heard.gone.append,
        on_keyframe_wanted=heard.wanted.append,
    )
    await relay.start()
    try:
        yield relay
    finally:
        await relay.close()


async def site(relay: Relay, codec: str = "video/H264", name: SiteId = HALL) -> RTCPeerConnection:
    peer = RTCPeerConnection()
    peer.addTrack(MarkedCamera(3))
    peer.addTrack(AudioStreamTrack())
    for transceiver in peer.getTransceivers():
        transceiver.direction = "sendonly"
        if transceiver.kind == "video":
            codecs = RTCRtpSender.getCapabilities("video").codecs
            transceiver.setCodecPreferences([c for c in codecs if c.mimeType == codec])
    await connect(peer, lambda sdp: relay.publish(name, sdp))
    return peer


async def connect(
    peer: RTCPeerConnection, ask: Callable[[str], Awaitable[Connection]]
) -> Connection:
    await peer.setLocalDescription(await peer.createOffer())
    connection = await ask(peer.localDescription.sdp)
    await peer.setRemoteDescription(RTCSessionDescription(connection.answer, "answer"))
    return connection


@asynccontextmanager
async def viewer(relay: Relay, audience: Audience) -> AsyncIterator[Watched]:
    """Plays by stock aiortc until left."""
    peer, watched = RTCPeerConnection(), Watched()
    tasks = watch_tracks(peer, watched)
    for kind in ("audio", "video"):
        peer.addTransceiver(kind, direction="recvonly")
    try:
        await connect(peer, lambda sdp: relay.view(audience, sdp))
        yield watched
    finally:
        await peer.close()
        await asyncio.gather(*tasks)


def program(feed: str, index: int, *, public: bool) -> Packet:
    return Packet(feed, Codec.H264, index * 3600, index % 25 == 0, public, UNITS[index % 50])


@pytest.mark.parametrize("codec", [Codec.H264, Codec.VP8])
def test_a_site_of_stock_aiortc_is_heard_and_seen(codec: Codec) -> None:
    async def story() -> None:
        heard = Heard()
        async with relay_of(heard) as relay:
            peer = await site(relay, f"video/{codec.name}")
            await wait_until(lambda: heard.count(codec) > 20, "pictures")
            await wait_until(lambda: heard.count(Codec.OPUS) > 20, "sound")
            assert heard.frames[0].codec is Codec.OPUS or heard.frames[0].key
            await wait_until(lambda: relay.lines()[HALL].video_alive, "its picture is alive")
            await wait_until(lambda: relay.lines()[HALL].audio_alive, "its sound is alive")
            line = relay.lines()[HALL]
            assert (line.codec, line.width, line.height) == (codec.name, 640, 360)
            assert line.counts.frames > 20
            await wait_until(lambda: relay.lines()[HALL].fps > 1, "its pictures are counted")
            await wait_until(lambda: heard.frames[-1].captured_ns is not None, "reports")
            await peer.close()
            await wait_until(lambda: heard.gone == [HALL], "the site's leaving")
            assert relay.lines() == {}
            counts = relay.port_counts()
            assert (counts.handshakes, counts.handshakes_failed) == (1, 0)

    asyncio.run(story())


@pytest.mark.parametrize("codec", [Codec.H264, Codec.VP8])
def test_a_site_on_a_bad_line_is_repaired(codec: Codec) -> None:
    """One in twelve of its packets is lost before we see it."""

    async def story() -> None:
        heard, chance = Heard(), random.Random(7)
        async with relay_of(heard) as relay:
            received = relay._port.datagram_received

            def lossy(data: bytes, addr: Address, came_ns: int) -> None:
                if data[0] < 128 or chance.random() > 1 / 12:
                    received(data, addr, came_ns)

            assert relay._port._receiving is not None
            relay._port._receiving._take = lossy
            peer = await site(relay, f"video/{codec.name}")
            await wait_until(lambda: heard.count(codec) > 60, "pictures")
            statistics = relay._publishers[HALL][1].uplinks[codec].statistics
            await wait_until(lambda: statistics.repaired, "a repair")
            shown = [frame.data for frame in heard.frames if frame.codec is codec]
            assert decodes(shown, codec) >= len(shown) - 1
            await peer.close()

    asyncio.run(story())


def test_what_one_publishes_another_watches() -> None:
    async def story() -> None:
        heard = Heard()
        async with relay_of(heard) as relay:

            def back(frame: EncodedFrame) -> None:
                feed = Feed.ROOM if frame.codec.is_video else Feed.in_pairs(Feed.ROOM)
                relay.send(Packet(feed, frame.codec, frame.pts, frame.key, True, frame.data))

            relay._on_frame = back
            relay._on_keyframe_wanted = lambda _feed: relay.ask_keyframe(HALL)
            relay.set_public(take_room=True)
            peer = await site(relay)
            async with viewer(relay, PUBLIC) as watched:

                def seen() -> bool:
                    mark = watched.mark(WHOLE)
                    return mark is not None and mark.site == 3

                await wait_until(seen, "the site's picture")
                await wait_until(lambda: len(watched.sound) > 10, "sound")
            await peer.close()

    asyncio.run(story())


def test_a_newcomer_sees_a_picture_and_no_encoder_is_asked_for_one() -> None:
    """From the newest keyframe, which the relay has kept."""

    async def story() -> None:
        heard, small = Heard(), h264_units(25, size=(64, 36))

        def shown(index: int) -> Packet:
            return replace(program(Feed.ROOM, index, public=True), data=small[index])

        async with relay_of(heard) as relay:
            for index in range(6):
                relay.send(shown(index))
            async with viewer(relay, ROOM) as watched:
                [(peer, _)] = relay._viewers
                await wait_until(lambda: peer.connected, "the connection")
                for index in range(6, 25):
                    relay.send(shown(index))
                    await asyncio.sleep(0.02)
                await wait_until(lambda: watched.pictures, "a picture")
            assert heard.wanted == []

    asyncio.run(story())


@pytest.mark.parametrize(
    ("offer", "can"),
    [(VIEW, True), (VIEW.replace(" rtx/", " rtx-not/"), False), (VIEW.split("m=video")[0], False)],
)
def test_who_takes_nothing_twice_is_not_probed(offer: str, can: bool) -> None:
    async def story() -> None:
        async with relay_of(Heard()) as relay:
            await relay.view(ROOM, offer)
            [(_, watcher)] = relay._viewers
            assert watcher.steering._can_probe is can

    asyncio.run(story())


def test_however_many_ask_for_a_keyframe_the_studio_hears_of_it_once_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For each picture that it encodes: the room's, and the public's while that is another. Here a
    second lasts an hour, so that no machine is too slow."""
    assert KEYFRAME_INTERVAL_NS == NS_PER_S
    monkeypatch.setattr("streams.relay.KEYFRAME_INTERVAL_NS", HOUR_NS)

    async def story() -> None:
        heard, pli = Heard(), bytes(RtcpPsfbPacket(RTCP_PSFB_PLI, 1, 9))
        async with relay_of(heard) as relay:
            for audience in 20 * (PUBLIC, ROOM):
                await relay.view(audience, VIEW)

            def all_ask() -> None:
                for _, viewer in relay._viewers:
                    viewer.on_rtcp(pli, time.monotonic_ns())

            for _ in range(50):
                all_ask()
            assert sorted(heard.wanted) == sorted((Feed.ROOM, Feed.PUBLIC))
            heard.wanted.clear()
            relay._keyframe_ns[Feed.ROOM] -= HOUR_NS // 2
            all_ask()
            assert heard.wanted == [], "half of it later"
            relay._keyframe_ns[Feed.ROOM] -= HOUR_NS // 2
            all_ask()
            assert heard.wanted == [Feed.ROOM], "all of it later"

    asyncio.run(story())


def test_one_site_sends_once_but_returns_at_once() -> None:
    async def story() -> None:
        heard = Heard()
        async with relay_of(heard) as relay:
            first = await site(relay)
            await wait_until(lambda: heard.count(Codec.H264) > 2, "pictures")
            with pytest.raises(SiteTaken):
                await relay.publish(HALL, CHROMIUM)
            dead = relay._publishers[HALL][0]
            relay._port.remove(dead)  # the line is cut: not a datagram comes through
            await wait_until(
                lambda: time.monotonic_ns() - dead.last_heard_ns > TAKEOVER_NS, "silence"
            )
            second = await site(relay)
            before = heard.count(Codec.H264)
            await wait_until(lambda: heard.count(Codec.H264) > before + 5, "it again")
            await first.close()
            await second.close()

    asyncio.run(story())


def test_it_says_which_sound_is_listened_to() -> None:
    async def story() -> None:
        async with relay_of(Heard()) as relay:
            told: list[dict[str, list[int]]] = []
            relay._on_heard = told.append
            await wait_until(lambda: told == [{}], "that there is nobody")
            await relay.view(Audience(True, LEFT), VIEW)
            assert told[-1] == {Feed.ROOM: [0], Feed.minus(LEFT): [0]}
            public = await relay.view(PUBLIC, VIEW)
            inside = {Feed.ROOM: [0], Feed.minus(LEFT): [0]}
            room, outside = map(Feed.in_pairs, (Feed.ROOM, Feed.PUBLIC))
            assert told[-1] == inside | {room: [0], outside: [0]}
            _, viewer = relay._viewers._seats[public.id]
            viewer.steering.choice = replace(viewer.steering.choice, sound=1)
            viewer.look()
            await wait_until(lambda: told[-1][outside] == [0, 1], "that a line is thin")
            assert told[-1] == inside | {room: [0, 1], outside: [0, 1]}

    asyncio.run(story())


def test_a_language_is_asked_for_while_somebody_listens_to_its_interpreter() -> None:
    async def story() -> None:
        async with relay_of(Heard()) as relay:
            told: list[dict[str, list[int]]] = []
            relay._on_heard = told.append
            listener = await relay.view(Audience(True, LEFT, "hmn"), VIEW)
            room = {Feed.ROOM: [0], Feed.minus(LEFT): [0]}
            assert told[-1] == room, "nobody interprets yet"
            relay.set_booths({SiteId("cabin"): "hmn"})
            spoken = {Feed.language("hmn"): [0], Feed.minus(LEFT, "hmn"): [0]}
            await wait_until(lambda: told[-1] == spoken, "the interpreter")
            assert relay.listen(listener.id, "")
            await wait_until(lambda: told[-1] == room, "the room")
            assert not relay.listen("nobody", "hmn")

    asyncio.run(story())


def test_noise_from_strangers_changes_nothing() -> None:
    async def story() -> None:
        heard = Heard()
        async with relay_of(heard) as relay:
            peer = await site(relay)
            await wait_until(lambda: heard.count(Codec.H264) > 5, "pictures")
            await asyncio.to_thread(noise, relay.port)
            before = heard.count(Codec.H264)
            await wait_until(lambda: heard.count(Codec.H264) > before + 10, "the site")
            assert len(relay.peers) == 1
            assert len(relay._port._by_address) <= 8
            assert relay.port_counts().strangers > 100
            await peer.close()

    asyncio.run(story())


def noise(port: int) -> None:
    """Random, STUN-like, DTLS-like and SRTP-like datagrams, whole and cut."""
    chance = random.Random(4)
    heads = (b"\0\1\0\x08\x21\x12\xa4\x42", b"\x16\xfe\xfd", b"\x80\x60", b"\x80\xc8", b"")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(3000):
            head = chance.choice(heads)
            datagram = head + os.urandom(chance.choice((0, 1, 12, 20, 100, 1400)))
            stranger.sendto(datagram or b"\0", ("127.0.0.1", port))


def test_who_cannot_be_answered_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_host: str) -> tuple[str, ...]:
        raise OSError("no interface can be read")

    async def story() -> None:
        async with relay_of(Heard()) as relay:
            monkeypatch.setattr("streams.connections.peers.own_addresses", unknown)
            for join in (partial(relay.publish, HALL), partial(relay.view, PUBLIC)):
                with pytest.raises(OSError, match="no interface"):
                    await join(VIEW if join.func == relay.view else PUBLISH)
            assert (relay.viewers, relay.peers, relay._publishers) == (0, {}, {})
            assert relay._port._by_ufrag == {}

    asyncio.run(story())


def test_who_offers_and_never_comes_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.connections.peer.HANDSHAKE_S", 0.3)

    async def story() -> None:
        heard = Heard()
        async with relay_of(heard) as relay:
            await relay.view(PUBLIC, VIEW)
            assert relay.viewers == 1
            await wait_until(lambda: relay.viewers == 0, "the deadline")
            assert relay.peers._tasks == {}
            assert relay._port._by_ufrag == {}

    asyncio.run(story())


def test_nobody_talks_to_a_site_that_is_open_or_away() -> None:
    async def story() -> None:
        async with relay_of(Heard()) as relay:
            with pytest.raises(TalkRefused, match="away"):
                await relay.talk(LEFT, PUBLISH)
            for sites, booths in (({LEFT}, set[SiteId]()), (set[SiteId](), {LEFT})):
                relay.set_open_microphones(frozenset(sites), frozenset(booths))
                with pytest.raises(TalkRefused, match="open"):
                    await relay.talk(LEFT, PUBLISH)
            assert relay.peers == {}

    asyncio.run(story())


def opus(samples: Samples) -> list[bytes]:
    """A second of it."""
    encoder = OpusEncoder(48_000)
    blocks = np.split(np.stack([samples, samples]), 50, axis=1)
    return [data for n, block in enumerate(blocks) for _, data in encoder.encode(block, n * 960)]


ROOM_SOUND, OWN_SOUND = opus(tone(700, 1)), opus(0 * tone(700, 1))
"""A tone, and the mix that is without it."""


async def send_both(relay: Relay) -> None:
    """As the studio does, which makes a mix for who had one until a moment ago."""
    for number in itertools.count():
        for feed, sound in ((Feed.minus(LEFT), OWN_SOUND), (Feed.ROOM, ROOM_SOUND)):
            pts = time.monotonic_ns() * 48 // 1_000_000
            relay.send(Packet(feed, Codec.OPUS, pts, True, False, sound[number % 50]))
        await asyncio.sleep(0.02)


@asynccontextmanager
async def heard_himself(relay: Relay) -> AsyncIterator[None]:
    relay.set_open_microphones(frozenset({LEFT}))
    yield
    relay.set_open_microphones(frozenset())


@asynccontextmanager
async def talked_to(relay: Relay) -> AsyncIterator[None]:
    peer = RTCPeerConnection()
    peer.addTrack(AudioStreamTrack())
    await connect(peer, lambda sdp: relay.talk(LEFT, sdp))
    yield
    await peer.close()


@pytest.mark.parametrize("having_its_own", [heard_himself, talked_to])
def test_a_site_keeps_its_own_mix_until_the_studio_is_told(
    having_its_own: Callable[[Relay], AbstractAsyncContextManager[None]],
) -> None:
    """The room's sound that is on its way has its voice."""

    async def story() -> None:
        async with relay_of(Heard()) as relay, viewer(relay, Audience(True, LEFT)) as watched:
            sending = asyncio.create_task(send_both(relay))

            def room_since(at_s: float) -> float | None:
                heard = (at for at, sound in watched.sound if np.abs(sound).max() > 0.1)
                return next((at for at in heard if at > at_s), None)

            def own() -> bool:
                return bool(watched.sound) and float(np.abs(watched.sound[-1][1]).max()) < 0.01

            await wait_until(lambda: room_since(0), "the room")
            async with having_its_own(relay):
                await wait_until(own, "its own mix")
                over_s = time.monotonic()
            found_s = await wait_until(lambda: room_since(over_s), "the room again")
            assert found_s - over_s > FADING_S
            sending.cancel()

    asyncio.run(story())


def test_only_what_nobody_waits_for_may_wait() -> None:
    """Who joins, a site on air or about to be, a line's test and an operator who talks are read at
    once, and a line that is not at ease soon."""

    async def story() -> list[float]:
        async with relay_of(Heard()) as relay:

            def patience_s() -> float:
                assert relay._port._receiving is not None
                return relay._port._receiving._waking._patience_ns / 1e9

            found = [patience_s()]
            for name in (HALL, LEFT):
                await relay.publish(name, PUBLISH)
            found.append(patience_s())
            for peer, publisher, _ in relay._publishers.values():
                peer.connected = True
                relay._settle_patience()
                found.append(patience_s())
                publisher.at_ease = True
            relay._settle_patience()
            found.append(patience_s())
            for awaited in ({LEFT}, {SiteId("@player")}):
                relay.set_awaited(frozenset(awaited))
                found.append(patience_s())
            echo = await relay.echo(PUBLISH.replace("sendonly", "sendrecv"))
            found.append(patience_s())
            await relay.peers.hang_up(echo.id)
            found.append(patience_s())
            return found

    joining, uneasy, awaited, tested = 0, UNEASY_PATIENCE_S, 0, 0
    assert asyncio.run(story()) == [
        0, joining, joining, uneasy, PATIENCE_S, awaited, PATIENCE_S, tested, PATIENCE_S
    ]  # fmt: skip
