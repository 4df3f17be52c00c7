"""One program → many viewers: each packet is cut into RTP payloads once and kept once.

A `Lane` is one feed's picture or sound. It numbers its payloads; a viewer's sequence numbers are
these plus an offset of his own, so that one history answers everybody's NACKs.
"""

from collections import deque
from dataclasses import dataclass

from streams.frames import Codec, Packet
from streams.packetise import h264_payloads

HISTORY = 1000
"""Payloads kept of each lane: about 4 s of video at 2.5 Mbit/s. Policy: the oldest goes. Fewer than
libsrtp's window of 1024 (`aiortc_private`): it refuses to send what is older."""


@dataclass(frozen=True, slots=True)
class Payload:
    number: int
    timestamp: int
    """RTP timestamp, 32 bits: program time, the same for every viewer."""
    marker: bool
    public: bool
    data: bytes


class Lane:
    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self._history: deque[Payload] = deque(maxlen=HISTORY)
        self.next_number = 0

    def put(self, packet: Packet) -> list[Payload]:
        """The packet's payloads, in order."""
        parts = h264_payloads(packet.data) if packet.codec is Codec.H264 else [packet.data]
        timestamp, last = packet.pts & 0xFFFFFFFF, len(parts) - 1
        marks = packet.codec.is_video
        payloads = [
            Payload(self.next_number + i, timestamp, marks and i == last, packet.public, part)
            for i, part in enumerate(parts)
        ]
        self.next_number += len(parts)
        self._history.extend(payloads)
        return payloads

    def find(self, number: int) -> Payload | None:
        """A payload that was sent before, if it is still kept."""
        if not self._history:
            return None
        index = number - self._history[0].number
        return self._history[index] if 0 <= index < len(self._history) else None
