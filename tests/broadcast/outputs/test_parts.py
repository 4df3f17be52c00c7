"""Packets to parts: complete, aligned, on one grid."""

from collections.abc import Iterable
from dataclasses import replace

from broadcast.outputs.parts import Cutter, Part
from streams.frames import Codec, Feed, Packet
from tests.broadcast.outputs.streams import EPOCH_S, FRAME, program

START = EPOCH_S * 90_000


def cut(packets: Iterable[Packet], segment_ms: int = 1000, *, flush: bool = True) -> list[Part]:
    cutter = Cutter(segment_ms, 200, FRAME)
    parts = [part for packet in packets for part in cutter.add(packet)]
    return parts + (cutter.flush() if flush else [])


def test_parts_are_whole_and_continuous() -> None:
    parts = cut(program(3))
    assert parts[0].start == START
    assert [a.end for a in parts[:-1]] == [b.start for b in parts[1:]]
    assert parts[-1].end == START + 3 * 90_000
    assert {part.end - part.start for part in parts} == {18_000}
    assert [s.time for part in parts for s in part.video] == [START + n * FRAME for n in range(75)]


def test_segments_begin_with_a_keyframe_on_the_grid() -> None:
    starts = [part for part in cut(program(3)) if part.starts_segment]
    assert [part.start for part in starts] == [START + n * 90_000 for n in range(3)]
    assert all(part.video[0].key for part in starts)


def test_only_the_first_part_is_a_discontinuity() -> None:
    assert [part.discontinuity for part in cut(program(3))] == [True] + 14 * [False]


def test_sound_lies_with_its_picture() -> None:
    for part in cut(program(3), flush=False):
        first, last = part.audio[0], part.audio[-1]
        assert abs(first.time / 48_000 - part.start / 90_000) < 0.022
        assert abs((last.time + 1024) / 48_000 - part.end / 90_000) < 0.045
    times = [s.time for part in cut(program(3)) for s in part.audio]
    assert times == list(range(times[0], times[0] + 1024 * len(times), 1024))


def test_a_part_waits_for_its_sound_but_not_for_ever() -> None:
    video = [packet for packet in program(3) if packet.codec is Codec.H264]
    assert cut(video[:26], flush=False) == []
    late = cut(video, flush=False)
    assert late
    assert not any(part.audio for part in late)


def test_sound_that_is_two_seconds_late_is_not_lost() -> None:
    packets = program(5)
    late = 2 * 90_000
    queue = sorted(
        packets,
        key=lambda p: p.pts if p.codec is Codec.H264 else p.pts * 90_000 // 48_000 + late,
    )
    times = [s.time for part in cut(queue) for s in part.audio]
    assert times == list(range(times[0], times[0] + 1024 * len(times), 1024))
    assert times[-1] > (EPOCH_S + 4.9) * 48_000


def test_nothing_before_the_first_keyframe_is_taken() -> None:
    parts = cut(program(3)[30:])
    assert parts[0].start == START + 90_000
    assert parts[0].video[0].key


def test_a_hole_ends_the_segment() -> None:
    before, after = program(2), program(2, EPOCH_S + 10)
    parts = cut([*before, *after])
    gaps = [part for part in parts if part.discontinuity]
    assert [part.start for part in gaps] == [START, START + 10 * 90_000]
    assert all(part.starts_segment and part.video[0].key for part in gaps)
    ended = parts[parts.index(gaps[1]) - 1]
    assert ended.end == START + 2 * 90_000


def test_a_lost_picture_lengthens_the_one_before() -> None:
    packets = [p for p in program(1) if p.codec is not Codec.H264 or p.pts != START + 3 * FRAME]
    durations = [s.duration for part in cut(packets) for s in part.video]
    assert durations[2] == 2 * FRAME
    assert sum(durations) == 25 * FRAME


def test_another_feed_is_joined_at_a_keyframe_only() -> None:
    """The public sees the slate from its first keyframe on, in the same segment."""
    slate = [replace(p, feed=Feed.PUBLIC) for p in program(1, segment_s=1)]
    room = [p for p in program(1) if p.codec is Codec.H264]
    late = [p for p in slate if p.codec is Codec.H264 and p.pts >= START + 10 * FRAME]
    times = [s.time for part in cut([*room[:10], *late]) for s in part.video]
    assert times == [START + n * FRAME for n in range(10)]
    keyed = [replace(late[0], key=True), *late[1:]]
    times = [s.time for part in cut([*room[:10], *keyed]) for s in part.video]
    assert len(times) == 25


def test_other_parameter_sets_need_a_new_init_segment() -> None:
    other = [
        replace(p, data=p.data.replace(b"\0\0\1\x68", b"\0\0\1\x68\x11")) if p.key else p
        for p in program(1, EPOCH_S + 1)
    ]
    parts = cut([*program(1), *other])
    assert [part.start for part in parts if part.discontinuity] == [START, START + 90_000]
