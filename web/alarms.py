"""What a technician must know now, in plain words with what to do. Pure.

An alarm is a code and perhaps a site; its sentence is `alarm.<code>` in the catalogues. The worst
come first. Technicians are taught an order: picture devices, sound, network, join again; where a
site is concerned the sentences follow it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from broadcast.program import Layout
from broadcast.session.model import Phase, SessionState, SiteKind
from config.settings import Recording
from streams.frames import SiteId
from web.outside import Outside, line_quality

SILENT_DBFS = -60.0
SILENT_MS = 8000
"""People breathe and turn pages: only a longer silence of an open microphone is a fault."""
LATE_SHARE = 0.02
RESUMED_MS = 60_000

PATIENCE_MS = {
    "not_recording": 4000,
    "disk_slow": 2000,
    "camera_waiting": 3000,
    "site_gone": 1500,
    "picture_lost": 1000,
    "sound_lost": 1000,
    "line_poor": 3000,
    "return_poor": 5000,
}
"""A recording begins with the next keyframe, a page that reloads is away for a moment, and a line
that nothing is known of yet gets the small picture first."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """`since_at_ms` is when it was first seen; it stays while the alarm does."""

    code: str
    site: SiteId | None
    since_at_ms: int
    params: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Situation:
    """All that alarms are judged from."""

    state: SessionState
    outside: Outside
    limits: Recording
    started_at_ms: int
    """When this server started."""
    resumed: bool
    """It found the session live."""


def judge(situation: Situation, before: Sequence[Alarm]) -> tuple[Alarm, ...]:
    """The alarms of now; `before` are those of the last look, for their ages."""
    since = {(alarm.code, alarm.site): alarm.since_at_ms for alarm in before}
    now_ms = situation.outside.now_ms
    found = (
        Alarm(code, site, since.get((code, site), now_ms), params)
        for code, site, params in _all(situation)
    )
    return tuple(found)


def due(alarms: Sequence[Alarm], now_ms: int) -> tuple[Alarm, ...]:
    """Those that have lasted long enough to be worth a look."""
    return tuple(
        alarm for alarm in alarms if now_ms - alarm.since_at_ms >= PATIENCE_MS.get(alarm.code, 0)
    )


Finding = tuple[str, SiteId | None, dict[str, Any]]


def _all(situation: Situation) -> Iterator[Finding]:
    if not situation.outside.attached:
        return
    yield from _studio(situation)
    yield from _disk(situation)
    yield from _sites(situation)
    yield from _silence(situation)
    age_ms = situation.outside.now_ms - situation.started_at_ms
    if situation.resumed and age_ms < RESUMED_MS:
        yield "resumed", None, {}


def _studio(situation: Situation) -> Iterator[Finding]:
    studio, phase = situation.outside.studio, situation.state.phase
    if studio.state != "running":
        yield f"studio_{studio.state}", None, {}
        return
    if phase is Phase.LIVE and not studio.recording and not studio.faults:
        yield "not_recording", None, {}
    if situation.outside.late_share > LATE_SHARE:
        yield "late_frames", None, {"percent": round(100 * situation.outside.late_share)}


def _disk(situation: Situation) -> Iterator[Finding]:
    """The studio says what it cannot do; how much room is enough is in the settings."""
    studio, limits = situation.outside.studio, situation.limits
    free = studio.disk_free_bytes
    if free is None:
        return
    params = {"free_gb": round(free / 1e9, 1)}
    faults = {fault.code: fault.detail for fault in studio.faults}
    if "disk_full" in faults or free < limits.stop_free_bytes:
        yield "disk_full", None, params
    elif "disk_error" in faults:
        yield "disk_error", None, {"detail": faults["disk_error"]}
    elif free < limits.warn_free_bytes:
        yield "disk_low", None, params
    if "disk_slow" in faults and "disk_error" not in faults:
        yield "disk_slow", None, {}


def _sites(situation: Situation) -> Iterator[Finding]:
    state, outside = situation.state, situation.outside
    shown = set(state.program.sources) if state.program.layout is not Layout.SLATE else set()
    speaking = {state.floor.site} if state.floor is not None else set()
    for site in state.sites.values():
        params = {"site": site.name}
        needed = site.id in shown | speaking | state.open_microphones
        camera = next((one for one in outside.studio.cameras if one.site == site.id), None)
        if camera is not None and not camera.since_ns:
            yield "camera_waiting", site.id, {**params, "detail": camera.detail or "…"}
            continue
        if needed or site.kind is SiteKind.HALL:
            yield from _line(site.id, params, outside, on_air=needed)
        report = outside.reports.get(site.id)
        if report is not None and report.camera in {"denied", "lost"}:
            yield f"camera_{report.camera}", site.id, params
        if report is not None and report.microphone in {"denied", "lost"}:
            yield f"microphone_{report.microphone}", site.id, params


def _line(
    site: SiteId, params: dict[str, Any], outside: Outside, *, on_air: bool
) -> Iterator[Finding]:
    """At most one for each site: the first that explains the others."""
    line = outside.lines.get(site)
    gone = line is not None and not (line.video_alive or line.audio_alive)
    if gone or not outside.present(site):
        yield ("site_gone" if on_air else "hall_absent"), site, params
    elif line is None:
        yield "site_sends_nothing", site, params
    elif not line.video_alive:
        yield "picture_lost", site, params
    elif not line.audio_alive:
        yield "sound_lost", site, params
    elif line_quality(line) == "poor":
        yield "line_poor", site, {**params, "loss_percent": round(line.loss_percent, 1)}
    elif line_quality(line, outside.returns.get(site)) == "poor":
        yield "return_poor", site, params


def _silence(situation: Situation) -> Iterator[Finding]:
    """An open microphone of which nothing has been heard: `heard_at_ms` is kept by the caller."""
    outside = situation.outside
    for site_id in sorted(situation.state.open_microphones):
        heard_at_ms = outside.heard_at_ms.get(site_id)
        silent = heard_at_ms is not None and outside.now_ms - heard_at_ms > SILENT_MS
        if silent and outside.present(site_id):
            yield "microphone_silent", site_id, {"site": situation.state.sites[site_id].name}
