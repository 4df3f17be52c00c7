"""An event loop that stands still."""

import subprocess
import sys

STUCK = """
import asyncio, time
import uvloop
from streams.lag import unless_hung

async def waits_for_ever():
    await asyncio.sleep(0)
    time.sleep(600)

uvloop.run(unless_hung(waits_for_ever(), hung_s=0.5))
"""
REFUSED = """
import uvloop
from streams.lag import unless_hung

async def refused():
    raise LookupError("not there")

try:
    uvloop.run(unless_hung(refused()))
except LookupError:
    print("told")
"""


def ran(script: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )


def test_a_process_that_hangs_ends_and_says_where() -> None:
    ended = ran(STUCK)
    assert ended.returncode == 1
    assert "waits_for_ever" in ended.stderr


def test_what_is_wrong_with_the_work_is_told() -> None:
    ended = ran(REFUSED)
    assert (ended.returncode, ended.stdout) == (0, "told\n")
