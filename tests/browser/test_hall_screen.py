"""The screen in the hall, read from three metres, with the longest words that a session has."""

import asyncio
from pathlib import Path

from playwright.async_api import expect

from tests.chromium import chromium
from tests.web.rig import LAY, SESSION, relay, settings_in

TITLE = ("Thảo luận báo cáo giám sát việc thực hiện chương trình mục tiêu quốc gia " * 4)[
    :300
].strip()
NAME = "Nguyễn Thị Phương Thảo Hoàng Anh"
OFFICE = "Phó Trưởng Đoàn đại biểu Quốc hội tỉnh, Chủ tịch Ủy ban Mặt trận Tổ quốc tỉnh"
CUT_OFF = """() => [...document.querySelectorAll(".wall [data-testid], .clock .left, .upcoming li")]
  .filter((one) => {
    const {top, bottom} = one.getBoundingClientRect();
    const room = (one.parentElement.closest(".speaker, .upcoming") ?? document.body)
      .getBoundingClientRect();
    return top < room.top || bottom > room.bottom + 1;
  }).map((one) => `${one.tagName} ${one.className}`)"""
SMALLEST = """() => {
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let least = Infinity;
  while (words.nextNode()) {
    const {textContent, parentElement} = words.currentNode;
    if (!textContent.trim() || !parentElement.checkVisibility()) continue;
    least = Math.min(least, parseFloat(getComputedStyle(parentElement).fontSize));
  }
  return least / innerHeight;
}"""


def test_the_clock_is_whole_below_long_words(tmp_path: Path) -> None:
    """In a discussion, and in a round, which has a list of its own; no letter is below 3 %."""

    async def story() -> None:
        size = (1366, 768)
        async with relay(settings_in(tmp_path)) as rig, chromium(size=size) as browser:
            await rig.command("put_delegate", name=NAME, title=OFFICE, site=LAY)
            for kind in ("discussion", "questioning"):
                await rig.command("put_item", title=TITLE, kind=kind)
            await rig.command("describe_session", title=TITLE[:140], subtitle=TITLE[:100])
            async with rig.page("operator", rig.operator) as panel:
                await panel.until(lambda p: p.view)
                items = {
                    one["kind"]: one["id"] for one in panel.view["agenda"] if one["title"] == TITLE
                }
                people = {one["name"]: one["id"] for one in panel.view["delegates"]}
            hall = await browser.new_page()
            await rig.command("go_live")
            for kind, asks in (("discussion", "speech"), ("questioning", "question")):
                await rig.command("choose_item", item=items[kind])
                for person in people.values():
                    await rig.command("register", delegate=person, kind=asks)
                if kind == "questioning":
                    await rig.command("call_round")
                    await rig.command("call_next")
                else:
                    await rig.command("give_turn", delegate=people[NAME], kind=asks)
                await hall.goto(rig.url(f"/display/{SESSION}"))
                await expect(hall.get_by_test_id("clock")).to_be_visible()
                assert await hall.evaluate(CUT_OFF) == []
                assert await hall.evaluate(SMALLEST) >= 0.03
                await rig.command("end_turn")

    asyncio.run(story())
