"""`diemcau replay`: a session from its events alone; what else tells of it held against that."""

import asyncio
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql

from broadcast.session.commands import EndSession, EndTurn, GiveTurn, WriteNote
from broadcast.session.decide import Act
from broadcast.session.model import RequestKind, Role
from broadcast.session.written import NoteId, NoteKind
from broadcast.session.written_events import NoteWritten
from config.settings import Settings, Storage
from tests.broadcast.session.hearing import PREPARED, START_MS, Hearing
from tests.web.rig import SESSION, now_ms, relay, settings_in
from web import setup, summaries
from web.cli import main
from web.serving import write_settings
from web.summaries import Summaries

ACT = Act(START_MS, Role.SYSTEM, "test", None, "fresh")
SET_MS = 3_600_000


@pytest.fixture
def hearing(tmp_path: Path) -> Hearing:
    """It is over: a speech of a minute, an hour set forward, a note."""
    hearing = Hearing("thao-luan")
    hearing.after(9).do(GiveTurn(delegate="an", kind=RequestKind.SPEECH))
    hearing.after(59).do(EndTurn())
    hearing.set_clock(SET_MS)
    hearing.after(9).do(WriteNote(text="Thống nhất"), Role.CLERK)
    hearing.after(9).do(EndSession())
    with setup.open_store(settings(tmp_path)) as store:
        store.append(PREPARED.id, 0, hearing.log, ACT)
        Summaries(store, tmp_path / summaries.PLACE).all()
    return hearing


def settings(data: Path) -> Settings:
    return Settings(storage=Storage(data_dir=data))


def replay(
    data: Path, capsys: pytest.CaptureFixture[str], *more: str, session: str = PREPARED.id
) -> tuple[int, Any, str]:
    """Exit status, what was rebuilt, what was said."""
    capsys.readouterr()
    status = main(("replay", session, *more, "--data-dir", str(data)))
    said = capsys.readouterr()
    return status, json.loads(said.out) if said.out else None, said.err


def test_a_session_is_rebuilt_as_it_was_at_any_moment(
    hearing: Hearing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told, said = replay(tmp_path, capsys)
    assert (status, told["events"], told["of"]) == (0, len(hearing.log), len(hearing.log)), said
    assert "KHỚP" in said
    assert "sessions.json" in said
    assert told["state"]["phase"] == "ended"
    assert told["state"]["started_at_ms"] == hearing.state.started_at_ms
    assert [one["delegate"] for one in told["state"]["turns"]] == ["an"]

    speech = next(n for n, one in enumerate(hearing.log, 1) if one.type == "turn_started")
    _, then, _ = replay(tmp_path, capsys, "overlays", "--until", str(speech))
    shown = {one["name"]: one["fields"] for one in then["overlays"]["overlays"]}
    assert shown["lower_third"]["name"] == "Pờ Mỳ Lế"
    assert then["last"]["type"] == "turn_started"

    # Half a minute into the speech, by the clock that the minutes have: as it was set later.
    moment_ms = hearing.log[speech - 1].at_ms + 30_000 + SET_MS
    at = f"{datetime.fromtimestamp(moment_ms / 1000, UTC):%Y-%m-%dT%H:%M:%S%z}"
    _, now, _ = replay(tmp_path, capsys, "overlays", "--at", at)
    assert now["overlays"]["overlays"] == then["overlays"]["overlays"]
    assert now["last"]["at_ms"] == then["last"]["at_ms"] < moment_ms - SET_MS
    _, before, _ = replay(tmp_path, capsys, "--at", "1999-01-01")
    assert (before["events"], before["last"], before["state"]["phase"]) == (0, None, "prepared")

    _, told, _ = replay(tmp_path, capsys, "minutes")
    (part,) = told["minutes"]["parts"]
    assert [(one["name"], one["text"]) for one in part["lines"]] == [
        ("Pờ Mỳ Lế", ""),
        ("", "Thống nhất"),
    ]


@pytest.mark.parametrize(("more", "sentence"), [(("--at", "hôm qua"), "is no moment")])
def test_what_is_no_moment_is_refused(
    hearing: Hearing,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    sentence: str,
) -> None:
    status, _, said = replay(tmp_path, capsys, *more)
    assert status == 2
    assert sentence in said


def test_what_else_is_kept_is_held_against_it(
    hearing: Hearing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / summaries.PLACE
    path.write_text(path.read_text("utf-8").replace(PREPARED.title, "Phiên khác"), "utf-8")
    status, _, said = replay(tmp_path, capsys)
    assert status == 1
    assert 'index/sessions.json: title là "Phiên khác"' in said
    assert f'thì phải là "{PREPARED.title}"' in said


@pytest.mark.parametrize(
    ("act", "change", "sentence"),
    [
        ("update", "UPDATE events SET event = replace(event, 'Thống nhất', 'Bác bỏ')", "đã bị sửa"),
        ("delete", "DELETE FROM events WHERE version = 4", "thiếu diễn biến thứ 4"),
        ("update", 'UPDATE events SET event = \'{"type": "x"}\' WHERE version = 4', "không đọc"),
    ],
)
def test_an_altered_log_is_told(
    hearing: Hearing,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    act: str,
    change: str,
    sentence: str,
) -> None:
    engine = sql.create_engine(f"sqlite:///{tmp_path / setup.DATABASE}")
    with engine.begin() as db:
        db.execute(sql.text(f"DROP TRIGGER events_no_{act}"))
        db.exec_driver_sql(change)
    engine.dispose()
    status, _, said = replay(tmp_path, capsys)
    assert status == 1
    assert sentence.lower() in said.lower()


@contextmanager
def answering(octets: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Some other program, on a port; and what it was asked."""
    asked = list[bytes]()

    class Answer(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            asked.append(self.request.recv(65536))
            self.request.sendall(octets)

    with socketserver.TCPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1], asked
        finally:
            server.shutdown()
            thread.join()


HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"


def test_a_program_that_is_not_ours_is_asked_nothing(
    hearing: Hearing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No server is up on this folder; on its port is what must not see our links."""
    with answering(HELLO) as (port, asked):
        toml = tmp_path / "my.toml"
        toml.write_text(f"[http]\nport = {port}\n")
        status, _, said = replay(tmp_path, capsys, "--config", str(toml))
    assert (status, asked) == (0, []), said
    assert "máy chủ đang chạy" not in said


def test_a_server_that_answers_nonsense_is_told(
    hearing: Hearing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(HELLO) as (port, _):
        given = settings(tmp_path)
        http = given.http.model_copy(update={"port": port})
        (tmp_path / "run").mkdir()
        write_settings(given.model_copy(update={"http": http}))
        status, _, said = replay(tmp_path, capsys)
    assert status == 1
    assert "không trả lời như phải trả lời" in said


def test_what_a_running_server_says_is_held_against_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> None:
        given = settings_in(tmp_path)
        async with relay(given) as rig:
            port = int(rig.base.rpartition(":")[2])
            http = given.http.model_copy(update={"port": port})
            write_settings(given.model_copy(update={"http": http}))
            assert (await rig.command("go_live"))[0] == 200
            data = given.storage.data_dir

            async def asked() -> tuple[int, Any, str]:
                return await asyncio.to_thread(replay, data, capsys, session=SESSION)

            status, _, said = await asked()
            assert status == 0, said
            assert "máy chủ đang chạy" in said
            # Behind its back.
            version = len(rig.store.load(SESSION))
            note = NoteWritten(
                at_ms=now_ms(), note=NoteId("n"), kind=NoteKind.NOTE, text="Thêm", item=None
            )
            rig.store.append(SESSION, version, (note,), ACT)
            status, _, said = await asked()
            assert status == 1
            assert "máy chủ đang chạy: notes là []" in said

    asyncio.run(scenario())
