"""What happened to the door of the room: closed, asked to be opened, opened.

`by` is who did it, so that the pages can say so; with the role it is in the store's record too.
"""

from dataclasses import dataclass
from typing import Literal

from broadcast.session.happened import Happened
from streams.frames import SiteId


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomClosed(Happened):
    """Nothing leaves the room, and only these sites are in it. Again: the list is another."""

    type: Literal["room_closed"] = "room_closed"
    staying: tuple[SiteId, ...]
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningRequested(Happened):
    """The first of two steps; nothing is open yet."""

    type: Literal["opening_requested"] = "opening_requested"
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningDropped(Happened):
    """The room stays closed after all."""

    type: Literal["opening_dropped"] = "opening_dropped"
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOpened(Happened):
    """The second step: what the room sees is public again."""

    type: Literal["room_opened"] = "room_opened"
    by: str = ""


ClosingEvent = RoomClosed | OpeningRequested | OpeningDropped | RoomOpened
