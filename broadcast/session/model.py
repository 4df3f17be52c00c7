"""The session as data (words: council procedure). No behaviour but look-ups.

All times are epoch milliseconds (`*_at_ms`, `since_ms`) or durations (`*_ms`). A clock that runs is
a start and a limit, never a counter.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NewType

from broadcast.interpreters import Language, Signer
from broadcast.program import CUT, Clip, Scene, Transition
from broadcast.session.rehearsal import Check, Checked
from broadcast.session.written import Written
from streams.frames import SiteId

if TYPE_CHECKING:
    from broadcast.session.events import Event

DelegateId = NewType("DelegateId", str)
ItemId = NewType("ItemId", str)
RequestId = NewType("RequestId", str)
TurnId = NewType("TurnId", str)
DocumentId = NewType("DocumentId", str)
PromiseId = NewType("PromiseId", str)


class Role(StrEnum):
    """Who may do what is written beside each command."""

    OPERATOR = "operator"
    CHAIR = "chair"
    CLERK = "clerk"
    VIEWER = "viewer"
    SITE = "site"
    SYSTEM = "system"
    """The server itself: a site came or went, the demo fills its queue."""


class Phase(StrEnum):
    PREPARED = "prepared"
    """Sites may join and be tested; nothing is public, nothing is recorded."""
    LIVE = "live"
    PAUSED = "paused"
    """Giải lao: public outputs go on with a slate; clocks stand."""
    ENDED = "ended"


class SiteKind(StrEnum):
    HALL = "hall"
    DISTRICT = "district"


class ItemKind(StrEnum):
    """Kinds of agenda item (nội dung)."""

    REPORT = "report"
    DISCUSSION = "discussion"
    QUESTIONING = "questioning"
    """A question group (nhóm vấn đề): has persons questioned, runs in rounds."""
    EXPLANATION = "explanation"
    OTHER = "other"


class RequestKind(StrEnum):
    """Kinds of turn, each with its own limit in procedures.toml."""

    PRESENTATION = "presentation"
    SPEECH = "speech"
    DEBATE = "debate"
    EXPLANATION = "explanation"
    OPENING = "opening"
    QUESTION = "question"
    ANSWER = "answer"
    REBUTTAL = "rebuttal"
    """Tranh luận lại: debate on an answer; whoever asked that question comes first (Art. 19.2d)."""


class RequestState(StrEnum):
    WAITING = "waiting"
    CALLED = "called"
    """On the floor, or in the round that was called and waiting to be next."""
    HEARD = "heard"
    WITHDRAWN = "withdrawn"
    ABSENT = "absent"
    """Called, did not answer."""


class OverlayName(StrEnum):
    """What the operator can switch. The order is the order on screen, from back to front."""

    AGENDA = "agenda"
    QUEUE = "queue"
    LOWER_THIRD = "lower_third"
    CLOCK = "clock"
    LIVE = "live"
    LOGO = "logo"


@dataclass(frozen=True, slots=True)
class Site:
    id: SiteId
    name: str
    """On screen: "Điểm cầu huyện Mường Nhé"."""
    kind: SiteKind = SiteKind.DISTRICT
    booth: Language | None = None
    """An interpreter sits there, who is heard by those alone who choose the language."""
    sound_later_ms: int = 0
    """Than it comes beside its picture, which is late by so much; negative: the picture is held
    back."""


@dataclass(frozen=True, slots=True)
class Delegate:
    id: DelegateId
    name: str
    title: str = ""
    group: str = ""
    """Tổ đại biểu."""
    site: SiteId = SiteId("hall")


@dataclass(frozen=True, slots=True)
class AgendaItem:
    id: ItemId
    title: str
    kind: ItemKind = ItemKind.DISCUSSION
    presenter: DelegateId | None = None
    planned_minutes: int = 0
    closed: bool = False
    """Kín: nothing of it leaves the room."""
    questioned: tuple[DelegateId, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A PDF of an item. The sites may read it while they may know of the item."""

    id: DocumentId
    item: ItemId
    name: str
    size_bytes: int
    sha256: str
    public: bool = False
    """The public may read it too, unless the item is closed."""


@dataclass(frozen=True, slots=True)
class Request:
    """A delegate's wish to speak on one item; the queue is these, in order of `order`."""

    id: RequestId
    delegate: DelegateId
    kind: RequestKind
    item: ItemId
    registered_at_ms: int
    order: int
    """Registration order; the chair's reordering changes it and is an event of its own."""
    state: RequestState = RequestState.WAITING
    answers_to: RequestId | None = None
    """For an answer: the question. For a rebuttal: the question whose answer is debated."""
    invited: bool = False
    """The chair gave the floor unasked; nothing was registered."""
    moved: bool = False
    """The chair gave it another place than registration did."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A request that was called (lượt phát biểu), or a turn given without one."""

    id: TurnId
    delegate: DelegateId
    kind: RequestKind
    item: ItemId
    site: SiteId
    started_at_ms: int
    limit_ms: int
    request: RequestId | None = None
    ended_at_ms: int | None = None
    paused_at_ms: int | None = None
    paused_ms: int = 0
    """Time the clock stood, without the pause that still runs."""
    warn_ms: int = 30_000
    """The clock warns when this much is left."""
    answers: tuple[RequestId, ...] = ()
    """For an answer: the questions it answers; the chair may have several answered at once."""

    def used_ms(self, now_ms: int) -> int:
        end = self.ended_at_ms or self.paused_at_ms or now_ms
        return max(0, end - self.started_at_ms - self.paused_ms)


@dataclass(frozen=True, slots=True)
class Round:
    """Lượt hỏi: questioners called together; then the person questioned answers each."""

    number: int
    item: ItemId
    questions: tuple[RequestId, ...]


@dataclass(frozen=True, slots=True)
class Break:
    """What the end of a pause (giải lao) brings back."""

    clock_ran: bool
    microphones: frozenset[SiteId]
    turn_microphone: SiteId | None


@dataclass(frozen=True, slots=True)
class ClosedPart:
    """Họp kín: nothing leaves the room, and only some sites are in it."""

    since_ms: int
    by: str
    """Who closed it, as the account is called."""
    staying: frozenset[SiteId]
    asked_at_ms: int | None = None
    """Somebody asked to open it again; it opens only when that is confirmed."""
    asked_by: str = ""


class DepartureKind(StrEnum):
    MOVED = "moved"
    """A waiting request was given another place."""
    OUT_OF_ORDER = "out_of_order"
    """Somebody was called past others who were to come first."""
    EXTENDED = "extended"
    """One turn was given more time, or less."""
    LIMIT = "limit"
    """All turns of a kind were."""


@dataclass(frozen=True, slots=True)
class Departure:
    """The chair departed from what the rules say by themselves, as the chair may."""

    at_ms: int
    kind: DepartureKind
    item: ItemId | None
    """None: the whole session."""
    delegate: DelegateId | None = None
    request_kind: RequestKind | None = None
    limit_ms: int | None = None
    """The new limit; None: what the rules say."""
    before_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """What somebody promised in an answer (lời hứa), to be followed up after the session."""

    id: PromiseId
    text: str
    delegate: DelegateId
    item: ItemId | None
    question: RequestId | None
    due: str
    """A date, "2026-12-31"; may be empty."""
    noted_at_ms: int
    kept: bool = False


@dataclass(frozen=True, slots=True)
class ItemClock:
    """How long an item was the current one, breaks left out."""

    before_ms: int = 0
    """Without the stretch that still runs."""
    since_ms: int | None = None

    def used_ms(self, now_ms: int) -> int:
        running_ms = max(0, now_ms - self.since_ms) if self.since_ms is not None else 0
        return self.before_ms + running_ms


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The machine's clock was set while the session was under way."""

    new_at_ms: int
    """By the clock as it was set."""
    by_ms: int
    """What it had been is that much less."""


@dataclass(frozen=True, slots=True)
class Undo:
    """The last act, while it can be undone: the state before it, and what came after it."""

    act: int
    """The version of its first event: its name."""
    what: str
    """The command's type."""
    at_ms: int
    before: "SessionState" = field(repr=False)
    delegate: DelegateId | None = None
    item: ItemId | None = None
    left: int = 0
    """Events of the act that are still to come."""
    since: "tuple[Event, ...]" = ()


@dataclass(frozen=True, slots=True)
class SessionState:
    """Folded from the events; equal logs give equal states."""

    id: str = ""
    title: str = ""
    subtitle: str = ""
    """Place and date as the slate shows them."""
    phase: Phase = Phase.PREPARED
    started_at_ms: int | None = None
    ended_at_ms: int | None = None
    sites: dict[SiteId, Site] = field(default_factory=dict)
    delegates: dict[DelegateId, Delegate] = field(default_factory=dict)
    agenda: tuple[AgendaItem, ...] = ()
    planned_start_at_ms: int | None = None
    documents: dict[DocumentId, Document] = field(default_factory=dict)
    checks: dict[tuple[SiteId, Check], Checked] = field(default_factory=dict)
    """Of the last rehearsal."""
    rehearsed_at_ms: int | None = None
    """When it began."""
    tests_asked: dict[SiteId, int] = field(default_factory=dict)
    """When each site's page was last asked to test itself."""
    retired_sites: frozenset[SiteId] = frozenset()
    """Ids of sites that were taken out."""
    current_item: ItemId | None = None
    done_items: frozenset[ItemId] = frozenset()
    """Were current while the session ran, and are no more."""
    requests: dict[RequestId, Request] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()
    """In the order they were given; the floor's holder is the last, if it has not ended."""
    rounds: tuple[Round, ...] = ()
    """Of all items, in the order they were called."""
    program: Scene = Scene()
    transition: Transition = CUT
    """How `program` came on."""
    preview: Scene = Scene()
    before_turn: Scene | None = None
    """The picture that the end of the present turn goes back to."""
    open_microphones: frozenset[SiteId] = frozenset()
    turn_microphone: SiteId | None = None
    """The site whose microphone the present turn opened, and its end closes."""
    cleaned: frozenset[SiteId] = frozenset()
    """Sites from whose sound the room's noise is taken out."""
    may_share: frozenset[SiteId] = frozenset()
    """Sites that may share their screen."""
    sharing: frozenset[SiteId] = frozenset()
    """Those of them that do."""
    player: Clip | None = None
    player_secret: bool = False
    """It was loaded while an item was closed, and belongs to that item."""
    pause: Break | None = None
    """While the phase is paused."""
    hidden_overlays: frozenset[OverlayName] = frozenset()
    signer: Signer | None = None
    """The sign-language interpreter's box, until it is taken out."""
    written: Written = field(default_factory=Written)
    """Notes, captions, corrections and messages."""
    closed_part: ClosedPart | None = None
    """While the room is closed by an act of its own."""
    opened_at_ms: int | None = None
    """When the last closed part ended: what was said before may have been said in secret."""
    limits: dict[tuple[ItemId | None, RequestKind], int] = field(default_factory=dict)
    """What the chair set for all turns of a kind, in an item or (None) in the session."""
    departures: tuple[Departure, ...] = ()
    promises: dict[PromiseId, Promise] = field(default_factory=dict)
    item_clocks: dict[ItemId, ItemClock] = field(default_factory=dict)
    clock_sets: tuple[ClockStep, ...] = ()
    """All other moments are by the clock as it was set last (`one_clock`)."""
    undo: Undo | None = None
    """The last act, if it may be undone."""
    version: int = 0
    """How many events were folded."""

    @property
    def floor(self) -> Turn | None:
        """The one turn that runs now."""
        last = self.turns[-1] if self.turns else None
        return last if last is not None and last.ended_at_ms is None else None

    @property
    def round(self) -> Round | None:
        """The last one of the current item."""
        rounds = (one for one in reversed(self.rounds) if one.item == self.current_item)
        return next(rounds, None)

    @property
    def item(self) -> AgendaItem | None:
        return next((item for item in self.agenda if item.id == self.current_item), None)

    @property
    def booths(self) -> dict[SiteId, Language]:
        """The interpreters' sites."""
        return {site.id: site.booth for site in self.sites.values() if site.booth is not None}

    @property
    def meeting(self) -> tuple[Site, ...]:
        """The sites where it is held: not an interpreter's booth, nor the room of who signs."""
        seated = {delegate.site for delegate in self.delegates.values()}
        signing = None if self.signer is None else self.signer.site
        return tuple(
            site
            for site in self.sites.values()
            if site.booth is None and (site.id != signing or site.id in seated)
        )

    @property
    def closed(self) -> bool:
        """Nothing may leave the room now."""
        item = self.item
        return self.closed_part is not None or (item is not None and item.closed)

    @property
    def clock_set_ms(self) -> int:
        """How far the machine's clock was set since the session was prepared."""
        return sum(step.by_ms for step in self.clock_sets)

    @property
    def put_out(self) -> frozenset[SiteId]:
        """The sites that are outside the door: nothing comes from them, nothing goes to them.
        Interpreters always are: they would still say what was closed when the room opens."""
        if self.closed_part is None or self.phase not in {Phase.LIVE, Phase.PAUSED}:
            return frozenset()
        return frozenset(self.sites).difference(self.closed_part.staying).union(self.booths)
