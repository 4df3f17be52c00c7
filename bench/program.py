"""What the program costs: CPU seconds of the studio for each second of program.

Two sites of 720p25 on air, picture-in-picture with lower third, clock and marks, both microphones
open, recording, stills and levels as always: the real studio process behind its real socket. The
floor is x264 alone, with the studio's settings, on the very pictures that the studio sent.
"""

import asyncio
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np

from broadcast.program import Layout, Overlay, Scene, Take
from broadcast.studio.encoders import H264Encoder
from config.settings import Program, Recording
from streams.frames import Codec, Feed, Packet, SiteId
from tests.broadcast.studio.rig import Coded, Rig, clip, rig

SECONDS = 12
CLIP_S = 3
SIZE = (1280, 720)
FPS = 25
FRAME_PTS = 90_000 // FPS
PROGRAM = Program()
HALL, SITE = SiteId("hall"), SiteId("muong-nhe")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


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


def cpu_s(pid: int) -> float:
    """User and system time of all of a process's threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


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


async def on_air(r: Rig) -> tuple[float, list[Packet], float]:
    """(CPU per program second, the program's pictures, share of frames that were late)."""
    r.site(HALL, talking_head(1))
    r.site(SITE, talking_head(2))
    r.relay.follow(
        stream="bench",
        recording=True,
        public=Take.ROOM,
        program=Scene(Layout.PICTURE_IN_PICTURE, (HALL, SITE)),
        preview=Scene(Layout.FULL, (SITE,)),
        overlays=overlays(),
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
    return spent_s / seconds, sent, max(0.0, missing)


async def measured() -> tuple[float, list[Packet], float]:
    with tempfile.TemporaryDirectory() as folder:
        recording = Recording(stop_free_bytes=0)
        async with rig(Path(folder), program=PROGRAM, recording=recording) as r:
            return await on_air(r)


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


def write_clips(folder: Path) -> list[Path]:
    paths = []
    for seed in (1, 2):
        path = folder / f"{seed}.mkv"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", FPS, options={"preset": "superfast"})
            stream.width, stream.height = SIZE
            for planar in pictures(seed) * (SECONDS // CLIP_S):
                frame = av.VideoFrame.from_ndarray(planar, "yuv420p")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        paths.append(path)
    return paths


def ffmpeg_alone() -> float:
    """CPU per program second of the plain command line: decode two, one inset, encode, fMP4.

    No overlays, no sound, no clock, no live output: less than the studio does."""
    kbps = PROGRAM.video_bitrate_bps // 1000
    with tempfile.TemporaryDirectory() as folder:
        first, second = write_clips(Path(folder))
        graph = "[1:v]scale=346:194[inset];[0:v][inset]overlay=896:44"
        command = ["ffmpeg", "-v", "error", "-threads", "1", "-i", first, "-threads", "1"]
        command += ["-i", second, "-filter_complex_threads", "1", "-filter_complex", graph]
        command += ["-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency"]
        command += ["-profile:v", "baseline", "-threads", "1", "-b:v", f"{kbps}k"]
        command += ["-maxrate", f"{kbps}k", "-bufsize", f"{kbps // 2}k", "-g", str(2 * FPS)]
        command += ["-movflags", "frag_keyframe+empty_moov", f"{folder}/out.mp4"]
        before = os.times()
        subprocess.run(command, check=True)
        after = os.times()
    spent = after.children_user + after.children_system
    return (spent - before.children_user - before.children_system) / SECONDS


def figures() -> Iterator[str]:
    cores, packets, missing = asyncio.run(measured())
    floor = x264_alone(packets)
    yield (
        f"two sites on air, 720p25: {cores:.2f} core, {cores / floor:.2f} × x264 alone "
        f"({floor:.2f}); {missing:.1%} of frames left out"
    )
    if shutil.which("ffmpeg") is not None:
        plain = ffmpeg_alone()
        yield (
            f"the same beside the ffmpeg command line without overlays and sound: "
            f"{cores / plain:.2f} × ({plain:.2f} core)"
        )


if __name__ == "__main__":
    for figure in figures():
        print(figure)
