"""Registering, and the order of calling in a discussion (Art. 18)."""

from broadcast.session.commands import (
    CallNext,
    CallRound,
    ChooseItem,
    EndTurn,
    MarkAbsent,
    Register,
    Reorder,
    Withdraw,
)
from broadcast.session.model import RequestKind, Role
from broadcast.session.order import limit_ms, may_ask
from streams.frames import SiteId
from tests.broadcast.session.hearing import CHUA, NHE, PROCEDURE, Hearing

SPEECH, DEBATE = RequestKind.SPEECH, RequestKind.DEBATE


def test_first_registered_first_called() -> None:
    hearing = Hearing("thao-luan")
    for delegate in ("chi", "an", "dung"):
        hearing.register(delegate, SPEECH)
    called = []
    while hearing.next is not None:
        hearing.do(CallNext())
        called.append(hearing.speaker)
    assert called == ["chi", "an", "dung"]


def test_the_chair_reorders_and_it_is_on_record() -> None:
    hearing = Hearing("thao-luan")
    first, second, third = (hearing.register(one, SPEECH) for one in ("an", "chi", "dung"))
    (event,) = hearing.do(Reorder(request=third, before=first), Role.CHAIR)
    assert event.type == "queue_reordered"
    assert hearing.queue == ["dung", "an", "chi"]
    hearing.do(Reorder(request=third, before=None), Role.CHAIR)
    assert hearing.queue == ["an", "chi", "dung"]
    hearing.do(Reorder(request=first, before=third), Role.CHAIR)
    assert hearing.queue == ["chi", "an", "dung"]
    assert hearing.do(Reorder(request=second, before=second), Role.CHAIR) == ()


def test_reordering_leaves_those_who_register_later_behind() -> None:
    hearing = Hearing("thao-luan")
    first = hearing.register("an", SPEECH)
    hearing.register("chi", SPEECH)
    hearing.do(Reorder(request=first, before=None))
    hearing.register("dung", SPEECH)
    assert hearing.queue == ["chi", "an", "dung"]


def test_one_open_request_of_each_kind() -> None:
    hearing = Hearing("thao-luan")
    hearing.register("an", SPEECH)
    assert hearing.refused(Register(delegate="an", kind=SPEECH)) == "already_registered"
    hearing.register("an", DEBATE)
    hearing.do(CallNext())
    hearing.register("an", SPEECH)
    assert hearing.queue == ["an", "an"]


def test_a_questioner_in_the_round_need_not_register_again() -> None:
    hearing = Hearing("chat-van")
    hearing.register("an", RequestKind.QUESTION)
    hearing.do(CallRound())
    again = Register(delegate="an", kind=RequestKind.QUESTION)
    assert hearing.refused(again) == "already_registered"


def test_a_site_speaks_for_its_own_delegates() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(Register(delegate="an", kind=SPEECH), Role.SITE, NHE)
    foreign = Register(delegate="chi", kind=SPEECH)
    assert hearing.refused(foreign, Role.SITE, NHE) == "not_your_delegate"
    assert hearing.refused(foreign, Role.SITE, None) == "not_your_delegate"
    own = Withdraw(request=next(iter(hearing.state.requests)))
    assert hearing.refused(own, Role.SITE, CHUA) == "not_your_delegate"
    hearing.do(own, Role.SITE, NHE)
    assert hearing.queue == []


def test_withdrawing() -> None:
    hearing = Hearing("thao-luan")
    request = hearing.register("an", SPEECH)
    hearing.do(Withdraw(request=request))
    assert hearing.refused(Withdraw(request=request)) == "request_withdrawn"
    again = hearing.register("an", SPEECH)
    hearing.do(CallNext())
    assert hearing.refused(Withdraw(request=again)) == "has_the_floor"
    hearing.do(MarkAbsent(request=again))
    assert hearing.refused(Withdraw(request=again)) == "request_absent"


def test_what_is_refused_in_the_queue() -> None:
    hearing = Hearing("thao-luan")
    assert hearing.refused(Register(delegate="la", kind=SPEECH)) == "unknown_delegate"
    question = Register(delegate="an", kind=RequestKind.QUESTION)
    assert hearing.refused(question) == "kind_not_here"
    about = Register(delegate="an", kind=SPEECH, answers_to="id-1")
    assert hearing.refused(about) == "no_question_needed"
    request = hearing.register("an", SPEECH)
    other = hearing.register("chi", SPEECH)
    hearing.do(CallNext())
    assert hearing.refused(Reorder(request=request, before=None)) == "already_called"
    hearing.do(EndTurn())
    hearing.do(ChooseItem(item="bao-cao"))
    assert hearing.refused(Reorder(request=other, before=None)) == "other_item"
    assert Hearing().refused(Register(delegate="an", kind=SPEECH)) == "no_item"


def test_each_item_has_its_own_queue() -> None:
    hearing = Hearing("thao-luan")
    hearing.register("an", SPEECH)
    hearing.do(ChooseItem(item="bao-cao"))
    assert hearing.queue == []
    hearing.do(ChooseItem(item="thao-luan"))
    assert hearing.queue == ["an"]


def test_the_limit_is_known_before_the_call() -> None:
    hearing = Hearing("thao-luan")
    hearing.register("an", SPEECH)
    delegate = next(iter(hearing.state.requests.values())).delegate
    assert limit_ms(hearing.state, PROCEDURE, delegate, SPEECH) == 420_000
    hearing.do(CallNext())
    assert limit_ms(hearing.state, PROCEDURE, delegate, SPEECH) == 180_000


def test_what_a_site_may_ask_for() -> None:
    discussion = Hearing("thao-luan").state
    assert set(may_ask(discussion, PROCEDURE).get(NHE, ())) == set(
        PROCEDURE.items[discussion.item.kind].kinds
    )  # type: ignore[union-attr]
    assert may_ask(discussion, PROCEDURE).get(SiteId("nowhere"), ()) == ()
    assert may_ask(Hearing().state, PROCEDURE).get(NHE, ()) == ()
    questioning = Hearing("chat-van")
    assert RequestKind.QUESTION in may_ask(questioning.state, PROCEDURE).get(NHE, ())
    assert RequestKind.ANSWER not in may_ask(questioning.state, PROCEDURE).get(NHE, ())
    assert RequestKind.REBUTTAL not in may_ask(questioning.state, PROCEDURE).get(NHE, ())
    questioning.register("an", RequestKind.QUESTION)
    questioning.do(CallNext())
    questioning.do(CallNext())
    assert RequestKind.REBUTTAL in may_ask(questioning.state, PROCEDURE).get(NHE, ())
    assert RequestKind.ANSWER in may_ask(questioning.state, PROCEDURE).get(SiteId("hall"), ())
