"""Light sites: each joins as a page does, by the live WebSocket and WHIP, but sends hardly a thing,
so that fifty of them fit beside a server on two cores."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiohttp
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack

from streams.frames import SiteId
from tests.media import PATIENCE_S
from tests.peers import post_sdp
from tests.server import Server

RETRY_S = 0.3
MOST_RETRY_S = 1.5


class LightSite:
    """Comes back by itself, as `web/static` does: when the WebSocket breaks, with some jitter, and
    never later than `MOST_RETRY_S` after the last try."""

    def __init__(self, server: Server, site: SiteId) -> None:
        self._server = server
        self._site = site
        self._token = server.site_tokens[site]
        self.boot = ""
        """Of the server that it sends to; empty while it sends to none."""
        self.back_s = 0.0
        """CLOCK_MONOTONIC when it was connected last."""

    async def run(self) -> None:
        """Until cancelled."""
        wait_s = RETRY_S
        async with aiohttp.ClientSession() as http:
            while True:
                try:
                    await self._stay(http)
                    wait_s = RETRY_S
                except (aiohttp.ClientError, OSError):
                    wait_s = min(MOST_RETRY_S, 2 * wait_s)
                self.boot = ""
                await asyncio.sleep(wait_s * random.uniform(0.5, 1))

    async def _stay(self, http: aiohttp.ClientSession) -> None:
        """From hello until the WebSocket breaks."""
        url = self._server.url(f"/api/v1/sessions/{self._server.session}/live")
        async with http.ws_connect(url) as socket:
            await socket.send_json({"type": "hello", "page": "site", "token": self._token})
            boot = json.loads(await socket.receive_str())["boot"]
            peer = await self._publish(http)
            try:
                self.boot, self.back_s = boot, time.monotonic()
                async for _ in socket:
                    pass
            finally:
                await peer.close()

    async def _publish(self, http: aiohttp.ClientSession) -> RTCPeerConnection:
        """Raises `ClientError` where the server refuses, `OSError` where nothing comes of it."""
        peer = RTCPeerConnection()
        peer.addTrack(AudioStreamTrack())
        await peer.setLocalDescription(await peer.createOffer())
        url = self._server.url(f"/whip/{self._site}")
        status, _, body = await post_sdp(http, url, peer.localDescription.sdp, self._token)
        if status != 201:
            await peer.close()
            raise aiohttp.ClientError(f"{status}: {body[:200]}")
        await peer.setRemoteDescription(RTCSessionDescription(body, "answer"))
        async with asyncio.timeout(PATIENCE_S):
            while peer.connectionState != "connected":
                await asyncio.sleep(0.02)
        return peer


@asynccontextmanager
async def light_sites(server: Server, names: list[SiteId]) -> AsyncIterator[list[LightSite]]:
    """All of them at once, until left."""
    sites = [LightSite(server, name) for name in names]
    tasks = [asyncio.create_task(site.run()) for site in sites]
    try:
        yield sites
    finally:
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)
