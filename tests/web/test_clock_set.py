"""The machine's clock is set while somebody speaks: the relay notices, and his time runs on."""

import asyncio
import time
from pathlib import Path
from typing import Any

from broadcast.session.evolve import fold
from broadcast.session.procedure import load_procedure
from tests.web.rig import SESSION, prepare, relay, settings_in
from web import setup
from web.floor import Floor
from web.machine_clock import MachineClock

HOUR_MS, NS_PER_MS = 3_600_000, 1_000_000


def test_who_speaks_keeps_his_time_on_the_page_and_in_the_record(tmp_path: Path) -> None:
    set_ms = [0]
    clock = MachineClock(wall_ns=lambda: time.time_ns() + set_ms[0] * NS_PER_MS)

    async def scenario() -> None:
        async with (
            relay(settings_in(tmp_path), clock) as rig,
            rig.page("operator", rig.operator) as page,
        ):
            await page.until(lambda p: p.snapshot)
            await rig.command("go_live")
            await rig.command("register", delegate="lay-1", kind="speech")
            called_s = time.monotonic()
            await rig.command("call_next")
            await page.until(lambda p: p.view.get("floor"))
            first_ms = page.view["floor"]["started_at_ms"]
            for by_ms in (-HOUR_MS, HOUR_MS, 0):
                set_ms[0] = by_ms
                await page.until(lambda p, by_ms=by_ms: near(_told(p.view), by_ms))
                began_ms = page.view["floor"]["started_at_ms"]
                assert began_ms - first_ms == _told(page.view), "both in one patch: nothing jumps"
            set_ms[0] = -HOUR_MS
            await rig.command("end_turn")
            spoke_ms = round((time.monotonic() - called_s) * 1000)
            state = fold(one.event for one in rig.store.load(SESSION))
            (turn,) = state.turns
            assert turn.ended_at_ms is not None
            assert near(turn.ended_at_ms + HOUR_MS, setup.now_ms(), 60_000), "by the true clock"
            assert turn.used_ms(turn.ended_at_ms) <= spoke_ms + 500
            assert near(state.clock_set_ms, -HOUR_MS)

    asyncio.run(scenario())


def _told(view: dict[str, Any]) -> int:
    return int(view["session"]["clock_set_ms"])


def near(one_ms: int, other_ms: int, within_ms: int = 500) -> bool:
    return abs(one_ms - other_ms) < within_ms


def test_a_clock_that_was_set_back_while_no_server_ran_holds_up_nobody(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    store = setup.open_store(settings)
    prepare(store, at_ms=10 * HOUR_MS)
    floor = Floor(SESSION, store, load_procedure(), lambda: 9 * HOUR_MS)
    asyncio.run(floor.heed_clock())
    assert floor.last_at_ms == 9 * HOUR_MS
    assert floor.clock_set_ms == -HOUR_MS
    version = floor.state.version
    asyncio.run(floor.heed_clock())
    assert floor.state.version == version, "told once"
    store.close()


def test_a_clock_that_ntp_moves_a_little_was_not_set() -> None:
    wall_ms, steady_ms = [HOUR_MS], [0]
    clock = MachineClock(lambda: wall_ms[0] * NS_PER_MS, lambda: steady_ms[0] * NS_PER_MS)
    for _ in range(10):
        wall_ms[0] += 900
        assert clock.now_ms() == wall_ms[0]
    assert clock.set_ms() == 0
    wall_ms[0] += 61_000
    steady_ms[0] += 1000
    assert clock.now_ms() == wall_ms[0]
    assert clock.set_ms() == 60_000
