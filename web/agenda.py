"""The agenda, as each audience may know of it (PROTOCOL.md, `view`). Pure.

What is closed is left out here: neither its title nor its id, which is made of the title, leaves
for whoever may not know of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from broadcast.session.forecast import Forecast
from broadcast.session.model import AgendaItem, DelegateId, ItemId, Phase, SessionState
from broadcast.session.record import waiting_in
from web.catalogues import say
from web.following import item_times


@dataclass(frozen=True)
class Agenda:
    """`name_of` says what a delegate is called."""

    state: SessionState
    name_of: Callable[[DelegateId | None], str]

    def of_staff(self, forecast: Forecast | None) -> list[dict[str, Any]]:
        """All of it, with what has become of the plan."""
        expected = {one.item: one for one in forecast.items} if forecast else {}
        waits = waiting_in(self.state)
        return [
            self._item(item, public=False)
            | {"waiting": waits.get(item.id, 0)}
            | item_times(self.state.item_clocks.get(item.id), expected.get(item.id))
            for item in self.state.agenda
        ]

    def of_sites(self, language: str) -> list[dict[str, Any]]:
        """They see the current item, be it closed, as long as the session is not over."""
        current = None if self.state.phase is Phase.ENDED else self.state.current_item
        return self._told(language, self._secret - {current}, public=False)

    def of_public(self, language: str) -> list[dict[str, Any]]:
        return self._told(language, self._secret, public=True)

    def current_of_public(self) -> str | None:
        """What the public calls the item that is on."""
        current = self.state.current_item
        return self._alias(current) if current is not None and current in self._secret else current

    @cached_property
    def _secret(self) -> frozenset[ItemId | None]:
        return frozenset(item.id for item in self.state.agenda if item.closed)

    def _told(
        self, language: str, hidden: frozenset[ItemId | None], *, public: bool
    ) -> list[dict[str, Any]]:
        return [
            self._closed_item(item, language)
            if item.id in hidden
            else self._item(item, public=public)
            for item in self.state.agenda
        ]

    def _item(self, item: AgendaItem, *, public: bool) -> dict[str, Any]:
        return {
            "id": item.id,
            "title": item.title,
            "kind": item.kind,
            "presenter": self.name_of(item.presenter),
            "presenter_id": item.presenter,
            "planned_minutes": item.planned_minutes,
            "closed": item.closed,
            "questioned": list(item.questioned),
            "documents": self._documents(item, public),
            "state": self._item_state(item),
        }

    def _documents(self, item: AgendaItem, public: bool) -> list[dict[str, Any]]:
        return [
            {"id": one.id, "name": one.name, "size_bytes": one.size_bytes, "public": one.public}
            for one in self.state.documents.values()
            if one.item == item.id and (one.public or not public)
        ]

    def _closed_item(self, item: AgendaItem, language: str) -> dict[str, Any]:
        return {
            "id": self._alias(item.id),
            "title": say(language, "agenda.closed"),
            "closed": True,
            "state": self._item_state(item),
        }

    def _item_state(self, item: AgendaItem) -> str:
        """After the end nothing comes; what was never opened is not called done for that."""
        over = self.state.phase is Phase.ENDED
        if item.id == self.state.current_item:
            return "done" if over else "current"
        if item.id in self.state.done_items:
            return "done"
        return "left" if over else "coming"

    def _alias(self, item: ItemId) -> str:
        """The id of an item is made from its title: whoever may not know that gets another."""
        ids = [one.id for one in self.state.agenda]
        return f"closed-{ids.index(item) + 1}"
