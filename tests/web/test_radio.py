"""The title of the radio: what it says, and what it does where a server does not take it."""

import asyncio
import logging
import re
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import pytest

from broadcast.session.commands import (
    CallNext,
    ChooseItem,
    ClosePart,
    EndSession,
    EndTurn,
    PauseSession,
    ShowOverlay,
)
from broadcast.session.model import Delegate, DelegateId, OverlayName, RequestKind
from config.settings import Push
from tests.broadcast.session.hearing import NHE, SECRET, Hearing
from tests.media import wait_until
from web import radio
from web.radio import MAX_CHARS, Radio, Title, title_of

NAME, PASSWORD = "Pờ Mỳ Lế", "mật:khẩu/của đài"
SPOKEN = "m%E1%BA%ADt:kh%E1%BA%A9u%2Fc%E1%BB%A7a%20%C4%91%C3%A0i"
"""The same as an address has it."""


def said(hearing: Hearing) -> str:
    return title_of(hearing.state, "vi")


def test_who_speaks_and_what_is_discussed() -> None:
    hearing = Hearing("thao-luan", live=False)
    assert said(hearing) == "Phiên họp sắp bắt đầu – Phiên chất vấn"
    hearing = Hearing("thao-luan")
    assert said(hearing) == "Mục 2: Thảo luận – Phiên chất vấn"
    hearing.register("an", RequestKind.SPEECH)
    hearing.do(CallNext())
    hearing.do(ShowOverlay(name=OverlayName.LOWER_THIRD, visible=False))
    assert said(hearing) == f"{NAME} (huyện Mường Nhé) – Mục 2: Thảo luận – Phiên chất vấn"
    hearing.do(EndTurn())
    hearing.do(PauseSession())
    assert said(hearing) == "Tạm nghỉ – Phiên chất vấn"
    assert title_of(hearing.state, "en") == "Break – Phiên chất vấn"
    hearing.do(EndSession())
    assert said(hearing) == "Phiên họp đã kết thúc – Phiên chất vấn"
    assert said(Hearing()) == "Phiên chất vấn"


def test_of_a_closed_room_it_says_that_it_is_closed() -> None:
    closed = "Họp kín, chương trình sẽ tiếp tục ngay sau nội dung này – Phiên chất vấn"
    hearing = Hearing("thao-luan")
    hearing.register("an", RequestKind.SPEECH)
    hearing.do(CallNext())
    hearing.do(ClosePart(staying=(NHE,)))
    assert said(hearing) == closed
    hearing = Hearing("thao-luan")
    hearing.do(ChooseItem(item="nhan-su"))
    assert said(hearing) == closed
    hearing.do(PauseSession())
    assert said(hearing) == closed
    hearing.do(EndSession())
    assert SECRET not in said(hearing)


def test_the_display_of_a_receiver_is_small_and_an_apostrophe_ends_a_title() -> None:
    hearing = Hearing("thao-luan")
    hearing.register("an", RequestKind.SPEECH)
    hearing.do(CallNext())
    long = Delegate(DelegateId("an"), "Y'Rôb';" + " Ngo\u0302" * 99, site=NHE)
    state = replace(hearing.state, delegates={**hearing.state.delegates, long.id: long})
    title = title_of(state, "vi")
    assert title.startswith("Y’Rôb’; Ngô Ngô")
    assert len(title) <= MAX_CHARS
    assert title.endswith("…")


class Station:
    """Icecast's side of it: keeps who asked for what, and answers with `status`, or never."""

    def __init__(self, status: HTTPStatus | None) -> None:
        self.status = status
        self.told: list[dict[str, str]] = []
        self.credentials: set[str] = set()
        self.port = 0

    @property
    def titles(self) -> list[str]:
        return [one["song"] for one in self.told]

    async def welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                at = urlsplit(head.split()[1])
                assert at.path == "/admin/metadata"
                self.told.append({key: one for key, (one,) in parse_qs(at.query).items()})
                found = re.search(r"Authorization: Basic (\S+)", head)
                assert found is not None
                self.credentials.add(b64decode(found[1]).decode())
                if self.status is not None:
                    where = f"Location: http://127.0.0.1:{self.port}/admin/metadata?song=x\r\n"
                    answer = f"HTTP/1.1 {self.status} x\r\n{where}Content-Length: 0\r\n\r\n"
                    writer.write(answer.encode())
        writer.close()


@asynccontextmanager
async def station(status: HTTPStatus | None) -> AsyncIterator[Station]:
    made = Station(status)
    async with await asyncio.start_server(made.welcome, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made


@asynccontextmanager
async def running(wanted: list[Title]) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    """And what waits until it has looked again, and told what it then had to tell."""
    looks = 0

    def look() -> tuple[Title, ...]:
        nonlocal looks
        looks += 1
        return tuple(wanted)

    async def looked_again() -> None:
        seen = looks
        await wait_until(lambda: looks > seen + 1, "another look")

    task = asyncio.create_task(Radio(look).run())
    try:
        yield looked_again
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture(autouse=True)
def _sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(radio, "LOOK_S", 0.05)
    monkeypatch.setattr(radio, "ANSWER_S", 0.3)


def at(port: int, text: str, since_ns: int = 1) -> Title:
    url = f"icecast://radio:{SPOKEN}@127.0.0.1:{port}/h%E1%BB%8Dp.aac"
    return Title(Push(name="Đài tỉnh", url=url), since_ns, text)


def test_a_title_is_told_once_at_each_connection() -> None:
    async def scenario() -> None:
        async with station(HTTPStatus.OK) as there:
            wanted = [at(there.port, "Mục 1: Thảo luận")]
            async with running(wanted) as looked_again:
                await wait_until(lambda: there.told, "the title")
                await looked_again()
                assert len(there.told) == 1
                wanted[:] = [at(there.port, "Tạm nghỉ")]
                await wait_until(lambda: there.titles[-1] == "Tạm nghỉ", "the next")
                wanted[:] = [at(there.port, "Tạm nghỉ", since_ns=2)]
                await wait_until(lambda: len(there.told) == 3, "the same again")
                await looked_again()
            assert there.titles == ["Mục 1: Thảo luận", "Tạm nghỉ", "Tạm nghỉ"]
            sent = {"mount": "/họp.aac", "mode": "updinfo", "song": "Mục 1: Thảo luận"}
            assert there.told[0] == sent, "no charset: Icecast would make it Latin-1"
            assert there.credentials == {f"radio:{PASSWORD}"}

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (HTTPStatus.UNAUTHORIZED, "HTTP 401"),
        (HTTPStatus.FOUND, "HTTP 302"),
        (None, "TimeoutError"),
    ],
)
def test_one_that_does_not_take_it_is_left_alone_until_the_next(
    status: HTTPStatus | None, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And holds up nobody else's."""
    caplog.set_level(logging.DEBUG)

    async def scenario() -> None:
        async with station(status) as there, station(HTTPStatus.OK) as good:
            other = replace(
                at(good.port, "Một"), push=Push(name="Khác", url=at(good.port, "").push.url)
            )
            wanted = [at(there.port, "Một"), other]
            async with running(wanted) as looked_again:
                await wait_until(lambda: why in caplog.text, "it is given up")
                await looked_again()
                assert there.titles == ["Một"] * radio.TRIES
                assert good.titles == ["Một"]
                there.status = HTTPStatus.OK
                wanted[0] = at(there.port, "Hai")
                await wait_until(lambda: there.titles[-1] == "Hai", "the next title")
            assert there.titles == [*["Một"] * radio.TRIES, "Hai"]

    asyncio.run(scenario())
    assert "Đài tỉnh" in caplog.text
    for secret in (PASSWORD, SPOKEN, "họp.aac"):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    "url", ["icecast://a:SECRET@127.0.0.1:1/x", "icecast://a:SECRET@h:99999/x"]
)
def test_an_address_that_leads_nowhere_is_not_repeated(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def scenario() -> None:
        async with running([Title(Push(name="Đài tỉnh", url=url), 1, "Một")]):
            await wait_until(lambda: "takes no title" in caplog.text, "it is given up")

    asyncio.run(scenario())
    assert "SECRET" not in caplog.text
