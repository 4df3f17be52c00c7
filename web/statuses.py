"""What others say of themselves: sites' pages, the studio, the witness. Plain data, and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streams.frames import SiteId
from streams.lines import Line

Device = Literal["ok", "none", "denied", "lost"]

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


class OfPage(BaseModel):
    """Nothing but what it names: a page that says more is not understood (`web.live`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TestedLine(OfPage):
    """What a test of its line told a site's page before it joined."""

    verdict: Literal["good", "fair", "poor", "none"]
    udp: bool
    down_bps: float = Field(ge=0, le=1e10)
    up_bps: float = Field(ge=0, le=1e10)
    rtt_ms: float | None = Field(None, ge=0, le=600_000)
    loss_up_percent: float | None = Field(None, ge=0, le=100)
    loss_down_percent: float | None = Field(None, ge=0, le=100)
    age_s: int = Field(ge=0, le=10_000_000)


class SelfTested(OfPage):
    """What a site's page found of its own picture and sound before it joined."""

    picture: Literal["ok", "dark", "still", "none"] = "none"
    sound: Literal["ok", "silent", "none"] = "none"
    speaker: Literal["heard", "not_heard", "unknown"] = "unknown"
    """What somebody there said of the test tone."""
    echo: Literal["ok", "heard", "unknown"] = "unknown"
    """Whether the microphone sent the test tone back."""
    asked_at_ms: int | None = Field(None, ge=0, le=2**53)
    """Which wish of the control room this answers."""


class Report(OfPage):
    """What a site's page says of itself."""

    type: Literal["site_report"] = "site_report"
    camera: Device = "none"
    microphone: Device = "none"
    rtt_ms: float | None = Field(None, ge=0, le=600_000)
    sent_bps: float | None = Field(None, ge=0, le=1e10)
    lost_packets: int | None = Field(None, ge=0, le=2**40)
    line_test: TestedLine | None = None
    self_test: SelfTested | None = None


class _OfProcess(BaseModel):
    """It says more than is asked of it here."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Fault(_OfProcess):
    """What the studio cannot do, and why. `code` is an alarm's."""

    code: str
    detail: str = ""


class CameraState(_OfProcess):
    """A site whose picture and sound the studio fetches itself."""

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


class PushState(_OfProcess):
    """Somebody who is sent the program."""

    name: str
    state: Literal["connecting", "sending", "waiting"] = "connecting"
    detail: str = ""
    """Why it is not sending, in FFmpeg's words."""
    why: str = ""
    """The same in one word (`broadcast.outputs.push`), for which the pages have a sentence."""
    retry_s: float = 0
    since_ns: int = 0
    """CLOCK_MONOTONIC when it began to send; 0 while it does not."""


class PlayerState(_OfProcess):
    """What the media player found in its file."""

    number: int
    """Of the clip that it speaks of."""
    fault: Literal["", "missing", "unreadable", "too_large", "crashes"] = ""
    duration_ms: int = 0
    pages: int = 0


class Studio(_OfProcess):
    """The studio's last word, and whether it is there to say one."""

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


class Witness(_OfProcess):
    """What the second reader sees of the recording, on the disk and as it is served."""

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
