"""What is true now and is no part of the session: lines, pages, the studio. Plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from streams.relay import Line

from streams.frames import SiteId

Device = Literal["ok", "none", "denied", "lost"]

STARTING_MS = 5000
"""A studio that is away for less is being started again by the supervisor."""


class Report(BaseModel):
    """What a site's page says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    type: Literal["site_report"] = "site_report"
    camera: Device = "none"
    microphone: Device = "none"
    rtt_ms: float | None = Field(None, ge=0, le=600_000)
    sent_bps: float | None = Field(None, ge=0, le=1e10)
    lost_packets: int | None = Field(None, ge=0, le=2**40)


class Studio(BaseModel):
    """The studio's last word, and whether it is there to say one."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    state: Literal["running", "starting", "lost"] = "starting"
    recording: bool = False
    recorded_s: float = 0
    recorded_bytes: int = 0
    disk_free_bytes: int = 0
    disk_hours_left: float | None = None
    frames: int = 0
    late_frames: int = 0
    faults: tuple[str, ...] = ()


ABSENT = Studio()


def studio_of(status: Mapping[str, Any], gone_at_ms: int | None, now_ms: int) -> Studio:
    """From a STATUS message; what is malformed in it counts as not said."""
    if gone_at_ms is not None:
        return Studio(state="starting" if now_ms - gone_at_ms < STARTING_MS else "lost")
    try:
        return Studio.model_validate({**status, "state": "running" if status else "starting"})
    except ValidationError:
        return Studio(state="running" if status else "starting")


@dataclass(frozen=True, slots=True)
class Outside:
    """One look at the world. Empty for a session that is not on the studio."""

    now_ms: int
    lines: Mapping[SiteId, Line] = field(default_factory=dict)
    reports: Mapping[SiteId, Report] = field(default_factory=dict)
    """Of the sites whose page is connected."""
    heard_at_ms: Mapping[SiteId, int] = field(default_factory=dict)
    """When each open microphone last gave a sound, or was opened."""
    studio: Studio = ABSENT
    viewers: int = 0
    attached: bool = False
    """Whether this session is the one on the studio."""

    def present(self, site: SiteId) -> bool:
        """Its page is open or its pictures come."""
        return site in self.lines or site in self.reports


def line_quality(line: Line | None) -> Literal["good", "fair", "poor", "lost"]:
    """In one word. Lost packets count most: with NACK, 1 % is invisible and 5 % is not."""
    if line is None or not (line.video_alive or line.audio_alive):
        return "lost"
    if line.loss_percent > 5 or (line.rtt_ms or 0) > 400:
        return "poor"
    if line.loss_percent > 1 or (line.rtt_ms or 0) > 150:
        return "fair"
    return "good"
