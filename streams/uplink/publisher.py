"""What a connected site sends: packets → frames, and the feedback that keeps them coming."""

import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass

from aiortc.rate import RemoteBitrateEstimator
from aiortc.rtp import (
    RTCP_PSFB,
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RR,
    RTCP_RTPFB,
    RTCP_RTPFB_NACK,
    RTCP_SR,
    pack_remb_fci,
)

from streams.bandwidth.renditions import WIRE_OCTETS
from streams.connections.sdp import TRANSPORT_SEQUENCE, Section
from streams.frames import Codec, EncodedFrame, SiteId
from streams.lines import Line, UplinkCounts
from streams.rtp import header as rtp
from streams.rtp import nack
from streams.rtp.extended_reports import XR, reference_time, round_trip_ns
from streams.rtp.red import taken_apart
from streams.rtp.twcc import TRANSPORT_WIDE, Arrivals
from streams.uplink.standing_queue import MOST_BPS, StandingQueue
from streams.uplink.stream import RETRY_NS, STOPPED_NS, Statistics, Uplink

REPORT_INTERVAL_NS = 1_000_000_000
MAX_RETRY_NS = 250_000_000
"""At least one more try before a picture is given up."""
ARRIVALS_INTERVAL_NS, FEW_INTERVAL_NS = 80_000_000, 140_000_000
"""Often enough to probe by, seldom enough to cost a thin line nothing (5 to 10 kbit/s). The second
on a line at ease while fewer than `FEW_ARRIVALS` wait: a site at standby, of which there may be
fifty, and which is read each 240 ms. Browsers tell each other every 50 to 250 ms."""
FEW_ARRIVALS = 12
EASY_JITTER_MS = 10.0
"""Above it, or with loss, a line is not at ease, and its sender is told soon."""
_SENDER_REPORT = struct.Struct("!IQI")
"""Of whom, NTP time and RTP timestamp (RFC 3550 6.4.1); the rest is of no use here."""
_REPORT_BLOCK = struct.Struct("!6I")
MOST_LOST = 0x7FFFFF
"""24 bits and a sign."""


@dataclass(slots=True)
class _Reported:
    """What the last receiver report said, to tell the difference (RFC 3550 A.3)."""

    expected: int = 0
    received: int = 0
    octets: int = 0
    missed: int = 0
    frames: int = 0
    at_ns: int = 0
    bitrate_bps: float = 0.0
    fps: float = 0.0
    loss: float = 0.0
    """Of the line: also what was repaired. 0 to 1."""
    last_sr: int = 0
    last_sr_ns: int = 0


@dataclass(slots=True)
class _Stream:
    """What comes on one section, at hand for each packet."""

    section: Section
    codec: Codec
    wide: bool
    """Whether it is told when each packet came; else what its line carries (REMB)."""
    uplink: Uplink | None = None


def _by_payload_type(sections: tuple[Section, ...]) -> dict[int, _Stream]:
    streams = {}
    for section in sections:
        if section.codec is not None:
            wide = section.congestion == TRANSPORT_SEQUENCE
            stream = _Stream(section, section.codec, wide)
            streams.update(dict.fromkeys(section.payload_types, stream))
    return streams


def _again(uplink: Uplink | None, packet: rtp.RtpPacket, now_ns: int) -> list[EncodedFrame]:
    """RFC 4588 4: the payload begins with the number of the packet that it repeats."""
    if uplink is None or len(packet.payload) < 2:
        return []
    number, payload = int.from_bytes(packet.payload[:2]), packet.payload[2:]
    return uplink.add_again(packet._replace(sequence=number, payload=payload), now_ns)


class Publisher:
    """The traffic of one site's connection."""

    checks_suffice = False
    spared_ns = 0

    def __init__(
        self,
        site: SiteId,
        sections: tuple[Section, ...],
        send_rtcp: Callable[[bytes], None],
        on_frame: Callable[[EncodedFrame], None],
    ) -> None:
        self.site = site
        self._streams = _by_payload_type(sections)
        self._send_rtcp = send_rtcp
        self._ssrc = secrets.randbelow(1 << 32)
        """Ours, in reports: by chance, so that it is not the sender's (RFC 3550 8.1)."""
        self._on_frame = on_frame
        self.uplinks: dict[Codec, Uplink] = {}
        self._reported: dict[Codec, _Reported] = {}
        self.rtt_ms: float | None = None
        """None while, or where, the site does not answer our question."""
        self._estimator = RemoteBitrateEstimator()
        self._arrivals = Arrivals()
        self._came_ns = self._arrivals.came_ns
        self._arrivals_ns = 0
        self._reported_ns = 0
        self._queue = StandingQueue()
        self._looked_ns = self._told_ns = 0
        self._octets = [0, 0]
        """Of sound and of pictures, with headers, since the queue was looked at."""
        self.at_ease = False
        """Nothing was lost in the last second, and hardly anything came late."""
        self._nacks = self._plis = 0

    def on_rtp(self, packet: bytes, now_ns: int) -> None:
        kind = packet[1] & 0x7F
        stream = self._streams.get(kind)
        if stream is None:
            return
        section = stream.section
        parsed = rtp.parse(packet, section.extension)
        self._octets[stream.codec.is_video] += len(packet) + WIRE_OCTETS
        if parsed.extension is not None:
            if stream.wide:
                self._came_ns.setdefault(parsed.extension & 0xFFFF, now_ns)
            else:
                self._estimate(parsed.ssrc, parsed.extension & 0xFFFFFF, len(packet), now_ns)
        uplink = stream.uplink
        if kind == section.retransmission:
            frames = _again(uplink, parsed, now_ns)
        else:
            if uplink is None or uplink.ssrc != parsed.ssrc:
                uplink = self._begin(stream, parsed.ssrc, now_ns)
            if kind == section.redundancy:
                sound = taken_apart(parsed.payload)
                parsed = parsed._replace(payload=sound.data)
                frames = uplink.add_redundant(parsed, sound.earlier, now_ns)
            else:
                frames = uplink.add(parsed, now_ns)
        for frame in frames:
            self._on_frame(frame)

    def _begin(self, stream: _Stream, ssrc: int, now_ns: int) -> Uplink:
        """Of a source, in the place of the codec's former one."""
        if stream.uplink is not None:
            self._estimator.ssrcs.pop(stream.uplink.ssrc, None)
        codec, section = stream.codec, stream.section
        uplink = Uplink(
            self.site, codec, ssrc, nack=section.nack, parameter_sets=section.parameter_sets
        )
        stream.uplink = self.uplinks[codec] = uplink
        self._reported[codec] = _Reported(at_ns=now_ns)
        # A rate over less than an interval would be a guess.
        self._reported_ns = self._looked_ns = now_ns
        return uplink

    def _estimate(self, ssrc: int, sent: int, size: int, now_ns: int) -> None:
        """`sent`: abs-send-time, 24 bits in 1/2^18 s."""
        estimate = self._estimator.add(now_ns // 1_000_000, sent, size, ssrc)
        if estimate is not None:
            bitrate, ssrcs = estimate
            self._tell_rate(min(bitrate, self._queue.cap_bps or MOST_BPS), ssrcs)

    def _tell_rate(self, bps: float, ssrcs: list[int]) -> None:
        """The most that all of them together may send (draft-alvestrand-rmcat-remb-03)."""
        self._feed_back(RTCP_PSFB, RTCP_PSFB_APP, 0, pack_remb_fci(int(bps), ssrcs))

    def on_rtcp(self, compound: bytes, now_ns: int) -> None:
        """Raises `ValueError` on what is cut off."""
        at, extended = 0, False
        while at < len(compound):
            kind, words = compound[at + 1], compound[at + 2] << 8 | compound[at + 3]
            end = at + 4 + 4 * words
            if end > len(compound):
                raise ValueError("a truncated RTCP packet")
            if kind == RTCP_SR and words >= 6:
                self._on_sender_report(now_ns, *_SENDER_REPORT.unpack_from(compound, at + 4))
            extended = extended or kind == XR
            at = end
        trip_ns = round_trip_ns(compound, now_ns, self._ssrc) if extended else None
        if trip_ns is not None:
            self.rtt_ms = trip_ns / 1_000_000
            for uplink in self.uplinks.values():
                uplink.retry_ns = min(max(RETRY_NS, trip_ns * 5 // 4), MAX_RETRY_NS)

    def _on_sender_report(self, now_ns: int, ssrc: int, ntp: int, timestamp: int) -> None:
        for codec, uplink in self.uplinks.items():
            if uplink.ssrc == ssrc:
                reported = self._reported[codec]
                uplink.assembly.on_sender_report(ntp, timestamp)
                reported.last_sr = ntp >> 16 & 0xFFFFFFFF
                reported.last_sr_ns = now_ns

    def on_moved(self) -> None:
        """Nothing here depends on where it is."""

    @property
    def hurries(self) -> bool:
        """While something is missing or wanted; else a report now and then is all there is."""
        for uplink in self.uplinks.values():  # noqa: SIM110 - of each site at each turn
            if not uplink.at_rest:
                return True
        return False

    def tick(self, now_ns: int) -> None:
        for uplink in self.uplinks.values():
            delay_ns = None if uplink.codec.is_video else uplink.delay_ns
            if delay_ns is not None:
                self._queue.note(delay_ns)
            if uplink.at_rest:
                continue
            wishes, frames = uplink.poll(now_ns)
            for frame in frames:
                self._on_frame(frame)
            self._nacks += len(wishes.nack)
            self._plis += wishes.pli
            if wishes.nack:
                lost = nack.written(wishes.nack)
                self._feed_back(RTCP_RTPFB, RTCP_RTPFB_NACK, uplink.ssrc, lost)
            if wishes.pli:
                self._feed_back(RTCP_PSFB, RTCP_PSFB_PLI, uplink.ssrc)
        soon = not self.at_ease or len(self._arrivals) >= FEW_ARRIVALS
        if now_ns - self._arrivals_ns >= (ARRIVALS_INTERVAL_NS if soon else FEW_INTERVAL_NS):
            self._arrivals_ns = now_ns
            self._report_arrivals()
        if now_ns - self._looked_ns >= self._queue.every_ns and self.uplinks:
            elapsed_ns, self._looked_ns = now_ns - self._looked_ns, now_ns
            self._watch_queue(now_ns, elapsed_ns)
        if now_ns - self._reported_ns >= REPORT_INTERVAL_NS and self.uplinks:
            self._reported_ns = now_ns
            self._send_reports(now_ns)
            self.at_ease = self.loss_percent() == 0 and all(
                (_jitter_ms(uplink) or 0) < EASY_JITTER_MS for uplink in self.uplinks.values()
            )

    def _send_reports(self, now_ns: int) -> None:
        reports = [self._report(uplink, now_ns) for uplink in self.uplinks.values()]
        count = len(reports)
        head = rtp.RTCP_HEADER.pack(0x80 | count, RTCP_RR, 1 + 6 * count, self._ssrc)
        self._send_rtcp(b"".join((head, *reports, reference_time(self._ssrc, now_ns))))

    def _watch_queue(self, now_ns: int, elapsed_ns: int) -> None:
        before_bps = self._queue.cap_bps
        sound_bps, picture_bps = (octets * 8e9 / elapsed_ns for octets in self._octets)
        self._octets[:] = 0, 0
        self._queue.look(now_ns, picture_bps, sound_bps)
        cap_bps = self._queue.cap_bps
        again = cap_bps is not None and now_ns - self._told_ns >= REPORT_INTERVAL_NS
        if again or cap_bps != before_bps:
            self._told_ns = now_ns
            self._tell_rate(cap_bps or MOST_BPS, [uplink.ssrc for uplink in self.uplinks.values()])

    def _report_arrivals(self) -> None:
        fci = self._arrivals.report()
        if fci is not None:
            media = next((uplink.ssrc for uplink in self.uplinks.values()), 0)
            self._feed_back(RTCP_RTPFB, TRANSPORT_WIDE, media, fci)

    def _feed_back(self, kind: int, form: int, media: int, fci: bytes = b"") -> None:
        """About a source, in whole words (RFC 4585 6.1)."""
        head = rtp.RTCP_HEADER.pack(0x80 | form, kind, 2 + len(fci) // 4, self._ssrc)
        self._send_rtcp(head + media.to_bytes(4) + fci)

    def _report(self, uplink: Uplink, now_ns: int) -> bytes:
        """Its block in a receiver report (RFC 3550 6.4.1)."""
        last, statistics = self._reported[uplink.codec], uplink.statistics
        expected = uplink.expected - last.expected
        lost = max(0, expected - (statistics.received - last.received))
        missed = statistics.lost + statistics.repaired
        last.loss = min(1.0, (missed - last.missed) / expected) if expected > 0 else 0.0
        last.missed = missed
        elapsed_ns = max(1, now_ns - last.at_ns)
        last.bitrate_bps = (statistics.octets - last.octets) * 8e9 / elapsed_ns
        frames = uplink.assembly.frames
        last.fps = (frames - last.frames) * 1e9 / elapsed_ns
        last.frames = frames
        last.expected, last.received = uplink.expected, statistics.received
        last.octets, last.at_ns = statistics.octets, now_ns
        delay = (now_ns - last.last_sr_ns) * 65536 // 1_000_000_000 if last.last_sr else 0
        fraction = min(255, lost * 256 // expected) if expected > 0 else 0
        return _REPORT_BLOCK.pack(
            uplink.ssrc,
            fraction << 24 | min(MOST_LOST, max(0, uplink.expected - statistics.received)),
            uplink.highest_sequence,
            int(statistics.jitter),
            last.last_sr,
            min(delay, 0xFFFFFFFF),
        )

    def ask_keyframe(self) -> None:
        for uplink in self.uplinks.values():
            if uplink.codec.is_video:
                uplink.ask_keyframe()

    def uplink(self, *, video: bool) -> Uplink | None:
        return next((u for c, u in self.uplinks.items() if c.is_video is video), None)

    def bitrate_bps(self) -> float:
        return sum(reported.bitrate_bps for reported in self._reported.values())

    def loss_percent(self) -> float:
        """Of the line, before repair: of sound or picture, whichever fares worse."""
        return 100 * max((reported.loss for reported in self._reported.values()), default=0.0)

    def fps(self) -> float:
        """Whole pictures in a second."""
        return sum(reported.fps for codec, reported in self._reported.items() if codec.is_video)

    def line(self, since_ns: int, now_ns: int) -> Line:
        """As it is now, of a site that is connected since then."""
        picture, sound = self.uplink(video=True), self.uplink(video=False)
        width, height = (picture and picture.assembly.size) or (None, None)
        return Line(
            codec=picture.codec.name if picture is not None else None,
            width=width,
            height=height,
            bitrate_bps=self.bitrate_bps(),
            loss_percent=self.loss_percent(),
            rtt_ms=self.rtt_ms,
            jitter_ms=_jitter_ms(picture or sound),
            video_alive=_is_alive(picture, now_ns),
            audio_alive=_is_alive(sound, now_ns),
            since_ns=since_ns,
            fps=self.fps(),
            counts=self.counts(),
        )

    def counts(self) -> UplinkCounts:
        """Since each stream began."""
        statistics = self.statistics()
        return UplinkCounts(
            packets=sum(one.received for one in statistics),
            octets=sum(one.octets for one in statistics),
            lost=sum(one.lost for one in statistics),
            repaired=sum(one.repaired for one in statistics),
            nacks=self._nacks,
            plis=self._plis,
            frames=sum(u.assembly.frames for c, u in self.uplinks.items() if c.is_video),
        )

    def statistics(self) -> list[Statistics]:
        return [uplink.statistics for uplink in self.uplinks.values()]


def _jitter_ms(uplink: Uplink | None) -> float | None:
    if uplink is None:
        return None
    return uplink.statistics.jitter * 1000 / uplink.codec.clock_rate


def _is_alive(uplink: Uplink | None, now_ns: int) -> bool:
    return uplink is not None and now_ns - uplink.last_received_ns < STOPPED_NS
