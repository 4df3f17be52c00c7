"""What the panel is told of one site's line when somebody asks."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broadcast.session.model import Role
from config.settings import Program
from streams.lines import DownLine
from tests.peers import publishing
from tests.web.rig import BOUND_S, CHUA, LAY, SESSION, Rig, relay, settings_in
from web.history import STEPS
from web.lines import told_of_return


def path(site: str, session: str = SESSION) -> str:
    return f"/api/v1/sessions/{session}/sites/{site}/line"


async def asked(rig: Rig, site: str = LAY, token: str | None = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token or rig.operator}"}
    answer = await rig.get(path(site), headers=headers)
    told: dict[str, Any] = await answer.json()
    return told | {"status": answer.status}


async def until(rig: Rig, condition: Any) -> dict[str, Any]:
    """Asks until `condition` holds; bounded."""
    async with asyncio.timeout(BOUND_S):
        while not condition(told := await asked(rig)):
            await asyncio.sleep(0.1)
    return told


def test_a_line_from_joining_to_leaving(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            before = await asked(rig)
            assert (before["line"], before["since_at_ms"], before["up"]) == ("lost", None, None)
            assert before["history"]["line"] == [None] * STEPS
            async with publishing(rig.url(f"/whip/{LAY}"), rig.site(), 1, 700):
                told = await until(
                    rig, lambda t: t["up"] and t["up"]["size"] and t["up"]["bitrate_bps"] > 0
                )
                assert told["up"]["wish"]["size"] == "320x180"
                assert told["up"]["codec"] in {"VP8", "H264"}
                assert told["since_at_ms"] > 0
                noted = await until(rig, lambda t: t["history"]["up_bps"][-1] is not None)
                assert noted["history"]["line"][-1] in {"good", "fair", "poor", "lost"}
            gone = await until(rig, lambda t: t["up"] is None)
            assert gone["line"] == "lost"
            assert (await asked(rig, CHUA))["history"]["line"] == [None] * STEPS

    asyncio.run(scenario())


@pytest.mark.parametrize(("of", "heights"), [(720, [720, 360, 180]), (360, [360, 180])])
def test_what_comes_back_is_told_as_a_picture_s_height(of: int, heights: list[int]) -> None:
    """A program that is no larger than a rung of the ladder is sent without that rung."""
    program = Program(width=of * 16 // 9, height=of)
    stills = DownLine(len(heights) - 1, 1, 61_234.5, 0.04, 95.6, 60_000.4, 4, stills=True)
    lines = [replace(stills, rendition=at, stills=False) for at in range(len(heights))]
    assert [told_of_return(line, program)["height"] for line in lines] == heights
    assert told_of_return(replace(stills, rendition=None), program)["height"] is None
    assert told_of_return(stills, program) == {
        "height": 180, "stills": True, "sound": "thin", "estimate_bps": 61_234,
        "sent_bps": 60_000, "loss_percent": 0.0, "rtt_ms": 96, "frames_dropped": 4,
    }  # fmt: skip


def test_it_is_for_the_panel_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            for role in (Role.CHAIR, Role.CLERK):
                token = rig.tokens.issue_token(role, SESSION)
                assert (await asked(rig, token=token))["status"] == 200
            assert (await asked(rig, token=rig.site()))["status"] == 403
            assert (await rig.get(path(LAY))).status == 401
            assert (await asked(rig, "nowhere"))["status"] == 404
            bearer = {"Authorization": f"Bearer {rig.operator}"}
            assert (await rig.get(path(LAY, "another"), headers=bearer)).status == 401

    asyncio.run(scenario())


TEST = {"verdict": "fair", "udp": True, "down_bps": 4_100_000, "up_bps": 900_000, "age_s": 61}


def test_what_the_site_s_own_test_found(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, rig.page("site", rig.site()) as page:
            await page.until(lambda p: p.view)
            assert (await asked(rig))["test"] is None
            report = {"type": "site_report", "camera": "ok", "microphone": "ok"}
            await page.socket.send_json(report | {"line_test": TEST})
            told = await until(rig, lambda t: t["test"])
            assert {key: value for key, value in told["test"].items() if value is not None} == TEST
            await page.socket.send_json(report | {"line_test": TEST | {"verdict": "<b>"}})
            await page.until(lambda p: p.last.get("bye"))
            assert page.last["bye"]["code"] == "not_understood"

    asyncio.run(scenario())
