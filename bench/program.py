"""What the program costs: CPU seconds of the studio for each second of program.

Two sites of 720p25 on air, picture-in-picture with lower third, clock and marks, both microphones
open, recording, stills and levels as always: the real studio process behind its real socket. The
floor is x264 alone, with the studio's settings, on the very pictures that the studio sent. Then
the same without a ladder, beside what others would do it with (bench/recipes.py).
"""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np

from bench import recipes
from bench.recipes import Cost, Material, cpu_s, memory_mb
from broadcast.program import Layout, Overlay, Scene, Take
from broadcast.studio.encoders import H264Encoder
from config.settings import Program, Recording
from streams.frames import Codec, Feed, Packet, SiteId
from tests import media
from tests.broadcast.studio.rig import TONES, Coded, Rig, clip, rig

SECONDS = 12
CLIP_S = 3
SIZE = (1280, 720)
FPS = 25
FRAME_PTS = 90_000 // FPS
PROGRAM = Program()
HALL, SITE = SiteId("hall"), SiteId("muong-nhe")


@cache
def pictures(seed: int) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """A talking head, roughly: a soft textured room, a figure that sways, a little sensor noise."""
    rng = np.random.default_rng(seed)
    width, height = SIZE
    x, y = np.meshgrid(np.arange(width) / width, np.arange(height) / height)
    room = 90 + 40 * np.sin(9 * x + seed) * np.cos(7 * y) + 20 * (np.sin(90 * x) > 0.7)
    frames = []
    for n in range(CLIP_S * FPS):
        sway = 0.5 + 0.02 * np.sin(2 * np.pi * n / (CLIP_S * FPS))
        head = ((x - sway) / 0.12) ** 2 + ((y - 0.4) / 0.26) ** 2 < 1
        body = (((x - sway) / 0.3) ** 2 + ((y - 1.1) / 0.5) ** 2 < 1) & ~head
        mouth = ((x - sway) / 0.03) ** 2 + ((y - 0.52) / (0.008 + 0.012 * (n % 5))) ** 2 < 1
        luma = np.where(head, 150 + 30 * np.sin(40 * (x - sway)), np.where(body, 60, room))
        luma = np.where(mouth, 50, luma) + rng.normal(0, 1.2, luma.shape)
        planar = np.full((height * 3 // 2, width), 128, np.uint8)
        planar[:height] = np.clip(luma, 16, 235)
        frames.append(planar)
    return frames


@cache
def talking_head(seed: int) -> tuple[Coded, ...]:
    """As a browser would send it: 1.8 Mbit/s, a keyframe every three seconds; and a tone."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height = SIZE
    context.pix_fmt, context.framerate = "yuv420p", Fraction(FPS)
    context.time_base, context.bit_rate = Fraction(1, FPS), 1_800_000
    context.gop_size = CLIP_S * FPS
    context.options = {"preset": "superfast", "tune": "zerolatency", "profile": "baseline"}
    coded = [frame for frame in clip(seed, CLIP_S) if frame.codec is Codec.OPUS]
    for number, planar in enumerate(pictures(seed)):
        frame = av.VideoFrame.from_ndarray(planar, "yuv420p")
        frame.pts = number
        coded += [
            Coded(number / FPS, Codec.H264, packet.is_keyframe, bytes(packet))
            for packet in context.encode(frame)
        ]
    return tuple(sorted(coded, key=lambda one: one.at_s))


def overlays() -> tuple[Overlay, ...]:
    now_ms = time.time_ns() // 1_000_000
    return (
        Overlay(
            "lower_third",
            {
                "name": "Nguyễn Thị Hường",
                "title": "Tổ đại biểu huyện Mường Nhé",
                "site": "Điểm cầu huyện Mường Nhé",
            },
        ),
        Overlay(
            "clock",
            {
                "kind": "question",
                "started_at_ms": now_ms,
                "limit_ms": 60_000,
                "paused_at_ms": None,
                "paused_ms": 0,
                "warn_ms": 30_000,
            },
        ),
        Overlay("live", {}),
        Overlay("logo", {"text": "HĐND TỈNH ĐIỆN BIÊN"}),
    )


async def on_air(r: Rig, shown: tuple[Overlay, ...]) -> tuple[Cost, list[Packet], float]:
    """(what the studio costs, the program's pictures, share of frames that were left out)."""
    r.site(HALL, talking_head(1))
    r.site(SITE, talking_head(2))
    r.relay.follow(
        stream="bench",
        recording=True,
        public=Take.ROOM,
        program=Scene(Layout.PICTURE_IN_PICTURE, (HALL, SITE)),
        preview=Scene(Layout.FULL, (SITE,)),
        overlays=shown,
        open_microphones=frozenset({HALL, SITE}),
    )
    await r.packets(Feed.ROOM, Codec.H264, 3 * FPS)
    assert r.process is not None
    before_s, from_index = cpu_s(r.process.pid), len(r.relay.received.of(Feed.ROOM, Codec.H264))
    began = time.monotonic()
    await asyncio.sleep(SECONDS)
    spent_s, seconds = cpu_s(r.process.pid) - before_s, time.monotonic() - began
    sent = r.relay.received.of(Feed.ROOM, Codec.H264)
    missing = 1 - (len(sent) - from_index) / (seconds * FPS)
    return Cost(spent_s / seconds, memory_mb(r.process.pid)), sent, max(0.0, missing)


async def measured(
    program: Program, shown: tuple[Overlay, ...]
) -> tuple[Cost, list[Packet], float]:
    with tempfile.TemporaryDirectory() as folder:
        recording = Recording(stop_free_bytes=0)
        async with rig(Path(folder), program=program, recording=recording) as r:
            return await on_air(r, shown)


def x264_alone(packets: list[Packet]) -> float:
    """CPU per program second of encoding these pictures again, decoding not counted."""
    decoder = av.CodecContext.create("h264", "r")
    encoder = H264Encoder(PROGRAM)
    spent_ns = count = 0
    for packet in itertools.dropwhile(lambda p: not p.key, packets):
        for frame in decoder.decode(av.Packet(packet.data)):
            began_ns = time.thread_time_ns()
            encoder.encode(frame, packet.pts, key=count % (2 * FPS) == 0)
            spent_ns += time.thread_time_ns() - began_ns
            count += 1
    return spent_ns / 1e9 / (count / FPS)


def write_clips(folder: Path) -> tuple[Path, Path]:
    """The same talking heads as files, with the same sound."""
    paths = []
    for seed in (1, 2):
        path = folder / f"{seed}.mkv"
        with av.open(str(path), "w") as container:
            video, sound = container.add_stream("libx264", FPS), container.add_stream("libopus")
            video.width, video.height = SIZE
            video.bit_rate = 1_800_000
            video.options = {"preset": "superfast", "tune": "zerolatency", "profile": "baseline"}
            sound.sample_rate, sound.layout = media.RATE, "mono"
            samples = media.tone(TONES[seed], SECONDS)
            for number, planar in enumerate(pictures(seed) * (SECONDS // CLIP_S)):
                frame = av.VideoFrame.from_ndarray(planar, "yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                container.mux(video.encode(frame))
                step = media.RATE // FPS
                part = samples[None, number * step : (number + 1) * step]
                heard = av.AudioFrame.from_ndarray(part, "flt", "mono")
                heard.sample_rate, heard.pts = media.RATE, number * step
                heard.time_base = Fraction(1, media.RATE)
                container.mux(sound.encode(heard))
            container.mux(video.encode())
            container.mux(sound.encode())
        paths.append(path)
    return paths[0], paths[1]


def beside_others() -> Iterator[str]:
    """One size, one lower third, HLS: the same of everybody, in one run."""
    program = PROGRAM.model_copy(update={"ladder": ()})
    lower_third = overlays()[0]
    ours, packets, _ = asyncio.run(measured(program, (lower_third,)))
    encoder = x264_alone(packets)
    yield f"the same without a ladder: {ours.cores:.3f} core, {ours.memory_mb:.0f} MB"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        material = Material(folder, write_clips(folder), lower_third, SECONDS, program)
        for recipe, cost in recipes.measured(material):
            besides = (ours.cores - encoder) / (cost.cores - encoder)
            line = f"beside {recipe}: {ours.cores / cost.cores:.2f} × ({cost.cores:.3f} core)"
            line += f", {besides:.2f} × in all that is not x264 ({encoder:.3f})"
            if cost.memory_mb:
                line += f", {ours.memory_mb / cost.memory_mb:.2f} × the memory"
                line += f" ({cost.memory_mb:.0f} MB)"
            yield line


def figures() -> Iterator[str]:
    cost, packets, missing = asyncio.run(measured(PROGRAM, overlays()))
    floor = x264_alone(packets)
    yield (
        f"two sites on air, 720p25: {cost.cores:.2f} core, {cost.cores / floor:.2f} × x264 alone "
        f"({floor:.2f}); {missing:.1%} of frames left out; {cost.memory_mb:.0f} MB"
    )
    yield from beside_others()


if __name__ == "__main__":
    for figure in figures():
        print(figure, flush=True)
