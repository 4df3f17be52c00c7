"""Opus as its own library decodes it: with what PyAV's decoder cannot do.

That is the in-band FEC of the next packet (RFC 6716, 2.1.7) and the library's concealment. The
library is the one inside PyAV's wheel, or the system's where PyAV was built from source.
"""

import ctypes
import ctypes.util
from pathlib import Path

import av
import numpy as np

from broadcast.studio.encoders import Samples
from streams.frames import AUDIO_CLOCK_RATE

CHANNELS = 2
LONGEST_PACKET = AUDIO_CLOCK_RATE * 120 // 1000
"""Samples; RFC 6716, 3.2.1."""
GRAIN = AUDIO_CLOCK_RATE * 25 // 10_000
"""2.5 ms: what is recovered is counted in these."""


class OpusError(Exception):
    """The packet is no Opus, or there is no library to decode it with."""


def _library() -> ctypes.CDLL:
    """Raises `OpusError`. A `CDLL` lets go of the interpreter's lock while it decodes."""
    bundled = sorted((Path(av.__file__).parent.parent / "av.libs").glob("libopus-*.so*"))
    name = str(bundled[0]) if bundled else ctypes.util.find_library("opus")
    if name is None:
        raise OpusError("no libopus: install PyAV from its wheel, or Debian's libopus0")
    library = ctypes.CDLL(name)
    library.opus_decoder_create.restype = ctypes.c_void_p
    library.opus_decoder_create.argtypes = [ctypes.c_int32, ctypes.c_int, ctypes.c_void_p]
    library.opus_decoder_destroy.restype = None
    library.opus_decoder_destroy.argtypes = [ctypes.c_void_p]
    library.opus_decode_float.restype = ctypes.c_int
    library.opus_decode_float.argtypes = [
        *(ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32),
        *(ctypes.c_void_p, ctypes.c_int, ctypes.c_int),
    ]
    return library


_LIBRARY = _library()


class OpusDecoder:
    """One stream's decoder, always to stereo; used by one thread. Raises `OpusError`."""

    def __init__(self) -> None:
        self._out = np.empty((LONGEST_PACKET, CHANNELS), np.float32)
        self._state = _LIBRARY.opus_decoder_create(AUDIO_CLOCK_RATE, CHANNELS, None)
        if not self._state:
            raise OpusError("no memory for a decoder")

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            _LIBRARY.opus_decoder_destroy(self._state)

    def decode(self, packet: bytes) -> Samples:
        """The packet's sound, `(2, n)`: a fresh array."""
        return self._decoded(packet, LONGEST_PACKET, recover=0)

    def recover(self, lost: int, packet: bytes) -> Samples:
        """The `lost` samples before `packet`, which is to be decoded next: the last of them by its
        FEC if it has some, all else concealed. `lost` is a multiple of `GRAIN`, at most 120 ms."""
        return self._decoded(packet, lost, recover=1)

    def _decoded(self, packet: bytes, count: int, *, recover: int) -> Samples:
        out = self._out.ctypes.data
        got = _LIBRARY.opus_decode_float(self._state, packet, len(packet), out, count, recover)
        if got < 0:
            raise OpusError(f"libopus error {got}")
        return np.ascontiguousarray(self._out[:got].T)
