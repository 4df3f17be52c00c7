"""No room on the disk: the recording stops, says so, and everything else goes on."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import hls
from tests.live import page
from tests.media import wait_until
from tests.peers import publishing, watching
from tests.server import CONFIG, LEFT, Server


def disk_alarms(view: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in view["alarms"] if "disk" in row["code"]]


async def goes_on_without_recording(server: Server) -> None:
    url = server.url(f"/whip/{LEFT}")
    async with (
        page(server) as shown,
        publishing(url, server.site_tokens[LEFT], 1, 700),
        watching(server.url(f"/whep/{server.session}")) as public,
    ):
        server.command("go_live")
        server.cut("full", LEFT)
        await shown.until(disk_alarms, "the alarm")
        assert len(disk_alarms(shown.view)[0]["message"]) > 20
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
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "none", str(folder)], check=False
    )
    if mounted.returncode:
        pytest.skip("may not mount a file system here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_fills_up_while_recording(small_disk: Path) -> None:
    config = CONFIG + "[recording]\nstop_free_bytes = 0\nwarn_free_bytes = 0\n"
    with Server(small_disk, config) as server:

        async def story() -> None:
            async with page(server) as shown:
                server.command("go_live")
                await shown.until(lambda v: v["outputs"]["recorded_s"] > 4, "a recording")
                fill(small_disk)
            await goes_on_without_recording_any_more(server)

        asyncio.run(story())
        check_what_was_recorded(server)


def fill(folder: Path) -> None:
    """To the last byte but what is needed to write down that it is full."""
    space = os.statvfs(folder)
    with (folder / "filler").open("wb") as filler:
        filler.write(bytes(max(0, space.f_bavail * space.f_frsize - 300_000)))


async def goes_on_without_recording_any_more(server: Server) -> None:
    async with (
        page(server) as shown,
        watching(server.url(f"/whep/{server.session}")) as public,
    ):
        await shown.until(disk_alarms, "the alarm")
        public.forget()
        await wait_until(lambda: len(public.pictures) > 25, "the program, still")
        assert shown.view["session"]["phase"] == "live"


def check_what_was_recorded(server: Server) -> None:
    def fetch(name: str) -> bytes:
        return server.get(f"/archive/{server.session}/{name}").body

    recording = hls.read(fetch("index.m3u8").decode(), fetch)
    assert recording.duration_s > 3
    assert hls.faults(recording) == []
