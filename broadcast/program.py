"""What is on air, as plain data: the director states it, the studio makes it so.

The whole state travels at every change; the studio compares it with the last one. After a crash
of either side the first state to arrive is compared with nothing, and that is the recovery.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from streams.frames import SiteId


class Layout(StrEnum):
    """How the sites of a scene share the picture (bố cục hình)."""

    FULL = "full"
    PICTURE_IN_PICTURE = "picture-in-picture"
    SIDE_BY_SIDE = "side-by-side"
    GRID_4 = "grid-4"
    GRID_9 = "grid-9"
    SLATE = "slate"

    @property
    def seats(self) -> int:
        """How many sites it shows at most."""
        return _SEATS[self]


_SEATS = {
    Layout.FULL: 1,
    Layout.PICTURE_IN_PICTURE: 2,
    Layout.SIDE_BY_SIDE: 2,
    Layout.GRID_4: 4,
    Layout.GRID_9: 9,
    Layout.SLATE: 0,
}


@dataclass(frozen=True, slots=True)
class Rect:
    """A part of the picture, as fractions of its width and height."""

    x: float
    y: float
    width: float
    height: float


def seats_of(layout: Layout) -> tuple[Rect, ...]:
    """Where each seat lies, from back to front."""
    match layout:
        case Layout.FULL:
            return (Rect(0, 0, 1, 1),)
        case Layout.PICTURE_IN_PICTURE:
            return (Rect(0, 0, 1, 1), Rect(0.7, 0.06, 0.27, 0.27))
        case Layout.SIDE_BY_SIDE:
            return (Rect(0.01, 0.255, 0.485, 0.485), Rect(0.505, 0.255, 0.485, 0.485))
        case Layout.GRID_4:
            return _grid(2)
        case Layout.GRID_9:
            return _grid(3)
        case Layout.SLATE:
            return ()


def _grid(n: int) -> tuple[Rect, ...]:
    return tuple(Rect(col / n, row / n, 1 / n, 1 / n) for row in range(n) for col in range(n))


@dataclass(frozen=True, slots=True)
class Scene:
    """A layout and who sits in its seats, in order. Empty seats stay dark."""

    layout: Layout = Layout.SLATE
    sources: tuple[SiteId, ...] = ()


@dataclass(frozen=True, slots=True)
class Overlay:
    """One drawn element over the picture: a template's name and what it says.

    `fields` holds texts, numbers and lists of such; a moment is epoch milliseconds in a field
    ending in `_at_ms`, so that the studio can let a clock tick without hearing of each second.
    """

    name: str
    fields: dict[str, Any] = field(default_factory=dict)


class Take(StrEnum):
    """What goes to the public: web, television, radio and archive alike."""

    ROOM = "room"
    """The same packets as the room gets."""
    SLATE = "slate"
    """`ProgramState.public_slate` and silence: before and after the session, and while closed."""


@dataclass(frozen=True, slots=True)
class ProgramState:
    """Everything the studio needs to know, and all that it knows, of a session."""

    version: int = 0
    """Grows with every change; a still or a status from the studio names the one it followed."""
    stream: str = ""
    """Folder of the archive and name in the URLs (the session's id). Empty: nothing to record."""
    recording: bool = False
    """Write what is public to the archive. Live HLS is the same files."""
    finished: bool = False
    """The session is over: the playlist gets its end mark."""
    public: Take = Take.SLATE
    public_slate: Overlay = Overlay("slate")
    program: Scene = Scene()
    preview: Scene = Scene()
    overlays: tuple[Overlay, ...] = ()
    """From back to front, over the program; the `slate` layout takes its text from `slate`."""
    slate: Overlay = Overlay("slate")
    open_microphones: frozenset[SiteId] = frozenset()
    site_names: dict[SiteId, str] = field(default_factory=dict)
    """For the titles of seats and the signal-lost card."""


PROGRAM_STATE: TypeAdapter[ProgramState] = TypeAdapter(ProgramState)
"""To and from the wire's JSON."""
