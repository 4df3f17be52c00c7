"""What is on air, as plain data: the director states it, the studio makes it so.

The whole state travels at every change; the studio compares it with the last one. After a crash
of either side the first state to arrive is compared with nothing, and that is the recovery.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from broadcast.interpreters import Booth, Language, Signer
from broadcast.layout import INSET, Inset, Layout, Rect, seats_of
from streams.frames import SiteId

PLAYER = SiteId("@player")
"""What sits in a seat for the media player. No site can be called so, and none can send as it."""


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


def clear_of(scene: Scene, signer: Signer | None) -> Scene:
    """With the small picture of a picture-in-picture on the other side, if it would lie under the
    interpreter's box."""
    if signer is None or scene.layout is not Layout.PICTURE_IN_PICTURE:
        return scene
    if not scene.inset.rect().meets(signer.rect):
        return scene
    return replace(scene, inset=replace(scene.inset, corner=scene.inset.corner.across))


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
    sound_later_ms: dict[SiteId, int] = field(default_factory=dict)
    """Where a site's own devices put sound and picture apart: by how much its sound is held back;
    negative: its picture."""
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
