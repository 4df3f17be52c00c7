"""What viewers get on bad lines, in simulated minutes (`tests.streams.bottleneck`)."""

import pytest

from streams.bandwidth.steering import Steering
from tests.streams.bottleneck import MS, RATES, SOUNDS, Bottleneck, S, Watcher, watch, watcher

LINES = [
    # bit/s, the picture it is for
    (20e6, 0),
    (3e6, 0),
    (1e6, 1),
    (600e3, 2),
    (300e3, 2),
]


@pytest.mark.parametrize("queue", [30_000, 60_000, 250_000])
@pytest.mark.parametrize(("rate", "video"), LINES)
def test_a_line_gets_what_it_carries(rate: float, video: int, queue: int) -> None:
    one = watcher(Bottleneck(rate, queue))
    watch([one], 90)
    last = one.at(90 * S)
    assert (last.video, last.stills) == (video, False)
    assert one.changes(50, 90) == 0, one.choices
    assert one.in_time(45, 90, 250) > 0.97


@pytest.mark.parametrize(("rate", "video"), [(20e6, 0), (3e6, 0), (600e3, 2), (300e3, 2)])
def test_who_cannot_be_probed_gets_what_his_line_carries_too(rate: float, video: int) -> None:
    """A player without RTX stayed at the smallest picture and thin sound, whatever his line."""
    one = watcher(Bottleneck(rate), probes=False)
    watch([one], 90)
    assert one.probed_octets == 0
    for at_s in (60, 90):
        choice = one.at(at_s * S)
        assert (choice.video, choice.stills, choice.sound) == (video, False, 0)
    assert one.in_time(0, 45, 250) > 0.9
    assert one.in_time(45, 90, 250) > 0.98


def test_a_line_for_stills_is_not_drowned_by_who_cannot_be_probed() -> None:
    one = watcher(Bottleneck(150e3), probes=False)
    watch([one], 60)
    assert (one.at(60 * S).video, one.at(60 * S).stills) == (2, True)
    assert one.in_time(0, 60, 250) > 0.98


def test_sound_alone_gets_whole_on_a_line_that_carries_it() -> None:
    one = Watcher(Bottleneck(300e3), Steering((), SOUNDS, 0, probes=False))
    watch([one], 10)
    assert one.at(0).sound == 1
    assert one.at(10 * S).sound == 0
    assert one.in_time(0, 10, 60) == 1.0


def test_a_good_line_gets_everything_within_seconds() -> None:
    one = watcher(Bottleneck(20e6))
    watch([one], 10)
    assert one.at(int(3.5 * S)).video == 0
    assert one.changes(0, 10) == 1, one.choices
    assert one.in_time(0, 10, 60) == 1.0


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.2, 0.3, 0.4])
def test_a_line_at_ease_for_long_is_seldom_asked_and_its_end_is_noticed_all_the_same(
    after_s: float,
) -> None:
    """Of ten reports a second two are read, until one tells of a queue; wherever between two that
    are read the line ends."""
    line, ends_s = Bottleneck(100e6, 500_000, jitter_ms=5), 60 + after_s
    one, reads = watcher(line), dict[int, int]()

    def meanwhile(now_s: float) -> None:
        reads.setdefault(int(now_s), one.read)
        if now_s >= ends_s:
            line.rate_bps, line.queue_octets = 300e3, 60_000

    watch([one], 70, meanwhile)
    assert reads[60] - reads[50] == 20
    assert one.at(int((ends_s + 0.85) * S)).video != 0
    assert one.in_time(60, 70, 150) > 0.7


@pytest.mark.parametrize("came_s", [0.5, 1.5])
@pytest.mark.parametrize(("rate", "late_ms"), [(1e6, 180), (300e3, 170), (150e3, 200), (60e3, 640)])
def test_a_newcomers_sound_is_not_kept_long(rate: float, late_ms: int, came_s: float) -> None:
    """By the pictures that he catches up with, and the first probe: nobody knows his line."""
    one = watcher(Bottleneck(rate), began_s=came_s)
    watch([one], came_s + 4)
    assert one.in_time(came_s, came_s + 4, late_ms) == 1.0


def test_a_line_too_thin_for_pictures_gets_none_of_what_a_newcomer_missed() -> None:
    one = watcher(Bottleneck(60e3), began_s=1.5)
    watch([one], 3)
    assert one.at(2 * S).video is None
    assert one.sent_octets < 20_000


def test_below_the_smallest_picture_there_is_sound_and_stills() -> None:
    one = watcher(Bottleneck(150e3))
    watch([one], 60)
    last = one.at(60 * S)
    assert (last.stills, last.sound) == (True, 1)
    assert one.at(2 * S).stills, "within two seconds"
    assert one.changes(5, 60) == 0, one.choices
    assert one.in_time(3, 60, 250) > 0.97


@pytest.mark.parametrize("rate", [1e6, 600e3, 300e3, 150e3])
def test_a_probe_is_not_heard_and_costs_little(rate: float) -> None:
    """On a line that has no more to give, after the first seconds, in which it is found out."""
    one, probed = watcher(Bottleneck(rate)), [0, 0]

    def note(seconds: float) -> None:
        probed[seconds >= 4] = one.probed_octets

    watch([one], 90, note)
    assert one.in_time(4, 90, 250) > 0.99
    assert probed[1] > probed[0], "it is tried again"
    assert probed[1] - probed[0] < 0.15 * rate / 8 * 86


def test_sound_alone_stays_on_the_thinnest_line() -> None:
    one = watcher(Bottleneck(60e3))
    watch([one], 60)
    assert one.at(60 * S).sound == 1
    assert one.in_time(30, 60, 400) > 0.9


@pytest.mark.parametrize(("loss", "video"), [(0.05, 0), (0.2, 1)])
def test_loss_that_is_not_ours_starves_nobody(loss: float, video: int) -> None:
    """Beyond some loss pictures of fewer packets, each twice: more of them come whole."""
    one = watcher(Bottleneck(5e6, loss=loss))
    watch([one], 60)
    last = one.at(60 * S)
    assert last.video == video
    assert last.redundant
    assert last.twice == (video == 1)
    assert one.changes(20, 60) <= 1, one.choices
    assert one.in_time(5, 60, 150) > 0.94


@pytest.mark.parametrize("seed", range(6))
def test_a_first_probe_is_not_failed_for_loss_that_is_not_its_own(seed: int) -> None:
    """Though few packets have told yet how much is usual."""
    one = watcher(Bottleneck(20e6, loss=0.2, seed=seed), began_s=0.7)
    watch([one], 6)
    assert one.at(6 * S).video in (0, 1)


def test_loss_that_begins_later_is_tried_and_then_borne() -> None:
    line = Bottleneck(5e6)
    one = watcher(line)

    def worsen(seconds: float) -> None:
        line.loss = 0.2 if seconds >= 20 else 0.0

    watch([one], 60, worsen)
    assert one.at(60 * S).video == 1
    assert one.at(60 * S).twice
    assert one.changes(34, 60) == 0, one.choices


def test_loss_that_ends_is_forgotten() -> None:
    line = Bottleneck(5e6)
    one = watcher(line)

    def mend(seconds: float) -> None:
        line.loss = 0.2 if seconds < 20 else 0.0

    watch([one], 60, mend)
    last = one.at(60 * S)
    assert (last.video, last.twice, last.redundant) == (0, False, False)


def test_a_line_that_loses_what_is_too_much_gets_less() -> None:
    """A policer: hardly any queue, so that only loss tells."""
    line = Bottleneck(20e6, queue_octets=15_000)
    one = watcher(line)

    def police(seconds: float) -> None:
        line.rate_bps = 20e6 if seconds < 20 else 1e6

    watch([one], 60, police)
    assert one.at(19 * S).video == 0
    assert one.at(30 * S).video in (1, 2)
    assert one.in_time(40, 60, 150) > 0.97


def test_a_line_that_gets_thin_gets_less_at_once_and_sound_soon() -> None:
    line = Bottleneck(10e6, 100_000)
    one = watcher(line)

    def narrow(seconds: float) -> None:
        line.rate_bps = 300e3 if 20 <= seconds < 60 else 10e6

    watch([one], 130, narrow)
    assert one.at(21 * S).video is None, "sound alone until the queue is gone"
    assert one.at(27 * S).video == 2
    assert one.in_time(25, 60, 250) > 0.95
    assert one.at(130 * S).video == 0, "and back again"


@pytest.mark.parametrize("delay_ms", [200, 400])
def test_a_long_way_is_no_thin_line(delay_ms: float) -> None:
    one = watcher(Bottleneck(5e6, delay_ms=delay_ms))
    watch([one], 60)
    assert one.at(8 * S).video == 0
    assert one.changes(8, 60) == 0


def test_a_way_that_becomes_longer_is_no_thin_line() -> None:
    line = Bottleneck(5e6)
    one = watcher(line)

    def reroute(seconds: float) -> None:
        line.delay_ms = 20 if seconds < 20 else 140

    watch([one], 90, reroute)
    assert one.at(90 * S).video == 0
    assert one.changes(60, 90) == 0, one.choices


@pytest.mark.parametrize("seed", range(8))
def test_jitter_is_no_thin_line(seed: int) -> None:
    """The first probe may take it for one; by the second it is known how the line trembles."""
    one = watcher(Bottleneck(5e6, jitter_ms=60, seed=seed))
    watch([one], 60)
    assert one.at(15 * S).video == 0
    assert one.changes(15, 60) == 0


def test_after_an_outage_it_goes_on_as_it_was() -> None:
    line = Bottleneck(5e6)
    one = watcher(line)

    def cut(seconds: float) -> None:
        line.away = 20 <= seconds < 30

    watch([one], 60, cut)
    assert one.at(22 * S).video is None
    assert one.at(31 * S).video == 0
    assert one.changes(31, 60) == 0
    assert one.in_time(31, 60, 150) == 1.0


@pytest.mark.parametrize("rate", [6e6, 3e6, 1.5e6, 800e3])
def test_two_on_one_line_are_treated_alike(rate: float) -> None:
    line = Bottleneck(rate)
    pair = [watcher(line), watcher(line, began_s=10)]
    watch(pair, 240)
    mean = [_mean_level(one, 60, 240) for one in pair]
    assert abs(mean[0] - mean[1]) <= 1.0, mean
    for one in pair:
        assert one.changes(60, 240) <= 9, one.choices
        assert one.in_time(60, 240, 250) > 0.95


def _mean_level(one: object, from_s: int, to_s: int) -> float:
    levels = []
    for second in range(from_s, to_s):
        choice = one.at(second * S)  # type: ignore[attr-defined]
        levels.append(4 if choice.video is None else 3 if choice.stills else choice.video)
    return sum(levels) / len(levels)


def test_who_reports_nothing_gets_everything() -> None:
    steering = Steering(RATES, SOUNDS, 0, feedback=False)
    for turn in range(1000):
        steering.tick(turn * 20 * MS)
    assert steering.choice.video == 0
    assert steering.probe_octets(10**10) == 0
    assert steering.pacing_bps is None


def test_who_reports_loss_only_gets_less_and_later_more() -> None:
    steering = Steering(RATES, SOUNDS, 0, feedback=False)
    seen = []
    for second in range(240):
        lossy = second < 20
        steering.on_receiver_report(True, 0.3 if lossy else 0.0, 50 * MS)
        steering.tick(second * S)
        seen.append(steering.choice)
    assert max(choice.video or 0 for choice in seen[:20]) == 2
    assert seen[10].redundant
    assert seen[-1].video == 0
    assert not seen[-1].redundant
    assert steering.rtt_ns == 50 * MS


def test_an_own_estimate_counts_where_there_is_nothing_better() -> None:
    steering = Steering(RATES, SOUNDS, 0, feedback=False)
    for second in range(30):
        steering.on_remb(700_000)
        steering.tick(second * S)
    assert steering.choice.video == 1
    assert steering.estimate_bps == 700_000


def test_renditions_that_are_not_there_are_not_chosen() -> None:
    for rates, sounds in (((), SOUNDS), ((), ()), (RATES[:1], SOUNDS[:1]), (RATES, ())):
        steering = Steering(rates, sounds, 0)
        choice = steering.choice
        assert (choice.video is None) == (not rates)
        assert choice.sound == 0 or len(sounds) > 1
        assert steering.probe_octets(10**10) == 0


def test_a_pause_of_the_program_is_no_outage() -> None:
    line = Bottleneck(20e6)
    one = watcher(line)
    watch([one], 10)
    steering = one.steering
    for turn in range(600):
        steering.tick(10 * S + turn * 100 * MS)
    steering.sent.note(3, 3084, 70 * S)
    steering.tick(70 * S + 200 * MS)
    assert steering.choice.video == 0


def test_who_never_reports_what_he_agreed_to_gets_everything_in_the_end() -> None:
    steering = Steering(RATES, SOUNDS, 0)
    assert steering.choice.video == 2
    for turn in range(500):
        steering.sent.note(1, 228, turn * 20 * MS)
        steering.tick(turn * 20 * MS)
    assert steering.choice.video == 0
