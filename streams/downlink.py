"""One viewer's stream of pictures or sound: which packets, under which numbers. Pure.

Sequence numbers go on without a gap across every switch of feed or rendition, and never back:
libsrtp refuses numbers that jump back, and a player that sees a gap asks for what never was.
"""

from collections.abc import Sequence

from streams.fanout import Lane, Payload, Unit
from streams.frames import VIDEO_CLOCK_RATE
from streams.pacer import bucket

CATCH_UP_STEP = 9
"""Of 1/90000 s: what came before a newcomer leaves in one go, a picture each 0.1 ms."""


class Downlink:
    def __init__(
        self,
        ssrc: int,
        payload_type: int,
        first_sequence: int,
    ) -> None:
        self.ssrc, self.payload_type = ssrc, payload_type
        self.packets = self.octets = 0
        """Sent, without what was sent again. Of one who rides, as of the last `settle`."""
        self.lane: Lane | None = None
        self._sequence = first_sequence
        self._boarded: tuple[int, int] | None = None
        self._offset = 0
        self._since = 0
        self._squeezed: dict[int, int] = {}

    def follows(self, lane: Lane) -> bool:
        return lane is self.lane

    def switch(self, lane: Lane | None, first: int) -> None:
        """From payload number `first` of the lane on; for pictures a keyframe's first."""
        self.lane = lane
        self._since = first
        self._offset = self._sequence - first
        self._squeezed = {}

    # --- in a crew ---

    @property
    def offset(self) -> int:
        """From the lane's payload numbers to his."""
        return self._offset

    def board(self, lane: Lane) -> None:
        """From its next unit on, all of it goes to him without a word here. He follows it."""
        self._boarded = lane.next_number, lane.octets

    def alight(self) -> None:
        """From the lane's present unit on he is told of each again."""
        self.settle()
        self._boarded = None

    def settle(self) -> None:
        """Counts what went to him in a crew."""
        if self._boarded is None or self.lane is None:
            return
        number, octets = self._boarded
        now = self.lane.carried
        if now[0] > number:
            self.packets += now[0] - number
            self.octets += now[1] - octets
            self._sequence = now[0] + self._offset
            self._boarded = now

    # --- alone ---

    def squeeze(self, past: Sequence[Unit], bps: float | None) -> None:
        """Units before the last of `past` are stamped as fast as they leave, at `bps` beyond what
        goes at once: browsers learn from stamps how fast our clock goes. Where these come slower
        than they say, the picture after them is held back for half a second; where they come
        faster, it does not wait for its sound for the next ten."""
        at_once = 0 if bps is None else bucket(bps)
        octets = sum(unit.octets for unit in past)
        behind, stamp = None, past[-1].timestamp
        for unit in reversed(past):
            leaves = 0 if bps is None else max(0, octets - at_once) * 8 * VIDEO_CLOCK_RATE / bps
            if behind is not None:
                later, left = behind
                apart = later.timestamp - unit.timestamp & 0xFFFFFFFF
                stamp -= max(CATCH_UP_STEP, min(int(left - leaves), apart))
                for payload in unit.payloads:
                    self._squeezed[payload.number] = stamp & 0xFFFFFFFF
            behind, octets = (unit, leaves), octets - unit.octets

    def number(self, payload: Payload) -> int:
        """Its 16-bit sequence number for this viewer."""
        self.packets += 1
        self.octets += len(payload.data)
        self._sequence = payload.number + self._offset + 1
        return (self._sequence - 1) & 0xFFFF

    def timestamp(self, payload: Payload) -> int:
        """As this viewer gets it."""
        if not self._squeezed:
            return payload.timestamp
        return self._squeezed.get(payload.number, payload.timestamp)

    def sequence_of(self, payload: Payload) -> int | None:
        """What it was sent as, if it was."""
        self.settle()
        if payload.number < self._since or payload.number + self._offset >= self._sequence:
            return None
        return (payload.number + self._offset) & 0xFFFF

    def lost(self, sequence: int) -> Payload | None:
        """What a NACK asks for, if it came from the present lane and is still kept."""
        self.settle()
        if self.lane is None:
            return None
        behind = (self._sequence - sequence) & 0xFFFF
        number = self._sequence - behind - self._offset
        if number < self._since or behind > 0x7FFF:
            return None
        return self.lane.find(number)
