"""A council written down once."""

from pathlib import Path

import pytest

from broadcast.session.events import dump_event, load_event
from broadcast.session.evolve import fold
from broadcast.session.model import ItemKind, SiteKind
from broadcast.session.preset import FOLDER, load_preset, prepare
from config.settings import ConfigError

DIEN_BIEN = FOLDER / "dien_bien.toml"
SMALL = """
title = "Phiên họp"
[[sites]]
id = "hall"
name = "Hội trường"
kind = "hall"
[[delegates]]
id = "an"
name = "Lò Văn An"
site = "hall"
[[agenda]]
id = "mot"
title = "Nội dung một"
presenter = "an"
"""


def test_dien_bien_has_its_hall_and_ten_districts() -> None:
    prepared = prepare(load_preset(DIEN_BIEN), "phien-1", 5)
    kinds = [site.kind for site in prepared.sites]
    assert (kinds.count(SiteKind.HALL), kinds.count(SiteKind.DISTRICT)) == (1, 10)
    assert load_event(dump_event(prepared)) == prepared
    seated = {delegate.site for delegate in prepared.delegates}
    assert seated == {site.id for site in prepared.sites}


def test_dien_bien_tries_every_kind_of_item_and_one_is_closed() -> None:
    agenda = prepare(load_preset(DIEN_BIEN), "phien-1", 5).agenda
    assert {item.kind for item in agenda} == set(ItemKind)
    assert [item.id for item in agenda if item.closed] == ["nhan-su"]
    assert all(item.questioned for item in agenda if item.kind is ItemKind.QUESTIONING)


def test_a_session_of_some_districts() -> None:
    prepared = prepare(load_preset(DIEN_BIEN), "phien-1", 5, ["hall", "muong-nhe"])
    assert [site.id for site in prepared.sites] == ["hall", "muong-nhe"]
    assert {delegate.site for delegate in prepared.delegates} == {"hall", "muong-nhe"}
    state = fold([prepared])
    assert state.preview.sources == ("hall",)


@pytest.mark.parametrize(
    ("sites", "says"), [(["hall", "ha-noi"], "ha-noi"), (["muong-nhe"], "hall")]
)
def test_a_choice_that_cannot_be(sites: list[str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        prepare(load_preset(DIEN_BIEN), "phien-1", 5, sites)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('site = "hall"', 'site = "ha-noi"', "no site"),
        ('presenter = "an"', 'presenter = "binh"', "no delegate"),
        ('id = "hall"\nname', 'id = "room"\nname', "'room'"),
        ('kind = "hall"', 'kind = "district"', "one site is the hall"),
        ('id = "hall"\nname', 'id = "Hội trường"\nname', "sites.0.id"),
        ("Lò Văn An", "a" * 301, "at most 300"),
        ("Lò Văn An", "Lò\\tVăn An", "control character"),
        ("Lò Văn An", " ", "is empty"),
        ("[[agenda]]", "[[agenda]]\nid = 'mot'\ntitle = 'Nữa'\n[[agenda]]", "'mot' is there 2"),
        ("title = ", "titel = ", "titel"),
        ("[[agenda]]", "[[agenda", "not valid TOML"),
    ],
)
def test_a_fault_says_what_is_wrong(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "council.toml"
    path.write_text(SMALL.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigError, match=says):
        load_preset(path)


def test_the_small_one_is_right(tmp_path: Path) -> None:
    path = tmp_path / "council.toml"
    path.write_text(SMALL, "utf-8")
    assert prepare(load_preset(path), "p", 1).agenda[0].presenter == "an"


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load_preset(tmp_path / "nowhere.toml")
