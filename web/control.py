"""Which of several operators has hands on the session. Pure: the time is an argument.

Not a guard but an agreement, so that two do not cut against each other: one holds control, the
others see who, and are refused until they take it over, which the holder is told. A chair's or a
clerk's commands are never held up, nor is a program that acts with a link's token beside a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from broadcast.session.model import Role
from broadcast.session.one_clock import moved
from web.auth import Identity

ABSENT_MS = 10_000
"""A holder whose page is gone for longer makes way for whoever is there: a page that was reloaded
or a line that was away keeps it."""


@dataclass(frozen=True, slots=True)
class Holder:
    seat: str
    """Which browser (`Identity.seat`)."""
    name: str
    since_ms: int

    def told(self) -> dict[str, Any]:
        """As pages see it."""
        return {"seat": self.seat, "name": self.name, "since_at_ms": self.since_ms}


class Control:
    """Of one session."""

    def __init__(self, holder: Holder | None, now_ms: int) -> None:
        """`holder`: who had it before the server was started anew."""
        self.holder = holder
        self._seen_ms = now_ms

    def settle(self, present: Sequence[Identity], now_ms: int) -> Holder | None:
        """`present`: whose operator's page is open, the longest first. Who got control by this,
        if anybody did: a lone operator need not ask."""
        seats = {one.seat: one for one in reversed(present) if one.seat}
        if self.holder is not None and self.holder.seat in seats:
            self._seen_ms = now_ms
            return None
        absent = self.holder is None or now_ms - self._seen_ms >= ABSENT_MS
        first = next((one for one in present if one.seat), None)
        return self.take(first, now_ms) if absent and first is not None else None

    def take(self, who: Identity, now_ms: int) -> Holder:
        """Knowingly, or because nobody else is there."""
        self.holder, self._seen_ms = Holder(who.seat, who.name, now_ms), now_ms
        return self.holder

    def move(self, by_ms: int) -> None:
        """The machine's clock was set: all that was, was so much later by the new one."""
        self.holder = moved(self.holder, by_ms)
        self._seen_ms += by_ms

    def holds_up(self, who: Identity) -> Holder | None:
        """Whose control keeps this operator from acting as one; None: nobody's."""
        held = self.holder
        if held is None or not who.seat or held.seat == who.seat or Role.OPERATOR not in who.roles:
            return None
        return held
