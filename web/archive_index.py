"""The index of the archive: what can be found in each recording, worked out once and kept.

`python -m web.archive_index SETTINGS.json SESSION …` writes `data/index/<session>.json`. A process
of its own: folding years of sessions is no work for the one that carries sound and pictures.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from broadcast.archive.chapters import chapters_of
from broadcast.archive.search import Contents, contents_of
from broadcast.archive.walls import segments_of
from broadcast.outputs.recovery import INDEX, listed_in
from broadcast.session.events import Event
from broadcast.session.evolve import fold
from broadcast.session.model import Phase
from broadcast.store import Store
from web import setup
from web.children import settings_given

FORMAT = 1
"""Another one is worked out anew."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """A session that is over, and was recorded."""

    id: str
    format: int
    version: int
    """Of the session's log."""
    playlist_bytes: int
    title: str
    subtitle: str
    started_at_ms: int
    ended_at_ms: int
    duration_s: float
    contents: Contents


_INDEXED = TypeAdapter(Indexed)


def playlist_bytes(data_dir: Path, session: str) -> int:
    """0: there is no recording."""
    try:
        return (data_dir / "archive" / session / INDEX).stat().st_size
    except FileNotFoundError:
        return 0


def load(data_dir: Path, session: str) -> Indexed | None:
    """None: not there, or of another format."""
    try:
        read: dict[str, Any] = json.loads(_path(data_dir, session).read_text("utf-8"))
        return _INDEXED.validate_python(read) if read.get("format") == FORMAT else None
    except (FileNotFoundError, ValueError):
        return None


def indexed(events: Sequence[Event], data_dir: Path, session: str) -> Indexed | None:
    """What can be found in it; None while the session is not over, or was not recorded."""
    state = fold(events)
    size = playlist_bytes(data_dir, session)
    if state.phase is not Phase.ENDED or not size:
        return None
    playlist = listed_in(data_dir / "archive" / session)
    if playlist is None:
        return None
    segments = segments_of(playlist)
    return Indexed(
        id=session,
        format=FORMAT,
        version=len(events),
        playlist_bytes=size,
        title=state.title,
        subtitle=state.subtitle,
        started_at_ms=state.started_at_ms or 0,
        ended_at_ms=state.ended_at_ms or 0,
        duration_s=round(playlist.duration_s, 3),
        contents=contents_of(state, chapters_of(events, segments), segments),
    )


def build(store: Store, data_dir: Path, session: str) -> Indexed | None:
    """Works it out and keeps it."""
    made = indexed([one.event for one in store.load(session)], data_dir, session)
    if made is None:
        return None
    path = _path(data_dir, session)
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(asdict(made), ensure_ascii=False), "utf-8")
    part.replace(path)
    return made


def _path(data_dir: Path, session: str) -> Path:
    return data_dir / "index" / f"{session}.json"


def main() -> int:
    """The process."""
    settings = settings_given()
    with setup.open_store(settings) as store:
        for session in sys.argv[2:]:
            try:
                build(store, settings.storage.data_dir, session)
            except Exception as error:
                # One that cannot be read hides no other; the relay writes down what is said here.
                sys.stderr.write(f"{session}: {error!r}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
