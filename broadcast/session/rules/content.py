"""The papers of a session: its title, sites, delegates and agenda.

They may be mended until the session ends; what was already used (a site in the picture, a delegate
who asked to speak, an item that was turned to) is not taken out any more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StrictBool

from broadcast.session.content_events import (
    AgendaReordered,
    DelegateAdded,
    DelegateChanged,
    DelegateRemoved,
    ItemAdded,
    ItemChanged,
    ItemRemoved,
    SessionDescribed,
    SiteAdded,
    SiteRemoved,
    SiteRenamed,
)
from broadcast.session.events import Event, Events, ItemChosen
from broadcast.session.model import (
    AgendaItem,
    Delegate,
    DelegateId,
    ItemId,
    ItemKind,
    Phase,
    SessionState,
    Site,
    SiteKind,
)
from broadcast.session.rules.command import PaperCommand
from broadcast.session.rules.lookup import delegate_of, item_of, site_of
from broadcast.session.rules.registry import OPEN, OPERATING, Act, Refusal, rule
from broadcast.session.text import Id, Name, SiteName, Text, slug
from broadcast.session.vietnamese import plain
from streams.frames import SiteId, screen_of

MAX_SITES = 500
MAX_DELEGATES = 1000
MAX_ITEMS = 200
RESERVED_SITES = frozenset({"room"})
"""`/whep/{session}/room` is not a site's return feed."""

EpochMs = Annotated[int, Field(ge=0, le=4_102_444_800_000)]
Minutes = Annotated[int, Field(ge=0, le=24 * 60)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeSession(PaperCommand):
    """Title, subtitle (place and date, as the slate shows them) and planned start."""

    type: Literal["describe_session"] = "describe_session"
    title: Name
    subtitle: Text = ""
    planned_start_at_ms: EpochMs | None = None


@rule(DescribeSession, OPERATING, OPEN)
def describe_session(state: SessionState, command: DescribeSession, act: Act) -> Events:
    wish = command.title, command.subtitle, command.planned_start_at_ms
    if wish == (state.title, state.subtitle, state.planned_start_at_ms):
        return ()
    title, subtitle, start = wish
    return (
        SessionDescribed(
            at_ms=act.at_ms, title=title, subtitle=subtitle, planned_start_at_ms=start
        ),
    )


# Sites


@dataclass(frozen=True, slots=True, kw_only=True)
class PutSite(PaperCommand):
    """Adds a site, whose id is made from its name; or gives `site` another name."""

    type: Literal["put_site"] = "put_site"
    site: SiteName | None = None
    name: Name


@rule(PutSite, OPERATING, OPEN)
def put_site(state: SessionState, command: PutSite, act: Act) -> Events:
    known = site_of(state, command.site) if command.site is not None else None
    if known is not None and known.name == command.name:
        return ()
    for other in state.sites.values():
        if other != known and plain(other.name) == plain(command.name):
            raise Refusal("site_name_taken", name=other.name)
    if known is not None:
        return (SiteRenamed(at_ms=act.at_ms, site=known.id, name=command.name),)
    require_room(len(state.sites), 1, MAX_SITES)
    return (SiteAdded(at_ms=act.at_ms, site=new_site(state, command.name, state.sites)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveSite(PaperCommand):
    """Takes a site out, if nobody sits there and no picture needs it."""

    type: Literal["remove_site"] = "remove_site"
    site: SiteName


@rule(RemoveSite, OPERATING, OPEN)
def remove_site(state: SessionState, command: RemoveSite, act: Act) -> Events:
    site = site_of(state, command.site)
    require_unused_site(state, site)
    require_empty_site(state, site)
    return (SiteRemoved(at_ms=act.at_ms, site=site.id),)


def require_empty_site(state: SessionState, site: Site) -> None:
    """Raises `Refusal`."""
    seated = next((one for one in state.delegates.values() if one.site == site.id), None)
    if seated is not None:
        raise Refusal("site_has_delegates", name=site.name, delegate=seated.name)


def require_no_booth(site: Site) -> None:
    """No delegate sits where an interpreter does. Raises `Refusal`."""
    if site.booth is not None:
        raise Refusal("site_is_booth", name=site.name)


def require_unused_site(state: SessionState, site: Site) -> None:
    """Raises `Refusal`."""
    if site.kind is SiteKind.HALL:
        raise Refusal("hall_stays")
    if site.booth is not None and state.phase is not Phase.PREPARED:
        raise Refusal("languages_are_set")
    scenes = (state.program, state.preview, state.before_turn)
    own = {site.id, screen_of(site.id)}
    shown = any(scene is not None and not own.isdisjoint(scene.sources) for scene in scenes)
    heard = state.pause is not None and site.id in state.pause.microphones
    spoke = any(turn.site == site.id for turn in state.turns)
    signs = state.signer is not None and state.signer.site == site.id
    if shown or heard or spoke or signs or site.id in state.open_microphones:
        raise Refusal("site_in_use", name=site.name)


# Delegates


@dataclass(frozen=True, slots=True, kw_only=True)
class PutDelegate(PaperCommand):
    """Adds a delegate, or corrects one: name, title, group and the site they sit at."""

    type: Literal["put_delegate"] = "put_delegate"
    delegate: Id | None = None
    name: Name
    title: Text = ""
    group: Text = ""
    site: SiteName


@rule(PutDelegate, OPERATING, OPEN)
def put_delegate(state: SessionState, command: PutDelegate, act: Act) -> Events:
    there = site_of(state, command.site)
    require_no_booth(there)
    site = there.id
    if command.delegate is None:
        require_room(len(state.delegates), 1, MAX_DELEGATES)
        id_ = DelegateId(slug(command.name, state.delegates, 40))
        added = Delegate(id_, command.name, command.title, command.group, site)
        return (DelegateAdded(at_ms=act.at_ms, delegate=added),)
    known = delegate_of(state, command.delegate)
    changed = Delegate(known.id, command.name, command.title, command.group, site)
    return () if changed == known else (DelegateChanged(at_ms=act.at_ms, delegate=changed),)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveDelegate(PaperCommand):
    """Takes a delegate out of the list and the agenda, if they have not asked to speak, and nothing
    that was said or promised is written down as theirs."""

    type: Literal["remove_delegate"] = "remove_delegate"
    delegate: Id


@rule(RemoveDelegate, OPERATING, OPEN)
def remove_delegate(state: SessionState, command: RemoveDelegate, act: Act) -> Events:
    known = delegate_of(state, command.delegate)
    require_unheard(state, known)
    return (DelegateRemoved(at_ms=act.at_ms, delegate=known.id),)


def require_unheard(state: SessionState, delegate: Delegate) -> None:
    """Raises `Refusal`."""
    asked = (request.delegate for request in state.requests.values())
    spoke = (turn.delegate for turn in state.turns)
    if delegate.id in {*asked, *spoke}:
        raise Refusal("delegate_has_requests", name=delegate.name)
    corrections = (told.delegate for told in state.written.corrections.values())
    promised = (promise.delegate for promise in state.promises.values())
    if delegate.id in {*corrections, *promised}:
        raise Refusal("delegate_is_in_record", name=delegate.name)


# The agenda


@dataclass(frozen=True, slots=True, kw_only=True)
class PutItem(PaperCommand):
    """Adds an item at the end of the agenda, or corrects one.

    `closed` counts for a new one only; later `set_item_closed` changes it.
    """

    type: Literal["put_item"] = "put_item"
    item: Id | None = None
    title: Name
    kind: ItemKind = ItemKind.DISCUSSION
    presenter: Id | None = None
    planned_minutes: Minutes = 0
    questioned: Annotated[tuple[Id, ...], Field(max_length=50)] = ()
    closed: StrictBool = False


@rule(PutItem, OPERATING, OPEN)
def put_item(state: SessionState, command: PutItem, act: Act) -> Events:
    known = item_of(state, command.item) if command.item is not None else None
    if known is None:
        require_room(len(state.agenda), 1, MAX_ITEMS)
    id_ = known.id if known is not None else new_item_id(command.title, _items(state))
    wish = AgendaItem(
        id=id_,
        title=command.title,
        kind=command.kind,
        presenter=_person(state, command.presenter),
        planned_minutes=command.planned_minutes,
        closed=known.closed if known is not None else command.closed,
        questioned=tuple(delegate_of(state, one).id for one in dict.fromkeys(command.questioned)),
    )
    if known is None:
        return (ItemAdded(at_ms=act.at_ms, item=wish), *first_chosen(state, wish.id, act))
    if wish.kind is not known.kind and _was_used(state, known):
        raise Refusal("item_kind_used", item=known.title)
    return () if wish == known else (ItemChanged(at_ms=act.at_ms, item=wish),)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveItem(PaperCommand):
    """Takes an item out of the agenda, if nothing was said on it."""

    type: Literal["remove_item"] = "remove_item"
    item: Id


@rule(RemoveItem, OPERATING, OPEN)
def remove_item(state: SessionState, command: RemoveItem, act: Act) -> Events:
    item = item_of(state, command.item)
    require_untouched(state, item)
    others = [one.id for one in state.agenda if one.id != item.id]
    removed: Event = ItemRemoved(at_ms=act.at_ms, item=item.id)
    if item.id != state.current_item or not others:
        return (removed,)
    return (ItemChosen(at_ms=act.at_ms, item=others[0]), removed)


def require_untouched(state: SessionState, item: AgendaItem) -> None:
    """Raises `Refusal`."""
    begun = state.phase is not Phase.PREPARED and item.id == state.current_item
    if begun or item.id in state.done_items or _was_used(state, item):
        raise Refusal("item_begun", item=item.title)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveItem(PaperCommand):
    """Puts an item before another one, or at the end."""

    type: Literal["move_item"] = "move_item"
    item: Id
    before: Id | None


@rule(MoveItem, OPERATING, OPEN)
def move_item(state: SessionState, command: MoveItem, act: Act) -> Events:
    moved = item_of(state, command.item).id
    order = list(_items(state))
    if command.before == moved:
        return ()
    order.remove(moved)
    at = len(order)
    if command.before is not None:
        at = order.index(item_of(state, command.before).id)
    order.insert(at, moved)
    if order == list(_items(state)):
        return ()
    return (AgendaReordered(at_ms=act.at_ms, items=tuple(order)),)


def first_chosen(state: SessionState, item: ItemId, act: Act) -> Events:
    """The first item of an agenda is the current one."""
    if state.current_item is not None or state.phase is not Phase.PREPARED:
        return ()
    return (ItemChosen(at_ms=act.at_ms, item=item),)


def _was_used(state: SessionState, item: AgendaItem) -> bool:
    return any(request.item == item.id for request in state.requests.values())


# Room, and new ids


def _person(state: SessionState, delegate: str | None) -> DelegateId | None:
    return delegate_of(state, delegate).id if delegate is not None else None


def _items(state: SessionState) -> tuple[ItemId, ...]:
    return tuple(item.id for item in state.agenda)


def require_room(there: int, coming: int, most: int) -> None:
    """Raises `Refusal` when the list would be longer than `most`."""
    if there + coming > most:
        raise Refusal("list_full", most=most)


def new_site(state: SessionState, name: str, taken: Iterable[str]) -> Site:
    """A district site with an id that no site of this session ever had."""
    known = {*taken} | state.retired_sites | RESERVED_SITES
    return Site(SiteId(slug(plain(name).removeprefix("diem cau "), known)), name)


def new_item_id(title: str, taken: tuple[ItemId, ...]) -> ItemId:
    return ItemId(slug(title, taken, 40))
