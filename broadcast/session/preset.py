"""A council written down once (`config/presets/*.toml`), from which sessions are prepared.

The border for names: whatever enters a session here is normalised, bounded and free of control
characters, and refers only to what is there.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

import config
from broadcast.interpreters import SIGNER_SHARE, SIGNER_SHARES, Language, Signer
from broadcast.layout import Corner
from broadcast.session.events import SessionPrepared
from broadcast.session.model import (
    AgendaItem,
    Delegate,
    DelegateId,
    ItemId,
    ItemKind,
    OverlayName,
    SessionState,
    Site,
    SiteKind,
)
from broadcast.session.rules.booths import LanguageWish, require_choosable
from broadcast.session.rules.content import (
    MAX_DELEGATES,
    MAX_ITEMS,
    MAX_SITES,
    RESERVED_SITES,
)
from broadcast.session.rules.picture import SoundShift
from broadcast.session.rules.registry import Refusal
from broadcast.session.text import Id, Name, SiteName, Text
from config.reading import listed, read_toml
from config.settings import ConfigError
from streams.frames import SiteId

FOLDER = Path(config.__file__).parent / "presets"
OUTLINES = Path(config.__file__).parent / "outlines"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Site(_Section):
    id: SiteName
    name: Name
    kind: SiteKind = SiteKind.DISTRICT
    booth: LanguageWish | None = None
    """Of an interpreter."""
    sound_later_ms: SoundShift = 0


class _Delegate(_Section):
    id: Id
    name: Name
    title: Text = ""
    group: Text = ""
    site: SiteName


class _Item(_Section):
    id: Id
    title: Name
    kind: ItemKind = ItemKind.DISCUSSION
    presenter: Id | None = None
    planned_minutes: int = Field(0, ge=0, le=24 * 60)
    closed: bool = False
    questioned: tuple[Id, ...] = ()


class _Signer(_Section):
    """The sign-language interpreter's box."""

    site: SiteName
    corner: Corner = Corner.BOTTOM_RIGHT
    share: float = Field(SIGNER_SHARE, ge=SIGNER_SHARES[0], le=SIGNER_SHARES[1])


class Preset(_Section):
    """Sites, delegates and an agenda. Raises pydantic's `ValidationError`, with all faults."""

    title: Name
    subtitle: Text = ""
    hidden_overlays: frozenset[OverlayName] = frozenset()
    signer: _Signer | None = None
    sites: Annotated[tuple[_Site, ...], Field(min_length=1, max_length=MAX_SITES)]
    delegates: Annotated[tuple[_Delegate, ...], Field(max_length=MAX_DELEGATES)] = ()
    agenda: Annotated[tuple[_Item, ...], Field(max_length=MAX_ITEMS)] = ()

    @model_validator(mode="after")
    def _consistent(self) -> "Preset":
        faults = [*self._repeated(), *self._dangling(), *self._misplaced()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _repeated(self) -> Iterator[str]:
        yield from _twice("site", (site.id for site in self.sites))
        yield from _twice("delegate", (delegate.id for delegate in self.delegates))
        yield from _twice("agenda item", (item.id for item in self.agenda))

    def _dangling(self) -> Iterator[str]:
        sites = {site.id for site in self.sites}
        if self.signer is not None and self.signer.site not in sites:
            yield f"the signer sits at {self.signer.site!r}, which is no site"
        delegates = {delegate.id for delegate in self.delegates}
        for delegate in self.delegates:
            if delegate.site not in sites:
                yield f"delegate {delegate.id!r} sits at {delegate.site!r}, which is no site"
        for item in self.agenda:
            named = {item.presenter, *item.questioned} - {None} - delegates
            for unknown in sorted(str(one) for one in named):
                yield f"agenda item {item.id!r} names {unknown!r}, who is no delegate"

    def _misplaced(self) -> Iterator[str]:
        halls = [site.id for site in self.sites if site.kind is SiteKind.HALL]
        if len(halls) != 1:
            yield f"one site is the hall; here {len(halls)} are"
        for site in self.sites:
            if site.id in RESERVED_SITES:
                yield f"a site cannot be called {site.id!r}"
        booths = {site.id for site in self.sites if site.booth is not None}
        seated = {delegate.site for delegate in self.delegates}
        for taken in sorted(booths & seated.union(halls)):
            yield f"{taken!r} is an interpreter's booth; it cannot be the hall or hold delegates"
        languages = {found for site in self.sites if (found := _language(site.booth)) is not None}
        try:
            require_choosable(languages)
        except Refusal as refusal:
            yield f"the languages of the booths: {refusal.code.replace('_', ' ')}"


class Outline(_Section):
    """A kind of session: its title and a first agenda, of any council."""

    title: Name
    agenda: Annotated[tuple[_Item, ...], Field(max_length=MAX_ITEMS)]


def _twice(what: str, ids: Iterable[str]) -> Iterator[str]:
    for one, count in Counter(ids).items():
        if count > 1:
            yield f"{what} {one!r} is there {count} times"


def load_preset(path: Path) -> Preset:
    """Raises `ConfigError` with all faults at once."""
    return _load(path, Preset)


def load_outline(path: Path) -> Outline:
    """The same."""
    return _load(path, Outline)


S = TypeVar("S", bound=_Section)


def _load(path: Path, model: type[S]) -> S:
    try:
        return model.model_validate(read_toml(path))
    except ValidationError as error:
        raise ConfigError(f"{path}: the preset cannot be used:\n{listed(error)}") from None


def preset_of(state: SessionState) -> Preset:
    """A session as the beginning of another: who takes part, and the agenda; no documents."""
    return Preset(
        title=state.title,
        subtitle=state.subtitle,
        hidden_overlays=state.hidden_overlays,
        signer=_signer_of(state),
        sites=tuple(
            _Site(
                id=one.id,
                name=one.name,
                kind=one.kind,
                booth=_wish_of(one.booth),
                sound_later_ms=one.sound_later_ms,
            )
            for one in state.sites.values()
        ),
        delegates=tuple(
            _Delegate(id=one.id, name=one.name, title=one.title, group=one.group, site=one.site)
            for one in state.delegates.values()
        ),
        agenda=tuple(
            _Item(
                id=one.id,
                title=one.title,
                kind=one.kind,
                presenter=one.presenter,
                planned_minutes=one.planned_minutes,
                closed=one.closed,
                questioned=one.questioned,
            )
            for one in state.agenda
        ),
    )


def _wish_of(language: Language | None) -> LanguageWish | None:
    return None if language is None else LanguageWish(code=language.code, name=language.name)


def _language(wish: LanguageWish | None) -> Language | None:
    return None if wish is None else Language(wish.code, wish.name)


def _signer_of(state: SessionState) -> _Signer | None:
    one = state.signer
    return None if one is None else _Signer(site=one.site, corner=one.corner, share=one.share)


def prepare(
    preset: Preset,
    session_id: str,
    at_ms: int,
    sites: Collection[str] | None = None,
    planned_start_at_ms: int | None = None,
) -> SessionPrepared:
    """The first event of a session: all of the preset, or only `sites` (and who sits there).

    Raises ValueError for a site that the preset does not have, and if the hall is left out.
    """
    present = _present(preset, sites)
    delegates = tuple(
        Delegate(DelegateId(one.id), one.name, one.title, one.group, SiteId(one.site))
        for one in preset.delegates
        if one.site in present
    )
    there = {delegate.id for delegate in delegates}
    box = preset.signer if preset.signer and preset.signer.site in present else None
    return SessionPrepared(
        at_ms=at_ms,
        id=session_id,
        title=preset.title,
        subtitle=preset.subtitle,
        sites=tuple(
            Site(
                id=SiteId(site.id),
                name=site.name,
                kind=site.kind,
                booth=_language(site.booth),
                sound_later_ms=site.sound_later_ms,
            )
            for site in preset.sites
            if site.id in present
        ),
        delegates=delegates,
        agenda=tuple(_item(item, there) for item in preset.agenda),
        hidden_overlays=preset.hidden_overlays,
        signer=None if box is None else Signer(SiteId(box.site), box.corner, box.share),
        planned_start_at_ms=planned_start_at_ms,
    )


def _present(preset: Preset, chosen: Collection[str] | None) -> set[str]:
    known = {site.id for site in preset.sites}
    if chosen is None:
        return known
    unknown = set(chosen) - known
    if unknown:
        raise ValueError(f"the preset has no site {', '.join(sorted(unknown))}")
    halls = {site.id for site in preset.sites if site.kind is SiteKind.HALL}
    if not halls <= set(chosen):
        raise ValueError("a session needs its hall")
    return set(chosen)


def _item(item: _Item, there: set[DelegateId]) -> AgendaItem:
    """Without those who are not there."""
    presenter = DelegateId(item.presenter) if item.presenter is not None else None
    return AgendaItem(
        id=ItemId(item.id),
        title=item.title,
        kind=item.kind,
        presenter=presenter if presenter in there else None,
        planned_minutes=item.planned_minutes,
        closed=item.closed,
        questioned=tuple(DelegateId(one) for one in item.questioned if DelegateId(one) in there),
    )
