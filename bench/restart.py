"""How long fifty sites are away when the relay is killed: from the kill until each sends again; and
how long the program is when the studio is."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from bench.figure import Figure
from broadcast.session.model import Site
from streams.frames import SiteId
from tests.light import LightSite, light_sites
from tests.media import wait_for, wait_until
from tests.server import SITES, Server

NAMES = [SiteId(f"huyen-{number}") for number in range(50)]
KILLS = 3
STEADY_S = 11
"""What died sooner is held back by the supervisor before it is started again."""


async def all_back(server: Server, sites: list[LightSite], bound_s: float = 60) -> list[float]:
    """Kills the relay; seconds until each site sends to the next one. Raises `TimeoutError`."""
    before = {site.boot for site in sites}
    killed_s = time.monotonic()
    server.kill("relay")
    await wait_until(
        lambda: all(site.boot and site.boot not in before for site in sites), "all back", bound_s
    )
    return [site.back_s - killed_s for site in sites]


async def _returns(server: Server) -> list[list[float]]:
    took = []
    async with light_sites(server, NAMES) as sites:
        await wait_until(lambda: all(site.boot for site in sites), "all here", 60)
        for _ in range(KILLS):
            await asyncio.sleep(STEADY_S)
            took.append(await all_back(server, sites))
    return took


def _studio_is_there(server: Server) -> bool:
    return bool(server.get("/readyz").json()["studio"])


def studio_back_s(server: Server) -> float:
    """Kills the studio; until another one is connected."""
    wait_for(lambda: _studio_is_there(server), "the studio")
    killed_s = time.monotonic()
    server.kill("studio")
    wait_for(lambda: not _studio_is_there(server), "its end")
    wait_for(lambda: _studio_is_there(server), "another studio")
    return time.monotonic() - killed_s


def figures() -> Iterator[Figure]:
    sites = (*SITES, *(Site(name, f"Điểm cầu {name}") for name in NAMES))
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), sites=sites) as server:
        took = asyncio.run(_returns(server))
        studio_s = studio_back_s(server)
    middle = statistics.median(chain.from_iterable(took))
    yield Figure("relay killed: half of 50 sites send again", middle, "s")
    yield Figure("relay killed: the last of 50 sites, worst of 3", max(map(max, took)), "s")
    yield Figure("studio killed: another one is connected", studio_s, "s")


if __name__ == "__main__":
    for figure in figures():
        print(figure)
