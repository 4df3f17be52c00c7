"""The page of a district when something is not as it should be: plain words, and what to do."""

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urldefrag

import pytest
from PIL import Image
from playwright.async_api import Route, expect

from broadcast.layout import Layout, seats_of
from streams.frames import SiteId
from tests.chromium import camera_files, chromium, complaints, join_as_a_person_would, signed_in
from tests.live import page as live_page
from tests.media import wait_until
from tests.peers import Watched, publishing, watching
from tests.server import FEW_PICTURES, HALL, LEFT, RIGHT, Server
from web import setup
from web.auth import HOUR_MS, Tokens

LONG_AGO_MS = 10_000 * HOUR_MS
PHONE = (360, 640)
KEEPS_NOTHING = """for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(globalThis, name, {
    get() { throw new DOMException(name, "SecurityError"); },
  });"""
"""As Chromium does where all cookies are refused."""


KNOWS_ONLY = """globalThis.known = %s;
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  addTransceiver(...given) {
    const transceiver = super.addTransceiver(...given);
    if (given[0] === "video") {
      transceiver.setCodecPreferences(RTCRtpReceiver.getCapabilities("video").codecs
        .filter(({mimeType}) => known.includes(mimeType)));
    }
    return transceiver;
  }
};"""
"""A browser that has no other formats for pictures offers none."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("district"), FEW_PICTURES) as server:
        yield server


def test_devices_that_are_refused_are_explained(server: Server) -> None:
    async def story() -> None:
        async with chromium(allows=False) as browser:
            tab = await browser.new_page()
            await tab.goto(server.join_url(LEFT))
            await expect(tab.get_by_test_id("camera-trouble")).to_contain_text("chưa được phép")
            await expect(tab.get_by_test_id("microphone-trouble")).to_contain_text("Cho phép")
            await expect(tab.get_by_test_id("join")).to_be_disabled()
            await tab.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
            await expect(tab.get_by_text("ít nhất một camera hoặc một micrô")).to_be_in_viewport(
                ratio=1
            )
            width = await tab.evaluate("document.querySelector('.join-row').scrollWidth")
            assert width <= PHONE[0]

    asyncio.run(story())


UNPLUG = """() => {
  globalThis.opened.getAudioTracks().forEach((track) => track.dispatchEvent(new Event("ended")));
}"""
KEEPS_WHAT_IS_OPENED = """(() => {
  const real = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = async function (wish) {
    return globalThis.opened = await real.call(this, wish);
  };
})()"""


def test_a_room_whose_microphone_is_unplugged_is_not_told_that_it_is_heard(server: Server) -> None:
    async def story() -> None:
        async with chromium() as browser:
            tab = await browser.new_page()
            await tab.add_init_script(KEEPS_WHAT_IS_OPENED)
            await tab.goto(server.join_url(LEFT))
            await join_as_a_person_would(tab)
            own = tab.get_by_test_id("own-microphone")
            server.command("open_microphone", site=LEFT)
            await expect(own).to_contain_text("Mọi người đang nghe thấy phòng này")
            await tab.evaluate(UNPLUG)
            await expect(own).to_contain_text("không nghe thấy phòng này")
            server.command("close_microphone", site=LEFT)

    asyncio.run(story())


def test_a_browser_without_our_formats_says_so_before_it_joins(server: Server) -> None:
    """A Firefox that could not fetch OpenH264, and then did; and one that can send none."""

    async def story() -> None:
        async with chromium() as browser:
            hears, mute = await browser.new_page(), await browser.new_page()
            await hears.add_init_script(KNOWS_ONLY % '["video/VP8"]')
            await mute.add_init_script(KNOWS_ONLY % '["video/VP9", "video/AV1"]')
            await hears.goto(server.join_url(LEFT))
            await mute.goto(server.join_url(RIGHT))
            await expect(hears.get_by_test_id("formats")).to_contain_text("OpenH264")
            await expect(hears.get_by_test_id("join")).to_be_enabled()
            await expect(mute.get_by_test_id("formats")).to_contain_text("không thấy, không nghe")
            await hears.evaluate("known.push('video/H264')")
            await hears.get_by_test_id("formats").get_by_role("button").click()
            await expect(hears.get_by_test_id("formats")).to_have_count(0)

    asyncio.run(story())


def test_a_control_room_that_cannot_see_the_program_says_so(server: Server) -> None:
    """Its page was joining for ever."""

    async def story() -> None:
        async with chromium(size=(1366, 768)) as browser:
            tab = await browser.new_page()
            await tab.add_init_script(KNOWS_ONLY % '["video/VP8"]')
            await signed_in(tab, server.url(f"/sign-in#token={server.operator}"))
            note = tab.get_by_test_id("program").locator(".screen-note")
            await expect(note).to_contain_text("H.264")

    asyncio.run(story())


def test_a_browser_that_keeps_nothing(server: Server, tmp_path: Path) -> None:
    async def story() -> None:
        async with chromium(camera_files(tmp_path, 1, 700)) as browser:
            tab = await browser.new_page()
            await tab.add_init_script(KEEPS_NOTHING)
            found = complaints(tab)
            await tab.goto(server.join_url(LEFT))
            await join_as_a_person_would(tab)
            await expect(tab.get_by_test_id("line")).to_contain_text("tốt")
            await tab.reload()
            await expect(tab.get_by_test_id("device-test")).to_be_visible()
            await tab.goto(server.url(f"/watch/{server.session}"))
            await expect(tab.locator("main")).to_be_visible()
            assert found == []

    asyncio.run(story())


def test_links_that_do_not_open(server: Server) -> None:
    """Each says why, before anybody tests a camera; a good one never stays in the address."""
    with setup.open_store(server.settings) as store:
        tokens, elsewhere = (
            server.tokens(store),
            Tokens(store, b"of another server".ljust(32), server.settings.security, setup.now_ms),
        )
        revoked = tokens.issue_join_token(server.session, HALL)
        tokens.revoke_join_tokens(server.session, HALL)
        dead = {
            elsewhere.issue_join_token(server.session, HALL): "không đúng",
            server.tokens(store, -LONG_AGO_MS).issue_join_token(server.session, HALL): "hết hạn",
            revoked: "đường dẫn mới",
            server.site_tokens[RIGHT]: "điểm cầu khác",
            tokens.issue_join_token("another", HALL): "phiên họp khác",
        }

    async def story() -> None:
        async with chromium() as browser:
            tab = await browser.new_page()
            bare = urldefrag(server.join_url(HALL)).url
            stop = tab.get_by_test_id("stop")
            await tab.goto(bare)
            await expect(stop).to_contain_text("chưa đủ")
            for token, why in dead.items():
                await tab.goto(f"{bare}#{token}")
                await expect(stop.get_by_role("heading")).to_contain_text(why)
                await expect(stop).to_contain_text("phòng điều khiển")
            for path in (f"/join/nowhere/{LEFT}", f"/join/{server.session}/nowhere"):
                await tab.goto(server.url(path))
                await expect(tab.get_by_test_id("error")).to_contain_text("phòng điều khiển")
            await tab.goto(server.join_url(LEFT))
            await expect(tab.get_by_test_id("device-test")).to_be_visible()
            assert tab.url == urldefrag(server.join_url(LEFT)).url
            await tab.goto(f"{tab.url}#nonsense")  # as one pastes a new link into the same tab
            await expect(stop).to_be_visible()

    asyncio.run(story())


def test_camera_and_link_are_tried_at_once(server: Server, tmp_path: Path) -> None:
    """On a thin line the answer is a second away; a camera that nobody is asked for is not."""

    async def story() -> None:
        async with chromium(camera_files(tmp_path, 1, 700)) as browser:
            tab, answered = await browser.new_page(), asyncio.Event()

            async def hold(route: Route) -> None:
                await answered.wait()
                await route.continue_()

            await tab.route("**/line-test?bytes=1", hold)
            await tab.goto(f"{urldefrag(server.join_url(LEFT)).url}#nonsense")
            own = tab.get_by_test_id("own-picture")
            await expect(own).to_have_js_property("readyState", 4)
            camera = await own.evaluate_handle("video => video.srcObject.getVideoTracks()[0]")
            answered.set()
            await expect(tab.get_by_test_id("stop")).to_contain_text("không đúng")
            assert await camera.evaluate("track => track.readyState") == "ended", "nobody is seen"

    asyncio.run(story())


def test_the_microphone_that_was_chosen_is_the_one_next_time(server: Server) -> None:
    async def story() -> None:
        async with chromium() as browser:
            tab = await browser.new_page()
            await tab.goto(server.join_url(LEFT))
            choice = tab.get_by_label("Chọn micrô")
            others = choice.locator("option:not(:checked)")
            wish = await others.first.get_attribute("value") or ""
            await choice.select_option(wish)
            await tab.reload()
            await expect(choice).to_have_value(wish)

    asyncio.run(story())


def test_a_session_that_waits_and_one_that_is_over(tmp_path: Path) -> None:
    """Of two sessions one is on. The other's site is told so, not to look at its cable."""

    async def story(server: Server) -> None:
        with setup.open_store(server.settings) as store:
            other = setup.prepare_session(store, "dien_bien")
            token = server.tokens(store).issue_join_token(other, SiteId("tua-chua"))
        async with chromium() as browser:
            server.command("go_live")
            tab, ended = await browser.new_page(), await browser.new_page()
            await tab.goto(server.url(f"/join/{other}/tua-chua#{token}"))
            await join_as_a_person_would(tab)
            await expect(tab.get_by_test_id("line-lost")).to_contain_text("phiên họp khác")
            server.command("end_session")
            await ended.goto(server.join_url(LEFT))
            await expect(ended.get_by_test_id("stop")).to_contain_text("đã kết thúc")
            play = ended.get_by_role("link", name="Xem lại")
            await expect(play).to_have_attribute("href", f"/play/{server.session}")
            await expect(tab.get_by_test_id("line")).to_contain_text("tốt")
            await expect(tab.get_by_test_id("line-lost")).to_have_count(0)

    with Server(tmp_path, FEW_PICTURES) as server:
        asyncio.run(story(server))


def test_a_seat_that_is_taken_is_told_and_taken_over_when_free(server: Server) -> None:
    async def story() -> None:
        whip, token = server.url(f"/whip/{LEFT}"), server.site_tokens[LEFT]
        async with chromium() as browser:
            tab = await browser.new_page()
            async with publishing(whip, token, 1, 700):
                await tab.goto(server.join_url(LEFT))
                await join_as_a_person_would(tab)
                await expect(tab.get_by_test_id("line-lost")).to_be_visible()
            await expect(tab.get_by_test_id("line")).to_contain_text("tốt")
            await expect(tab.get_by_test_id("line-lost")).to_have_count(0)
            await expect(tab.get_by_test_id("own-microphone")).to_have_attribute(
                "data-state", "closed"
            )

    asyncio.run(story())


def test_a_link_that_is_opened_twice_sends_from_the_newer_page_alone(server: Server) -> None:
    """The older says so: nobody would know that its camera and its microphone were still on air."""

    async def story() -> None:
        async with chromium() as browser:
            older, newer = await browser.new_page(), await browser.new_page()
            for tab in (older, newer, older):
                if await tab.get_by_test_id("reload").count():
                    await tab.get_by_test_id("reload").click()
                else:
                    await tab.goto(server.join_url(LEFT))
                    await join_as_a_person_would(tab)
                await expect(tab.get_by_test_id("line")).to_contain_text("tốt")
                await expect(tab.get_by_test_id("line-lost")).to_have_count(0)
            await expect(newer.get_by_test_id("stop")).to_contain_text("vừa được mở")

    asyncio.run(story())


PLUGGED_IN_LATER = """() => {
  const real = MediaDevices.prototype.enumerateDevices;
  MediaDevices.prototype.enumerateDevices = async function () {
    const all = await real.call(this);
    return all.filter(({kind}, at) => globalThis.plugged || kind !== "audioinput"
      || all.findIndex((one) => one.kind === kind) === at);
  };
}"""
"""One microphone at first. Nothing can be plugged into Chromium's own test devices."""


def test_a_microphone_that_is_plugged_in_can_be_chosen(server: Server) -> None:
    async def story() -> None:
        async with chromium() as browser:
            tab = await browser.new_page()
            await tab.add_init_script(f"({PLUGGED_IN_LATER})()")
            await tab.goto(server.join_url(LEFT))
            await expect(tab.get_by_test_id("join")).to_be_enabled()
            await expect(tab.get_by_label("Chọn micrô")).to_have_count(0)
            await tab.evaluate("""() => {
              globalThis.plugged = true;
              navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
            }""")
            await expect(tab.get_by_label("Chọn micrô")).to_be_visible()

    asyncio.run(story())


def _brightness(watched: Watched) -> float:
    """Of the middle of the newest picture."""
    picture = watched.pictures[-1][1]
    height, width = picture.shape
    return float(picture[height // 3 : height // 2, width // 4 : width // 2].mean())


_SHARED_BRIGHTNESS = """() => {
  const video = document.querySelector('[data-testid=share-picture]');
  const canvas = new OffscreenCanvas(64, 36), paint = canvas.getContext('2d');
  paint.drawImage(video, 0, 0, 64, 36);
  const {data} = paint.getImageData(16, 12, 16, 6);
  let sum = 0;
  const part = (at, weight) => weight * data[at];
  for (let i = 0; i < data.length; i += 4) {
    sum += part(i, 0.299) + part(i + 1, 0.587) + part(i + 2, 0.114);
  }
  return sum / (data.length / 4);
}"""


def test_a_shared_screen_goes_on_air_with_its_speaker_and_ends_when_told(
    server: Server, tmp_path: Path
) -> None:
    async def story() -> None:
        inset = seats_of(Layout.PICTURE_IN_PICTURE)[1]
        camera = camera_files(tmp_path, 1, 700.0)
        async with chromium(camera) as browser, live_page(server) as panel:
            tab = await browser.new_page()
            found = complaints(tab)
            await tab.goto(server.join_url(LEFT))
            await join_as_a_person_would(tab)
            await expect(tab.get_by_test_id("return-feed")).to_be_visible()
            await expect(tab.get_by_test_id("share-start")).to_have_count(0)
            server.command("allow_screen", site=LEFT, allowed=True)
            await tab.get_by_test_id("share-start").click()
            await panel.until(
                lambda v: [one["video"] for one in v["screens"]] == ["ok"], "the screen"
            )
            server.cut("picture-in-picture", f"@screen:{LEFT}", LEFT)
            await expect(tab.get_by_test_id("share-state")).to_contain_text("ĐANG PHÁT")
            async with watching(
                server.url(f"/whep/{server.session}/room"), server.operator
            ) as room:

                async def its_picture() -> bool:
                    shared = await tab.evaluate(_SHARED_BRIGHTNESS)
                    return abs(_brightness(room) - shared) < 25 and room.mark() is None

                await wait_until(lambda: room.shows(1, inset), "the speaker in the corner")
                await wait_until(its_picture, "its picture, and the speaker not whole")
                server.command("allow_screen", site=LEFT, allowed=False)
                await expect(tab.get_by_test_id("share")).to_have_count(0)
                await wait_until(lambda: room.shows(1), "the speaker alone")
            # Hanging up, or sending again, finds that the server ended it before.
            assert [one for one in found if "404" not in one and "409" not in one] == []

    asyncio.run(story())


def test_the_room_reads_a_paper_while_its_page_tests_itself_for_the_operator(
    server: Server,
) -> None:
    pages = [Image.new("RGB", (595, 842), color) for color in ("white", "red")]
    paper = io.BytesIO()
    pages[0].save(paper, "PDF", save_all=True, append_images=pages[1:])
    path = f"/api/v1/sessions/{server.session}/items/thao-luan/documents?name=To-trinh"
    key = {"Authorization": f"Bearer {server.operator}"}
    document = server.request("POST", path, paper.getvalue(), **key).json()["id"]
    server.command("go_live")  # so that the line is left alone

    async def story() -> None:
        async with chromium() as browser, live_page(server) as panel:
            tab = await browser.new_page()
            await tab.goto(server.join_url(LEFT))
            await join_as_a_person_would(tab)
            await panel.until(lambda _: panel.site(LEFT)["self_test"], "its page's report")
            server.command("ask_self_test", site=LEFT)
            await expect(tab.get_by_test_id("asked-test")).to_be_visible()

            await tab.get_by_test_id(f"paper-{document}").click()
            shown = tab.get_by_test_id("reader-page")
            at = tab.get_by_test_id("reader-at")  # drawn beside media, when there is time for it
            await expect(at).to_have_text("Trang 1/2", timeout=90_000)
            await expect(shown).to_be_visible()
            first = await shown.get_attribute("src")
            await tab.keyboard.press("ArrowRight")
            await expect(at).to_have_text("Trang 2/2")
            await expect(shown).not_to_have_attribute("src", str(first))
            await tab.keyboard.press("+")
            await expect(tab.get_by_test_id("reader-desk")).to_have_attribute("data-whole", "false")
            await tab.keyboard.press("Escape")
            await expect(tab.get_by_test_id("reader")).to_have_count(0)

            await tab.get_by_test_id("asked-heard").click(timeout=90_000)
            await panel.until(
                lambda _: (
                    panel.site(LEFT)["self_test"].get("asked_at_ms")
                    == panel.site(LEFT)["test_asked_at_ms"]
                    and panel.site(LEFT)["self_test"]["speaker"] == "heard"
                ),
                "the answer",
            )

    asyncio.run(story())
