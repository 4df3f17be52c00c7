"""Who gets what of the program, and what is taken of whom: the one place that says so. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.downlink.viewer import Audience
from streams.frames import EncodedFrame, Feed, Packet, SiteId, screen_site, site_of
from streams.rtp.packetise import Packetised

_NOBODY = Audience(room=False)
_SPOKEN, _SPOKEN_OUTSIDE = Feed.language(""), Feed.in_pairs(Feed.language(""))
"""How the feeds of all languages begin."""


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
    fading: Counter[SiteId] = field(default_factory=Counter)
    """Sites that had a mix of their own until a moment ago, once for each time."""
    booths: Mapping[SiteId, str] = field(default_factory=dict)
    """Where interpreters sit, and into which language."""

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
        """Whether it is of the one feed that this audience gets, and may leave the room to it."""
        if not audience.room:
            return packet.public and packet.feed == self._outside(packet, audience)
        if audience.site in self.put_out:
            return False
        if packet.codec.is_video:
            return packet.feed == Feed.ROOM
        code = self.language_of(audience)
        if audience.site is None or not self.has_own(audience.site):
            return packet.feed == (Feed.language(code) if code else Feed.ROOM)
        return packet.feed == Feed.minus(audience.site, code)

    def all_may_have(self, packet: Packet | Packetised) -> tuple[bool, bool]:
        """Of the public, and of the room, that follow this feed, be it a language. Sites with one
        of their own do not count: they are in no group."""
        feed = packet.feed
        outside = feed == self._outside(packet, _NOBODY)
        outside = outside or (self.take_room and feed.startswith(_SPOKEN_OUTSIDE))
        return packet.public and outside, feed == Feed.ROOM or feed.startswith(_SPOKEN)

    def _outside(self, packet: Packet | Packetised, audience: Audience) -> str:
        """What the public gets of pictures, or of sound."""
        if packet.codec.is_video:
            return self.public_feed
        code = self.language_of(audience) if self.take_room else ""
        return Feed.in_pairs(Feed.language(code) if code else self.public_feed)

    def sounds(self, audience: Audience) -> tuple[str, ...]:
        """All that he may get from now on, so that a change finds it made."""
        code = self.language_of(audience)
        mix = Feed.language(code) if code else Feed.ROOM
        if not audience.room:
            return Feed.in_pairs(mix), Feed.in_pairs(Feed.PUBLIC)
        return (mix, Feed.minus(audience.site, code)) if audience.site else (mix,)

    def language_of(self, audience: Audience) -> str:
        """What he chose, if there is an interpreter. Who interprets himself hears the room."""
        code = audience.language
        if code and (code not in self.booths.values() or audience.site in self.booths):
            return ""
        return code

    def has_own(self, site: SiteId) -> bool:
        """It gets a mix of its own."""
        return site in self.open_microphones or site in self.voiced or self.fading[site] > 0
