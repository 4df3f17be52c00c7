"""A recess, through the whole server: whoever plays the recording is led through it by a slate, on
one timeline, without a hole."""

import asyncio
import subprocess
import time
from collections.abc import Sequence
from itertools import dropwhile, groupby, pairwise
from pathlib import Path

from tests import hls, media
from tests.live import Page, page
from tests.media import wait_for
from tests.peers import publishing
from tests.server import HALL, Server

SITE, HZ = 3, 300.0
APART_S = 0.06
HELD_S = 1.0
"""For so long a machine that does ten things at once may hold a picture; never the sound."""
TRIES = 4
"""A machine that stands still makes a hole now and then; a recess that made one would each time."""


async def more_is_recorded(shown: Page, seconds: float) -> None:
    until_s = shown.view["outputs"]["recorded_s"] + seconds
    await shown.until(lambda view: view["outputs"]["recorded_s"] > until_s, "more recording")


def test_a_recess_is_recorded_and_played_across(tmp_path: Path) -> None:
    for number in range(TRIES):
        with Server(tmp_path / str(number)) as server:
            paused_s, resumed_s = asyncio.run(meet_rest_and_meet(server))
            playlist = server.archive / "index.m3u8"
            wait_for(lambda at=playlist: "#EXT-X-ENDLIST" in at.read_text(), "the recording's end")
        shown = played(playlist, tmp_path / f"{number}.mp4")
        if not has_holes(playlist, shown):
            break
    began_s = check_one_timeline(server.archive)
    slate_s, room_s = (began_s + at_s for at_s in check_without_a_hole(shown))
    assert paused_s < slate_s < resumed_s < room_s


async def meet_rest_and_meet(server: Server) -> tuple[float, float]:
    """When the recess began and ended, as epoch seconds."""
    hall = publishing(server.url(f"/whip/{HALL}"), server.site_tokens[HALL], SITE, HZ)
    async with hall, page(server) as shown:
        await shown.until(lambda _: shown.site(HALL)["video"] == "ok", "the hall")
        server.cut("full", HALL)
        server.command("go_live")
        await shown.until(lambda view: view["outputs"]["recording"], "the recording")
        await more_is_recorded(shown, 4)
        paused_s = time.time()
        server.command("pause_session")
        await more_is_recorded(shown, 6)
        resumed_s = time.time()
        server.command("resume_session")
        await more_is_recorded(shown, 6)
        server.command("end_session")
        return paused_s, resumed_s


def check_one_timeline(archive: Path) -> float:
    """When the recording began, as epoch seconds."""
    text = (archive / "index.m3u8").read_text()
    recording = hls.read(text, lambda name: (archive / name).read_bytes())
    assert hls.faults(recording) == []
    assert not any(segment.discontinuity for segment in recording.segments)
    assert len({segment.init for segment in recording.segments}) == 1
    for one, other in pairwise(recording.segments):
        assert abs(one.at_s + one.duration_s - other.at_s) < APART_S
    return recording.segments[0].at_s


def played(playlist: Path, file: Path) -> media.Clip:
    """One file made from it by FFmpeg, decoded from its first picture to its last."""
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(playlist), "-c", "copy", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return media.decode(file.read_bytes())


def has_holes(playlist: Path, clip: media.Clip) -> bool:
    marked = "#EXT-X-DISCONTINUITY" in playlist.read_text()
    return marked or longest_s(clip.pictures) >= HELD_S or longest_s(clip.sound) >= APART_S


def longest_s(track: Sequence[tuple[float, object]]) -> float:
    """From the beginning of one picture, or piece of sound, to the next."""
    times = [at_s for at_s, _ in track]
    return max(later - sooner for sooner, later in pairwise(times))


def check_without_a_hole(clip: media.Clip) -> tuple[float, float]:
    """The room, the slate, and the room again; before and after it there may be other slates. Where
    that of the recess begins and ends."""
    assert longest_s(clip.pictures) < HELD_S
    assert longest_s(clip.sound) < APART_S
    assert abs(clip.pictures[-1][0] - clip.sound[-1][0]) < 0.2
    marks = clip.marks()
    in_room = [(at_s, mark is not None and mark.site == SITE) for at_s, mark in marks]
    begun = dropwhile(lambda one: not one[1], in_room)
    runs = [(room, next(run)[0]) for room, run in groupby(begun, lambda one: one[1])]
    assert len(runs) in (3, 4)
    return runs[1][1], runs[2][1]
