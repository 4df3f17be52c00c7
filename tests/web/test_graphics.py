"""The overlays on a page, drawn beside the relay, for operators alone."""

import asyncio
from pathlib import Path

import pytest

from broadcast.overlay.preview import SHEETS as DRAWN
from broadcast.session.model import Role
from tests.web.rig import SESSION, Rig, relay, settings_in
from web import graphics
from web.graphics import SHEETS

PAGE = f"/graphics/{SESSION}"


async def _fetch(rig: Rig, path: str, token: str = "") -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with rig.http.get(rig.url(path), headers=headers, allow_redirects=False) as response:
        return response.status, await response.read()


def test_every_overlay_is_on_the_page_and_what_is_wrong_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphics, "NICENESS", 0)  # beside a few busy processes it never ends
    monkeypatch.setattr(graphics, "LOOKING_S", 60)
    assert set(SHEETS) == set(DRAWN)
    theme = tmp_path / "theme"
    theme.mkdir()
    (theme / "clock.svg").write_text("{% nonsense %}")
    settings = settings_in(tmp_path)
    program = settings.program.model_copy(update={"theme": theme})

    async def scenario() -> None:
        async with relay(settings.model_copy(update={"program": program})) as rig:
            status, page = await _fetch(rig, PAGE, rig.operator)
            assert status == 200
            assert all(f"{PAGE}/{name}.png" in page.decode() for name in SHEETS)
            assert "clock.svg: line 1: Encountered unknown tag" in page.decode()
            (theme / "theme.toml").write_text("[colors]")
            (theme / "live.svg").symlink_to("nowhere")  # as Emacs does while it edits
            _, page = await _fetch(rig, PAGE, rig.operator)
            assert "there is no section [colors]" in page.decode()
            assert "clock.svg" not in page.decode()
            picture, url = b"", f"{PAGE}/{SHEETS[-1]}.png"
            while not picture.startswith(b"\x89PNG"):
                status, picture = await _fetch(rig, url, rig.operator)
                assert status in {200, 404}
            assert (await _fetch(rig, f"{PAGE}/else.png", rig.operator))[0] == 404

    asyncio.run(scenario())


def test_it_is_for_operators_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            clerk = rig.tokens.issue_token(Role.CLERK, SESSION)
            for token in (clerk, rig.site(), ""):
                assert (await _fetch(rig, PAGE, token))[0] == 303
                assert (await _fetch(rig, f"{PAGE}/all.png", token))[0] == (403 if token else 401)

    asyncio.run(scenario())
