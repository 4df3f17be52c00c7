"""The queue on a site's line, with a sender that backs off for nothing but what it is told."""

import random

from streams.standing import GONE_NS, KEPT, MOST_BPS, MS, QUEUE_NS, S, StandingQueue
from tests.streams.bottleneck import Bottleneck

SOUND_NS = 20 * MS
OCTETS = 60


class Site:
    """Sends what its line carries and a fortieth more, unless told less; at most `most_bps`."""

    def __init__(self, line: Bottleneck, most_bps: float = MOST_BPS, drift: float = 0.0) -> None:
        self.line, self.most_bps, self.drift = line, most_bps, drift
        self.queue = StandingQueue()
        self.now_ns = 1_000 * S
        self._began_ns = self.now_ns
        self._credit = self._came = 0.0
        self._came_ns: list[tuple[int, int, int]] = []

    def run(self, seconds: float) -> tuple[list[float], float]:
        """The least delay of each second in ms, above the least of all; what came, in bit/s."""
        delays: list[float] = []
        came, until_ns = 0.0, self.now_ns + round(seconds * S)
        while self.now_ns < until_ns:
            second = [self._step() for _ in range(S // SOUND_NS)]
            self.queue.look(self.now_ns, self._came, 0.0)
            came, self._came = came + self._came, 0.0
            delays.append(min(second) / MS)
        least = min(delays)
        return [delay - least for delay in delays], came / seconds

    def _step(self) -> float:
        wanted_bps = min(self.most_bps, 1.025 * self.line.rate_bps, self.queue.cap_bps or MOST_BPS)
        self._credit += wanted_bps / 8 * SOUND_NS / S
        delay_ns = 0.0
        arrives = self.line.carry(OCTETS, self.now_ns)
        self._credit -= OCTETS
        if arrives is not None:
            media_ns = (self.now_ns - self._began_ns) * (1 + self.drift)
            delay_ns = arrives - self._began_ns - media_ns
            self.queue.note(delay_ns)
            self._came += OCTETS * 8
        while self._credit > 0:
            size = min(1200, max(100, int(self._credit)))
            self._credit -= size
            if self.line.carry(size, self.now_ns) is not None:
                self._came += size * 8
        self.now_ns += SOUND_NS
        return delay_ns


def test_no_queue_stands_for_long() -> None:
    for rate_bps in (150_000, 300_000, 2_000_000):
        site = Site(Bottleneck(rate_bps))
        delays, came_bps = site.run(120)
        assert max(delays) < 2 * QUEUE_NS / MS
        assert came_bps > 0.85 * rate_bps


def test_a_queue_comes_back_less_and_less_often() -> None:
    site = Site(Bottleneck(300_000))
    minutes = [site.run(60)[0] for _ in range(6)]
    stood = [sum(delay > GONE_NS / MS for delay in delays) for delays in minutes]
    assert max(stood) <= 6
    assert sum(stood[2:]) <= 8


def test_what_sound_takes_is_left_to_it() -> None:
    """Twice of it at first (RED), then once."""
    queue = StandingQueue()
    for second, delay_ns in enumerate((0, 80 * MS, 0, 0)):
        queue.note(delay_ns)
        sound_bps = 50_000 if second == 3 else 90_000
        queue.look((1 + second) * S, 180_000, sound_bps)
    assert queue.cap_bps == KEPT * 270_000 - 50_000


def test_who_sends_less_than_the_line_carries_is_told_nothing() -> None:
    site = Site(Bottleneck(2_000_000, jitter_ms=60, loss=0.05), most_bps=1_000_000)
    site.run(60)
    assert site.queue.cap_bps is None


def test_a_clock_that_drifts_is_no_queue() -> None:
    site = Site(Bottleneck(2_000_000), most_bps=1_000_000, drift=-0.0005)
    site.run(120)
    assert site.queue.cap_bps is None


def test_a_line_that_gets_thin_is_not_drowned() -> None:
    site = Site(Bottleneck(2_000_000))
    site.run(30)
    site.line.rate_bps = 400_000
    delays, _ = site.run(40)
    assert max(delays[10:]) < 2 * QUEUE_NS / MS


def test_a_longer_way_is_no_queue() -> None:
    site = Site(Bottleneck(2_000_000), most_bps=1_000_000)
    site.run(30)
    site.line.delay_ms += 250
    site.run(10)
    assert site.queue.cap_bps is not None
    _, came_bps = site.run(60)
    assert site.queue.cap_bps is None
    assert came_bps > 800_000


def test_other_media_times_are_no_queue() -> None:
    queue = StandingQueue()
    for second, delay_ns in enumerate((0.0, 0.0, 90_000 * S, 90_000 * S, 0.0, 0.0)):
        queue.note(delay_ns)
        queue.look((1 + second) * S, 1_000_000, 50_000)
    assert queue.cap_bps is None


def test_the_rate_is_never_nothing() -> None:
    rand, queue = random.Random(1), StandingQueue()
    for second in range(300):
        queue.note(rand.uniform(0, 3) * S)
        queue.look(second * S, rand.choice((0.0, 20_000.0, 5e6)), 50_000)
        assert queue.cap_bps is None or 50_000 <= queue.cap_bps <= MOST_BPS
