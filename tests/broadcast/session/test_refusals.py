"""Every refusal has a whole sentence in both languages: why, and what is possible instead."""

import json
import re
import unicodedata
from pathlib import Path

import pytest

from broadcast.session.model import Phase, RequestState

ROOT = Path(__file__).parents[3]


def codes_in_the_rules() -> dict[str, set[str]]:
    """Code → names of its parameters, from the source of the rules."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "broadcast" / "session").rglob("*.py"):
        for code, rest in re.findall(
            r'Refusal\(\s*f?"([^"]+)"((?:,\s*\w+=[^=]*?)*)\s*\)+\n', path.read_text("utf-8")
        ):
            found.setdefault(code, set()).update(re.findall(r",\s*(\w+)=", rest))
    phases = found.pop("phase_{state.phase}")
    closed = found.pop("request_{one.state}")
    found |= {f"phase_{phase}": phases for phase in Phase}
    gone = (RequestState.HEARD, RequestState.WITHDRAWN, RequestState.ABSENT)
    return found | {f"request_{state}": closed for state in gone}


def sentences(language: str) -> dict[str, str]:
    path = ROOT / "web" / "texts" / language / "refusals.json"
    texts: dict[str, str] = json.loads(path.read_text("utf-8"))
    return texts


@pytest.mark.parametrize("language", ["vi", "en"])
def test_each_code_has_its_sentence_and_no_sentence_is_left_over(language: str) -> None:
    assert set(sentences(language)) == {f"refusal.{code}" for code in codes_in_the_rules()}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_sentence_names_only_what_its_refusal_says(language: str) -> None:
    codes = codes_in_the_rules()
    for key, sentence in sentences(language).items():
        places = set(re.findall(r"{(\w+)}", sentence))
        assert places <= codes[key.removeprefix("refusal.")], key


@pytest.mark.parametrize("language", ["vi", "en"])
def test_sentences_are_whole_and_normal(language: str) -> None:
    for key, sentence in sentences(language).items():
        assert sentence.endswith("."), key
        assert sentence.count(".") >= 2, f"{key} says why, but not what is possible"
        assert unicodedata.is_normalized("NFC", sentence), key
