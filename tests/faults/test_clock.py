"""The machine's clock is set while somebody speaks: real processes, all of which read the new time
at their next look (libfaketime: a file says how far it is off)."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import groupby, pairwise
from pathlib import Path

import m3u8
import pytest

from broadcast.archive.verify import GAP_MS
from broadcast.session.events import ClockSet
from tests import hls
from tests.live import Page, page
from tests.media import wait_until
from tests.peers import FPS, NUMBERS, Watched, number_at, publishing, watching
from tests.processes import ROOT
from tests.server import CONFIG, LEFT, Server

HOUR_S = 3600
SETS_S = (HOUR_S, -HOUR_S)
"""How far it is off after each: forward by an hour, and back by two."""
SAID = ("+3600", "-7200")
JUMP_S = 0.3
PRELOADED = "faketime/libfaketimeMT.so.1"
SLEEPING = """
import select, time
time.sleep = lambda seconds: select.select((), (), (), seconds) and None
"""
"""Debian's libfaketime 0.9.10 breaks what Python sleeps by: clock_nanosleep by CLOCK_MONOTONIC."""
BEHIND_S = 5.0
"""From a site's camera to its place in the recording, on a machine that is slow for a while."""
BY_MISTAKE = {"studio_silent", "studio_lost", "witness_lost", "microphone_silent", "resumed"}
"""Alarms of what has lasted for long, which nothing has."""


class Clock:
    """Of the server's processes: the machine's own, and so far off."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._python = folder / "python"
        self._python.mkdir()
        (self._python / "sitecustomize.py").write_text(SLEEPING)
        self.set(0)

    def set(self, off_s: int) -> None:
        """From now on, to all of them at once."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{off_s:+d}\n")
        new.replace(self._file)

    @property
    def environ(self) -> dict[str, str]:
        (library,) = Path("/usr/lib").glob(f"*/{PRELOADED}")
        return {
            "LD_PRELOAD": str(library),
            "PYTHONPATH": str(self._python),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # nobody can set that one
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # or Python hands its lock on each 50 ms
            "NO_FAKE_STAT": "1",  # nor does what is on the disk get another age
        }


class Observer:
    """What somebody sees who never looks away from the operator's page."""

    def __init__(self, shown: Page) -> None:
        self._shown = shown
        self.spoken: list[tuple[float, float]] = []
        """CLOCK_MONOTONIC, and how long the speaker has spoken by his clock; seconds."""
        self.alarms: dict[str, str] = {}

    async def run(self) -> None:
        while True:
            view = self._shown.view
            self.alarms |= {row["code"]: row["message"] for row in view["alarms"]}
            if floor := view.get("floor"):
                spoken_ms = self._shown.now_ms() - floor["started_at_ms"]
                self.spoken.append((time.monotonic(), spoken_ms / 1000))
            await asyncio.sleep(0.05)


@asynccontextmanager
async def observed(shown: Page) -> AsyncIterator[Observer]:
    observer = Observer(shown)
    task = asyncio.create_task(observer.run())
    try:
        yield observer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.soak
def test_the_clock_is_set_while_somebody_speaks(tmp_path: Path) -> None:
    clock = Clock(tmp_path)
    config = CONFIG + "[recording]\nsegment_ms = 1000\n"
    with Server(tmp_path, config, environ=clock.environ) as server:
        asyncio.run(story(server, clock))
        steps_s = [one.by_ms / 1000 for one in server.events() if isinstance(one, ClockSet)]
        assert [round(by_s) for by_s in steps_s] == [HOUR_S, -2 * HOUR_S]
        recording = recorded(server)
        check_times(recording)
        check_chapters(server, recording)
        check_verdict(server, recording)
        log = server.log.read_text()
    assert " ERROR " not in log
    assert "Traceback" not in log


async def story(server: Server, clock: Clock) -> None:
    url = server.url(f"/whip/{LEFT}")
    async with (
        page(server) as shown,
        publishing(url, server.site_tokens[LEFT], 1, 700),
        watching(server.url(f"/whep/{server.session}")) as public,
    ):
        cookie = signed_in(server)
        server.command("go_live")
        server.command("register", delegate="lay-1", kind="speech")
        server.command("call_next")
        await wait_until(lambda: public.shows(1), "the speaker's picture")
        await more_is_recorded(shown)
        async with observed(shown) as observer:
            for off_s, by in zip(SETS_S, SAID, strict=True):
                clock.set(off_s)
                told = lambda by=by: by in observer.alarms.get("clock_set", "")  # noqa: E731
                await wait_until(told, "what the operator is told")
                await all_is_well(server, shown, public, cookie)
        check_what_was_seen(observer)
        server.command("end_turn")
        server.command("end_session")
        await shown.until(lambda view: not view["outputs"]["recording"], "the end of it")


def signed_in(server: Server) -> str:
    """The cookie."""
    body = json.dumps({"token": server.operator}).encode()
    answer = server.request("POST", "/api/v1/sign-in", body, Content_Type="application/json")
    return answer.headers["Set-Cookie"].partition(";")[0]


async def all_is_well(server: Server, shown: Page, public: Watched, cookie: str) -> None:
    """Live goes on, and what was good before the clock was set still is."""
    await more_is_recorded(shown)
    public.forget()
    await wait_until(lambda: public.shows(1), "his picture, still")
    await wait_until(lambda: public.heard(700) > -30, "his sound, still")
    assert server.get(f"/api/v1/sessions/{server.session}/links", Cookie=cookie).status == 200
    async with page(server, "site", server.site_tokens[LEFT]) as joined:
        assert joined.view["me"]["microphone_open"]
    await asyncio.to_thread(blocking_reload, server)


async def more_is_recorded(shown: Page, seconds: float = 2.0) -> None:
    until = shown.view["outputs"]["recorded_s"] + seconds
    await shown.until(lambda view: view["outputs"]["recorded_s"] > until, "more recording")


def blocking_reload(server: Server) -> None:
    """A player asks for the next segment, and gets it once it is there."""
    live = f"/live/{server.session}/live.m3u8"
    number = next_number(server.get(live).body)
    assert next_number(server.get(f"{live}?_HLS_msn={number}").body) > number


def next_number(text: bytes) -> int:
    playlist = m3u8.loads(text.decode())
    return int(playlist.media_sequence or 0) + len(playlist.segments)


def check_what_was_seen(observer: Observer) -> None:
    for (at_s, spoken_s), (later_s, more_s) in pairwise(observer.spoken):
        assert abs((more_s - spoken_s) - (later_s - at_s)) < JUMP_S, "his clock jumps"
    assert not observer.alarms.keys() & BY_MISTAKE, observer.alarms


def recorded(server: Server) -> hls.Recording:
    recording = hls.served(server)
    assert recording.ended
    assert hls.faults(recording) == []
    return recording


def check_times(recording: hls.Recording) -> None:
    """The media's own time goes on through it; what a player is told is the clock's."""
    assert all(-0.05 < hole_s < BEHIND_S for hole_s in holes(recording))
    offs = [off_s for segment in recording.segments if (off_s := off(segment)) is not None]
    assert [key for key, _ in groupby(offs)] == [0, *SETS_S]


def holes(recording: hls.Recording) -> list[float]:
    """Seconds between two segments, by the media's own time: only a starved machine leaves any."""
    pictures = [segment.times("video") for segment in recording.segments]
    return [other.presented[0] - one.end for one, other in pairwise(pictures) if one and other]


def off(segment: hls.Segment) -> int | None:
    """How far the clock was off by which its time is told: the camera drew when each picture was
    taken. None if none of its pictures is a site's."""
    pictures = segment.clip().marks()
    begins_s = pictures[0][0]
    for at_s, mark in pictures:
        if mark is not None:
            now_s = time.monotonic()
            age_s = (number_at(now_s) - mark.number) % NUMBERS / FPS
            late_s = segment.at_s + at_s - begins_s - (time.time() - age_s)
            found = HOUR_S * round(late_s / HOUR_S)
            assert -1 < late_s - found < BEHIND_S
            return found
    return None


def check_chapters(server: Server, recording: hls.Recording) -> None:
    """The turn lies where it was, and is as long as it was."""
    told = server.get(f"/api/v1/sessions/{server.session}/chapters").json()
    (turn,) = [one for one in told["chapters"] if one["kind"] == "turn"]
    assert told["duration_s"] == round(recording.duration_s, 3)
    assert turn["start_s"] < 3 + BEHIND_S
    assert abs(turn["end_s"] - recording.duration_s) < BEHIND_S


def check_verdict(server: Server, recording: hls.Recording) -> None:
    """`diemcau verify` misses nothing that is there."""
    command = [sys.executable, "-m", "web.cli", "verify", server.session]
    command += ["--data-dir", str(server.settings.storage.data_dir)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=dict(server.environ)
    )
    whole = max(holes(recording)) < GAP_MS / 1000
    assert done.returncode == (0 if whole else 1), done.stdout + done.stderr
