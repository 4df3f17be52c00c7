"""The archive's list and search, over real HTTP; the index is worked out by its own process."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from broadcast.outputs.playlist import END, Entry, header, lines
from broadcast.session.commands import ChooseItem, EndSession, EndTurn, GiveTurn
from broadcast.session.decide import Act
from broadcast.session.events import Event
from broadcast.session.model import RequestKind, Role
from tests.broadcast.session.hearing import PREPARED, SECRET, Hearing
from tests.web.rig import SESSION, Rig, relay, settings_in, stop_the_clock
from web import archive, chapters, children
from web.cli import main


def record(rig: Rig, session: str, start_ms: int, seconds: int) -> None:
    """The playlist of a recording; nobody looks at its pictures here."""
    folder = rig.settings.storage.data_dir / "archive" / session
    folder.mkdir(parents=True)
    entries = [
        Entry(f"{n:08}.m4s", 1.0, start_ms + n * 1000, None if n else "init-1.mp4")
        for n in range(seconds)
    ]
    text = header(1000) + "".join(lines(entry) for entry in entries) + END
    (folder / "index.m3u8").write_text(text, "utf-8")


async def _get(rig: Rig, path: str) -> Any:
    answer = await rig.get(path)
    assert answer.status == 200
    return await answer.json()


def hold(rig: Rig) -> int:
    """A hearing, recorded: five minutes, one speech from the tenth second on. When it went live."""
    hearing = Hearing("thao-luan")
    live_ms = hearing.now_ms
    hearing.after(9).do(GiveTurn(delegate="an", kind=RequestKind.SPEECH))
    hearing.after(60).do(EndTurn())
    hearing.after(9).do(ChooseItem(item="nhan-su"))
    hearing.after(60).do(EndSession())
    act = Act(live_ms, Role.SYSTEM, "test", None, "fresh")
    rig.store.append(PREPARED.id, 0, hearing.log, act)
    record(rig, PREPARED.id, live_ms, 80)
    return live_ms


def test_a_session_that_is_over_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    indexed: list[str] = []

    async def run_module(*told: Any, **more: Any) -> bytes:
        indexed.extend(told[2:])
        return await children.run_module(*told, **more)

    monkeypatch.setattr(archive, "run_module", run_module)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            record(rig, SESSION, 0, 5)
            assert (await _get(rig, "/api/v1/archive"))["sessions"] == [], "it is not over"
            assert indexed == [], "no process is started for one that changes all the time"
            hold(rig)
            (one,) = (await _get(rig, "/api/v1/archive"))["sessions"]
            assert (one["id"], one["title"]) == (PREPARED.id, "Phiên chất vấn")
            assert (one["delegates"], one["kinds"]) == (["Pờ Mỳ Lế"], ["discussion"])
            for words, places in (
                ("po%20le", [("turn", 10.0)]),
                ("th%E1%BA%A3o", [("item", 0.0)]),
                ("chat%20van", []),
            ):
                (found,) = (await _get(rig, f"/api/v1/archive/search?q={words}"))["found"]
                assert found["session"] == PREPARED.id
                assert [(one["kind"], one["start_s"]) for one in found["places"]] == places
            for words in ("khong%20co", "tuyet%20mat", ""):
                assert (await _get(rig, f"/api/v1/archive/search?q={words}"))["found"] == []
            assert (await rig.get(f"/api/v1/archive/search?q={'x' * 300}")).status == 422

            path = rig.settings.storage.data_dir / "index" / f"{PREPARED.id}.json"
            kept = path.read_text("utf-8")
            assert SECRET not in kept
            path.write_text(json.dumps({"format": 0}), "utf-8")
        async with relay(rig.settings) as rig:
            assert len((await _get(rig, "/api/v1/archive"))["sessions"]) == 1
            assert path.read_text("utf-8") == kept, "worked out anew"

    asyncio.run(scenario())


def test_a_playlist_that_lost_a_bit_hides_no_session(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What stands before it is found and played; the proof says what is missing."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            hold(rig)
            path = rig.settings.storage.data_dir / "archive" / PREPARED.id / "index.m3u8"
            octets = bytearray(path.read_bytes())
            octets[len(octets) // 2] ^= 0x80  # no UTF-8 any more
            path.write_bytes(octets)
            (one,) = (await _get(rig, "/api/v1/archive"))["sessions"]
            told = await _get(rig, f"/api/v1/sessions/{PREPARED.id}/chapters")
            assert told["duration_s"] == one["duration_s"] > 30
            assert told["chapters"][0]["kind"] == "item"

    asyncio.run(scenario())
    told = main(("replay", PREPARED.id, "minutes", "--data-dir", str(tmp_path / "data")))
    assert told == 0, capsys.readouterr()


def test_what_could_not_be_worked_out_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A machine that had no room for a moment hides no session until the server is started anew;
    and what it said is for its log, not for strangers."""
    complaints = ["MemoryError: postgresql://diemcau@10.0.0.5"]

    async def run_module(module: str, *told: Any, **more: Any) -> bytes:
        if complaints:
            raise children.NotDone(module, complaints.pop())
        return await children.run_module(module, *told, **more)

    monkeypatch.setattr(archive, "run_module", run_module)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            hold(rig)
            answer = await rig.get("/api/v1/archive")
            assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
            assert "10.0.0.5" not in await answer.text()
            assert caplog.text.count("10.0.0.5") == 1
            (one,) = (await _get(rig, "/api/v1/archive"))["sessions"]
            assert one["id"] == PREPARED.id

    asyncio.run(scenario())


def test_chapters_of_a_running_session_are_worked_out_once_in_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever happens meanwhile: a day's log takes half a second, beside sound and pictures."""
    stop_the_clock(monkeypatch)
    versions: list[int] = []
    work_out = chapters._work_out

    def counted(events: Sequence[Event], recording: Path) -> tuple[dict[str, Any], bool]:
        versions.append(len(events))
        return work_out(events, recording)

    monkeypatch.setattr(chapters, "_work_out", counted)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            record(rig, SESSION, 0, 5)
            for command in ("go_live", "pause_session", "resume_session"):
                assert (await rig.command(command))[0] == 200
                await _get(rig, f"/api/v1/sessions/{SESSION}/chapters")
            assert len(versions) == 1
            assert (await rig.command("end_session"))[0] == 200
            await _get(rig, f"/api/v1/sessions/{SESSION}/chapters")
            assert len(versions) == 2

    asyncio.run(scenario())
