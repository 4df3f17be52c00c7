"""How the world outside the session is told: a site's line and devices, and the outputs. Pure."""

from typing import Any

from broadcast.program import Clip
from streams.lines import DownLine, Line
from web.outside import Outside, line_quality
from web.statuses import PlayerState, Report


def outputs(outside: Outside) -> dict[str, Any]:
    """Where the program goes, and what is kept."""
    studio, free = outside.studio, outside.studio.disk_free_bytes
    return {
        "studio": studio.state,
        "recording": studio.recording,
        "sealing": studio.sealing,
        "recorded_s": int(studio.recorded_s),  # no second more than is there
        "recorded_bytes": studio.recorded_bytes,
        "disk_free_bytes": None if free is None else free // 10_000_000 * 10_000_000,
        "disk_hours_left": outside.disk_hours_left,
        "viewers": outside.viewers,
        "late_frames": studio.late_frames,
        "frames": studio.frames,
        "pushes": [
            push.model_dump(include={"name", "state", "detail", "why", "retry_s"})
            for push in studio.pushes
        ],
    }


def player_of(
    clip: Clip | None, found: PlayerState | None, *, withheld: bool, tally: str
) -> dict[str, Any] | None:
    """What the media player was told, and what the studio says of it."""
    if clip is None:
        return None
    known = found is not None and found.number == clip.number
    if found is None or not known:
        found = PlayerState(number=clip.number)
    return {
        "number": clip.number,
        "kind": clip.kind,
        "file": clip.file,
        "title": clip.title,
        "page": clip.page,
        "pages": found.pages,
        "position_ms": clip.position_ms,
        "started_at_ms": clip.started_at_ms,
        "duration_ms": found.duration_ms,
        "loop": clip.loop,
        "sound": clip.sound,
        "withheld": withheld,
        "ready": known and not found.fault,
        "fault": found.fault,
        "tally": tally,
    }


def line_of(line: Line | None, down: DownLine | None, report: Report | None) -> dict[str, Any]:
    """Rounded, so that a patch goes out when something changed and not when it trembled."""
    rtt_ms = line.rtt_ms if line is not None else None
    if rtt_ms is None and report is not None:
        rtt_ms = report.rtt_ms
    return {
        "line": line_quality(line, down),
        "rtt_ms": None if rtt_ms is None else round(rtt_ms),
        "loss_percent": None if line is None else round(line.loss_percent, 1),
        "bitrate_bps": None if line is None else round(line.bitrate_bps, -4),
        "codec": None if line is None else line.codec,
        "size": f"{line.width}x{line.height}" if line is not None and line.width else None,
        "video": _flow(line, line is not None and line.video_alive),
        "audio": _flow(line, line is not None and line.audio_alive),
    }


def _flow(line: Line | None, alive: bool) -> str:
    if line is None:
        return "none"
    return "ok" if alive else "lost"


def tested(report: Report | None) -> dict[str, Any]:
    """What its page found before it joined. Without the ages, which change all the time."""
    line = report.line_test if report is not None else None
    own = report.self_test if report is not None else None
    return {
        "line_tested": line.verdict if line is not None else None,
        "self_test": own.model_dump(exclude_none=True) if own is not None else None,
    }


def devices_of(report: Report | None, line: Line | None) -> dict[str, Any]:
    """What the page says; a WHIP encoder has no page, so its devices are as good as its line."""
    if report is not None:
        return {"camera": report.camera, "microphone": report.microphone}
    return {
        "camera": "ok" if line is not None and line.video_alive else "none",
        "microphone": "ok" if line is not None and line.audio_alive else "none",
    }
