"""Who gets what of the program, and what is taken of whom: the one place that says so. Pure."""

from dataclasses import dataclass, field

from streams.downlink.viewer import Audience
from streams.frames import EncodedFrame, Feed, Packet, SiteId, screen_site, site_of
from streams.rtp.packetise import Packetised


@dataclass(slots=True)
class Rights:
    """As they are now."""

    take_room: bool = False
    """Whether the public may have the room's packets at all; a second guard beside their marks."""
    open_microphones: frozenset[SiteId] = frozenset()
    put_out: frozenset[SiteId] = frozenset()
    """Sites that get nothing, and of which nothing is taken."""
    sharing: frozenset[SiteId] = frozenset()
    """Sites whose screen is taken beside their camera."""
    voiced: set[SiteId] = field(default_factory=set)
    """Sites to which an operator talks, once something of it came."""

    @property
    def public_feed(self) -> str:
        return Feed.ROOM if self.take_room else Feed.PUBLIC

    def may_send(self, frame: EncodedFrame) -> bool:
        """Of a screen the picture alone: who shares it is heard by his microphone, or not."""
        source = frame.source
        if source[:1] != "@":  # asked of each packet
            return source not in self.put_out
        if site_of(source) in self.put_out:
            return False
        site = screen_site(source)
        return site is None or (site in self.sharing and frame.codec.is_video)

    def may_have(self, audience: Audience, packet: Packet | Packetised) -> bool:
        if not audience.room:
            return packet.public and packet.feed == self._outside(packet)
        if audience.site in self.put_out:
            return False
        if packet.codec.is_video or audience.site is None or not self.has_own(audience.site):
            return packet.feed == Feed.ROOM
        return packet.feed == Feed.minus(audience.site)

    def all_may_have(self, packet: Packet | Packetised) -> tuple[bool, bool]:
        """Of the public, and of the room. Sites with a feed of their own do not count: they
        are in no group."""
        feed = packet.feed
        return packet.public and feed == self._outside(packet), feed == Feed.ROOM

    def _outside(self, packet: Packet | Packetised) -> str:
        """What the public gets of pictures, or of sound."""
        feed = self.public_feed
        return feed if packet.codec.is_video else Feed.in_pairs(feed)

    def has_own(self, site: SiteId) -> bool:
        """It gets a mix of its own."""
        return site in self.open_microphones or site in self.voiced
