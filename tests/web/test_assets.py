"""What pages are made of: small on the line, and asked for in one go."""

import asyncio
import posixpath
import re
from pathlib import Path

import pytest

from tests.upgrade import upgraded
from tests.web.rig import LAY, SESSION, relay, settings_in
from web.assets import later_modules, modules
from web.build import build, static, versioned

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


def test_who_has_been_here_asks_for_nothing_again(tmp_path: Path) -> None:
    """Of what a page is made of: each address names the build, and never means anything else."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            html = await (await rig.get(f"/join/{SESSION}/{LAY}")).text()
            named = set(re.findall(r'"(/static/[^"]+)"', html))
            assert len(named) > 30
            for address in named:
                answer = await rig.get(address, headers=PACKED)
                assert address.startswith(f"{versioned()}/"), "no letters before what it does"
                assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"

    asyncio.run(scenario())


@pytest.mark.parametrize("place", ["/static", "/static/0123456789ab"])
def test_any_other_address_is_asked_for_each_time(tmp_path: Path, place: str) -> None:
    """A page of before an upgrade gets what there is now; nobody keeps that under its old name."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            answer = await rig.get(f"{place}/rtc.js", headers=PACKED)
            assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")
            again = {**PACKED, "If-None-Match": answer.headers["ETag"]}
            assert (await rig.get(f"{place}/rtc.js", headers=again)).status == 304
            for strange in ("../build.py", "nothing.js", "tsconfig.json", ""):
                assert (await rig.get(f"{place}/{strange}")).status == 404

    asyncio.run(scenario())


def test_an_upgrade_is_another_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the next server: the one that runs serves what it was started with."""
    before = build()
    with upgraded(tmp_path / "web", monkeypatch):
        assert build() != before
        assert b"of after the upgrade" in static()["join.js"]
    assert build() == before


def test_a_page_names_all_its_modules(tmp_path: Path) -> None:
    """A browser would else find them one round trip after another."""
    taken = modules("join.js")
    assert {"join.js", "rtc.js", "server.js", "vendor/preact.mjs"} <= {*taken}
    assert {"vendor/htm.mjs", "vendor/signals-core.mjs"} <= {*taken}, (
        "named in the middle of a line"
    )
    assert {*taken} <= static().keys()

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            html = await (await rig.get(f"/join/{SESSION}/{LAY}")).text()
            place = versioned()
            named = re.findall(rf'<link rel="modulepreload" href="{place}/([^"]+)">', html)
            assert named == [*taken]
            assert f'<script type="module" src="{place}/join.js">' in html

    asyncio.run(scenario())


def test_the_player_comes_after_the_page(tmp_path: Path) -> None:
    """It is larger than all the rest; while something plays it need not be found out first."""
    assert later_modules("watch.js") == ("vendor/hls.mjs",) == later_modules("play.js")
    assert "vendor/hls.mjs" not in modules("watch.js")
    early = f'<link rel="modulepreload" href="{versioned()}/vendor/hls.mjs" fetchpriority="low">'

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
    for page in (name for name in static() if re.fullmatch(r"\w+\.js", name)):
        for name in modules(page):
            code = re.sub(r"/\*.*?\*/", "", static()[name].decode(), flags=re.DOTALL)
            for near in re.findall(r'from "(\.[^"]+)"', code):
                place = posixpath.normpath(posixpath.join(posixpath.dirname(name), near))
                assert place in modules(page)
