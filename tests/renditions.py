"""A program in all its renditions, encoded beforehand as the studio does, played in real time."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import av
import numpy as np
from av.filter import Graph

from broadcast.studio.encoders import H264Encoder
from broadcast.studio.opus import OpusEncoder
from broadcast.studio.pairs import Pairs
from config.settings import Program
from streams.frames import AUDIO_CLOCK_RATE, VIDEO_CLOCK_RATE, Codec, Feed, Packet
from streams.relay import Rates
from tests import media

FPS, GOP = 25, 50
LOOP_S = 6
SIZES = ((1280, 720), (640, 360), (320, 180))
PROGRAM = Program()
RATES = Rates.of(PROGRAM)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Loops of `LOOP_S`: [rendition][index]."""

    pictures: tuple[tuple[bytes, ...], ...]
    """A keyframe each `GOP`."""
    sounds: tuple[tuple[bytes, ...], ...]


def encoded() -> Encoded:
    """Takes about five seconds."""
    return Encoded(
        tuple(
            _pictures(*size, bps) for size, bps in zip(SIZES, RATES.video_bps, strict=True)
        ),
        tuple(_sounds(bps) for bps in RATES.sound_bps),
    )  # fmt: skip


def _pictures(width: int, height: int, bps: int) -> tuple[bytes, ...]:
    settings = PROGRAM.model_copy(
        update={"width": width, "height": height, "fps": FPS, "video_bitrate_bps": bps}
    )
    encoder = H264Encoder(settings)
    units = [
        encoder.encode(
            av.VideoFrame.from_ndarray(planar, "yuv420p"),
            index * VIDEO_CLOCK_RATE // FPS,
            key=index % GOP == 0,
        )
        for index, planar in enumerate(drawn(width, height))
    ]
    return tuple(units)


def drawn(width: int, height: int, seconds: int = LOOP_S) -> Iterator[media.Planar]:
    """Pictures that are as hard to encode as a camera's, `FPS`."""
    graph = Graph()
    size = f"size={width}x{height}:rate={FPS}:duration={seconds}"
    graph.link_nodes(
        graph.add("testsrc2", size),
        graph.add("noise", "alls=6:allf=t"),
        graph.add("format", "yuv420p"),
        graph.add("buffersink"),
    ).configure()
    for _ in range(FPS * seconds):
        frame = graph.pull()
        assert isinstance(frame, av.VideoFrame)
        yield frame.to_ndarray().astype(np.uint8, copy=False)


def _sounds(bps: int) -> tuple[bytes, ...]:
    samples = media.tone(330, LOOP_S, beep_s=0.4)
    encoder, packets = OpusEncoder(bps), list[bytes]()
    for at in range(0, len(samples), 960):
        block = np.stack([samples[at : at + 960]] * 2).astype(np.float32)
        packets += [data for _, data in encoder.encode(block, at)]
    return tuple(packets)


class OnAir:
    """Plays what is encoded to `send`, until cancelled."""

    def __init__(self, what: Encoded, send: Callable[[Packet], None], *, ladder: bool) -> None:
        self._what, self._send = what, send
        self._renditions = range(len(what.pictures) if ladder else 1)
        self._thin = Pairs()
        self._place = 0
        self._key_wanted = False

    def want_keyframe(self, _feed: str) -> None:
        """The loop jumps to the next one: nothing is encoded now."""
        self._key_wanted = True

    async def play(self) -> None:
        began, pictures, sounds = time.monotonic(), 0, 0
        while True:
            now_s = time.monotonic() - began
            while sounds * 0.02 <= now_s:
                self._sound(sounds)
                sounds += 1
            while pictures / FPS <= now_s:
                self._picture(pictures * VIDEO_CLOCK_RATE // FPS)
                pictures += 1
            await asyncio.sleep(0.005)

    def _sound(self, index: int) -> None:
        blank = Packet(Feed.ROOM, Codec.OPUS, index * AUDIO_CLOCK_RATE // 50, True, True, b"")
        for rendition, packets in enumerate(self._what.sounds[: 2 if self._renditions[1:] else 1]):
            packet = replace(blank, data=packets[index % len(packets)], rendition=rendition)
            leaving = self._thin.take(packet, begins=index % 2 == 1) if rendition else (packet,)
            for one in leaving:
                self._send(one)

    def _picture(self, pts: int) -> None:
        count = len(self._what.pictures[0])
        while self._key_wanted and self._place % GOP:
            self._place = (self._place + 1) % count
        self._key_wanted = False
        key = self._place % GOP == 0
        for rendition in self._renditions:
            data = self._what.pictures[rendition][self._place]
            self._send(Packet(Feed.ROOM, Codec.H264, pts, key, True, data, rendition))
        self._place = (self._place + 1) % count
