"""hls.js in Chromium plays live, goes back to the start, and plays the archive with chapters."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import m3u8
import pytest
from playwright.async_api import Page as BrowserPage
from playwright.async_api import Route, expect

from broadcast.session.written_events import CaptionTyped
from tests.cast import Public
from tests.chromium import chromium, complaints
from tests.live import Page, page
from tests.media import wait_until
from tests.peers import publishing
from tests.server import FEW_PICTURES, LEFT, Server

CAPTION = "Kính thưa Hội đồng & cử tri"
CUE = """(text) => {
  for (const track of document.querySelector('[data-testid="player"]').textTracks) {
    for (const cue of track.cues ?? []) {
      if (cue.getCueAsHTML().textContent === text) return {start: cue.startTime};
    }
  }
  return null;
}"""
HIDDEN = """() => [...document.querySelector('[data-testid="player"]').textTracks]
  .every((track) => track.mode !== "showing")"""
GIVES_UP = """async () => {
  const {default: Hls} = await import("hls.js");
  const real = Hls.prototype.trigger;
  const hls = await new Promise((found) => {
    Hls.prototype.trigger = function (...told) { found(this); return real.apply(this, told); };
  });
  Hls.prototype.trigger = real;
  const error = new Error("the playhead stands");
  hls.trigger(Hls.Events.ERROR,
    {type: "mediaError", details: "bufferStalledError", fatal: true, error});
  return hls.loadingEnabled;
}"""
"""With the player's own hls.js, whoever it is that speaks next."""
BEFORE_THE_HOLE = """(hole) => {
  document.querySelector('[data-testid="player"]').currentTime = hole - 1;
}"""
TO_LIVE = """() => {
  const video = document.querySelector('[data-testid="player"]');
  video.currentTime = video.seekable.end(0) - 3;
}"""
STATE = """() => {
  const video = document.querySelector('[data-testid="player"]');
  return {at: video.currentTime, ready: video.readyState, error: video.error?.message ?? null,
    decoded: video.getVideoPlaybackQuality().totalVideoFrames, source: video.currentSrc,
    seekable: video.seekable.length ? video.seekable.end(0) : 0};
}"""


NO_MEDIA_SOURCE = "delete globalThis.MediaSource; delete globalThis.ManagedMediaSource;"
"""As on an iPhone before iOS 17.1: such a browser plays HLS itself. So does Chromium."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("players"), FEW_PICTURES) as server:
        yield server


async def plays(tab: BrowserPage, what: str) -> dict[str, float]:
    """Until two more seconds were played and a second's pictures decoded."""
    await tab.get_by_test_id("player").wait_for()
    began = await tab.evaluate(STATE)

    async def further() -> dict[str, float] | None:
        now: dict[str, float] = await tab.evaluate(STATE)
        assert now["error"] is None
        moved = abs(now["at"] - began["at"]) > 2 and now["decoded"] > began["decoded"] + 20
        return now if moved else None

    return await wait_until(further, what)


def test_live_rewind_and_archive(server: Server) -> None:
    async def story() -> None:
        whip = server.url(f"/whip/{LEFT}")
        async with chromium() as browser:
            watch, operator_tab = await browser.new_page(), await browser.new_page()
            troubles = complaints(watch)
            await check_there_is_nothing_yet(operator_tab, server)
            async with (
                page(server) as shown,
                publishing(whip, server.site_tokens[LEFT], 1, 700),
            ):
                server.command("go_live")
                server.cut("full", LEFT)
                await shown.until(lambda v: v["outputs"].get("recorded_s", 0) > 2, "a beginning")
                await leave_a_hole(server, shown)
                for _ in range(2):
                    server.command("give_turn", delegate="lay-1", kind="speech")
                    recorded = shown.view["outputs"]["recorded_s"]
                    await shown.until(
                        lambda v, before=recorded: v["outputs"]["recorded_s"] > before + 2,
                        "two seconds of a turn",
                    )  # fmt: skip
                    server.command("end_turn")
                server.command("type_caption", text=CAPTION, typing_ms=1000)
                await watch.goto(server.url(f"/watch/{server.session}"))
                live = await plays(watch, "live playback")
                assert str(live["source"]).startswith("blob:"), "hls.js, not the browser's own"
                assert any(one.url.endswith("/hls.worker.js") for one in watch.workers)
                began = time.monotonic()
                await watch.evaluate(
                    "document.querySelector('[data-testid=\"player\"]').currentTime = 0.5"
                )
                early = await plays(watch, "playback from the start")
                assert early["at"] < 2 + 1.5 * (time.monotonic() - began), "it went to live"
                await watch.evaluate(BEFORE_THE_HOLE, hole_at_s(server))
                await plays(watch, "playback over the hole")
                shared = await share_this_moment(watch)
                await operator_tab.bring_to_front()  # what nobody sees the browser need not load
                await operator_tab.get_by_test_id("player").wait_for()  # there is something now
                await check_a_thin_line(operator_tab, shared)
                await operator_tab.goto("about:blank")
                await operator_tab.goto(shared)
                await wait_until(lambda: stands_at(operator_tab, shared), "the moment, while live")
                await watch.bring_to_front()
                await captioned(watch, server, typing_s=0)
                await check_renditions(watch)
                await check_quick(watch)
                await check_a_recess(watch, server)
                await check_a_broken_decoder(watch)
                assert troubles == []
                own = await browser.new_page()
                await check_a_browsers_own_player(own, server)
                server.command("end_session")
            await check_a_moment_that_was_never(operator_tab, server)
            await operator_tab.close()
            await check_archive(await browser.new_page(), server, shared)
            await check_its_archive(own, shared)

    asyncio.run(story())


def breaks_twice() -> Callable[[Route], Awaitable[None]]:
    """A line that does so while the player is fetched over it."""
    left = iter(range(2))

    async def answer(route: Route) -> None:
        if next(left, None) is None:
            await route.continue_()
        else:
            await route.abort()

    return answer


async def leave_a_hole(server: Server, shown: Page) -> None:
    """The studio is killed, and records again a second or two later."""
    recorded = shown.view["outputs"]["recorded_s"]
    killed = server.kill("studio")
    await asyncio.to_thread(server.wait_for_child, "studio", killed)
    await shown.until(lambda v: v["outputs"]["recorded_s"] > recorded + 1, "it goes on")


def recorded_pieces(server: Server) -> m3u8.SegmentList:
    index = server.get(f"/archive/{server.session}/index.m3u8").body.decode()
    return m3u8.loads(index).segments


def hole_at_s(server: Server) -> float:
    """Where in the recording it is."""
    pieces = recorded_pieces(server)
    hole = next(number for number, piece in enumerate(pieces) if piece.discontinuity)
    return float(sum(piece.duration for piece in pieces[:hole]))


def second_of(server: Server, at_s: float) -> float:
    """Of the recording, at that time of day; a hole has no length in it."""
    second = before_s = 0.0
    for piece in recorded_pieces(server):
        into_s = at_s - piece.current_program_date_time.timestamp()
        if into_s >= 0:
            second = before_s + into_s
        before_s += piece.duration
    return second


async def check_a_broken_decoder(tab: BrowserPage) -> None:
    """Where hls.js gives up, say at a decoder that stands: it goes on loading and playing."""
    assert await tab.evaluate(GIVES_UP), "the playlist is read no more"
    await plays(tab, "playback after a fault")


async def share_this_moment(watch: BrowserPage) -> str:
    """The link that the public page hands on, to where its player is."""
    await watch.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await watch.evaluate("document.querySelector('[data-testid=\"player\"]').pause()")
    at = (await watch.evaluate(STATE))["at"]
    await watch.get_by_test_id("share-now").click()
    await expect(watch.get_by_test_id("share-now")).to_contain_text("Đã sao chép")
    shared = str(await watch.evaluate("navigator.clipboard.readText()"))
    assert shared.endswith(f"#t={int(at)}")
    await watch.evaluate("document.querySelector('[data-testid=\"player\"]').play()")
    return shared


async def check_there_is_nothing_yet(play: BrowserPage, server: Server) -> None:
    """It says so, and the player comes by itself once there is."""
    await play.goto(server.url(f"/play/{server.session}"))
    await expect(play.get_by_test_id("not-recorded")).to_be_visible()
    await expect(play.get_by_test_id("player")).to_have_count(0)


async def check_a_thin_line(play: BrowserPage, shared: str) -> None:
    """Who chooses a chapter before the player is there gets it, whatever the link said."""
    await play.goto("about:blank")
    await play.route("**/vendor/hls.mjs*", breaks_twice())
    await play.goto(shared)
    last = play.get_by_test_id("chapter").nth(2).get_by_role("link")
    await last.click()
    wanted = float(str(await last.get_attribute("href")).partition("#t=")[2])

    async def further() -> bool:
        now = await play.evaluate(STATE)
        assert now["at"] >= wanted - 0.2, "it began elsewhere"
        return bool(now["at"] > wanted + 1 and now["ready"] >= 2)

    await wait_until(further, "the chapter")


async def check_a_moment_that_was_never(play: BrowserPage, server: Server) -> None:
    """It says so, and plays from the start."""
    await play.goto("about:blank")
    await play.goto(server.url(f"/play/{server.session}#t=7200"))
    await expect(play.get_by_role("status").get_by_text("2:00:00")).to_be_visible()
    assert (await play.evaluate(STATE))["at"] < 1


async def check_renditions(watch: BrowserPage) -> None:
    """A smaller picture by choice, the sound alone, and back. At the live end: who went back has
    half a minute in store, and sees that first."""
    await watch.evaluate(TO_LIVE)
    await watch.get_by_test_id("quality").select_option("180")
    player = watch.get_by_test_id("player")

    async def small() -> bool:
        return bool(await player.evaluate("video => video.videoHeight") == 180)

    await wait_until(small, "the smaller picture")
    await plays(watch, "the smaller picture, on and on")
    await watch.get_by_test_id("quality").select_option("0")
    await watch.get_by_test_id("sound").check()
    radio = watch.get_by_test_id("sound-player")
    began = await radio.evaluate("audio => audio.currentTime")

    async def heard() -> bool:
        state = await radio.evaluate("audio => [audio.currentTime, audio.readyState]")
        return bool(state[0] > began + 2 and state[1] >= 2)

    await wait_until(heard, "two seconds of the sound alone")
    await watch.get_by_test_id("sound").uncheck()
    await plays(watch, "the picture, again")


async def check_quick(watch: BrowserPage) -> None:
    """By WebRTC, on the same page, and back to the player that rewinds."""
    unmute = watch.get_by_test_id("unmute")
    await unmute.click()
    await expect(watch.get_by_test_id("player")).to_have_js_property("muted", False)
    await watch.get_by_test_id("quick").check()
    quick = watch.get_by_test_id("quick-player")
    await expect(quick).to_have_js_property("muted", False)
    await quick.evaluate("video => { video.muted = true; }")
    await expect(unmute).to_have_count(1)
    count = "video => video.getVideoPlaybackQuality().totalVideoFrames"

    async def moving() -> bool:
        return bool(await quick.evaluate(count) > 25)

    await wait_until(moving, "a second without delay")
    await watch.get_by_test_id("quick").uncheck()
    await plays(watch, "the player that rewinds, again")


async def check_a_recess(watch: BrowserPage, server: Server) -> None:
    """The same player goes on into the slate, through it, and out of it."""
    public = Public("public", watch)
    server.cut("full", LEFT)
    await public.sees_site(1)
    before = await watch.evaluate(STATE)
    server.command("pause_session")
    await public.sees_site(None)
    await plays(watch, "the recess")
    server.command("resume_session")
    await public.sees_site(1)
    after = await plays(watch, "the session, again")
    assert after["source"] == before["source"]
    assert after["at"] > before["at"] + 4
    assert after["decoded"] > before["decoded"]


async def check_a_browsers_own_player(tab: BrowserPage, server: Server) -> None:
    """That it loads is said until it does."""
    await tab.add_init_script(NO_MEDIA_SOURCE)
    await tab.goto(server.url(f"/watch/{server.session}"))
    live = await plays(tab, "live, by the browser itself")
    assert str(live["source"]).endswith("/master.m3u8")
    await expect(tab.locator(".over-picture")).to_have_count(0)


async def check_its_archive(tab: BrowserPage, shared: str) -> None:
    """After an error it goes on where it was, and as fast."""
    loads, player = tab.locator(".over-picture"), tab.get_by_test_id("player")
    await tab.bring_to_front()
    await tab.goto(shared)
    await wait_until(lambda: stands_at(tab, shared), "the moment, by the browser itself")
    await tab.get_by_test_id("speed").select_option("1.5")
    await player.evaluate("video => video.play()")
    await plays(tab, "the archive, by the browser itself")
    at = (await tab.evaluate(STATE))["at"]
    await player.evaluate("video => video.dispatchEvent(new Event('error'))")
    await expect(loads).to_have_count(1)
    await expect(loads).to_have_count(0)
    assert (await plays(tab, "the archive, after an error"))["at"] > at
    assert await player.evaluate("video => video.playbackRate") == 1.5


async def check_archive(play: BrowserPage, server: Server, shared: str) -> None:
    troubles = complaints(play)
    await play.goto(shared)
    chapters = play.get_by_test_id("chapter")
    await expect(chapters).to_have_count(3)  # one item, two turns
    player = play.get_by_test_id("player")
    await player.wait_for()
    await wait_until(lambda: stands_at(play, shared), "the second that the link names")
    await player.evaluate("video => video.play()")
    await plays(play, "the archive")
    await check_a_broken_decoder(play)
    await captioned(play, server, typing_s=1)
    index = f"/archive/{server.session}/index.m3u8"
    await wait_until(lambda: b"#EXT-X-ENDLIST" in server.get(index).body, "its end")
    assert troubles == []


async def captioned(tab: BrowserPage, server: Server, typing_s: float) -> None:
    """The typed line stands where it was said; a reader may put it away."""
    line = next(one for one in server.events() if isinstance(one, CaptionTyped))
    said_s = second_of(server, line.at_ms / 1000 - typing_s)

    async def cue() -> dict[str, float] | None:
        found: dict[str, float] | None = await tab.evaluate(CUE, CAPTION)
        return found

    found = await wait_until(cue, "the caption's cue")
    assert abs(found["start"] - said_s) < 0.25
    await tab.get_by_test_id("captions").uncheck()
    await wait_until(lambda: tab.evaluate(HIDDEN), "captions put away")
    await tab.get_by_test_id("captions").check()


async def stands_at(play: BrowserPage, link: str) -> bool:
    state = await play.evaluate(STATE)
    wanted = float(link.partition("#t=")[2])
    return bool(abs(state["at"] - wanted) < 1 and state["ready"] >= 2)
