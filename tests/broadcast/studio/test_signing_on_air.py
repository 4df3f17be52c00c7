"""The sign-language interpreter's box in what the studio really sends and records, decoded.

The sites' pictures are their colours: what stands in the box is told by how bright it is.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from broadcast.interpreters import Signer
from broadcast.program import Overlay, Take
from broadcast.studio.canvas import box_of
from broadcast.studio.encoding import CANVASES
from streams.frames import Codec, Feed, Packet, SiteId
from streams.wire import Kind
from tests import media
from tests.broadcast.studio.rig import (
    FPS,
    Rig,
    clip,
    decoded_pictures,
    decoded_sound,
    full,
    newest_picture,
    rig,
)
from tests.broadcast.studio.test_secrecy import SECRET as CLOSED_SITE
from tests.broadcast.studio.test_secrecy import recorded

HALL, SIGN = SiteId("hall"), SiteId("sign")
SIGNER = Signer(SIGN)
PAUSE, CLOSED = (Overlay("slate", {"mode": mode, "title": ""}) for mode in ("pause", "closed"))
BRIGHT = 70 + 12 * 3
"""The interpreter's colour; the hall's is 70, the slates' ground is 30 at most."""


def in_box(picture: media.Picture) -> float:
    """How bright it is in the lower part of the box, below code and bar."""
    box = box_of(SIGNER.rect, 640, 360)
    rows = slice(box.y + box.height * 2 // 3, box.y + box.height - 6)
    return float(np.median(picture[rows, box.x + 8 : box.x + box.width - 8]))


def boxed(packets: Sequence[Packet]) -> list[float]:
    return [in_box(picture) for _, picture in decoded_pictures(packets)]


def signed(level: float) -> bool:
    return abs(level - BRIGHT) < 6


def followed(r: Rig) -> bool:
    """What was stated last is what the studio goes by."""
    status = r.relay.received.newest_note(Kind.STATUS) or {}
    return bool(status.get("version") == r.relay.state.version)


async def is_signed(r: Rig) -> bool:
    return signed(in_box(await newest_picture(r)))


async def begin(r: Rig) -> None:
    r.site(HALL, clip(0))
    r.site(SIGN, clip(3))
    r.relay.go_on_air(HALL, public_slate=PAUSE, signer=SIGNER, signer_public=True)
    await r.packets(Feed.ROOM, Codec.H264, 3 * FPS)
    await media.wait_until(lambda: is_signed(r), "his picture")


def test_he_is_in_the_picture_of_all_and_in_nobodys_sound(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(tmp_path) as r:
            await begin(r)
            heard = decoded_sound(r.relay.received.of(Feed.ROOM, Codec.OPUS))[-media.RATE :]
            assert media.loudest_tone(heard, 440.0) > -40
            assert media.leaked_tone(heard, 2600.0) < -70
            await r.leave(SIGN)

            async def alone() -> bool:
                return abs(in_box(await newest_picture(r)) - 70) < 6

            await media.wait_until(alone, "his line is dead: the hall alone")
            r.site(SIGN, clip(3))
            await media.wait_until(lambda: is_signed(r), "his picture, again")

    asyncio.run(scenario())


async def signs_through_a_break(r: Rig) -> bool:
    """From its first picture on: not where his line stood still with the machine. If not, the room
    is public again."""
    r.relay.follow(public=Take.SLATE, open_microphones=frozenset())
    at_break = await r.packets(Feed.PUBLIC, Codec.H264, 2 * FPS)
    if all(signed(level) for level in boxed(at_break)):
        return True
    r.relay.follow(public=Take.ROOM)
    await media.wait_until(lambda: followed(r), "the room is public")
    await media.wait_until(lambda: is_signed(r), "his picture, again")
    return False


def test_he_is_over_the_slate_of_a_break_and_never_over_that_of_a_closed_item(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with rig(tmp_path) as r:
            await begin(r)
            await media.wait_until(
                lambda: signs_through_a_break(r), "him from the first picture on"
            )
            r.relay.follow(public_slate=CLOSED, signer_public=False, program=full(CLOSED_SITE))
            await media.wait_until(lambda: followed(r), "the studio's word that it is so")
            closed = len(r.relay.received.of(Feed.PUBLIC, Codec.H264)) + CANVASES
            await r.packets(Feed.PUBLIC, Codec.H264, 3 * FPS)
            everything = r.relay.received.of(Feed.PUBLIC, Codec.H264)
            assert max(boxed(everything)[closed:]) < 60, "at once, but for what was on its way"
            await media.wait_until(lambda: is_signed(r), "in the room he is seen")
        kept = [in_box(picture) for _, picture in recorded(tmp_path / "archive" / "s").pictures]
        assert sum(signed(level) for level in kept) > FPS
        assert not signed(kept[-1])

    asyncio.run(scenario())
