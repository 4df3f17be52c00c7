"""The studio process: owns every thread, follows the relay's messages, answers with packets."""

import asyncio
import contextlib
import importlib
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import uvloop
from pydantic import ValidationError

from broadcast.program import PROGRAM_STATE, Overlay, Rect
from broadcast.studio.canvas import Drawing
from broadcast.studio.clock import ProgramClock
from broadcast.studio.encoding import VideoEncoding
from broadcast.studio.link import Link
from broadcast.studio.onair import OnAir, follow
from broadcast.studio.overlays import Board, Renderer
from broadcast.studio.pictures import Composer, FrameClock
from broadcast.studio.sound import SoundDesk
from broadcast.studio.sources import Sources
from config.settings import Settings, socket_path
from streams.frames import Codec, EncodedFrame, Packet, SiteId
from streams.wire import Kind, Message, Note

SWITCH_INTERVAL_S = 0.0005
"""The default of 5 ms lets a thread that computes keep the frame clock waiting for a whole tick."""

log = logging.getLogger(__name__)


class Studio:
    """`run` on the event loop; everything else on threads that `run` starts and joins."""

    def __init__(self, settings: Settings) -> None:
        program = settings.program
        self._clock = ProgramClock.started_now()
        self._on_air: OnAir | None = None
        self.link = Link(socket_path(settings.storage), self._receive, self._greet)
        self._sources = Sources(self._ask_keyframe)
        self._board = Board(renderer(program.width, program.height, program.theme))
        self._encoding = VideoEncoding(program, settings.recording.segment_ms, self._send)
        self._frames = FrameClock(
            self._clock,
            program,
            Composer(program, self._sources, self._board),
            self._encoding,
            lambda: self._on_air,
        )
        self._sound = SoundDesk(
            self._clock,
            self._sources,
            program.audio_bitrate_bps,
            lambda: self._on_air,
            self._send,
            self._send_levels,
        )

    async def run(self) -> None:
        """Until cancelled."""
        parts = (self._sources, self._board, self._encoding, self._frames, self._sound)
        for part in parts:
            part.start()
        try:
            await self.link.run()
        finally:
            for part in reversed(parts):
                part.close()

    def _greet(self) -> None:
        pass

    def _receive(self, message: Message) -> None:
        match message:
            case EncodedFrame():
                self._sources.offer(message)
            case Note(Kind.PROGRAM, body):
                self._follow(body)
            case Note(Kind.KEYFRAME, body):
                self._encoding.ask_keyframe(str(body.get("feed")))
            case Note(Kind.SOURCE_GONE, body):
                self._sources.gone(SiteId(str(body.get("source"))))

    def _follow(self, body: dict[str, Any]) -> None:
        try:
            state = PROGRAM_STATE.validate_python(body)
        except ValidationError as error:
            log.error("a program state that cannot be followed: %s", error)
            return
        self._on_air = follow(self._on_air, state, time.monotonic_ns())
        self._sources.want(frozenset(state.program.sources + state.preview.sources))

    def _ask_keyframe(self, site: SiteId) -> None:
        self.link.send(Note(Kind.KEYFRAME, {"source": site}))

    def _send(self, packet: Packet) -> None:
        if packet.codec is not Codec.AAC:
            self.link.send(packet)

    def _send_levels(self, levels: dict[SiteId, float]) -> None:
        self.link.send(Note(Kind.LEVELS, {"levels": levels}))


class Bare:
    """Stands in where no overlay can be drawn."""

    def render(
        self,
        overlay: Overlay,  # noqa: ARG002
        now_ms: int,  # noqa: ARG002
        box: Rect | None = None,  # noqa: ARG002
    ) -> Drawing | None:
        return None


def renderer(width: int, height: int, theme: Path | None) -> Renderer:
    try:
        module = importlib.import_module("broadcast.overlay.render")
    except ImportError:
        return Bare()
    made: Renderer = module.Renderer(width, height, theme)
    return made


def read_settings(path: Path) -> Settings:
    return Settings.model_validate_json(path.read_text("utf-8"))


async def _until_told(studio: Studio) -> None:
    """Runs until SIGTERM or SIGINT."""
    task = asyncio.ensure_future(studio.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _die(args: threading.ExceptHookArgs) -> None:
    """A studio with a dead thread looks alive and is not: end it, the supervisor starts another."""
    log.critical("the thread %s died", args.thread and args.thread.name, exc_info=args.exc_value)
    os._exit(1)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s studio %(levelname)s %(message)s")
    if len(sys.argv) != 2:
        sys.exit("usage: python -m broadcast.studio SETTINGS.json")
    threading.excepthook = _die
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    uvloop.run(_until_told(Studio(read_settings(Path(sys.argv[1])))))
