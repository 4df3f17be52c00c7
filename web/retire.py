"""`diemcau retire`: an old session's recording leaves this disk, once a copy elsewhere is proven.

Minutes, playlists, manifests, event log and audit stay, and the key of what was closed: its copy is
sealed as it was here. The server asks a process of its own (`python -m web.retire SETTINGS.json
NOTE.json`): every byte of the copy is read.
"""

import fcntl
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from broadcast.archive import retire
from broadcast.archive.retire import NotProvenError, Proven, Retired
from broadcast.audit import Note
from broadcast.outputs import shelf
from broadcast.outputs.disk import DISK, Disk
from broadcast.outputs.vault import PLAIN
from broadcast.session.model import Phase
from broadcast.session.text import clean
from broadcast.store import Store
from config.settings import Settings
from web import setup
from web.catalogues import say
from web.children import settings_given
from web.proof import sentence
from web.setup import SetupError

ROOMS = ("archive", "sites", "sealed")
"""Folders of the data folder that hold recordings."""
SHOWN = 5
_NOTE = TypeAdapter(Note)


class RefusedError(Exception):
    """Nothing was removed; `retire.<code>` says why."""

    def __init__(self, code: str, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(code)
        self.code, self.params = code, params or {}


def note_of(session: str, kept_in: str, why: str) -> Note:
    """By whoever is signed in to this machine. Raises `RefusedError`."""
    detail = {"kept_in": kept_in, "why": reason(why)}
    return setup.by_hand("recording_retired", session=session, detail=detail)


def reason(why: str) -> str:
    """Raises `RefusedError`."""
    try:
        found = clean(why)
    except ValueError:
        found = ""
    if not found:
        raise RefusedError("no_reason")
    return found


def carry_out(settings: Settings, store: Store, note: Note, disk: Disk = DISK) -> Retired:
    """`note`: who, which session, where the copy is and why; it is in the audit before the first
    file goes. Raises `RefusedError`, `SetupError`, `OSError`, `StoreError`."""
    data_dir, session = settings.storage.data_dir.resolve(), note.session
    kept_in = _folder(note.detail["kept_in"], data_dir)
    if setup.session_state(store, session).phase is not Phase.ENDED:
        raise RefusedError("not_over")
    folders = [one for room in ROOMS if (one := data_dir / room / session).is_dir()]
    if not folders:
        raise RefusedError("nothing")
    with _alone(data_dir):
        if not any(retire.is_here(one) for one in folders):
            gone = any(retire.noted(one) is not None for one in folders)
            raise RefusedError("already" if gone else "nothing")
        parts = {one: _proven(one, kept_in, settings, disk) for one in folders}
        told = _about(note, kept_in, [part for found in parts.values() for part in found])
        notes = {one: replace(told, first=_first(found)) for one, found in parts.items()}
        for folder, said in notes.items():
            retire.announce(folder, said, disk)
        detail = {**note.detail, "kept_in": told.kept_in, "files": told.files, "bytes": told.size}
        store.note(replace(note, at_ms=told.at_ms, detail=detail))
        for found in parts.values():
            _take_away(found, kept_in, disk)
        for folder, said in notes.items():
            retire.announce(folder, replace(said, ended=True), disk)
    return told


def _folder(kept_in: str, data_dir: Path) -> Path:
    """Raises `RefusedError`."""
    try:
        kept_in.encode()  # it is to be told, in JSON and on pages
        folder = Path(kept_in).expanduser()
        found = folder.resolve()
        if folder.is_absolute() and found.is_dir() and not found.is_relative_to(data_dir):
            return found
    except (OSError, RuntimeError, ValueError):
        pass  # no name of a folder: a NUL in it, the home of nobody, links in a circle
    raise RefusedError("no_folder", {"folder": kept_in})


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """One at a time, whoever asks. Raises `RefusedError`."""
    handle = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefusedError("under_way") from None
        yield
    finally:
        os.close(handle)


def _proven(folder: Path, kept_in: Path, settings: Settings, disk: Disk) -> list[Proven]:
    room, session = folder.parent.name, folder.name
    copy, envelope = kept_in / room / session, PLAIN
    try:
        if room == "sealed":
            envelope = shelf.sealed(settings.storage, settings.recording).envelope(session)
        return retire.proven(folder, copy, envelope, disk)
    except NotProvenError as error:
        found = [sentence(one, settings.language) for one in error.findings[:SHOWN]]
        params = {"folder": copy, "count": len(error.findings), "found": "\n".join(found)}
        raise RefusedError(str(error), params) from None


def _take_away(parts: Sequence[Proven], kept_in: Path, disk: Disk) -> None:
    try:
        retire.take_away(parts, disk)
    except NotProvenError as error:
        raise RefusedError(str(error), {"folder": kept_in}) from None


def _about(note: Note, kept_in: Path, parts: Sequence[Proven]) -> Retired:
    return Retired(
        at_ms=setup.now_ms(),
        who=note.who,
        why=note.detail["why"],
        kept_in=str(kept_in),
        files=sum(len(part.files) for part in parts),
        size=sum(part.size for part in parts),
        first="",
        ended=False,
    )


def _first(parts: Sequence[Proven]) -> str:
    """The one that goes first; the folder itself where none does, which is always here."""
    return next((name for part in parts[:1] for name, _ in part.files), "")


def run(settings: Settings, session: str, kept_in: Path, why: str) -> int:
    """The command: 1 where it is refused. Raises `SetupError`."""
    try:
        with setup.kept_store(settings) as store:
            note = note_of(session, str(kept_in.absolute()), why)
            told = carry_out(settings, store, note)
    except RefusedError as error:
        sys.stderr.write(f"{say(settings.language, f'retire.{error.code}', error.params)}\n")
        return 1
    except OSError as error:
        raise SetupError(_about_disk(error)) from None
    sys.stdout.write(f"{say(settings.language, 'retire.done', params_of(told))}\n")
    return 0


def _about_disk(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def params_of(told: Retired) -> dict[str, Any]:
    """For sentences."""
    return {**asdict(told), "gb": round(told.size / 1e9, 1)}


def main() -> int:
    """Prints one line of JSON: the refusal, or nothing."""
    settings = settings_given()
    note = _NOTE.validate_json(sys.argv[2])
    refused: dict[str, Any] = {}
    with setup.open_store(settings) as store:
        try:
            carry_out(settings, store, note)
        except RefusedError as error:
            params = {name: str(value) for name, value in error.params.items()}
            refused = {"code": error.code, "params": params}
        except OSError as error:
            refused = {"code": "failed", "params": {"reason": _about_disk(error)}}
    sys.stdout.write(json.dumps(refused))
    return 0


if __name__ == "__main__":
    sys.exit(main())
