"""The recording: fMP4 segments and their playlist, which are live HLS, rewind and archive at once.

A thread of its own writes; the encoders only ever put packets into a bounded queue. A disk that
refuses costs recording, never the live program: the fault is told, and tried again.
"""

import errno
import logging
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from broadcast.interpreters import Language
from broadcast.outputs.backlog import GAP_TOLD_S, Backlog
from broadcast.outputs.disk import DISK, Disk, free_bytes
from broadcast.outputs.output import Fault, OutputStatus
from broadcast.outputs.renditions import Renditions
from broadcast.outputs.shelf import OPEN, Shelf
from config.settings import Program, Recording
from streams.frames import Codec, Packet

MAX_QUEUED_PACKETS = 3000
"""25 s of the picture in three sizes and the sound: longer than a disk that spins up or flushes."""

LOOK_S, REST_S = 0.1, 1.0
"""So often it looks while it is to record, and while it is not: an order wakes it."""
RETRY_S = 2.0
DISK_CHECK_S = 1.0
CLOSE_S = 10.0
SLOW_SYNC_S = 0.3
"""With syncs that take longer a power cut may cost more than a second."""
SLOW_SYNCS, SLOW_WITHIN_S = 3, 10.0
"""As many of them as shortly: a disk that is busy with something else is slow now and then."""
SLOW_QUEUED = 500
"""Packets, some 4 s: the disk does not keep up, or hangs."""
CLOCK_TOLD_S = 120.0
MAX_OWED = 8
"""Sessions that ended on a disk that refused. Policy: the oldest goes."""
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What to record now."""

    stream: str = ""
    recording: bool = False
    finished: bool = False
    languages: tuple[Language, ...] = ()
    """Into which is interpreted; counts when a recording is begun, or taken up again."""


class Keeper:
    """Follows orders and takes packets; on the writing thread only. Raises `OSError`."""

    def __init__(
        self,
        root: Path,
        program: Program,
        settings: Recording,
        disk: Disk,
        shelf: Shelf,
        clock_set_s: Callable[[], int],
    ) -> None:
        self._root, self._program, self._settings = root, program, settings
        self._disk, self._shelf, self._clock_set_s = disk, shelf, clock_set_s
        self._recorder: Renditions | None = None
        self._order = Order()
        self.recorded_s, self.recorded_bytes = 0.0, 0

    @property
    def recording(self) -> bool:
        return self._recorder is not None

    @property
    def sync_took_s(self) -> float:
        """From any thread."""
        recorder = self._recorder
        return recorder.sync_took_s if recorder is not None else 0.0

    def free_bytes(self) -> int:
        """On the recordings' disk."""
        return free_bytes(self._root)

    def obey(self, order: Order) -> None:
        """Stops, starts, or marks the end; what was taken before is written before."""
        last, self._order = self._order, order
        if self._recorder is not None and (order.stream != last.stream or not order.recording):
            self.stop()
        folder = self._root / order.stream
        if not order.stream or not (order.recording or folder.exists()):
            return
        if self._recorder is None:
            self._recorder = self._opened(folder, order.languages)
        if order.finished:
            self._recorder.end()
        if not order.recording or self._recorder.ended:
            self._recorder = None

    def make_up(self, order: Order) -> None:
        """Lists what a fault left of another recording, and marks its end."""
        folder = self._root / order.stream
        if folder.exists():
            recorder = self._renditions(folder, order.languages)
            if order.finished:
                recorder.end()

    def _renditions(self, folder: Path, languages: tuple[Language, ...]) -> Renditions:
        return Renditions(
            folder, self._program, self._settings, self._disk, self._shelf, self._clock_set_s,
            languages,
        )  # fmt: skip

    def _opened(self, folder: Path, languages: tuple[Language, ...]) -> Renditions:
        if self.free_bytes() < self._settings.stop_free_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
        recorder = self._renditions(folder, languages)
        self.recorded_s, self.recorded_bytes = recorder.recorded_s, recorder.recorded_bytes
        return recorder

    def take(self, packet: Packet) -> bool:
        """True if that wrote something."""
        if self._recorder is None:
            return False
        if not self._recorder.take(packet):
            return False
        self.recorded_s = self._recorder.recorded_s
        self.recorded_bytes = self._recorder.recorded_bytes
        return True

    def stop(self) -> None:
        """Writes and lists what there is; the recording can go on later."""
        if self._recorder is None:
            return
        self._recorder.stop()
        self._recorder = None

    def abandon(self) -> None:
        """After a fault: leaves the files as they are, for recovery at the next opening."""
        if self._recorder is not None:
            self._recorder.abandon()
        self._recorder = None


class Segments:
    """Records, on a thread of its own. Queue: a `Backlog` of `MAX_QUEUED_PACKETS`; where some were
    dropped the recording shows a discontinuity."""

    def __init__(
        self,
        root: Path,
        program: Program,
        settings: Recording,
        disk: Disk = DISK,
        shelf: Shelf = OPEN,
        clock_set_s: Callable[[], int] = lambda: 0,
    ) -> None:
        """`root` holds a folder for each stream. `clock_set_s`: how far the machine's clock was
        set since program time began."""
        self._clock_set_s, self._clock_s, self._clock_told_at = clock_set_s, 0, -CLOCK_TOLD_S
        self._settings, self._shelf = settings, shelf
        self._keeper = Keeper(root, program, settings, disk, shelf, clock_set_s)
        self._queue = Backlog[Packet | Order](MAX_QUEUED_PACKETS)
        self._news = threading.Event()
        self._closing = False
        # A disk that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="segments", daemon=True)
        self._clock_step_s = 0
        self._order = Order()
        self._obeyed: Order | None = None
        self._owed: deque[Order] = deque(maxlen=MAX_OWED)
        """Of sessions that a fault kept from being finished before the next one began."""
        self._retry_at = self._check_at = 0.0
        self._fault: Fault | None = None
        self._fault_ended_at = -math.inf
        self._slow_at = deque([-math.inf] * SLOW_SYNCS, SLOW_SYNCS)
        self._sync_took_s = 0.0
        self._free_bytes: int | None = None

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Writes and lists what was offered, then ends; gives a hanging disk 10 s."""
        self._closing = True
        self._news.set()
        self._thread.join(CLOSE_S)
        if self._thread.is_alive():
            log.error("the disk hangs: the end of the recording is lost")

    def follow(self, order: Order) -> None:
        """From any thread: what to record from now on, after what was offered before."""
        self._queue.put(order)
        self._news.set()

    def offer(self, packet: Packet) -> None:
        """From any thread; returns at once."""
        if self._shelf.takes(packet):
            key = packet.codec is Codec.H264 and packet.key and not packet.rendition
            self._queue.offer(packet, key=key)

    def status(self) -> OutputStatus:
        """From any thread."""
        faults = [self._fault] if self._fault is not None else []
        free, keeper = self._free_bytes, self._keeper
        if free is not None and free < self._settings.warn_free_bytes and not faults:
            faults.append(Fault("disk_low", f"{free} bytes"))
        now = time.monotonic()
        resumed = self._fault is None and now - self._fault_ended_at < GAP_TOLD_S
        if resumed or self._queue.dropped_within(GAP_TOLD_S):
            faults.append(Fault("recording_gaps", f"{self._queue.dropped} packets"))
        if self._is_slow(now):
            faults.append(Fault("disk_slow", f"{keeper.sync_took_s:.1f} s"))
        if now - self._clock_told_at < CLOCK_TOLD_S:
            faults.append(Fault("clock_set", f"{self._clock_step_s:+d}"))
        return OutputStatus(
            recording=keeper.recording and self._fault is None,
            recorded_s=round(keeper.recorded_s, 3),
            recorded_bytes=keeper.recorded_bytes,
            disk_free_bytes=free,
            dropped=self._queue.dropped,
            faults=tuple(faults),
        )

    def _run(self) -> None:
        """Looks ten times a second: to be woken by each packet would cost more than to write it."""
        closing = False
        self._step(None)
        while not closing:
            self._news.wait(LOOK_S if self._order.recording else REST_S)
            self._news.clear()
            closing = self._closing
            self._step(None)
            for item in self._queue.drain():
                if isinstance(item, Order):
                    self._replace_order(item)
                self._step(item if isinstance(item, Packet) else None)
        try:
            self._keeper.stop()
        except OSError as error:
            self._fail(error)

    def _replace_order(self, order: Order) -> None:
        last, self._order = self._order, order
        if last.stream not in ("", order.stream) and last != self._obeyed:
            self._owed.append(last)

    def _step(self, packet: Packet | None) -> None:
        """One packet, or the passing of time."""
        now = time.monotonic()
        try:
            if now >= self._check_at:
                self._check_at = now + DISK_CHECK_S
                self._check_clock()
                self._check_disk()
            if self._order != self._obeyed and now >= self._retry_at:
                order = self._order
                self._keeper.obey(order)
                self._obeyed = order
                if not order.recording:
                    self._fault = None
                self._make_up()
            if packet is not None and self._keeper.take(packet):
                self._note_written(now)
        except OSError as error:
            self._fail(error)

    def _note_written(self, now: float) -> None:
        if self._fault is not None:
            self._fault, self._fault_ended_at = None, now
        if self._keeper.sync_took_s != self._sync_took_s:
            self._sync_took_s = self._keeper.sync_took_s
            if self._sync_took_s > SLOW_SYNC_S:
                self._slow_at.append(now)

    def _is_slow(self, now: float) -> bool:
        """Whether a power cut may cost more than it should. From any thread."""
        often = now - self._slow_at[0] < SLOW_WITHIN_S
        return often or self._keeper.sync_took_s > SLOW_SYNC_S or len(self._queue) > SLOW_QUEUED

    def _make_up(self) -> None:
        """Once, as soon as the disk takes an order again: what it refuses then costs the recording
        that is being made nothing."""
        while self._owed:
            order = self._owed.popleft()
            try:
                self._keeper.make_up(order)
            except OSError as error:
                log.error("the end of the recording %s is not listed: %s", order.stream, error)

    def _check_clock(self) -> None:
        if (now_s := self._clock_set_s()) != self._clock_s:
            self._clock_step_s, self._clock_s = now_s - self._clock_s, now_s
            self._clock_told_at = time.monotonic()
            log.warning("the machine's clock was set by %+d s", self._clock_step_s)

    def _check_disk(self) -> None:
        self._free_bytes = self._keeper.free_bytes()
        if self._keeper.recording and self._free_bytes < self._settings.stop_free_bytes:
            self._keeper.stop()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _fail(self, error: OSError) -> None:
        """Tells it, and tries the whole order again in a while."""
        self._keeper.abandon()
        code = "disk_full" if error.errno in FULL else "disk_error"
        if self._fault is None or self._fault.code != code:
            log.error("recording stopped: %s", error)
        self._fault = Fault(code, str(error.strerror or error))
        self._obeyed = None
        self._retry_at = time.monotonic() + RETRY_S
