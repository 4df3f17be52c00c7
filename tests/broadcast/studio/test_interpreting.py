"""A language's sound: the room below its interpreter, and nothing of him anywhere else."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest

from broadcast.interpreters import Booth, Language
from broadcast.program import Take
from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from broadcast.studio.interpreting import BELOW, Interpreting
from broadcast.studio.sources import Sources
from broadcast.studio.voices import Voices
from streams.frames import Codec, EncodedFrame, Feed, Packet, SiteId
from tests import media
from tests.broadcast.studio.rig import TONES, clip, decoded_sound, full, rig

HALL, CABIN = SiteId("hall"), SiteId("cabin")
HMONG = Language("hmn", "Tiếng Mông")
OPEN, CLOSED = Booth(CABIN, HMONG, open=True), Booth(CABIN, HMONG)
NOTHING_DBFS = -70
AAC_CONFIG = bytes((0x11, 0x90))
"""AudioSpecificConfig: LC, 48 kHz, two channels (ISO/IEC 14496-3, 1.6.2.1)."""


def heard(folder: Path, *segments: int) -> media.Samples:
    names = ["init-0.mp4", *(f"{number:08}.m4s" for number in segments)]
    return media.decode(b"".join((folder / name).read_bytes() for name in names)).heard()


def test_an_interpreter_is_in_his_language_and_nowhere_else(tmp_path: Path) -> None:
    asyncio.run(_an_interpreter(tmp_path))


async def _an_interpreter(folder: Path) -> None:
    archive = folder / "archive" / "x"
    spoken = archive / "language-hmn"

    async def kept_since(is_so: Callable[[media.Samples], bool], what: str) -> int:
        """The newest segment once it is so, whenever the studio came to it, and three more."""

        def newest() -> int | None:
            number = max(int(path.stem) for path in spoken.glob("*.m4s"))
            sound = heard(spoken, number)
            return number if sound.size and is_so(sound) else None

        number = await media.wait_until(newest, what)
        await media.wait_until((archive / f"{number + 3:08}.m4s").exists, "three more")
        return number

    async with rig(folder) as r:
        r.site(HALL, clip(0))
        r.site(CABIN, clip(1))
        r.relay.follow(
            stream="x", recording=True, public=Take.ROOM, program=full(HALL),
            open_microphones=frozenset({HALL}), booths=(CLOSED,),
        )  # fmt: skip
        await media.wait_until((archive / "00000002.m4s").exists, "two segments")
        r.relay.follow(booths=(OPEN,))
        at = await kept_since(lambda sound: loud(sound, 1) > -35, "he is heard")
        room = decoded_sound(await r.packets(Feed.ROOM, Codec.OPUS, 50))
        chosen = decoded_sound(await r.packets(Feed.language("hmn"), Codec.OPUS, 50))
        speaker_s = decoded_sound(await r.packets(Feed.minus(HALL, "hmn"), Codec.OPUS, 50))
        r.relay.follow(public=Take.SLATE)
        last = await kept_since(lambda sound: float(np.abs(sound).max()) < 0.001, "not a sample")
        inside = await r.packets(Feed.language("hmn"), Codec.OPUS, 50)
    before, after, closed = heard(spoken, 1), heard(spoken, at), heard(spoken, last + 1)
    assert loud(before, 0) == pytest.approx(loud(heard(archive, 1), 0), abs=1)
    assert leaked(before, 1) < NOTHING_DBFS, "his microphone is closed"
    assert loud(after, 0) > -50, "below him"
    assert float(np.abs(closed).max()) < 0.001, "not a sample while the room is closed"
    assert loud(chosen, 1) > -35
    assert loud(chosen, 0) > -50, "below him"
    assert loud(speaker_s, 1) > -35
    assert leaked(speaker_s, 0) < loud(chosen, 0) - 20, "not himself"
    assert loud(decoded_sound(inside), 1) > -35
    assert not any(packet.public for packet in inside), "for the room alone"
    for sound in (heard(archive, at), heard(archive / "sound", at), room):
        assert loud(sound, 0) > -35
        assert leaked(sound, 1) < NOTHING_DBFS


def loud(sound: media.Samples, site: int) -> float:
    return media.loudest_tone(sound[2000:-2000], TONES[site])


def leaked(sound: media.Samples, site: int) -> float:
    return media.leaked_tone(sound[2000:-2000], TONES[site])


class Desk:
    """One language's sound, block by block: a room that says 440 Hz, an interpreter who speaks."""

    def __init__(self) -> None:
        self.sources = Sources(lambda _: None)
        self.sources.offer(EncodedFrame(CABIN, Codec.OPUS, 0, None, 1, True, b"\xfc\xff\xfe"))
        self.heard: set[str] = set()
        voices = partial(Voices, (64_000,), lambda feed: [0] if feed in self.heard else [])
        self.interpreting, self.pts = Interpreting(voices), 0
        self.packets: list[Packet] = []

    def blocks(self, voices: Sequence[Samples]) -> None:
        source = self.sources.get(CABIN)
        assert source is not None
        room = np.split(media.tone(440, len(voices) * 0.02), len(voices))
        for total, voice in zip(room, voices, strict=True):
            source.sound.voice.hear(voice)
            self.interpreting.hear((OPEN,), {CABIN: voice * 0}, self.sources)
            block = np.stack([total] * 2)
            self.packets += self.interpreting.packets(block, self.pts, public=True)
            self.pts += BLOCK_SAMPLES


def test_the_room_goes_down_below_an_interpreter_who_speaks_and_comes_back() -> None:
    desk = Desk()
    silence = [np.zeros((2, BLOCK_SAMPLES), np.float32)] * 100
    desk.blocks(silence)
    desk.blocks(spoken(3))
    desk.blocks(silence * 2)
    sound = decoded(desk.packets)

    def level(at_s: float) -> float:
        at = int(at_s * media.RATE)
        return media.tone_level(sound[at : at + 9600], 440)

    assert level(1.5) == pytest.approx(-12, abs=0.5)
    assert level(3) == pytest.approx(-12 + 20 * np.log10(BELOW), abs=0.5)
    assert level(4.7) == pytest.approx(level(3), abs=0.5), "in the pauses between sentences too"
    assert level(8.5) == pytest.approx(-12, abs=0.5)


def test_where_there_is_no_booth_nothing_is_made() -> None:
    desk = Desk()
    total = np.zeros((2, BLOCK_SAMPLES), np.float32)
    desk.interpreting.hear((), {}, desk.sources)
    assert desk.interpreting.packets(total, 0, public=True) == []


def test_it_is_made_for_listeners_while_there_are_any() -> None:
    desk, silence = Desk(), [np.zeros((2, BLOCK_SAMPLES), np.float32)] * 10
    room, public = Feed.language("hmn"), Feed.in_pairs(Feed.language("hmn"))
    for heard, made in ((), 0), ((room,), 10), ((room, public), 15), ((), 0):
        desk.packets, desk.heard = [], set(heard)
        desk.blocks(silence)
        sent = [one for one in desk.packets if one.codec is Codec.OPUS]
        assert (len(sent), {one.feed for one in sent}) == (made, set(heard))


def spoken(seconds: int) -> list[Samples]:
    """A buzz with formants that rise and fall four times a second."""
    at = np.arange(seconds * media.RATE) / media.RATE
    phase = 2 * np.pi * np.cumsum(120 + 15 * np.sin(2 * np.pi * 0.7 * at)) / media.RATE
    buzz = sum(
        np.sin(n * phase) * sum(np.exp(-(((n * 120 - f) / 150) ** 2)) for f in (500, 1500, 2500))
        for n in range(1, 30)
    )
    voice = (buzz * np.maximum(0, np.sin(2 * np.pi * 4 * at)) * 0.2).astype(np.float32)
    return [np.stack([block] * 2) for block in np.split(voice, seconds * 50)]


def decoded(packets: Sequence[Packet]) -> media.Samples:
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = AAC_CONFIG
    parts = [media.samples_of(f) for p in packets for f in decoder.decode(av.Packet(p.data))]
    return np.concatenate(parts)
