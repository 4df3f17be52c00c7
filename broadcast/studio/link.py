"""The studio's end of the wire: connects to the relay, again and again, for ever.

Runs on the event loop. Other threads hand their messages over by `send`.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from streams.wire import Message, Outbox, Unpacker, WireError

RETRY_S = 0.15

log = logging.getLogger(__name__)


class Link:
    """`on_message` is called on the loop for each message; `on_connected` after each connect.

    While the relay is away, messages are dropped: nothing of a live program is worth keeping.
    """

    def __init__(
        self,
        path: Path,
        on_message: Callable[[Message], None],
        on_connected: Callable[[], None],
    ) -> None:
        self._path = path
        self._on_message = on_message
        self._on_connected = on_connected
        self._loop: asyncio.AbstractEventLoop | None = None
        self._outbox: Outbox | None = None
        self._dropped_before = 0

    @property
    def dropped(self) -> int:
        """Messages that a slow relay made us drop, over all connections."""
        return self._dropped_before + (self._outbox.dropped if self._outbox else 0)

    def send(self, *messages: Message) -> None:
        """From any thread; never blocks. Send together what belongs together: each call wakes the
        loop once."""
        if messages and self._outbox is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._offer, messages)

    def _offer(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if self._outbox is not None:
                self._outbox.offer(message)

    async def run(self) -> None:
        """Until cancelled."""
        loop = self._loop = asyncio.get_running_loop()
        while True:
            try:
                transport, line = await loop.create_unix_connection(
                    lambda: Line(self._on_message, loop.create_future()), str(self._path)
                )
            except OSError:
                await asyncio.sleep(RETRY_S)
                continue
            await self._serve(transport, line)

    async def _serve(self, transport: asyncio.WriteTransport, line: "Line") -> None:
        log.info("connected to the relay")
        outbox = self._outbox = Outbox(transport)
        try:
            self._on_connected()
            await line.over
            log.warning("the relay went away")
        except WireError as error:
            log.error("the relay sent what cannot be understood: %s", error)
        finally:
            self._outbox = None
            self._dropped_before += outbox.dropped
            outbox.close()


class Line(asyncio.Protocol):
    """One connection. Messages are heard where they are read: a reader's task in between would be
    woken for each, and cost more than all that is done to it here."""

    def __init__(self, on_message: Callable[[Message], None], over: asyncio.Future[None]) -> None:
        self._on_message = on_message
        self._unpacker = Unpacker()
        self.over = over
        """Done when the connection is; with what was wrong with it, or with who heard it."""

    def data_received(self, data: bytes) -> None:
        if self.over.done():
            return
        try:
            for message in self._unpacker.feed(data):
                self._on_message(message)
        except Exception as error:
            self.over.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            log.warning("the connection to the relay broke: %s", exc)
        if not self.over.done():
            self.over.set_result(None)
