"""A right that is taken away while what was begun by it is still on its way."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

from broadcast.session.model import Role
from tests.web.rig import BOUND_S, ITEM, SESSION, Rig, relay, settings_in

JSON = {"Content-Type": "application/json"}


class Held:
    """A body of which the end is held back."""

    def __init__(self, begin: bytes, end: bytes = b"") -> None:
        self.begin, self.end = begin, end
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()

    async def pieces(self) -> AsyncIterator[bytes]:
        yield self.begin
        self.begun.set()
        await self.may_end.wait()
        yield self.end

    async def sent(self, rig: Rig, method: str, path: str, **headers: str) -> tuple[int, str]:
        """Status, and what is wrong."""
        sent = {"Authorization": f"Bearer {rig.operator}", **headers}
        url = rig.url(path)
        async with (
            asyncio.timeout(BOUND_S),
            rig.http.request(method, url, data=self.pieces(), headers=sent) as response,
        ):
            told = await response.json()
            return response.status, told.get("error", {}).get("code", "")


def test_a_command_held_back_half_is_nobodys_when_it_comes(tmp_path: Path) -> None:
    """Or whoever expects to be put out keeps some in the air."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            body = json.dumps({"type": "go_live"}).encode()
            held = Held(body[:5], body[5:])
            path = f"/api/v1/sessions/{SESSION}/commands"
            sending = asyncio.create_task(held.sent(rig, "POST", path, **JSON))
            await held.begun.wait()
            for _ in range(20):  # it is heard as far as it goes
                await rig.get("/healthz")
            rig.tokens.revoke_tokens(Role.OPERATOR, SESSION)
            held.may_end.set()
            assert await sending == (401, "token_revoked")

    asyncio.run(scenario())


def test_an_upload_that_outlives_the_right_to_it_is_not_kept(tmp_path: Path) -> None:
    """It would lie in the player, perhaps in the place of the anthem."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            data_dir = rig.settings.storage.data_dir
            film = Held(b"film" * 100_000)
            paper = Held(b"%PDF-1.7\n" + b"%" * 100_000, b"\n%%EOF\n")
            session = f"/api/v1/sessions/{SESSION}"
            places = f"{session}/player/files/film.mp4", f"{session}/items/{ITEM}/documents?name=a"
            sending = (
                asyncio.create_task(film.sent(rig, "PUT", places[0])),
                asyncio.create_task(paper.sent(rig, "POST", places[1])),
            )
            async with asyncio.timeout(BOUND_S):
                while len(list(data_dir.glob("media/.*.part"))) + len(
                    list(data_dir.glob("documents/*/*.new"))
                ) < len(sending):
                    await asyncio.sleep(0.01)
            rig.tokens.revoke_tokens(Role.OPERATOR, SESSION)
            film.may_end.set()
            paper.may_end.set()
            assert await asyncio.gather(*sending) == [(401, "token_revoked")] * 2
            assert not list(data_dir.glob("media/*"))
            assert not list(data_dir.glob("documents/*/*"))

    asyncio.run(scenario())
