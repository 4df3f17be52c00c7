"""Glass to glass: from drawing a picture at a site to seeing it in the return feed.

The picture carries the clock in hundredths of a second. The floor is the same publisher and the
same viewer on a direct line: encoder, network and decoder, and no program between.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.direct import watching_directly
from bench.figure import Figure
from tests.media import NUMBERS, read_mark, wait_until
from tests.peers import Watched, publishing, watching
from tests.server import LEFT, RIGHT, Server

PICTURES, ROUNDS = 150, 3
TICKS = 100


def ticks(monotonic_s: float) -> int:
    return int(monotonic_s * TICKS) % NUMBERS


def delays_ms(watched: Watched) -> list[float]:
    """Of every picture that could be read."""
    found = []
    for seen_s, picture in watched.pictures:
        mark = read_mark(picture)
        if mark is not None:
            found.append((ticks(seen_s) - mark.number) % NUMBERS * 1000 / TICKS)
    return found


async def _through_the_program(server: Server) -> list[float]:
    whip = server.url(f"/whip/{LEFT}")
    back = server.url(f"/whep/{server.session}/{RIGHT}")
    async with publishing(whip, server.site_tokens[LEFT], 1, 700, clock=ticks):
        server.command("go_live")
        server.cut("full", LEFT)
        async with watching(back, server.site_tokens[RIGHT]) as watched:
            await wait_until(lambda: watched.mark(), "the site on air")
            delays = []
            for _ in range(ROUNDS):
                watched.forget()
                await wait_until(lambda: len(watched.pictures) >= PICTURES, "pictures", 60)
                delays += delays_ms(watched)
            return delays


async def _direct() -> list[float]:
    async with watching_directly(ticks) as watched:
        await wait_until(lambda: watched.mark(), "a picture")
        watched.forget()
        await wait_until(lambda: len(watched.pictures) >= PICTURES // 2, "pictures", 60)
        return delays_ms(watched)


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        served = asyncio.run(_through_the_program(server))
    floor = statistics.median(asyncio.run(_direct()))
    yield Figure(
        "glass to glass, site to program to site, median",
        statistics.median(served),
        "ms",
        floor,
        "aiortc to aiortc directly",
    )
    for percent in (95, 99):
        late_ms = sorted(served)[len(served) * percent // 100]
        yield Figure(f"glass to glass, {percent}th percentile", late_ms, "ms")


if __name__ == "__main__":
    print(f"clock ticks of {1000 / TICKS} ms, now {ticks(time.monotonic())}")
    for figure in figures():
        print(figure)
