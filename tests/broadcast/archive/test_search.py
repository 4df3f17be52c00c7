"""What can be found in a recording, and that nothing of a closed item can."""

from broadcast.archive.chapters import chapters_of
from broadcast.archive.search import Contents, contents_of, find
from broadcast.archive.walls import Segment
from broadcast.session.commands import ChooseItem, EndSession, EndTurn, GiveTurn, TypeCaption
from broadcast.session.model import RequestKind, Role
from broadcast.session.vietnamese import searchable
from tests.broadcast.session.hearing import SECRET, Hearing


def _contents() -> Contents:
    hearing, start = Hearing("thao-luan"), 0
    start = hearing.now_ms
    hearing.after(9).do(GiveTurn(delegate="an", kind=RequestKind.SPEECH))
    caption = TypeCaption(text="Đề nghị UBND tỉnh trả lời", typing_ms=3000)
    hearing.after(9).do(caption, Role.CLERK)
    hearing.do(EndTurn())
    closed_at = hearing.now_ms + 1000
    hearing.do(ChooseItem(item="nhan-su"))
    hearing.after(20).do(TypeCaption(text="bí mật một"), Role.CLERK)
    hearing.do(ChooseItem(item="bao-cao"))
    hearing.open_again()
    opened_at = hearing.now_ms
    hearing.after(1).do(TypeCaption(text="bí mật hai", typing_ms=9000), Role.CLERK)
    hearing.after(9).do(EndSession())
    segments = [
        Segment(start, closed_at - start),
        Segment(opened_at, hearing.now_ms - opened_at),
    ]
    return contents_of(hearing.state, chapters_of(hearing.log, segments), segments)


def test_what_a_recording_can_be_chosen_by() -> None:
    contents = _contents()
    assert contents.kinds == ("discussion", "report")
    assert contents.delegates == ("Pờ Mỳ Lế",)
    assert contents.sites == ("Điểm cầu huyện Mường Nhé",)


def test_where_something_was_said() -> None:
    places = _contents().places
    found = find(searchable("uy ban nhan dan tra loi"), places)
    assert [(one.kind, one.start_s) for one in found] == [("caption", 17.0)]
    assert [one.kind for one in find(searchable("po my le"), places)] == ["turn"]
    assert [one.start_s for one in find(searchable("bao cao"), places)] == [22.0]
    assert find(searchable("khong co"), places) == ()


def test_nothing_of_a_closed_item_is_found() -> None:
    contents = _contents()
    assert SECRET not in str(contents)
    assert "bí mật" not in str(contents), "nor what was typed late of what was said in it"
