"""The media player: one clip at a time, in the seats of `PLAYER`, on a thread of its own.

What is wished is stated whole at each change (`broadcast.program.Clip`), so a studio that was
started again finds the film where it would be now.
"""

import logging
import threading
import time
from pathlib import Path
from typing import Any

import av

from broadcast.overlay.render import Renderer
from broadcast.program import Clip, ClipKind, Overlay
from broadcast.studio.canvas import Canvas
from broadcast.studio.clock import monotonic_of
from broadcast.studio.measured import kept_of
from broadcast.studio.playersource import PlayerSource
from broadcast.studio.reels import Film, UnplayableError
from broadcast.studio.shows import Countdown, FilmShow, Show, SlideShow
from broadcast.studio.slides import Slides
from broadcast.studio.sources import Sources

IDLE_S = 0.5
MOST_TRIES = 3
"""A studio that died so often with the same clip in its player does not open it again."""

log = logging.getLogger(__name__)


class Tries:
    """How many studios began the same clip: a decoder may end the whole process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: tuple[int, int] | None = None
        """This studio's clip and its tries: it may take the same one out and in again."""

    def count(self, number: int) -> int:
        """With this one. 1 where it cannot be written down."""
        if self._last is None or self._last[0] != number:
            self._last = number, self._counted(number)
        return self._last[1]

    def _counted(self, number: int) -> int:
        try:
            last, _, times = self._path.read_text("ascii").partition(" ")
            tries = int(times) + 1 if last == str(number) else 1
        except (OSError, ValueError):
            tries = 1
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(f"{number} {tries}", "ascii")
        except OSError as error:
            log.warning("the player cannot count its tries: %s", error)
        return tries

    def forget(self) -> None:
        """This studio ends as it was told to."""
        self._path.unlink(missing_ok=True)


class Player:
    """`follow` and `status` on the loop. `folder` holds the files."""

    def __init__(self, folder: Path, renderer: Renderer, sources: Sources) -> None:
        self._folder, self._renderer = folder, renderer
        self.source = PlayerSource()
        sources.adopt(self.source)
        self._tries = Tries(folder / ".tries")
        self._wish: Clip | None = None
        self._clip: Clip | None = None
        self._show: Show | None = None
        self._fault = ""
        self._news = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="player")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ending = True
        self._news.set()
        self._thread.join()

    def follow(self, clip: Clip | None) -> None:
        self._wish = clip
        self._news.set()

    def status(self) -> dict[str, Any] | None:
        """As the relay reads it (`web.statuses.PlayerState`); None: nothing is loaded."""
        clip, show = self._clip, self._show
        if clip is None:
            return None
        return {
            "number": clip.number,
            "fault": self._fault,
            "duration_ms": 0 if show is None else show.duration_ns // 1_000_000,
            "pages": 0 if show is None else show.pages,
        }

    def _run(self) -> None:
        while not self._ending:
            self._news.clear()
            if (wait_s := self._turn()) > 0:
                self._news.wait(wait_s)
        self._leave()
        self._tries.forget()

    def _turn(self) -> float:
        """Does what is wished and due; how long the next may wait, seconds. No file may end the
        program: whatever goes wrong with one is a fault to be told."""
        try:
            wish = self._wish
            self._take(wish)
            if self._wish != wish:
                # A page may take seconds to draw: by now it may be of a room that was closed then.
                return 0.0
            return IDLE_S if self._show is None else self._show.step(time.monotonic_ns())
        except UnplayableError as error:
            log.warning("the player cannot play this file: %s", error.__cause__ or error)
            self._fail(str(error))
        except Exception:
            log.exception("the player cannot play this file")
            self._fail("unreadable")
        return IDLE_S

    def _fail(self, fault: str) -> None:
        self._leave()
        self._fault = fault

    def _take(self, clip: Clip | None) -> None:
        """What is wished now. Raises `UnplayableError`, and whatever a decoder does."""
        last = self._clip
        if clip == last:
            # Nothing is lost of a seat that is empty on purpose.
            self.source.picture.received_ns = time.monotonic_ns()
            return
        if clip is None or last is None or clip.number != last.number or self._show is None:
            # One whose page could not be shown may have others that can.
            self._leave()
            self._clip = clip
            self._show = None if clip is None else self._open(clip)
        self._clip = clip
        if clip is not None and self._show is not None:
            # At each change: it may have been brought and begun before it was measured.
            self.source.sound.gain = self._gain_of(clip)
            self._show.follow(clip)

    def _gain_of(self, clip: Clip) -> float | None:
        if clip.kind not in (ClipKind.FILM, ClipKind.SOUND):
            return None
        found = kept_of(self._folder / clip.file)
        return None if found is None else float(10 ** (found.gain_db / 20))

    def _leave(self) -> None:
        if self._show is not None:
            self._show.close()
        self._show, self._fault = None, ""
        self.source.clear()

    def _open(self, clip: Clip) -> Show:
        """Raises `UnplayableError`."""
        if self._tries.count(clip.number) > MOST_TRIES:
            raise UnplayableError("crashes")
        if clip.kind is ClipKind.COUNTDOWN:
            return Countdown(
                self.source, monotonic_of, lambda reading: self._card(clip.title, reading)
            )
        # A name comes from the event log, and may be older than the rule for names.
        if Path(clip.file).name != clip.file:
            raise UnplayableError("missing")
        path = self._folder / clip.file
        if clip.kind is ClipKind.SLIDES:
            size = self._renderer.width, self._renderer.height
            return SlideShow(Slides(path, size), self.source)
        film = Film(path)
        card = None if film.has_pictures else self._card(clip.title, "")
        return FilmShow(film, card, self.source, monotonic_of, time.monotonic_ns)

    def _card(self, title: str, reading: str) -> av.VideoFrame:
        canvas = Canvas(self._renderer.width, self._renderer.height)
        canvas.clear()
        fields = {"title": title, "reading": reading}
        if (drawn := self._renderer.render(Overlay("card", fields), 0)) is not None:
            canvas.blend(drawn)
        return canvas.frame
