"""A clapper: a white picture and a beep at one moment come out at one moment, within 40 ms."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from broadcast.program import Take
from streams.frames import Codec, Feed, Packet
from tests import media
from tests.broadcast.studio.rig import FPS, Coded, clip, decoded_pictures, full, rig


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
            await r.packets(Feed.ROOM, Codec.H264, 200)
            flashes = flashes_s(r.relay.received.of(Feed.ROOM, Codec.H264))[2:]
            await r.packets(Feed.ROOM, Codec.OPUS, 20)  # the newest flash's beep may be on its way
            beeps = beeps_s(r.relay.received.of(Feed.ROOM, Codec.OPUS))
            assert len(flashes) >= 3
            for at in flashes:
                off = min((beep - at for beep in beeps), key=abs)
                assert abs(off) <= 0.04, f"sound {off * 1000:.0f} ms after the picture"

    asyncio.run(test())
