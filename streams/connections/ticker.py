"""Whose turn it is: NACK, PLI, reports, probes, and the watch for silent peers, for all
connections from one place.
"""

import logging
from collections.abc import Collection, Iterable

from streams.connections.peer import Peer
from streams.udp.waking import Haste

PATIENCE, EASY_PATIENCE = 5, 10
"""Who is in no hurry gets one turn in so many; fewer while all lines are good."""
LONG_NS = 60_000_000
"""Where turns are so far apart, one in half as many: he is to get one each 200 ms or so, to tell
what came (browsers tell each other each 250 ms at the latest)."""

log = logging.getLogger(__name__)


class Ticker:
    def __init__(self, peers: Collection[Peer]) -> None:
        """`peers`: all, as they come and go."""
        self._peers = peers
        self._count = self._taken_ns = 0
        self._patience = PATIENCE
        self._hurrying: set[Peer] = set()
        """Who waited for his moment when it was last asked."""
        self._uneasy: set[Peer] = set()
        """Whose reports were all read when he last had his turn."""

    @property
    def complete(self) -> bool:
        """A round is over: while its length stays, everybody has had a turn in it."""
        return self._count % self._patience == 0

    def take(self, restless: Iterable[Peer], now_ns: int) -> Haste:
        """The next. `restless`: who may wait for his moment."""
        self._count += 1
        patience = self._patience
        due = {*[*self._peers][self._count % patience :: patience]}
        if now_ns - self._taken_ns >= LONG_NS:
            self._count += 1
            due.update([*self._peers][self._count % patience :: patience])
        self._taken_ns = now_ns
        hurrying = set[Peer]()
        for peer in due.union(self._hurrying, restless):
            if not peer.connected:
                continue
            try:
                traffic, its_turn = peer.traffic, peer in due
                if its_turn and peer.is_gone(now_ns):
                    peer.end()
                elif its_turn or traffic.hurries:
                    traffic.tick(now_ns)
                    if traffic.hurries:
                        hurrying.add(peer)
                    if traffic.spared_ns:
                        self._uneasy.discard(peer)
                    else:
                        self._uneasy.add(peer)
            except Exception as error:
                end(peer, error)
        self._hurrying = hurrying
        self._patience = PATIENCE if hurrying or self._uneasy else EASY_PATIENCE
        if hurrying:
            return Haste.MUCH
        return Haste.SOME if self._uneasy else Haste.NONE

    def leave(self, peer: Peer) -> None:
        """His connection is over."""
        self._hurrying.discard(peer)
        self._uneasy.discard(peer)


def end(peer: Peer, error: Exception) -> None:
    """What is wrong with one connection must not end the others': it ends, and is told of."""
    log.error("%s: ended by a fault of ours", peer.id[:6], exc_info=error)
    peer.end()
