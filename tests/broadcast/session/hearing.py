"""A small hearing to try the rules on: a hall, two districts, and a clock that we turn."""

from dataclasses import replace

from broadcast.session.chair_events import ActBegan
from broadcast.session.commands import (
    ChooseItem,
    Command,
    ConfirmOpening,
    GoLive,
    Register,
    RequestOpening,
    Undo,
)
from broadcast.session.decide import Act, Refusal, decide
from broadcast.session.events import ClockSet, Event, Events, SessionPrepared
from broadcast.session.evolve import fold
from broadcast.session.model import (
    AgendaItem,
    Delegate,
    DelegateId,
    ItemId,
    ItemKind,
    RequestId,
    RequestKind,
    Role,
    SessionState,
    Site,
    SiteKind,
    Turn,
)
from broadcast.session.order import calling_order, next_request
from broadcast.session.procedure import load_procedure
from streams.frames import SiteId

HALL, NHE, CHUA = SiteId("hall"), SiteId("muong-nhe"), SiteId("tua-chua")
PROCEDURE = load_procedure()
START_MS = 1_780_000_000_000
SECRET = "Công tác nhân sự tuyệt mật"

PREPARED = SessionPrepared(
    at_ms=START_MS,
    id="phien-1",
    title="Phiên chất vấn",
    subtitle="HĐND tỉnh Điện Biên",
    sites=(
        Site(HALL, "Hội trường HĐND tỉnh", SiteKind.HALL),
        Site(NHE, "Điểm cầu huyện Mường Nhé"),
        Site(CHUA, "Điểm cầu huyện Tủa Chùa"),
    ),
    delegates=tuple(
        Delegate(DelegateId(id_), name, title, site=site)
        for id_, name, title, site in (
            ("bo", "Trần Quốc Khánh", "Giám đốc Sở", HALL),
            ("pho", "Hoàng Mai Phương", "Phó Giám đốc Sở", HALL),
            ("an", "Pờ Mỳ Lế", "Đại biểu", NHE),
            ("binh", "Sùng Thị Sáy", "Đại biểu", NHE),
            ("chi", "Mùa A Lềnh", "Đại biểu", CHUA),
            ("dung", "Sùng A Vảng", "Đại biểu", CHUA),
        )
    ),
    agenda=(
        AgendaItem(ItemId("bao-cao"), "Báo cáo", ItemKind.REPORT, presenter=DelegateId("bo")),
        AgendaItem(ItemId("thao-luan"), "Thảo luận", ItemKind.DISCUSSION),
        AgendaItem(
            ItemId("chat-van"), "Chất vấn", ItemKind.QUESTIONING, questioned=(DelegateId("bo"),)
        ),
        AgendaItem(ItemId("nhan-su"), SECRET, ItemKind.OTHER, closed=True),
    ),
)


def snapshot(state: SessionState) -> SessionState:
    """A copy that nobody else can change: all is frozen but the dictionaries."""
    return replace(
        state,
        sites=dict(state.sites),
        delegates=dict(state.delegates),
        requests=dict(state.requests),
        documents=dict(state.documents),
        checks=dict(state.checks),
        limits=dict(state.limits),
        promises=dict(state.promises),
        item_clocks=dict(state.item_clocks),
    )


class Hearing:
    """Gives commands one second apart and keeps the log."""

    def __init__(self, item: str | None = None, *, live: bool = True) -> None:
        self.log: list[Event] = [PREPARED]
        self.state = fold(self.log)
        self.now_ms = START_MS
        self._ids = 0
        if item is not None:
            self.do(ChooseItem(item=item))
        if live:
            self.do(GoLive())

    def act(self, role: Role = Role.OPERATOR, site: SiteId | None = None) -> Act:
        self._ids += 1
        return Act(self.now_ms, role, "thử", site, f"id-{self._ids}")

    def after(self, seconds: float) -> "Hearing":
        self.now_ms += round(seconds * 1000)
        return self

    def do(
        self, command: Command, role: Role = Role.OPERATOR, site: SiteId | None = None
    ) -> Events:
        """What follows; it is in the log then, with the mark of an act that may be undone."""
        self.after(1)
        events = decide(self.state, command, self.act(role, site), PROCEDURE)
        self.state = fold(events, self.state)
        self.log += events
        return tuple(event for event in events if not isinstance(event, ActBegan))

    def undo(self) -> Events:
        assert self.state.undo is not None
        return self.do(Undo(act=self.state.undo.act))

    def set_clock(self, by_ms: int) -> None:
        """The machine's, just now."""
        self.now_ms += by_ms
        event = ClockSet(at_ms=self.now_ms, by_ms=by_ms)
        self.state = fold([event], self.state)
        self.log.append(event)

    def open_again(self) -> None:
        """The closed room, in two steps."""
        self.do(RequestOpening())
        self.do(ConfirmOpening())

    def refused(
        self, command: Command, role: Role = Role.OPERATOR, site: SiteId | None = None
    ) -> str:
        """The refusal's code; nothing has changed."""
        before = snapshot(self.state)
        try:
            events = decide(self.state, command, self.act(role, site), PROCEDURE)
        except Refusal as refusal:
            assert self.state == before
            return refusal.code
        raise AssertionError(f"not refused: {events}")

    def register(
        self, delegate: str, kind: RequestKind, answers_to: str | None = None
    ) -> RequestId:
        self.do(Register(delegate=delegate, kind=kind, answers_to=answers_to))
        return next(reversed(self.state.requests))

    @property
    def queue(self) -> list[str]:
        """Who waits, in calling order."""
        return [str(request.delegate) for request in calling_order(self.state)]

    @property
    def next(self) -> tuple[str, str] | None:
        """Delegate and kind of the next call."""
        call = next_request(self.state, PROCEDURE)
        return (str(call.delegate), str(call.kind)) if call is not None else None

    @property
    def floor(self) -> Turn:
        assert self.state.floor is not None
        return self.state.floor

    @property
    def speaker(self) -> str | None:
        return str(self.state.floor.delegate) if self.state.floor is not None else None
