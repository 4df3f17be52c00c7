"""The public page in the twelfth hour of a session: live, back to the first second, and to any.

The hours are written down and not waited for: of 21,500 segments those exist that are played.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from broadcast.outputs import playlist
from broadcast.outputs.parts import Cutter
from broadcast.outputs.playlist import Entry
from broadcast.outputs.recorder import Recorder
from tests.broadcast.outputs.streams import EPOCH_S, FRAME, PROGRAM, program
from tests.browser.test_players import STATE, plays
from tests.chromium import chromium, complaints
from tests.web.rig import SESSION, relay, settings_in

SEGMENT_S, RUN = 2, 1800
"""The studio was started again in each hour, and was away for as long as a segment."""
NOW = 12 * RUN - 100
LIVE_SEGMENTS = 60
MASTER = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=500000,RESOLUTION=320x180\nindex.m3u8\n"
GO_TO = """(at) => { document.querySelector('[data-testid="player"]').currentTime = at; }"""
HELD_UP = """() => new Promise((done) => {
  const began = performance.now();
  let [last, longest, held] = [began, 0, 0];
  const beat = () => {
    const gap = performance.now() - last;
    [last, longest] = [last + gap, Math.max(longest, gap)];
    if (gap > 50) held += gap;
    if (last - began < 5000) setTimeout(beat); else done([longest, held / (last - began)]);
  };
  beat();
})"""
"""Of five seconds: how long the page's own thread did one thing at most, in ms, and the share of
what took more than 50."""


def began_s(number: int) -> int:
    return EPOCH_S + number * SEGMENT_S + number // RUN * SEGMENT_S


def line(number: int) -> str:
    run, first = divmod(number, RUN)
    init = None if first else f"init-{run}.mp4"
    name, wall_ms = f"{number:08}.m4s", began_s(number) * 1000
    return playlist.lines(Entry(name, SEGMENT_S, wall_ms, init, bool(init and run)))


def piece(folder: Path, scratch: Path, number: int, count: int) -> None:
    """So many segments from that one on, with what begins them."""
    recorder = Recorder(scratch, PROGRAM, SEGMENT_S * 1000)
    cutter = Cutter(SEGMENT_S * 1000, 200, FRAME)
    packets = program(count * SEGMENT_S, began_s(number), SEGMENT_S)
    for part in [part for packet in packets for part in cutter.add(packet)] + cutter.flush():
        recorder.write(part)
    recorder.end()
    (scratch / "init-0.mp4").rename(folder / f"init-{number // RUN}.mp4")
    for place, path in enumerate(sorted(scratch.glob("*.m4s"))):
        path.rename(folder / f"{number + place:08}.m4s")


def write_down(folder: Path) -> None:
    folder.mkdir(parents=True)
    first_live = NOW - 10
    for number, count in ((0, 10), (NOW // 2, 10), (first_live, LIVE_SEGMENTS)):
        piece(folder, folder.with_name(f"from-{number}"), number, count)
    (folder / "master.m3u8").write_text(MASTER)
    (folder / "index.m3u8").write_text(playlist.header(2000) + "".join(map(line, range(NOW))))


@asynccontextmanager
async def growing(folder: Path) -> AsyncIterator[None]:
    async def grow() -> None:
        for number in range(NOW, NOW - 10 + LIVE_SEGMENTS):
            await asyncio.sleep(SEGMENT_S)
            with (folder / "index.m3u8").open("a") as index:
                index.write(line(number))

    task = asyncio.create_task(grow())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.mark.soak
def test_in_the_twelfth_hour_it_plays_and_goes_back_to_the_first_second(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    folder = settings.storage.data_dir / "archive" / SESSION
    write_down(folder)

    async def story() -> None:
        async with relay(settings) as rig, chromium() as browser, growing(folder):
            await rig.command("go_live")
            watch = await browser.new_page()
            troubles = complaints(watch)
            began = time.monotonic()
            await watch.goto(rig.url(f"/watch/{SESSION}"))
            live = await plays(watch, "the live end")
            told = [f"live, two seconds of it after {time.monotonic() - began:.1f} s"]
            assert live["seekable"] > (NOW - 20) * SEGMENT_S
            assert live["at"] > (NOW - 20) * SEGMENT_S
            longest_ms, share = await watch.evaluate(HELD_UP)
            told.append(
                f"its thread held up for {longest_ms:.0f} ms at most, {share:.0%} of the time"
            )
            for at_s, name in ((0.5, "the first second"), (NOW // 2 * SEGMENT_S, "the sixth hour")):
                began = time.monotonic()
                await watch.evaluate(GO_TO, at_s)
                there = await plays(watch, name)
                assert at_s < there["at"] < at_s + 30
                told.append(f"{name}: two seconds of it after {time.monotonic() - began:.1f} s")
            sys.stdout.write("\n".join(told) + "\n")
            assert (await watch.evaluate(STATE))["error"] is None
            # It reads ahead, to where the hours were not written down.
            assert [one for one in troubles if "404" not in one] == []

    asyncio.run(story())
