"""A closed item never leaves the room: not one picture, not one sample, not in the segments.

The room's own feed shows and sounds it all the time; what is marked public, and what is on disk,
is searched for the pictures that the site sent while it was closed and for its tone.
"""

import asyncio
import itertools
import stat
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from m3u8 import load

from broadcast.outputs.vault import PLAIN, Envelope, Sealed, load_key
from broadcast.program import Overlay, Take
from config.settings import Recording
from streams.frames import Codec, Feed, Packet, SiteId
from tests import media
from tests.broadcast.studio.rig import (
    FPS,
    TONES,
    Coded,
    Rig,
    clip,
    decoded_pictures,
    decoded_sound,
    full,
    rig,
)

HALL, SECRET = SiteId("hall"), SiteId("secret")
SILENT_DBFS = -70
"""Beside another tone. That the closed sound itself leaves nothing is shown where nobody else
speaks."""
SLATE = Overlay("slate", {"mode": "closed", "title": "Nội dung họp kín"})


PUBLIC = Feed.ROOM, Feed.PUBLIC
OUTSIDE = {Codec.H264: PUBLIC, Codec.OPUS: tuple(map(Feed.in_pairs, PUBLIC))}
"""The feeds that the public gets."""


def public(r: Rig, codec: Codec, rendition: int = 0) -> list[Packet]:
    return [
        p
        for _, p in r.relay.received.packets
        if p.public and (p.codec, p.rendition) == (codec, rendition) and p.feed in OUTSIDE[codec]
    ]


def heard_by_the_public(r: Rig) -> list[Sequence[Packet]]:
    return [run for rendition in (0, 1) for run in runs(public(r, Codec.OPUS, rendition))]


def runs(packets: Sequence[Packet]) -> list[list[Packet]]:
    """Split where the feed changes: a viewer's decoder sees each run from its keyframe on."""
    parts: list[list[Packet]] = []
    for packet in packets:
        if not parts or parts[-1][-1].feed != packet.feed:
            parts.append([])
        parts[-1].append(packet)
    return parts


def public_marks(r: Rig) -> set[tuple[int, int]]:
    """(site, number) of all that the public could see in the packets."""
    pictures = [
        picture
        for rendition in range(3)
        for run in runs(public(r, Codec.H264, rendition))
        for picture in decoded_pictures(run)
    ]
    return {(mark.site, mark.number) for _, p in pictures if (mark := media.read_mark(p))}


def recorded(folder: Path, envelope: Envelope = PLAIN) -> media.Clip:
    playlist = load(str(folder / "index.m3u8"))
    clip_ = media.Clip()
    init = b""
    for segment in playlist.segments:
        init = envelope.open((folder / segment.init_section.uri).read_bytes())
        one = media.decode(init + envelope.open((folder / segment.uri).read_bytes()))
        clip_.pictures += one.pictures
        clip_.sound += one.sound
    return clip_


def renumbered(site: int) -> tuple[Coded, ...]:
    """A clip long enough that no picture's number comes twice in the test."""
    return clip(site, 16)


def sent_only_between(r: Rig, site: str, from_ns: int, to_ns: int) -> set[int]:
    """The numbers of the pictures that the site sent in that time; on a slow machine, on which the
    test lasts longer than the clip, but for those that it also sent before or after it."""
    sent = [
        (from_ns <= at_ns < to_ns, round(coded.at_s * FPS))
        for at_ns, name, coded in r.relay.played
        if name == site and coded.codec.is_video
    ]
    return {number for then, number in sent if then} - {number for then, number in sent if not then}


async def closed_for_a_while(r: Rig) -> tuple[int, int]:
    """Open with the hall, closed with the secret site on air and heard, open again with the hall.
    When it was closed, CLOCK_MONOTONIC."""
    r.site(HALL, renumbered(0))
    r.site(SECRET, renumbered(3))
    r.relay.go_on_air(HALL, public_slate=SLATE)
    await r.packets(Feed.ROOM, Codec.H264, 60)
    closed_ns = time.monotonic_ns()
    r.relay.follow(
        public=Take.SLATE,
        sealed=True,
        program=full(SECRET),
        open_microphones=frozenset({HALL, SECRET}),
    )
    await r.packets(Feed.PUBLIC, Codec.H264, 70)
    await media.wait_until(lambda: has_secret(r), "the room sees and hears it")
    opened_ns = time.monotonic_ns()
    r.relay.follow(
        public=Take.ROOM, sealed=False, program=full(HALL), open_microphones=frozenset({HALL})
    )
    before = len(public(r, Codec.H264))

    def back() -> bool:
        new = public(r, Codec.H264)[before:]
        return sum(p.feed == Feed.ROOM for p in new) > 60

    await media.wait_until(back, "the room is public again")
    return closed_ns, opened_ns


def has_secret(r: Rig) -> bool:
    room = [one for one in r.relay.received.of(Feed.ROOM, Codec.H264) if not one.public]
    marks = [media.read_mark(picture) for _, picture in decoded_pictures(room)]
    sound = decoded_sound(r.relay.received.of(Feed.ROOM, Codec.OPUS))
    return 3 in {mark.site for mark in marks if mark} and media.loudest_tone(sound, TONES[3]) > -30


def test_nothing_of_a_closed_item_leaves_the_room(tmp_path: Path) -> None:
    async def test() -> None:
        async with rig(tmp_path) as r:
            closed_ns, opened_ns = await closed_for_a_while(r)
            room = r.relay.received.of(Feed.ROOM, Codec.H264)
            seen = {m.site for _, p in decoded_pictures(room) if (m := media.read_mark(p))}
            assert seen == {0, 3}, "the room itself saw it"
            sound = decoded_sound(r.relay.received.of(Feed.ROOM, Codec.OPUS))
            assert media.loudest_tone(sound, TONES[3]) > -30

            marks = public_marks(r)
            assert {site for site, _ in marks} == {0}
            # The hall's pictures too: what it sent while it was closed stays inside.
            inside = sent_only_between(r, HALL, closed_ns + 10_000_000, opened_ns)
            assert not {number for site, number in marks if site == 0} & inside
            for run in heard_by_the_public(r):
                assert media.leaked_tone(decoded_sound(run), TONES[3]) < SILENT_DBFS
            await r.kill_studio(15)
            clip_ = recorded(tmp_path / "archive" / "s")
            kept = [mark for _, mark in clip_.marks() if mark]
            assert {mark.site for mark in kept} == {0}
            assert not {mark.number for mark in kept} & inside
            assert media.leaked_tone(clip_.heard(), TONES[3]) < SILENT_DBFS
            assert media.loudest_tone(clip_.heard(), TONES[0]) > -30
            check_sealed(tmp_path, sum(not packet.public for packet in room))

    asyncio.run(test())


def check_sealed(data_dir: Path, inside: int) -> None:
    """What the public did not get is kept, from its first picture to the last that the room saw
    before the public was let in, for who has the key."""
    root = data_dir / "sealed"
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (root, root / "s")] == [0o700] * 2
    clip_ = recorded(root / "s", Sealed(load_key(data_dir / "sealed.key"), "s"))
    marks = [mark for _, mark in clip_.marks() if mark]
    assert {mark.site for mark in marks} == {0, 3}
    assert len(clip_.pictures) >= inside - 2 > 60
    assert media.loudest_tone(clip_.heard(), TONES[3]) > -30
    for path in (root / "s").glob("*.m*4*"):
        assert b"moof" not in path.read_bytes()
        assert b"ftyp" not in path.read_bytes()


def test_what_is_sealed_begins_when_it_is_closed_again_after_a_break(tmp_path: Path) -> None:
    """The public is outside before and after, so that no switch makes a keyframe."""

    async def test() -> None:
        recording = Recording(segment_ms=10_000, stop_free_bytes=0)
        async with rig(tmp_path, recording=recording) as r:
            r.site(HALL, renumbered(0))
            r.relay.follow(stream="s", recording=True, public_slate=SLATE, program=full(HALL))
            await r.packets(Feed.ROOM, Codec.H264, 40)
            r.relay.follow(sealed=True)
            begun = await r.packets(Feed.ROOM, Codec.H264, 60)
            await r.kill_studio(15)
            clip_ = recorded(
                tmp_path / "sealed" / "s", Sealed(load_key(tmp_path / "sealed.key"), "s")
            )
            assert len(clip_.pictures) >= len(begun) - 5

    asyncio.run(test())


def test_each_switch_is_a_keyframe_on_one_timeline(tmp_path: Path) -> None:
    async def test() -> None:
        async with rig(tmp_path) as r:
            await closed_for_a_while(r)
            video = runs(public(r, Codec.H264))
            assert [run[0].feed for run in video] == [Feed.ROOM, Feed.PUBLIC, Feed.ROOM]
            assert all(run[0].key for run in video)
            for codec in (Codec.H264, Codec.OPUS):
                pts = [packet.pts for packet in public(r, codec)]
                assert pts == sorted(set(pts))
            room = r.relay.received.of(Feed.ROOM, Codec.H264)
            for last, first in ((a[-1].pts, b[0].pts) for a, b in itertools.pairwise(video)):
                missed = [p for p in room if last < p.pts < first]
                assert len(missed) <= 2, "what the room sees next, or a slate beside it"
            inside = [p for p in room if not p.public]
            assert len(inside) >= 60
            assert not any(p.public for p in r.relay.received.of(Feed.minus(HALL), Codec.OPUS))

    asyncio.run(test())


def test_a_picture_frozen_since_the_closed_item_is_not_shown(tmp_path: Path) -> None:
    """The line of the site on air dies while closed; on reopening its last picture is a secret."""

    async def test() -> None:
        async with rig(tmp_path) as r:
            r.site(SECRET, renumbered(3))
            r.relay.follow(public=Take.SLATE, public_slate=SLATE, program=full(SECRET))
            await r.packets(Feed.ROOM, Codec.H264, 40)
            await r.leave(SECRET)
            r.relay.follow(public=Take.ROOM)
            await media.wait_until(
                lambda: sum(p.feed == Feed.ROOM for p in public(r, Codec.H264)) > 60, "it is open"
            )
            assert public_marks(r) == set()

    asyncio.run(test())


def test_sound_that_was_on_its_way_when_it_opened_is_not_heard(tmp_path: Path) -> None:
    """The site speaks until the moment of opening; its sound waits in the jitter buffer then, and
    in the encoder's look-ahead. Nobody else speaks: the public must hear nothing at all."""

    async def test() -> None:
        async with rig(tmp_path) as r:
            r.site(SECRET, clip(3))
            opened = frozenset({SECRET})
            r.relay.follow(
                stream="s", recording=True, program=full(SECRET), open_microphones=opened
            )
            await r.packets(Feed.ROOM, Codec.OPUS, 120)
            await media.wait_until(lambda: has_secret(r), "the room hears it")
            await r.leave(SECRET)
            r.relay.follow(public=Take.ROOM)
            await media.wait_until(
                lambda: sum(p.feed == Feed.in_pairs(Feed.ROOM) for p in public(r, Codec.OPUS)) > 50,
                "it is open",
            )
            for run in heard_by_the_public(r):
                assert np.abs(decoded_sound(run)).max() < 0.001
            await r.kill_studio(15)
            sound = recorded(tmp_path / "archive" / "s").heard()
            assert len(sound) > media.RATE
            assert np.abs(sound).max() < 0.001

    asyncio.run(test())


def test_a_restart_while_closed_stays_closed(tmp_path: Path) -> None:
    async def test() -> None:
        async with rig(tmp_path) as r:
            r.site(SECRET, renumbered(3))
            r.relay.follow(stream="s", recording=True, program=full(SECRET), public_slate=SLATE)
            await r.packets(Feed.PUBLIC, Codec.H264, 30)
            await r.kill_studio()
            await r.start_studio()
            await r.packets(Feed.PUBLIC, Codec.H264, 30)
            assert public_marks(r) == set()
            assert all(p.feed == Feed.PUBLIC for p in public(r, Codec.H264))
            await r.kill_studio(15)
            clip_ = recorded(tmp_path / "archive" / "s")
            assert len(clip_.pictures) > 30
            assert not any(mark for _, mark in clip_.marks())

    asyncio.run(test())
