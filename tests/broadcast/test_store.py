"""The event log on SQLite and on PostgreSQL: all or nothing, one after the other, kept."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sql

from broadcast import database
from broadcast.database import StoreError
from broadcast.session.commands import CallNext, EndTurn
from broadcast.session.decide import Act
from broadcast.session.events import EventError, SessionWentLive
from broadcast.session.evolve import fold
from broadcast.session.model import RequestKind, Role
from broadcast.store import Account, Conflict, Store
from broadcast.tables import SCHEMA_VERSION
from tests.broadcast.session.hearing import PREPARED, START_MS, Hearing

ACT = Act(START_MS, Role.OPERATOR, "Kỹ thuật viên", None, "id")
ID = PREPARED.id


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    yield store
    store.close()


def a_hearing() -> Hearing:
    hearing = Hearing("thao-luan")
    hearing.register("an", RequestKind.SPEECH)
    hearing.do(CallNext())
    hearing.do(EndTurn())
    return hearing


def test_the_log_comes_back_as_it_was(store: Store) -> None:
    hearing = a_hearing()
    assert store.append(ID, 0, hearing.log, ACT) == len(hearing.log)
    recorded = store.load(ID)
    assert [one.event for one in recorded] == hearing.log
    assert [one.version for one in recorded] == list(range(1, len(hearing.log) + 1))
    assert {(one.role, one.actor, one.at_ms) for one in recorded} == {
        (Role.OPERATOR, "Kỹ thuật viên", START_MS)
    }
    assert fold(one.event for one in recorded) == hearing.state


def test_only_what_was_added(store: Store) -> None:
    hearing = a_hearing()
    store.append(ID, 0, hearing.log, ACT)
    assert store.load(ID, after=3)[0].version == 4
    assert store.load(ID, after=len(hearing.log)) == []
    assert store.load("khac") == []


def test_who_is_late_decides_anew(store: Store) -> None:
    store.append(ID, 0, [PREPARED], ACT)
    event = SessionWentLive(at_ms=START_MS)
    store.append(ID, 1, [event], ACT)
    for expected in (0, 1, 3):
        with pytest.raises(Conflict):
            store.append(ID, expected, [event], ACT)
    assert len(store.load(ID)) == 2


def test_all_or_none(store: Store) -> None:
    """The session is entered before its events; a moment that no column holds stops those."""
    with pytest.raises((StoreError, OverflowError)):
        store.append(ID, 0, [PREPARED], replace(ACT, at_ms=2**70))
    assert store.sessions() == []
    store.append(ID, 0, [PREPARED], ACT)


def test_of_many_at_once_one_is_first(store: Store) -> None:
    store.append(ID, 0, [PREPARED], ACT)
    event = SessionWentLive(at_ms=START_MS)

    def try_it(number: int) -> bool:
        try:
            store.append(ID, 1, [event, event], replace(ACT, actor=str(number)))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_it, range(16))) == 1
    recorded = store.load(ID)
    assert [one.version for one in recorded] == [1, 2, 3]
    assert recorded[1].actor == recorded[2].actor


def test_a_log_starts_with_its_session(store: Store) -> None:
    with pytest.raises(TypeError):
        store.append(ID, 0, [SessionWentLive(at_ms=1)], ACT)
    assert store.sessions() == []


def test_nothing_to_append_is_checked_all_the_same(store: Store) -> None:
    store.append(ID, 0, [PREPARED], ACT)
    assert store.append(ID, 1, [], ACT) == 1
    with pytest.raises(Conflict):
        store.append(ID, 0, [], ACT)


def test_the_catalogue(store: Store) -> None:
    later = replace(PREPARED, id="phien-2", at_ms=START_MS + 5, title="Phiên thứ hai")
    store.append(ID, 0, a_hearing().log, ACT)
    store.append(later.id, 0, [later], ACT)
    first, second = store.sessions()
    assert (first.id, first.title, first.events) == ("phien-2", "Phiên thứ hai", 1)
    assert (second.id, second.subtitle) == (ID, "HĐND tỉnh Điện Biên")
    assert second.events == len(a_hearing().log)


def test_accounts(store: Store) -> None:
    account = Account("Lò Thị Vân", "$argon2id$…", frozenset({Role.OPERATOR, Role.CLERK}))
    assert store.account(account.name) is None
    store.save_account(account)
    store.save_account(replace(account, disabled=True))
    assert store.account(account.name) == replace(account, disabled=True)
    assert store.accounts() == [replace(account, disabled=True)]
    assert store.account("Lò Thị Vân\0") is None


def test_revoked_tokens(store: Store) -> None:
    assert not store.is_revoked("a")
    store.revoke("a")
    store.revoke("a")
    assert store.is_revoked("a")


def test_it_is_all_there_after_a_restart(url: str) -> None:
    first = Store(url)
    first.append(ID, 0, a_hearing().log, ACT)
    first.revoke("a")
    first.close()
    second = Store(url)
    assert fold(one.event for one in second.load(ID)) == a_hearing().state
    assert second.is_revoked("a")
    second.close()


def test_two_programs_open_a_new_database_at_once(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: Store(url), range(4)))
    stores[0].append(ID, 0, [PREPARED], ACT)
    assert [len(store.load(ID)) for store in stores] == [1, 1, 1, 1]
    for store in stores:
        store.close()


def test_tables_of_another_version_are_left_alone(url: str) -> None:
    Store(url).close()
    engine = sql.create_engine(url)
    with engine.begin() as db:
        db.execute(sql.text(f"UPDATE schema_version SET version = {SCHEMA_VERSION + 1}"))
    engine.dispose()
    with pytest.raises(StoreError, match=f"version {SCHEMA_VERSION + 1}"):
        Store(url)


def test_an_event_of_a_later_version_is_an_error_not_a_guess(store: Store, url: str) -> None:
    store.append(ID, 0, [PREPARED], ACT)
    engine = sql.create_engine(url)
    with engine.begin() as db:
        added = sql.text("INSERT INTO events VALUES (:id, 2, 1, 'operator', '', :event)")
        db.execute(added, {"id": ID, "event": '{"type": "hologram_shown", "at_ms": 1}'})
    engine.dispose()
    with pytest.raises(EventError, match="hologram_shown"):
        store.load(ID)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        Store(f"sqlite:///{tmp_path / 'nowhere' / 'diemcau.sqlite3'}")


def test_what_is_no_database_at_all(tmp_path: Path) -> None:
    path = tmp_path / "diemcau.sqlite3"
    path.write_bytes(b"this is a letter, not a database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Store(f"sqlite:///{path}")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql+nothing://x", "nothing"),
        ("not a url", "parse"),
        ("postgres://x", "neither SQLite nor PostgreSQL"),
        ("oracle://x", "neither SQLite nor PostgreSQL"),
        ("postgresql+psycopg://x@db:port/x", "port is no number"),
        ("postgresql+pg8000://x", r"pip install 'psycopg\[binary\]'"),  # stands for one not there
    ],
)
def test_what_is_no_url(url: str, says: str) -> None:
    with pytest.raises(StoreError, match=says):
        Store(url)


@pytest.mark.parametrize(("encoding", "says"), [("SQL_ASCII", ""), ("LATIN1", "is LATIN1; make")])
def test_a_database_of_another_encoding(postgres: str, encoding: str, says: str) -> None:
    """Debian makes them so where the machine was set up without a language, or long ago."""
    name, admin = (
        f"of_{encoding.lower()}",
        sql.create_engine(postgres, isolation_level="AUTOCOMMIT"),
    )
    with admin.connect() as db:
        db.execute(
            sql.text(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
        )
    admin.dispose()
    url = postgres.replace("/postgres?", f"/{name}?")
    if says:
        with pytest.raises(StoreError, match=says):
            Store(url)
    else:
        with Store(url) as store:
            store.append(ID, 0, [PREPARED], ACT)
            assert store.load(ID)[0].actor == "Kỹ thuật viên"


HOLDER = """
import sys
from broadcast.store import Store
with Store(sys.argv[1]) as store:
    store.keep_others_out()
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_postgresql_has_one_server_and_another_once_that_died(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two with a data folder each would write one log, and direct one session."""
    pipe, command = subprocess.PIPE, [sys.executable, "-c", HOLDER, postgres]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        monkeypatch.setattr(database, "TAKE_S", 0.2)
        with Store(postgres) as store:
            with pytest.raises(StoreError, match="another Diemcau"):
                store.keep_others_out()
            store.sessions()  # who only looks may
        other.kill()
        monkeypatch.setattr(database, "TAKE_S", 60.0)
        with Store(postgres) as store:
            store.keep_others_out()


def test_sqlite_is_on_the_disk_before_we_say_so(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'diemcau.sqlite3'}")
    with store._database.reading() as db:
        assert db.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert db.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    store.close()


def test_closing_waits_for_who_reads_and_refuses_who_comes_later(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'diemcau.sqlite3'}")
    with ThreadPoolExecutor() as threads, store._database.reading() as db:
        closing = threads.submit(store.close)
        while not (asked := threads.submit(store.load, ID)).exception():
            pass
        assert isinstance(asked.exception(), StoreError)
        assert not closing.done()
        assert db.exec_driver_sql("SELECT 1").scalar() == 1
    assert closing.result() is None


def test_a_full_disk_refuses_and_leaves_what_was(tmp_path: Path) -> None:
    path = tmp_path / "diemcau.sqlite3"
    store = Store(f"sqlite:///{path}")
    store.append(ID, 0, [PREPARED], ACT)
    with store._database.reading() as db:
        # A limit of the database stands in for the disk's: the same error comes back.
        pages = db.exec_driver_sql("PRAGMA page_count").scalar()
        db.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    long = replace(ACT, actor="x" * 100_000)
    with pytest.raises(StoreError, match="full"):
        store.append(ID, 1, [SessionWentLive(at_ms=START_MS)], long)
    assert len(store.load(ID)) == 1
    store.close()


APPENDS_FOREVER = """
import sys
from broadcast.session.events import ItemChosen
from broadcast.store import Store
from tests.broadcast.test_store import ACT, ID, PREPARED
store = Store(sys.argv[1])
version = store.append(ID, 0, [PREPARED], ACT)
while True:
    pair = [ItemChosen(at_ms=version, item="a"), ItemChosen(at_ms=version, item="b")]
    version = store.append(ID, version, pair, ACT)
    print(version, flush=True)
"""


def test_kill_9_in_the_middle_loses_nothing_that_was_said_to_be_there(tmp_path: Path) -> None:
    path = tmp_path / "diemcau.sqlite3"
    command = [sys.executable, "-c", APPENDS_FOREVER, f"sqlite:///{path}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(20)]
        os.kill(writer.pid, signal.SIGKILL)
        said += [int(line) for line in writer.stdout.read().splitlines()]
    store = Store(f"sqlite:///{path}")
    recorded = store.load(ID)
    assert len(recorded) >= said[-1]
    assert len(recorded) % 2 == 1, "the first event, then whole pairs"
    assert store.append(ID, len(recorded), [SessionWentLive(at_ms=1)], ACT) == len(recorded) + 1
    store.close()
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
