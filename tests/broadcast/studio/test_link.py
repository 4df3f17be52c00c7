"""What threads say to the relay comes whole and in order, however slowly it reads."""

import asyncio
from pathlib import Path

import uvloop

from broadcast.studio.link import Link
from streams.wire import Kind, Note, Still
from tests import media
from tests.wire import read_messages

FRAMES, OCTETS = 300, 50_000
"""More than a socket and an outbox hold."""


def test_what_a_thread_says_comes_whole_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "wire"

    async def story() -> tuple[list[int], int]:
        heard: list[int] = []
        reads, connected = asyncio.Event(), asyncio.Event()

        async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reads.wait()
            async for message in read_messages(reader):
                assert isinstance(message, Still | Note)
                note = isinstance(message, Note)
                heard.append(message.body["n"] if note else int(message.name))
            writer.close()

        def say() -> None:
            for number in range(FRAMES):
                link.send(Still(str(number), b"x" * OCTETS), Still(str(number), b""))
                link.send(Note(Kind.STATUS, {"n": number}))

        async with await asyncio.start_unix_server(listen, path):
            link = Link(path, lambda _: None, connected.set)
            task = asyncio.ensure_future(link.run())
            await connected.wait()
            await asyncio.to_thread(say)
            reads.set()
            await media.wait_until(lambda: heard and heard[-1] == FRAMES - 1, "all that was kept")
            dropped = link.dropped
            await asyncio.to_thread(link.send, Note(Kind.STATUS, {"n": FRAMES}))
            await media.wait_until(lambda: heard[-1] == FRAMES, "what comes after")
            task.cancel()
        return heard, dropped

    heard, dropped = uvloop.run(asyncio.wait_for(story(), 60))
    assert 0 < dropped < 2 * FRAMES
    assert len(heard) == 3 * FRAMES - dropped + 1
    assert heard == sorted(heard)
