"""Making a session ready over real HTTP: who may, what comes of it, what strangers see of it."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from broadcast.session.model import Role
from broadcast.session.preset import FOLDER, OUTLINES, load_outline, load_preset, prepare, preset_of
from tests.web.rig import ITEM, LAY, SECRET, SESSION, Rig, relay, settings_in
from web import setup
from web.preparing.beginnings import KINDS

PDF = b"%PDF-1.4\n" + b"0123456789" * 30_000 + b"\n%%EOF\n"
Story = Callable[[Rig], Coroutine[Any, Any, None]]


def tell(folder: Path, story: Story) -> None:
    async def scenario() -> None:
        async with relay(settings_in(folder)) as rig:
            setup.put_account(rig.store, "ky-thuat", "", frozenset({Role.OPERATOR}))
            await story(rig)

    asyncio.run(scenario())


def account(rig: Rig) -> dict[str, str]:
    """As a page of ours sends it: with the cookie, and where it comes from."""
    known = rig.store.account("ky-thuat")
    assert known is not None
    return {"Cookie": f"diemcau={rig.tokens.cookie_for_account(known)}", "Origin": rig.base}


async def ask(rig: Rig, method: str, path: str, data: Any = None, **headers: str) -> Any:
    """Status and answer."""
    body = io.BytesIO(json.dumps(data).encode() if isinstance(data, dict) else data or b"")
    sent = {"Content-Type": "application/json", **headers}
    async with rig.http.request(method, rig.url(path), data=body, headers=sent) as response:
        return response.status, await response.json()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_session_from_each_source_and_a_template(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        me = account(rig)
        wish = {"title": "Kỳ họp thứ hai", "planned_start_at_ms": 1_800_000_000_000}
        made = {}
        for kind, id_ in (("preset", "dien_bien_2025"), ("hall", ""), ("session", SESSION)):
            source = {"kind": kind, "id": id_}
            status, answer = await ask(
                rig, "POST", "/api/v1/sessions", {**wish, "source": source}, **me
            )
            assert (status, answer["next"]) == (201, f"/prepare/{answer['id']}")
            made[kind] = setup.session_state(rig.store, answer["id"])
        assert [len(made[kind].sites) for kind in made] == [46, 1, 3]
        assert made["session"].current_item == ITEM
        assert made["session"].agenda[1].closed, "a copy must not open what was closed"
        assert {one.planned_start_at_ms for one in made.values()} == {1_800_000_000_000}

        keep = {"session": SESSION, "name": "Mẫu của tỉnh"}
        status, kept = await ask(rig, "POST", "/api/v1/templates", keep, **me)
        assert (status, kept["sites"]) == (201, 3)
        _, listed = await ask(rig, "GET", "/api/v1/templates", **me)
        assert [one["name"] for one in listed["templates"]] == ["Mẫu của tỉnh"]
        assert [one["id"] for one in listed["kinds"]] == list(KINDS)
        source = {"kind": "template", "id": kept["id"]}
        body = {"title": "Phiên mới", "kind": "questioning", "source": source}
        _, answer = await ask(rig, "POST", "/api/v1/sessions", body, **me)
        state = setup.session_state(rig.store, answer["id"])
        assert (len(state.delegates), state.agenda[1].kind) == (3, "questioning")
        path = f"/api/v1/templates/{kept['id']}"
        assert (await ask(rig, "DELETE", path, **me))[0] == 200
        assert (await ask(rig, "DELETE", path, **me))[0] == 404

    tell(tmp_path, story)


def test_only_an_operators_account_makes_sessions(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        body = {"title": "Phiên lạ", "source": {"kind": "hall"}}
        before = len(rig.store.sessions())
        elsewhere = {**account(rig), "Origin": "https://evil.example"}
        for who in ({}, bearer(rig.operator), bearer(rig.site()), elsewhere):
            for method, path in (("POST", "sessions"), ("GET", "templates"), ("POST", "templates")):
                if method == "GET" and who is elsewhere:
                    continue  # reading is no danger: the answer is not the foreign page's to see
                status, answer = await ask(rig, method, f"/api/v1/{path}", body, **who)
                assert status == 403, (who, method, path, answer)
        for source in ({"kind": "preset", "id": "../x"}, {"kind": "template", "id": "../x"}):
            status, _ = await ask(
                rig, "POST", "/api/v1/sessions", {**body, "source": source}, **account(rig)
            )
            assert status == 404
        assert len(rig.store.sessions()) == before

    tell(tmp_path, story)


def test_a_list_is_read_and_nothing_is_changed(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        path = f"/api/v1/sessions/{SESSION}/import/delegates"
        text = "Họ và tên;Điểm cầu\nLò Văn An;Mường Lay\n;Tủa Chùa\nVừ A Tu;nơi khác\n".encode()
        before = len(rig.store.load(SESSION))
        status, told = await ask(rig, "POST", path, text, **bearer(rig.operator))
        assert status == 200
        assert [fault["line"] for fault in told["faults"]] == [3, 4]
        assert "nơi khác" in told["faults"][1]["message"]
        status, told = await ask(rig, "POST", path, b"PK\x03\x04", **bearer(rig.operator))
        assert told["faults"][0]["line"] is None
        status, _ = await ask(rig, "POST", path, b"x" * 4_000_001, **bearer(rig.operator))
        assert status == 413
        for token in (rig.site(), rig.tokens.issue_token(Role.CHAIR, SESSION)):
            assert (await ask(rig, "POST", path, text, **bearer(token)))[0] == 403
        assert (await ask(rig, "POST", path, text))[0] == 401
        assert len(rig.store.load(SESSION)) == before

    tell(tmp_path, story)


async def upload(rig: Rig, item: str, data: bytes, **headers: str) -> Any:
    name = "T%E1%BB%9D%20tr%C3%ACnh%2012%2FTTr-UBND.pdf"
    path = f"/api/v1/sessions/{SESSION}/items/{item}/documents?name={name}"
    return await ask(rig, "POST", path, data, **(headers or bearer(rig.operator)))


async def in_drops(data: bytes) -> AsyncIterator[bytes]:
    """As over a bad line: its first bytes come one by one."""
    for at in range(8):
        yield data[at : at + 1]
        await asyncio.sleep(0.02)
    yield data[8:]


async def statuses(rig: Rig, document: str) -> list[int]:
    """What staff, a site and a stranger get."""
    path = f"/api/v1/sessions/{SESSION}/documents/{document}"
    clerk = rig.tokens.issue_token(Role.CLERK, SESSION)
    whos = (bearer(clerk), bearer(rig.site()), {})
    return [(await rig.get(path, headers=who)).status for who in whos]


def test_documents_are_for_whoever_may_know_of_the_item(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        status, added = await upload(rig, ITEM, PDF)
        assert status == 201
        document = added["id"]
        assert await statuses(rig, document) == [200, 200, 404]
        await rig.command("show_document", document=document, public=True)
        answer = await rig.get(f"/api/v1/sessions/{SESSION}/documents/{document}")
        assert (answer.content_type, await answer.read()) == ("application/pdf", PDF)
        assert "no-store" in answer.headers["Cache-Control"]
        told = "UTF-8''T%E1%BB%9D%20tr%C3%ACnh%2012%2FTTr-UBND.pdf"  # RFC 8187, 3.2.1: no slash
        assert answer.headers["Content-Disposition"] == f"inline; filename*={told}"
        async with rig.page("watch") as page:
            shown = await page.until(lambda p: p.view and p.view["agenda"][0]["documents"])
            assert shown[0]["name"] == "Tờ trình 12/TTr-UBND"

        await rig.command("set_item_closed", item=ITEM, closed=True)
        assert await statuses(rig, document) == [200, 200, 404]
        async with rig.page("watch") as page:
            await page.until(lambda p: p.view)
            assert "documents" not in page.view["agenda"][0]
        await rig.command("choose_item", item=SECRET)
        assert await statuses(rig, document) == [200, 404, 404]
        await rig.command("remove_document", document=document)
        assert await statuses(rig, document) == [404, 404, 404]

    tell(tmp_path, story)


def test_a_document_may_come_in_drops(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        path = rig.url(f"/api/v1/sessions/{SESSION}/items/{ITEM}/documents?name=T")
        for data, status in ((PDF, 201), (b"%PDX" + PDF, 415)):
            body, who = in_drops(data), bearer(rig.operator)
            async with rig.http.post(path, data=body, headers=who) as response:
                assert response.status == status

    tell(tmp_path, story)


def test_a_document_is_shown_page_by_page(tmp_path: Path) -> None:
    """By the same right, and nothing for what is no page of it."""
    pages = [Image.new("RGB", (595, 842), color) for color in ("white", "red", "blue")]
    paper = io.BytesIO()
    pages[0].save(paper, "PDF", save_all=True, append_images=pages[1:])

    async def story(rig: Rig) -> None:
        _, added = await upload(rig, ITEM, paper.getvalue())
        path = f"/api/v1/sessions/{SESSION}/documents/{added['id']}/pages"
        site = bearer(rig.site())
        assert await (await rig.get(path, headers=site)).json() == {"pages": 3}
        shown = await rig.get(f"{path}/2", headers=site)
        assert (shown.status, shown.content_type) == (200, "image/webp")
        drawn = Image.open(io.BytesIO(await shown.read()))
        assert max(drawn.size) == 1920
        assert drawn.convert("RGB").getpixel((100, 100))[0] > 240  # type: ignore[index]
        for page in ("0", "4", "-1", "x", "1e0"):
            assert (await rig.get(f"{path}/{page}", headers=site)).status == 404
        for place in (path, f"{path}/1"):
            assert (await rig.get(place)).status == 404, "a stranger"
        _, torn = await upload(rig, ITEM, PDF)
        path = f"/api/v1/sessions/{SESSION}/documents/{torn['id']}/pages"
        assert (await rig.get(path, headers=site)).status == 422

    tell(tmp_path, story)


def test_what_is_no_document_leaves_nothing_behind(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        bad: list[tuple[bytes, int]] = [
            (b"", 415),
            (b"MZ\x90 a program", 415),
            (b"%PDF-1.4\nhalf of it", 422),
            (b"%PDF-1.4\n%%EOF" + b"x" * 5000, 422),
            (PDF, 413),
        ]
        for data, status in bad:
            assert (await upload(rig, ITEM, data))[0] == status, data[:20]
        assert (await upload(rig, "nowhere", PDF))[0] == 404
        assert (await upload(rig, ITEM, PDF, **bearer(rig.site())))[0] == 403
        kept = tmp_path / "data" / "documents"
        assert [path for path in kept.rglob("*") if path.is_file()] == []

    async def scenario() -> None:
        settings = settings_in(tmp_path)
        small = settings.security.model_copy(update={"max_document_bytes": 150_000})
        settings = settings.model_copy(update={"security": small})
        async with relay(settings) as rig:
            await story(rig)

    asyncio.run(scenario())


def test_sheets_and_a_link_that_is_taken_back(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        me = bearer(rig.operator)
        status, told = await ask(rig, "GET", f"/api/v1/sessions/{SESSION}/sheets", **me)
        assert status == 200
        assert all(one["qr"].startswith("data:image/svg+xml") for one in told["sites"])
        assert told["expires_at_ms"] > setup.now_ms()
        start = setup.now_ms() + 14 * 86_400_000
        await rig.command("describe_session", title="Phiên thử", planned_start_at_ms=start)
        _, later = await ask(rig, "GET", f"/api/v1/sessions/{SESSION}/sheets", **me)
        assert later["expires_at_ms"] == start + 86_400_000, "printed early, good on the day"
        old = rig.site()
        path = f"/api/v1/sessions/{SESSION}/sites/{LAY}/link"
        assert (await ask(rig, "POST", path, **bearer(old)))[0] == 403
        status, renewed = await ask(rig, "POST", path, **me)
        assert status == 200
        fresh = renewed["url"].partition("#")[2]
        async with rig.page("site", old) as page:
            assert await page.hear() is not None
            assert page.last["bye"]["code"] == "revoked"
        async with rig.page("site", fresh) as page:
            await page.until(lambda p: p.view)
        last = rig.store.load(SESSION)[-1]
        assert (last.event.type, last.actor) == ("link_renewed", "operator")

    tell(tmp_path, story)


def test_papers_of_another_session_leave_the_studio_alone(tmp_path: Path) -> None:
    async def story(rig: Rig) -> None:
        await rig.command("go_live")
        body = {"title": "Phiên sau", "source": {"kind": "hall"}}
        _, made = await ask(rig, "POST", "/api/v1/sessions", body, **account(rig))
        path = f"/api/v1/sessions/{made['id']}/commands"
        wish = {"type": "put_site", "name": "Điểm cầu xã Nà Bủng"}
        assert (await ask(rig, "POST", path, wish, **account(rig)))[0] == 200
        signs = {"type": "set_signer", "site": rig.store.load(made["id"])[-1].event.site.id}
        assert (await ask(rig, "POST", path, signs, **account(rig)))[0] == 200
        status, answer = await ask(rig, "POST", path, {"type": "go_live"}, **account(rig))
        assert (status, answer["error"]["code"]) == (409, "not_on_air")

    tell(tmp_path, story)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_a_preset_comes_back_from_a_session(path: Path) -> None:
    from broadcast.session.evolve import fold

    preset = load_preset(path)
    assert preset_of(fold([prepare(preset, "p", 1)])) == preset


def test_outlines_are_there_for_each_kind() -> None:
    assert {path.stem for path in OUTLINES.glob("*.toml")} == set(KINDS)
    assert all(load_outline(OUTLINES / f"{kind}.toml").agenda for kind in KINDS)
