"""The queue on a site's line, with a sender that backs off for nothing but what it is told."""

import heapq
import random

from broadcast.studio.playout import Playout
from streams.uplink.standing_queue import GONE_NS, KEPT, MOST_BPS, MS, QUEUE_NS, S, StandingQueue
from tests.streams.bottleneck import Bottleneck

SOUND_NS = 20 * MS


class Site:
    """Sends what its line carries and a fortieth more, unless told less; at most `most_bps` of
    pictures, each 40 ms, and each larger or smaller than the one before. Sound comes each 20 ms."""

    def __init__(
        self,
        line: Bottleneck,
        most_bps: float = MOST_BPS,
        drift: float = 0.0,
        sound_bps: float = 24_000,
        seed: int = 1,
    ) -> None:
        self.line, self.most_bps, self.drift, self.sound_bps = line, most_bps, drift, sound_bps
        self.queue = StandingQueue()
        self.now_ns = 1_000 * S
        self._began_ns = self._looked_ns = self.now_ns
        self._random = random.Random(seed)
        self.behind_ns = 0
        """Of the sound's clock."""
        self._credit = 0.0
        self._coming: list[tuple[int, int, int | None]] = []
        """On the way: when it arrives, its bits, and of sound its media time."""
        self._came = [0.0, 0.0]
        """Bits of sound and of pictures since the last look."""
        self._playout = Playout()
        self.in_time: list[bool] = []
        """Of each packet of sound, whether the studio had not to do without it."""
        self.caps_bps: list[float] = []
        """As told at each look."""

    def run(self, seconds: float) -> tuple[list[float], float]:
        """The least delay of each second in ms, above the least of all; what came, in bit/s."""
        delays: list[float] = []
        came, until_ns = 0.0, self.now_ns + round(seconds * S)
        while self.now_ns < until_ns:
            second = list[float]()
            for _ in range(S // SOUND_NS):
                second.append(self._step())
                elapsed_ns = self.now_ns - self._looked_ns
                if elapsed_ns >= self.queue.every_ns:
                    sound_bps, picture_bps = (bits * S / elapsed_ns for bits in self._came)
                    self.queue.look(self.now_ns, picture_bps, sound_bps)
                    self.caps_bps.append(self.queue.cap_bps or MOST_BPS)
                    came, self._came = came + sum(self._came), [0.0, 0.0]
                    self._looked_ns = self.now_ns
            delays.append(min(second) / MS)
        least = min(delays)
        return [delay - least for delay in delays], came / seconds

    def _step(self) -> float:
        media_ns = round((self.now_ns - self._began_ns) * (1 + self.drift)) - self.behind_ns
        delay_ns = self._send(round(self.sound_bps / 8 * SOUND_NS / S), media_ns)
        over_bps = 1.025 * self.line.rate_bps - self.sound_bps
        self._credit += (
            min(self.most_bps, over_bps, self.queue.cap_bps or MOST_BPS) * SOUND_NS / 8e9
        )
        if self.now_ns // SOUND_NS % 2:
            self._send_picture(self._credit * self._random.gauss(1, 0.15))
        self.now_ns += SOUND_NS
        self._receive()
        return delay_ns

    def _send(self, octets: int, media_ns: int | None = None) -> float:
        """Of sound its delay."""
        arrives_ns = self.line.carry(octets, self.now_ns)
        if arrives_ns is None:
            return 0.0
        heapq.heappush(self._coming, (arrives_ns, octets * 8, media_ns))
        return 0.0 if media_ns is None else arrives_ns - self._began_ns - media_ns

    def _receive(self) -> None:
        while self._coming and self._coming[0][0] <= self.now_ns:
            arrives_ns, bits, media_ns = heapq.heappop(self._coming)
            self._came[media_ns is None] += bits
            if media_ns is not None:
                self.queue.note(arrives_ns - self._began_ns - media_ns)
                self._hear(media_ns, arrives_ns)

    def _hear(self, media_ns: int, arrives_ns: int) -> None:
        target_ns = self._playout.sound_target_ns
        self.in_time.append(target_ns is None or arrives_ns <= media_ns + target_ns)
        self._playout.add(media_ns, None, arrives_ns, video=False)

    def _send_picture(self, octets: float) -> None:
        self._credit -= octets
        while octets >= 1:
            size = min(1200, max(100, int(octets)))
            octets -= size
            self._send(size)


def test_no_queue_stands_for_long() -> None:
    for rate_bps in (150_000, 300_000, 2_000_000):
        site = Site(Bottleneck(rate_bps))
        delays, came_bps = site.run(120)
        assert max(delays) < 2 * QUEUE_NS / MS
        assert came_bps > 0.85 * rate_bps


def test_what_is_tried_is_hardly_heard() -> None:
    for seed in range(3):
        site = Site(Bottleneck(300_000), sound_bps=52_000, seed=seed)
        site.run(8)
        site.in_time.clear()
        _, came_bps = site.run(120)
        assert sum(site.in_time) > 0.998 * len(site.in_time)
        assert came_bps > 0.9 * 300_000


def test_a_line_that_gets_better_is_used_within_a_minute() -> None:
    for thin_s in (20, 90):
        site = Site(Bottleneck(300_000))
        site.run(thin_s)
        site.line.rate_bps = 1_000_000
        site.run(70)
        assert site.run(5)[1] > 700_000


def test_a_queue_of_the_first_seconds_leaves_room_for_all_pictures() -> None:
    """A page sends few of them until its browser believes in 150 kbit/s, and never fewer again; so
    long sound goes twice, which takes a quarter of the line."""
    for queue_ms in range(0, 600, 100):
        site = Site(Bottleneck(300_000), most_bps=200_000, sound_bps=90_000)
        site.run(1)
        site.line.carry(round(queue_ms * 300 / 8), site.now_ns)
        site.run(5)
        site.caps_bps.clear()
        site.run(10)
        assert min(site.caps_bps) > 160_000


def test_a_microphone_that_falls_behind_is_no_queue() -> None:
    """Be it again, while less is tried, or beside a queue that is one."""
    for seed in range(4):
        site = Site(Bottleneck(300_000), sound_bps=52_000, seed=seed)
        site.run(2)
        for _ in range(3):
            site.behind_ns += 45 * MS
            site.run(1)
        site.run(4)
        site.caps_bps.clear()
        site.run(10)
        assert sorted(site.caps_bps)[len(site.caps_bps) // 4] > 180_000


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
    _, came_bps = site.run(6)
    assert came_bps < 950_000, "less was tried"
    assert site.queue.cap_bps is None
    _, came_bps = site.run(10)
    assert came_bps > 950_000


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
