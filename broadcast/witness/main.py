"""The witness: a process that trusts nobody and looks at what is really on the disk and served.

It is told by the relay which recording is being made, reads it as a stranger would, and says after
each look what it sees; the relay judges that against what the session should look like.
"""

import asyncio
import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import uvloop
from pydantic import ValidationError

from broadcast.interpreters import Language
from broadcast.program import PROGRAM_STATE
from broadcast.studio.link import Link
from config.settings import Settings, handed_over, witness_socket_path
from streams.lag import unless_hung
from streams.wire import Kind, Message, Note

if TYPE_CHECKING:
    from broadcast.witness.watch import Watch

LOOK_S = 0.5
SAY_S = 1.0
"""At the latest, also while a look is held up."""

log = logging.getLogger(__name__)


class Witness:
    """`look` on a thread of its own, which a disk that hangs may hold; the rest from any."""

    def __init__(self, settings: Settings, looked: Callable[[], None]) -> None:
        """`looked` is called on that thread after each look."""
        self._settings, self._looked = settings, looked
        self._archive = settings.storage.data_dir / "archive"
        self._recording: tuple[str, tuple[Language, ...]] = ("", ())
        """Which, and in which languages besides."""
        self._watch: Watch | None = None
        self._looking_since_s: float | None = None

    def follow(self, body: dict[str, Any]) -> None:
        """What the relay states of the program: the same message that the studio gets."""
        try:
            state = PROGRAM_STATE.validate_python(body)
        except ValidationError as error:
            log.error("a program state that cannot be followed: %s", error)
            return
        self._recording = (state.stream, state.languages) if state.recording else ("", ())

    def look_for_ever(self) -> None:
        """The thread's work."""
        while True:
            time.sleep(LOOK_S)
            self._looking_since_s = time.monotonic()
            self.look()
            self._looking_since_s = None
            self._looked()

    def look(self) -> None:
        """Once, at the recording that is being made."""
        stream, languages = self._recording
        if not stream:
            self._watch = None
            return
        watch = self._watch
        if watch is None or (watch.stream, watch.languages) != (stream, languages):
            watch = self._watch = self._watch_over(stream, languages)
        watch.look(time.monotonic())

    def _watch_over(self, stream: str, languages: tuple[Language, ...]) -> "Watch":
        # FFmpeg's libraries take a while to load: not before there is something to look at.
        from broadcast.witness import served
        from broadcast.witness.watch import Watch

        url = served.base_url(self._settings.http)
        sizes = served.sizes_of(self._settings.program, languages)
        ask = partial(served.ask, url, self._archive, stream, sizes)
        return Watch(self._archive, stream, ask, time.monotonic(), languages)

    def statement(self) -> dict[str, Any]:
        """What was seen, for the relay."""
        watch, since_s = self._watch, self._looking_since_s
        held_s = time.monotonic() - since_s if since_s is not None else 0.0
        if watch is None:
            return {"stream": "", "held_s": held_s}
        return {
            "stream": watch.stream,
            "held_s": round(held_s, 1),
            **watch.statement(time.monotonic()),
        }


async def _run(settings: Settings) -> None:
    """Until ended, or until whoever started it is gone."""
    parent, loop = os.getppid(), asyncio.get_running_loop()
    news = asyncio.Event()
    witness = Witness(settings, partial(_tell, loop, news))

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
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), SAY_S)
            news.clear()
            say()
    finally:
        connection.cancel()
    if connection.done():
        connection.result()


def _tell(loop: asyncio.AbstractEventLoop, news: asyncio.Event) -> None:
    """From the looking thread, which outlives the loop."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(news.set)


def _die(args: threading.ExceptHookArgs) -> None:
    log.critical("the thread %s died", args.thread and args.thread.name, exc_info=args.exc_value)
    os._exit(1)


def main(arguments: Sequence[str]) -> int:
    """The process that the supervisor starts; SIGTERM ends it, for it holds nothing."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s witness %(levelname)s %(message)s")
    if len(arguments) != 1:
        sys.exit("usage: python -m broadcast.witness SETTINGS.json")
    threading.excepthook = _die
    os.nice(5)
    uvloop.run(unless_hung(_run(handed_over(arguments[0]))))
    return 0
