"""Chapters: what was public of each item, and the turns in it, in seconds of the recording."""

from collections.abc import Sequence

from broadcast.archive.chapters import Chapter, chapters_of
from broadcast.archive.walls import Segment, segments_of
from broadcast.outputs.playlist import Entry, Playlist
from broadcast.session.commands import (
    CallNext,
    ChooseItem,
    ClosePart,
    ConfirmOpening,
    CorrectTurn,
    EndSession,
    EndTurn,
    GiveTurn,
    MarkAbsent,
    PauseSession,
    PutItem,
    RequestOpening,
    ResumeSession,
    SetItemClosed,
)
from broadcast.session.content_events import DelegateRemoved
from broadcast.session.model import DelegateId, RequestKind, Role
from tests.broadcast.session.hearing import NHE, SECRET, Hearing

SPEECH = RequestKind.SPEECH


class Recorded:
    """A hearing, and a recording that started with it. Each command takes one second."""

    def __init__(self, item: str = "bao-cao") -> None:
        self.hearing = Hearing(item)
        self.start_ms = self.hearing.now_ms

    def segments(self) -> list[Segment]:
        return [Segment(self.start_ms, self.hearing.now_ms - self.start_ms)]

    def chapters(self, segments: Sequence[Segment] | None = None) -> tuple[Chapter, ...]:
        return chapters_of(self.hearing.log, segments or self.segments())

    def spans(self, segments: Sequence[Segment] | None = None) -> list[tuple[str, float, float]]:
        return [(one.title, one.start_s, one.end_s) for one in self.chapters(segments)]


def test_items_and_turns() -> None:
    recorded = Recorded()
    hearing = recorded.hearing
    hearing.after(9).do(ChooseItem(item="thao-luan"))
    hearing.after(4).do(GiveTurn(delegate="an", kind=SPEECH))
    hearing.after(59).do(EndTurn())
    hearing.after(9).do(EndSession())
    assert recorded.chapters() == (
        Chapter(0, 10, "item", "Báo cáo", "Trần Quốc Khánh"),
        Chapter(10, 85, "item", "Thảo luận", ""),
        Chapter(
            15,
            75,
            "turn",
            "Pờ Mỳ Lế",
            "Đại biểu · Điểm cầu huyện Mường Nhé",
            "Điểm cầu huyện Mường Nhé",
        ),
    )


def test_who_was_taken_out_after_a_correction_hides_no_chapter() -> None:
    """As logs have it from when that was allowed."""
    recorded = Recorded("thao-luan")
    hearing = recorded.hearing
    hearing.after(4).do(GiveTurn(delegate="an", kind=SPEECH))
    hearing.after(4).do(EndTurn())
    hearing.do(CorrectTurn(turn=hearing.state.turns[0].id, delegate="binh"), Role.CLERK)
    hearing.log.append(DelegateRemoved(at_ms=hearing.now_ms, delegate=DelegateId("binh")))
    assert recorded.spans()[-1] == ("Pờ Mỳ Lế", 5, 10)


def test_who_is_questioned_stands_beside_the_question_group() -> None:
    recorded = Recorded("chat-van")
    recorded.hearing.after(5)
    assert recorded.chapters()[0].subtitle == "Trần Quốc Khánh"


def test_while_it_runs_the_last_chapter_ends_with_the_recording() -> None:
    recorded = Recorded()
    recorded.hearing.after(30)
    assert recorded.spans() == [("Báo cáo", 0, 30)]


def test_nothing_of_a_closed_item() -> None:
    recorded = Recorded()
    hearing = recorded.hearing
    hearing.after(9).do(ChooseItem(item="nhan-su"))
    hearing.after(7).do(ChooseItem(item="bao-cao"))
    hearing.open_again()
    hearing.after(10)
    assert recorded.spans() == [("Báo cáo", 0, 10), ("Báo cáo", 20, 30)]
    assert SECRET not in str(recorded.chapters())


def test_what_an_item_is_called_behind_closed_doors_stays_there() -> None:
    recorded = Recorded("thao-luan")
    hearing = recorded.hearing
    hearing.after(9).do(SetItemClosed(item="thao-luan", closed=True))
    hearing.do(PutItem(item="thao-luan", title="Miễn nhiệm ông A"))
    hearing.after(9).do(EndSession())
    assert recorded.spans() == [("Thảo luận", 0, 10)]


def test_a_turn_that_goes_on_behind_closed_doors_is_cut_off() -> None:
    recorded = Recorded("thao-luan")
    hearing = recorded.hearing
    hearing.after(4).do(GiveTurn(delegate="an", kind=SPEECH))
    hearing.after(4).do(ClosePart(staying=(NHE,)))
    hearing.after(8)
    hearing.open_again()
    hearing.after(4).do(EndTurn())
    assert recorded.spans() == [
        ("Thảo luận", 0, 10),
        ("Pờ Mỳ Lế", 5, 10),
        ("Thảo luận", 20, 25),
        ("Pờ Mỳ Lế", 20, 25),
    ]


def test_a_secret_is_kept_however_short() -> None:
    recorded = Recorded()
    hearing = recorded.hearing
    hearing.after(9).do(SetItemClosed(item="bao-cao", closed=True))
    hearing.after(-0.9).do(SetItemClosed(item="bao-cao", closed=False))
    hearing.after(-0.8).do(RequestOpening())
    hearing.after(-0.8).do(ConfirmOpening())
    hearing.after(9.5)
    assert recorded.spans() == [("Báo cáo", 0, 10), ("Báo cáo", 10.5, 20)]


def test_a_slip_of_the_finger_is_no_chapter() -> None:
    recorded = Recorded()
    hearing = recorded.hearing
    hearing.after(9).do(ChooseItem(item="thao-luan"))
    hearing.after(-0.5).do(ChooseItem(item="bao-cao"))
    hearing.after(9.5)
    assert recorded.spans() == [("Báo cáo", 0, 20)]


def test_what_was_undone_is_no_chapter() -> None:
    recorded = Recorded("thao-luan")
    hearing = recorded.hearing
    hearing.after(4).do(GiveTurn(delegate="an", kind=SPEECH))
    hearing.after(4).undo()
    hearing.do(GiveTurn(delegate="binh", kind=SPEECH))
    hearing.after(4).do(EndTurn())
    assert recorded.spans() == [("Thảo luận", 0, 16), ("Sùng Thị Sáy", 11, 16)]


def test_a_correction_afterwards_is_a_correction_here() -> None:
    recorded = Recorded("thao-luan")
    hearing = recorded.hearing
    hearing.register("an", SPEECH)
    hearing.do(CallNext())
    hearing.after(20)
    assert [one.kind for one in recorded.chapters()] == ["item", "turn"]
    hearing.do(MarkAbsent(request=hearing.floor.request or ""))
    assert [one.kind for one in recorded.chapters()] == ["item"]


def test_a_break_belongs_to_its_item() -> None:
    recorded = Recorded()
    recorded.hearing.after(9).do(PauseSession())
    recorded.hearing.after(9).do(ResumeSession())
    recorded.hearing.after(10)
    assert recorded.spans() == [("Báo cáo", 0, 30)]


def test_what_was_not_recorded_has_no_length() -> None:
    """The studio was away from 10 s to 40 s: two pieces, and the second follows the first."""
    recorded = Recorded()
    start_ms, hearing = recorded.start_ms, recorded.hearing
    hearing.after(19).do(ChooseItem(item="thao-luan"))
    hearing.after(29).do(ChooseItem(item="bao-cao"))
    hearing.after(10)
    pieces = [Segment(start_ms, 10_000), Segment(start_ms + 40_000, 20_000)]
    assert recorded.spans(pieces) == [
        ("Báo cáo", 0, 10),
        ("Thảo luận", 10, 20),
        ("Báo cáo", 20, 30),
    ]


def test_what_lies_in_a_gap_altogether_is_no_chapter() -> None:
    recorded = Recorded()
    start_ms, hearing = recorded.start_ms, recorded.hearing
    hearing.after(14).do(ChooseItem(item="thao-luan"))
    hearing.after(9).do(ChooseItem(item="bao-cao"))
    pieces = [Segment(start_ms, 10_000), Segment(start_ms + 40_000, 20_000)]
    assert recorded.spans(pieces) == [("Báo cáo", 0, 10), ("Báo cáo", 10, 30)]


def test_a_wall_clock_that_was_set_back_does_not_turn_chapters_round() -> None:
    recorded = Recorded()
    start_ms = recorded.start_ms
    recorded.hearing.after(9).do(ChooseItem(item="thao-luan"))
    pieces = [Segment(start_ms, 20_000), Segment(start_ms - 60_000, 20_000)]
    spans = recorded.spans(pieces)
    assert all(start_s < end_s for _, start_s, end_s in spans)
    assert spans[-1][2] == 40


def test_before_the_recording_there_is_nothing() -> None:
    assert Recorded().chapters([Segment(0, 0)]) == ()
    assert chapters_of([], [Segment(0, 1000)]) == ()
    assert chapters_of(Hearing("bao-cao").log, []) == ()


def test_from_the_playlist() -> None:
    entries = (Entry("0.m4s", 2.0, 1000, "init-0.mp4"), Entry("1.m4s", 1.5, 9000, None, True))
    assert segments_of(Playlist(entries, ended=False, length=0)) == (
        Segment(1000, 2000.0),
        Segment(9000, 1500.0),
    )
