"""kill -9 in the middle of a segment: at most a second is lost, and the recording goes on."""

import asyncio
import itertools
import socket
from pathlib import Path

import av
import m3u8

from broadcast.program import Take
from config.settings import Camera, Push
from streams.frames import Codec, Feed, SiteId
from streams.wire import Kind, Note
from tests import media
from tests.broadcast.studio.rig import FPS, Rig, clip, full, newest_picture, rig
from tests.ports import free_port

CLIP_S = 16


def runs_of(folder: Path) -> list[tuple[float, media.Clip]]:
    """(wall time of its first picture, media) of each run: from one discontinuity to the next."""
    runs: list[tuple[float, list[str]]] = []
    for segment in m3u8.load(str(folder / "index.m3u8")).segments:
        if not runs or segment.discontinuity:
            began = segment.program_date_time.timestamp()
            runs.append((began, [segment.init_section.uri]))
        runs[-1][1].append(segment.uri)
    return [
        (began, media.decode(b"".join((folder / name).read_bytes() for name in names)))
        for began, names in runs
    ]


async def recording_in_mid_segment(r: Rig) -> int:
    """Records until it is 600 ms into a segment of 1 s. The pts of the newest picture then."""
    await r.packets(Feed.ROOM, Codec.H264, 60)

    def newest() -> int | None:
        pts = r.relay.received.of(Feed.ROOM, Codec.H264)[-1].pts
        return pts if pts % 90_000 > 54_000 else None

    return await media.wait_until(newest, "it is in mid-segment")


def test_a_killed_studio_loses_less_than_a_second(tmp_path: Path) -> None:
    async def test() -> None:
        async with rig(tmp_path) as r:
            r.site("hall", clip(0, CLIP_S))
            r.relay.go_on_air("hall")
            killed_pts = await recording_in_mid_segment(r)
            heard_s = r.relay.received.of(Feed.ROOM, Codec.OPUS)[-1].pts / 48_000
            await r.kill_studio()
            await r.start_studio()
            await r.packets(Feed.ROOM, Codec.H264, 40)
            pts = [packet.pts for packet in r.relay.received.of(Feed.ROOM, Codec.H264)]
            assert pts == sorted(set(pts)), "program time goes on, and never back"
            assert await r.kill_studio(15) == 0
        # A machine that is busy for half a second makes a gap, and a run, of its own.
        runs = runs_of(tmp_path / "archive" / "s")
        earlier = [run for run in runs if run[0] < killed_pts / 90_000]
        later = [run for run in runs if run[0] > killed_pts / 90_000]
        (began, before), (again, after) = earlier[-1], later[0]
        length = before.pictures[-1][0] - before.pictures[0][0] + 0.04
        # A part is written when its sound is there too; a busy machine mixes late.
        assert min(heard_s, killed_pts / 90_000) - (began + length) < 1.0
        assert again > began + length
        # What is there is whole: each run's pictures follow one another, its sound is aligned.
        for clip_ in (before, after):
            assert abs(clip_.pictures[0][0] - clip_.sound[0][0]) < 0.05
        for side in (earlier, later):
            numbers = [mark.number for _, one in side for _, mark in one.marks() if mark]
            assert len(numbers) > 20
            steps = [(b - a) % (CLIP_S * FPS) for a, b in itertools.pairwise(numbers)]
            assert all(step < CLIP_S * FPS / 2 for step in steps), "none is of before"

    asyncio.run(test())


def is_taken(kind: socket.SocketKind, number: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return True
        return False


def test_who_listens_for_a_killed_studio_is_gone_with_it(tmp_path: Path) -> None:
    """FFmpeg, for an encoder's RTMP and for a station that fetches by SRT: the next one needs the
    ports."""
    ports = {kind: free_port() for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)}
    rtmp = f"rtmp://127.0.0.1:{ports[socket.SOCK_STREAM]}/live/a"
    srt = f"srt://127.0.0.1:{ports[socket.SOCK_DGRAM]}?mode=listener"

    async def test() -> None:
        async with rig(tmp_path, cameras=(Camera(site=SiteId("a"), url=rtmp),)) as r:
            r.relay.follow(public=Take.ROOM)
            push = Push(name="station", url=srt).model_dump()
            r.relay.offer(Note(Kind.PUSHES, {"pushes": [push]}))
            await media.wait_until(
                lambda: all(is_taken(*one) for one in ports.items()), "both listen"
            )
            await r.kill_studio()
            await media.wait_until(
                lambda: not any(is_taken(*one) for one in ports.items()), "neither does"
            )

    asyncio.run(test())


def test_the_playlist_plays_over_the_gap(tmp_path: Path) -> None:
    """FFmpeg's own HLS reader, from the first picture to the last."""

    async def test() -> None:
        async with rig(tmp_path) as r:
            r.site("hall", clip(0, CLIP_S))
            r.relay.follow(stream="s", recording=True, public=Take.ROOM, program=full("hall"))
            for _ in range(2):
                await recording_in_mid_segment(r)
                await r.kill_studio()
                await r.start_studio()
            await r.packets(Feed.ROOM, Codec.H264, 40)

            async def shown() -> bool:
                return media.read_mark(await newest_picture(r)) is not None

            await media.wait_until(shown, "the hall, again")
            r.relay.follow(recording=False, finished=True)
            index = tmp_path / "archive" / "s" / "index.m3u8"
            await media.wait_until(lambda: "ENDLIST" in index.read_text(), "it is ended")
        assert m3u8.load(str(index)).is_endlist
        with av.open(str(index)) as container:
            marks = [media.read_mark(media.luma_of(frame)) for frame in container.decode(video=0)]
        listed = sum(segment.duration for segment in m3u8.load(str(index)).segments)
        # A busy machine leaves pictures out; the first ones of a run are a card, without a mark.
        assert 25 < len(marks) < listed * 25 + 4
        assert marks[-1] is not None

    asyncio.run(test())
