"""What a connected viewer gets: the program's packets under his own numbers.

Which packets he may have, the relay says; how much of them his line carries, his `Steering`; what
he tells of that goes by `ViewerRtcp`.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from streams.bandwidth.renditions import STILL_INTERVAL_S, WIRE_OCTETS
from streams.bandwidth.sparing import Sparing
from streams.bandwidth.steering import Steering
from streams.connections.sdp import Section
from streams.downlink.fanout import Lane, Payload, Unit
from streams.downlink.group import Group
from streams.downlink.pacer import Pacer, spread_ns
from streams.downlink.track import BEAT, MAX_OVERLAP, PADDING, DownTrack
from streams.downlink.viewer_rtcp import ViewerRtcp
from streams.frames import NS_PER_S, SiteId
from streams.lines import DownLine
from streams.udp.sending import Run
from streams.udp.srtp import Destination

REPORT_INTERVAL_NS = NS_PER_S
OFTEN, SELDOM = 10, 3
"""So many reports come one after the other, that sound and picture of a newcomer find each other;
later one in three: the clocks that they tell of are one."""
AROUND = 16 + WIRE_OCTETS
"""What SRTP adds to a packet, and UDP and IP."""
SMALLEST = 1 << 30
RESENDS = 300
"""Packets sent again to one viewer in a second, about as many as the program has. More are not
lost but the line is: and one small NACK could make us send megabytes."""
WISHES, WISHES_S = 3, 30
"""So many keyframes are made for one viewer in so many seconds, beside those that come anyway: each
costs as much as ten other pictures, and all who watch pay."""
STILL_INTERVAL_NS = STILL_INTERVAL_S * NS_PER_S
CATCH_UP_OCTETS = 60_000
"""What a newcomer gets first, of the smallest picture, so that he need not wait for a keyframe.
Where it is more he gets the keyframe alone."""
PIECE = 2
"""Packets of a picture that leave together where it is spread over time."""
REPEATS = 200
"""Packets that wait to be sent a second time. Policy: the oldest goes, it is late by then."""
PROBE_PACKETS = 24
"""At most, in one turn."""
BEAT_NS = 100_000_000
"""Firefox tells when pictures came, and nothing of sound: where there are none, some octets of
padding so often are told of instead."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who a viewer is."""

    room: bool
    """False: the public, who get only what is marked so."""
    site: SiteId | None = None
    """A site's return feed: mix-minus applies."""
    language: str = ""
    """The interpreter's whom he wants to hear (BCP 47); "": the room as it is."""


class Viewer:
    """The traffic of one viewer's connection.

    What the port cannot take is dropped by whole access units, and counted. Their numbers stay
    unused, so that a NACK brings them after all once there is room again.
    """

    checks_suffice = True

    def __init__(
        self,
        audience: Audience,
        sections: tuple[Section, ...],
        steering: Steering,
        destination: Callable[[], Destination | None],
        send_run: Callable[[Run], None],
        send_rtcp: Callable[[bytes], None],
        ask_keyframe: Callable[[], bool],
        is_congested: Callable[[], bool] = lambda: False,
    ) -> None:
        """`ask_keyframe`: False where one was asked for just before."""
        self.audience = audience
        self.dropped = 0
        """Access units that the port could not take."""
        self.steering = steering
        self._is_congested = is_congested
        self._resends = RESENDS
        self._destination, self._send_run, self._send_rtcp = destination, send_run, send_rtcp
        self._ask_keyframe = ask_keyframe
        self._wishes = WISHES
        self._streams = {
            section.codec.is_video: DownTrack(section)
            for section in sections
            if section.codec is not None
        }
        self._rtcp = ViewerRtcp(steering, self._streams, self._send_again, self._wish)
        self.sent = steering.sent
        self._choice = steering.choice
        """As of when he joined his groups."""
        self.grouped = [False, False]
        """In a group, and is not asked: with sound, with pictures."""
        self.on_grouped: Callable[[bool], None] = lambda _video: None
        """Is told when that changes, of pictures or of sound."""
        self.on_choice: Callable[[], None] = lambda: None
        """Is told when his line takes more or less."""
        picture, sound = self._streams.get(True), self._streams.get(False)
        self._beats = (
            picture is not None
            and picture.is_told
            and picture.section.retransmission is not None
            and not (sound is None or sound.is_told)
        )
        self._began = False
        self._whole = False
        """All pictures since the last keyframe were sent: the next can be decoded."""
        self._still_ns = -STILL_INTERVAL_NS
        self.pacer: Pacer[tuple[Payload, ...]] = Pacer()
        self._repeats: deque[Payload] = deque(maxlen=REPEATS)
        self._sparing = Sparing()
        self.spared_ns = 0
        self._reported_ns = self._seconds = 0
        self._octets_reported = 0
        self._sent_bps = 0.0
        self._resent = 0

    # --- the program ---

    def offer(self, lane: Lane, unit: Unit, now_ns: int) -> None:
        """A unit that he may have, of each rendition in turn, the whole one first."""
        stream = self._streams.get(lane.is_video)
        if stream is None or not unit.packets:
            return
        if not lane.is_video:
            self._offer_sound(stream, lane, unit, now_ns)
        elif not self._began:
            self._begin(stream, lane, unit, now_ns)
        elif unit.key:
            self._offer_keyframe(stream, lane, unit, now_ns)
        else:
            self._offer_picture(stream, lane, unit, now_ns)

    def _offer_sound(self, stream: DownTrack, lane: Lane, unit: Unit, now_ns: int) -> None:
        """Each packet stands alone: feeds and renditions change at any, and none is sent twice."""
        if lane.ladder.serving(self.steering.choice.sound, unit.pts) is not lane:
            return
        if stream.last_pts - MAX_OVERLAP < unit.pts <= stream.last_pts:
            return
        if not stream.numbering.follows(lane):
            stream.numbering.switch(lane, unit.number)
        self._send(stream, (unit,), now_ns)
        self._join_group(stream, lane)

    def _begin(self, stream: DownTrack, lane: Lane, unit: Unit, now_ns: int) -> None:
        """A newcomer sees the smallest picture at once, from the newest keyframe on; the one that
        his line carries from its next keyframe on. None where it carries no picture at all."""
        if self.steering.choice.video is None:
            return
        if lane.ladder.serving(SMALLEST, unit.pts) is not lane:
            return
        past = lane.since_key
        if not past or not (self.audience.room or all(one.public for one in past)):
            self._wish()
            return
        self._began = True
        self._whole = sum(one.octets for one in past) <= CATCH_UP_OCTETS
        stream.numbering.switch(lane, past[0].number)
        first_ns = spread_ns(past[0].octets, self.steering.pacing_bps)
        stream.numbering.catch_up(unit.timestamp, now_ns, first_ns)
        self._send_pictures(stream, past if self._whole else past[:1], now_ns)

    def _offer_keyframe(self, stream: DownTrack, lane: Lane, unit: Unit, now_ns: int) -> None:
        choice, numbering = self.steering.choice, stream.numbering
        chosen = None if choice.video is None else lane.ladder.serving(choice.video, unit.pts)
        if chosen is not lane:
            self._whole = self._whole and not numbering.follows(lane)
            return
        if choice.stills and now_ns - self._still_ns < STILL_INTERVAL_NS:
            self._whole = False
            return
        self._still_ns = now_ns
        if not (self._whole and numbering.follows(lane)):
            # Also where he skipped some of this lane: nobody may ask for those.
            self._forget_waiting()
            numbering.switch(lane, unit.number)
        self._whole = True
        self._send_pictures(stream, (unit,), now_ns)
        self._join_group(stream, lane)

    def _offer_picture(self, stream: DownTrack, lane: Lane, unit: Unit, now_ns: int) -> None:
        choice, follows = self.steering.choice, stream.numbering.follows(lane)
        if choice.video is None or choice.stills:
            self._whole = self._whole and not follows
            if choice.video is None:
                self._forget_waiting()
            return
        if follows and choice.hold and lane.rendition != choice.video:
            self._whole = False
            self._forget_waiting()
        if follows and self._whole:
            self._send_pictures(stream, (unit,), now_ns)
            self._join_group(stream, lane)
        elif not self._whole:
            self._wish()

    def _wish(self) -> None:
        """For a keyframe."""
        if self._wishes and self._ask_keyframe():
            self._wishes -= 1

    def leave(self, lane: Lane) -> None:
        """What comes on this lane now is not for him; he returns to it at a keyframe."""
        stream = self._streams.get(lane.is_video)
        if stream is not None and stream.numbering.follows(lane):
            self.leave_group(video=lane.is_video)
            stream.numbering.switch(None, 0)
            if lane.is_video:
                self._forget_waiting()
            self._whole = self._whole and not lane.is_video

    def listen(self, language: str) -> None:
        """His sound is another from its next packet on."""
        self.audience = replace(self.audience, language=language)
        self.leave_group(video=False)
        self.on_choice()

    # --- with others ---

    def _join_group(self, stream: DownTrack, lane: Lane) -> None:
        """From the next unit on, if nothing is special about him."""
        choice, numbering = self.steering.choice, stream.numbering
        if (
            not (lane.ladder.shared and numbering.follows(lane))
            or stream.is_redundant(choice.redundant)
            or self._is_congested()
        ):
            return
        if not lane.is_video:
            plain = choice.sound == lane.rendition
        else:
            usual = self._whole and not (choice.stills or choice.twice or numbering.is_behind)
            empty = not (self.pacer.waits or self._repeats)
            plain = usual and empty and choice.video == lane.rendition
        destination = self._destination() if plain else None
        if destination is not None:
            self._choice = choice
            self.grouped[lane.is_video] = True
            self.on_grouped(lane.is_video)
            stream.join_group(lane, self, destination, room=self.audience.room)
            self._change_log()

    def leave_group(self, *, video: bool) -> None:
        """From the present unit on he is asked about each."""
        if self.grouped[video]:
            self.grouped[video] = False
            self.on_grouped(video)
            self._streams[video].leave_group()
            self._change_log()

    def _groups(self) -> list[Group]:
        """In which he is, sound first."""
        streams = self._streams.get(False), self._streams.get(True)
        return [one.group for one in streams if one is not None and one.group is not None]

    def _change_log(self) -> None:
        """To that of those who are in the same groups."""
        groups = self._groups()
        log = groups[0].log(groups[1] if len(groups) > 1 else None) if groups else None
        self.sent.follow(log)
        self._renumber()

    def disregard(self, sent_ns: int) -> None:
        """What was said to be sent then left later, by our fault: it tells nothing of the line."""
        self.sent.disregard(sent_ns)

    def takes(self, *, video: bool) -> bool:
        """Whether he agreed to pictures, or to sound, at all."""
        return video in self._streams

    def on_moved(self) -> None:
        """His address is another."""
        self.leave_group(video=False)
        self.leave_group(video=True)

    def look(self) -> None:
        """After whatever the steering may have learned."""
        rate_bps = self.steering.pacing_bps
        if rate_bps != self.pacer.rate_bps:
            self.pacer.rate_bps = rate_bps
            for group in self._groups():
                group.pace(self)
        if self._choice is not self.steering.choice:
            if self._choice != self.steering.choice:
                self.on_choice()
                self.on_moved()
            self._choice = self.steering.choice

    # --- pictures over time, and twice ---

    def _send_pictures(self, stream: DownTrack, units: Sequence[Unit], now_ns: int) -> None:
        """At once where the line takes it; else piece by piece, and sound goes past them."""
        pacer, steering = self.pacer, self.steering
        pacer.rate_bps = steering.pacing_bps
        if steering.choice.twice and stream.section.retransmission is not None:
            self._repeats.extend(payload for unit in units for payload in unit.payloads)
        if pacer.admits(sum(unit.octets for unit in units), now_ns):
            self._send(stream, units, now_ns)
            return
        stream.last_pts = units[-1].pts
        for unit in units:
            self._put(unit)
        self._send_due(stream, now_ns)

    def _put(self, unit: Unit) -> None:
        for at in range(0, len(unit.payloads), PIECE):
            piece = unit.payloads[at : at + PIECE]
            if not self.pacer.put(piece, sum(len(payload.data) for payload in piece)):
                self.dropped += 1
                self._whole = False
                return

    def _send_due(self, stream: DownTrack, now_ns: int) -> None:
        if self._is_congested():
            return
        due = self.pacer.due(now_ns)
        run = [self._packet(stream, one, now_ns) for piece in due for one in piece]
        if run:
            self._emit(stream, run, now_ns)

    def _send_repeats(self, stream: DownTrack, now_ns: int) -> None:
        """A turn after the first time, so that one burst of loss does not take both."""
        if self._is_congested():
            return
        run, repeats = list[tuple[bytes, bytes]](), self._repeats
        while repeats:
            number = stream.numbering.sequence_of(repeats[0])
            if number is None:
                break  # it waits itself
            run.append(stream.again(repeats.popleft(), number, self._transport(stream)))
        if run:
            self._emit(stream, run, now_ns)

    def _forget_waiting(self) -> None:
        self.pacer.clear()
        self._repeats.clear()

    # --- packets ---

    def _send(self, stream: DownTrack, units: Sequence[Unit], now_ns: int) -> None:
        if self._is_congested():
            self.dropped += len(units)
            return
        stream.last_pts = units[-1].pts
        for unit in units:
            run = [self._packet(stream, one, now_ns) for one in unit.payloads]
            self._emit(stream, run, now_ns)

    def _transport(self, stream: DownTrack) -> int:
        """The number of the next packet, where it has one."""
        return self.sent.take() if stream.is_told else 0

    def _emit(self, stream: DownTrack, run: Run, now_ns: int) -> None:
        """`run` has just got the last transport-wide numbers, or none."""
        octets = sum(len(head) + len(payload) for head, payload in run) + AROUND * len(run)
        self._renumber()
        self.sent.note_taken(len(run) if stream.is_told else 0, octets, now_ns)
        self._send_run(run)

    def _packet(self, stream: DownTrack, payload: Payload, now_ns: int) -> tuple[bytes, bytes]:
        choice, room = self.steering.choice, self.audience.room
        if stream.numbering.is_behind:
            stream.numbering.leaves(payload, now_ns)
        transport = self._transport(stream)
        return stream.packet(payload, transport, redundant=choice.redundant, room=room)

    def _renumber(self) -> None:
        """What goes to him in groups has other numbers from now on."""
        for group in self._groups():
            group.renumber(self)

    def on_rtp(self, packet: bytes, now_ns: int) -> None:
        """A viewer sends nothing that we want."""

    def on_rtcp(self, compound: bytes, now_ns: int) -> None:
        if self._rtcp.read(compound, now_ns):
            self.spared_ns = self._sparing.until_ns(self.steering, now_ns)
        self.look()

    def _send_again(self, video: bool, lost: list[int], now_ns: int) -> None:
        if self._is_congested() or (video and self.steering.choice.video is None):
            return
        run, stream = list[tuple[bytes, bytes]](), self._streams[video]
        for sequence in lost:
            payload = stream.numbering.lost(sequence)
            if payload is None or not (self.audience.room or payload.public):
                continue
            if self._resends <= 0:
                break
            self._resends -= 1
            run.append(stream.again(payload, sequence, self._transport(stream)))
            if self.steering.choice.redundant and stream.section.retransmission is not None:
                self._repeats.append(payload)
        if run:
            self._resent += len(run)
            self._emit(stream, run, now_ns)

    # --- time ---

    @property
    def hurries(self) -> bool:
        """Whether something waits for its moment; else a turn now and then is enough."""
        return bool(self.pacer.waits or self._repeats or self.steering.probe)

    def tick(self, now_ns: int) -> None:
        if now_ns >= self.steering.turn_ns:
            self.steering.tick(now_ns)
            self.look()
            if not self.steering.at_ease:
                self.spared_ns = 0
        pictures = self._streams.get(True)
        if pictures is not None and (self._repeats or self.pacer.waits):
            self._send_repeats(pictures, now_ns)
            self._send_due(pictures, now_ns)
        if self.steering.probe and (octets := self.steering.probe_octets(now_ns)) > 0:
            self._probe(octets, now_ns)
        if self._beats:
            self._beat(now_ns)
        if now_ns - self._reported_ns >= REPORT_INTERVAL_NS:
            self._report(now_ns)

    def _probe(self, octets: int, now_ns: int) -> None:
        """Sends pictures again that came already, which players pass over; padding where none
        did."""
        stream = self._streams.get(True)
        lane = None if stream is None else stream.numbering.lane
        if stream is None or lane is None or stream.section.retransmission is None:
            return
        if self._is_congested():
            return
        run: list[tuple[bytes, bytes]] = []
        for payload in lane.newest(PROBE_PACKETS):
            number = stream.numbering.sequence_of(payload)
            if octets <= 0:
                break
            if number is not None and (self.audience.room or payload.public):
                run.append(stream.again(payload, number, self._transport(stream)))
                octets -= len(payload.data) + len(run[-1][0])
        if not run:
            count = octets // len(PADDING)
            run = [stream.padding(self._transport(stream)) for _ in range(count)]
        if run:
            self._emit(stream, run, now_ns)

    def _beat(self, now_ns: int) -> None:
        stream = self._streams[True]
        self.sent.catch_up()
        if now_ns - self.sent.last_ns >= BEAT_NS and not self._is_congested():
            self._emit(stream, [stream.padding(self._transport(stream), BEAT)], now_ns)

    def _report(self, now_ns: int) -> None:
        elapsed_ns = now_ns - self._reported_ns
        octets = self.steering.sent_octets
        self._sent_bps = (octets - self._octets_reported) * 8 * NS_PER_S / elapsed_ns
        self._octets_reported, self._reported_ns = octets, now_ns
        self._resends = RESENDS
        self._rtcp.renew()
        self._seconds += 1
        if self._seconds % WISHES_S == 0:
            self._wishes = WISHES
        tells = self._seconds <= OFTEN or self._seconds % SELDOM == 0
        reports = b""
        for video, stream in self._streams.items():
            lane = stream.numbering.lane
            if lane is not None and not lane.is_served:
                # That rendition is made no more: he looks for another.
                self.leave_group(video=video)
            if tells:
                reports += stream.sender_report(now_ns)
        if reports:
            self._send_rtcp(reports)

    def line(self) -> DownLine:
        """How this viewer's line is now."""
        steering, choice = self.steering, self.steering.choice
        picture, sound = self._streams.get(True), self._streams.get(False)
        lane = None if picture is None else picture.numbering.lane
        heard = None if sound is None else sound.numbering.lane
        return DownLine(
            rendition=None if lane is None or choice.video is None else lane.rendition,
            sound=0 if heard is None else heard.rendition,
            estimate_bps=steering.estimate_bps,
            loss_percent=100 * steering.loss,
            rtt_ms=None if steering.rtt_ns is None else steering.rtt_ns / 1e6,
            sent_bps=self._sent_bps,
            frames_dropped=self.dropped,
            stills=choice.stills,
            nacks=self._rtcp.nacks,
            resent=self._resent,
            plis=self._rtcp.plis,
        )
