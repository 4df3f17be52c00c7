"""The event log and what little else is kept: the audit, accounts, tokens that were revoked.

SQLAlchemy Core on SQLite or PostgreSQL. Calls are synchronous and short: one transaction each, and
what was appended is on the disk when the call returns. Safe to call from several threads.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import sqlalchemy as sql
from sqlalchemy.exc import IntegrityError

from broadcast import tables
from broadcast.audit import Entry, EventRow, Note, Where, canonical, covering
from broadcast.database import Database, StoreError
from broadcast.session.decide import Act
from broadcast.session.events import Event, EventError, SessionPrepared, dump_event, load_event
from broadcast.session.model import Role

_sessions, _events, _accounts = tables.sessions, tables.events, tables.accounts
_revoked, _audit = tables.revoked, tables.audit


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
    """In every session."""
    disabled: bool = False
    admin: bool = False
    """May manage accounts."""
    grants: Mapping[str, frozenset[Role]] = field(default_factory=dict)
    """More roles, by session."""
    generation: int = 0
    """Sign-ins of an earlier one are over."""
    totp_secret: str = ""
    """Sealed; empty: no second factor."""
    recovery: tuple[str, ...] = ()
    """Hashes of the recovery codes that are left."""
    totp_step: int = 0
    """The step of the last code that was used: none before it is good again."""


class Store:
    """Opens the database and makes its tables; a `with` block closes it.

    Every call, the constructor too, raises `StoreError` if the database cannot do it.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    def keep_others_out(self) -> None:
        """For a server: no other has this database until this one closes it or dies."""
        self._database.keep_others_out()

    def copy_to(self, other: "Store") -> int:
        """How many rows the other database has now, which was empty: all, or none and a
        `StoreError`."""
        with self._database.reading() as db, other._database.alone() as new:
            if not tables.is_empty(new):
                raise StoreError("the other one is not empty")
            return tables.copy(db, new)

    # The event log

    def append(
        self,
        session_id: str,
        expected_version: int,
        events: Sequence[Event],
        act: Act,
        note: Note | None = None,
    ) -> int:
        """All or none, in one transaction; returns the new version.

        `note` says in the audit what was asked for and from where; without it, what follows is
        noted. Raises `Conflict` if the log is not at `expected_version`. The first events of a
        session start with `SessionPrepared` and expect version 0, which enters it in the catalogue.
        """
        rows = _rows(expected_version, events, act)
        if note is None and rows:
            types = {"types": sorted({event.type for event in events})}
            note = Note(act.at_ms, act.actor, act.role, "events", session=session_id, detail=types)
        try:
            with self._database.alone() as db:
                if self._version(db, session_id) != expected_version:
                    raise Conflict(session_id)
                if expected_version == 0 and events:
                    db.execute(_sessions.insert().values(_entry(session_id, events[0])))
                if rows:
                    db.execute(_events.insert(), [_event_columns(session_id, row) for row in rows])
                if note is not None:
                    tables.add_note(db, _about(note, rows))
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
        with self._database.reading() as db:
            rows = db.execute(wanted).all()
        try:
            return [_recorded(row) for row in rows]
        except EventError as error:
            raise EventError(f"session {session_id}: {error}") from None

    def sessions(self) -> list[CatalogueEntry]:
        """All of them, the one prepared last first."""
        # Versions have no gap: the newest is looked up, where to count would read every event.
        newest = sql.select(sql.func.max(_events.c.version)).where(
            _events.c.session == _sessions.c.id
        )
        events = sql.func.coalesce(newest.scalar_subquery(), 0).label("events")
        wanted = sql.select(_sessions, events).order_by(
            _sessions.c.prepared_at_ms.desc(), _sessions.c.id
        )
        with self._database.reading() as db:
            return [CatalogueEntry(**row._mapping) for row in db.execute(wanted)]

    # The audit

    def note(self, note: Note) -> None:
        """Appends to the audit what is no change of a session."""
        with self._database.alone() as db:
            tables.add_note(db, note)

    def audit(
        self, *, after: int = 0, before: int | None = None, session: str = "", limit: int = 0
    ) -> list[Entry]:
        """Entries in order from the one after `after`; or with `before`, the newest first.

        `session`: of this one alone. `limit`: so many at most; 0: all.
        """
        wanted = sql.select(_audit).where(_audit.c.number > after)
        if before is not None:
            wanted = wanted.where(_audit.c.number < before)
        if session:
            wanted = wanted.where(_audit.c.session == session)
        order = _audit.c.number.desc() if before is not None else _audit.c.number
        with self._database.reading() as db:
            found = db.execute(wanted.order_by(order).limit(limit or None))
            return [_audited(row) for row in found]

    def newest_note(self, session: str, whats: Sequence[str]) -> Note | None:
        """The last of these that was done in a session."""
        wanted = (
            sql.select(_audit)
            .where(_audit.c.session == session, _audit.c.what.in_(whats))
            .where(_audit.c.outcome == "done")
            .order_by(_audit.c.number.desc())
            .limit(1)
        )
        with self._database.reading() as db:
            row = db.execute(wanted).first()
        return _audited(row).note if row is not None else None

    def event_rows(self, session: str, first: int, last: int) -> list[EventRow]:
        """As they stand in the log, for who proves it."""
        with self._database.reading() as db:
            return tables.event_rows(db, session, first, last)

    # Accounts and revoked tokens

    def account(self, name: str) -> Account | None:
        if "\0" in name:
            return None  # nobody's; PostgreSQL would take the question for a fault
        with self._database.reading() as db:
            row = db.execute(sql.select(_accounts).where(_accounts.c.name == name)).first()
        return _account(row) if row is not None else None

    def accounts(self) -> list[Account]:
        """All, by name."""
        with self._database.reading() as db:
            rows = db.execute(sql.select(_accounts).order_by(_accounts.c.name))
            return [_account(row) for row in rows]

    def save_account(self, account: Account) -> None:
        """Enters it, or replaces the one of that name."""
        with self._database.writing() as db:
            db.execute(_accounts.delete().where(_accounts.c.name == account.name))
            db.execute(_accounts.insert().values(_account_columns(account)))

    def change_account(self, name: str, change: Callable[[Account], Account]) -> Account | None:
        """Reads it, changes it and saves it while nobody else does; as it is then, or None if there
        is none. Whatever `change` raises leaves it as it was."""
        one = _accounts.c.name == name
        with self._database.alone() as db:
            row = db.execute(sql.select(_accounts).where(one)).first()
            if row is None:
                return None
            changed = change(_account(row))
            db.execute(_accounts.update().where(one).values(_account_columns(changed)))
            return changed

    def revoke(self, serial: str) -> None:
        """The token with this serial is good for nothing from now on."""
        try:
            with self._database.writing() as db:
                db.execute(_revoked.insert().values(serial=serial))
        except IntegrityError:
            return  # It was revoked already.

    def is_revoked(self, serial: str) -> bool:
        with self._database.reading() as db:
            found = db.execute(sql.select(_revoked).where(_revoked.c.serial == serial)).first()
        return found is not None


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


def _rows(version: int, events: Sequence[Event], act: Act) -> list[EventRow]:
    """Of what follows that version."""
    who = act.at_ms, act.role.value, act.actor
    return [
        (number, *who, json.dumps(dump_event(event), ensure_ascii=False))
        for number, event in enumerate(events, version + 1)
    ]


def _event_columns(session_id: str, row: EventRow) -> dict[str, Any]:
    names = ("version", "at_ms", "role", "actor", "event")
    return {"session": session_id, **dict(zip(names, row, strict=True))}


def _about(note: Note, rows: list[EventRow]) -> Note:
    return replace(note, detail={**note.detail, **covering(rows)}) if rows else note


def _audited(row: sql.Row[Any]) -> Entry:
    where = Where(row.address, row.agent, row.means)
    note = Note(
        row.at_ms,
        row.who,
        row.role,
        row.what,
        where,
        row.session,
        row.outcome,
        json.loads(row.detail),
    )
    return Entry(row.number, note, row.digest)


def _account_columns(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "password_hash": account.password_hash,
        "roles": " ".join(sorted(account.roles)),
        "disabled": account.disabled,
        "admin": account.admin,
        "grants": canonical({key: sorted(roles) for key, roles in account.grants.items()}),
        "generation": account.generation,
        "totp_secret": account.totp_secret,
        "recovery": " ".join(account.recovery),
        "totp_step": account.totp_step,
    }


def _account(row: sql.Row[Any]) -> Account:
    grants = json.loads(row.grants or "{}")
    return Account(
        name=row.name,
        password_hash=row.password_hash,
        roles=_roles(row.roles.split()),
        disabled=row.disabled,
        admin=row.admin,
        grants={session: _roles(roles) for session, roles in grants.items()},
        generation=row.generation,
        totp_secret=row.totp_secret,
        recovery=tuple(row.recovery.split()),
        totp_step=row.totp_step,
    )


def _roles(names: Sequence[str]) -> frozenset[Role]:
    return frozenset(Role(name) for name in names)
