"""The two places for a recording: the archive, which anybody may read, and what is sealed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from broadcast.outputs.vault import PLAIN, Envelope, Sealed, load_key
from config.settings import Recording, Storage
from streams.frames import Codec, Feed, Packet

RECORDED = (Codec.H264, Codec.AAC)
KEY = "sealed.key"


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is kept there, and how."""

    takes: Callable[[Packet], bool]
    envelope: Callable[[str], Envelope] = lambda _: PLAIN
    """Of a session's files. Raises `OSError`."""
    ladder: bool = False
    """The smaller renditions and the sound alone, too."""
    mode: int = 0o777
    """Of its folders, less the umask."""


def is_public(packet: Packet) -> bool:
    return packet.public and packet.codec in RECORDED


def is_closed(packet: Packet) -> bool:
    """What the room saw and heard and the public did not."""
    inside = packet.feed == Feed.ROOM and not packet.public
    return inside and packet.codec in RECORDED and not packet.rendition


OPEN = Shelf(is_public, ladder=True)


def sealed(storage: Storage, settings: Recording) -> Shelf:
    """For this user alone, and nothing without the key."""
    path = key_path(storage, settings)
    return Shelf(is_closed, lambda session: Sealed(load_key(path), session), mode=0o700)


def sealed_root(storage: Storage) -> Path:
    """Beside the archive, never in it."""
    return storage.data_dir / "sealed"


def key_path(storage: Storage, settings: Recording) -> Path:
    return settings.sealed_key or storage.data_dir / KEY
