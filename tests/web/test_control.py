"""Two operators: one has control, the other sees who and can take it over knowingly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from broadcast.session.model import Role
from tests.web.rig import SESSION, Page, Rig, relay, settings_in
from web.auth import Identity
from web.control import ABSENT_MS, Control, Holder
from web.replies import dumps

MUTE = {"type": "mute_all"}
COMMANDS = f"/api/v1/sessions/{SESSION}/commands"
TAKE = f"/api/v1/sessions/{SESSION}/control"


def operator(seat: str, *more: Role) -> Identity:
    return Identity(f"kt-{seat}", frozenset({Role.OPERATOR, *more}), seat=seat)


def test_a_lone_operator_gets_it_by_himself() -> None:
    control = Control(None, 0)
    assert control.settle([], 0) is None
    assert control.settle([operator(""), operator("a"), operator("b")], 5) == Holder("a", "kt-a", 5)
    assert control.settle([operator("b"), operator("a")], 6) is None
    assert control.holds_up(operator("a")) is None
    assert control.holds_up(operator("b")) == control.holder
    assert control.holds_up(operator("")) is None, "a program beside the page"
    assert control.holds_up(Identity("ct", frozenset({Role.CHAIR}), seat="c")) is None


def test_who_is_away_for_long_makes_way() -> None:
    control = Control(Holder("a", "kt-a", 0), 0)
    assert control.settle([operator("b")], ABSENT_MS - 1) is None, "a page that is reloaded"
    control.settle([operator("b"), operator("a")], ABSENT_MS)
    assert control.settle([operator("b")], 2 * ABSENT_MS - 1) is None
    assert control.settle([operator("b")], 2 * ABSENT_MS) == Holder("b", "kt-b", 2 * ABSENT_MS)
    assert control.take(operator("a"), 99_999) == control.holder


class Browser:
    """One that signed in by the operator's link."""

    def __init__(self, rig: Rig, *, token: str | None = None) -> None:
        self.rig = rig
        cookie = rig.tokens.cookie_for_token(token or rig.operator)
        self.headers = {"Cookie": f"diemcau={cookie}", "Origin": rig.base}
        self.seat = rig.tokens.identify_cookie(cookie).seat

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        return await self.rig.post(path, body, **self.headers)

    async def command(self, body: dict[str, Any]) -> str:
        status, answer = await self.post(COMMANDS, body)
        return "ok" if status == 200 else str(answer["error"]["code"])

    @asynccontextmanager
    async def panel(self) -> AsyncIterator[Page]:
        url = self.rig.url(f"/api/v1/sessions/{SESSION}/live")
        async with self.rig.http.ws_connect(url, headers=self.headers) as socket:
            await socket.send_str(dumps({"type": "hello", "page": "operator"}))
            yield Page(socket)


def _holder(page: Page) -> Any:
    return page.view and (page.view.get("control") or {}).get("seat")


def test_two_operators(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)

    async def scenario() -> None:
        async with relay(settings) as rig:
            first, second = Browser(rig), Browser(rig)
            chair = Browser(rig, token=rig.tokens.issue_token(Role.CHAIR, SESSION))
            assert first.seat != second.seat
            async with first.panel() as one:
                await one.until(lambda page: _holder(page) == first.seat)
                async with second.panel() as two:
                    await two.until(lambda page: _holder(page) == first.seat)
                    assert await first.command(MUTE) == "ok"
                    assert await second.command(MUTE) == "not_in_control"
                    papers = {"type": "put_site", "name": "Điểm cầu xã Nà Bủng"}
                    assert await second.command(papers) == "ok"
                    assert await chair.command({"type": "go_live"}) == "ok"
                    assert (await rig.command("mute_all"))[0] == 200
                    assert (await chair.post(TAKE, {}))[0] == 403
                    assert (await rig.post(TAKE, {}))[0] == 403
                    assert (await second.post(TAKE, {}))[0] == 200
                    await one.until(lambda page: _holder(page) == second.seat)
                    assert await first.command(MUTE) == "not_in_control"
                    assert await second.command(MUTE) == "ok"
            notes = [entry.note for entry in rig.store.audit(session=SESSION)]
            assert [(one.what, one.outcome) for one in notes if "control_" in one.what] == [
                ("control_given", "done"),
                ("control_taken", "forbidden"),
                ("control_taken", "forbidden"),
                ("control_taken", "done"),
            ]
        async with relay(settings) as rig, first_panel(rig) as page:
            told = await page.until(lambda shown: shown.view and shown.view.get("control"))
            assert told["seat"] == second.seat, "as it was before the restart"

    @asynccontextmanager
    async def first_panel(rig: Rig) -> AsyncIterator[Page]:
        async with Browser(rig).panel() as page:
            yield page

    asyncio.run(scenario())
