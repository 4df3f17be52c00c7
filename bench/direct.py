"""The same site and viewer with nothing between them: the floor of `glass` and of `join`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiortc import RTCPeerConnection

from tests.peers import MarkedCamera, Watched, number_at, watch_tracks


@asynccontextmanager
async def watching_directly(clock: Callable[[float], int] = number_at) -> AsyncIterator[Watched]:
    """Two stock aiortc peers in this process; `clock` as of `MarkedCamera`."""
    sender, viewer, watched = RTCPeerConnection(), RTCPeerConnection(), Watched()
    sender.addTrack(MarkedCamera(1, clock=clock))
    tasks = watch_tracks(viewer, watched)
    try:
        await sender.setLocalDescription(await sender.createOffer())
        await viewer.setRemoteDescription(sender.localDescription)
        await viewer.setLocalDescription(await viewer.createAnswer())
        await sender.setRemoteDescription(viewer.localDescription)
        yield watched
    finally:
        await sender.close()
        await viewer.close()
        await asyncio.gather(*tasks)
