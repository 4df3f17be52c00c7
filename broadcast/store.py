"""The event log and what little else is kept: accounts, and tokens that were revoked.

SQLAlchemy Core on SQLite or PostgreSQL. Calls are synchronous and short: one transaction each, and
what was appended is on the disk when the call returns. Safe to call from several threads.
"""

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql
from sqlalchemy import event as on
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from broadcast.session.decide import Act
from broadcast.session.events import Event, SessionPrepared, dump_event, load_event
from broadcast.session.model import Role

SCHEMA_VERSION = 1

_ALONE = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(7180213)",  # any number, but always the same
}
"""Keeps other programs out until the transaction ends; each of the two has its own way."""

_tables = sql.MetaData()
_schema = sql.Table("schema_version", _tables, sql.Column("version", sql.Integer, primary_key=True))
_sessions = sql.Table(
    "sessions",
    _tables,
    sql.Column("id", sql.String(64), primary_key=True),
    sql.Column("title", sql.Text, nullable=False),
    sql.Column("subtitle", sql.Text, nullable=False),
    sql.Column("prepared_at_ms", sql.BigInteger, nullable=False),
)
_events = sql.Table(
    "events",
    _tables,
    sql.Column("session", sql.String(64), sql.ForeignKey(_sessions.c.id), primary_key=True),
    sql.Column("version", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("at_ms", sql.BigInteger, nullable=False),
    sql.Column("role", sql.String(16), nullable=False),
    sql.Column("actor", sql.Text, nullable=False),
    sql.Column("event", sql.Text, nullable=False),
)
_accounts = sql.Table(
    "accounts",
    _tables,
    sql.Column("name", sql.String(300), primary_key=True),
    sql.Column("password_hash", sql.Text, nullable=False),
    sql.Column("roles", sql.Text, nullable=False),
    sql.Column("disabled", sql.Boolean, nullable=False),
)
_revoked = sql.Table(
    "revoked_tokens", _tables, sql.Column("serial", sql.String(200), primary_key=True)
)


class StoreError(Exception):
    """The database cannot be used. `str()` says why, in the database's own words."""


class Conflict(Exception):  # noqa: N818 - not a fault: somebody else was first
    """The log is not at the version expected: load what was added, decide anew."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it stands in the log."""

    version: int
    """1 for the first of a session."""
    at_ms: int
    role: Role
    actor: str
    event: Event


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One session in the list of all."""

    id: str
    title: str
    subtitle: str
    prepared_at_ms: int
    events: int
    """How many: the version its state has when folded."""


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    password_hash: str
    roles: frozenset[Role]
    disabled: bool = False


class Store:
    """Opens the database and makes its tables.

    Every call, the constructor too, raises `StoreError` if the database cannot do it: no disk
    space, no right, no server, tables of a newer version. Nothing is half done then.
    """

    def __init__(self, url: str) -> None:
        with _in_our_words():
            # A server that was restarted must not cost the first click after it.
            self._engine = sql.create_engine(url, pool_pre_ping=True)
            if self._engine.dialect.name == "sqlite":
                on.listen(self._engine, "connect", _set_up_sqlite)
            self._make_tables()
            self._check_version()

    def _make_tables(self) -> None:
        """The server and the command line may both be the first to open a new database."""
        alone = _ALONE.get(self._engine.dialect.name)
        if alone is None:
            raise StoreError("it is neither SQLite nor PostgreSQL")
        with self._engine.begin() as db:
            db.exec_driver_sql(alone)
            _tables.create_all(db)
            if db.execute(sql.select(_schema.c.version)).first() is None:
                db.execute(_schema.insert().values(version=SCHEMA_VERSION))

    def _check_version(self) -> None:
        with self._engine.connect() as db:
            found = db.execute(sql.select(_schema.c.version)).scalar_one()
        if found != SCHEMA_VERSION:
            self.close()
            raise StoreError(
                f"its tables have version {found}, this program knows version {SCHEMA_VERSION};"
                " start the program that wrote them, or another database"
            )

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[sql.Connection]:
        with _in_our_words(), self._engine.connect() as db:
            yield db

    @contextmanager
    def _writing(self) -> Iterator[sql.Connection]:
        """One transaction: on the disk when it is left, or undone."""
        with _in_our_words(), self._engine.begin() as db:
            yield db

    # The event log

    def append(
        self, session_id: str, expected_version: int, events: Sequence[Event], act: Act
    ) -> int:
        """All or none, in one transaction; returns the new version.

        Raises `Conflict` if the log is not at `expected_version`. The first events of a session
        start with `SessionPrepared` and expect version 0, which enters it in the catalogue.
        """
        rows = [
            {
                "session": session_id,
                "version": expected_version + number,
                "at_ms": act.at_ms,
                "role": act.role.value,
                "actor": act.actor,
                "event": json.dumps(dump_event(event), ensure_ascii=False),
            }
            for number, event in enumerate(events, 1)
        ]
        try:
            with self._writing() as db:
                if self._version(db, session_id) != expected_version:
                    raise Conflict(session_id)
                if expected_version == 0 and events:
                    db.execute(_sessions.insert().values(_entry(session_id, events[0])))
                if rows:
                    db.execute(_events.insert(), rows)
        except IntegrityError as error:
            raise Conflict(session_id) from error
        return expected_version + len(rows)

    def _version(self, db: sql.Connection, session_id: str) -> int:
        newest = sql.select(sql.func.max(_events.c.version)).where(_events.c.session == session_id)
        return db.execute(newest).scalar() or 0

    def load(self, session_id: str, after: int = 0) -> list[Recorded]:
        """Its log in order, from the event after version `after`; empty if there is none.

        Raises `EventError` for an event that this version does not know.
        """
        wanted = (
            sql.select(_events)
            .where(_events.c.session == session_id, _events.c.version > after)
            .order_by(_events.c.version)
        )
        with self._reading() as db:
            return [_recorded(row) for row in db.execute(wanted)]

    def sessions(self) -> list[CatalogueEntry]:
        """All of them, the one prepared last first."""
        wanted = (
            sql.select(_sessions, sql.func.count(_events.c.version).label("events"))
            .outerjoin(_events)
            .group_by(*_sessions.c)
            .order_by(_sessions.c.prepared_at_ms.desc(), _sessions.c.id)
        )
        with self._reading() as db:
            return [CatalogueEntry(**row._mapping) for row in db.execute(wanted)]

    # Accounts and revoked tokens

    def account(self, name: str) -> Account | None:
        with self._reading() as db:
            row = db.execute(sql.select(_accounts).where(_accounts.c.name == name)).first()
        return _account(row) if row is not None else None

    def accounts(self) -> list[Account]:
        """All, by name."""
        with self._reading() as db:
            rows = db.execute(sql.select(_accounts).order_by(_accounts.c.name))
            return [_account(row) for row in rows]

    def save_account(self, account: Account) -> None:
        """Enters it, or replaces the one of that name."""
        row = {
            "name": account.name,
            "password_hash": account.password_hash,
            "roles": " ".join(sorted(account.roles)),
            "disabled": account.disabled,
        }
        with self._writing() as db:
            db.execute(_accounts.delete().where(_accounts.c.name == account.name))
            db.execute(_accounts.insert().values(row))

    def delete_account(self, name: str) -> bool:
        """Whether there was one."""
        with self._writing() as db:
            return db.execute(_accounts.delete().where(_accounts.c.name == name)).rowcount > 0

    def revoke(self, serial: str) -> None:
        """The token with this serial is good for nothing from now on."""
        try:
            with self._writing() as db:
                db.execute(_revoked.insert().values(serial=serial))
        except IntegrityError:
            return  # It was revoked already.

    def is_revoked(self, serial: str) -> bool:
        with self._reading() as db:
            found = db.execute(sql.select(_revoked).where(_revoked.c.serial == serial)).first()
        return found is not None

    def revoked(self) -> frozenset[str]:
        """The serials of all revoked tokens."""
        with self._reading() as db:
            return frozenset(db.execute(sql.select(_revoked.c.serial)).scalars())


@contextmanager
def _in_our_words() -> Iterator[None]:
    """An `IntegrityError` stays: it says that somebody else was first."""
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise StoreError(" ".join(str(error.orig).split())) from error
    except (SQLAlchemyError, ImportError) as error:
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


def _entry(session_id: str, first: Event) -> dict[str, Any]:
    if not isinstance(first, SessionPrepared):
        raise TypeError("the first event of a session is SessionPrepared")
    return {
        "id": session_id,
        "title": first.title,
        "subtitle": first.subtitle,
        "prepared_at_ms": first.at_ms,
    }


def _recorded(row: sql.Row[Any]) -> Recorded:
    return Recorded(
        version=row.version,
        at_ms=row.at_ms,
        role=Role(row.role),
        actor=row.actor,
        event=load_event(json.loads(row.event)),
    )


def _account(row: sql.Row[Any]) -> Account:
    roles = frozenset(Role(role) for role in row.roles.split())
    return Account(row.name, row.password_hash, roles, row.disabled)
