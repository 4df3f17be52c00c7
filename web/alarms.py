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
    disk_full = studio.disk_free_bytes < situation.limits.stop_free_bytes
    if phase is Phase.LIVE and not studio.recording and not disk_full:
        yield "not_recording", None, {}
    if studio.frames and studio.late_frames / studio.frames > LATE_SHARE:
        yield "late_frames", None, {"percent": round(100 * studio.late_frames / studio.frames)}


def _disk(situation: Situation) -> Iterator[Finding]:
    studio, limits = situation.outside.studio, situation.limits
    if studio.state != "running":
        return
    params = {"free_gb": round(studio.disk_free_bytes / 1e9, 1)}
    if studio.disk_free_bytes < limits.stop_free_bytes:
        yield "disk_full", None, params
    elif studio.disk_free_bytes < limits.warn_free_bytes:
        yield "disk_low", None, params


def _sites(situation: Situation) -> Iterator[Finding]:
    state, outside = situation.state, situation.outside
    shown = set(state.program.sources) if state.program.layout is not Layout.SLATE else set()
    speaking = {state.floor.site} if state.floor is not None else set()
    for site in state.sites.values():
        params = {"site": site.name}
        needed = site.id in shown | speaking | state.open_microphones
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
    if not outside.present(site):
        yield ("site_gone" if on_air else "hall_absent"), site, params
    elif line is None:
        yield "site_sends_nothing", site, params
    elif not line.video_alive:
        yield "picture_lost", site, params
    elif not line.audio_alive:
        yield "sound_lost", site, params
    elif line_quality(line) == "poor":
        yield "line_poor", site, {**params, "loss_percent": round(line.loss_percent, 1)}


def _silence(situation: Situation) -> Iterator[Finding]:
    """An open microphone of which nothing has been heard: `heard_at_ms` is kept by the caller."""
    outside = situation.outside
    for site_id in sorted(situation.state.open_microphones):
        heard_at_ms = outside.heard_at_ms.get(site_id)
        silent = heard_at_ms is not None and outside.now_ms - heard_at_ms > SILENT_MS
        if silent and outside.present(site_id):
            yield "microphone_silent", site_id, {"site": situation.state.sites[site_id].name}
