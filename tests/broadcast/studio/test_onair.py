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


SIGNED_BREAK = ProgramState(public=Take.SLATE, signer_public=True)
SIGNED = ProgramState(public=Take.ROOM, signer_public=True)


def test_the_interpreter_goes_on_over_a_slate_without_a_gap() -> None:
    live = follow(None, SIGNED, 100)
    assert live.signed_since_ns(100) == 100
    assert follow(live, SIGNED_BREAK, 200).signed_since_ns(200) == 100


def test_what_was_signed_while_closed_is_gone_before_the_slate_of_a_break_shows_him() -> None:
    closed = follow(follow(None, SIGNED, 100), CLOSED, 200)
    assert closed.signed_since_ns(10**18) is None
    opened = follow(closed, SIGNED_BREAK, 300)
    assert opened.signed_since_ns(300 + REOPEN_GUARD_NS - 1) is None
    assert opened.signed_since_ns(300 + REOPEN_GUARD_NS) == 300
