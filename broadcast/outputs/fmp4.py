"""Fragmented MP4 (ISO/IEC 14496-12, CMAF): bytes from samples, and what is whole in a torn file.

Pure. One video track (H.264, `avc1`, 1/90000 s) and one of sound (AAC-LC, 1/48000 s). Written here
rather than by a muxer because a part must leave when its last sample is there, with decode times
that go on across a restart; a muxer gives it one frame late and starts each run from zero.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from streams.frames import AUDIO_CLOCK_RATE, VIDEO_CLOCK_RATE
from streams.rtp.bitstream import PPS, SPS, nal_units

VIDEO_TRACK, AUDIO_TRACK = 1, 2
MP4_EPOCH_S = 2_082_844_800
"""1904-01-01 to 1970-01-01."""

AAC_SAMPLES = 1024
AAC_LC_48K_STEREO = b"\x11\x90"
"""AudioSpecificConfig, ISO/IEC 14496-3 1.6.2.1."""
AAC_BITRATE_BPS = 128_000

MAX_ORIGIN_S, MAX_TIME = 1 << 32, 1 << 48
"""What tells a later time is a disk that lost a bit: 2106, and some hundred years after that."""

_MATRIX = struct.pack("!9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_KEY, _DELTA = 0x02000000, 0x01010000
"""Sample flags: depends on nothing; depends on others and is no sync sample (14496-12 8.8.3.1)."""
_MOOF_IS_BASE = 0x020000
_TRUN = 0x000001 | 0x000100 | 0x000200 | 0x000400
"""Data offset; duration, size and flags of each sample."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One access unit as it lies in the file; times in the track's time scale."""

    time: int
    duration: int
    key: bool
    data: bytes


def since(samples: Iterable[Sample], origin: int) -> list[Sample]:
    """The same, their times counted from `origin`, in the track's time scale."""
    return [Sample(one.time - origin, one.duration, one.key, one.data) for one in samples]


def video_time(samples: int) -> int:
    """Sound's time (1/48000 s) in the picture's, 1/90000 s; rounded down."""
    return samples * VIDEO_CLOCK_RATE // AUDIO_CLOCK_RATE


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """H.264 sequence and picture parameter set: what a decoder must know first."""

    sps: bytes
    pps: bytes


def split_access_unit(annex_b: bytes) -> tuple[ParameterSets | None, bytes]:
    """(parameter sets if it carries them, the other units each after its 32-bit length)."""
    sps = pps = None
    rest = []
    for unit in nal_units(annex_b):
        kind = unit[0] & 0x1F
        if kind == SPS:
            sps = unit
        elif kind == PPS:
            pps = unit
        else:
            rest += [struct.pack("!I", len(unit)), unit]
    return (ParameterSets(sps, pps) if sps and pps else None), b"".join(rest)


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack("!I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack("!I", version << 24 | flags), *parts)


def init_segment(width: int, height: int, parameters: ParameterSets, origin_s: int) -> bytes:
    """`origin_s`: Unix time of decode time zero, kept as the creation time of the file."""
    entry = _avc1(width, height, parameters)
    video = _track(VIDEO_TRACK, VIDEO_CLOCK_RATE, (width, height), entry)
    return _init((video, _sound_track()), (VIDEO_TRACK, AUDIO_TRACK), origin_s)


def sound_init_segment(origin_s: int) -> bytes:
    """Of the sound alone."""
    return _init((_sound_track(),), (AUDIO_TRACK,), origin_s)


def _sound_track() -> bytes:
    return _track(AUDIO_TRACK, AUDIO_CLOCK_RATE, None, _mp4a())


def _init(tracks: Sequence[bytes], numbers: Sequence[int], origin_s: int) -> bytes:
    created = origin_s + MP4_EPOCH_S
    header = struct.pack("!QQIQ", created, created, 1000, 0)
    rest = struct.pack("!IHH8x", 0x10000, 0x0100, 0) + _MATRIX + bytes(24) + struct.pack("!I", 3)
    return box(b"ftyp", b"iso6", bytes(4), b"iso6cmfcmp41") + box(
        b"moov",
        full_box(b"mvhd", 1, 0, header, rest),
        *tracks,
        box(b"mvex", *map(_trex, numbers)),
    )


def _track(number: int, rate: int, size: tuple[int, int] | None, entry: bytes) -> bytes:
    width, height = size or (0, 0)
    volume = 0 if size else 0x0100
    head = struct.pack("!IIIII8xHHHH", 0, 0, number, 0, 0, 0, 0, volume, 0)
    shape = struct.pack("!II", width << 16, height << 16)
    handler, name = (b"vide", b"video\0") if size else (b"soun", b"sound\0")
    media_header = full_box(b"vmhd", 0, 1, bytes(8)) if size else full_box(b"smhd", 0, 0, bytes(4))
    data_info = box(b"dinf", full_box(b"dref", 0, 0, struct.pack("!I", 1), full_box(b"url ", 0, 1)))
    return box(
        b"trak",
        full_box(b"tkhd", 0, 3, head, _MATRIX, shape),
        box(
            b"mdia",
            # The language is "und": three letters of five bits each.
            full_box(b"mdhd", 0, 0, struct.pack("!IIIIHH", 0, 0, rate, 0, 0x55C4, 0)),
            full_box(b"hdlr", 0, 0, bytes(4), handler, bytes(12), name),
            box(b"minf", media_header, data_info, _sample_table(entry)),
        ),
    )


def _sample_table(entry: bytes) -> bytes:
    """Describes the samples and lists none: they are in the fragments."""
    return box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack("!I", 1), entry),
        full_box(b"stts", 0, 0, bytes(4)),
        full_box(b"stsc", 0, 0, bytes(4)),
        full_box(b"stsz", 0, 0, bytes(8)),
        full_box(b"stco", 0, 0, bytes(4)),
    )


def _avc1(width: int, height: int, parameters: ParameterSets) -> bytes:
    sps, pps = parameters.sps, parameters.pps
    avcc = box(
        b"avcC",
        bytes((1, *sps[1:4], 0xFF, 0xE1)),
        struct.pack("!H", len(sps)) + sps,
        b"\1" + struct.pack("!H", len(pps)) + pps,
    )
    # BT.709 primaries, transfer and matrix, limited range.
    colour = box(b"colr", b"nclx", struct.pack("!HHHB", 1, 1, 1, 0))
    entry = struct.pack("!6xH16xHHIIIH32xHh", 1, width, height, 72 << 16, 72 << 16, 0, 1, 24, -1)
    return box(b"avc1", entry, avcc, colour)


def _mp4a() -> bytes:
    entry = struct.pack("!6xH8xHHHHI", 1, 2, 16, 0, 0, AUDIO_CLOCK_RATE << 16)
    return box(b"mp4a", entry, full_box(b"esds", 0, 0, _elementary_stream_descriptor()))


def _elementary_stream_descriptor() -> bytes:
    """ISO/IEC 14496-1 7.2.6.5; 0x40 is MPEG-4 audio, 0x15 an audio stream."""
    specific = b"\5" + bytes((len(AAC_LC_48K_STEREO),)) + AAC_LC_48K_STEREO
    config = struct.pack("!BB3xII", 0x40, 0x15, AAC_BITRATE_BPS, AAC_BITRATE_BPS) + specific
    decoder = b"\4" + bytes((len(config),)) + config
    body = struct.pack("!HB", AUDIO_TRACK, 0) + decoder + b"\6\1\2"
    return b"\3" + bytes((len(body),)) + body


def _trex(number: int) -> bytes:
    return full_box(b"trex", 0, 0, struct.pack("!IIIII", number, 1, 0, 0, 0))


def fragment(sequence: int, video: Sequence[Sample], audio: Sequence[Sample]) -> bytes:
    """One `moof` with its `mdat`. A track without samples is left out."""
    runs = [(t, s) for t, s in ((VIDEO_TRACK, video), (AUDIO_TRACK, audio)) if s]
    # The offsets in the header depend on its own length, which does not depend on the offsets.
    length = len(_moof(sequence, runs, 0))
    data = [sample.data for _, samples in runs for sample in samples]
    return _moof(sequence, runs, length + 8) + box(b"mdat", *data)


def _moof(sequence: int, runs: list[tuple[int, Sequence[Sample]]], data_at: int) -> bytes:
    tracks = []
    for track, samples in runs:
        tracks.append(_traf(track, samples, data_at))
        data_at += sum(len(sample.data) for sample in samples)
    return box(b"moof", full_box(b"mfhd", 0, 0, struct.pack("!I", sequence)), *tracks)


def _traf(track: int, samples: Sequence[Sample], data_at: int) -> bytes:
    rows = b"".join(
        struct.pack("!III", s.duration, len(s.data), _KEY if s.key else _DELTA) for s in samples
    )
    return box(
        b"traf",
        full_box(b"tfhd", 0, _MOOF_IS_BASE, struct.pack("!I", track)),
        full_box(b"tfdt", 1, 0, struct.pack("!Q", samples[0].time)),
        full_box(b"trun", 0, _TRUN, struct.pack("!Ii", len(samples), data_at), rows),
    )


# Reading back, for recovery.


@dataclass(frozen=True, slots=True)
class Whole:
    """The part of a torn segment that can be played."""

    length: int
    """Bytes up to the end of the last whole fragment."""
    start: int
    end: int
    """Decode times of the video, or of the sound where it is alone, in 1/90000 s."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """One `moof` with its `mdat`, as found in a segment; decode times as in `Whole`."""

    at: int
    """Where its bytes begin, and end."""
    to: int
    start: int
    end: int
    key: bool
    """Begins with a keyframe."""


def boxes(
    data: bytes | bytearray, at: int = 0, end: int | None = None
) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start of the body, end) of each box that is whole."""
    end = len(data) if end is None else end
    while at + 8 <= end:
        size, kind = struct.unpack_from("!I4s", data, at)
        if size < 8 or at + size > end:
            return
        yield kind, at + 8, at + size
        at += size


def fragments(data: bytes | bytearray) -> Iterator[Fragment]:
    """Up to the first that is not whole."""
    began = 0
    times: tuple[int, int, bool] | None = None
    for kind, body, end in boxes(data):
        if kind == b"moof":
            began, times = body - 8, _times_of(data, body, end)
            if times is None:
                return
        elif kind == b"mdat" and times:
            yield Fragment(began, end, *times)


def begins_at(head: bytes) -> int | None:
    """The first decode time of a segment (90 kHz), from its first bytes; None: not there."""
    for kind, body, end in boxes(head):
        if kind == b"moof":
            times = _times_of(head, body, end)
            return times[0] if times is not None else None
    return None


def whole_fragments(segment: bytes | bytearray) -> Whole | None:
    """What a crash left of a segment; None if not one fragment is whole."""
    found = list(fragments(segment))
    return Whole(found[-1].to, found[0].start, found[-1].end) if found else None


def _times_of(data: bytes | bytearray, at: int, end: int) -> tuple[int, int, bool] | None:
    """(first decode time, end of the last sample, begins with a keyframe) of a moof's first
    track: the video where there is one. None where a disk that lost power has left a hole in it."""
    for kind, body, stop in boxes(data, at, end):
        if kind != b"traf":
            continue
        inner = {name: start for name, start, _ in boxes(data, body, stop)}
        try:
            (track,) = struct.unpack_from("!I", data, inner[b"tfhd"] + 4)
            (time,) = struct.unpack_from("!Q", data, inner[b"tfdt"] + 4)
            (count,) = struct.unpack_from("!I", data, inner[b"trun"] + 4)
            rows = list(struct.iter_unpack("!III", data[inner[b"trun"] + 12 : stop][: 12 * count]))
            first_flags = rows[0][2]
            if time > MAX_TIME:
                return None
        except (KeyError, IndexError, struct.error):
            return None
        until = time + sum(duration for duration, _, _ in rows)
        rate = VIDEO_CLOCK_RATE if track == VIDEO_TRACK else AUDIO_CLOCK_RATE
        return _scaled(time, rate), _scaled(until, rate), first_flags == _KEY
    return None


def _scaled(time: int, rate: int) -> int:
    return time * VIDEO_CLOCK_RATE // rate


def origin_of(init: bytes) -> int | None:
    """The `origin_s` that an init segment was made with; None where it tells none."""
    for kind, body, end in boxes(init):
        if kind == b"moov":
            for inner, start, _ in boxes(init, body, end):
                if inner == b"mvhd":
                    created: int = struct.unpack_from("!Q", init, start + 4)[0]
                    origin_s = created - MP4_EPOCH_S
                    return origin_s if 0 <= origin_s < MAX_ORIGIN_S else None
    return None
