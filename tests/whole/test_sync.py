"""Lips and voice: a flash and a beep made at one moment come out at one moment."""

import asyncio
import statistics
from collections.abc import Iterator

import numpy as np
import pytest

from tests import hls, media
from tests.flashes import FlashBeeper, FlashCamera
from tests.live import Page, page
from tests.media import RATE, wait_until
from tests.peers import publishing_tracks, watching
from tests.server import LEFT, Server

FLASHES = 4
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


def apart_ms(server: Server) -> list[float]:
    """Of each flash since the recording last had a hole, its beep."""
    recording = hls.served(server)
    assert hls.faults(recording) == []
    begins = max(n for n, one in enumerate(recording.segments) if one.discontinuity or not n)
    run = recording.segments[begins:]
    flashes, beeps = onsets(media.decode(run[0].init + b"".join(one.media for one in run)))
    seen = flashes[1:-1] if beeps else []
    return [min((beep - flash for beep in beeps), key=abs) * 1000 for flash in seen]


def test_sound_and_picture_stay_together_in_the_recording(server: Server) -> None:
    """Sooner or later: what a busy machine draws late it also says to have drawn later."""

    async def together(shown: Page) -> bool:
        recorded_s = shown.view["outputs"]["recorded_s"]
        await shown.until(lambda view: view["outputs"]["recorded_s"] > recorded_s + 12, "12 s more")
        apart = (await asyncio.to_thread(apart_ms, server))[-FLASHES:]
        return len(apart) == FLASHES and abs(statistics.median(apart)) <= APART_MS

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
            await wait_until(lambda: together(shown), "lips and voice together", 180)

    asyncio.run(story())
