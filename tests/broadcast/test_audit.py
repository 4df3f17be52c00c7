"""The audit shows every change that somebody makes behind its back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sql
from sqlalchemy.exc import DBAPIError

from broadcast.audit import Entry, Fault, Note, Where, seal_of, verify
from broadcast.database import StoreError
from broadcast.session.decide import Act
from broadcast.session.events import SessionWentLive
from broadcast.session.model import Role
from broadcast.store import Account, Store
from broadcast.tables import SCHEMA_VERSION
from tests.broadcast.session.hearing import PREPARED, START_MS

ID = PREPARED.id
ACT = Act(START_MS, Role.OPERATOR, "ky-thuat", None, "id")
FROM = Where("192.0.2.7", "Chrome · Windows", "account")
LIVE = SessionWentLive(at_ms=START_MS + 1)
ASKED = Note(START_MS, "ky-thuat", "operator", "go_live", FROM, ID, detail={"type": "go_live"})
REFUSED = Note(START_MS, "chu-toa", "chair", "cut", FROM, ID, "forbidden")


def _filled(url: str) -> Store:
    store = Store(url)
    store.append(ID, 0, [PREPARED], ACT)
    store.append(ID, 1, [LIVE], ACT, ASKED)
    store.note(REFUSED)
    store.append(ID, 2, [], ACT, replace(ASKED, what="mute_all"))
    return store


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = _filled(url)
    yield store
    store.close()


def _proof(store: Store, entries: list[Entry] | None = None, seal: str = "") -> list[Fault]:
    given = store.audit() if entries is None else entries
    versions = {one.id: one.events for one in store.sessions()}
    return list(verify(given, store.event_rows, lambda: versions, seal).faults)


def test_who_what_when_from_where(store: Store) -> None:
    first, asked, refused, nothing = store.audit()
    assert (first.note.what, first.note.who, first.note.role) == ("events", "ky-thuat", "operator")
    assert asked.note == replace(ASKED, detail=asked.note.detail)
    assert asked.note.detail["type"] == "go_live"
    assert asked.note.detail["events"] == [2, 2]
    assert refused.note == REFUSED
    assert nothing.note.detail == {"type": "go_live"}, "all was as wished already"
    assert _proof(store) == []


def test_all_of_it_moves_to_another_database(tmp_path: Path, url: str) -> None:
    other, back = (f"sqlite:///{tmp_path / name}" for name in ("old", "back"))
    with _filled(other) as old, Store(url) as new, Store(back) as again:
        old.save_account(Account("vân", "hash", frozenset({Role.CLERK}), admin=True))
        old.revoke("x:chair#1")
        assert old.copy_to(new) == new.copy_to(again) == 9
        for one in (new, again):
            assert one.load(ID) == old.load(ID)
            assert one.audit() == old.audit()
            assert one.accounts() == old.accounts()
            assert one.sessions() == old.sessions()
            assert one.is_revoked("x:chair#1")
            assert _proof(one) == []
        with pytest.raises(StoreError, match="not empty"):
            old.copy_to(new)


def test_nothing_moves_to_a_database_that_has_an_account(tmp_path: Path, url: str) -> None:
    """It is entered before anything is noted of it."""
    with _filled(f"sqlite:///{tmp_path / 'old'}") as old, Store(url) as new:
        new.save_account(Account("vân", "hash", frozenset({Role.CLERK})))
        with pytest.raises(StoreError, match="not empty"):
            old.copy_to(new)
        assert new.sessions() == []


def test_pages_of_it(store: Store) -> None:
    assert [one.number for one in store.audit(before=4, limit=2)] == [3, 2]
    assert [one.number for one in store.audit(after=2, session=ID)] == [3, 4]
    assert store.audit(session="khac") == []


@pytest.mark.parametrize("table", ["audit", "events"])
@pytest.mark.parametrize("act", ["UPDATE {} SET at_ms = 1", "DELETE FROM {}"])
def test_the_database_refuses_to_change_it(url: str, table: str, act: str) -> None:
    _filled(url).close()
    engine = sql.create_engine(url)
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as db:
        db.execute(sql.text(act.format(table)))
    engine.dispose()


ALTERED = [
    ("who", {"who": "khac"}, ["audit_altered"]),
    ("when", {"at_ms": 1}, ["audit_altered"]),
    ("what it was answered", {"outcome": "done"}, ["audit_altered"]),
    ("from where", {"where": Where()}, ["audit_altered"]),
    ("more", {"detail": {"x": 1}}, ["audit_altered"]),
]


@pytest.mark.parametrize(("what", "change", "codes"), ALTERED)
def test_an_altered_entry_shows(
    tmp_path: Path, what: str, change: dict[str, object], codes: list[str]
) -> None:
    store = _filled(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    entries = store.audit()
    entries[2] = replace(entries[2], note=replace(entries[2].note, **change))  # type: ignore[arg-type]
    assert (what, [fault.code for fault in _proof(store, entries)]) == (what, codes)
    store.close()


def test_what_is_missing_shows(tmp_path: Path) -> None:
    store = _filled(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    entries = store.audit()
    seal = seal_of(entries[-1])
    assert _proof(store, seal=seal) == []
    codes = [fault.code for fault in _proof(store, entries[:2] + entries[3:])]
    assert codes == ["audit_gap"]
    assert [fault.code for fault in _proof(store, entries[:3])] == [], "a chain cannot tell its end"
    assert [fault.code for fault in _proof(store, entries[:3], seal)] == ["audit_cut_off"]
    assert [one.code for one in _proof(store, seal="4-0000000000000000")] == ["audit_seal_broken"]
    assert [one.code for one in _proof(store, seal="what?")] == ["audit_seal_malformed"]
    assert [one.code for one in _proof(store, entries[:1])] == ["events_unrecorded"]
    store.close()


def test_an_altered_event_shows(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    store = _filled(f"sqlite:///{path}")
    engine = sql.create_engine(f"sqlite:///{path}")
    with engine.begin() as db:  # as somebody with the file in hand would do it
        db.execute(sql.text("DROP TRIGGER events_no_update"))
        db.execute(sql.text("UPDATE events SET actor = 'ai khac' WHERE version = 2"))
    engine.dispose()
    assert _proof(store) == [Fault("events_altered", 2, ID)]
    store.close()


VERSION_1 = """
CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY);
CREATE TABLE sessions (id VARCHAR(64) NOT NULL PRIMARY KEY, title TEXT NOT NULL,
  subtitle TEXT NOT NULL, prepared_at_ms BIGINT NOT NULL);
CREATE TABLE events (session VARCHAR(64) NOT NULL REFERENCES sessions (id),
  version INTEGER NOT NULL, at_ms BIGINT NOT NULL,
  role VARCHAR(16) NOT NULL, actor TEXT NOT NULL, event TEXT NOT NULL,
  PRIMARY KEY (session, version));
CREATE TABLE accounts (name VARCHAR(300) NOT NULL PRIMARY KEY, password_hash TEXT NOT NULL,
  roles TEXT NOT NULL, disabled BOOLEAN NOT NULL);
CREATE TABLE revoked_tokens (serial VARCHAR(200) NOT NULL PRIMARY KEY);
INSERT INTO schema_version VALUES (1);
INSERT INTO sessions VALUES ('cu', 'Phiên cũ', '', 5);
INSERT INTO events VALUES ('cu', 1, 5, 'system', 'setup',
  '{"at_ms": 5, "type": "session_prepared", "id": "cu", "title": "Phiên cũ", "sites": []}');
INSERT INTO events VALUES ('cu', 2, 6, 'operator', 'ky-thuat',
  '{"at_ms": 6, "type": "session_ended"}');
INSERT INTO accounts VALUES ('ky-thuat', '$argon2id$x', 'clerk operator', FALSE)
"""
"""A database as the first release made it."""


def test_an_old_database_is_upgraded(url: str) -> None:
    engine = sql.create_engine(url)
    with engine.begin() as db:
        for statement in VERSION_1.split(";"):
            db.exec_driver_sql(statement)
    store = Store(url)
    assert [one.event.type for one in store.load("cu")] == ["session_prepared", "session_ended"]
    account = Account("ky-thuat", "$argon2id$x", frozenset({Role.OPERATOR, Role.CLERK}))
    assert store.accounts() == [account]
    (adopted,) = store.audit()
    assert (adopted.note.what, adopted.note.detail["events"]) == ("log_adopted", [1, 2])
    store.append("cu", 2, [LIVE], ACT, replace(ASKED, session="cu"))
    store.close()
    again = Store(url)
    assert _proof(again) == []
    assert len(again.audit()) == 2, "the step is done once"
    with engine.connect() as db:
        found = db.execute(sql.text("SELECT version FROM schema_version")).scalar_one()
    assert found == SCHEMA_VERSION
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as db:
        db.execute(sql.text("DELETE FROM events"))
    again.close()
    engine.dispose()
