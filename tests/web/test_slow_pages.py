"""A control panel on a line that does not keep up: it costs the server little, others nothing."""

import asyncio
from pathlib import Path

from config.settings import socket_path
from streams.wire import Kind, Note, Still, encode
from tests.web.rig import SESSION, relay, settings_in
from web.client import MAX_PATCHES

STILL = b"\xff" * 60_000


def test_a_page_that_stops_reading_is_caught_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = settings_in(tmp_path)
        async with relay(settings) as rig:
            _, studio = await asyncio.open_unix_connection(socket_path(settings.storage))
            async with (
                rig.page("operator", rig.operator) as slow,
                rig.page("operator", rig.operator) as quick,
            ):
                await slow.until(lambda p: p.snapshot)
                await quick.until(lambda p: p.snapshot)
                slow.snapshot = {}
                for number in range(200):
                    picture = bytes((number,)) + STILL
                    studio.write(encode(Still("@preview", picture)))
                    studio.write(encode(Note(Kind.LEVELS, {"levels": {"hall": -float(number)}})))
                    await studio.drain()
                    if number < 80:
                        await rig.command("show_overlay", name="clock", visible=bool(number % 2))
                    await quick.until(lambda p, now=picture: p.stills.get("@preview") == now)
                _, answer = await rig.command("go_live")
                heard = 0
                while slow.version < answer["version"]:
                    heard += await slow.hear() is not None
                assert slow.view["session"]["phase"] == "live"
                assert quick.version == slow.version or await quick.until(
                    lambda p: p.version >= answer["version"]
                )
                assert heard < 400
            studio.close()
            assert len(rig.store.load(SESSION)) > MAX_PATCHES

    asyncio.run(scenario())
