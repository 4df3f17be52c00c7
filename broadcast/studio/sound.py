"""The mixing thread: every 20 ms all microphones in, each feed's packet out.

It also reads the meters, ten times a second. A block is mixed when its time is over, so that the
sound and the picture of one moment leave together. A tick's picture shows what was due since the
tick before it, half a picture earlier in the middle: its sound is stamped as much later, so that no
lips are further from their voice than that. And by `EARLY`, by which it was read sooner.
"""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from broadcast.program import PLAYER, ProgramState
from broadcast.studio.clock import BLOCK_SAMPLES, BLOCKS, Metronome, ProgramClock
from broadcast.studio.encoders import Samples
from broadcast.studio.interpreting import Interpreting, below_interpreter
from broadcast.studio.mixer import Limiter, mix
from broadcast.studio.onair import OnAir
from broadcast.studio.publicsound import PublicSound
from broadcast.studio.recorded import RecordedSound
from broadcast.studio.soundtrack import EARLY
from broadcast.studio.sources import Sources
from broadcast.studio.talkback import Ducker, Talkback
from broadcast.studio.voices import Bitrates, Heard, Voices
from streams.frames import AUDIO_CLOCK_RATE, NS_PER_MS, NS_PER_S, Codec, Feed, Packet, SiteId

PATIENCE_NS = 2 * NS_PER_S
"""A machine that is too busy makes up for missed blocks of sound, a millisecond each; pictures are
left out instead."""
LINGER_BLOCKS = 50
"""A site's mix-minus goes on for 1 s after its microphone closed: its player changes feeds."""

TOGETHER = 5
"""Blocks are mixed at once while nobody listens: a recording can wait for 100 ms, and the first
block of a wake-up costs twice what those after it do."""

BLOCK_NS = NS_PER_S * BLOCK_SAMPLES // AUDIO_CLOCK_RATE
LEVEL_BLOCKS = 5
STALE_NS = NS_PER_S
"""A site that sent no sound for so long reads as silent."""


class MinusFeed:
    """The return sound of a site that is open, or that an operator talks to, as it is or in one
    language."""

    def __init__(self, voices: Voices) -> None:
        self.voices = voices
        self.limiter = Limiter()
        self.ducker = Ducker()
        self.interpreted = below_interpreter()
        self.linger = LINGER_BLOCKS


def audible(state: ProgramState) -> frozenset[SiteId]:
    """Whose sound is in the program."""
    clip = state.player
    return state.open_microphones | ({PLAYER} if clip is not None and clip.sound else set())


class SoundDesk:
    """Owns the encoders of all sound feeds; everything but `start` and `close` is on its thread."""

    def __init__(
        self,
        clock: ProgramClock,
        sources: Sources,
        bitrates_bps: Bitrates,
        heard: Heard,
        listened: Callable[[], bool],
        on_air: Callable[[], OnAir | None],
        send: Callable[[Sequence[Packet]], None],
        send_levels: Callable[[dict[SiteId, float]], None],
        fps: int = 25,
    ) -> None:
        """`fps`: of the pictures beside it."""
        self._clock, self._sources = clock, sources
        self._stamped_later = AUDIO_CLOCK_RATE // (2 * fps) + EARLY
        self._voices = partial(Voices, bitrates_bps, heard)
        self._listened = listened
        self._on_air, self._send, self._send_levels = on_air, send, send_levels
        self._stop = threading.Event()
        self.metronome = Metronome(clock, BLOCKS, self._stop, PATIENCE_NS)
        self._thread = threading.Thread(target=self._run, name="sound")
        self._room = self._voices()
        self._room_limiter = Limiter()
        self._closed: Voices | None = None
        self._aac = RecordedSound()
        self._sealed_aac: RecordedSound | None = None
        self._public_sound = PublicSound()
        self._was_public = False
        self._opened_ns: int | None = None
        self._open_ns = 0
        """How much was mixed of what came after that."""
        self._minus: dict[tuple[SiteId, str], MinusFeed] = {}
        """By site and language, "" for the room as it is."""
        self._interpreting = Interpreting(self._voices)
        self.talkback = Talkback()

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        waiting: list[tuple[int, OnAir | None]] = []
        for index in self.metronome.ticks():
            waiting.append((index, self._on_air()))
            if index % TOGETHER == 0 or self._listened():
                for one in waiting:
                    self._tick(*one)
                waiting.clear()
        self._send(_coded(Feed.PUBLIC, self._aac.flush(), public=True))

    def _tick(self, index: int, snapshot: OnAir | None) -> None:
        """The block that ends at this tick, and what was in force then. Who is heard comes first:
        what fifty others sent takes three milliseconds."""
        from_ns = self._clock.monotonic_ns(BLOCKS.time_ns(index - 1))
        heard = frozenset[SiteId]()
        if snapshot is not None:
            heard = self._make(index, snapshot, from_ns)
        for source in self._sources.all():
            if source.site not in heard:
                source.sound.decode()
        if index % LEVEL_BLOCKS == 0:
            self._send_levels(self._levels(from_ns))

    def _make(self, index: int, snapshot: OnAir, from_ns: int) -> frozenset[SiteId]:
        """All packets of a block; returns whose sound is in it."""
        later_ms = snapshot.state.sound_later_ms
        for source in self._sources.all():
            source.sound.clean(wished=source.site in snapshot.state.cleaned)
            source.playout.sound_later_ns = later_ms.get(source.site, 0) * NS_PER_MS
        booths = snapshot.state.booths
        interpreters = {booth.site for booth in booths if booth.open}
        heard = self._heard(audible(snapshot.state) | interpreters, from_ns)
        interpreted = {one.site: heard.pop(one.site) for one in booths if one.site in heard}
        pts = (index - 1) * BLOCK_SAMPLES + self._stamped_later
        voices = self.talkback.voices(from_ns)
        self._interpreting.hear(booths, interpreted, self._sources)
        minus, total = self._mix_minus(heard, snapshot.state.open_microphones, voices, pts)
        public = self._is_public(snapshot, from_ns)
        languages = self._interpreting.packets(total, pts, public=public)
        # Those of the languages first: a part is whole when the room's sound of it is there.
        mixed = self._mix(total, pts, public=public, sealed=snapshot.state.sealed)
        self._send(minus + languages + mixed)
        return frozenset(heard) | interpreted.keys()

    def _is_public(self, snapshot: OnAir, from_ns: int) -> bool:
        """Only once the whole guard was mixed, too: after blocks that were left out the first one
        fades over from what would have been heard before them, which may be of the closed room."""
        if snapshot.opened_ns != self._opened_ns:
            self._opened_ns, self._open_ns = snapshot.opened_ns, 0
        if self._opened_ns is not None and from_ns >= self._opened_ns:
            self._open_ns += BLOCK_NS
        return snapshot.is_public(from_ns) and self._open_ns >= snapshot.guard_ns

    def speaking(self) -> list[SiteId]:
        """Where somebody speaks now, be it heard or not."""
        now_ns = time.monotonic_ns()
        return [
            source.site
            for source in self._sources.all()
            if source.sound.voice.speaking and now_ns - source.sound.received_ns < STALE_NS
        ]

    def _levels(self, now_ns: int) -> dict[SiteId, float]:
        return {
            source.site: round(source.sound.meter.read(), 1)
            for source in self._sources.all()
            if now_ns - source.sound.received_ns < STALE_NS
        }

    def _heard(self, opened: frozenset[SiteId], from_ns: int) -> dict[SiteId, Samples]:
        """The levelled and faded sound of each site that is open, opening or closing."""
        heard = {}
        for source in self._sources.all():
            fader = source.sound.fader
            fader.open = source.site in opened
            if fader.silent:
                source.sound.rest()
                continue
            source.sound.decode()
            if (block := source.sound.block(from_ns)) is not None:
                heard[source.site] = fader.apply(source.sound.level(block))
        return heard

    def _mix(self, total: Samples, pts: int, *, public: bool, sealed: bool) -> list[Packet]:
        """The room's packet, the public's, and those of the recordings."""
        room = self._room_limiter.apply(total)
        if public and not self._was_public:
            # A fresh encoder: the old one's look-ahead still holds 6.5 ms of the closed room.
            self._room, self._closed = self._voices(), None
        self._was_public = public
        packets = self._room.encode(Feed.ROOM, room, pts, public=public)
        block = self._public_sound.block(room, public=public)
        if not public:
            self._closed = self._closed or self._voices()
            packets += self._closed.encode(Feed.PUBLIC, block, pts, public=True)
        packets += _coded(Feed.PUBLIC, self._aac.encode(block, pts), public=True)
        return packets + self._sealed(room, pts, wanted=sealed)

    def _sealed(self, room: Samples, pts: int, *, wanted: bool) -> list[Packet]:
        """The room's sound for the sealed recording; it leaves the studio in no other way."""
        if not wanted:
            last, self._sealed_aac = self._sealed_aac, None
            return [] if last is None else _coded(Feed.ROOM, last.flush(), public=False)
        self._sealed_aac = self._sealed_aac or RecordedSound()
        return _coded(Feed.ROOM, self._sealed_aac.encode(room, pts), public=False)

    def _mix_minus(
        self,
        heard: dict[SiteId, Samples],
        opened: frozenset[SiteId],
        voices: dict[SiteId, Samples],
        pts: int,
    ) -> tuple[list[Packet], Samples]:
        """The return feeds' packets, and the sum of all. Each site is taken out before the limiter:
        what is not linear cannot be taken out again. A voice is in its own feed alone."""
        sites, codes = opened | self.talkback.sites, ("", *self._interpreting.codes)
        own = {(site, code) for site in sites for code in codes}
        for key in own:
            if key not in self._minus:
                self._minus[key] = MinusFeed(self._voices())
            self._minus[key].linger = LINGER_BLOCKS
        total, packets = mix(heard), []
        for (site, code), feed in list(self._minus.items()):
            name = Feed.minus(site, code)
            if feed.voices.are_heard(name):
                block = total - heard[site] if site in heard else total.copy()
                self._interpreting.over(code, block, feed.interpreted)
                feed.ducker.apply(block, talked=site in voices)
                if site in voices:
                    block += voices[site]
                packets += feed.voices.encode(name, feed.limiter.apply(block), pts)
            if (site, code) not in own:
                feed.linger -= 1
                if feed.linger == 0:
                    del self._minus[site, code]
        return packets, total


def _coded(feed: str, units: list[tuple[int, bytes]], *, public: bool) -> list[Packet]:
    return [Packet(feed, Codec.AAC, at, True, public, data) for at, data in units]
