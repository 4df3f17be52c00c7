"""A viewer in a real Chromium, and what it says of itself each second."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page

_PREPARE = """async () => {
  document.body.innerHTML = '<video autoplay playsinline muted></video>';
  const stream = new MediaStream();
  window.pc = new RTCPeerConnection();
  pc.ontrack = ({track}) => {
    stream.addTrack(track);
    document.querySelector('video').srcObject = stream;
  };
  window.gathered = () => new Promise((done) => {
    const look = () => pc.iceGatheringState === 'complete' && done();
    pc.onicegatheringstatechange = look;
    look();
  });
}"""
_OFFER = """async () => {
  pc.addTransceiver('video', {direction: 'recvonly'});
  pc.addTransceiver('audio', {direction: 'recvonly'});
  await pc.setLocalDescription(await pc.createOffer());
  await gathered();
  return pc.localDescription.sdp;
}"""
_ANSWER = """async (sdp) => {
  await pc.setRemoteDescription({type: 'offer', sdp});
  await pc.setLocalDescription(await pc.createAnswer());
  await gathered();
  return pc.localDescription.sdp;
}"""
_STATS = """async () => {
  const found = {};
  for (const one of (await pc.getStats()).values()) {
    if (one.type === 'inbound-rtp') found[one.kind] = {...one};
    if (one.type === 'candidate-pair' && one.nominated) found.pair = {...one};
  }
  return found;
}"""


@dataclass(frozen=True, slots=True)
class Second:
    """About a second of watching."""

    at_s: float
    height: int
    """Of the last picture; 0 before the first."""
    frames: float
    """Pictures shown in a second."""
    frozen_s: float
    """Of it, the picture stood still, as Chromium counts freezes when they end."""
    heard: float
    """Share of the sound played that had come, and in time; 0 where none was played."""
    late_ms: float
    """Round trip and what the player held back of sound: how far it is behind."""


class Watcher:
    def __init__(self, page: Page) -> None:
        self._page = page
        self._began = time.monotonic()
        self._before: dict[str, Any] = {}

    async def offer(self) -> str:
        await self._page.evaluate(_PREPARE)
        return str(await self._page.evaluate(_OFFER))

    async def answer(self, offer: str) -> str:
        await self._page.evaluate(_PREPARE)
        return str(await self._page.evaluate(_ANSWER, offer))

    async def take(self, answer: str) -> None:
        await self._page.evaluate("(sdp) => pc.setRemoteDescription({type: 'answer', sdp})", answer)

    async def seconds(self, count: int) -> list[Second]:
        return [await self._second() for _ in range(count)]

    async def _second(self) -> Second:
        wait_s = 1 - (time.monotonic() - self._began) % 1
        await asyncio.sleep(wait_s)
        stats = await self._page.evaluate(_STATS)
        before, self._before = self._before, stats
        elapsed_s = _grown(stats, before, "audio", "timestamp") / 1000 or 1.0
        played = _grown(stats, before, "audio", "totalSamplesReceived")
        concealed = _grown(stats, before, "audio", "concealedSamples")
        emitted = _grown(stats, before, "audio", "jitterBufferEmittedCount")
        held_s = _grown(stats, before, "audio", "jitterBufferDelay") / emitted if emitted else 0.0
        trip_s = stats.get("pair", {}).get("currentRoundTripTime", 0.0)
        return Second(
            at_s=time.monotonic() - self._began,
            height=stats.get("video", {}).get("frameHeight", 0),
            frames=_grown(stats, before, "video", "framesDecoded") / elapsed_s,
            frozen_s=_grown(stats, before, "video", "totalFreezesDuration"),
            heard=1 - min(1.0, concealed / played) if played else 0.0,
            late_ms=(held_s + trip_s) * 1000,
        )


def _grown(now: dict[str, Any], before: dict[str, Any], kind: str, name: str) -> float:
    value = now.get(kind, {}).get(name, 0)
    return float(value - before.get(kind, {}).get(name, value if name == "timestamp" else 0))
