"""Whose turn it is: NACK, PLI, reports, rehearsals, and the watch for silent peers, for all
connections from one place.
"""

import logging
from collections.abc import Collection, Iterable

from streams.peer import Peer

PATIENCE = 5
"""Who is in no hurry gets one turn in so many."""

log = logging.getLogger(__name__)


class Rounds:
    def __init__(self, peers: Collection[Peer]) -> None:
        """`peers`: all, as they come and go."""
        self._peers = peers
        self._count = 0
        self._hurrying: set[Peer] = set()
        """Who waited for his moment when it was last asked."""

    @property
    def complete(self) -> bool:
        """Everybody has had a turn since it was so the last time."""
        return self._count % PATIENCE == 0

    def take(self, restless: Iterable[Peer], now_ns: int) -> bool:
        """The next. `restless`: who may wait for his moment. Whether somebody does."""
        self._count += 1
        due = {*[*self._peers][self._count % PATIENCE :: PATIENCE]}
        asked = due.union(self._hurrying, restless)
        self._hurrying = {
            peer for peer in asked if peer.connected and _tick(peer, now_ns, its_turn=peer in due)
        }
        return bool(self._hurrying)

    def leave(self, peer: Peer) -> None:
        """His connection is over."""
        self._hurrying.discard(peer)


def _tick(peer: Peer, now_ns: int, *, its_turn: bool) -> bool:
    """Whether it waits for its moment, and gets each turn."""
    try:
        if its_turn and peer.is_gone(now_ns):
            peer.end()
        elif its_turn or peer.traffic.hurries:
            peer.traffic.tick(now_ns)
            return peer.traffic.hurries
    except Exception as error:
        end(peer, error)
    return False


def end(peer: Peer, error: Exception) -> None:
    """What is wrong with one connection must not end the others': it ends, and is told of."""
    log.error("%s: ended by a fault of ours", peer.id[:6], exc_info=error)
    peer.end()
