"""A station takes the public program, through the whole server; the operator sees if it does."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

from tests import media
from tests.broadcast.outputs.test_push import NOWHERE, free_port, receiving, size_of
from tests.live import page
from tests.media import wait_until
from tests.peers import publishing
from tests.server import CONFIG, LEFT, Server


def states(view: dict[str, Any]) -> dict[str, str]:
    return {push["name"]: push["state"] for push in view["outputs"]["pushes"]}


def waiting(view: dict[str, Any]) -> list[str]:
    return [alarm["message"] for alarm in view["alarms"] if alarm["code"] == "push_waiting"]


def test_a_station_gets_the_program(tmp_path: Path) -> None:
    url, file = f"rtmp://127.0.0.1:{free_port()}/live/key", tmp_path / "taken.flv"
    pushes = "\n".join(
        f'[[push]]\nname = "{name}"\nurl = "{where}"'
        for name, where in (("VTV", url), ("Nobody", NOWHERE))
    )

    async def story(server: Server, station: subprocess.Popen[bytes]) -> None:
        async with (
            page(server) as operator,
            publishing(server.url(f"/whip/{LEFT}"), server.site_tokens[LEFT], 1, 700),
        ):
            server.command("go_live")
            server.cut("full", LEFT)
            await operator.until(lambda view: states(view).get("VTV") == "sending", "the station")

            def seen() -> bool:
                clip = media.decode(file.read_bytes()) if size_of(file) else media.Clip()
                return any(mark and mark.site == 1 for _, mark in clip.marks())

            await wait_until(seen, "the site at the station")
            await operator.until(
                lambda view: [one for one in waiting(view) if "Nobody" in one and "VTV" not in one],
                "the alarm of the other one, alone",
            )
            assert station.poll() is None
            station.kill()
            await operator.until(lambda view: states(view).get("VTV") != "sending", "its loss")
            at = f"/api/v1/sessions/{server.session}/pushes/Nobody"
            answer = server.request(
                "PATCH", at, b'{"on": false}', Content_Type="application/json",
                Authorization=f"Bearer {server.operator}",
            )  # fmt: skip
            assert answer.status == 200
            await operator.until(lambda view: list(states(view)) == ["VTV"], "it is off")

    with (
        receiving(file, "-listen", "1", "-i", url) as station,
        Server(tmp_path / "server", CONFIG + pushes) as server,
    ):
        asyncio.run(story(server, station))
