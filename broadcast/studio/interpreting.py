"""What who chose a language hears: the room's mix, turned down while its interpreter speaks, and
his voice. Made beside the room's sound and of nothing else, and public where that is.
"""

from collections.abc import Mapping

from broadcast.interpreters import Booth
from broadcast.studio.encoders import AacEncoder, Samples
from broadcast.studio.mixer import Limiter
from broadcast.studio.publicsound import PublicSound
from broadcast.studio.sources import Sources
from broadcast.studio.talkback import Ducker
from streams.frames import Codec, Feed, Packet, SiteId

BELOW = 0.126
"""-18 dB: the speaker stays audible below the interpreter."""
RISE = 0.02
"""Of the way up in a block: it takes 0.9 s."""
HELD_BLOCKS = 60
"""An interpreter's pauses are as long as a sentence is in its making: 1.2 s."""


class _Language:
    """One mix, from when a booth for it was there."""

    def __init__(self) -> None:
        self._ducker = Ducker(BELOW, RISE)
        self._limiter = Limiter()
        self._public_sound = PublicSound()
        self._aac = AacEncoder()
        self._held = 0

    def mix(self, total: Samples, voices: list[Samples], *, speaks: bool) -> Samples:
        self._held = HELD_BLOCKS if speaks else max(0, self._held - 1)
        mixed = self._ducker.apply(total.copy(), talked=bool(voices) and self._held > 0)
        for voice in voices:
            mixed += voice
        return self._limiter.apply(mixed)

    def encode(self, code: str, mixed: Samples, pts: int, *, public: bool) -> list[Packet]:
        block = self._public_sound.block(mixed, public=public)
        feed, units = Feed.language(code), self._aac.encode(block, pts)
        return [Packet(feed, Codec.AAC, at, True, True, data) for at, data in units]


class Interpreting:
    """On the mixing thread. Costs nothing where there is no booth."""

    def __init__(self) -> None:
        self._languages: dict[str, _Language] = {}

    def packets(
        self,
        booths: tuple[Booth, ...],
        total: Samples,
        voices: Mapping[SiteId, Samples],
        sources: Sources,
        pts: int,
        *,
        public: bool,
    ) -> list[Packet]:
        """`total`: the room's mix before its limiter. `voices`: of the booths that are open,
        opening or closing."""
        codes = {booth.language.code: None for booth in booths}
        self._languages = {code: self._languages.get(code) or _Language() for code in codes}
        speaking = {s.site for s in sources.all() if s.site in voices and s.sound.voice.speaking}
        packets = []
        for code, language in self._languages.items():
            sites = [booth.site for booth in booths if booth.language.code == code]
            heard = [voices[site] for site in sites if site in voices]
            mixed = language.mix(total, heard, speaks=not speaking.isdisjoint(sites))
            packets += language.encode(code, mixed, pts, public=public)
        return packets
