"""The tables of the store, and how an older database becomes one of today.

`prepare` brings any database to `SCHEMA_VERSION` in one transaction: a new one gets all tables, an
older one the steps it lacks. A database is never brought back to an older version.
"""

from collections.abc import Callable

import sqlalchemy as sql

from broadcast.audit import START, EventRow, Note, canonical, covering, digest

ALONE = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(7180213)",  # any number, but always the same
}
"""Keeps other programs out until the transaction ends; each of the two has its own way."""

metadata = sql.MetaData()
schema = sql.Table("schema_version", metadata, sql.Column("version", sql.Integer, primary_key=True))
sessions = sql.Table(
    "sessions",
    metadata,
    sql.Column("id", sql.String(64), primary_key=True),
    sql.Column("title", sql.Text, nullable=False),
    sql.Column("subtitle", sql.Text, nullable=False),
    sql.Column("prepared_at_ms", sql.BigInteger, nullable=False),
)
events = sql.Table(
    "events",
    metadata,
    sql.Column("session", sql.String(64), sql.ForeignKey(sessions.c.id), primary_key=True),
    sql.Column("version", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("at_ms", sql.BigInteger, nullable=False),
    sql.Column("role", sql.String(16), nullable=False),
    sql.Column("actor", sql.Text, nullable=False),
    sql.Column("event", sql.Text, nullable=False),
)
accounts = sql.Table(
    "accounts",
    metadata,
    sql.Column("name", sql.String(300), primary_key=True),
    sql.Column("password_hash", sql.Text, nullable=False),
    sql.Column("roles", sql.Text, nullable=False),
    sql.Column("disabled", sql.Boolean, nullable=False),
    sql.Column("admin", sql.Boolean, nullable=False, server_default=sql.false()),
    sql.Column("grants", sql.Text, nullable=False, server_default=""),
    sql.Column("generation", sql.Integer, nullable=False, server_default="0"),
    sql.Column("totp_secret", sql.Text, nullable=False, server_default=""),
    sql.Column("recovery", sql.Text, nullable=False, server_default=""),
    sql.Column("totp_step", sql.BigInteger, nullable=False, server_default="0"),
)
revoked = sql.Table(
    "revoked_tokens", metadata, sql.Column("serial", sql.String(200), primary_key=True)
)
audit = sql.Table(
    "audit",
    metadata,
    sql.Column("number", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("at_ms", sql.BigInteger, nullable=False),
    sql.Column("who", sql.Text, nullable=False),
    sql.Column("role", sql.String(16), nullable=False),
    sql.Column("what", sql.String(64), nullable=False),
    sql.Column("session", sql.String(64), nullable=False, index=True),
    sql.Column("outcome", sql.String(64), nullable=False),
    sql.Column("address", sql.Text, nullable=False),
    sql.Column("agent", sql.Text, nullable=False),
    sql.Column("means", sql.String(16), nullable=False),
    sql.Column("detail", sql.Text, nullable=False),
    sql.Column("digest", sql.String(64), nullable=False),
)

_GUARDED = ("audit", "events")
"""Append-only: the database itself refuses to change or remove a row of these."""


class NewerError(Exception):
    """The database was written by a later program; `str()` is its version."""


def prepare(db: sql.Connection, now_ms: int) -> None:
    """Makes what is missing. The caller holds the database alone. Raises `NewerError`."""
    is_new = not sql.inspect(db).has_table(schema.name)
    if is_new:
        metadata.create_all(db)
        db.execute(schema.insert().values(version=SCHEMA_VERSION))
        _guard(db)
        return
    found = db.execute(sql.select(schema.c.version)).scalar_one()
    if found > SCHEMA_VERSION:
        raise NewerError(str(found))
    for step in _STEPS[found - 1 :]:
        step(db, now_ms)
    db.execute(schema.update().values(version=SCHEMA_VERSION))


def last_link(db: sql.Connection) -> tuple[int, str]:
    """Number and digest of the newest entry."""
    newest = sql.select(audit.c.number, audit.c.digest).order_by(audit.c.number.desc()).limit(1)
    row = db.execute(newest).first()
    return (row.number, row.digest) if row is not None else (0, START)


def add_note(db: sql.Connection, note: Note) -> None:
    """Appends it to the chain. The caller holds the database alone."""
    number, previous = last_link(db)
    row = {
        "number": number + 1,
        "at_ms": note.at_ms,
        "who": note.who,
        "role": note.role,
        "what": note.what,
        "session": note.session,
        "outcome": note.outcome,
        "address": note.where.address,
        "agent": note.where.agent,
        "means": note.where.means,
        "detail": canonical(note.detail),
        "digest": digest(previous, number + 1, note),
    }
    db.execute(audit.insert().values(row))


def event_rows(
    db: sql.Connection, session: str, first: int = 1, last: int | None = None
) -> list[EventRow]:
    """A session's events as they stand in the log."""
    columns = (events.c.version, events.c.at_ms, events.c.role, events.c.actor, events.c.event)
    wanted = sql.select(*columns).where(events.c.session == session, events.c.version >= first)
    if last is not None:
        wanted = wanted.where(events.c.version <= last)
    return [(*row,) for row in db.execute(wanted.order_by(events.c.version))]


def is_empty(db: sql.Connection) -> bool:
    """Whether nothing was ever entered."""
    return all(db.execute(sql.select(one).limit(1)).first() is None for one in _filled())


def copy(old: sql.Connection, new: sql.Connection) -> int:
    """All rows, into tables that are empty; how many."""
    count = 0
    for table in _filled():
        for rows in old.execute(sql.select(table)).partitions(1000):
            new.execute(table.insert(), [row._asdict() for row in rows])
            count += len(rows)
    return count


def _filled() -> list[sql.Table]:
    """Those that are written to, each after what it refers to."""
    return [one for one in metadata.sorted_tables if one is not schema]


def _to_2(db: sql.Connection, now_ms: int) -> None:
    """The audit begins: what was logged before is covered by one entry for each session."""
    audit.create(db)
    for column in (
        "admin BOOLEAN NOT NULL DEFAULT FALSE",
        "grants TEXT NOT NULL DEFAULT ''",
        "generation INTEGER NOT NULL DEFAULT 0",
        "totp_secret TEXT NOT NULL DEFAULT ''",
        "recovery TEXT NOT NULL DEFAULT ''",
    ):
        db.execute(sql.text(f"ALTER TABLE accounts ADD COLUMN {column}"))
    for session in db.execute(sql.select(sessions.c.id).order_by(sessions.c.id)).scalars().all():
        rows = event_rows(db, session)
        if rows:
            note = Note(now_ms, "", "system", "log_adopted", session=session, detail=covering(rows))
            add_note(db, note)
    _guard(db)


def _to_3(db: sql.Connection, now_ms: int) -> None:
    """A code of an authenticator is good once, also after a restart."""
    del now_ms
    db.execute(sql.text("ALTER TABLE accounts ADD COLUMN totp_step BIGINT NOT NULL DEFAULT 0"))


_STEPS: tuple[Callable[[sql.Connection, int], None], ...] = (_to_2, _to_3)
SCHEMA_VERSION = 1 + len(_STEPS)


def _guard(db: sql.Connection) -> None:
    for table in _GUARDED:
        for act in ("UPDATE", "DELETE"):
            _GUARDS[db.dialect.name](db, table, act)


def _guard_sqlite(db: sql.Connection, table: str, act: str) -> None:
    db.exec_driver_sql(
        f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


def _guard_postgresql(db: sql.Connection, table: str, act: str) -> None:
    name = f"{table}_no_{act.lower()}"
    db.exec_driver_sql(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    db.exec_driver_sql(
        f"CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
    )


_GUARDS = {"sqlite": _guard_sqlite, "postgresql": _guard_postgresql}
