"""The real process, beside a recording that goes wrong in each way."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from broadcast.interpreters import Booth, Language
from broadcast.outputs.segments import Order, Segments
from broadcast.program import ProgramState
from broadcast.studio.encoders import AacEncoder, H264Encoder
from config.settings import Http, Recording, Settings, witness_socket_path
from streams.frames import Codec, Feed, Packet, SiteId
from tests import media
from tests.broadcast.outputs.streams import EPOCH_S, FRAME, PROGRAM
from tests.media import wait_until
from tests.web.rig import settings_in
from web.statuses import Witness, witness_of
from web.studio_link import DEAF, StudioLink

RECORDING = Recording(segment_ms=1000, stop_free_bytes=0, warn_free_bytes=0)
Draw = Callable[[int], media.Planar]


def moving(number: int) -> media.Planar:
    return media.draw(320, 180, media.Mark(1, number))


def frozen(_: int) -> media.Planar:
    return moving(1)


def black(_: int) -> media.Planar:
    planar = np.full((270, 320), 16, np.uint8)
    planar[180:] = 128
    return planar


def packets(draw: Draw, seconds: int, *, mute: bool = False) -> Sequence[Packet]:
    video, sound = H264Encoder(PROGRAM), AacEncoder()
    tone = media.tone(1000, seconds, level_dbfs=-120 if mute else -12)
    made = []
    for number in range(seconds * 25):
        frame = av.VideoFrame.from_ndarray(draw(number), "yuv420p")
        pts, key = EPOCH_S * 90_000 + number * FRAME, number % 25 == 0
        made.append(Packet("room", Codec.H264, pts, key, True, video.encode(frame, pts, key=key)))
        for block in (2 * number, 2 * number + 1):
            samples = tone[None, block * 960 : block * 960 + 960].repeat(2, axis=0)
            for at, aac in sound.encode(samples, EPOCH_S * 48_000 + block * 960):
                made.append(Packet("public", Codec.AAC, at, True, True, aac))
    return made


class Stage:
    """A recording in the making, and what the witness says of it."""

    def __init__(self, folder: Path) -> None:
        data = settings_in(folder)
        # Nobody serves here: the witness has to say so.
        self.settings: Settings = data.model_copy(
            update={"program": PROGRAM, "recording": RECORDING, "http": Http(port=9)}
        )
        self.link = StudioLink(
            witness_socket_path(self.settings.storage), DEAF, lambda: 0, name="witness"
        )
        self.segments = Segments(self.settings.storage.data_dir / "archive", PROGRAM, RECORDING)

    @property
    def seen(self) -> Witness:
        return witness_of(self.link.word(0))

    async def until(self, condition: Callable[[Witness], object], what: str) -> None:
        try:
            await wait_until(lambda: condition(self.seen), what)
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {self.seen}") from None

    def record(self, made: Sequence[Packet]) -> None:
        for packet in made:
            self.segments.offer(packet)


@asynccontextmanager
async def stage(folder: Path, booths: tuple[Booth, ...] = ()) -> AsyncIterator[Stage]:
    made = Stage(folder)
    file = folder / "settings.json"
    file.write_text(made.settings.model_dump_json())
    server = await made.link.start()
    state = ProgramState(stream="x", recording=True, booths=booths)
    made.link.show(state)
    made.segments.start()
    made.segments.follow(Order("x", recording=True, languages=state.languages))
    command = [sys.executable, "-m", "broadcast.witness", str(file)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[3])
    try:
        yield made
    finally:
        process.terminate()
        process.wait(media.PATIENCE_S)
        made.link.close()
        server.close()
        made.segments.close()


@pytest.mark.parametrize(
    ("draw", "mute", "wrong"),
    [
        (moving, False, ()),
        (frozen, False, ("still_s",)),
        (black, False, ("still_s", "black_s")),
        (moving, True, ("silent_s",)),
    ],
)
def test_what_is_wrong_is_seen(
    tmp_path: Path, draw: Draw, mute: bool, wrong: tuple[str, ...]
) -> None:
    async def story() -> None:
        async with stage(tmp_path) as made:
            whole = await asyncio.to_thread(packets, draw, 7, mute=mute)
            made.record(whole[:150])
            await made.until(lambda seen: seen.stream == "x" and seen.width == 320, "a picture")
            made.record(whole[150:])
            all_of_it = ("still_s", "black_s", "silent_s")
            await made.until(
                lambda seen: all(
                    (getattr(seen, one) >= 4.5) == (one in wrong) for one in all_of_it
                ),
                "what is wrong, and only that",
            )
            assert made.seen.height == 180
            assert made.seen.apart_ms < 40
            assert made.seen.unreadable == ""

    asyncio.run(story())


def test_a_language_that_is_silent_beside_a_room_that_speaks(tmp_path: Path) -> None:
    async def story() -> None:
        booth = Booth(SiteId("cabin"), Language("hmn", "Tiếng Mông"), open=True)
        async with stage(tmp_path, (booth,)) as made:
            whole = await asyncio.to_thread(packets, moving, 7)
            silence = await asyncio.to_thread(packets, moving, 7, mute=True)
            spoken = [
                replace(one, feed=Feed.language("hmn")) for one in silence if one.codec is Codec.AAC
            ]
            both = sorted([*spoken, *whole], key=lambda one: one.pts / one.codec.clock_rate)
            made.record(both[:200])
            await made.until(lambda seen: "hmn" in seen.languages and seen.width, "a picture")
            made.record(both[200:])
            await made.until(lambda seen: seen.languages["hmn"] > 4, "that nothing is said in it")
            assert made.seen.silent_s < 1

    asyncio.run(story())


def test_a_language_that_is_the_rooms_own(tmp_path: Path) -> None:
    async def story() -> None:
        booth = Booth(SiteId("cabin"), Language("hmn", "Tiếng Mông"), open=True)
        async with stage(tmp_path, (booth,)) as made:
            whole = await asyncio.to_thread(packets, moving, 7)
            spoken = [
                replace(one, feed=Feed.language("hmn")) for one in whole if one.codec is Codec.AAC
            ]
            both = sorted([*spoken, *whole], key=lambda one: one.pts / one.codec.clock_rate)
            made.record(both[:200])
            await made.until(lambda seen: "hmn" in seen.alike and seen.width, "a picture")
            made.record(both[200:])
            await made.until(lambda seen: seen.alike["hmn"] > 4, "that nobody interprets")
            assert made.seen.languages["hmn"] < 1

    asyncio.run(story())


def test_a_recording_that_stops_growing_or_is_not_served_is_told(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as made:
            await made.until(lambda seen: seen.grew_s > 1, "nothing at all")
            made.record(await asyncio.to_thread(packets, moving, 3))
            await made.until(lambda seen: seen.width and seen.grew_s < 1, "growth")
            await made.until(lambda seen: seen.grew_s > 2, "its end")
            await made.until(lambda seen: seen.unserved, "that nobody serves it")
            made.link.show(ProgramState(stream="x", finished=True))
            await made.until(lambda seen: seen.stream == "", "nothing to look at")

    asyncio.run(story())


def test_a_recording_that_does_not_play_is_told(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as made:
            whole = await asyncio.to_thread(packets, moving, 4)
            made.record(whole[:150])
            await made.until(lambda seen: seen.width, "a picture")
            folder = made.settings.storage.data_dir / "archive" / "x"
            (folder / "init-0.mp4").write_bytes(bytes(800))
            made.record(whole[150:])
            await made.until(lambda seen: seen.unreadable, "that it does not play")

    asyncio.run(story())
