"""What a connected viewer gets: the program's packets under his own numbers."""

import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass

from aiortc.rtp import (
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRtpfbPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
)

from streams.downlink import Downlink
from streams.fanout import Lane, Payload
from streams.frames import SiteId
from streams.sdp import Section

REPORT_INTERVAL_NS = 1_000_000_000
NTP_UNIX_OFFSET_S = 2_208_988_800
_HEADER = struct.Struct("!BBHII")
RTCP_PSFB_FIR = 4
RESENDS = 300
"""Packets sent again to one viewer in a second, about as many as the program has. More are not
lost but the line is: and one small NACK could make us send megabytes."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who a viewer is."""

    room: bool
    """False: the public, who get only what is marked so."""
    site: SiteId | None = None
    """A site's return feed: mix-minus applies."""


class Viewer:
    """The traffic of one viewer's connection.

    What the port cannot take is dropped by whole access units, and counted. Their numbers stay
    unused, so that a NACK brings them after all once there is room again.
    """

    checks_suffice = True

    def __init__(
        self,
        audience: Audience,
        sections: tuple[Section, ...],
        send_rtp: Callable[[bytes], None],
        send_rtcp: Callable[[bytes], None],
        want_keyframe: Callable[[], None],
        is_congested: Callable[[], bool] = lambda: False,
    ) -> None:
        self.audience = audience
        self.dropped = 0
        """Access units that the port could not take."""
        self._is_congested = is_congested
        self._resends = RESENDS
        self._send_rtp, self._send_rtcp = send_rtp, send_rtcp
        self._want_keyframe = want_keyframe
        self._downlinks = {
            section.codec.is_video: Downlink(
                section.ssrc, section.payload_type, secrets.randbelow(1 << 15)
            )
            for section in sections
            if section.codec is not None
        }
        self._last_pts: dict[bool, tuple[int, int]] = {}
        self._reported_ns = 0

    def offer(self, lane: Lane, pts: int, payloads: list[Payload], *, key: bool) -> None:
        """One packet's payloads, if he may have them. Pictures begin at a keyframe."""
        video = lane.codec.is_video
        downlink = self._downlinks.get(video)
        if downlink is None or not payloads:
            return
        if self._is_congested():
            self.dropped += 1
            return
        if not downlink.follows(lane):
            if video and not key:
                self._want_keyframe()
                return
            downlink.switch(lane, payloads[0].number)
        self._last_pts[video] = (pts, lane.codec.clock_rate)
        for payload in payloads:
            self._send_rtp(self._packet(downlink, payload, downlink.number(payload)))

    def leave(self, lane: Lane) -> None:
        """What comes on this lane now is not for him; he returns to it at a keyframe."""
        downlink = self._downlinks.get(lane.codec.is_video)
        if downlink is not None and downlink.follows(lane):
            downlink.switch(None, 0)

    @staticmethod
    def _packet(downlink: Downlink, payload: Payload, sequence: int) -> bytes:
        second = downlink.payload_type | (0x80 if payload.marker else 0)
        head = _HEADER.pack(0x80, second, sequence, payload.timestamp, downlink.ssrc)
        return head + payload.data

    def on_rtp(self, packet: bytes, now_ns: int) -> None:
        """A viewer sends nothing that we want."""

    def on_rtcp(self, compound: bytes, now_ns: int) -> None:  # noqa: ARG002 - Traffic
        for packet in RtcpPacket.parse(compound):
            match packet:
                case RtcpRtpfbPacket(fmt=fmt, media_ssrc=ssrc, lost=lost) if fmt == RTCP_RTPFB_NACK:
                    self._resend(ssrc, lost)
                case RtcpPsfbPacket(fmt=fmt) if fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
                    self._want_keyframe()
                case _:
                    pass

    def _resend(self, ssrc: int, lost: list[int]) -> None:
        for downlink in self._downlinks.values():
            if downlink.ssrc != ssrc:
                continue
            for sequence in lost:
                payload = downlink.lost(sequence)
                if payload is None or not (self.audience.room or payload.public):
                    continue
                if self._resends <= 0 or self._is_congested():
                    return
                self._resends -= 1
                self._send_rtp(self._packet(downlink, payload, sequence))

    def tick(self, now_ns: int) -> None:
        if now_ns - self._reported_ns < REPORT_INTERVAL_NS:
            return
        self._reported_ns = now_ns
        self._resends = RESENDS
        for video, (pts, clock_rate) in self._last_pts.items():
            downlink = self._downlinks[video]
            # Program time itself, for sound and picture alike: that is what keeps the lips.
            seconds, rest = divmod(pts, clock_rate)
            ntp = ((seconds + NTP_UNIX_OFFSET_S) & 0xFFFFFFFF) << 32 | (rest << 32) // clock_rate
            info = RtcpSenderInfo(ntp, pts & 0xFFFFFFFF, downlink.packets, downlink.octets)
            self._send_rtcp(bytes(RtcpSrPacket(downlink.ssrc, info)))
