"""The archive's list and search, over real HTTP; the index is worked out by its own process."""

import asyncio
import json
from pathlib import Path
from typing import Any

from broadcast.outputs.playlist import END, Entry, header, lines
from tests.web.rig import SECRET, SECRET_TITLE, SESSION, Rig, prepare, relay, settings_in


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


def test_a_session_that_is_over_is_found(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            prepare(rig.store, "sap-toi")
            assert (await _get(rig, "/api/v1/archive"))["sessions"] == []
            assert (await rig.command("go_live"))[0] == 200
            assert (await rig.command("give_turn", delegate="chua-1", kind="speech"))[0] == 200
            started_ms = (await _get(rig, "/api/v1/sessions"))["sessions"][-1]["started_at_ms"]
            record(rig, SESSION, started_ms or 0, 30)
            assert (await _get(rig, "/api/v1/archive"))["sessions"] == [], "it is not over"
            assert (await rig.command("end_turn"))[0] == 200
            assert (await rig.command("choose_item", item=SECRET))[0] == 200
            assert (await rig.command("end_session"))[0] == 200

            (one,) = (await _get(rig, "/api/v1/archive"))["sessions"]
            assert (one["id"], one["title"], one["duration_s"]) == (SESSION, "Phiên thử", 30.0)
            assert (one["delegates"], one["kinds"]) == (["Giàng A Dính"], ["discussion"])
            for words, kinds in (
                ("giang%20dinh", ["turn"]),
                ("Kinh%20t%E1%BA%BF", ["item"]),
                ("phien%20thu", []),
            ):
                (found,) = (await _get(rig, f"/api/v1/archive/search?q={words}"))["found"]
                assert found["session"] == SESSION
                assert [place["kind"] for place in found["places"]] == kinds
            for words in ("khong%20co", "tuyet%20mat", ""):
                assert (await _get(rig, f"/api/v1/archive/search?q={words}"))["found"] == []
            assert (await rig.get(f"/api/v1/archive/search?q={'x' * 300}")).status == 422

            path = rig.settings.storage.data_dir / "index" / f"{SESSION}.json"
            kept = path.read_text("utf-8")
            assert SECRET_TITLE not in kept
            path.write_text(json.dumps({"format": 0}), "utf-8")
        async with relay(rig.settings) as rig:
            assert len((await _get(rig, "/api/v1/archive"))["sessions"]) == 1
            assert path.read_text("utf-8") == kept, "worked out anew"

    asyncio.run(scenario())
