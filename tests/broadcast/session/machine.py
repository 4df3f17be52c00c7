"""A session that is given commands, and what must hold of it whatever they are: held against the
log with other means than the code's own.
"""

import json
from dataclasses import replace

from hypothesis.stateful import RuleBasedStateMachine, invariant

from broadcast.archive.chapters import chapters_of
from broadcast.archive.walls import Segment
from broadcast.director import program_of
from broadcast.program import PLAYER, PROGRAM_STATE, Take
from broadcast.session.closing_events import OpeningRequested, RoomClosed, RoomOpened
from broadcast.session.commands import (
    CallNext,
    CallRound,
    Command,
    dump_command,
    parse_command,
)
from broadcast.session.decide import Act, Refusal, decide
from broadcast.session.events import (
    Event,
    RoundCalled,
    SessionEnded,
    TurnStarted,
    dump_event,
    load_event,
)
from broadcast.session.evolve import evolve, fold
from broadcast.session.model import (
    ItemKind,
    Phase,
    Request,
    RequestKind,
    RequestState,
    Role,
    SessionState,
    SiteKind,
    TurnId,
)
from broadcast.session.one_clock import moved, on_one_clock
from broadcast.session.rules.screens import MOST
from broadcast.session.rules.secrecy import CONFIRM_MS
from broadcast.session.written import MAX_MESSAGES
from streams.frames import SiteId, screen_site, site_of
from tests.broadcast.session.clocks import HOUR_MS, with_clock_set
from tests.broadcast.session.hearing import PREPARED, PROCEDURE, SECRET, START_MS, snapshot


class KeptSession(RuleBasedStateMachine):
    """One session, kept as its log."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[Event] = [PREPARED]
        self.state = fold(self.log)
        self.now_ms = START_MS
        self.acts = 0
        self.begins: list[int] = []
        """Where each act that did anything begins in the log."""
        self.requested_ms: int | None = None
        """When somebody last asked to open the room."""
        self.before = self.state
        """As it was when the command was given; `state` follows event by event."""

    # Giving a command, and what must hold of each step

    def give(
        self, command: Command, role: Role = Role.OPERATOR, site: SiteId | None = None
    ) -> tuple[Event, ...]:
        assert parse_command(json.loads(json.dumps(dump_command(command)))) == command
        self.acts += 1
        self.now_ms += 1000
        act = Act(self.now_ms, role, "thử", site, f"id-{self.acts}")
        before = self.before = snapshot(self.state)
        try:
            events = decide(self.state, command, act, PROCEDURE)
        except Refusal:
            assert self.state == before
            return ()
        assert self.state == before
        for event in events:
            if isinstance(event, RoundCalled) and isinstance(command, CallNext | CallRound):
                self.check_round(event)
            self.check(event)
            self.check_opening(event)
            assert load_event(json.loads(json.dumps(dump_event(event)))) == event
            self.state = evolve(self.state, event)
        if events:
            self.begins.append(len(self.log))
        self.log += events
        return events

    def check(self, event: Event) -> None:
        if isinstance(event, TurnStarted):
            self.check_limit(event)
            self.check_priority(event)
            if event.in_order:
                self.check_order(event)

    def check_opening(self, event: Event) -> None:
        """The room opens by its two steps alone; but for the end, which leaves nothing to open."""
        if isinstance(event, RoomOpened):
            assert self.requested_ms is not None
            assert event.at_ms - self.requested_ms <= CONFIRM_MS
        if isinstance(event, OpeningRequested | RoomClosed):
            self.requested_ms = event.at_ms if isinstance(event, OpeningRequested) else None
        on = self.state.phase in {Phase.LIVE, Phase.PAUSED}
        if on and self.state.closed and not evolve(self.state, event).closed:
            assert isinstance(event, RoomOpened | SessionEnded), event

    def check_round(self, event: RoundCalled) -> None:
        """Nobody who registered earlier is left out, and the first asks first."""
        called = [self.state.requests[question].order for question in event.questions]
        assert called == sorted(called)
        later = [one for one in self.waiting(RequestKind.QUESTION) if one.id not in event.questions]
        assert all(called[-1] < request.order for request in later)

    def check_limit(self, event: TurnStarted) -> None:
        """From the TOML, by what the delegate had in this item."""
        had = [
            turn
            for turn in self.state.turns
            if (turn.delegate, turn.kind, turn.item) == (event.delegate, event.kind, event.item)
            and self.state.requests[turn.request].state is not RequestState.ABSENT  # type: ignore[index]
        ]
        limits = PROCEDURE.kinds[event.kind].limits_ms
        limit_ms = limits[0] if not had else limits[-1]
        set_here = self.state.limits.get((event.item, event.kind))
        set_ms = set_here or self.state.limits.get((None, event.kind))
        if set_ms is not None:
            limit_ms = set_ms if limit_ms == limits[0] else min(limit_ms, set_ms)
        assert event.limit_ms == limit_ms * max(1, len(event.answers))

    def check_priority(self, event: TurnStarted) -> None:
        """Art. 19.2d: no debate on an answer while the one who asked waits to debate it."""
        request = self.state.requests[event.request]
        if request.kind is not RequestKind.REBUTTAL:
            return
        asker = self.state.requests[request.answers_to].delegate  # type: ignore[index]
        if event.delegate != asker:
            assert not [
                other
                for other in self.waiting(RequestKind.REBUTTAL)
                if other.delegate == asker and other.answers_to == request.answers_to
            ]

    def check_order(self, event: TurnStarted) -> None:
        """Order of registration, as far as the law has no other."""
        request = self.state.requests[event.request]
        item = self.state.item
        assert item is not None
        if request.invited:
            return
        if item.kind is ItemKind.DISCUSSION:
            assert all(request.order <= other.order for other in self.waiting())
        if request.kind is RequestKind.QUESTION:
            if self.before.requests[request.id].state is RequestState.WAITING:
                assert not self.waiting(RequestKind.REBUTTAL), "debate before a new round"
            assert all(request.order <= other.order for other in self.waiting(request.kind))

    def waiting(self, kind: RequestKind | None = None) -> list[Request]:
        return [
            request
            for request in self.state.requests.values()
            if request.item == self.state.current_item
            and request.state is RequestState.WAITING
            and kind in (None, request.kind)
        ]

    # What must always hold

    @invariant()
    def folding_the_log_gives_the_state(self) -> None:
        assert self.state.version == len(self.log)
        if len(self.log) % 7 == 0:
            assert fold(self.log) == self.state

    @invariant()
    def one_has_the_floor(self) -> None:
        running = [turn for turn in self.state.turns if turn.ended_at_ms is None]
        assert running == ([self.state.floor] if self.state.floor is not None else [])
        if self.state.floor is not None:
            assert self.state.phase in {Phase.LIVE, Phase.PAUSED}
            assert self.state.floor.item == self.state.current_item

    @invariant()
    def called_is_on_the_floor_or_in_a_round(self) -> None:
        in_rounds = {question for one in self.state.rounds for question in one.questions}
        floor = {self.state.floor.request} if self.state.floor is not None else set()
        for request in self.state.requests.values():
            if request.state is RequestState.CALLED:
                assert request.id in in_rounds | floor

    @invariant()
    def places_in_the_queue_are_ones_own(self) -> None:
        orders = [request.order for request in self.state.requests.values()]
        assert len(set(orders)) == len(orders)

    @invariant()
    def nothing_closed_leaves_the_room(self) -> None:
        program = program_of(self.state)
        open_and_live = self.state.phase is Phase.LIVE and not self.state.closed
        assert (program.public is Take.ROOM) == open_and_live
        assert not (self.state.closed and program.public is Take.ROOM)

    @invariant()
    def no_title_of_a_closed_item_is_drawn(self) -> None:
        secret = next((item for item in self.state.agenda if item.id == "nhan-su"), None)
        if secret is not None and secret.closed and secret.title == SECRET:
            assert SECRET.encode() not in PROGRAM_STATE.dump_json(program_of(self.state))

    @invariant()
    def nobody_outside_is_seen_or_heard(self) -> None:
        out, program = self.state.put_out, program_of(self.state)
        assert not out & (self.state.open_microphones | self.state.may_share)
        seen = {*self.state.program.sources, *self.state.preview.sources}
        assert not out & set(map(site_of, seen))
        assert program.signer is None or program.signer.site not in out
        assert self.state.floor is None or self.state.floor.site not in out

    @invariant()
    def a_screen_is_seen_while_it_is_shared(self) -> None:
        state = self.state
        assert state.sharing <= state.may_share <= set(state.sites)
        assert len(state.sharing) <= MOST
        seen = {*state.program.sources, *state.preview.sources}
        seen |= {*state.before_turn.sources} if state.before_turn is not None else set()
        assert {screen_site(source) for source in seen} - {None} <= state.sharing

    @invariant()
    def what_was_played_in_secret_stays_there(self) -> None:
        clip = program_of(self.state).player
        assert clip is None or not self.state.player_secret or self.state.closed
        assert clip is None or not clip.sound or clip.started_at_ms is not None

    @invariant()
    def what_is_over_is_silent(self) -> None:
        state = self.state
        if state.phase is Phase.ENDED:
            assert not state.open_microphones
            assert not state.sharing
            assert state.floor is None
            assert state.player is None or state.player.started_at_ms is None
            assert program_of(state).public is Take.SLATE

    @invariant()
    def nobody_waits_twice_for_the_same(self) -> None:
        state = self.state
        floor = state.floor.request if state.floor is not None else None
        waits = [
            (one.delegate, one.kind, one.item, one.answers_to)
            for one in state.requests.values()
            if one.state in {RequestState.WAITING, RequestState.CALLED} and one.id != floor
        ]
        assert len(set(waits)) == len(waits)

    @invariant()
    def what_is_undone_is_one_whole_act(self) -> None:
        undo = self.state.undo
        assert undo is None or (undo.left == 0 and undo.before.undo is None)

    @invariant()
    def the_program_is_possible(self) -> None:
        program = program_of(self.state)
        assert PROGRAM_STATE.validate_json(PROGRAM_STATE.dump_json(program)) == program
        for scene in (program.program, program.preview):
            assert len(scene.sources) <= scene.layout.seats
            assert set(map(site_of, scene.sources)) <= {*self.state.sites, PLAYER}
        assert program.open_microphones <= set(self.state.sites)
        assert program.recording == (self.state.phase in {Phase.LIVE, Phase.PAUSED})

    @invariant()
    def the_turns_microphone_is_its_speakers(self) -> None:
        floor = self.state.floor
        if self.state.turn_microphone is not None:
            assert floor is not None
            assert floor.site == self.state.turn_microphone
            assert self.state.turn_microphone in self.state.open_microphones

    @invariant()
    def what_is_written_is_about_the_session(self) -> None:
        written, turns = self.state.written, {turn.id: turn for turn in self.state.turns}
        for turn, corrected in written.corrections.items():
            start = corrected.started_at_ms or turns[TurnId(turn)].started_at_ms
            end = corrected.ended_at_ms or turns[TurnId(turn)].ended_at_ms
            assert end is not None
            assert start < end
            assert corrected.delegate is None or corrected.delegate in self.state.delegates
        assert len(written.messages) <= MAX_MESSAGES
        assert {message.site for message in written.messages} <= {
            None,
            *self.state.sites,
            *self.state.retired_sites,
        }

    @invariant()
    def the_papers_agree(self) -> None:
        """Nothing refers to what was taken out; what was heard is still there."""
        state = self.state
        assert {one.site for one in state.delegates.values()} <= set(state.sites)
        named = {one for item in state.agenda for one in (item.presenter, *item.questioned)}
        assert named - {None} <= set(state.delegates)
        assert {one.delegate for one in state.requests.values()} <= set(state.delegates)
        items = [item.id for item in state.agenda]
        assert len(set(items)) == len(items)
        assert state.current_item is None or state.current_item in items
        assert {turn.item for turn in state.turns} | state.done_items <= set(items)
        assert [site.kind for site in state.sites.values()].count(SiteKind.HALL) == 1
        assert {one.item for one in state.documents.values()} <= set(items)
        assert {site for site, _ in state.checks} <= set(state.sites)
        assert not state.retired_sites & set(state.sites)

    def teardown(self) -> None:
        """Chapters of the whole: none in a secret, every turn within its item."""
        length_ms = self.now_ms - START_MS + 5000
        chapters = chapters_of(self.log, [Segment(START_MS, length_ms)])
        items = [chapter for chapter in chapters if chapter.kind == "item"]
        for start_ms, end_ms in secret_times(self.log, self.now_ms + 5000):
            for chapter in chapters:
                assert (
                    chapter.end_s * 1000 <= start_ms - START_MS
                    or chapter.start_s * 1000 >= end_ms - START_MS
                )
        for chapter in chapters:
            if chapter.kind == "turn":
                assert any(
                    item.start_s <= chapter.start_s and chapter.end_s <= item.end_s
                    for item in items
                )
        self.check_with_the_clock_set()

    def check_with_the_clock_set(self) -> None:
        """The same acts, and meanwhile the clock was set back and forth: all is as it was, each
        moment by the last clock."""
        acts = [begin for begin in self.begins if begin < len(self.log)]  # the last may do nothing
        third = len(acts) // 3
        begins = acts[third::third] if third else []
        sets = dict(zip(begins, (-HOUR_MS, 90_000), strict=False))
        told, by_ms = with_clock_set(self.log, sets), sum(sets.values())
        assert on_one_clock(told) == [moved(event, by_ms) for event in self.log]
        assert _bare(fold(told)) == _bare(moved(self.state, by_ms))


def _bare(state: SessionState) -> SessionState:
    """Without what tells that something else was in the log; and when tests were asked for, by
    which pages know one from the other."""
    return replace(state, version=0, undo=None, clock_sets=(), tests_asked={})


def secret_times(log: list[Event], end_ms: int) -> list[tuple[int, int]]:
    """When the public saw nothing of the room."""
    state, times = SessionState(), []
    for number, event in enumerate(log):
        state = evolve(state, event)
        until_ms = log[number + 1].at_ms if number + 1 < len(log) else end_ms
        if state.closed and until_ms > event.at_ms:
            times.append((event.at_ms, until_ms))
    return times
