"""A hall whose camera the server fetches itself, through the whole server."""

import asyncio
from pathlib import Path

from tests.films import HZ, SITE, film
from tests.live import page
from tests.media import wait_until
from tests.peers import watching
from tests.server import CONFIG, HALL, LEFT, Server


def test_a_camera_is_a_site_like_any_other(tmp_path: Path) -> None:
    opening = film(tmp_path / "opening.mp4", bf="0", g="25")
    missing = "\n".join(
        f'[[cameras]]\nsite = "{site}"\nurl = "{url}"'
        for site, url in ((HALL, opening.as_uri()), (LEFT, "file:///nowhere.mp4"))
    )

    async def story(server: Server) -> None:
        server.command("go_live")
        server.cut("full", HALL)
        server.command("open_microphone", site=HALL)
        async with (
            page(server) as operator,
            watching(server.url(f"/whep/{server.session}")) as public,
        ):
            await operator.until(
                lambda _: operator.site(HALL)["size"] == "640x360", "the tile's figures"
            )
            await operator.until(
                lambda _: not operator.site(LEFT)["fetched"]["connected"], "the other's tile"
            )
            await operator.until(lambda _: operator.site(HALL)["fetched"]["connected"], "its tile")
            await operator.until(lambda _: operator.site(HALL)["present"], "it is there")
            await operator.until(
                lambda _: (
                    [operator.site(HALL)[what] for what in ("video", "audio", "line")]
                    == ["ok", "ok", "good"]
                ),
                "picture, sound and line to be well",
            )
            await wait_until(lambda: HALL in operator.stills, "the tile's picture")
            await operator.until(
                lambda view: "camera_waiting" in {alarm["code"] for alarm in view["alarms"]},
                "the alarm of the other camera",
            )
            await wait_until(lambda: public.shows(SITE), "the film in the program")
            await wait_until(lambda: public.heard(HZ) > -30, "its sound")
        answer = server.request(
            "POST",
            f"/whip/{HALL}",
            b"v=0",
            Content_Type="application/sdp",
            Authorization=f"Bearer {server.site_tokens[HALL]}",
        )
        assert answer.status == 409
        assert answer.json()["error"]["code"] == "site_has_camera"

    with Server(tmp_path / "server", CONFIG + missing) as server:
        asyncio.run(story(server))
