"""What a command names, looked up. Each raises `Refusal` where there is no such thing."""

from collections.abc import Mapping
from typing import TypeVar

from broadcast.session.model import (
    AgendaItem,
    Delegate,
    DelegateId,
    Document,
    DocumentId,
    ItemId,
    Promise,
    PromiseId,
    SessionState,
    Site,
)
from broadcast.session.rules.registry import Refusal
from broadcast.session.written import Caption, CaptionId, Note, NoteId
from streams.frames import SiteId

K = TypeVar("K")
V = TypeVar("V")


def found(table: Mapping[K, V], key: K, refusal: Refusal) -> V:
    one = table.get(key)
    if one is None:
        raise refusal
    return one


def site_of(state: SessionState, site: str) -> Site:
    return found(state.sites, SiteId(site), Refusal("unknown_site"))


def delegate_of(state: SessionState, delegate: str) -> Delegate:
    return found(state.delegates, DelegateId(delegate), Refusal("unknown_delegate"))


def item_of(state: SessionState, item: str) -> AgendaItem:
    return found({one.id: one for one in state.agenda}, ItemId(item), Refusal("unknown_item"))


def document_of(state: SessionState, document: str) -> Document:
    return found(state.documents, DocumentId(document), Refusal("unknown_document"))


def promise_of(state: SessionState, promise: str) -> Promise:
    return found(state.promises, PromiseId(promise), Refusal("unknown_promise"))


def note_of(state: SessionState, note: str) -> Note:
    return found(state.written.notes, NoteId(note), Refusal("unknown_note"))


def caption_of(state: SessionState, caption: str) -> Caption:
    return found(state.written.captions, CaptionId(caption), Refusal("unknown_caption"))
