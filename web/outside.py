"""What is true now and is no part of the session: lines, pages, the studio. Plain data."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import exp
from typing import Literal

from broadcast.program import Scene
from config.settings import Settings
from streams.frames import SiteId
from streams.lines import DownLine, Line
from web.statuses import DETACHED, UNSEEN, Report, Studio, Witness

LineQuality = Literal["good", "fair", "poor", "lost"]

AAC_BPS = 128_000
CALM_MS = 3_000
PACE_STEP_MS = 5_000
PACE_WINDOW_MS = 60_000
PACE_MIN_FRAMES = 250


def hours_left(studio: Studio, settings: Settings) -> float | None:
    """Of recording, to a tenth."""
    if studio.disk_free_bytes is None:
        return None
    return hours_in(studio.disk_free_bytes, settings)


def hours_in(free_bytes: int, settings: Settings) -> float:
    """Of recording in so much room, to a tenth: each rendition with the sound, and the sound alone,
    until it stops."""
    room = max(0, free_bytes - settings.recording.stop_free_bytes)
    renditions = settings.program.renditions()
    bits_per_s = sum(one.video_bitrate_bps + AAC_BPS for one in renditions) + AAC_BPS
    return round(room * 8 / bits_per_s / 3600, 1)


class Pace:
    """How many of the program's pictures came late, of those of the last minute."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int, int]] = deque()

    def late_share(self, studio: Studio, now_ms: int) -> float:
        """0 to 1; 0 while there is too little to say. A studio that started anew counts anew."""
        samples = self._samples
        if samples and studio.frames < samples[-1][1]:
            samples.clear()
        if not samples or now_ms - samples[-1][0] >= PACE_STEP_MS:
            samples.append((now_ms, studio.frames, studio.late_frames))
        while now_ms - samples[0][0] > PACE_WINDOW_MS:
            samples.popleft()
        _, frames, late = samples[0]
        made = studio.frames - frames
        return (studio.late_frames - late) / made if made >= PACE_MIN_FRAMES else 0.0


class Calm:
    """Loss as of the last seconds: of the few packets of a small picture one that is lost is some
    per cent of a second, and no bad line."""

    def __init__(self) -> None:
        self._loss: dict[SiteId, float] = {}
        self._at_ms = 0

    def of(self, lines: Mapping[SiteId, Line], now_ms: int) -> dict[SiteId, Line]:
        """The same lines with their loss smoothed; a line that is new begins without any."""
        weight = 1 - exp(-max(0, now_ms - self._at_ms) / CALM_MS)
        self._at_ms = now_ms
        self._loss = {
            site: known + weight * (line.loss_percent - known)
            for site, line in lines.items()
            for known in (self._loss.get(site, 0.0),)
        }
        return {site: replace(line, loss_percent=self._loss[site]) for site, line in lines.items()}


@dataclass(frozen=True, slots=True)
class Outside:
    """One look at the world. Empty for a session that is not on the studio."""

    now_ms: int
    lines: Mapping[SiteId, Line] = field(default_factory=dict)
    returns: Mapping[SiteId, DownLine] = field(default_factory=dict)
    """What the sites get back."""
    leaving: tuple[Scene, ...] = ()
    """What a transition may still show."""
    screens: Mapping[SiteId, Line] = field(default_factory=dict)
    """Of the sites whose screen comes."""
    talks: frozenset[SiteId] = frozenset()
    """The sites to which an operator talks, and nobody else."""
    reports: Mapping[SiteId, Report] = field(default_factory=dict)
    """Of the sites whose page is connected."""
    heard_at_ms: Mapping[SiteId, int] = field(default_factory=dict)
    """When each open microphone last gave a sound, or was opened."""
    spoke_at_ms: Mapping[SiteId, int] = field(default_factory=dict)
    """When somebody last spoke into it."""
    met: frozenset[SiteId] = frozenset()
    """The sites that were present at some time."""
    studio: Studio = DETACHED
    witness: Witness = UNSEEN
    disk_hours_left: float | None = None
    """Of recording, until it stops for want of room."""
    late_share: float = 0
    """Of the program's pictures of the last minute."""
    viewers: int = 0
    attached: bool = False
    """Whether this session is the one on the studio."""

    def present(self, site: SiteId) -> bool:
        """Its page is open or its pictures come."""
        return site in self.lines or site in self.reports


def line_quality(line: Line | None, down: DownLine | None = None) -> LineQuality:
    """In one word, of both ways: the worse counts."""
    if line is None or not (line.video_alive or line.audio_alive):
        return "lost"
    loss_percent, rtt_ms = line.loss_percent, line.rtt_ms or 0
    if down is not None:
        loss_percent = max(loss_percent, down.loss_percent)
    # Lost packets count most: with NACK, 1 % is invisible and 5 % is not.
    if loss_percent > 5 or rtt_ms > 400 or _starved(down):
        return "poor"
    if loss_percent > 1 or rtt_ms > 150 or (down is not None and down.rendition):
        return "fair"
    return "good"


def feed_of(down: DownLine | None) -> Literal["moving", "stills", "sound"] | None:
    """What a site sees of the session; None while it gets nothing."""
    if down is None or down.sent_bps == 0:
        return None
    if down.stills:
        return "stills"
    return "sound" if down.rendition is None else "moving"


def _starved(down: DownLine | None) -> bool:
    """It gets stills for a picture, or thin sound. No picture at all may be the studio's fault."""
    return down is not None and (down.stills or down.sound > 0)
