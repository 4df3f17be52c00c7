"""Kill any part in the middle of a turn: the session goes on where it was. How soon:
`bench/restart.py`."""

import asyncio
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from broadcast.archive.verify import GAP_MS, verify
from tests import hls
from tests.live import Page, page
from tests.media import wait_for, wait_until
from tests.server import LEFT, RIGHT, Server, drawn_site

ROUNDED_S = 0.01


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Live, with a turn of LEFT's delegate under way and another delegate waiting."""
    with (
        Server(tmp_path_factory.mktemp("kill")) as server,
        drawn_site(server, LEFT),
        drawn_site(server, RIGHT),
    ):
        server.command("go_live")
        for delegate in ("lay-1", "chua-1"):
            server.command("register", delegate=delegate, kind="speech")
        server.command("call_next")
        yield server


def essence(view: dict[str, Any]) -> dict[str, Any]:
    """What must be the same after any fault."""
    return {
        "phase": view["session"]["phase"],
        "item": view["session"]["current_item"],
        "floor": view.get("floor"),
        "queue": [row["id"] for row in view["queue"]],
        "program": view["program"],
        "open": [row["id"] for row in view["sites"].values() if row["microphone_open"]],
    }


async def all_is_well(shown: Page) -> None:
    """Both sites send pictures, the studio runs and records."""
    await shown.until(
        lambda view: all(
            row["present"] and row["video"] == "ok"
            for row in view["sites"].values()
            if row["id"] != "hall"
        ),
        "both sites",
    )
    await shown.until(lambda view: view["outputs"]["studio"] == "running", "the studio")
    await shown.until(lambda view: view["outputs"]["recording"], "the recording")


async def more_is_recorded(shown: Page, seconds: float = 2.5) -> None:
    before = shown.view["outputs"]["recorded_s"]
    until = before + seconds
    await shown.until(lambda view: view["outputs"]["recorded_s"] > until, "more recording")


@pytest.mark.parametrize("victims", [("studio",), ("relay",), ("studio", "relay")])
def test_a_killed_process_returns_and_nothing_is_forgotten(
    server: Server, victims: tuple[str, ...]
) -> None:
    async def story() -> None:
        async with page(server) as shown:
            await all_is_well(shown)
            await more_is_recorded(shown, 1)
            before = essence(shown.view)
            assert before["floor"]["delegate"] == "lay-1"
            told_s = shown.view["outputs"]["recorded_s"]
            killed_at = time.time()
            pids = {name: server.kill(name) for name in victims}
            snapshots = shown.snapshots
            for name, pid in pids.items():
                await asyncio.to_thread(server.wait_for_child, name, pid)
            if "relay" in victims:
                await wait_until(lambda: shown.snapshots > snapshots, "the page's return")
            await all_is_well(shown)
            await shown.until(lambda view: essence(view) == before, f"as before: {before}")
            await more_is_recorded(shown)
            if "studio" in victims:
                await wait_until(
                    lambda: begun_anew(hls.served(server), killed_at), "what came after"
                )
            check_archive(hls.served(server), killed_at, told_s, studio="studio" in victims)
            check_verdict(server)

    asyncio.run(story())


def begun_anew(recording: hls.Recording, killed_at: float) -> bool:
    """There is a whole segment behind the mark."""
    return any(part.discontinuity and part.at_s > killed_at for part in recording.segments)


def check_archive(
    recording: hls.Recording, killed_at: float, told_s: float, *, studio: bool
) -> None:
    """What the page was told that it was recorded still is. How much a kill may cost besides:
    `tests/broadcast/outputs/test_power_cut.py`."""
    assert hls.faults(recording) == []
    spans = [(part.at_s, part.at_s + part.duration_s) for part in recording.segments]
    if studio:
        kept_s = sum(end - start for start, end in spans if start < killed_at)
        assert kept_s > told_s - ROUNDED_S
    else:
        assert any(start < killed_at < end for start, end in spans), "recording never stopped"


def check_verdict(server: Server) -> None:
    """`verify` misses what no segment has, and nothing else."""
    spans = [finding.span for finding in verify(server.archive).findings]
    told = [edge for span in spans if span for edge in (span.start_ms, span.end_ms)]
    assert len(told) == 2 * len(spans)
    holes: list[float] = []
    for one, other in pairwise(hls.served(server).segments):
        edges = [(one.at_s + one.duration_s) * 1000, other.at_s * 1000]
        holes += edges if edges[1] - edges[0] > GAP_MS else []
    assert told == pytest.approx(holes, abs=100)


def test_everything_is_killed_and_the_session_resumes(server: Server) -> None:
    async def before_and_after() -> tuple[dict[str, Any], dict[str, Any]]:
        async with page(server) as shown:
            await all_is_well(shown)
            await more_is_recorded(shown, 1)
            before = essence(shown.view)
            recorded = hls.served(server)
            server.kill_everything()
            await asyncio.to_thread(server.start)
            kept = recorded.segments[:-1]
            assert hls.served(server).segments[: len(kept)] == kept
            await wait_until(lambda: shown.snapshots > 1, "the page's return")
            await all_is_well(shown)
            await more_is_recorded(shown)
            return before, essence(shown.view)

    before, after = asyncio.run(before_and_after())
    assert before == after
    assert after["phase"] == "live"
    assert hls.faults(hls.served(server)) == []


def test_ended_cleanly_nothing_is_left_running(server: Server) -> None:
    """Last in the file: it ends the server of all."""
    wait_for(lambda: len(server.children()) == 3, "relay, studio and witness")
    pids = list(server.children().values())
    assert server.stop() == 0
    assert not [pid for pid in pids if Path(f"/proc/{pid}/cmdline").exists()]
