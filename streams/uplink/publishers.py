"""Who sends: each site's connection and that of what it shares, how their lines are, and how long
what they send may wait to be read.
"""

import time
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from streams.connections.peer import Peer
from streams.connections.sdp import OfferError
from streams.frames import EncodedFrame, SiteId, screen_of, screen_site
from streams.lines import Line
from streams.uplink.publisher import Publisher

TAKEOVER_NS = 2_000_000_000
"""A site whose connection was silent for so long may be taken over by a new one."""
PATIENCE_S, UNEASY_PATIENCE_S, SITES_PATIENCE_S = 0.24, 0.04, 0.48
"""What sites at standby send waits so long while nobody waits for any of it: a site's sound then
costs one wake-up for twelve packets. The second where a line loses packets, or brings them late:
what is missing is asked for again soon. The more sites, the shorter: some thirty packets of
all."""


class SiteTaken(Exception):  # noqa: N818 - a state of affairs, told by its name
    """Another connection sends for this site right now."""


class Sender(NamedTuple):
    peer: Peer
    publisher: Publisher
    since_ns: int
    """CLOCK_MONOTONIC when it was let in."""


class Publishers(dict[SiteId, Sender]):
    """By source: a site, or (`screen_of`) what it shares."""

    def __init__(
        self,
        most: int,
        *,
        on_frame: Callable[[EncodedFrame], None],
        on_gone: Callable[[SiteId], None],
    ) -> None:
        super().__init__()
        self._most = most
        self._on_frame, self._on_gone = on_frame, on_gone
        self.awaited = frozenset[SiteId]()
        """What these send is on air or about to be, and is read as it comes."""

    # --- who is here ---

    def in_the_way(self, source: SiteId) -> str | None:
        """The connection, silent by now, that is to be hung up on before another sends for this
        source. Raises `SiteTaken`."""
        held = self.get(source)
        if held is None:
            return None
        if time.monotonic_ns() - held.peer.last_heard_ns < TAKEOVER_NS:
            raise SiteTaken(f"another connection is sending for {source}")
        return held.peer.id

    def check_room(self) -> None:
        """For one more. Raises `OfferError`."""
        if len(self) >= self._most:
            raise OfferError(503, "As many sites as are allowed are here already.")

    def take(self, source: SiteId, peer: Peer) -> None:
        """It begins to send, by that connection."""
        publisher = Publisher(source, peer.offer.sections, peer.send_rtcp, self._on_frame)
        peer.traffic = publisher
        self[source] = Sender(peer, publisher, time.monotonic_ns())

    def leave(self, peer: Peer) -> None:
        """His connection is over, whatever it was for."""
        for source in [source for source, sender in self.items() if sender.peer is peer]:
            del self[source]
            self._on_gone(source)

    def of_site(self, site: SiteId) -> list[str]:
        """The connections by which a site sends something."""
        held = (self.get(source) for source in (site, screen_of(site)))
        return [sender.peer.id for sender in held if sender is not None]

    def end_screens(self, sharing: Collection[SiteId]) -> None:
        """Of all but these sites."""
        for source, sender in self.items():
            site = screen_site(source)
            if site is not None and site not in sharing:
                sender.peer.end()

    # --- what comes of them ---

    def ask_keyframe(self, source: SiteId) -> None:
        """A PLI to it, at most one per 500 ms."""
        sender = self.get(source)
        if sender is not None:
            sender.publisher.ask_keyframe()

    def lines(self) -> dict[SiteId, Line]:
        """The sites that are connected."""
        return {source: line for source, line in self._lines() if screen_site(source) is None}

    def screens(self) -> dict[SiteId, Line]:
        """Of the sites whose screen comes, by the site."""
        sites = ((screen_site(source), line) for source, line in self._lines())
        return {site: line for site, line in sites if site is not None}

    def _lines(self) -> Iterator[tuple[SiteId, Line]]:
        now_ns = time.monotonic_ns()
        for source, (peer, publisher, since_ns) in self.items():
            if peer.connected:
                yield source, publisher.line(since_ns, now_ns)

    @property
    def patience_s(self) -> float:
        """How long what they send may wait to be read; 0: somebody waits for it."""
        if not self or not self.awaited.isdisjoint(self):
            return 0.0
        at_ease = all(sender.publisher.at_ease for sender in self.values())
        return min(PATIENCE_S if at_ease else UNEASY_PATIENCE_S, SITES_PATIENCE_S / len(self))
