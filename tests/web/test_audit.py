"""What is written down, who may read it, and that a change shows: over real HTTP."""

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql

from broadcast.session.model import Role
from tests.web.rig import CHUA, LAY, SESSION, Rig, prepare, relay, settings_in
from web.accounts import hash_password
from web.agents import agent_class
from web.cli import main
from web.setup import put_account

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
PASSWORD = "0123456789"
SIGN_IN = "/api/v1/sign-in"


def _rows(rig: Rig) -> list[tuple[str, str, str, str]]:
    return [(e.note.what, e.note.who, e.note.role, e.note.outcome) for e in rig.store.audit()]


async def _read(rig: Rig, path: str, token: str | None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = await rig.get(path, headers=headers)
    return answer.status, await answer.json()


@pytest.mark.parametrize("session", ["a%00b", "a" * 65])
def test_what_is_tried_in_a_session_that_cannot_be_is_written_down(
    tmp_path: Path, session: str
) -> None:
    """Of its name nothing: PostgreSQL takes neither a NUL nor a longer one, and wrote no entry."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            await rig.post(f"/api/v1/sessions/{session}/commands", {"type": "go_live"})
            note = rig.store.audit()[-1].note
            assert (note.what, note.session, note.outcome) == ("command", "", "not_signed_in")

    asyncio.run(scenario())


def test_all_that_was_done_and_refused_is_written_down(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            put_account(rig.store, "ky-thuat", hash_password(PASSWORD), frozenset({Role.OPERATOR}))
            before = len(rig.store.audit())
            await rig.command("mute_all")
            await rig.command("pause_session")
            await rig.command("mute_all", token=rig.site(LAY))
            await rig.command("register", token=rig.site(LAY), delegate="chua-1", kind="speech")
            await rig.command("mute_all", token="nonsense")
            await rig.post(f"/api/v1/sessions/{SESSION}/commands", {"type": "no"})
            await rig.post(SIGN_IN, {"name": "ky-thuat", "password": "sai roi"})
            await rig.post(SIGN_IN, {"name": PASSWORD, "password": "ky-thuat"})
            await rig.post(SIGN_IN, {"name": "ky-thuat", "password": PASSWORD}, User_Agent=CHROME)
            await rig.post("/api/v1/sign-out", {}, Origin=rig.base)
            links = f"/api/v1/sessions/{SESSION}/links"
            await _read(rig, links, rig.operator)
            await _read(rig, links, rig.site(LAY))
            offer = {"data": b"v=0", "headers": {"Content-Type": "application/sdp"}}
            await rig.http.post(rig.url(f"/whip/{LAY}"), **offer)
            assert _rows(rig)[before:] == [
                ("mute_all", "operator", "operator", "done"),
                ("pause_session", "operator", "operator", "phase_prepared"),
                ("mute_all", LAY, "site", "forbidden"),
                ("register", LAY, "site", "not_your_delegate"),
                ("command", "", "", "token_wrong"),
                ("command", "", "", "not_signed_in"),
                ("sign_in", "", "", "wrong_password"),
                ("sign_in", "", "", "wrong_password"),
                ("sign_in", "ky-thuat", "operator", "done"),
                ("sign_out", "ky-thuat", "operator", "done"),
                ("links_shown", "operator", "operator", "done"),
                ("links_shown", LAY, "site", "forbidden"),
                ("site_joined", "", "", "token_missing"),
            ]
            entries = rig.store.audit()[before:]
            first, second = (one.note.detail for one in entries[6:8])
            assert (first["name"], second["name"]) == ("ky-thuat", ""), "a password typed as a name"
            assert "Giàng A Dính" in entries[3].note.detail["message"]
            signed_in = entries[8].note.where
            assert (signed_in.agent, signed_in.means) == ("Chrome · Windows", "account")
            assert signed_in.address == "127.0.0.1"
            assert PASSWORD not in str(entries)

    asyncio.run(scenario())


def test_who_may_read_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            prepare(rig.store, "khac")
            chair = rig.tokens.issue_token(Role.CHAIR, SESSION)
            clerk = rig.tokens.issue_token(Role.CLERK, SESSION)
            mine, other = (f"/api/v1/sessions/{name}/audit" for name in (SESSION, "khac"))
            for path, token, expected in (
                (mine, rig.operator, 200),
                (mine, chair, 200),
                (mine, clerk, 403),
                (mine, rig.site(CHUA), 403),
                (mine, None, 403),
                (other, rig.operator, 403),
                ("/api/v1/audit", rig.operator, 403),
                (f"{mine}?before=x", rig.operator, 422),
                (f"{mine}?before={'9' * 40}", rig.operator, 422),
            ):
                assert (path, (await _read(rig, path, token))[0]) == (path, expected)
            put_account(rig.store, "a", hash_password(PASSWORD), frozenset({Role.CHAIR}))
            await rig.post(SIGN_IN, {"name": "a", "password": PASSWORD})
            status, told = await _read(rig, "/api/v1/audit", None)
            assert (status, told["more"]) == (200, False)
            numbers = [one["number"] for one in told["entries"]]
            assert numbers == sorted(numbers, reverse=True)
            page = await rig.get(f"/api/v1/audit?before={numbers[1]}")
            assert (await page.json())["entries"][0]["number"] == numbers[2]

    asyncio.run(scenario())


def test_it_names_sites_and_people(tmp_path: Path) -> None:
    """In the page and in the file; who has a namesake is told apart by his id."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            await rig.command("put_delegate", name="Giàng A Dính", site=LAY)
            await rig.command("open_microphone", site=LAY)
            await rig.command("mute_all", token=rig.site(LAY))
            await rig.command("give_turn", delegate="chua-1", kind="speech")
            path = f"/api/v1/sessions/{SESSION}/audit"
            _, told = await _read(rig, path, rig.operator)
            given, muted, opened, *_ = (one["names"] for one in told["entries"])
            assert given == {"chua-1": "Giàng A Dính (chua-1)"}
            assert muted == opened == {LAY: "Điểm cầu thị xã Mường Lay"}
            bearer = {"Authorization": f"Bearer {rig.operator}"}
            answer = await rig.get(f"{path}.csv", headers=bearer)
            assert f"{LAY} = Điểm cầu thị xã Mường Lay" in await answer.text()

    asyncio.run(scenario())


def test_no_change_is_forgotten(tmp_path: Path) -> None:
    """Also of routes that know nothing of the audit."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            bearer = {"Authorization": f"Bearer {rig.operator}"}
            path = f"/api/v1/sessions/{SESSION}/player/files/a.png"
            before = len(rig.store.audit())
            async with rig.http.put(rig.url(path), data=b"a picture", headers=bearer) as answer:
                assert answer.status == 201
            await rig.http.post(rig.url("/api/v1/templates"), json={})
            notes = [entry.note for entry in rig.store.audit()[before:]]
            assert [(one.what, one.who, one.session) for one in notes] == [
                ("player_file_brought", "operator", SESSION),
                ("changed", "", ""),
            ], "once each, in the route's own words if it has any"
            assert (notes[0].outcome, notes[1].outcome == "done") == ("done", False)
            assert notes[1].detail["path"] == "/api/v1/templates"

    asyncio.run(scenario())


def test_strangers_cannot_fill_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            before = len(rig.store.audit())
            path = f"/api/v1/sessions/{SESSION}/commands"
            await asyncio.gather(*(rig.post(path, {}) for _ in range(80)))
            assert len(rig.store.audit()) - before == 30

    asyncio.run(scenario())


def test_the_proof(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = settings_in(tmp_path)
    data = settings.storage.data_dir

    async def scenario() -> str:
        async with relay(settings) as rig:
            await rig.command("mute_all")
            bearer = {"Authorization": f"Bearer {rig.operator}"}
            status, told = await rig.post("/api/v1/audit/proof", {}, **bearer)
            assert (status, told["whole"], told["faults"]) == (200, True, [])
            assert (await rig.post("/api/v1/audit/proof", {}))[0] == 403
            return str(told["seal"])

    seal = asyncio.run(scenario())
    verify = ["audit", "verify", "--data-dir", str(data), "--seal", seal]
    assert main(verify) == 0
    assert "NGUYÊN VẸN" in capsys.readouterr().out
    assert main(["audit", "list", "--data-dir", str(data)]) == 0
    assert "mute_all" in capsys.readouterr().out
    engine = sql.create_engine(f"sqlite:///{data / 'diemcau.sqlite3'}")
    with engine.begin() as db:
        db.execute(sql.text("DROP TRIGGER audit_no_update"))
        db.execute(sql.text("UPDATE audit SET who = 'ai do' WHERE number = 2"))
    engine.dispose()
    assert main(verify) == 1
    assert "Dòng 2 của nhật ký đã bị sửa" in capsys.readouterr().out


def test_what_is_done_at_the_server_is_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD))
    common = ["--data-dir", str(tmp_path)]
    assert main(["user", "add", "a", "--role", "chair", "--password-stdin", *common]) == 0
    assert main(["user", "disable", "a", *common]) == 0
    assert main(["audit", "list", *common]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[4] for line in lines if "account_saved" in line] == [
        "account_saved",
        "account_saved",
    ]
    assert PASSWORD not in json.dumps(lines)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (CHROME, "Chrome · Windows"),
        (CHROME + " Edg/140.0", "Edge · Windows"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox · Linux",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "Safari · iOS"),
        (
            CHROME.replace("Windows NT 10.0", "X; coc_coc_browser/130.0 Windows"),
            "Cốc Cốc · Windows",
        ),
        ("curl/8.5.0", "curl"),
        ("Lavf/61.7", "Lavf"),
        ("<script>alert(1)</script>", ""),
        ("", ""),
    ],
)
def test_classes_of_programs(header: str, expected: str) -> None:
    assert agent_class(header) == expected
