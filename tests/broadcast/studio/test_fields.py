"""Interlaced television, as cameras of a hall and films of a station are: no combs, no delay of it
against its sound."""

import shutil
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext

from broadcast.studio.picturetrack import PictureTrack
from broadcast.studio.playout import Playout
from broadcast.studio.reels import Film
from streams.frames import NS_PER_MS, NS_PER_S, Codec, EncodedFrame, SiteId
from tests import media

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs FFmpeg's program")
FPS = 25


@pytest.fixture(scope="module")
def television(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bar that moves by 8 pixels from field to field, 50 a second."""
    path = tmp_path_factory.mktemp("fields") / "television.mp4"
    bar = "color=black:s=640x480:r=50:d=3[b];color=white:s=80x480:r=50:d=3[w]"
    woven = "[b][w]overlay=x='mod(400*t,560)',tinterlace=interleave_top,fieldorder=tff"
    command = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", f"{bar};{woven}"]
    command += ["-c:v", "libx264", "-bf", "0", "-g", "25", "-flags", "+ildct+ilme"]
    subprocess.run([*command, "-pix_fmt", "yuv420p", path], check=True)
    return path


def combs(frame: av.VideoFrame) -> float:
    """How much more a line differs from its neighbours than from those beyond them."""
    luma = media.luma_of(frame).astype(np.int16)
    near = np.abs(luma[1:-1] - luma[:-2]).mean()
    return float(near - np.abs(luma[2:] - luma[:-2]).mean())


def test_a_film_of_fields_is_shown_without_combs(television: Path) -> None:
    pieces = list(Film(television).from_(0))
    pictures = [piece.picture for piece in pieces if piece.picture is not None]
    with av.open(str(television)) as container:
        assert max(combs(frame) for frame in container.decode(video=0)) > 5
    assert len(pictures) >= 3 * FPS - 1
    assert max(map(combs, pictures)) < 1
    assert [piece.at_ns // NS_PER_MS for piece in pieces] == [
        40 * number for number in range(len(pieces))
    ]


def test_a_camera_of_fields_is_shown_without_combs_and_its_sound_waits(television: Path) -> None:
    playout = Playout()
    track = PictureTrack(playout, lambda: None)
    track.wanted = track.clocked = True
    work = []
    with av.open(str(television)) as container:
        annex_b = BitStreamFilterContext("h264_mp4toannexb", container.streams.video[0])
        for number, packet in enumerate(
            one for raw in container.demux(video=0) if raw.size for one in annex_b.filter(raw)
        ):
            at_ns = NS_PER_S + number * NS_PER_S // FPS
            frame = EncodedFrame(
                SiteId("hall"), Codec.H264, number * 3600, None, at_ns, packet.is_keyframe,
                bytes(packet),
            )  # fmt: skip
            playout.add(number * NS_PER_S // FPS, None, at_ns, video=True)
            track.offer(frame, at_ns)
            shown = track.due(at_ns + NS_PER_S)
            assert shown is None or combs(shown.frame) < 1
            work.append(playout.picture.work_ns)
    assert shown is not None
    assert shown.media_ns == (number - 1) * NS_PER_S // FPS
    assert work[-1] == pytest.approx(40 * NS_PER_MS, abs=3 * NS_PER_MS)
