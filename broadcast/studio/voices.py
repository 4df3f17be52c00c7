"""One feed's sound, encoded for who listens to it."""

from collections.abc import Callable, Collection
from dataclasses import replace

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from broadcast.studio.opus import OpusEncoder
from broadcast.studio.pairs import Pairs
from streams.frames import Codec, Feed, Packet

Bitrates = tuple[int, ...]
"""Of each rendition of the sound, bits per second, the whole one first."""

Heard = Callable[[str], Collection[int]]
"""The renditions of a feed's sound that anybody listens to."""


class Voices:
    """One feed's sound in the renditions that somebody hears, with the same times. Each costs more
    than all else that is done to a site's sound."""

    def __init__(self, bitrates_bps: Bitrates, heard: Heard) -> None:
        self._bitrates_bps, self._heard = bitrates_bps, heard
        self._encoders: dict[int, tuple[OpusEncoder, Pairs]] = {}

    def are_heard(self, feed: str) -> bool:
        return bool(self._heard(feed))

    def encode(self, feed: str, block: Samples, pts: int, *, public: bool = False) -> list[Packet]:
        """Whole sound as it is, and in pairs; thin sound in pairs alone."""
        pairs = Feed.in_pairs(feed)
        single, paired = self._heard(feed), self._heard(pairs)
        # Not kept for later: its look-ahead would hold the sound of then.
        self._encoders = {
            rendition: self._encoders.get(rendition) or (OpusEncoder(bitrate_bps), Pairs())
            for rendition, bitrate_bps in enumerate(self._bitrates_bps)
            if rendition in single or rendition in paired
        }
        packets = list[Packet]()
        begins = pts // BLOCK_SAMPLES % 2 == 1  # what ends with a picture's tick leaves with it
        for rendition, (encoder, waiting) in self._encoders.items():
            for at, data in encoder.encode(block, pts):
                packet = Packet(feed, Codec.OPUS, at, True, public, data, rendition)
                both = waiting.take(packet, begins=begins)
                if rendition in single:
                    packets += both if rendition else [packet]
                if rendition in paired:
                    packets += (replace(one, feed=pairs) for one in both)
        return packets
