"""One viewer's stream of pictures or sound: which packets, under which numbers. Pure.

Sequence numbers go on without a gap across every switch of feed or rendition, and never back:
libsrtp refuses numbers that jump back, and a player that sees a gap asks for what never was.
"""

from collections.abc import Sequence

from streams.fanout import Lane, Payload, Unit

CATCH_UP_STEP = 90
"""A millisecond: what came before a newcomer is shown as fast as his decoder can, so that he does
not stay behind."""


class Downlink:
    def __init__(
        self,
        ssrc: int,
        payload_type: int,
        first_sequence: int,
    ) -> None:
        self.ssrc, self.payload_type = ssrc, payload_type
        self.packets = self.octets = 0
        self.last_pts: int | None = None
        self.lane: Lane | None = None
        self._sequence = first_sequence
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

    def squeeze(self, past: Sequence[Unit], now: int) -> None:
        """Units before the one of RTP timestamp `now` are to be shown in no time."""
        for behind, unit in enumerate(reversed(past), 1):
            for payload in unit.payloads:
                self._squeezed[payload.number] = (now - behind * CATCH_UP_STEP) & 0xFFFFFFFF

    def number(self, payload: Payload) -> int:
        """Its 16-bit sequence number for this viewer."""
        self.packets += 1
        self.octets += len(payload.data)
        self._sequence = payload.number + self._offset + 1
        return (self._sequence - 1) & 0xFFFF

    def take(self, unit: Unit) -> int:
        """The sequence number of its first payload, before it wraps; the others follow."""
        count = len(unit.payloads)
        first = unit.payloads[0].number + self._offset
        self.packets += count
        self.octets += unit.octets
        self._sequence = first + count
        return first

    def is_squeezed(self, unit: Unit) -> bool:
        """Whether it is to be shown at another time than its own."""
        return bool(self._squeezed) and unit.payloads[0].number in self._squeezed

    def timestamp(self, payload: Payload) -> int:
        """As this viewer gets it."""
        if not self._squeezed:
            return payload.timestamp
        return self._squeezed.get(payload.number, payload.timestamp)

    def sequence_of(self, payload: Payload) -> int | None:
        """What it was sent as, if it was."""
        if payload.number < self._since or payload.number + self._offset >= self._sequence:
            return None
        return (payload.number + self._offset) & 0xFFFF

    def lost(self, sequence: int) -> Payload | None:
        """What a NACK asks for, if it came from the present lane and is still kept."""
        if self.lane is None:
            return None
        behind = (self._sequence - sequence) & 0xFFFF
        number = self._sequence - behind - self._offset
        if number < self._since or behind > 0x7FFF:
            return None
        return self.lane.find(number)
