"""Every act leaves who, what, when and from where; and after each kind of act the chain is whole.

Two tables, of commands and of routes that change something, each held against the code's own list:
what is added later and leaves nothing fails here.
"""

import asyncio
import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher

from broadcast.audit import Note, verify
from broadcast.session.commands import COMMANDS
from broadcast.session.evolve import fold
from broadcast.session.model import Role
from tests.web.rig import HALL, ITEM, LAY, SECRET, SESSION, Rig, relay, settings_in
from web.setup import now_ms, put_account
from web.throttle import PACE_OF

PASSWORD = "mật khẩu dài"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
ADDRESS, AGENT = "127.0.0.1", "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0"
BY_A_SITE = {"share_screen"}
BY_THE_SERVER = {"add_document", "renew_link"}
"""What follows from a route of its own, below."""

Wish = dict[str, Any]
Knows = Callable[[Rig], Wish]
NAMES = {"session": SESSION, "site": LAY, "item": ITEM, "name": "dai", "target": "room"}
NAMES |= {"what": "delegates", "template": "x"}
REFUSED_OFFERS = {"offer", "talk_away", "screen_not_shared"}
OWN_CONNECTION = re.compile(r"\{resource\}")
"""Whoever ends or restarts his own connection changes nothing of a session."""


def _state(rig: Rig) -> Any:
    return fold(one.event for one in rig.store.load(SESSION))


def _newest(what: str) -> Callable[[Rig], str]:
    def find(rig: Rig) -> str:
        state = _state(rig)
        known = {
            "request": state.requests,
            "site": state.sites,
            "delegate": state.delegates,
            "note": state.written.notes,
            "caption": state.written.captions,
            "promise": state.promises,
        }
        match what:
            case "turn":
                return str(state.turns[-1].id)
            case "item":
                return str(state.agenda[-1].id)
        return str(next(reversed(known[what])))

    return find


def _last_act(rig: Rig) -> int:
    return int(_state(rig).undo.act)


def _first_item(rig: Rig) -> str:
    return str(_state(rig).agenda[0].id)


SCENE = {"layout": "full", "sources": [HALL]}
STORY: tuple[dict[str, Any], ...] = (
    {"type": "describe_session", "title": "Phiên thử", "subtitle": "Điện Biên"},
    {"type": "put_site", "name": "Điểm cầu huyện Mường Chà"},
    {"type": "set_booth", "site": _newest("site"), "language": {"code": "km", "name": "Khmer"}},
    {"type": "remove_site", "site": _newest("site")},
    {"type": "put_delegate", "name": "Lò Văn Tạm", "site": LAY},
    {"type": "remove_delegate", "delegate": _newest("delegate")},
    {"type": "put_item", "title": "Nội dung thêm"},
    {"type": "move_item", "item": _newest("item"), "before": ITEM},
    {"type": "remove_item", "item": _first_item},
    {"type": "import_rows", "sites": [{"name": "Điểm cầu huyện Nậm Pồ"}]},
    {"type": "begin_rehearsal"},
    {"type": "record_check", "site": LAY, "check": "picture", "outcome": "ok"},
    {"type": "ask_self_test", "site": LAY},
    {"type": "allow_screen", "site": LAY, "allowed": True},
    {"type": "share_screen", "site": LAY},
    {"type": "stop_screen", "site": LAY},
    {"type": "set_preview", "scene": SCENE},
    {"type": "cut", "scene": SCENE},
    {"type": "show_overlay", "name": "agenda", "visible": True},
    {"type": "open_microphone", "site": LAY},
    {"type": "close_microphone", "site": LAY},
    {"type": "mute_all"},
    {"type": "set_noise_suppression", "site": LAY, "on": True},
    {"type": "shift_sound", "site": LAY, "later_ms": -40},
    {"type": "set_signer", "site": LAY, "corner": "top-right", "share": 0.2},
    {"type": "load_countdown", "duration_ms": 600_000, "title": "Khai mạc sau"},
    {"type": "start_player", "sound": False},
    {"type": "pause_player"},
    {"type": "stop_player"},
    {"type": "clear_player"},
    {"type": "send_message", "text": "Sắp họp"},
    {"type": "go_live"},
    {"type": "set_limit", "kind": "speech", "scope": "item", "limit_ms": 60_000},
    {"type": "register", "delegate": "lay-1", "kind": "speech"},
    {"type": "withdraw", "request": _newest("request")},
    {"type": "register", "delegate": "lay-1", "kind": "speech"},
    {"type": "register", "delegate": "chua-1", "kind": "speech"},
    {"type": "reorder", "request": _newest("request"), "before": None},
    {"type": "call", "request": _newest("request")},
    {"type": "extend_turn", "by_ms": 60_000},
    {"type": "pause_clock"},
    {"type": "resume_clock"},
    {"type": "type_caption", "text": "Kính thưa"},
    {"type": "correct_caption", "caption": _newest("caption"), "text": "Kính thưa Hội đồng"},
    {"type": "end_turn"},
    {"type": "correct_turn", "turn": _newest("turn"), "delegate": "lay-1", "reason": "Đọc thay"},
    {"type": "call_next"},
    {"type": "undo", "act": _last_act},
    {"type": "mark_absent", "request": "r-lay"},
    {"type": "give_turn", "delegate": "lay-1", "kind": "speech"},
    {"type": "end_turn"},
    {"type": "write_note", "text": "Đề nghị làm rõ"},
    {"type": "strike_note", "note": _newest("note")},
    {"type": "note_promise", "text": "Báo cáo trước 31/12", "delegate": "lay-1"},
    {"type": "settle_promise", "promise": _newest("promise"), "kept": True},
    {"type": "drop_promise", "promise": _newest("promise")},
    {"type": "correct_name", "delegate": "lay-1", "name": "Điêu Thị Xuân"},
    {"type": "mark_roll", "delegates": ["lay-1"], "present": False, "reason": "Ốm"},
    {"type": "pause_session"},
    {"type": "resume_session"},
    {"type": "set_item_closed", "item": SECRET, "closed": True},
    {"type": "close_part", "staying": [LAY]},
    {"type": "request_opening"},
    {"type": "keep_closed"},
    {"type": "request_opening"},
    {"type": "confirm_opening"},
    {"type": "choose_item", "item": SECRET, "staying": [LAY]},
    {"type": "end_session"},
)
"""One session from its preparing to its end: each command that a person gives, and is obeyed."""
REFUSED: tuple[dict[str, Any], ...] = (
    {"type": "call_round"},
    {"type": "load_player", "file": "khong-co.mp4"},
    {"type": "seek_player", "position_ms": 0},
    {"type": "turn_page", "page": 1},
    {"type": "loop_player", "loop": True},
    {"type": "set_player_sound", "sound": True},
    {"type": "show_document", "document": "x", "public": True},
    {"type": "remove_document", "document": "x"},
    {"type": "cancel_session"},
)
"""What this session has no occasion for: a refusal is written down in the same words."""


def _faults(rig: Rig) -> tuple[Any, ...]:
    store = rig.store
    versions = {one.id: one.events for one in store.sessions()}
    return verify(store.audit(), store.event_rows, lambda: versions).faults


def _said(wish: dict[str, Any], rig: Rig) -> dict[str, Any]:
    told = {key: value(rig) if callable(value) else value for key, value in wish.items()}
    if told.get("request") == "r-lay":
        waiting = [one for one in _state(rig).requests.values() if one.delegate == "lay-1"]
        told["request"] = waiting[-1].id
    return told


@pytest.mark.timeout(300)
def test_every_command_is_written_down(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            path = f"/api/v1/sessions/{SESSION}/commands"
            wishes = [(wish, True) for wish in STORY] + [(wish, False) for wish in REFUSED]
            for wish, obeyed in wishes:
                said = _said(wish, rig)
                before, began_ms = len(rig.store.audit()), now_ms()
                token = rig.site(LAY) if said["type"] in BY_A_SITE else rig.operator
                headers = {"Authorization": f"Bearer {token}", "User-Agent": AGENT}
                status, told = await rig.post(path, said, **headers)
                assert (status == 200) == obeyed, (said, told)
                (note,) = [one.note for one in rig.store.audit(after=before)]
                assert _shown(note) == _expected(said, obeyed, told)
                assert began_ms <= note.at_ms <= now_ms()
                assert _faults(rig) == (), said
            given = {wish["type"] for wish, _ in wishes}
            assert given == COMMANDS.keys() - BY_THE_SERVER, "a new command stands here too"

    asyncio.run(scenario())


def _shown(note: Note) -> tuple[object, ...]:
    where = note.where
    return (
        note.what, note.who, note.role, note.session, note.outcome,
        where.address, where.agent, where.means,
    )  # fmt: skip


def _expected(said: dict[str, Any], obeyed: bool, told: Any) -> tuple[object, ...]:
    outcome = "done" if obeyed else told["error"]["code"]
    who, role = (LAY, "site") if said["type"] in BY_A_SITE else ("operator", "operator")
    return (said["type"], who, role, SESSION, outcome, ADDRESS, "Chrome · Windows", "link")


@dataclass
class Act:
    """What is asked for, and what the audit calls it."""

    body: Wish | bytes | Knows = field(default_factory=dict)
    what: str = ""
    """Empty: nothing is changed, so nothing stands there."""
    site: bool = False
    """A site does it, with its link; else somebody who signed in."""


SECRET_CODE = pyotp.random_base32()
PDF = b"%PDF-1.7\n%%EOF\n"
_SESSION = "/api/v1/sessions/{session}"


def _code(_: Rig) -> str:
    return pyotp.TOTP(SECRET_CODE).now()


def _later_code() -> str:
    return pyotp.TOTP(SECRET_CODE).at(now_ms() // 1000 + 30)


ACTS: dict[str, Act] = {
    "POST /api/v1/sign-in": Act({"name": "ky-thuat", "password": PASSWORD}, "sign_in"),
    "POST /api/v1/account/end-sign-ins": Act({}, "sign_ins_ended"),
    "POST /api/v1/account/password": Act(
        {"password": PASSWORD, "new_password": PASSWORD}, "password_changed"
    ),
    "POST /api/v1/account/second-factor/offer": Act({}),
    "POST /api/v1/account/second-factor": Act(
        lambda rig: {"password": PASSWORD, "secret": SECRET_CODE, "code": _code(rig)},
        "second_factor_on",
    ),
    "POST /api/v1/account/second-factor/off": Act(
        lambda rig: {"password": PASSWORD, "code": _later_code()}, "second_factor_off"
    ),
    "POST /api/v1/accounts": Act({"name": "thu-ky", "password": PASSWORD}, "account_saved"),
    "POST /api/v1/accounts/change": Act({"name": "thu-ky", "disabled": True}, "account_saved"),
    "POST /api/v1/audit/proof": Act({}, "audit_proved"),
    "POST /api/v1/archive/{session}/retire": Act(
        {"kept_in": "/khong-co", "why": "Đĩa đầy"}, "retire_asked"
    ),
    "POST /api/v1/templates": Act({"session": SESSION, "name": "Mẫu"}, "template_kept"),
    "DELETE /api/v1/templates/{template}": Act(b"", "template_removed"),
    "POST /api/v1/sessions": Act(
        {"title": "Bản sao", "source": {"kind": "session", "id": SESSION}}, "session_created"
    ),
    f"POST {_SESSION}/commands": Act({"type": "mute_all"}, "mute_all"),
    f"POST {_SESSION}/control": Act({}, "control_taken"),
    f"POST {_SESSION}/import/{{what}}": Act("Họ tên\nLò Văn A\n".encode()),
    f"POST {_SESSION}/items/{{item}}/documents": Act(PDF, "add_document"),
    f"POST {_SESSION}/pushes": Act(
        {"name": "dai", "url": "rtmp://127.0.0.1:9/live/x"}, "push_added"
    ),
    f"PATCH {_SESSION}/pushes/{{name}}": Act({"on": False}, "push_off"),
    f"DELETE {_SESSION}/pushes/{{name}}": Act(b"", "push_removed"),
    f"PUT {_SESSION}/player/files/{{name}}": Act(b"\x89PNG", "player_file_brought"),
    f"DELETE {_SESSION}/player/files/{{name}}": Act(b"", "player_file_removed"),
    f"POST {_SESSION}/sites/{{site}}/link": Act({}, "renew_link"),
    f"POST {_SESSION}/sites/{{site}}/line-test": Act(b"x" * 10, site=True),
    "POST /whip/{site}": Act(b"v=0", "site_joined", site=True),
    "POST /whip/{site}/echo": Act(b"v=0", site=True),
    "POST /whip/{site}/screen": Act(b"v=0", site=True),
    "POST /whip/{site}/talk": Act(b"v=0", "site_talked_to"),
    "POST /whep/{session}": Act(b"v=0"),
    "POST /whep/{session}/{target}": Act(b"v=0"),
    "POST /api/v1/sign-out": Act({}, "sign_out"),
}
"""In an order in which each is possible."""


@pytest.mark.timeout(300)
def test_every_route_that_changes_something_is_written_down(tmp_path: Path) -> None:
    changing = {
        route
        for route in PACE_OF
        if not route.startswith(("GET ", "OPTIONS ")) and not OWN_CONNECTION.search(route)
    }
    assert ACTS.keys() == changing, "a new route stands here too"

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            put_account(rig.store, "ky-thuat", HASH, frozenset({Role.OPERATOR}), admin=True)
            (rig.settings.storage.data_dir / "archive" / SESSION).mkdir(parents=True)  # to retire
            cookie, wrong = "", []
            for route, act in ACTS.items():
                before = len(rig.store.audit())
                sent = await _do(rig, route, act, cookie)
                cookie = sent.get("diemcau", cookie)
                if "template" in sent:
                    NAMES["template"] = sent["template"]
                new = [one.note for one in rig.store.audit(after=before)]
                wrong += _faults_of(act, route, new, who=LAY if act.site else "ky-thuat")
                assert _faults(rig) == (), route
            assert wrong == []

    asyncio.run(scenario())


async def _do(rig: Rig, route: str, act: Act, cookie: str) -> dict[str, str]:
    """The newest cookie and template, if there are."""
    method, _, path = route.partition(" ")
    path = re.sub(r"\{(\w+)\}", lambda match: str(NAMES[match[1]]), path)
    path += "?name=a.pdf" if path.endswith("/documents") else ""
    path = path.replace("files/dai", "files/a.png")
    body = act.body(rig) if callable(act.body) else act.body
    sdp = path.startswith(("/whip", "/whep"))
    headers = {"User-Agent": AGENT, "Origin": rig.base}
    headers["Content-Type"] = "application/sdp" if sdp else "application/json"
    if act.site:
        headers["Authorization"] = f"Bearer {rig.site(LAY)}"
    elif cookie:
        headers["Cookie"] = f"diemcau={cookie}"
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    rig.http.cookie_jar.clear()
    async with rig.http.request(method, rig.url(path), data=data, headers=headers) as answer:
        told = await answer.json()
        assert answer.status < 300 or (sdp and told["error"]["code"] in REFUSED_OFFERS), (
            route,
            told,
        )
        found = {name: one.value for name, one in answer.cookies.items()}
        return found | ({"template": told["id"]} if path.endswith("/templates") else {})


def _faults_of(act: Act, route: str, notes: list[Note], who: str) -> list[object]:
    whats = [note.what for note in notes]
    if (act.what in whats) != bool(act.what) or (not act.what and whats):
        return [(route, whats)]
    means = "link" if act.site else "account"
    asked = [(n.who, n.where.address, n.where.agent, n.where.means) for n in notes]
    right = (who, ADDRESS, "Chrome · Windows", means)
    return [(route, what, one) for what, one in zip(whats, asked, strict=True) if one != right]


def test_the_whole_of_it_as_a_file(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            await rig.command("mute_all")
            await rig.command("send_message", text="=1+1")
            path = f"/api/v1/sessions/{SESSION}/audit.csv"
            clerk = rig.tokens.issue_token(Role.CLERK, SESSION)
            for token, expected in ((None, 403), (clerk, 403), (rig.operator, 200)):
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                answer = await rig.get(path, headers=headers)
                assert answer.status == expected
            rows = list(csv.reader(io.StringIO((await answer.text()).removeprefix("\ufeff"))))
            entries = rig.store.audit(session=SESSION)
            assert rows[0][0] == "number"
            assert [row[0] for row in rows[1:]] == [str(one.number) for one in entries]
            assert [row[-1] for row in rows[1:]] == [one.digest for one in entries]
            assert entries[-1].note.what == "audit_exported", "it says so itself"
            assert "=1+1" in rows[3][rows[0].index("detail")]
            assert (await rig.get("/api/v1/audit.csv", headers=headers)).status == 403

    asyncio.run(scenario())


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_page_has_a_word_for_each(language: str) -> None:
    folder = Path(__file__).parents[2] / "web" / "texts" / language
    texts = json.loads((folder / "audit.json").read_text("utf-8"))
    whats = {
        "recording_retired",
        "recording_sealed",
        *COMMANDS,
        *(act.what for act in ACTS.values() if act.what),
    }
    keys = {one.name for command in COMMANDS.values() for one in fields(command)} - {"type"}
    missing = {f"audit.what.{one}" for one in whats} | {f"audit.key.{one}" for one in keys}
    assert missing - texts.keys() == set()
