"""What the chair decides for all and looks back on."""

from dataclasses import replace

import pytest

from broadcast.session.commands import (
    CallNext,
    CallRound,
    ChooseItem,
    DropPromise,
    EndSession,
    EndTurn,
    GiveTurn,
    GoLive,
    MarkAbsent,
    NotePromise,
    PauseSession,
    Register,
    Reorder,
    ResumeSession,
    SetLimit,
    SettlePromise,
    Withdraw,
)
from broadcast.session.evolve import fold
from broadcast.session.forecast import forecast
from broadcast.session.model import (
    AgendaItem,
    DelegateId,
    DepartureKind,
    ItemId,
    ItemKind,
    RequestKind,
    Role,
)
from broadcast.session.order import limit_ms
from broadcast.session.record import (
    by_delegate,
    by_group,
    by_site,
    not_heard,
    threads,
    time_used,
    waiting_in,
)
from tests.broadcast.session.hearing import PREPARED, PROCEDURE, START_MS, Hearing

SPEECH, QUESTION, ANSWER = RequestKind.SPEECH, RequestKind.QUESTION, RequestKind.ANSWER
MINUTE_MS = 60_000
NOON_MS = -(-START_MS // MINUTE_MS) * MINUTE_MS


def speak(hearing: Hearing, delegate: str, seconds: int) -> None:
    hearing.do(GiveTurn(delegate=delegate, kind=SPEECH))
    hearing.after(seconds - 1).do(EndTurn())


def limit(hearing: Hearing, delegate: str, kind: RequestKind = SPEECH, answers: int = 1) -> int:
    return limit_ms(hearing.state, PROCEDURE, DelegateId(delegate), kind, answers)


def test_the_chair_shortens_and_extends_for_all() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(GiveTurn(delegate="an", kind=SPEECH))
    hearing.do(SetLimit(kind=SPEECH, limit_ms=300_000), Role.CHAIR)
    assert hearing.floor.limit_ms == 420_000, "who speaks keeps his time"
    assert limit(hearing, "chi") == 300_000
    hearing.do(SetLimit(kind=SPEECH, limit_ms=600_000))
    assert (limit(hearing, "chi"), limit(hearing, "an")) == (600_000, 180_000)
    hearing.do(SetLimit(kind=SPEECH, limit_ms=120_000, scope="session"))
    assert limit(hearing, "chi") == 600_000, "the item's own counts first"
    hearing.do(SetLimit(kind=SPEECH))
    assert (limit(hearing, "chi"), limit(hearing, "an")) == (120_000, 120_000)
    hearing.do(SetLimit(kind=SPEECH, scope="session"))
    assert (limit(hearing, "chi"), limit(hearing, "an")) == (420_000, 180_000)
    assert hearing.do(SetLimit(kind=SPEECH)) == ()
    kinds = [one.kind for one in hearing.state.departures]
    assert kinds.count(DepartureKind.LIMIT) == 5


def test_an_answer_has_the_chairs_time_for_each_question() -> None:
    hearing = Hearing("chat-van")
    hearing.do(SetLimit(kind=ANSWER, limit_ms=240_000))
    assert limit(hearing, "bo", ANSWER, 2) == 480_000


def test_a_limit_for_an_item_needs_one() -> None:
    assert Hearing().refused(SetLimit(kind=SPEECH, limit_ms=60_000)) == "no_item"


def test_time_used_by_delegate_site_and_group() -> None:
    hearing = Hearing("thao-luan")
    speak(hearing, "an", 60)
    speak(hearing, "chi", 100)
    speak(hearing, "an", 50)
    hearing.register("binh", SPEECH)
    hearing.do(CallNext())
    hearing.do(MarkAbsent(request=hearing.floor.request))  # type: ignore[arg-type]
    hearing.do(GiveTurn(delegate="bo", kind=SPEECH))
    state = hearing.state
    told = [(one.key, one.turns, one.used_ms // 1000) for one in time_used(state, by_delegate)]
    assert told == [("an", 2, 110), ("chi", 1, 100)]
    assert [one.key for one in time_used(state, by_site)] == ["muong-nhe", "tua-chua"]
    assert [(one.key, one.turns) for one in time_used(state, by_group(state))] == [("", 3)]


def test_departures_from_the_order() -> None:
    hearing = Hearing("thao-luan")
    hearing.register("an", SPEECH)
    last = hearing.register("chi", SPEECH)
    hearing.do(Reorder(request=last, before=next(iter(hearing.state.requests))), Role.CHAIR)
    assert hearing.state.requests[last].moved
    hearing.do(GiveTurn(delegate="bo", kind=SPEECH))
    told = [(one.kind, one.delegate) for one in hearing.state.departures]
    assert told == [(DepartureKind.MOVED, "chi"), (DepartureKind.OUT_OF_ORDER, "bo")]


def test_who_registered_and_was_not_heard() -> None:
    hearing = Hearing("thao-luan")
    an, chi = hearing.register("an", SPEECH), hearing.register("chi", SPEECH)
    binh, dung = hearing.register("binh", SPEECH), hearing.register("dung", SPEECH)
    hearing.do(CallNext())
    hearing.do(MarkAbsent(request=chi))
    hearing.do(Withdraw(request=binh))
    hearing.do(EndTurn())
    assert [one.id for one in not_heard(hearing.state)] == [chi, dung]
    hearing.do(ChooseItem(item="chat-van"))
    hearing.register("binh", QUESTION)
    assert waiting_in(hearing.state) == {"thao-luan": 1, "chat-van": 1}
    hearing.do(EndSession())
    told = [(one.item, one.delegate) for one in not_heard(hearing.state)]
    assert told == [("thao-luan", "chi"), ("thao-luan", "dung"), ("chat-van", "binh")]
    assert an not in {one.id for one in not_heard(hearing.state)}


def test_whoever_was_absent_and_heard_later_has_been_heard() -> None:
    hearing = Hearing("thao-luan")
    first = hearing.register("an", SPEECH)
    hearing.do(CallNext())
    hearing.do(MarkAbsent(request=first))
    speak(hearing, "an", 10)
    assert not_heard(hearing.state) == ()


def test_turning_to_another_item_loses_nothing() -> None:
    hearing = Hearing("chat-van")
    for delegate in ("an", "chi", "dung"):
        hearing.register(delegate, QUESTION)
    hearing.do(CallRound(size=2))
    hearing.do(CallNext())
    hearing.do(EndTurn())
    before, following = hearing.queue, hearing.next
    hearing.do(ChooseItem(item="thao-luan"))
    assert hearing.queue == []
    assert waiting_in(hearing.state) == {"chat-van": 2}
    hearing.do(ChooseItem(item="chat-van"))
    assert (hearing.queue, hearing.next) == (before, following)


def a_thread() -> Hearing:
    """An asks, bo answers and promises, chi waits to debate."""
    hearing = Hearing("chat-van")
    hearing.register("an", QUESTION)
    hearing.do(CallNext())
    hearing.do(EndTurn())
    hearing.do(CallNext())
    hearing.do(NotePromise(text="Trả lời bằng văn bản", delegate="bo", due="2026-12-31"))
    hearing.do(EndTurn())
    hearing.do(Register(delegate="chi", kind=RequestKind.REBUTTAL))
    return hearing


def test_question_answer_debate_and_promise_are_one_thread() -> None:
    hearing = a_thread()
    waiting = hearing.register("dung", QUESTION)
    first, second = threads(hearing.state)
    assert first.asked is not None
    assert [turn.delegate for turn in (first.asked, *first.answers)] == ["an", "bo"]
    assert (first.debates, first.waiting) == ((), ("chi",))
    (promise,) = first.promises
    assert (promise.text, promise.due, promise.item) == (
        "Trả lời bằng văn bản", "2026-12-31", "chat-van",
    )  # fmt: skip
    assert (second.question.id, second.asked) == (waiting, None)
    hearing.do(CallNext())
    hearing.do(EndTurn())
    (debate,) = threads(hearing.state)[0].debates
    assert debate.delegate == "chi"


def test_a_promise_is_corrected_kept_and_followed_up_after_the_end() -> None:
    hearing = a_thread()
    (noted,) = hearing.state.promises.values()
    hearing.do(EndSession())
    clerk = Role.CLERK
    better = NotePromise(text="Báo cáo Thường trực", delegate="bo", promise=noted.id)
    hearing.do(better, clerk)
    hearing.do(SettlePromise(promise=noted.id, kept=True), clerk)
    assert hearing.do(SettlePromise(promise=noted.id, kept=True), clerk) == ()
    (kept,) = hearing.state.promises.values()
    assert (kept.text, kept.kept, kept.due, kept.question) == (
        "Báo cáo Thường trực", True, "", noted.question,
    )  # fmt: skip
    assert kept.noted_at_ms == noted.noted_at_ms
    hearing.do(DropPromise(promise=noted.id), clerk)
    assert hearing.state.promises == {}


def test_a_promise_outlives_its_question() -> None:
    """The question was given by mistake, and taken back."""
    hearing = Hearing("chat-van")
    hearing.do(GiveTurn(delegate="an", kind=RequestKind.QUESTION))
    question = hearing.floor.request
    assert question is not None
    hearing.do(NotePromise(text="Hứa", delegate="bo", question=question), Role.CLERK)
    hearing.undo()
    (noted,) = hearing.state.promises.values()
    better = NotePromise(text="Báo cáo", delegate="bo", promise=noted.id)
    hearing.do(better, Role.CLERK)
    (known,) = hearing.state.promises.values()
    assert (known.text, known.item, known.question) == ("Báo cáo", "chat-van", None)


def test_promises_that_cannot_be() -> None:
    hearing = Hearing("chat-van")
    note = NotePromise(text="Hứa", delegate="la")
    assert hearing.refused(note) == "unknown_delegate"
    about = NotePromise(text="Hứa", delegate="bo", question="la")
    assert hearing.refused(about) == "unknown_question"
    assert hearing.refused(SettlePromise(promise="la", kept=True)) == "unknown_promise"
    assert hearing.refused(DropPromise(promise="la")) == "unknown_promise"
    before = Hearing("chat-van", live=False)
    assert before.refused(NotePromise(text="Hứa", delegate="bo")) == "phase_prepared"


def planned(*minutes: int) -> Hearing:
    """Items of so many minutes; the first is chosen, the session is not live."""
    hearing = Hearing(live=False)
    agenda = tuple(
        AgendaItem(ItemId(f"i{number}"), "Mục", ItemKind.DISCUSSION, planned_minutes=each)
        for number, each in enumerate(minutes)
    )
    hearing.log = [replace(PREPARED, agenda=agenda)]
    hearing.state = fold(hearing.log)
    hearing.do(ChooseItem(item="i0"))
    return hearing


def minutes_from_now(hearing: Hearing) -> tuple[float, float] | None:
    found = forecast(hearing.state, hearing.now_ms)
    if found is None:
        return None
    return ((found.ends_at_ms - NOON_MS) / MINUTE_MS, found.late_ms / MINUTE_MS)


def test_the_end_follows_from_agenda_and_progress() -> None:
    hearing = planned(10, 20, 30)
    hearing.now_ms = NOON_MS - 1000
    assert minutes_from_now(hearing) == (60, 0)
    hearing.do(GoLive())
    hearing.now_ms = NOON_MS + 5 * MINUTE_MS
    assert minutes_from_now(hearing) == (60, 0)
    hearing.now_ms = NOON_MS + 16 * MINUTE_MS
    assert minutes_from_now(hearing) == (66, 6), "the first is over its time"
    hearing.do(ChooseItem(item="i1"))
    hearing.now_ms = NOON_MS + 20 * MINUTE_MS
    hearing.do(PauseSession())
    hearing.now_ms = NOON_MS + 30 * MINUTE_MS
    told = minutes_from_now(hearing)
    hearing.do(ResumeSession())
    assert told is not None
    assert told[1] == pytest.approx(16, abs=1), "a break is late"
    clock = hearing.state.item_clocks[ItemId("i1")]
    assert clock.used_ms(hearing.now_ms) // MINUTE_MS == 4
    found = forecast(hearing.state, hearing.now_ms)
    assert found is not None
    assert [one.item for one in found.items] == ["i1", "i2"]
    hearing.do(EndSession())
    assert minutes_from_now(hearing) is None


def test_without_planned_times_there_is_no_forecast() -> None:
    assert minutes_from_now(planned(0, 0)) is None
    found = forecast(planned(10, 0).state, NOON_MS)
    assert found is not None
    assert found.unplanned == 1
