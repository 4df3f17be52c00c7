"""Cameras that do what no camera should: an RTSP server of our own, which lets them."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import islice, pairwise

import av
import pytest

from streams.frames import Codec, EncodedFrame
from tests import media
from tests.broadcast.studio.rig import FPS, Coded, clip
from tests.broadcast.studio.test_cameras import Studio, watching
from tests.media import wait_until
from tests.rtsp_camera import SDP, camera

LENGTH_S = 4


def of(frames: Iterable[EncodedFrame], codec: Codec) -> list[EncodedFrame]:
    return [frame for frame in list(frames) if frame.codec is codec]


def is_whole(studio: Studio, codec: Codec, seconds: int = 1) -> bool:
    """Whether all of so many last seconds is there, each frame in its place."""
    per_s, step = (FPS, 90_000 // FPS) if codec.is_video else (50, 960)
    newest = of(studio.frames, codec)[-seconds * per_s :]
    steps = {later.pts - sooner.pts for sooner, later in pairwise(newest)}
    return len(newest) == seconds * per_s and steps == {step}


def is_steady(studio: Studio) -> bool:
    return is_whole(studio, Codec.H264) and is_whole(studio, Codec.OPUS)


def test_a_picture_that_hangs_for_long_costs_no_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for again now and then."""
    monkeypatch.setattr("broadcast.studio.cameras.ALONE_S", 8.0)

    def script(number: int, at_s: float, frame: Coded) -> float | None:
        hangs = number in {1, 2} or (number == 0 and at_s > 2)
        return None if hangs and frame.codec.is_video else at_s

    async def story() -> None:
        async with camera(clip(0), script) as (url, there), watching(url) as (studio, _):
            await wait_until(lambda: there.asked == 3, "its sound alone is asked for")
            studio.frames.clear()
            await wait_until(lambda: is_whole(studio, Codec.OPUS, 4), "four seconds of it")
            assert not of(studio.frames, Codec.H264)
            await wait_until(lambda: is_steady(studio), "its picture too")
            assert there.asked == 4

    asyncio.run(story())


def in_hevc(coded: Sequence[Coded]) -> tuple[Coded, ...]:
    """The same with pictures in H.265, which the camera's SDP has to tell of."""
    encoder = av.CodecContext.create("libx265", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 320, 180, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    says = "log-level=none:bframes=0:repeat-headers=1:keyint=25"
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "x265-params": says}
    frame, made = av.VideoFrame(320, 180, "yuv420p"), list[bytes]()
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))  # what else is in it may take more than a packet
    pictures = [one for one in coded if one.codec.is_video]
    for frame.pts in range(len(pictures)):
        made += map(bytes, encoder.encode(frame))
    made += map(bytes, encoder.encode(None))
    hevc = (replace(one, data=data) for one, data in zip(pictures, made, strict=True))
    sound = (one for one in coded if not one.codec.is_video)
    return tuple(sorted([*hevc, *sound], key=lambda one: one.at_s))


def test_a_picture_of_another_codec_that_hangs_costs_no_sound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """FFmpeg, which is to encode it anew, waits for the first one with all else."""
    monkeypatch.setattr("broadcast.studio.cameras.CONNECT_S", 6.0)

    def script(number: int, at_s: float, frame: Coded) -> float | None:
        hangs = number > 1 or at_s > 4
        return None if hangs and frame.codec.is_video else at_s

    async def story() -> None:
        sdp = SDP.replace("H264", "H265").replace("a=fmtp:96 packetization-mode=1\r\n", "")
        async with (
            camera(in_hevc(clip(0)), script, sdp) as (url, there),
            watching(url) as (studio, _),
        ):
            await wait_until(lambda: is_steady(studio), "picture and sound")
            await wait_until(lambda: there.asked == 3, "it is asked for again")
            studio.frames.clear()
            await wait_until(lambda: is_whole(studio, Codec.OPUS, 2), "its sound")

    asyncio.run(story())


@pytest.mark.parametrize("by_s", [-40.0, -1.0, 3600.0])
def test_a_camera_whose_clock_is_set_is_seen_and_heard_again(by_s: float) -> None:
    def script(number: int, at_s: float, frame: Coded) -> float | None:
        return 5000 + at_s + (by_s if number or at_s > 2 else 0)

    async def story() -> None:
        async with camera(clip(0), script) as (url, _), watching(url) as (studio, _):
            await wait_until(lambda: is_steady(studio), "it")
            await wait_until(lambda: not is_steady(studio), "its clock is set")
            await wait_until(lambda: is_steady(studio), "it again", 15)

    asyncio.run(story())


def test_a_camera_may_change_the_size_of_its_picture() -> None:
    small, large = (clip(0, LENGTH_S, size) for size in ((320, 180), (640, 360)))
    both = (*small, *(replace(one, at_s=one.at_s + LENGTH_S) for one in large))

    async def story() -> None:
        async with (
            camera(both, lambda _, at_s, __: at_s) as (url, _),
            watching(url) as (studio, _),
        ):
            count = (LENGTH_S + 1) * FPS
            await wait_until(lambda: len(of(studio.frames, Codec.H264)) > count, "both sizes")
            decoded = [
                (picture.width, media.read_frame_number(media.luma_of(picture)))
                for picture in islice(studio.pictures(), count)
            ]
            assert studio.gone == 0
            first = decoded[0][1] or 0
            numbers = [(320, n) for n in range(first, LENGTH_S * FPS)]
            assert decoded == [*numbers, *((640, n) for n in range(len(decoded) - len(numbers)))]
            assert len(decoded) > len(numbers)

    asyncio.run(story())
