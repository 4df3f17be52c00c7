"""The draft of the minutes, from the log of a small hearing."""

from broadcast.archive.chapters import chapters_of
from broadcast.archive.minutes import Minutes, closed_minutes_of, minutes_of
from broadcast.archive.walls import Segment
from broadcast.session.commands import (
    CallNext,
    ChooseItem,
    ClosePart,
    CorrectTurn,
    EndSession,
    EndTurn,
    GiveTurn,
    GoLive,
    PauseSession,
    PutItem,
    RemoveItem,
    ResumeSession,
    SetItemClosed,
    WriteNote,
)
from broadcast.session.model import RequestKind, Role
from broadcast.session.written import NoteKind
from tests.broadcast.session.hearing import SECRET, START_MS, Hearing
from web.minutes_paper import paper_of
from web.times import local_time


def recorded(hearing: Hearing) -> list[Segment]:
    """All of it, from the first event on."""
    return [Segment(START_MS, hearing.now_ms + 5000 - START_MS)]


def one_turn() -> Hearing:
    hearing = Hearing("thao-luan")
    hearing.register("an", RequestKind.SPEECH)
    hearing.do(CallNext())
    hearing.after(30)
    hearing.do(WriteNote(text="Đề nghị làm rõ", kind=NoteKind.DECISION), Role.CLERK)
    hearing.after(30)
    hearing.do(EndTurn())
    return hearing


def draft(hearing: Hearing) -> Minutes:
    return minutes_of(hearing.log, recorded(hearing))


def test_turns_and_decisions_stand_in_order_with_their_second() -> None:
    hearing = one_turn()
    (part,) = draft(hearing).parts
    turn, note = part.lines
    assert (turn.name, turn.kind, turn.lasted_ms) == ("Pờ Mỳ Lế", "speech", 62_000)
    assert (note.note, note.text) == ("decision", "Đề nghị làm rõ")
    assert turn.second == (turn.at_ms - START_MS) / 1000
    assert not minutes_of(hearing.log, ()).parts[0].lines[0].second


def test_how_long_somebody_spoke_is_told_without_the_break_in_between() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(GiveTurn(delegate="an", kind=RequestKind.SPEECH))
    hearing.after(30).do(PauseSession())
    hearing.after(15 * 3600).do(ResumeSession())
    hearing.after(28).do(EndTurn())
    (turn,) = draft(hearing).parts[0].lines
    assert turn.lasted_ms == 60_000


def test_a_correction_is_in_minutes_and_chapters() -> None:
    hearing = one_turn()
    (turn,) = hearing.state.turns
    start = turn.started_at_ms + 10_000
    hearing.do(CorrectTurn(turn=turn.id, delegate="binh", started_at_ms=start), Role.CLERK)
    line = draft(hearing).parts[0].lines[0]
    assert (line.name, line.corrected, line.lasted_ms) == ("Sùng Thị Sáy", True, 52_000)
    chapter = next(c for c in chapters_of(hearing.log, recorded(hearing)) if c.kind == "turn")
    assert (chapter.title, chapter.start_s) == ("Sùng Thị Sáy", (start - START_MS) / 1000)


def test_a_corrected_turn_does_not_reach_into_a_secret() -> None:
    hearing = Hearing("nhan-su")
    hearing.after(20)
    hearing.do(ChooseItem(item="thao-luan"))
    hearing.open_again()
    opened = hearing.now_ms
    hearing.do(GiveTurn(delegate="an", kind=RequestKind.SPEECH))
    hearing.after(20)
    hearing.do(EndTurn())
    (turn,) = hearing.state.turns
    early = CorrectTurn(turn=turn.id, started_at_ms=turn.started_at_ms - 15_000)
    hearing.do(early, Role.CLERK)
    chapter = next(c for c in chapters_of(hearing.log, recorded(hearing)) if c.kind == "turn")
    assert chapter.start_s == (opened - START_MS) / 1000
    assert not draft(hearing).parts[0].lines, "in doubt it is left out"


def test_what_was_closed_is_not_in_it() -> None:
    hearing = one_turn()
    hearing.do(ChooseItem(item="nhan-su"))
    hearing.do(GiveTurn(delegate="bo", kind=RequestKind.SPEECH))
    hearing.do(WriteNote(text="Giới thiệu ông K"), Role.CLERK)
    hearing.after(5)
    hearing.do(EndTurn())
    hearing.do(ChooseItem(item="bao-cao"))
    hearing.open_again()
    minutes = draft(hearing)
    (closed,) = (part for part in minutes.parts if part.closed)
    assert closed.item is not None
    assert closed.item.title == SECRET
    assert not closed.lines
    assert not [line for part in minutes.parts for line in part.lines if "ông K" in line.text]


def test_what_an_item_is_called_behind_closed_doors_stays_there() -> None:
    hearing = one_turn()
    hearing.do(SetItemClosed(item="thao-luan", closed=True))
    hearing.do(PutItem(item="thao-luan", title="Miễn nhiệm ông A", presenter="bo"))
    hearing.do(WriteNote(text="Phiếu kín"), Role.CLERK)
    (part,) = draft(hearing).parts
    assert part.item is not None
    assert (part.item.title, part.closed, part.people) == ("Thảo luận", True, ())
    (secret,) = closed_minutes_of(hearing.log).parts
    assert secret.item is not None
    assert secret.item.title == "Miễn nhiệm ông A"
    text = str(paper_of(draft(hearing), local_time))
    assert "2. Thảo luận" in text
    assert "ông A" not in text


def test_what_is_noted_of_a_closed_item_before_it_begins_is_closed() -> None:
    hearing = Hearing("nhan-su", live=False)
    hearing.do(WriteNote(text="Dự kiến ông A"), Role.CLERK)
    hearing.do(ChooseItem(item="thao-luan"))
    hearing.do(GoLive())
    assert SECRET not in str(paper_of(draft(hearing), local_time))
    assert "ông A" not in str(draft(hearing).parts)
    (part,) = closed_minutes_of(hearing.log).parts
    assert [line.text for line in part.lines] == ["Dự kiến ông A"]


def test_what_is_noted_of_a_closed_item_stays_so_when_that_is_taken_out() -> None:
    hearing = Hearing("nhan-su", live=False)
    hearing.do(WriteNote(text="Dự kiến ông A"), Role.CLERK)
    hearing.do(ChooseItem(item="thao-luan"))
    hearing.do(WriteNote(text="Chuẩn bị phòng"), Role.CLERK)
    for item in ("nhan-su", "thao-luan"):
        hearing.do(RemoveItem(item=item))
    hearing.do(GoLive())
    assert [line.text for part in draft(hearing).parts for line in part.lines] == ["Chuẩn bị phòng"]
    (part,) = closed_minutes_of(hearing.log).parts
    assert [line.text for line in part.lines] == ["Dự kiến ông A"]


def test_what_was_noted_before_and_after_leads_to_no_second() -> None:
    hearing = Hearing("thao-luan", live=False)
    hearing.do(WriteNote(text="Trước"), Role.CLERK)
    hearing.after(600).do(GoLive())
    begun_ms = hearing.now_ms
    hearing.do(WriteNote(text="Trong"), Role.CLERK)
    hearing.do(EndSession())
    segments = [Segment(begun_ms, hearing.now_ms - begun_ms)]
    hearing.after(600).do(WriteNote(text="Sau"), Role.CLERK)
    lines = minutes_of(hearing.log, segments).parts[0].lines
    assert [(line.text, line.second) for line in lines] == [
        ("Trước", None),
        ("Trong", 1.0),
        ("Sau", None),
    ]


def test_a_session_that_goes_on_the_next_day_says_so() -> None:
    hearing = one_turn()
    hearing.do(PauseSession())
    hearing.after(24 * 3600)
    hearing.do(ResumeSession())
    hearing.do(WriteNote(text="Ngày thứ hai"), Role.CLERK)
    begun, second = local_time(START_MS), local_time(hearing.now_ms)
    paper = paper_of(draft(hearing), local_time)
    (pause,) = (line for line in paper.opening if line.startswith("Nghỉ giải lao"))
    assert f"ngày {second:%d} tháng" in pause
    assert f"ngày {begun:%d} tháng" not in pause
    turn, _, note = paper.parts[0].lines
    assert "ngày" not in turn.time
    assert note.time.startswith(f"{second:%H giờ %M} ngày {second:%d}")


def test_what_was_closed_has_minutes_of_its_own() -> None:
    hearing = one_turn()
    hearing.do(ChooseItem(item="nhan-su"))
    hearing.do(GiveTurn(delegate="bo", kind=RequestKind.SPEECH))
    hearing.do(WriteNote(text="Giới thiệu ông K"), Role.CLERK)
    hearing.after(90)
    hearing.do(EndTurn())
    hearing.do(ChooseItem(item="bao-cao"))
    hearing.open_again()
    hearing.do(WriteNote(text="Họp công khai trở lại"), Role.CLERK)
    minutes, closed = draft(hearing), closed_minutes_of(hearing.log)
    ((start, end),) = closed.closed
    assert end is not None
    assert end - start > 90_000
    (part,) = closed.parts
    assert part.item is not None
    assert part.item.title == SECRET
    assert [line.name or line.text for line in part.lines] == [
        "Trần Quốc Khánh",
        "Giới thiệu ông K",
    ]
    assert all(line.second is None for line in part.lines)
    both = [line for one in (minutes, closed) for part in one.parts for line in part.lines]
    assert len(both) == 5, "together they are all that was said and written, once"
    assert closed_minutes_of(one_turn().log).parts == ()


def test_a_closed_part_is_named_though_nobody_spoke_in_it() -> None:
    hearing = Hearing(None)
    hearing.do(ClosePart(staying=("tua-chua",)))
    begun = hearing.now_ms
    hearing.after(40)
    hearing.do(ChooseItem(item="thao-luan"))
    hearing.after(40)
    hearing.open_again()
    opened = hearing.now_ms
    minutes = draft(hearing)
    assert minutes.closed == ((begun, opened),) == closed_minutes_of(hearing.log).closed
    hearing.do(ClosePart(staying=()))
    hearing.after(20)
    hearing.open_again()
    assert draft(hearing).closed == minutes.closed, "a slip of the finger"
    hearing.do(ClosePart(staying=()))
    begun = hearing.now_ms
    hearing.after(300)
    (whole,) = [part for part in draft(hearing).parts if part.item and part.item.id == "thao-luan"]
    assert (whole.closed, whole.lines) == (True, ())
    hearing.do(EndSession())
    hearing.after(300)
    assert draft(hearing).closed[-1] == (begun, hearing.state.ended_at_ms)


def test_what_was_closed_before_the_first_item_is_named() -> None:
    hearing = Hearing(None)
    hearing.do(ClosePart(staying=()))
    hearing.after(90)
    (part,) = draft(hearing).parts
    assert (part.item, part.closed, part.lines) == (None, True, ())


def test_it_says_what_the_people_of_an_item_do() -> None:
    hearing = Hearing("bao-cao")
    for item in ("chat-van", "thao-luan"):
        hearing.do(ChooseItem(item=item))
    report, _, questions = draft(hearing).parts
    assert [part.role for part in (report, questions)] == ["presents", "answers"]


def test_breaks_are_named() -> None:
    hearing = one_turn()
    hearing.do(PauseSession())
    hearing.do(ResumeSession())
    hearing.do(PauseSession())
    first, second = draft(hearing).breaks
    assert first[1] is not None
    assert second[1] is None
    hearing.do(EndSession())
    assert draft(hearing).breaks[1][1] == hearing.state.ended_at_ms
