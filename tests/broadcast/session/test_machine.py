"""No sequence of commands breaks the rules.

Commands are drawn at random, sensible and senseless ones alike; what must hold of each and after it
stands in `machine.py`.
"""

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import initialize, precondition, rule

from broadcast.layout import Layout
from broadcast.program import PLAYER
from broadcast.session.commands import (
    COMMANDS,
    AddDocument,
    AllowScreen,
    AskSelfTest,
    BeginRehearsal,
    Call,
    CallNext,
    CallRound,
    CancelSession,
    ChooseItem,
    ClearPlayer,
    CloseMicrophone,
    ClosePart,
    Command,
    ConfirmOpening,
    CorrectCaption,
    CorrectName,
    CorrectTurn,
    Cut,
    DescribeSession,
    DropPromise,
    EndSession,
    EndTurn,
    ExtendTurn,
    GiveTurn,
    GoLive,
    ImportRows,
    KeepClosed,
    LoadCountdown,
    LoadPlayer,
    LoopPlayer,
    MarkAbsent,
    MarkRoll,
    MoveItem,
    MuteAll,
    NotePromise,
    OpenMicrophone,
    PauseClock,
    PausePlayer,
    PauseSession,
    PutDelegate,
    PutItem,
    PutSite,
    RecordCheck,
    Register,
    RemoveDelegate,
    RemoveDocument,
    RemoveItem,
    RemoveSite,
    RenewLink,
    Reorder,
    RequestOpening,
    ResumeClock,
    ResumeSession,
    SceneWish,
    SeekPlayer,
    SendMessage,
    SetBooth,
    SetItemClosed,
    SetLimit,
    SetNoiseSuppression,
    SetPlayerSound,
    SetPreview,
    SetSigner,
    SettlePromise,
    ShareScreen,
    ShiftSound,
    ShowDocument,
    ShowOverlay,
    StartPlayer,
    StopPlayer,
    StopScreen,
    StrikeNote,
    TurnPage,
    TypeCaption,
    Undo,
    Withdraw,
    WriteNote,
)
from broadcast.session.evolve import fold
from broadcast.session.model import (
    ItemKind,
    OverlayName,
    Phase,
    RequestKind,
    Role,
)
from broadcast.session.rehearsal import Check, Outcome
from broadcast.session.rules.booths import LanguageWish
from broadcast.session.rules.importing import DelegateRow, ItemRow, SiteRow
from broadcast.session.undoing import without_undone
from streams.frames import SiteId, screen_of
from tests.broadcast.session.hearing import PREPARED, PROCEDURE
from tests.broadcast.session.machine import KeptSession

SITES = st.sampled_from([site.id for site in PREPARED.sites])
ANY_SITE = st.one_of(SITES, st.just("la"))
DELEGATES = st.sampled_from([delegate.id for delegate in PREPARED.delegates])
LANGUAGES = (LanguageWish(code="hmn", name="Tiếng Mông"), LanguageWish(code="km", name="Khmer"))
KINDS = st.sampled_from(RequestKind)
IN_QUESTIONING = st.sampled_from([RequestKind.QUESTION, RequestKind.ANSWER, RequestKind.REBUTTAL])
ITEMS = st.sampled_from([item.id for item in PREPARED.agenda])
SOURCES = st.one_of(ANY_SITE, SITES.map(screen_of), st.just(PLAYER))
SCENES = st.builds(
    SceneWish,
    layout=st.sampled_from(Layout),
    sources=st.lists(SOURCES, max_size=3).map(tuple),
)
PLAIN = st.sampled_from(
    [
        CallRound(),
        CallRound(size=2),
        EndTurn(),
        PauseClock(),
        ResumeClock(),
        PauseSession(),
        MuteAll(),
        Cut(),
        GoLive(),
    ]
)
SWITCHES: st.SearchStrategy[Command] = st.one_of(
    st.builds(Cut, scene=SCENES),
    st.builds(SetPreview, scene=SCENES),
    st.builds(OpenMicrophone, site=ANY_SITE),
    st.builds(CloseMicrophone, site=ANY_SITE),
    st.builds(ShowOverlay, name=st.sampled_from(OverlayName), visible=st.booleans()),
    st.builds(ExtendTurn, by_ms=st.sampled_from([60_000, -60_000, 10**7, -(10**7), 0])),
    st.builds(SetNoiseSuppression, site=ANY_SITE, on=st.booleans()),
    st.builds(ShiftSound, site=ANY_SITE, later_ms=st.sampled_from([-200, 0, 40])),
    st.builds(SetSigner, site=st.one_of(st.none(), ANY_SITE)),
    st.builds(AskSelfTest, site=ANY_SITE),
)
PLAYING: st.SearchStrategy[Command] = st.one_of(
    st.builds(LoadPlayer, file=st.sampled_from(["phim.mp4", "quoc-ca.mp3", "to-trinh.pdf", "x"])),
    st.just(LoadCountdown(duration_ms=60_000, title="Bắt đầu sau")),
    st.builds(StartPlayer, sound=st.booleans()),
    st.builds(SetPlayerSound, sound=st.booleans()),
    st.builds(LoopPlayer, loop=st.booleans()),
    st.builds(SeekPlayer, position_ms=st.integers(0, 90_000)),
    st.builds(TurnPage, page=st.integers(1, 3)),
    st.sampled_from([PausePlayer(), StopPlayer(), ClearPlayer()]),
)


def test_every_command_is_drawn() -> None:
    """A new one too: what is imported here is used, says the linter."""
    assert [one.__name__ for one in COMMANDS.values() if one.__name__ not in globals()] == []


class Sessions(KeptSession):
    """What may be tried. The first few are what a hearing is made of, so that it gets somewhere."""

    @initialize(
        item=st.sampled_from(["chat-van", "chat-van", "thao-luan", "bao-cao"]),
        live=st.sampled_from([True, True, True, False]),
    )
    def begin(self, item: str, live: bool) -> None:
        self.give(ChooseItem(item=item))
        if live:
            self.give(GoLive())

    @rule()
    def call_next(self) -> None:
        self.give(CallNext())

    @rule(delegate=DELEGATES)
    def register_for_business(self, delegate: str) -> None:
        questioning = self.state.current_item == "chat-van"
        kind = RequestKind.QUESTION if questioning else RequestKind.SPEECH
        self.give(Register(delegate=delegate, kind=kind))

    @precondition(lambda self: self.state.item is not None)
    @rule(delegate=DELEGATES, data=st.data())
    def register_what_is_possible(self, delegate: str, data: st.DataObject) -> None:
        kinds = PROCEDURE.items[self.state.item.kind].kinds  # type: ignore[union-attr]
        self.give(Register(delegate=delegate, kind=data.draw(st.sampled_from(kinds))))

    @precondition(lambda self: any(turn.answers for turn in self.state.turns))
    @rule(delegate=DELEGATES, data=st.data())
    def debate(self, delegate: str, data: st.DataObject) -> None:
        """On an answer: by anybody, or by who asked."""
        answered = sorted({question for turn in self.state.turns for question in turn.answers})
        question = data.draw(st.sampled_from(answered))
        if data.draw(st.booleans()):
            delegate = self.state.requests[question].delegate
        self.give(Register(delegate=delegate, kind=RequestKind.REBUTTAL, answers_to=question))

    @rule(command=PLAIN)
    def plain(self, command: Command) -> None:
        self.give(command)

    @rule(command=SWITCHES)
    def switch(self, command: Command) -> None:
        self.give(command)

    @rule(command=PLAYING)
    def play(self, command: Command) -> None:
        self.give(command)

    @rule(site=SITES, data=st.data())
    def share(self, site: SiteId, data: st.DataObject) -> None:
        """A site is allowed to, does, and may be told to stop."""
        self.give(AllowScreen(site=site, allowed=data.draw(st.booleans())))
        self.give(ShareScreen(site=site), Role.SITE, data.draw(SITES))
        self.give(ShareScreen(site=site), Role.SITE, site)
        if data.draw(st.booleans()):
            self.give(StopScreen(site=site))

    @rule(seconds=st.one_of(st.integers(0, 600), st.just(15 * 3600)))
    def time_passes(self, seconds: int) -> None:
        """Over night, too."""
        self.now_ms += seconds * 1000

    @precondition(lambda self: len(self.state.turns) % 5 == 4)
    @rule(item=ITEMS)
    def choose_item(self, item: str) -> None:
        self.give(ChooseItem(item=item))

    @precondition(lambda self: self.state.current_item not in {"chat-van", "thao-luan"})
    @rule(item=st.sampled_from(["chat-van", "chat-van", "thao-luan"]))
    def turn_to_business(self, item: str) -> None:
        self.give(ChooseItem(item=item))

    @precondition(lambda self: len(self.log) % 3 == 0)
    @rule(item=ITEMS, closed=st.booleans())
    def close_item(self, item: str, closed: bool) -> None:
        self.give(SetItemClosed(item=item, closed=closed))

    @rule(delegate=DELEGATES, kind=IN_QUESTIONING, data=st.data())
    def register_about(self, delegate: str, kind: RequestKind, data: st.DataObject) -> None:
        self.give(Register(delegate=delegate, kind=kind, answers_to=self.some_request(data)))

    @rule(delegate=DELEGATES, site=SITES, kind=KINDS)
    def register_by_site(self, delegate: str, site: SiteId, kind: RequestKind) -> None:
        events = self.give(Register(delegate=delegate, kind=kind), Role.SITE, site)
        if events:
            assert self.state.delegates[delegate].site == site  # type: ignore[index]

    @rule(delegate=DELEGATES, kind=KINDS, data=st.data())
    def give_turn(self, delegate: str, kind: RequestKind, data: st.DataObject) -> None:
        about = self.some_request(data) if data.draw(st.booleans()) else None
        self.give(GiveTurn(delegate=delegate, kind=kind, answers_to=about))

    @rule(data=st.data(), what=st.sampled_from([Call, Call, Withdraw, MarkAbsent]))
    def about_a_request(self, data: st.DataObject, what: Any) -> None:
        self.give(what(request=self.some_request(data)))

    @rule(data=st.data())
    def reorder(self, data: st.DataObject) -> None:
        before = self.some_request(data) if data.draw(st.booleans()) else None
        self.give(Reorder(request=self.some_request(data), before=before), Role.CHAIR)

    @rule(data=st.data())
    def mend_the_papers(self, data: st.DataObject) -> None:
        """Adding, correcting and taking out, whatever is going on."""
        site = data.draw(st.sampled_from([*self.state.sites, "la"]))
        delegate = data.draw(st.sampled_from([*self.state.delegates, None]))
        item = data.draw(st.sampled_from([*(one.id for one in self.state.agenda), None]))
        name = data.draw(st.sampled_from(["Lò Văn An", "Điểm cầu xã Nà Bủng", "Nội dung thêm"]))
        kind, anew = data.draw(st.sampled_from(ItemKind)), data.draw(st.booleans())
        wishes: list[Command] = [
            PutSite(name=name),
            PutSite(site=site, name=name),
            SetBooth(site=site, language=data.draw(st.sampled_from([*LANGUAGES, None]))),
            RemoveSite(site=site),
            PutDelegate(delegate=delegate, name=name, site=site),
            RemoveDelegate(delegate=delegate or "khong-co"),
            PutItem(item=item, title=name, kind=kind, presenter=delegate),
            MoveItem(item=item or "khong-co", before=None),
            ImportRows(
                sites=(SiteRow(name=name), SiteRow(name="Điểm cầu xã Sín Thầu")), replace=anew
            ),
            ImportRows(delegates=(DelegateRow(name=name, site="hall"),), replace=anew),
            ImportRows(items=(ItemRow(title=name), ItemRow(title="Bế mạc")), replace=anew),
            RecordCheck(site=site, check=Check.ECHO, outcome=Outcome.FAILED, note="vang"),
            BeginRehearsal(),
            DescribeSession(title=name),
        ]
        if len(self.state.agenda) > 2:
            wishes.append(RemoveItem(item=item or "khong-co"))
        self.give(data.draw(st.sampled_from(wishes)))

    @rule(data=st.data(), role=st.sampled_from([Role.CLERK, Role.CLERK, Role.CHAIR]))
    def write_down(self, data: st.DataObject, role: Role) -> None:
        """The clerk at any moment; it moves nothing of the procedure."""
        written, turns = self.state.written, self.state.turns
        text = data.draw(st.sampled_from(["Thông qua 45/48", "Thưa Hội đồng"]))
        delegate = data.draw(st.sampled_from([*self.state.delegates, "la"]))
        moment = data.draw(st.sampled_from([None, self.now_ms - 5000, self.now_ms + 60_000]))
        wishes: list[Command] = [
            WriteNote(text=text),
            WriteNote(text=text, note=data.draw(st.sampled_from([*written.notes, "la"]))),
            StrikeNote(note=data.draw(st.sampled_from([*written.notes, "la"]))),
            TypeCaption(text=text, typing_ms=2000),
            CorrectCaption(caption=data.draw(st.sampled_from([*written.captions, "la"])), text=""),
            CorrectTurn(
                turn=data.draw(st.sampled_from([*(turn.id for turn in turns), "la"])),
                delegate=delegate,
                started_at_ms=moment,
            ),
            CorrectName(delegate=delegate, name="Lò Văn Mừng", title="Đại biểu"),
            MarkRoll(
                delegates=(delegate,), present=data.draw(st.sampled_from([True, False, None]))
            ),
            SendMessage(text=text, site=data.draw(ANY_SITE)),
        ]
        before = self.state
        for event in self.give(data.draw(st.sampled_from(wishes)), role):
            changed = {"written", "delegates", "version", "undo"}
            for name in before.__dataclass_fields__.keys() - changed:
                assert getattr(self.state, name) == getattr(before, name), (event, name)

    @rule(data=st.data(), item=ITEMS, role=st.sampled_from([Role.SYSTEM, Role.OPERATOR]))
    def hand_out_documents(self, data: st.DataObject, item: str, role: Role) -> None:
        document = data.draw(st.sampled_from([*self.state.documents, "la"]))
        taken_in = AddDocument(
            document=f"tai-lieu-{self.acts}",
            item=item,
            name="Tờ trình",
            size_bytes=1,
            sha256="0" * 64,
        )
        wishes: list[Command] = [
            taken_in,
            ShowDocument(document=document, public=data.draw(st.booleans())),
            RemoveDocument(document=document),
            RenewLink(site=data.draw(ANY_SITE)),
        ]
        events = self.give(data.draw(st.sampled_from(wishes)), role)
        assert role is Role.SYSTEM or not {"document_added", "link_renewed"} & {
            event.type for event in events
        }

    @rule(role=st.sampled_from([Role.CLERK, Role.VIEWER]), command=PLAIN)
    def without_the_right(self, role: Role, command: Command) -> None:
        assert self.give(command, role) == ()

    @precondition(lambda self: self.state.phase is Phase.PAUSED)
    @rule()
    def resume(self) -> None:
        self.give(ResumeSession())

    @precondition(lambda self: len(self.log) > 120)
    @rule()
    def end(self) -> None:
        self.give(EndSession())

    @precondition(lambda self: self.state.phase is Phase.PREPARED and len(self.log) > 20)
    @rule()
    def call_off(self) -> None:
        self.give(CancelSession())

    @precondition(lambda self: self.state.floor is None)
    @rule()
    def one_click_and_back(self) -> None:
        """A turn leaves picture and sound as they were."""
        before = self.state
        if self.give(CallNext()):
            self.give(EndTurn())
            assert self.state.program == before.program
            assert self.state.open_microphones == before.open_microphones
            assert self.state.before_turn is None

    @precondition(lambda self: len(self.log) % 3 == 1)
    @rule(staying=st.lists(ANY_SITE, max_size=2).map(tuple), item=st.one_of(st.none(), ITEMS))
    def close_part(self, staying: tuple[str, ...], item: str | None) -> None:
        """One act: the next state has nothing of those outside on air, open or heard."""
        if self.give(ClosePart(staying=staying, item=item)):
            assert self.state.closed
            self.nobody_outside_is_seen_or_heard()

    @precondition(lambda self: self.state.closed_part is not None)
    @rule(command=st.sampled_from([RequestOpening(), ConfirmOpening(), KeepClosed()]))
    def towards_opening(self, command: Command) -> None:
        self.give(command)

    @precondition(lambda self: self.state.closed_part is not None)
    @rule(item=st.sampled_from(["chat-van", "thao-luan"]))
    def open_properly(self, item: str) -> None:
        self.give(ChooseItem(item=item))
        self.give(RequestOpening())
        self.give(ConfirmOpening())

    @precondition(lambda self: self.state.undo is not None)
    @rule()
    def undo(self) -> None:
        self.take_back()

    def take_back(self) -> None:
        """As if the act had not been: what is left of the log without it says the same."""
        undo = self.state.undo
        if undo is not None and self.give(Undo(act=undo.act)):
            told = replace(fold(without_undone(self.log)), version=0, undo=None)
            assert told == replace(self.state, version=0, undo=None, transition=told.transition)

    @precondition(lambda self: self.waiting())
    @rule(data=st.data(), what=st.sampled_from([Call, Withdraw, MarkAbsent]))
    def ask_again_and_undo(self, data: st.DataObject, what: Any) -> None:
        """Who is called or struck off by mistake asks again, before it is taken back."""
        request = data.draw(st.sampled_from(self.waiting()))
        self.give(what(request=request.id))
        self.give(
            Register(delegate=request.delegate, kind=request.kind, answers_to=request.answers_to)
        )
        self.take_back()

    @rule(kind=KINDS, limit_ms=st.sampled_from([None, 60_000, 600_000]), everywhere=st.booleans())
    def set_limit(self, kind: RequestKind, limit_ms: int | None, everywhere: bool) -> None:
        scope: Any = "session" if everywhere else "item"
        self.give(SetLimit(kind=kind, limit_ms=limit_ms, scope=scope), Role.CHAIR)

    @precondition(lambda self: len(self.log) % 4 == 0)
    @rule(delegate=DELEGATES, data=st.data())
    def promise(self, delegate: str, data: st.DataObject) -> None:
        about = self.some_request(data) if data.draw(st.booleans()) else None
        noted = data.draw(st.sampled_from([*self.state.promises, None]))
        wishes: list[Command] = [
            NotePromise(text="Hứa", delegate=delegate, question=about),
            NotePromise(text="Hứa lại", delegate=delegate, promise=noted),
            SettlePromise(promise=noted or "la", kept=data.draw(st.booleans())),
            DropPromise(promise=noted or "la"),
        ]
        self.give(data.draw(st.sampled_from(wishes)), Role.CLERK)

    def some_request(self, data: st.DataObject) -> str:
        """The later ones are the open ones; a few do not exist."""
        known = [*self.state.requests]
        return data.draw(st.sampled_from([*known[::-1], "khong-co"]))


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=100, stateful_step_count=80, deadline=None)
