"""`diemcau mend`: playlists of a session that is over, made anew where they were damaged."""

from collections.abc import Iterator
from pathlib import Path

from broadcast.archive.mend import is_damaged, made_anew
from broadcast.outputs import manifest, shelf
from broadcast.outputs.disk import DISK, replace
from broadcast.outputs.recovery import INDEX
from broadcast.outputs.vault import PLAIN, Envelope
from config.settings import Settings
from web.catalogues import say
from web.setup import SetupError


def mend(settings: Settings, session: str) -> int:
    """0: all of them are whole; 1: one is not. Raises `SetupError`."""
    try:
        found = [(one, envelope) for one, envelope in _kept(settings, session) if is_damaged(one)]
        if not found:
            _tell(settings, "no_mending")
            return 0
        return max(_mended(settings, *one) for one in found)
    except OSError as error:
        raise SetupError(f"{error.filename or session}: {error.strerror or error}") from None


def _kept(settings: Settings, session: str) -> Iterator[tuple[Path, Envelope]]:
    """Whatever has a manifest, smaller pictures and languages too. Raises `SetupError`."""
    data = settings.storage.data_dir
    sealed = shelf.sealed_root(settings.storage) / session
    if not (data / "archive" / session).is_dir() and not sealed.is_dir():
        raise SetupError(f"there is no recording of {session!r} in {data}")
    for sums in sorted((data / "archive" / session).rglob(manifest.NAME)):
        yield sums.parent, PLAIN
    if (sealed / manifest.NAME).is_file():
        yield sealed, shelf.sealed(settings.storage, settings.recording).envelope(session)


def _mended(settings: Settings, folder: Path, envelope: Envelope) -> int:
    text = made_anew(folder, envelope)
    if text is None:
        _tell(settings, "not_mended", folder / INDEX)
        return 1
    replace(folder / INDEX, text.encode(), DISK)
    _tell(settings, "mended", folder / INDEX)
    return 0


def _tell(settings: Settings, code: str, file: Path | None = None) -> None:
    print(say(settings.language, f"verify.{code}", {"file": file}))  # noqa: T201 - its answer
