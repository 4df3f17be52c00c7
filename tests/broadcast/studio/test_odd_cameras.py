"""Cameras that do what no camera should: an RTSP server of our own, which lets them."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import av
import pytest

from broadcast.studio.encoders import VIDEO_TIME_BASE
from streams.frames import Codec, EncodedFrame
from tests import media
from tests.broadcast.studio.rig import FPS, Coded, clip
from tests.broadcast.studio.test_cameras import Studio, _packet, watching
from tests.media import wait_until
from tests.rtsp_camera import camera

LENGTH_S = 4


def of(frames: Iterable[EncodedFrame], codec: Codec) -> list[EncodedFrame]:
    return [frame for frame in list(frames) if frame.codec is codec]


def is_steady(studio: Studio) -> bool:
    """Whether the last second's picture and sound were each in their place."""
    for codec, count, step in ((Codec.H264, FPS, 90_000 // FPS), (Codec.OPUS, 50, 960)):
        newest = of(studio.frames, codec)[-count:]
        if len(newest) < count or {b.pts - a.pts for a, b in pairwise(newest)} != {step}:
            return False
    return True


def test_a_picture_that_hangs_for_good_costs_no_sound() -> None:
    """It is asked for again now and then."""

    def script(number: int, at_s: float, frame: Coded) -> float | None:
        hangs = number > 0 or at_s > 2
        return None if hangs and frame.codec.is_video else at_s

    async def story() -> None:
        async with camera(clip(0), script) as (url, there), watching(url) as (studio, _):
            await wait_until(lambda: there.asked == 2, "another try")
            studio.frames.clear()
            await wait_until(lambda: len(studio.frames) > 400, "eight seconds of sound")
            assert not of(studio.frames, Codec.H264)
            assert there.asked == 3

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
            decoder = av.CodecContext.create("h264", "r")
            decoded = [
                (picture.width, media.read_frame_number(media.luma_of(picture)))
                for frame in of(studio.frames, Codec.H264)[:count]
                for picture in decoder.decode(_packet(frame, VIDEO_TIME_BASE))
            ]
            assert studio.gone == 0
            first = decoded[0][1] or 0
            numbers = [(320, n) for n in range(first, LENGTH_S * FPS)]
            assert decoded == [*numbers, *((640, n) for n in range(len(decoded) - len(numbers)))]
            assert len(decoded) > len(numbers)

    asyncio.run(story())
