"""How a recording's media lies on the disk: as it is, or sealed, so that who gets hold of the files
but not of the key has nothing.

A sealed file is sixteen random bytes and then AES-256 in counter mode (NIST SP 800-38A), which
turns each byte for itself: a file that a crash cut short opens up to the cut, and recovery is the
same for both. That nothing was altered is the manifest's to prove, over the sealed bytes.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
COUNTER_BYTES = 16


class KeyLostError(OSError):
    """The key's file is there and is none."""


class Envelope:
    """Leaves everything as it is."""

    head_bytes = 0
    """What stands before the media in each file."""

    def begin(self) -> tuple[bytes, Callable[[bytes], bytes]]:
        """For a new file: its head, and what to make of each piece that follows, in order."""
        return b"", bytes

    def open(self, stored: bytes) -> bytes:
        """The media in a file, or in the beginning of one."""
        return stored


PLAIN = Envelope()


class Sealed(Envelope):
    """Of one session, whose key follows from the office's."""

    head_bytes = COUNTER_BYTES

    def __init__(self, key: bytes, session: str) -> None:
        info = f"diemcau sealed {session}".encode()
        self._key = AES256(HKDF(SHA256(), KEY_BYTES, None, info).derive(key))

    def begin(self) -> tuple[bytes, Callable[[bytes], bytes]]:
        """The counter begins at random: no two files share a key stream, of whatever name."""
        counter = secrets.token_bytes(COUNTER_BYTES)
        return counter, Cipher(self._key, CTR(counter)).encryptor().update

    def open(self, stored: bytes) -> bytes:
        if len(stored) <= COUNTER_BYTES:
            return b""
        decryptor = Cipher(self._key, CTR(stored[:COUNTER_BYTES])).decryptor()
        return decryptor.update(stored[COUNTER_BYTES:])


def load_key(path: Path) -> bytes:
    """The office's key; made by whoever asks first, for this user alone. Raises `OSError`."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with open(fresh, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # whole or not at all, and never over another's
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise KeyLostError(f"{path} has {len(key)} bytes and not {KEY_BYTES}: restore it")
    return key
