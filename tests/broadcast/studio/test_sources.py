"""What is decoded, what is dropped, and when a keyframe is asked for."""

import time
from collections.abc import Sequence

import av
import pytest

from broadcast.studio.picturetrack import (
    FOR_THE_CLOCK,
    KEYFRAME_INTERVAL_NS,
    MAX_QUEUED_FRAMES,
    Picture,
    PictureTrack,
)
from broadcast.studio.playersource import PlayerSource
from broadcast.studio.playout import Playout
from broadcast.studio.soundtrack import MAX_QUEUED_SOUND
from broadcast.studio.sources import FORGOTTEN_NS, LARGE_DECODED, Source, Sources
from streams.frames import NS_PER_MS, NS_PER_S, Codec, EncodedFrame, SiteId
from tests import media
from tests.broadcast.studio.rig import Coded, clip

SITE = SiteId("a")
LARGE = (800, 450)


def frames(coded: Sequence[Coded], *, zero: int = 1000, site: SiteId = SITE) -> list[EncodedFrame]:
    """As if they had come in just now, each at its time."""
    now_ns = time.monotonic_ns()
    return [
        EncodedFrame(
            site,
            one.codec,
            zero + round(one.at_s * one.codec.clock_rate),
            None,
            now_ns + round(one.at_s * NS_PER_S),
            one.key,
            one.data,
        )
        for one in coded
    ]


def pictures(size: tuple[int, int] = (320, 180)) -> list[EncodedFrame]:
    return frames([one for one in clip(0, 2, size) if one.codec is Codec.H264])


class Pool:
    """Running sources, and whom they asked for a keyframe."""

    def __init__(self, fps: int = 25) -> None:
        self.asked: list[SiteId] = []
        self.sources = Sources(self.asked.append, fps)

    def __enter__(self) -> "Pool":
        self.sources.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.sources.close()

    def decoded(self, site: SiteId = SITE) -> int | None:
        """The number of the newest picture."""
        source = self.sources.get(site)
        newest = source and source.picture.newest
        return media.read_frame_number(media.luma_of(newest.frame)) if newest else None

    def play(self, some: Sequence[EncodedFrame], last: int, site: SiteId = SITE) -> None:
        """Offers frames and waits until that number is decoded."""
        for frame in some:
            self.sources.offer(frame)
        media.wait_for(
            lambda: self.decoded(site) == last and not self._at_work(site),
            f"picture {last} is decoded",
        )

    def _at_work(self, site: SiteId) -> bool:
        """A worker still drops what is past."""
        source = self.sources.get(site)
        return source is not None and source.picture.lock.locked()


def test_nothing_is_decoded_before_a_keyframe_and_one_is_asked_for() -> None:
    with Pool() as pool:
        late = pictures()[1:]
        first_key = next(n for n, frame in enumerate(late) if frame.key)
        began_ns = time.monotonic_ns()
        for frame in late[:first_key]:
            pool.sources.offer(frame)
        intervals = (time.monotonic_ns() - began_ns) // KEYFRAME_INTERVAL_NS
        assert 1 <= len(pool.asked) <= 1 + intervals, "once, not for every frame"
        pool.play(late[first_key:20], 20)


def test_pictures_are_shown_when_their_time_has_come() -> None:
    with Pool() as pool:
        some = pictures()
        pool.sources.want(frozenset({SITE}))
        pool.play(some[:10], 9)
        source = pool.sources.get(SITE)
        assert source is not None
        offset_ns = source.playout.picture_offset_ns
        assert offset_ns is not None
        first = some[0].pts * NS_PER_S // 90_000 + offset_ns
        assert source.picture.due(first - 1) is None
        for number in (0, 0, 3, 9):
            due = source.picture.due(first + number * NS_PER_S // 25 + 1)
            assert due is not None
            assert media.read_frame_number(media.luma_of(due.frame)) == number
            assert due.received_ns == some[number].received_ns


def test_a_site_at_standby_keeps_no_pictures_of_the_past() -> None:
    with Pool() as pool:
        late_ns = 10 * NS_PER_S
        some = [one._replace(received_ns=one.received_ns - late_ns) for one in pictures()]
        pool.play(some[:30], 29)
        source = pool.sources.get(SITE)
        assert source is not None
        assert source.picture.kept == 1
        due = source.picture.due(time.monotonic_ns())
        assert due is source.picture.newest, "it is there as soon as it is on air"


def test_who_waits_long_for_the_sound_is_seen_all_the_same() -> None:
    """A camera of 50/s whose sound comes half a second later: more than fit where they wait."""
    playout = Playout()
    playout.fix(NS_PER_S // 2)
    track, frame = PictureTrack(playout, lambda: None), av.VideoFrame(16, 16, "yuv420p")
    for now_ns in range(NS_PER_S, 5 * NS_PER_S, NS_PER_S // 50):
        track.show(Picture(frame, now_ns, now_ns))
        shown = track.due(now_ns)
        if now_ns > 2 * NS_PER_S:
            assert shown is not None
            assert now_ns - shown.media_ns < NS_PER_S


def test_a_large_standby_site_is_decoded_by_keyframes_once_there_are_many() -> None:
    sites = [SiteId(f"s{n}") for n in range(LARGE_DECODED + 1)]
    coded = [one for one in clip(0, 2, LARGE) if one.codec is Codec.H264]
    keys = [n for n, one in enumerate(coded) if one.key]
    with Pool() as pool:
        for site in sites:
            pool.play(frames(coded[:1], site=site), 0, site)
        pool.sources.share()
        for site in sites[:-1]:
            pool.play(frames(coded, site=site)[1:45], 44, site)
        spared = frames(coded, site=sites[-1])
        pool.play(spared[1:45], max(n for n in keys if n < 45), sites[-1])
        pool.sources.want(frozenset({sites[-1]}))
        pool.sources.offer(spared[45])
        assert pool.asked == [sites[-1]], "it has to be decoded whole from now on"


def test_who_leaves_the_program_is_decoded_whole_until_a_transition_is_over() -> None:
    """Whatever else is stated meanwhile: a clock begins, a name comes."""
    sources, here, there = Sources(lambda _: None), frozenset({SITE}), frozenset({SiteId("b")})
    sources.offer(pictures()[0])
    source = sources.get(SITE)
    assert source is not None
    for scene in (here, there, there):
        sources.want(scene, scene)
        assert source.picture.wanted
    media.wait_for(lambda: sources.share() or not source.picture.wanted, "its end")


def test_the_frame_clock_decodes_what_is_on_the_picture_when_it_asks() -> None:
    pool, some, site = Pool(), pictures(), frozenset({SITE})
    pool.sources.offer(some[0])
    source = pool.sources.get(SITE)
    assert source is not None
    source.picture.decode()  # as a worker does
    pool.sources.want(site, site)
    for frame in some[1:FOR_THE_CLOCK]:
        pool.sources.offer(frame)
    assert pool.decoded() == 0, "nobody asked"
    source.picture.due(0)
    assert pool.decoded() == FOR_THE_CLOCK - 1
    with pool:
        pool.play(some[FOR_THE_CLOCK : 2 * FOR_THE_CLOCK], 2 * FOR_THE_CLOCK - 1)
        pool.sources.offer(some[2 * FOR_THE_CLOCK])
        pool.sources.want(site)
        media.wait_for(lambda: pool.decoded() == 2 * FOR_THE_CLOCK, "a worker takes over")


@pytest.mark.parametrize(("fps", "clocked"), [(25, True), (500, False)])
def test_what_is_too_much_for_the_frame_clock_is_decoded_as_it_comes(
    fps: int, clocked: bool
) -> None:
    with Pool(fps) as pool:
        pool.play(frames([one for one in clip(0, 2, LARGE) if one.codec is Codec.H264])[:2], 1)
        site = frozenset({SITE})
        pool.sources.want(site, site)
        source = pool.sources.get(SITE)
        assert source is not None
        assert source.picture.clocked is clocked


def test_a_decoder_that_is_too_slow_drops_to_the_next_keyframe() -> None:
    sources = Sources(lambda _: None)
    some = pictures()
    for frame in some:
        sources.offer(frame)
    source = sources.get(SITE)
    assert source is not None
    assert source.picture.dropped >= MAX_QUEUED_FRAMES
    sources.start()
    media.wait_for(lambda: not source.picture.waiting, "the rest is decoded")
    sources.close()
    newest = source.picture.newest
    assert newest is None or newest.frame.width == 320


def test_sound_that_nobody_fetches_is_bounded() -> None:
    sources = Sources(lambda _: None)
    sound = frames([one for one in clip(0) if one.codec is Codec.OPUS])
    for frame in sound:
        sources.offer(frame)
    source = sources.get(SITE)
    assert source is not None
    assert source.sound.dropped == len(sound) - MAX_QUEUED_SOUND


def test_a_site_that_left_long_ago_costs_nothing_any_more() -> None:
    sources, player = Sources(lambda _: None), PlayerSource()
    sources.adopt(player)
    sound = frames([one for one in clip(0) if one.codec is Codec.OPUS])
    for frame in sound:
        sources.offer(frame)
    dropped, last_ns = sources.dropped, sound[-1].received_ns
    assert sources.forget(last_ns + FORGOTTEN_NS) == []
    assert sources.forget(last_ns + FORGOTTEN_NS + 1) == [SITE]
    assert sources.all() == [player]
    assert sources.dropped == dropped == {"pictures": 0, "sound": len(sound) - MAX_QUEUED_SOUND}
    sources.offer(sound[0])
    assert sources.get(SITE) is not None, "it may come back"


@pytest.mark.parametrize("stall_ms", [500, 2_000])
def test_a_stall_of_this_machine_is_no_jitter_of_the_site(stall_ms: int) -> None:
    """All that waited comes at once; what comes after it is not held back for that."""
    source, delays = Source(SITE, lambda _: None), list[int]()
    source.picture.wanted = True
    began_ns = 1_000 * NS_PER_S
    goes_on_ns = began_ns + 5 * NS_PER_S + stall_ms * NS_PER_MS
    for number in range(500):
        came_ns = began_ns + number * 20 * NS_PER_MS
        stalls = came_ns >= began_ns + 5 * NS_PER_S
        now_ns = max(came_ns, goes_on_ns) if stalls else came_ns
        sound = EncodedFrame(SITE, Codec.OPUS, number * 960, None, came_ns, True, b"")
        source.offer(sound, now_ns + NS_PER_MS)
        delays.append(source.playout.sound.delay_ns)
    assert max(delays[250:]) <= delays[249] + 5 * NS_PER_MS


def test_a_stream_that_returns_with_other_times_is_shown_at_once() -> None:
    with Pool() as pool:
        coded = [one for one in clip(0, 2) if one.codec is Codec.H264]
        pool.play(frames(coded)[:10], 9)
        pool.sources.gone(SITE)
        again = frames(coded, zero=77_000_000_000)
        pool.play(again[:3], 2)
        source = pool.sources.get(SITE)
        assert source is not None
        due = source.picture.due(again[2].received_ns + NS_PER_S)
        assert due is not None
        assert media.read_frame_number(media.luma_of(due.frame)) == 2


def test_garbage_is_survived() -> None:
    with Pool() as pool:
        some = pictures()
        pool.play(some[:5], 4)
        for codec in (Codec.H264, Codec.VP8, Codec.OPUS):
            for data in (b"", b"\0", b"\xff" * 999, b"\0\0\0\1\x65" + bytes(50)):
                now_ns = time.monotonic_ns()
                pool.sources.offer(EncodedFrame(SITE, codec, 5, None, now_ns, True, data))
        source = pool.sources.get(SITE)
        assert source is not None
        source.sound.decode()
        pool.play(pictures()[:20], 19)
