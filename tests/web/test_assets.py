"""What pages are made of: small on the line, and asked for in one go."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.web.rig import LAY, SESSION, relay, settings_in
from web import assets
from web.assets import STATIC, later_modules, modules

PACKED = {"Accept-Encoding": "gzip"}


@pytest.mark.parametrize(
    "path", ["/static/vendor/hls.mjs", "/static/fonts/be-vietnam-pro-400.ttf", f"/watch/{SESSION}"]
)
def test_all_is_packed_for_who_takes_it(tmp_path: Path, path: str) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            plain = await rig.get(path, headers={"Accept-Encoding": "identity"})
            packed = await rig.get(path, headers=PACKED)
            assert "Content-Encoding" not in plain.headers
            assert packed.headers["Content-Encoding"] == "gzip"
            for answer in (plain, packed):
                assert "Accept-Encoding" in answer.headers["Vary"]
            small = int(packed.headers["Content-Length"])
            assert small < 0.6 * int(plain.headers["Content-Length"])

    asyncio.run(scenario())


def test_what_changed_is_packed_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "STATIC", tmp_path / "static")
    script = tmp_path / "static" / "new.js"
    script.parent.mkdir()

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            for text in ("first", "second one"):
                script.write_text(text)
                answer = await rig.get("/static/new.js", headers=PACKED)
                assert await answer.text() == text
                again = {**PACKED, "If-None-Match": answer.headers["ETag"]}
                assert (await rig.get("/static/new.js", headers=again)).status == 304

    asyncio.run(scenario())


def test_a_page_names_all_its_modules(tmp_path: Path) -> None:
    """A browser would else find them one round trip after another."""
    taken = modules("join.js")
    assert {"join.js", "rtc.js", "server.js", "vendor/preact.mjs"} <= {*taken}
    assert all((STATIC / name).is_file() for name in taken)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            html = await (await rig.get(f"/join/{SESSION}/{LAY}")).text()
            named = re.findall(r'<link rel="modulepreload" href="/static/([^"]+)">', html)
            assert named == [*taken]
            assert '<script type="module" src="/static/join.js">' in html

    asyncio.run(scenario())


def test_the_player_comes_after_the_page(tmp_path: Path) -> None:
    """It is larger than all the rest; while something plays it need not be found out first."""
    assert later_modules("watch.js") == ("vendor/hls.mjs",) == later_modules("play.js")
    assert "vendor/hls.mjs" not in modules("watch.js")
    early = '<link rel="modulepreload" href="/static/vendor/hls.mjs" fetchpriority="low">'

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            pages = [f"/watch/{SESSION}", f"/play/{SESSION}"]

            async def early_in() -> list[bool]:
                return [early in await (await rig.get(page)).text() for page in pages]

            assert await early_in() == [False, False]
            await rig.command("go_live")
            assert await early_in() == [True, True]
            await rig.command("end_session")
            assert await early_in() == [False, True]

    asyncio.run(scenario())


def test_a_pages_modules_are_those_that_its_scripts_import() -> None:
    for page in STATIC.glob("*.js"):
        for name in modules(page.name):
            text = (STATIC / name).read_text("utf-8")
            for near in re.findall(
                r'from "(\.[^"]+)"', re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
            ):
                target = ((STATIC / name).parent / near).resolve()
                assert target.relative_to(STATIC).as_posix() in modules(page.name)
