"""What is on air, as plain data: the director states it, the studio makes it so.

The whole state travels at every change; the studio compares it with the last one. After a crash
of either side the first state to arrive is compared with nothing, and that is the recovery.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from streams.frames import SiteId

PLAYER = SiteId("@player")
"""What sits in a seat for the media player. No site can be called so, and none can send as it."""


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
        return _cornered(self.corner, self.share, self.share, INSET_BOTTOM)


INSET = Inset()


def _cornered(corner: Corner, width: float, height: float, bottom: float) -> Rect:
    x = INSET_X if corner.left else 1 - INSET_X - width
    from_top = INSET_TOP_LEFT if corner.left else INSET_TOP
    return Rect(x, from_top if corner.top else bottom - height, width, height)


SIGNER_BOTTOM = 0.69
"""Above the tallest lower third, the clock, and captions that a player writes."""
SIGNER_SHARES = (0.14, 0.3)
"""The least and the most that his box may have of the width: in smaller ones hands are not read,
and beside larger ones a slate has no room for its words."""
SIGNER_SHARE = 0.21
SIGNER_SHAPE = 3 / 4
"""Height by width of the box: a picture of 16:9 is cut at its sides, where nobody signs."""


@dataclass(frozen=True, slots=True)
class Signer:
    """The sign-language interpreter's box, which stands over every layout: who, and where."""

    site: SiteId
    corner: Corner = Corner.BOTTOM_RIGHT
    share: float = SIGNER_SHARE
    """Of the width."""

    @property
    def rect(self) -> Rect:
        """Of a picture of 16:9."""
        height = self.share * SIGNER_SHAPE * 16 / 9
        return _cornered(self.corner, self.share, height, SIGNER_BOTTOM)

    @property
    def clear(self) -> float:
        """The share of the width that words in the middle leave free at each side."""
        return INSET_X + self.share


def clear_of(scene: "Scene", signer: Signer | None) -> "Scene":
    """With the small picture of a picture-in-picture on the other side, if it would lie under the
    interpreter's box."""
    if signer is None or scene.layout is not Layout.PICTURE_IN_PICTURE:
        return scene
    if not scene.inset.rect().meets(signer.rect):
        return scene
    return replace(scene, inset=replace(scene.inset, corner=scene.inset.corner.across))


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


@dataclass(frozen=True, slots=True)
class Scene:
    """A layout and who sits in its seats, in order. Empty seats stay dark."""

    layout: Layout = Layout.SLATE
    sources: tuple[SiteId, ...] = ()
    inset: Inset = INSET
    """For picture-in-picture; as built in for all others, so that equal pictures are equal."""

    @property
    def seats(self) -> tuple[Rect, ...]:
        """Where its sites lie, from back to front."""
        return seats_of(self.layout, self.inset)


class TransitionKind(StrEnum):
    """How one scene gives way to the next (chuyển cảnh)."""

    CUT = "cut"
    DISSOLVE = "dissolve"
    WIPE = "wipe"


@dataclass(frozen=True, slots=True)
class Transition:
    """How a scene comes on; a cut takes no time whatever `duration_ms` says."""

    kind: TransitionKind = TransitionKind.CUT
    duration_ms: int = 500


CUT = Transition()
TRANSITION_MS = (200, 1000)
"""The shortest and the longest."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """One drawn element over the picture: a template's name and what it says.

    `fields` holds texts, numbers and lists of such; a moment is epoch milliseconds in a field
    ending in `_at_ms`, so that the studio can let a clock tick without hearing of each second.
    """

    name: str
    fields: dict[str, Any] = field(default_factory=dict)


OVER_A_SLATE = frozenset({"live", "logo"})
"""Names of overlays. A slate has its own words; these do not stand in their way."""
LISTS = frozenset({"agenda", "queue"})
"""These would cover the words of a card that fills the picture: that its site is lost."""


class ClipKind(StrEnum):
    """What the media player can play."""

    FILM = "film"
    SOUND = "sound"
    """Sound alone, such as the national anthem; its picture is a card with the title."""
    SLIDES = "slides"
    """A picture, or the pages of a PDF."""
    COUNTDOWN = "countdown"
    """A card whose clock counts down."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What the media player plays, and how. It is seen where `PLAYER` has a seat."""

    number: int
    """Another at each load: the same file again begins anew."""
    kind: ClipKind
    title: str
    file: str = ""
    """Its name in `data_dir/media`; a countdown has none."""
    page: int = 1
    """Of slides."""
    position_ms: int = 0
    """Where it stands; while it runs, where it stood at `started_at_ms`."""
    started_at_ms: int | None = None
    """Since when it runs; None: it stands still."""
    duration_ms: int = 0
    """Of a countdown; how long a file is, only the studio knows."""
    loop: bool = False
    sound: bool = False
    """It is heard. Never while it stands still, and only because somebody asked for it."""


class Take(StrEnum):
    """What goes to the public: web, television, radio and archive alike."""

    ROOM = "room"
    """The same packets as the room gets."""
    SLATE = "slate"
    """`ProgramState.public_slate` and silence: before and after the session, and while closed."""


@dataclass(frozen=True, slots=True)
class Language:
    """One into which is interpreted."""

    code: str
    """BCP 47, in small letters: `hmn`, `km`."""
    name: str
    """As listeners choose it: "Tiếng Mông"."""


@dataclass(frozen=True, slots=True)
class Booth:
    """Where an interpreter sits (cabin phiên dịch). The room never hears it."""

    site: SiteId
    language: Language
    open: bool = False
    """Its microphone: whoever chose the language hears it."""


@dataclass(frozen=True, slots=True)
class ProgramState:
    """Everything the studio needs to know, and all that it knows, of a session."""

    version: int = 0
    """Grows with every change; a still or a status from the studio names the one it followed."""
    stream: str = ""
    """Folder of the archive and name in the URLs (the session's id). Empty: nothing to record."""
    recording: bool = False
    """Write what is public to the archive. Live HLS is the same files."""
    sealed: bool = False
    """Write what the room sees and hears to its own place, under lock: an item is closed."""
    finished: bool = False
    """The session is over: the playlist gets its end mark."""
    public: Take = Take.SLATE
    public_slate: Overlay = Overlay("slate")
    program: Scene = Scene()
    transition: Transition = CUT
    """How `program` comes on when it is another than before."""
    preview: Scene = Scene()
    signer: Signer | None = None
    """The sign-language interpreter's box, over whatever is in the picture."""
    signer_public: bool = False
    """The public sees it too, over `public_slate` as well. Never while anything is closed."""
    overlays: tuple[Overlay, ...] = ()
    """From back to front, over the program; the `slate` layout takes its text from `slate`."""
    slate: Overlay = Overlay("slate")
    open_microphones: frozenset[SiteId] = frozenset()
    cleaned: frozenset[SiteId] = frozenset()
    """Sites from whose sound the room's noise is taken out."""
    booths: tuple[Booth, ...] = ()
    player: Clip | None = None
    site_names: dict[SiteId, str] = field(default_factory=dict)
    """For the titles of seats and the signal-lost card."""

    @property
    def awaited(self) -> frozenset[SiteId]:
        """What is on air or about to be, seen or heard."""
        signing = () if self.signer is None else (self.signer.site,)
        booths = (booth.site for booth in self.booths if booth.open)
        seen = self.program.sources, self.preview.sources, signing
        return self.open_microphones.union(*seen, booths)

    @property
    def languages(self) -> tuple[Language, ...]:
        """Each once, in the order of the booths."""
        return tuple({booth.language.code: booth.language for booth in self.booths}.values())


PROGRAM_STATE: TypeAdapter[ProgramState] = TypeAdapter(ProgramState)
"""To and from the wire's JSON."""
