"""Films as people bring them: of 120 pictures a second, broken off, of RGB, with odd sound."""

import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from broadcast.studio.canvas import Box, Canvas, Seat
from broadcast.studio.measured import kept_of
from broadcast.studio.playersource import PlayerSource
from broadcast.studio.reels import Film
from broadcast.studio.shows import LEAD_NS
from streams.frames import NS_PER_MS
from tests import media
from tests.broadcast.studio.test_player import Table
from tests.films import FPS, HZ, LENGTH_S, film, named_in_old_letters

NEEDS_FFMPEG = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs FFmpeg's program")
LEAD_MS = LEAD_NS // 1_000_000


def test_a_film_of_120_pictures_a_second_moves(tmp_path: Path) -> None:
    path, fps = tmp_path / "fast.mp4", 120
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", fps, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number, planes in enumerate(media.numbered(5, 3 * fps)):
            container.mux(stream.encode(media.frame_of(planes, number, Fraction(1, fps))))
        container.mux(stream.encode(None))
    table = Table(path)
    table.follow(started_at_ms=0)
    seen = []
    for at_ms in range(LEAD_MS + 1000, LEAD_MS + 2500, 40):
        table.turn_to(at_ms)
        seen.append((table.number or 0) - (at_ms - LEAD_MS) * fps / 1000)
    assert max(np.abs(seen)) < 0.05 * fps


def made(path: Path, *options: str, sound: str = f"sine=f={HZ}:r=48000:d=5") -> Path:
    """By FFmpeg's program, of a test picture and a tone."""
    command = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", sound]
    command += ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=5", "-c:v", "libx264"]
    subprocess.run([*command, *options, path], check=True)
    return path


@NEEDS_FFMPEG
@pytest.mark.parametrize("kind", ["mkv", "mp4"])
def test_a_recording_that_was_broken_off_plays_as_far_as_it_goes(tmp_path: Path, kind: str) -> None:
    """As OBS leaves it when the power goes: no index says where its first picture is. Or as what
    was fetched by half: the index says where all would be."""
    index_first = () if kind == "mkv" else ("-movflags", "faststart")
    whole = made(tmp_path / f"whole.{kind}", "-shortest", *index_first).read_bytes()
    path = tmp_path / f"broken.{kind}"
    path.write_bytes(whole[: len(whole) * 3 // 4])
    table = Table(path)
    table.follow(started_at_ms=0)
    table.turn_to(LEAD_MS + 2000)
    assert table.picture is not None
    assert abs(table.picture.media_ns // 1_000_000 - table.now_ns // 1_000_000) < 100
    assert media.tone_level(table.last[0], HZ) > -25
    table.turn_to(LEAD_MS + 7000)
    assert table.picture is not None, "its last one stands"


@NEEDS_FFMPEG
def test_an_anthem_with_one_picture_is_seen_and_heard_from_any_place(tmp_path: Path) -> None:
    """Behind that picture there is no other to be found."""
    path = tmp_path / "anthem.mp4"
    made(path, "-vf", r"select=eq(n\,0)", sound="sine=f=900:r=48000:d=60")
    table = Table(path)
    table.follow(position_ms=20_000)
    table.turn_to(400)
    assert table.picture is not None
    table.follow(started_at_ms=400)
    table.turn_to(400 + LEAD_MS + 10_000)
    assert table.picture is not None
    assert min(table.heard[(400 + LEAD_MS) // 20 + 2 :]) > 0.05


@NEEDS_FFMPEG
def test_a_film_in_blocks_of_a_second_plays_without_a_gap(tmp_path: Path) -> None:
    """As telephones and OBS write: pictures, then the sound that belongs to them."""
    fragments = ("-movflags", "frag_keyframe+empty_moov", "-g", "50", "-bf", "0")
    table = Table(made(tmp_path / "blocks.mp4", *fragments))
    table.follow(started_at_ms=0)
    table.turn_to(LEAD_MS + 100)
    while table.now_ns < (LEAD_MS + 4800) * NS_PER_MS:
        table.turn_to(table.now_ns // NS_PER_MS + 20)
        assert table.heard[-1] > 0.05
        assert table.picture is not None
        assert table.now_ns - table.picture.media_ns < 100 * NS_PER_MS


def test_a_picture_that_stands_for_long_is_there_wherever_one_begins(tmp_path: Path) -> None:
    """As screen recorders write it: a picture where something changes."""
    path, every_s = tmp_path / "screen.mp4", 10
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number, planes in enumerate(media.numbered(5, 4)):
            container.mux(stream.encode(media.frame_of(planes, number, Fraction(every_s))))
        container.mux(stream.encode(None))
    table = Table(path)
    table.follow(position_ms=14_000)
    table.turn_to(400)
    assert table.number == 1
    table.follow(started_at_ms=400)
    for at_s, number in ((1, 1), (5, 1), (7, 2)):
        table.turn_to(400 + LEAD_MS + at_s * 1000)
        assert table.number == number
    table.follow(started_at_ms=8_000, position_ms=8_000)
    table.turn_to(8_000 + LEAD_MS + 1_000)
    assert table.number == 0, "not until the next one comes"


@NEEDS_FFMPEG
def test_of_several_sounds_that_which_the_film_names_first_is_heard(tmp_path: Path) -> None:
    """Another language, or the room without the speaker, may come before it."""
    two = ("-filter_complex", "[0]asplit[named][a];[a]volume=0[other]", "-map", "1")
    order = ("-map", "[other]", "-map", "[named]", "-disposition:a:0", "0")
    path = made(tmp_path / "two.mkv", *two, *order, "-disposition:a:1", "default")
    sound = np.concatenate(list(Film(path).sounds()), axis=1)[0]
    assert media.tone_level(sound, HZ) > -25


@NEEDS_FFMPEG
@pytest.mark.parametrize("name", ["named.mp4", "named.mkv"])
def test_a_film_with_a_title_in_old_letters_plays(tmp_path: Path, name: str) -> None:
    path = named_in_old_letters(film(tmp_path / "plain.mp4"), name)
    assert b"\xe8" in path.read_bytes()
    pieces = list(Film(path).from_(0))
    assert sum(piece.picture is not None for piece in pieces) == FPS * LENGTH_S


@pytest.mark.parametrize("rate", [8000, 48_000])
def test_long_blocks_of_sound_are_heard_whole(tmp_path: Path, rate: int) -> None:
    """Longer than what is kept of a site's sound."""
    path = tmp_path / "long.flac"
    with av.open(path, "w") as container:
        options = {"frame_size": "65535", "strict": "experimental"}
        stream = container.add_stream("flac", rate, layout="mono", options=options)
        count = np.arange(20 * rate)
        tone = (np.sin(2 * np.pi * HZ * count / rate) * 8000).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(tone[None], "s16", "mono")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    table = Table(path)
    table.follow(started_at_ms=0)
    table.turn_to(10_000)
    assert min(table.heard[LEAD_MS // 20 + 2 :]) > 0.15


@NEEDS_FFMPEG
def test_a_television_film_that_names_its_eight_channels(tmp_path: Path) -> None:
    """It ended the process, by an error of PyAV's: so it is read in one of its own."""
    channels = ("-filter_complex", "[0]pan=8c|c0=c0|c7=c0[a]", "-map", "1", "-map", "[a]")
    path = made(tmp_path / "television.mov", *channels, "-c:a", "pcm_s16le")
    reading = [sys.executable, "-m", "broadcast.studio.measuring", path]
    assert subprocess.run(reading, check=False, timeout=250).returncode == 0
    found = kept_of(path)
    assert found is not None
    assert found.lufs is not None


def test_rgb_keeps_its_colours(tmp_path: Path) -> None:
    """As screen recorders write it. Red is 63, 102, 240 in BT.709 and 81, 90, 240 in BT.601."""
    path = tmp_path / "screen.mkv"
    red = np.zeros((720, 1280, 3), np.uint8)
    red[..., 0] = 255
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264rgb", FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "rgb24"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(red, "rgb24")))
        container.mux(stream.encode(None))
    picture = next(piece.picture for piece in Film(path).from_(0) if piece.picture is not None)
    canvas = Canvas(640, 360)
    Seat(Box(0, 0, 640, 360)).paint(canvas, picture)
    middle = [int(plane[90, 90]) for plane in (canvas.y, canvas.u, canvas.v)]
    assert middle == pytest.approx([63, 102, 240], abs=2)


class SlowSource(PlayerSource):
    """As on a machine that takes 60 ms for each picture, which is there for 40."""

    table: Table

    def show(
        self, frame: av.VideoFrame, at_ns: int, now_ns: int | None = None, aspect: float = 1.0
    ) -> None:
        self.table.now_ns += 60 * NS_PER_MS
        super().show(frame, at_ns, now_ns, aspect)


@NEEDS_FFMPEG
def test_a_machine_too_slow_for_the_pictures_of_a_film_loses_none_of_its_sound(
    tmp_path: Path,
) -> None:
    """Two cores do not decode 2160p60; and what came too late was never heard."""
    source = SlowSource()
    table = source.table = Table(made(tmp_path / "large.mp4", "-g", "25", "-shortest"), source)
    table.follow(started_at_ms=0)
    table.turn_to(LEAD_MS + 1000)
    begun, seen = len(table.heard), set[int]()
    while table.now_ns < (LEAD_MS + 4500) * NS_PER_MS:
        table.turn_to(table.now_ns // NS_PER_MS + 20)
        if table.picture is not None:
            seen.add(table.picture.media_ns)
    assert len(table.heard) - begun > 10
    assert min(table.heard[begun:]) > 0.05
    assert len(seen) > 3
