"""Both languages say everything, in whole sentences and composed letters."""

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcast.layout import Layout
from broadcast.session.commands import COMMANDS
from broadcast.session.model import ItemKind, OverlayName, RequestKind
from broadcast.session.preset import FOLDER as PRESETS
from tests.test_docs import text
from web.assets import VENDOR, modules
from web.build import static
from web.catalogues import FOLDER, LANGUAGES, catalogue, preferred, say
from web.errors import Problem
from web.pages import texts_of

ROOMS = sorted(path.name for path in (FOLDER / "vi").glob("*.json"))
WEB = FOLDER.parent


def _room(language: str, name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((FOLDER / language / name).read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", ROOMS)
def test_both_languages_have_the_same_keys_and_places(name: str) -> None:
    vietnamese, english = _room("vi", name), _room("en", name)
    assert vietnamese.keys() == english.keys()
    for key in vietnamese:
        places = [set(re.findall(r"\{(\w+)\}", room[key])) for room in (vietnamese, english)]
        assert (key, places[0]) == (key, places[1])


def test_no_room_is_in_one_language_only() -> None:
    assert sorted(path.name for path in (FOLDER / "en").glob("*.json")) == ROOMS


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_key_has_one_owner_and_its_text_is_composed(language: str) -> None:
    seen: dict[str, str] = {}
    for name in ROOMS:
        for key, said in _room(language, name).items():
            assert key not in seen, f"{key} is in {seen.get(key)} and {name}"
            seen[key] = name
            assert unicodedata.is_normalized("NFC", said), key


def test_a_button_is_named_as_it_is_written() -> None:
    """What a Vietnamese sentence quotes from a page, the English one quotes as that page has it."""
    vietnamese, english = catalogue("vi"), catalogue("en")
    keys: dict[str, set[str]] = {}
    for key, said in vietnamese.items():
        keys.setdefault(said, set()).add(key)
    for key, said in vietnamese.items():
        named = set(re.findall("“([^”]+)”", english[key]))
        for button in re.findall("“([^”]+)”", said):
            written = {english[one] for one in keys.get(button, ())}
            assert not written or not named or written & named, (key, button, named)


def test_every_error_of_the_code_has_a_sentence() -> None:
    code = "\n".join(path.read_text("utf-8") for path in WEB.rglob("*.py"))
    errors = set(re.findall(r'Problem\(\s*\d+,\s*"(\w+)"', code))
    errors |= set(re.findall(r'not_found\("(\w+)"\)', code))
    goodbyes = set(re.findall(r'(?:Bye|\.end)\("(\w+)"\)', code))
    judged = (WEB / "alarms.py").read_text("utf-8")
    alarms = set(re.findall(r'yield \(?"(\w+)"', judged)) | {"hall_absent", "studio_lost"}
    wanted = {f"error.{code}" for code in errors}
    wanted |= {f"bye.{code}" for code in goodbyes} | {f"alarm.{code}" for code in alarms}
    assert len(wanted) > 30
    for language in LANGUAGES:
        assert wanted - catalogue(language).keys() == set()


@pytest.mark.parametrize(
    "page", sorted(name[:-3] for name in static() if re.fullmatch(r"\w+\.js", name))
)
def test_a_page_is_given_all_that_it_says(page: str) -> None:
    given = texts_of(page, "vi")
    for name in {*modules(f"{page}.js")} - {*VENDOR.values()}:
        code = static()[name].decode()
        said = set(re.findall(r"\bt\(\"([^\"]+\.[^\"]+)\"", code))
        assert said - given.keys() == set()
        for beginning in re.findall(r"\b(?:t|knows)\(`([^`$]*)\$", code):
            assert "." in beginning, "what begins with a variable is not found in the code"
            assert any(key.startswith(beginning) for key in given), beginning


def test_the_audit_has_the_words_of_commands() -> None:
    words = {"kind": RequestKind, "item": ItemKind, "overlay": OverlayName, "layout": Layout}
    wanted = {f"{room}.{one}" for room, kind in words.items() for one in kind}
    for language in LANGUAGES:
        assert wanted & catalogue(language).keys() <= texts_of("audit", language).keys()


def test_no_text_is_left_over() -> None:
    """Each stands in the code, or its beginning does and the rest is a word of the code."""
    code = "\n".join(path.read_text("utf-8") for path in _code())
    words = set(re.findall(r"[\w-]+", code)) | {path.stem for path in PRESETS.glob("*.toml")}
    whole = set(re.findall(r"[\w-]+(?:\.[\w-]+)+", code))
    begun = set(re.findall(r"([\w-]+\.[\w.-]*)(?:\$?\{|\" ~)", code)) | {"error.", "refusal."}
    # A refusal's and an alarm's code is put together where it is raised, without its room.
    codes = set(re.findall(r"f\"(\w+_)\{", code))
    begun |= {f"{room}.{start}" for room in ("alarm", "refusal") for start in codes}

    joined = set(re.findall(r"([\w-]+\.[\w.-]*)\$?\{[^}]*\}_", code))

    def is_used(key: str) -> bool:
        rests = {start: key[len(start) :] for start in begun | joined if key.startswith(start)}
        return any(
            rest in words or (start in joined and _is_joined(rest, words))
            for start, rest in rests.items()
        )

    assert [key for key in catalogue("vi") if key not in whole and not is_used(key)] == []


def _is_joined(rest: str, words: set[str]) -> bool:
    """Of two words, or of one and a number or an ending."""
    cuts = (at for at, char in enumerate(rest) if char == "_")
    return any({rest[:at], rest[at + 1 :]} <= words for at in cuts)


def _code() -> Iterator[Path]:
    root = WEB.parent
    for folder in ("web", "broadcast", "streams", "config"):
        for kind in ("*.py", "*.js", "*.html"):
            found = (root / folder).rglob(kind)
            yield from (path for path in found if "vendor" not in path.parts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_alarm_fits_into_its_place(language: str) -> None:
    """Two lines of the operator's page at 1280 (`web/static/operator.css`)."""
    alarms = [said for key, said in catalogue(language).items() if key.startswith("alarm.")]
    assert max(map(len, alarms)) <= 260


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_has_a_name_in_the_audit(language: str) -> None:
    assert {f"audit.what.{name}" for name in COMMANDS} - catalogue(language).keys() == set()


def test_goodbyes_are_those_of_the_protocol() -> None:
    row = re.search(r"^\| `bye` .*$", text("web/PROTOCOL.md"), re.MULTILINE)
    assert row is not None
    named = set(re.findall(r"`(\w+)`", row[0].partition("why the server closes")[2]))
    assert named == {key[4:] for key in catalogue("vi") if key.startswith("bye.")}


@pytest.mark.parametrize(
    ("header", "chosen", "expected"),
    [
        ("", "", "vi"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "", "vi"),
        ("en-US,en;q=0.9", "", "en"),
        ("en-US,en;q=0.9", "vi", "vi"),
        ("fr,en;q=0.5", "", "vi"),
        ("en;q=0.4,vi;q=0.8", "", "vi"),
        ("en;q=x,vi", "", "vi"),
        (";;;,,", "zz", "vi"),
    ],
)
def test_the_language_of_an_answer(header: str, chosen: str, expected: str) -> None:
    assert preferred(header, chosen, "vi") == expected


def test_a_missing_value_leaves_its_place() -> None:
    assert "{minutes}" in say("vi", "error.too_many_tries", {})
    assert say("vi", "no.such.key") == "no.such.key"


def test_a_refusal_names_the_role_in_the_readers_language() -> None:
    problem = Problem(403, "forbidden", role="clerk")
    assert "“Thư ký”" in problem.message("vi")
    assert "clerk" in problem.message("en").lower()


def test_a_fraction_is_written_as_the_language_writes_it() -> None:
    told = {language: say(language, "alarm.disk_low", {"free_gb": 3.4}) for language in LANGUAGES}
    assert "3,4 GB" in told["vi"]
    assert "3.4 GB" in told["en"]
    assert "3 GB" in say("vi", "alarm.disk_low", {"free_gb": 3.0})


def test_a_disk_that_fills_names_what_makes_room_and_keeps_a_proven_copy() -> None:
    for language in LANGUAGES:
        told, button = say(language, "alarm.disk_low"), say(language, "archive.retire")
        assert all(word in told for word in ("diemcau backup", "diemcau retire", f"“{button}”"))
