"""What the overlays say about a hearing, from states that the rules themselves made."""

import json
from dataclasses import replace

from broadcast.overlay import views
from broadcast.overlay.contents import QUEUE_ROWS as TEMPLATE_ROWS
from broadcast.overlay.contents import prepare
from broadcast.overlay.theme import environment
from broadcast.program import Overlay
from broadcast.session.commands import CallNext, ChooseItem, EndSession, EndTurn
from broadcast.session.model import DelegateId, Phase, RequestKind, SessionState
from tests.broadcast.session.hearing import SECRET, Hearing

ALL = (
    views.lower_third,
    views.agenda,
    views.queue,
    lambda state: views.clock(state, 30_000),
    views.live,
    views.logo,
    views.slate,
    views.public_slate,
)


def fields(overlay: Overlay | None) -> dict[str, object]:
    assert overlay is not None
    return overlay.fields


def test_nobody_speaks() -> None:
    state = Hearing("thao-luan").state
    assert views.lower_third(state) is None
    assert views.clock(state, 30_000) is None
    assert views.queue(state) is None


def test_somebody_speaks() -> None:
    hearing = Hearing("thao-luan")
    hearing.register("an", RequestKind.SPEECH)
    hearing.do(CallNext())
    assert views.lower_third(hearing.state) == Overlay(
        "lower_third",
        {"name": "Pờ Mỳ Lế", "title": "Đại biểu", "site": "Điểm cầu huyện Mường Nhé"},
    )
    clock = fields(views.clock(hearing.state, 20_000))
    assert clock == {
        "kind": "speech",
        "started_at_ms": hearing.now_ms,
        "limit_ms": 420_000,
        "paused_at_ms": None,
        "paused_ms": 0,
        "warn_ms": 20_000,
    }
    hearing.do(EndTurn())
    assert views.lower_third(hearing.state) is None


def test_a_title_and_a_group_are_both_named() -> None:
    hearing = Hearing("thao-luan")
    hearing.register("an", RequestKind.SPEECH)
    hearing.do(CallNext())
    an = DelegateId("an")
    delegates = hearing.state.delegates
    grouped = replace(delegates[an], group="Tổ huyện Mường Nhé")
    state = replace(hearing.state, delegates={**delegates, an: grouped})
    assert fields(views.lower_third(state))["title"] == "Đại biểu – Tổ huyện Mường Nhé"
    untitled = replace(grouped, title="")
    state = replace(state, delegates={**delegates, an: untitled})
    assert fields(views.lower_third(state))["title"] == "Tổ huyện Mường Nhé"


def test_a_speaker_that_the_state_does_not_know() -> None:
    hearing = Hearing("thao-luan")
    hearing.register("an", RequestKind.SPEECH)
    hearing.do(CallNext())
    nobody = replace(hearing.state, delegates={}, sites={})
    assert views.lower_third(nobody) is None


def _states(state: SessionState) -> list[str]:
    items = fields(views.agenda(state))["items"]
    assert isinstance(items, list)
    return [item["state"] for item in items]


def test_the_agenda_knows_past_present_and_future() -> None:
    assert _states(Hearing(None, live=False).state) == ["coming"] * 4
    hearing = Hearing("thao-luan")
    first, second = (item.id for item in hearing.state.agenda[:2])
    assert second == "thao-luan"
    assert _states(hearing.state) == ["coming", "current", "coming", "coming"]
    hearing.do(ChooseItem(item=first))
    assert _states(hearing.state) == ["current", "done", "coming", "coming"], "out of order"
    hearing.do(EndSession())
    assert _states(hearing.state) == ["done", "done", "coming", "coming"], "never opened"
    assert views.agenda(replace(hearing.state, agenda=())) is None


def test_the_queue_is_in_the_order_of_calling() -> None:
    hearing = Hearing("thao-luan")
    for delegate in ("chi", "an", "dung", "binh"):
        hearing.register(delegate, RequestKind.SPEECH)
    queue = fields(views.queue(hearing.state))
    assert queue["questioning"] is False
    assert queue["more"] == 4 - views.QUEUE_ROWS
    assert queue["rows"] == [
        {"number": 1, "name": "Mùa A Lềnh", "site": "Huyện Tủa Chùa", "kind": "speech"},
        {"number": 2, "name": "Pờ Mỳ Lế", "site": "Huyện Mường Nhé", "kind": "speech"},
        {"number": 3, "name": "Sùng A Vảng", "site": "Huyện Tủa Chùa", "kind": "speech"},
    ]
    assert views.QUEUE_ROWS == TEMPLATE_ROWS


def test_a_question_group_has_its_own_title() -> None:
    hearing = Hearing("chat-van")
    hearing.register("an", RequestKind.QUESTION)
    assert fields(views.queue(hearing.state))["questioning"] is True


def test_live_is_said_only_while_it_is_true() -> None:
    hearing = Hearing("thao-luan", live=False)
    assert views.live(hearing.state) is None
    hearing = Hearing("thao-luan")
    assert views.live(hearing.state) == Overlay("live")
    assert views.live(replace(hearing.state, phase=Phase.PAUSED)) is None
    hearing.do(ChooseItem(item="nhan-su"))
    assert views.live(hearing.state) is None


def test_slates_follow_the_phase() -> None:
    live = Hearing("thao-luan").state
    modes = {
        phase: fields(views.public_slate(replace(live, phase=phase)))["mode"] for phase in Phase
    }
    assert modes == {
        Phase.PREPARED: "waiting",
        Phase.LIVE: "title",
        Phase.PAUSED: "pause",
        Phase.ENDED: "ended",
    }
    assert fields(views.slate(live))["text"] == "Thảo luận"


def test_a_closed_item_has_its_slate_and_its_title_is_nowhere() -> None:
    hearing = Hearing("nhan-su")
    assert fields(views.public_slate(hearing.state))["mode"] == "closed"
    for phase in Phase:
        state = replace(hearing.state, phase=phase)
        said = [prepare(overlay, 0) for view in ALL if (overlay := view(state)) is not None]
        assert SECRET not in json.dumps(said, ensure_ascii=False)


def test_every_kind_and_mode_has_its_words() -> None:
    words = environment().globals
    assert set(words["kinds"]) == set(RequestKind)  # type: ignore[call-overload]
    modes = {"waiting", "pause", "closed", "ended"}
    assert set(words["slates"]) == set(words["sentences"]) == modes  # type: ignore[call-overload]
