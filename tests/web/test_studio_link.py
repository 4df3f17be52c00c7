"""The relay's end of the wire, with a real socket and a studio that is a few lines of this test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from broadcast.program import PROGRAM_STATE, ProgramState
from streams.frames import Codec, EncodedFrame, Packet, SiteId
from streams.rtp.packetise import Packetised, packetise
from streams.wire import Kind, Message, Note, Still, encode
from tests.wire import read_messages
from web.studio_link import Ears, StudioLink

SOCKET = "studio.sock"
HALL = SiteId("hall")
FRAME = EncodedFrame(HALL, Codec.H264, 0, None, 0, True, b"\x00" * 100_000)


class Heard:
    """What the relay made of the studio's words."""

    def __init__(self) -> None:
        self.packets: list[Packetised] = []
        self.levels: list[dict[str, float]] = []
        self.stills: list[Still] = []
        self.keyframes: list[SiteId] = []
        self.connects = 0
        self.changes = asyncio.Condition()

    def ears(self) -> Ears:
        return Ears(
            packet=self.packets.append,
            levels=self.levels.append,
            still=self.stills.append,
            keyframe=self.keyframes.append,
            connected=self._connected,
            changed=lambda: None,
        )

    def _connected(self) -> None:
        self.connects += 1


class Studio:
    """Connects and reads."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.messages = aiter(read_messages(reader))
        self.writer = writer

    async def hear(self) -> Message:
        async with asyncio.timeout(60):
            return await anext(self.messages)

    async def program(self) -> ProgramState:
        while True:
            message = await self.hear()
            if isinstance(message, Note) and message.kind is Kind.PROGRAM:
                return PROGRAM_STATE.validate_python(message.body)

    def say(self, *messages: Message) -> None:
        self.writer.write(b"".join(encode(message) for message in messages))


@asynccontextmanager
async def listening(folder: Path, heard: Heard) -> AsyncIterator[StudioLink]:
    link = StudioLink(folder / SOCKET, heard.ears(), lambda: 1_000_000)
    server = await link.start()
    try:
        yield link
    finally:
        link.close()
        server.close()


@asynccontextmanager
async def studio(socket: Path) -> AsyncIterator[Studio]:
    reader, writer = await asyncio.open_unix_connection(socket)
    try:
        yield Studio(reader, writer)
    finally:
        writer.close()


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


def test_a_studio_that_returns_is_told_the_program_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        heard = Heard()
        async with listening(tmp_path, heard) as link:
            assert (tmp_path / SOCKET).stat().st_mode & 0o777 == 0o600
            assert link.show(ProgramState(stream="a"))
            assert not link.show(ProgramState(stream="a", version=77))
            async with studio(tmp_path / SOCKET) as first:
                state = await first.program()
                assert (state.stream, state.version) == ("a", 1_000_000)
                assert link.show(replace(link.program, recording=True))
                assert (await first.program()).version == 1_000_001
                assert link.connected
            await until(lambda: not link.connected)
            assert link.gone_at_ms is not None
            async with studio(tmp_path / SOCKET) as second:
                assert (await second.program()).recording
            assert heard.connects == 2
        assert not (tmp_path / SOCKET).exists()

    asyncio.run(scenario())


def test_everything_the_studio_says_is_heard(tmp_path: Path) -> None:
    async def scenario() -> None:
        heard = Heard()
        async with listening(tmp_path, heard) as link, studio(tmp_path / SOCKET) as one:
            packet = Packet("room", Codec.OPUS, 960, True, True, b"sound")
            one.say(
                packet,
                Still("@preview", b"jpeg"),
                Note(Kind.LEVELS, {"levels": {"hall": -20.5}}),
                Note(Kind.KEYFRAME, {"source": "hall"}),
                Note(Kind.STATUS, {"recording": True}),
            )
            await until(lambda: link.status)
            assert heard.packets == [packetise(packet)]
            assert heard.stills == [Still("@preview", b"jpeg")]
            assert heard.levels == [{"hall": -20.5}]
            assert heard.keyframes == [HALL]

    asyncio.run(scenario())


def test_a_new_studio_hears_whether_anybody_watches(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with listening(tmp_path, Heard()) as link:
            link.tell_watched(watched=False)
            async with studio(tmp_path / SOCKET) as one:
                await one.program()
                assert await one.hear() == Note(Kind.WATCHED, {"stills": False})
                link.tell_watched(watched=False)
                link.tell_watched(watched=True)
                assert await one.hear() == Note(Kind.WATCHED, {"stills": True})

    asyncio.run(scenario())


def test_nonsense_ends_the_connection_and_nothing_else(tmp_path: Path) -> None:
    async def scenario() -> None:
        heard = Heard()
        async with listening(tmp_path, heard) as link:
            for nonsense in (b"\xff" * 64, encode(Note(Kind.KEYFRAME, {"source": 5}))):
                async with studio(tmp_path / SOCKET) as one:
                    await one.program()
                    one.writer.write(nonsense)
                    await until(lambda: not link.connected)
            async with studio(tmp_path / SOCKET) as again:
                await again.program()
                assert link.connected

    asyncio.run(scenario())


def test_the_newer_studio_counts(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            listening(tmp_path, Heard()) as link,
            studio(tmp_path / SOCKET) as old,
            studio(tmp_path / SOCKET) as new,
        ):
            await new.program()
            async with asyncio.timeout(60):
                assert [message async for message in old.messages][1:] == []
            assert link.connected
            link.ask_keyframe("room")
            assert await new.hear() == Note(Kind.KEYFRAME, {"feed": "room"})

    asyncio.run(scenario())


def test_a_studio_that_does_not_read_costs_frames_not_memory(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with listening(tmp_path, Heard()) as link, studio(tmp_path / SOCKET) as one:
            await one.program()
            for _ in range(200):
                link.offer(FRAME)
            assert link.frames_dropped > 100
            link.tell_gone(HALL)
            async with asyncio.timeout(60):
                async for message in one.messages:
                    if message == Note(Kind.SOURCE_GONE, {"source": HALL}):
                        break

    asyncio.run(scenario())


def test_pictures_go_on_at_a_keyframe_where_one_was_dropped(tmp_path: Path) -> None:
    """They would be decoded without what they were made from, and sites send no keyframe by
    themselves."""
    muong_lay = SiteId("muong-lay")

    async def scenario() -> None:
        heard = Heard()
        async with listening(tmp_path, heard) as link, studio(tmp_path / SOCKET) as one:
            await one.program()
            for number in range(200):
                link.offer(FRAME._replace(pts=number, key=not number))
            dropped = link.frames_dropped
            assert dropped
            assert not heard.keyframes, "while there is no room for it"
            got = []
            while len(got) < 200 - dropped:
                message = await one.hear()
                if isinstance(message, EncodedFrame):
                    got.append(message.pts)
            assert got == [*range(200 - dropped)]
            sound = FRAME._replace(codec=Codec.OPUS, data=b"sound")
            after = [
                FRAME._replace(pts=200, key=False),
                sound._replace(pts=201),
                FRAME._replace(pts=202, key=False, source=muong_lay),
                FRAME._replace(pts=203),
                FRAME._replace(pts=204, key=False),
            ]
            for frame in after:
                link.offer(frame)
            assert heard.keyframes == [HALL]
            assert link.frames_dropped == dropped + 1
            assert [await one.hear() for _ in after[1:]] == after[1:]

    asyncio.run(scenario())


def test_frames_without_a_studio_are_nobodys(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with listening(tmp_path, Heard()) as link:
            link.offer(FRAME)
            assert link.frames_dropped == 0

    asyncio.run(scenario())
