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
TRIES = 6
"""A machine that stands still loses more now and then; a recorder that waits, each time."""
Run = tuple[float, media.Clip]


def runs_of(folder: Path) -> list[Run]:
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


async def recording_in_mid_segment(r: Rig) -> float:
    """Records until it is 600 ms into a segment of 1 s. The program time of the newest picture."""
    await r.packets(Feed.ROOM, Codec.H264, 60)

    def newest() -> int | None:
        pts = r.relay.received.of(Feed.ROOM, Codec.H264)[-1].pts
        return pts if pts % 90_000 > 54_000 else None

    return await media.wait_until(newest, "it is in mid-segment") / 90_000


async def killed(r: Rig, archive: Path) -> tuple[float, float]:
    """In mid-segment, and started again: when, in program time, and up to when there was sound."""
    killed_s = await recording_in_mid_segment(r)
    heard_s = r.relay.received.of(Feed.ROOM, Codec.OPUS)[-1].pts / 48_000
    await r.kill_studio()
    await r.start_studio()
    await r.packets(Feed.ROOM, Codec.H264, 40)

    def goes_on() -> bool:
        newest = m3u8.load(str(archive / "index.m3u8")).segments[-1]
        return bool(newest.current_program_date_time.timestamp() > killed_s)

    await media.wait_until(goes_on, "what came after")
    return killed_s, heard_s


def lost_s(before: Run, until_s: float) -> float:
    began_s, clip_ = before
    return until_s - began_s - (clip_.pictures[-1][0] - clip_.pictures[0][0] + 0.04)


def is_aligned(run: Run) -> bool:
    """Its sound with its picture."""
    return abs(run[1].pictures[0][0] - run[1].sound[0][0]) < 0.05


def test_a_killed_studio_loses_less_than_a_second(tmp_path: Path) -> None:
    archive = tmp_path / "archive" / "s"

    def around(since_s: float, killed_s: float) -> tuple[list[Run], list[Run]]:
        """A machine that is busy for half a second makes a gap, and a run, of its own."""
        runs = [run for run in runs_of(archive) if run[0] > since_s]
        return [run for run in runs if run[0] < killed_s], [
            run for run in runs if run[0] > killed_s
        ]

    async def test() -> tuple[float, float]:
        since_s = 0.0
        async with rig(tmp_path) as r:
            r.site("hall", clip(0, CLIP_S))
            r.relay.go_on_air("hall")
            for _ in range(TRIES):
                killed_s, heard_s = await killed(r, archive)
                earlier, later = await asyncio.to_thread(around, since_s, killed_s)
                # A part is written when its sound is there too; a busy machine mixes late.
                lost = lost_s(earlier[-1], min(heard_s, killed_s))
                if lost < 1.0 and is_aligned(earlier[-1]) and is_aligned(later[0]):
                    break
                since_s = killed_s
            else:
                raise AssertionError(lost)
            pts = [packet.pts for packet in r.relay.received.of(Feed.ROOM, Codec.H264)]
            assert pts == sorted(set(pts)), "program time goes on, and never back"
            assert await r.kill_studio(15) == 0
        return since_s, killed_s

    earlier, later = around(*asyncio.run(test()))
    assert lost_s(earlier[-1], later[0][0]) > 0
    # What is there is whole: each run's pictures follow one another.
    for side in (earlier, later):
        numbers = [mark.number for _, one in side for _, mark in one.marks() if mark]
        assert len(numbers) > 20
        steps = [(b - a) % (CLIP_S * FPS) for a, b in itertools.pairwise(numbers)]
        assert all(step < CLIP_S * FPS / 2 for step in steps), "none is of before"


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
