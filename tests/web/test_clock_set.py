"""The machine's clock is set while somebody speaks: the relay notices, and his time runs on."""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse

from broadcast.session.evolve import fold
from broadcast.session.model import Role
from broadcast.session.procedure import load_procedure
from broadcast.studio.clock import ProgramClock
from streams.frames import SiteId
from tests.web.rig import LAY, SESSION, Rig, prepare, relay, settings_in
from web import setup
from web.auth import Identity, Tokens, load_secret
from web.desk import Desk
from web.floor import Floor
from web.machine_clock import MachineClock
from web.outside import Outside
from web.statuses import Report, Studio

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
        wall_ms[0] += 400
        assert clock.now_ms() == wall_ms[0]
    assert clock.set_ms() == 0
    wall_ms[0] += 61_000
    steady_ms[0] += 1000
    assert clock.now_ms() == wall_ms[0]
    assert clock.set_ms() == 60_000
    assert clock.steady_ms() == HOUR_MS + 1000


@pytest.mark.parametrize("by_ms", [-3000, -700, -400, 400, 700, 1400])
def test_relay_and_studio_say_alike_whether_it_was_set(
    by_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a recording has another time from there on, of which the session's log knows nothing,
    and a second seems to be missing."""
    real_ns = time.time_ns
    relay, studio = MachineClock(wall_ns=lambda: time.time_ns()), ProgramClock.started_now()
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + by_ms * NS_PER_MS)
    relay.now_ms()
    assert near(relay.set_ms(), studio.set_s() * 1000, 501)
    assert bool(relay.set_ms()) == bool(studio.set_s())


def test_what_was_to_last_for_a_while_lasts_it() -> None:
    wall_ms = [10 * HOUR_MS]
    clock = MachineClock(lambda: wall_ms[0] * NS_PER_MS, lambda: 0)
    first_ms = clock.now_ms()
    assert clock.forward_ms(first_ms) == 0
    wall_ms[0] += 24 * HOUR_MS
    assert clock.forward_ms(clock.now_ms()) == 0
    assert clock.forward_ms(first_ms) == 24 * HOUR_MS
    assert clock.forward_ms(first_ms + HOUR_MS) == 0, "of a time that it has not told"
    wall_ms[0] -= 23 * HOUR_MS
    assert clock.now_ms() == wall_ms[0]
    assert clock.forward_ms(first_ms) == HOUR_MS
    wall_ms[0] -= 2 * HOUR_MS
    assert clock.now_ms() == wall_ms[0]
    assert clock.forward_ms(first_ms) == 0


def test_a_wrong_day_that_is_entered_signs_nobody_out(tmp_path: Path) -> None:
    set_ms, day_ms = [0], 24 * HOUR_MS
    clock = MachineClock(wall_ns=lambda: time.time_ns() + set_ms[0] * NS_PER_MS)

    def links(rig: Rig) -> Awaitable[ClientResponse]:
        bearer = {"Authorization": f"Bearer {rig.operator}"}
        return rig.get(f"/api/v1/sessions/{SESSION}/links", headers=bearer)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path), clock) as rig:
            long_ago = Tokens(
                rig.store, load_secret(rig.settings.storage.data_dir), rig.settings.security,
                lambda: setup.now_ms() - day_ms,
            )  # fmt: skip
            expired = long_ago.issue_token(Role.OPERATOR, SESSION)
            for set_ms[0] in (0, 30 * day_ms, -day_ms // 24, day_ms):
                assert (await links(rig)).status == 200
                if set_ms[0] >= 0:
                    rig.operator, own = expired, rig.operator
                    assert (await links(rig)).status == 401
                    rig.operator = own

    asyncio.run(scenario())


def test_no_age_jumps(tmp_path: Path) -> None:
    """Of an alarm, of a silence, of who has control: none is older, none lies in the future."""
    wall_ms, steady_ms = [10 * HOUR_MS], [0]
    clock = MachineClock(lambda: wall_ms[0] * NS_PER_MS, lambda: steady_ms[0] * NS_PER_MS)
    settings = settings_in(tmp_path)
    store = setup.open_store(settings)
    prepare(store, at_ms=9 * HOUR_MS)
    floor = Floor(SESSION, store, load_procedure(), clock.now_ms, clock.set_ms)
    desk = Desk(floor, settings, clock.now_ms, None, clock.set_ms)
    operator = Identity("kt", frozenset({Role.OPERATOR}), seat="a")
    desk.control.take(operator, clock.now_ms())
    floor.state = replace(floor.state, open_microphones=frozenset({LAY}))

    def after_ms(passed_ms: int, by_ms: int = 0) -> dict[str, int]:
        """How old each alarm is, in ms."""
        wall_ms[0] += passed_ms + by_ms
        steady_ms[0] += passed_ms
        starting = Outside(clock.now_ms(), studio=Studio(), reports={LAY: Report()}, attached=True)
        desk.see(starting)
        desk.settle_control()
        return {one.code: clock.now_ms() - one.since_at_ms for one in desk.alarms}

    assert after_ms(0)["studio_starting"] == 0
    for by_ms in (HOUR_MS, -2 * HOUR_MS):
        aged = after_ms(500, by_ms)
        assert "microphone_silent" not in aged
        assert aged["studio_starting"] <= 1000
    assert after_ms(9000)["studio_starting"] == 10_000
    assert desk.control.holder is not None
    assert clock.now_ms() - desk.control.holder.since_ms == 10_000
    store.close()


def test_who_last_spoke_into_an_open_microphone_is_remembered_as_the_clock_moves(
    tmp_path: Path,
) -> None:
    wall_ms, steady_ms = [10 * HOUR_MS], [0]
    clock = MachineClock(lambda: wall_ms[0] * NS_PER_MS, lambda: steady_ms[0] * NS_PER_MS)
    settings = settings_in(tmp_path)
    with setup.open_store(settings) as store:
        prepare(store, at_ms=9 * HOUR_MS)
        floor = Floor(SESSION, store, load_procedure(), clock.now_ms, clock.set_ms)
        desk = Desk(floor, settings, clock.now_ms, None, clock.set_ms)

        def silence_ms(*speaking: SiteId) -> dict[SiteId, int]:
            studio = Studio(state="running", speaking=frozenset(speaking))
            desk.see(Outside(clock.now_ms(), studio=studio, attached=True))
            spoke = desk._outside.spoke_at_ms
            return {site: clock.now_ms() - at_ms for site, at_ms in spoke.items()}

        assert silence_ms(LAY) == {}, "its microphone is closed"
        floor.state = replace(floor.state, open_microphones=frozenset({LAY}))
        assert silence_ms(LAY) == {LAY: 0}
        wall_ms[0] += 2000 + HOUR_MS
        steady_ms[0] += 2000
        assert silence_ms() == {LAY: 2000}
