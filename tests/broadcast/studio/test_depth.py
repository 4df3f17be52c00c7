"""The whole way of a site's sound through a bad line, in virtual time: how deep the buffer is, what
is lost by it, whether it clicks, and whether the picture stays with it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.jitter import Reader, SampleRing
from broadcast.studio.playout import Playout
from broadcast.studio.soundtrack import EARLY
from streams.frames import AUDIO_CLOCK_RATE, NS_PER_MS, NS_PER_S
from tests import media

BLOCK_NS = 20 * NS_PER_MS
TRAVEL_MS = 30.0
HZ = 240.0
LINE = Callable[[float, random.Random], float]
"""At that second, by how many milliseconds more a frame is late; below zero: it is lost."""


@dataclass(slots=True)
class Heard:
    """What came out, block by block."""

    blocks: list[media.Samples] = field(default_factory=list)
    waits_ms: list[float] = field(default_factory=list)
    """How long after its capture the sound was heard, without the time of travel."""
    apart_ms: list[float] = field(default_factory=list)
    """How much later a picture is presented than the sound of its moment is stamped."""

    def sound(self, from_s: float, to_s: float) -> media.Samples:
        return np.concatenate(self.blocks[int(from_s * 50) : int(to_s * 50)])

    def wait_ms(self, from_s: float, to_s: float) -> float:
        """The longest."""
        return max(self.waits_ms[int(from_s * 50) : int(to_s * 50)])

    def poor(self, from_s: float, to_s: float) -> float:
        """The share of blocks that are quieter than the site spoke: made up, or silent."""
        blocks = self.blocks[int(from_s * 50) : int(to_s * 50)]
        low = [media.tone_level(block, HZ) < -14 for block in blocks]
        return sum(low) / len(low)


def listen(
    seconds: float, line: LINE, *, seed: int = 1, after_ms: float = 0, whole: bool = True
) -> Heard:
    """A site that hums and films, heard from two hundred milliseconds on. `after_ms`: from the
    moment at which its packets are due to the next block; `whole`: its packets are read whole, and
    early."""
    rng, heard = random.Random(seed), Heard()
    packet = 0 if whole else None
    playout, ring, reader = Playout(), SampleRing(), Reader()
    tone = media.tone(HZ, seconds)
    frames = _arrivals(seconds, line, rng)
    for tick in range(int(seconds * 50)):
        now_ns = tick * BLOCK_NS + round(after_ms * NS_PER_MS)
        while frames and frames[-1][0] <= now_ns:
            here_ns, at_ns, video = frames.pop()
            playout.add(at_ns, at_ns, here_ns, video=video)
            if not video:
                at = at_ns * AUDIO_CLOCK_RATE // NS_PER_S
                ring.write(at, np.stack([tone[at : at + BLOCK_SAMPLES]] * 2))
        target_ns = playout.sound_target_ns
        if target_ns is None or tick < 10:
            heard.blocks.append(np.zeros(BLOCK_SAMPLES, np.float32))
            heard.waits_ms.append(0)
            continue
        early = EARLY if whole else 0
        ideal = (now_ns - BLOCK_NS - target_ns) * AUDIO_CLOCK_RATE // NS_PER_S + early
        heard.blocks.append(reader.block(ring, ideal, packet)[0])
        playout.sound_error_ns = reader.late * NS_PER_S // AUDIO_CLOCK_RATE
        sound_ns = now_ns - reader.place(0) * NS_PER_S // AUDIO_CLOCK_RATE
        heard.waits_ms.append(sound_ns / NS_PER_MS - TRAVEL_MS)
        assert playout.picture_offset_ns is not None
        stamped_ns = sound_ns + early * NS_PER_S // AUDIO_CLOCK_RATE
        heard.apart_ms.append((playout.picture_offset_ns - stamped_ns) / NS_PER_MS)
    return heard


def _arrivals(seconds: float, line: LINE, rng: random.Random) -> list[tuple[int, int, bool]]:
    """(arrival, capture, picture?) of all frames that come, the last first. Each stream's in order,
    as the relay hands them on."""
    frames = []
    for video, step_ms in ((False, 20), (True, 40)):
        here_ns = 0
        for n in range(int(seconds * 1000 / step_ms) - 1):
            late_ms = line(n * step_ms / 1000, rng)
            if late_ms >= 0:
                at_ms = n * step_ms + TRAVEL_MS + late_ms
                here_ns = max(here_ns, int(at_ms * NS_PER_MS))
                frames.append((here_ns, n * step_ms * NS_PER_MS, video))
    return sorted(frames, reverse=True)


def clean(at_s: float, rng: random.Random) -> float:
    return rng.random() * 2


def jam(at_s: float, rng: random.Random) -> float:
    """From second 10 to 20: up to 150 ms."""
    return rng.random() * 150 if 10 <= at_s < 20 else rng.random() * 2


def storm(at_s: float, rng: random.Random) -> float:
    """From second 5 to 12: up to a second."""
    return rng.random() * 1000 if 5 <= at_s < 12 else rng.random() * 2


def stalls(at_s: float, rng: random.Random) -> float:
    """Nothing for 250 ms every three seconds, then all at once."""
    return max(0.0, 250 - at_s % 3 * 1000)


def stall(at_s: float, rng: random.Random) -> float:
    """At second 10 alone, as where a site's browser opens a page."""
    return max(0.0, 230 - (at_s - 10) * 1000) if at_s >= 10 else rng.random() * 2


def lossy(at_s: float, rng: random.Random) -> float:
    """One of twenty is lost, and some are late."""
    return -1 if rng.random() < 0.05 else rng.random() * 40


CURVE = media.steepest(media.tone(HZ, 0.1))
CORNER = 2.5 * float(np.abs(np.diff(media.tone(HZ, 0.1))).max())
"""Where mirrored sound begins the slope turns round; a step would be twenty times that."""


def test_a_clean_line_is_heard_almost_at_once() -> None:
    heard = listen(20, clean)
    assert heard.wait_ms(10, 20) < 35
    assert heard.poor(1, 20) == 0
    assert media.steepest(heard.sound(1, 20)) < 1.3 * CURVE


@pytest.mark.parametrize("line", [clean, lossy])
def test_packets_read_whole_are_heard_up_to_30_ms_earlier_and_no_poorer(line: LINE) -> None:
    gained_ms, poorer = [], []
    for after_ms in range(0, 20, 2):
        whole = listen(12, line, after_ms=after_ms)
        parts = listen(12, line, after_ms=after_ms, whole=False)
        poorer.append(whole.poor(1, 12) - parts.poor(1, 12))
        gained_ms.append(np.mean(parts.waits_ms[300:]) - np.mean(whole.waits_ms[300:]))
    assert np.mean(poorer) <= 0
    assert all(5 < gained < 30 for gained in gained_ms)
    assert np.mean(gained_ms) > 16


def test_a_jam_lengthens_the_wait_within_half_a_second_and_is_forgotten_slowly() -> None:
    heard = listen(40, jam)
    assert heard.poor(10.5, 20) < 0.02
    assert 100 < heard.wait_ms(10.5, 20) < 200
    assert heard.wait_ms(34, 40) < 35
    assert heard.poor(20, 40) == 0, "shrinking loses nothing"
    assert media.steepest(heard.sound(20.2, 40)) < 1.5 * CURVE


def test_a_stall_that_came_alone_is_made_up_for_within_seven_seconds() -> None:
    heard = listen(20, stall)
    assert heard.wait_ms(10.5, 11) > 150
    assert heard.wait_ms(17, 20) < 25
    assert heard.poor(10.5, 20) == 0, "shrinking loses nothing"
    assert media.steepest(heard.sound(10.5, 20)) < 1.5 * CURVE


def test_the_wait_goes_to_its_longest_and_back_to_its_shortest() -> None:
    playout, line = Playout(), _arrivals(40, storm, random.Random(3))
    depths_ms: list[tuple[float, float]] = []
    while line:
        here_ns, at_ns, video = line.pop()
        playout.add(at_ns, at_ns, here_ns, video=video)
        if not video:
            depths_ms.append((at_ns / NS_PER_S, playout.sound.delay_ns / NS_PER_MS))
    assert all(depth < 21 for at_s, depth in depths_ms if 4 <= at_s < 5)
    assert max(depth for _, depth in depths_ms) == 400
    assert all(depth > 300 for at_s, depth in depths_ms if 8 <= at_s < 12)
    assert all(depth < 21 for at_s, depth in depths_ms if at_s > 35)


def test_stalls_that_come_again_are_waited_for() -> None:
    heard = listen(30, stalls)
    assert heard.poor(4, 30) < 0.03
    assert heard.wait_ms(4, 30) <= 400


@pytest.mark.parametrize("line", [clean, jam, stalls, lossy])
@pytest.mark.parametrize("seed", [1, 2])
def test_it_never_clicks_and_lips_stay_with_it(line: LINE, seed: int) -> None:
    heard = listen(30, line, seed=seed)
    assert media.steepest(heard.sound(1, 30)) < CORNER
    assert max(abs(apart) for apart in heard.apart_ms) <= 40
    assert heard.wait_ms(1, 30) <= 400 + 60
