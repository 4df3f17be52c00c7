"""What comes too late, too early, or not at all, and must not mislead a page. Real Chromium."""

import asyncio
import io
from functools import partial
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Page, Request, Route, expect

from broadcast.session.model import Role
from tests.browser.test_hands import desk
from tests.chromium import camera_files, chromium, join_as_a_person_would
from tests.media import wait_until
from tests.web.rig import ITEM, LAY, SESSION, Rig, relay, settings_in
from tests.web.test_media import PLAYLIST
from web import line_test

CHAPTERS = "**/chapters"
AT_ONCE_MS = 3_000
"""Less than a browser needs to see by itself that nobody answers."""


async def joined(tab: Page, rig: Rig) -> None:
    await tab.goto(rig.url(f"/join/{SESSION}/{LAY}#{rig.site(LAY)}"))
    await join_as_a_person_would(tab)
    await expect(tab.get_by_test_id("line")).to_contain_text("tốt")
    await expect(tab.locator(".return .no-picture")).to_have_count(0)


def test_a_link_is_not_dead_because_others_test_their_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour before the session more sites test at once than the server lets: cameras open."""
    monkeypatch.setattr(line_test, "AT_ONCE", 0)

    def looks(request: Request) -> bool:
        return request.method == "OPTIONS" and request.url.endswith(f"/whip/{LAY}")

    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            tab = await browser.new_page()
            async with (
                tab.expect_request(looks),  # once link and camera are settled
                tab.expect_response("**/line-test?bytes=1") as tried,
            ):
                await tab.goto(rig.url(f"/join/{SESSION}/{LAY}#{rig.site(LAY)}"))
            assert (await tried.value).status == 503
            await expect(tab.get_by_test_id("join")).to_be_enabled()

    asyncio.run(story())


def test_the_first_that_a_site_writes_is_said_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            tab = await browser.new_page()
            await desk(tab, rig, Role.OPERATOR)
            toasts = tab.get_by_test_id("toasts")
            for text in ("Mất tiếng", "Đã có lại"):
                await rig.command("send_message", token=rig.site(LAY), text=text)
                await expect(toasts).to_contain_text(text)
            await tab.reload()
            await expect(tab.get_by_test_id("chat-open")).to_have_attribute("data-unread", "true")
            await expect(toasts).to_be_empty()

    asyncio.run(story())


def test_a_talk_that_was_given_up_before_its_answer_holds_no_seat(tmp_path: Path) -> None:
    """Else the next press was told for a quarter of a minute that somebody else talks there."""

    async def story() -> None:
        camera = camera_files(tmp_path, 1, 700)
        async with relay(settings_in(tmp_path)) as rig, chromium(camera) as browser:
            room, panel = await browser.new_page(), await browser.new_page()
            await joined(room, rig)
            await desk(panel, rig, Role.OPERATOR)
            answered, given_up = asyncio.Event(), asyncio.Event()

            async def hold(route: Route) -> None:
                answer = await route.fetch()
                answered.set()
                await given_up.wait()
                await route.fulfill(response=answer)

            await panel.route("**/talk", hold)
            await panel.get_by_test_id(f"talk-{LAY}").hover()
            await panel.mouse.down()
            await answered.wait()
            await panel.mouse.up()
            async with panel.expect_response(lambda one: one.request.method == "DELETE"):
                given_up.set()
            await panel.unroute("**/talk")
            await panel.mouse.down()
            mark = panel.get_by_test_id(f"talk-mark-{LAY}")
            await expect(mark).to_have_attribute("data-on", "true")
            await room.close()  # and the button with it, that somebody holds
            await expect(panel.get_by_test_id(f"talk-{LAY}")).to_have_count(0)
            await expect(mark).to_have_count(0)

    asyncio.run(story())


def test_a_page_whose_room_is_open_elsewhere_opens_no_camera_any_more(tmp_path: Path) -> None:
    """Not even where its own was lost, and something is plugged in."""

    async def story() -> None:
        camera = camera_files(tmp_path, 1, 700)
        async with relay(settings_in(tmp_path)) as rig, chromium(camera) as browser:
            older, newer = await browser.new_page(), await browser.new_page()
            await joined(older, rig)
            await older.get_by_test_id("own-picture").evaluate(
                "video => video.srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))"
            )
            await expect(older.get_by_test_id("camera-trouble")).to_be_visible()
            await joined(newer, rig)
            await expect(older.get_by_test_id("stop")).to_be_visible()
            opened = await older.evaluate(
                """async () => {
                  let opened = 0;
                  navigator.mediaDevices.getUserMedia = async () => { opened += 1; };
                  navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
                  await navigator.mediaDevices.enumerateDevices();
                  await navigator.mediaDevices.enumerateDevices();
                  return opened;
                }"""
            )
            assert opened == 0

    asyncio.run(story())


def test_a_page_that_is_shown_again_as_it_was_joins_anew(tmp_path: Path) -> None:
    """As Safari does on the way back: leaving it, the page told the server so."""

    async def story() -> None:
        camera = camera_files(tmp_path, 1, 700)
        async with relay(settings_in(tmp_path)) as rig, chromium(camera) as browser:
            room = await browser.new_page()
            await joined(room, rig)

            def joins(request: Request) -> bool:
                return request.method == "POST" and request.url.endswith(f"/whip/{LAY}")

            async with room.expect_request(joins, timeout=AT_ONCE_MS):
                for name in ("pagehide", "pageshow"):
                    await room.evaluate(
                        "name => dispatchEvent(new PageTransitionEvent(name, {persisted: true}))",
                        name,
                    )
            await expect(room.get_by_test_id("line")).to_contain_text("tốt")

    asyncio.run(story())


async def _paper(rig: Rig, pages: int) -> str:
    """Shown to the public; its id."""
    paper, sheet = io.BytesIO(), Image.new("RGB", (200, 280), "white")
    sheet.save(paper, "PDF", save_all=True, append_images=[sheet] * (pages - 1))
    path = f"/api/v1/sessions/{SESSION}/items/{ITEM}/documents?name=T"
    bearer = f"Bearer {rig.operator}"
    _, added = await rig.post(path, paper.getvalue(), Authorization=bearer)
    await rig.command("show_document", document=added["id"], public=True)
    return str(added["id"])


def test_a_page_that_does_not_come_hides_none_that_is_read(tmp_path: Path) -> None:
    """The next one is fetched ahead; who turns to it meanwhile waits, and fetches it no second
    time."""

    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            paper = await _paper(rig, 3)
            tab = await browser.new_page()
            await tab.goto(rig.url(f"/watch/{SESSION}"))
            refused, comes, asked = asyncio.Event(), asyncio.Event(), list[str]()

            async def refuse(route: Route) -> None:
                await route.fulfill(status=503, json={"error": {"code": "x", "message": "Bận."}})
                refused.set()

            async def hold(route: Route) -> None:
                asked.append(route.request.url)
                await comes.wait()
                await route.continue_()

            await tab.route("**/pages/2", refuse)
            await tab.route("**/pages/3", hold)
            await tab.get_by_test_id(f"paper-{paper}").click()
            shown, at = tab.get_by_test_id("reader-page"), tab.get_by_test_id("reader-at")
            await refused.wait()
            await tab.evaluate("() => new Promise(requestAnimationFrame)")
            await expect(shown).to_be_visible()
            await tab.unroute("**/pages/2")
            await tab.keyboard.press("ArrowRight")
            await expect(at).to_have_text("Trang 2/3")
            await expect(shown).to_be_visible()
            await wait_until(lambda: asked, "the third page is asked for")
            await tab.keyboard.press("ArrowRight")
            await expect(at).to_have_text("Trang 3/3")
            comes.set()
            await expect(shown).to_be_visible()
            assert len(asked) == 1

    asyncio.run(story())


@pytest.mark.parametrize("page", ["display", "chair"])
def test_a_screen_that_nobody_touches_stays_on(tmp_path: Path, page: str) -> None:
    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            tab = await browser.new_page()
            await tab.add_init_script(
                "globalThis.wished = []; navigator.wakeLock.request ="
                " async (what) => { globalThis.wished.push(what); };"
            )
            await desk(tab, rig, Role.CHAIR)
            await tab.goto(rig.url(f"/{page}/{SESSION}"))
            await tab.wait_for_function("() => globalThis.wished.includes('screen')")

    asyncio.run(story())


async def told_over(rig: Rig) -> bool:
    answer = await rig.get(f"/api/v1/sessions/{SESSION}/chapters")
    return bool((await answer.json())["over"])


def test_chapters_of_a_session_that_is_over_are_asked_for_once(tmp_path: Path) -> None:
    """A hundred who watch it behind one address would soon be told that they ask too often. Until
    the recording has its end, and where an answer failed, they are asked for again."""

    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            folder = rig.settings.storage.data_dir / "archive" / SESSION
            folder.mkdir(parents=True)
            (folder / "index.m3u8").write_text(PLAYLIST)
            tab, asked, url = await browser.new_page(), list[str](), rig.url(f"/play/{SESSION}")
            tab.on("request", lambda one: asked.append(one.url) if "chapters" in one.url else None)
            await tab.clock.install()
            await rig.command("go_live")
            async with tab.expect_response(CHAPTERS):
                await tab.goto(url)
            for _ in range(3):
                async with tab.expect_response(CHAPTERS):
                    await tab.clock.run_for(10_000)
            await rig.command("end_session")
            async with tab.expect_response(CHAPTERS):
                await tab.goto(url)
            async with tab.expect_response(CHAPTERS):
                await tab.clock.run_for(10_000)
            with (folder / "index.m3u8").open("a") as playlist:
                playlist.write("#EXT-X-ENDLIST\n")
            await wait_until(partial(told_over, rig), "the server sees the end")
            await tab.route(CHAPTERS, lambda route: route.abort(), times=1)
            await tab.goto(url)
            await expect(tab.locator(".chapters .error")).to_be_visible()
            async with tab.expect_response(CHAPTERS):
                await tab.clock.run_for(10_000)
            await expect(tab.locator(".chapters .error")).to_have_count(0)
            asked.clear()
            await tab.clock.run_for(60_000)
            await tab.evaluate("() => fetch(location.href)")  # whatever was asked before is noted
            assert asked == []

    asyncio.run(story())
