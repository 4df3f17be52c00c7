"""What somebody is typing stays, whatever others do meanwhile."""

import asyncio
from pathlib import Path

from playwright.async_api import expect

from broadcast.session.model import Role
from tests.chromium import chromium, signed_in
from tests.web.rig import SESSION, relay, settings_in


def test_a_caption_is_corrected_while_the_next_ones_come(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, chromium() as browser:
            await rig.command("go_live")
            await rig.command("type_caption", text="Kính thưa Hội đông", typing_ms=1000)
            tab = await browser.new_page()
            token = rig.tokens.issue_token(Role.CLERK, SESSION)
            await signed_in(tab, rig.url(f"/sign-in#token={token}"))
            lines = tab.get_by_test_id("caption")
            await lines.first.get_by_role("button").click()
            field = tab.locator("input[name=text]")
            await field.fill("Kính thưa Hội đồng nhân dân")
            await rig.command("type_caption", text="Thưa các đại biểu", typing_ms=1000)
            await expect(lines).to_have_text(["Thưa các đại biểu"])
            await field.press("Enter")
            await expect(lines.first).to_have_text("Kính thưa Hội đồng nhân dân")

    asyncio.run(scenario())
