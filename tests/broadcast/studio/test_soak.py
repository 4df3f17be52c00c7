"""A day of directing in minutes: a new scene, name and clock each second, and sites that come and
go, through the whole studio process; its memory stays flat."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from broadcast.layout import Layout
from broadcast.program import Overlay, Scene, Take, Transition, TransitionKind
from config.settings import Recording
from streams.frames import Feed, SiteId
from streams.wire import Kind, Note
from tests.broadcast.studio.rig import Rig, clip, rig

MINUTES, WARM_MINUTES = 6, 2
SAMPLED_S = 5
"""The least of a minute counts: pictures that wait for a busy machine come and go."""
GROWTH_MB = 6.0
SITES = tuple(SiteId(name) for name in ("hall", "a", "b", "c"))
SCENES = [
    Scene(Layout.FULL, SITES[:1]),
    Scene(Layout.PICTURE_IN_PICTURE, SITES[:2]),
    Scene(Layout.GRID_4, SITES),
    Scene(Layout.SIDE_BY_SIDE, SITES[1:3]),
    Scene(Layout.SLATE),
    Scene(Layout.HALL_AND_SPEAKER, (SITES[2], SITES[0])),
]
TRANSITIONS = [Transition(kind, 600) for kind in TransitionKind]


def anonymous_mb(pid: int) -> float:
    """What is the process's own, and no file that the system keeps for it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon:")) / 1000


def overlays(second: int) -> tuple[Overlay, ...]:
    """A dozen names: what was drawn is kept, up to a bound (`broadcast.overlay.render`)."""
    now_ms = time.time_ns() // 1_000_000
    clock = {"kind": "speech", "started_at_ms": now_ms, "limit_ms": 60_000, "paused_at_ms": None}
    return (
        Overlay(
            "lower_third", {"name": f"Đại biểu thứ {second % 12}", "title": "Tổ", "site": "Xã"}
        ),
        Overlay("clock", {**clock, "paused_ms": 0, "warn_ms": 30_000}),
    )


async def directed(r: Rig, second: int) -> None:
    r.relay.follow(
        program=SCENES[second % len(SCENES)],
        preview=SCENES[(second + 1) % len(SCENES)],
        transition=TRANSITIONS[second % len(TRANSITIONS)],
        overlays=overlays(second),
        open_microphones=frozenset(SITES[: 1 + second % 3]),
    )
    if second % 20 == 19:
        await r.leave("c")
        r.relay.offer(Note(Kind.SOURCE_GONE, {"source": "c"}))
        r.site("c", clip(3))
    for kept in (r.relay.received.packets, r.relay.received.stills, r.relay.played):
        kept.clear()
    del r.relay.received.notes[:-5]


@pytest.mark.soak
def test_directing_for_a_day_takes_no_memory(tmp_path: Path) -> None:
    async def test() -> list[float]:
        recording = Recording(segment_ms=1000, stop_free_bytes=0)
        async with rig(tmp_path, recording=recording) as r:
            for number, site in enumerate(SITES):
                r.site(site, clip(number))
            feeds = {Feed.ROOM: [0], Feed.minus(SITES[0]): [0]}
            r.relay.offer(Note(Kind.HEARD, {"feeds": feeds}))
            r.relay.follow(stream="s", recording=True, public=Take.ROOM)
            assert r.process is not None
            sizes = []
            for second in range(MINUTES * 60):
                await directed(r, second)
                await asyncio.sleep(1)
                if second % SAMPLED_S == 0:
                    sizes.append(anonymous_mb(r.process.pid))
            return sizes

    sizes = asyncio.run(test())
    minute = 60 // SAMPLED_S
    start, end = min(sizes[(WARM_MINUTES - 1) * minute :][:minute]), min(sizes[-minute:])
    sys.stdout.write(
        f"studio, {MINUTES * 60} scenes in {MINUTES} minutes: {start:.1f} MB after "
        f"{WARM_MINUTES}, {end:.1f} MB at the end, {end - start:+.1f} MB; "
        f"each half minute {sizes[::6]}\n"
    )
    assert end - start < GROWTH_MB, sizes
