"""What else tells of a session, held against its event log: the audit, the catalogue, what is kept
of sessions that are over, and the server that is running."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

import aiohttp

from broadcast.archive.chapters import chapters_of
from broadcast.archive.walls import segments_of
from broadcast.outputs.recovery import listed_in
from broadcast.session.events import Event, SessionPrepared
from broadcast.session.evolve import fold
from broadcast.session.model import Phase, Role, SessionState
from broadcast.session.procedure import load_procedure
from broadcast.store import Recorded, Store
from config.settings import Settings
from web import archive_index, setup, summaries
from web.addresses import base_url
from web.audit_proof import verdict_of
from web.client import Audience
from web.outside import Outside
from web.serving import running
from web.summaries import summary_of
from web.views import Views

PATIENCE_S = 20.0
TRIES = 5
"""Of a session that is on, somebody may do something while it is looked at."""
MAX_CHARS = 80
FOLLOWED = ("session", "delegates", "turns", "notes", "captions", "roll", "round", "closed_part")
"""Of the clerk's view, what follows from the log alone."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Its sentence is `verify.<code>`."""

    code: str
    params: Mapping[str, Any]


Told = Iterator[Fault]


def differences(
    settings: Settings, store: Store, session: str, recorded: Sequence[Recorded]
) -> tuple[list[Fault], list[str]]:
    """All that disagrees, and what was looked at: `verify.replay_in.<place>`. Raises
    `StoreError`."""
    events = [one.event for one in recorded]
    faults, looked_at = [*_log(session, recorded)], ["audit", "catalogue"]
    faults += [
        Fault(one.code, asdict(one))
        for one in verdict_of(store).faults
        if one.session in {"", session}
    ]
    faults += _catalogue(store, session, events)
    data_dir = settings.storage.data_dir
    kept = summaries.kept_in(data_dir / summaries.PLACE).get(session)
    if kept is not None and kept.version == len(events):
        looked_at.append("summaries")
        faults += _compared("summaries", asdict(kept), asdict(summary_of(session, fold(events))))
    index = archive_index.load(data_dir, session)
    if index is not None and index.version == len(events):
        made = archive_index.indexed(events, data_dir, session)
        if made is not None and made.playlist_bytes == index.playlist_bytes:
            looked_at.append("index")
            faults += _compared("index", asdict(index), asdict(made))
    if (up := running(settings)) is not None:
        with suppress(aiohttp.ClientConnectionError):  # it was killed
            faults += asyncio.run(_answered(up, store, session))
            looked_at.append("server")
    return faults, looked_at


def _log(session: str, recorded: Sequence[Recorded]) -> Told:
    for number, one in enumerate(recorded, 1):
        if one.version != number:
            yield Fault("replay_gap", {"number": number})
            return
    first = recorded[0].event
    if not isinstance(first, SessionPrepared) or first.id != session:
        yield Fault("replay_begins", {"type": first.type})


def _catalogue(store: Store, session: str, events: Sequence[Event]) -> Told:
    entry = next((one for one in store.sessions() if one.id == session), None)
    first = events[0]
    if entry is not None and isinstance(first, SessionPrepared):
        wanted = {
            "title": first.title,
            "subtitle": first.subtitle,
            "prepared_at_ms": first.at_ms,
            "events": len(events),
        }
        yield from _compared("catalogue", asdict(entry), wanted)


def _compared(place: str, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Told:
    """What the log gives is `wanted`; what it does not tell is not looked at."""
    for name, value in plain(wanted).items():
        has = plain(found.get(name))
        if has != value:
            params = {"place": place, "name": name, "found": _short(has), "wanted": _short(value)}
            yield Fault("replay_differs", params)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_CHARS else f"{text[:MAX_CHARS]}…"


async def _answered(settings: Settings, store: Store, session: str) -> list[Fault]:
    """Raises `ClientConnectionError` where no server answers."""
    try:
        return await _served(settings, store, session)
    except aiohttp.ClientConnectionError:
        raise
    except (aiohttp.ClientError, TimeoutError, LookupError, TypeError, ValueError) as error:
        # It hangs, or is none of ours.
        return [Fault("replay_no_answer", {"reason": _short(repr(error))})]


async def _served(settings: Settings, store: Store, session: str) -> list[Fault]:
    """Raises `ClientConnectionError` where no server answers."""
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    async with aiohttp.ClientSession(base_url(settings), timeout=timeout) as http:
        for _ in range(TRIES):
            events = [one.event for one in store.load(session)]
            faults = [*await _pages(http, settings, store, session, fold(events))]
            faults += await _chapters(http, settings, session, events)
            if not faults or not store.load(session, after=len(events)):
                break
    return faults


async def _pages(
    http: aiohttp.ClientSession,
    settings: Settings,
    store: Store,
    session: str,
    state: SessionState,
) -> Told:
    """What the clerk's page is told, and how the session stands in the list of all."""
    token = setup.open_tokens(settings, store).issue_token(Role.CLERK, session)
    async with http.ws_connect(f"/api/v1/sessions/{session}/live") as socket:
        await socket.send_json({"type": "hello", "page": "clerk", "token": token})
        view = (await socket.receive_json()).get("view", {})
    clerk = Audience(True, None, settings.language, "clerk")
    procedure = load_procedure(settings.procedures)
    seen = Views(state, procedure, Outside(setup.now_ms()), {}, ()).of(clerk)
    faults = [*_compared("server", view, {name: seen[name] for name in FOLLOWED})]
    async with http.get("/api/v1/sessions") as answer:
        rows = (await answer.json())["sessions"]
    row = next((one for one in rows if one["id"] == session), None)
    if row is not None:
        told = asdict(summary_of(session, state))
        faults += _compared("server", row, {name: told[name] for name in row.keys() & told.keys()})
    return iter(faults)


async def _chapters(
    http: aiohttp.ClientSession, settings: Settings, session: str, events: Sequence[Event]
) -> list[Fault]:
    """Of a session that is over: until then the recording grows."""
    listed = listed_in(settings.storage.data_dir / "archive" / session)
    if listed is None or fold(events).phase is not Phase.ENDED:
        return []
    async with http.get(f"/api/v1/sessions/{session}/chapters") as answer:
        found = await answer.json()
    wanted = {"chapters": [asdict(one) for one in chapters_of(events, segments_of(listed))]}
    return [*_compared("server", found, wanted)]


_LEFT_OUT = frozenset({"undo"})
"""A second state of the same log."""


def plain(value: Any) -> Any:
    """As JSON has it, the same for the same state each time: sets in order, keys as texts."""
    if is_dataclass(value) and not isinstance(value, type):
        names = [one.name for one in fields(value) if one.name not in _LEFT_OUT]
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {_key(key): plain(one) for key, one in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(map(plain, value), key=str)
    return list(map(plain, value)) if isinstance(value, list | tuple) else value


def _key(key: Any) -> str:
    """A site's check, or a kind's limit in an item, has a pair as its key."""
    parts = key if isinstance(key, tuple) else (key,)
    return "/".join(str(part) for part in parts if part is not None)
