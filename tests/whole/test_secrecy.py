"""A closed item never leaves the room: read back from everything that is public."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from tests import hls, media
from tests.live import page
from tests.media import wait_until
from tests.peers import publishing, watching
from tests.server import CLOSED_ITEM, LEFT, OPEN_ITEM, Server

HZ = 700


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("secrecy")) as server:
        yield server


def test_nothing_is_public_before_the_session_is_live(server: Server) -> None:
    async def story() -> None:
        whip = server.url(f"/whip/{LEFT}")
        async with (
            publishing(whip, server.site_tokens[LEFT], 1, HZ),
            watching(server.url(f"/whep/{server.session}")) as public,
            watching(server.url(f"/whep/{server.session}/room"), server.operator) as room,
        ):
            server.cut("full", LEFT)
            server.command("open_microphone", site=LEFT)
            await wait_until(lambda: room.mark(), "the site in the room's program", 30)
            await wait_until(lambda: len(public.pictures) > 25, "the public's slate", 30)
            assert all(media.read_mark(picture) is None for _, picture in public.pictures)
            assert media.loudest_tone(public.last_sound(2), HZ) < -80
        assert server.get(f"/live/{server.session}/index.m3u8").status == 404

    asyncio.run(story())


def test_a_closed_item_reaches_nobody_outside(server: Server) -> None:
    async def story() -> tuple[float, float]:
        whip = server.url(f"/whip/{LEFT}")
        async with (
            page(server) as shown,
            publishing(whip, server.site_tokens[LEFT], 1, HZ),
            watching(server.url(f"/whep/{server.session}")) as public,
            watching(server.url(f"/whep/{server.session}/room"), server.operator) as room,
        ):
            server.command("go_live")
            server.cut("full", LEFT)
            server.command("open_microphone", site=LEFT)
            await wait_until(lambda: public.mark(), "the open item in public", 30)
            server.command("choose_item", item=CLOSED_ITEM, staying=[LEFT])
            server.cut("full", LEFT)
            server.command("open_microphone", site=LEFT)
            closed_at = time.time()
            await wait_until(lambda: public.pictures and not public.mark(), "the slate", 10)
            public.forget()
            room.forget()
            await wait_until(lambda: len(public.pictures) > 75, "three seconds of slate", 30)
            assert all(media.read_mark(picture) is None for _, picture in public.pictures)
            assert media.loudest_tone(public.last_sound(1), HZ) < -80
            await wait_until(lambda: room.mark(), "the closed item in the room")
            assert media.loudest_tone(room.last_sound(1.6), HZ) > -40
            server.command("choose_item", item=OPEN_ITEM)
            server.command("request_opening")
            open_at = time.time()
            server.command("confirm_opening")
            server.cut("full", LEFT)
            await wait_until(lambda: public.mark(), "the open item again", 30)
            before = shown.view["outputs"]["recorded_s"]
            await shown.until(
                lambda view: view["outputs"]["recorded_s"] > before + 3, "more recording"
            )
            return closed_at, open_at

    closed_at, open_at = asyncio.run(story())
    check_recording(server, closed_at, open_at)
    chapters = server.get(f"/api/v1/sessions/{server.session}/chapters").body.decode()
    assert "nhân sự" not in chapters
    check_sealed(server)


def check_sealed(server: Server) -> None:
    """What nobody outside got is there for the operator, and for no public way."""
    at = f"/api/v1/sessions/{server.session}/sealed"
    film = server.get(f"{at}/film.mp4", Authorization=f"Bearer {server.operator}")
    clip = media.decode(film.body)
    assert sum(mark is not None for _, mark in clip.marks()) > 50
    assert media.loudest_tone(clip.heard(), HZ) > -40
    site = server.site_tokens[LEFT]
    for path in (f"{at}/film.mp4", f"{at}/index.m3u8", f"{at}/00000000.m4s"):
        assert server.get(path).status == 401
        assert server.get(path, Authorization=f"Bearer {site}").status == 403
    for room in ("live", "archive"):
        for path in (f"/{room}/sealed/index.m3u8", f"/{room}/{server.session}/sealed/index.m3u8"):
            assert server.get(path).status == 404


def check_recording(server: Server, closed_at: float, open_at: float) -> None:
    def fetch(name: str) -> bytes:
        return server.get(f"/archive/{server.session}/{name}").body

    recording = hls.read(fetch("index.m3u8").decode(), fetch)
    assert hls.faults(recording) == []
    seen_outside = seen_inside = 0
    for segment in recording.segments:
        clip = segment.clip()
        zero = segment.at_s - clip.pictures[0][0]
        for at, mark in clip.marks():
            inside = closed_at + 0.2 < zero + at < open_at
            seen_inside += inside and mark is not None
            seen_outside += not inside and mark is not None
        if closed_at + 1 < segment.at_s < segment.at_s + segment.duration_s < open_at:
            assert media.loudest_tone(clip.heard(), HZ) < -80
    assert seen_inside == 0
    assert seen_outside > 20
