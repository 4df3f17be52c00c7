"""How connections are, as people and `/metrics` see them. Plain data.

Counts grow from the beginning of a connection, or of the process where they are the port's.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UplinkCounts:
    """What came from a site, sound and picture together."""

    packets: int = 0
    octets: int = 0
    lost: int = 0
    """Never arrived."""
    repaired: int = 0
    """Arrived after they were asked for again, or were restored from redundant sound."""
    nacks: int = 0
    """Packets asked for again."""
    plis: int = 0
    """Keyframes asked for."""
    frames: int = 0
    """Whole pictures."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a site sends, and how its line is now."""

    codec: str | None
    width: int | None
    height: int | None
    bitrate_bps: float
    loss_percent: float
    rtt_ms: float | None
    jitter_ms: float | None
    video_alive: bool
    audio_alive: bool
    since_ns: int
    """CLOCK_MONOTONIC when it connected."""
    fps: float = 0.0
    """Pictures that came whole, in a second."""
    counts: UplinkCounts = UplinkCounts()


@dataclass(frozen=True, slots=True)
class DownLine:
    """A site's return feed: what we send it, and how much its line carries."""

    rendition: int | None
    """0 is the whole picture, higher is smaller; None: no picture."""
    sound: int
    """0 whole, 1 thin."""
    estimate_bps: float | None
    """What its line is thought to carry; None: it reports nothing to go by."""
    loss_percent: float
    rtt_ms: float | None
    sent_bps: float
    frames_dropped: int
    stills: bool = False
    """Of the picture only a keyframe now and then."""
    nacks: int = 0
    """Packets it asked for again."""
    resent: int = 0
    """Packets sent again to it."""
    plis: int = 0
    """Keyframes it asked for."""


@dataclass(frozen=True, slots=True)
class PortCounts:
    """The one UDP port."""

    strangers: int = 0
    """Datagrams dropped because nobody here expected them."""
    dropped: int = 0
    """Datagrams not sent because too many waited already."""
    handshakes: int = 0
    """Connections that got keys."""
    handshakes_failed: int = 0
    """Connections that ended before they had keys."""
