"""config/procedures.toml and DOMAIN's table."""

from pathlib import Path

import pytest

from broadcast.session.model import ItemKind, RequestKind
from broadcast.session.procedure import DEFAULT_PATH, Procedure, load_procedure
from config.settings import ConfigError

MINUTE_MS = 60_000
DEFAULT = DEFAULT_PATH.read_text("utf-8")


def test_the_law_as_it_stands() -> None:
    """Resolution 71/2022/QH15, Articles 17 to 19."""
    limits = {kind: rule.limits_ms for kind, rule in load_procedure().kinds.items()}
    assert limits == {
        RequestKind.PRESENTATION: (15 * MINUTE_MS,),
        RequestKind.SPEECH: (7 * MINUTE_MS, 3 * MINUTE_MS),
        RequestKind.DEBATE: (3 * MINUTE_MS,),
        RequestKind.EXPLANATION: (10 * MINUTE_MS,),
        RequestKind.OPENING: (5 * MINUTE_MS,),
        RequestKind.QUESTION: (1 * MINUTE_MS,),
        RequestKind.ANSWER: (3 * MINUTE_MS,),
        RequestKind.REBUTTAL: (2 * MINUTE_MS,),
    }


def test_each_limit_cites_its_article() -> None:
    procedure = load_procedure()
    cited = {kind: rule.article for kind, rule in procedure.kinds.items() if rule.article}
    assert set(RequestKind) - set(cited) == {RequestKind.OPENING}
    assert cited[RequestKind.REBUTTAL] == "Điều 19.2d"


def test_rounds_of_three() -> None:
    rounds = {kind: rule.round for kind, rule in load_procedure().items.items()}
    assert rounds[ItemKind.QUESTIONING] == 3
    assert rounds[ItemKind.DISCUSSION] is None


def loaded(folder: Path, text: str, encoding: str = "utf-8") -> Procedure:
    path = folder / "ours.toml"
    path.write_text(text, encoding)
    return load_procedure(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"], ids=["", "as Notepad saves it"])
def test_a_council_has_its_own_rules(tmp_path: Path, encoding: str) -> None:
    ours = DEFAULT.replace("limits_s = [420, 180]", "limits_s = [300]")
    procedure = loaded(tmp_path, ours, encoding)
    assert procedure.limit_ms(RequestKind.SPEECH, spoken_before=4) == 300_000


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[420, 180]", "[]", "kinds.speech.limits_s"),
        ("[420, 180]", "[5]", "kinds.speech.limits_s.0"),
        ("[420, 180]", "seven", "not valid TOML"),
        ("round = 3", "round = 0", "items.questioning.round"),
        ("warn_s = 30", "warn_s = -1", "warn_s"),
        ("warn_s = 30", "warm_s = 30", "warm_s"),
        ("[kinds.opening]", "[kinds.singing]", "kinds.singing"),
        ('"speech", "debate"', '"speech", "song"', "items.discussion.kinds"),
    ],
)
def test_a_fault_names_its_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says.replace(".", r"\.")):
        loaded(tmp_path, DEFAULT.replace(old, new, 1))


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    without = DEFAULT.split("[kinds.rebuttal]")[0] + DEFAULT[DEFAULT.index("# What may be") :]
    with pytest.raises(ConfigError, match=r"missing: kinds\.rebuttal"):
        loaded(tmp_path, without)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load_procedure(tmp_path / "nowhere.toml")
