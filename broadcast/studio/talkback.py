"""What an operator says to one site alone: mixed into that site's return feed, into no other sum.

The voices are kept apart from `Sources`: nothing that makes the program, the public's sound, a
recording or a meter ever sees them.
"""

import time

import numpy as np

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from broadcast.studio.sources import Source
from streams.frames import EncodedFrame, SiteId, talked_to

DUCKED = 0.1
"""-20 dB: the program stays audible below the voice."""
STEP = 0.2
"""How far the program goes down or up in a block: 100 ms for all of the way."""
QUIET_NS = 400_000_000
"""Under a voice of which nothing came for so long the program is whole again."""
OVER_NS = 10_000_000_000
"""It is over, and whoever should have said so died."""


class Voice:
    """One operator's, on its way to one site."""

    def __init__(self, site: SiteId) -> None:
        self.source = Source(site, lambda _: None)
        self.heard_ns = 0
        self.over = False
        """He let go, and is heard for one more block, in which he fades."""


class Talkback:
    """`offer` and `gone` on the loop, `voices` on the mixing thread."""

    def __init__(self) -> None:
        self._voices: dict[SiteId, Voice] = {}

    def offer(self, frame: EncodedFrame) -> bool:
        """True if the frame is an operator's voice, and so is nobody else's."""
        site = talked_to(frame.source)
        if site is None:
            return False
        if not frame.codec.is_video:
            voice = self._voices.get(site)
            if voice is None or voice.over:
                voice = self._voices[site] = Voice(site)
            voice.heard_ns = time.monotonic_ns()
            voice.source.offer(frame, voice.heard_ns)
        return True

    def gone(self, source: SiteId) -> bool:
        """True if that was a voice."""
        site = talked_to(source)
        if site is not None and (voice := self._voices.get(site)) is not None:
            voice.over = True
        return site is not None

    @property
    def sites(self) -> frozenset[SiteId]:
        """Those that have a voice on its way, be it quiet just now."""
        return frozenset(self._voices)

    def voices(self, from_ns: int) -> dict[SiteId, Samples]:
        """20 ms of each voice, levelled, by the site that is to hear it."""
        blocks = {}
        for site, voice in list(self._voices.items()):
            sound = voice.source.sound
            sound.decode()
            quiet_ns = time.monotonic_ns() - voice.heard_ns
            over = voice.over or quiet_ns > OVER_NS
            if over and self._voices.get(site) is voice:
                del self._voices[site]
            if quiet_ns > QUIET_NS:
                continue
            block = sound.block(from_ns)
            if block is not None:
                sound.fader.open = not over
                blocks[site] = sound.fader.apply(sound.level(block))
        return blocks


class Ducker:
    """Turns a sound down while somebody talks over it, without a step."""

    def __init__(self, ducked: float = DUCKED, rise: float = STEP) -> None:
        """`ducked`: its gain then. `rise`: how far it comes back in a block."""
        self._ducked, self._rise, self._gain = ducked, rise, 1.0

    def apply(self, block: Samples, *, talked: bool) -> Samples:
        """Scales the block in place and returns it."""
        last, goal = self._gain, self._ducked if talked else 1.0
        self._gain = max(goal, last - STEP) if goal < last else min(goal, last + self._rise)
        if last != self._gain:
            block *= np.linspace(last, self._gain, BLOCK_SAMPLES, dtype=np.float32)
        elif last != 1.0:
            block *= np.float32(last)
        return block
