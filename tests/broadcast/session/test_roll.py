"""The roll call: who is there, said by the clerk and nobody else, and in the minutes."""

import pytest

from broadcast.archive.minutes import Minutes, minutes_of
from broadcast.session.commands import (
    CallNext,
    CommandError,
    EndSession,
    MarkRoll,
    RemoveDelegate,
    parse_command,
)
from broadcast.session.model import RequestKind, Role
from broadcast.session.written import Attendance
from tests.broadcast.session.hearing import Hearing
from web.minutes_paper import absent_of

ALL = ("bo", "pho", "an", "binh", "chi", "dung")


def drafted(hearing: Hearing) -> Minutes:
    return minutes_of(hearing.log, ())


def test_before_the_session_in_it_and_after_it() -> None:
    hearing = Hearing(live=False)
    assert drafted(hearing).roll is None
    hearing.do(MarkRoll(delegates=ALL, present=True), Role.CLERK)
    hearing = Hearing("thao-luan")
    hearing.do(MarkRoll(delegates=ALL, present=True), Role.CLERK)
    hearing.do(MarkRoll(delegates=("chi",), present=False, reason="Đi công tác"), Role.CLERK)
    hearing.do(MarkRoll(delegates=("an", "binh"), present=False), Role.CLERK)
    hearing.do(EndSession())
    hearing.do(MarkRoll(delegates=("an",), present=True), Role.CLERK)
    roll = drafted(hearing).roll
    assert roll is not None
    assert (roll.present, roll.listed) == (4, 6)
    names = "Sùng Thị Sáy, Đại biểu; Mùa A Lềnh, Đại biểu (Đi công tác)"
    assert absent_of(roll) == names, "in the list's order, not that of the roll call"


def test_it_is_taken_back_and_says_nothing_twice() -> None:
    hearing = Hearing("thao-luan")
    (marked,) = hearing.do(MarkRoll(delegates=("an", "chi", "an"), present=True), Role.CLERK)
    assert marked.delegates == ("an", "chi")  # type: ignore[union-attr]
    assert hearing.do(MarkRoll(delegates=("an",), present=True), Role.CLERK) == ()
    hearing.do(MarkRoll(delegates=("an",), present=True, reason="không có"), Role.CLERK)
    assert hearing.state.written.roll["an"] == Attendance(present=True)
    hearing.do(MarkRoll(delegates=("an",)), Role.CLERK)
    assert set(hearing.state.written.roll) == {"chi"}
    assert hearing.do(MarkRoll(delegates=("an",)), Role.CLERK) == ()


def test_all_or_none_and_by_the_clerk_alone() -> None:
    hearing = Hearing("thao-luan")
    nobody = MarkRoll(delegates=("an", "khong-co"), present=True)
    assert hearing.refused(nobody, Role.CLERK) == "unknown_delegate"
    assert not hearing.state.written.roll
    for role in (Role.CHAIR, Role.SITE, Role.VIEWER):
        assert hearing.refused(MarkRoll(delegates=("an",), present=True), role) == "role_may_not"
    with pytest.raises(CommandError):
        parse_command({"type": "mark_roll", "delegates": [], "present": True})


def test_who_is_taken_off_the_list_does_not_count() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(MarkRoll(delegates=ALL, present=False), Role.CLERK)
    hearing.do(RemoveDelegate(delegate="dung"))
    roll = drafted(hearing).roll
    assert roll is not None
    assert (roll.present, roll.listed, len(roll.absent)) == (0, 5, 5)


def test_it_stands_when_an_act_before_it_is_undone() -> None:
    hearing = Hearing("thao-luan")
    hearing.register("an", RequestKind.SPEECH)
    hearing.do(CallNext())
    hearing.do(MarkRoll(delegates=("an",), present=True), Role.CLERK)
    hearing.undo()
    assert hearing.state.floor is None
    assert hearing.state.written.roll == {"an": Attendance(present=True)}
