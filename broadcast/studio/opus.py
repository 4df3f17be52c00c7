"""Opus by its own library: the one inside PyAV's wheel, or the system's where PyAV was built from
source.

PyAV's decoder can do neither the in-band FEC of the next packet (RFC 6716, 2.1.7) nor the
library's concealment; its encoder sends each packet through a filter graph, a third of the cost.
"""

import ctypes
import ctypes.util
from pathlib import Path

import av
import numpy as np

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from streams.frames import AUDIO_CLOCK_RATE

CHANNELS = 2
LONGEST_PACKET = AUDIO_CLOCK_RATE * 120 // 1000
"""Samples; RFC 6716, 3.2.1."""
GRAIN = AUDIO_CLOCK_RATE * 25 // 10_000
"""2.5 ms: what is recovered is counted in these."""

MAX_PACKET_BYTES = 1500
"""20 ms at 600 kbit/s."""

# opus_defines.h
_APPLICATION_VOIP = 2048
_SET_BITRATE, _SET_VBR, _SET_COMPLEXITY = 4002, 4006, 4010
_SET_INBAND_FEC, _SET_PACKET_LOSS_PERC, _SET_VBR_CONSTRAINT = 4012, 4014, 4020
_GET_LOOKAHEAD = 4027

COMPLEXITY = 5
"""Of 10: a fifth cheaper than the default, and no difference at these bitrates."""
EXPECTED_LOSS_PERCENT = 10


class OpusError(Exception):
    """The packet is no Opus, or there is no library for it."""


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
    library.opus_encoder_create.restype = ctypes.c_void_p
    library.opus_encoder_create.argtypes = [
        *(ctypes.c_int32, ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
    ]
    library.opus_encoder_destroy.restype = None
    library.opus_encoder_destroy.argtypes = [ctypes.c_void_p]
    library.opus_encoder_ctl.restype = ctypes.c_int
    library.opus_encoder_ctl.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.opus_encode_float.restype = ctypes.c_int
    library.opus_encode_float.argtypes = [
        *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int),
        *(ctypes.c_void_p, ctypes.c_int32),
    ]
    return library


_LIBRARY = _library()


def is_stereo(packet: bytes) -> bool:
    """By its first octet (RFC 6716, 3.1)."""
    return bool(packet[:1] and packet[0] & 4)


class OpusDecoder:
    """One stream's decoder, to as many channels whatever the packets have; used by one thread.
    Raises `OpusError`."""

    def __init__(self, channels: int = CHANNELS) -> None:
        self._out = np.empty((LONGEST_PACKET, channels), np.float32)
        self._at = self._out.ctypes.data
        self._state = _LIBRARY.opus_decoder_create(AUDIO_CLOCK_RATE, channels, None)
        if not self._state:
            raise OpusError("no memory for a decoder")

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            _LIBRARY.opus_decoder_destroy(self._state)

    def decode(self, packet: bytes) -> Samples:
        """The packet's sound, `(channels, n)`: a fresh array."""
        return self._decoded(packet, LONGEST_PACKET, recover=0)

    def recover(self, lost: int, packet: bytes) -> Samples:
        """The `lost` samples before `packet`, which is to be decoded next: the last of them by its
        FEC if it has some, all else concealed. `lost` is a multiple of `GRAIN`, at most 120 ms."""
        return self._decoded(packet, lost, recover=1)

    def _decoded(self, packet: bytes, count: int, *, recover: int) -> Samples:
        got = _LIBRARY.opus_decode_float(self._state, packet, len(packet), self._at, count, recover)
        if got < 0:
            raise OpusError(f"libopus error {got}")
        return self._out[:got].T.copy("C")


class OpusEncoder:
    """20 ms packets with in-band FEC: `voip` keeps to the hybrid mode, the one that has it. Used by
    one thread. Raises `OpusError`."""

    def __init__(self, bitrate_bps: int) -> None:
        self._interleaved = np.empty((BLOCK_SAMPLES, CHANNELS), np.float32)
        self._packet = ctypes.create_string_buffer(MAX_PACKET_BYTES)
        self._state = _LIBRARY.opus_encoder_create(
            AUDIO_CLOCK_RATE, CHANNELS, _APPLICATION_VOIP, None
        )
        if not self._state:
            raise OpusError("no memory for an encoder")
        settings = {
            _SET_BITRATE: bitrate_bps,
            _SET_COMPLEXITY: COMPLEXITY,
            _SET_VBR: 1,
            _SET_VBR_CONSTRAINT: 1,
            _SET_INBAND_FEC: 1,
            _SET_PACKET_LOSS_PERC: EXPECTED_LOSS_PERCENT,
        }
        for request, value in settings.items():
            self._control(request, ctypes.c_int32(value))
        lookahead = ctypes.c_int32()
        self._control(_GET_LOOKAHEAD, ctypes.byref(lookahead))
        self._lookahead = lookahead.value

    def __del__(self) -> None:
        if getattr(self, "_state", None):
            _LIBRARY.opus_encoder_destroy(self._state)

    def _control(self, request: int, argument: object) -> None:
        error = _LIBRARY.opus_encoder_ctl(self._state, request, argument)
        if error:
            raise OpusError(f"libopus error {error} at {request}")

    def encode(self, block: Samples, pts: int) -> list[tuple[int, bytes]]:
        """`block`: `(2, 960)`; `pts` in samples. One (pts, packet), whose pts counts in the
        look-ahead of 6.5 ms. Raises `OpusError`."""
        self._interleaved[:] = block.T
        made = _LIBRARY.opus_encode_float(
            *(self._state, self._interleaved.ctypes.data, BLOCK_SAMPLES),
            *(self._packet, MAX_PACKET_BYTES),
        )
        if made < 0:
            raise OpusError(f"libopus error {made}")
        return [(pts - self._lookahead, self._packet.raw[:made])]
