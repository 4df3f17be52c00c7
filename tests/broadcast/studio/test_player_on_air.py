"""What the media player has is seen and heard in the program of a running studio, for as long as
it is wanted."""

import asyncio
import time
import wave
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from broadcast.program import PLAYER, Clip, ClipKind, Take
from streams.frames import VIDEO_CLOCK_RATE, Codec, Feed
from tests import media
from tests.broadcast.studio.rig import (
    Rig,
    decoded_pictures,
    decoded_sound,
    full,
    newest_picture,
    rig,
)
from tests.films import FPS, HZ, LENGTH_S, SITE, film

LAST = LENGTH_S * FPS - 1
BEFORE_ITS_END_MS = 1500
COUNTED_S = 4
CARD_SPREAD = 100
"""Of the luma of a picture with words on it."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def number_shown(r: Rig) -> int | None:
    mark = media.read_mark(await newest_picture(r))
    return mark.number if mark is not None and mark.site == SITE else None


async def heard_dbfs(r: Rig) -> float:
    """The film's tone in the program's sound of the next half second."""
    sound = decoded_sound(await r.packets(Feed.ROOM, Codec.OPUS, 30))
    return media.tone_level(sound[5 * 960 :], HZ)


async def is_heard(r: Rig) -> bool:
    return await heard_dbfs(r) > -35


async def is_silent(r: Rig) -> bool:
    return await heard_dbfs(r) < -70


def test_a_film_is_seen_and_heard_to_its_end_and_then_stands(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    film(tmp_path / "media" / "opening.mp4")
    clip = Clip(1, ClipKind.FILM, "Phim mở đầu", "opening.mp4", sound=True)

    async def test() -> None:
        async with rig(tmp_path) as r:
            r.relay.follow(public=Take.ROOM, program=full(PLAYER), player=clip)

            async def shows(first: int, last: int) -> bool:
                number = await number_shown(r)
                return number is not None and first <= number <= last

            await media.wait_until(lambda: shows(0, 0), "its first picture, which stands")
            assert await is_silent(r)
            playing = replace(clip, started_at_ms=now_ms(), loop=True)
            r.relay.follow(player=playing)
            await media.wait_until(lambda: shows(FPS, LAST), "it runs")
            await media.wait_until(lambda: is_heard(r), "its sound")
            r.relay.follow(player=replace(playing, sound=False))
            await media.wait_until(lambda: is_silent(r), "switched off")
            near_its_end = LENGTH_S * 1000 - BEFORE_ITS_END_MS

            async def ends() -> bool:
                """Whether its sound was heard before: not where the machine stood still."""
                before = len(r.relay.received.of(Feed.ROOM, Codec.OPUS))
                last = replace(clip, started_at_ms=now_ms(), position_ms=near_its_end)
                r.relay.follow(player=last)
                await media.wait_until(lambda: shows(LAST, LAST), "its last picture")
                await media.wait_until(lambda: is_silent(r), "and no sound")
                again = decoded_sound(r.relay.received.of(Feed.ROOM, Codec.OPUS)[before:])
                assert await number_shown(r) == LAST, "it stands"
                return media.loudest_tone(again, HZ) > -35

            await media.wait_until(ends, "its end, with its sound")
            r.relay.follow(player=None)

            async def nothing() -> bool:
                return await number_shown(r) is None

            await media.wait_until(nothing, "nothing of it, once it is taken away")

    asyncio.run(test())


def test_a_countdown_is_seen_to_nought_and_the_anthem_is_heard(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    with wave.open(str(tmp_path / "media" / "quoc-ca.wav"), "wb") as file:
        file.setparams((1, 2, media.RATE, 0, "NONE", ""))
        file.writeframes((media.tone(HZ, 20) * 32767).astype("<i2").tobytes())
    countdown = Clip(1, ClipKind.COUNTDOWN, "Bắt đầu sau", duration_ms=COUNTED_S * 1000)
    anthem = Clip(2, ClipKind.SOUND, "Quốc ca", "quoc-ca.wav", sound=True)

    async def test() -> None:
        async with rig(tmp_path) as r:
            r.relay.follow(public=Take.ROOM, program=full(PLAYER), player=countdown)
            first = await a_card(r)

            ends: list[media.Picture] = []

            async def counts_down() -> bool:
                """Not where a busy machine shows a card late, or leaves it out."""
                r.relay.follow(player=replace(countdown, started_at_ms=now_ms()))
                packets = await r.packets(Feed.ROOM, Codec.H264, (COUNTED_S + 2) * FPS)
                pictures = await asyncio.to_thread(decoded_pictures, packets)
                steps_s = changes_s(pictures)
                assert len(steps_s) <= COUNTED_S, "00:03 … 00:00"
                latest_s = max(sooner - number for number, (sooner, _) in enumerate(steps_s))
                soonest_s = min(later - number for number, (_, later) in enumerate(steps_s))
                ends.append(pictures[-1][1])
                return len(steps_s) == COUNTED_S and latest_s < 0.3 + soonest_s

            await media.wait_until(counts_down, "a second for each card")
            assert await is_silent(r)
            r.relay.follow(player=replace(anthem, started_at_ms=now_ms()))
            await media.wait_until(lambda: is_heard(r), "the anthem")
            titled = await a_card(r)
            assert differ(titled, first)
            assert differ(titled, ends[-1])

    asyncio.run(test())


async def a_card(r: Rig) -> media.Picture:
    """Once there are words on the picture."""
    seen: list[media.Picture] = []

    async def there() -> bool:
        seen.append(await newest_picture(r))
        return bool(np.ptp(seen[-1]) > CARD_SPREAD)

    await media.wait_until(there, "a card")
    return seen[-1]


def differ(one: media.Picture, other: media.Picture) -> bool:
    """In what they say: more than an encoder's noise."""
    return bool(np.abs(one.astype(np.int16) - other).max() > CARD_SPREAD)


def changes_s(pictures: Sequence[tuple[int, media.Picture]]) -> list[tuple[float, float]]:
    """Between which two pictures another card came: a busy machine leaves some out."""
    found: list[tuple[float, float]] = []
    for (before, one), (pts, other) in pairwise(pictures):
        sooner_s, later_s = before / VIDEO_CLOCK_RATE, pts / VIDEO_CLOCK_RATE
        if differ(one, other) and (not found or later_s - found[-1][1] > 0.2):
            found.append((sooner_s, later_s))
    return found
