"""What a technician must know now, in plain words with what to do. Pure.

An alarm is a code and perhaps a site; its sentence is `alarm.<code>` in the catalogues. The worst
come first. Technicians are taught an order: picture devices, sound, network, join again; where a
site is concerned the sentences follow it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from broadcast.director import heard_in_room, program_of, public_take, signer_on_air
from broadcast.layout import Layout
from broadcast.program import Scene, Take
from broadcast.session.model import Phase, SessionState, SiteKind
from broadcast.witness.memory import APART_MS
from config.settings import Program, Recording
from streams.frames import SiteId
from web.outside import Outside, line_quality
from web.statuses import Witness

SILENT_DBFS = -60.0
SILENT_MS = 8000
"""People breathe and turn pages: only a longer silence of an open microphone is a fault."""
LATE_SHARE = 0.02
ROOMY_BYTES = 100_000_000
"""A disk that has so much and takes nothing is not full: a quota is, or its table of files."""
RESUMED_MS = 60_000
STOPPED_S = 5.0
HELD_S = 7.0
"""A server may take 6 s and more for its answers, and give them all."""
BLANK_S = 1.9
"""Two keyframes that are the same, and those of `PATIENCE_MS` after them."""
MUTE_S = 3.0
HEARD_MS = 2500

PATIENCE_MS = {
    "not_recording": 4000,
    "not_sealed": 4000,
    "disk_slow": 2000,
    "disk_quota": 4000,
    "camera_waiting": 3000,
    "push_waiting": 4000,
    "witness_lost": 3000,
    "archive_unreadable": 2000,
    "archive_unserved": 2000,
    "archive_rendition": 2000,
    "archive_size": 2000,
    "archive_apart": 2000,
    "archive_still": 3500,
    "archive_black": 3500,
    "archive_silent": 3000,
    "language_silent": 3000,
    "language_missing": 3000,
    "site_gone": 1500,
    "site_absent": 1500,
    "picture_lost": 1000,
    "sound_lost": 1000,
    "signer_lost": 1000,
    "line_poor": 3000,
    "return_poor": 5000,
}
"""A recording begins with the next keyframe, a page that reloads is away for a moment, a line that
nothing is known of yet gets the small picture first, after a slate the recording shows it for
one keyframe more, and what was not served is asked for again after a second. With what it takes to
see a fault, no alarm comes later than 10 s (`tests/web/test_alarm_times.py`)."""


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
    program: Program
    started_at_ms: int
    """When this server started."""
    resumed: bool
    """It found the session live."""


def judge(situation: Situation, before: Sequence[Alarm]) -> tuple[Alarm, ...]:
    """The alarms of now; `before` are those of the last look, for their ages. A clock that was set
    back hides none of them for longer than its patience."""
    since = {(alarm.code, alarm.site): alarm.since_at_ms for alarm in before}
    now_ms = situation.outside.now_ms
    found = (
        Alarm(code, site, min(since.get((code, site), now_ms), now_ms), params)
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
    yield from _own_streams(situation)
    yield from _witness(situation)
    yield from _sites(situation)
    yield from _signer(situation)
    yield from _silence(situation)
    age_ms = situation.outside.now_ms - situation.started_at_ms
    if situation.resumed and age_ms < RESUMED_MS:
        yield "resumed", None, {}


def _studio(situation: Situation) -> Iterator[Finding]:
    studio, phase = situation.outside.studio, situation.state.phase
    if studio.state != "running":
        yield f"studio_{studio.state}", None, {}
        return
    if studio.silent_s:
        yield "studio_silent", None, {"seconds": round(studio.silent_s)}
    told = {fault.code for fault in studio.faults} & {"disk_full", "disk_error"}
    if phase is Phase.LIVE and not studio.recording and not told:
        yield "not_recording", None, {}
    if situation.limits.closed and program_of(situation.state).sealed and not studio.sealing:
        faults = (fault.detail for fault in studio.faults if fault.code == "not_sealed")
        yield "not_sealed", None, {"detail": next(faults, "…")}
    if situation.outside.late_share > LATE_SHARE:
        yield "late_frames", None, {"percent": round(100 * situation.outside.late_share)}
    if away := [push for push in studio.pushes if push.state != "sending"]:
        names = ", ".join(push.name for push in away)
        yield "push_waiting", None, {"names": names}


def _disk(situation: Situation) -> Iterator[Finding]:
    """The studio says what it cannot do; how much room is enough is in the settings."""
    studio, limits = situation.outside.studio, situation.limits
    free = studio.disk_free_bytes
    if free is None:
        return
    params = {"free_gb": round(free / 1e9, 1)}
    faults = {fault.code: fault.detail for fault in studio.faults}
    if free < limits.stop_free_bytes:
        yield "disk_full", None, params
    elif "disk_full" in faults:
        roomy = free > max(ROOMY_BYTES, limits.stop_free_bytes)
        yield "disk_quota" if roomy else "disk_full", None, params
    elif "disk_error" in faults:
        yield "disk_error", None, {"detail": faults["disk_error"]}
    elif free < limits.warn_free_bytes:
        yield "disk_low", None, params
    if "recording_gaps" in faults:
        yield "recording_gaps", None, {}
    elif "disk_slow" in faults and "disk_error" not in faults:
        yield "disk_slow", None, {}
    if "clock_set" in faults:
        yield "clock_set", None, {"seconds": faults["clock_set"]}


def _own_streams(situation: Situation) -> Iterator[Finding]:
    """What of the sites is not kept as it came."""
    sites = situation.state.sites
    for fault in situation.outside.studio.faults:
        match fault.code:
            case "sites_not_kept":
                yield "sites_not_kept", None, {"detail": fault.detail}
            case "sites_gaps":
                yield "sites_gaps", None, {"count": fault.detail}
            case "site_not_kept" if (site := SiteId(fault.detail)) in sites:
                yield "site_not_kept", site, {"site": sites[site].name}


def _witness(situation: Situation) -> Iterator[Finding]:
    """What is really on the disk and served, held against what the studio says and should show."""
    outside, state = situation.outside, situation.state
    witness, studio = outside.witness, outside.studio
    if witness.state == "lost":
        yield "witness_lost", None, {}
    claimed = studio.state == "running" and studio.recording
    if witness.stream != state.id or not claimed:
        return
    if witness.held_s > HELD_S or witness.grew_s > STOPPED_S:
        yield "archive_stopped", None, {"seconds": round(max(witness.held_s, witness.grew_s))}
    elif witness.unreadable:
        yield "archive_unreadable", None, {"detail": witness.unreadable}
    else:
        yield from _content(witness, situation)
    if witness.unserved:
        yield "archive_unserved", None, {"detail": witness.unserved}
    elif witness.rendition:
        yield "archive_rendition", None, {"detail": witness.rendition}


def _content(witness: Witness, situation: Situation) -> Iterator[Finding]:
    """A slate may stand still, a closed room be silent, and a site's fault has its own alarm."""
    program, size = situation.program, (witness.width, witness.height)
    if witness.apart_ms > APART_MS:
        yield "archive_apart", None, {"ms": round(witness.apart_ms)}
    if size not in {(0, 0), (program.width, program.height)}:
        yield "archive_size", None, {"width": size[0], "height": size[1]}
    if _moves(situation) and witness.black_s >= BLANK_S:
        yield "archive_black", None, {"seconds": round(witness.black_s)}
    elif _moves(situation) and witness.still_s >= BLANK_S:
        yield "archive_still", None, {"seconds": round(witness.still_s)}
    if _heard(situation, heard_in_room(situation.state)) and witness.silent_s >= MUTE_S:
        yield "archive_silent", None, {"seconds": round(witness.silent_s)}
    for booth in program_of(situation.state).booths:
        silent_s = witness.languages.get(booth.language.code, 0)
        if _heard(situation, {booth.site}) and silent_s >= MUTE_S:
            params = {"seconds": round(silent_s), "language": booth.language.name}
            yield "language_silent", booth.site, params
        alike_s = witness.alike.get(booth.language.code, 0)
        if _interprets(situation, booth.site) and alike_s >= MUTE_S:
            yield "language_missing", booth.site, {"language": booth.language.name}


def _moves(situation: Situation) -> bool:
    """Whether the public should see a site that sends pictures."""
    state, lines = situation.state, situation.outside.lines
    program = program_of(state)
    shown = program.program if program.public is Take.ROOM else Scene(Layout.SLATE)
    sites = () if shown.layout is Layout.SLATE else shown.sources
    return any(site in lines and lines[site].video_alive for site in sites)


def _heard(situation: Situation, sites: Iterable[SiteId]) -> bool:
    """Whether the public should hear one of them: his open microphone just gave a sound."""
    outside, state = situation.outside, situation.state
    latest = max((outside.heard_at_ms.get(site, 0) for site in sites), default=0)
    return public_take(state) is Take.ROOM and outside.now_ms - latest < HEARD_MS


def _interprets(situation: Situation, booth: SiteId) -> bool:
    """Whether the public should hear his voice now. A noise there is none: the room is not turned
    down for it."""
    spoke_at_ms = situation.outside.spoke_at_ms.get(booth, 0)
    is_public = public_take(situation.state) is Take.ROOM
    return is_public and situation.outside.now_ms - spoke_at_ms < HEARD_MS


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


def _signer(situation: Situation) -> Iterator[Finding]:
    """The sign-language interpreter is not seen, and deaf viewers are told nothing."""
    signer = signer_on_air(situation.state)
    if signer is None:
        return
    line = situation.outside.lines.get(signer.site)
    if line is None or not line.video_alive:
        yield "signer_lost", signer.site, {"site": situation.state.sites[signer.site].name}


def _line(
    site: SiteId, params: dict[str, Any], outside: Outside, *, on_air: bool
) -> Iterator[Finding]:
    """At most one for each site: the first that explains the others."""
    line = outside.lines.get(site)
    gone = line is not None and not (line.video_alive or line.audio_alive)
    if gone or not outside.present(site):
        yield _away(site, outside, on_air=on_air), site, params
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


def _away(site: SiteId, outside: Outside, *, on_air: bool) -> str:
    """A line that was never there wants to be opened, not mended."""
    if not on_air:
        return "hall_absent"
    return "site_gone" if site in outside.met else "site_absent"


def _silence(situation: Situation) -> Iterator[Finding]:
    """An open microphone of which nothing has been heard: `heard_at_ms` is kept by the caller."""
    outside = situation.outside
    for site_id in sorted(heard_in_room(situation.state)):
        heard_at_ms = outside.heard_at_ms.get(site_id)
        silent = heard_at_ms is not None and outside.now_ms - heard_at_ms > SILENT_MS
        if silent and outside.present(site_id):
            yield "microphone_silent", site_id, {"site": situation.state.sites[site_id].name}
