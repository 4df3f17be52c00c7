"""`diemcau export`: a recording, or a piece of it, as one MP4 file."""

import os
from pathlib import Path

from broadcast.archive.chapters import chapters_of
from broadcast.archive.film import FilmError, film, marks_of, piece
from broadcast.archive.retire import retired
from broadcast.archive.walls import segments_of
from broadcast.outputs import shelf
from broadcast.outputs.recovery import listed_in
from broadcast.outputs.vault import PLAIN
from broadcast.session.model import Role
from config.settings import Settings
from web import setup
from web.auth import Identity
from web.catalogues import say
from web.sealed import ACCESSES, Ledger
from web.setup import SetupError


def export(
    settings: Settings,
    session: str,
    file: Path,
    span: tuple[float, float | None],
    *,
    sealed: bool,
) -> int:
    """`span`: seconds of the recording, as the links of the playback page have them. A file that
    is there is left alone. Raises `SetupError`."""
    storage = settings.storage
    root = shelf.sealed_root(storage) if sealed else storage.data_dir / "archive"
    folder = root / session
    if (gone := retired(folder)) is not None:
        raise SetupError(say(settings.language, "retire.export", {"kept_in": gone.kept_in}))
    try:
        listed = listed_in(folder)
        envelope = shelf.sealed(storage, settings.recording).envelope(session) if sealed else PLAIN
        if listed is None:
            raise FilmError("nothing_there")
        marks = []
        if not sealed:
            with setup.open_store(settings) as store:
                events = [one.event for one in store.load(session)]
            marks = marks_of(chapters_of(events, segments_of(listed)), listed, *span)
        made = film(folder, piece(listed, *span), envelope, marks)
        if sealed:
            who = Identity(setup.person_here(), frozenset({Role.SYSTEM}))
            Ledger(folder / ACCESSES).note(setup.now_ms(), who, "", "download", file.name)
        mode = 0o600 if sealed else 0o666
        with open(file, "xb", opener=lambda path, flags: os.open(path, flags, mode)) as out:
            try:
                out.writelines(made.pieces())
                out.flush()
            except BaseException:
                file.unlink()  # half a film would be left alone, too, when it is asked for again
                raise
    except FilmError as error:
        raise SetupError(say(settings.language, f"error.{error.code}")) from None
    except OSError as error:
        raise SetupError(f"{error.filename or file}: {error.strerror or error}") from None
    return 0
