"""Viewers behind a thin line, as a simulation: minutes of bad network in milliseconds of ours.

One `Bottleneck` has a rate, a queue, loss, delay and jitter, which a test may change at any time;
several `Watcher`s may share it. A watcher is the send path in small: frames of the renditions with
a keyframe every two seconds, the pacer, probes; and the receiver that reports what came.
"""

import itertools
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from streams.bandwidth.renditions import STILL_INTERVAL_S
from streams.bandwidth.sparing import Sparing
from streams.bandwidth.steering import Choice, Steering
from streams.downlink.pacer import Pacer
from streams.rtp.twcc import Arrivals

MS = 1_000_000
S = 1_000_000_000
STEP_NS = 5 * MS
RATES = (2_500_000.0, 500_000.0, 130_000.0)
SOUNDS = (96_000.0, 24_000.0)
PACKET = 1_200
HEADERS = 36
"""RTP with one extension, and SRTP's tag."""
WIRE = 28
FRAME_NS = 40 * MS
KEYFRAME_NS = 2 * S
KEYFRAME_SIZE = 8
"""Times another frame."""


@dataclass
class Bottleneck:
    rate_bps: float
    queue_octets: int = 60_000
    loss: float = 0.0
    delay_ms: float = 20
    """One way, each way."""
    jitter_ms: float = 0
    away: bool = False
    seed: int = 1
    _free_ns: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def carry(self, octets: int, now_ns: int) -> int | None:
        """When a datagram of so much, sent now, arrives; None: never."""
        waits_ns = max(0, self._free_ns - now_ns)
        if self.away or waits_ns * self.rate_bps / 8e9 + octets > self.queue_octets:
            return None
        self._free_ns = now_ns + waits_ns + int(octets * 8e9 / self.rate_bps)
        if self._random.random() < self.loss:
            return None
        return self._free_ns + self.back_ns()

    def back_ns(self) -> int:
        return int((self.delay_ms + self._random.uniform(0, self.jitter_ms)) * MS)


@dataclass
class Watcher:
    line: Bottleneck
    steering: Steering
    began_ns: int = 0
    choices: list[tuple[int, Choice]] = field(default_factory=list)
    """(when, what) from each change on."""
    sounds: list[tuple[int, int | None]] = field(default_factory=list)
    """(made, came) of each 20 ms of sound; what was lost may come with the next one."""
    sent_octets: int = 0
    probed_octets: int = 0
    read: int = 0
    """Reports."""

    def __post_init__(self) -> None:
        self._pacer: Pacer[int] = Pacer()
        self._number = 0
        self._came: deque[tuple[int, int]] = deque()
        self._last_came_ns = 0
        self._feedback: deque[tuple[int, bytes]] = deque()
        self._sparing, self._spared_ns = Sparing(), 0
        self._arrivals = Arrivals()
        self._following: int | None = None
        self._still_ns = -10 * S
        self._sounds_waiting = [self.began_ns - 20 * MS]  # pairs end with a picture's tick
        self._asked_ns = -10 * S
        self._next = {"sound": self.began_ns, "frame": self.began_ns, "report": self.began_ns}

    def step(self, now_ns: int, *, key: bool, past: int = 0) -> bool:
        """One step of time; whether a keyframe is wanted. `past`: frames since the last one."""
        if now_ns < self.began_ns:
            return False
        if not self._number and past:
            self._catch_up(past, now_ns)
        self._hear(now_ns)
        self.steering.tick(now_ns)
        if not self.steering.at_ease:
            self._spared_ns = 0
        self._note_choice(now_ns)
        if self._due("sound", 20 * MS, now_ns):
            self._send_sound(now_ns)
        if self._due("frame", FRAME_NS, now_ns) or key:
            self._send_frame(now_ns, key=key)
        self._pacer.rate_bps = self.steering.pacing_bps
        for octets in self._pacer.due(now_ns):
            self._send([octets], now_ns)
        probe = self.steering.probe_octets(now_ns)
        self.probed_octets += probe
        if probe > 100:
            self._send(_packets(probe), now_ns)
        wants = self.steering.choice.hold and self._following != self.steering.choice.video
        return wants and self.steering.choice.video is not None

    def _due(self, what: str, every_ns: int, now_ns: int) -> bool:
        if now_ns < self._next[what]:
            return False
        self._next[what] += every_ns
        return True

    def _note_choice(self, now_ns: int) -> None:
        if not self.choices or self.choices[-1][1] != self.steering.choice:
            self.choices.append((now_ns, self.steering.choice))

    def _send_sound(self, now_ns: int) -> None:
        choice = self.steering.choice
        self._sounds_waiting.append(now_ns)
        if len(self._sounds_waiting) <= choice.sound:  # thin sound leaves in pairs
            return
        together, self._sounds_waiting = self._sounds_waiting, []
        octets = int(SOUNDS[choice.sound] / 400) * len(together)
        (came,) = self._send([octets * (2 if choice.redundant else 1)], now_ns)
        if choice.redundant:
            for at in range(-min(len(together), len(self.sounds)), 0):
                made_ns, before = self.sounds[at]
                self.sounds[at] = made_ns, came if before is None else before
        self.sounds += ((made_ns, came) for made_ns in together)

    def _send_frame(self, now_ns: int, *, key: bool) -> None:
        choice = self.steering.choice
        if choice.video is None or (choice.hold and self._following != choice.video):
            self._following = None
            self._pacer.clear()
        if key and choice.video is not None:
            self._following = choice.video
        if self._following is None or (choice.stills and not key):
            return
        if choice.stills and now_ns - self._still_ns < STILL_INTERVAL_S * S:
            return
        self._still_ns = now_ns
        self._send_paced(_packets(_octets(self._following, key=key)), now_ns)

    def _catch_up(self, frames: int, now_ns: int) -> None:
        """A newcomer begins with all of the smallest picture since its keyframe."""
        self._following = len(RATES) - 1
        sizes = [_octets(self._following, key=True)] + [_octets(self._following)] * frames
        self._send_paced([octets for size in sizes for octets in _packets(size)], now_ns)

    def _send_paced(self, packets: list[int], now_ns: int) -> None:
        self._pacer.rate_bps = self.steering.pacing_bps
        if self._pacer.admits(sum(packets), now_ns):
            self._send(packets, now_ns)
        else:
            for octets in packets:
                self._pacer.put(octets, octets)
        if self.steering.choice.twice:
            self._send(packets, now_ns)

    def _send(self, packets: Sequence[int], now_ns: int) -> list[int | None]:
        first, came = self._number, list[int | None]()
        self._number += len(packets)
        total = sum(packets) + HEADERS * len(packets)
        self.sent_octets += total
        for index, octets in enumerate(packets):
            at = self.line.carry(octets + HEADERS + WIRE, now_ns)
            came.append(at)
            if at is not None:
                self._last_came_ns = max(self._last_came_ns, at)
                self._came.append((self._last_came_ns, first + index))
        octets = total + WIRE * len(packets)
        self.steering.sent.note(len(packets), octets, now_ns)
        return came

    def _hear(self, now_ns: int) -> None:
        while self._came and self._came[0][0] <= now_ns:
            at, number = self._came.popleft()
            self._arrivals.add(number & 0xFFFF, at + 12_345 * MS)
        if self._due("report", 100 * MS, now_ns):
            fci = self._arrivals.report()
            if fci is not None and not self.line.away:
                self._feedback.append((now_ns + self.line.back_ns(), fci))
        while self._feedback and self._feedback[0][0] <= now_ns:
            fci = self._feedback.popleft()[1]
            if now_ns >= self._spared_ns:
                self.steering.on_feedback(fci, now_ns)
                self.read += 1
                self._spared_ns = self._sparing.until_ns(self.steering, now_ns)

    # --- what a test asks ---

    def at(self, now_ns: int) -> Choice:
        return next(choice for at, choice in reversed(self.choices) if at <= now_ns)

    def changes(self, from_s: float, to_s: float) -> int:
        """Of what is seen: picture or sound."""
        seen = [
            (choice.video, choice.stills)
            for at, choice in self.choices
            if from_s * S <= at < to_s * S
        ]
        return sum(a != b for a, b in itertools.pairwise(seen))

    def in_time(self, from_s: float, to_s: float, within_ms: float) -> float:
        """Share of the sound that came, no later than so long after the best."""
        meant = [(s, c) for s, c in self.sounds if from_s * S <= s < to_s * S]
        best = self.line.delay_ms
        good = sum(c is not None and c - s < (best + within_ms) * MS for s, c in meant)
        return good / len(meant)


def _octets(rendition: int, *, key: bool = False) -> int:
    frames = KEYFRAME_NS // FRAME_NS
    mean = RATES[rendition] / 8 * FRAME_NS / S * frames / (frames + KEYFRAME_SIZE - 1)
    return int(mean * (KEYFRAME_SIZE if key else 1))


def _packets(octets: int) -> list[int]:
    count = -(-octets // PACKET)
    return [octets // count] * count if count else []


def watch(
    watchers: Sequence[Watcher],
    seconds: float,
    meanwhile: Callable[[float], None] = lambda _s: None,
) -> None:
    """Runs the time from zero. `meanwhile` gets the seconds, and may change lines. Keyframes come
    every two seconds, and a second after the last where one is wanted."""
    key_ns, wanted = -KEYFRAME_NS, False
    for now_ns in range(0, int(seconds * S), STEP_NS):
        meanwhile(now_ns / S)
        since_ns = now_ns - key_ns
        key = since_ns >= KEYFRAME_NS or (wanted and since_ns >= S)
        if key:
            key_ns, wanted = now_ns, False
        for watcher in watchers:
            wanted |= watcher.step(now_ns, key=key, past=since_ns // FRAME_NS if not key else 0)


def watcher(line: Bottleneck, began_s: float = 0, *, probes: bool = True) -> Watcher:
    began_ns = int(began_s * S)
    return Watcher(line, Steering(RATES, SOUNDS, began_ns, probes=probes), began_ns)
