"""Taking over a whole list at once: all of it, or nothing."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import ConfigDict, Field, StrictBool

from broadcast.session.content_events import (
    AgendaReordered,
    DelegateAdded,
    DelegateChanged,
    DelegateRemoved,
    ItemAdded,
    ItemChanged,
    ItemRemoved,
    SiteAdded,
    SiteRemoved,
    SiteRenamed,
)
from broadcast.session.events import Event, Events, ItemChosen
from broadcast.session.model import AgendaItem, Delegate, DelegateId, ItemId, ItemKind, SessionState
from broadcast.session.rules.command import PaperCommand
from broadcast.session.rules.content import (
    MAX_DELEGATES,
    MAX_ITEMS,
    MAX_SITES,
    Minutes,
    first_chosen,
    new_item_id,
    new_site,
    require_empty_site,
    require_no_booth,
    require_room,
    require_unheard,
    require_untouched,
    require_unused_site,
)
from broadcast.session.rules.lookup import delegate_of, site_of
from broadcast.session.rules.registry import OPEN, OPERATING, Act, Refusal, rule
from broadcast.session.text import Id, Name, SiteName, Text, slug
from broadcast.session.vietnamese import plain, spelling
from streams.frames import SiteId

MAX_ROWS = 500
"""Of one import: its events are written and folded in one go."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRow(_Row):
    name: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegateRow(_Row):
    name: Name
    title: Text = ""
    group: Text = ""
    site: SiteName


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow(_Row):
    title: Name
    kind: ItemKind = ItemKind.DISCUSSION
    presenter: Id | None = None
    planned_minutes: Minutes = 0
    questioned: Annotated[tuple[Id, ...], Field(max_length=50)] = ()
    closed: StrictBool = False


Rows = Field(max_length=MAX_ROWS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRows(PaperCommand):
    """Takes over a list of sites, delegates or items: who is known by name is corrected, others are
    added. With `replace` those who are not in the list are taken out. All of it, or nothing.
    """

    type: Literal["import_rows"] = "import_rows"
    sites: Annotated[tuple[SiteRow, ...], Rows] = ()
    delegates: Annotated[tuple[DelegateRow, ...], Rows] = ()
    items: Annotated[tuple[ItemRow, ...], Rows] = ()
    replace: StrictBool = False


@rule(ImportRows, OPERATING, OPEN)
def import_rows(state: SessionState, command: ImportRows, act: Act) -> Events:
    if sum(map(bool, (command.sites, command.delegates, command.items))) != 1:
        raise Refusal("import_one_list")
    if command.sites:
        return tuple(_sites(state, command, act))
    if command.delegates:
        return tuple(_delegates(state, command, act))
    return tuple(_items(state, command, act))


def _sites(state: SessionState, command: ImportRows, act: Act) -> list[Event]:
    events: list[Event] = []
    known = {plain(site.name): site for site in state.sites.values()}
    named = [plain(row.name) for row in command.sites]
    _require_each_once(command.sites, lambda row: plain(row.name), lambda row: row.name)
    if command.replace:
        for name, site in known.items():
            if name not in named and site.kind != "hall":
                require_unused_site(state, site)
                require_empty_site(state, site)
                events.append(SiteRemoved(at_ms=act.at_ms, site=site.id))
    taken: set[str] = {*state.sites}
    for row, name in zip(command.sites, named, strict=True):
        if name not in known:
            added = new_site(state, row.name, taken)
            taken.add(added.id)
            events.append(SiteAdded(at_ms=act.at_ms, site=added))
        elif known[name].name != row.name:
            events.append(SiteRenamed(at_ms=act.at_ms, site=known[name].id, name=row.name))
    require_room(len(taken) - sum(isinstance(e, SiteRemoved) for e in events), 0, MAX_SITES)
    return events


Place = tuple[tuple[tuple[str, str], ...], SiteId]
"""A name as it is spelled, and a site: two people may have one name, but hardly at one site."""


def _delegates(state: SessionState, command: ImportRows, act: Act) -> list[Event]:
    events: list[Event] = []
    rows = {_place(row.name, site_of(state, row.site).id): row for row in command.delegates}
    for _, site in rows:
        require_no_booth(state.sites[site])
    _require_each_once(
        command.delegates, lambda row: _place(row.name, SiteId(row.site)), lambda row: row.name
    )
    known = _known_delegates(state, rows)
    if command.replace:
        kept = {one.id for one in known.values()}
        for one in state.delegates.values():
            if one.id not in kept and _place(one.name, one.site) not in rows:
                require_unheard(state, one)
                events.append(DelegateRemoved(at_ms=act.at_ms, delegate=one.id))
    taken: set[str] = {*state.delegates}
    for place, row in rows.items():
        there = known.get(place)
        id_ = there.id if there is not None else DelegateId(slug(row.name, taken, 40))
        taken.add(id_)
        wish = Delegate(id_, row.name, row.title, row.group, place[1])
        if there is None:
            events.append(DelegateAdded(at_ms=act.at_ms, delegate=wish))
        elif wish != there:
            events.append(DelegateChanged(at_ms=act.at_ms, delegate=wish))
    gone = sum(isinstance(event, DelegateRemoved) for event in events)
    require_room(len(taken) - gone, 0, MAX_DELEGATES)
    return events


def _place(name: str, site: SiteId) -> Place:
    return spelling(name), site


def _known_delegates(
    state: SessionState, rows: Mapping[Place, DelegateRow]
) -> dict[Place, Delegate]:
    """Who is meant by each row. A name with other marks is a correction if nobody else there can be
    meant by it, on either side."""
    named = {_place(one.name, one.site): one for one in state.delegates.values()}
    found = {place: named[place] for place in rows if place in named}
    others = defaultdict[tuple[str, SiteId], list[Delegate]](list)
    for place, one in named.items():
        if place not in rows:
            others[plain(one.name), one.site].append(one)
    left = {place: (plain(row.name), place[1]) for place, row in rows.items() if place not in named}
    wanted = Counter(left.values())
    for place, bare in left.items():
        if len(others[bare]) == wanted[bare] == 1:
            (found[place],) = others[bare]
    return found


def _items(state: SessionState, command: ImportRows, act: Act) -> list[Event]:
    events: list[Event] = []
    known = {plain(item.title): item for item in state.agenda}
    rows = {plain(row.title): row for row in command.items}
    _require_each_once(command.items, lambda row: plain(row.title), lambda row: row.title)
    kept = [item.id for item in state.agenda]
    written: list[ItemId] = []
    for title, row in rows.items():
        there = known.get(title)
        wish = _item(state, row, there, [*kept, *written])
        written.append(wish.id)
        if there is None:
            events.append(ItemAdded(at_ms=act.at_ms, item=wish))
        elif wish != there:
            if wish.kind is not there.kind:
                require_untouched(state, there)
            events.append(ItemChanged(at_ms=act.at_ms, item=wish))
    if command.replace:
        for title, item in known.items():
            if title not in rows:
                require_untouched(state, item)
                kept.remove(item.id)
                events.append(ItemRemoved(at_ms=act.at_ms, item=item.id))
        events.append(AgendaReordered(at_ms=act.at_ms, items=tuple(written)))
    events += _current_again(state, [*written, *kept], act)
    require_room(len({*kept, *written}), 0, MAX_ITEMS)
    return events


def _current_again(state: SessionState, there: list[ItemId], act: Act) -> Events:
    """A prepared session has a current item when it has any."""
    if state.current_item is None:
        return first_chosen(state, there[0], act)
    if state.current_item in there:
        return ()
    return (ItemChosen(at_ms=act.at_ms, item=there[0]),)


def _item(
    state: SessionState, row: ItemRow, there: AgendaItem | None, taken: list[ItemId]
) -> AgendaItem:
    return AgendaItem(
        id=there.id if there is not None else new_item_id(row.title, tuple(taken)),
        title=row.title,
        kind=row.kind,
        presenter=delegate_of(state, row.presenter).id if row.presenter is not None else None,
        planned_minutes=row.planned_minutes,
        closed=there.closed if there is not None else row.closed,
        questioned=tuple(delegate_of(state, one).id for one in dict.fromkeys(row.questioned)),
    )


def _require_each_once(
    rows: Iterable[T], key: Callable[[T], object], name: Callable[[T], str]
) -> None:
    """Raises `Refusal`."""
    seen: set[object] = set()
    for row in rows:
        if key(row) in seen:
            raise Refusal("import_twice", name=name(row))
        seen.add(key(row))
