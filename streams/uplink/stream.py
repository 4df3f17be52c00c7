"""One stream of a site: its packets put in order, frames out, and what to ask of the sender. Pure.

`Uplink.add` takes packets in the order of arrival; `poll` says what to do now. Time is an argument
(CLOCK_MONOTONIC, ns). Frames leave in order. A missing packet is asked for again (NACK, RFC 4585)
after 20 ms, or at once when two later ones are there, and again every `retry_ns`; after
`GIVE_UP_NS` (sound: `retry_ns` and a little; less where nobody sends it again) the frame is given
up, and video waits for a keyframe, which it asks for (PLI).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from streams.frames import AUDIO_CLOCK_RATE, NS_PER_MS, Codec, EncodedFrame, SiteId
from streams.rtp.header import RtpPacket, Unwrapper
from streams.uplink.assembly import Assembly

FIRST_NACK_NS = 20 * NS_PER_MS
RETRY_NS = 60 * NS_PER_MS
GIVE_UP_NS = 500 * NS_PER_MS
REORDER_NS = 40 * NS_PER_MS
"""What nobody sends again, or sound not soon enough, is waited for only as long as packets overtake
each other: more would delay all that follows, and Opus hides 20 ms better than a mixer hides 120.
"""
ASK_SOUND_NS = 60 * NS_PER_MS
"""Until lost sound is asked for, and what the answer may be late by."""
MAX_RETRY_SOUND_NS = 120 * NS_PER_MS
"""On longer round trips sound is not asked for again."""
READ_LATE_NS = 250 * NS_PER_MS
"""By which what nobody waits for is read (`publishers.PATIENCE_S`): what is missing there is asked
for all the same."""
GIVE_UP_SOUND_NS = READ_LATE_NS + MAX_RETRY_SOUND_NS
"""No sound waits longer for one before it."""
LONG_GAP = AUDIO_CLOCK_RATE * 80 // 1000
"""What was lost before a silence (DTX), or with more than two others, would come too late."""
PLI_INTERVAL_NS = 500 * NS_PER_MS
STOPPED_NS = 2_000 * NS_PER_MS
"""A stream of which nothing came for so long has stopped."""
WINDOW = 1024
"""Packets kept for reordering; a jump beyond it is a new stream."""
MAX_NACKS = 64


@dataclass(slots=True)
class _Missing:
    since_ns: int
    asked_ns: int | None = None


@dataclass(slots=True)
class Statistics:
    """For receiver reports (RFC 3550 6.4.1) and for people."""

    received: int = 0
    octets: int = 0
    lost: int = 0
    """Given up, never arrived."""
    repaired: int = 0
    """Arrived after they were asked for again, or with those that came after them."""
    jitter: float = 0.0
    """In units of the RTP timestamp."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What to send to the source now."""

    nack: list[int] = field(default_factory=list)
    """16-bit sequence numbers, rising."""
    pli: bool = False


class Uplink:
    def __init__(
        self,
        source: SiteId,
        codec: Codec,
        ssrc: int,
        *,
        nack: bool = True,
        parameter_sets: Iterable[bytes] = (),
    ) -> None:
        self.codec, self.ssrc = codec, ssrc
        self._is_video, self._clock_rate = codec.is_video, codec.clock_rate
        self._nack = nack
        self.retry_ns = RETRY_NS
        """Before a packet is asked for once more; a little over the round trip, where known."""
        self.statistics = Statistics()
        self.assembly = Assembly(source, codec, parameter_sets)
        # At hand: each packet of sound, and each picture, asks for it.
        self._assemble, self._frame = self.assembly.assembled, self.assembly.frame
        self.last_received_ns = 0
        self._sequence = Unwrapper(16)
        self._packets: dict[int, RtpPacket] = {}
        self._missing: dict[int, _Missing] = {}
        self._next: int | None = None
        self._begun = False
        self._highest: int | None = None
        self._newest = 0
        """RTP timestamp of that packet."""
        self._base = 0
        self._pli_ns: int | None = None
        self._transit: float | None = None

    @property
    def delay_ns(self) -> float | None:
        """Of the newest packet: from its media time to its arrival, with any zero."""
        return None if self._transit is None else self._transit * 1e9 / self._clock_rate

    # --- packets in ---

    def add(self, packet: RtpPacket, now_ns: int) -> list[EncodedFrame]:
        """Frames that are whole now, in order."""
        self.last_received_ns = now_ns
        statistics = self.statistics
        statistics.received += 1
        statistics.octets += len(packet.payload)
        highest, waiting = self._highest, self._packets
        if (
            highest is None
            or packet.sequence != highest + 1 & 0xFFFF
            or self._missing
            or len(waiting) > WINDOW
        ):
            return self._add_late(packet, now_ns)
        sequence = self._sequence.last = highest + 1
        self._note_jitter(packet.timestamp, now_ns)
        if not waiting and (packet.marker or not self._is_video):
            return self._pass(sequence, packet, now_ns)
        # Not looked through for each packet: a keyframe has hundreds.
        may_be_whole = packet.marker or (waiting and packet.timestamp != self._newest)
        self._highest, self._newest = sequence, packet.timestamp
        waiting[sequence] = packet
        return self._collect(now_ns) if may_be_whole else []

    def _add_late(self, packet: RtpPacket, now_ns: int) -> list[EncodedFrame]:
        """Not the next one, or something is missing, or too much waits."""
        sequence = self._sequence(packet.sequence)
        if self._next is None or abs(sequence - self._next) > WINDOW:
            self._restart(sequence)
        assert self._next is not None
        if sequence < self._next and not self._begun:
            self._rewind(sequence, now_ns)
        if sequence < self._next or sequence in self._packets:
            return []
        if sequence not in self._missing:
            self._note_jitter(packet.timestamp, now_ns)
        return self._place(sequence, packet, now_ns)

    def _pass(self, sequence: int, packet: RtpPacket, now_ns: int) -> list[EncodedFrame]:
        """What most packets are: the next one, a whole frame, and nothing else waits."""
        self._highest, self._newest = sequence, packet.timestamp
        self._next, self._begun = sequence + 1, True
        if self._is_video:
            frame = self._assemble([packet], now_ns)
            return [] if frame is None else [frame]
        if not packet.payload:
            return []
        return [self._frame(packet.timestamp, now_ns, packet.payload, key=True)]

    def add_redundant(
        self, packet: RtpPacket, earlier: Sequence[tuple[int, bytes]], now_ns: int
    ) -> list[EncodedFrame]:
        """Sound that carries what was sent before it (`streams/rtp/red.py`), each in the packet
        before the next one."""
        frames = self.add(packet, now_ns)
        if not self._missing:
            return frames
        for back, (offset, data) in zip(range(len(earlier), 0, -1), earlier, strict=True):
            if data:
                sequence, timestamp = packet.sequence - back, packet.timestamp - offset
                again = packet._replace(
                    sequence=sequence & 0xFFFF,
                    timestamp=timestamp & 0xFFFFFFFF,
                    payload=data,
                )
                frames += self.add_again(again, now_ns)
        return frames

    def add_again(self, packet: RtpPacket, now_ns: int) -> list[EncodedFrame]:
        """What came by retransmission: used if it was missing; no part of the statistics that the
        sender is told. Browsers repeat packets also to probe the line."""
        sequence = self._sequence(packet.sequence)
        if sequence not in self._missing:
            return []
        self.statistics.repaired += self._missing[sequence].asked_ns is None
        return self._place(sequence, packet, now_ns)

    def _place(self, sequence: int, packet: RtpPacket, now_ns: int) -> list[EncodedFrame]:
        missing = self._missing.pop(sequence, None)
        if missing is not None:
            self.statistics.repaired += missing.asked_ns is not None
        self._packets[sequence] = packet
        self._note_gap(sequence, packet.timestamp, now_ns)
        return self._collect(now_ns)

    def _restart(self, sequence: int) -> None:
        self._packets.clear()
        self._missing.clear()
        self._next = self._highest = self._base = sequence
        self._begun = False
        self.assembly.tear()

    def _rewind(self, sequence: int, now_ns: int) -> None:
        """The stream's first packets came in another order; no frame has left yet."""
        assert self._next is not None
        for missing in range(sequence + 1, self._next):
            self._missing[missing] = _Missing(now_ns)
        self._next = self._base = sequence

    def _note_gap(self, sequence: int, timestamp: int, now_ns: int) -> None:
        assert self._highest is not None
        if sequence < self._highest:
            return
        since_ns = now_ns
        if not self._is_video and timestamp - self._newest & 0xFFFFFFFF > LONG_GAP:
            since_ns -= GIVE_UP_SOUND_NS
        for missing in range(self._highest + 1, sequence):
            self._missing[missing] = _Missing(since_ns)
        self._highest, self._newest = sequence, timestamp

    def _note_jitter(self, timestamp: int, now_ns: int) -> None:
        """RFC 3550 A.8."""
        transit = now_ns * self._clock_rate / 1e9 - timestamp
        before, self._transit = self._transit, transit
        if before is not None:
            difference, statistics = abs(transit - before), self.statistics
            if difference > 2**31:  # the timestamp has wrapped
                difference = abs(2**32 - difference)
            statistics.jitter += (difference - statistics.jitter) / 16

    # --- frames out ---

    def _collect(self, now_ns: int) -> list[EncodedFrame]:
        frames = []
        while (run := self._whole_frame()) is not None:
            frame = self._assemble(run, now_ns)
            if frame is not None:
                frames.append(frame)
        return frames

    def _whole_frame(self) -> list[RtpPacket] | None:
        """The next frame's packets, taken out; None while any is missing."""
        assert self._next is not None
        first = self._packets.get(self._next)
        if first is None:
            return None
        sequence, timestamp = self._next, first.timestamp
        while (held := self._packets.get(sequence)) is not None:
            if held.timestamp != timestamp:
                return self._take(sequence)
            sequence += 1
            if held.marker or not self._is_video:
                return self._take(sequence)
        return None

    def _take(self, end: int) -> list[RtpPacket]:
        assert self._next is not None
        run = [self._packets.pop(sequence) for sequence in range(self._next, end)]
        self._next, self._begun = end, True
        return run

    # --- time ---

    @property
    def at_rest(self) -> bool:
        """Whether `poll` would have nothing to say."""
        return not (self._missing or self.assembly.wants_key)

    def poll(self, now_ns: int) -> tuple[Wishes, list[EncodedFrame]]:
        """What to ask for now, and the frames that need not wait any longer."""
        frames = self._give_up(now_ns)
        nack = [sequence & 0xFFFF for sequence in self._due(now_ns)]
        return Wishes(nack, self._pli_due(now_ns)), frames

    @property
    def _asks(self) -> bool:
        """Whether it makes sense."""
        return self._nack and (self._is_video or self.retry_ns <= MAX_RETRY_SOUND_NS)

    @property
    def _patience_ns(self) -> int:
        if not self._asks:
            return REORDER_NS
        return GIVE_UP_NS if self._is_video else ASK_SOUND_NS + self.retry_ns

    def _due(self, now_ns: int) -> list[int]:
        assert self._highest is not None or not self._missing
        due: list[int] = []
        if not self._asks:
            return due
        for sequence, missing in self._missing.items():
            if missing.asked_ns is None:
                late = now_ns - missing.since_ns >= FIRST_NACK_NS
                ready = late or (self._highest or 0) - sequence >= 2
            else:
                ready = now_ns - missing.asked_ns >= self.retry_ns
            if ready and len(due) < MAX_NACKS:
                if missing.asked_ns is None:  # read late, where nobody waits: it has its time yet
                    missing.since_ns = max(missing.since_ns, now_ns - ASK_SOUND_NS)
                missing.asked_ns = now_ns
                due.append(sequence)
        return due

    def _give_up(self, now_ns: int) -> list[EncodedFrame]:
        patience_ns = unasked_ns = self._patience_ns
        if self._asks:
            unasked_ns = max(patience_ns, READ_LATE_NS)
        gone = [
            sequence
            for sequence, missing in self._missing.items()
            if now_ns - missing.since_ns > (unasked_ns if missing.asked_ns is None else patience_ns)
        ]
        frames: list[EncodedFrame] = []
        for sequence in sorted(gone):
            self._skip_past(sequence)
            frames += self._collect(now_ns)
        return frames

    def _skip_past(self, sequence: int) -> None:
        """What is held before it is the beginning of a frame that stays torn."""
        assert self._next is not None
        for dropped in range(self._next, sequence):
            self._packets.pop(dropped, None)
            self.statistics.lost += self._missing.pop(dropped, None) is not None
        self.statistics.lost += self._missing.pop(sequence, None) is not None
        self._next = max(self._next, sequence + 1)
        self.assembly.tear()

    def _pli_due(self, now_ns: int) -> bool:
        if now_ns - self.last_received_ns > STOPPED_NS:
            self.assembly.stop()
        recent = self._pli_ns is not None and now_ns - self._pli_ns < PLI_INTERVAL_NS
        if not self.assembly.wants_key or recent:
            return False
        self._pli_ns = now_ns
        return True

    def ask_keyframe(self) -> None:
        """The next `poll` asks for one, if the last is long enough ago."""
        self.assembly.wants_key = True

    @property
    def expected(self) -> int:
        """Packets that should have come (RFC 3550 A.3)."""
        return 0 if self._highest is None else self._highest - self._base + 1

    @property
    def highest_sequence(self) -> int:
        """Extended highest sequence number received, 32 bits."""
        return (self._highest or 0) & 0xFFFFFFFF
