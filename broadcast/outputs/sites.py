"""Each site's own stream, kept as it came: nothing decoded, nothing encoded. Off by default.

A file per stretch of one codec, size and media time, or of sound alone where no picture comes, in a
folder that nothing serves: `<site>-<time>.mkv` (of its screen `<site>.screen-…`), and once it is
closed `<site>-<time>_<seconds>s.mkv`, so that it can be said what is missing if it is.
What the public may not see is not kept here either: nothing of a break or a closed item, and of a
site whose microphone is closed the picture only, for who was told that he is not heard is not.
"""

import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from broadcast.outputs.backlog import GAP_TOLD_S, Backlog
from broadcast.outputs.disk import DISK, Disk, free_bytes, make_folder
from broadcast.outputs.ledger import Ledger
from broadcast.outputs.output import Fault
from broadcast.outputs.sitefile import SiteFile, UnfitError, shape_of
from config.settings import Recording
from streams.frames import EncodedFrame, SiteId, screen_site, site_of

MAX_QUEUED_FRAMES = 6000
"""Of all sites: fifty at standby send 3,000 a second, one at full quality 75."""
LOOK_S = 0.2
RETRY_S = 5.0
DISK_CHECK_S = 1.0
CLOSE_S = 5.0
SETTLE_S = 1.0
"""After a break or a closed item: what comes sooner may have been on its way since then."""
QUIET_S = 10.0
"""Nothing was to be kept for so long: it is no short break, nor a studio that was started again and
is not told yet what goes on."""
ALONE_S = 3.0
"""A picture that did not begin for so long is waited for no more: its sound is kept without it."""
UNKEPT_S = 6.0
"""A site that sends for so long and has no file yet is told of."""
ASK_S = 2.0
"""How often a site is asked for the keyframe that a file begins with."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be kept from now on. An empty stream: nothing."""

    stream: str = ""
    microphones: frozenset[SiteId] = frozenset()


@dataclass(frozen=True, slots=True)
class _Gone:
    site: SiteId


class SiteRecordings:
    """Queue: a `Backlog` of `MAX_QUEUED_FRAMES`, a stream for each site. The program's own
    recording comes first: this one ends when the disk has less than `warn_free_bytes`, and goes on
    when there is more."""

    def __init__(
        self,
        folder: Path,
        settings: Recording,
        ask_keyframe: Callable[[SiteId], None],
        disk: Disk = DISK,
    ) -> None:
        """`ask_keyframe` is called on the writing thread."""
        self._folder, self._settings, self._ask_keyframe = folder, settings, ask_keyframe
        self._queue = Backlog[EncodedFrame | Wish | _Gone](MAX_QUEUED_FRAMES)
        self._wish = Wish()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sites", daemon=True)
        self._desk = _Desk(folder, disk)
        self._resume_at_s = self._settled_at_s = self._look_at_s = 0.0
        self._short = False
        self._seal_at_s = time.monotonic() + QUIET_S
        self._ask_at_s: dict[SiteId, float] = {}
        self._unkept_since_s: dict[SiteId, float] = {}
        """Of sources that send, and have no file."""
        self._heard_since_s: dict[SiteId, float] = {}
        """Of sites whose sound waits for their picture."""
        self._rest_until_s: dict[SiteId, float] = {}
        """Of sites that sent what can be in no file."""
        self._fault: Fault | None = None
        """Why nothing is kept just now."""

    def start(self) -> None:
        if self._settings.sites:
            self._thread.start()

    def close(self) -> None:
        """Ends every file; gives a hanging disk 5 s."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)

    def follow(self, wish: Wish) -> None:
        """On the loop. What was offered before is kept before."""
        if wish != self._wish and self._settings.sites:
            if not self._wish.stream:
                self._settled_at_s = time.monotonic() + SETTLE_S
            self._wish = wish
            self._queue.put(wish)

    def offer(self, frame: EncodedFrame) -> None:
        """From the loop or a camera's thread; returns at once."""
        wish = self._wish
        if not wish.stream or not self._settings.keeps(site_of(frame.source)):
            return
        if time.monotonic() < self._settled_at_s:
            return
        video = frame.codec.is_video
        if video or frame.source in wish.microphones:
            self._queue.offer(frame, key=video and frame.key, stream=frame.source)

    def gone(self, site: SiteId) -> None:
        """Its stream ends; another begins with times of its own."""
        if self._wish.stream:
            self._queue.put(_Gone(site))

    @property
    def dropped(self) -> int:
        """Frames that were not kept because the disk did not keep up."""
        return self._queue.dropped

    def faults(self) -> tuple[Fault, ...]:
        """What is wrong, on the loop: the writing thread may hang with its disk."""
        if self._fault is not None:
            return (self._fault,)
        before_s = time.monotonic() - UNKEPT_S
        unkept = {site_of(one) for one, s in self._unkept_since_s.copy().items() if s < before_s}
        faults = [Fault("site_not_kept", site) for site in sorted(unkept)]
        if self._queue.dropped_within(GAP_TOLD_S):
            faults.append(Fault("sites_gaps", str(self.dropped)))
        return tuple(faults)

    def _run(self) -> None:
        closing = False
        while not closing:
            closing = self._closing.wait(LOOK_S)
            for item in self._queue.drain():
                self._step(item)
            if time.monotonic() >= self._seal_at_s:
                self._desk.seal_next()
        self._desk.end()

    def _step(self, item: EncodedFrame | Wish | _Gone) -> None:
        try:
            match item:
                case Wish(stream):
                    self._fault = None if not stream else self._fault
                    self._seal_at_s = time.monotonic() + QUIET_S
                    self._unkept_since_s.clear()
                    self._desk.open(stream)
                case _Gone(site):
                    self._unkept_since_s.pop(site, None)
                    self._desk.finish(site)
                case EncodedFrame():
                    self._keep_if_fit(item)
        except OSError as error:
            log.error("the sites' own recordings stopped: %s", error)
            self._desk.abandon()
            self._wait(error.strerror or str(error))

    def _keep_if_fit(self, frame: EncodedFrame) -> None:
        """Whatever one site sends costs no other its file."""
        try:
            self._keep(frame)
            if self._desk.has(frame.source):
                self._unkept_since_s.pop(frame.source, None)
            else:
                self._unkept_since_s.setdefault(frame.source, time.monotonic())
        except UnfitError as error:
            log.warning("%s: its own recording stopped: %s", frame.source, error)
            self._desk.drop(frame.source)
            self._rest_until_s[frame.source] = time.monotonic() + RETRY_S

    def _keep(self, frame: EncodedFrame) -> None:
        """Where there is a file for it, or there can be one."""
        now_s = time.monotonic()
        if self._is_short(now_s):
            self._desk.end()
            self._wait(os.strerror(errno.ENOSPC))
        elif self._desk.has(frame.source):
            self._heard_since_s.pop(frame.source, None)
            self._desk.keep(frame)
        elif self._rests(frame.source, now_s):
            return
        elif frame.key if frame.codec.is_video else self._is_alone(frame.source, now_s):
            self._desk.keep(frame)
            self._fault = None
        elif frame.codec.is_video and now_s >= self._ask_at_s.get(frame.source, 0.0):
            self._ask_at_s[frame.source] = now_s + ASK_S
            self._ask_keyframe(frame.source)

    def _is_short(self, now_s: float) -> bool:
        """Whether what is left of the disk is for the program alone."""
        if now_s >= self._look_at_s:
            self._look_at_s = now_s + DISK_CHECK_S
            self._short = free_bytes(self._folder) <= self._settings.warn_free_bytes
        return self._short

    def _is_alone(self, site: SiteId, now_s: float) -> bool:
        """Whether its sound waited long enough for a picture."""
        return now_s - self._heard_since_s.setdefault(site, now_s) >= ALONE_S

    def _rests(self, site: SiteId, now_s: float) -> bool:
        return now_s < max(self._resume_at_s, self._rest_until_s.get(site, 0.0))

    def _wait(self, why: str) -> None:
        """Tries again in a while."""
        self._fault = Fault("sites_not_kept", why)
        self._unkept_since_s.clear()
        self._resume_at_s = time.monotonic() + RETRY_S


class _Desk:
    """The open files, on the writing thread only. Raises `OSError`."""

    def __init__(self, root: Path, disk: Disk) -> None:
        self._root, self._disk = root, disk
        self._stream = ""
        self._ledger: Ledger | None = None
        self._files: dict[SiteId, SiteFile] = {}
        self._rest_until_s = 0.0
        self._left = self._seal_left()

    def has(self, site: SiteId) -> bool:
        return site in self._files

    def open(self, stream: str) -> None:
        """Of another session, or of none: ends what is open."""
        if stream != self._stream:
            self.end()
            self._ledger = None
            self._stream = stream
            self._left = self._seal_left()

    def seal_next(self) -> None:
        """One file that a crash or a fault left, while nothing is kept: they may be gigabytes, and
        who reads them keeps no frames. What cannot be sealed is looked for again as the next
        session ends."""
        if self._stream:
            return
        try:
            next(self._left, None)
        except OSError as error:
            log.error("what is left of the sites' own recordings is not sealed: %s", error)

    def _seal_left(self) -> Iterator[None]:
        for folder in sorted(self._root.glob("*/")):
            if names := sorted(path.name for path in folder.glob("*.mkv")):
                ledger = Ledger(folder, self._disk)
                for name in ledger.lacking(names):
                    self._seal(ledger, name)
                    yield

    def _seal(self, ledger: Ledger, name: str) -> None:
        """What cannot be read keeps no other from its sum."""
        try:
            ledger.add_missing([name])
        except OSError as error:
            log.error("%s of a site's own recordings is not sealed: %s", name, error)

    def keep(self, frame: EncodedFrame) -> None:
        """Raises `UnfitError`."""
        if not self._stream:
            return  # a camera's thread was on its way with it as the wish ended
        file = self._files.get(frame.source)
        if frame.codec.is_video and frame.key:
            shape = shape_of(frame)
            if file is not None and (shape != file.shape or not file.goes_on(frame)):
                self.finish(frame.source)
                file = None
            if file is None and shape is not None:
                file = self._begin(frame)
        elif file is None and not frame.codec.is_video:
            file = self._begin(frame)
        if file is not None:
            file.add(frame)
            self._sync_when_due(file)

    def _sync_when_due(self, file: SiteFile) -> None:
        """All sites together get no more than half of the disk's time. A power cut costs less than
        a second of each where a sync takes no more than 0.3 s divided by the number of sites."""
        began_s = self._disk.now_s()
        if file.due and began_s >= self._rest_until_s:
            file.sync()
            ended_s = self._disk.now_s()
            self._rest_until_s = ended_s + (ended_s - began_s)

    def _begin(self, frame: EncodedFrame) -> SiteFile:
        folder = self._root / self._stream
        if self._ledger is None:
            make_folder(folder, self._disk)
            self._ledger = Ledger(folder, self._disk)
        moment = datetime.fromtimestamp(time.time(), UTC)
        site, of = site_of(frame.source), ".screen" if screen_site(frame.source) else ""
        name = f"{site}{of}-{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03}Z.mkv"
        file = self._files[frame.source] = SiteFile(folder / name, frame, self._disk)
        self._disk.sync_folder(folder)
        return file

    def finish(self, site: SiteId) -> None:
        """Closes and seals its file, if it has one."""
        if (file := self._files.pop(site, None)) is not None and self._ledger is not None:
            file.close()
            path = file.path.with_stem(f"{file.path.stem}_{file.duration_s:.1f}s")
            file.path.rename(path)
            self._disk.sync_folder(path.parent)
            self._ledger.add(path.name, file.digest, file.size)

    def drop(self, site: SiteId) -> None:
        """Lets go of its file as it is; it is sealed when nothing is kept."""
        if (file := self._files.pop(site, None)) is not None:
            file.abandon()

    def end(self) -> None:
        for site in list(self._files):
            try:
                self.finish(site)
            except OSError as error:
                log.error("a site's own recording was not ended: %s", error)

    def abandon(self) -> None:
        """After a fault: what is written stays, and is sealed when nothing is kept."""
        for file in self._files.values():
            file.abandon()
        self._files.clear()
        self._ledger = None
