"""Is a recording whole, and what it was when it was made? Reads a folder; changes nothing.

Every file is held against its sum, every sum against the seals, the playlist against the files, and
their times against when the session was to be recorded.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from broadcast.archive.walls import segments_of, walls
from broadcast.director import program_of
from broadcast.outputs import manifest, playlist
from broadcast.outputs.fmp4 import whole_fragments
from broadcast.outputs.ledger import digest_of
from broadcast.outputs.recovery import INDEX, listed_in
from broadcast.outputs.vault import PLAIN, Envelope
from broadcast.session.events import Event
from broadcast.session.evolve import evolve
from broadcast.session.model import ClockStep, SessionState
from broadcast.session.one_clock import on_one_clock
from streams.frames import VIDEO_CLOCK_RATE

BEGIN_MS = 3000
"""A recording begins with the next keyframe."""
GAP_MS = 500
"""What is shorter is the rounding of a cut."""
MEDIA = (".m4s", ".mp4", ".mkv")
"""Pictures and sound; the manifest of a recording that was finished names its playlist, too."""
SITE_FILE = re.compile(r"-(?P<began>\d{8}T\d{6}\.\d{3})Z_(?P<seconds>\d+\.\d)s\.mkv$")
"""Of a closed file of `broadcast/outputs/sites.py`."""


@dataclass(frozen=True, slots=True)
class Span:
    """Unix time in milliseconds, from and up to."""

    start_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not in order; its sentence is `verify.<code>`."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)
    span: Span | None = None
    """The time of the session that it concerns."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found of one folder."""

    findings: tuple[Finding, ...]
    files: int
    recorded_ms: int
    span: Span | None
    """From the first picture to the last."""
    seal: str
    ended: bool

    @property
    def whole(self) -> bool:
        return not self.findings


def to_be_recorded(events: Iterable[Event], now_ms: int, *, sealed: bool = False) -> list[Span]:
    """When it was, by the session's own log; `now_ms` ends what goes on. `sealed`: what was
    closed. Pure."""
    spans: list[Span] = []
    since: int | None = None
    state = SessionState()
    for event in on_one_clock(events):
        state = evolve(state, event)
        program = program_of(state)
        recording = program.sealed if sealed else program.recording
        if recording and since is None:
            since = event.at_ms
        elif not recording and since is not None:
            spans.append(Span(since, event.at_ms))
            since = None
    return spans if since is None else [*spans, Span(since, now_ms)]


def verify(
    folder: Path,
    wanted: Sequence[Span] = (),
    seal: str = "",
    envelope: Envelope = PLAIN,
    steps: Sequence[ClockStep] = (),
    *,
    over: bool = False,
) -> Report:
    """`wanted`: when it was to be recorded; without it only what lies between is missed. `seal`:
    one that was written down, now or earlier. `steps`: how the clock was set meanwhile; all times
    are by the last one. `over`: nothing is being written here, so that each file has its sum.
    Raises `OSError` where the disk cannot be read."""
    listed = listed_in(folder) or playlist.Playlist((), ended=False, length=0)
    sums = manifest.parse(_text(folder / manifest.NAME))
    begins = walls(segments_of(listed), steps)
    spans = {
        entry.name: Span(at_ms, at_ms + round(entry.duration_s * 1000))
        for entry, at_ms in zip(listed.entries, begins, strict=True)
    }
    named = {entry.name: _span_in(entry.name) for entry in sums.entries}
    lost: set[str] = set()
    # Hidden files are a Mac's, which writes one for each that it copies to a disk from the shop.
    there = {path.name for path in folder.glob("[!.]*") if path.suffix in MEDIA} if over else set()
    if listed.ended:
        there.add(INDEX)
    findings = [*_seals(sums, seal), *_listing(listed, sums, there)]
    for finding in _files(folder, listed, sums, {**named, **spans}, envelope):
        findings.append(finding)
        lost |= {finding.params["name"]}
    held = [span for name, span in spans.items() if name not in lost]
    patience_ms = BEGIN_MS if wanted else GAP_MS
    for want in wanted or _between(spans.values()):
        findings += _gaps(held, want, patience_ms)
    return Report(
        tuple(findings),
        len(sums.entries),
        sum(span.length_ms for span in held),
        Span(min(s.start_ms for s in held), max(s.end_ms for s in held)) if held else None,
        sums.seal,
        listed.ended,
    )


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.exists() else ""


def _span_in(name: str) -> Span | None:
    """A site's own stream says in its file's name when it was."""
    if (found := SITE_FILE.search(name)) is None:
        return None
    began = datetime.strptime(found["began"], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    start_ms = round(began.timestamp() * 1000)
    return Span(start_ms, start_ms + round(float(found["seconds"]) * 1000))


def _seals(sums: manifest.Manifest, seal: str) -> Iterator[Finding]:
    if not sums.entries:
        yield Finding("no_manifest")
    for name in sums.broken:
        yield Finding("seal_broken", {"name": name})
    if sums.garbled:
        yield Finding("manifest_garbled", {"files": len(sums.entries)})
    if seal and seal.lower() not in _all_seals(sums):
        yield Finding("seal_differs", {"seal": seal})


def _all_seals(sums: manifest.Manifest) -> set[str]:
    seals, seal = set(), ""
    for entry in sums.entries:
        seal = manifest.seal_of(seal, entry)
        seals.add(seal)
    return seals


def _listing(
    listed: playlist.Playlist, sums: manifest.Manifest, there: Collection[str]
) -> Iterator[Finding]:
    """Whether playlist and manifest name the same files, and the manifest those that are `there`.
    Torn ends are for the next recovery."""
    named = {entry.name for entry in listed.entries}
    sealed = {entry.name for entry in sums.entries}
    if not named and not sums.entries:
        yield Finding("no_recording")
    for name in sorted(named.union(there) - sealed):
        yield Finding("not_sealed", {"name": name})
    segments = {name for name in sealed if name.endswith(".m4s")}
    # A segment is sealed before it is listed, so that the very last one may be on its way.
    for name in sorted(segments - named)[: None if listed.ended else -1]:
        yield Finding("not_listed", {"name": name})


def _files(
    folder: Path,
    listed: playlist.Playlist,
    sums: manifest.Manifest,
    spans: Mapping[str, Span | None],
    envelope: Envelope,
) -> Iterator[Finding]:
    durations = {entry.name: entry.duration_s for entry in listed.entries}
    for entry in sums.entries:
        path, span = folder / entry.name, spans.get(entry.name)
        try:
            code = _fault_of(path, entry.digest, durations.get(entry.name), envelope)
        except OSError as error:  # a bad sector: all other files are looked at all the same
            params = {"name": entry.name, "detail": error.strerror}
            yield Finding("file_unreadable", params, span)
            continue
        if code is not None:
            yield Finding(code, {"name": entry.name}, span)


def _fault_of(path: Path, digest: str, length_s: float | None, envelope: Envelope) -> str | None:
    """Its code, if there is one. Raises `OSError`."""
    if not path.is_file():
        return "file_missing"
    if digest_of(path) != digest:  # piece by piece: a site's own stream may be gigabytes
        return "file_altered"
    if length_s is not None and not _lasts(envelope.open(path.read_bytes()), length_s):
        return "duration_differs"
    return None


def _lasts(segment: bytes, duration_s: float) -> bool:
    whole = whole_fragments(segment)
    if whole is None:
        return False
    return abs((whole.end - whole.start) / VIDEO_CLOCK_RATE - duration_s) < 0.001


def _between(spans: Collection[Span]) -> list[Span]:
    """From the first to the last that the playlist knows."""
    if not spans:
        return []
    return [Span(min(span.start_ms for span in spans), max(span.end_ms for span in spans))]


def _gaps(there: Iterable[Span], want: Span, patience_ms: int) -> Iterator[Finding]:
    """What of the wanted time is in no file; `patience_ms` is for its beginning."""
    at_ms = want.start_ms
    for span in (*sorted(there, key=lambda one: one.start_ms), Span(want.end_ms, want.end_ms)):
        until_ms = min(span.start_ms, want.end_ms)
        if until_ms - at_ms > patience_ms:
            gap = Span(at_ms, until_ms)
            yield Finding("gap", {"seconds": f"{gap.length_ms / 1000:.1f}"}, gap)
        if span.end_ms > at_ms:
            at_ms, patience_ms = span.end_ms, GAP_MS
