"""Documents of the agenda, and the links of the sites: what the server did is entered here."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StrictBool

from broadcast.session.content_events import (
    DocumentAdded,
    DocumentRemoved,
    DocumentShown,
    LinkRenewed,
)
from broadcast.session.events import Events
from broadcast.session.model import Document, DocumentId, Role, SessionState
from broadcast.session.rules.command import PaperCommand
from broadcast.session.rules.content import require_room
from broadcast.session.rules.lookup import document_of, item_of, site_of
from broadcast.session.rules.registry import OPEN, OPERATING, Act, rule
from broadcast.session.text import Id, Name, SiteName

MAX_DOCUMENTS = 300
SERVER = frozenset({Role.SYSTEM})
"""The server itself, after it did what an operator asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDocument(PaperCommand):
    """Enters a PDF that the server has taken in for an item."""

    type: Literal["add_document"] = "add_document"
    document: Id
    item: Id
    name: Name
    size_bytes: Annotated[int, Field(gt=0)]
    sha256: Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")]


@rule(AddDocument, SERVER, OPEN)
def add_document(state: SessionState, command: AddDocument, act: Act) -> Events:
    item = item_of(state, command.item)
    require_room(len(state.documents), 1, MAX_DOCUMENTS)
    document = Document(
        DocumentId(command.document), item.id, command.name, command.size_bytes, command.sha256
    )
    return (DocumentAdded(at_ms=act.at_ms, document=document),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowDocument(PaperCommand):
    """Lets the public read a document of an open item, or no more."""

    type: Literal["show_document"] = "show_document"
    document: Id
    public: StrictBool


@rule(ShowDocument, OPERATING, OPEN)
def show_document(state: SessionState, command: ShowDocument, act: Act) -> Events:
    document = document_of(state, command.document)
    if document.public == command.public:
        return ()
    return (DocumentShown(at_ms=act.at_ms, document=document.id, public=command.public),)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveDocument(PaperCommand):
    """Takes a document away from everybody."""

    type: Literal["remove_document"] = "remove_document"
    document: Id


@rule(RemoveDocument, OPERATING, OPEN)
def remove_document(state: SessionState, command: RemoveDocument, act: Act) -> Events:
    document = document_of(state, command.document)
    return (DocumentRemoved(at_ms=act.at_ms, document=document.id),)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewLink(PaperCommand):
    """Notes that the join links of a site were revoked."""

    type: Literal["renew_link"] = "renew_link"
    site: SiteName


@rule(RenewLink, SERVER, OPEN)
def renew_link(state: SessionState, command: RenewLink, act: Act) -> Events:
    return (LinkRenewed(at_ms=act.at_ms, site=site_of(state, command.site).id),)
