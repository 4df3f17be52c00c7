"""One section of a viewer's connection: what leaves for him on it, and what is told of that."""

import secrets
import struct
from collections import deque

from aiortc.rtp import RTCP_SR

from streams.connections.sdp import Section
from streams.downlink.fanout import Lane, Payload
from streams.downlink.group import Group, Member, Subscriber
from streams.downlink.renumbering import Renumbering
from streams.frames import NS_PER_S
from streams.rtp.header import EXTENDED, HEADER, MARKER, ONE_BYTE_EXTENSIONS
from streams.udp.srtp import Destination

NTP_UNIX_OFFSET_S = 2_208_988_800
MAX_OVERLAP = 48_000
"""Program time that goes back further, in 1/48000 s, is a new beginning."""
KEPT_REPORTS = 4
SENDER_REPORT = struct.Struct("!BBHIQIII")
"""RFC 3550 6.4.1, without reports on what comes from elsewhere."""
PADDING, BEAT = bytes(254) + b"\xff", bytes(3) + b"\x04"


class DownTrack:
    """What one viewer gets of one section: its packets and numbers, and the reports on it."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self.is_told = section.extension is not None
        """Whether its packets have transport-wide numbers: when they came is told."""
        self.numbering = Renumbering(section.ssrc, section.payload_type, secrets.randbelow(1 << 15))
        self.member: Member | None = None
        """While he takes all of a lane, with others."""
        self.group: Group | None = None
        self._clock_rate = section.codec.clock_rate if section.codec is not None else 1
        self._next_retransmission = secrets.randbelow(1 << 15)
        self._last_pts = -MAX_OVERLAP
        self._reports: deque[tuple[int, int]] = deque(maxlen=KEPT_REPORTS)

    @property
    def last_pts(self) -> int:
        """Of what was sent last."""
        if self.member is not None and self.numbering.lane is not None:
            self._last_pts = self.numbering.lane.grouped_pts
        return self._last_pts

    @last_pts.setter
    def last_pts(self, pts: int) -> None:
        self._last_pts = pts

    # --- with others ---

    def join_group(
        self, lane: Lane, subscriber: Subscriber, destination: Destination, *, room: bool
    ) -> None:
        """Takes all of the lane that he follows, from its next unit on."""
        section = self.section
        extension = 0 if section.extension is None else section.extension << 4 | 1
        header = EXTENDED.size if extension else HEADER.size
        kind, ssrc, offset = section.payload_type, section.ssrc, self.numbering.offset
        self.group = lane.group(header, destination.tag, room=room)
        self.member = Member(subscriber, destination, kind, ssrc, extension, offset)
        self.group.join(self.member)
        self.numbering.join_group(lane)

    def leave_group(self) -> None:
        """Is told of each unit again."""
        if self.group is not None and self.member is not None:
            self._last_pts = self.last_pts
            self.group.leave(self.member)
            self.group = self.member = None
            self.numbering.leave_group()

    # --- alone ---

    def is_redundant(self, wanted: bool) -> bool:
        """Whether its packets have the ones before them in them (RFC 2198)."""
        return wanted and self.section.redundancy is not None

    def packet(
        self, payload: Payload, transport: int, *, redundant: bool, room: bool
    ) -> tuple[bytes, bytes]:
        """As header and payload, under that transport-wide number."""
        section, numbering = self.section, self.numbering
        kind, data = section.payload_type, payload.data
        if redundant and section.redundancy is not None and numbering.lane is not None:
            kind = section.redundancy
            data = numbering.lane.redundant(payload, section.payload_type, room=room)
        number, timestamp = numbering.number(payload), numbering.timestamp(payload)
        second = kind | (MARKER if payload.marker else 0)
        return self._head(second, number, timestamp, numbering.ssrc, transport), data

    def again(self, payload: Payload, number: int, transport: int) -> tuple[bytes, bytes]:
        """What was sent as `number`, by RTX (RFC 4588 4) where that was agreed on."""
        section, numbering, data = self.section, self.numbering, payload.data
        kind, ssrc = section.payload_type, numbering.ssrc
        if section.retransmission is not None:
            kind, ssrc = section.retransmission, section.retransmission_ssrc
            data = number.to_bytes(2) + data
            number = self._take_retransmission()
        second = kind | (MARKER if payload.marker else 0)
        return self._head(second, number, numbering.timestamp(payload), ssrc, transport), data

    def padding(self, transport: int, octets: bytes = PADDING) -> tuple[bytes, bytes]:
        """An RTX packet without anything to repeat (RFC 3550 5.1). With a marker, upon which
        GStreamer tells what came."""
        section, timestamp = self.section, max(0, self.last_pts) & 0xFFFFFFFF
        number, kind = self._take_retransmission(), section.retransmission or 0
        second, ssrc = kind | MARKER, section.retransmission_ssrc
        head = self._head(second, number, timestamp, ssrc, transport)
        return bytes((head[0] | 0x20,)) + head[1:], octets

    def _take_retransmission(self) -> int:
        number = self._next_retransmission
        self._next_retransmission = (number + 1) & 0xFFFF
        return number

    def _head(self, second: int, number: int, timestamp: int, ssrc: int, transport: int) -> bytes:
        ident = self.section.extension
        if ident is None:
            return HEADER.pack(0x80, second, number, timestamp, ssrc)
        return EXTENDED.pack(
            0x90, second, number, timestamp, ssrc,
            ONE_BYTE_EXTENSIONS, 1, ident << 4 | 1, transport & 0xFFFF,
        )  # fmt: skip

    # --- reports ---

    def sender_report(self, now_ns: int) -> bytes:
        """Program time itself, for sound and picture alike: that is what keeps the lips. Empty
        before anything was sent."""
        pts = self.last_pts
        if pts < 0:
            return b""
        seconds, rest = divmod(pts, self._clock_rate)
        ntp = ((seconds + NTP_UNIX_OFFSET_S) & 0xFFFFFFFF) << 32 | (rest << 32) // self._clock_rate
        self._reports.append((ntp >> 16 & 0xFFFFFFFF, now_ns))
        numbering = self.numbering
        numbering.settle()
        return SENDER_REPORT.pack(
            0x80, RTCP_SR, SENDER_REPORT.size // 4 - 1, numbering.ssrc, ntp,
            pts & 0xFFFFFFFF, numbering.packets & 0xFFFFFFFF, numbering.octets & 0xFFFFFFFF,
        )  # fmt: skip

    def round_trip_ns(self, last_report: int, delay: int, now_ns: int) -> int | None:
        """RFC 3550 6.4.1; None where the report answers none of ours. `delay` in 1/65536 s."""
        # The newest: without new pictures reports repeat themselves.
        for ntp, sent_ns in reversed(self._reports):
            if ntp == last_report:
                return max(0, now_ns - sent_ns - delay * NS_PER_S // 65536)
        return None
