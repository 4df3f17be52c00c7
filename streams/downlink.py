"""One viewer's stream of pictures or sound: which packets, under which numbers. Pure.

Sequence numbers go on without a gap across every switch of feed, and never back: libsrtp refuses
numbers that jump back, and a player that sees a gap asks for what never was.
"""

from streams.fanout import Lane, Payload


class Downlink:
    def __init__(self, ssrc: int, payload_type: int, first_sequence: int) -> None:
        self.ssrc, self.payload_type = ssrc, payload_type
        self.packets = self.octets = 0
        self.last_timestamp: int | None = None
        self._lane: Lane | None = None
        self._sequence = first_sequence
        self._offset = 0
        self._since = 0

    def follows(self, lane: Lane) -> bool:
        return lane is self._lane

    def switch(self, lane: Lane | None, first: int) -> None:
        """From payload number `first` of the lane on; for pictures a keyframe's first."""
        self._lane = lane
        self._since = first
        self._offset = self._sequence - first

    def number(self, payload: Payload) -> int:
        """Its 16-bit sequence number for this viewer."""
        self.packets += 1
        self.octets += len(payload.data)
        self.last_timestamp = payload.timestamp
        self._sequence = payload.number + self._offset + 1
        return (self._sequence - 1) & 0xFFFF

    def lost(self, sequence: int) -> Payload | None:
        """What a NACK asks for, if it came from the present lane and is still kept."""
        if self._lane is None:
            return None
        behind = (self._sequence - sequence) & 0xFFFF
        number = self._sequence - behind - self._offset
        if number < self._since or behind > 0x7FFF:
            return None
        return self._lane.find(number)
