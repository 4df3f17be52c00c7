"""The conference that a hidden browser joins: its page, and two heads by WebRTC.

Stock aiortc stands for the SFU, in a process that nobody is charged for: the very packets that the
studio gets, none encoded again, all four tracks on one connection, as LiveKit and Jitsi's bridge
send them to whom they record by. It asks for less feedback than these do (no transport-wide one).
"""

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from aiohttp import web
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from bench.heads import CLIP_S, talking_head
from tests.broadcast.studio.rig import Coded

HEADS = (1, 2)
PAGE = "page.html"
JOIN = """
const streams = [...document.querySelectorAll('video')].map(
  (video) => (video.srcObject = new MediaStream()));
const pc = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
pc.ontrack = ({track, transceiver}) => streams[transceiver.mid >> 1].addTrack(track);
const {codecs} = RTCRtpReceiver.getCapabilities('video');
const h264 = codecs.filter(({mimeType}) => ['video/H264', 'video/rtx'].includes(mimeType));
for (const _ of streams) {
  pc.addTransceiver('video', {direction: 'recvonly'}).setCodecPreferences(h264);
  pc.addTransceiver('audio', {direction: 'recvonly'});
}
await pc.setLocalDescription();
while (pc.iceGatheringState !== 'complete') {
  await new Promise((changed) => (pc.onicegatheringstatechange = changed));
}
const answer = await fetch('/offer', {method: 'POST', body: pc.localDescription.sdp});
await pc.setRemoteDescription({type: 'answer', sdp: await answer.text()});
"""
"""What a page with a `<video>` for each head does to join: picture and sound of each, in turn."""


class Ready(MediaStreamTrack):
    """Encoded pictures or sound, again and again; `began_s` says since when."""

    def __init__(self, coded: Sequence[Coded], began_s: Callable[[], float]) -> None:
        super().__init__()
        self.kind = "video" if coded[0].codec.is_video else "audio"
        self._coded, self._began_s, self._count = coded, began_s, 0

    async def recv(self) -> "av.Packet[Any]":
        if self.readyState != "live":
            raise MediaStreamError
        turn, place = divmod(self._count, len(self._coded))
        self._count += 1
        one = self._coded[place]
        at_s = turn * CLIP_S + one.at_s
        await asyncio.sleep(max(0.0, self._began_s() + at_s - time.monotonic()))
        packet: av.Packet[Any] = av.Packet(one.data)
        rate = one.codec.clock_rate
        packet.pts, packet.time_base = round(at_s * rate), Fraction(1, rate)
        return packet


async def _answer(peer: RTCPeerConnection, offer: str) -> str:
    await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
    first_asked_s = functools.cache(time.monotonic)
    for seed in HEADS:
        for video in (True, False):
            coded = [one for one in talking_head(seed) if one.codec.is_video is video]
            peer.addTrack(Ready(coded, first_asked_s))
    await peer.setLocalDescription(await peer.createAnswer())
    return str(peer.localDescription.sdp)


@asynccontextmanager
async def conference(folder: Path) -> AsyncIterator[str]:
    """Serves what lies in the folder, and both heads to a page that runs `JOIN`; the address of
    its `PAGE`."""
    # The default policy would leave the fourth of the tracks without a transport.
    peer = RTCPeerConnection(RTCConfiguration([], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))

    async def join(request: web.Request) -> web.Response:
        return web.Response(text=await _answer(peer, await request.text()))

    app = web.Application()
    app.add_routes([web.post("/offer", join), web.static("/", folder)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/{PAGE}"
    finally:
        await peer.close()
        await runner.cleanup()
