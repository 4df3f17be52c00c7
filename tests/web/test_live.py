"""The live WebSocket against a real relay: what each kind of page is told."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from broadcast.database import StoreError
from broadcast.store import Store
from tests import media
from tests.peers import watching
from tests.web.rig import (
    BOUND_S,
    CHUA,
    HALL,
    ITEM,
    LAY,
    SECRET,
    SECRET_TITLE,
    SESSION,
    Page,
    relay,
    settings_in,
)
from tests.web.test_doorkeeper import _viewers
from web import inside, on_air


def test_a_snapshot_then_patches_that_follow_the_commands(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, rig.page("operator", rig.operator) as page:
            await page.until(lambda p: p.snapshot)
            assert page.snapshot["role"] == "operator"
            assert "go_live" in page.snapshot["may"]
            assert page.view["session"]["phase"] == "prepared"
            status, answer = await rig.command("go_live")
            assert status == 200
            await page.until(lambda p: p.version >= answer["version"])
            assert page.view["session"]["phase"] == "live"
            await rig.command("register", delegate="lay-1", kind="speech")
            await rig.command("register", delegate="chua-1", kind="speech")
            await page.until(lambda p: len(p.view["queue"]) == 2)
            assert [row["next"] for row in page.view["queue"]] == [True, False]
            assert page.view["next"]["delegate"] == "lay-1"
            await rig.command("call_next")
            await page.until(lambda p: p.view.get("floor"))
            floor = page.view["floor"]
            assert (floor["delegate"], floor["site"], floor["limit_ms"]) == ("lay-1", LAY, 420_000)
            assert [site["microphone_open"] for site in page.view["sites"].values()] == [
                False,
                True,
                False,
            ]
            assert page.view["program"] == {"layout": "full", "sources": [LAY]}
            await rig.command("end_turn")
            await page.until(lambda p: not p.view.get("floor"))

    asyncio.run(scenario())


def test_a_second_page_gets_what_the_first_was_patched_to(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, rig.page("operator", rig.operator) as page:
            await page.until(lambda p: p.snapshot)
            for command in ("go_live", "call_next", "pause_session", "resume_session"):
                await rig.command(command)
            await page.until(lambda p: p.view["session"]["phase"] == "live")
            async with rig.page("operator", rig.operator) as late:
                await late.until(lambda p: p.snapshot)
                await page.until(lambda p: p.version >= late.version)
                assert late.view | {"alarms": 0} == _filled(page.view, late.view) | {"alarms": 0}

    def _filled(view: dict[str, Any], full: dict[str, Any]) -> dict[str, Any]:
        """Null and absent are the same."""
        return {key: view.get(key) for key in full} | view

    asyncio.run(scenario())


def test_a_site_sees_itself_and_its_place(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, rig.page("site", rig.site()) as page:
            await page.until(lambda p: p.snapshot)
            me = page.view["me"]
            assert (me["site"], me["tally"], me["requests"]) == (LAY, "none", [])
            assert [delegate["id"] for delegate in me["delegates"]] == ["lay-1"]
            assert "speech" in me["may_ask"]
            assert page.last.get("quality") or (await page.until(lambda p: p.last.get("quality")))
            assert page.last["quality"]["level"] == "standby"
            status, _ = await rig.command(
                "register", token=rig.site(), delegate="lay-1", kind="speech"
            )
            assert status == 200
            await page.until(lambda p: p.view["me"]["requests"])
            assert page.view["me"]["requests"][0]["place"] == 1
            assert page.view["me"]["tally"] == "next"
            await rig.command("go_live")
            await rig.command("call_next")
            await page.until(lambda p: p.view["me"]["tally"] == "program")
            await page.until(lambda p: p.last["quality"]["level"] == "on_air")
            assert page.last["quality"]["width"] == 1280
            assert page.view["me"]["microphone_open"]

    asyncio.run(scenario())


def test_the_public_is_told_nothing_secret(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, rig.page("watch") as page:
            await page.until(lambda p: p.snapshot)
            assert page.snapshot["role"] == "viewer"
            assert page.snapshot["may"] == []
            heard = [str(page.snapshot)]
            for command in ("go_live", "call_next"):
                await rig.command(command)
            await rig.command("register", delegate="lay-1", kind="speech")
            await rig.command("choose_item", item=SECRET)
            _, answer = await rig.command("give_turn", delegate="chua-1", kind="speech")
            await rig.command("choose_item", item=ITEM)
            _, answer = await rig.command("end_turn")
            _, answer = await rig.command("choose_item", item=ITEM)
            while page.version < answer["version"]:
                heard.append(str(await page.hear()))
            assert not any(SECRET_TITLE in text for text in heard)
            assert not any("Giàng A Dính" in text for text in heard)
            assert any("Nội dung họp kín" in text for text in heard)

    asyncio.run(scenario())


def test_the_newer_page_of_a_site_takes_over(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, rig.page("site", rig.site()) as old:
            await old.until(lambda p: p.snapshot)
            async with rig.page("site", rig.site()) as new:
                await new.until(lambda p: p.snapshot)
                await old.until(lambda p: p.last.get("bye"))
                assert old.last["bye"]["code"] == "taken_over"
                await new.socket.send_json(
                    {"type": "site_report", "camera": "ok", "microphone": "ok"}
                )
                async with rig.page("operator", rig.operator) as panel:
                    await panel.until(
                        lambda p: p.view and p.view["sites"][LAY].get("camera") == "ok"
                    )
                    assert panel.view["sites"][LAY]["present"]
            async with rig.page("operator", rig.operator) as panel:
                await panel.until(lambda p: p.view and not p.view["sites"][LAY]["present"])

    asyncio.run(scenario())


def test_a_revoked_link_ends_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside, "CHECK_S", 0.05)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, rig.page("site", rig.site()) as page:
            await page.until(lambda p: p.snapshot)
            rig.tokens.revoke_join_tokens(SESSION, LAY)
            await page.until(lambda p: p.last.get("bye"))
            assert page.last["bye"]["code"] == "revoked"
            async with rig.page("site", rig.site()) as again:
                await again.until(lambda p: p.snapshot)

    asyncio.run(scenario())


def test_a_site_that_is_taken_out_leaves_and_all_others_go_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, rig.page("operator", rig.operator) as panel:
            await rig.command("put_delegate", delegate="lay-1", name="Điêu Thị Xuân", site=HALL)
            async with (
                watching(rig.url(f"/whep/{SESSION}/{LAY}"), rig.site()),
                rig.page("site", rig.site()) as page,
            ):
                await page.until(lambda p: p.snapshot)
                await _viewers(rig, 1)
                assert (await rig.command("remove_site", site=LAY))[0] == 200
                await page.until(lambda p: p.last.get("bye"))
                assert page.last["bye"]["code"] == "revoked"
                await panel.until(lambda p: p.view and LAY not in p.view["sites"])
                assert (await rig.command("put_site", name="Điểm cầu xã Nà Bủng"))[0] == 200
                await panel.until(lambda p: "xa-na-bung" in p.view["sites"])
                # What was let in to hear the room does not stay to hear it closed.
                await _viewers(rig, 0)
            async with rig.page("site", rig.site()) as again:
                await again.until(lambda p: p.last.get("bye"))
                assert again.last["bye"]["code"] == "revoked"
            async with rig.page("operator", rig.operator) as another:
                await another.until(lambda p: p.snapshot)

    asyncio.run(scenario())


def test_a_database_that_is_away_for_a_while_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may still be here is asked again and again; the one call fails here, as it would."""
    for room, pace in ((on_air, "LOOK_S"), (inside, "CHECK_S")):
        monkeypatch.setattr(room, pace, 0.05)
    asked = list[str]()

    def away(_: Store, serial: str) -> bool:
        asked.append(serial)
        raise StoreError("the server closed the connection")

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, rig.page("operator", rig.operator) as page:
            await page.until(lambda p: p.snapshot)
            with monkeypatch.context() as broken:
                broken.setattr(Store, "is_revoked", away)
                await media.wait_until(lambda: len(asked) > 3, "it was asked")
            assert (await rig.command("go_live"))[0] == 200
            await page.until(lambda p: p.view["session"]["phase"] == "live")

    asyncio.run(scenario())


def test_a_database_that_hangs_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inside, "CHECK_S", 0.05)
    asked, answers = threading.Event(), threading.Event()

    def hangs(_: Store, serial: str) -> bool:
        asked.set()
        return not answers.wait(BOUND_S)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, rig.page("operator", rig.operator) as page:
            await page.until(lambda p: p.snapshot)
            monkeypatch.setattr(Store, "is_revoked", hangs)
            await media.wait_until(asked.is_set, "it was asked")
            await page.socket.send_json({"type": "ping", "sent_at_ms": 1})
            await page.until(lambda p: p.last.get("pong"))
            answers.set()

    asyncio.run(scenario())


def test_ping_brings_the_servers_time(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, rig.page("watch") as page:
            await page.until(lambda p: p.snapshot)
            await page.socket.send_json({"type": "ping", "sent_at_ms": 12.5})
            await page.until(lambda p: p.last.get("pong"))
            assert page.last["pong"]["sent_at_ms"] == 12.5
            assert (
                abs(page.last["pong"]["server_time_ms"] - page.snapshot["server_time_ms"]) < 60_000
            )

    asyncio.run(scenario())


def test_hall_and_others_are_listed_in_order(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig, rig.page("operator", rig.operator) as page:
            await page.until(lambda p: p.snapshot)
            sites = page.view["sites"]
            assert [(site["place"], site["id"]) for site in sites.values()] == [
                (0, HALL),
                (1, LAY),
                (2, CHUA),
            ]
            assert {alarm["code"] for alarm in page.view["alarms"]} >= {"hall_absent"}

    asyncio.run(scenario())


def test_on_air_a_site_that_never_joined_is_not_told_as_lost(tmp_path: Path) -> None:
    def codes(page: Page) -> set[str]:
        alarms = page.view["alarms"] if page.view else []
        return {alarm["code"] for alarm in alarms if alarm["site"] == LAY}

    async def scenario() -> None:
        settings = settings_in(tmp_path)
        async with relay(settings) as rig, rig.page("operator", rig.operator) as page:
            await page.until(lambda p: p.snapshot)
            await rig.command("go_live")
            await rig.command("cut", scene={"layout": "full", "sources": [LAY]})
            await page.until(lambda p: codes(p) == {"site_absent"})
            async with rig.page("site", rig.site()) as site:
                await site.socket.send_json({"type": "site_report"})
                await page.until(lambda p: codes(p) == {"site_sends_nothing"})
            await page.until(lambda p: codes(p) == {"site_gone"})
        async with relay(settings) as rig, rig.page("operator", rig.operator) as page:
            # A server that finds the session on does not know who was here before it.
            await page.until(lambda p: codes(p) == {"site_gone"})

    asyncio.run(scenario())


def test_the_operator_sees_what_a_site_found_of_itself(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            relay(settings_in(tmp_path)) as rig,
            rig.page("operator", rig.operator) as page,
            rig.page("site", rig.site()) as site,
        ):
            await site.until(lambda p: p.view)
            found = {"picture": "dark", "sound": "ok", "speaker": "heard", "echo": "unknown"}
            await site.socket.send_json({"type": "site_report", "self_test": found})
            shown = await page.until(lambda p: p.view and p.view["sites"][LAY].get("self_test"))
            assert shown == found
            await rig.command("record_check", site=LAY, check="picture", outcome="failed")
            checks = await page.until(lambda p: p.view["checks"])
            assert checks[LAY]["picture"]["outcome"] == "failed"

            assert (await rig.command("ask_self_test", site=LAY))[0] == 200
            asked = await site.until(lambda p: p.view["me"].get("test_asked_at_ms"))
            answer = found | {"picture": "ok", "asked_at_ms": asked}
            await site.socket.send_json({"type": "site_report", "self_test": answer})
            await page.until(lambda p: p.view["sites"][LAY]["self_test"] == answer)
            assert page.view["sites"][LAY]["test_asked_at_ms"] == asked
            await rig.command("open_microphone", site=LAY)
            status, refused = await rig.command("ask_self_test", site=LAY)
            assert (status, refused["error"]["code"]) == (409, "test_microphone_open")

    asyncio.run(scenario())
