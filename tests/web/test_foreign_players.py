"""Players that others wrote, over HTTP: FFmpeg and GStreamer play the archive over a restart of the
studio, and follow what grows."""

import asyncio
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from broadcast.outputs.disk import DISK
from broadcast.outputs.renditions import Renditions
from broadcast.outputs.shelf import OPEN
from tests import media
from tests.broadcast.outputs.streams import EPOCH_S
from tests.broadcast.outputs.test_renditions import PROGRAM, SETTINGS, ladder
from tests.web.rig import BOUND_S, SESSION, Rig, relay, settings_in

RUN_S, WATCHED_S, FPS = 6, 7, 25
HLSDEMUX = any(Path("/usr/lib").glob("*/gstreamer-1.0/libgstadaptivedemux2.so"))
WIDTH, HEIGHT = PROGRAM.width, PROGRAM.height
RAW = f"video/x-raw,format=I420,width={WIDTH},height={HEIGHT}"
PLAYERS = {
    "ffmpeg": (
        "-v", "error", "-i", "{url}", "-map", "0:v:0", "-fps_mode", "passthrough",
        "-s", f"{WIDTH}x{HEIGHT}", "-pix_fmt", "yuv420p", "-f", "rawvideo", "{file}",
    ),
    "gst-launch-1.0": (
        "-q", "playbin3", "uri={url}", "audio-sink=fakesink",
        f"video-sink=videoconvert ! videoscale ! {RAW} ! filesink location={{file}}",
    ),
}  # fmt: skip
"""What each is told, to write all pictures that it shows, in one size."""
each_player = pytest.mark.parametrize(
    "player",
    [
        pytest.param(
            "ffmpeg", marks=pytest.mark.skipif(not shutil.which("ffmpeg"), reason="no FFmpeg")
        ),
        pytest.param(
            "gst-launch-1.0", marks=pytest.mark.skipif(not HLSDEMUX, reason="no hlsdemux2")
        ),
    ],
)


def begun(rig: Rig) -> Renditions:
    folder = rig.settings.storage.data_dir / "archive" / SESSION
    return Renditions(folder, PROGRAM, SETTINGS, DISK, OPEN, lambda: 0)


def numbers(file: Path) -> list[int]:
    """Of the pictures that were shown, in order; a clip that breaks off ends with part of one."""
    data = np.fromfile(file, np.uint8)
    whole = data[: len(data) // (WIDTH * HEIGHT * 3 // 2) * (WIDTH * HEIGHT * 3 // 2)]
    lumas = whole.reshape(-1, HEIGHT * 3 // 2, WIDTH)[:, :HEIGHT]
    marks = [media.read_mark(luma) for luma in lumas]
    return [mark.number for mark in marks if mark is not None]


async def play(player: str, url: str, file: Path, seconds: float) -> None:
    """To its end, or so long."""
    arguments = (part.format(url=url, file=file) for part in PLAYERS[player])
    process = await asyncio.create_subprocess_exec(player, *arguments)
    try:
        async with asyncio.timeout(seconds):
            await process.wait()
    except TimeoutError:
        process.terminate()
        await process.wait()


@each_player
def test_the_archive_over_a_restart(tmp_path: Path, player: str) -> None:
    file = tmp_path / "shown"

    async def scenario() -> None:
        async with relay(settings_in(tmp_path, program=PROGRAM, recording=SETTINGS)) as rig:
            await rig.command("go_live")
            for run in range(2):
                made = begun(rig)
                for packet in ladder(RUN_S, EPOCH_S + 60 * run):
                    made.take(packet)
                made.stop()
            made.end()
            await rig.command("end_session")
            await play(player, rig.url(f"/archive/{SESSION}/master.m3u8"), file, BOUND_S)

    asyncio.run(scenario())
    assert numbers(file) == [*range(RUN_S * FPS)] * 2


@each_player
@pytest.mark.parametrize("playlist", ["master.m3u8", "recent.m3u8"])
def test_what_grows_is_followed(tmp_path: Path, player: str, playlist: str) -> None:
    file, packets = tmp_path / "shown", ladder(RUN_S + 2 * WATCHED_S)

    async def grow(made: Renditions, since_s: float) -> None:
        for packet in packets:
            due_s = packet.pts / packet.codec.clock_rate - EPOCH_S
            await asyncio.sleep(since_s + due_s - time.monotonic())
            made.take(packet)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path, program=PROGRAM, recording=SETTINGS)) as rig:
            await rig.command("go_live")
            made, since_s = begun(rig), time.monotonic() - RUN_S
            growing = asyncio.create_task(grow(made, since_s))
            await asyncio.sleep(1)
            await play(player, rig.url(f"/live/{SESSION}/{playlist}"), file, WATCHED_S)
            growing.cancel()
            made.abandon()

    asyncio.run(scenario())
    shown = numbers(file)
    assert shown == [*range(shown[0], shown[0] + len(shown))]
    assert len(shown) > 3 * FPS
