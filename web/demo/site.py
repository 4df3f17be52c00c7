"""A site of the demo: a process of its own that joins like any browser, and joins again.

Started as `python -m web.demo.site FILE`, where the file holds its `Orders`. It publishes by
WHIP, keeps the live WebSocket, sends the size and rate it is asked for, and asks for the floor as
its delegates like. It does not play the return feed: nobody is there to see it.
"""

import asyncio
import json
import logging
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription

from streams.connections.aiortc_private import gather_on, on_keyframe_request
from web.demo.camera import Camera, Microphone, Quality
from web.demo.crowd import Crowd
from web.demo.orders import Orders, read
from web.demo.room import Room
from web.demo.voice import Speech, speak

REPORT_S = 2.0
FIRST_BACKOFF_S, LAST_BACKOFF_S = 0.3, 3.0
CONNECT_S = 10.0

_log = logging.getLogger("diemcau.demo.site")


class LineLostError(Exception):
    """The line or the server is gone; `str()` says how that was seen."""


class Site:
    """One site, joined again and again until told to end."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._room = Room(orders.look)
        self._speech: Speech = speak(orders.pitch_hz, orders.seed)
        self._zero_s = time.monotonic()
        self._headers = {"Authorization": f"Bearer {orders.token}"}
        self._task: asyncio.Task[None] | None = None
        self._ending = False

    async def run(self) -> None:
        """Until `end`."""
        self._task = asyncio.current_task()
        backoff_s = FIRST_BACKOFF_S
        async with aiohttp.ClientSession(self._orders.base_url, headers=self._headers) as http:
            while not self._ending:
                began_s = time.monotonic()
                try:
                    await self._join(http)
                except (LineLostError, aiohttp.ClientError, OSError, TimeoutError) as error:
                    _log.info("%s: joins again: %s", self._orders.site, error or type(error))
                if time.monotonic() - began_s > LAST_BACKOFF_S:
                    backoff_s = FIRST_BACKOFF_S
                await asyncio.sleep(backoff_s)
                backoff_s = min(LAST_BACKOFF_S, backoff_s * 2)

    def end(self) -> None:
        """Noted beside the cancellation: a stay that fails at the same moment would hide that."""
        self._ending = True
        if self._task is not None:
            self._task.cancel()

    async def _join(self, http: aiohttp.ClientSession) -> None:
        """One stay. Raises `LineLostError` and what aiohttp raises."""
        session = self._orders.session
        async with http.ws_connect(f"/api/v1/sessions/{session}/live", heartbeat=10) as socket:
            await socket.send_json({"type": "hello", "token": self._orders.token, "page": "site"})
            camera = Camera(self._room, self._speech, self._zero_s)
            microphone = Microphone(self._speech, self._zero_s)
            peer = RTCPeerConnection()
            crowd = Crowd(http, session, self._orders.seed, self._orders.patience_s)
            try:
                with _first_of_group():
                    async with asyncio.TaskGroup() as group:
                        group.create_task(_listen(socket, camera, crowd))
                        group.create_task(self._publish(http, peer, camera, microphone))
                        group.create_task(self._report(socket, peer))
                        group.create_task(crowd.run())
            finally:
                await peer.close()

    async def _publish(
        self,
        http: aiohttp.ClientSession,
        peer: RTCPeerConnection,
        camera: Camera,
        microphone: Microphone,
    ) -> None:
        """WHIP (RFC 9725), then until the connection ends. Raises `LineLostError`."""
        ended = asyncio.Event()

        @peer.on("connectionstatechange")
        def changed() -> None:
            if peer.connectionState in {"failed", "closed", "disconnected"}:
                ended.set()

        on_keyframe_request(peer.addTrack(camera), camera.send_keyframe)
        peer.addTrack(microphone)
        _prefer_h264(peer)
        await peer.setLocalDescription(await peer.createOffer())
        async with http.post(
            f"/whip/{self._orders.site}",
            data=peer.localDescription.sdp,
            headers={"Content-Type": "application/sdp"},
            timeout=aiohttp.ClientTimeout(CONNECT_S),
        ) as response:
            text = await response.text()
            if response.status != 201:
                raise LineLostError(f"WHIP answered {response.status}: {text[:200]}")
            resource = response.headers["Location"]
        await peer.setRemoteDescription(RTCSessionDescription(text, "answer"))
        try:
            await ended.wait()
        finally:
            await asyncio.shield(_hang_up(http, resource))
        raise LineLostError("the connection ended")

    async def _report(
        self, socket: aiohttp.ClientWebSocketResponse, peer: RTCPeerConnection
    ) -> None:
        """What a page says of itself, every two seconds."""
        sent_before, at_before_s = 0, time.monotonic()
        while True:
            await asyncio.sleep(REPORT_S)
            stats = (await peer.getStats()).values()
            sent = sum(row.bytesSent for row in stats if row.type == "outbound-rtp")
            trips = [row.roundTripTime for row in stats if row.type == "remote-inbound-rtp"]
            now_s = time.monotonic()
            report: dict[str, Any] = {"type": "site_report", "camera": "ok", "microphone": "ok"}
            report["sent_bps"] = max(0, sent - sent_before) * 8 / (now_s - at_before_s)
            if measured := [trip for trip in trips if trip is not None]:
                report["rtt_ms"] = max(measured) * 1000
            sent_before, at_before_s = sent, now_s
            await socket.send_json(report)


async def _listen(socket: aiohttp.ClientWebSocketResponse, camera: Camera, crowd: Crowd) -> None:
    """Obeys until the server closes. Raises `LineLostError`."""
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.TEXT:
            continue
        said = json.loads(message.data)
        match said["type"]:
            case "quality":
                camera.set_quality(
                    Quality(said["width"], said["height"], said["fps"], said["max_bitrate_bps"])
                )
            case "snapshot":
                crowd.see(said["view"])
            case "patch":
                crowd.see_change(said["patch"])
            case "bye":
                raise LineLostError(f"the server said: {said['message']}")
    raise LineLostError("the live connection closed")


async def _hang_up(http: aiohttp.ClientSession, resource: str) -> None:
    """So that the seat is free at once. A server that is gone has freed it already."""
    try:
        async with http.delete(resource, timeout=aiohttp.ClientTimeout(1)):
            pass
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        _log.debug("%s: not hung up: %s", resource, error)


def _prefer_h264(peer: RTCPeerConnection) -> None:
    codecs = RTCRtpSender.getCapabilities("video").codecs
    wanted = [codec for codec in codecs if codec.mimeType == "video/H264"]
    for transceiver in peer.getTransceivers():
        transceiver.direction = "sendonly"
        if transceiver.kind == "video":
            transceiver.setCodecPreferences(wanted)


@contextmanager
def _first_of_group() -> Iterator[None]:
    """A group ends with the first of its troubles; the others follow from it."""
    try:
        yield
    except BaseExceptionGroup as group:
        raise _leaf(group) from None


def _leaf(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _run(orders: Orders) -> None:
    """Until SIGTERM or SIGINT."""
    site = Site(orders)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, site.end)
    with suppress(asyncio.CancelledError):
        await site.run()


def main(path: Path) -> int:
    """The process that the supervisor starts."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    gather_on("127.0.0.1")
    asyncio.run(_run(read(path)))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
