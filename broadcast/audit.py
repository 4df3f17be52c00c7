"""The audit: who did what, when and from where, as a chain that shows if it was altered. Pure.

Each entry's digest covers the entry and the digest before it; an entry about events covers them
too. So whoever knows the newest digest (the *seal*) knows that nothing before it was changed, and
no event can be added, altered or taken away without the chain telling. What a chain cannot tell by
itself is that its end was cut off: that shows against a seal noted down earlier.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

START = "0" * 64
"""Stands before the first entry."""
SEAL_CHARS = 16
"""Of a digest's 64: enough that nobody finds another text for it, few enough to read aloud."""

_SEAL = re.compile(r"(\d{1,18})-[0-9a-f]{16}")

EventRow = tuple[int, int, str, str, str]
"""As it stands in the log: version, at_ms, role, actor, the event's JSON."""


@dataclass(frozen=True, slots=True)
class Where:
    """From where somebody acts."""

    address: str = ""
    agent: str = ""
    """A class of program, "Chrome · Windows", never its whole header."""
    means: str = ""
    """How they proved who they are: `account`, `link`, `console`; empty: not at all."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be recorded. `detail` is plain JSON and holds no secret."""

    at_ms: int
    who: str
    role: str
    what: str
    """A command's type, or `sign_in`, `account_saved` …: `audit.<what>` in the catalogues."""
    where: Where = Where()
    session: str = ""
    outcome: str = "done"
    """`done`, or the code of the refusal."""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """A note as it stands in the chain."""

    number: int
    """1 for the first of all."""
    note: Note
    digest: str


def digest(previous: str, number: int, note: Note) -> str:
    """Hex SHA-256 of an entry, given that of the one before it."""
    where = note.where
    parts = [previous, number, note.at_ms, note.who, note.role, note.what, note.session]
    parts += [note.outcome, where.address, where.agent, where.means, canonical(note.detail)]
    return hashlib.sha256(canonical(parts).encode()).hexdigest()


def canonical(value: Any) -> str:
    """One spelling for one meaning."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of_events(rows: Iterable[EventRow]) -> str:
    """Hex SHA-256 of events in their order."""
    return hashlib.sha256("\n".join(canonical(list(row)) for row in rows).encode()).hexdigest()


def covering(rows: list[EventRow]) -> dict[str, Any]:
    """What an entry's detail says of the events it covers; `rows` is not empty."""
    return {"events": [rows[0][0], rows[-1][0]], "events_sha256": digest_of_events(rows)}


def seal_of(entry: Entry) -> str:
    """To note down: `1204-9f86d081884c7d65`."""
    return f"{entry.number}-{entry.digest[:SEAL_CHARS]}"


@dataclass(frozen=True, slots=True)
class Fault:
    """Its sentence is `verify.<code>` in the catalogues."""

    code: str
    number: int
    """Of the entry; 0 where the fault is none of an entry's."""
    session: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`seal` is what to note down now; empty while there is no entry."""

    entries: int
    seal: str
    faults: tuple[Fault, ...]


def verify(
    entries: Iterable[Entry],
    events_between: Callable[[str, int, int], list[EventRow]],
    versions: Callable[[], Mapping[str, int]],
    seal: str = "",
) -> Verdict:
    """Follows the chain from its start and holds the log against it.

    `events_between` gives a session's events from one version to another, `versions` how many each
    session has (asked for at the end: what is appended meanwhile is in the chain then too).
    `seal` is what was noted down earlier.
    """
    noted = _SEAL.fullmatch(seal.strip())
    faults = [Fault("audit_seal_malformed", 0)] if seal and noted is None else []
    sealed = int(noted[1]) if noted is not None else 0
    last: Entry | None = None
    covered: dict[str, int] = {}
    for entry in entries:
        faults += _link_faults(last, entry)
        faults += _events_faults(entry, covered, events_between)
        if entry.number == sealed and seal.strip() != seal_of(entry):
            faults.append(Fault("audit_seal_broken", sealed))
        last = entry
    number = last.number if last is not None else 0
    if sealed > number:
        faults.append(Fault("audit_cut_off", sealed))
    faults += _uncovered(covered, versions())
    return Verdict(number, seal_of(last) if last is not None else "", tuple(faults))


def _link_faults(last: Entry | None, entry: Entry) -> list[Fault]:
    previous, number = (last.digest, last.number) if last is not None else (START, 0)
    if entry.number != number + 1:
        return [Fault("audit_gap", entry.number)]
    if entry.digest != digest(previous, entry.number, entry.note):
        return [Fault("audit_altered", entry.number)]
    return []


def _events_faults(
    entry: Entry,
    covered: dict[str, int],
    events_between: Callable[[str, int, int], list[EventRow]],
) -> list[Fault]:
    told = entry.note.detail.get("events")
    if not told:
        return []
    session, (first, last) = entry.note.session, told
    right = first == covered.get(session, 0) + 1
    covered[session] = last
    found = digest_of_events(events_between(session, first, last))
    if right and found == entry.note.detail["events_sha256"]:
        return []
    return [Fault("events_altered", entry.number, session)]


def _uncovered(covered: Mapping[str, int], versions: Mapping[str, int]) -> list[Fault]:
    """Sessions whose log is longer or shorter than the chain says."""
    return [
        Fault("events_unrecorded", 0, session)
        for session in sorted(versions.keys() | covered.keys())
        if versions.get(session, 0) != covered.get(session, 0)
    ]
