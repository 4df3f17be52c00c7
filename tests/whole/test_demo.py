"""`diemcau demo --json`: what a newcomer gets, and that nothing of it is left behind."""

import asyncio
from pathlib import Path

import aiohttp

from tests.demo import running_demo
from tests.live import page_at
from tests.media import PATIENCE_S, wait_for, wait_until


def test_a_hearing_ready_to_be_directed(tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo:
        wait_for(lambda: len(demo.processes()["sites"]) == 5, "five sites")
        pids = [pid for found in demo.processes().values() for pid in found]
        asyncio.run(direct(demo.links))
        assert demo.process.stdout is not None
        demo.process.terminate()
        assert demo.process.wait(PATIENCE_S) == 0
        assert demo.process.stdout.read() == "", "one line and no more"
    assert len(pids) == 7
    assert not [pid for pid in pids if Path(f"/proc/{pid}/cmdline").exists()]


async def direct(links: dict[str, object]) -> None:
    """Goes live and calls the first speaker, by nothing but the printed links."""
    base, session, token = (str(links[k]) for k in ("base_url", "session_id", "operator_token"))
    sites = links["sites"]
    assert isinstance(sites, list)
    assert {"id", "join_url", "whip_url", "token", "drawn"} == set(sites[0])
    assert [row["drawn"] for row in sites] == [True] * 5 + [False] * 2
    async with page_at(base, session, token) as shown, aiohttp.ClientSession(base) as http:
        await shown.until(
            lambda view: sum(row["video"] == "ok" for row in view["sites"].values()) == 5,
            "pictures",
        )
        await shown.until(lambda view: len(view["queue"]) >= 2, "a queue that fills")
        assert shown.view["session"]["phase"] == "prepared"
        for command in ("go_live", "call_next"):
            async with http.post(
                f"/api/v1/sessions/{session}/commands",
                json={"type": command},
                headers={"Authorization": f"Bearer {token}"},
            ) as response:
                assert response.status == 200, await response.text()
        speaker = shown.view["queue"][0] if not shown.view.get("floor") else shown.view.get("floor")
        await shown.until(lambda view: view.get("floor") is not None, "a turn")
        site = speaker["site"]
        await shown.until(lambda _: shown.site(site)["size"] == "1280x720", "full quality")
        await shown.until(lambda _: shown.levels.get(site, -96) > -50, "the speaker's level")
        for key in ("hls_url", "archive_url", "watch_url"):

            async def there(url: str = str(links[key])) -> bool:
                async with http.get(url) as response:
                    return response.status == 200

            await wait_until(there, key)
