"""The truth-watch: what the studio believes is held against what is on the disk."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

from broadcast.archive.verify import verify
from tests import media
from tests.live import page
from tests.server import CONFIG, LEFT, Server, drawn_site

PROMISED_S = 10


def archive_alarms(view: dict[str, Any]) -> list[str]:
    return [row["code"] for row in view["alarms"] if row["code"].startswith(("archive", "witness"))]


def test_a_studio_that_hangs_and_believes_that_it_records(tmp_path: Path) -> None:
    async def story(server: Server) -> None:
        async with page(server) as shown:
            server.command("go_live")
            server.cut("full", LEFT)
            await shown.until(lambda v: v["outputs"]["recorded_s"] > 5, "a recording", 40)
            assert archive_alarms(shown.view) == []
            pid = server.children()["studio"]
            os.kill(pid, signal.SIGSTOP)
            stopped_at = time.monotonic()
            try:
                await shown.until(
                    lambda view: "archive_stopped" in archive_alarms(view), "the alarm", 30
                )
                assert time.monotonic() - stopped_at < PROMISED_S + 5  # and a busy machine's part
                assert shown.view["outputs"]["recording"], "the studio said nothing of it"
            finally:
                os.kill(pid, signal.SIGCONT)
            await shown.until(lambda view: not archive_alarms(view), "all is well", 40)

    config = CONFIG + '[recording]\nsites = ["*"]\nwarn_free_bytes = 0\n'
    with Server(tmp_path, config) as server, drawn_site(server, LEFT):
        asyncio.run(story(server))
        own = server.settings.storage.data_dir / "sites" / server.session
    (path, *_) = sorted(own.glob(f"{LEFT}-*.mkv"))
    report = verify(own)
    assert report.findings == ()
    assert report.files >= 1
    assert len(media.decode(path.read_bytes()).pictures) > 25, "the site's own stream was kept"


def test_a_witness_that_dies_is_back(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        pid = server.kill("witness")
        server.wait_for_child("witness", pid)
