"""The sealed recording over HTTP, as those try who may not have it; and for those who may."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import m3u8
import pytest

from broadcast.session.model import Role
from tests import media
from tests.broadcast.outputs.test_sealed import closed, record
from tests.web.rig import BOUND_S, LAY, SESSION, Rig, relay, settings_in

AT = f"/api/v1/sessions/{SESSION}/sealed"
FILES = ("", "/index.m3u8", "/init-0.mp4", "/00000000.m4s", "/film.mp4")


@asynccontextmanager
async def sealed(tmp_path: Path) -> AsyncIterator[Rig]:
    """A relay with three seconds under lock."""
    settings = settings_in(tmp_path)
    record(settings.storage.data_dir, closed(3), SESSION)
    async with relay(settings) as rig:
        yield rig


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_nobody_but_operator_and_chair_gets_anything(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with sealed(tmp_path) as rig:
            clerk = rig.tokens.issue_token(Role.CLERK, SESSION)
            elsewhere = rig.tokens.issue_token(Role.OPERATOR, "another-session")
            strangers = [
                ({}, 401),
                (bearer("made-up"), 401),
                (bearer(rig.site(LAY)), 403),
                (bearer(clerk), 403),
                (bearer(elsewhere), 401),
            ]
            for headers, status in strangers:
                for name in FILES:
                    answer = await rig.get(AT + name, headers=headers)
                    assert answer.status == status, (name, headers)
                    assert b"#EXT" not in await answer.read()
            page = await rig.get(f"/sealed/{SESSION}")
            assert page.status == 303
            assert page.headers["Location"].startswith("/sign-in")

    asyncio.run(scenario())


@pytest.mark.parametrize("room", ["live", "archive"])
def test_no_public_way_leads_there(tmp_path: Path, room: str) -> None:
    async def scenario() -> None:
        async with sealed(tmp_path) as rig:
            tries = [
                f"/{room}/{SESSION}/index.m3u8",
                f"/{room}/{SESSION}/00000000.m4s",
                f"/{room}/..%2fsealed%2f{SESSION}/index.m3u8",
                f"/{room}/sealed/index.m3u8",
                f"/{room}/{SESSION}/..%2f..%2fsealed%2f{SESSION}%2f00000000.m4s",
                f"/{room}/../sealed/{SESSION}/00000000.m4s",
                "/static/..%2f..%2fdata%2fsealed.key",
                f"/sealed/{SESSION}/00000000.m4s",
            ]
            for path in tries:
                assert (await rig.get(path)).status == 404, path
            for headers in ({}, bearer(rig.operator)):
                odd = await rig.get(f"{AT}/..%2f..%2fsealed.key", headers=headers)
                assert odd.status in {401, 404}
                assert (await rig.get(f"{AT}/access.log", headers=headers)).status in {401, 404}

    asyncio.run(scenario())


def test_operator_and_chair_play_and_take_it_and_it_is_written_down(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with sealed(tmp_path) as rig:
            headers = bearer(rig.operator)
            listed = m3u8.loads(await (await rig.get(f"{AT}/index.m3u8", headers=headers)).text())
            names = ["init-0.mp4", *(segment.uri for segment in listed.segments)]
            parts = [await rig.get(f"{AT}/{name}", headers=headers) for name in names]
            clip = media.decode(b"".join([await part.read() for part in parts]))
            assert [mark.number for _, mark in clip.marks() if mark] == list(range(75))
            assert {part.headers["Cache-Control"] for part in parts} == {"no-store"}
            await rig.get(f"{AT}/index.m3u8", headers=headers)

            chair = bearer(rig.tokens.issue_token(Role.CHAIR, SESSION))
            film = await rig.get(f"{AT}/film.mp4", headers=chair)
            assert len(media.decode(await film.read()).pictures) == 75
            clerk = bearer(rig.tokens.issue_token(Role.CLERK, SESSION))
            assert (await rig.get(f"{AT}/film.mp4", headers=clerk)).status == 403

            told = await (await rig.get(AT, headers=headers)).json()
            assert told["duration_s"] == pytest.approx(3, abs=0.1)
            opened = [(one["role"], one["what"]) for one in told["accesses"]]
            assert opened == [("clerk", "refused"), ("chair", "download"), ("operator", "play")]
            log = rig.settings.storage.data_dir / "sealed" / SESSION / "access.log"
            assert log.read_text().count('"piece"') == len(names) + 1

    asyncio.run(scenario())


def test_pieces_taken_without_their_list_are_an_opening(tmp_path: Path) -> None:
    """Their names can be guessed, and two who have one link have one name."""

    async def scenario() -> None:
        async with sealed(tmp_path) as rig:
            chair = bearer(rig.tokens.issue_token(Role.CHAIR, SESSION))
            places = [{"X-Forwarded-For": f"198.51.100.{number}"} for number in (1, 2)]
            for place in places:
                for name in FILES[2:4]:
                    answer = await rig.get(AT + name, headers=chair | place)
                    assert answer.status == 200
            told = await (await rig.get(AT, headers=chair)).json()
            opened = [(one["address"], one["what"]) for one in told["accesses"]]
            assert opened == [("198.51.100.2", "play"), ("198.51.100.1", "play")]
            noted = rig.store.audit(before=2**62, session=SESSION, limit=100)
            whats = [one.note.where.address for one in noted if one.note.what == "sealed_opened"]
            assert whats == ["198.51.100.2", "198.51.100.1"]

    asyncio.run(scenario())


def test_what_cannot_be_written_down_is_not_given(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with sealed(tmp_path) as rig:
            (rig.settings.storage.data_dir / "sealed" / SESSION / "access.log").mkdir()
            answer = await rig.get(f"{AT}/index.m3u8", headers=bearer(rig.operator))
            assert answer.status == 503

    asyncio.run(scenario())


def test_a_session_without_one_says_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            headers = bearer(rig.operator)
            assert (await rig.get(f"{AT}/index.m3u8", headers=headers)).status == 404
            told = await (await rig.get(AT, headers=headers)).json()
            assert told == {"duration_s": 0, "bytes": 0, "retired": False, "accesses": []}

    asyncio.run(scenario())


def test_the_public_recording_as_a_film_is_for_staff(tmp_path: Path) -> None:
    async def scenario() -> None:
        from tests.broadcast.archive.test_film import record as record_open

        settings = settings_in(tmp_path)
        record_open(settings.storage.data_dir / "archive", 3)
        (settings.storage.data_dir / "archive" / "x").rename(
            settings.storage.data_dir / "archive" / SESSION
        )
        async with relay(settings) as rig:
            at = f"/api/v1/sessions/{SESSION}/film.mp4"
            assert (await rig.get(at)).status == 401
            assert (await rig.get(at, headers=bearer(rig.site(LAY)))).status == 403
            clerk = bearer(rig.tokens.issue_token(Role.CLERK, SESSION))
            film = await rig.get(f"{at}?from=1.2&to=2.5", headers=clerk)
            numbers = [m.number for _, m in media.decode(await film.read()).marks() if m]
            assert numbers == list(range(25, 75))
            assert "attachment" in film.headers["Content-Disposition"]
            for odd in ("?from=-1", "?from=nan", "?from=x", "?from=2&to=1"):
                assert (await rig.get(at + odd, headers=clerk)).status == 400, odd
            assert (await rig.get(f"{at}?from=900", headers=clerk)).status == 409

    asyncio.run(scenario())


def test_a_download_that_broke_off_goes_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with sealed(tmp_path) as rig:
            headers = bearer(rig.operator)
            answer = await rig.get(f"{AT}/film.mp4", headers=headers)
            film, tag = await answer.read(), answer.headers["ETag"]
            size = len(film)

            async def ask(wanted: str, known: str = tag) -> tuple[int, str | None, bytes]:
                more = {"Range": wanted, "If-Range": known}
                one = await rig.get(f"{AT}/film.mp4", headers={**headers, **more})
                return one.status, one.headers.get("Content-Range"), await one.read()

            for first in (0, 1, size // 2, size - 1):
                told = f"bytes {first}-{size - 1}/{size}"
                assert await ask(f"bytes={first}-") == (206, told, film[first:])
            assert await ask("bytes=5000-5999") == (206, f"bytes 5000-5999/{size}", film[5000:6000])
            assert await ask("bytes=-7") == (206, f"bytes {size - 7}-{size - 1}/{size}", film[-7:])
            assert await ask(f"bytes={size}-") == (416, f"bytes */{size}", b"")
            for odd in ("bytes=1-2,4-5", "bytes=9-1", "lines=1-"):
                assert await ask(odd) == (200, None, film)
            longer = await rig.get(f"{AT}/film.mp4?to=2", headers=headers)
            assert longer.headers["ETag"] != tag, "of another piece"
            assert await ask("bytes=1000-", longer.headers["ETag"]) == (200, None, film)

    asyncio.run(scenario())


def test_a_film_that_cannot_be_read_to_its_end_is_cut_off(tmp_path: Path) -> None:
    """Rather than go on with an error's text in the middle of it."""

    async def scenario() -> None:
        async with sealed(tmp_path) as rig:
            last = max((rig.settings.storage.data_dir / "sealed" / SESSION).glob("*.m4s"))
            last.unlink()
            last.mkdir()
            with pytest.raises(aiohttp.ClientPayloadError):
                await asyncio.wait_for(
                    rig.get(f"{AT}/film.mp4", headers=bearer(rig.operator)), BOUND_S
                )

    asyncio.run(scenario())
