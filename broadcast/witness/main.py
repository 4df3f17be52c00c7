"""The witness: a process that trusts nobody and looks at what is really on the disk and served.

It is told by the relay which recording is being made, reads it as a stranger would, and says once a
second what it sees; the relay judges that against what the session should look like.
"""

import asyncio
import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import uvloop

from broadcast.studio.link import Link
from broadcast.witness.memory import Memory
from config.settings import Settings, witness_socket_path
from streams.wire import Kind, Message, Note

LOOK_S = 0.5
SAY_S = 0.5
SERVED_S = 4.0
"""How often the public's way to the recording is tried."""

log = logging.getLogger(__name__)


class Witness:
    """`look` on a thread of its own, which a disk that hangs may hold; the rest from any."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._archive = settings.storage.data_dir / "archive"
        self._stream = ""
        self._watch: _Watch | None = None
        self._looking_since_s: float | None = None

    def follow(self, body: dict[str, Any]) -> None:
        """What the relay states of the program: the same message that the studio gets."""
        self._stream = str(body.get("stream", "")) if body.get("recording") else ""

    def look_for_ever(self) -> None:
        """The thread's work."""
        while True:
            time.sleep(LOOK_S)
            self._looking_since_s = time.monotonic()
            self.look()
            self._looking_since_s = None

    def look(self) -> None:
        """Once, at the recording that is being made."""
        stream = self._stream
        if not stream:
            self._watch = None
            return
        if self._watch is None or self._watch.stream != stream:
            self._watch = _Watch(self._settings, self._archive, stream)
        self._watch.look()

    def statement(self) -> dict[str, Any]:
        """What was seen, for the relay."""
        watch, since_s = self._watch, self._looking_since_s
        held_s = time.monotonic() - since_s if since_s is not None else 0.0
        if watch is None:
            return {"stream": "", "held_s": held_s}
        return {"stream": watch.stream, "held_s": round(held_s, 1), **watch.statement()}


class _Watch:
    """One recording, from when it was told of."""

    def __init__(self, settings: Settings, archive: Path, stream: str) -> None:
        # FFmpeg's libraries take a while to load: not before there is something to look at.
        from broadcast.witness import reader, served

        self.stream = stream
        self._archive, self._settings = archive, settings
        self._unreadable = reader.UnreadableError
        self._reader = reader.Reader(archive / stream)
        self._served = served
        self._memory = Memory()
        self._grew_at_s = time.monotonic()
        self._serve_at_s = self._grew_at_s + SERVED_S
        self._fault = self._unserved = ""

    def look(self) -> None:
        try:
            while (chunk := self._reader.look()) is not None:
                self._memory.note(chunk)
                self._grew_at_s = time.monotonic()
                self._fault = ""
            self._try_as_the_public()
        except (OSError, self._unreadable) as error:
            if not self._fault:
                log.error("the recording cannot be read: %s", error)
            self._fault = str(error)

    def _try_as_the_public(self) -> None:
        if (now_s := time.monotonic()) < self._serve_at_s:
            return
        self._serve_at_s = now_s + SERVED_S
        url = self._served.base_url(self._settings.http)
        if (self._archive / self.stream).exists():
            self._unserved = self._served.fault(url, self._archive, self.stream)

    def statement(self) -> dict[str, Any]:
        memory = self._memory
        return {
            "grew_s": round(time.monotonic() - self._grew_at_s, 1),
            "still_s": round(memory.still_s, 1),
            "black_s": round(memory.black_s, 1),
            "silent_s": round(memory.silent_s, 1),
            "apart_ms": round(memory.apart_ms),
            "width": memory.size[0],
            "height": memory.size[1],
            "unreadable": self._fault,
            "unserved": self._unserved,
        }


async def _run(settings: Settings) -> None:
    """Until ended, or until whoever started it is gone."""
    parent = os.getppid()
    witness = Witness(settings)

    def hear(message: Message) -> None:
        match message:
            case Note(Kind.PROGRAM, body):
                witness.follow(body)

    def say() -> None:
        link.send(Note(Kind.STATUS, witness.statement()))

    link = Link(witness_socket_path(settings.storage), hear, say)
    threading.Thread(target=witness.look_for_ever, name="look", daemon=True).start()
    connection = asyncio.create_task(link.run())
    try:
        while os.getppid() == parent and not connection.done():
            await asyncio.sleep(SAY_S)
            say()
    finally:
        connection.cancel()
    if connection.done():
        connection.result()


def _die(args: threading.ExceptHookArgs) -> None:
    log.critical("the thread %s died", args.thread and args.thread.name, exc_info=args.exc_value)
    os._exit(1)


def main() -> None:
    """The process that the supervisor starts; SIGTERM ends it, for it holds nothing."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s witness %(levelname)s %(message)s")
    if len(sys.argv) != 2:
        sys.exit("usage: python -m broadcast.witness SETTINGS.json")
    threading.excepthook = _die
    os.nice(5)
    try:
        settings = Settings.model_validate_json(Path(sys.argv[1]).read_text("utf-8"))
    except (OSError, ValueError) as error:
        sys.exit(f"{sys.argv[1]}: {error}")
    uvloop.run(_run(settings))
