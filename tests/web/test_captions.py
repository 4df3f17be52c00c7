"""Each player asks for captions every two seconds; what strangers invent costs it nothing."""

import asyncio
from pathlib import Path

import pytest

from broadcast.outputs.playlist import Entry, header, lines
from broadcast.store import Store
from tests.web.rig import SESSION, Rig, prepare, relay, settings_in, stop_the_clock
from tests.web.test_media import PLAYLIST
from web import captions, throttle
from web.captions import _refreshed


def _record(rig: Rig, session: str) -> None:
    folder = rig.settings.storage.data_dir / "archive" / session
    folder.mkdir(parents=True)
    (folder / "index.m3u8").write_text(PLAYLIST)


async def _status(rig: Rig, session: str) -> int:
    headers = {"X-Forwarded-For": "198.51.100.7"}
    return (await rig.get(f"/live/{session}/captions/list.m3u8", headers=headers)).status


def test_an_invented_session_costs_a_look_at_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captions, "MAX_FOLLOWED", 2)
    loaded, begun = list[str](), list[str]()
    load, parse = Store.load, captions.parse

    def counted_load(store: Store, session: str, after: int = 0) -> object:
        if not after:  # the floor asks for what is new by itself, now and then
            loaded.append(session)
        return load(store, session, after)

    def counted_parse(text: str) -> object:
        begun.append(text)
        return parse(text)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            _record(rig, SESSION)
            assert await _status(rig, SESSION) == 200
            monkeypatch.setattr(Store, "load", counted_load)
            monkeypatch.setattr(captions, "parse", counted_parse)
            assert {await _status(rig, f"invented-{n}") for n in range(100)} == {404}
            assert await _status(rig, SESSION) == 200
            assert (loaded, begun) == ([], []), "nothing is read anew, nothing is forgotten"

    asyncio.run(scenario())


def test_a_network_opens_so_many_old_sessions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "OPENINGS", 2)
    stop_the_clock(monkeypatch)
    old = ["hop-1", "hop-2", "hop-3"]

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            for session in (SESSION, *old):
                _record(rig, session)
            for session in old:
                prepare(rig.store, session)
            assert [await _status(rig, session) for session in old] == [200, 200, 429]
            assert [await _status(rig, session) for session in (SESSION, *old[:2])] == [200] * 3

    asyncio.run(scenario())


def test_a_playlist_that_was_replaced_is_read_from_its_beginning(tmp_path: Path) -> None:
    """As `cp` from a backup or `diemcau retire` and back leaves it."""
    folder, known = tmp_path / "x", None
    for first, count in ((0, 3), (100, 5)):
        folder.mkdir(exist_ok=True)
        entries = [
            Entry(f"{first + n:08}.m4s", 1.0, n * 1000, None if n else "init-1.mp4")
            for n in range(count)
        ]
        new = folder / "new"
        new.write_text(header(1000) + "".join(map(lines, entries)), "utf-8")
        new.replace(folder / "index.m3u8")
        known = _refreshed(known, folder)
        assert [one.name for one in known.entries] == [one.name for one in entries]
        assert len(known.numbers) == known.body.count("#EXTINF") == count


def test_who_asks_before_the_first_segment_gets_all_that_follow(tmp_path: Path) -> None:
    """As whoever waits for a session to begin does; one answer serves all who ask later."""
    index = tmp_path / "index.m3u8"
    index.write_text(header(2000))
    recording = _refreshed(None, tmp_path)
    assert recording.entries == []
    for number in range(3):
        with index.open("a") as file:
            file.write(lines(Entry(f"{number:08}.m4s", 2.0, number * 2000)))
        recording = _refreshed(recording, tmp_path)
        assert list(recording.numbers) == [f"{n:08}.vtt" for n in range(number + 1)]
