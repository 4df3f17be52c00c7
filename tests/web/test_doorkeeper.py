"""Who may send and watch by WebRTC: over real HTTP, with a stock aiortc peer."""

import asyncio
from pathlib import Path

import pytest

from broadcast.session.model import Role
from streams.frames import SiteId
from tests.peers import publishing, watching
from tests.web.rig import (
    BOUND_S,
    CHUA,
    LAY,
    SESSION,
    Rig,
    prepare,
    relay,
    settings_in,
    stop_the_clock,
)
from web import inside

OFFER = b"v=0\r\n"


async def _ask(rig: Rig, path: str, token: str | None = None, **headers: str) -> tuple[int, str]:
    sent = {"Content-Type": "application/sdp", **headers}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    async with rig.http.post(rig.url(path), data=OFFER, headers=sent) as answer:
        error = (await answer.json())["error"]
        assert error["message"].endswith(".")
        return answer.status, error["code"]


def test_the_door(tmp_path: Path) -> None:
    """Whoever may enter hears that such an offer is none."""
    let_in = (400, "offer")

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            prepare(rig.store, "khac")
            other = rig.tokens.issue_join_token("khac", LAY)
            only_there = rig.tokens.issue_join_token("khac", SiteId("only-there"))
            viewer = rig.tokens.issue_token(Role.VIEWER, SESSION)
            chair = rig.tokens.issue_token(Role.CHAIR, SESSION)
            elsewhere = rig.tokens.issue_token(Role.OPERATOR, "khac")
            cases = [
                (f"/whip/{LAY}", rig.site(LAY), let_in),
                (f"/whip/{LAY}", None, (401, "token_missing")),
                (f"/whip/{LAY}", "nonsense", (401, "token_wrong")),
                (f"/whip/{LAY}", rig.site(CHUA), (403, "other_site")),
                (f"/whip/{LAY}", rig.operator, (403, "other_site")),
                (f"/whip/{LAY}", other, (409, "session_waits")),
                ("/whip/only-there", only_there, (409, "session_waits")),
                ("/whip/nowhere", rig.site(LAY), (403, "other_site")),
                (f"/whip/{LAY}/talk", rig.operator, let_in),
                (f"/whip/{LAY}/talk", chair, (403, "forbidden")),
                (f"/whip/{LAY}/talk", rig.site(LAY), (403, "forbidden")),
                (f"/whip/{LAY}/talk", elsewhere, (401, "not_signed_in")),
                (f"/whip/{LAY}/talk", None, (401, "not_signed_in")),
                ("/whip/nowhere/talk", rig.operator, (404, "unknown_site")),
                (f"/whep/{SESSION}", None, let_in),
                (f"/whep/{SESSION}/room", rig.operator, let_in),
                (f"/whep/{SESSION}/room", viewer, (403, "forbidden")),
                (f"/whep/{SESSION}/room", rig.site(LAY), (403, "forbidden")),
                (f"/whep/{SESSION}/room", None, (401, "not_signed_in")),
                (f"/whep/{SESSION}/{LAY}", rig.site(LAY), let_in),
                (f"/whep/{SESSION}/{LAY}", rig.site(CHUA), (403, "other_site")),
                (f"/whep/{SESSION}/{LAY}", None, (401, "token_missing")),
                (f"/whep/{SESSION}/nowhere", rig.site(LAY), (404, "unknown_site")),
                ("/whep/khac", None, (409, "not_on_air")),
                ("/whep/nowhere", None, (404, "not_found")),
            ]
            for path, token, expected in cases:
                assert (path, *await _ask(rig, path, token)) == (path, *expected)

    asyncio.run(scenario())


def test_the_rooms_picture_by_cookie_needs_a_page_of_ours(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            cookie = f"diemcau={rig.tokens.cookie_for_token(rig.operator)}"
            path = f"/whep/{SESSION}/room"
            assert await _ask(rig, path, Cookie=cookie) == (403, "wrong_origin")
            ours = await _ask(rig, path, Cookie=cookie, Origin=rig.base)
            assert ours == (400, "offer")

    asyncio.run(scenario())


def test_too_many_offers_from_one_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_the_clock(monkeypatch)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            path = f"/whep/{SESSION}"
            for _ in range(300):
                assert await _ask(rig, path) == (400, "offer")
            assert await _ask(rig, path) == (429, "too_many_requests")
            far = {"X-Forwarded-For": "198.51.100.7"}
            assert await _ask(rig, f"/whep/{SESSION}", None, **far) == (400, "offer")

    asyncio.run(scenario())


def test_too_many_offers_with_one_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From anywhere, and without harm to other sites."""
    stop_the_clock(monkeypatch)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            token, url = rig.site(LAY), f"/whip/{LAY}"
            for number in range(60):
                far = {"X-Forwarded-For": f"198.51.100.{number}"}
                assert await _ask(rig, url, token, **far) == (400, "offer")
            sent = {"Content-Type": "application/sdp", "Authorization": f"Bearer {token}"}
            async with rig.http.post(rig.url(url), data=OFFER, headers=sent) as answer:
                assert answer.status == 429
                assert 0 < int(answer.headers["Retry-After"]) <= 60
            assert await _ask(rig, f"/whip/{CHUA}", rig.site(CHUA)) == (400, "offer")

    asyncio.run(scenario())


def test_whose_link_is_revoked_is_put_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside, "CHECK_S", 0.05)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, rig.page("operator", rig.operator) as panel:
            await panel.until(lambda p: p.snapshot)
            url = rig.url(f"/whip/{LAY}")
            async with asyncio.timeout(4 * BOUND_S), publishing(url, rig.site(LAY), 1, 440.0):
                await panel.until(lambda p: p.view["sites"][LAY]["video"] == "ok")
                assert panel.view["sites"][LAY]["present"]
                rig.tokens.revoke_join_tokens(SESSION, LAY)
                await panel.until(lambda p: not p.view["sites"][LAY]["present"])
                assert await _ask(rig, f"/whip/{LAY}", None) == (401, "token_missing")
            chair = rig.tokens.issue_token(Role.CHAIR, SESSION)
            async with (
                asyncio.timeout(4 * BOUND_S),
                watching(rig.url(f"/whep/{SESSION}/room"), chair),
                watching(rig.url(f"/whep/{SESSION}/room"), rig.operator),
            ):
                await _viewers(rig, 2)
                rig.tokens.revoke_tokens(Role.CHAIR, SESSION)
                await _viewers(rig, 1)

    asyncio.run(scenario())


def test_a_right_to_one_session_ends_where_another_begins(tmp_path: Path) -> None:
    """Who came in for the session before sees and says nothing in this one; its public stays."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            prepare(rig.store, "khac")
            next_operator = rig.tokens.issue_token(Role.OPERATOR, "khac")
            room, own = rig.url(f"/whep/{SESSION}/room"), rig.url(f"/whep/{SESSION}/{LAY}")
            async with (
                asyncio.timeout(4 * BOUND_S),
                watching(room, rig.operator),
                watching(own, rig.site(LAY)),
                watching(rig.url(f"/whep/{SESSION}")),
                publishing(rig.url(f"/whip/{LAY}"), rig.site(LAY), 1, 440.0),
                rig.page("operator", next_operator, "khac") as panel,
            ):
                await panel.until(lambda p: p.snapshot)
                await _viewers(rig, 3)
                path = "/api/v1/sessions/khac/commands"
                bearer = {"Authorization": f"Bearer {next_operator}"}
                status, answer = await rig.post(path, {"type": "go_live"}, **bearer)
                assert status == 200, answer
                await _viewers(rig, 1)
                await panel.until(lambda p: not p.view["sites"][LAY]["present"])

    asyncio.run(scenario())


async def _viewers(rig: Rig, count: int) -> None:
    """Waits until there are so many."""
    while True:
        figures = await (await rig.get("/metrics")).text()
        if f"diemcau_webrtc_viewers {count}.0" in figures.splitlines():
            return
        await asyncio.sleep(0.2)
