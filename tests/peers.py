"""Foreign peers: stock aiortc, untouched, publishing by WHIP and playing by WHEP.

What they publish says who and when it is (`tests.media`); what they play is kept decoded.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from urllib.parse import urljoin

import aiohttp
import av
import numpy as np
from aioice import ice
from aiortc import (
    MediaStreamTrack,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from broadcast.layout import Rect
from tests.media import (
    NUMBERS,
    RATE,
    WHOLE,
    Mark,
    Picture,
    Samples,
    draw,
    frame_of,
    leaked_tone,
    loudest_tone,
    luma_of,
    read_mark,
    samples_of,
)

FPS = 15
BEEP_S = 0.4
ice.CONSENT_FAILURES = 60
"""Each is an answer that took longer than half a second, as all do on a machine that is slow for a
while; after six aioice hangs up for good, where a player would call again."""
SLATE_LOOKS = 10
ENDED_S = 20


def number_at(monotonic_s: float) -> int:
    """The number that every publisher of this machine draws at that moment: a common clock."""
    return int(monotonic_s * FPS) % NUMBERS


class MarkedCamera(MediaStreamTrack):
    """Draws its site's number, and the frame number of the moment."""

    kind = "video"

    def __init__(
        self,
        site: int,
        width: int = 640,
        height: int = 360,
        clock: Callable[[float], int] = number_at,
    ) -> None:
        super().__init__()
        self._site = site
        self._clock = clock
        self._size = width, height
        self._zero = time.monotonic()
        self._count = 0

    async def recv(self) -> av.VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        due_s = self._zero + self._count / FPS
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        pts, self._count = self._count, self._count + 1
        planar = draw(*self._size, Mark(self._site, self._clock(time.monotonic())))
        return frame_of(planar, pts, Fraction(1, FPS))


class Beeper(MediaStreamTrack):
    """Beeps of a site's own pitch."""

    kind = "audio"

    def __init__(self, hz: float, level_dbfs: float = -12) -> None:
        super().__init__()
        self._zero = time.monotonic()
        self._at = 0
        t = np.arange(round(2 * BEEP_S * RATE)) / RATE
        loop = np.sin(2 * np.pi * hz * t) * 10 ** (level_dbfs / 20) * (t < BEEP_S)
        self._samples = (loop * 32767).astype(np.int16)

    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await asyncio.sleep(max(0.0, self._zero + self._at / RATE - time.monotonic()))
        at, self._at = self._at, self._at + 960
        samples = np.take(self._samples, range(at, at + 960), mode="wrap")
        frame = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        return frame


async def post_sdp(
    http: aiohttp.ClientSession, url: str, sdp: str, token: str | None
) -> tuple[int, str, str]:
    """Status, `Location` and body of a WHIP or WHEP POST."""
    headers = {"Content-Type": "application/sdp"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    async with http.post(url, data=sdp, headers=headers) as response:
        return response.status, response.headers.get("Location", ""), await response.text()


async def _connect(peer: RTCPeerConnection, url: str, token: str | None) -> str:
    await peer.setLocalDescription(await peer.createOffer())
    async with aiohttp.ClientSession() as http:
        status, location, body = await post_sdp(http, url, peer.localDescription.sdp, token)
    if status != 201:
        raise ConnectionError(f"{status}: {body[:300]}")
    await peer.setRemoteDescription(RTCSessionDescription(body, "answer"))
    return location


@asynccontextmanager
async def publishing(
    url: str,
    token: str,
    site: int,
    hz: float,
    codec: str = "video/H264",
    clock: Callable[[float], int] = number_at,
) -> AsyncIterator[RTCPeerConnection]:
    """A marked and beeping site, until left. Raises `ConnectionError` with the server's answer."""
    camera = MarkedCamera(site, clock=clock)
    async with publishing_tracks(url, token, camera, Beeper(hz), codec) as peer:
        yield peer


@asynccontextmanager
async def publishing_tracks(
    url: str,
    token: str,
    camera: MediaStreamTrack | None,
    microphone: MediaStreamTrack,
    codec: str = "video/H264",
) -> AsyncIterator[RTCPeerConnection]:
    """The same for any tracks."""
    peer = RTCPeerConnection()
    if camera is not None:
        peer.addTrack(camera)
    peer.addTrack(microphone)
    for transceiver in peer.getTransceivers():
        transceiver.direction = "sendonly"
        if transceiver.kind == "video":
            codecs = RTCRtpSender.getCapabilities("video").codecs
            transceiver.setCodecPreferences([c for c in codecs if c.mimeType == codec])
    location = ""
    try:
        location = await _connect(peer, url, token)
        yield peer
    finally:
        if location:
            await _hang_up(urljoin(url, location), token)
        await _closed(peer)


async def _closed(peer: RTCPeerConnection) -> None:
    """aiortc waits for its senders' ends, for ever if one broke where a test's time was over."""
    with suppress(TimeoutError):
        await asyncio.wait_for(peer.close(), ENDED_S)


async def _hang_up(resource: str, token: str | None) -> None:
    """A server that was killed meanwhile has nothing to hang up."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession(headers=headers) as http:
        try:
            async with http.delete(resource):
                pass
        except aiohttp.ClientError:
            return


@dataclass(slots=True)
class Watched:
    """What a viewer received, with the moment on CLOCK_MONOTONIC at which it was decoded."""

    pictures: list[tuple[float, Picture]] = field(default_factory=list)
    sound: list[tuple[float, Samples]] = field(default_factory=list)
    connected_s: float | None = None
    """CLOCK_MONOTONIC when there were keys (DTLS)."""
    state: str = "new"
    """Of the connection: a player that was not let run for long is closed for good."""

    def __repr__(self) -> str:
        """For whoever asks why a test waited in vain."""
        now_s = time.monotonic()
        told = [
            f"{len(of)} {what}, the last {now_s - of[-1][0]:.1f} s ago" if of else f"no {what}"
            for what, of in (("pictures", self.pictures), ("pieces of sound", self.sound))
        ]
        loudness = 20 * np.log10(np.abs(self.last_sound(1.6)).max(initial=1e-6))
        heard = f"{told[1]}: peak {loudness:.0f} dBFS"
        return f"<{self.state}; {told[0]}: {self.mark()}; {heard}>"

    def mark(self, rect: Rect = WHOLE) -> Mark | None:
        """Of the newest picture."""
        return read_mark(self.pictures[-1][1], rect) if self.pictures else None

    def shows(self, site: int, rect: Rect = WHOLE) -> bool:
        """The newest picture."""
        mark = self.mark(rect)
        return mark is not None and mark.site == site

    def slate(self) -> bool:
        """A picture that cannot be read is none yet: the last ten have no mark."""
        last = self.pictures[-SLATE_LOOKS:]
        return len(last) == SLATE_LOOKS and not any(read_mark(picture) for _, picture in last)

    def heard(self, hz: float, seconds: float = 1.6) -> float:
        """How loud a site's beeps were lately, in dBFS; usually two of them and a silence."""
        return loudest_tone(self.last_sound(seconds), hz)

    def leaked(self, hz: float, seconds: float = 1.6) -> float:
        """The same of beeps that should not be heard, whatever cracks beside them."""
        return leaked_tone(self.last_sound(seconds), hz)

    def last_sound(self, seconds: float) -> Samples:
        """What was heard last; shorter if there is less."""
        parts = self.sound[-round(seconds / 0.02) :]
        return np.concatenate([part for _, part in parts]) if parts else np.zeros(0, np.float32)

    def forget(self) -> None:
        self.pictures.clear()
        self.sound.clear()


async def _collect(track: MediaStreamTrack, watched: Watched) -> None:
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        if isinstance(frame, av.VideoFrame):
            watched.pictures.append((time.monotonic(), luma_of(frame)))
            del watched.pictures[:-200]
        elif isinstance(frame, av.AudioFrame):
            watched.sound.append((time.monotonic(), samples_of(frame)))


def watch_tracks(peer: RTCPeerConnection, watched: Watched) -> list[asyncio.Task[None]]:
    """Collects every track the peer will get; the tasks end with the tracks."""
    tasks: list[asyncio.Task[None]] = []

    def on_state() -> None:
        watched.state = peer.connectionState
        if peer.connectionState == "connected" and watched.connected_s is None:
            watched.connected_s = time.monotonic()

    peer.on("connectionstatechange", on_state)
    peer.on("track", lambda track: tasks.append(asyncio.create_task(_collect(track, watched))))
    return tasks


async def _ended(tasks: Collection[asyncio.Task[None]]) -> None:
    """aiortc ends no track of a peer that was hung up on before it took anything."""
    for task in tasks:
        with suppress(TimeoutError):
            await asyncio.wait_for(task, 2)


@asynccontextmanager
async def playing(peer: RTCPeerConnection, url: str, token: str | None) -> AsyncIterator[None]:
    """The peer plays a feed by WHEP, until left. Raises `ConnectionError` as `watching`."""
    peer.addTransceiver("video", direction="recvonly")
    peer.addTransceiver("audio", direction="recvonly")
    location = ""
    try:
        location = await _connect(peer, url, token)
        yield
    finally:
        if location:
            await _hang_up(urljoin(url, location), token)
        await _closed(peer)


@asynccontextmanager
async def watching(url: str, token: str | None = None) -> AsyncIterator[Watched]:
    """A WHEP player, until left. Raises `ConnectionError` with the server's answer."""
    peer = RTCPeerConnection()
    watched = Watched()
    tasks = watch_tracks(peer, watched)
    try:
        async with playing(peer, url, token):
            yield watched
    finally:
        await _ended(tasks)
