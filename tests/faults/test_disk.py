"""No room on the disk: the recording stops, says so, and everything else goes on; and so does it
when there is room."""

import asyncio
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from broadcast.archive.verify import BEGIN_MS, to_be_recorded, verify
from tests import hls
from tests.disks import own_disk
from tests.live import page
from tests.media import wait_until
from tests.peers import publishing, watching
from tests.server import CONFIG, LEFT, Server

SAYS_SO = "đã NGỪNG ghi, phát trực tiếp vẫn tiếp tục. Giải phóng đĩa ngay; ghi sẽ tự tiếp tục."


def told_that_it_is_full(view: dict[str, Any]) -> bool:
    return any(row["code"] == "disk_full" and SAYS_SO in row["message"] for row in view["alarms"])


async def goes_on_without_recording(server: Server) -> None:
    url = server.url(f"/whip/{LEFT}")
    async with (
        page(server) as shown,
        publishing(url, server.site_tokens[LEFT], 1, 700),
        watching(server.url(f"/whep/{server.session}")) as public,
    ):
        server.command("go_live")
        server.cut("full", LEFT)
        await shown.until(told_that_it_is_full, "the alarm")
        await shown.until(lambda view: not view["outputs"]["recording"], "the end of it")
        public.forget()
        await wait_until(lambda: public.mark(), "the program, still")
        server.command("open_microphone", site=LEFT)
        await wait_until(lambda: public.heard(700) > -30, "its sound")


def test_below_the_reserve_nothing_is_written(tmp_path: Path) -> None:
    reserve = CONFIG + f"[recording]\nstop_free_bytes = {10**15}\n"
    with Server(tmp_path, reserve) as server:
        asyncio.run(goes_on_without_recording(server))
        assert server.get("/healthz").status == 200
        assert not list(server.archive.glob("*.m4s"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """12 MB that can really be filled."""
    with own_disk(tmp_path / "small", "size=12m") as folder:
        yield folder


def test_a_disk_that_fills_up_while_recording(small_disk: Path) -> None:
    config = CONFIG + "[recording]\nstop_free_bytes = 0\nwarn_free_bytes = 0\n"
    with Server(small_disk, config) as server:

        async def story() -> None:
            async with page(server) as shown:
                server.command("go_live")
                await shown.until(lambda v: v["outputs"]["recorded_s"] > 4, "a recording")
                filler = fill(small_disk)
                await shown.until(told_that_it_is_full, "the alarm")
                before_s = shown.view["outputs"]["recorded_s"]
                await live_goes_on(server)
                assert shown.view["session"]["phase"] == "live"
                filler.unlink()
                enough = lambda v: v["outputs"]["recorded_s"] > before_s + 3  # noqa: E731
                await shown.until(enough, "it goes on by itself")
                await shown.until(lambda view: not told_that_it_is_full(view), "and says so")
                server.command("end_session")
                await shown.until(lambda v: not v["outputs"]["recording"], "the end of it")

        asyncio.run(story())
        check_what_was_recorded(server)


def fill(folder: Path) -> Path:
    """To the last byte but what is needed to write down that it is full."""
    space = os.statvfs(folder)
    path = folder / "filler"
    with path.open("wb") as filler:
        filler.write(bytes(max(0, space.f_bavail * space.f_frsize - 300_000)))
    return path


async def live_goes_on(server: Server) -> None:
    async with watching(server.url(f"/whep/{server.session}")) as public:
        await wait_until(lambda: len(public.pictures) > 25, "the program, still")


def check_what_was_recorded(server: Server) -> None:
    """All before and after plays; what is missing between is told to the second. So is what a
    machine that stood still did not record."""
    recording = hls.served(server)
    assert recording.ended
    assert hls.faults(recording) == []
    for one, other in pairwise(recording.segments):
        hole_s = other.at_s - one.at_s - one.duration_s
        assert (hole_s > 0.1) == other.discontinuity
    wanted = to_be_recorded(server.events(), 0)
    gaps = [gap.span for gap in verify(server.archive, wanted).findings if gap.span is not None]
    assert len(gaps) == len(verify(server.archive, wanted).findings) >= 1
    missing_s = sum(span.length_ms for span in wanted) / 1000 - recording.duration_s
    told_s = sum(span.length_ms for span in gaps) / 1000
    assert told_s == pytest.approx(missing_s, abs=len(gaps) * BEGIN_MS / 1000)
