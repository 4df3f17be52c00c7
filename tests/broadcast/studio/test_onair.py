"""When the public is let in, and when it is shut out."""

from broadcast.program import ProgramState, Take
from broadcast.studio.jitter import JUMP
from broadcast.studio.onair import REOPEN_GUARD_NS, SEALED_ON_NS, follow
from broadcast.studio.playout import MAX_DELAY_NS
from streams.frames import AUDIO_CLOCK_RATE, NS_PER_S
from streams.uplink.stream import GIVE_UP_SOUND_NS

OPEN, CLOSED = ProgramState(public=Take.ROOM), ProgramState(public=Take.SLATE)


def test_the_first_state_counts_at_once() -> None:
    assert follow(None, OPEN, 100).is_public(100)
    assert not follow(None, CLOSED, 100).is_public(10**18)


def test_closing_acts_at_once() -> None:
    snapshot = follow(follow(None, OPEN, 100), CLOSED, 200)
    assert not snapshot.is_public(200)
    assert snapshot.opened_ns is None


def test_reopening_waits_until_what_was_captured_before_is_gone() -> None:
    snapshot = follow(follow(None, CLOSED, 100), OPEN, 200)
    assert not snapshot.is_public(200 + REOPEN_GUARD_NS - 1)
    assert snapshot.is_public(200 + REOPEN_GUARD_NS)
    assert snapshot.opened_ns == 200
    behind_ns = JUMP * NS_PER_S // AUDIO_CLOCK_RATE
    assert GIVE_UP_SOUND_NS + MAX_DELAY_NS + behind_ns < REOPEN_GUARD_NS


def test_other_changes_do_not_close_or_delay() -> None:
    opened = follow(follow(None, CLOSED, 100), OPEN, 200)
    again = follow(opened, ProgramState(public=Take.ROOM, version=9), 300)
    assert again.opened_ns == 200
    assert again.is_public(200 + REOPEN_GUARD_NS)


def test_closing_while_the_guard_runs_starts_it_anew() -> None:
    opened = follow(follow(None, CLOSED, 0), OPEN, 200)
    again = follow(follow(opened, CLOSED, 300), OPEN, 400)
    assert not again.is_public(300 + REOPEN_GUARD_NS)


def test_what_the_room_sees_before_the_public_is_let_in_is_sealed() -> None:
    sealed = ProgramState(public=Take.SLATE, sealed=True, stream="s")
    opened = follow(follow(None, sealed, 0), ProgramState(public=Take.ROOM, stream="s"), 200)
    cut = follow(opened, ProgramState(public=Take.ROOM, stream="s", version=9), 300)
    public_ns = 200 + REOPEN_GUARD_NS
    assert cut.unsealed(public_ns + SEALED_ON_NS - 1).state.sealed
    after = cut.unsealed(public_ns + SEALED_ON_NS)
    assert (after.state.sealed, after.is_public(public_ns)) == (False, True)
    assert not follow(opened, ProgramState(public=Take.ROOM, stream="t"), 300).state.sealed
