"""What happened to the papers of a session: who takes part, the agenda, its documents, its links;
and what its rehearsal found. They may come at any time before the end: a correction made while the
session is live stands in the log with its moment, like everything else.
"""

from dataclasses import dataclass
from typing import Literal

from broadcast.interpreters import Language
from broadcast.session.happened import Happened
from broadcast.session.model import (
    AgendaItem,
    Delegate,
    DelegateId,
    Document,
    DocumentId,
    ItemId,
    Site,
)
from broadcast.session.rehearsal import Check, Outcome
from streams.frames import SiteId


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDescribed(Happened):
    """It was given another title, subtitle or planned start."""

    type: Literal["session_described"] = "session_described"
    title: str
    subtitle: str
    planned_start_at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAdded(Happened):
    type: Literal["site_added"] = "site_added"
    site: Site


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRenamed(Happened):
    type: Literal["site_renamed"] = "site_renamed"
    site: SiteId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoothSet(Happened):
    """An interpreter sits at the site, or (None) no more."""

    type: Literal["booth_set"] = "booth_set"
    site: SiteId
    language: Language | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRemoved(Happened):
    """Its id names no other site of this session: old links must not open a new room."""

    type: Literal["site_removed"] = "site_removed"
    site: SiteId


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegateAdded(Happened):
    type: Literal["delegate_added"] = "delegate_added"
    delegate: Delegate


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegateChanged(Happened):
    """Name, title, group or site; turns that were held keep the site they were held at."""

    type: Literal["delegate_changed"] = "delegate_changed"
    delegate: Delegate


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegateRemoved(Happened):
    """The agenda names them no more either."""

    type: Literal["delegate_removed"] = "delegate_removed"
    delegate: DelegateId


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAdded(Happened):
    """At the end of the agenda."""

    type: Literal["item_added"] = "item_added"
    item: AgendaItem


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChanged(Happened):
    """All of it but its secrecy, which has an event of its own."""

    type: Literal["item_changed"] = "item_changed"
    item: AgendaItem


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRemoved(Happened):
    """Its documents go with it."""

    type: Literal["item_removed"] = "item_removed"
    item: ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaReordered(Happened):
    type: Literal["agenda_reordered"] = "agenda_reordered"
    items: tuple[ItemId, ...]
    """All of them, in the new order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentAdded(Happened):
    type: Literal["document_added"] = "document_added"
    document: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentShown(Happened):
    """The public may read it from now on, or no more; the sites may in any case."""

    type: Literal["document_shown"] = "document_shown"
    document: DocumentId
    public: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRemoved(Happened):
    type: Literal["document_removed"] = "document_removed"
    document: DocumentId


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRenewed(Happened):
    """All links of this site handed out before are dead."""

    type: Literal["link_renewed"] = "link_renewed"
    site: SiteId


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalBegun(Happened):
    """The checks begin anew; what was found before stands in the log only."""

    type: Literal["rehearsal_begun"] = "rehearsal_begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteChecked(Happened):
    type: Literal["site_checked"] = "site_checked"
    site: SiteId
    check: Check
    outcome: Outcome | None
    """None: it is to be checked again."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestAsked(Happened):
    """The control room asked the site's page to test itself."""

    type: Literal["self_test_asked"] = "self_test_asked"
    site: SiteId


ContentEvent = (
    SessionDescribed
    | SiteAdded
    | SiteRenamed
    | BoothSet
    | SiteRemoved
    | DelegateAdded
    | DelegateChanged
    | DelegateRemoved
    | ItemAdded
    | ItemChanged
    | ItemRemoved
    | AgendaReordered
    | DocumentAdded
    | DocumentShown
    | DocumentRemoved
    | LinkRenewed
    | RehearsalBegun
    | SiteChecked
    | SelfTestAsked
)
