"""What a line of some rate can have of the program, best first. Pure.

Sound comes before pictures: it never leaves the list, and pictures get smaller, then stand still,
then go before the thin sound does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from config.settings import Program

WIRE_OCTETS = 28
"""IPv4 and UDP headers, which a line carries too."""
VIDEO_WIRE = 1.06
"""RTP, SRTP, UDP and IP headers around 1190 octets of picture."""
SOUND_WIRE_BPS, THIN_WIRE_BPS = 50 * 8 * 64, 25 * 8 * 64
"""The same headers around 50 packets of sound a second, and around half as many."""
STILL_INTERVAL_S = 3
"""At least so long between two stills: with keyframes every two seconds, each second one."""
STILLS_BPS = 15_000
"""A keyframe of the smallest picture, about 6 kB, each so often."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Of the program's renditions, largest first, bits per second."""

    video_bps: tuple[int, ...]
    sound_bps: tuple[int, ...]

    @classmethod
    def of(cls, program: Program) -> "Rates":
        return cls(
            tuple(rendition.video_bitrate_bps for rendition in program.renditions()),
            (program.audio_bitrate_bps, program.thin_audio_bitrate_bps),
        )


@dataclass(frozen=True, slots=True)
class Level:
    video: int | None
    stills: bool
    sound: int
    picture_bps: float
    sound_bps: float
    """With all headers, and without repairs."""

    @property
    def need_bps(self) -> float:
        return self.picture_bps + self.sound_bps


def levels(rates_bps: Sequence[float], sound_bps: Sequence[float]) -> tuple[Level, ...]:
    """From the best down to the least, which is always sound alone where there is sound.

    `rates_bps`, `sound_bps`: of the renditions, largest first; empty where a viewer takes none.
    """
    whole = sound_bps[0] + SOUND_WIRE_BPS if sound_bps else 0.0
    least = len(sound_bps) - 1 if sound_bps else 0
    thin = sound_bps[-1] + THIN_WIRE_BPS if least else whole
    found = [
        Level(i, stills=False, sound=0, picture_bps=rate * VIDEO_WIRE, sound_bps=whole)
        for i, rate in enumerate(rates_bps)
    ] or [Level(None, stills=False, sound=0, picture_bps=0.0, sound_bps=whole)]
    last = found[-1]
    if least:
        found.append(replace(last, sound=least, sound_bps=thin))
    if rates_bps:
        still = replace(found[-1], stills=True, picture_bps=float(STILLS_BPS))
        found.append(still)
        if sound_bps:
            found.append(replace(still, video=None, stills=False, picture_bps=0.0))
    return tuple(found)
