"""Taking back the last act: all is as if it had not been."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from broadcast.layout import Layout
from broadcast.session.commands import (
    CallNext,
    CallRound,
    ChooseItem,
    Command,
    CorrectName,
    Cut,
    DropPromise,
    EndTurn,
    ExtendTurn,
    GiveTurn,
    MarkAbsent,
    NotePromise,
    OpenMicrophone,
    PauseSession,
    Register,
    Reorder,
    SceneWish,
    SetLimit,
    SetNoiseSuppression,
    Undo,
    Withdraw,
)
from broadcast.session.model import DelegateId, RequestKind, Role, SessionState
from broadcast.session.undoing import MAX_SINCE, without_undone
from tests.broadcast.session.hearing import CHUA, NHE, Hearing

SPEECH = RequestKind.SPEECH


def same(one: SessionState, other: SessionState) -> bool:
    """But for what an undo cannot and need not bring back."""
    return replace(one, version=0, undo=None, transition=other.transition) == replace(
        other, version=0, undo=None
    )


def busy() -> Hearing:
    """Three wait, one speaks."""
    hearing = Hearing("thao-luan")
    for delegate in ("an", "binh", "chi"):
        hearing.register(delegate, SPEECH)
    hearing.do(CallNext())
    return hearing


@pytest.mark.parametrize(
    ("command", "what", "name"),
    [
        (lambda _: CallNext(), "call_next", "Sùng Thị Sáy"),
        (lambda _: GiveTurn(delegate="bo", kind=SPEECH), "give_turn", "Trần Quốc Khánh"),
        (lambda _: EndTurn(), "end_turn", "Pờ Mỳ Lế"),
        (lambda _: ExtendTurn(by_ms=60_000), "extend_turn", "Pờ Mỳ Lế"),
        (lambda h: MarkAbsent(request=h.floor.request), "mark_absent", "Pờ Mỳ Lế"),
        (lambda h: Withdraw(request=last(h)), "withdraw", "Mùa A Lềnh"),
        (lambda h: Reorder(request=last(h), before=None), "reorder", "Mùa A Lềnh"),
        (lambda _: SetLimit(kind=SPEECH, limit_ms=300_000), "set_limit", None),
    ],
)
def test_every_act_and_what_undoing_it_would_do(
    command: Callable[[Hearing], Command], what: str, name: str | None
) -> None:
    hearing = busy()
    before = hearing.state
    assert hearing.do(command(hearing))
    undo = hearing.state.undo
    assert undo is not None
    assert undo.what == what
    who = hearing.state.delegates[undo.delegate].name if undo.delegate is not None else None
    assert who == name
    hearing.undo()
    assert same(hearing.state, before)
    assert hearing.state.undo is None


def last(hearing: Hearing) -> str:
    return next(reversed(hearing.state.requests))


def test_a_round_and_an_item() -> None:
    hearing = Hearing("chat-van")
    for delegate in ("an", "chi"):
        hearing.register(delegate, RequestKind.QUESTION)
    before = hearing.state
    hearing.do(CallRound())
    hearing.undo()
    assert same(hearing.state, before)
    hearing.do(ChooseItem(item="thao-luan"))
    undo = hearing.state.undo
    assert undo is not None
    assert undo.item == "thao-luan"
    hearing.undo()
    assert same(hearing.state, before)


def test_what_others_did_since_stands() -> None:
    hearing = busy()
    hearing.do(CallNext())
    hearing.do(Register(delegate="dung", kind=SPEECH), Role.SITE, CHUA)
    hearing.do(Cut(scene=SceneWish(layout=Layout.GRID_4, sources=(NHE, CHUA))))
    hearing.do(OpenMicrophone(site=CHUA))
    hearing.undo()
    assert hearing.speaker == "an"
    assert hearing.queue == ["binh", "chi", "dung"]
    assert hearing.state.program.layout is Layout.GRID_4
    assert hearing.state.open_microphones == {NHE, CHUA}


def test_what_clerk_and_operator_see_to_beside_it_leaves_it_to_be_undone() -> None:
    """A name is spelt right, and a noisy room made quiet, when its speaker is on the screen."""
    hearing = busy()
    hearing.do(NotePromise(text="Hứa", delegate="bo"), Role.CLERK)
    (promise,) = hearing.state.promises
    hearing.do(CallNext())
    hearing.do(CorrectName(delegate="binh", name="Sùng Thị Sáy A"), Role.CLERK)
    hearing.do(DropPromise(promise=promise), Role.CLERK)
    hearing.do(SetNoiseSuppression(site=NHE, on=True))
    hearing.undo()
    assert hearing.speaker == "an"
    assert hearing.state.delegates[DelegateId("binh")].name == "Sùng Thị Sáy A"
    assert (hearing.state.promises, hearing.state.cleaned) == ({}, {NHE})


def test_a_call_by_mistake_costs_nobody_his_first_time() -> None:
    hearing = busy()
    hearing.do(GiveTurn(delegate="bo", kind=SPEECH))
    hearing.undo()
    hearing.do(GiveTurn(delegate="bo", kind=SPEECH))
    assert hearing.floor.limit_ms == 420_000
    assert [one.delegate for one in hearing.state.departures] == ["bo"]


def test_only_the_last_act_and_only_for_a_minute() -> None:
    hearing = busy()
    first = hearing.state.undo
    assert first is not None
    hearing.do(ExtendTurn(by_ms=60_000))
    assert hearing.refused(Undo(act=first.act)) == "undo_changed"
    assert hearing.state.undo is not None
    hearing.after(61)
    assert hearing.refused(Undo(act=hearing.state.undo.act)) == "undo_too_late"


def test_a_break_has_its_own_way_back_and_makes_acts_history() -> None:
    hearing = busy()
    hearing.do(PauseSession())
    assert hearing.refused(Undo(act=1)) == "nothing_to_undo"


def test_what_is_remembered_is_bounded() -> None:
    hearing = busy()
    scenes = [SceneWish(layout=Layout.FULL, sources=(site,)) for site in (NHE, CHUA)]
    for number in range(MAX_SINCE):
        hearing.do(Cut(scene=scenes[number % 2]))
    assert hearing.state.undo is not None
    hearing.do(Cut(scene=SceneWish(layout=Layout.GRID_4, sources=(NHE,))))
    assert hearing.state.undo is None


def test_the_log_without_what_was_undone() -> None:
    hearing = busy()
    kept = list(hearing.log)
    hearing.do(CallNext())
    cut = hearing.do(Cut(scene=SceneWish(layout=Layout.GRID_4, sources=(NHE,))))
    hearing.undo()
    assert without_undone(hearing.log) == [*kept, *cut]


@pytest.mark.parametrize(
    "act",
    [
        lambda h: Withdraw(request=last(h)),
        lambda h: MarkAbsent(request=last(h)),
        lambda h: GiveTurn(delegate="chi", kind=SPEECH),
    ],
)
def test_who_asked_again_meanwhile_does_not_wait_twice(
    act: Callable[[Hearing], Command],
) -> None:
    hearing = busy()
    hearing.do(act(hearing))
    hearing.do(Register(delegate="chi", kind=SPEECH), Role.SITE, CHUA)
    hearing.do(Register(delegate="dung", kind=SPEECH), Role.SITE, CHUA)
    hearing.undo()
    assert (hearing.speaker, hearing.queue) == ("an", ["binh", "chi", "dung"])


def test_what_was_asked_in_an_item_that_was_not_meant_stays_there() -> None:
    hearing = busy()
    hearing.do(EndTurn())
    hearing.do(ChooseItem(item="chat-van"))
    hearing.do(Register(delegate="chi", kind=RequestKind.QUESTION))
    hearing.undo()
    hearing.do(ChooseItem(item="chat-van"))
    assert hearing.queue == ["chi"]
