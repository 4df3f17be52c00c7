"""What the settings and the operator's switches ask for is done in the running studio, and told."""

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from broadcast.program import Take
from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.opus import OpusEncoder
from config.settings import Program
from streams.frames import Codec, Feed, SiteId
from streams.wire import Kind
from tests import media
from tests.broadcast.studio.rig import Coded, Rig, clip, decoded_pictures, decoded_sound, full, rig
from tests.broadcast.studio.test_loudness import speech
from tests.broadcast.studio.test_noise import fan

HALL, A = SiteId("hall"), SiteId("a")
SECONDS = 7
WHITE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1280 720">'
    '<rect width="1280" height="720" fill="#ffffff"/></svg>'
)


def sent(sound: media.Samples) -> Sequence[Coded]:
    """As a site's browser codes it."""
    encoder = OpusEncoder(96_000)
    blocks = np.split(np.stack([sound, sound]), len(sound) // BLOCK_SAMPLES, axis=1)
    return [
        Coded(n * BLOCK_SAMPLES / media.RATE, Codec.OPUS, True, data)
        for n, block in enumerate(blocks)
        for _, data in encoder.encode(block, n * BLOCK_SAMPLES)
    ]


async def out_of_the_room_db(r: Rig) -> float:
    """How far a voice stands out of its room, in the next two seconds of the program: between
    syllables, nearly half of the time, the room is heard alone."""
    packets = await r.packets(Feed.ROOM, Codec.OPUS, 100)
    sound = await asyncio.to_thread(decoded_sound, packets)
    blocks = sound[: len(sound) // BLOCK_SAMPLES * BLOCK_SAMPLES].reshape(-1, BLOCK_SAMPLES)
    room, voice = np.quantile(np.square(blocks).mean(axis=1), (0.25, 0.9))
    return float(10 * np.log10(voice / (room + 1e-12)))


def test_noise_is_taken_out_once_it_is_wished_and_who_speaks_is_told(tmp_path: Path) -> None:
    voice = np.concatenate(speech(SECONDS, -26), axis=1)[0].astype(np.float32)
    spoken, noise = sent(voice + fan(-45, SECONDS)), sent(fan(-45, SECONDS))

    def told(r: Rig) -> list[list[str]]:
        return [
            note.body["speaking"] for note in r.relay.received.notes if note.kind is Kind.STATUS
        ]

    async def test() -> None:
        async with rig(tmp_path) as r:
            r.site(HALL, spoken)
            r.site(A, noise)

            async def stands_out(least_db: float, most_db: float) -> bool:
                return least_db < await out_of_the_room_db(r) < most_db

            r.relay.follow(public=Take.ROOM, open_microphones=frozenset({HALL}))
            await media.wait_until(lambda: stands_out(10, 17), "the voice, and the fan")
            r.relay.follow(cleaned=frozenset({HALL}))
            # A machine that is too busy to play the site leaves holes, which stand out by more.
            await media.wait_until(lambda: stands_out(20, 30), "the voice, and less of the fan")
            assert [HALL] in told(r)
            assert all(site == HALL for sites in told(r) for site in sites), "a fan is no voice"

    asyncio.run(test())


def test_when_the_program_source_dies_the_office_s_own_slate_comes(tmp_path: Path) -> None:
    theme = tmp_path / "theme"
    theme.mkdir()
    (theme / "slate.svg").write_text(WHITE)
    program = Program(width=640, height=360, slate_after_lost_s=1, theme=theme)

    def brightness(r: Rig) -> float:
        packets = r.relay.received.of(Feed.ROOM, Codec.H264)
        newest = max(number for number, packet in enumerate(packets) if packet.key)
        return float(decoded_pictures(packets[newest:])[-1][1].mean())

    async def test() -> None:
        async with rig(tmp_path, program=program) as r:
            r.site(HALL, clip(0))
            r.relay.follow(public=Take.ROOM, program=full(HALL))
            await r.packets(Feed.ROOM, Codec.H264, 30)
            await media.wait_until(lambda: brightness(r) < 200, "the site")
            await r.leave(HALL)
            await media.wait_until(lambda: brightness(r) > 230, "the slate")
            r.site(HALL, clip(0))
            await media.wait_until(lambda: brightness(r) < 200, "the site, again")

    asyncio.run(test())


def test_pictures_that_come_too_late_are_counted(tmp_path: Path) -> None:
    def late(r: Rig) -> int:
        return int((r.relay.received.newest_note(Kind.STATUS) or {}).get("late_frames", 0))

    async def test() -> None:
        async with rig(tmp_path) as r:
            assert r.process is not None
            r.relay.follow(public=Take.ROOM)
            await r.packets(Feed.ROOM, Codec.H264, 30)
            before = late(r)
            r.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(1)
            r.process.send_signal(signal.SIGCONT)
            await media.wait_until(lambda: late(r) > before + 10, "most of a second's pictures")

    asyncio.run(test())
