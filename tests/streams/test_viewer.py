"""What one viewer sees: newcomers, changes of rendition and of feed, whatever is chosen."""

from itertools import pairwise

import pytest
from aiortc.rtp import RTCP_RTPFB_NACK, RtcpRtpfbPacket
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.bandwidth.renditions import STILL_INTERVAL_S
from streams.downlink.renumbering import CAUGHT_UP, CatchUp
from streams.downlink.viewer import CATCH_UP_OCTETS, STILL_INTERVAL_NS
from streams.frames import Feed
from streams.rtp.header import Unwrapper
from tests.streams.viewing import FPS, FRAME_NS, KEY_EVERY, OCTETS, PICTURE, SOUND, Scene

# --- newcomers ---


def test_a_newcomer_sees_the_smallest_picture_at_once_and_the_best_from_its_next_keyframe() -> None:
    scene = Scene()
    scene.play(20)
    scene.come()
    scene.play(1)
    assert [told[1] for told in scene.player.pictures()] == [*range(21)], "all since the keyframe"
    assert scene.player.renditions() == [2]
    stamps = [packet.timestamp for packet in scene.player.of(PICTURE)]
    assert stamps[0] == 20 * 90_000 // FPS
    assert stamps[-1] - stamps[0] <= 20 * 90, "and they are shown in 20 ms"
    assert scene.wishes == 0
    scene.play(40)
    assert scene.player.renditions() == [2, 0]
    assert (0, 50, True) in scene.player.pictures()
    scene.player.check()


@pytest.mark.parametrize("feedback", [False, True])
def test_until_he_has_caught_up_each_picture_is_stamped_with_the_moment_it_leaves(
    feedback: bool,
) -> None:
    """By these a browser finds out where our clock stands, and unlearns it for half a minute."""
    scene = Scene(feedback=feedback)
    assert (scene.steering.pacing_bps is not None) == feedback, "over time, or at once"
    scene.play(20)
    scene.come()
    scene.play(100)
    late_ms = scene.player.late_ms()
    assert len(late_ms) >= 100
    assert max(map(abs, late_ms)) <= CAUGHT_UP / 90
    stamps = [packet.timestamp for packet in scene.player.of(PICTURE) if packet.marker]
    assert stamps[-10:] == [frame * 90_000 // FPS for frame in range(110, 120)], "now their own"
    scene.player.check()


@given(st.lists(st.integers(0, 80), max_size=60))
def test_stamps_of_who_catches_up_never_go_back(waits_ms: list[int]) -> None:
    """Whenever each picture may leave."""
    line, now_ns, stamps = CatchUp(2**32 - 5000, 0, 3_000_000), 0, list[int]()
    unwrap = Unwrapper(32)
    for number, wait_ms in enumerate(waits_ms):
        now_ns += wait_ms * 1_000_000
        own = 2**32 - 5000 + (number - 20) * 3600 & 0xFFFFFFFF
        stamp = line.stamp(own, now_ns)
        stamps.append(unwrap(own if stamp is None else stamp))
        if stamp is None:
            break
    assert all(b > a for a, b in pairwise(stamps))


def test_where_that_would_be_much_he_sees_the_keyframe_and_asks_for_the_next() -> None:
    scene = Scene()
    frames = CATCH_UP_OCTETS // OCTETS[2][1] + 1
    scene.frame = 1
    scene.play(1, key=True)
    for _ in range(frames):  # no keyframe in its turn
        scene.frame += scene.frame % KEY_EVERY == 0
        scene.play(1)
    scene.come()
    scene.play(3)
    assert scene.player.pictures() == [(2, 1, True)]
    assert scene.wishes > 0
    scene.play(1, key=True)
    assert scene.player.pictures()[1][2]
    scene.player.check()


def test_before_there_is_a_keyframe_he_asks_for_one_and_hears_already() -> None:
    scene = Scene()
    scene.frame = 1
    scene.come()
    scene.play(3)
    assert (scene.player.pictures(), scene.wishes > 0) == ([], True)
    assert len(scene.player.of(SOUND)) == 6
    scene.play(2, key=True)
    assert len(scene.player.pictures()) == 2
    scene.player.check()


def test_a_line_that_got_too_thin_before_there_was_a_picture_gets_sound() -> None:
    """He was hung up on, by a division by the rate that was left for pictures."""
    scene = Scene(feedback=True)
    scene.come()
    steering = scene.steering
    steering._enter(len(steering._levels) - 1, 0)
    steering.estimate_bps = 20e3
    steering._pace.limit(steering._picture_bps())
    scene.play(FPS)
    assert not scene.player.of(PICTURE)
    assert len(scene.player.of(SOUND)) == 2 * FPS
    scene.choose(video=2)
    scene.play(KEY_EVERY, key=True)
    assert scene.player.renditions() == [2]
    scene.player.check()


def test_what_was_closed_is_not_caught_up_with_by_the_public() -> None:
    scene = Scene(room=False)
    scene.play(5, public=False)
    scene.play(5)
    scene.come()
    scene.play(1)
    assert (scene.player.pictures(), scene.wishes > 0) == ([], True)
    scene.play(1, key=True)
    assert len(scene.player.pictures()) == 1


# --- renditions ---


def test_renditions_change_at_keyframes_of_the_new_one_and_no_picture_is_missed() -> None:
    scene = Scene()
    scene.come()
    scene.play(10)
    for video in (1, 2, 0, 2):
        scene.choose(video=video)
        before = len(scene.player.pictures())
        scene.play(KEY_EVERY)
        assert len(scene.player.pictures()) == before + KEY_EVERY
    assert scene.player.renditions() == [0, 1, 2, 0, 2]
    scene.player.check()


def test_a_full_line_gets_no_more_of_the_old_picture_and_asks_for_the_new() -> None:
    scene = Scene()
    scene.come()
    scene.play(10)
    scene.choose(video=2, hold=True)
    scene.play(5)
    assert (len(scene.player.pictures()), scene.wishes > 0) == (10, True)
    assert len(scene.player.of(SOUND)) == 30, "and sound goes on"
    scene.play(5, key=True)
    assert scene.player.renditions() == [0, 2]
    assert len(scene.player.pictures()) == 15
    scene.player.check()


def test_stills_are_keyframes_and_seldom() -> None:
    scene = Scene()
    scene.come()
    scene.play(10)
    scene.choose(video=2, stills=True, sound=1)
    scene.play(20 * FPS)
    stills = [told for told in scene.player.pictures() if told[1] >= 10]
    assert all(key and rendition == 2 for rendition, _, key in stills)
    assert 20 // STILL_INTERVAL_S - 1 <= len(stills) <= 20 // STILL_INTERVAL_S
    gaps = [(b - a) * FRAME_NS for (_, a, _), (_, b, _) in pairwise(stills)]
    assert min(gaps) >= STILL_INTERVAL_NS
    scene.choose(stills=False)
    scene.play(2 * KEY_EVERY)
    assert len(scene.player.pictures()) > KEY_EVERY
    scene.player.check()


def test_without_pictures_there_is_sound_and_nothing_is_asked_for() -> None:
    scene = Scene()
    scene.come()
    scene.play(10)
    scene.choose(video=None, sound=1)
    wishes = scene.wishes
    scene.play(2 * KEY_EVERY)
    assert (len(scene.player.pictures()), scene.wishes) == (10, wishes)
    sounds = scene.player.of(SOUND)
    assert len(sounds) == 2 * (10 + 2 * KEY_EVERY)
    assert {packet.payload[0] for packet in sounds[20:]} == {1}
    line = scene.viewer.line()
    assert (line.rendition, line.sound) == (None, 1)
    scene.player.check()


def test_a_rendition_that_is_not_made_is_replaced_by_the_next_larger() -> None:
    scene = Scene()
    scene.come()
    scene.play(10)
    scene.choose(video=5, sound=4)
    scene.play(KEY_EVERY)
    assert scene.player.renditions() == [0, 2]
    assert scene.viewer.line().rendition == 2
    scene.player.check()


_CHANGES = st.sampled_from(
    [
        {"video": 0},
        {"video": 1},
        {"video": 2},
        {"video": None},
        {"stills": True},
        {"stills": False},
        {"hold": True},
        {"hold": False},
        {"sound": 0},
        {"sound": 1},
        {"redundant": True},
        {"redundant": False},
        {"twice": True},
        {"twice": False},
        {"feed": Feed.ROOM},
        {"feed": Feed.PUBLIC},
        {"key": True},
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.lists(st.tuples(_CHANGES, st.integers(0, 30)), max_size=12))
def test_whatever_is_chosen_all_that_is_shown_can_be_decoded(
    before: int, story: list[tuple[dict[str, object], int]]
) -> None:
    scene = Scene()
    scene.play(before)
    scene.come()
    for change, frames in story:
        key = bool(change.pop("key", False)) if "key" in (change := dict(change)) else False
        scene.feed = str(change.pop("feed", scene.feed))
        scene.choose(**change)
        scene.play(frames, key=key)
    scene.choose(video=0, stills=False, hold=False)
    scene.play(KEY_EVERY + 1)
    assert scene.player.pictures()[-1][0] == 0
    scene.player.check()


# --- feeds ---


def test_a_change_of_feed_waits_for_its_keyframe_and_sound_does_not() -> None:
    scene = Scene()
    scene.come()
    scene.play(10)
    scene.feed = Feed.PUBLIC
    scene.play(10)
    assert len(scene.player.pictures()) == 10
    assert len(scene.player.of(SOUND)) == 40
    assert scene.wishes > 0
    scene.play(1, key=True)
    assert len(scene.player.pictures()) == 11
    scene.player.check()


def test_time_that_begins_anew_does_not_silence_the_sound() -> None:
    scene = Scene()
    scene.come()
    scene.play(10)
    scene.frame -= 5
    scene.play(2)
    heard = len(scene.player.of(SOUND))
    assert heard == 20, "what came already is not said again"
    scene.frame = 0
    scene.viewer._streams[False].last_pts = 10_000 * 960
    scene.play(2)
    assert len(scene.player.of(SOUND)) == heard + 4


def test_what_goes_to_him_alone_is_numbered_among_what_goes_to_all_who_ride() -> None:
    scene = Scene()
    scene.play(20)
    scene.come()
    scene.play(40)
    for turn in range(40):
        scene.play(1)
        assert scene.viewer.grouped == [True, True]
        if turn % 3:
            newest = [packet.sequence for packet in scene.player.of(PICTURE)[-turn % 3 :]]
            told = RtcpRtpfbPacket(RTCP_RTPFB_NACK, 3, PICTURE, newest)
            scene.viewer.on_rtcp(bytes(told), scene.now_ns)
    scene.play(1)
    scene.viewer.on_rtcp(b"", scene.now_ns)
    packets, runs = scene.player.packets, scene.steering.sent.since(0)
    assert [packet.extension for packet in packets] == [*range(len(packets))]
    assert [first for first, _, _, _ in runs] == [0, *(end for _, end, _, _ in runs)][:-1]
    assert runs[-1][1] == len(packets), "and his line is told of each, in order"
