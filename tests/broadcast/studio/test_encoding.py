"""Keyframes when they are due, and what the encoders promise."""

import itertools
import threading
from collections.abc import Sequence

import av
import numpy as np
import pytest

from broadcast.studio.canvas import Canvas
from broadcast.studio.encoders import AacEncoder, H264Encoder
from broadcast.studio.encoding import KeyframeRule, Ladder, Shot, VideoEncoding
from broadcast.studio.opus import OpusEncoder
from broadcast.studio.voices import Voices
from config.settings import Program, Rung
from streams.frames import NS_PER_S, Feed, Packet
from tests import media

PROGRAM = Program(width=320, height=180, video_bitrate_bps=500_000)
FRAME = 3600


def keys(rule: KeyframeRule, frames: range, *, public: bool = True) -> list[int]:
    return [n for n in frames if rule.next(n * FRAME, n * NS_PER_S // 25, public=public)]


def test_keyframes_stand_on_the_grid() -> None:
    assert keys(KeyframeRule(1000), range(10, 80)) == [10, 25, 50, 75]


def test_a_left_out_frame_moves_the_keyframe_to_the_next() -> None:
    rule = KeyframeRule(1000)
    keys(rule, range(24))
    assert keys(rule, range(27, 30)) == [27]


def test_letting_the_public_in_or_out_takes_a_keyframe() -> None:
    rule = KeyframeRule(10_000)
    assert keys(rule, range(1, 5), public=False) == [1]
    assert keys(rule, range(5, 9)) == [5]
    assert keys(rule, range(9, 12), public=False) == [9]


def test_asking_again_and_again_gives_one_a_second() -> None:
    rule, given_ = KeyframeRule(100_000), []
    for n in range(1, 101):
        rule.ask()
        given_ += keys(rule, range(n, n + 1))
    assert all(b - a >= 25 for a, b in itertools.pairwise(given_[1:]))
    assert 4 <= len(given_) <= 5


def test_a_keyframe_that_was_due_answers_who_asked() -> None:
    rule = KeyframeRule(1000)
    keys(rule, range(30))
    rule.ask()
    assert keys(rule, range(30, 31)) == [30]
    rule.ask()
    assert keys(rule, range(31, 80)) == [50, 75]


def canvases(count: int) -> list[Canvas]:
    made = []
    for number in range(count):
        canvas = Canvas(PROGRAM.width, PROGRAM.height)
        planar = media.draw(PROGRAM.width, PROGRAM.height, media.Mark(1, number))
        canvas.y[:] = planar[: PROGRAM.height]
        canvas.u[:], canvas.v[:] = 128, 128
        made.append(canvas)
    return made


def nal_types(data: bytes) -> list[int]:
    starts = [at for at in range(len(data) - 3) if data[at : at + 3] == b"\0\0\1"]
    return [data[at + 3] & 31 for at in starts]


def test_pictures_leave_at_once_with_parameter_sets_before_each_keyframe() -> None:
    encoder = H264Encoder(PROGRAM)
    units = [
        encoder.encode(canvas.frame, n * FRAME, key=n % 5 == 0)
        for n, canvas in enumerate(canvases(12))
    ]
    for n, unit in enumerate(units):
        kinds = nal_types(unit)
        assert kinds[-1] == (5 if n % 5 == 0 else 1)
        assert (kinds[:2] == [7, 8]) == (n % 5 == 0)
    # SPS: profile_idc 66 with constraint_set1: constrained baseline (H.264 A.2.1.1).
    assert units[0][5] == 66
    assert units[0][6] & 0x40


def test_two_encoders_have_the_same_parameter_sets() -> None:
    """So the recording goes from the room's to the slate's without a new init segment."""
    canvas = canvases(1)[0]
    first, second = (H264Encoder(PROGRAM).encode(canvas.frame, 0, key=True) for _ in range(2))
    assert first[: first.index(b"\0\0\1\x65")] == second[: second.index(b"\0\0\1\x65")]


def test_a_keyframe_does_not_choke_the_line() -> None:
    """At most half a second of the bitrate, whatever is in the picture."""
    encoder, rng = H264Encoder(PROGRAM), np.random.default_rng(1)
    canvas = Canvas(PROGRAM.width, PROGRAM.height)
    canvas.clear()
    for n in range(50):
        canvas.y[:] = rng.integers(16, 235, canvas.y.shape)
        data = encoder.encode(canvas.frame, n * FRAME, key=n == 25)
    encoder_bits = 8 * len(data)
    assert encoder_bits < PROGRAM.video_bitrate_bps


def test_only_the_sound_that_is_heard_is_made() -> None:
    heard: dict[str, list[int]] = {}
    voices = Voices((64_000, 24_000), lambda feed: heard.get(feed, []))
    block = np.zeros((2, 960), np.float32)

    def renditions() -> list[int]:
        assert voices.are_heard("room") is bool(heard)
        return [packet.rendition for packet in voices.encode("room", block, 0)]

    assert renditions() == []
    heard["room"] = [0]
    assert renditions() == [0]
    heard["room"] = [0, 1]
    assert renditions() == [0, 1]
    heard.clear()
    assert renditions() == []


@pytest.mark.parametrize("encoder", [OpusEncoder(64_000), AacEncoder()])
def test_sound_has_one_time_line(encoder: OpusEncoder | AacEncoder) -> None:
    start = 86_000_000_000_000
    block = np.zeros((2, 960), np.float32)
    times = [at for n in range(100) for at, _ in encoder.encode(block, start + n * 960)]
    steps = {b - a for a, b in itertools.pairwise(times)}
    assert steps in ({960}, {1024})
    # Its look-ahead is in the times: the sound of a block stands at the block's own time.
    assert times[0] in (start - 312, start - 1024)


def test_sound_that_was_not_mixed_is_silence_in_the_recording() -> None:
    start, encoder = 86_000_000_000_000, AacEncoder()
    block = np.zeros((2, 960), np.float32)
    mixed = [n for n in range(300) if not 100 <= n < 217]
    times = [at for n in mixed for at, _ in encoder.encode(block, start + n * 960)]
    assert {b - a for a, b in itertools.pairwise(times)} == {1024}
    assert times[-1] > start + 290 * 960
    # After an hour it begins anew, and makes up for none of it.
    later = start + 3600 * 48_000
    times = [at for n in range(20) for at, _ in encoder.encode(block, later + n * 960)]
    assert times[0] < start + 301 * 960
    assert len(times) < 40


def test_the_slate_is_encoded_only_while_it_is_needed() -> None:
    sent: list[Packet] = []
    done = threading.Event()

    def send(packets: Sequence[Packet]) -> None:
        sent.extend(packets)
        if packets[-1].pts == 29 * FRAME:
            done.set()

    encoding = VideoEncoding(PROGRAM, 1000, send)
    encoding.start()
    for n in range(30):
        room = media.wait_for(encoding.room_canvas, "a free canvas")
        room.clear()
        closed = 10 <= n < 20
        slate = media.wait_for(encoding.slate_canvas, "a free canvas") if closed else None
        if slate is not None:
            slate.clear()
        encoding.offer(Shot(room, slate, n * FRAME, public=not closed))
    assert done.wait(media.PATIENCE_S)
    encoding.close()
    public = [packet for packet in sent if packet.public]
    assert [p.pts // FRAME for p in public] == list(range(30))
    assert [p.feed for p in public] == 10 * [Feed.ROOM] + 10 * [Feed.PUBLIC] + 10 * [Feed.ROOM]
    assert public[10].key
    assert public[20].key


def test_pictures_are_tagged_bt709() -> None:
    encoder = H264Encoder(PROGRAM)
    decoder = av.CodecContext.create("h264", "r")
    frames = decoder.decode(av.Packet(encoder.encode(canvases(1)[0].frame, 0, key=True)))
    frames += decoder.decode(None)
    assert (frames[0].colorspace, frames[0].color_range) == (1, 1)
    assert (frames[0].color_primaries, frames[0].color_trc) == (1, 1)


def test_every_rung_has_the_same_picture_at_the_same_time() -> None:
    program = Program(width=640, height=360, ladder=(Rung(height=180, video_bitrate_bps=130_000),))
    ladder, canvas = Ladder(program, Feed.ROOM), Canvas(640, 360)
    whole, small = [], []
    for n in range(30):
        canvas.y[:] = media.draw(640, 360, media.Mark(1, n))[:360]
        canvas.u[:], canvas.v[:] = 90, 160
        for packet in ladder.encode(canvas.frame, n * FRAME, key=n % 25 == 0, public=True):
            (small if packet.rendition else whole).append(packet)
    for packets, size in ((whole, (640, 360)), (small, (320, 180))):
        assert [(p.pts, p.key) for p in packets] == [(n * FRAME, n % 25 == 0) for n in range(30)]
        decoder = av.CodecContext.create("h264", "r")
        frames = [f for p in packets for f in decoder.decode(av.Packet(p.data))]
        frames += decoder.decode(None)
        assert {(f.width, f.height) for f in frames} == {size}
        assert [f.key_frame for f in frames] == [n % 25 == 0 for n in range(30)]
        marks = [media.read_mark(media.luma_of(frame)) for frame in frames]
        assert [mark.number for mark in marks if mark] == list(range(30))
        colours = [f.to_ndarray()[-size[1] // 4 :].mean() for f in frames]
        assert all(abs(mean - 160) < 3 for mean in colours), "scaling leaves the range alone"


def test_a_rung_that_is_no_smaller_is_left_out() -> None:
    heights = [one.height for one in Program(width=640, height=360).renditions()]
    assert heights == [360, 180]
    assert [one.width for one in Program(width=1440, height=1080).renditions()] == [1440, 480, 240]
