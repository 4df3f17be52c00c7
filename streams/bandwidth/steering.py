"""How much of the program one viewer gets, by what his line tells. Pure: time is an argument.

Down at once, up after a probe (`probing`) or, where none can be sent, by steps; sound before
pictures. A queue on the line says that it is full, and what arrives meanwhile how much it carries
(`congestion`). Loss alone says nothing: only loss that grows or falls with what is sent is ours
(`losses`). Where much is lost anyway, pictures of fewer packets come whole more often, the more so
if each packet is sent twice. A viewer whose line went silent gets thin sound only, until it is
heard of again, and then what it had.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from streams.bandwidth.congestion import FREE_NS, Congestion
from streams.bandwidth.losses import Finding, Losses, Redundance
from streams.bandwidth.pace import Pace
from streams.bandwidth.probing import OVERDUE_NS, Probe, Retries, Verdict
from streams.bandwidth.remb import RembSteering
from streams.bandwidth.renditions import STILLS_BPS, levels
from streams.bandwidth.sent import Sent
from streams.frames import NS_PER_MS
from streams.rtp.twcc import parse

SHARE = 0.95
"""Of what a full line carried, so that its queue drains."""
MARGIN = 1.05
"""A probe is for so much more than the rendition needs."""
STANDING_NS = 80 * NS_PER_MS
"""A queue that stands so long is too long. Who gets less has more patience: of two viewers on one
line the one with more yields."""
FULL_NS = 250 * NS_PER_MS
"""Beyond it there is no waiting for a keyframe, and sound goes alone until the queue is gone."""
DRAINED_NS = 60 * NS_PER_MS
MAX_DRAIN_NS = 5_000 * NS_PER_MS
"""A queue that stands for so long behind a little sound is none: the way became longer."""
SETTLE_NS = 700 * NS_PER_MS
SETTLE_AT_KEYFRAME_NS = 2_700 * NS_PER_MS
"""From a decision to when its effect can be seen, at once or with the next keyframe."""
SILENCE_NS = 1_000 * NS_PER_MS
"""Without feedback for so long, and a round trip, the line is away."""
MUTE_NS = 6_000 * NS_PER_MS
"""Who agreed to feedback and gave none by then goes by his reports."""
TURN_NS, EASY_TURN_NS = 100 * NS_PER_MS, 400 * NS_PER_MS
"""Where everything goes, feedback tells when it no longer does."""
START = 1.0
"""Of the smallest picture's rate: how fast a newcomer gets what was before he came, until his line
is known to carry more."""
BEGINNING_NS, UNTOLD_OCTETS, UNTOLD_SHARE = 1_000 * NS_PER_MS, 5_000, 0.3
"""In his first second, while more than about a keyframe is on its way that he told nothing of, the
rest follows at that share. On a good line he has told of the keyframe by then."""
CROWDED_NS = 80 * NS_PER_MS
"""A newcomer with such a queue gets sound alone until it is gone: his line may be very thin."""
EASY_LOSS = 0.02
PROVEN_NS = 60_000 * NS_PER_MS
"""A level that held for so long was no mistake."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a viewer is to get from now on."""

    video: int | None
    """Rendition of the picture, 0 the whole one; None: no picture."""
    stills: bool
    """Only the keyframes of it, and at least `renditions.STILL_INTERVAL_S` apart."""
    sound: int
    """Rendition of the sound: 0 whole, 1 thin."""
    redundant: bool
    """Sound with the packet before in each packet (RFC 2198): packets get lost."""
    twice: bool = False
    """Pictures with each packet twice: the line loses many, and has room."""
    hold: bool = False
    """The line is full: send nothing more of any other rendition than `video`, and ask for a
    keyframe of that. Otherwise the present picture goes on until such a keyframe comes."""


class Steering:
    def __init__(
        self,
        rates_bps: Sequence[float],
        sound_bps: Sequence[float],
        now_ns: int,
        *,
        feedback: bool = True,
        probes: bool = True,
    ) -> None:
        """`feedback`: whether transport-wide feedback was agreed on; it begins with the smallest
        moving picture then, and with the whole one otherwise. `probes`: whether more can be sent
        to him than the program."""
        self._levels = levels(rates_bps, sound_bps)
        self._sound_bps = tuple(sound_bps) or (0.0,)
        self._line, self._losses, self._pace = Congestion(), Losses(), Pace()
        self._retries, self._redundance = Retries(), Redundance()
        self._remb = RembSteering(self._levels)
        self._by_feedback, self._can_probe = feedback, probes
        self._level = self._first_level() if feedback else 0
        self.sent = Sent()
        """Whoever sends tells it what went out at once: a frame, or what is sent again. Octets are
        those of all its datagrams, with what IP and UDP add (`renditions.WIRE_OCTETS`)."""
        self._heard_ns: int | None = None
        self.turn_ns = self._since_ns = self._settled_ns = now_ns  # the first: of the next `tick`
        self._beginning_ns = now_ns + BEGINNING_NS
        self._away = self._draining = self._hold = self._lowered = False
        self._new = True
        """No probe of his has ended, and his line was never full."""
        self._drain_ns = self._probed_ns = 0
        self.probe: Probe | None = None
        """The probe that goes on."""
        self._full: tuple[float, int] | None = None
        self._before_trial = self._level
        self.estimate_bps = self._levels[self._level].need_bps
        """What the line is known to carry; never more than a probe or the program needed."""
        self.choice = self._chosen()
        if feedback:
            self._pace.limit(START * self._picture_bps())

    def _first_level(self) -> int:
        """The smallest moving picture."""
        moving = [i for i, level in enumerate(self._levels) if not level.stills]
        with_picture = [i for i in moving if self._levels[i].video is not None]
        return max(with_picture, default=moving[-1])

    # --- what is told ---

    @property
    def loss(self) -> float:
        """0 to 1, of packets in about the last second."""
        return self._line.loss if self._by_feedback else self._remb.loss

    @property
    def rtt_ns(self) -> int | None:
        return self._remb.rtt_ns

    @property
    def at_ease(self) -> bool:
        """Everything goes, and nothing is tried: reports need not be read as often as they come."""
        if self._level or self.probe or self._away or self._draining:
            return False
        return self.loss < EASY_LOSS and self._line.newest_ns < FREE_NS

    @property
    def sent_octets(self) -> int:
        """So far, with what IP and UDP add."""
        self.sent.catch_up()
        return self.sent.octets

    @property
    def pacing_bps(self) -> float | None:
        """How fast pictures may go out (`pacer.Pacer`); None: the line takes them as they are."""
        rate_bps = self._pace.rate_bps
        if rate_bps is None:
            return None
        if self.probe is not None and not self.probe.waits(self._probed_ns):
            spare_bps = self.probe.rate_bps - self._need_bps(self._level)
            rate_bps = max(rate_bps, spare_bps + self._levels[self._level].picture_bps)
        return rate_bps * UNTOLD_SHARE if self._is_ahead() else rate_bps

    def _is_ahead(self) -> bool:
        if not (self._new and self._by_feedback) or self.sent.last_ns > self._beginning_ns:
            return False
        return sum(octets for _, _, octets, _ in self.sent.since(0)) > UNTOLD_OCTETS

    def on_receiver_report(self, video: bool, fraction_lost: float, rtt_ns: int | None) -> None:
        """`fraction_lost`: 0 to 1; None where the report tells no round trip."""
        self._remb.on_receiver_report(video, fraction_lost, rtt_ns)

    def on_remb(self, bps: int) -> None:
        """The receiver's own estimate, where it sends one."""
        self._remb.on_remb(bps)

    def on_feedback(self, fci: bytes, now_ns: int) -> None:
        """Transport-wide feedback. Raises `ValueError` on garbage."""
        line, feedback = self._line, parse(fci)
        line.on_feedback(feedback, self.sent, now_ns)
        if self._heard_ns is None:
            self._by_feedback = True
            if self._can_probe:
                self._retries.begin(now_ns)
            else:
                self._retries.put_off(now_ns, low=False)
        self._heard_ns = now_ns
        if self._away:
            self._on_return(now_ns)
        elif self._draining:
            self._on_draining(now_ns)
        elif self.probe is not None:
            self._on_probe(self.probe, now_ns)
        elif self._new and line.newest_ns > CROWDED_NS:
            self._drain(now_ns)
            self._retries.put_off(now_ns, low=True)
            self._choose()
        elif line.told_ns < self._settled_ns:
            self._hasten()
        elif line.standing_ns > STANDING_NS * (2 + self._level) // 2 or line.recent_ns > FULL_NS:
            self._on_full(now_ns)

    # --- down ---

    def _hasten(self) -> None:
        """The switch down waits for its keyframe, and the queue does not."""
        if self._line.recent_ns > FULL_NS and self._lowered and not self._hold:
            self._hold = True
            self._choose()

    def _on_full(self, now_ns: int) -> None:
        carried, queue_ns = self._line.carried_bps(), self._line.recent_ns
        if carried is None or self._only_looks_full(carried, queue_ns):
            return
        self._full = carried, queue_ns
        self.estimate_bps = min(self.estimate_bps, carried) * SHARE
        level, full = self._fitting(self.estimate_bps), queue_ns > FULL_NS
        self._hold = full
        if full:
            self._drain(now_ns)
        if level > self._level:
            self._down(level, now_ns)
        self._choose()
        self._pace.limit(self._picture_bps())
        self._settled_ns = now_ns + (SETTLE_NS if self._hold else SETTLE_AT_KEYFRAME_NS)
        self._retries.put_off(now_ns, low=self._level > 1)

    def _drain(self, now_ns: int) -> None:
        self._new, self._draining, self._hold, self._drain_ns = False, True, True, now_ns

    def _only_looks_full(self, carried: float, queue_ns: int) -> bool:
        """Less is sent than when it was full before, and the queue stayed as it was: it is none,
        the way became longer."""
        if self._full is None:
            return False
        before, length_ns = self._full
        if carried > 0.75 * before or abs(queue_ns - length_ns) > length_ns // 5:
            return False
        self._full = None
        self._line.begin_anew()
        return True

    def _down(self, level: int, now_ns: int) -> None:
        if now_ns - self._since_ns < PROVEN_NS:
            self._retries.failed(now_ns, low=level > 1 and self._can_probe)
        self._lowered = True
        self._hold = self._hold or self._need_bps(self._level) > 1.3 * self.estimate_bps
        self._enter(level, now_ns)

    def _on_draining(self, now_ns: int) -> None:
        line = self._line
        carried = line.carried_bps()
        if carried is not None:
            self.estimate_bps = carried * SHARE
        late = now_ns - self._drain_ns > MAX_DRAIN_NS
        if line.recent_ns > DRAINED_NS and not late:
            return
        if late:
            line.begin_anew()
        self._draining = False
        self._losses.begin_anew(line, now_ns)
        self._settled_ns = now_ns + SETTLE_NS
        self._enter(max(self._level, self._fitting(self.estimate_bps)), now_ns)
        self._pace.limit(self._picture_bps())

    def _enter(self, level: int, now_ns: int) -> None:
        self._level, self._since_ns = level, now_ns
        self._choose()

    def _need_bps(self, index: int) -> float:
        """Of a level, with what is sent twice of the sound."""
        level = self._levels[index]
        return level.need_bps + (self._sound_bps[level.sound] if self._redundance.on else 0.0)

    def _fitting(self, bps: float, margin: float = 1.0) -> int:
        """The best level that needs no more."""
        best, end = self._best(), len(self._levels)
        fitting = (i for i in range(best, end) if self._need_bps(i) * margin <= bps)
        return next(fitting, end - 1)

    def _best(self) -> int:
        """Where many packets are lost, not the largest picture."""
        smaller = self._losses.lossy and self._levels[1:] and self._levels[1].video == 1
        return 1 if smaller else 0

    def _twice_bps(self) -> float:
        """What the present level needs with each packet twice."""
        return self._need_bps(self._level) + self._levels[self._level].picture_bps

    def _twice(self) -> bool:
        level = self._levels[self._level]
        moving = level.video is not None and not level.stills
        return self._losses.lossy and moving and self.estimate_bps >= self._twice_bps()

    def _picture_bps(self) -> float:
        """What sound leaves for the picture, of the estimate or of what is sent already. Never
        nothing: what is paced so never leaves."""
        level = self._levels[self._level]
        needs = self._need_bps(self._level)
        return max(self.estimate_bps - needs + level.picture_bps, level.picture_bps, STILLS_BPS)

    # --- away and back ---

    def _watch_silence(self) -> None:
        if self._away:
            return
        sent = self.sent
        if self._heard_ns is None:
            self._by_feedback = sent.last_ns - sent.since_ns < MUTE_NS
        elif sent.last_ns - max(self._heard_ns, sent.since_ns) > SILENCE_NS + (self.rtt_ns or 0):
            self._away = self._hold = True
            self.probe = None
            self._choose()

    def _on_return(self, now_ns: int) -> None:
        line = self._line
        line.forget_loss()
        self._losses.begin_anew(line, now_ns)
        self._away = False
        self._settled_ns = now_ns + SETTLE_NS
        if line.queue_ns > FULL_NS:
            self._drain(now_ns)
        self._choose()

    # --- up ---

    def _on_probe(self, probe: Probe, now_ns: int) -> None:
        verdict = probe.verdict(now_ns)
        if verdict is Verdict.OPEN:
            return
        self.probe, self._lowered, self._new = None, False, False
        self._settled_ns = now_ns + SETTLE_NS
        if verdict is Verdict.CARRIED:
            self._on_carried(probe, now_ns)
        else:
            self._on_not_carried(probe, now_ns)

    def _on_carried(self, probe: Probe, now_ns: int) -> None:
        self._retries.carried(now_ns, proven=now_ns - self._since_ns > PROVEN_NS)
        self._losses.usual = self._line.loss
        self.estimate_bps = max(self.estimate_bps, probe.goal_bps)
        self._choose()
        self._rise(self._fitting(probe.goal_bps, MARGIN), now_ns)

    def _on_not_carried(self, probe: Probe, now_ns: int) -> None:
        """What it carried instead may suffice for something between."""
        self._losses.usual = self._losses.usual or 0.0
        self._retries.failed(now_ns, low=self._level > 1)
        carried = self._line.carried_bps()
        if carried is None:
            return
        carried = min(carried, probe.goal_bps)
        needs = self._need_bps(self._level)
        if carried * SHARE < needs:
            self._on_full(now_ns)
            return
        self.estimate_bps = max(self.estimate_bps, carried * SHARE)
        self._settled_ns += int(min(3.0, carried / (carried - needs)) * self._line.recent_ns)
        self._rise(self._fitting(carried * SHARE, MARGIN), now_ns)

    def _rise(self, level: int, now_ns: int) -> None:
        if level < self._level:
            self._hold = self._lowered = False
            self._enter(level, now_ns)
        self._pace.limit(self._picture_bps())

    def _begin_probe(self, now_ns: int) -> None:
        idle = not (self._away or self._draining or self._losses.trying or self.probe)
        line = self._line
        if not idle or not self._retries.due(now_ns) or line.newest_ns > FREE_NS:
            return
        if line.overdue_ns(now_ns) > OVERDUE_NS:
            return
        if not self._can_probe:
            self._step_up(now_ns)
            return
        goal_bps = self._goal_bps()
        if goal_bps is None:
            return
        from_bps = max(self._need_bps(self._level), min(self.estimate_bps, goal_bps) * SHARE)
        careful = self._retries.careful
        self.probe = Probe(line, from_bps, goal_bps, self.sent.octets, now_ns, careful=careful)

    def _step_up(self, now_ns: int) -> None:
        """The next larger rendition is its own probe: what it is too much for will show a queue. Of
        a line for stills one of seconds: it is seldom asked for moving pictures."""
        waits = self._levels[self._level].stills and now_ns - self._since_ns < PROVEN_NS
        if waits or self._level <= self._best():
            return
        self._new, self._losses.usual = False, self._line.loss
        self._settled_ns = now_ns + SETTLE_NS
        self._retries.failed(now_ns, low=False)
        self.estimate_bps = max(self.estimate_bps, self._need_bps(self._level - 1))
        self._rise(self._level - 1, now_ns)

    def _goal_bps(self) -> float | None:
        """What is worth a probe; None where there is nothing to gain."""
        best = self._best()
        if self._level <= best:
            lacks = self._losses.lossy and not self._twice()
            return self._twice_bps() * MARGIN if lacks else None
        return self._need_bps(self._level - 1 if self._retries.careful else best) * MARGIN

    def probe_octets(self, now_ns: int) -> int:
        """How much to send now on top, to learn whether the line carries more."""
        self._probed_ns = now_ns
        return 0 if self.probe is None else self.probe.octets(self.sent_octets, now_ns)

    # --- turns ---

    def tick(self, now_ns: int) -> None:
        """At least ten times a second."""
        if now_ns < self.turn_ns:
            return
        self.turn_ns = now_ns + (EASY_TURN_NS if self.at_ease else TURN_NS)
        if self._redundance.turn(self.loss, now_ns):
            self._choose()
        self.sent.catch_up()
        if not self._by_feedback:
            self._by_reports(now_ns)
            return
        self._watch_silence()
        if self._away or self._draining:
            return
        if self.probe is not None:
            self._on_probe(self.probe, now_ns)
        self._watch_loss(now_ns)
        self._begin_probe(now_ns)
        if self._level == 0:
            usual_loss = self._losses.usual or 0.0
            self._pace.turn(self._line, usual_loss, self._levels[0].need_bps, now_ns)

    def _by_reports(self, now_ns: int) -> None:
        self._remb.tick(now_ns)
        self._level, self.estimate_bps = self._remb.level, self._remb.estimate_bps
        self._pace.rate_bps = None
        self._choose()

    def _watch_loss(self, now_ns: int) -> None:
        last = self._level == len(self._levels) - 1
        if self._line.told_ns < self._settled_ns and not self._losses.trying:
            self._losses.begin_anew(self._line, now_ns)
            return
        may_try = not last and self.probe is None
        finding = self._losses.turn(self._line, now_ns, may_try=may_try)
        if self._level < self._best():
            self._hold = False
            self._enter(self._best(), now_ns)
        match finding:
            case Finding.TRY_LESS:
                self._hold = False
                self._before_trial = self._level
                self._enter(min(self._level + 1, len(self._levels) - 1), now_ns)
            case Finding.NOT_OURS:
                level = max(self._best(), min(self._before_trial, self._level))
                self._enter(level, now_ns)
            case Finding.OURS:
                self.estimate_bps = min(self.estimate_bps, self._levels[self._level].need_bps)
                self._retries.failed(now_ns, low=self._level > 1)
            case Finding.NOTHING:
                pass

    def _choose(self) -> None:
        self.choice = self._chosen()

    def _chosen(self) -> Choice:
        quiet = self._away or self._draining
        level = self._levels[-1 if quiet else self._level]
        twice = self._twice() and not quiet
        return Choice(
            level.video, level.stills, level.sound, self._redundance.on, twice, self._hold
        )
