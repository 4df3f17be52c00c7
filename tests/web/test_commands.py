"""Who may do what, and what a wrong request is answered: over real HTTP."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from broadcast.session.commands import COMMANDS
from broadcast.session.model import Role
from broadcast.store import Account
from tests.web.rig import (
    ITEM,
    LAY,
    SESSION,
    Rig,
    Security,
    relay,
    settings_in,
    stop_the_clock,
)
from web.accounts import hash_password
from web.setup import put_account

SCENE = {"layout": "full", "sources": ["hall"]}
FIELDS: dict[str, dict[str, Any]] = {
    "set_noise_suppression": {"site": "hall", "on": True},
    "shift_sound": {"site": "hall", "later_ms": 40},
    "set_signer": {"site": "hall"},
    "load_player": {"file": "phim.mp4"},
    "load_countdown": {"duration_ms": 60_000, "title": "Bắt đầu sau"},
    "start_player": {"sound": True},
    "seek_player": {"position_ms": 0},
    "turn_page": {"page": 1},
    "loop_player": {"loop": True},
    "set_player_sound": {"sound": False},
    "choose_item": {"item": ITEM},
    "set_item_closed": {"item": ITEM, "closed": False},
    "close_part": {"staying": ["hall"]},
    "set_limit": {"kind": "speech", "limit_ms": 300_000},
    "undo": {"act": 1},
    "note_promise": {"text": "Trả lời bằng văn bản", "delegate": "lay-1"},
    "settle_promise": {"promise": "nothing", "kept": True},
    "drop_promise": {"promise": "nothing"},
    "register": {"delegate": "lay-1", "kind": "speech"},
    "withdraw": {"request": "nothing"},
    "reorder": {"request": "nothing", "before": None},
    "call": {"request": "nothing"},
    "mark_absent": {"request": "nothing"},
    "give_turn": {"delegate": "lay-1", "kind": "speech"},
    "extend_turn": {"by_ms": 60_000},
    "cut": {"scene": SCENE},
    "set_preview": {"scene": SCENE},
    "open_microphone": {"site": "hall"},
    "close_microphone": {"site": "hall"},
    "allow_screen": {"site": "muong-lay", "allowed": True},
    "share_screen": {"site": "muong-lay"},
    "stop_screen": {"site": "muong-lay"},
    "ask_self_test": {"site": "muong-lay"},
    "show_overlay": {"name": "clock", "visible": True},
    "describe_session": {"title": "Phiên thử"},
    "put_site": {"name": "Điểm cầu xã Nà Bủng"},
    "set_booth": {"site": "muong-lay", "language": {"code": "hmn", "name": "Tiếng Mông"}},
    "remove_site": {"site": "nowhere"},
    "put_delegate": {"name": "Lò Văn An", "site": "hall"},
    "remove_delegate": {"delegate": "nobody"},
    "put_item": {"title": "Nội dung thêm"},
    "remove_item": {"item": "nothing"},
    "move_item": {"item": ITEM, "before": None},
    "import_rows": {"sites": [{"name": "Điểm cầu xã Si Pa Phìn"}]},
    "add_document": {
        "document": "a",
        "item": ITEM,
        "name": "a.pdf",
        "size_bytes": 1,
        "sha256": "0" * 64,
    },
    "show_document": {"document": "nothing", "public": True},
    "remove_document": {"document": "nothing"},
    "renew_link": {"site": "hall"},
    "record_check": {"site": "hall", "check": "picture", "outcome": "ok"},
    "write_note": {"text": "Đại biểu vắng: không"},
    "strike_note": {"note": "nothing"},
    "type_caption": {"text": "Thưa Hội đồng"},
    "correct_caption": {"caption": "nothing", "text": ""},
    "correct_turn": {"turn": "nothing"},
    "correct_name": {"delegate": "lay-1", "name": "Điêu Thị Xuân"},
    "mark_roll": {"delegates": ["lay-1"], "present": True},
    "send_message": {"text": "Nhờ kiểm tra micrô"},
}
OPERATOR, DIRECTING = {Role.OPERATOR}, {Role.OPERATOR, Role.CHAIR}
PROTOCOL = {
    **dict.fromkeys(COMMANDS, DIRECTING),
    "register": DIRECTING | {Role.CLERK, Role.SITE},
    "withdraw": DIRECTING | {Role.CLERK, Role.SITE},
    **dict.fromkeys(("note_promise", "settle_promise", "drop_promise"), DIRECTING | {Role.CLERK}),
    "cut": OPERATOR,
    "set_preview": OPERATOR,
    "open_microphone": OPERATOR,
    "close_microphone": OPERATOR,
    "mute_all": OPERATOR,
    "share_screen": {Role.SITE},
    "stop_screen": DIRECTING | {Role.SITE},
    "ask_self_test": OPERATOR,
    "show_overlay": OPERATOR,
    **dict.fromkeys(
        [
            "cancel_session",
            "describe_session",
            "put_site",
            "set_booth",
            "remove_site",
            "put_delegate",
            "remove_delegate",
            "put_item",
            "remove_item",
            "move_item",
            "import_rows",
            "show_document",
            "remove_document",
            "begin_rehearsal",
            "record_check",
            "set_noise_suppression",
            "shift_sound",
            "set_signer",
            "load_player",
            "load_countdown",
            "start_player",
            "pause_player",
            "stop_player",
            "seek_player",
            "turn_page",
            "loop_player",
            "set_player_sound",
            "clear_player",
        ],
        OPERATOR,
    ),
    **dict.fromkeys(
        [
            "write_note",
            "strike_note",
            "type_caption",
            "correct_caption",
            "correct_turn",
            "correct_name",
            "mark_roll",
        ],
        OPERATOR | {Role.CLERK},
    ),
    "send_message": DIRECTING | {Role.CLERK, Role.SITE},
    "add_document": set(),
    "renew_link": set(),
}
"""The table of PROTOCOL.md, written out once more."""


async def _tokens(rig: Rig) -> dict[Role, str | None]:
    tokens: dict[Role, str | None] = {
        role: rig.tokens.issue_token(role, SESSION)
        for role in (Role.OPERATOR, Role.CHAIR, Role.CLERK, Role.VIEWER)
    }
    return tokens | {Role.SITE: rig.site(LAY)}


def test_every_role_with_every_command(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            wrong = []
            for role, token in (await _tokens(rig)).items():
                for name in sorted(COMMANDS, key=lambda one: one == "end_session"):
                    status, answer = await rig.command(name, token=token, **FIELDS.get(name, {}))
                    allowed = role in PROTOCOL[name]
                    fits = status in {200, 409} if allowed else status == 403
                    if not fits or (status != 200 and not answer["error"]["message"]):
                        wrong.append((role, name, status, answer))
            assert wrong == []

    asyncio.run(scenario())


def test_a_stranger_is_asked_to_sign_in(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            path = f"/api/v1/sessions/{SESSION}/commands"
            status, answer = await rig.post(path, {"type": "go_live"})
            assert (status, answer["error"]["code"]) == (401, "not_signed_in")

    asyncio.run(scenario())


def test_a_site_speaks_for_its_own_only(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            status, answer = await rig.command(
                "register", token=rig.site(LAY), delegate="chua-1", kind="speech"
            )
            assert (status, answer["error"]["code"]) == (409, "not_your_delegate")
            assert "Giàng A Dính" in answer["error"]["message"]

    asyncio.run(scenario())


BAD: list[tuple[str, Any, int, str]] = [
    ("no json", b"{", 422, "not_json"),
    ("no object", b"[]", 422, "not_json"),
    ("not even text", b"\xff\xfe", 422, "not_json"),
    ("deep", b"[" * 100_000, 422, "not_json"),
    ("no type", {}, 422, "not_understood"),
    ("no such command", {"type": "self_destruct"}, 422, "not_understood"),
    ("more than it takes", {"type": "go_live", "now": True}, 422, "not_understood"),
    ("a field is missing", {"type": "choose_item"}, 422, "not_understood"),
    ("a number for text", {"type": "choose_item", "item": 7}, 422, "not_understood"),
    ("an id with a path", {"type": "choose_item", "item": "../../x"}, 422, "not_understood"),
    ("a lone surrogate", b'{"type": "choose_item", "item": "\\ud800"}', 422, "not_understood"),
    ("300 characters", {"type": "choose_item", "item": "x" * 300}, 422, "not_understood"),
    ("combining marks", {"type": "choose_item", "item": "e\u0302\u0301"}, 422, "not_understood"),
    ("a layout of nobody", {"type": "cut", "scene": {"layout": "heap"}}, 422, "not_understood"),
    ("endless time", {"type": "extend_turn", "by_ms": 1e400}, 422, "not_understood"),
    ("unknown item", {"type": "choose_item", "item": "nowhere"}, 409, "unknown_item"),
    ("unknown site", {"type": "open_microphone", "site": "nowhere"}, 409, "unknown_site"),
    ("too early", {"type": "pause_session"}, 409, "phase_prepared"),
    ("too large", b" " * 300_000, 413, "too_large"),
]


def test_bad_requests_have_a_sentence_and_do_no_harm(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            path = f"/api/v1/sessions/{SESSION}/commands"
            before = len(rig.store.load(SESSION))
            for what, body, status, code in BAD:
                found, answer = await rig.post(path, body, Authorization=f"Bearer {rig.operator}")
                assert (what, found, answer["error"]["code"]) == (what, status, code)
                message = answer["error"]["message"]
                assert message.endswith(".")
                assert not re.search(r"\{[a-z_]+\}", message)
            assert len(rig.store.load(SESSION)) == before

    asyncio.run(scenario())


def test_errors_speak_the_readers_language(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            path = f"/api/v1/sessions/{SESSION}/commands"
            said = {}
            for language in ("vi-VN,vi;q=0.9,en;q=0.8", "en-GB,en", "fr", "en;q=0.1,vi;q=0.9"):
                _, answer = await rig.post(path, {}, Accept_Language=language)
                said[language] = answer["error"]["message"]
            vietnamese, english, other, second = said.values()
            assert vietnamese == other == second
            assert english.startswith("You are not signed in")

    asyncio.run(scenario())


def test_a_cookie_counts_only_from_our_own_pages(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            path = f"/api/v1/sessions/{SESSION}/commands"
            cookie = f"diemcau={rig.tokens.cookie_for_token(rig.operator)}"
            wish = {"type": "mute_all"}
            status, answer = await rig.post(path, wish, Cookie=cookie)
            assert (status, answer["error"]["code"]) == (403, "wrong_origin")
            status, answer = await rig.post(
                path, wish, Cookie=cookie, Origin="https://evil.example"
            )
            assert (status, answer["error"]["code"]) == (403, "wrong_origin")
            status, _ = await rig.post(path, wish, Cookie=cookie, Origin=rig.base)
            assert status == 200

    asyncio.run(scenario())


def test_no_such_session(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            for name in ("nowhere", "..", "%2e%2e", "x" * 200, "đ"):
                for path in (f"/api/v1/sessions/{name}/chapters", f"/api/v1/sessions/{name}/live"):
                    assert (await rig.get(path)).status == 404

    asyncio.run(scenario())


def test_wrong_expired_and_revoked_tokens(tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = settings_in(tmp_path, security=Security(cookie_hours=1))
        async with relay(settings) as rig:
            head, _, signature = rig.operator.rpartition(".")
            forged = f"{head}.{signature[::-1]}"
            rig.tokens._clock = lambda: 0
            expired = rig.tokens.issue_token(Role.OPERATOR, SESSION)
            revoked = rig.tokens.issue_token(Role.CHAIR, SESSION)
            rig.tokens.revoke_tokens(Role.CHAIR, SESSION)
            for token, code in (
                (forged, "token_wrong"),
                ("x" * 2000, "token_wrong"),
                (expired, "token_expired"),
                (revoked, "token_expired"),
            ):
                status, answer = await rig.command("mute_all", token=token)
                assert (status, answer["error"]["code"]) == (401, code)

    asyncio.run(scenario())


def test_a_token_of_another_session_is_worth_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            other = rig.tokens.issue_token(Role.OPERATOR, "another")
            status, answer = await rig.command("mute_all", token=other)
            assert (status, answer["error"]["code"]) == (401, "not_signed_in")

    asyncio.run(scenario())


def test_signing_in_with_a_password(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            hashed = hash_password("mười ba con vịt")
            put_account(rig.store, "kỹ-thuật", hashed, frozenset({Role.OPERATOR}))
            login = {"name": "kỹ-thuật", "password": "mười ba con vịt"}
            status, answer = await rig.post("/api/v1/sign-in", login)
            assert (status, answer["role"], answer["next"]) == (200, "operator", "/")
            jar = {cookie.key: cookie for cookie in rig.http.cookie_jar}
            cookie = jar["diemcau"]
            assert cookie["httponly"]
            assert cookie["samesite"] == "Strict"
            panel = await rig.get(f"/operator/{SESSION}")
            assert panel.status == 200
            wish = {"type": "mute_all"}
            path = f"/api/v1/sessions/{SESSION}/commands"
            assert (await rig.post(path, wish, Origin=rig.base))[0] == 200
            account = rig.store.account("kỹ-thuật")
            assert account is not None
            rig.store.save_account(Account(account.name, hashed, account.roles, disabled=True))
            assert (await rig.post(path, wish, Origin=rig.base))[0] == 401

    asyncio.run(scenario())


def test_signing_out_ends_a_copied_cookie_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            put_account(rig.store, "a", hash_password("0123456789"), frozenset({Role.OPERATOR}))
            await rig.post("/api/v1/sign-in", {"name": "a", "password": "0123456789"})
            copied = f"diemcau={next(iter(rig.http.cookie_jar)).value}"
            assert (await rig.post("/api/v1/sign-out", {}, Origin=rig.base))[0] == 200
            rig.http.cookie_jar.clear()
            path = f"/api/v1/sessions/{SESSION}/commands"
            status, answer = await rig.post(
                path, {"type": "mute_all"}, Cookie=copied, Origin=rig.base
            )
            assert (status, answer["error"]["code"]) == (401, "token_revoked")

    asyncio.run(scenario())


def test_guessing_passwords_is_locked_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_the_clock(monkeypatch)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            put_account(rig.store, "a", hash_password("0123456789"), frozenset({Role.OPERATOR}))
            tries = [
                rig.post("/api/v1/sign-in", {"name": "a", "password": f"guess {number}"})
                for number in range(12)
            ]
            statuses = [status for status, _ in await asyncio.gather(*tries)]
            assert sorted(statuses) == [401] * 5 + [429] * 7
            status, answer = await rig.post(
                "/api/v1/sign-in", {"name": "a", "password": "0123456789"}
            )
            assert (status, answer["error"]["code"]) == (429, "too_many_tries")
            assert answer["error"]["params"]["minutes"] == 1

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "body", [{}, {"name": "a"}, {"name": 3, "password": "x"}, {"token": "x" * 5000}, {"more": 1}]
)
def test_signing_in_with_nonsense(tmp_path: Path, body: dict[str, Any]) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            status, answer = await rig.post("/api/v1/sign-in", body)
            assert (status, answer["error"]["code"]) == (422, "not_understood")

    asyncio.run(scenario())


def test_a_link_becomes_a_cookie_and_dies_with_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            for role, page in (
                (Role.CHAIR, "chair"),
                (Role.CLERK, "clerk"),
                (Role.VIEWER, "watch"),
            ):
                link = {"token": rig.tokens.issue_token(role, SESSION)}
                _, answer = await rig.post("/api/v1/sign-in", link)
                assert answer["next"] == f"/{page}/{SESSION}"
            status, answer = await rig.post("/api/v1/sign-in", {"token": rig.operator})
            assert (status, answer["next"]) == (200, f"/operator/{SESSION}")
            assert (await rig.get(f"/operator/{SESSION}")).status == 200
            rig.tokens.revoke_tokens(Role.OPERATOR, SESSION)
            answer = await rig.get(f"/operator/{SESSION}")
            assert answer.status == 303
            assert answer.headers["Location"] == f"/sign-in?next=/operator/{SESSION}"

    asyncio.run(scenario())


def test_wild_scripts_are_held_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_the_clock(monkeypatch)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            answers = await asyncio.gather(*(rig.command("mute_all") for _ in range(110)))
            statuses = [status for status, _ in answers]
            assert {*statuses} == {200, 429}

    asyncio.run(scenario())


def test_openapi_names_every_command_and_is_json(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            document = json.loads(await (await rig.get("/api/v1/openapi.json")).text())
            mapping = document["components"]["schemas"]["Command"]["discriminator"]["mapping"]
            assert set(mapping) == set(COMMANDS)
            for reference in mapping.values():
                schema = document["components"]["schemas"][reference.rpartition("/")[2]]
                assert "Roles: " in schema["description"]

    asyncio.run(scenario())


def test_a_second_session_waits_for_the_first(tmp_path: Path) -> None:
    async def scenario() -> None:
        from tests.web.rig import prepare

        async with relay(settings_in(tmp_path)) as rig:
            prepare(rig.store, "phien-sau")
            token = rig.tokens.issue_token(Role.OPERATOR, "phien-sau")
            path = "/api/v1/sessions/phien-sau/commands"
            bearer = f"Bearer {token}"
            assert (await rig.command("go_live"))[0] == 200
            status, answer = await rig.post(path, {"type": "go_live"}, Authorization=bearer)
            assert (status, answer["error"]["code"]) == (409, "not_on_air")
            async with rig.page("operator", token, "phien-sau") as waiting:
                await waiting.hear()
                assert waiting.view["outputs"]["studio"] == "detached", "nothing of it is lost"
            assert (await rig.command("end_session"))[0] == 200
            status, _ = await rig.post(path, {"type": "go_live"}, Authorization=bearer)
            assert status == 200

    asyncio.run(scenario())
