"""What is in force now, as one immutable snapshot: scene, overlays, microphones, and secrecy.

A frame is composed from one snapshot, and the same snapshot says whether it may leave the room;
no frame can be composed under one state and marked under another.
"""

from dataclasses import dataclass, replace

from broadcast.program import ProgramState, Take

REOPEN_GUARD_NS = 900_000_000
"""Longer than any sound waits for one before it (370 ms), for its presentation time
(`playout.MAX_DELAY_NS`) and by what it may be behind that (`jitter.JUMP`): what was captured while
the item was closed has been heard by the room before the public is let in."""

SEALED_ON_NS = 500_000_000
"""When the public is in again, what was made before may be with the encoder for another third of a
second (`encoding.CANVASES`)."""


@dataclass(frozen=True, slots=True)
class OnAir:
    state: ProgramState
    opened_ns: int | None
    """CLOCK_MONOTONIC since when the public may see; None while it may not. Nothing received
    before may be in a public frame."""
    guard_ns: int
    signer_ns: int | None = None
    """Since when, without a break, the public may see the interpreter, over a slate too."""
    signer_guard_ns: int = 0

    def is_public(self, monotonic_ns: int) -> bool:
        """Whether what is composed at this moment may leave the room."""
        return self.opened_ns is not None and monotonic_ns >= self.opened_ns + self.guard_ns

    def signed_since_ns(self, monotonic_ns: int) -> int | None:
        """The public may see over its slate what the interpreter sent from then on; None: nothing
        of him at this moment. He may have signed what is closed a moment ago."""
        since_ns = self.signer_ns
        if since_ns is None or monotonic_ns < since_ns + self.signer_guard_ns:
            return None
        return since_ns

    def unsealed(self, now_ns: int) -> "OnAir":
        """The same; but once the public has been in for long enough nothing is sealed any more."""
        if not self.state.sealed or not self.is_public(now_ns - SEALED_ON_NS):
            return self
        return replace(self, state=replace(self.state, sealed=False))


def follow(last: OnAir | None, state: ProgramState, now_ns: int) -> OnAir:
    """The snapshot from `now_ns` (CLOCK_MONOTONIC) on.

    The first one after the start of the process needs no guard: nothing older can be in it. Where
    the last one was sealed this one is too, until it is `unsealed`: what the room sees and hears
    before the public is let in is in no other recording.
    """
    signer_ns, signer_guard_ns = _signer(last, state, now_ns)
    if state.public is not Take.ROOM:
        return OnAir(state, None, REOPEN_GUARD_NS, signer_ns, signer_guard_ns)
    if last is None:
        return OnAir(state, now_ns, 0, signer_ns, signer_guard_ns)
    if last.state.sealed and last.state.stream == state.stream:
        state = replace(state, sealed=True)
    if last.opened_ns is None:
        return OnAir(state, now_ns, REOPEN_GUARD_NS, signer_ns, signer_guard_ns)
    return OnAir(state, last.opened_ns, last.guard_ns, signer_ns, signer_guard_ns)


def _signer(last: OnAir | None, state: ProgramState, now_ns: int) -> tuple[int | None, int]:
    if not state.signer_public:
        return None, REOPEN_GUARD_NS
    if last is None:
        return now_ns, 0
    if last.signer_ns is None:
        return now_ns, REOPEN_GUARD_NS
    return last.signer_ns, last.signer_guard_ns
