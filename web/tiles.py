"""What the control room's page shows in pieces: each site, the media player, the outputs. Pure."""

from typing import Any

from broadcast.interpreters import Language
from broadcast.program import Clip
from broadcast.session.model import SessionState, Site
from streams.frames import SiteId
from streams.lines import DownLine, Line
from web import sharing
from web.outside import Outside, line_quality
from web.quality import Quality
from web.statuses import PlayerState, Report


def tile(
    state: SessionState,
    outside: Outside,
    site: Site,
    place: int,
    quality: Quality | None,
    tally: str,
) -> dict[str, Any]:
    """One site. `place` among all, from 0; `quality`: what it is asked to send."""
    line = outside.lines.get(site.id)
    fetched = _fetched(outside, site.id)
    page = outside.reports.get(site.id)
    report = page if fetched is None else None  # its page has neither camera nor microphone
    return {
        "id": site.id,
        "place": place,
        "name": site.name,
        "kind": site.kind,
        "booth": language_of(site.booth),
        "present": outside.present(site.id),
        "page": page is not None,
        "microphone_open": site.id in state.open_microphones,
        "put_out": site.id in state.put_out,
        "tally": tally,
        "quality": quality.level if quality else None,
        "wished": f"{quality.width}x{quality.height}" if quality else None,
        **_line(line, outside.returns.get(site.id), report),
        **_devices(report, line),
        **_tested(report),
        "test_asked_at_ms": state.tests_asked.get(site.id),
        "talked_to": site.id in outside.talks,
        "fetched": fetched,
        "speaking": site.id in outside.studio.speaking,
        "noise_suppressed": site.id in state.cleaned,
        "sound_later_ms": site.sound_later_ms,
        "signs": list(outside.studio.signs.get(site.id, ())),
        "screen": sharing.standing(state, site.id),
    }


def language_of(language: Language | None) -> dict[str, str] | None:
    """A booth's, where there is one."""
    return {"code": language.code, "name": language.name} if language is not None else None


def checks(state: SessionState) -> dict[str, dict[str, Any]]:
    """Of the last rehearsal: by site, then by check."""
    found: dict[str, dict[str, Any]] = {}
    for (site, check), one in state.checks.items():
        told = {"outcome": one.outcome, "note": one.note, "at_ms": one.at_ms}
        found.setdefault(site, {})[check] = told
    return found


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


def _line(line: Line | None, down: DownLine | None, report: Report | None) -> dict[str, Any]:
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


def _tested(report: Report | None) -> dict[str, Any]:
    """What its page found before it joined. Without the ages, which change all the time."""
    line = report.line_test if report is not None else None
    own = report.self_test if report is not None else None
    return {
        "line_tested": line.verdict if line is not None else None,
        "self_test": own.model_dump(exclude_none=True) if own is not None else None,
    }


def _devices(report: Report | None, line: Line | None) -> dict[str, Any]:
    """What the page says; a WHIP encoder has no page, so its devices are as good as its line."""
    if report is not None:
        return {"camera": report.camera, "microphone": report.microphone}
    return {
        "camera": "ok" if line is not None and line.video_alive else "none",
        "microphone": "ok" if line is not None and line.audio_alive else "none",
    }


def _fetched(outside: Outside, site: SiteId) -> dict[str, Any] | None:
    """Of a site whose camera the studio fetches itself."""
    camera = next((one for one in outside.studio.cameras if one.site == site), None)
    if camera is None:
        return None
    return {"connected": camera.since_ns > 0, "detail": camera.detail}
