"""`diemcau verify`: says in plain words whether a recording is whole and unaltered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from broadcast.archive.retire import retired, smaller
from broadcast.archive.verify import Finding, Report, Span, to_be_recorded, verify
from broadcast.outputs import shelf
from broadcast.outputs.recovery import INDEX
from broadcast.outputs.vault import PLAIN, Envelope
from broadcast.session.evolve import fold
from broadcast.session.model import ClockStep, Phase
from broadcast.session.one_clock import steps_in
from config.settings import Settings
from web import setup
from web.catalogues import say
from web.recording_seals import noted_seals
from web.setup import SetupError
from web.times import local_time

_LISTED_MS = 1000
"""From a picture to the playlist, besides the segment that has to end first. Of a session that is
on, what is later is missing from nothing yet."""


def prove(settings: Settings, recording: str, seal: str) -> int:
    """Prints every finding, worst news last; 0 if there is none, 1 otherwise.

    `recording` is a session's id, or a folder that was copied elsewhere. Raises `SetupError`.
    """
    data = settings.storage.data_dir
    if (folder := Path(recording)).is_dir():
        folders = [(folder, seal), *((one, "") for one in smaller(folder))]
        return max(_proved(one, settings.language, (), its_seal) for one, its_seal in folders)
    wanted = _wanted(settings, recording)
    public = partial(_proved, wanted=wanted.public, steps=wanted.steps, over=wanted.over)
    folder = _where(settings, data / "archive" / recording)
    seals = wanted.seals
    failed = public(folder, seal=seal or seals.get("archive", ""), language=settings.language)
    for rendition in smaller(folder):
        _print(say(settings.language, "verify.rendition", {"name": rendition.name}))
        its = seals.get(f"archive/{rendition.name}", "")
        failed |= public(rendition, seal=its, language=settings.language)
    if (shut := _where(settings, shelf.sealed_root(settings.storage) / recording)).is_dir():
        _print(say(settings.language, "verify.sealed"))
        envelope = shelf.sealed(settings.storage, settings.recording).envelope(recording)
        failed |= _proved(
            shut, settings.language, wanted.closed, seals.get("sealed", ""), envelope,
            wanted.steps, wanted.over,
        )  # fmt: skip
    if (sites := _where(settings, data / "sites" / recording)).is_dir():
        _print(say(settings.language, "verify.sites"))
        # A copy may hold what was copied in the making, under the name that it had then.
        over = wanted.over and retired(data / "sites" / recording) is None
        failed |= _proved(sites, settings.language, seal=seals.get("sites", ""), over=over)
    return failed


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What was to be recorded for all, and what apart; how the clock was set meanwhile; and the
    seals that were noted when it was over."""

    public: list[Span]
    closed: list[Span]
    steps: tuple[ClockStep, ...]
    over: bool
    seals: Mapping[str, str]


def _where(settings: Settings, folder: Path) -> Path:
    """Of one that was retired, its copy. Raises `SetupError` where that is not at hand."""
    gone = retired(folder)
    if gone is None:
        return folder
    copy = Path(gone.kept_in) / folder.relative_to(settings.storage.data_dir)
    params = {"folder": copy, "who": gone.who, "why": gone.why, "date": _day(gone.at_ms)}
    _print(say(settings.language, "verify.retired", params))
    if not copy.is_dir():
        raise SetupError(say(settings.language, "verify.retired_away", params))
    return copy


def _day(unix_ms: int) -> str:
    return f"{local_time(unix_ms):%d/%m/%Y}"


def _proved(
    folder: Path,
    language: str,
    wanted: Sequence[Span] = (),
    seal: str = "",
    envelope: Envelope = PLAIN,
    steps: Sequence[ClockStep] = (),
    over: bool = False,
) -> int:
    try:
        report = verify(folder, wanted, seal, envelope, steps, over=over)
    except OSError as error:
        raise SetupError(f"{folder}: cannot be read: {error.strerror}") from None
    for line in words(report, language):
        _print(line)
    return 0 if report.whole else 1


def _print(line: str) -> None:
    print(line)  # noqa: T201 - this is what was asked for


def _wanted(settings: Settings, session: str) -> _Wanted:
    try:
        kept = setup.kept_store(settings)
    except SetupError as error:
        raise SetupError(f"there is no folder {session!r}, and {error}") from None
    with kept as store:
        recorded = store.load(session)
        if not recorded:
            raise SetupError(f"there is no session and no folder {session!r}")
        events = [one.event for one in recorded]
        now_ms = setup.now_ms() - settings.recording.segment_ms - _LISTED_MS
        return _Wanted(
            to_be_recorded(events, now_ms),
            to_be_recorded(events, now_ms, sealed=True),
            tuple(steps_in(events)),
            fold(events).phase is Phase.ENDED,
            noted_seals(store, session),
        )


def words(report: Report, language: str) -> list[str]:
    """One line for each finding with its time, then the verdict and the seal."""
    lines = [sentence(finding, language) for finding in report.findings]
    if any(finding.params.get("name") == INDEX for finding in report.findings):
        lines.append(say(language, "verify.mend"))
    if report.findings:
        code = "not_whole"
    elif not report.recorded_ms:
        code = "whole_files"
    else:
        code = "whole" if report.ended else "whole_open"
    params = {
        "files": report.files,
        "count": len(report.findings),
        "length": _length(report.recorded_ms),
    }
    lines.append(say(language, f"verify.{code}", params))
    if report.seal:
        lines.append(say(language, "verify.seal", {"seal": report.seal}))
    return lines


def sentence(finding: Finding, language: str) -> str:
    """With its time, where it has one."""
    said = say(language, f"verify.{finding.code}", finding.params)
    if finding.span is None:
        return said
    start, end = local_time(finding.span.start_ms), local_time(finding.span.end_ms)
    return f"{start:%Y-%m-%d %H:%M:%S}–{end:%H:%M:%S}  {said}"


def _length(ms: int) -> str:
    seconds = ms // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
