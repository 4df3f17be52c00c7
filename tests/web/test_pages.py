"""Every page over real HTTP: headers that keep strangers out, and no secret in any of it."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from broadcast.session.model import Role
from tests.test_docs import text
from tests.web.rig import LAY, SESSION, Rig, relay, settings_in
from web.build import versioned
from web.catalogues import catalogue

PAGES = [
    "/",
    "/sign-in",
    f"/operator/{SESSION}",
    f"/chair/{SESSION}",
    f"/clerk/{SESSION}",
    f"/display/{SESSION}",
    f"/join/{SESSION}/{LAY}",
    f"/watch/{SESSION}",
    f"/play/{SESSION}",
    f"/sealed/{SESSION}",
    "/watch/nowhere",
    "/no/such/page",
]


async def _html(rig: Rig, path: str) -> str:
    return await (await rig.get(path)).text()


@pytest.mark.parametrize("path", PAGES)
def test_headers_of_every_page(tmp_path: Path, path: str) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            rig.http.cookie_jar.update_cookies(
                {"diemcau": rig.tokens.cookie_for_token(rig.operator)}
            )
            page = await rig.get(path)
            policy = page.headers["Content-Security-Policy"]
            nonce = re.search(r"script-src 'self' 'nonce-([\w-]+)';", policy)
            assert nonce is not None
            assert policy.startswith("default-src 'none';")
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert page.headers["X-Content-Type-Options"] == "nosniff"
            assert page.headers["Referrer-Policy"] == "no-referrer"
            assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert "camera=(self)" in page.headers["Permissions-Policy"]
            assert page.headers["Server"] == "diemcau"
            html = await page.text()
            for tag in re.findall(r"<script\b[^>]*>", html):
                inline = "src=" not in tag and 'type="application/json"' not in tag
                assert not inline or f'nonce="{nonce[1]}"' in tag
            assert not re.search(r"\son\w+=|style=|<style|https?://(?!www\.w3\.org)", html)
            again = await rig.get(path)
            assert nonce[1] not in again.headers["Content-Security-Policy"]

    asyncio.run(scenario())


def test_what_a_page_is_given(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            html = await _html(rig, f"/join/{SESSION}/{LAY}")
            config = json.loads(_embedded(html, "config"))
            assert (config["session"], config["site"], config["page"]) == (SESSION, LAY, "join")
            assert config["time_zone"] == "Asia/Ho_Chi_Minh"
            texts = json.loads(_embedded(html, "texts"))
            assert texts.items() < catalogue("vi").items()
            assert {"common.needs_script", "site.hold"} < texts.keys()
            assert len(texts) < 250, "the texts of other pages"
            assert '<html lang="vi"' in html
            english = await rig.get(f"/watch/{SESSION}", headers={"Cookie": "lang=en"})
            assert '<html lang="en"' in await english.text()

    asyncio.run(scenario())


def _embedded(html: str, name: str) -> str:
    found = re.search(rf'<script[^>]*id="{name}"[^>]*>(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("page", ["operator", "chair", "clerk", "minutes", "lines"])
def test_the_desks_are_for_staff(tmp_path: Path, page: str) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            path = f"/{page}/{SESSION}"
            for token in (None, rig.tokens.issue_token(Role.VIEWER, SESSION), "x"):
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                answer = await rig.get(path, headers=headers)
                assert (answer.status, answer.headers["Location"]) == (303, f"/sign-in?next={path}")
            clerk = {"Authorization": f"Bearer {rig.tokens.issue_token(Role.CLERK, SESSION)}"}
            assert (await rig.get(path, headers=clerk)).status == 200
            for headers, lacks in (({}, False), (clerk, True)):  # and it is said why
                html = await (await rig.get("/sign-in?next=/accounts", headers=headers)).text()
                assert json.loads(_embedded(html, "config"))["lacks"] == lacks
            rig.tokens.revoke_tokens(Role.CLERK, SESSION)
            html = await (await rig.get("/sign-in", headers=clerk)).text()
            assert "đã bị thu hồi" in json.loads(_embedded(html, "config"))["message"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "wish", ["//evil.example", "https://evil.example", "/watch/../..", "/api/v1/sign-out", ""]
)
def test_signing_in_leads_to_pages_of_ours_only(tmp_path: Path, wish: str) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            html = await (await rig.get("/sign-in", params={"next": wish})).text()
            assert json.loads(_embedded(html, "config"))["next"] == "/"

    asyncio.run(scenario())


def test_static_files(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            script = await rig.get(f"{versioned()}/protocol.js")
            assert script.content_type == "text/javascript"
            font = await rig.get("/static/fonts/be-vietnam-pro-600.ttf")
            assert (font.status, font.content_type) == (200, "font/ttf")
            assert (await rig.get("/static/fonts/be-vietnam-pro-650.ttf")).status == 404
            assert (await rig.get("/static/parts")).status == 404

    asyncio.run(scenario())


def test_metrics_are_for_this_machine(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            assert "diemcau_studio_connected 0.0" in await _html(rig, "/metrics")
            far = {"X-Forwarded-For": "198.51.100.7"}
            assert (await rig.get("/metrics", headers=far)).status == 403
            bearer = far | {"Authorization": f"Bearer {rig.operator}"}
            assert (await rig.get("/metrics", headers=bearer)).status == 200

    asyncio.run(scenario())


def test_no_method_but_those_we_serve(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            for method in ("PUT", "DELETE", "PATCH", "TRACE"):
                async with rig.http.request(method, rig.url("/api/v1/sessions")) as answer:
                    assert answer.status in {404, 405}

    asyncio.run(scenario())


def _listed(script: str, name: str) -> set[str]:
    found = re.search(rf"export const {name} = \[(.*?)\]", script, re.DOTALL)
    assert found is not None
    return set(re.findall(r'"(\w+)"', found[1]))


def test_protocol_js_is_the_protocol() -> None:
    script, prose = text("web/static/protocol.js"), text("web/PROTOCOL.md")
    client, _, server = prose.partition("Server → client")
    tables = {
        "SAID_BY_PAGE": client.partition("Client → server")[2],
        "SAID_BY_SERVER": server.partition("and as binary")[0],
        "COMMANDS": prose.partition("## Commands")[2].partition("`scene` is")[0],
    }
    for name, table in tables.items():
        cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        written = {word for cell in cells for word in re.findall(r"`(\w+)`", cell)}
        assert _listed(script, name) == written, name
