"""A site's decoded sound, addressed by sample time: late packets fall into place, missing ones are
concealed, and reading a little faster or slower follows the site's clock and the depth of the
buffer. Pure; one thread."""

from functools import cache

import numpy as np

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from streams.frames import AUDIO_CLOCK_RATE

CAPACITY = 1 << 16
"""1.37 s."""

CONCEALED = 3 * BLOCK_SAMPLES
"""A gap up to 60 ms is filled with the sound before it, fading; a longer one is silence."""

JOIN = 240
"""5 ms of cross-fade wherever two pieces of sound meet that do not belong together."""

JUMP = AUDIO_CLOCK_RATE * 60 // 1000
"""More than 60 ms behind: the rest is left out at once."""

WAY_AHEAD = AUDIO_CLOCK_RATE * 500 // 1000
"""No buffer grows by so much: this is another stream."""

SPLICE = AUDIO_CLOCK_RATE * 10 // 1000
"""Errors above 10 ms are spliced away, those below are slewed away."""

SHORTEST, LONGEST = AUDIO_CLOCK_RATE * 5 // 2000, AUDIO_CLOCK_RATE * 15 // 1000
"""What one splice may insert or leave out: whole periods of a voice of 67 Hz and above."""

DEAD_ZONE = AUDIO_CLOCK_RATE // 1000
MAX_SLEW = 4
"""Samples per block: 0.4 %, 7 cents, which nobody hears."""

LINGER = AUDIO_CLOCK_RATE * 2 // 1000
"""By so much longer than it must a packet waits before the next one is read in its place: clocks
that drift apart do not go back and forth between two. Waits that shrink end there."""

QUIET = JOIN * 1e-6
"""-60 dB, as the energy of `JOIN` samples."""

Positions = np.ndarray[tuple[int, ...], np.dtype[np.intp]]

_RISE: Samples = np.linspace(0, 1, JOIN, dtype=np.float32)


class SampleRing:
    """The newest 1.37 s; what was never written reads as silence."""

    def __init__(self, channels: int = 2) -> None:
        self._ring = np.zeros((channels, CAPACITY), np.float32)
        self.head: int | None = None
        """The sample after the newest."""
        self._real_head = 0
        """The same, without what was concealed."""
        self.heard_to = 0
        """The sample after the last that a reader gave away."""
        self.seam: Samples | None = None
        """How what was heard would have gone on, if since then the sound came that belongs there:
        whoever reads on from `heard_to` fades over from it."""

    @property
    def channels(self) -> int:
        return int(self._ring.shape[0])

    def widen(self) -> None:
        """One channel becomes two that are alike."""
        self._ring = np.repeat(self._ring, 2, axis=0)

    def write(self, at: int, samples: Samples) -> None:
        """Puts decoded sound in its place; what is older than the ring is ignored."""
        if self.head is None or abs(at - self.head) >= CAPACITY:
            self._ring[:] = 0
            self.head = self._real_head = at
        if self.seam is None and self._real_head <= at < self.heard_to:
            self.seam = self._made_up(self.heard_to, JOIN)
        if at != self._real_head:
            samples = self._joined(self.head, at, samples)
        self._put(at, samples)
        if (end := at + samples.shape[1]) > self._real_head:
            self.head = self._real_head = end

    def _joined(self, head: int, at: int, samples: Samples) -> Samples:
        """Cross-faded from what was concealed, or is to be, in its place."""
        width = min(JOIN, samples.shape[1])
        if head < at + width:
            self._extend(head, at + width)
        joined = samples.copy()
        joined[:, :width] = _faded(self._get(at, width), samples[:, :width])
        return joined

    def _extend(self, head: int, to: int) -> None:
        """Conceals from the head on."""
        self._put(head, self._made_up(head, min(to - head, CAPACITY)))
        self.head = to

    def _made_up(self, start: int, count: int) -> Samples:
        """What conceals a gap there: the last block mirrored at the seam, fading to silence."""
        made = np.zeros((self.channels, count), np.float32)
        filled = min(count, CONCEALED - (start - self._real_head))
        if filled > 0:
            age = np.arange(start - self._real_head, start - self._real_head + filled)
            # 0 1 … n-1 n-1 … 1 0: continuous at every seam.
            phase = age % (2 * BLOCK_SAMPLES)
            back = np.where(phase < BLOCK_SAMPLES, phase, 2 * BLOCK_SAMPLES - 1 - phase)
            fade = 1 - (age + 1) / CONCEALED
            source = self._ring[:, (self._real_head - 1 - back) % CAPACITY]
            made[:, :filled] = source * fade
        return made

    def read(self, at: int, count: int) -> Samples:
        """`count` samples from `at` on, concealed where they have not come. A fresh array."""
        if self.head is None or at + count <= self.head - CAPACITY:
            return np.zeros((self.channels, count), np.float32)
        if at + count > self.head:
            if at + count - self.head >= CAPACITY:
                return np.zeros((self.channels, count), np.float32)
            self._extend(self.head, at + count)
        return self._get(at, count)

    def _get(self, at: int, count: int) -> Samples:
        start = at % CAPACITY
        if start + count <= CAPACITY:
            return self._ring[:, start : start + count].copy()
        return np.take(self._ring, range(start, start + count), axis=1, mode="wrap")

    def _put(self, at: int, samples: Samples) -> None:
        start, count = at % CAPACITY, samples.shape[1]
        first = min(count, CAPACITY - start)
        self._ring[:, start : start + first] = samples[:, :first]
        self._ring[:, : count - first] = samples[:, first:]


class Reader:
    """Reads a ring block by block at the rate that brings it to where it ought to be.

    Packets as long as a block are read whole: a block of parts of two needs all of the second one,
    which may as well be heard in its place, up to 20 ms earlier.
    """

    def __init__(self) -> None:
        self._at: int | None = None
        self._error = 0
        """To where the last block should have begun."""
        self._ahead: int | None = None
        """By how much later than asked for that was; None: packets are not read whole."""

    @property
    def late(self) -> int:
        """By how many samples the last block came too late; negative: too early. Whole packets may
        come early."""
        if self._ahead is None:
            return self._error
        late = self._error - self._ahead
        return max(late, 0) + min(late + BLOCK_SAMPLES, 0)

    def place(self, ideal: int) -> int:
        """The sample that comes next, where `ideal` should come first."""
        return ideal if self._at is None else self._at

    def skip(self, count: int) -> None:
        """Whoever reads wants what comes so much later. Where nothing was read there is no need."""
        if self._at is not None:
            self._at += count

    def block(self, ring: SampleRing, ideal: int, packet: int | None = None) -> Samples:
        """The next 20 ms, where `ideal` is the sample that should come first. Never clicks: small
        errors are slewed by resampling, larger ones spliced where the sound resembles itself.
        `packet`: where any of the packets begins, if each is as long as a block."""
        self._ahead = None if packet is None else self._to_packet(packet, ideal)
        ideal += self._ahead or 0
        at = self._at
        if at is None:
            at, ring.seam = ideal, None
        self._error = ideal - at
        block, self._at = self._block(ring, at)
        if ring.seam is not None:
            block[:, :JOIN] = _faded(ring.seam, block[:, :JOIN])
            ring.seam = None
        ring.heard_to = self._at
        return block

    def _to_packet(self, packet: int, ideal: int) -> int:
        """How many samples after `ideal` the next packet begins; or just before it, the one that
        was read so far."""
        ahead = (packet - ideal) % BLOCK_SAMPLES
        before = ahead - BLOCK_SAMPLES
        was_near = self._ahead is not None and self._ahead < BLOCK_SAMPLES // 2
        return before if was_near and before >= -LINGER else ahead

    def _block(self, ring: SampleRing, at: int) -> tuple[Samples, int]:
        """And where the one after it begins."""
        error = self._error
        if error > JUMP or error < -WAY_AHEAD:
            return self._moved(ring, at, error)
        if abs(error) > SPLICE:
            return self._moved(ring, at, likeness(ring, at, error))
        slew = 0
        if abs(error) > DEAD_ZONE:
            slew = max(-MAX_SLEW, min(MAX_SLEW, error // 8))
        taken = BLOCK_SAMPLES + slew
        if slew == 0:
            return ring.read(at, taken), at + taken
        return resampled(ring.read(at - 1, taken + 3), BLOCK_SAMPLES), at + taken

    def _moved(self, ring: SampleRing, at: int, by: int) -> tuple[Samples, int]:
        """The next block as it would be, faded over to the one `by` samples further on."""
        old = ring.read(at, JOIN) if ring.seam is None else ring.seam
        ring.seam = None
        block = ring.read(at + by, BLOCK_SAMPLES)
        block[:, :JOIN] = _faded(old, block[:, :JOIN])
        self._error -= by
        return block, at + by + BLOCK_SAMPLES


def likeness(ring: SampleRing, at: int, error: int) -> int:
    """How far to move from `at` in the direction of `error`, at most that far and `LONGEST`: to
    where the sound goes on most alike (for a voice, by whole periods), or if it is silent, as far
    as allowed. 50 µs."""
    most = min(LONGEST, abs(error))
    if error > 0:
        first = at + SHORTEST
        moves = np.arange(SHORTEST, most + 1)
    else:
        first = at - most
        moves = np.arange(-most, -SHORTEST + 1)
    now = ring.read(at, JOIN).mean(0)
    there = ring.read(first, len(moves) + JOIN - 1).mean(0)
    energy = np.cumsum(np.concatenate([np.zeros(1), there.astype(np.float64) ** 2]))
    loud = np.sqrt(np.maximum(energy[JOIN:] - energy[:-JOIN], 0))
    if loud.min() * np.sqrt(now @ now) < QUIET:
        return most if error > 0 else -most
    return int(moves[np.argmax(np.correlate(there, now) / loud)])


def _faded(old: Samples, new: Samples) -> Samples:
    rise = _RISE[: new.shape[1]]
    return new * rise + old[:, : new.shape[1]] * (1 - rise)


def resampled(samples: Samples, count: int) -> Samples:
    """`count` samples from `count + k` by cubic interpolation (Catmull-Rom). The input has one
    sample before and two after what it spans; the ends meet the neighbouring blocks exactly."""
    places, weights = _taps(samples.shape[1] - 3, count)
    # An eighth of the time of doing it term by term: 10 µs a block.
    result: Samples = np.einsum("ckn,kn->cn", samples.take(places, 1, mode="clip"), weights)
    return result


@cache
def _taps(span: int, count: int) -> tuple[Positions, Samples]:
    """Which four samples each is made from, and what these count. Kept: a clock that runs a little
    fast or slow is followed in most blocks, by one of a few spans."""
    position = np.arange(count, dtype=np.float64) * (span / count)
    whole = position.astype(np.intp)
    t = position - whole
    weights = (
        ((2 - t) * t - 1) * t / 2,
        ((3 * t - 5) * t * t + 2) / 2,
        ((4 - 3 * t) * t + 1) * t / 2,
        (t - 1) * t * t / 2,
    )
    places = whole + np.arange(4)[:, np.newaxis]
    return places, np.array(weights, np.float32)
