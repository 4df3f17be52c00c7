"""One frame's packets → the frame, with its time; and whether a keyframe is wanted first. Pure."""

from collections.abc import Iterable

from aiortc.codecs.vpx import vp8_depayload

from streams.frames import NS_PER_S, Codec, EncodedFrame, SiteId
from streams.rtp.bitstream import (
    ParameterSets,
    begins_frame,
    bounded,
    h264_units,
    is_key,
    size_of,
)
from streams.rtp.header import RtpPacket, Unwrapper

NTP_FRACTION = 1 << 32


class Assembly:
    """Of one stream. Whoever orders its packets says where one is missing (`tear`)."""

    def __init__(self, source: SiteId, codec: Codec, parameter_sets: Iterable[bytes] = ()) -> None:
        self.source, self.codec = source, codec
        self._is_video, self._clock_rate = codec.is_video, codec.clock_rate
        self._timestamp = Unwrapper(32)
        self._broken = codec.is_video
        """Video that cannot be decoded until a keyframe comes."""
        self.wants_key = False
        self.size: tuple[int, int] | None = None
        """Width and height of the last keyframe."""
        self.frames = self.bad = 0
        """Those that left, and those of which nothing could be made."""
        self._parameter_sets = ParameterSets(parameter_sets)
        self._report: tuple[int, int] | None = None
        """(NTP time of the site in ns, unwrapped RTP timestamp) of the last sender report."""

    def tear(self) -> None:
        """Something is missing: pictures wait for a keyframe, and ask for it."""
        if self._is_video:
            self._broken = self.wants_key = True

    def stop(self) -> None:
        """Nothing comes any more, and so no keyframe: it is asked for when something comes."""
        if self._is_video:
            self._broken, self.wants_key = True, False

    def assembled(self, run: list[RtpPacket], now_ns: int) -> EncodedFrame | None:
        """All packets of one, in order; None where nothing is to be had of them."""
        try:
            data, key = self._picture([packet.payload for packet in run if packet.payload])
        except (ValueError, IndexError):
            self.bad += 1
            self.tear()
            return None
        if not data:
            return None  # padding: a probe of the sender's bandwidth
        if self._broken and not key:
            self.wants_key = True
            return None
        if key and self._is_video:
            self._broken = self.wants_key = False
            self.size = size_of(self.codec, data)
        return self.frame(run[0].timestamp, now_ns, data, key=key)

    def frame(self, timestamp: int, received_ns: int, data: bytes, *, key: bool) -> EncodedFrame:
        """Of what is whole already. `timestamp`: RTP, 32 bits; `received_ns`: CLOCK_MONOTONIC."""
        self.frames += 1
        pts = self._timestamp(timestamp)
        captured_ns = None
        if self._report is not None:
            ntp_ns, reported = self._report
            captured_ns = ntp_ns + (pts - reported) * NS_PER_S // self._clock_rate
        return tuple.__new__(
            EncodedFrame, (self.source, self.codec, pts, captured_ns, received_ns, key, data)
        )

    def _picture(self, payloads: list[bytes]) -> tuple[bytes, bool]:
        """The frame's data, and whether it is a keyframe. Raises `ValueError`, `IndexError`."""
        if not payloads or self.codec is Codec.OPUS:
            return b"".join(payloads), True
        if not begins_frame(self.codec, payloads[0]):
            raise ValueError("the beginning of the frame is missing")
        if self.codec is not Codec.H264:
            data = b"".join(map(vp8_depayload, payloads))
            return data, is_key(self.codec, data)
        data = bounded(b"".join(map(h264_units, payloads)))
        key = is_key(self.codec, data)
        return self._parameter_sets.complete(data, key=key), key

    def on_sender_report(self, ntp_timestamp: int, rtp_timestamp: int) -> None:
        """64-bit NTP time and the RTP timestamp of the same moment (RFC 3550 6.4.1). 0 says that
        the sender has no clock: his sound and picture cannot be compared by it."""
        if not ntp_timestamp:
            return
        ntp_ns = ntp_timestamp * NS_PER_S // NTP_FRACTION
        self._report = (ntp_ns, self._timestamp(rtp_timestamp))
