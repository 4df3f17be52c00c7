"""Site → program → site, from the media itself: a flash and a beep, made at one moment, and when a
district's Chromium shows and plays them in its return feed.

The player is a `<video>` as on the pages, with its sound on. Pictures count when they are to be on
screen, sound when the sound card plays it (`bench/ear.py`). Beside it, in the same run:

- a film that flashes and beeps at one moment: what ear and eye add by themselves;
- the same site without any program, from aiortc to the same page: what the player adds, who lets
  sound and picture be 30 ms apart before he does anything about it;
- a perfect player of the return feed, who goes by our sender reports and by nothing else: stock
  aiortc and PyAV.
"""

import asyncio
import base64
import io
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from playwright.async_api import Page

from bench.ear import LOUD, QUIET_S, Ear, ear
from bench.figure import Figure
from streams.connections.aiortc_private import SentTimes, report_truly
from streams.downlink.track import NTP_UNIX_OFFSET_S
from tests import media
from tests.chromium import Chromium, chromium
from tests.flashes import BEEP_S, EVERY_S, HZ, FlashBeeper, FlashCamera
from tests.media import RATE, wait_until
from tests.peers import playing, publishing_tracks
from tests.server import LEFT, RIGHT, Server

JOINS, DIRECT_JOINS = 5, 2
"""How a browser fills its buffers at first stays for minutes: each has figures of its own."""
SETTLE_S, WATCH_S = 6, 12
JOINED_S = 1
"""After joining, until lips should be with their voice."""
FILM_S, FILM_FPS = 12, 25
SHOWN_ADDRESSES = "WebRtcHideLocalIpsWithMdns"
"""aiortc cannot look up names that only browsers understand."""
DIRECTLY = "aiortc to Chromium directly"
_PLAYER = """
const video = document.createElement('video');
Object.assign(video, {autoplay: true, playsInline: true});
document.body.replaceChildren(video);
window.seen = {flashes: []};
window.began = () => new Promise((playing) => {
  video.addEventListener('playing', playing, {once: true});
});
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
window.buffers = async () => {
  const told = {};
  for (const one of (await pc.getStats()).values()) {
    if (one.type !== 'inbound-rtp') continue;
    told[one.kind] = [one.jitterBufferDelay, one.jitterBufferEmittedCount];
  }
  return told;
};
"""
_FILM = (
    """async (film) => {"""
    + _PLAYER
    + """
  video.src = URL.createObjectURL(await (await fetch(film)).blob());
  await began();
}"""
)
_RETURN_FEED = (
    """async ([url, token]) => {"""
    + _PLAYER
    + """
  const {WhepPlayer} = await import('/static/rtc.js');
  const player = new WhepPlayer(url, {token});
  video.srcObject = await player.start();
  await began();
  window.pc = player.pc;
}"""
)
_OFFER = (
    """async () => {"""
    + _PLAYER
    + """
  const pc = window.pc = new RTCPeerConnection();
  for (const kind of ['audio', 'video']) pc.addTransceiver(kind, {direction: 'recvonly'});
  video.srcObject = new MediaStream(pc.getReceivers().map(({track}) => track));
  await pc.setLocalDescription();
  while (pc.iceGatheringState !== 'complete') await new Promise((again) => setTimeout(again, 50));
  return pc.localDescription.sdp;
}"""
)


@dataclass(slots=True)
class Told:
    """When flashes were seen and beeps heard, in seconds on one clock."""

    flashes: list[float] = field(default_factory=list)
    beeps: list[float] = field(default_factory=list)
    buffer_ms: float = 0
    """How long sound stood in the jitter buffer."""
    joined_ms: list[float] = field(default_factory=list)
    """As of `apart_ms`, before it settled."""

    def apart_ms(self) -> list[float]:
        """By how much each beep came after its flash."""
        return apart_ms(self.flashes[1:-1], self.beeps)


def apart_ms(flashes: Sequence[float], beeps: Sequence[float]) -> list[float]:
    return [min((beep - flash for beep in beeps), key=abs) * 1000 for flash in flashes]


def late_ms(seen: Sequence[float]) -> list[float]:
    return [at % EVERY_S * 1000 for at in seen]


# --- what plays ---


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


async def _watch(page: Page, heard: Ear, seconds: float, settle_s: float = SETTLE_S) -> Told:
    """What the page's player shows and plays for so long, once it has settled."""
    heard.hurry()
    joined = time.monotonic() + JOINED_S
    await wait_until(lambda: page.evaluate("seen.flashes.length"), "a flash")
    await asyncio.sleep(settle_s)
    before = await _buffers(page)
    began = time.monotonic()
    await asyncio.sleep(seconds)
    shift_s, seen = await _clock_s(page), await page.evaluate("seen")
    flashes = [at / 1000 + shift_s for at in seen["flashes"]]
    beeps = heard.beeps_s()
    told = Told(_since(flashes, began), _since(beeps, began))
    early = [at for at in flashes if joined <= at < began]
    told.joined_ms = apart_ms(early, beeps)
    (waited_s, samples), (waited_before_s, before_samples) = await _buffers(page), before
    told.buffer_ms = (waited_s - waited_before_s) * 1000 / max(1, samples - before_samples)
    return told


async def _buffers(page: Page) -> tuple[float, float]:
    told = await page.evaluate("window.pc ? buffers() : {}")
    waited_s, samples = told.get("audio", (0, 0))
    return float(waited_s), float(samples)


def _since(moments: list[float], began_s: float) -> list[float]:
    return [at for at in moments if at >= began_s]


def _film() -> str:
    """One second after another, each with a flash and a beep at its middle. Lossless sound: other
    codecs begin with a delay that players take out more or less well."""
    file = io.BytesIO()
    with av.open(file, "w", "mp4") as container:
        pictures = container.add_stream("libx264", FILM_FPS, pix_fmt="yuv420p")
        pictures.width, pictures.height = 320, 180
        sound = container.add_stream("flac", RATE, layout="mono")
        for number in range(FILM_S * FILM_FPS):
            planar = media.draw(
                320, 180, media.Mark(1, 7), flash=number % FILM_FPS == FILM_FPS // 2
            )
            container.mux(pictures.encode(media.frame_of(planar, number, Fraction(1, FILM_FPS))))
        t = np.arange(FILM_S * RATE) / RATE
        since = (t - (FILM_FPS // 2) / FILM_FPS) % 1
        samples = (np.sin(2 * np.pi * HZ * since) * (since < BEEP_S) * 8000).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
        frame.sample_rate, frame.pts = RATE, 0
        for part in (*sound.encode(frame), *sound.encode(None)):
            container.mux(part)
        container.mux(pictures.encode(None))
    return "data:video/mp4;base64," + base64.b64encode(file.getvalue()).decode()


async def _watch_film(page: Page, heard: Ear) -> Told:
    await page.evaluate(_FILM, _film())
    return await _watch(page, heard, FILM_S - 3, 0)


async def _watch_directly(page: Page, heard: Ear) -> Told:
    peer = RTCPeerConnection()
    try:
        await peer.setRemoteDescription(RTCSessionDescription(await page.evaluate(_OFFER), "offer"))
        for track, clock_rate in ((FlashBeeper(), 48_000), (FlashCamera(), 90_000)):
            report_truly(peer.addTrack(track), clock_rate)
        await peer.setLocalDescription(await peer.createAnswer())
        await page.evaluate(
            "(sdp) => pc.setRemoteDescription({type: 'answer', sdp})", peer.localDescription.sdp
        )
        return await _watch(page, heard, WATCH_S)
    finally:
        await peer.close()
        await page.close()


# --- a perfect player ---


class Onsets:
    """When something begins that was not there for half a second before."""

    def __init__(self) -> None:
        self.found: list[float] = []
        self._last_s = 0.0

    def note(self, at_s: float) -> None:
        if at_s - self._last_s > QUIET_S:
            self.found.append(at_s)
        self._last_s = at_s


async def _take(track: MediaStreamTrack, times: SentTimes, onsets: Onsets) -> None:
    """Its flashes, or its beeps, on the sender's clock."""
    while True:
        try:
            frame: Any = await track.recv()
        except MediaStreamError:
            return
        at_s = times.ntp_s(frame.pts)
        if at_s is None:
            continue
        if isinstance(frame, av.VideoFrame):
            if media.is_flash(media.luma_of(frame)):
                onsets.note(at_s)
        else:
            for place in np.flatnonzero(np.abs(media.samples_of(frame)) > LOUD):
                onsets.note(at_s + int(place) / RATE)


class Perfect:
    """A player of the return feed who knows when everything was made, by our reports."""

    def __init__(self) -> None:
        self.peer = RTCPeerConnection()
        self._onsets = {"video": Onsets(), "audio": Onsets()}
        self._tasks: list[asyncio.Task[None]] = []
        self.peer.on("track", self._on_track)

    def _on_track(self, track: MediaStreamTrack) -> None:
        receiver = next(one for one in self.peer.getReceivers() if one.track is track)
        times = SentTimes(receiver, 90_000 if track.kind == "video" else RATE)
        task = asyncio.create_task(_take(track, times, self._onsets[track.kind]))
        self._tasks.append(task)

    def told(self, began_s: float) -> Told:
        """Since then, on CLOCK_MONOTONIC, by which the program goes on from the wall's time at its
        start."""
        shift_s = time.monotonic() - time.time() - NTP_UNIX_OFFSET_S
        flashes, beeps = (
            _since([at + shift_s for at in self._onsets[kind].found], began_s)
            for kind in ("video", "audio")
        )
        return Told(flashes, beeps)


# --- the measurement ---


@dataclass(frozen=True, slots=True)
class Story:
    film: list[Told]
    direct: list[Told]
    program: list[Told]
    """One for each join, as of `direct`."""
    perfect: list[Told]


async def _watch_program(window: Chromium, heard: Ear, server: Server) -> Told:
    back = server.url(f"/whep/{server.session}/{RIGHT}")
    page = await _free_page(window)
    try:
        await page.goto(server.url("/"))
        await page.evaluate(_RETURN_FEED, [back, server.site_tokens[RIGHT]])
        return await _watch(page, heard, WATCH_S)
    finally:
        await page.close()


async def story(server: Server, heard: Ear) -> Story:
    whip = server.url(f"/whip/{LEFT}")
    back = server.url(f"/whep/{server.session}/{RIGHT}")
    arguments = [f"--disable-features={SHOWN_ADDRESSES}"]
    async with chromium(more=arguments, loudspeaker=heard.found_by) as window:
        film = await _watch_film(await _free_page(window), heard)
        direct = [
            await _watch_directly(await _free_page(window), heard) for _ in range(DIRECT_JOINS)
        ]
        tracks, perfect = (FlashCamera(), FlashBeeper()), Perfect()
        async with publishing_tracks(whip, server.site_tokens[LEFT], *tracks) as site:
            for sender in site.getSenders():
                report_truly(sender, 90_000 if sender.kind == "video" else RATE)
            server.command("go_live")
            server.cut("full", LEFT)
            server.command("open_microphone", site=LEFT)
            # One after another: a site that shares the processor with who decodes beside it sends
            # late, and the studio then waits for it.
            async with playing(perfect.peer, back, server.site_tokens[RIGHT]):
                await asyncio.sleep(SETTLE_S)
                began = time.monotonic()
                await asyncio.sleep(WATCH_S)
                seen = perfect.told(began)
            program = [await _watch_program(window, heard, server) for _ in range(JOINS)]
        return Story([film], direct, program, [seen])


def figures() -> Iterator[Figure]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(Path(folder)) as server,
        ear(Path(folder)) as heard,
    ):
        told = asyncio.run(story(server, heard))
    yield from _figures(told)


def _figures(told: Story) -> Iterator[Figure]:
    """Of all joins together; and of the one that was worst."""
    median = statistics.median
    program, direct = told.program, told.direct
    for name, kind in (("flash to screen", "flashes"), ("beep to loudspeaker", "beeps")):
        late, directly = (
            [late_ms(getattr(one, kind)) for one in tolds] for tolds in (program, direct)
        )
        floor = median(chain(*directly))
        yield Figure(f"{name}, median", median(chain(*late)), "ms", floor, DIRECTLY)
        yield Figure(f"{name}, the median of the worst join", max(map(median, late)), "ms")
    buffers_ms = [one.buffer_ms for one in program]
    yield Figure("of that, the listener's jitter buffer", median(buffers_ms), "ms")
    for name, tolds in (
        ("beep after flash", program),
        ("the same directly", direct),
        ("the same of a film: eye and ear alone", told.film),
        ("the same as a perfect player has it", told.perfect),
    ):
        apart = [one.apart_ms() for one in tolds]
        yield Figure(f"{name}, median", median(chain(*apart)), "ms")
        yield Figure(f"{name}, furthest", max(chain(*apart), key=abs), "ms")
        joined = [one.joined_ms for one in tolds if one.joined_ms]
        if joined:
            when = f"{JOINED_S} to {SETTLE_S} s after joining"
            worst = max(map(median, joined), key=abs)
            yield Figure(f"{name}, {when}, median", median(chain(*joined)), "ms")
            yield Figure(f"{name}, {when}, the median of the worst join", worst, "ms")
