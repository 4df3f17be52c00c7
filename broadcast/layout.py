"""Where things lie in the picture: the layouts and their seats, and small pictures in a corner."""

from dataclasses import dataclass
from enum import StrEnum


class Layout(StrEnum):
    """How the sites of a scene share the picture (bố cục hình)."""

    FULL = "full"
    PICTURE_IN_PICTURE = "picture-in-picture"
    SIDE_BY_SIDE = "side-by-side"
    GRID_4 = "grid-4"
    GRID_9 = "grid-9"
    FILMSTRIP = "filmstrip"
    """Who speaks, with four others in a column."""
    HALL_AND_SPEAKER = "hall-and-speaker"
    """Who speaks, and smaller beside him the hall."""
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
    Layout.FILMSTRIP: 5,
    Layout.HALL_AND_SPEAKER: 2,
    Layout.SLATE: 0,
}


@dataclass(frozen=True, slots=True)
class Rect:
    """A part of the picture, as fractions of its width and height."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: "Rect") -> bool:
        across = self.x < other.x + other.width and other.x < self.x + self.width
        return across and self.y < other.y + other.height and other.y < self.y + self.height


class Corner(StrEnum):
    """Where a small picture lies: a picture-in-picture's, or the sign-language interpreter's."""

    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"

    @property
    def left(self) -> bool:
        return self in (Corner.TOP_LEFT, Corner.BOTTOM_LEFT)

    @property
    def top(self) -> bool:
        return self in (Corner.TOP_LEFT, Corner.TOP_RIGHT)

    @property
    def across(self) -> "Corner":
        """The other one at the same height."""
        return _ACROSS[self]


_ACROSS = {
    Corner.TOP_LEFT: Corner.TOP_RIGHT,
    Corner.TOP_RIGHT: Corner.TOP_LEFT,
    Corner.BOTTOM_LEFT: Corner.BOTTOM_RIGHT,
    Corner.BOTTOM_RIGHT: Corner.BOTTOM_LEFT,
}

INSET_X = 0.03
INSET_TOP, INSET_TOP_LEFT, INSET_BOTTOM = 0.06, 0.2, 0.71
"""Where it begins or ends: below logo and "live", above the lower third and the clock, which would
lie on the face in it (`broadcast/overlay/README.md`)."""
INSET_SHARES = (0.15, 0.45)
"""The least and the most that an inset may have of the width."""


@dataclass(frozen=True, slots=True)
class Inset:
    """The small picture of a picture-in-picture: its corner, and its share of the width."""

    corner: Corner = Corner.TOP_RIGHT
    share: float = 0.27

    def rect(self) -> Rect:
        """Inside the safe area for action (EBU R 95: 3.5 %), nearly."""
        return cornered(self.corner, self.share, self.share, INSET_BOTTOM)


INSET = Inset()


def cornered(corner: Corner, width: float, height: float, bottom: float) -> Rect:
    """A small picture there; at the bottom it ends at `bottom`."""
    x = INSET_X if corner.left else 1 - INSET_X - width
    from_top = INSET_TOP_LEFT if corner.left else INSET_TOP
    return Rect(x, from_top if corner.top else bottom - height, width, height)


def seats_of(layout: Layout, inset: Inset = INSET) -> tuple[Rect, ...]:
    """Where each seat lies, from back to front; `inset` is for picture-in-picture alone."""
    match layout:
        case Layout.FULL:
            return (Rect(0, 0, 1, 1),)
        case Layout.PICTURE_IN_PICTURE:
            return (Rect(0, 0, 1, 1), inset.rect())
        case Layout.SIDE_BY_SIDE:
            return (Rect(0.01, 0.255, 0.485, 0.485), Rect(0.505, 0.255, 0.485, 0.485))
        case Layout.GRID_4:
            return _grid(2)
        case Layout.GRID_9:
            return _grid(3)
        case Layout.FILMSTRIP:
            column = (Rect(0.76, 0.02 + n * 0.245, 0.23, 0.23) for n in range(4))
            return (Rect(0.01, 0.13, 0.74, 0.74), *column)
        case Layout.HALL_AND_SPEAKER:
            return (Rect(0.385, 0.2, 0.605, 0.605), Rect(0.01, 0.32, 0.365, 0.365))
        case Layout.SLATE:
            return ()


def _grid(n: int) -> tuple[Rect, ...]:
    return tuple(Rect(col / n, row / n, 1 / n, 1 / n) for row in range(n) for col in range(n))
