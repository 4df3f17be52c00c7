"""A clapper: a white picture and a beep at one moment come out at one moment, within 40 ms."""

import asyncio
import itertools
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest

from broadcast.program import Take
from streams.frames import Codec, Feed, Packet
from tests import media
from tests.broadcast.studio.rig import FPS, Coded, Rig, clip, decoded_pictures, full, rig


def flashes_s(packets: list[Packet]) -> list[float]:
    """When the picture turns white; not where a busy machine left the picture before out."""
    white = [(pts, media.is_flash(picture)) for pts, picture in decoded_pictures(packets)]
    return [
        at / 90_000
        for (last, before), (at, now) in itertools.pairwise(white)
        if now and not before and at - last == 90_000 // FPS
    ]


def beeps_s(packets: list[Packet]) -> list[float]:
    """When the sound begins."""
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = media.RATE, "stereo"
    found, quiet_until = [], 0.0
    for packet in packets:
        for frame in decoder.decode(av.Packet(packet.data)):
            loud = np.flatnonzero(np.abs(media.samples_of(frame)) > 0.1)
            if len(loud):
                at = (packet.pts + int(loud[0])) / media.RATE
                if at > quiet_until:
                    found.append(at)
                quiet_until = at + 0.3
    return found


async def apart_s(r: Rig) -> list[float] | None:
    """How long after each flash its beep began, but for the first two; where there are enough."""
    await r.packets(Feed.ROOM, Codec.H264, 50)
    received = r.relay.received
    pictures, sound = (received.of(Feed.ROOM, codec) for codec in (Codec.H264, Codec.OPUS))
    flashes, beeps = await asyncio.to_thread(lambda: (flashes_s(pictures), beeps_s(sound)))
    offs_s = [beep - at for at in flashes[2:] for beep in beeps if abs(beep - at) < 0.4]
    return offs_s if len(offs_s) >= 3 else None


def picture_late(seconds: float) -> Callable[[Coded], float]:
    return lambda coded: seconds if coded.codec.is_video else 0.0


def jittery(coded: Coded) -> float:
    """Up to 60 ms, different from frame to frame but the same in every run."""
    return (round(coded.at_s * 1000) * 7919 % 61) / 1000


@pytest.mark.parametrize(
    ("lateness_s", "captured"),
    [
        (picture_late(0.0), False),
        (picture_late(0.12), True),
        (picture_late(-0.08), True),
        (jittery, True),
    ],
    ids=["alike, no capture times", "picture 120 ms late", "sound 80 ms late", "jitter"],
)
def test_flash_and_beep_come_together(
    tmp_path: Path, lateness_s: Callable[[Coded], float], captured: bool
) -> None:
    async def test() -> None:
        async with rig(tmp_path) as r:
            r.site("hall", clip(0, flashes=True), lateness_s=lateness_s, captured=captured)
            r.relay.follow(
                public=Take.ROOM, program=full("hall"), open_microphones=frozenset({"hall"})
            )
            await r.packets(Feed.ROOM, Codec.H264, 150)
            offs_s = await media.wait_until(lambda: apart_s(r), "flashes, each with its beep")
            # A machine that is busy is late with one or the other now and then.
            assert abs(statistics.median(offs_s)) <= 0.04, f"sound after picture: {offs_s}"

    asyncio.run(test())


def test_a_camera_that_is_late_by_itself_is_waited_for(tmp_path: Path) -> None:
    """Its picture is older than its capture times say: the operator shifts its sound by so much."""

    async def test() -> None:
        async with rig(tmp_path) as r:
            r.site("hall", clip(0, flashes=True), lateness_s=picture_late(0.0), captured=True)
            r.relay.follow(
                public=Take.ROOM, program=full("hall"), open_microphones=frozenset({"hall"})
            )
            for later_ms in (120, -120):
                r.relay.follow(sound_later_ms={"hall": later_ms})
                await media.wait_until(
                    partial(shifted, r, later_ms / 1000), f"sound {later_ms} ms after its picture"
                )

    asyncio.run(test())


async def shifted(r: Rig, later_s: float) -> bool:
    """Whether the last three beeps came so long after their flashes, within 40 ms."""
    offs_s = await apart_s(r)
    return offs_s is not None and all(abs(off - later_s) <= 0.04 for off in offs_s[-3:])
