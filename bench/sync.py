"""Site → program → site, from the media itself: a flash and a beep, made at one moment, and when a
district's Chromium shows and plays them in its return feed.

Sound is taken where the player hands it to the sound card, picture when it is to be on screen.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.async_api import Page

from bench.figure import Figure
from tests.chromium import Chromium, chromium
from tests.flashes import EVERY_S, FlashBeeper, FlashCamera
from tests.media import wait_until
from tests.peers import publishing_tracks
from tests.server import LEFT, RIGHT, Server

SETTLE_S, WATCH_S = 10, 100
_WATCH = """async ([url, token, ear_js]) => {
  const {WhepPlayer} = await import('/static/rtc.js');
  const video = document.createElement('video');
  Object.assign(video, {muted: true, autoplay: true, playsInline: true});
  document.body.replaceChildren(video);
  const player = new WhepPlayer(url, {token});
  const stream = await player.start();
  video.srcObject = stream;
  await new Promise((playing) => video.addEventListener('playing', playing, {once: true}));
  const seen = window.seen = {flashes: [], beeps: [], device_ms: 0, buffer_ms: 0};
  window.look = async () => {
    for (const one of (await player.pc.getStats()).values()) {
      if (one.type === 'inbound-rtp' && one.kind === 'audio') {
        seen.buffer_ms = one.jitterBufferDelay / one.jitterBufferEmittedCount * 1000;
      }
    }
    return seen;
  };

  const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  let white = false;
  const look = (now, {expectedDisplayTime}) => {
    video.requestVideoFrameCallback(look);
    const {videoWidth: width, videoHeight: height} = video;
    canvas.drawImage(video, width / 2, height * 3 / 4, 4, 4, 0, 0, 1, 1);
    const bright = canvas.getImageData(0, 0, 1, 1).data[1] > 200;
    if (bright && !white) seen.flashes.push(expectedDisplayTime);
    white = bright;
  };
  video.requestVideoFrameCallback(look);

  const context = new AudioContext({sampleRate: 48000, latencyHint: 'interactive'});
  const script = new Blob([ear_js], {type: 'text/javascript'});
  await context.audioWorklet.addModule(URL.createObjectURL(script));
  const ear = new AudioWorkletNode(context, 'ear');
  context.createMediaStreamSource(stream).connect(ear).connect(context.destination);
  let quiet = 0;
  ear.port.onmessage = ({data: frame}) => {
    const {contextTime, performanceTime} = context.getOutputTimestamp();
    seen.device_ms = context.outputLatency * 1000;
    const heard = performanceTime + (frame / 48000 - contextTime) * 1000;
    if (heard - quiet > 500) seen.beeps.push(heard);
    quiet = heard;
  };
}"""
_EAR = """registerProcessor('ear', class extends AudioWorkletProcessor {
  process([[samples]]) {
    const at = samples?.findIndex((sample) => Math.abs(sample) > 0.05) ?? -1;
    if (at >= 0) this.port.postMessage(currentFrame + at);
    return true;
  }
})"""
"""Tells the first loud sample of each block."""


async def _free_page(window: Chromium) -> Page:
    """One that may load scripts of ours beside the server's."""
    browser = (await window.new_page()).context.browser
    assert browser is not None
    return await (await browser.new_context(bypass_csp=True)).new_page()


async def _clock_s(page: Page) -> float:
    """What to add to the page's `performance.now()` for CLOCK_MONOTONIC; a millisecond or less
    wrong: the quickest of some answers."""
    tries: list[tuple[float, float]] = []
    for _ in range(20):
        before = time.monotonic()
        said = float(await page.evaluate("performance.now()")) / 1000
        after = time.monotonic()
        tries.append((after - before, (before + after) / 2 - said))
    return min(tries)[1]


async def _story(server: Server) -> tuple[list[float], list[float], tuple[float, float]]:
    """When flashes were seen and beeps heard, on CLOCK_MONOTONIC; how long the listener's jitter
    buffer and sound card take, in ms."""
    whip = server.url(f"/whip/{LEFT}")
    back = server.url(f"/whep/{server.session}/{RIGHT}")
    tracks = FlashCamera(), FlashBeeper()
    async with chromium() as window, publishing_tracks(whip, server.site_tokens[LEFT], *tracks):
        server.command("go_live")
        server.cut("full", LEFT)
        server.command("open_microphone", site=LEFT)
        page = await _free_page(window)
        await page.goto(server.url("/"))
        await page.evaluate(_WATCH, [back, server.site_tokens[RIGHT], _EAR])
        await wait_until(lambda: page.evaluate("seen.flashes.length && seen.beeps.length"), "both")
        await asyncio.sleep(SETTLE_S)
        await page.evaluate("() => { seen.flashes.length = seen.beeps.length = 0; }")
        await asyncio.sleep(WATCH_S)
        shift_s = await _clock_s(page)
        seen = await page.evaluate("look()")
    flashes, beeps = ([at / 1000 + shift_s for at in seen[name]] for name in ("flashes", "beeps"))
    return flashes, beeps, (seen["buffer_ms"], seen["device_ms"])


def late_ms(seen: Sequence[float]) -> list[float]:
    return [at % EVERY_S * 1000 for at in seen]


def apart_ms(flashes: Sequence[float], beeps: Sequence[float]) -> list[float]:
    """By how much each beep came after its flash."""
    return [min((beep - flash for beep in beeps), key=abs) * 1000 for flash in flashes[1:-1]]


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        flashes, beeps, (buffer_ms, device_ms) = asyncio.run(_story(server))
    picture, sound, apart = late_ms(flashes), late_ms(beeps), apart_ms(flashes, beeps)
    yield Figure("flash to screen, median", statistics.median(picture), "ms")
    yield Figure("flash to screen, worst of a hundred", max(picture), "ms")
    yield Figure("beep to loudspeaker, median", statistics.median(sound), "ms")
    yield Figure("of that, the listener's jitter buffer", buffer_ms, "ms")
    yield Figure("of that, the listener's sound card", device_ms, "ms")
    yield Figure("beep after flash, median", statistics.median(apart), "ms")
    yield Figure("beep after flash, furthest", max(apart, key=abs), "ms")
