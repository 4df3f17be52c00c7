"""The people of a session and the pages they sit before, in real Chromium.

Each gesture of a person is one short method, and what they see is another; a play that is made of
them reads as the session went. Nothing here knows the server: only pages, as they are clicked.
"""

import asyncio
import base64
import io
import os
import re
import time
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.async_api import CDPSession, ConsoleMessage, Locator, Page, expect

from tests import media
from tests.media import wait_until
from web.build import versioned

SLOW_MS = 90_000
"""How long anything may take on a machine that does ten things at once."""
REST_S = 0.8
"""A page takes a second press of the same button within 700 ms for a trembling hand."""
SLATE_LOOKS = 5
AHEAD = f"""() => import("{versioned()}/state.js").then(({{now}}) =>
  now() - (globalThis.really ?? (() => performance.timeOrigin + performance.now()))())"""
"""How far a page's idea of the time is from the machine's, milliseconds."""
WRONG_CLOCK = """{
  const steady = performance.now.bind(performance);
  globalThis.really = () => performance.timeOrigin + steady();
  performance.now = () => steady() + %d;
  Date.now = () => Math.round(performance.timeOrigin + performance.now());
}"""
"""The computer's clock as its page sees it, so many milliseconds fast."""
SHOT = """(video) => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [640, 360];
  canvas.getContext('2d').drawImage(video, 0, 0, 640, 360);
  return canvas.toDataURL('image/png').split(',')[1];
}"""
PLAYING = """({currentTime, readyState, paused, buffered}) => {
  const parts = [...Array(buffered.length).keys()];
  const held = parts.map((n) => [buffered.start(n), buffered.end(n)]);
  return JSON.stringify({currentTime, readyState, paused, held});
}"""
KEYS = {"cut": "Space", "call_next": "n", "end_turn": "e"}
PICTURES = os.environ.get("PLAY_PICTURES")
"""A folder: all pages are photographed in each act, for whoever wants to look at them."""


async def left_s(tab: Page) -> int:
    """On the speaker's clock."""
    digits = re.findall(r"\d", await tab.get_by_test_id("clock").locator(".digits").inner_text())
    return int("".join(digits[:-2])) * 60 + int("".join(digits[-2:]))


async def has_more_time(tab: Page, than_s: int) -> None:
    """The speaker: of itself it only grows less."""

    async def more() -> bool:
        return await left_s(tab) > than_s

    await wait_until(more, f"more than {than_s} s", SLOW_MS / 1000)


class Person:
    """Somebody before one page."""

    def __init__(self, name: str, tab: Page) -> None:
        self.name = name
        self.complaints: list[str] = []
        self.sits_before(tab)
        self._pressed: dict[str, float] = {}

    def sits_before(self, tab: Page) -> None:
        self.tab = tab
        tab.set_default_timeout(SLOW_MS)
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on("console", self._hears)

    def _hears(self, line: ConsoleMessage) -> None:
        if line.type == "error":
            self.complaints.append(line.text)

    def at(self, name: str) -> Locator:
        return self.tab.get_by_test_id(name)

    async def press(self, name: str) -> None:
        await self._ready_to_press(name)
        await self.at(name).click()
        self._pressed[name] = time.monotonic()

    async def _ready_to_press(self, name: str) -> None:
        """Not sooner than the same hand presses it again, and than it looks as if it may be."""
        await asyncio.sleep(max(0.0, self._pressed.get(name, 0) + REST_S - time.monotonic()))
        button = self.at(name)
        await expect(button).to_be_enabled(timeout=SLOW_MS)
        await expect(button).not_to_have_attribute("aria-busy", "true", timeout=SLOW_MS)

    async def holds(self, name: str) -> None:
        """Until the page has taken it."""
        await self._ready_to_press(name)
        await self.at(name).hover()
        await self.tab.mouse.down()
        await self.sees_no(name)
        await self.tab.mouse.up()

    async def sees(self, name: str, text: str | re.Pattern[str] = "") -> None:
        """That it is there, and says so."""
        await expect(self.at(name).first).to_contain_text(text, timeout=SLOW_MS)

    async def sees_no(self, name: str) -> None:
        await expect(self.at(name)).to_have_count(0, timeout=SLOW_MS)

    async def is_told(self, name: str, attribute: str, value: str) -> None:
        """By the look of it: colours hang on these attributes."""
        await expect(self.at(name)).to_have_attribute(f"data-{attribute}", value, timeout=SLOW_MS)

    async def pulls_the_cable(self) -> None:
        await self.tab.context.set_offline(True)

    async def plugs_it_in_again(self) -> None:
        await self.tab.context.set_offline(False)

    async def reads_nowhere(self, text: str) -> None:
        assert text not in await self.tab.inner_text("body")

    async def ahead_ms(self) -> float:
        return float(await self.tab.evaluate(AHEAD))

    async def photograph(self, act: str) -> None:
        if PICTURES:
            path = Path(PICTURES) / f"{act}-{self.name}.png"
            await self.tab.screenshot(path=path, timeout=60_000)


class Operator(Person):
    """The technician: 1920×1080, as many keys as clicks."""

    async def begins_the_rehearsal(self) -> None:
        await self.press("page-menu")
        await self.press("rehearse-open")
        await self.press("begin-rehearsal")

    async def finds_good(self, site: str) -> None:
        """All six checks of a site, one after the other."""
        await self.press(f"walk-{site}")
        for check in ("picture", "sound_in", "sound_out", "echo", "line", "name_plate"):
            await self.press(f"ok-{check}")
            await self.is_told(f"check-{check}", "outcome", "ok")

    async def goes_to_the_panel(self) -> None:
        await self.tab.locator("a[href^='/operator/']").click()
        await self.sees("phase")

    async def seats(self, key: str) -> None:
        """A site into the preview, by the number on its tile."""
        await self.tab.keyboard.press(key)

    async def presses_key_of(self, name: str) -> None:
        """The key that is written on a button."""
        await self._ready_to_press(name)
        await self.tab.keyboard.press(KEYS[name])
        self._pressed[name] = time.monotonic()

    async def sees_tile(self, site: str, **told: str) -> None:
        """`tally`, `video`, `open`."""
        for attribute, value in told.items():
            await self.is_told(f"site-{site}", attribute, value)

    async def writes_to(self, site: str, text: str) -> None:
        await self.press("chat-open")
        await self.press(f"chat-{site}")
        await self.at("chat-text").fill(text)
        await self.at("chat-text").press("Enter")
        await self.sees("messages", text)
        await self.tab.keyboard.press("Escape")
        await self.sees_no("chat")


class Chair(Person):
    """With a tablet, in front of television."""

    async def goes_live(self) -> None:
        await self.press("go_live")
        await self.press("confirm-do")

    async def goes_to_the_next_item(self) -> None:
        await self.press("next-item")
        await self.press("confirm-do")

    async def closes_with_the_next_item(self, staying: str) -> None:
        await self.press("next-item")
        await self.press(f"stay-{staying}")
        await self.press("close-part")

    async def asks_to_open(self) -> None:
        await self.press("request_opening")

    async def confirms_opening(self) -> None:
        await self.holds("confirm-hold")

    async def ends_the_session(self) -> None:
        await self.press("end_session")
        await self.holds("confirm-hold")

    async def sees_first_in_line(self, name: str) -> None:
        await expect(self.at("queue").locator("li").first).to_contain_text(name, timeout=SLOW_MS)


class Clerk(Person):
    """At a desk: keeps the record."""

    async def types_a_caption(self, text: str) -> None:
        await self.at("caption-input").fill(text)
        await self.at("caption-input").press("Enter")

    async def writes_a_decision(self, text: str) -> None:
        await self.press("kind-decision")
        await self.at("note-text").fill(text)
        await self.press("note-save")
        await self.sees("note", text)

    async def corrects_the_last_turn(self, delegate: str, reason: str) -> None:
        await self.at("correct").first.click()
        await self.at("correct-delegate").select_option(delegate)
        await self.at("correct-reason").fill(reason)
        await self.press("correct-save")
        await self.sees_no("correct-dialog")

    async def sees_running(self, name: str) -> None:
        row = self.at("spoken-row").first
        await expect(row).to_contain_text(name, timeout=SLOW_MS)
        await expect(row).to_have_attribute("data-running", "true")

    async def opens_the_minutes(self) -> Person:
        async with self.tab.context.expect_page() as opening:
            await self.press("minutes")
        return Person("minutes", await opening.value)


class District(Person):
    """A room with a camera, a microphone and one computer."""

    def __init__(self, name: str, tab: Page, site: str, link: str) -> None:
        super().__init__(name, tab)
        self.site = site
        self._link = link

    async def has_a_clock_that_is_wrong(self, by_ms: int) -> None:
        await self.tab.add_init_script(WRONG_CLOCK % by_ms)

    async def opens_its_link(self) -> None:
        await self.tab.goto(self._link)

    async def tests_itself(self) -> None:
        """Says something, and hears the two chimes."""
        await self.press("test-tone")
        await self.press("tone-heard")
        findings = self.at("self-test").locator("li")
        for part, text in enumerate(("có hình", "đã nghe thấy tiếng", "nghe rõ")):
            await expect(findings.nth(part)).to_contain_text(text, timeout=SLOW_MS)

    async def joins(self) -> None:
        await self.press("join")
        await self.sees("line", "Đường truyền tốt")

    async def asks(self, kind: str, who: str = "", about: str = "") -> None:
        if who:
            await self.at(f"who-{who}").check()
        if about:
            await self.at("ask-about").select_option(label=about)
        await self.press(f"ask-{kind}")

    async def is_on_air(self) -> None:
        await self.sees("standing", "ĐANG PHÁT")
        await self.is_told("own-microphone", "state", "open")

    async def is_not_on_air(self) -> None:
        """It follows, or is told that it is next; nobody hears it."""
        await self.sees("standing", re.compile("ĐANG THEO DÕI|SẮP PHÁT"))
        await self.is_told("own-microphone", "state", "closed")

    async def loses_its_tab(self) -> None:
        """Its process is gone from one moment to the next: it says goodbye to nobody."""
        devtools: CDPSession = await self.tab.context.new_cdp_session(self.tab)
        async with self.tab.expect_event("crash", timeout=SLOW_MS):
            dying = asyncio.ensure_future(devtools.send("Page.crash"))
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)

    async def opens_another_tab(self) -> None:
        context = self.tab.context
        await self.tab.close()
        self.sits_before(await context.new_page())
        await self.opens_its_link()


class Public(Person):
    """At home, with a telephone."""

    async def site_shown(self) -> int | None:
        """Whose camera the player shows, by its marks (`tests.media`); None: nobody's, as on the
        slate."""
        shot = base64.b64decode(await self.at("player").evaluate(SHOT))
        mark = media.read_mark(np.asarray(Image.open(io.BytesIO(shot)).convert("L")))
        return None if mark is None else mark.site

    async def sees_site(self, number: int | None) -> None:
        """Live: whoever fell behind goes there. One picture that cannot be read is no slate yet."""
        seen: list[int | None] = []

        async def shown() -> bool:
            if await self.at("to-live").count():
                await self.press("to-live")
            seen.append(await self.site_shown())
            looks = 1 if number is not None else SLATE_LOOKS
            return seen[-looks:] == [number] * looks

        try:
            await wait_until(shown, f"the public's picture: {number}", SLOW_MS / 1000)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; {await self.at('player').evaluate(PLAYING)}") from None
