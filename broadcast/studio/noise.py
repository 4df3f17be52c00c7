"""Takes the steady noise of a room (fans, hum, air conditioning) out of a site's sound: WebRTC's
suppressor, as `pywebrtc-audio` brings it. One thread.

It takes 12 dB out of the pauses and half a decibel off the voice, and where its bands meet, around
8 and 16 kHz, 4 (7 at most). `bench/README.md` has it beside the one of ours that it replaced. Not
its class `AudioProcessor`, which alters the voice more.
"""

import numpy as np
from pywebrtc_audio import NoiseSuppressor

from broadcast.studio.encoders import Samples
from streams.frames import AUDIO_CLOCK_RATE, NS_PER_S

LEVEL = 1
"""At most 12 dB: a room that is wholly gone sounds like a broken line."""

DELAY = 334
"""By so many samples the result is later than the sound, whatever the length of a block."""
DELAY_NS = DELAY * NS_PER_S // AUDIO_CLOCK_RATE

LEARNT = 2 * AUDIO_CLOCK_RATE
"""Samples. Who speaks sooner is taken for the room and loses up to 12 dB."""

MUTED = 1e-4
"""-80 dBFS: what Opus makes of a microphone that is switched off. It would be taken for a room so
quiet that the real one needs a quarter of a minute to be known again."""

FRAME = AUDIO_CLOCK_RATE // 100
"""What it takes at a time; the rest of a block it would fill with silence."""


class Cleaner:
    """One site's."""

    def __init__(self, channels: int = 1) -> None:
        self._suppressor = NoiseSuppressor(AUDIO_CLOCK_RATE, channels, LEVEL)
        self._channels = channels
        self._heard = 0

    @property
    def learnt(self) -> bool:
        """It knows the room from the speaker."""
        return self._heard >= LEARNT

    def listen(self, samples: Samples) -> None:
        """Sound that is heard as it is, or by nobody: it tells what the room sounds like."""
        if samples.shape[1] % FRAME == 0:
            self.apply(samples)

    def apply(self, samples: Samples) -> Samples:
        """As many as came, cleaned, `DELAY` later; whole frames. A fresh array."""
        if float(np.abs(samples).max()) < MUTED:
            samples = np.zeros_like(samples)  # from which it learns nothing
        else:
            self._heard += samples.shape[1]
        # It reads memory as it lies, whatever the strides; channels in turn.
        cleaned = self._suppressor.process(np.ascontiguousarray(samples.T).ravel())
        return np.ascontiguousarray(cleaned.reshape(-1, self._channels).T)
