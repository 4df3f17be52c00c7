"""The current item, and closing one to the public."""

from broadcast.session.commands import ChooseItem, EndSession, PauseSession, SetItemClosed
from tests.broadcast.session.hearing import Hearing


def test_items_that_were_current_are_done() -> None:
    hearing = Hearing("bao-cao")
    hearing.do(ChooseItem(item="thao-luan"))
    assert hearing.state.done_items == {"bao-cao"}
    hearing.do(ChooseItem(item="bao-cao"))
    assert hearing.state.done_items == {"thao-luan"}
    hearing.do(EndSession())
    assert hearing.state.done_items == {"thao-luan", "bao-cao"}


def test_leafing_through_the_agenda_before_the_start_does_nothing() -> None:
    hearing = Hearing("bao-cao", live=False)
    hearing.do(ChooseItem(item="thao-luan"))
    assert hearing.state.done_items == frozenset()


def test_an_item_may_be_chosen_in_a_break() -> None:
    hearing = Hearing("bao-cao")
    hearing.do(PauseSession())
    hearing.do(ChooseItem(item="nhan-su"))
    assert hearing.state.closed


def test_closing_and_opening_the_current_item() -> None:
    hearing = Hearing("bao-cao")
    assert not hearing.state.closed
    hearing.do(SetItemClosed(item="bao-cao", closed=True))
    assert hearing.state.closed
    hearing.do(SetItemClosed(item="bao-cao", closed=False))
    assert hearing.state.closed, "that has two steps of its own"
    hearing.open_again()
    assert not hearing.state.closed


def test_closing_another_item_changes_nothing_now() -> None:
    hearing = Hearing("bao-cao")
    hearing.do(SetItemClosed(item="thao-luan", closed=True))
    assert not hearing.state.closed


def test_as_wished_already() -> None:
    hearing = Hearing("bao-cao")
    assert hearing.do(ChooseItem(item="bao-cao")) == ()
    assert hearing.do(SetItemClosed(item="bao-cao", closed=False)) == ()


def test_no_such_item() -> None:
    assert Hearing().refused(ChooseItem(item="khong-co")) == "unknown_item"
    assert Hearing().refused(SetItemClosed(item="khong-co", closed=True)) == "unknown_item"
