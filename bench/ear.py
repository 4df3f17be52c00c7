"""A loudspeaker that a bench can hear: a sink of PulseAudio that plays to nobody, and its monitor.

The sink goes by CLOCK_MONOTONIC and hands a block to its monitor at the moment when the block's
first sample is to be played. So what is heard is when it would leave a loudspeaker that has no
delay of its own. How the samples lie on the clock is told by the blocks that came soonest, a
quarter of all, which on a quiet machine agree within 0.2 ms; the very first may be pieces of one.
"""

import contextlib
import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.chrome import SINK, Started, sink, tree
from tests.media import RATE

BLOCK_MS = 5
BEGINS_S = 2.5
"""Until then the sink plays what it had before it heard that somebody wants small blocks."""
KEPT = 20_000
"""Blocks by which the time is told."""
SOONEST = 25
"""Per cent of them."""
PLAYERS = {"pulseaudio", "null-sink", "threaded-ml"}
"""Threads of the sound server, and Chromium's that speaks with it."""
PRIORITY = 9
"""Above that of Chromium's other threads of sound."""
LOUD = 0.05
QUIET_S = 0.5
"""Before whatever counts as a beep."""


class Ear:
    """When beeps began, on CLOCK_MONOTONIC."""

    def __init__(self, found_by: dict[str, str]) -> None:
        """`found_by`: what the clients of the sound server find it by; also those it listens to."""
        self.found_by = found_by
        command = ["parec", "--raw", f"--device={SINK}.monitor", f"--latency-msec={BLOCK_MS}"]
        command += [f"--rate={RATE}", "--channels=1", "--format=float32le"]
        self._process = subprocess.Popen(
            command, env={**os.environ, **found_by}, stdout=subprocess.PIPE
        )
        self._at = self._loud = 0
        self._zeros_s = deque[float](maxlen=KEPT)
        """When the first sample was played, by each block."""
        self._onsets: list[int] = []
        self._thread = threading.Thread(target=self._listen, name="ear")
        self._thread.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        kept = b""
        while data := os.read(self._process.stdout.fileno(), 1 << 16):
            now_s, data = time.monotonic(), kept + data
            whole = len(data) // 4 * 4
            kept = data[whole:]
            self._hear(np.frombuffer(data[:whole], np.float32), now_s)

    def _hear(self, samples: np.ndarray[tuple[int], np.dtype[np.float32]], now_s: float) -> None:
        self._zeros_s.append(now_s - self._at / RATE)
        for place in np.flatnonzero(np.abs(samples) > LOUD):
            at = self._at + int(place)
            if at - self._loud > QUIET_S * RATE:
                self._onsets.append(at)
            self._loud = at
        self._at += len(samples)

    def beeps_s(self) -> list[float]:
        zero_s = float(np.percentile(list(self._zeros_s), SOONEST))
        return [zero_s + at / RATE for at in self._onsets]

    def hurry(self) -> None:
        """Where the bench is in the real-time class, so is who plays: PulseAudio leaves it by
        itself, and on a busy machine plays a third of what it gets, which players take for a clock
        that is slow. Call it when something plays."""
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            return
        tasks = (one for pid in tree(os.getpid()) for one in Path(f"/proc/{pid}/task").iterdir())
        for task in tasks:
            if (task / "comm").read_text().strip() in PLAYERS:
                os.sched_setscheduler(int(task.name), os.SCHED_RR, os.sched_param(PRIORITY))

    def close(self) -> None:
        self._process.terminate()
        self._thread.join()
        self._process.wait()


@contextlib.contextmanager
def ear(folder: Path) -> Iterator[Ear]:
    """With a sound server of its own, whose files are kept in `folder`."""
    with sink(Started(folder), folder) as found_by:
        heard = Ear(found_by)
        time.sleep(BEGINS_S)
        try:
            yield heard
        finally:
            heard.close()
