"""A district's page in real Chromium that sends, and what comes of it as the studio gets it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from itertools import pairwise
from pathlib import Path

import numpy as np
from playwright.async_api import Page, Route

from broadcast.studio.playout import Playout
from config.settings import Media, Program
from streams.frames import EncodedFrame, SiteId
from streams.relay import Rates, Relay
from tests import media
from tests.namespaces import SERVER

SITE = SiteId("muong-lay")
PAGES = Path(__file__).parent.parent / "web" / "static"
ORIGIN = "https://site.test"
SOUND_S = 0.02
MOVING = 8
"""Pictures a second."""
STILL_S = 0.25
"""A picture that stands longer is seen to stand."""
_PUBLISH = """async (quality) => {
  const {WhipPublisher} = await import('/rtc.js');
  const stream = await navigator.mediaDevices.getUserMedia({
    video: {width: {ideal: 1280}, height: {ideal: 720}, frameRate: {ideal: 25}},
    audio: {echoCancellation: false, noiseSuppression: false, autoGainControl: false},
  });
  const publisher = globalThis.publisher = new WhipPublisher('/whip/muong-lay', {stream});
  publisher.start();
  await publisher.setQuality(quality);
}"""


def murmur(seconds: int) -> media.Samples:
    """As lively as speech, and never silent: with DTX a pause would not be sent at all."""
    t = np.arange(seconds * media.RATE) / media.RATE
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * t)
    pitch = 220 + 60 * np.sin(2 * np.pi * 1.5 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / media.RATE
    return np.asarray(0.3 * swell * (np.sin(phase) + 0.5 * np.sin(3 * phase)), np.float32)


class Input:
    """The studio's input, as far as times go."""

    def __init__(self) -> None:
        self._playout = Playout()
        self.sound: list[tuple[float, bool]] = []
        """(when it came, whether in time), in seconds of CLOCK_MONOTONIC."""
        self.pictures: list[float] = []
        self.octets = 0

    def take(self, frame: EncodedFrame) -> None:
        now_ns = time.monotonic_ns()
        self.octets += len(frame.data)
        media_ns = frame.pts * 1_000_000_000 // frame.codec.clock_rate
        if frame.codec.is_video:
            self.pictures.append(now_ns / 1e9)
        else:
            target_ns = self._playout.sound_target_ns
            self.sound.append((now_ns / 1e9, target_ns is None or now_ns <= media_ns + target_ns))
        self._playout.add(media_ns, frame.captured_ns, now_ns, video=frame.codec.is_video)

    @property
    def delay_ms(self) -> float:
        return self._playout.sound.delay_ns / 1e6

    def heard(self, since_s: float, until_s: float) -> float:
        came = sum(in_time for at, in_time in self.sound if since_s <= at < until_s)
        return min(1.0, came * SOUND_S / (until_s - since_s))

    def frames(self, since_s: float, until_s: float) -> float:
        return sum(since_s <= at < until_s for at in self.pictures) / (until_s - since_s)

    def frozen(self, since_s: float, until_s: float) -> float:
        """Share of the time in which the picture stood still."""
        shown = [since_s, *(at for at in self.pictures if since_s <= at < until_s), until_s]
        gaps = [later - at for at, later in pairwise(shown)]
        return sum(gap for gap in gaps if gap > STILL_S) / (until_s - since_s)

    def good_after(self, since_s: float, until_s: float) -> float | None:
        """In whole seconds: where three good ones on end begin."""
        good = [
            self.heard(at, at + 1) > 0.95 and self.frames(at, at + 1) >= MOVING
            for at in (since_s + second for second in range(int(until_s - since_s)))
        ]
        return next((at + 1 for at in range(len(good) - 2) if all(good[at : at + 3])), None)


@asynccontextmanager
async def site_page(
    page: Page,
    take: Callable[[EncodedFrame], None],
    by_way_of: Callable[[str], AbstractAsyncContextManager[str]] = nullcontext,
) -> AsyncIterator[Callable[[], int]]:
    """A page that sends camera and microphone to a relay of its own. Yields what tells the height
    of the picture that comes. `by_way_of`: what becomes of the answer."""
    relay = Relay(
        Media(host=SERVER, port=0, addresses=(SERVER,)),
        Rates.of(Program()),
        on_frame=take,
        on_source_gone=lambda _site: None,
        on_keyframe_wanted=lambda _feed: None,
    )
    relay.set_awaited(frozenset({SITE}))
    await relay.start()
    try:
        async with offered(page) as (offer, answered):
            connection = await relay.publish(SITE, offer)
            async with by_way_of(connection.answer) as answer:
                answered.set_result(answer)
                yield lambda: relay.lines()[SITE].height or 0
    finally:
        await relay.close()


@asynccontextmanager
async def offered(page: Page) -> AsyncIterator[tuple[str, "asyncio.Future[str]"]]:
    """The offer of a page that publishes, and where its answer is to be put. HTTP is not under
    test: the browser is answered without any."""
    loop = asyncio.get_running_loop()
    offered, answered = loop.create_future(), loop.create_future()

    async def answer(route: Route) -> None:
        if route.request.method != "POST":
            await route.fulfill(status=200)
            return
        offered.set_result(route.request.post_data or "")
        await route.fulfill(
            status=201, headers={"Location": "/whip/muong-lay/1"}, body=await answered
        )

    async def serve(route: Route) -> None:
        name = route.request.url.removeprefix(ORIGIN + "/")
        if name:
            await route.fulfill(path=PAGES / name)
        else:
            await route.fulfill(body="<!doctype html>", content_type="text/html")

    await page.route(f"{ORIGIN}/**", serve)
    await page.route(f"{ORIGIN}/whip/**", answer)
    await page.goto(ORIGIN)
    program = Program()
    await page.evaluate(
        _PUBLISH,
        {
            "level": "on_air",
            "width": program.width,
            "height": program.height,
            "fps": program.fps,
            "max_bitrate_bps": program.video_bitrate_bps,
        },
    )
    yield await asyncio.wait_for(offered, media.PATIENCE_S), answered
