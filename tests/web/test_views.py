"""What each audience sees of one state, without a server."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from broadcast.director import program_of
from broadcast.session.commands import parse_command
from broadcast.session.decide import Act, decide
from broadcast.session.events import ItemChosen, SessionPrepared
from broadcast.session.evolve import fold
from broadcast.session.model import (
    AgendaItem,
    DelegateId,
    ItemId,
    ItemKind,
    Phase,
    Role,
    SessionState,
)
from broadcast.session.procedure import load_procedure
from config.settings import Program
from streams.frames import SiteId
from streams.lines import DownLine, Line
from tests.test_docs import text
from tests.web.rig import CHUA, DELEGATES, HALL, ITEM, LAY, SECRET, SECRET_TITLE, SITES
from web.client import Audience
from web.outside import Outside
from web.patches import diff
from web.quality import wishes
from web.statuses import Report, Studio
from web.views import Views

STAFF, PUBLIC = Audience(True, None, "vi"), Audience(False, None, "vi")
SITE = Audience(False, LAY, "vi")
RULES = load_procedure()
QUESTIONS = ItemId("chat-van")
AGENDA = (
    AgendaItem(ITEM, "Thảo luận"),
    AgendaItem(SECRET, SECRET_TITLE, closed=True),
    AgendaItem(QUESTIONS, "Chất vấn", ItemKind.QUESTIONING, questioned=(DelegateId("chu-toa"),)),
)
START = fold(
    [
        SessionPrepared(
            at_ms=0, id="x", title="x", sites=SITES, delegates=DELEGATES, agenda=AGENDA
        ),
        ItemChosen(at_ms=0, item=ITEM),
    ]
)


def after(*wishes: dict[str, Any], state: SessionState = START) -> SessionState:
    """The state when the operator has done all this, a second each."""
    for number, wish in enumerate(wishes, 1):
        act = Act(number * 1000, Role.OPERATOR, "x", None, f"id-{number}")
        state = fold(decide(state, parse_command(wish), act, RULES), state)
    return state


def seen(state: SessionState, audience: Audience, outside: Outside | None = None) -> dict[str, Any]:
    views = Views(state, RULES, outside or Outside(0), {}, ())
    view: dict[str, Any] = json.loads(json.dumps(views.of(audience)))
    return view


def test_a_closed_item_is_named_to_the_room_and_only_when_it_is_its_turn() -> None:
    assert SECRET_TITLE in str(seen(START, STAFF))
    assert SECRET_TITLE not in str(seen(START, SITE))
    assert SECRET_TITLE not in str(seen(START, PUBLIC))
    now = after({"type": "choose_item", "item": SECRET})
    assert SECRET_TITLE in str(seen(now, SITE))
    assert SECRET_TITLE not in str(seen(now, PUBLIC))


def test_nor_does_its_id_say_what_it_is_about() -> None:
    """An id is made from a title: "Miễn nhiệm ông A" is `mien-nhiem-ong-a`."""
    part = {"type": "close_part", "staying": [LAY], "item": SECRET}
    for state in (START, after({"type": "go_live"}, part)):
        for audience in (PUBLIC, WALL, Audience(False, CHUA, "vi", "site")):
            view = seen(state, audience)
            assert SECRET not in json.dumps(view), audience
            ids = [one["id"] for one in view.get("agenda", ())]
            assert not ids or view["session"]["current_item"] in ids


MICROPHONES: tuple[dict[str, Any], ...] = (
    {"type": "open_microphone", "site": LAY},
    {"type": "mute_all"},
    {"type": "go_live"},
    {"type": "register", "delegate": "lay-1", "kind": "speech"},
    {"type": "call_next"},
    {"type": "open_microphone", "site": HALL},
    {"type": "give_turn", "delegate": "chua-1", "kind": "speech"},
    {"type": "close_microphone", "site": CHUA},
    {"type": "pause_session"},
    {"type": "resume_session"},
    {"type": "end_turn"},
    {"type": "open_microphone", "site": CHUA},
    {"type": "close_part", "staying": [LAY], "item": SECRET},
    {"type": "give_turn", "delegate": "lay-1", "kind": "speech"},
    {"type": "end_turn"},
    {"type": "choose_item", "item": ITEM},
    {"type": "end_session"},
)


def test_no_microphone_is_heard_without_its_site_being_told() -> None:
    """Whatever opens or closes it: what the studio is asked for, and what the site's page says."""
    opened = set[SiteId]()
    for done in range(len(MICROPHONES) + 1):
        state = after(*MICROPHONES[:done])
        pages = {site: seen(state, Audience(False, site, "vi"))["me"] for site in state.sites}
        told = {site for site, me in pages.items() if me["microphone_open"]}
        assert program_of(state).open_microphones == told, MICROPHONES[:done]
        opened |= told
    assert opened == {HALL, LAY, CHUA}


@pytest.mark.parametrize("item", [ITEM, SECRET])
def test_the_public_sees_who_speaks_while_it_may_hear(item: ItemId) -> None:
    live = after({"type": "go_live"}, {"type": "choose_item", "item": item, "staying": [LAY]})
    turn = after({"type": "give_turn", "delegate": "lay-1", "kind": "speech"}, state=live)
    floor = seen(turn, PUBLIC)["floor"]
    assert (floor is not None) == (item == ITEM)
    assert seen(turn, SITE)["floor"]["name"] == "Điêu Thị Xuân"
    rehearsal = replace(turn, phase=Phase.PREPARED)
    assert seen(rehearsal, PUBLIC)["floor"] is None


def test_a_black_or_frozen_site_bears_the_mark_on_its_tile() -> None:
    studio = Studio(state="running", signs={LAY: ("frozen",), HALL: ("black", "silent")})
    sites = seen(START, STAFF, Outside(0, studio=studio))["sites"]
    assert sites[LAY]["signs"] == ["frozen"]
    assert sites[HALL]["signs"] == ["black", "silent"]
    assert sites["tua-chua"]["signs"] == []


CHAIR = Audience(True, None, "vi", "chair")
WALL = Audience(False, None, "vi", "display")


def test_the_wall_of_the_hall_names_nobody_while_the_item_is_closed() -> None:
    called = after(
        {"type": "go_live"}, {"type": "give_turn", "delegate": "lay-1", "kind": "speech"}
    )
    waits = after({"type": "register", "delegate": "chua-1", "kind": "speech"}, state=called)
    shown = seen(waits, WALL)
    assert shown["floor"]["name"] == "Điêu Thị Xuân"
    assert shown["floor"]["site_name"] == "Điểm cầu thị xã Mường Lay"
    assert [row["name"] for row in shown["upcoming"]] == ["Giàng A Dính"]
    assert SECRET_TITLE not in str(shown)
    secret = after({"type": "set_item_closed", "item": ITEM, "closed": True}, state=waits)
    hidden = seen(secret, WALL)
    assert hidden["item"] == {"number": 1, "title": "Nội dung họp kín", "closed": True}
    assert not {"floor", "upcoming", "round"} & hidden.keys()
    assert "Điêu Thị Xuân" not in str(hidden)


def test_what_ended_in_secret_is_not_closed_any_more() -> None:
    """Chair and clerk come back to write it up; a red warning would be wrong there."""
    secret = after({"type": "go_live"}, {"type": "choose_item", "item": SECRET})
    ended = after({"type": "end_session"}, state=secret)
    for audience in (STAFF, PUBLIC, WALL):
        assert seen(secret, audience)["session"]["closed"]
        assert not seen(ended, audience)["session"]["closed"]
    assert SECRET_TITLE not in str([seen(ended, PUBLIC), seen(ended, WALL)])


def test_what_ended_in_secret_is_not_told_to_who_was_outside() -> None:
    """Their pages are still open when the session is over."""
    secret = after(
        {"type": "go_live"},
        {"type": "choose_item", "item": SECRET, "staying": [CHUA]},
        {"type": "register", "delegate": "chua-1", "kind": "speech"},
        {"type": "type_caption", "text": "Giới thiệu ông A"},
    )
    ended = after({"type": "end_session"}, state=secret)
    for state in (secret, ended):
        told = str(seen(state, SITE))
        for word in (SECRET, SECRET_TITLE, "Giàng A Dính", "Giới thiệu ông A"):
            assert word not in told, word
    assert {one["id"] for one in seen(ended, SITE)["agenda"]} >= {ITEM, QUESTIONS}


def test_the_wall_shows_who_is_questioned_and_the_answer_that_is_due() -> None:
    state = after(
        {"type": "choose_item", "item": QUESTIONS},
        {"type": "go_live"},
        {"type": "give_turn", "delegate": "lay-1", "kind": "question"},
        {"type": "end_turn"},
    )
    shown = seen(state, WALL)
    assert [one["name"] for one in shown["item"]["questioned"]] == ["Nguyễn Văn Chủ"]
    assert [(row["name"], row["kind"]) for row in shown["upcoming"]] == [
        ("Nguyễn Văn Chủ", "answer")
    ]


def test_the_chair_sees_who_was_absent_until_they_ask_again() -> None:
    ask = {"type": "register", "delegate": "lay-1", "kind": "speech"}
    gone = after({"type": "go_live"}, ask, {"type": "mark_absent", "request": "id-2"})
    assert [one["delegate"] for one in seen(gone, CHAIR)["absent"]] == ["lay-1"]
    assert seen(after(ask, state=gone), CHAIR)["absent"] == []
    assert not {"alarms", "preview", "program"} & seen(gone, CHAIR).keys()


CLERK = Audience(True, None, "vi", "clerk")


def test_captions_typed_in_secret_stay_in_the_room() -> None:
    live = after({"type": "go_live"}, {"type": "type_caption", "text": "Thưa Hội đồng"})
    assert seen(live, PUBLIC)["caption"]["text"] == "Thưa Hội đồng"
    secret = after({"type": "choose_item", "item": SECRET}, state=live)
    assert seen(secret, PUBLIC)["caption"] is None
    typed = after({"type": "type_caption", "text": "Về nhân sự"}, state=secret)
    opened = after({"type": "choose_item", "item": ITEM}, state=typed)
    for state in (typed, opened):
        assert "Về nhân sự" not in str(seen(state, PUBLIC))
        assert "Về nhân sự" in str(seen(state, CLERK))
    part = after({"type": "close_part", "staying": [LAY]}, state=live)
    told = after(
        {"type": "type_caption", "text": "Về nhân sự"},
        {"type": "send_message", "text": "Chuẩn bị bỏ phiếu"},
        state=part,
    )
    opened = after({"type": "request_opening"}, {"type": "confirm_opening"}, state=told)
    inside, outside = SITE, Audience(False, CHUA, "vi", "site")
    assert "Về nhân sự" in str(seen(told, inside))
    assert "Về nhân sự" not in str(seen(opened, inside)), "nor again, for who was not there"
    for state in (told, opened):
        assert "bỏ phiếu" in str(seen(state, inside))
        assert "bỏ phiếu" not in str(seen(state, outside))
        assert "Về nhân sự" not in str(seen(state, outside))


def test_a_site_reads_its_own_messages_and_those_to_all() -> None:
    state = after(
        {"type": "send_message", "text": "Nhờ bật đèn", "site": LAY},
        {"type": "send_message", "text": "Riêng Tủa Chùa", "site": CHUA},
        {"type": "send_message", "text": "Sắp họp"},
    )
    read = [one["text"] for one in seen(state, SITE)["messages"]]
    assert read == ["Nhờ bật đèn", "Sắp họp"]
    assert len(seen(state, STAFF)["messages"]) == 3
    assert "Nhờ bật đèn" not in str(seen(state, PUBLIC))


def test_the_sign_language_interpreter_knows_that_he_is_seen() -> None:
    asked = after({"type": "go_live"}, {"type": "set_signer", "site": LAY})
    assert [seen(state, SITE)["me"]["signs"] for state in (START, asked)] == [False, True]
    assert not seen(after({"type": "end_session"}, state=asked), SITE)["me"]["signs"]


def test_the_clerk_sees_turns_as_corrected() -> None:
    state = after(
        {"type": "go_live"},
        {"type": "give_turn", "delegate": "lay-1", "kind": "speech"},
        {"type": "end_turn"},
    )
    wish = {"type": "correct_turn", "turn": state.turns[0].id, "delegate": "chua-1"}
    waits = [{"type": "mute_all"}] * 3  # `after` counts its seconds anew
    (turn,) = seen(after(*waits, wish, state=state), CLERK)["turns"]
    assert (turn["name"], turn["corrected"]) == ("Giàng A Dính", True)


def test_no_audience_but_the_panel_sees_lines_and_delegates() -> None:
    for audience in (SITE, PUBLIC):
        assert not {"sites", "delegates", "outputs", "alarms"} & seen(START, audience).keys()


def test_an_answer_that_is_due_is_next_without_a_request() -> None:
    state = after(
        {"type": "go_live"},
        {"type": "choose_item", "item": QUESTIONS},
        {"type": "register", "delegate": "lay-1", "kind": "question"},
        {"type": "call_next"},
    )
    assert seen(state, SITE)["me"]["tally"] == "program"
    state = after({"type": "end_turn"}, state=state)
    view = seen(state, STAFF)
    assert view["next"] == {
        "request": None,
        "delegate": "chu-toa",
        "name": "Nguyễn Văn Chủ",
        "title": "Chủ tịch HĐND tỉnh",
        "site": HALL,
        "kind": "answer",
        "limit_ms": 180_000,
        "spoken": 0,
        "opens_round": 0,
    }
    assert view["questions"] == [{"request": "id-3", "name": "Điêu Thị Xuân", "answered": False}]
    assert view["round"]["questions"][0]["state"] == "heard"
    away = after({"type": "cut", "scene": {"layout": "slate", "sources": []}}, state=state)
    assert seen(away, Audience(False, HALL, "vi"))["me"]["tally"] == "next"


def test_items_are_done_current_or_coming_or_were_never_opened() -> None:
    state = after({"type": "go_live"}, {"type": "choose_item", "item": QUESTIONS})
    assert [item["state"] for item in seen(state, STAFF)["agenda"]] == ["done", "coming", "current"]
    ended = after({"type": "end_session"}, state=state)
    assert [item["state"] for item in seen(ended, PUBLIC)["agenda"]] == ["done", "left", "done"]


def test_devices_of_a_page_and_of_an_encoder_without_one() -> None:
    line = Line("VP8", 640, 360, 512_345.0, 0.04, None, None, True, False, 0)
    report = Report(camera="ok", microphone="denied", rtt_ms=41.6)
    world = Outside(0, lines={HALL: line, LAY: line}, reports={LAY: report})
    hall, lay, chua = seen(START, STAFF, world)["sites"].values()
    assert (hall["camera"], hall["microphone"], hall["rtt_ms"]) == ("ok", "none", None)
    assert (lay["camera"], lay["microphone"], lay["rtt_ms"]) == ("ok", "denied", 42)
    assert (lay["size"], lay["bitrate_bps"], lay["loss_percent"]) == ("640x360", 510_000, 0.0)
    assert (lay["video"], lay["audio"]) == ("ok", "lost")
    assert (chua["present"], chua["line"], chua["video"]) == (False, "lost", "none")


def test_outputs_before_the_studio_has_looked() -> None:
    outputs = seen(START, STAFF, Outside(0, studio=Studio(state="running")))["outputs"]
    assert (outputs["disk_free_bytes"], outputs["disk_hours_left"]) == (None, None)


def _promised(audience: str) -> set[str]:
    """By PROTOCOL.md: what its prose names, and the outermost parts of its example."""
    _, _, section = text("web/PROTOCOL.md").partition(f"### `view` for {audience}\n")
    prose, _, example = section.partition("\n### ")[0].partition("```jsonc")
    named, depth = {*re.findall(r"`(\w+)`", prose)} - {"null"}, 0
    for token in re.findall(r'"[^"]*"|[{}[\]]', re.sub("//.*", "", example.partition("```")[0])):
        depth += (token in "{[") - (token in "}]")
        if depth == 1 and token[0] == '"':
            named.add(token.strip('"'))
    return named


def test_each_audience_gets_what_the_protocol_promises() -> None:
    """`me.may_ask` is tried in test_live."""
    on = after({"type": "go_live"})
    chairs = _promised("the chair")
    assert len(chairs) > 20
    assert set(seen(on, replace(STAFF, page="chair"))) == chairs
    assert set(seen(on, replace(STAFF, page="clerk"))) == chairs ^ _promised("the clerk")
    assert set(seen(on, STAFF)) == _promised("operator, chair and clerk")
    assert set(seen(on, replace(PUBLIC, page="display"))) == _promised("the hall's screen")
    assert set(seen(on, SITE)) == _promised("a site")
    assert set(seen(on, PUBLIC)) == _promised("the public")
    assert list(seen(START, STAFF)["sites"]) == [HALL, LAY, CHUA]


def test_a_tile_knows_the_picture_that_was_asked_for() -> None:
    """So that the panel can tell how a larger one arrives."""
    state = after({"type": "set_preview", "scene": {"layout": "full", "sources": [LAY]}})
    qualities = wishes(state, Program(), None)
    view = Views(state, RULES, Outside(0), qualities, ()).of(STAFF)
    wished = {id_: (site["quality"], site["wished"]) for id_, site in view["sites"].items()}
    assert wished[LAY] == ("preview", "1280x720")
    assert wished[CHUA] == ("standby", "320x180")


@pytest.mark.parametrize("page", ["operator", "chair", "clerk"])
def test_a_line_that_trembles_is_said_of_its_site_alone(page: str) -> None:
    """With fifty sites it is half of them twice a second."""
    audience = Audience(True, None, "vi", page if page != "operator" else "")
    line = Line("VP8", 640, 360, 512_345.0, 0.04, None, None, True, True, 0)
    before = Outside(0, lines={HALL: line, LAY: line})
    trembles = before.lines | {LAY: replace(line, bitrate_bps=498_000.0)}
    patch = diff(
        seen(START, audience, before), seen(START, audience, replace(before, lines=trembles))
    )
    assert patch == ({"sites": {LAY: {"bitrate_bps": 500_000}}} if page == "operator" else {})
    comes = before.lines | {CHUA: line}
    patch = diff(seen(START, audience, before), seen(START, audience, replace(before, lines=comes)))
    assert (list(patch), list(patch["sites"])) == (["sites"], [CHUA])


@pytest.mark.parametrize(
    ("changes", "feed"),
    [
        ({}, "moving"),
        ({"rendition": 2}, "moving"),
        ({"rendition": 2, "stills": True}, "stills"),
        ({"rendition": None}, "sound"),
        ({"rendition": None, "sent_bps": 0.0}, None),
    ],
)
def test_a_site_knows_why_its_picture_stands_still(
    changes: dict[str, Any], feed: str | None
) -> None:
    back = replace(DownLine(0, 0, 3e6, 0.0, 20.0, 1.6e6, 0), **changes)
    assert seen(START, SITE, Outside(0, returns={LAY: back}))["me"]["feed"] == feed
    assert seen(START, SITE)["me"]["feed"] is None
