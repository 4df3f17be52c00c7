"""Media that a test can recognise: who sent a picture, which frame it was, and whose tone is heard.

A picture carries a row of `BLOCKS` black or white blocks across its middle, where no overlay and no
inset covers it: 3 bits of site, 14 bits of frame number, 7 bits of check. Blocks survive scaling
to a ninth of the screen and H.264 at a low bitrate. Sound is one sine per site, in beeps: a steady
tone would be taken for noise and removed by a browser's noise suppression.
"""

import asyncio
import inspect
import io
import reprlib
import time
import wave
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar, overload

import av
import numpy as np
from numpy.typing import NDArray

from broadcast.layout import Rect

Picture = NDArray[np.uint8]
"""Luma, height × width."""
Planar = NDArray[np.uint8]
"""A whole I420 picture, height * 3/2 × width, as PyAV takes it."""
Samples = NDArray[np.float32]
"""One channel, ±1."""

RATE = 48_000
WHOLE = Rect(0, 0, 1, 1)
NUMBERS = 1 << 14
"""Frame numbers run from 0 to this, and begin again: 18 minutes at 15 frames/s."""
BLOCKS = 24
CODE = Rect(0.05, 0.44, 0.9, 0.12)
"""Where the row of blocks lies in the picture."""
SILENCE_DBFS = -120.0
BESIDE_HZ = tuple(range(40, 121, 10))
STANDS_OUT_DB = 6

_COLOURS = (
    (96, 90),
    (150, 110),
    (100, 160),
    (170, 140),
    (110, 120),
    (140, 170),
    (90, 140),
    (128, 96),
)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a picture says of itself."""

    site: int
    """0 … 7"""
    number: int
    """0 … NUMBERS - 1"""

    @property
    def bits(self) -> int:
        value = self.site << 14 | self.number
        return value << 7 | _check(value)


def _check(value: int) -> int:
    """7 bits; not 0 for 0, so that neither an all-black nor an all-white row is a code."""
    return (value * 2654435761 + 0x9E3779B9 >> 13) % 127


def draw(width: int, height: int, mark: Mark, *, flash: bool = False) -> Planar:
    """The picture of one frame: the site's colour, a moving bar, the code; all white on `flash`."""
    planar = np.empty((height * 3 // 2, width), np.uint8)
    luma = planar[:height]
    luma[:] = 235 if flash else 70 + 12 * mark.site
    chroma = planar[height:].reshape(2, -1)
    chroma[0], chroma[1] = (128, 128) if flash else _COLOURS[mark.site]
    bar = mark.number * 4 % (width - 8)
    luma[: height // 8, bar : bar + 8] = 16
    top, bottom = round(CODE.y * height), round((CODE.y + CODE.height) * height)
    edges = [round((CODE.x + CODE.width * n / BLOCKS) * width) for n in range(BLOCKS + 1)]
    for n in range(BLOCKS):
        luma[top:bottom, edges[n] : edges[n + 1]] = 235 if mark.bits >> (BLOCKS - 1 - n) & 1 else 16
    return planar


def read_mark(picture: Picture, rect: Rect = WHOLE) -> Mark | None:
    """The code in that part of the picture; None if there is none to be read for sure."""
    height, width = picture.shape
    y = round((rect.y + rect.height * (CODE.y + CODE.height / 2)) * height)
    reach = max(1, round(rect.height * CODE.height * height / 6))
    strip = picture[y - reach : y + reach + 1].mean(axis=0)
    value = 0
    for n in range(BLOCKS):
        middle = (rect.x + rect.width * (CODE.x + CODE.width * (n + 0.5) / BLOCKS)) * width
        level = float(strip[int(middle)])
        if 95 < level < 160:
            return None
        value = value << 1 | (level > 128)
    mark = Mark(value >> 21, value >> 7 & (NUMBERS - 1))
    return mark if mark.bits == value else None


def read_frame_number(picture: Picture, rect: Rect = WHOLE) -> int | None:
    mark = read_mark(picture, rect)
    return None if mark is None else mark.number


def is_flash(picture: Picture, rect: Rect = WHOLE) -> bool:
    """Whether the part below the code is white."""
    height, width = picture.shape
    y, x = (rect.y + rect.height * 0.75) * height, (rect.x + rect.width * 0.5) * width
    return bool(picture[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3].mean() > 200)


def tone(hz: float, seconds: float, *, level_dbfs: float = -12, beep_s: float = 0) -> Samples:
    """A sine; with `beep_s`, beeps of that length with as long a silence after each."""
    t = np.arange(round(seconds * RATE)) / RATE
    wave_ = np.sin(2 * np.pi * hz * t) * 10 ** (level_dbfs / 20)
    if beep_s:
        phase = t % (2 * beep_s)
        ramp = 0.005
        wave_ *= np.clip(np.minimum(phase, beep_s - phase) / ramp, 0, 1)
    return wave_.astype(np.float32)


def tone_level(samples: Samples, hz: float, rate: int = RATE) -> float:
    """dBFS of the sine at `hz` (a full-scale sine has 0): one bin of a Hann-windowed DFT."""
    if len(samples) == 0:
        return SILENCE_DBFS
    window = np.hanning(len(samples))
    turn = np.exp(-2j * np.pi * hz * np.arange(len(samples)) / rate)
    amplitude = 2 * abs(np.dot(samples * window, turn)) / window.sum()
    return max(SILENCE_DBFS, 20 * float(np.log10(amplitude + 1e-12)))


def loudest_tone(samples: Samples, hz: float, window_s: float = 0.1, rate: int = RATE) -> float:
    """The highest `tone_level` of any stretch of `window_s`: beeps count as loud as they are."""
    return max(tone_level(part, hz, rate) for part in _stretches(samples, window_s, rate))


def leaked_tone(samples: Samples, hz: float, window_s: float = 0.1, rate: int = RATE) -> float:
    """As `loudest_tone`, of a tone that should not be there. Where a busy machine conceals a piece
    of another one, that cracks; a crack is as loud at the frequencies beside, and no tone."""
    levels = [SILENCE_DBFS]
    for part in _stretches(samples, window_s, rate):
        level = tone_level(part, hz, rate)
        beside = (tone_level(part, hz + by, rate) for hertz in BESIDE_HZ for by in (-hertz, hertz))
        if level > max(beside) + STANDS_OUT_DB:
            levels.append(level)
    return max(levels)


def _stretches(samples: Samples, window_s: float, rate: int) -> list[Samples]:
    step = round(window_s * rate)
    return [samples[at : at + step] for at in range(0, max(1, len(samples) - step + 1), step)]


# Files for --use-file-for-fake-video-capture and --use-file-for-fake-audio-capture.


def write_y4m(path: Path, width: int, height: int, fps: int, frames: Iterable[Planar]) -> Path:
    """Chromium plays it in a loop, at the rate in the header."""
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420mpeg2\n".encode())
        for planar in frames:
            file.write(b"FRAME\n")
            file.write(planar.tobytes())
    return path


def write_wav(path: Path, samples: Samples, rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def numbered(site: int, count: int, width: int = 640, height: int = 360) -> Iterator[Planar]:
    """The first `count` frames of a site's clip."""
    return (draw(width, height, Mark(site, number)) for number in range(count))


def frame_of(planar: Planar, pts: int, time_base: Fraction) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(planar, "yuv420p")
    frame.pts, frame.time_base = pts, time_base
    return frame


# Reading back.


@dataclass(slots=True)
class Clip:
    """Decoded media, on one clock in seconds."""

    pictures: list[tuple[float, Picture]] = field(default_factory=list)
    sound: list[tuple[float, Samples]] = field(default_factory=list)

    def marks(self, rect: Rect = WHOLE) -> list[tuple[float, Mark | None]]:
        return [(at, read_mark(picture, rect)) for at, picture in self.pictures]

    def heard(self, start_s: float = -np.inf, end_s: float = np.inf) -> Samples:
        """The sound from packets that begin within the given time."""
        parts = [samples for at, samples in self.sound if start_s <= at < end_s]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def luma_of(frame: av.VideoFrame) -> Picture:
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return np.array(rows[: frame.height, : frame.width])


def samples_of(frame: av.AudioFrame) -> Samples:
    """All channels mixed to one, ±1."""
    values = frame.to_ndarray()
    scale = 32768.0 if values.dtype == np.int16 else 1.0
    if not frame.format.is_planar:
        values = values.reshape(-1, frame.layout.nb_channels).T
    return np.asarray(values.mean(axis=0) / scale, np.float32)


def decode(data: bytes) -> Clip:
    """All of a muxed file, such as an init segment and the media segments after it."""
    clip = Clip()
    with av.open(io.BytesIO(data), "r") as container:
        for frame in container.decode():
            at = float(frame.time or 0)
            if isinstance(frame, av.VideoFrame):
                clip.pictures.append((at, luma_of(frame)))
            elif isinstance(frame, av.AudioFrame):
                clip.sound.append((at, samples_of(frame)))
    return clip


T = TypeVar("T")


PATIENCE_S = 60
"""For what takes a second on a machine that does nothing else: how soon is for `bench/` to say."""


@overload
async def wait_until(
    condition: Callable[[], Awaitable[T | None]], what: str, bound_s: float = PATIENCE_S
) -> T: ...
@overload
async def wait_until(
    condition: Callable[[], T | None], what: str, bound_s: float = PATIENCE_S
) -> T: ...
async def wait_until(
    condition: Callable[[], Awaitable[T | None] | T | None],
    what: str,
    bound_s: float = PATIENCE_S,
) -> T:
    """The first true value of `condition`, asked 20 times a second. Raises `TimeoutError` with what
    it looked at."""
    deadline = time.monotonic() + bound_s
    while True:
        value = condition()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(_not_within(bound_s, what, value, condition))
        await asyncio.sleep(0.05)


def steepest(samples: Samples) -> float:
    """The largest second difference: a click is a corner or a step."""
    return float(np.abs(np.diff(samples, 2)).max())


def wait_for(condition: Callable[[], T | None], what: str, bound_s: float = PATIENCE_S) -> T:
    """`wait_until` without a loop."""
    deadline = time.monotonic() + bound_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(_not_within(bound_s, what, value, condition))
        time.sleep(0.05)
    return value


def _not_within(bound_s: float, what: str, value: object, condition: Callable[[], object]) -> str:
    seen = [f"\n  {name}: {_BRIEFLY.repr(one)}" for name, one in _looked_at(condition).items()]
    return f"{what}: not within {bound_s} s: {value!r}" + "".join(seen)


def _looked_at(condition: object, depth: int = 3) -> dict[str, object]:
    """What the names in a function stand for now, and those in the functions among them."""
    if inspect.ismethod(condition):
        return {"it": condition.__self__}
    if depth == 0 or not inspect.isfunction(condition):
        return {}
    found: dict[str, object] = {}
    for name, one in inspect.getclosurevars(condition).nonlocals.items():
        found |= _looked_at(one, depth - 1) if inspect.isfunction(one) else {name: one}
    return found


class _Briefly(reprlib.Repr):
    """Of a list what came last."""

    def __init__(self) -> None:
        super().__init__()
        self.maxother = self.maxstring = 2000

    def repr_list(self, x: list[Any], level: int) -> str:
        return f"{len(x)}, at last {[self.repr1(one, level - 1) for one in x[-3:]]}"


_BRIEFLY = _Briefly()
