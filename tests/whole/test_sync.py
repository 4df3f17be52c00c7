"""Lips and voice: a flash and a beep made at one moment come out at one moment."""

import asyncio
import statistics
from collections.abc import Iterator

import numpy as np
import pytest

from tests import hls, media
from tests.flashes import FlashBeeper, FlashCamera
from tests.live import page
from tests.media import RATE, wait_until
from tests.peers import publishing_tracks, watching
from tests.server import LEFT, Server

APART_MS = 40
"""EBU R37: sound at most 40 ms before the picture, 60 ms after; we hold both to 40."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("sync")) as server:
        yield server


def onsets(clip: media.Clip) -> tuple[list[float], list[float]]:
    """When flashes begin, and when beeps do."""
    flashes = [
        at
        for (_, before), (at, now) in zip(clip.pictures, clip.pictures[1:], strict=False)
        if media.is_flash(now) and not media.is_flash(before)
    ]
    sound = clip.heard()
    zero = clip.sound[0][0]
    step = RATE // 200
    loud = np.abs(sound[: len(sound) // step * step]).reshape(-1, step).max(axis=1) > 0.05
    starts = np.flatnonzero(loud[1:] & ~loud[:-1]) + 1
    beeps = [zero + float(start) * step / RATE for start in starts]
    return flashes, [
        at for at, before in zip(beeps, [-9.0, *beeps], strict=False) if at - before > 0.5
    ]


def test_sound_and_picture_stay_together_in_the_recording(server: Server) -> None:
    async def story() -> None:
        whip = server.url(f"/whip/{LEFT}")
        token = server.site_tokens[LEFT]
        async with (
            page(server) as shown,
            publishing_tracks(whip, token, FlashCamera(), FlashBeeper()),
        ):
            server.command("go_live")
            server.cut("full", LEFT)
            server.command("open_microphone", site=LEFT)
            async with watching(server.url(f"/whep/{server.session}")) as public:
                await wait_until(lambda: public.mark(), "the site on air")
            await shown.until(lambda view: view["outputs"]["recorded_s"] > 12, "a recording")

    asyncio.run(story())

    recording = hls.served(server)
    assert hls.faults(recording) == []
    whole = media.decode(recording.segments[0].init + b"".join(s.media for s in recording.segments))
    flashes, beeps = onsets(whole)
    assert len(flashes) >= 6
    apart = [min((beep - flash for beep in beeps), key=abs) * 1000 for flash in flashes[1:-1]]
    assert abs(statistics.median(apart)) <= APART_MS, apart
