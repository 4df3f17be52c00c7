"""Whether somebody speaks at a site: WebRTC's voice detector over half a second. One thread."""

from collections import deque

import numpy as np
import webrtcvad

from broadcast.studio.encoders import Samples
from streams.frames import AUDIO_CLOCK_RATE

MODE = 3
"""The strictest: a cough or a chair is no speech."""
KEPT = 25
ENOUGH = 10
"""Of the packets kept: speech has gaps."""
LENGTHS = frozenset(AUDIO_CLOCK_RATE * ms // 1000 for ms in (10, 20, 30))
"""Samples of what it takes; others are not judged."""


class VoiceDetector:
    def __init__(self) -> None:
        self._vad = webrtcvad.Vad(MODE)
        self._found: deque[bool] = deque(maxlen=KEPT)

    def hear(self, samples: Samples) -> None:
        """A packet's sound, `(2, n)`."""
        if samples.shape[1] in LENGTHS:
            mono = (samples.mean(axis=0) * 32767).clip(-32768, 32767).astype(np.int16)
            self._found.append(self._vad.is_speech(mono.tobytes(), AUDIO_CLOCK_RATE))

    @property
    def speaking(self) -> bool:
        return sum(self._found) >= ENOUGH
