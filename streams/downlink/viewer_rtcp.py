"""What a viewer tells: how his line is, what he lost, what he wishes. Pure, time is an argument.

Each second only so much of it is heard: few octets can name thousands of packets.
"""

import struct
from collections.abc import Callable, Mapping

from aiortc.rtp import (
    RTCP_PSFB,
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RR,
    RTCP_RTPFB,
    RTCP_RTPFB_NACK,
    unpack_remb_fci,
)

from streams.bandwidth.steering import Steering
from streams.downlink.track import DownTrack
from streams.rtp import nack
from streams.rtp.twcc import TRANSPORT_WIDE

_HEAD, _BLOCK = struct.Struct("!BBH"), struct.Struct("!IB11xII")
RTCP_PSFB_FIR = 4
TOLD = 10_000
"""Packets of which one viewer may tell us in a second, that they came or were lost: twenty times as
many as the program has. Of more we hear nothing."""
REPORT_TOLD = 20
"""What any other report counts as."""


class ViewerRtcp:
    """The hearing half of a viewer's connection: RTCP in, and whom each report is for."""

    def __init__(
        self,
        steering: Steering,
        streams: Mapping[bool, DownTrack],
        send_again: Callable[[bool, list[int], int], None],
        want_keyframe: Callable[[], None],
    ) -> None:
        """`streams`: pictures under True, sound under False; `send_again`: of one of these, what
        was sent under such sequence numbers."""
        self._steering = steering
        self._streams = {one.numbering.ssrc: (video, one) for video, one in streams.items()}
        self._send_again, self._want_keyframe = send_again, want_keyframe
        self._left = TOLD
        self.nacks = self.plis = 0
        """Packets and keyframes that he asked for."""

    def renew(self) -> None:
        """Another second begins."""
        self._left = TOLD

    def read(self, compound: bytes, now_ns: int) -> bool:
        """Whether it tells, transport-wide, what came when. Raises `ValueError`, `IndexError` or
        `struct.error` on garbage."""
        at, tells_arrivals = 0, False
        while at + _HEAD.size <= len(compound):
            first, kind, words = _HEAD.unpack_from(compound, at)
            form, end = first & 0x1F, at + 4 * (words + 1)
            wide = kind == RTCP_RTPFB and form == TRANSPORT_WIDE
            lost = kind == RTCP_RTPFB and form == RTCP_RTPFB_NACK
            if wide:
                self._left -= int.from_bytes(compound[at + 14 : at + 16])
            else:
                self._left -= 17 * words if lost else REPORT_TOLD
            if self._left < 0:
                break
            # Read here, and of each only what is of use: aiortc makes up to five objects of one.
            if wide:
                self._steering.on_feedback(compound[at + 12 : end], now_ns)
                tells_arrivals = True
            elif lost:
                self._on_lost(compound[at + 8 : end], now_ns)
            elif kind == RTCP_RR:
                self._on_receiver_reports(compound[at + 8 : end], now_ns)
            elif kind == RTCP_PSFB:
                self._on_wish(form, compound[at + 12 : end])
            at = end
        return tells_arrivals

    def _on_lost(self, told: bytes, now_ns: int) -> None:
        """RFC 4585 6.2.1: of which source, and its numbers."""
        ssrc, lost = int.from_bytes(told[:4]), nack.read(told[4:])
        self.nacks += len(lost)
        if ssrc in self._streams:
            video, _ = self._streams[ssrc]
            self._send_again(video, lost, now_ns)

    def _on_receiver_reports(self, blocks: bytes, now_ns: int) -> None:
        """RFC 3550 6.4.2."""
        for at in range(0, len(blocks) - _BLOCK.size + 1, _BLOCK.size):
            ssrc, fraction_lost, last_report, delay = _BLOCK.unpack_from(blocks, at)
            if ssrc in self._streams:
                video, stream = self._streams[ssrc]
                trip_ns = stream.round_trip_ns(last_report, delay, now_ns)
                self._steering.on_receiver_report(video, fraction_lost / 256, trip_ns)

    def _on_wish(self, form: int, fci: bytes) -> None:
        """RFC 4585 6.3.1, RFC 5104 4.3.1; draft-alvestrand-rmcat-remb-03."""
        if form in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
            self.plis += 1
            self._want_keyframe()
        elif form == RTCP_PSFB_APP and fci[:4] == b"REMB":
            self._steering.on_remb(unpack_remb_fci(fci)[0])
