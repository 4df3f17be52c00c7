"""What a recording has shown of late: how long still, black, silent, and without its
interpreter. Pure; in the media's time."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
"""Height × width, 16 (black) to 235."""

SILENT_DBFS = -60.0
BLACK_LUMA = 28
BLACK_SHARE = 0.85
"""Of the picture: a lower third may lie over it."""
CHANGED_LUMA = 6
CHANGED_SHARE = 0.005
"""A clock that ticks over a picture changes less; a person who breathes changes more."""
FAINT_DBFS = -50.0
"""Fainter sounds are not compared."""
ALIKE_DB = 3.0
FRAME_S = 1024 / 48_000
"""Of AAC."""
NEAR_S = 1.5 * FRAME_S
"""Frames of two encoders do not begin together."""
COMPARED = 500
"""Frames of either sound that wait for the other one's. Policy: the oldest goes."""
JUMP_S = 1.0
APART_MS = 120
"""Sound that begins farther from its picture than that is out of sync. EBU R37 lets a program be 60
ms late; a frame of AAC and the picture's own 40 ms may add as much."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A keyframe, made small."""

    at_s: float
    luma: Luma


@dataclass(frozen=True, slots=True)
class Sound:
    """The loudest sample of one frame of sound."""

    at_s: float
    dbfs: float


@dataclass(frozen=True, slots=True)
class Chunk:
    """What was added to the recording since the last look."""

    start_s: float
    end_s: float
    pictures: tuple[Picture, ...]
    sounds: tuple[Sound, ...]
    apart_ms: float
    """How far its sound begins from its picture."""
    size: tuple[int, int]
    """Width and height of the picture as decoded; (0, 0) while there was no keyframe."""


@dataclass(slots=True)
class Memory:
    """Folds chunks. All zero until it has seen something."""

    end_s: float = 0.0
    still_s: float = 0.0
    """How long every keyframe has been the same."""
    black_s: float = 0.0
    silent_s: float = 0.0
    apart_ms: float = 0.0
    size: tuple[int, int] = (0, 0)
    _last: Luma | None = None
    _still_since_s: float = 0.0
    _bright_at_s: float = 0.0
    _heard_at_s: float = 0.0

    def note(self, chunk: Chunk) -> None:
        """The next chunk. After a jump of the media's time everything begins anew."""
        if not -JUMP_S < chunk.start_s - self.end_s < JUMP_S:
            self._begin(chunk.start_s)
        self.end_s = chunk.end_s
        for picture in chunk.pictures:
            self._see(picture)
        for sound in chunk.sounds:
            if sound.dbfs > SILENT_DBFS:
                self._heard_at_s = sound.at_s
        self.silent_s = max(0.0, chunk.end_s - self._heard_at_s)
        self.apart_ms = chunk.apart_ms
        self.size = chunk.size if chunk.size != (0, 0) else self.size

    def _begin(self, at_s: float) -> None:
        self._last = None
        self._still_since_s = self._bright_at_s = self._heard_at_s = at_s

    def _see(self, picture: Picture) -> None:
        if self._last is None or differ(self._last, picture.luma):
            self._still_since_s = picture.at_s
        if not is_black(picture.luma):
            self._bright_at_s = picture.at_s
        self._last = picture.luma
        self.still_s = picture.at_s - self._still_since_s
        self.black_s = picture.at_s - self._bright_at_s


@dataclass(slots=True)
class Likeness:
    """Whether a language's sound is the room's own: nobody's voice lies over it, and it was not
    turned down for one."""

    alike_s: float = 0.0
    """Of sound that is loud enough to tell, since the two last differed."""
    _room: deque[Sound] = field(default_factory=lambda: deque(maxlen=COMPARED))
    _spoken: deque[Sound] = field(default_factory=lambda: deque(maxlen=COMPARED))

    def note(self, room: Iterable[Sound] = (), spoken: Iterable[Sound] = ()) -> None:
        """What was added to either, in its order."""
        self._room += room
        self._spoken += spoken
        while self._room and self._spoken and self._spoken[0].at_s + NEAR_S < self._room[-1].at_s:
            self._compare(self._spoken.popleft())

    def _compare(self, spoken: Sound) -> None:
        near = [
            max(one.dbfs, FAINT_DBFS) for one in self._room if abs(one.at_s - spoken.at_s) < NEAR_S
        ]
        if not near:
            return
        least, most = min(near), max(near)
        if not least - ALIKE_DB <= max(spoken.dbfs, FAINT_DBFS) <= most + ALIKE_DB:
            self.alike_s = 0.0
        elif least > FAINT_DBFS:
            self.alike_s += FRAME_S


def differ(one: Luma, other: Luma) -> bool:
    """By more than an overlay that ticks, and more than an encoder's rounding."""
    changed = np.abs(one.astype(np.int16) - other) > CHANGED_LUMA
    return bool(changed.mean() > CHANGED_SHARE)


def is_black(luma: Luma) -> bool:
    return bool((luma < BLACK_LUMA).mean() > BLACK_SHARE)
