"""The two types that travel: `EncodedFrame` on the way in, `Packet` on the way out.

Nothing else crosses between site, relay and studio, and neither is ever decoded in the relay.
Times: `pts` counts in units of 1/clock_rate s and never wraps (RTP's 32 bits are unwrapped at the
uplink); `*_ns` are nanoseconds. CLOCK_MONOTONIC is one clock for all processes of a machine.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, NewType

SiteId = NewType("SiteId", str)
"""A site's short name, `[a-z0-9-]{1,32}`: `hall`, `muong-lay`. A site is one source."""

_TALK = "@talk:"


def talk_to(site: SiteId) -> SiteId:
    """The source of an operator's voice that this site alone is to hear. No site is called so."""
    return SiteId(f"{_TALK}{site}")


def talked_to(source: SiteId) -> SiteId | None:
    """The reverse of `talk_to`; None for a source that is a site."""
    return SiteId(source.removeprefix(_TALK)) if source.startswith(_TALK) else None


_SCREEN = "@screen:"


def screen_of(site: SiteId) -> SiteId:
    """The source of what a site shares of its screen, beside its camera. No site is called so."""
    return SiteId(f"{_SCREEN}{site}")


def screen_site(source: SiteId) -> SiteId | None:
    """The reverse of `screen_of`; None for any other source."""
    return SiteId(source.removeprefix(_SCREEN)) if source.startswith(_SCREEN) else None


def site_of(source: SiteId) -> SiteId:
    """Whose a source is: its screen's site, or itself."""
    return screen_site(source) or source


NS_PER_S, NS_PER_MS = 1_000_000_000, 1_000_000
VIDEO_CLOCK_RATE = 90_000
AUDIO_CLOCK_RATE = 48_000


class Codec(IntEnum):
    """The numbers are the wire's: never reuse one."""

    H264 = 1
    VP8 = 2
    OPUS = 3
    AAC = 4
    """The program's sound for the segments; never on the wire."""

    def __init__(self, number: int) -> None:
        # Asked of each frame: as properties these would cost fifty times as much.
        self.is_video = number <= 2
        self.clock_rate = VIDEO_CLOCK_RATE if self.is_video else AUDIO_CLOCK_RATE


class EncodedFrame(NamedTuple):
    """One picture (H.264: Annex B access unit; VP8: frame) or one Opus packet, from a site. A
    tuple: a frozen dataclass takes three times as long to make."""

    source: SiteId
    codec: Codec
    pts: int
    """Unwrapped RTP timestamp, in 1/codec.clock_rate s; its zero is arbitrary for each stream."""
    captured_ns: int | None
    """When the site captured it, on the site's own NTP clock (RTCP sender report, RFC 3550 6.4.1);
    comparable between sound and picture of one site only. None before the first report."""
    received_ns: int
    """CLOCK_MONOTONIC of the relay's machine when it was whole, and all before it were: what a line
    does to a frame, and nothing of how long the relay left it to the kernel."""
    key: bool
    """Decodable without any earlier frame. Always True for Opus."""
    data: bytes


class Feed:
    """Who a program packet is for. A site whose microphone is open has a feed of its own."""

    ROOM = "room"
    """What everybody in the session sees and hears."""
    PUBLIC = "public"
    """Stands in for the room while an item is closed: the slate, and silence."""

    @staticmethod
    def in_pairs(feed: str) -> str:
        """That feed's sound in packets of 40 ms, two in one: what the public gets."""
        return f"pairs:{feed}"

    @staticmethod
    def minus(site: SiteId, language: str = "") -> str:
        """The room's sound, or a language's, without that site's own, and what an operator says to
        it alone: its mix-minus (sound only)."""
        return f"minus:{language}:{site}" if language else f"minus:{site}"

    @staticmethod
    def of(feed: str) -> SiteId | None:
        """The reverse of `minus`; None for a feed that is nobody's own."""
        return SiteId(feed.rpartition(":")[2]) if feed.startswith("minus:") else None

    @staticmethod
    def language(code: str) -> str:
        """The room's sound with an interpreter's voice over it."""
        return f"language:{code}"

    @staticmethod
    def language_of(feed: str) -> str | None:
        """The reverse of `language`; None for any other feed."""
        return feed.removeprefix("language:") if feed.startswith("language:") else None


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded access unit (H.264, Annex B) or Opus packet of the program, from the studio."""

    feed: str
    codec: Codec
    pts: int
    """Program time in 1/codec.clock_rate s: sound and picture share one zero, and it goes on
    across a restart of the studio."""
    key: bool
    public: bool
    """May leave the room. The studio sets it frame by frame: what was composed while an item is
    closed stays unmarked, whatever the relay's own state says when the packet reaches it."""
    data: bytes
    rendition: int = 0
    """Of the ladder: 0 is the whole picture or sound, each next one is smaller. Renditions of one
    feed have the same pts, and their keyframes at the same pts."""
