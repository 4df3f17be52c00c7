"""What taking the room's noise out does to the noise and to the voice, beside WebRTC's suppressor.

The voice is the demo's, over a fan; WebRTC's is `pywebrtc-audio` (`make bench` installs it) at
48 kHz, at its 12 dB.
"""

import time
from collections.abc import Callable, Iterator

import numpy as np
from pywebrtc_audio import NoiseSuppressor

from bench.figure import Figure
from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from broadcast.studio.noise import DELAY_NS, Cleaner
from broadcast.studio.opus import OpusDecoder
from streams.frames import AUDIO_CLOCK_RATE as RATE
from web.demo.voice import speak

Step = Callable[[Samples], Samples]

SECONDS = 20
FAN_DBFS = -50
OURS_DELAY = DELAY_NS * RATE // 1_000_000_000
WEBRTC_DELAY = 334
"""Samples, measured by correlation."""
STARTS_S = range(1, 16, 2)
"""Where in the voice it is switched on."""


def webrtc() -> Step:
    suppressor = NoiseSuppressor(RATE, 1, 1)
    return lambda block: suppressor.process(block[0])[None]


def ours() -> Step:
    return Cleaner().apply


def demo_voice() -> Samples:
    decoder = OpusDecoder(1)
    blocks = [decoder.decode(packet) for packet in speak(140, 3, SECONDS).packets]
    voice = np.concatenate(blocks, axis=1)[0]
    return voice[: len(voice) // BLOCK_SAMPLES * BLOCK_SAMPLES]


def fan(count: int) -> Samples:
    """Falls by 3 dB an octave."""
    spectrum = np.fft.rfft(np.random.default_rng(7).normal(size=count))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(count, 1 / RATE), 60))
    noise = np.fft.irfft(spectrum, count)
    return np.asarray(noise * 10 ** (FAN_DBFS / 20) / noise.std(), np.float32)


def cleaned(step: Step, sound: Samples, delay: int) -> Samples:
    """Without the delay; as long as the sound, silence at the end."""
    blocks = np.split(sound[None], len(sound) // BLOCK_SAMPLES, axis=1)
    out = np.concatenate([step(block)[0] for block in blocks])
    return np.concatenate((out[delay:], np.zeros(delay, np.float32)))


def gain_db(after: Samples, before: Samples) -> float:
    return float(10 * np.log10(np.mean(after.astype(float) ** 2) / np.mean(before**2)))


def lines(name: str, make: Callable[[], Step], delay: int) -> Iterator[Figure]:
    voice = demo_voice()
    noisy = voice + fan(len(voice))
    blocks = voice.reshape(-1, BLOCK_SAMPLES)
    loud = np.sqrt((blocks**2).mean(axis=1))
    settled = np.arange(len(loud)) > 100
    talks = np.repeat((loud > 0.02) & settled, BLOCK_SAMPLES)
    near = np.convolve(loud > 0.001, np.ones(9), "same") > 0
    rests = np.repeat(~near & settled, BLOCK_SAMPLES)
    out = cleaned(make(), noisy, delay)
    yield Figure(f"{name}: the fan in pauses", gain_db(out[rests], noisy[rests]), "dB")
    yield Figure(f"{name}: the voice", gain_db(out[talks], noisy[talks]), "dB")
    first = []
    for start_s in STARTS_S:
        part = noisy[start_s * RATE : (start_s + 1) * RATE]
        heard = slice(RATE // 20, RATE // 2)
        first.append(gain_db(cleaned(make(), part, delay)[heard], part[heard]))
    at = "half a second after it is switched on amid speech, median"
    yield Figure(f"{name}: the voice, {at}", float(np.median(first)), "dB")
    yield Figure(f"{name}: delay", delay / RATE * 1000, "ms")
    step, began = make(), time.thread_time()
    cleaned(step, noisy, delay)
    yield Figure(f"{name}: a block", (time.thread_time() - began) / len(blocks) * 1e6, "us")


def figures() -> Iterator[Figure]:
    yield from lines("ours", ours, OURS_DELAY)
    yield from lines("WebRTC's", webrtc, WEBRTC_DELAY)
