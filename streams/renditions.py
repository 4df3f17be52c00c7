"""What a line of some rate can have of the program, best first. Pure.

Sound comes before pictures: it never leaves the list, and pictures get smaller, then stand still,
then go before the thin sound does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIRE_OCTETS = 28
"""IPv4 and UDP headers, which a line carries too."""
VIDEO_WIRE = 1.06
"""RTP, SRTP, UDP and IP headers around 1200 octets of picture."""
SOUND_WIRE_BPS = 50 * 8 * 64
"""The same headers around 50 packets of sound a second."""
STILL_INTERVAL_S = 4
"""At least so long between two stills."""
STILLS_BPS = 15_000
"""A keyframe of the smallest picture, about 6 kB, each so often."""


@dataclass(frozen=True, slots=True)
class Level:
    video: int | None
    stills: bool
    sound: int
    need_bps: float
    """With all headers, and without repairs."""


def levels(rates_bps: Sequence[float], sound_bps: Sequence[float]) -> tuple[Level, ...]:
    """From the best down to the least, which is always sound alone where there is sound.

    `rates_bps`, `sound_bps`: of the renditions, largest first; empty where a viewer takes none.
    """
    whole = sound_bps[0] + SOUND_WIRE_BPS if sound_bps else 0.0
    thin = sound_bps[-1] + SOUND_WIRE_BPS if sound_bps else 0.0
    least = len(sound_bps) - 1 if sound_bps else 0
    found = [
        Level(video, stills=False, sound=0, need_bps=rate * VIDEO_WIRE + whole)
        for video, rate in enumerate(rates_bps)
    ]
    if not rates_bps:
        found.append(Level(None, stills=False, sound=0, need_bps=whole))
    elif least:
        last = found[-1].video
        found.append(
            Level(last, stills=False, sound=least, need_bps=rates_bps[-1] * VIDEO_WIRE + thin)
        )
    if rates_bps:
        last = len(rates_bps) - 1
        found.append(Level(last, stills=True, sound=least, need_bps=STILLS_BPS + thin))
    if sound_bps and (rates_bps or least):
        found.append(Level(None, stills=False, sound=least, need_bps=thin))
    return tuple(found)
