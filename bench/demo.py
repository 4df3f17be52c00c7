"""What the whole demo costs: a hearing that directs itself, five sites, 720p25, one operator.

"Runs in real time on 2 cores with half a core to spare" means: the sum stays under 1.5 cores and
no frame of the program is late.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.figure import Figure
from tests.demo import Demo, running_demo
from tests.live import page_at
from tests.media import wait_for

WARM_UP_S = 15
MEASURED_S = 40
_TICK = os.sysconf("SC_CLK_TCK")


def cpu_s(pids: Sequence[int]) -> float:
    """User and system time that these processes have used."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICK


def cores(demo: Demo) -> dict[str, float]:
    """Cores that each part used over `MEASURED_S`."""
    parts = demo.processes()
    before = {name: cpu_s(pids) for name, pids in parts.items()}
    began = time.monotonic()
    time.sleep(MEASURED_S)
    took = time.monotonic() - began
    return {name: (cpu_s(pids) - before[name]) / took for name, pids in parts.items()}


async def late(demo: Demo) -> tuple[int, int]:
    """Late frames and frames of the program so far."""
    links = demo.links
    async with page_at(links["base_url"], links["session_id"], links["operator_token"]) as shown:
        outputs = shown.view["outputs"]
        return outputs["late_frames"], outputs["frames"]


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, running_demo(Path(folder), "--auto") as demo:
        wait_for(lambda: len(demo.processes()["sites"]) == 5, "all sites")
        time.sleep(WARM_UP_S)
        late_before, frames_before = asyncio.run(late(demo))
        used = cores(demo)
        late_after, frames_after = asyncio.run(late(demo))
    for name, value in used.items():
        yield Figure(f"demo, {name}", value, "cores")
    total = sum(used.values())
    yield Figure("demo, all of it", total, "cores", 1.5, "of the 1.5 it may use")
    share = (late_after - late_before) / max(1, frames_after - frames_before) * 100
    yield Figure("demo, late frames of the program", share, "%")


if __name__ == "__main__":
    for figure in figures():
        print(figure)
