"""The speaker's clock as it reads at one moment (pure)."""

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    RUNNING = "running"
    WARNING = "warning"
    """Less than the warning time is left: amber."""
    OVER = "over"
    """The time has run out: red, counting up."""


@dataclass(frozen=True, slots=True)
class Reading:
    reading: str
    """`02:59` down to `00:00`, then `+0:01` up; hours only where there are any."""
    tone: Tone
    left_percent: int
    """Of the limit, by the seconds that are shown: 100 … 0."""
    paused: bool


def read(
    now_ms: int,
    started_at_ms: int,
    limit_ms: int,
    paused_at_ms: int | None = None,
    paused_ms: int = 0,
    warn_ms: int = 30_000,
) -> Reading:
    """A clock that counts down shows a second until it is over: the full limit at first, and
    00:00 in red at the very moment the time has run out."""
    end_ms = now_ms if paused_at_ms is None else paused_at_ms
    left_ms = limit_ms - max(0, end_ms - started_at_ms - paused_ms)
    return Reading(
        reading=_text(left_ms),
        tone=_tone(left_ms, warn_ms),
        left_percent=min(100, max(0, 100_000 * -(-left_ms // 1000) // max(1, limit_ms))),
        paused=paused_at_ms is not None,
    )


def _tone(left_ms: int, warn_ms: int) -> Tone:
    if left_ms <= 0:
        return Tone.OVER
    return Tone.WARNING if left_ms <= warn_ms else Tone.RUNNING


def _text(left_ms: int) -> str:
    if left_ms > -1000:
        return _digits(-(-left_ms // 1000), "02")
    return "+" + _digits(-left_ms // 1000, "")


def _digits(seconds: int, minutes_format: str) -> str:
    hours, minutes = divmod(max(0, seconds) // 60, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds % 60:02}"
    return f"{minutes:{minutes_format}}:{max(0, seconds) % 60:02}"
