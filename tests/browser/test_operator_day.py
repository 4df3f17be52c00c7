"""The operator's page through a whole day without a reload: fifty sites, all that is said and done
in eight hours, meters, stills, and dialogs opened and closed; it takes no memory.

The page and the relay are real. The studio is a few lines that say in minutes what one says in a
day; sites are what it says of them.
"""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.async_api import CDPSession, Page, expect

from broadcast.session.model import Role
from tests import day
from tests.chromium import chromium, complaints, signed_in
from tests.trembling import Studio, studio
from tests.web.rig import SESSION, Rig, now_ms, relay, settings_in
from web.build import versioned
from web.setup import open_store

LOOKS = 8
"""In each turn, of the relay at its lines: each changes every tile. In life there are 180."""
MEASURED = 20
"""Turns from one measuring to the next."""
SHOWN = f"""async (frames) => {{
  const {{view}} = await import("{versioned()}/state.js");
  while (!(view.value?.outputs.frames >= frames)) await new Promise((soon) => setTimeout(soon, 5));
}}"""
DIALOGS = (
    ("chat-open", "Escape"),
    (f"line-{day.SITES[7].id}", "Escape"),
    ("player-open", "Escape"),
    ("help-open", "Escape"),
)
HEAP_MB, NODES, LISTENERS = 1.0, 150, 100
"""What the second half of the day may add. In the first, each tile has once had all that a tile can
have; Preact keeps the last of each."""


WRITTEN = {"type_caption", "write_note", "send_message", "note_promise"}


class Size(NamedTuple):
    """Of a page, after its garbage was collected."""

    heap_mb: float
    nodes: int
    listeners: int
    browser_mb: float
    """All processes of the browser, what is theirs alone."""


async def sized(tab: Page, devtools: CDPSession) -> Size:
    for _ in range(3):
        await devtools.send("HeapProfiler.collectGarbage")
    told = await devtools.send("Performance.getMetrics")
    figures = {one["name"]: one["value"] for one in told["metrics"]}
    heap_mb = figures["JSHeapUsedSize"] / 1e6
    nodes, listeners = int(figures["Nodes"]), int(figures["JSEventListeners"])
    return Size(heap_mb, nodes, listeners, browser_mb())


def browser_mb() -> float:
    """What this test's Chromium has for itself."""
    parents, sizes = dict[int, int](), dict[int, float]()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
            parents[int(folder.name)] = int(rest.split()[1])
            if name.startswith("chrom"):
                lines = (folder / "smaps_rollup").read_text().splitlines()
                own = next(line for line in lines if line.startswith("Pss_Anon:"))
                sizes[int(folder.name)] = int(own.split()[1]) / 1000
        except (OSError, StopIteration):
            continue
    return sum(mb for pid, mb in sizes.items() if _ours(pid, parents))


def _ours(pid: int, parents: dict[int, int]) -> bool:
    while pid > 1:
        if pid == os.getpid():
            return True
        pid = parents.get(pid, 0)
    return False


async def given(rig: Rig, wish: dict[str, Any]) -> None:
    """By the clerk what clerks do, by the operator the rest, as fast as the server lets them."""
    role = Role.CLERK if wish["type"] in WRITTEN else Role.OPERATOR
    token, type_ = rig.tokens.issue_token(role, SESSION), wish.pop("type")
    while (answer := await rig.command(type_, token=token, **wish))[0] == 429:
        await asyncio.sleep(0.2)
    assert answer[0] == 200, answer


async def directed(tab: Page, rig: Rig, said: Studio, number: int) -> None:
    """A turn, what the studio says meanwhile, and a dialog."""
    for place, wish in enumerate(day.turn(number)):
        if place < LOOKS:
            await said.look()
            await tab.evaluate(SHOWN, said.frames)
        await given(rig, wish)
    name, key = DIALOGS[number % len(DIALOGS)]
    await tab.get_by_test_id(name).click()
    await expect(tab.locator("dialog[open]")).to_be_visible()
    await tab.keyboard.press(key)
    await expect(tab.locator("dialog[open]")).to_have_count(0)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_operators_page_keeps_for_a_day(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with open_store(settings) as store:
        day.prepare(store, SESSION, now_ms())

    async def story() -> list[Size]:
        async with (
            relay(settings) as rig,
            studio(settings) as said,
            chromium(size=(1920, 1080)) as browser,
        ):
            tab = await browser.new_page()
            troubles = complaints(tab)
            await signed_in(tab, rig.url(f"/sign-in?next=/operator/{SESSION}#token={rig.operator}"))
            await expect(tab.locator(".tile")).to_have_count(len(day.SITES))
            devtools = await tab.context.new_cdp_session(tab)
            await devtools.send("Performance.enable")
            status, answer = await rig.command("go_live")
            assert status == 200, answer
            sizes = list[Size]()
            for number in range(day.TURNS):
                await directed(tab, rig, said, number)
                if number % MEASURED == MEASURED - 1:
                    sizes.append(await sized(tab, devtools))
            assert troubles == []
            return sizes

    began = time.monotonic()
    sizes = asyncio.run(story())
    first, last = sizes[len(sizes) // 2 - 1], sizes[-1]
    sys.stdout.write(
        f"{day.TURNS} turns of a day in {(time.monotonic() - began) / 60:.1f} minutes: {sizes[0]} "
        f"after {MEASURED}, {first} after half of it, {last} at the end\n"
    )
    assert last.heap_mb - first.heap_mb < HEAP_MB, sizes
    assert last.nodes - first.nodes < NODES, sizes
    assert last.listeners - first.listeners < LISTENERS, sizes
