"""The studio as a process: how it is started, ended, and what it may do."""

import asyncio
import ctypes
import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from broadcast.program import Take
from config.settings import Settings
from streams.frames import Codec, Feed, SiteId
from tests import media
from tests.broadcast.studio.rig import Rig, clip, full, rig
from tests.processes import ROOT

HALL = SiteId("hall")


def test_sigterm_ends_it_cleanly(tmp_path: Path) -> None:
    async def test() -> None:
        async with rig(tmp_path) as r:
            r.site(HALL, clip(0))
            r.relay.follow(public=Take.ROOM, program=full(HALL), stream="s", recording=True)
            await r.packets(Feed.ROOM, Codec.H264, 40)
            assert await r.kill_studio(signal.SIGTERM) == 0
            folder = tmp_path / "archive" / "s"
            listed = (folder / "index.m3u8").read_text()
            last = max(folder.glob("*.m4s"))
            assert last.name in listed

    asyncio.run(test())


PR_CAPBSET_DROP, CAP_SYS_NICE = 24, 23


def may_not_go_first() -> None:
    """As an ordinary user's process."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_SYS_NICE, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))


def in_the_real_time_class(pid: int) -> set[str]:
    """Threads by their names."""
    return {
        (task / "comm").read_text().strip()
        for task in Path(f"/proc/{pid}/task").iterdir()
        if os.sched_getscheduler(int(task.name)) & ~os.SCHED_RESET_ON_FORK == os.SCHED_RR
    }


def may_give_precedence() -> bool:
    """Root may, but for root in many a container."""
    (held,) = re.findall(r"^CapEff:\s*(\w+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    return bool(int(held, 16) >> CAP_SYS_NICE & 1)


@pytest.mark.skipif(not may_give_precedence(), reason="may not give and take precedence")
@pytest.mark.parametrize(
    ("denied", "first"), [(None, {"frame-clock", "sound"}), (may_not_go_first, set())]
)
def test_what_keeps_pace_with_a_clock_goes_first_where_it_may(
    tmp_path: Path, denied: Callable[[], None] | None, first: set[str]
) -> None:
    async def test() -> None:
        made = Rig(tmp_path)
        await made.relay.listen()
        try:
            command = [sys.executable, "-m", "broadcast.studio", f"{tmp_path}/settings.json"]
            made.process = subprocess.Popen(command, cwd=ROOT, preexec_fn=denied)
            await media.wait_until(lambda: made.relay.connected, "the studio connects")
            assert in_the_real_time_class(made.process.pid) == first
        finally:
            await made.close()

    asyncio.run(test())


def test_settings_that_cannot_be_read_end_it_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"program": {"fps": 1000}}))
    for arguments in ([], [str(tmp_path / "none.json")], [str(path)]):
        command = [sys.executable, "-m", "broadcast.studio", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        assert done.stderr.strip()
    assert Settings()


def test_a_studio_whose_supervisor_died_ends(tmp_path: Path) -> None:
    """Else two studios would write one recording when the supervisor is started again."""

    async def test() -> None:
        made = Rig(tmp_path)
        await made.relay.listen()
        command = f"{sys.executable} -m broadcast.studio {tmp_path}/settings.json & read line"
        shell = await asyncio.create_subprocess_shell(
            command, stdin=asyncio.subprocess.PIPE, cwd=ROOT
        )
        try:
            await media.wait_until(lambda: made.relay.connected, "the studio connects")
            shell.kill()
            await shell.wait()
            await media.wait_until(lambda: not made.relay.connected, "the studio ends")
        finally:
            await made.close()

    asyncio.run(test())
