"""The relay: sites in, program out, over one UDP port. Decodes nothing.

One scheduler serves all connections (`waking`, `ticker`).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from operator import itemgetter

from config.settings import Media
from streams.bandwidth.renditions import Rates
from streams.bandwidth.steering import Steering
from streams.connections.peer import Peer
from streams.connections.peers import Connection, Peers
from streams.connections.sdp import (
    Direction,
    Offer,
    OfferError,
    Section,
    numbered,
    read_offer,
)
from streams.connections.ticker import Ticker, end
from streams.downlink.backlog import Backlog
from streams.downlink.fanout import Lane, Lanes, Unit
from streams.downlink.viewer import Audience, Viewer
from streams.downlink.viewers import Heard, Viewers
from streams.frames import AUDIO_CLOCK_RATE, NS_PER_S, EncodedFrame, Feed, Packet, SiteId, talk_to
from streams.lines import DownLine, Line, PortCounts
from streams.rights import Rights
from streams.rtp.packetise import Packetised, packetise
from streams.udp.addresses import where_told
from streams.udp.many import Out
from streams.udp.port import Port
from streams.udp.waking import Haste
from streams.uplink.echo import Echo
from streams.uplink.publishers import Publishers, SiteTaken
from streams.uplink.talkback import Talkback, TalkRefused

__all__ = [
    "Audience",
    "Connection",
    "Line",
    "OfferError",
    "Rates",
    "Relay",
    "SiteTaken",
    "TalkRefused",
]

KEYFRAME_INTERVAL_NS = 1_000_000_000
HELD_UP_NS = 20_000_000
"""What took so long to leave was held up here, and is not taken for a queue on anybody's line."""
FADING_S = 0.3
"""Who was heard until now gets the room without himself for so long: what the studio made before it
knew has his voice. And where an operator talked, the program comes back below that."""
MAX_ECHOES = 20
ECHO_S = 30.0
"""A test of a line takes ten seconds; whoever forgets to hang up is hung up on."""

_PEER = itemgetter(0)

log = logging.getLogger(__name__)


class Relay:
    def __init__(
        self,
        settings: Media,
        rates: Rates,
        *,
        on_frame: Callable[[EncodedFrame], None],
        on_source_gone: Callable[[SiteId], None],
        on_keyframe_wanted: Callable[[str], None],
        on_heard: Callable[[Heard], None] = lambda _: None,
    ) -> None:
        self._settings, self._rates = settings, rates
        self._on_frame, self._on_source_gone = on_frame, on_source_gone
        self._on_keyframe_wanted = on_keyframe_wanted
        self._on_heard = on_heard
        self._heard: Heard | None = None
        self._port = Port(self._turn)
        self.lag = self._port.lag
        self._out: Out = self._port
        self.peers = Peers(settings, self._port, self._left)
        self._publishers = Publishers(
            settings.max_sites, on_frame=self._take, on_gone=on_source_gone
        )
        self._viewers = Viewers(settings.max_viewers)
        self._ticker = Ticker(self.peers.values())
        self._lanes = Lanes()
        self._rights = Rights()
        self._patience_s = 0.0
        self._talkback = Talkback(
            self._rights,
            on_frame=on_frame,
            on_rights=self._lanes.dissolve,
            on_over=self._end_talk,
        )
        self._backlog = Backlog()
        self._keyframe_ns: dict[str, int] = {}
        self.port = 0

    async def start(self) -> None:
        """Binds the port. Raises `OSError` where it is in use."""
        media = self._settings
        host = where_told(media.host, media.port, media.addresses)
        self.port = await self._port.open(host, media.port)
        self._out = self._port.out

    async def close(self) -> None:
        await self.peers.close()
        self._port.close()

    # --- connections ---

    async def publish(self, site: SiteId, offer: str) -> Connection:
        """A site begins to send, or (`screen_of`) what it shares. Raises `OfferError`,
        `SiteTaken`."""
        read = read_offer(offer, "publish")
        while (silent := self._publishers.in_the_way(site)) is not None:
            await self.peers.hang_up(silent)
        self._publishers.check_room()
        return self._join(read, "publish", partial(self._publishers.take, site))

    async def view(self, audience: Audience, offer: str) -> Connection:
        """A viewer begins to watch. Raises `OfferError`."""
        self._viewers.check_room(audience)
        read = numbered(read_offer(offer, "view"))
        connection = self._join(read, "view", partial(self._begin_viewing, audience))
        self._tell_heard()
        return connection

    def _begin_viewing(self, audience: Audience, peer: Peer) -> None:
        sections = peer.offer.sections
        peer.traffic = viewer = Viewer(
            audience,
            sections,
            self._steering(sections),
            peer.destination,
            peer.send_run,
            peer.send_rtcp,
            lambda: self._ask_keyframe(audience),
            lambda: self._port.congested,
        )
        self._viewers.take(peer, viewer)

    def _steering(self, sections: tuple[Section, ...]) -> Steering:
        taken = {section.codec.is_video: section for section in sections if section.codec}
        picture = taken.get(True)
        return Steering(
            self._rates.video_bps if True in taken else (),
            self._rates.sound_bps if False in taken else (),
            time.monotonic_ns(),
            feedback=any(section.extension is not None for section in taken.values()),
            probes=picture is not None and picture.retransmission is not None,
        )

    async def echo(self, offer: str) -> Connection:
        """The sound that comes goes back, for `ECHO_S` at most. Raises `OfferError`."""
        if self._echoes() >= MAX_ECHOES:
            raise OfferError(503, "As many lines as are allowed are being tested; try again.")
        return self._join(numbered(read_offer(offer, "echo")), "echo", self._begin_echo)

    @staticmethod
    def _begin_echo(peer: Peer) -> None:
        peer.traffic = Echo(peer.offer.sections, peer.send_rtp, peer.send_rtcp)
        asyncio.get_running_loop().call_later(ECHO_S, peer.end)

    async def talk(self, site: SiteId, offer: str) -> Connection:
        """An operator talks to one site. Raises `OfferError`, `TalkRefused`."""
        read = read_offer(offer, "publish")
        self._talkback.check(site, self.returns())
        return self._join(read, "publish", partial(self._talkback.begin, site))

    @property
    def talks(self) -> frozenset[SiteId]:
        """The sites to which an operator talks, and nobody else."""
        return frozenset(self._rights.voiced)

    async def expel(self, site: SiteId) -> None:
        """Ends all that a site sends and all that it gets back: its link was revoked."""
        for name in (*self._viewers.of_site(site), *self._publishers.of_site(site)):
            await self.peers.hang_up(name)

    def _join(
        self, offer: Offer, direction: Direction, begin: Callable[[Peer], None]
    ) -> Connection:
        connection = self.peers.join(offer, direction, begin)
        self._settle_patience()
        return connection

    def _left(self, peer: Peer) -> None:
        self._viewers.leave(peer)
        self._ticker.leave(peer)
        self._talkback.leave(peer)
        self._publishers.leave(peer)
        self._settle_patience()

    # --- program out ---

    def send(self, packet: Packet | Packetised) -> None:
        """A program packet, to everybody who may have it. The studio's come packetised."""
        if isinstance(packet, Packet):
            packet = packetise(packet)
        feed, codec, pts, _, _, rendition, _ = packet
        lane, now_ns = self._lanes[feed, codec.real, rendition], time.monotonic_ns()
        if not lane.is_video:
            age_ns, backlog = now_ns - pts * NS_PER_S // AUDIO_CLOCK_RATE, self._backlog
            usual = backlog.early_ns <= age_ns <= backlog.late_ns
            if not usual and backlog.leaves_out(age_ns, now_ns):
                return
        unit = lane.put(packet)
        try:
            lane.send_to_groups(unit, self._rights.all_may_have(packet), self._out, now_ns)
        except Exception:
            log.exception("the groups of %s are dissolved by a fault of ours", packet.feed)
            lane.dissolve()
        if alone := self._viewers.alone[lane.is_video]:
            for peer, viewer in [*alone.values()]:
                if peer.connected:
                    self._offer(peer, viewer, packet, lane, unit, now_ns)
        if time.monotonic_ns() - now_ns > HELD_UP_NS:
            self._viewers.disregard(now_ns)
        self._port.on_program(now_ns)

    def _offer(
        self, peer: Peer, viewer: Viewer, packet: Packetised, lane: Lane, unit: Unit, now_ns: int
    ) -> None:
        try:
            if self._rights.may_have(viewer.audience, packet):
                viewer.offer(lane, unit, now_ns)
            else:
                viewer.leave(lane)
        except Exception as error:
            end(peer, error)

    def set_open_microphones(
        self, sites: frozenset[SiteId], booths: frozenset[SiteId] = frozenset()
    ) -> None:
        """These sites get the room's sound without their own. Nobody talks to them any more, nor to
        `booths`, which are heard by who chose their language."""
        last = self._rights.open_microphones
        if sites != last:
            self._rights.open_microphones = sites
            self._fade(last - sites)
            self._lanes.dissolve()
        self._talkback.keep_from(sites | booths)
        self._lanes.forget(lambda site: not self._rights.has_own(site))

    def _end_talk(self, site: SiteId) -> None:
        self._fade(frozenset({site}))
        self._on_source_gone(talk_to(site))

    def _fade(self, sites: frozenset[SiteId]) -> None:
        """They keep the mix of their own for a moment."""
        self._rights.fading.update(sites)
        asyncio.get_running_loop().call_later(FADING_S, self._rights.fading.subtract, sites)

    def _tell_heard(self) -> None:
        self._viewers.changed = False
        heard = self._viewers.heard(self._rights.sounds)
        if heard != self._heard:
            self._heard = heard
            self._on_heard(heard)

    def set_put_out(self, sites: frozenset[SiteId]) -> None:
        """These sites get nothing, and nothing of theirs is taken, from the next packet on;
        `expel` ends their connections."""
        if sites != self._rights.put_out:
            self._rights.put_out = sites
            self._lanes.dissolve()

    def set_booths(self, booths: Mapping[SiteId, str]) -> None:
        """Interpreters sit there, and into which language: who chose it hears them."""
        if booths != self._rights.booths:
            self._rights.booths = booths
            self._lanes.dissolve()
            self._viewers.changed = True

    def listen(self, connection_id: str, language: str) -> bool:
        """Its viewer wants to hear that interpreter; "": the room as it is. False if there is no
        viewer of that name."""
        peer = self.peers.get(connection_id)
        if peer is None or not isinstance(peer.traffic, Viewer):
            return False
        peer.traffic.listen(language)
        return True

    def set_sharing(self, sites: frozenset[SiteId]) -> None:
        """Of these sites' screens pictures are taken; whoever else sends some is hung up on."""
        self._rights.sharing = sites
        self._publishers.end_screens(sites)

    def set_public(self, *, take_room: bool) -> None:
        """Whether the public may have the room's packets at all."""
        if take_room is not self._rights.take_room:
            self._rights.take_room = take_room
            self._lanes.dissolve()

    def _ask_keyframe(self, audience: Audience) -> bool:
        """However many viewers wish for one."""
        feed = Feed.ROOM if audience.room else self._rights.public_feed
        now_ns = time.monotonic_ns()
        if now_ns - self._keyframe_ns.get(feed, -KEYFRAME_INTERVAL_NS) < KEYFRAME_INTERVAL_NS:
            return False
        self._keyframe_ns[feed] = now_ns
        self._on_keyframe_wanted(feed)
        return True

    # --- sites in ---

    def set_awaited(self, sources: frozenset[SiteId]) -> None:
        """What these send is on air or about to be, and is read as it comes."""
        if sources != self._publishers.awaited:
            self._publishers.awaited = sources
            self._settle_patience()

    def _settle_patience(self) -> None:
        """Who talks or tests his line is read at once, and of who joins each flight."""
        patience_s = 0.0 if self._talkback.talkers else self._publishers.patience_s
        if patience_s and (
            self._echoes() or not all(peer.connected for peer in self.peers.values())
        ):
            patience_s = 0.0
        if patience_s != self._patience_s:
            self._patience_s = patience_s
            self._port.be_patient(patience_s)

    def _echoes(self) -> int:
        return sum(isinstance(peer.traffic, Echo) for peer in self.peers.values())

    def _take(self, frame: EncodedFrame) -> None:
        """Nothing comes in that may not, whatever still sends it."""
        if self._rights.may_send(frame):
            self._on_frame(frame)

    def ask_keyframe(self, source: SiteId) -> None:
        """A PLI to the site, at most one per 500 ms."""
        self._publishers.ask_keyframe(source)

    def lines(self) -> dict[SiteId, Line]:
        """The sites that are connected."""
        return self._publishers.lines()

    def screens(self) -> dict[SiteId, Line]:
        """Of the sites whose screen comes, by the site."""
        return self._publishers.screens()

    def returns(self) -> dict[SiteId, DownLine]:
        """What the connected sites are sent back, and how well it goes."""
        return self._viewers.returns()

    def public_pictures(self) -> Mapping[str, int]:
        """How many of the public get which rendition (`Viewers.pictures`)."""
        return self._viewers.pictures()

    def port_counts(self) -> PortCounts:
        """Since the start."""
        good, failed = self.peers.handshakes
        return PortCounts(
            strangers=self._port.strangers,
            dropped=self._port.dropped,
            handshakes=good,
            handshakes_failed=failed,
        )

    @property
    def viewers(self) -> int:
        return len(self._viewers)

    @property
    def served_alone(self) -> int:
        """Connected viewers whose pictures are served to each alone: they cost extra."""
        return self._viewers.served_alone

    @property
    def dropped(self) -> int:
        """Access units that present viewers lost because the port was congested."""
        return self._viewers.dropped

    def _turn(self, now_ns: int) -> Haste:
        """Nothing waits for a viewer who is in a group, but for his probes."""
        alone, sites = self._viewers.alone[True], self._publishers
        restless = [
            *map(_PEER, alone.values()),
            *map(_PEER, sites.values()),
            *self._talkback.talkers,
        ]
        haste = self._ticker.take(restless, now_ns)
        if self._ticker.complete:
            if self._viewers.changed:
                self._tell_heard()
            self._settle_patience()
        return haste
