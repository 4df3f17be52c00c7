"""Which function applies which event; filled where they stand."""

from collections.abc import Callable
from typing import Any, TypeVar

from broadcast.session.model import SessionState

Apply = Callable[[SessionState, Any], SessionState]
A = TypeVar("A", bound=Apply)
APPLY: dict[type, Apply] = {}


def on(event: type) -> Callable[[A], A]:
    """Enters a function as what an event does to the state."""

    def enter(apply: A) -> A:
        APPLY[event] = apply
        return apply

    return enter
