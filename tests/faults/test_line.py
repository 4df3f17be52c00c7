"""A site's line fails while it is on air: the card, and the site back in its place by itself."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from tests.live import Page, page
from tests.media import tone_level, wait_until
from tests.peers import Watched, watching
from tests.server import LEFT, READY_S, Server, drawn_site, kill


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("line")) as server:
        server.command("go_live")
        server.command("give_turn", delegate="lay-1", kind="speech")
        yield server


def shows_the_room(watched: Watched) -> bool:
    """The drawn room has a bright wall; the card for a lost signal is dark there."""
    picture = watched.pictures[-1][1]
    height, width = picture.shape
    return bool(picture[height // 4 : height // 2, width // 8 : width // 4].mean() > 110)


async def on_air(shown: Page, public: Watched) -> None:
    await shown.until(lambda _: shown.site(LEFT)["video"] == "ok", "the site", READY_S)
    await wait_until(lambda: public.pictures and shows_the_room(public), "its picture")
    await wait_until(lambda: shown.levels.get(LEFT, -96) > -50, "its voice")


async def off_air(shown: Page, public: Watched) -> None:
    await wait_until(lambda: not shows_the_room(public), "the card")
    await shown.until(lambda _: shown.site(LEFT)["video"] != "ok", "the page's word of it")
    public.forget()
    await wait_until(
        lambda: len(public.sound) > 50 and tone_level(public.last_sound(1), 120) < -70,
        "a second without its voice",
    )
    assert shown.view["floor"]["site"] == LEFT, "the turn goes on"
    assert shown.site(LEFT)["microphone_open"]


def test_a_line_that_stood_still_is_on_air_again_by_itself(server: Server) -> None:
    async def story() -> None:
        with drawn_site(server, LEFT) as pid:
            async with (
                page(server) as shown,
                watching(server.url(f"/whep/{server.session}")) as public,
            ):
                await on_air(shown, public)
                os.kill(pid, signal.SIGSTOP)
                try:
                    await off_air(shown, public)
                finally:
                    os.kill(pid, signal.SIGCONT)
                await on_air(shown, public)

    asyncio.run(story())


def test_a_site_that_died_and_joins_again_is_on_air(server: Server) -> None:
    async def story() -> None:
        async with (
            page(server) as shown,
            watching(server.url(f"/whep/{server.session}")) as public,
        ):
            with drawn_site(server, LEFT) as pid:
                await on_air(shown, public)
                kill(pid)
                await off_air(shown, public)
            with drawn_site(server, LEFT):
                await on_air(shown, public)

    asyncio.run(story())
