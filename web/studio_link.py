"""The relay's end of the wire: listens on a Unix socket, speaks with one studio at a time.
The witness speaks the same language on a socket of its own: it hears the program, says a status.

Frames, the program state and wishes for keyframes go out; packets, levels, stills and status come
in. What cannot be sent at once is dropped whole and counted (`streams.wire.Outbox`), so a slow
studio costs pictures but never stalls the relay.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from broadcast.program import PROGRAM_STATE, ProgramState
from config.settings import Push
from streams.frames import EncodedFrame, SiteId
from streams.rtp.packetise import Packetised
from streams.wire import Conversation, Kind, Message, Note, Outbox, Still, WireError
from web.statuses import Word

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ears:
    """Who hears what the studio says. Called on the loop; must not block."""

    packet: Callable[[Packetised], None]
    levels: Callable[[dict[str, float]], None]
    still: Callable[[Still], None]
    keyframe: Callable[[SiteId], None]
    connected: Callable[[], None]
    """It knows nothing yet but the program state, which it has been sent."""
    changed: Callable[[], None]
    """It came, went or reported."""


def _ignore(*_: object) -> None:
    """Whatever was said."""


DEAF = Ears(_ignore, _ignore, _ignore, _ignore, _ignore, _ignore)
"""For who is only asked for the last status."""


@dataclass(slots=True)
class StudioLink:
    """Owns the socket while `serve` runs. `clock` gives epoch milliseconds, and is
    one that nobody sets."""

    path: Path
    ears: Ears
    clock: Callable[[], int]
    name: str = "studio"
    program: ProgramState = field(default_factory=ProgramState)
    status: dict[str, Any] = field(default_factory=dict)
    """The last STATUS; empty while no studio is connected."""
    gone_at_ms: int | None = None
    """Since when there is no studio; None while there is one."""
    told_at_ms: int = 0
    """When it last came, or stated its status."""
    frames_dropped: int = 0
    heard: dict[str, list[int]] | None = None
    """Feeds of sound that anybody listens to; None: nobody knows."""
    watched: bool | None = None
    """Whether any page shows stills; None: nobody said."""
    pushes: tuple[Push, ...] | None = None
    """Where the program is sent; None: nobody said."""
    _torn: set[SiteId] = field(default_factory=set)
    """Whose pictures cannot be decoded until their next keyframe: one was dropped."""
    _outbox: Outbox | None = None
    _closed: bool = False

    @property
    def connected(self) -> bool:
        return self._outbox is not None

    def word(self, now_ms: int) -> Word:
        """What it last said, and how long ago."""
        return Word(
            self.status,
            None if self.gone_at_ms is None else now_ms - self.gone_at_ms,
            now_ms - self.told_at_ms,
        )

    async def start(self) -> asyncio.Server:
        """Listens; the caller closes the server. Raises OSError."""
        self.gone_at_ms = self.clock()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            loop = asyncio.get_running_loop()
            return await loop.create_unix_server(
                lambda: Conversation(
                    self._hear, loop.create_future(), self._welcome, on_packet=self.ears.packet
                ),
                self.path,
            )
        finally:
            os.umask(before)

    def close(self) -> None:
        """Ends the present connection; none is taken any more, and no socket is left behind."""
        self._closed = True
        self.path.unlink(missing_ok=True)
        if self._outbox is not None:
            self._outbox.close()

    def show(self, program: ProgramState) -> bool:
        """States what is on air; False if that is what was stated already.

        The version grows over a restart of the relay too: the studio keeps the newest, and events
        are fewer than milliseconds.
        """
        program = replace(program, version=self.program.version)
        if program == self.program:
            return False
        version = max(self.program.version + 1, self.clock())
        self.program = replace(program, version=version)
        self._send_program()
        return True

    def offer(self, frame: EncodedFrame) -> None:
        """A site's frame; dropped while there is no studio, or too much waits for it. Then so are
        the pictures that would be made from it, and once there is room a keyframe is asked for:
        what is decoded without would stay wrong, for sites send none by themselves."""
        outbox, source = self._outbox, frame.source
        if outbox is None:
            return
        torn = source in self._torn and frame.codec.is_video
        if torn and not frame.key:
            self.frames_dropped += 1
            if not outbox.full:
                self.ears.keyframe(source)
        elif not outbox.offer(frame):
            self.frames_dropped += 1
            if frame.codec.is_video:
                self._torn.add(source)
        elif torn:
            self._torn.discard(source)

    def tell_gone(self, source: SiteId) -> None:
        """The site left, or its line was declared dead."""
        self._note(Kind.SOURCE_GONE, {"source": source})

    def ask_keyframe(self, feed: str) -> None:
        """A viewer needs one."""
        self._note(Kind.KEYFRAME, {"feed": feed})

    def tell_heard(self, feeds: dict[str, list[int]]) -> None:
        """The studio need not make any other sound."""
        self.heard = feeds
        self._note(Kind.HEARD, {"feeds": feeds})

    def tell_watched(self, *, watched: bool) -> None:
        """The studio makes no stills for nobody."""
        if watched != self.watched:
            self.watched = watched
            self._tell_watched()

    def _tell_watched(self) -> None:
        self._note(Kind.WATCHED, {"stills": self.watched})

    def tell_pushes(self, pushes: tuple[Push, ...]) -> None:
        """Where the program is to be sent from now on."""
        self.pushes = pushes
        self._note(Kind.PUSHES, {"pushes": [push.model_dump() for push in pushes]})

    def _send_program(self) -> None:
        self._note(Kind.PROGRAM, PROGRAM_STATE.dump_python(self.program, mode="json"))

    def _note(self, kind: Kind, body: dict[str, Any]) -> None:
        if self._outbox is not None:
            self._outbox.offer(Note(kind, body))

    def _welcome(self, outbox: Outbox, over: asyncio.Future[None]) -> None:
        """One studio, until it goes. A newer one replaces it: the older is dead or dying."""
        over.add_done_callback(partial(self._part, outbox))
        if self._closed:
            outbox.close()
            return
        if self._outbox is not None:
            self._outbox.close()
        self._outbox = outbox
        self._torn.clear()  # its decoders begin with keyframes anyway
        self.gone_at_ms, self.told_at_ms = None, self.clock()
        _log.info("the %s is connected", self.name)
        self._send_program()
        if self.heard is not None:
            self.tell_heard(self.heard)
        if self.watched is not None:
            self._tell_watched()
        if self.pushes is not None:
            self.tell_pushes(self.pushes)
        self.ears.connected()
        self.ears.changed()

    def _part(self, outbox: Outbox, over: asyncio.Future[None]) -> None:
        outbox.close()
        if (error := over.exception()) is not None:
            fault = None if isinstance(error, WireError) else error
            _log.error("the %s's connection is dropped: %s", self.name, error, exc_info=fault)
        if self._outbox is not outbox:
            return
        self._outbox = None
        self.status = {}
        self.gone_at_ms = self.clock()
        _log.warning("the %s is gone", self.name)
        self.ears.changed()

    def _hear(self, message: Message) -> None:
        match message:
            case Still():
                self.ears.still(message)
            case Note(Kind.LEVELS, {"levels": dict(levels)}):
                self.ears.levels(levels)
            case Note(Kind.KEYFRAME, {"source": str(source)}):
                self.ears.keyframe(SiteId(source))
            case Note(Kind.STATUS, status):
                self.status, self.told_at_ms = status, self.clock()
                self.ears.changed()
            case _:
                raise WireError(f"the studio sent {type(message).__name__} {message!r:.80}")
