"""Removed documents: to the trash, and a month later away."""

import os
from pathlib import Path

from web.preparing.trash import KEPT_S, SETTLED_S, TRASH, sweep

NOW_S = 2_000_000_000.0


def put(folder: Path, name: str, age_s: float = 2 * SETTLED_S) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"%PDF")
    os.utime(path, (NOW_S - age_s, NOW_S - age_s))
    return path


def left(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_no_session_names_goes_to_the_trash_and_later_away(tmp_path: Path) -> None:
    put(tmp_path, "phien/kept.pdf")
    put(tmp_path, "phien/removed.pdf")
    put(tmp_path, "phien/torn.new")
    put(tmp_path, "phien/coming.pdf", age_s=10)
    put(tmp_path, "of-another-database/a.pdf", age_s=10 * KEPT_S)
    named = {"phien": frozenset({"kept"}), "without": frozenset[str]()}
    sweep(tmp_path, named, NOW_S)
    stay = {"phien/kept.pdf", "phien/coming.pdf", "of-another-database/a.pdf"}
    away = {f"{TRASH}/phien/removed.pdf", f"{TRASH}/phien/torn.new"}
    assert left(tmp_path) == stay | away
    sweep(tmp_path, {"phien": frozenset({"kept", "coming"})}, NOW_S + KEPT_S - 1)
    assert left(tmp_path) == stay | away, "a month has not passed"
    sweep(tmp_path, {"phien": frozenset({"kept", "coming"})}, NOW_S + KEPT_S + 1)
    assert left(tmp_path) == stay


def test_where_nothing_was_ever_brought_nothing_is_made(tmp_path: Path) -> None:
    sweep(tmp_path / "documents", {"phien": frozenset()}, NOW_S)
    assert left(tmp_path) == set()
    assert not (tmp_path / "documents").exists()
