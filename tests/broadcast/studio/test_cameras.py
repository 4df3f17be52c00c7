"""Sources that speak no WebRTC, from real senders: FFmpeg, and GStreamer's RTSP server."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from broadcast.studio.cameras import AS_IT_COMES, Cameras, command
from broadcast.studio.encoders import AUDIO_TIME_BASE, VIDEO_TIME_BASE
from config.settings import Camera
from streams.frames import Codec, EncodedFrame, SiteId
from tests import media
from tests.films import FPS, HZ, LENGTH_S, SITE, film, named_in_old_letters
from tests.media import PATIENCE_S, Mark, wait_until
from tests.ports import free_port

HALL = SiteId("hall")
RTSP_SERVER = Path(__file__).parents[2] / "rtsp_server.py"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As cameras send: pictures in order, a keyframe each second."""
    return film(tmp_path_factory.mktemp("film") / "plain.mp4", bf="0", g="25")


class Studio:
    """What the cameras give, decoded."""

    def __init__(self) -> None:
        self.frames: list[EncodedFrame] = []
        self.gone = 0

    def offer(self, frame: EncodedFrame) -> None:
        self.frames.append(frame)

    def on_gone(self, site: SiteId) -> None:
        assert site == HALL
        self.gone += 1

    def pictures(self) -> Iterator[av.VideoFrame]:
        """As they are decoded."""
        decoder = av.CodecContext.create("h264", "r")
        for frame in list(self.frames):
            if frame.codec is Codec.H264:
                yield from decoder.decode(_packet(frame, VIDEO_TIME_BASE))

    def marks(self) -> list[Mark | None]:
        return [media.read_mark(media.luma_of(picture)) for picture in self.pictures()]

    def sound(self) -> media.Samples:
        decoder = av.CodecContext.create("libopus", "r")
        parts = [
            media.samples_of(decoded)
            for frame in list(self.frames)
            if frame.codec is Codec.OPUS
            for decoded in decoder.decode(_packet(frame, AUDIO_TIME_BASE))
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    async def sees_and_hears(self, seconds: float = 2) -> None:
        """So much of the film from now on, in order and without a gap."""
        self.frames.clear()
        pictures, sounds = seconds * FPS, seconds * 50
        await wait_until(
            lambda: (
                _count(self.frames, video=True) > pictures + 3
                and _count(self.frames, video=False) > sounds
            ),
            "the film",
        )
        marks = self.marks()[: int(pictures)]
        first = marks[0]
        assert first is not None
        assert marks == [Mark(SITE, first.number + n) for n in range(len(marks))]
        assert media.tone_level(self.sound()[-media.RATE :], HZ) > -18


def _count(frames: Sequence[EncodedFrame], *, video: bool) -> int:
    return sum(frame.codec.is_video == video for frame in list(frames))


def _packet(frame: EncodedFrame, time_base: Fraction) -> av.Packet:
    packet = av.Packet(frame.data)
    packet.pts, packet.time_base = frame.pts, time_base
    return packet


@asynccontextmanager
async def watching(url: str) -> AsyncIterator[tuple[Studio, Cameras]]:
    studio = Studio()
    cameras = Cameras((Camera(site=HALL, url=url),), studio.offer, studio.on_gone)
    running = asyncio.create_task(cameras.run())
    try:
        yield studio, cameras
    finally:
        running.cancel()
        await asyncio.wait({running})
    assert running.cancelled()


@contextmanager
def sending(film: Path, *where: str) -> Iterator[int]:
    """FFmpeg plays the film to somewhere, trying again until somebody takes it: its group."""
    again = 'while :; do "$@"; sleep 0.1; done'
    play = ["ffmpeg", "-v", "quiet", "-nostdin", "-re", "-i", str(film), "-c", "copy", *where]
    process = subprocess.Popen(["sh", "-c", again, "sh", *play], start_new_session=True)
    try:
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            subprocess.run(["pkill", "-g", str(process.pid)], check=False)
        process.wait(media.PATIENCE_S)


def test_a_file_is_played_again_and_again(plain: Path) -> None:
    """No picture of it is missing where it begins again."""

    def heard_again(studio: Studio) -> bool:
        return _count(studio.frames, video=False) > (LENGTH_S + 2) * 50

    async def story() -> None:
        async with watching(plain.as_uri()) as (studio, cameras):
            await studio.sees_and_hears()
            await wait_until(lambda: heard_again(studio), "its beginning again")
            marks = studio.marks()
            assert len(marks) > (LENGTH_S + 1) * FPS
            assert marks == [Mark(SITE, n % (LENGTH_S * FPS)) for n in range(len(marks))]
            [status] = cameras.status()
            assert (status["width"], status["height"]) == (640, 360)
            for kind in ("video_alive", "audio_alive"):
                await wait_until(lambda kind=kind: cameras.status()[0][kind], kind)
        assert studio.gone == 1

    asyncio.run(story())


def test_a_title_in_old_letters_ends_no_studio(plain: Path, tmp_path: Path) -> None:
    """Whoever sends by RTMP may call it anything."""
    copy = tmp_path / "plain.mp4"
    copy.write_bytes(plain.read_bytes())

    async def story() -> None:
        # Its address has no space and no accent either: they are written as RFC 8089 says.
        async with watching(named_in_old_letters(copy, "Quốc ca.mkv").as_uri()) as (studio, _):
            await studio.sees_and_hears()

    asyncio.run(story())


def test_frames_are_such_as_a_site_sends(plain: Path) -> None:
    async def story() -> None:
        async with watching(f"file://{plain}") as (studio, _):
            await studio.sees_and_hears(1)
        pictures = [frame for frame in studio.frames if frame.codec is Codec.H264]
        assert [frame.key for frame in pictures[:3]] == [True, False, False]
        assert pictures[0].data.startswith(b"\0\0\0\1")
        steps = {later.pts - sooner.pts for sooner, later in pairwise(pictures)}
        assert steps == {90_000 // FPS}
        # Sound and picture are on one clock.
        assert all(
            frame.captured_ns == frame.pts * 10**9 // frame.codec.clock_rate
            for frame in studio.frames
        )

    asyncio.run(story())


@pytest.mark.parametrize(
    "options", [{"codec": "libx265", "x265-params": "log-level=none:bframes=0"}, {"bf": "3"}]
)
def test_what_no_site_could_send_is_encoded_anew(options: dict[str, str], tmp_path: Path) -> None:
    odd = film(tmp_path / "odd.mp4", **options)

    async def story() -> None:
        async with watching(f"file://{odd}") as (studio, _):
            await wait_until(lambda: studio.gone == 1, "a second beginning")
            await studio.sees_and_hears(1)

    asyncio.run(story())


async def twice(url: str, there: Callable[[], AbstractContextManager[object]]) -> None:
    """The other side comes, goes, and comes again: each time it is seen and heard."""
    async with watching(url) as (studio, cameras):
        for seconds in (0.2, 1):
            with there():
                await studio.sees_and_hears(seconds)
            await wait_until(lambda: not cameras.status()[0]["since_ns"], "its end")


def test_an_encoder_sends_by_rtmp_and_comes_back(plain: Path) -> None:
    url = f"rtmp://127.0.0.1:{free_port()}/live/hall"
    asyncio.run(twice(url, lambda: sending(plain, "-f", "flv", url)))


def test_who_sends_by_rtmp_under_another_name_is_not_seen(plain: Path) -> None:
    """The name is the key: whoever reaches the port would be the hall."""
    place = f"rtmp://127.0.0.1:{free_port()}/live/"

    async def story() -> None:
        async with watching(place + "hall") as (studio, cameras):
            for word, strange in (("wall", place + "wall"), ("dead", place[:-5] + "dead/hall")):
                with sending(plain, "-f", "flv", strange):
                    await wait_until(lambda word=word: word in cameras.status()[0]["detail"], word)
                    assert not studio.frames
            with sending(plain, "-f", "flv", place + "hall"):
                await studio.sees_and_hears(0.2)

    asyncio.run(story())


def one_of(flvs: Sequence[Path], target: Path) -> Path:
    """FLV files as one stream: where the next begins are new parameter sets (FLV 10.1, E.4.3.2)."""
    whole = bytearray(flvs[0].read_bytes()[:13])
    for number, path in enumerate(flvs):
        data, at = path.read_bytes(), 13
        while at < len(data):
            tag = bytearray(data[at : at + 15 + int.from_bytes(data[at + 1 : at + 4], "big")])
            at_ms = int.from_bytes(tag[4:7], "big") + number * LENGTH_S * 1000
            tag[4:7] = at_ms.to_bytes(3, "big")
            whole += tag
            at += len(tag)
    target.write_bytes(whole)
    return target


def test_an_encoder_may_change_the_size_of_its_picture(tmp_path: Path) -> None:
    sizes = {"small": (320, 180), "large": (640, 360)}
    flvs = [film(tmp_path / f"{name}.flv", size=sizes[name], bf="0", g="25") for name in sizes]
    both = one_of(flvs, tmp_path / "both.flv")
    url = f"rtmp://127.0.0.1:{free_port()}/live/hall"

    async def story() -> None:
        count = (LENGTH_S + 2) * FPS
        async with watching(url) as (studio, _):
            with sending(both, "-f", "flv", url):
                await wait_until(lambda: _count(studio.frames, video=True) > count, "both sizes")
            assert studio.gone == 0
            decoded = [
                (picture.width, media.read_frame_number(media.luma_of(picture)))
                for picture in studio.pictures()
            ]
        large = [number for width, number in decoded if width == 640]
        assert decoded[0][0] == 320
        assert large == list(range(len(large)))
        assert len(large) > FPS

    asyncio.run(story())


def test_an_encoder_that_stands_still_is_left_and_waited_for(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection is there, and nothing comes."""
    monkeypatch.setattr("broadcast.studio.cameras.STALLED_S", 4.0)
    url = f"rtmp://127.0.0.1:{free_port()}/live/hall"

    async def story() -> None:
        async with watching(url) as (studio, fetched):
            with sending(plain, "-f", "flv", url) as group:
                await studio.sees_and_hears(0.2)
                gone = studio.gone
                os.killpg(group, signal.SIGSTOP)
                try:
                    await wait_until(lambda: not fetched.status()[0]["since_ns"], "its end")
                    assert studio.gone > gone
                finally:
                    os.killpg(group, signal.SIGCONT)
                await studio.sees_and_hears(0.2)

    asyncio.run(story())


def test_a_picture_that_hangs_is_asked_for_again_though_the_sound_goes_on(
    plain: Path, tmp_path: Path
) -> None:
    halting = tmp_path / "halting.mp4"
    command = ["ffmpeg", "-v", "error", "-t", "2", "-i", str(plain)]
    command += ["-f", "lavfi", "-i", f"sine=f={HZ}:d=180,volume=2", "-map", "0:v", "-map", "1:a"]
    subprocess.run([*command, "-c:v", "copy", str(halting)], check=True)
    url = f"rtmp://127.0.0.1:{free_port()}/live/hall"

    async def story() -> None:
        async with watching(url) as (studio, _):
            with sending(halting, "-max_interleave_delta", "1", "-f", "flv", url):
                await studio.sees_and_hears(0.2)
                await wait_until(lambda: studio.gone, "the end of that connection")
                await studio.sees_and_hears(0.2)

    asyncio.run(story())


def test_who_connects_and_says_nothing_keeps_no_encoder_out(plain: Path) -> None:
    """As whoever looks which ports are open; RTMP takes one at a time."""
    port = free_port()
    url = f"rtmp://127.0.0.1:{port}/live/hall"

    async def connected() -> asyncio.StreamWriter | None:
        with contextlib.suppress(ConnectionError):
            return (await asyncio.open_connection("127.0.0.1", port))[1]
        return None

    async def story() -> None:
        async with watching(url) as (studio, _):
            silent = await wait_until(connected, "that it listens")
            with sending(plain, "-f", "flv", url):
                await studio.sees_and_hears(0.2)
            silent.close()

    asyncio.run(story())


@pytest.mark.parametrize(("ours", "theirs"), [("listener", "caller"), ("caller", "listener")])
def test_srt_is_fetched_and_waited_for_again_and_again(ours: str, theirs: str, plain: Path) -> None:
    place = f"srt://127.0.0.1:{free_port()}?mode="
    asyncio.run(twice(place + ours, lambda: sending(plain, "-f", "mpegts", place + theirs)))


@contextmanager
def rtsp_camera(film: Path, port: int) -> Iterator[None]:
    server = subprocess.Popen(
        ["/usr/bin/python3", str(RTSP_SERVER), str(film), str(port)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        assert int(server.stdout.readline()) == port
        yield
    finally:
        server.terminate()
        server.wait(media.PATIENCE_S)
        server.stdout.close()


def test_a_camera_is_fetched_by_rtsp_and_comes_back(plain: Path) -> None:
    port = free_port()
    asyncio.run(twice(f"rtsp://127.0.0.1:{port}/camera", lambda: rtsp_camera(plain, port)))


@asynccontextmanager
async def never_sending(*, dribbles: bool) -> AsyncIterator[tuple[int, list[int]]]:
    """Accepts every connection, and says nothing, or never so much that it could be understood: its
    port, and those that came, by number."""
    came: list[int] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(len(came))
        try:
            while await _nothing_for(1.0, reader):
                if dribbles:
                    writer.write(b".")
        finally:
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], came


async def _nothing_for(seconds: float, reader: asyncio.StreamReader) -> bool:
    """What the other side asks is not looked at; false when it has hung up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return bool(await reader.read(4096))
    return True


@pytest.mark.parametrize("dribbles", [False, True])
def test_who_accepts_and_never_sends_is_given_up_and_asked_again(*, dribbles: bool) -> None:
    """FFmpeg gives up by itself where nothing comes, but not where a little does."""

    async def story() -> None:
        async with (
            never_sending(dribbles=dribbles) as (port, came),
            watching(f"rtsp://127.0.0.1:{port}/camera") as (studio, cameras),
        ):
            await wait_until(lambda: len(came) == 2, "a second try")
            assert studio.gone == 1
            assert studio.frames == []
            assert not cameras.status()[0]["since_ns"]

    asyncio.run(story())


def test_what_is_not_there_is_said_without_its_password() -> None:
    port = free_port()

    async def story() -> None:
        async with watching(f"rtsp://admin:secret@127.0.0.1:{port}/camera") as (_, cameras):
            await wait_until(lambda: bool(cameras.status()[0]["detail"]), "words")
            detail = cameras.status()[0]["detail"]
            assert "refused" in detail
            assert "secret" not in detail

    asyncio.run(story())


def test_a_wrong_passphrase_is_said(plain: Path) -> None:
    """And who waits for the right one is not kept from it by who has a wrong one."""
    place = f"srt://127.0.0.1:{free_port()}?passphrase={{}}&mode="
    right, wrong = place.format("dien-bien-phu"), place.format("sai-mat-khau")
    calling = ["ffmpeg", "-v", "error", "-i", plain, "-c", "copy", "-f", "mpegts", wrong + "caller"]

    async def is_turned_away() -> bool:
        tried = await asyncio.to_thread(
            subprocess.run, calling, capture_output=True, check=False, timeout=PATIENCE_S
        )
        return b"passphrase" in tried.stderr

    async def story() -> None:
        with sending(plain, "-f", "mpegts", right + "listener"):
            async with watching(wrong + "caller") as (_, cameras):
                await wait_until(lambda: "passphrase" in cameras.status()[0]["detail"], "words")
        async with watching(right + "listener") as (studio, _):
            await wait_until(is_turned_away, "the wrong one knows")
            assert not studio.frames
            with (
                sending(plain, "-f", "mpegts", wrong + "caller"),
                sending(plain, "-f", "mpegts", right + "caller"),
            ):
                await studio.sees_and_hears(0.2)

    asyncio.run(story())


def test_without_ffmpeg_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    async def story() -> None:
        async with watching("file:///film.mp4") as (_, cameras):
            await wait_until(lambda: bool(cameras.status()[0]["detail"]), "words")
            assert "ffmpeg" in cameras.status()[0]["detail"]

    asyncio.run(story())


def test_an_address_may_not_lead_to_another_kind() -> None:
    arguments = command(Camera(site=HALL, url="file:///a.m3u8"), AS_IT_COMES)
    assert arguments[arguments.index("-protocol_whitelist") + 1] == "file"
