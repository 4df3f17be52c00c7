"""The database under the store: opened, read, written; its faults in our words.

SQLite or PostgreSQL, by SQLAlchemy Core. Safe to use from several threads.
"""

import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sql
from sqlalchemy import event as on
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from broadcast import tables
from broadcast.tables import ALONE, SCHEMA_VERSION, NewerError

_LIBPQ = {
    "client_encoding": "utf8",
    "connect_timeout": 2,
    "tcp_user_timeout": 2000,
    "options": "-c lock_timeout=5000 -c statement_timeout=10000 -c tcp_keepalives_idle=10"
    " -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
}
"""Of PostgreSQL: a server that hangs is a fault to be told, and not waited for by sound and
pictures; one that was set up without a language (SQL_ASCII) keeps the octets that it is given; what
a machine held that is gone is free after 25 s."""
_TAKE = "SELECT pg_try_advisory_lock(7180214)"  # any number, but always the same
TAKE_S = 3.0
"""For so long one that died may still hold it: its relay is started again at once."""
CLOSE_S = 5.0


class StoreError(Exception):
    """The database cannot be used. `str()` says why, in the database's own words."""


class Database:
    """Opens it and makes its tables.

    Every call, the constructor too, raises `StoreError` if the database cannot do it: no disk
    space, no right, no server, tables of a newer version. Nothing is half done then. An
    `IntegrityError` stays: it says that somebody else was first.
    """

    def __init__(self, url: str) -> None:
        self._in_use = 0
        self._closed = False
        self._lock: sql.Connection | None = None
        self._changed = threading.Condition()
        with _in_our_words():
            self._engine = _engine(url)
            if self._engine.dialect.name == "sqlite":
                on.listen(self._engine, "connect", _set_up_sqlite)
            try:
                self._prepare_tables()
            except BaseException:
                self.close()
                raise

    def _prepare_tables(self) -> None:
        """The server and the command line may both be the first to open a new database."""
        try:
            with self.alone() as db:
                _require_letters(db)
                tables.prepare(db, time.time_ns() // 1_000_000)
        except NewerError as newer:
            raise StoreError(
                f"its tables have version {newer}, this program knows version {SCHEMA_VERSION};"
                " start the program that wrote them, or another database"
            ) from None

    def keep_others_out(self) -> None:
        """For a server: no other has it until this one closes it or dies. Of PostgreSQL; a file of
        SQLite lies in a data folder, which has one server (`web.serving`). Raises `StoreError`."""
        if self._engine.dialect.name != "postgresql":
            return
        until = time.monotonic() + TAKE_S
        with _in_our_words():
            self._lock = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            while not self._lock.exec_driver_sql(_TAKE).scalar_one():
                if time.monotonic() > until:
                    raise StoreError("another Diemcau uses it; end that one, or make another")
                time.sleep(0.1)

    def close(self) -> None:
        """Waits for who is at it, but not for ever, as a database may hang: a thread goes on when
        the task that waits for it is cancelled, and would leave its connection open. Whoever comes
        later gets a `StoreError`."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: self._in_use == 0, CLOSE_S)
        if self._lock is not None:
            self._lock.invalidate()
            self._lock.close()
        self._engine.dispose()

    @contextmanager
    def _kept_open(self) -> Iterator[None]:
        with self._changed:
            if self._closed:
                raise StoreError("it is closed")
            self._in_use += 1
        try:
            yield
        finally:
            with self._changed:
                self._in_use -= 1
                self._changed.notify_all()

    @contextmanager
    def reading(self) -> Iterator[sql.Connection]:
        with self._kept_open(), _in_our_words(), self._engine.connect() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[sql.Connection]:
        """One transaction: on the disk when it is left, or undone."""
        with self._kept_open(), _in_our_words(), self._engine.begin() as db:
            yield db

    @contextmanager
    def alone(self) -> Iterator[sql.Connection]:
        """The same, while no other program and no other thread writes."""
        with self.writing() as db:
            db.exec_driver_sql(ALONE[db.dialect.name])
            yield db


def _require_letters(db: sql.Connection) -> None:
    """That Vietnamese can be written there. Raises `StoreError`."""
    if db.dialect.name == "postgresql":
        encoding = db.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding not in {"UTF8", "SQL_ASCII"}:
            raise StoreError(
                f"its encoding is {encoding}; make one by createdb --encoding UTF8 "
                "--template template0"
            )


def reach(url: str) -> None:
    """Whether it answers; nothing in it is changed. Raises `StoreError`."""
    with _in_our_words():
        engine = _engine(url)
        try:
            engine.connect().close()
        finally:
            engine.dispose()


def _engine(url: str) -> sql.Engine:
    try:
        kind = sql.make_url(url).get_backend_name()
    except ValueError:
        raise StoreError("its port is no number") from None
    if kind not in ALONE:
        raise StoreError("it is neither SQLite nor PostgreSQL (postgresql+psycopg://…)")
    given = _LIBPQ if kind == "postgresql" else {}
    # A server that was restarted must not cost the first click after it.
    return sql.create_engine(url, pool_pre_ping=True, connect_args=given)


@contextmanager
def _in_our_words() -> Iterator[None]:
    """An `IntegrityError` stays: it says that somebody else was first."""
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise StoreError(" ".join(str(error.orig).split())) from error
    except ImportError as error:
        raise StoreError(
            f"{error}; write postgresql+psycopg://…, and install that driver: "
            f"{sys.executable} -m pip install 'psycopg[binary]'"
        ) from error
    except SQLAlchemyError as error:
        raise StoreError(str(error)) from error


def _set_up_sqlite(connection: Any, _: object) -> None:
    """WAL lets pages read while an event is written; FULL has it on the disk before we say so."""
    cursor = connection.cursor()
    for pragma in ("busy_timeout=5000", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    _write_ahead(cursor)
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """The first to open a new database switches it; SQLite does not wait for that lock itself."""
    for _ in range(100):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(0.02)
        else:
            return
    raise sqlite3.OperationalError("database is locked")
