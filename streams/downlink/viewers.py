"""Who watches: each viewer's connection, what of the sound is heard by anybody, and which viewers
are served alone because something is special about them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from streams.connections.peer import Peer
from streams.connections.sdp import OfferError
from streams.downlink.viewer import Audience, Viewer
from streams.frames import SiteId
from streams.lines import DownLine

MAX_HANDSHAKES = 64
"""Of the public, unfinished at once; the newest is refused. Each may take 15 s, and those never
finished must not fill the house. Sites and staff do not count: they have tokens."""
MAX_ROOM = 1_000
"""Return feeds of sites, and staff: each site and page has one, or two while it joins anew."""

Heard = dict[str, list[int]]
"""Feeds of sound that somebody listens to, and in which renditions."""

Seat = tuple[Peer, Viewer]


class Viewers:
    def __init__(self, max_viewers: int) -> None:
        """`max_viewers`: of the public."""
        self._max_viewers = max_viewers
        self._seats: dict[str, Seat] = {}
        self.alone: dict[bool, dict[str, Seat]] = {True: {}, False: {}}
        """Those who are in no group, with pictures, with sound, and are asked about each packet;
        also who has no keys yet."""
        self.changed = True
        """Who is here, or what anybody takes, since whoever asks for `heard` set it back."""

    def __len__(self) -> int:
        return len(self._seats)

    def __iter__(self) -> Iterator[Seat]:
        return iter(self._seats.values())

    def check_room(self, audience: Audience) -> None:
        """For one more; the public leaves the room its places. Raises `OfferError`."""
        most = MAX_ROOM if audience.room else self._max_viewers
        if self._alike(room=audience.room) >= most:
            raise OfferError(
                503, "As many viewers as are allowed are watching; use the HLS player."
            )
        if not audience.room and self._joining() >= MAX_HANDSHAKES:
            raise OfferError(503, "Too many viewers are joining at once; try again.")

    def take(self, peer: Peer, viewer: Viewer) -> None:
        """He begins to watch."""
        seat = self._seats[peer.id] = peer, viewer
        for alone in self.alone.values():
            alone[peer.id] = seat
        viewer.on_grouped = partial(self._note, seat)
        viewer.on_choice = self._note_change
        self._note_change()

    def leave(self, peer: Peer) -> None:
        """His connection is over, whatever it was for."""
        _, viewer = self._seats.pop(peer.id, (peer, None))
        if viewer is not None:
            self._note_change()
            viewer.on_moved()
            for alone in self.alone.values():
                alone.pop(peer.id, None)

    def _note_change(self) -> None:
        self.changed = True

    def _note(self, seat: Seat, video: bool) -> None:
        peer, viewer = seat
        if viewer.grouped[video]:
            self.alone[video].pop(peer.id, None)
        else:
            self.alone[video][peer.id] = seat

    def disregard(self, sent_ns: int) -> None:
        """As of `Viewer`, for each."""
        for _, viewer in self:
            viewer.disregard(sent_ns)

    @property
    def served_alone(self) -> int:
        """Connected viewers whose pictures cost extra."""
        return sum(
            peer.connected and viewer.takes(video=True)
            for peer, viewer in self.alone[True].values()
        )

    def _alike(self, *, room: bool) -> int:
        """How many are of the room, or of the public."""
        return sum(viewer.audience.room is room for _, viewer in self)

    def _joining(self) -> int:
        """Public viewers who have no keys yet."""
        return sum(not peer.has_keys and not viewer.audience.room for peer, viewer in self)

    def of_site(self, site: SiteId) -> list[str]:
        """The connections by which a site gets something back."""
        return [peer.id for peer, viewer in self if viewer.audience.site == site]

    def heard(self, sounds: Callable[[Audience], Iterable[str]]) -> Heard:
        """All that a viewer may get from now on (`Rights.sounds`). Whole, and as his line takes
        it."""
        wanted: dict[str, set[int]] = {}
        for audience, sound in {(one.audience, one.steering.choice.sound) for _, one in self}:
            for feed in sounds(audience):
                wanted.setdefault(feed, {0}).add(sound)
        return {feed: sorted(renditions) for feed, renditions in wanted.items()}

    def returns(self) -> dict[SiteId, DownLine]:
        """What the connected sites are sent back, and how well it goes."""
        return {
            viewer.audience.site: viewer.line()
            for peer, viewer in self
            if peer.connected and viewer.audience.site is not None
        }

    def pictures(self) -> Counter[str]:
        """Of the connected public, how many get which rendition, `stills`, or `none`."""
        lines = (one.line() for peer, one in self if peer.connected and not one.audience.room)
        return Counter(
            "none" if line.rendition is None else "stills" if line.stills else str(line.rendition)
            for line in lines
        )

    @property
    def dropped(self) -> int:
        """Access units that present viewers lost because the port was congested."""
        return sum(viewer.dropped for _, viewer in self)
