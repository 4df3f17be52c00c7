"""The truth-watch: what the studio believes is held against what is on the disk."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from broadcast.archive.verify import verify
from tests import media
from tests.live import page
from tests.server import CONFIG, LEFT, READY_S, Server, drawn_site


def archive_alarms(view: dict[str, Any]) -> list[str]:
    return [row["code"] for row in view["alarms"] if row["code"].startswith(("archive", "witness"))]


def test_a_studio_that_hangs_and_believes_that_it_records(tmp_path: Path) -> None:
    """How soon the alarm is there: `tests/web/test_alarm_times.py`. A witness that dies is back."""

    async def story(server: Server) -> None:
        async with page(server) as shown:
            server.command("go_live")
            server.cut("full", LEFT)
            await shown.until(
                lambda v: any(site["video"] == "ok" for site in v["sites"].values()),
                "the site's picture",
                READY_S,
            )
            begun = shown.view["outputs"]["recorded_s"]
            await shown.until(lambda v: v["outputs"]["recorded_s"] > begun + 5, "a recording")
            await shown.until(lambda view: not archive_alarms(view), "nothing to be told")
            pid = server.children()["studio"]
            os.kill(pid, signal.SIGSTOP)
            try:
                await shown.until(
                    lambda view: "archive_stopped" in archive_alarms(view), "the alarm"
                )
                assert shown.view["outputs"]["recording"], "the studio said nothing of it"
            finally:
                os.kill(pid, signal.SIGCONT)
            await shown.until(lambda view: not archive_alarms(view), "all is well")
            witness = server.kill("witness")
            await asyncio.to_thread(server.wait_for_child, "witness", witness)

    config = CONFIG + '[recording]\nsites = ["*"]\nwarn_free_bytes = 0\n'
    with Server(tmp_path, config) as server, drawn_site(server, LEFT):
        asyncio.run(story(server))
        own = server.settings.storage.data_dir / "sites" / server.session
    (path, *_) = sorted(own.glob(f"{LEFT}-*.mkv"))
    report = verify(own)
    assert report.findings == ()
    assert report.files >= 1
    assert len(media.decode(path.read_bytes()).pictures) > 25, "the site's own stream was kept"
