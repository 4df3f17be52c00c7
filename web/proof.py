"""`diemcau verify`: says in plain words whether a recording is whole and unaltered."""

from datetime import datetime
from pathlib import Path

from broadcast.archive.verify import Finding, Report, Span, to_be_recorded, verify
from broadcast.outputs import shelf
from broadcast.outputs.recovery import INDEX
from broadcast.outputs.vault import PLAIN, Envelope
from config.settings import Settings
from web import setup
from web.catalogues import say
from web.setup import SetupError


def prove(settings: Settings, recording: str, seal: str) -> int:
    """Prints every finding, worst news last; 0 if there is none, 1 otherwise.

    `recording` is a session's id, or a folder that was copied elsewhere. Raises `SetupError`.
    """
    data = settings.storage.data_dir
    if (folder := Path(recording)).is_dir():
        folders = [(folder, seal), *((one, "") for one in smaller(folder))]
        return max(_proved(one, [], its_seal, settings.language) for one, its_seal in folders)
    public, closed = _wanted(settings, recording)
    failed = _proved(data / "archive" / recording, public, seal, settings.language)
    for rendition in smaller(data / "archive" / recording):
        _print(say(settings.language, "verify.rendition", {"name": rendition.name}))
        failed |= _proved(rendition, public, "", settings.language)
    if (shut := shelf.sealed_root(settings.storage) / recording).is_dir():
        _print(say(settings.language, "verify.sealed"))
        envelope = shelf.sealed(settings.storage, settings.recording).envelope(recording)
        failed |= _proved(shut, closed, "", settings.language, envelope)
    if (sites := data / "sites" / recording).is_dir():
        _print(say(settings.language, "verify.sites"))
        failed |= _proved(sites, [], "", settings.language)
    return failed


def smaller(folder: Path) -> list[Path]:
    """The recordings of the same stream for thinner lines."""
    return sorted(index.parent for index in folder.glob(f"*/{INDEX}"))


def _proved(
    folder: Path, wanted: list[Span], seal: str, language: str, envelope: Envelope = PLAIN
) -> int:
    try:
        report = verify(folder, wanted, seal, envelope)
    except OSError as error:
        raise SetupError(f"{folder}: cannot be read: {error.strerror}") from None
    for line in words(report, language):
        _print(line)
    return 0 if report.whole else 1


def _print(line: str) -> None:
    print(line)  # noqa: T201 - this is what was asked for


def _wanted(settings: Settings, session: str) -> tuple[list[Span], list[Span]]:
    """What was to be recorded for all, and what apart."""
    store = setup.open_store(settings)
    try:
        recorded = store.load(session)
        if not recorded:
            raise SetupError(f"there is no session and no folder {session!r}")
        events, now_ms = [one.event for one in recorded], setup.now_ms()
        return to_be_recorded(events, now_ms), to_be_recorded(events, now_ms, sealed=True)
    finally:
        store.close()


def words(report: Report, language: str) -> list[str]:
    """One line for each finding with its time, then the verdict and the seal."""
    lines = [_sentence(finding, language) for finding in report.findings]
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


def _sentence(finding: Finding, language: str) -> str:
    said = say(language, f"verify.{finding.code}", finding.params)
    if finding.span is None:
        return said
    start, end = _moment(finding.span.start_ms), _moment(finding.span.end_ms)
    return f"{start:%Y-%m-%d %H:%M:%S}–{end:%H:%M:%S}  {said}"


def _moment(unix_ms: int) -> datetime:
    """In this machine's own time zone, as the minutes have it."""
    return datetime.fromtimestamp(unix_ms / 1000).astimezone()


def _length(ms: int) -> str:
    seconds = ms // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
