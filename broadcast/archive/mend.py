"""A playlist that was damaged, made anew from the segments that it listed.

The manifest has the sum of each that was ended: what is made is that very file, or nothing is.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from broadcast.outputs import manifest, playlist
from broadcast.outputs.fmp4 import origin_of, whole_fragments
from broadcast.outputs.ledger import digest_of
from broadcast.outputs.recovery import INDEX, entry_of
from broadcast.outputs.vault import PLAIN, Envelope
from config.settings import MAX_SEGMENT_MS


def is_damaged(folder: Path) -> bool:
    """Whether it is not what it was when it was ended. Raises `OSError`."""
    wanted = {one.digest for one in _sums(folder) if one.name == INDEX}
    index = folder / INDEX
    return bool(wanted) and not (index.is_file() and digest_of(index) in wanted)


def made_anew(folder: Path, envelope: Envelope = PLAIN) -> str | None:
    """None: the segments that are there do not make it. Raises `OSError`."""
    sums = _sums(folder)
    wanted = {one.digest for one in sums if one.name == INDEX}
    with suppress(FileNotFoundError):
        entries = _entries(folder, [one.name for one in sums], envelope)
        body = "".join(map(playlist.lines, entries)) + playlist.END
        for segment_ms in range(1000, MAX_SEGMENT_MS + 1, 1000):  # a header says whole seconds
            text = playlist.header(segment_ms) + body
            if sha256(text.encode()).hexdigest() in wanted:
                return text
    return None


def _sums(folder: Path) -> Sequence[manifest.Entry]:
    path = folder / manifest.NAME
    return manifest.parse(path.read_text("utf-8", "replace")).entries if path.is_file() else ()


def _entries(folder: Path, names: Sequence[str], envelope: Envelope) -> Iterator[playlist.Entry]:
    """Up to the first that cannot be read any more."""
    init, origin_s, first = None, None, True
    for name in names:
        if name.endswith(".mp4"):
            init, origin_s = name, origin_of(envelope.open((folder / name).read_bytes()))
        elif name.endswith(".m4s"):
            whole = whole_fragments(envelope.open((folder / name).read_bytes()))
            if whole is None or origin_s is None:
                return
            yield entry_of(name, whole, origin_s, init, first=first)
            init, first = None, False
