"""Preparing: the store, sessions and their links, without a running server."""

import getpass
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from broadcast.audit import Note, Where
from broadcast.database import StoreError
from broadcast.session.decide import Act
from broadcast.session.events import Event, EventError, ItemChosen
from broadcast.session.evolve import fold
from broadcast.session.model import ItemId, Role, SessionState
from broadcast.session.preset import FOLDER, Preset, load_preset, prepare
from broadcast.session.text import clean
from broadcast.store import Account, Store
from config.settings import ConfigError, Settings
from streams.frames import SiteId
from web.addresses import join_path, public_url, sign_in_path
from web.auth import Tokens, load_secret
from web.machine_clock import MachineClock

DATABASE = "diemcau.sqlite3"


class SetupError(Exception):
    """What was asked cannot be done; `str()` is the sentence."""


def now_ms() -> int:
    """The server's clock: epoch milliseconds."""
    return time.time_ns() // 1_000_000


def open_store(settings: Settings) -> Store:
    """Raises `ConfigError` with a sentence when the database cannot be opened."""
    data_dir = settings.storage.data_dir.absolute()
    url = settings.storage.database_url or f"sqlite:///{data_dir / DATABASE}"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        if not settings.storage.database_url:
            (data_dir / DATABASE).touch(mode=0o600)
        return Store(url)
    except OSError as error:
        raise ConfigError(
            f"storage.data_dir = {str(data_dir)!r}: {error.strerror}; set another `data_dir` in "
            "[storage], or give this user the right to write there"
        ) from None
    except StoreError as error:
        raise ConfigError(f"{_place(settings)}: {error}{_advice(settings)}") from None


@contextmanager
def served_store(settings: Settings) -> Iterator[Store]:
    """The same for a server, which has it alone. Raises `ConfigError`."""
    with open_store(settings) as store:
        try:
            store.keep_others_out()
        except StoreError as error:
            raise ConfigError(f"{_place(settings)}: {error}") from None
        yield store


def unreadable(error: EventError) -> str:
    """Likely after an upgrade that was taken back."""
    return f"the database: {error}; start the program that wrote it, or restore a copy of before"


def kept_store(settings: Settings) -> Store:
    """The same, for who looks at what is there: typed in another folder, a command would find an
    empty database that it has just made, and call it whole. Raises `ConfigError`, `SetupError`."""
    data_dir = settings.storage.data_dir.absolute()
    here = data_dir if settings.storage.database_url else data_dir / DATABASE
    if not here.exists():
        raise SetupError(
            f"there is no data in {data_dir}; name the server's folder by --data-dir, or the file "
            "that says it by --config"
        )
    return open_store(settings)


def _place(settings: Settings) -> str:
    if settings.storage.database_url:
        return "storage.database_url"
    return f"storage.data_dir = {str(settings.storage.data_dir)!r}"


def _advice(settings: Settings) -> str:
    """Where the disk is the likely reason, its free space says so."""
    if settings.storage.database_url:
        return ""
    space = os.statvfs(settings.storage.data_dir)
    free = space.f_bavail * space.f_frsize
    return f" ({free / 1e6:.0f} MB of disk are free)"


def open_tokens(settings: Settings, store: Store, clock: MachineClock | None = None) -> Tokens:
    """Signs with the same secret as the server that is, or will be, running."""
    clock = clock or MachineClock()
    secret = load_secret(settings.storage.data_dir)
    return Tokens(store, secret, settings.security, clock.now_ms, clock.forward_ms)


def put_account(
    store: Store, name: str, password_hash: str, roles: frozenset[Role], *, admin: bool = False
) -> None:
    """Enters it, or gives it a new password and new roles, which ends its sign-ins and its second
    factor. Raises `SetupError`."""
    name = _clean(name, "name")
    if not name:
        raise SetupError("an account needs a name")
    old = store.account(name)
    generation = old.generation + 1 if old is not None else 0
    store.save_account(Account(name, password_hash, roles, admin=admin, generation=generation))
    detail = {"name": name, "roles": sorted(roles), "admin": admin}
    store.note(by_hand("account_saved", detail=detail))


def renew_password(store: Store, name: str, password_hash: str) -> None:
    """Ends its sign-ins and its second factor; its roles and rights stay. Raises `SetupError`."""
    changes = {"password_hash": password_hash, "totp_secret": "", "totp_step": 0, "recovery": ()}
    _change(store, name, changes, {"password": True})


def disable_account(store: Store, name: str) -> None:
    """Ends its sign-ins, for good: who lets it in again signs in anew. Raises `SetupError`."""
    _change(store, name, {"disabled": True}, {"disabled": True})


def _change(store: Store, name: str, changes: dict[str, Any], told: dict[str, Any]) -> None:
    """Raises `SetupError`."""
    name = _clean(name, "name")
    changed = store.change_account(
        name, lambda one: replace(one, generation=one.generation + 1, **changes)
    )
    if changed is None:
        raise SetupError(f"there is no account {name!r}; see `diemcau user list`")
    store.note(by_hand("account_saved", detail={"name": name, **told}))


def by_hand(what: str, *, session: str = "", detail: Mapping[str, Any]) -> Note:
    """Done at this machine, by whoever is signed in to it."""
    where = Where(means="console")
    return Note(now_ms(), person_here(), Role.SYSTEM, what, where, session, detail=detail)


def person_here() -> str:
    """Who is signed in to this machine; a container's user may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def prepare_session(store: Store, preset: str, *, title: str = "", subtitle: str = "") -> str:
    """A new session of the council that `preset` names (or a TOML file of one); its id.

    The first item of the agenda is the current one. Raises `ConfigError` or `SetupError`.
    """
    council = named_preset(preset)
    changes = {"title": _clean(title, "title"), "subtitle": _clean(subtitle, "subtitle")}
    council = council.model_copy(update={key: text for key, text in changes.items() if text})
    return enter_session(store, council, Role.SYSTEM, "setup")


def enter_session(
    store: Store,
    council: Preset,
    role: Role,
    actor: str,
    planned_start_at_ms: int | None = None,
    *,
    where: Where | None = None,
    detail: Mapping[str, Any] | None = None,
) -> str:
    """A new session of this council, by whom and from where; its id. `detail` is what the audit
    says of it besides."""
    at_ms = now_ms()
    session = f"{time.strftime('%Y%m%d')}-{secrets.token_hex(3)}"
    events: list[Event] = [prepare(council, session, at_ms, None, planned_start_at_ms)]
    if council.agenda:
        events.append(ItemChosen(at_ms=at_ms, item=ItemId(council.agenda[0].id)))
    note = by_hand("session_created", session=session, detail=detail or {})
    if where is not None:
        note = replace(note, who=actor, role=role, where=where)
    store.append(session, 0, events, Act(at_ms, role, actor, None, secrets.token_hex(8)), note)
    return session


def named_preset(name: str) -> Preset:
    """Of the program, or a TOML file of one. Raises `ConfigError` or `SetupError`."""
    path = Path(name)
    if path.suffix == ".toml":
        return load_preset(path)
    known = sorted(path.stem for path in FOLDER.glob("*.toml"))
    if name not in known:
        raise SetupError(f"there is no preset {name!r}; there are {', '.join(known)}, or a file")
    return load_preset(FOLDER / f"{name}.toml")


def session_state(store: Store, session: str) -> SessionState:
    """Raises `SetupError`."""
    recorded = store.load(session)
    if not recorded:
        raise SetupError(f"there is no session {session!r}; see `diemcau session list`")
    return fold(one.event for one in recorded)


def links(settings: Settings, store: Store, session: str) -> Iterator[tuple[str, str, int]]:
    """Names, links for other machines, and until when each is good (0: for ever): each role, the
    hall's screen, the public, each site.

    Raises `SetupError`.
    """
    state = session_state(store, session)
    tokens, base = open_tokens(settings, store), public_url(settings)
    end_ms = tokens.sign_in_ends_ms()
    for role in (Role.OPERATOR, Role.CHAIR, Role.CLERK):
        yield role.value, base + sign_in_path(tokens.issue_token(role, session)), end_ms
    yield "hall screen", f"{base}/display/{session}", 0
    yield "public", f"{base}/watch/{session}", 0
    start_ms = state.planned_start_at_ms
    end_ms = tokens.join_link_ends_ms(start_ms)
    for site in state.sites.values():
        token = tokens.issue_join_token(session, site.id, start_ms)
        yield site.name, base + join_path(session, site.id, token), end_ms


def revoke_links(settings: Settings, store: Store, session: str, place: str) -> None:
    """Of a site, or of a role. Raises `SetupError`."""
    state, tokens = session_state(store, session), open_tokens(settings, store)
    if place in {Role.OPERATOR, Role.CHAIR, Role.CLERK}:
        tokens.revoke_tokens(Role(place), session)
    elif place in state.sites:
        tokens.revoke_join_tokens(session, SiteId(place))
    else:
        raise SetupError(f"{place!r} is no site of it; there are {', '.join(state.sites)}")
    store.note(by_hand("links_revoked", session=session, detail={"place": place}))


def _clean(text: str, what: str) -> str:
    try:
        return clean(text)
    except ValueError as error:
        raise SetupError(f"the {what} {error}") from None
