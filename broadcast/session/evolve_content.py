"""State after an event of `content_events`. Total, as `evolve` is."""

from dataclasses import replace

from broadcast.session.applying import on
from broadcast.session.content_events import (
    AgendaReordered,
    BoothSet,
    DelegateAdded,
    DelegateChanged,
    DelegateRemoved,
    DocumentAdded,
    DocumentRemoved,
    DocumentShown,
    ItemAdded,
    ItemChanged,
    ItemRemoved,
    LinkRenewed,
    RehearsalBegun,
    SelfTestAsked,
    SessionDescribed,
    SiteAdded,
    SiteChecked,
    SiteRemoved,
    SiteRenamed,
)
from broadcast.session.model import AgendaItem, DelegateId, SessionState
from broadcast.session.rehearsal import Checked


@on(SessionDescribed)
def _described(state: SessionState, event: SessionDescribed) -> SessionState:
    return replace(
        state,
        title=event.title,
        subtitle=event.subtitle,
        planned_start_at_ms=event.planned_start_at_ms,
    )


@on(SiteAdded)
def _site_added(state: SessionState, event: SiteAdded) -> SessionState:
    return replace(state, sites={**state.sites, event.site.id: event.site})


@on(SiteRenamed)
def _site_renamed(state: SessionState, event: SiteRenamed) -> SessionState:
    renamed = replace(state.sites[event.site], name=event.name)
    return replace(state, sites={**state.sites, event.site: renamed})


@on(BoothSet)
def _booth_set(state: SessionState, event: BoothSet) -> SessionState:
    """Whom its microphone reaches is another then: the end of a break does not open it."""
    site, pause = replace(state.sites[event.site], booth=event.language), state.pause
    if pause is not None:
        pause = replace(pause, microphones=pause.microphones - {event.site})
    return replace(state, sites={**state.sites, event.site: site}, pause=pause)


@on(SiteRemoved)
def _site_removed(state: SessionState, event: SiteRemoved) -> SessionState:
    return replace(
        state,
        sites={id_: site for id_, site in state.sites.items() if id_ != event.site},
        checks={key: found for key, found in state.checks.items() if key[0] != event.site},
        retired_sites=state.retired_sites | {event.site},
    )


@on(DelegateAdded)
@on(DelegateChanged)
def _delegate_written(state: SessionState, event: DelegateAdded | DelegateChanged) -> SessionState:
    return replace(state, delegates={**state.delegates, event.delegate.id: event.delegate})


@on(DelegateRemoved)
def _delegate_removed(state: SessionState, event: DelegateRemoved) -> SessionState:
    gone = event.delegate
    return replace(
        state,
        delegates={id_: one for id_, one in state.delegates.items() if id_ != gone},
        agenda=tuple(_without(item, gone) for item in state.agenda),
    )


def _without(item: AgendaItem, gone: DelegateId) -> AgendaItem:
    return replace(
        item,
        presenter=None if item.presenter == gone else item.presenter,
        questioned=tuple(one for one in item.questioned if one != gone),
    )


@on(ItemAdded)
def _item_added(state: SessionState, event: ItemAdded) -> SessionState:
    return replace(state, agenda=(*state.agenda, event.item))


@on(ItemChanged)
def _item_changed(state: SessionState, event: ItemChanged) -> SessionState:
    agenda = tuple(event.item if item.id == event.item.id else item for item in state.agenda)
    return replace(state, agenda=agenda)


@on(ItemRemoved)
def _item_removed(state: SessionState, event: ItemRemoved) -> SessionState:
    return replace(
        state,
        agenda=tuple(item for item in state.agenda if item.id != event.item),
        documents={id_: one for id_, one in state.documents.items() if one.item != event.item},
        current_item=None if state.current_item == event.item else state.current_item,
    )


@on(AgendaReordered)
def _agenda_reordered(state: SessionState, event: AgendaReordered) -> SessionState:
    places = {item: place for place, item in enumerate(event.items)}
    agenda = sorted(state.agenda, key=lambda item: places.get(item.id, len(places)))
    return replace(state, agenda=tuple(agenda))


@on(DocumentAdded)
def _document_added(state: SessionState, event: DocumentAdded) -> SessionState:
    return replace(state, documents={**state.documents, event.document.id: event.document})


@on(DocumentShown)
def _document_shown(state: SessionState, event: DocumentShown) -> SessionState:
    shown = replace(state.documents[event.document], public=event.public)
    return replace(state, documents={**state.documents, shown.id: shown})


@on(DocumentRemoved)
def _document_removed(state: SessionState, event: DocumentRemoved) -> SessionState:
    kept = {id_: one for id_, one in state.documents.items() if id_ != event.document}
    return replace(state, documents=kept)


@on(LinkRenewed)
def _link_renewed(state: SessionState, _: LinkRenewed) -> SessionState:
    return state  # who may enter is the tokens' affair; the log tells that it was done


@on(RehearsalBegun)
def _rehearsal_begun(state: SessionState, event: RehearsalBegun) -> SessionState:
    return replace(state, rehearsed_at_ms=event.at_ms, checks={})


@on(SiteChecked)
def _site_checked(state: SessionState, event: SiteChecked) -> SessionState:
    key = event.site, event.check
    if event.outcome is None:
        return replace(state, checks={k: v for k, v in state.checks.items() if k != key})
    found = Checked(event.outcome, event.note, event.at_ms)
    return replace(state, checks={**state.checks, key: found})


@on(SelfTestAsked)
def _self_test_asked(state: SessionState, event: SelfTestAsked) -> SessionState:
    return replace(state, tests_asked={**state.tests_asked, event.site: event.at_ms})
