"""What comes over the wire, one message after another."""

import asyncio
from collections.abc import AsyncIterator

from streams.wire import MAX_MESSAGE_BYTES, Conversation, Message


async def read_messages(reader: asyncio.StreamReader) -> AsyncIterator[Message]:
    """Messages until the other side goes away. Raises `WireError`."""
    heard: list[Message] = []
    line = Conversation(heard.append, asyncio.get_running_loop().create_future())
    while not line.over.done():
        try:
            came = await reader.read(MAX_MESSAGE_BYTES)
        except ConnectionError:
            return
        if not came:
            return
        line.data_received(came)
        for message in heard:
            yield message
        heard.clear()
    line.over.result()
