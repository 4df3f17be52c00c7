"""The one file that touches pylibsrtp's private names; its version is pinned.

Its `protect` copies each packet twice and makes two objects of it. Here packets are encrypted
where they lie.
"""

from pylibsrtp import Error, Session
from pylibsrtp._binding import ffi, lib

TRAILER = 144
"""What libsrtp may add to a packet (SRTP_MAX_TRAILER_LEN); usually 10 or 16 octets."""


class Workbench:
    """A buffer in which packets are encrypted in place."""

    def __init__(self, size: int) -> None:
        self.octets = bytearray(size)
        self._start = ffi.from_buffer(self.octets)
        self._length = ffi.new("int *")

    def protect(self, session: Session, at: int, size: int) -> int:
        """Encrypts the RTP packet of `size` octets at `at`; how long it is now. There must be room
        for `TRAILER` octets more. Raises `pylibsrtp.Error`."""
        length = self._length
        length[0] = size
        status = lib.srtp_protect(session._srtp[0], self._start + at, length)
        if status != lib.srtp_err_status_ok:
            raise Error(f"SRTP refuses a packet: status {status}")
        result: int = length[0]
        return result
