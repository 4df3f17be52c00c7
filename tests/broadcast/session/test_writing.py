"""What the clerk writes, and what a site and the control room write to each other."""

import pytest

from broadcast.session.commands import (
    CallNext,
    ChooseItem,
    CommandError,
    CorrectCaption,
    CorrectName,
    CorrectTurn,
    EndSession,
    EndTurn,
    NotePromise,
    RemoveDelegate,
    SendMessage,
    StrikeNote,
    TypeCaption,
    WriteNote,
    parse_command,
)
from broadcast.session.events import dump_event
from broadcast.session.model import RequestKind, Role
from broadcast.session.written import NoteKind
from tests.broadcast.session.hearing import NHE, Hearing


def heard() -> Hearing:
    """A hearing in which one has spoken."""
    hearing = Hearing("thao-luan")
    hearing.register("an", RequestKind.SPEECH)
    hearing.do(CallNext())
    hearing.after(60)
    hearing.do(EndTurn())
    return hearing


def test_a_note_is_rewritten_in_its_place_and_the_log_keeps_both() -> None:
    hearing = heard()
    hearing.do(WriteNote(text="Đa số tán thành"), Role.CLERK)
    (note,) = hearing.state.written.notes.values()
    hearing.after(30)
    hearing.do(WriteNote(note=note.id, kind=NoteKind.DECISION, text="Thông qua: 45/48"), Role.CLERK)
    (after,) = hearing.state.written.notes.values()
    assert (after.text, after.kind, after.item) == ("Thông qua: 45/48", "decision", "thao-luan")
    assert after.written_at_ms == note.written_at_ms
    texts = [dump_event(event).get("text") for event in hearing.log[-2:]]
    assert texts == ["Đa số tán thành", "Thông qua: 45/48"]
    hearing.do(StrikeNote(note=note.id), Role.CLERK)
    assert not hearing.state.written.notes
    assert hearing.refused(StrikeNote(note=note.id), Role.CLERK) == "unknown_note"


def test_captions_said_in_secret_are_not_public() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(TypeCaption(text="Thưa Hội đồng", typing_ms=90_000), Role.CLERK)
    hearing.do(ChooseItem(item="nhan-su"))
    hearing.do(TypeCaption(text="Về nhân sự"), Role.CLERK)
    said, secret = hearing.state.written.captions.values()
    assert (said.public, secret.public) == (True, False)
    assert said.typing_ms == 30_000
    hearing.do(ChooseItem(item="thao-luan"))
    hearing.open_again()
    hearing.do(TypeCaption(text="Về cán bộ", typing_ms=5_000), Role.CLERK)
    hearing.after(10)
    hearing.do(TypeCaption(text="Xin mời", typing_ms=5_000), Role.CLERK)
    late, fresh = list(hearing.state.written.captions.values())[2:]
    assert (late.public, fresh.public) == (False, True), "its typing began behind closed doors"
    hearing.do(CorrectCaption(caption=said.id, text="Kính thưa Hội đồng"), Role.CLERK)
    assert hearing.state.written.captions[said.id].text == "Kính thưa Hội đồng"
    assert hearing.state.written.captions[said.id].public


def test_a_corrected_turn_leaves_the_procedure_alone() -> None:
    hearing = heard()
    (turn,) = hearing.state.turns
    assert turn.ended_at_ms is not None
    hearing.do(CorrectTurn(turn=turn.id, delegate="binh", reason="Đọc thay"), Role.CLERK)
    assert hearing.state.turns == (turn,)
    assert hearing.state.written.corrections[turn.id].delegate == "binh"
    wrong = CorrectTurn(turn=turn.id, ended_at_ms=turn.started_at_ms - 1)
    assert hearing.refused(wrong, Role.CLERK) == "times_impossible"
    later = CorrectTurn(turn=turn.id, ended_at_ms=hearing.now_ms + 3_600_000)
    assert hearing.refused(later, Role.CLERK) == "times_impossible"
    assert hearing.refused(CorrectTurn(turn="la"), Role.CLERK) == "unknown_turn"


def test_who_is_named_in_the_record_is_not_taken_out() -> None:
    hearing = heard()
    (turn,) = hearing.state.turns
    hearing.do(CorrectTurn(turn=turn.id, delegate="binh"), Role.CLERK)
    hearing.do(NotePromise(delegate="chi", text="Sửa đường trước mùa mưa"), Role.CLERK)
    for delegate in ("binh", "chi"):
        assert hearing.refused(RemoveDelegate(delegate=delegate)) == "delegate_is_in_record"
    hearing.do(CorrectTurn(turn=turn.id, delegate="an"), Role.CLERK)
    hearing.do(RemoveDelegate(delegate="binh"))


def test_minutes_are_finished_after_the_end() -> None:
    hearing = heard()
    (turn,) = hearing.state.turns
    hearing.do(EndSession())
    hearing.do(CorrectTurn(turn=turn.id, started_at_ms=turn.started_at_ms + 1000), Role.CLERK)
    hearing.do(CorrectName(delegate="an", name="Pờ Mỳ Lé", title="Đại biểu"), Role.CLERK)
    hearing.do(WriteNote(text="Biên bản đã đọc lại"), Role.CLERK)
    assert hearing.refused(TypeCaption(text="muộn"), Role.CLERK) == "phase_ended"
    assert {one.name for one in hearing.state.delegates.values()} >= {"Pờ Mỳ Lé"}


def test_nobody_corrects_a_turn_that_runs() -> None:
    hearing = Hearing("thao-luan")
    hearing.register("an", RequestKind.SPEECH)
    hearing.do(CallNext())
    assert hearing.refused(CorrectTurn(turn=hearing.floor.id), Role.CLERK) == "turn_runs"


def test_a_site_writes_to_the_control_room_and_to_nobody_else() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(SendMessage(text="Chưa nghe thấy hội trường", site="tua-chua"), Role.SITE, NHE)
    hearing.do(SendMessage(text="Kiểm tra loa", site="muong-nhe"))
    hearing.do(SendMessage(text="15 phút nữa bắt đầu"))
    sent = [(one.site, one.from_site) for one in hearing.state.written.messages]
    assert sent == [(NHE, True), (NHE, False), (None, False)]
    assert hearing.refused(SendMessage(text="?", site="la")) == "unknown_site"


@pytest.mark.parametrize("text", ["", "  \n ", "a" * 4001, "a\u202eb"])
def test_what_is_no_note(text: str) -> None:
    with pytest.raises(CommandError):
        parse_command({"type": "write_note", "text": text})


def test_a_note_has_paragraphs() -> None:
    command = parse_command({"type": "write_note", "text": "  một \r\n\r\n hai  ba "})
    assert command == WriteNote(text="một\n\nhai ba")
