"""What who chose a language hears: the room's mix, turned down while its interpreter speaks, and
his voice. Made beside the room's sound and of nothing else, and public where that is.
"""

from collections.abc import Callable, Collection, Mapping

from broadcast.interpreters import Booth
from broadcast.studio.encoders import Samples
from broadcast.studio.mixer import Limiter
from broadcast.studio.publicsound import PublicSound
from broadcast.studio.recorded import RecordedSound
from broadcast.studio.sources import Sources
from broadcast.studio.talkback import Ducker
from broadcast.studio.voices import Voices
from streams.frames import Codec, Feed, Packet, SiteId

BELOW = 0.126
"""-18 dB: the speaker stays audible below the interpreter."""
RISE = 0.02
"""Of the way up in a block: it takes 0.9 s."""
HELD_BLOCKS = 60
"""An interpreter's pauses are as long as a sentence is in its making: 1.2 s."""


def below_interpreter() -> Ducker:
    return Ducker(BELOW, RISE)


class _Language:
    """From when a booth for it was there."""

    def __init__(self) -> None:
        self._said: list[Samples] = []
        self._held = 0
        self._ducker = below_interpreter()
        self._limiter = Limiter()
        self._voices: Voices | None = None
        self._public_sound = PublicSound()
        self._aac = RecordedSound()

    def hear(self, said: list[Samples], *, speaks: bool) -> None:
        self._said = said
        self._held = HELD_BLOCKS if speaks else max(0, self._held - 1)

    def over(self, block: Samples, ducker: Ducker) -> None:
        ducker.apply(block, talked=bool(self._said) and self._held > 0)
        for said in self._said:
            block += said

    def packets(
        self, code: str, block: Samples, pts: int, voices: Callable[[], Voices], *, public: bool
    ) -> list[Packet]:
        """For who listens now, and for the recording."""
        feed = Feed.language(code)
        self.over(block, self._ducker)
        mixed = self._limiter.apply(block)
        self._voices = self._voices or voices()
        packets = self._voices.encode(feed, mixed, pts, public=public)
        units = self._aac.encode(self._public_sound.block(mixed, public=public), pts)
        return packets + [Packet(feed, Codec.AAC, at, True, True, data) for at, data in units]

    def open(self) -> None:
        """To the public: what an encoder looked ahead at was the closed room's."""
        self._voices = None


class Interpreting:
    """On the mixing thread; a block is heard, then laid over whatever needs it, then encoded. Costs
    nothing where there is no booth."""

    def __init__(self, voices: Callable[[], Voices]) -> None:
        self._voices = voices
        self._languages: dict[str, _Language] = {}
        self._was_public = False

    @property
    def codes(self) -> Collection[str]:
        return self._languages.keys()

    def hear(
        self, booths: tuple[Booth, ...], voices: Mapping[SiteId, Samples], sources: Sources
    ) -> None:
        """`voices`: of the booths that are open, opening or closing."""
        codes = {booth.language.code: None for booth in booths}
        self._languages = {code: self._languages.get(code) or _Language() for code in codes}
        speaking = {s.site for s in sources.all() if s.site in voices and s.sound.voice.speaking}
        for code, language in self._languages.items():
            sites = [booth.site for booth in booths if booth.language.code == code]
            said = [voices[site] for site in sites if site in voices]
            language.hear(said, speaks=not speaking.isdisjoint(sites))

    def over(self, code: str, block: Samples, ducker: Ducker) -> None:
        """Lays over a sound, in place, what is said in a language; nothing if there is none."""
        if (language := self._languages.get(code)) is not None:
            language.over(block, ducker)

    def packets(self, total: Samples, pts: int, *, public: bool) -> list[Packet]:
        """`total`: the room's mix before its limiter."""
        packets = []
        for code, language in self._languages.items():
            if public and not self._was_public:
                language.open()
            packets += language.packets(code, total.copy(), pts, self._voices, public=public)
        self._was_public = public
        return packets
