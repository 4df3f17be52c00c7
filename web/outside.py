"""What is true now and is no part of the session: lines, pages, the studio. Plain data."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import exp
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.settings import Settings
from streams.frames import SiteId
from streams.lines import DownLine, Line

Device = Literal["ok", "none", "denied", "lost"]
LineQuality = Literal["good", "fair", "poor", "lost"]

AAC_BPS = 128_000
CALM_MS = 3_000
PACE_STEP_MS = 5_000
PACE_WINDOW_MS = 60_000
PACE_MIN_FRAMES = 250
STARTING_MS = 5000
"""A studio that is away for less is being started again by the supervisor."""
SILENT_MS = 5000
"""It states its status each second: one that is there and says nothing for so long hangs."""


@dataclass(frozen=True, slots=True)
class Word:
    """The last status of the studio or the witness; empty if it said none."""

    status: Mapping[str, Any]
    gone_ms: int | None = None
    """How long it has been away; None while it is there."""
    age_ms: int = 0
    """Of the word."""


class TestedLine(BaseModel):
    """What a test of its line told a site's page before it joined."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    verdict: Literal["good", "fair", "poor", "none"]
    udp: bool
    down_bps: float = Field(ge=0, le=1e10)
    up_bps: float = Field(ge=0, le=1e10)
    rtt_ms: float | None = Field(None, ge=0, le=600_000)
    loss_up_percent: float | None = Field(None, ge=0, le=100)
    loss_down_percent: float | None = Field(None, ge=0, le=100)
    age_s: int = Field(ge=0, le=10_000_000)


class SelfTested(BaseModel):
    """What a site's page found of its own picture and sound before it joined."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    picture: Literal["ok", "dark", "still", "none"] = "none"
    sound: Literal["ok", "silent", "none"] = "none"
    speaker: Literal["heard", "not_heard", "unknown"] = "unknown"
    """What somebody there said of the test tone."""
    echo: Literal["ok", "heard", "unknown"] = "unknown"
    """Whether the microphone sent the test tone back."""
    asked_at_ms: int | None = Field(None, ge=0, le=2**53)
    """Which wish of the control room this answers."""


class Report(BaseModel):
    """What a site's page says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    type: Literal["site_report"] = "site_report"
    camera: Device = "none"
    microphone: Device = "none"
    rtt_ms: float | None = Field(None, ge=0, le=600_000)
    sent_bps: float | None = Field(None, ge=0, le=1e10)
    lost_packets: int | None = Field(None, ge=0, le=2**40)
    line_test: TestedLine | None = None
    self_test: SelfTested | None = None


class Fault(BaseModel):
    """What the studio cannot do, and why. `code` is an alarm's."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    code: str
    detail: str = ""


class CameraState(BaseModel):
    """A site whose picture and sound the studio fetches itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    site: SiteId
    detail: str = ""
    """Why nothing comes."""
    since_ns: int = 0
    """CLOCK_MONOTONIC when it connected; 0 while it is not."""
    width: int | None = None
    height: int | None = None
    bitrate_bps: float = 0
    fps: float = 0
    video_alive: bool = False
    audio_alive: bool = False

    @property
    def line(self) -> Line:
        """As if it came over a line of ours: FFmpeg tells of no loss and no round trip."""
        return Line(
            codec="H264",
            width=self.width,
            height=self.height,
            bitrate_bps=self.bitrate_bps,
            loss_percent=0,
            rtt_ms=None,
            jitter_ms=None,
            video_alive=self.video_alive,
            audio_alive=self.audio_alive,
            since_ns=self.since_ns,
            fps=self.fps,
        )


class PushState(BaseModel):
    """Somebody who is sent the program."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    name: str
    state: Literal["connecting", "sending", "waiting"] = "connecting"
    detail: str = ""
    """Why it is not sending, in FFmpeg's words."""
    why: str = ""
    """The same in one word (`broadcast.outputs.push`), for which the pages have a sentence."""
    retry_s: float = 0


class PlayerState(BaseModel):
    """What the media player found in its file."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    number: int
    """Of the clip that it speaks of."""
    fault: Literal["", "missing", "unreadable", "crashes"] = ""
    duration_ms: int = 0
    pages: int = 0


class Studio(BaseModel):
    """The studio's last word, and whether it is there to say one."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    state: Literal["running", "starting", "lost", "detached"] = "starting"
    """`detached`: it has another session, or none."""
    silent_s: float = 0
    """How long it has been there and said nothing, if that is too long."""
    recording: bool = False
    sealing: bool = False
    """What happens now is closed, and kept apart."""
    recorded_s: float = 0
    recorded_bytes: int = 0
    disk_free_bytes: int | None = None
    """None: it has not looked yet."""
    frames: int = 0
    late_frames: int = 0
    """Of `frames`; both since the studio started."""
    dropped: dict[str, int] = {}
    """What it could not keep up with, since then: pieces by what they were."""
    faults: tuple[Fault, ...] = ()
    cameras: tuple[CameraState, ...] = ()
    pushes: tuple[PushState, ...] = ()
    player: PlayerState | None = None
    speaking: frozenset[SiteId] = frozenset()
    """Where somebody speaks, be it heard or not."""
    signs: dict[SiteId, tuple[Literal["black", "frozen", "silent"], ...]] = {}
    """What is wrong with a site's picture or sound although it comes."""

    @property
    def camera_lines(self) -> dict[SiteId, Line]:
        """Of those that are connected."""
        return {camera.site: camera.line for camera in self.cameras if camera.since_ns}


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


DETACHED = Studio(state="detached")


def studio_of(word: Word) -> Studio:
    """What is malformed in a status counts as not said."""
    if word.gone_ms is not None:
        return Studio(state="starting" if word.gone_ms < STARTING_MS else "lost")
    state = "running" if word.status else "starting"
    silent_s = word.age_ms / 1000 if word.age_ms >= SILENT_MS else 0
    try:
        return Studio.model_validate({**word.status, "state": state, "silent_s": silent_s})
    except ValidationError:
        return Studio(state=state, silent_s=silent_s)


class Witness(BaseModel):
    """What the second reader sees of the recording, on the disk and as it is served."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    state: Literal["running", "starting", "lost"] = "starting"
    stream: str = ""
    """The recording that it reads; empty: none is to be made."""
    held_s: float = 0
    """How long it has been waiting for an answer of the disk or the server."""
    grew_s: float = 0
    """How long the recording has not grown."""
    still_s: float = 0
    black_s: float = 0
    silent_s: float = 0
    languages: Mapping[str, float] = {}
    """How long the sound in each has been silent."""
    alike: Mapping[str, float] = {}
    """How long it has been the room's own, and nobody's over it."""
    apart_ms: float = 0
    """Sound from picture."""
    width: int = 0
    height: int = 0
    unreadable: str = ""
    """Why it does not play."""
    unserved: str = ""
    """Why the public does not get it."""
    rendition: str = ""
    """What is wrong with one that a player may choose instead of the whole picture."""


UNSEEN = Witness()


def witness_of(word: Word) -> Witness:
    """What is malformed in a status counts as not said. One that hangs is as good as none."""
    if word.gone_ms is not None:
        return Witness(state="starting" if word.gone_ms < STARTING_MS else "lost")
    if word.age_ms >= SILENT_MS:
        return Witness(state="lost")
    try:
        state = "running" if word.status else "starting"
        return Witness.model_validate({**word.status, "state": state})
    except ValidationError:
        return UNSEEN


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
