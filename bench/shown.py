"""What a recipe's HLS shows and sounds like: whether it made the program at all."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

from bench.recipes import Material
from broadcast.layout import INSET, Rect
from streams.frames import Packet
from tests.media import RATE, Picture, Samples, luma_of, samples_of

MOUTH = Rect(0.42, 0.4, 0.16, 0.24)
"""Of a head (`bench/heads.py`): each of its pictures has another one."""
MOVED = 1.0
"""Mean difference of the luma there from which a picture counts as another one."""
VOICES_HZ = ((105, 135), (155, 180))
"""Between these glides the deepest tone of each head, and nothing else."""
SILENT_DB, UNEVEN_DB = -50.0, 20.0
LEAST = 0.2
"""Of the pictures that there should be: fewer do not move. How many are missing is told anyway."""


@dataclass(frozen=True, slots=True)
class Shown:
    fps: int
    """That there should be."""
    pictures_per_s: float
    new_per_s: tuple[float, float]
    """Of these, pictures with another large head than the one before, and another small one."""
    sound_db: float
    voices_db: tuple[float, float]
    """Each head's deepest tone; in any unit."""

    def __str__(self) -> str:
        large, small = self.new_per_s
        return (
            f"{self.pictures_per_s:.1f} pictures/s, {large:.1f} with a new large head,"
            f" {small:.1f} with a new small one; sound {self.sound_db:.0f} dB"
        )

    def check(self, *, both_speak: bool) -> None:
        """Who does less than the others is not measured beside them: raises `RuntimeError`."""
        first_db, second_db = self.voices_db
        if min(self.pictures_per_s, *self.new_per_s) < LEAST * self.fps:
            raise RuntimeError(f"pictures are missing: {self}")
        if self.sound_db < SILENT_DB:
            raise RuntimeError(f"it is silent: {self}")
        if both_speak and abs(first_db - second_db) > UNEVEN_DB:
            raise RuntimeError(f"a voice is missing ({first_db:.0f}, {second_db:.0f} dB): {self}")


def shown(material: Material, seconds: float) -> Shown:
    """The last so many of what was written."""
    with av.open(str(material.playlist)) as container:
        mouths: list[tuple[float, list[Picture]]] = []
        parts: list[Samples] = []
        for frame in container.decode(video=0, audio=0):
            if isinstance(frame, av.VideoFrame):
                mouths.append((frame.time or 0.0, _mouths(luma_of(frame))))
            elif isinstance(frame, av.AudioFrame):
                parts.append(samples_of(frame))
    since_s = mouths[-1][0] - seconds
    seen = [pair for at_s, pair in mouths if at_s > since_s]
    sound = np.concatenate(parts)[-round(seconds * RATE) :]
    large, small = (_changes(of_one) / seconds for of_one in zip(*seen, strict=True))
    return Shown(
        fps=material.program.fps,
        pictures_per_s=len(seen) / seconds,
        new_per_s=(large, small),
        sound_db=_db(float(np.mean(sound**2))),
        voices_db=_voices_db(sound),
    )


def large_anew(packets: Iterable[Packet]) -> Iterator[bool]:
    """Whether each picture of a program shows another large head than the one before it."""
    decoder = av.CodecContext.create("h264", "r")
    frames = (frame for packet in packets for frame in decoder.decode(av.Packet(packet.data)))
    mouths = (_mouths(luma_of(frame))[0] for frame in frames)
    return (_differ(one, other) for one, other in itertools.pairwise(mouths))


def _mouths(picture: Picture) -> list[Picture]:
    """Of the large head and of the small one."""
    seat = INSET.rect()
    inset = Rect(
        seat.x + MOUTH.x * seat.width,
        seat.y + MOUTH.y * seat.height,
        MOUTH.width * seat.width,
        MOUTH.height * seat.height,
    )
    height, width = picture.shape
    return [
        picture[
            round(rect.y * height) : round((rect.y + rect.height) * height),
            round(rect.x * width) : round((rect.x + rect.width) * width),
        ].copy()
        for rect in (MOUTH, inset)
    ]


def _changes(pictures: Sequence[Picture]) -> int:
    return sum(_differ(one, other) for one, other in itertools.pairwise(pictures))


def _differ(one: Picture, other: Picture) -> bool:
    return bool(np.abs(one.astype(np.int16) - other).mean() > MOVED)


def _voices_db(sound: Samples) -> tuple[float, float]:
    power: NDArray[np.float64] = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)
    first, second = (_db(float(power[(hz > low) & (hz < high)].sum())) for low, high in VOICES_HZ)
    return first, second


def _db(power: float) -> float:
    return float(10 * np.log10(power + 1e-12))
