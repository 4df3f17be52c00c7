"""A station takes the public program, through the whole server; the operator sees if it does."""

import asyncio
import shutil
import subprocess
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests import media
from tests.broadcast.outputs.test_push import (
    NOWHERE,
    RTMP_MODULE,
    icecast,
    nginx,
    receiving,
    size_of,
    transmitting,
)
from tests.live import Page, page
from tests.media import wait_until
from tests.peers import FPS, publishing
from tests.ports import free_port
from tests.server import AGENDA, CLOSED_ITEM, CONFIG, LEFT, Server


def states(view: dict[str, Any]) -> dict[str, str]:
    return {push["name"]: push["state"] for push in view["outputs"]["pushes"]}


def waiting(view: dict[str, Any]) -> list[str]:
    return [alarm["message"] for alarm in view["alarms"] if alarm["code"] == "push_waiting"]


def test_a_station_gets_the_program(tmp_path: Path) -> None:
    url, file = f"rtmp://127.0.0.1:{free_port()}/live/key", tmp_path / "taken.flv"
    pushes = "\n".join(
        f'[[push]]\nname = "{name}"\nurl = "{where}"'
        for name, where in (("VTV", url), ("Nobody", NOWHERE))
    )

    async def story(server: Server, station: subprocess.Popen[bytes]) -> None:
        async with (
            page(server) as operator,
            publishing(server.url(f"/whip/{LEFT}"), server.site_tokens[LEFT], 1, 700),
        ):
            server.command("go_live")
            server.cut("full", LEFT)
            await operator.until(lambda view: states(view).get("VTV") == "sending", "the station")

            def seen() -> bool:
                clip = media.decode(file.read_bytes()) if size_of(file) else media.Clip()
                return any(mark and mark.site == 1 for _, mark in clip.marks())

            await wait_until(seen, "the site at the station")
            await operator.until(
                lambda view: [one for one in waiting(view) if "Nobody" in one and "VTV" not in one],
                "the alarm of the other one, alone",
            )
            assert station.poll() is None
            station.kill()
            await operator.until(lambda view: states(view).get("VTV") != "sending", "its loss")
            at = f"/api/v1/sessions/{server.session}/pushes/Nobody"
            answer = server.request(
                "PATCH", at, b'{"on": false}', Content_Type="application/json",
                Authorization=f"Bearer {server.operator}",
            )  # fmt: skip
            assert answer.status == 200
            await operator.until(lambda view: list(states(view)) == ["VTV"], "it is off")

    with (
        receiving(file, "-listen", "1", "-i", url) as station,
        Server(tmp_path / "server", CONFIG + pushes) as server,
    ):
        asyncio.run(story(server, station))


needs_stations = pytest.mark.skipif(
    shutil.which("srt-live-transmit") is None or not RTMP_MODULE.exists(),
    reason="needs srt-tools and nginx with its RTMP module",
)


@needs_stations
def test_a_station_gets_it_on_one_time_line_though_the_studio_dies(tmp_path: Path) -> None:
    """One that takes SRT without looking up, and a platform that takes RTMP."""
    srt, rtmp = free_port(), free_port()
    stations = {"VTV": f"srt://127.0.0.1:{srt}", "nền tảng": f"rtmp://127.0.0.1:{rtmp}/live/key"}
    pushes = "\n".join(f'[[push]]\nname = "{name}"\nurl = "{at}"' for name, at in stations.items())
    taken, platform = tmp_path / "taken.ts", tmp_path / "key.flv"

    async def sending_more(shown: Page) -> None:
        """Both, and two seconds more are at each."""
        await shown.until(lambda v: {*states(v).values()} == {"sending"}, "both stations")
        before = {file: size_of(file) for file in (taken, platform)}
        more = lambda: all(size_of(one) > size + 40_000 for one, size in before.items())  # noqa: E731
        await wait_until(more, "two seconds more at each")

    async def story(server: Server) -> None:
        whip, token = server.url(f"/whip/{LEFT}"), server.site_tokens[LEFT]
        began_s = time.monotonic()
        drawn = lambda now_s: int((now_s - began_s) * FPS)  # noqa: E731
        async with page(server) as shown, publishing(whip, token, 1, 700, clock=drawn):
            server.command("go_live")
            server.cut("full", LEFT)
            await sending_more(shown)
            killed = server.kill("studio")
            platform.unlink()  # nginx goes on in it only where the connection does
            await asyncio.to_thread(server.wait_for_child, "studio", killed)
            await shown.until(lambda v: states(v).get("VTV") != "sending", "the loss is told")
            await sending_more(shown)

    with (
        nginx(tmp_path, rtmp),
        transmitting(f"srt://:{srt}?mode=listener", taken),
        Server(tmp_path / "server", CONFIG + pushes) as server,
    ):
        asyncio.run(story(server))
    check_one_time_line(media.decode(taken.read_bytes()))
    assert len([mark for _, mark in media.decode(platform.read_bytes()).marks() if mark]) > 25


def check_one_time_line(clip: media.Clip) -> None:
    """What was drawn a second later is a second later at the station, over the gap too. What came
    soonest of each run tells it: a slow machine holds up the rest."""
    seen = [(at_s, mark.number / FPS) for at_s, mark in clip.marks() if mark is not None]
    gaps_s = [later[0] - sooner[0] for sooner, later in pairwise(seen)]
    assert min(gaps_s) > 0
    again = gaps_s.index(max(gaps_s)) + 1
    before, after = (
        min(at_s - drawn_s for at_s, drawn_s in run) for run in (seen[:again], seen[again:])
    )
    assert abs(after - before) < max(gaps_s) / 2


class Listener:
    """A receiver of the radio: reads the titles that stand between the sound (ICY metadata)."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.titles: list[str] = []

    async def run(self) -> None:
        """Until the server ends the stream; tunes in again while there is none."""
        async with aiohttp.ClientSession() as http:
            while True:
                with suppress(aiohttp.ClientError, asyncio.IncompleteReadError):
                    async with http.get(self._url, headers={"Icy-MetaData": "1"}) as answer:
                        answer.raise_for_status()
                        await self._listen(answer.content, int(answer.headers["icy-metaint"]))
                await asyncio.sleep(0.2)

    async def _listen(self, stream: aiohttp.StreamReader, gap: int) -> None:
        while True:
            await stream.readexactly(gap)
            (length,) = await stream.readexactly(1)
            said = (await stream.readexactly(16 * length)).rstrip(b"\0").decode()
            if said:
                self.titles.append(said.partition("StreamTitle='")[2].partition("';")[0])

    async def reads(self, title: str) -> None:
        await wait_until(lambda: self.titles and self.titles[-1] == title, title)


@pytest.mark.skipif(shutil.which("icecast2") is None, reason="needs Icecast")
def test_who_listens_reads_who_speaks(tmp_path: Path) -> None:
    port = free_port()
    url = f"icecast://source:secret@127.0.0.1:{port}/live"
    spoken = "Điêu Thị Xuân (Thị xã Mường Lay) – Mục 1: Thảo luận – Phiên thử"
    closed = "Họp kín, chương trình sẽ tiếp tục ngay sau nội dung này – Phiên thử"

    async def story(server: Server, listener: Listener) -> None:
        with icecast(tmp_path, port):
            await listener.reads("Phiên họp sắp bắt đầu – Phiên thử")
            server.command("go_live")
            await listener.reads("Mục 1: Thảo luận – Phiên thử")
            server.command("register", delegate="lay-1", kind="speech")
            server.command("call_next")
            await listener.reads(spoken)
        listener.titles.clear()
        with icecast(tmp_path, port):
            await listener.reads(spoken)
            server.command("close_part", staying=[], item=CLOSED_ITEM)
            await listener.reads(closed)
            assert not any(AGENDA[1].title in one for one in listener.titles)

    async def listening(server: Server) -> None:
        listener = Listener(f"http://127.0.0.1:{port}/live")
        async with asyncio.TaskGroup() as tasks:
            receiver = tasks.create_task(listener.run())
            await story(server, listener)
            receiver.cancel()

    config = f'{CONFIG}[[push]]\nname = "Đài"\nurl = "{url}"'
    with Server(tmp_path / "server", config) as server:
        asyncio.run(listening(server))
