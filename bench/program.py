"""What the program costs: CPU seconds of the studio for each second of program.

Two sites of 720p25 on air, picture-in-picture with a lower third, both microphones open, recording
and levels as always: the real studio process behind its real socket. First with all that a session
has: return feeds, a ladder, an operator who sees the stills. Then as others would make it
(bench/recipes.py, bench/chrome.py), for the recording alone: the same encoded pictures, the same
sound, the same options of x264 and the same HLS, in turn with the studio; each is the median of
`ROUNDS`. x264 alone, on the very pictures that each made, tells how much of it all is not
x264: at the pace of a program, where its caches are cold at each picture, for those who keep that
pace; as fast as it goes for FFmpeg where it does so. The command lines do less: they level, meter
and watch nothing, and know beforehand what comes when. The hidden Chrome gets both sites live, as
the studio does, by the way that it has: WebRTC. It repeats pictures where it does not keep up: what
each costs for a picture that shows something new is told beside it, not in its place.
The studio's parts alone (bench/floor.py) tell how little a studio of these parts could cost.

`python -m bench.program 1` does one round of the studio and FFmpeg alone, in a minute.
"""

import asyncio
import contextlib
import itertools
import shutil
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import av

from bench import chrome, floor, recipes
from bench.heads import FPS, talking_head, write_clips
from bench.recipes import Cost, Material, by_thread_s, cpu_s, memory_mb
from bench.shown import large_anew
from broadcast.interpreters import Booth
from broadcast.layout import Layout
from broadcast.program import Overlay, Scene, Take
from broadcast.studio.clock import video_pts
from broadcast.studio.encoders import H264Encoder
from config.settings import Program, Recording
from streams.frames import Codec, Feed, Packet, SiteId
from streams.wire import Kind, Note
from tests.broadcast.studio.rig import Rig, rig
from tests.chromium import EXECUTABLE

SECONDS = 12
ROUNDS = 3
PROGRAM = Program()
HALL, SITE = SiteId("hall"), SiteId("muong-nhe")
NOBODY: dict[str, list[int]] = {}
LEAST_CORE = 0.002
AS_FAST_AS_IT_GOES = "FFmpeg's command line"
X264, X264_FAST = "x264", "x264 as fast as it goes"
RECIPES: dict[str, tuple[Callable[[Material], Cost], tuple[str, ...]]] = {
    AS_FAST_AS_IT_GOES: (recipes.ffmpeg, ("ffmpeg",)),
    "the same in real time": (partial(recipes.ffmpeg, live=True), ("ffmpeg",)),
    "GStreamer's compositor": (recipes.gstreamer, ("gst-launch-1.0",)),
    "the hidden Chrome": (chrome.in_conference, (str(EXECUTABLE), "Xvfb", "pulseaudio")),
    "the same from files, without sound": (chrome.from_files, (str(EXECUTABLE), "Xvfb")),
}
"""Each, and the programs that must be there for it."""
FFMPEG = (AS_FAST_AS_IT_GOES, "the same in real time")
RETURNS = {Feed.ROOM: [0], Feed.minus(HALL): [0], Feed.minus(SITE): [0]}
"""What both sites and the staff hear."""


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


@contextlib.asynccontextmanager
async def on_air(
    program: Program,
    shown: tuple[Overlay, ...],
    heard: dict[str, list[int]],
    booths: tuple[Booth, ...] = (),
) -> AsyncIterator[Rig]:
    """A studio that has made its first seconds of such a program."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Recording(stop_free_bytes=0)
        async with rig(Path(folder), program=program, recording=recording) as r:
            r.relay.offer(Note(Kind.HEARD, {"feeds": heard}))
            r.relay.offer(Note(Kind.WATCHED, {"stills": bool(heard)}))
            r.site(HALL, talking_head(1))
            r.site(SITE, talking_head(2))
            for booth in booths:
                r.site(booth.site, tuple(c for c in talking_head(2) if not c.codec.is_video))
            r.relay.follow(
                stream="bench",
                recording=True,
                public=Take.ROOM,
                program=Scene(Layout.PICTURE_IN_PICTURE, (HALL, SITE)),
                preview=Scene(Layout.FULL, (SITE,)),
                overlays=shown,
                open_microphones=frozenset({HALL, SITE}),
                booths=booths,
            )
            await r.packets(Feed.ROOM, Codec.H264, 3 * FPS)
            yield r


class Run(NamedTuple):
    """What one studio did."""

    cost: Cost
    packets: list[Packet]
    """The program's pictures."""
    missing: float
    """Share of frames that were left out."""
    parts: dict[str, float]
    """Cores of each thread."""


async def measured(
    program: Program,
    shown: tuple[Overlay, ...],
    heard: dict[str, list[int]] = NOBODY,
    booths: tuple[Booth, ...] = (),
) -> Run:
    async with on_air(program, shown, heard, booths) as r:
        assert r.process is not None
        pid = r.process.pid
        before_s, before = cpu_s(pid), len(r.relay.received.of(Feed.ROOM, Codec.H264))
        threads_s, began = by_thread_s(pid), time.monotonic()
        await asyncio.sleep(SECONDS)
        spent_s, seconds = cpu_s(pid) - before_s, time.monotonic() - began
        used = {name: s - threads_s.get(name, 0.0) for name, s in by_thread_s(pid).items()}
        sent = r.relay.received.of(Feed.ROOM, Codec.H264)
        missing = 1 - (len(sent) - before) / (seconds * FPS)
        return Run(
            Cost(spent_s / seconds, memory_mb(pid)),
            sent,
            max(0.0, missing),
            {name: s / seconds for name, s in used.items()},
        )


def by_part(runs: list[Run]) -> str:
    """Each thread's share that is worth a word, the largest first."""
    names = {name for run in runs for name in run.parts}
    cores = {name: statistics.median(r.parts.get(name, 0.0) for r in runs) for name in names}
    told = sorted(((c, name) for name, c in cores.items() if c >= LEAST_CORE), reverse=True)
    return ", ".join(f"{name} {c:.3f}" for c, name in told)


def from_a_key(packets: list[Packet]) -> Iterator[Packet]:
    return itertools.dropwhile(lambda packet: not packet.key, packets)


def decoded(packets: list[Packet]) -> Iterator[av.VideoFrame]:
    decoder = av.CodecContext.create("h264", "r")
    for packet in from_a_key(packets):
        yield from decoder.decode(av.Packet(packet.data))


def written(material: Material) -> Iterator[av.VideoFrame]:
    """By a recipe, as HLS."""
    with av.open(str(material.playlist)) as container:
        yield from container.decode(video=0)


def x264_alone(
    frames: Iterable[av.VideoFrame], program: Program = PROGRAM, *, live: bool = True
) -> float:
    """CPU per program second of encoding these pictures again, decoding not counted."""
    encoder = H264Encoder(program)
    spent_ns = count = 0
    began = time.monotonic()
    for frame in frames:
        if live:
            time.sleep(max(0.0, began + count / FPS - time.monotonic()))
        began_ns = time.thread_time_ns()
        encoder.encode(frame, video_pts(count, FPS), key=count % (2 * FPS) == 0)
        spent_ns += time.thread_time_ns() - began_ns
        count += 1
    return spent_ns / 1e9 / (count / FPS)


def in_turn(
    material: Material, rounds: int, names: Sequence[str]
) -> tuple[dict[str, list[Cost]], list[Run]]:
    """So many of each; x264 alone is one of them, live and as fast as it goes."""
    costs: dict[str, list[Cost]] = {}
    runs = []
    for _ in range(rounds):
        ours = asyncio.run(measured(material.program, (material.lower_third,)))
        runs.append(ours)
        anew_per_s = sum(deque(large_anew(from_a_key(ours.packets)), SECONDS * FPS)) / SECONDS
        costs.setdefault("studio", []).append(ours.cost._replace(anew_per_s=anew_per_s))
        for name, live in ((X264, True), (X264_FAST, False)):
            costs.setdefault(name, []).append(Cost(x264_alone(decoded(ours.packets), live=live)))
        for name in names:
            recipe, needs = RECIPES[name]
            if all(map(shutil.which, needs)):
                cost = recipe(material)
                if cost.anew_per_s:
                    # A picture that it repeats is cheap to encode; nothing else of it is.
                    cost = cost._replace(x264=x264_alone(written(material)))
                costs.setdefault(name, []).append(cost)
    return costs, runs


def median(costs: list[Cost]) -> Cost:
    """What is told is of the last."""
    cores, memory_mb, told, anew_per_s, x264 = zip(*costs, strict=True)
    middle = statistics.median
    return Cost(middle(cores), middle(memory_mb), told[-1], middle(anew_per_s), middle(x264))


def beside_others(rounds: int = ROUNDS, names: Sequence[str] = tuple(RECIPES)) -> Iterator[str]:
    """One size, one lower third, HLS: the same of everybody."""
    with tempfile.TemporaryDirectory() as name:
        program = PROGRAM.model_copy(update={"ladder": ()})
        clips = write_clips(Path(name), SECONDS)
        material = Material(Path(name), clips, overlays()[0], SECONDS, program)
        costs, runs = in_turn(material, rounds, names)
    ours = median(costs.pop("studio"))
    live, fast = (median(costs.pop(name)).cores for name in (X264, X264_FAST))
    yield (
        f"the same without a ladder, nobody listening: {ours.cores:.3f} core, of that x264 "
        f"{live:.3f} ({fast:.3f} as fast as it goes); {ours.memory_mb:.0f} MB"
    )
    yield f"of that by thread: {by_part(runs)}"
    yield floor.told(program, material.lower_third, SECONDS)
    for recipe, several in costs.items():
        cost = median(several)
        encoder = fast if recipe == AS_FAST_AS_IT_GOES else live
        besides = (ours.cores - encoder) / (cost.cores - (cost.x264 or encoder))
        line = f"beside {recipe} ({cost.cores:.3f} core): {ours.cores / cost.cores:.2f} ×"
        line += f", {besides:.2f} × in all that is not x264"
        if cost.memory_mb:
            line += f", {ours.memory_mb / cost.memory_mb:.2f} × the memory"
            line += f" ({cost.memory_mb:.0f} MB)"
        yield line
        if cost.anew_per_s:
            fewer = cost.anew_per_s / ours.anew_per_s
            yield (
                f"of each second's pictures {cost.anew_per_s:.1f} show the large head anew there "
                f"(x264 {cost.x264:.3f}), {ours.anew_per_s:.1f} here; for each such picture the "
                "studio costs "
                f"{fewer * ours.cores / cost.cores:.2f} ×, {fewer * besides:.2f} × in all that is "
                "not x264"
            )
        if cost.told:
            yield f"of that, in its last round: {cost.told}"


def figures() -> Iterator[str]:
    run = asyncio.run(measured(PROGRAM, overlays(), RETURNS))
    encoder = x264_alone(decoded(run.packets))
    yield (
        f"two sites on air, 720p25, with return feeds: {run.cost.cores:.2f} core, "
        f"{run.cost.cores / encoder:.2f} × x264 alone ({encoder:.2f}); "
        f"{run.missing:.1%} of frames left out; {run.cost.memory_mb:.0f} MB"
    )
    yield f"of that by thread: {by_part([run])}"
    yield from beside_others()


if __name__ == "__main__":
    few = [int(argument) for argument in sys.argv[1:]]
    for figure in beside_others(few[0], FFMPEG) if few else figures():
        print(figure, flush=True)
