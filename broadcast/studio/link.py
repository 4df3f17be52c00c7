"""The studio's end of the wire: connects to the relay, again and again, for ever.

Runs on the event loop. Other threads hand their messages over by `send`.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from streams.wire import Conversation, Message, Outbox, WireError

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
                _, line = await loop.create_unix_connection(
                    lambda: Conversation(self._on_message, loop.create_future()), str(self._path)
                )
            except OSError:
                await asyncio.sleep(RETRY_S)
                continue
            await self._serve(line)

    async def _serve(self, line: Conversation) -> None:
        log.info("connected to the relay")
        outbox = self._outbox = line.outbox
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
