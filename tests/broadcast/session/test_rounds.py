"""Questioning (Art. 19): rounds of three, an answer to each question, then debate."""

import pytest

from broadcast.session.commands import (
    Call,
    CallNext,
    CallRound,
    ChooseItem,
    EndTurn,
    GiveTurn,
    MarkAbsent,
    Register,
    Reorder,
    Withdraw,
)
from broadcast.session.model import RequestId, RequestKind
from broadcast.session.order import answered
from tests.broadcast.session.hearing import Hearing

QUESTION, ANSWER, REBUTTAL = RequestKind.QUESTION, RequestKind.ANSWER, RequestKind.REBUTTAL


def questioning(*delegates: str) -> Hearing:
    hearing = Hearing("chat-van")
    for delegate in delegates:
        hearing.register(delegate, QUESTION)
    return hearing


def calls(hearing: Hearing, times: int) -> list[tuple[str, str]]:
    """Who got the floor, and for what."""
    heard = []
    for _ in range(times):
        hearing.do(CallNext())
        heard.append((str(hearing.floor.delegate), str(hearing.floor.kind)))
    return heard


def after_the_answer_to(*delegates: str) -> tuple[Hearing, dict[str, RequestId]]:
    """Everybody has asked, everything is answered, the floor is free."""
    hearing = questioning(*delegates)
    calls(hearing, 2 * len(delegates))
    hearing.do(EndTurn())
    return hearing, {
        str(request.delegate): request.id
        for request in hearing.state.requests.values()
        if request.kind is QUESTION
    }


def test_three_ask_then_each_is_answered_then_the_next_round() -> None:
    hearing = questioning("an", "binh", "chi", "dung")
    assert calls(hearing, 8) == [
        ("an", "question"),
        ("binh", "question"),
        ("chi", "question"),
        ("bo", "answer"),
        ("bo", "answer"),
        ("bo", "answer"),
        ("dung", "question"),
        ("bo", "answer"),
    ]
    assert [one.number for one in hearing.state.rounds] == [1, 2]
    questions = [
        request.id for request in hearing.state.requests.values() if request.kind is QUESTION
    ]
    assert [turn.answers for turn in hearing.state.turns if turn.kind is ANSWER] == [
        (question,) for question in questions
    ]


def test_a_round_is_called_by_name_before_anybody_speaks() -> None:
    hearing = questioning("an", "binh", "chi")
    hearing.do(CallRound(size=2))
    assert hearing.speaker is None
    assert hearing.queue == ["an", "binh", "chi"]
    assert calls(hearing, 3) == [("an", "question"), ("binh", "question"), ("bo", "answer")]


def test_a_round_waits_for_those_who_were_called() -> None:
    hearing = questioning("an", "binh", "chi", "dung")
    hearing.do(CallRound(size=2))
    assert hearing.refused(CallRound()) == "round_open"
    hearing.do(MarkAbsent(request=hearing.state.rounds[-1].questions[0]))
    hearing.do(Withdraw(request=hearing.state.rounds[-1].questions[1]))
    hearing.do(CallRound())
    assert hearing.queue == ["chi", "dung"]


def test_what_will_be_answered_in_writing_does_not_hold_up_the_next_round() -> None:
    hearing = questioning("an", "binh")
    hearing.do(CallRound(size=1))
    calls(hearing, 1)
    hearing.do(CallRound())
    assert calls(hearing, 2) == [("binh", "question"), ("bo", "answer")]


def test_one_answer_to_all_questions_has_time_for_each() -> None:
    hearing = questioning("an", "binh", "chi")
    calls(hearing, 3)
    hearing.do(GiveTurn(delegate="bo", kind=ANSWER))
    assert hearing.floor.limit_ms == 3 * 180_000
    assert hearing.state.departures == (), "nobody was passed over"
    assert hearing.next is None
    assert all(answered(hearing.state, question) for question in hearing.floor.answers)


def test_another_official_may_answer_at_the_chairs_word() -> None:
    hearing = questioning("an", "binh")
    calls(hearing, 2)
    first = hearing.state.rounds[-1].questions[0]
    hearing.do(GiveTurn(delegate="pho", kind=ANSWER, answers_to=first))
    assert hearing.speaker == "pho"
    assert calls(hearing, 1) == [("bo", "answer")]
    assert hearing.next is None


def test_an_answer_begun_by_nobody_is_not_given() -> None:
    hearing = questioning("an")
    calls(hearing, 2)
    hearing.do(MarkAbsent(request=hearing.floor.request or ""))
    assert hearing.next == ("bo", "answer")


def test_no_answer_is_debated_that_nobody_gave() -> None:
    hearing = questioning("an", "binh")
    calls(hearing, 3)
    hearing.do(MarkAbsent(request=hearing.floor.request or ""))
    debate = Register(delegate="chi", kind=REBUTTAL)
    assert hearing.refused(debate) == "not_answered_yet"
    calls(hearing, 1)
    hearing.do(debate)


def test_who_asked_debates_first_however_late_they_register() -> None:
    """Art. 19.2d."""
    hearing, asked = after_the_answer_to("an")
    hearing.register("binh", REBUTTAL, asked["an"])
    hearing.register("chi", REBUTTAL, asked["an"])
    hearing.register("an", REBUTTAL, asked["an"])
    assert hearing.queue == ["an", "binh", "chi"]


def test_priority_is_for_ones_own_question_only() -> None:
    hearing, asked = after_the_answer_to("an", "chi")
    hearing.register("binh", REBUTTAL, asked["an"])
    hearing.register("dung", REBUTTAL, asked["chi"])
    hearing.register("chi", REBUTTAL, asked["an"])
    hearing.register("chi", REBUTTAL, asked["chi"])
    assert hearing.queue == ["binh", "chi", "dung", "chi"]
    hearing.register("an", REBUTTAL, asked["an"])
    assert hearing.queue == ["an", "binh", "chi", "dung", "chi"]


def test_not_even_the_chair_takes_the_priority_away() -> None:
    hearing, asked = after_the_answer_to("an")
    other = hearing.register("binh", REBUTTAL, asked["an"])
    own = hearing.register("an", REBUTTAL, asked["an"])
    assert hearing.refused(Call(request=other)) == "asker_first"
    assert hearing.refused(Reorder(request=other, before=own)) == "asker_first"
    unasked = GiveTurn(delegate="chi", kind=REBUTTAL, answers_to=asked["an"])
    assert hearing.refused(unasked) == "asker_first"
    hearing.do(MarkAbsent(request=own))
    hearing.do(Call(request=other))
    assert hearing.speaker == "binh"


def test_debate_comes_before_the_next_questions() -> None:
    hearing, _ = after_the_answer_to("an", "binh", "chi")
    hearing.register("dung", QUESTION)
    hearing.register("chi", REBUTTAL)
    assert calls(hearing, 2) == [("chi", "rebuttal"), ("dung", "question")]


def test_a_debate_is_on_the_last_answer_unless_it_says_which() -> None:
    hearing, asked = after_the_answer_to("an", "chi")
    unnamed = hearing.register("dung", REBUTTAL)
    assert hearing.state.requests[unnamed].answers_to == asked["chi"]
    named = hearing.register("dung", REBUTTAL, asked["an"])
    assert hearing.state.requests[named].answers_to == asked["an"]


def test_after_one_answer_to_all_a_questioner_debates_their_own() -> None:
    hearing = questioning("an", "binh", "chi")
    calls(hearing, 3)
    hearing.do(GiveTurn(delegate="bo", kind=ANSWER))
    own = hearing.register("an", REBUTTAL)
    assert hearing.state.requests[own].answers_to == hearing.state.rounds[-1].questions[0]


def test_nothing_to_debate_before_an_answer() -> None:
    hearing = questioning("an")
    assert hearing.refused(Register(delegate="chi", kind=REBUTTAL)) == "not_answered_yet"
    calls(hearing, 1)
    question = hearing.floor.request
    hearing.do(EndTurn())
    early = Register(delegate="chi", kind=REBUTTAL, answers_to=question)
    assert hearing.refused(early) == "not_answered_yet"


def test_who_may_ask_and_who_answers() -> None:
    hearing = questioning("an")
    assert hearing.refused(Register(delegate="bo", kind=QUESTION)) == "is_questioned"
    assert hearing.refused(Register(delegate="chi", kind=ANSWER)) == "not_questioned"
    assert hearing.refused(Register(delegate="bo", kind=ANSWER)) == "nothing_asked"
    assert hearing.refused(GiveTurn(delegate="bo", kind=ANSWER)) == "nothing_asked"
    unheard = next(iter(hearing.state.requests))
    answer = Register(delegate="bo", kind=ANSWER, answers_to=unheard)
    assert hearing.refused(answer) == "unknown_question"


def test_an_answer_that_was_registered_is_the_one_that_is_called() -> None:
    hearing = questioning("an")
    calls(hearing, 1)
    hearing.do(EndTurn())
    request = hearing.register("bo", ANSWER)
    hearing.do(CallNext())
    assert hearing.floor.request == request
    assert hearing.floor.answers == hearing.state.rounds[-1].questions


def test_a_question_called_out_of_order_joins_the_round() -> None:
    hearing = questioning("an", "binh", "chi", "dung")
    calls(hearing, 1)
    last = next(reversed(hearing.state.requests))
    hearing.do(Call(request=last))
    assert len(hearing.state.rounds) == 1
    assert hearing.state.rounds[0].questions[-1] == last
    assert [delegate for delegate, _ in calls(hearing, 3)] == ["binh", "chi", "bo"]


def test_a_question_called_when_the_round_is_over_starts_another() -> None:
    hearing, _ = after_the_answer_to("an")
    hearing.register("binh", QUESTION)
    hearing.register("chi", QUESTION)
    hearing.do(Call(request=next(reversed(hearing.state.requests))))
    assert [(one.number, len(one.questions)) for one in hearing.state.rounds] == [(1, 1), (2, 1)]
    assert calls(hearing, 2) == [("bo", "answer"), ("binh", "question")]


def test_an_invited_question_is_answered_like_any_other() -> None:
    hearing = questioning()
    hearing.do(GiveTurn(delegate="dung", kind=QUESTION))
    assert calls(hearing, 1) == [("bo", "answer")]


def test_a_round_is_resumed_with_its_item() -> None:
    hearing = questioning("an", "binh")
    calls(hearing, 1)
    hearing.do(EndTurn())
    hearing.do(ChooseItem(item="thao-luan"))
    assert hearing.state.round is None
    hearing.do(ChooseItem(item="chat-van"))
    assert calls(hearing, 3) == [("binh", "question"), ("bo", "answer"), ("bo", "answer")]


@pytest.mark.parametrize(
    ("item", "code"), [("thao-luan", "no_rounds_here"), ("chat-van", "no_questions")]
)
def test_where_there_is_no_round(item: str, code: str) -> None:
    assert Hearing(item).refused(CallRound()) == code
    assert Hearing().refused(CallRound()) == "no_item"
