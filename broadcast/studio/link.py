"""The studio's end of the wire: connects to the relay, again and again, for ever.

What the relay says is heard on the event loop; whoever has something to say to it writes that
himself (`send`).
"""

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from streams.wire import Conversation, Message, WireError, encode

RETRY_S = 0.15

log = logging.getLogger(__name__)


class Sender:
    """The sending half of one connection. Whoever has something to say writes it to the socket
    himself: to wake the loop for it costs more. What the socket does not take at once goes by the
    loop's outbox, and so does all that comes after it, until that is empty again."""

    def __init__(self, line: Conversation) -> None:
        self._loop, self._outbox = asyncio.get_running_loop(), line.outbox
        # Of our own: the transport's is closed by the loop, and its number then is another's.
        self._socket = socket.socket(fileno=os.dup(line.number))
        self._socket.setblocking(False)
        self._lock = threading.Lock()
        self._behind = False
        self._calls = 0
        """Of the loop, that are on their way."""

    @property
    def dropped(self) -> int:
        return self._outbox.dropped

    def send(self, messages: Sequence[Message]) -> None:
        """From any thread; never blocks."""
        data = b"".join(encode(message) for message in messages)
        with self._lock:
            rest = b"" if self._behind else self._unwritten(data)
            if not (self._behind or rest):
                return
            call = (self._pass_on, rest) if rest else (self._offer, messages)
            self._behind = True
            self._calls += 1
        self._loop.call_soon_threadsafe(*call)

    def _unwritten(self, data: bytes) -> bytes:
        """What the socket did not take; nothing once the connection is over, as the loop will
        find out by itself."""
        try:
            return data[self._socket.send(data) :]
        except BlockingIOError:
            return data
        except OSError:
            return b""

    def _pass_on(self, rest: bytes) -> None:
        with self._lock:
            self._calls -= 1
            self._outbox.pass_on(rest)

    def _offer(self, messages: Sequence[Message]) -> None:
        with self._lock:
            self._calls -= 1
            if self._outbox.idle:
                self._behind = self._calls > 0
                rest = self._unwritten(b"".join(encode(message) for message in messages))
                if rest:
                    self._behind = True
                    self._outbox.pass_on(rest)
                return
            for message in messages:
                self._outbox.offer(message)

    def close(self) -> None:
        """Nothing is said any more; what was offered still leaves, if the other side reads."""
        with self._lock:
            self._socket.close()
            self._outbox.close()


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
        self._sender: Sender | None = None
        self._dropped_before = 0

    @property
    def dropped(self) -> int:
        """Messages that a slow relay made us drop, over all connections."""
        sender = self._sender
        return self._dropped_before + (sender.dropped if sender is not None else 0)

    def send(self, *messages: Message) -> None:
        """From any thread; never blocks. Send together what belongs together: each call is a
        system call, and may wake the relay."""
        sender = self._sender
        if messages and sender is not None:
            sender.send(messages)

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
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
        sender = self._sender = Sender(line)
        try:
            self._on_connected()
            await line.over
            log.warning("the relay went away")
        except WireError as error:
            log.error("the relay sent what cannot be understood: %s", error)
        finally:
            self._sender = None
            self._dropped_before += sender.dropped
            sender.close()
