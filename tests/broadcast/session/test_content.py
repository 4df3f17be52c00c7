"""The papers: what may be mended when, and that an import is whole or nothing."""

import pytest

from broadcast.session.commands import (
    AddDocument,
    BeginRehearsal,
    CallNext,
    CancelSession,
    Command,
    DescribeSession,
    ImportRows,
    LoadPlayer,
    MoveItem,
    OpenMicrophone,
    PutDelegate,
    PutItem,
    PutSite,
    RecordCheck,
    Register,
    RemoveDelegate,
    RemoveDocument,
    RemoveItem,
    RemoveSite,
    RenewLink,
    ShowDocument,
    StartPlayer,
)
from broadcast.session.forecast import forecast
from broadcast.session.model import ItemKind, Phase, RequestKind, Role
from broadcast.session.rehearsal import Check, Outcome
from broadcast.session.rules.importing import DelegateRow, ItemRow, SiteRow
from broadcast.session.text import slug
from broadcast.session.vietnamese import plain
from tests.broadcast.session.hearing import CHUA, HALL, NHE, START_MS, Hearing


def test_a_late_delegate_may_speak_and_stands_in_the_log_with_the_moment() -> None:
    hearing = Hearing("thao-luan")
    (added,) = hearing.do(PutDelegate(name="Điêu Thị Ún", title="Đại biểu", site=CHUA))
    assert (added.type, added.at_ms) == ("delegate_added", hearing.now_ms)
    hearing.do(Register(delegate="dieu-thi-un", kind=RequestKind.SPEECH))
    hearing.do(CallNext())
    assert hearing.state.floor is not None
    assert hearing.state.floor.site == CHUA
    assert hearing.refused(RemoveDelegate(delegate="dieu-thi-un")) == "delegate_has_requests"
    hearing.do(PutDelegate(delegate="dieu-thi-un", name="Điêu Thị Ún", title="Phó ban", site=CHUA))
    assert hearing.state.delegates[hearing.state.floor.delegate].title == "Phó ban"


def test_ids_are_made_from_names_and_are_nobody_elses() -> None:
    hearing = Hearing(live=False)
    hearing.do(PutSite(name="Điểm cầu xã Nà Bủng"))
    hearing.do(PutSite(name="Điểm cầu xã Na Bung 2"))
    assert list(hearing.state.sites)[-2:] == ["xa-na-bung", "xa-na-bung-2"]
    hearing.do(RemoveSite(site="xa-na-bung"))
    hearing.do(PutSite(name="Xã Nà Bủng"))
    assert list(hearing.state.sites)[-1] == "xa-na-bung-3", "an old link would open a new room"
    hearing.do(PutSite(name="Room"))
    assert "room" not in hearing.state.sites


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (PutSite(name="diem cau huyen muong nhe"), "site_name_taken"),
        (RemoveSite(site=HALL), "hall_stays"),
        (RemoveSite(site=NHE), "site_has_delegates"),
        (RemoveSite(site="la"), "unknown_site"),
        (PutDelegate(name="An", site="la"), "unknown_site"),
        (PutDelegate(delegate="la", name="An", site=HALL), "unknown_delegate"),
        (PutItem(title="Mới", presenter="la"), "unknown_delegate"),
        (RemoveItem(item="thao-luan"), "item_begun"),
        (RemoveItem(item="la"), "unknown_item"),
        (MoveItem(item="bao-cao", before="la"), "unknown_item"),
        (ShowDocument(document="la", public=True), "unknown_document"),
        (ImportRows(), "import_one_list"),
        (ImportRows(sites=(SiteRow(name="A"), SiteRow(name="a"))), "import_twice"),
        (ImportRows(items=(ItemRow(title="Mới"),), replace=True), "item_begun"),
        (
            ImportRows(delegates=(DelegateRow(name="An", site=HALL),) * 2),
            "import_twice",
        ),
    ],
)
def test_what_is_refused_and_why(command: Command, code: str) -> None:
    assert Hearing("thao-luan").refused(command) == code


def test_who_goes_leaves_the_agenda_too() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(RemoveDelegate(delegate="bo"))
    assert hearing.state.agenda[0].presenter is None
    assert hearing.state.agenda[2].questioned == ()


def test_an_item_keeps_its_secrecy_when_it_is_corrected() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(PutItem(item="nhan-su", title="Nhân sự", kind=ItemKind.OTHER, planned_minutes=20))
    item = hearing.state.agenda[3]
    assert (item.title, item.planned_minutes, item.closed) == ("Nhân sự", 20, True)


def test_moving_and_describing() -> None:
    hearing = Hearing("thao-luan")
    hearing.do(MoveItem(item="chat-van", before="bao-cao"))
    hearing.do(MoveItem(item="bao-cao", before=None))
    order = [item.id for item in hearing.state.agenda]
    assert order == ["chat-van", "thao-luan", "nhan-su", "bao-cao"]
    assert hearing.do(MoveItem(item="bao-cao", before=None)) == ()
    hearing.do(DescribeSession(title="Kỳ họp", subtitle="Hội trường", planned_start_at_ms=5))
    assert (hearing.state.title, hearing.state.planned_start_at_ms) == ("Kỳ họp", 5)


def test_the_first_item_of_an_empty_agenda_is_the_current_one() -> None:
    hearing = Hearing(live=False)
    for item in hearing.state.agenda:
        hearing.do(RemoveItem(item=item.id))
    assert hearing.state.current_item is None
    hearing.do(PutItem(title="Khai mạc", closed=True))
    assert hearing.state.current_item == "khai-mac"
    assert hearing.state.closed


def test_names_that_differ_by_a_tone_are_two_people() -> None:
    hearing = Hearing("thao-luan")
    two = tuple(DelegateRow(name=name, site=HALL) for name in ("Lò Văn Bình", "Lò Văn Bính"))
    hearing.do(ImportRows(delegates=two))
    hearing.do(
        ImportRows(delegates=(DelegateRow(name="LÒ VĂN BÌNH", title="Chánh án", site=HALL),))
    )
    told = {
        one.name: one.title
        for one in hearing.state.delegates.values()
        if "ĂN B" in one.name.upper()
    }
    assert told == {"LÒ VĂN BÌNH": "Chánh án", "Lò Văn Bính": ""}
    third = DelegateRow(name="Lò Văn Binh", site=HALL)
    hearing.do(ImportRows(delegates=(*two, third), replace=False))
    assert len(hearing.state.delegates) == 9, "it may be either, so it is neither"


@pytest.mark.parametrize("name", ["Vu A Chống", "Vừ A Chông", "VỪ A CHỐNG"])
def test_a_name_whose_marks_are_put_right_is_no_other_person(name: str) -> None:
    hearing = Hearing("thao-luan")
    hearing.do(ImportRows(delegates=(DelegateRow(name=name, site=HALL),)))
    before = set(hearing.state.delegates)
    hearing.do(ImportRows(delegates=(DelegateRow(name="Vừ A Chống", site=HALL),)))
    assert set(hearing.state.delegates) == before
    assert "Vừ A Chống" in {one.name for one in hearing.state.delegates.values()}


def test_an_imported_list_corrects_who_is_known_and_adds_the_others() -> None:
    hearing = Hearing("thao-luan")
    rows = (
        DelegateRow(name="PỜ MỲ LẾ", title="Phó Trưởng ban", site=NHE),
        DelegateRow(name="Vừ A Chống", site=HALL),
    )
    hearing.do(ImportRows(delegates=rows))
    assert hearing.state.delegates["an"].title == "Phó Trưởng ban"  # type: ignore[index]
    assert len(hearing.state.delegates) == 7
    hearing.do(ImportRows(delegates=rows, replace=True))
    assert set(hearing.state.delegates) == {"an", "vu-a-chong"}


def test_an_imported_agenda_has_the_order_of_its_file() -> None:
    hearing = Hearing("thao-luan", live=False)
    rows = (ItemRow(title="Khai mạc"), ItemRow(title="Chất vấn", kind=ItemKind.QUESTIONING))
    hearing.do(ImportRows(items=rows, replace=True))
    assert [item.id for item in hearing.state.agenda] == ["khai-mac", "chat-van"]
    assert hearing.state.current_item == "khai-mac"


def test_who_is_questioned_is_so_once() -> None:
    hearing = Hearing("thao-luan", live=False)
    row = ItemRow(title="Chất vấn", kind=ItemKind.QUESTIONING, questioned=("bo", "pho", "bo"))
    hearing.do(ImportRows(items=(row,)))
    (item,) = (one for one in hearing.state.agenda if one.id == "chat-van")
    assert item.questioned == ("bo", "pho")


def test_imported_sites() -> None:
    hearing = Hearing("thao-luan")
    rows = (SiteRow(name="Điểm cầu xã Sín Thầu"), SiteRow(name="Điểm cầu huyện Mường Nhé"))
    assert [event.type for event in hearing.do(ImportRows(sites=rows))] == ["site_added"]
    refused = hearing.refused(ImportRows(sites=rows, replace=True))
    assert refused == "site_has_delegates"


def test_documents_come_and_go_with_their_item() -> None:
    hearing = Hearing("thao-luan")
    add = AddDocument(document="d1", item="bao-cao", name="TT 12", size_bytes=9, sha256="0" * 64)
    assert hearing.refused(add) == "role_may_not"
    hearing.do(add, Role.SYSTEM)
    hearing.do(ShowDocument(document="d1", public=True))
    assert next(iter(hearing.state.documents.values())).public
    hearing.do(RemoveItem(item="bao-cao"))
    assert hearing.state.documents == {}
    assert hearing.refused(RemoveDocument(document="d1")) == "unknown_document"


def test_checks_are_kept_until_the_next_rehearsal() -> None:
    hearing = Hearing(live=False)
    fail = RecordCheck(site=NHE, check=Check.ECHO, outcome=Outcome.FAILED, note="vang to")
    hearing.do(fail)
    assert hearing.do(fail) == ()
    assert hearing.state.checks[NHE, Check.ECHO].note == "vang to"
    hearing.do(RecordCheck(site=NHE, check=Check.ECHO))
    assert hearing.state.checks == {}
    hearing.do(fail)
    hearing.do(BeginRehearsal())
    assert (hearing.state.checks, hearing.state.rehearsed_at_ms) == ({}, hearing.now_ms)
    assert [event.type for event in hearing.log].count("site_checked") == 3


def test_renewing_a_link_is_the_servers_to_note() -> None:
    hearing = Hearing()
    assert hearing.refused(RenewLink(site=NHE)) == "role_may_not"
    assert hearing.do(RenewLink(site=NHE), Role.SYSTEM)[0].type == "link_renewed"


@pytest.mark.parametrize(
    ("text", "id_"),
    [("Đặng Thị Ánh", "dang-thi-anh"), ("  ", "x"), ("Mường Nhé – 2", "muong-nhe-2")],
)
def test_slugs(text: str, id_: str) -> None:
    assert slug(text, ()) == id_
    assert slug(text, {id_}) == f"{id_}-2"


def test_plain_is_what_a_hasty_typist_types() -> None:
    assert plain("  Đỗ  Thị HẰNG ") == plain("do thi hang")


def test_a_session_is_called_off_before_it_begins_only() -> None:
    hearing = Hearing(live=False)
    hearing.do(CancelSession())
    assert (hearing.state.phase, hearing.state.started_at_ms) == (Phase.ENDED, None)
    assert hearing.refused(PutSite(name="Xã Nà Bủng")) == "phase_ended"
    assert Hearing().refused(CancelSession()) == "phase_live"


def test_what_is_called_off_is_silent() -> None:
    hearing = Hearing(live=False)
    hearing.do(OpenMicrophone(site=NHE))
    hearing.do(LoadPlayer(file="Quốc ca.mp3"))
    hearing.do(StartPlayer(sound=True))
    hearing.do(CancelSession())
    assert hearing.state.open_microphones == frozenset()
    assert hearing.state.player is not None
    assert not hearing.state.player.sound


def test_before_it_begins_the_plan_counts_from_the_planned_start() -> None:
    hearing = Hearing(live=False)
    start_ms = START_MS + 3_600_000
    hearing.do(PutItem(item="bao-cao", title="Báo cáo", kind=ItemKind.REPORT, planned_minutes=20))
    hearing.do(DescribeSession(title="Kỳ họp", planned_start_at_ms=start_ms))
    found = forecast(hearing.state, hearing.now_ms)
    assert found is not None
    minute_ms = 60_000
    assert 0 <= found.items[0].starts_at_ms - start_ms < minute_ms
    assert 0 <= found.ends_at_ms - start_ms - 20 * minute_ms < minute_ms
