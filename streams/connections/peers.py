"""All connections that there are: how each begins, is named by others, and ends."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from aiortc import RTCCertificate

from config.settings import Media
from streams.connections.answer import Ours, answer
from streams.connections.ice_restart import check_fragment, fragment
from streams.connections.peer import Peer, ice_credentials
from streams.connections.sdp import Direction, Offer
from streams.udp.addresses import own_addresses
from streams.udp.port import Port

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Connection:
    id: str
    """Unguessable; names the WHIP or WHEP resource."""
    answer: str
    tag: str
    """Of its ICE session; another after a restart (RFC 9725 4.3.1)."""


class Peers(dict[str, Peer]):
    """By the connection's name. Each costs one task, which sleeps from the handshake to the end."""

    def __init__(self, settings: Media, port: Port, on_left: Callable[[Peer], None]) -> None:
        """`on_left` is told when a connection is over, whatever it was for."""
        super().__init__()
        self._settings, self._port, self._on_left = settings, port, on_left
        self._certificate = RTCCertificate.generateCertificate()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ended = {True: 0, False: 0}
        """Connections that are over, by whether they ever had keys."""

    async def close(self) -> None:
        """Ends all, and waits for it."""
        for peer in self.values():
            peer.end()
        await asyncio.gather(*self._tasks.values())

    def join(self, offer: Offer, direction: Direction, begin: Callable[[Peer], None]) -> Connection:
        """`begin` says what the connection is for. What can fail comes first: until `_life` owns
        it, nobody would end it."""
        peer = Peer(offer, self._certificate, self._port.send, self._port.send_run)
        text = answer(offer, self._ours(peer), direction)
        begin(peer)
        self[peer.id] = peer
        self._port.add(peer)
        self._tasks[peer.id] = asyncio.create_task(self._life(peer), name=f"peer {peer.id[:6]}")
        return Connection(peer.id, text, peer.ufrag)

    async def _life(self, peer: Peer) -> None:
        try:
            await peer.run()
        except Exception:
            log.exception("%s: ended by a fault of ours", peer.id[:6])
        finally:
            self._port.remove(peer)
            self._ended[peer.has_keys] += 1
            del self[peer.id], self._tasks[peer.id]
            self._on_left(peer)

    def tag(self, name: str) -> str | None:
        """Of its present ICE session; None if there is no connection of that name."""
        peer = self.get(name)
        return None if peer is None else peer.ufrag

    def restart(self, name: str, text: str) -> Connection | None:
        """An ICE restart: new credentials on the same keys. None if there is no connection of that
        name. Raises `OfferError`."""
        check_fragment(text)
        peer = self.get(name)
        if peer is None:
            return None
        self._port.rename(peer, *ice_credentials())
        return Connection(peer.id, fragment(peer.offer, self._ours(peer)), peer.ufrag)

    async def hang_up(self, name: str) -> bool:
        """Ends a connection; False if there is none of that name."""
        task = self._tasks.get(name)
        if task is None:
            return False
        self.end(name)
        await asyncio.wait([task])
        return True

    def end(self, name: str) -> None:
        """As `hang_up`, for who does not wait for it."""
        if name in self:
            self[name].end()

    @property
    def handshakes(self) -> tuple[int, int]:
        """Since the start: those that came to a good end, and those that did not."""
        return self._ended[True] + sum(peer.has_keys for peer in self.values()), self._ended[False]

    def _ours(self, peer: Peer) -> Ours:
        addresses = self._settings.addresses or own_addresses(self._settings.host)
        fingerprint = next(
            f for f in self._certificate.getFingerprints() if f.algorithm == "sha-256"
        )
        return Ours(peer.ufrag, peer.password, fingerprint, addresses, self._port.number)
