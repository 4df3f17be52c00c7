"""Every page, held against WCAG 2.2 AA by axe-core in real Chromium; by keyboard, and at 200 %."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from playwright.async_api import Page, WebSocketRoute, expect

from broadcast.session.model import Role
from tests.broadcast.session.hearing import PREPARED
from tests.chromium import chromium, join_as_a_person_would
from tests.media import wait_until
from tests.web.rig import HALL, LAY, SESSION, Rig, relay, settings_in
from tests.web.test_archive import hold
from web.setup import put_account

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
ALL_RULES = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""What else is there is the same in the dark."""
PASSWORD = "0123456789"
PUBLIC = (
    "/",
    "/sign-in",
    f"/watch/{SESSION}",
    f"/display/{SESSION}",
    "/archive",
    f"/play/{PREPARED.id}",
    "/no/such/page",
)
OFFICE = (
    "/",
    "/account",
    "/accounts",
    "/audit",
    f"/audit/{SESSION}",
    "/new",
    f"/prepare/{SESSION}",
    f"/sheets/{SESSION}",
    f"/sealed/{SESSION}",
    f"/minutes/{SESSION}",
    f"/lines/{SESSION}",
    f"/graphics/{SESSION}",
    f"/chair/{SESSION}",
    f"/clerk/{SESSION}",
    f"/rehearse/{SESSION}",
)
OPERATOR = f"/operator/{SESSION}"
"""A control room is for a whole screen. At 200 % it must still work, and on a phone in the hall: by
scrolling, one way."""
STEPS = ("sites", "delegates", "agenda", "links")
DIALOGS = (
    ("page-menu", "destinations-open"),
    ("page-menu", "links-open"),
    ("chat-open",),
    ("register-open",),
    ("session-menu", "limits-open"),
    ("session-menu", "record-open"),
    ("player-open",),
)
PHONE, LEAST = 360, 320
"""The second: a screen of 1280 at 400 %, and the narrowest phone."""
FINGER = """(phone) => {
  const hit = (one) => one.matches("[type=checkbox], [type=radio]") && one.closest("label") || one;
  return [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter((one) => one.checkVisibility({visibilityProperty: true})
      && getComputedStyle(one).display !== "inline" && !one.closest("dialog, [popover], table"))
    .filter((one) => {
      const {width, height} = hit(one).getBoundingClientRect();
      return width < 44 || height < 44;
    }).map((one) => one.outerHTML.slice(0, 90));
}"""
"""What a finger would miss. A link in a sentence is as high as its line (2.5.8)."""
OVERLAPPING = """() => {
  const all = [...document.querySelectorAll("a[href], button, input, select")]
    .filter((one) => one.checkVisibility({visibilityProperty: true})
      && !one.closest("dialog, [popover], .hidden-visually, .join-row"))
    .map((one) => [one, one.getBoundingClientRect()]);
  return all.flatMap(([one, {left, right, top, bottom}], at) => all.slice(at + 1)
    .filter(([other, box]) => !one.contains(other)
      && Math.min(right, box.right) - Math.max(left, box.left) > 1
      && Math.min(bottom, box.bottom) - Math.max(top, box.top) > 1)
    .map(([other]) => `${one.outerHTML.slice(0, 60)} and ${other.outerHTML.slice(0, 60)}`));
}"""
"""But for what sticks to the foot of the page."""
CUT_OFF = """(dialog) => [...dialog.querySelectorAll("li, label")]
  .filter((one) => one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.innerText)"""
"""Rows that run into the next."""
LONG_NAME = "Nguyễn Thị Phương Thảo Hoàng Anh Tôn Nữ Công Tằng Quỳnh Như Trần Lê Thanh Hương Giang"
POST = "Phó Trưởng Đoàn đại biểu Quốc hội, Ủy viên Ban Thường vụ Tỉnh ủy"
MANY = [{"name": f"Lò Thị {number}", "title": POST, "site": HALL} for number in range(12)]
MOST_SAID = 4
LINE_OK = "Đường truyền tốt"
LISTEN = """() => {
  const [said, live] = [[], "[role=status], [role=alert], [aria-live]:not([aria-live=off])"];
  const there = new Set(document.querySelectorAll(live));
  globalThis.said = said;
  new MutationObserver((changes) => {
    const told = new Set();
    for (const {target, addedNodes} of changes) {
      const at = target.nodeType === Node.TEXT_NODE ? target.parentElement : target;
      const place = at.closest(`${live}, [role=timer], [aria-live=off]`);
      if (place && there.has(place)) told.add(place);
      for (const one of addedNodes) if (one.nodeType === Node.ELEMENT_NODE && one.matches("[role=alert]")) told.add(one);
    }
    said.push(...[...told].map((one) => one.textContent.trim()).filter(Boolean));
  }).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""  # noqa: E501 - a page's
"""As a screen reader would: what changes in a live place that it knows, and each new alert."""
WHOLE = """(what) => {
  const one = document.querySelector(what);
  return one !== null && one.scrollHeight <= one.clientHeight + 1;
}"""
ROUND = """() => [...document.querySelectorAll(".names input")]
  .every((one) => one.offsetWidth === one.offsetHeight)"""
SECONDS = """() => [...document.querySelectorAll(".time-of-day, [role=timer]")].map((clock) => {
  const places = [...clock.querySelectorAll(".figure-place")];
  return [places.length, new Set(places.map((one) => one.getBoundingClientRect().width.toFixed(1))).size];
})"""  # noqa: E501 - a page's
"""Of each clock, how many digits have a place of their own, and how many widths these have."""
BELOW = "document.querySelector('.calling').getBoundingClientRect().top"
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
COLOURED = """() => Promise.allSettled(document.getAnimations()
  .filter((one) => one instanceof CSSTransition).map((one) => one.finished))"""
TAB = {"type": "rawKeyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
FOLLOW_FOCUS = """() => {
  document.activeElement?.blur();
  const [reached, unseen] = [new Set(), new Set()];
  Object.assign(globalThis, {reached, unseen});
  document.addEventListener("focusin", ({target}) => {
    const style = getComputedStyle(target);
    const clear = target.matches("body, video, [type^=date]")
      || style.outlineStyle !== "none" || style.boxShadow !== "none";
    reached.add(target);
    if (!clear) unseen.add(target.outerHTML.slice(0, 80));
  });
  const controls = "a[href], button:enabled, input:enabled, select:enabled";
  return [...document.querySelectorAll(controls)].filter((one) =>
    one.checkVisibility({visibilityProperty: true}) && one.tabIndex >= 0
    && !one.closest("dialog, [popover]") && !(one.type === "radio" && !one.checked)).length;
}"""
"""How many controls there are to come to; then who has had the focus, and who did not show it."""


async def shown(page: Page, url: str) -> None:
    """Until the page has drawn itself."""
    await page.goto(url, wait_until="domcontentloaded")  # not until each graphic is drawn
    await page.wait_for_selector("main, .console, .display", state="attached")
    await page.wait_for_timeout(200)


async def lasting(check: Callable[..., Awaitable[list[str]]], page: Page, *how: Any) -> list[str]:
    """What is found wrong, and still is when a slow page has drawn itself."""
    found: list[str] = []

    async def all_is_well() -> bool:
        found[:] = await check(page, *how)
        return not found

    with suppress(TimeoutError):
        await wait_until(all_is_well, "a page without fault")
    return found


async def violations(page: Page, what: str, rules: dict[str, Any] = ALL_RULES) -> list[str]:
    if not await page.evaluate("'axe' in globalThis"):
        await page.evaluate(AXE.read_text("utf-8"))
    found: dict[str, Any] = await page.evaluate(
        "rules => axe.run({runOnly: rules, resultTypes: ['violations'],"
        " rules: {region: {enabled: false}}})",  # a notice stands above what it is about
        rules,
    )
    return [
        f"{what}: {one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


async def too_wide(page: Page, what: str, width: int = 640) -> list[str]:
    """At 200 % a screen of 1280 has 640: reading must need no scrolling sideways (1.4.10)."""
    await page.set_viewport_size({"width": width, "height": 400})
    await page.evaluate(DRAWN)
    wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    await page.set_viewport_size({"width": 1280, "height": 800})
    return [f"{what}: {wide} px too wide at {width}"] if wide > 0 else []


async def on_a_phone(page: Page, what: str) -> list[str]:
    """Held upright: nothing is wider than it, nothing smaller than a finger."""
    wide = await too_wide(page, what, LEAST)
    await page.set_viewport_size({"width": PHONE, "height": 740})
    await page.evaluate(DRAWN)
    small: list[str] = await page.evaluate(FINGER)
    overlapping: list[str] = await page.evaluate(OVERLAPPING)
    await page.set_viewport_size({"width": 1280, "height": 800})
    return [
        *wide,
        *(f"{what}: too small for a finger: {one}" for one in small),
        *(f"{what}: one over the other: {one}" for one in overlapping),
    ]


async def in_a_dialog(page: Page, way: tuple[str, ...]) -> list[str]:
    """By keyboard: it is without fault, it fits a phone, and whoever leaves it is where he was."""
    for name in way:
        await page.get_by_test_id(name).press("Enter")
    dialog = page.locator("dialog[open]")
    await dialog.wait_for()
    faults = await lasting(violations, page, f"the dialog of {way}")
    await page.set_viewport_size({"width": LEAST, "height": 640})
    await page.evaluate(DRAWN)
    if await dialog.evaluate("(one) => one.scrollWidth > one.clientWidth"):
        faults.append(f"the dialog of {way} is too wide")
    faults += [f"the dialog of {way}: cut off: {one}" for one in await dialog.evaluate(CUT_OFF)]
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.keyboard.press("Escape")
    try:
        await expect(page.get_by_test_id(way[0])).to_be_focused()
    except AssertionError as error:
        faults.append(str(error)[:300])
    return faults


async def out_of_reach(page: Page, what: str) -> list[str]:
    """A screen of 1920 has 960 at 200 %: whatever can be pressed can be scrolled to."""
    await page.set_viewport_size({"width": 960, "height": 540})
    await page.evaluate(DRAWN)
    hidden: list[str] = await page.evaluate(
        "[...document.querySelectorAll('a[href], button:enabled, input:enabled, select:enabled')]"
        ".filter(one => one.checkVisibility({visibilityProperty: true})"
        " && !one.closest('dialog, [popover]')).filter(one => {"
        " one.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});"
        " const {x, y, width, height} = one.getBoundingClientRect();"
        " const hit = document.elementFromPoint(x + width / 2, y + height / 2);"
        " return !hit || !(one.contains(hit) || hit.contains(one)); }"
        ").map(one => one.outerHTML.slice(0, 90))"
    )
    await page.set_viewport_size({"width": 1280, "height": 800})
    return [f"{what}: not to be reached at 960: {one}" for one in hidden]


async def unreachable(page: Page, what: str) -> list[str]:
    """By Tab alone one comes to every control that is in sight, and sees where one is."""
    wanted = await page.evaluate(FOLLOW_FOCUS)
    devtools = await page.context.new_cdp_session(page)
    # All at once, and not one after the other's answer: a page has up to a hundred.
    stops = range(wanted + 12)  # a date's field has stops of its own: day, month, year …
    keys = [devtools.send("Input.dispatchKeyEvent", TAB) for _ in stops]
    await asyncio.gather(*keys)
    await devtools.detach()
    reached, unseen = await page.evaluate("[globalThis.reached.size, [...globalThis.unseen]]")
    few = [f"{what}: {reached} of {wanted} by Tab"] if reached < wanted else []
    return few + [f"{what}: no visible focus on {one}" for one in unseen]


async def sign_in(page: Page, rig: Rig) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    put_account(rig.store, "Lò Thị Vân", cheap, frozenset({Role.OPERATOR}), admin=True)
    await page.goto(rig.url("/sign-in"))
    await page.fill("input[name=name]", "Lò Thị Vân")
    await page.fill("input[name=password]", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(rig.url("/"))


def test_the_clerks_page_fits_while_the_room_is_closed(tmp_path: Path) -> None:
    """In the longer language, with a title that is long: a head as wide as its words would push the
    last column out of the window."""

    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            await rig.command("describe_session", title="Phiên giải trình trực tuyến " * 3)
            await rig.command("go_live")
            await rig.command("close_part", staying=[HALL])
            page = await browser.new_page()
            await sign_in(page, rig)
            cookie = {"name": "lang", "value": "en", "url": rig.url("/")}
            await page.context.add_cookies([cookie])
            await shown(page, rig.url(f"/clerk/{SESSION}"))
            await page.get_by_test_id("closed").wait_for()
            for width in (1280, 1100):
                assert await too_wide(page, "/clerk", width) == []

    asyncio.run(story())


def test_every_page(tmp_path: Path) -> None:
    async def story() -> None:
        faults: list[str] = []
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            hold(rig)
            await rig.command("go_live")
            await rig.command("register", delegate="lay-1", kind="speech")
            await rig.command("give_turn", delegate="chua-1", kind="speech")
            page = await browser.new_page()
            for path in PUBLIC:
                await shown(page, rig.url(path))
                for scheme, rules in (("dark", COLOURS), ("light", ALL_RULES)):
                    await page.emulate_media(color_scheme=scheme)
                    await page.evaluate(DRAWN)
                    await page.evaluate(COLOURED)
                    faults += await lasting(violations, page, f"{path} ({scheme})", rules)
                faults += await lasting(unreachable, page, path)
                faults += await lasting(too_wide, page, path)
                faults += await lasting(on_a_phone, page, path)
            await shown(page, rig.url(f"/join/{SESSION}/{LAY}#{rig.site(LAY)}"))
            faults += await lasting(violations, page, "/join")
            faults += await lasting(unreachable, page, "/join")
            faults += await lasting(too_wide, page, "/join")
            await join_as_a_person_would(page)
            await page.get_by_test_id("room").wait_for()
            faults += await lasting(violations, page, "/join (joined)")
            faults += await lasting(unreachable, page, "/join (joined)")
            for width in (640, PHONE):
                faults += await lasting(too_wide, page, "/join (joined)", width)
            faults += await lasting(on_a_phone, page, "/join (joined)")
            await sign_in(page, rig)
            await page.emulate_media(color_scheme="light")
            for path in (*OFFICE, OPERATOR):
                await shown(page, rig.url(path))
                faults += await lasting(violations, page, path)
                faults += await lasting(unreachable, page, path)
                faults += await lasting(on_a_phone, page, path)
                if path == OPERATOR:
                    faults += await lasting(out_of_reach, page, path)
                for width in (640, LEAST):
                    faults += await lasting(too_wide, page, path, width)
            for step in STEPS:
                await shown(page, rig.url(f"/prepare/{SESSION}#{step}"))
                await page.locator(".list").wait_for()
                faults += await lasting(on_a_phone, page, step)
            assert (await rig.command("import_rows", delegates=MANY))[0] == 200
            await shown(page, rig.url(OPERATOR))
            for opened in DIALOGS:
                faults += await in_a_dialog(page, opened)
        assert faults == [], "\n" + "\n".join(faults)

    asyncio.run(story())


def test_what_changes_is_said_and_a_long_name_is_whole(tmp_path: Path) -> None:
    """Said in a place that was there before (else a screen reader says nothing), once, and in few
    words; on the hall's screen and under a thumb nothing of a name can be called up by pointing."""

    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            await rig.command("put_delegate", name=LONG_NAME, site=LAY)
            async with rig.page("operator", rig.operator) as panel:
                await panel.until(lambda p: p.view)
                people = {one["name"]: one["id"] for one in panel.view["delegates"]}
            await rig.command("go_live")
            room, hall, chair, public = [await browser.new_page() for _ in range(4)]
            await shown(public, rig.url(f"/watch/{SESSION}"))
            await shown(hall, rig.url(f"/display/{SESSION}"))
            await shown(room, rig.url(f"/join/{SESSION}/{LAY}#{rig.site(LAY)}"))
            await join_as_a_person_would(room)
            await room.get_by_test_id("room").wait_for()
            await shown(chair, rig.url(f"/sign-in?next=/chair/{SESSION}#token={rig.operator}"))
            await chair.get_by_test_id("floor").wait_for()
            for page in (room, chair, public):
                await page.evaluate(LISTEN)
            await rig.command("register", delegate=people[LONG_NAME], kind="speech")
            await heard(room, f"{LONG_NAME} đã đăng ký")
            await rig.command("call_next")
            for page, words in (
                (room, "Micrô ĐANG MỞ"), (room, "ĐANG PHÁT"),
                (chair, LONG_NAME), (public, LONG_NAME),
            ):  # fmt: skip
                await heard(page, words)
            await chair.wait_for_timeout(1000)  # the clock goes on: nobody wants to hear that
            assert len(await chair.evaluate("globalThis.said")) <= MOST_SAID
            for page in (room, hall, chair):
                clocks = await page.evaluate(SECONDS)
                assert clocks
                assert all(one == [2, 1] for one in clocks), "nothing moves while a clock runs"
            for page, name in ((hall, ".speaker h3"), (chair, ".speaker h2")):
                await whole(page, name)
            await room.set_viewport_size({"width": PHONE, "height": 740})
            assert await room.evaluate(ROUND), "a long name presses what one ticks"
            await room.close()
            for size in ((1366, 768), (1920, 1080)):
                for desk in ("operator", "clerk"):
                    await chair.set_viewport_size({"width": size[0], "height": size[1]})
                    await shown(chair, rig.url(f"/{desk}/{SESSION}"))
                    await whole(chair, ".speaker h2")
            await shown(chair, rig.url(OPERATOR))
            await whole(chair, ".speaker h2")
            below = await chair.evaluate(BELOW)
            await rig.command("end_turn")
            await expect(chair.locator(".nobody")).to_be_visible()
            assert await chair.evaluate(BELOW) == below, "no button moves under a hand"

    asyncio.run(story())


def test_papers_are_printed_on_a4(tmp_path: Path) -> None:
    """Minutes upright; the report on the lines is as wide as its table."""

    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            page = await browser.new_page()
            await sign_in(page, rig)
            for path, upright in ((f"/minutes/{SESSION}", True), (f"/lines/{SESSION}", False)):
                await page.goto(rig.url(path))
                paper = await page.pdf(prefer_css_page_size=True)
                box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper)
                assert box is not None
                size = [round(float(side) / 72 * 25.4) for side in box.groups()]
                assert size == ([210, 297] if upright else [297, 210])

    asyncio.run(story())


def test_a_line_that_is_back_and_a_time_that_is_up_are_said(tmp_path: Path) -> None:
    """In the room that it concerns, and to the chair."""

    async def story() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            await rig.command("go_live")
            room, chair = [await browser.new_page() for _ in range(2)]
            lines = list[WebSocketRoute]()

            def through(line: WebSocketRoute) -> None:
                lines.append(line)
                line.connect_to_server()

            await room.route_web_socket("**/live", through)
            await shown(room, rig.url(f"/join/{SESSION}/{LAY}#{rig.site(LAY)}"))
            await join_as_a_person_would(room)
            await expect(room.get_by_test_id("line")).to_have_text(LINE_OK)
            await shown(chair, rig.url(f"/sign-in?next=/chair/{SESSION}#token={rig.operator}"))
            await chair.get_by_test_id("floor").wait_for()
            for page in (room, chair):
                await page.evaluate(LISTEN)
            await lines[-1].close()
            await heard(room, "Đang nối lại…")
            await heard(room, LINE_OK)

            async with rig.page("operator", rig.operator) as panel:
                await panel.until(lambda p: p.view)
                someone = next(one for one in panel.view["delegates"] if one["site"] == LAY)
                await rig.command("give_turn", delegate=someone["id"], kind="speech")
                await rig.command("pause_clock")  # what is left is the same however slow the pages
                await panel.until(lambda p: p.view.get("floor"))
                limit_ms = panel.view["floor"]["limit_ms"]
            for page, clock in ((room, "own-clock"), (chair, "clock")):
                await page.get_by_test_id(clock).wait_for()
                await page.evaluate(LISTEN)  # the clock's own place is new
            await rig.command("extend_turn", by_ms=20_000 - limit_ms)
            await heard(room, "Sắp hết giờ")
            await rig.command("resume_clock")
            await rig.command("extend_turn", by_ms=-19_999)
            await heard(room, "Đã hết giờ")
            await heard(chair, "quá giờ")

    asyncio.run(story())


async def whole(page: Page, what: str) -> None:
    await wait_until(lambda: page.evaluate(WHOLE, what), "a whole name")


async def heard(page: Page, words: str) -> None:
    said = list[str]()

    async def among() -> bool:
        said[:] = await page.evaluate("globalThis.said")
        return any(words in one for one in said)

    try:
        await wait_until(among, words)
    except TimeoutError:
        raise AssertionError(f"{words!r} is not in {said}") from None
