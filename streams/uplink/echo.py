"""A connection whose sound comes back: how a page learns what its line loses, and how late it is.

What arrives is reported to its sender as for any site (receiver reports, RFC 3550 6.4); what goes
back has numbers of its own. So each end counts its own way's losses: the page reads the way up
from our reports and the way down from what it received.
"""

import secrets
from collections.abc import Callable

from streams.connections.sdp import Section
from streams.frames import NS_PER_S, EncodedFrame, SiteId
from streams.rtp.header import HEADER
from streams.uplink.publisher import Publisher

MOST_PER_S = 120
"""Opus makes 50 packets in a second, 100 in its shortest usual frames. Policy: more do not come
back, so that nobody gets the server to send much to him."""


class Echo:
    """The traffic of one echo connection."""

    hurries = False
    checks_suffice = False
    spared_ns = 0

    def __init__(
        self,
        sections: tuple[Section, ...],
        send_rtp: Callable[[bytes], None],
        send_rtcp: Callable[[bytes], None],
    ) -> None:
        self._publisher = Publisher(SiteId(""), sections, send_rtcp, self._send_back)
        self._section = next(section for section in sections if section.codec is not None)
        self._send_rtp = send_rtp
        self._number = secrets.randbelow(1 << 15)
        self._left = MOST_PER_S
        self._filled_ns = 0

    def on_rtp(self, packet: bytes, now_ns: int) -> None:
        self._publisher.on_rtp(packet, now_ns)

    def on_rtcp(self, compound: bytes, now_ns: int) -> None:
        self._publisher.on_rtcp(compound, now_ns)

    def on_moved(self) -> None:
        """Nothing here depends on where it is."""

    def tick(self, now_ns: int) -> None:
        self._publisher.tick(now_ns)
        if now_ns - self._filled_ns >= NS_PER_S:
            self._filled_ns, self._left = now_ns, MOST_PER_S

    def _send_back(self, frame: EncodedFrame) -> None:
        if self._left <= 0:
            return
        self._left -= 1
        self._number = (self._number + 1) & 0xFFFF
        kind, ssrc = self._section.payload_type, self._section.ssrc
        head = HEADER.pack(0x80, kind, self._number, frame.pts & 0xFFFFFFFF, ssrc)
        self._send_rtp(head + frame.data)
