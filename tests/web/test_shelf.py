"""The media player's files: brought, listed, taken away, by operators alone."""

import asyncio
import unicodedata
import wave
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from broadcast.session.model import Role
from tests import media
from tests.films import png_of
from tests.web.rig import SESSION, Rig, relay, settings_in

PLACE = f"/api/v1/sessions/{SESSION}/player/files"
FILM = "Phim khai mạc.mp4"


async def _ask(
    rig: Rig, method: str, name: str = "", body: bytes = b"", token: str | None = None
) -> tuple[int, str]:
    """Status, and what is wrong."""
    url = rig.url(PLACE + (f"/{quote(name, safe='')}" if name else ""))
    headers = {"Authorization": f"Bearer {token or rig.operator}"}
    async with rig.http.request(method, url, data=body, headers=headers) as response:
        told = await response.json()
        return response.status, told.get("error", {}).get("code", "")


def test_a_file_is_brought_played_and_taken_away(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            folder = rig.settings.storage.data_dir / "media"
            assert await _ask(rig, "PUT", FILM, b"film" * 100_000) == (201, "")
            (folder / "notes.txt").write_text("not to be played")
            answer = await rig.get(PLACE, headers={"Authorization": f"Bearer {rig.operator}"})
            [found] = (await answer.json())["files"]
            assert (found["name"], found["kind"], found["bytes"]) == (FILM, "film", 400_000)
            async with rig.page("operator", rig.operator) as page:
                assert (await rig.command("load_player", file=FILM))[0] == 200
                shown = await page.until(lambda p: p.view and p.view["player"])
                assert (shown["title"], shown["sound"], shown["ready"]) == (
                    "Phim khai mạc", False, False
                )  # fmt: skip
            assert await _ask(rig, "DELETE", FILM) == (409, "file_in_use")
            assert await _ask(rig, "PUT", FILM, b"other") == (409, "file_in_use")
            await rig.command("clear_player")
            assert await _ask(rig, "DELETE", FILM) == (200, "")
            assert await _ask(rig, "DELETE", FILM) == (404, "no_such_file")
            assert {path.name for path in folder.iterdir()} - {".loudness"} == {"notes.txt"}

    asyncio.run(scenario())


def test_what_was_put_there_by_hand_has_the_name_that_is_asked_for(tmp_path: Path) -> None:
    """A Mac's spelling of it is another string."""

    async def scenario() -> None:
        settings = settings_in(tmp_path)
        folder = settings.storage.data_dir / "media"
        folder.mkdir(parents=True)
        (folder / unicodedata.normalize("NFD", FILM)).write_bytes(b"film")
        (folder / f".{'0' * 16}.part").write_bytes(b"half of what a server that died was brought")
        async with relay(settings) as rig:
            answer = await rig.get(PLACE, headers={"Authorization": f"Bearer {rig.operator}"})
            assert [file["name"] for file in (await answer.json())["files"]] == [FILM]
            assert [path.name for path in folder.iterdir()] == [FILM]
            assert await _ask(rig, "DELETE", FILM) == (200, "")

    asyncio.run(scenario())


def test_what_was_brought_is_measured_and_what_cannot_be_played_is_told(tmp_path: Path) -> None:
    """In a process of its own; what was put there by hand as soon as somebody looks."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            folder = rig.settings.storage.data_dir / "media"
            folder.mkdir()
            for name, level_dbfs in (("loud.wav", -7), ("mute.wav", -120)):
                samples = (media.tone(1000, 2, level_dbfs=level_dbfs) * 32767).astype("<i2")
                with wave.open(str(folder / name), "wb") as file:
                    file.setparams((1, 2, media.RATE, 0, "NONE", ""))
                    file.writeframes(samples.tobytes())
            (folder / "broken.mp3").write_bytes(bytes(100))
            png_of(folder / "map.png", 20_000, 20_000)
            Image.new("RGB", (64, 36)).save(folder / "slide.png")

            async def told() -> dict[str, tuple[float | None, bool, str]]:
                answer = await rig.get(PLACE, headers={"Authorization": f"Bearer {rig.operator}"})
                files = (await answer.json())["files"]
                return {
                    file["name"]: (file["gain_db"], file["silent"], file["fault"]) for file in files
                }

            async def measured() -> bool:
                found = await told()
                return found["mute.wav"][1] and bool(found["map.png"][2])

            await media.wait_until(measured, "all were looked at")
            found = await told()
            assert -15 < (found["loud.wav"][0] or 0) < -11
            assert found["broken.mp3"] == (None, False, "unreadable")
            assert found["map.png"] == (None, False, "too_large")
            assert found["slide.png"] == (None, False, "")

    asyncio.run(scenario())


def test_only_operators_and_only_what_can_be_played(tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = settings_in(tmp_path)
        storage = settings.storage.model_copy(update={"max_upload_bytes": 1000})
        async with relay(settings.model_copy(update={"storage": storage})) as rig:
            for role in (Role.CHAIR, Role.CLERK):
                token = rig.tokens.issue_token(role, SESSION)
                assert await _ask(rig, "PUT", FILM, b"x", token) == (403, "forbidden")
                assert await _ask(rig, "GET", token=token) == (403, "forbidden")
            assert await _ask(rig, "PUT", FILM, b"x", rig.site()) == (403, "forbidden")
            elsewhere = rig.tokens.issue_token(Role.OPERATOR, "another")
            assert await _ask(rig, "PUT", FILM, b"x", elsewhere) == (401, "not_signed_in")
            assert await _ask(rig, "PUT", "virus.exe", b"x") == (415, "player_kind")
            assert await _ask(rig, "PUT", "../a.mp4", b"x") == (422, "not_understood")
            assert await _ask(rig, "PUT", ".a.mp4", b"x") == (422, "not_understood")
            assert await _ask(rig, "PUT", FILM, b"x" * 1001) == (413, "file_too_large")
            assert not list((settings.storage.data_dir / "media").glob("*"))

    asyncio.run(scenario())
