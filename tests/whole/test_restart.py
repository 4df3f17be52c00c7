"""The relay is killed under fifty sites: all of them are back. How soon: `bench/restart.py`."""

import asyncio
from pathlib import Path

import pytest

from broadcast.session.model import Site
from streams.frames import SiteId
from tests.light import light_sites
from tests.media import wait_until
from tests.server import SITES, Server

pytestmark = pytest.mark.alone
NAMES = [SiteId(f"huyen-{number}") for number in range(50)]


def test_fifty_sites_are_back(tmp_path: Path) -> None:
    async def story(server: Server) -> None:
        async with light_sites(server, NAMES) as sites:
            await wait_until(lambda: all(site.boot for site in sites), "all here")
            before = sites[0].boot
            server.kill("relay")
            await wait_until(
                lambda: all(site.boot not in {"", before} for site in sites), "all back"
            )

    sites = (*SITES, *(Site(name, f"Điểm cầu {name}") for name in NAMES))
    with Server(tmp_path / "server", sites=sites) as server:
        asyncio.run(story(server))
