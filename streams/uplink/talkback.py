"""Talk-back: an operator talks to one site, whose microphone stays closed: what its loudspeaker
says must not come back into the program.
"""

from collections.abc import Callable, Collection
from functools import partial

from streams.connections.peer import Peer
from streams.frames import EncodedFrame, SiteId, talk_to
from streams.rights import Rights
from streams.uplink.publisher import Publisher


class TalkRefused(Exception):  # noqa: N818 - a state of affairs, told by its name
    """`str()` is why: `taken`, somebody else talks to it; `open`, its microphone is; `away`, it
    gets no sound from us."""


class Talkback:
    """One for each site at most."""

    def __init__(
        self,
        rights: Rights,
        *,
        on_frame: Callable[[EncodedFrame], None],
        on_rights: Callable[[], None],
        on_over: Callable[[SiteId], None],
    ) -> None:
        """`on_rights` is told when somebody begins or ceases to be heard; `on_over` gets the site
        that he talked to."""
        self._rights = rights
        self._on_frame, self._on_rights, self._on_over = on_frame, on_rights, on_over
        self._talkers: dict[SiteId, Peer] = {}
        self._open: frozenset[SiteId] = frozenset()

    def check(self, site: SiteId, here: Collection[SiteId]) -> None:
        """Whether one may begin; `here` get sound from us. Raises `TalkRefused`."""
        if site in self._talkers:
            raise TalkRefused("taken")
        if site in self._open:
            raise TalkRefused("open")
        if site not in here:
            raise TalkRefused("away")

    def begin(self, site: SiteId, peer: Peer) -> None:
        """After `check`: that connection is for it."""
        hear = partial(self._hear, site, peer)
        peer.traffic = Publisher(talk_to(site), peer.offer.sections, peer.send_rtcp, hear)
        self._talkers[site] = peer

    def _hear(self, site: SiteId, peer: Peer, frame: EncodedFrame) -> None:
        """Sound alone, and only as long as it may be: the page hangs up when it is told."""
        if frame.codec.is_video or self._talkers.get(site) is not peer:
            return
        if site not in self._rights.voiced:
            self._rights.voiced.add(site)
            self._on_rights()
        self._on_frame(frame)

    @property
    def talkers(self) -> Collection[Peer]:
        return self._talkers.values()

    def leave(self, peer: Peer) -> None:
        """His connection is over, whatever it was for."""
        self.end({site for site, talker in self._talkers.items() if talker is peer})

    def keep_from(self, sites: frozenset[SiteId]) -> None:
        """Nobody talks to these as long as their microphones are open."""
        self._open = sites
        self.end(sites)

    def end(self, sites: Collection[SiteId]) -> None:
        """Nobody talks to these any more."""
        for site in self._talkers.keys() & sites:
            del self._talkers[site]
            self._rights.voiced.discard(site)
            self._on_rights()
            self._on_over(site)
