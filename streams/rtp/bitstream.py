"""What a coded picture says of itself, without decoding it."""

from collections.abc import Iterable

from streams.frames import Codec

SLICE, IDR, SPS, PPS = 1, 5, 7, 8
STAP_A, FU_A = 24, 28
START_CODE = b"\0\0\0\1"

MOST_UNITS = 512
"""NAL units of a picture, where a browser has a dozen and a camera that cuts its slices to the size
of packets some two hundred. Each is a step of Python on the relay's loop."""
MOST_TOGETHER = 32
"""The same in one packet."""


def nal_units(data: bytes) -> list[bytes]:
    """The NAL units of an Annex B byte stream, without start codes (H.264 B.1)."""
    units, start = [], data.find(b"\0\0\1")
    while start >= 0:
        begin = start + 3
        start = data.find(b"\0\0\1", begin)
        unit = data[begin:start].rstrip(b"\0") if start >= 0 else data[begin:]
        if unit:
            units.append(unit)
    return units


def bounded(data: bytes) -> bytes:
    """An Annex B picture as it is. Raises `ValueError` for more units than anybody sends."""
    if data.count(b"\0\0\1") > MOST_UNITS:
        raise ValueError(f"more than {MOST_UNITS} NAL units in a picture")
    return data


def is_key(codec: Codec, data: bytes) -> bool:
    """Whether it can be decoded alone. H.264: holds an IDR slice; VP8: RFC 6386 9.1."""
    if codec is Codec.VP8:
        return not data[0] & 1
    if codec is Codec.OPUS:
        return True
    at = data.find(b"\0\0\1")
    while at >= 0 and at + 3 < len(data):
        if data[at + 3] & 0x1F == IDR:
            return True
        at = data.find(b"\0\0\1", at + 3)
    return False


def begins_frame(codec: Codec, payload: bytes) -> bool:
    """Whether an RTP payload can be a picture's first (RFC 6184 5.8, RFC 7741 4.2): no fragment
    from the middle, and of H.264's slices the first, whose `first_mb_in_slice` is 0, the single
    bit 1 (H.264 7.3.3). Raises `IndexError` for an empty one."""
    if codec is not Codec.H264:
        return codec is Codec.OPUS or payload[0] & 0x17 == 0x10
    kind, at = payload[0] & 0x1F, 1
    if kind == FU_A:
        if not payload[1] & 0x80:
            return False
        kind, at = payload[1] & 0x1F, 2
    elif kind == STAP_A:
        kind, at = payload[3] & 0x1F, 4
    return kind not in (SLICE, IDR) or payload[at] & 0x80 != 0


def h264_units(payload: bytes) -> bytes:
    """What an RTP payload brings of a picture, with start codes (RFC 6184 5.6 to 5.8). Raises
    `ValueError`, also for more units than anybody sends together, and `IndexError`."""
    head = payload[0]
    kind = head & 0x1F
    if kind == FU_A:
        second = payload[1]
        if not second & 0x80:
            return payload[2:]
        return b"".join((START_CODE, bytes((head & 0xE0 | second & 0x1F,)), payload[2:]))
    if 0 < kind < STAP_A and len(payload) > 1:
        return START_CODE + payload
    if kind != STAP_A or len(payload) < 2:
        raise ValueError(f"an RTP payload of kind {kind} in a picture")
    units, at = list[bytes](), 1
    while at < len(payload):
        end = at + 2 + (payload[at] << 8 | payload[at + 1])
        if end > len(payload):
            raise ValueError("a NAL unit is cut off")
        if len(units) == 2 * MOST_TOGETHER:
            raise ValueError(f"more than {MOST_TOGETHER} NAL units in a packet")
        units += (START_CODE, payload[at + 2 : end])
        at = end
    return b"".join(units)


def size_of(codec: Codec, data: bytes) -> tuple[int, int] | None:
    """Width and height of a key picture, None where it does not say."""
    if codec is Codec.VP8:
        return _vp8_size(data)
    sps = next((unit for unit in nal_units(data) if unit[0] & 0x1F == SPS), None)
    return None if sps is None else _sps_size(sps)


def _vp8_size(data: bytes) -> tuple[int, int] | None:
    """RFC 6386 9.1."""
    if len(data) < 10 or data[3:6] != b"\x9d\x01\x2a":
        return None
    width = int.from_bytes(data[6:8], "little") & 0x3FFF
    return width, int.from_bytes(data[8:10], "little") & 0x3FFF


LONGEST_SPS = 256
"""Octets of a sequence parameter set that are read; real ones have some 30. A site may send a
megabyte, and reading is done bit by bit."""


LARGEST = 16_384
"""Pixels of a side (H.264 A.3.1: no level has more)."""


class _Bits:
    """Reads a NAL unit's payload without emulation prevention (H.264 7.3.1). Raises `IndexError`
    at the end."""

    def __init__(self, unit: bytes) -> None:
        self._data = unit[:LONGEST_SPS].replace(b"\0\0\3", b"\0\0")
        self._at = 8

    def bits(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._at >> 3] >> (7 - self._at % 8) & 1
            self._at += 1
        return value

    def ue(self) -> int:
        """Exp-Golomb (H.264 9.1), of 32 bits at most."""
        zeros = 0
        while not self.bits(1):
            zeros += 1
            if zeros > 32:
                raise IndexError("a number of more than 32 bits")
        return (1 << zeros) - 1 + self.bits(zeros)


_HIGH_PROFILES = (100, 110, 122, 244, 44, 83, 86, 118, 128)


def _sps_size(sps: bytes) -> tuple[int, int] | None:
    """H.264 7.3.2.1.1, 8-bit 4:2:0 only: what WebRTC sends."""
    bits = _Bits(sps)
    try:
        return _read_sps(bits)
    except IndexError:
        return None


def _read_sps(bits: _Bits) -> tuple[int, int] | None:
    profile = bits.bits(8)
    bits.bits(16)
    bits.ue()
    if profile in _HIGH_PROFILES:
        if bits.ue() != 1:  # chroma_format_idc
            return None
        bits.ue()
        bits.ue()
        bits.bits(1)
        if bits.bits(1):  # scaling matrices: nobody sends them here
            return None
    bits.ue()
    order_type = bits.ue()
    if order_type == 0:
        bits.ue()
    elif order_type == 1:
        bits.bits(1)
        for _ in range(2):
            bits.ue()
        for _ in range(bits.ue()):
            bits.ue()
    bits.ue()
    bits.bits(1)
    width, height = 16 * (bits.ue() + 1), 16 * (bits.ue() + 1)
    frames_only = bits.bits(1)
    if not frames_only:
        height *= 2
        bits.bits(1)
    bits.bits(1)
    if bits.bits(1):
        left, right, top, bottom = (bits.ue() for _ in range(4))
        width -= 2 * (left + right)
        height -= 2 * (2 - frames_only) * (top + bottom)
    return (width, height) if 0 < width <= LARGEST and 0 < height <= LARGEST else None


class ParameterSets:
    """Puts the newest SPS and PPS before keyframes that come without: some encoders send them
    once, and a decoder that joins later needs them (H.264 7.4.1.2.1)."""

    def __init__(self, known: Iterable[bytes] = ()) -> None:
        """`known`: such as were told by another way."""
        self._kept = {unit[0] & 0x1F: unit for unit in known if unit}

    def complete(self, data: bytes, *, key: bool) -> bytes:
        """An access unit, with its parameter sets if it is a keyframe. Raises `ValueError` for a
        keyframe whose parameter sets never came."""
        kinds = set()
        for unit in _parameter_sets(data):
            kinds.add(unit[0] & 0x1F)
            self._kept[unit[0] & 0x1F] = unit
        if not key or SPS in kinds:
            return data
        if not self._kept.keys() >= {SPS, PPS}:
            raise ValueError("a keyframe without parameter sets")
        return b"".join((START_CODE, self._kept[SPS], START_CODE, self._kept[PPS], data))


def _parameter_sets(data: bytes) -> list[bytes]:
    """They come before the slices; a packet of slices only is told by its first unit."""
    first = data.find(b"\0\0\1")
    if first < 0 or (len(data) > first + 3 and data[first + 3] & 0x1F in (SLICE, IDR)):
        return []
    return [unit for unit in nal_units(data) if unit[0] & 0x1F in (SPS, PPS)]
