"""The links to hand out: all that a district needs, and for nobody but the operator."""

import asyncio
from pathlib import Path

import pytest

from broadcast.session.model import Role
from config.settings import ConfigError
from tests.web.rig import LAY, SESSION, SITES, Rig, relay, settings_in
from web.auth import SECRET_FILE, load_secret

PATH = f"/api/v1/sessions/{SESSION}/links"


async def _asked(rig: Rig, token: str | None, path: str = PATH) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return (await rig.get(path, headers=headers)).status


def test_a_link_lets_its_site_in(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            answer = await rig.get(PATH, headers={"Authorization": f"Bearer {rig.operator}"})
            told = await answer.json()
            assert answer.headers["Cache-Control"] == "no-store"
            assert told["watch"].endswith(f"/watch/{SESSION}")
            urls = {one["id"]: one["url"] for one in told["sites"]}
            assert list(urls) == [site.id for site in SITES]
            address, _, token = urls[LAY].partition("#")
            assert address.endswith(f"/join/{SESSION}/{LAY}")
            async with rig.page("site", token) as page:
                await page.until(lambda p: p.view and p.view["me"]["site"] == LAY)

    asyncio.run(scenario())


def test_nobody_else_gets_them(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            assert await _asked(rig, None) == 403
            assert await _asked(rig, rig.site()) == 403
            for role in (Role.CHAIR, Role.CLERK):
                assert await _asked(rig, rig.tokens.issue_token(role, SESSION)) == 403
            elsewhere = rig.tokens.issue_token(Role.OPERATOR, "another")
            assert await _asked(rig, elsewhere) == 403
            assert await _asked(rig, rig.operator + "x") == 401

    asyncio.run(scenario())


def test_with_a_key_that_the_disk_lost_nothing_is_signed(tmp_path: Path) -> None:
    """Whoever knew that it is empty could sign for himself."""
    assert load_secret(tmp_path) == load_secret(tmp_path)
    (tmp_path / SECRET_FILE).write_bytes(b"")
    with pytest.raises(ConfigError, match="restore it"):
        load_secret(tmp_path)


def test_a_key_that_the_server_may_not_read_is_told(tmp_path: Path) -> None:
    """As root makes it, who was the first to ask for links; a folder stands for it."""
    (tmp_path / SECRET_FILE).mkdir()
    with pytest.raises(ConfigError, match=r"secret\.key: .*chown"):
        load_secret(tmp_path)
