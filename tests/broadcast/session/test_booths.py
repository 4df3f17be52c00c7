"""Interpreters' booths: never in the room's sound, never with a delegate, known from the start."""

import pytest

from broadcast.director import program_of
from broadcast.interpreters import Booth, Language
from broadcast.session.commands import (
    CloseMicrophone,
    ClosePart,
    Command,
    CommandError,
    ConfirmOpening,
    EndSession,
    GoLive,
    ImportRows,
    MuteAll,
    OpenMicrophone,
    PauseSession,
    PutDelegate,
    PutSite,
    RemoveSite,
    RequestOpening,
    ResumeSession,
    SetBooth,
    parse_command,
)
from broadcast.session.preset import Preset, prepare, preset_of
from broadcast.session.rules.booths import MAX_LANGUAGES, LanguageWish
from broadcast.session.rules.importing import DelegateRow
from streams.frames import SiteId
from tests.broadcast.session.hearing import CHUA, HALL, Hearing

HMONG, KHMER = Language("hmn", "Tiếng Mông"), Language("km", "Tiếng Khmer")
BOOTH, SECOND = SiteId("cabin"), SiteId("cabin-hai")


def wish(language: Language) -> LanguageWish:
    return LanguageWish(code=language.code, name=language.name)


def hearing(*, live: bool = True) -> Hearing:
    found = Hearing("thao-luan", live=False)
    found.do(PutSite(name="Cabin"))
    found.do(PutSite(name="Cabin hai"))
    found.do(SetBooth(site=BOOTH, language=wish(HMONG)))
    if live:
        found.do(GoLive())
    return found


def test_its_microphone_is_open_to_its_language_and_never_to_the_room() -> None:
    session = hearing()
    session.do(OpenMicrophone(site=BOOTH))
    session.do(OpenMicrophone(site=HALL))
    program = program_of(session.state)
    assert program.open_microphones == {HALL}
    assert program.booths == (Booth(BOOTH, HMONG, open=True),)
    assert program.languages == (HMONG,)
    assert BOOTH in program.awaited, "what it says is not left waiting"
    session.do(CloseMicrophone(site=BOOTH))
    assert program_of(session.state).booths == (Booth(BOOTH, HMONG, open=False),)


def test_silencing_the_room_leaves_the_interpreter_and_a_break_brings_him_back() -> None:
    session = hearing()
    session.do(OpenMicrophone(site=BOOTH))
    session.do(OpenMicrophone(site=HALL))
    session.do(MuteAll())
    assert session.state.open_microphones == {BOOTH}
    session.do(PauseSession())
    assert session.state.open_microphones == frozenset()
    session.do(ResumeSession())
    assert session.state.open_microphones == {BOOTH}
    session.do(EndSession())
    assert session.state.open_microphones == frozenset()


def test_a_closed_room_has_no_interpreter_and_he_comes_back_by_hand() -> None:
    """He is some seconds behind: what he says as the room opens was said while it was closed."""
    session = hearing()
    session.do(OpenMicrophone(site=BOOTH))
    session.do(ClosePart(staying=(BOOTH, CHUA)))
    assert BOOTH in session.state.put_out
    assert session.refused(OpenMicrophone(site=BOOTH)) == "site_put_out"
    session.do(RequestOpening())
    session.do(ConfirmOpening())
    assert session.state.put_out == frozenset()
    assert not program_of(session.state).booths[0].open


def test_nobody_speaks_from_a_booth() -> None:
    session = hearing()
    delegate = PutDelegate(delegate="an", name="Pờ Mỳ Lế", site=BOOTH)
    assert session.refused(delegate) == "site_is_booth"
    rows = ImportRows(delegates=(DelegateRow(name="Lò Văn Tạm", site=BOOTH),))
    assert session.refused(rows) == "site_is_booth"
    assert session.refused(SetBooth(site=CHUA, language=wish(HMONG))) == "site_has_delegates"


def test_languages_are_set_when_the_session_begins_and_booths_are_not() -> None:
    session = hearing()
    assert session.refused(SetBooth(site=SECOND, language=wish(KHMER))) == "languages_are_set"
    assert session.refused(SetBooth(site=BOOTH)) == "languages_are_set"
    assert session.refused(RemoveSite(site=BOOTH)) == "languages_are_set"
    session.do(SetBooth(site=SECOND, language=wish(HMONG)))
    session.do(OpenMicrophone(site=SECOND))
    assert session.refused(SetBooth(site=SECOND)) == "booth_is_open"
    session.do(CloseMicrophone(site=SECOND))
    session.do(SetBooth(site=SECOND))
    assert session.state.booths == {BOOTH: HMONG}


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (SetBooth(site=HALL, language=wish(HMONG)), "hall_no_booth"),
        (SetBooth(site="la", language=wish(HMONG)), "unknown_site"),
        (SetBooth(site=SECOND, language=wish(Language("hmn", "Mông"))), "language_two_names"),
        (
            SetBooth(site=SECOND, language=wish(Language("mww", "Tiếng mông"))),
            "language_name_taken",
        ),
        (SetBooth(site=SECOND, language=wish(Language("vi", "Tiếng gốc"))), "language_name_taken"),
    ],
)
def test_what_is_refused_before_it_begins(command: Command, refusal: str) -> None:
    session = hearing(live=False)
    assert session.refused(command) == refusal
    session.do(OpenMicrophone(site=SECOND))
    assert session.refused(SetBooth(site=SECOND, language=wish(KHMER))) == "booth_is_open"


def test_no_more_languages_than_are_encoded_at_once() -> None:
    session = hearing(live=False)
    for number in range(MAX_LANGUAGES - 1):
        session.do(PutSite(name=f"Phòng {number}"))
        language = LanguageWish(code=f"aa-x{number}", name=f"Tiếng {number}")
        session.do(SetBooth(site=f"phong-{number}", language=language))
    assert session.refused(SetBooth(site=SECOND, language=wish(KHMER))) == "list_full"


@pytest.mark.parametrize(
    ("code", "name"), [("../..", "Mông"), ("m", "Mông"), ("hmn", 'Mông",URI="x'), ("hmn", "")]
)
def test_a_language_is_told_to_players_as_it_is(code: str, name: str) -> None:
    with pytest.raises(CommandError):
        parse_command(
            {"type": "set_booth", "site": "cabin", "language": {"code": code, "name": name}}
        )
    told = {"type": "set_booth", "site": "cabin", "language": {"code": "KM-kh", "name": "Khmer"}}
    command = parse_command(told)
    assert isinstance(command, SetBooth)
    assert command.language == LanguageWish(code="km-kh", name="Khmer")


def test_a_template_keeps_its_booths() -> None:
    preset = preset_of(hearing().state)
    kept = Preset.model_validate_json(preset.model_dump_json())
    begun = prepare(kept, "khac", 0)
    assert {site.id: site.booth for site in begun.sites if site.booth} == {BOOTH: HMONG}
    told = preset.model_dump(mode="json")
    told["delegates"][0]["site"] = BOOTH
    with pytest.raises(ValueError, match="'cabin' is an interpreter's booth"):
        Preset.model_validate(told)


def test_a_written_template_has_no_two_languages_of_one_name() -> None:
    told = preset_of(hearing().state).model_dump(mode="json")
    second = next(one for one in told["sites"] if one["id"] == SECOND)
    second["booth"] = {"code": "mww", "name": HMONG.name}
    with pytest.raises(ValueError, match="language name taken"):
        Preset.model_validate(told)


@pytest.mark.parametrize("language", [None, HMONG])
def test_a_booth_that_becomes_something_else_in_a_break_is_not_heard_after_it(
    language: Language | None,
) -> None:
    """An interpreter who was heard by those alone who chose his language, by the whole room."""
    session = hearing(live=False)
    session.do(SetBooth(site=SECOND, language=wish(KHMER)))
    session.do(PutSite(name="Cabin ba"))
    session.do(SetBooth(site="cabin-ba", language=wish(KHMER)))
    session.do(GoLive())
    session.do(OpenMicrophone(site=SECOND))
    session.do(OpenMicrophone(site=HALL))
    session.do(PauseSession())
    session.do(SetBooth(site=SECOND, language=None if language is None else wish(language)))
    session.do(ResumeSession())
    assert session.state.open_microphones == {HALL}
