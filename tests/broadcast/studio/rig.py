"""A relay's end of the wire for tests, with sites that play clips; real socket, real process.

The sites' pictures carry their number, their sound is a tone of their own (see tests/media.py).
"""

import asyncio
import contextlib
import dataclasses
import itertools
import math
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from broadcast.layout import Layout
from broadcast.program import PROGRAM_STATE, ProgramState, Scene, Take
from config.settings import Program, Recording, Settings, Storage, socket_path
from streams.frames import Codec, EncodedFrame, Feed, Packet, SiteId
from streams.rtp.packetise import Packetised
from streams.wire import Kind, Message, Note, Outbox, Still
from tests import media
from tests.cuts import whole
from tests.processes import Process, started
from tests.wire import read_messages

FPS = 25
TONES = (440.0, 1000.0, 1700.0, 2600.0)
"""Hz, by the site's number."""


@dataclass(frozen=True, slots=True)
class Coded:
    """One frame of a clip; `at_s` from the clip's start."""

    at_s: float
    codec: Codec
    key: bool
    data: bytes


@cache
def clip(
    site: int,
    seconds: int = 4,
    size: tuple[int, int] = (320, 180),
    codec: Codec = Codec.H264,
    *,
    flashes: bool = False,
) -> tuple[Coded, ...]:
    """Numbered pictures with a keyframe each half second, and the site's tone. With `flashes`:
    a white picture and a beep of 100 ms at each full second instead of a steady tone."""
    pictures = _pictures(site, seconds, size, codec, flashes)
    return tuple(sorted([*pictures, *_sound(site, seconds, flashes)], key=lambda c: c.at_s))


def _pictures(
    site: int, seconds: int, size: tuple[int, int], codec: Codec, flashes: bool
) -> list[Coded]:
    h264 = codec is Codec.H264
    context = av.CodecContext.create("libx264" if h264 else "libvpx", "w")
    context.width, context.height = size
    context.pix_fmt = "yuv420p"
    context.framerate = Fraction(FPS)
    context.time_base = Fraction(1, FPS)
    context.bit_rate = 4 * size[0] * size[1]
    context.gop_size = FPS // 2
    context.options = (
        {"preset": "ultrafast", "tune": "zerolatency", "bf": "0"}
        if h264
        else {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "auto-alt-ref": "0"}
    )
    coded = []
    for number in range(seconds * FPS):
        flash = flashes and number % FPS < 2
        planar = media.draw(*size, media.Mark(site, number), flash=flash)
        coded += [
            Coded(number / FPS, codec, packet.is_keyframe, bytes(packet))
            for packet in context.encode(media.frame_of(planar, number, Fraction(1, FPS)))
        ]
    assert len(coded) == seconds * FPS
    return coded


def _sound(site: int, seconds: int, flashes: bool) -> list[Coded]:
    samples = media.tone(TONES[site], seconds)
    if flashes:
        samples[np.arange(len(samples)) % media.RATE >= media.RATE // 10] = 0
    context = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format = media.RATE, "mono", "flt"
    context.options = {"application": "audio"}
    coded = []
    for at in range(0, len(samples), 960):
        frame = av.AudioFrame.from_ndarray(samples[None, at : at + 960], "flt", "mono")
        frame.sample_rate, frame.pts = media.RATE, at
        # The encoder's look-ahead of 6.5 ms is not in a site's RTP timestamp, as in browsers.
        coded += [
            Coded(at / media.RATE, Codec.OPUS, True, bytes(packet))
            for packet in context.encode(frame)
        ]
    return coded


@dataclass(slots=True)
class Received:
    """Everything the studio has sent, with CLOCK_MONOTONIC in ns of each packet's arrival."""

    packets: list[tuple[int, Packet]] = field(default_factory=list)
    stills: list[Still] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def of(self, feed: str, codec: Codec) -> list[Packet]:
        return self.rendition(feed, codec, 0)

    def rendition(self, feed: str, codec: Codec, number: int) -> list[Packet]:
        return [
            p for _, p in self.packets
            if (p.feed, p.codec, p.rendition) == (feed, codec, number)
        ]  # fmt: skip

    def newest_note(self, kind: Kind) -> dict[str, Any] | None:
        return next((note.body for note in reversed(self.notes) if note.kind is kind), None)


class Relay:
    """Listens where a relay would. One studio at a time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.received = Received()
        self.state = ProgramState()
        self.connects = 0
        self.played: list[tuple[int, str, Coded]] = []
        """(CLOCK_MONOTONIC in ns, site, frame), of everything the sites sent."""
        self._outbox: Outbox | None = None
        self._server: asyncio.AbstractServer | None = None

    async def listen(self) -> None:
        path = socket_path(self.settings.storage)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path, limit=1 << 22)

    async def hang_up(self) -> None:
        """As a relay that died."""
        if self._server is not None:
            self._server.close()
        if self._outbox is not None:
            self._outbox.close()
        await media.wait_until(lambda: not self.connected, "the connection is closed")

    @property
    def connected(self) -> bool:
        return self._outbox is not None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._outbox = Outbox(writer.transport)
        self.connects += 1
        if self.state.version:
            self._send_state()
        try:
            async for message in read_messages(reader):
                self._keep(message)
        finally:
            self._outbox = None
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _keep(self, message: Message) -> None:
        match message:
            case Packetised():
                self.received.packets.append((time.monotonic_ns(), whole(message)))
            case Still():
                self.received.stills.append(message)
            case Note():
                self.received.notes.append(message)

    def offer(self, message: Message) -> None:
        if self._outbox is not None:
            self._outbox.offer(message)

    def follow(self, **changes: Any) -> ProgramState:
        """States the next program: the present one with these fields changed."""
        version = self.state.version + 1
        self.state = dataclasses.replace(self.state, version=version, **changes)
        self._send_state()
        return self.state

    def go_on_air(self, site: str, **more: Any) -> ProgramState:
        """Recorded and public, of one site, which is heard."""
        on_air = {"stream": "s", "recording": True, "public": Take.ROOM, "program": full(site)}
        return self.follow(**on_air, open_microphones=frozenset({site}), **more)

    def _send_state(self) -> None:
        body = PROGRAM_STATE.dump_python(self.state, mode="json")
        self.offer(Note(Kind.PROGRAM, body))

    async def play(
        self,
        site: str,
        frames: Sequence[Coded],
        *,
        captured: bool = True,
        lateness_s: Callable[[Coded], float] = lambda _: 0.0,
        rate: float = 1.0,
    ) -> None:
        """Plays a clip in a loop as that site, until cancelled. Frames arrive `lateness_s` late;
        the site's clock runs `rate` times as fast as ours."""
        length = math.ceil(max(frame.at_s for frame in frames))
        began = time.monotonic()
        offset = {True: 123_456_789, False: 987_654_321}
        for round_, coded in ((n, coded) for n in itertools.count() for coded in frames):
            media_s = round_ * length + coded.at_s
            due = began + media_s / rate + lateness_s(coded)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            pts = offset[coded.codec.is_video] + round(media_s * coded.codec.clock_rate)
            captured_ns = 10**18 + round(media_s * 1e9) if captured else None
            now_ns = time.monotonic_ns()
            self.played.append((now_ns, site, coded))
            self.offer(
                EncodedFrame(
                    SiteId(site), coded.codec, pts, captured_ns, now_ns, coded.key, coded.data
                )
            )


class Rig:
    """A relay, a studio process, and sites."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        program = sections.pop("program", Program(width=640, height=360, video_bitrate_bps=800_000))
        recording = sections.pop("recording", Recording(segment_ms=1000, stop_free_bytes=0))
        self.settings = Settings(
            program=program, recording=recording, storage=Storage(data_dir=folder), **sections
        )
        self._file = folder / "settings.json"
        self._file.write_text(self.settings.model_dump_json())
        self.relay = Relay(self.settings)
        self.process: Process | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start_studio(self) -> None:
        self.process = started("broadcast.studio", str(self._file))
        await media.wait_until(lambda: self.relay.connected, "the studio connects")

    async def kill_studio(self, number: int = signal.SIGKILL) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return await asyncio.to_thread(self.process.wait, media.PATIENCE_S)

    def site(self, name: str, frames: Sequence[Coded], **how: Any) -> None:
        self._tasks[name] = asyncio.ensure_future(self.relay.play(name, frames, **how))

    async def leave(self, name: str) -> None:
        task = self._tasks.pop(name)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def packets(
        self, feed: str, codec: Codec, count: int, bound_s: float = media.PATIENCE_S
    ) -> list[Packet]:
        """Waits for `count` more packets of a feed; those."""
        before = len(self.relay.received.of(feed, codec))

        def enough() -> list[Packet] | None:
            new = self.relay.received.of(feed, codec)[before:]
            return new if len(new) >= count else None

        return await media.wait_until(enough, f"{count} packets of {feed}", bound_s)

    async def close(self) -> None:
        for name in list(self._tasks):
            await self.leave(name)
        if self.process is not None and self.process.poll() is None:
            await self.kill_studio()
        await self.relay.hang_up()


@contextlib.asynccontextmanager
async def rig(folder: Path, **sections: Any) -> AsyncIterator[Rig]:
    """A running studio that is connected to a listening relay."""
    made = Rig(folder, **sections)
    await made.relay.listen()
    try:
        await made.start_studio()
        yield made
    finally:
        await made.close()


def full(site: str) -> Scene:
    return Scene(Layout.FULL, (SiteId(site),))


OPEN = {"public": Take.ROOM}


def decoded_pictures(packets: Sequence[Packet]) -> list[tuple[int, media.Picture]]:
    """(pts, luma) of a feed's video from its first keyframe on."""
    decoder = av.CodecContext.create("h264", "r")
    pictures = []
    for packet in itertools.dropwhile(lambda p: not p.key, packets):
        coded = av.Packet(packet.data)
        coded.pts = packet.pts
        coded.time_base = Fraction(1, 90_000)
        pictures += [(f.pts or 0, media.luma_of(f)) for f in decoder.decode(coded)]
    pictures += [(f.pts or 0, media.luma_of(f)) for f in decoder.decode(None)]
    return pictures


async def newest_picture(r: Rig) -> media.Picture:
    """Made after this moment."""
    await r.packets(Feed.ROOM, Codec.H264, 5)
    packets = r.relay.received.of(Feed.ROOM, Codec.H264)
    key = max(number for number, packet in enumerate(packets) if packet.key)
    pictures = await asyncio.to_thread(decoded_pictures, packets[key:])
    return pictures[-1][1]


def decoded_sound(packets: Sequence[Packet]) -> media.Samples:
    """All of a feed's Opus, one after the other."""
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = media.RATE, "stereo"
    parts = [media.samples_of(f) for p in packets for f in decoder.decode(av.Packet(p.data))]
    return np.concatenate(parts)


ROOM = Feed.ROOM
