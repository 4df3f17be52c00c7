"""The studio process: owns every thread, follows the relay's messages, answers with packets."""

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import uvloop
from pydantic import ValidationError

from broadcast.outputs.output import Part
from broadcast.overlay.render import Renderer
from broadcast.program import PROGRAM_STATE, ProgramState
from broadcast.studio.cameras import Cameras
from broadcast.studio.clock import ProgramClock
from broadcast.studio.composer import Composer
from broadcast.studio.deliveries import Deliveries
from broadcast.studio.encoding import VideoEncoding
from broadcast.studio.frameclock import FrameClock
from broadcast.studio.link import Link
from broadcast.studio.onair import OnAir, follow
from broadcast.studio.overlays import Board
from broadcast.studio.picturetrack import PictureTrack
from broadcast.studio.player import Player
from broadcast.studio.senses import Senses
from broadcast.studio.sound import SoundDesk
from broadcast.studio.sources import Sources
from broadcast.studio.stills import PREVIEW_SIZE, Stills
from broadcast.studio.watchdog import Watchdog
from config.settings import Program, Settings, handed_over, socket_path
from streams.frames import NS_PER_S, Codec, EncodedFrame, Feed, Packet, SiteId
from streams.lag import freeze_heap, unless_hung
from streams.wire import Kind, Message, Note

SWITCH_INTERVAL_S = 0.0005
"""The default of 5 ms lets a thread that computes keep the frame clock waiting for a whole tick."""

PUNCTUAL = {"frame-clock", "sound"}
"""Threads that have little to do, by a moment; the encoder may be behind by some frames."""

M_ARENA_MAX = -8
"""Of glibc's `malloc.h`."""

SOUNDS = (0, 1)
"""The renditions that there are: whole and thin."""

STATUS_TICKS = 10
log = logging.getLogger(__name__)


class OrphanedError(Exception):
    """Whoever started the studio is gone."""


class Studio:
    """`run` on the event loop; everything else on threads that `run` starts and joins."""

    def __init__(self, settings: Settings) -> None:
        program = settings.program
        self._parent = os.getppid()
        self._clock = ProgramClock.started_now()
        self._on_air: OnAir | None = None
        self._watchdog = Watchdog()
        self._made = {"pictures": 0, "sound": 0}
        """Packets; each counted by its own maker's thread."""
        self._heard: dict[str, list[int]] | None = None
        self.link = Link(socket_path(settings.storage), self._receive, self._greet)
        cameras = [SiteId(camera.site) for camera in settings.cameras]
        self._sources = Sources(self._ask_keyframe, program.fps, cameras)
        self._cameras = Cameras(settings.cameras, self._offer, self._gone)
        renderer = Renderer(program.width, program.height, program.theme)
        self._board = Board(renderer)
        self._small_board = Board(Renderer(*PREVIEW_SIZE, program.theme))
        self._player = Player(settings.storage.data_dir / "media", renderer, self._sources)
        self._encoding = VideoEncoding(program, settings.recording.segment_ms, self._send)
        self._frames = self._frame_clock(program)
        self._senses = Senses()
        self._stills = self._stills_maker()
        self._deliveries = Deliveries(settings, self._clock.set_s, self._ask_keyframe)
        self._sound = SoundDesk(
            self._clock,
            self._sources,
            (program.audio_bitrate_bps, program.thin_audio_bitrate_bps),
            self._renditions_heard,
            self._is_listened_to,
            lambda: self._on_air,
            self._send,
            self._send_levels,
            program.fps,
        )

    def _frame_clock(self, program: Program) -> FrameClock:
        composer = Composer(
            (program.width, program.height),
            self._sources,
            self._board,
            PictureTrack.due,
            program.slate_after_lost_s * NS_PER_S,
        )
        return FrameClock(self._clock, program.fps, composer, self._encoding, lambda: self._on_air)

    def _stills_maker(self) -> Stills:
        composer = Composer(
            PREVIEW_SIZE, self._sources, self._small_board, lambda track, _: track.newest
        )
        return Stills(self._sources, composer, lambda: self._on_air, self.link.send, self._senses)

    async def run(self) -> None:
        """Until cancelled."""
        parts: tuple[Part, ...] = (
            *self._deliveries.parts,
            self._sources,
            self._board,
            self._small_board,
            self._player,
            self._stills,
            self._encoding,
            self._frames,
            self._sound,
        )
        for part in parts:
            part.start()
        _name_threads()
        if not _let_go_first(PUNCTUAL):
            log.info("no thread may go before others here; the unit of `diemcau service` lets it")
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.link.run())
                tasks.create_task(self._cameras.run())
                tasks.create_task(self._report())
        finally:
            # Makers first, so that what they still hand over is written.
            for part in reversed(parts):
                part.close()

    async def _report(self) -> None:
        """The status, once a second and when what it says of faults or recording changes."""
        said: tuple[object, ...] = ()
        while True:
            for _ in range(STATUS_TICKS):
                self._unseal()
                news = self._deliveries.news()
                if news != said:
                    said = news
                    break
                await asyncio.sleep(1 / STATUS_TICKS)
            if os.getppid() != self._parent:
                # Another supervisor will start another studio, for the same recording.
                raise OrphanedError
            self._watch_the_makers()
            self._sources.share()
            for site in self._sources.forget(time.monotonic_ns()):
                self._senses.forget(site)
            self._greet()

    def _watch_the_makers(self) -> None:
        """A thread that hangs cannot be ended or waited for, but the process can."""
        if self._on_air is None:
            self._watchdog.rest()
        elif (hung := self._watchdog.look(self._made, time.monotonic())) is not None:
            log.critical("no %s any more: this studio hangs, another will go on", hung)
            os._exit(1)

    def _greet(self) -> None:
        self.link.send(Note(Kind.STATUS, self._status()))

    def _status(self) -> dict[str, Any]:
        state = self._on_air.state if self._on_air else None
        return {
            **self._deliveries.status(),
            "cameras": self._cameras.status(),
            "player": self._player.status(),
            "speaking": self._sound.speaking(),
            "signs": self._senses.signs(time.monotonic_ns()),
            "frames": self._frames.frames,
            "late_frames": self._frames.late,
            "dropped": {
                "wire": self.link.dropped,
                **self._deliveries.dropped,
                **self._sources.dropped,
                "sound_blocks": self._sound.metronome.skipped,
            },
            "stream": state.stream if state else "",
            "version": state.version if state else 0,
        }

    def _receive(self, message: Message) -> None:
        match message:
            case EncodedFrame():
                self._offer(message)
            case Note(Kind.PROGRAM, body):
                self._follow(body)
            case Note(Kind.KEYFRAME, body):
                self._encoding.ask_keyframe(str(body.get("feed")))
            case Note(Kind.HEARD, {"feeds": dict(feeds)}):
                self._heard = feeds
            case Note(Kind.WATCHED, body):
                self._stills.watch(watched=bool(body.get("stills")))
            case Note(Kind.PUSHES, body):
                self._deliveries.push(body.get("pushes"))
            case Note(Kind.SOURCE_GONE, body):
                self._gone(SiteId(str(body.get("source"))))

    def _renditions_heard(self, feed: str) -> Collection[int]:
        heard = self._heard
        return SOUNDS if heard is None else heard.get(feed, ())

    def _is_listened_to(self) -> bool:
        """Somebody hears some of the sound as it is made."""
        heard = self._heard
        return heard is None or any(heard.values())

    def _offer(self, frame: EncodedFrame) -> None:
        """On the loop, or on a camera's thread."""
        if self._sound.talkback.offer(frame):
            return
        self._sources.offer(frame)
        self._deliveries.offer_frame(frame)

    def _gone(self, site: SiteId) -> None:
        if self._sound.talkback.gone(site):
            return
        self._sources.gone(site)
        self._deliveries.gone(site)

    def _follow(self, body: dict[str, Any]) -> None:
        try:
            state = PROGRAM_STATE.validate_python(body)
        except ValidationError as error:
            log.error("a program state that cannot be followed: %s", error)
            return
        last = self._on_air.state if self._on_air is not None else ProgramState()
        signing = () if state.signer is None else (state.signer.site,)
        on_air = follow(self._on_air, state, time.monotonic_ns())
        self._deliveries.seal(on_air.state)
        self._on_air = on_air
        if (state.recording and not last.recording) or (on_air.state.sealed and not last.sealed):
            # A recording begins with a keyframe, and the next by itself may be a segment away.
            self._encoding.ask_keyframe(Feed.ROOM)
            self._encoding.ask_keyframe(Feed.PUBLIC)
        self._player.follow(state.player)
        self._deliveries.follow(state)
        seen = frozenset((*state.program.sources, *signing))
        self._sources.want(seen.union(state.preview.sources), seen)

    def _unseal(self) -> None:
        on_air = self._on_air
        if on_air is not None and (after := on_air.unsealed(time.monotonic_ns())) is not on_air:
            self._on_air = after
            self._deliveries.seal(after.state)

    def _ask_keyframe(self, site: SiteId) -> None:
        self.link.send(Note(Kind.KEYFRAME, {"source": site}))

    def _send(self, packets: Sequence[Packet]) -> None:
        """From the encoding and the mixing thread: every packet of the program, once."""
        for kind in {"pictures" if packet.codec.is_video else "sound" for packet in packets}:
            self._made[kind] += 1
        self._deliveries.offer(packets)
        self.link.send(*(packet for packet in packets if packet.codec is not Codec.AAC))

    def _send_levels(self, levels: dict[SiteId, float]) -> None:
        now_ns = time.monotonic_ns()
        for site, level in levels.items():
            self._senses.of(site).hear(level, now_ns)
        self.link.send(Note(Kind.LEVELS, {"levels": levels}))


def _share_memory() -> None:
    """Two arenas for all threads: glibc gives each its own, and each keeps what it once had."""
    with contextlib.suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def _let_go_first(names: Collection[str]) -> bool:
    """In the real-time class, as sound servers are: what else runs does not make them late. False
    where the system does not let us (`RLIMIT_RTPRIO`, sched(7))."""
    try:
        for thread in threading.enumerate():
            if thread.name in names and thread.native_id is not None:
                policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
                os.sched_setscheduler(thread.native_id, policy, os.sched_param(1))
    except PermissionError:
        return False
    return True


def _name_threads() -> None:
    """So that `top -H` and `bench/program.py` tell them apart; Python does it from 3.14 on."""
    for thread in set(threading.enumerate()) - {threading.main_thread()}:
        with contextlib.suppress(OSError):
            Path(f"/proc/self/task/{thread.native_id}/comm").write_text(thread.name)


async def _until_told(studio: Studio) -> None:
    """Runs until SIGTERM or SIGINT."""
    task = asyncio.ensure_future(studio.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except* asyncio.CancelledError:
        log.info("ended as told")
    except* OrphanedError:
        log.error("the supervisor is gone: so is this studio")


def _die(args: threading.ExceptHookArgs) -> None:
    """A studio with a dead thread looks alive and is not: end it, the supervisor starts another."""
    log.critical("the thread %s died", args.thread and args.thread.name, exc_info=args.exc_value)
    os._exit(1)


def main(arguments: Sequence[str]) -> int:
    """The process that the supervisor starts."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s studio %(levelname)s %(message)s")
    logging.getLogger("pyvips").setLevel(logging.WARNING)
    if len(arguments) != 1:
        sys.exit("usage: python -m broadcast.studio SETTINGS.json")
    threading.excepthook = _die
    _share_memory()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    studio = Studio(handed_over(arguments[0]))
    freeze_heap()  # half a frame, each time
    uvloop.run(unless_hung(_until_told(studio)))
    return 0
