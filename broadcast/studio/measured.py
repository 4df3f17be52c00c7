"""What is known of a file of the media player before it plays: whether it can, and how loud it is,
measured once and kept beside it. When it plays it is brought to the program's loudness: a film that
was made for a cinema would blow up a television.

`broadcast/studio/measuring.py` measures; this is what it leaves, for whoever wants to know.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = ".loudness"


@dataclass(frozen=True, slots=True)
class Measured:
    """A file as it was then: another size or time is another file."""

    size_bytes: int
    changed_ns: int
    lufs: float | None
    """Integrated loudness of BS.1770; None where there is nothing to hear."""
    gain_db: float
    """What brings it to the program's."""
    fault: str = ""
    """Why it cannot be played (`reels.UnplayableError`)."""


def place_of(path: Path) -> Path:
    """Where a file's measurement is kept."""
    return path.parent / FOLDER / f"{path.name}.json"


def kept_of(path: Path) -> Measured | None:
    """None where it was not measured, or has changed since. Blocking."""
    try:
        found = Measured(**json.loads(place_of(path).read_text("utf-8")))
        stat = path.stat()
    except (OSError, ValueError, TypeError):
        return None
    same = (found.size_bytes, found.changed_ns) == (stat.st_size, stat.st_mtime_ns)
    return found if same else None


def keep(path: Path, found: Measured) -> None:
    """Raises `OSError`."""
    place = place_of(path)
    place.parent.mkdir(exist_ok=True)
    half = place.with_suffix(".part")
    half.write_text(json.dumps(asdict(found)), "utf-8")
    half.replace(place)


def forget(path: Path) -> None:
    """The file is gone. Raises `OSError`."""
    place_of(path).unlink(missing_ok=True)
