"""Whether directing costs a frame: a new layout, source, graphic or transition twice a second,
through the whole studio process, and every picture of the program decoded and read.

Four sites send 25 numbered pictures a second. A picture of the program that is missing shows in the
program's own times; one of a site that is shown twice or left out, in its numbers. What cannot be
read (half a dissolve, a mark under a graphic) is not counted. Beside it the same studio with one
scene that stays: what is missing there is the machine's.
"""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from broadcast.layout import Corner, Inset, Layout
from broadcast.program import Overlay, Scene, Take, Transition
from broadcast.program import TransitionKind as Kind
from config.settings import Program, Recording
from streams.frames import Codec, Feed, Packet, SiteId
from tests import media
from tests.broadcast.studio.rig import FPS, clip, decoded_pictures, rig

SECONDS, STEP_S, SETTLE_S, CLIP_S = 30, 0.5, 5, 8
FRAME = 90_000 // FPS
SITES = tuple(SiteId(name) for name in ("hall", "a", "b", "c"))
LOWER_THIRDS = [
    Overlay("lower_third", {"name": f"Đại biểu {n}", "title": "Tổ", "site": "Xã"}) for n in range(3)
]
SCENES = [
    Scene(Layout.FULL, SITES[:1]),
    Scene(Layout.PICTURE_IN_PICTURE, SITES[1:3]),
    Scene(Layout.PICTURE_IN_PICTURE, SITES[1:3], Inset(Corner.TOP_LEFT, 0.24)),
    Scene(Layout.SIDE_BY_SIDE, SITES[2:]),
    Scene(Layout.HALL_AND_SPEAKER, SITES[:2]),
    Scene(Layout.FILMSTRIP, SITES),
    Scene(Layout.GRID_4, SITES),
]
TRANSITIONS = [Transition(Kind.CUT), Transition(Kind.DISSOLVE, 200), Transition(Kind.WIPE, 200)]

Numbers = Mapping[int, int]
"""The number of each site's picture that a picture of the program shows."""


def overlays(step: int) -> tuple[Overlay, ...]:
    clock = {"kind": "speech", "limit_ms": 60_000, "paused_at_ms": None, "paused_ms": 0}
    moments = {"started_at_ms": time.time_ns() // 1_000_000, "warn_ms": 30_000}
    return LOWER_THIRDS[step % 3], Overlay("clock", {**clock, **moments}), Overlay("live")


def numbers(picture: media.Picture) -> Numbers:
    seats = {seat for scene in SCENES for seat in scene.seats}
    marks = [mark for seat in seats if (mark := media.read_mark(picture, seat))]
    return {mark.site: mark.number for mark in marks}


def counted(packets: Sequence[Packet]) -> tuple[int, int, int, int, int]:
    """(pictures, missing ones; sites' pictures that could be read, shown twice, left out)."""
    shown = [(pts, numbers(picture)) for pts, picture in decoded_pictures(packets)]
    missing = read = again = out = 0
    for (before_pts, before), (pts, now) in itertools.pairwise(shown):
        missing += (pts - before_pts) // FRAME - 1
        if pts - before_pts != FRAME:
            continue
        for site in before.keys() & now.keys():
            step = (now[site] - before[site]) % (CLIP_S * FPS)
            read, again, out = read + 1, again + (step == 0), out + (step > 1)
    return len(shown), missing, read, again, out


async def program(*, directed: bool) -> list[Packet]:
    with tempfile.TemporaryDirectory() as folder:
        recording = Recording(stop_free_bytes=0)
        async with rig(Path(folder), program=Program(), recording=recording) as r:
            for number, site in enumerate(SITES):
                r.site(site, clip(number, CLIP_S, (640, 360)))
            r.relay.follow(stream="bench", recording=True, public=Take.ROOM, program=SCENES[-1])
            await asyncio.sleep(SETTLE_S)
            first = len(r.relay.received.of(Feed.ROOM, Codec.H264))
            for step in range(round(SECONDS / STEP_S)):
                if directed:
                    r.relay.follow(
                        program=SCENES[step % len(SCENES)],
                        transition=TRANSITIONS[step // 2 % len(TRANSITIONS)],
                        overlays=overlays(step) if step % 4 < 2 else (),
                    )
                await asyncio.sleep(STEP_S)
            return r.relay.received.of(Feed.ROOM, Codec.H264)[first:]


def figures() -> Iterator[str]:
    changes = f"{round(SECONDS / STEP_S)} changes of layout, source and graphics"
    for name, directed in ((changes, True), ("one scene that stays", False)):
        made, missing, read, again, out = counted(asyncio.run(program(directed=directed)))
        yield (
            f"{name}: of {made + missing} pictures {missing} missing; of {read} sites' pictures "
            f"{again} shown twice, {out} left out"
        )


if __name__ == "__main__":
    for figure in figures():
        print(figure, flush=True)
