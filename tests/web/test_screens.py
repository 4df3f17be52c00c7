"""What a site shares of its screen, over real HTTP and WebRTC: who lets it in, and what ends it."""

import asyncio
from pathlib import Path

import pytest

from config.settings import Camera
from tests.peers import publishing
from tests.web.rig import CHUA, LAY, Page, Rig, relay, settings_in
from tests.web.test_doorkeeper import _ask
from web import on_air

PATH = f"/whip/{LAY}/screen"


async def _share(rig: Rig) -> None:
    await rig.command("allow_screen", site=LAY, allowed=True)
    status, _ = await rig.command("share_screen", token=rig.site(LAY), site=LAY)
    assert status == 200


def _asked_for_a_large_screen(page: Page) -> bool:
    wish = page.last.get("quality", {})
    return (wish.get("source"), wish.get("level")) == ("screen", "preview") and wish["fps"] <= 10


def test_it_comes_while_it_is_shared_and_is_hung_up_on_when_it_is_not(tmp_path: Path) -> None:
    """Also from a room whose picture is a camera of the settings: a computer stands beside it."""
    settings = settings_in(tmp_path, cameras=(Camera(site=LAY, url="rtsp://127.0.0.1:9/none"),))

    async def scenario() -> None:
        async with (
            relay(settings) as rig,
            rig.page("operator", rig.operator) as panel,
            rig.page("site", rig.site(LAY)) as page,
        ):
            assert await _ask(rig, f"/whip/{LAY}", rig.site(LAY)) == (409, "site_has_camera")
            assert await _ask(rig, PATH, rig.site(LAY)) == (403, "screen_not_shared")
            pages = [False, True, False]
            await panel.until(
                lambda p: p.view and [s["page"] for s in p.view["sites"].values()] == pages
            )
            status, answer = await rig.command("share_screen", token=rig.site(LAY), site=LAY)
            assert (status, answer["error"]["code"]) == (409, "screen_not_allowed")
            await _share(rig)
            for token, expected in ((rig.site(CHUA), 403), (rig.operator, 403), (None, 401)):
                assert (await _ask(rig, PATH, token))[0] == expected

            async with publishing(rig.url(PATH), rig.site(LAY), 1, 500) as peer:
                await panel.until(
                    lambda p: p.view and [s["video"] for s in p.view["screens"]] == ["ok"]
                )
                here = {one["id"] for one in panel.view["sites"].values() if one["present"]}
                assert here <= {LAY}
                await rig.command(
                    "set_preview", scene={"layout": "full", "sources": [f"@screen:{LAY}"]}
                )
                await page.until(
                    lambda p: p.view and [s["tally"] for s in p.view["screens"]] == ["preview"]
                )
                await page.until(_asked_for_a_large_screen)

                await rig.command("allow_screen", site=LAY, allowed=False)
                await panel.until(lambda p: p.view["screens"] == [])
                assert panel.view["preview"]["sources"] == [LAY]
                await page.until(lambda p: p.view["me"]["screen"] == "none")
                async with asyncio.timeout(60):
                    while peer.connectionState == "connected":
                        await asyncio.sleep(0.05)
            assert await _ask(rig, PATH, rig.site(LAY)) == (403, "screen_not_shared")
            by = [(one.actor, one.event.type) for one in rig.store.load("phien-thu")]
            assert ("operator", "screen_allowed") in by
            assert (LAY, "screen_shared") in by

    asyncio.run(scenario())


def test_a_screen_whose_page_is_gone_is_shared_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with (
            relay(settings_in(tmp_path)) as rig,
            rig.page("operator", rig.operator) as panel,
        ):
            await _share(rig)
            await panel.until(lambda p: p.view and p.view["screens"])
            monkeypatch.setattr(on_air, "SCREEN_MS", 0)
            await panel.until(lambda p: p.view["screens"] == [])
            assert panel.view["sites"][LAY]["screen"] == "allowed", "its page may share again"

    asyncio.run(scenario())
