"""One clip on the media player: a film that runs, slides that stand, a clock that counts down.

All of it on the player's thread, which calls `step` again and again; what is put is presented at
its own time (CLOCK_MONOTONIC), a little later.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Protocol

import av
import numpy as np

from broadcast.program import Clip
from broadcast.studio.playersource import PlayerSource
from broadcast.studio.reels import Film, Piece
from broadcast.studio.slides import Slides
from streams.frames import AUDIO_CLOCK_RATE, NS_PER_MS, NS_PER_S

AHEAD_NS = 300 * NS_PER_MS
"""So far before its time a piece is put; the pictures of it at 60/s just fit where they wait."""
LEAST_APART_NS = NS_PER_S // 70
"""Pictures that follow each other sooner are left out: the program has 60/s at most."""
LEAD_NS = 200 * NS_PER_MS
"""From the command to the first picture: so much is decoded first, and no syllable is cut off."""
BEAT_NS = 500 * NS_PER_MS
"""A picture that stands is put again so often: it is of now, and what is of now is not lost."""
SAME_NS = 100 * NS_PER_MS
"""What begins so near to where it began before goes on as it is."""
MOST_PIECES = 50
"""In one step; then the thread looks whether something else is wished."""
MOST_KEPT = 300
"""Pieces of sound for which a film's first picture is waited: 6 s."""
TAIL = np.zeros((2, AUDIO_CLOCK_RATE // 10), np.float32)
"""Behind the last sound of a file, so that nothing is made up in its place."""


class Show(Protocol):
    duration_ns: int
    """0 where that says nothing."""
    pages: int

    def follow(self, clip: Clip) -> None:
        """The same clip at another place, running or standing."""

    def step(self, now_ns: int) -> float:
        """Puts what is due soon; how long the next step may wait, seconds."""

    def close(self) -> None: ...


class Standing:
    """What stands still in the player's seat."""

    def __init__(self, source: PlayerSource) -> None:
        self._source = source
        self._frame: av.VideoFrame | None = None
        self._aspect = 1.0
        self._put_ns: int | None = None

    def set(self, frame: av.VideoFrame, aspect: float = 1.0) -> None:
        self._frame, self._aspect, self._put_ns = frame, aspect, None

    def beat(self, now_ns: int) -> None:
        late = self._put_ns is None or now_ns - self._put_ns >= BEAT_NS
        if self._frame is not None and late:
            self._put_ns = now_ns
            self._source.show(self._frame, now_ns, aspect=self._aspect)


class FilmShow:
    """`card`: what is seen of sound alone. `steady` (`clock.monotonic_of`) tells when a moment of
    the wall clock was."""

    pages = 0

    def __init__(
        self,
        film: Film,
        card: av.VideoFrame | None,
        source: PlayerSource,
        steady: Callable[[int], int],
        now_ns: Callable[[], int],
    ) -> None:
        self._film, self._source, self._steady, self._now_ns = film, source, steady, now_ns
        self._standing = Standing(source)
        self._card = card
        if card is not None:
            self._standing.set(card)
        self.duration_ns = film.duration_ns
        self._clip: Clip | None = None
        self._pieces: Iterator[Piece] = iter(())
        self._kept: deque[Piece] = deque()
        """Read, and not yet put."""
        self._cued_ns: int | None = None
        """Where it stands, all ready to run from there; None once it ran."""
        self._anchor_ns = 0
        """CLOCK_MONOTONIC at which the place 0 is, or was, or would have been, presented."""
        self._turns_ns = 0
        """The rounds of a loop before the one that is read."""
        self._last_ns = 0
        """The end of the last piece, in its round."""
        self._shown_ns = 0
        """When the last picture that was put is due."""
        self._ended = False

    def close(self) -> None:
        self._film.close()

    @property
    def _running(self) -> bool:
        return self._clip is not None and self._clip.started_at_ms is not None

    def follow(self, clip: Clip) -> None:
        last, self._clip = self._clip, clip
        place_ns = clip.position_ms * NS_PER_MS
        moved = last is None or (last.position_ms, last.started_at_ms) != (
            clip.position_ms,
            clip.started_at_ms,
        )
        if last is not None and last.position_ms == clip.position_ms:
            moved = moved and not self._only_told_anew(last, clip)
        if clip.started_at_ms is not None and moved:
            began_ns = self._steady(clip.started_at_ms * NS_PER_MS)
            self._anchor_ns = began_ns + LEAD_NS - place_ns
            # After a restart of the studio it began long ago.
            place_ns = max(place_ns, self._now_ns() - self._anchor_ns)
        elif self._running and self._ended and clip.loop:
            place_ns, moved = self._now_ns() - self._anchor_ns, True
        if moved and place_ns != self._cued_ns:
            self._cue(place_ns, loop=clip.loop)
        if self._running:
            self._cued_ns = None
            self._source.sound.run()

    def _only_told_anew(self, last: Clip, clip: Clip) -> bool:
        """The machine's clock was set: it began at the same moment, which has another time now."""
        if last.started_at_ms is None or clip.started_at_ms is None:
            return False
        began_ns = self._steady(clip.started_at_ms * NS_PER_MS)
        anchor_ns = began_ns + LEAD_NS - clip.position_ms * NS_PER_MS
        return abs(anchor_ns - self._anchor_ns) < SAME_NS

    def _cue(self, place_ns: int, *, loop: bool) -> None:
        """Shows what is there, and makes ready to go on."""
        self._source.rewind()
        self._ended, self._turns_ns, at_ns = False, 0, place_ns
        if self.duration_ns:
            turns, within_ns = divmod(place_ns, self.duration_ns)
            self._turns_ns = turns * self.duration_ns if loop else 0
            at_ns = within_ns if loop else min(place_ns, self.duration_ns)
        self._read_from(at_ns)
        self._cued_ns = place_ns

    def _read_from(self, at_ns: int) -> None:
        """Up to where it is to begin; the picture that is there may stand for long."""
        self._pieces = self._film.from_(at_ns)
        self._kept.clear()
        shown: Piece | None = None
        for piece in self._pieces:
            if piece.picture is not None and (shown is None or piece.at_ns <= at_ns):
                shown = piece
            elif piece.picture is not None or _end_ns(piece) > at_ns:
                self._kept.append(piece)
            known = shown is not None or not self._film.has_pictures
            if (known and piece.at_ns >= at_ns) or len(self._kept) == MOST_KEPT:
                break
        if shown is not None and shown.picture is not None:
            self._standing.set(shown.picture, shown.aspect)
            if shown.at_ns > at_ns:
                self._kept.append(shown)
            else:
                self._kept.appendleft(replace(shown, at_ns=at_ns))

    def step(self, now_ns: int) -> float:
        self._source.picture.received_ns = now_ns
        if self._card is not None or not self._running or self._ended:
            self._standing.beat(now_ns)
        if not self._running or self._ended:
            return BEAT_NS / 2 / NS_PER_S
        for piece in islice(self._coming(), MOST_PIECES):
            due_ns = self._anchor_ns + self._turns_ns + piece.at_ns
            if due_ns > now_ns + AHEAD_NS:
                self._kept.appendleft(piece)
                return min(0.1, (due_ns - now_ns - AHEAD_NS) / NS_PER_S)
            self._put(piece, due_ns, now_ns)
            self._film.keep_up(self._now_ns() - due_ns)
        return 0.0

    def _coming(self) -> Iterator[Piece]:
        """What is kept, what is read, and at the end all of it again."""
        while not self._ended:
            if self._kept:
                yield self._kept.popleft()
            elif (piece := next(self._pieces, None)) is not None:
                yield piece
            else:
                self._turn()

    def _turn(self) -> None:
        round_ns = max(self.duration_ns, self._last_ns)
        # A round that gave nothing will give nothing again.
        if self._clip is not None and self._clip.loop and self._last_ns:
            self._turns_ns += round_ns
            self._last_ns = 0
            self._read_from(0)
            return
        self._source.sound.put(self._anchor_ns + self._turns_ns + self._last_ns, TAIL)
        self._ended = True

    def _put(self, piece: Piece, due_ns: int, now_ns: int) -> None:
        if piece.picture is not None:
            if not 0 < due_ns - self._shown_ns < LEAST_APART_NS:
                self._shown_ns = due_ns
                self._standing.set(piece.picture, piece.aspect)
                self._source.show(piece.picture, due_ns, now_ns, piece.aspect)
            self._last_ns = max(self._last_ns, piece.at_ns + 1)
        elif piece.sound is not None:
            self._source.sound.put(due_ns, piece.sound)
            self._last_ns = max(self._last_ns, _end_ns(piece))


class SlideShow:
    duration_ns = 0

    def __init__(self, slides: Slides, source: PlayerSource) -> None:
        self._slides, self._standing = slides, Standing(source)
        self.pages = slides.pages
        self._page = 0

    def close(self) -> None:
        self._slides.close()

    def follow(self, clip: Clip) -> None:
        """Raises `UnplayableError`."""
        if clip.page != self._page:
            self._page = clip.page
            self._standing.set(self._slides.page(clip.page))

    def step(self, now_ns: int) -> float:
        self._standing.beat(now_ns)
        return BEAT_NS / 2 / NS_PER_S


class Countdown:
    """`draw` gives the card for what the clock reads; `steady` as for a film."""

    pages = 0

    def __init__(
        self,
        source: PlayerSource,
        steady: Callable[[int], int],
        draw: Callable[[str], av.VideoFrame],
    ) -> None:
        self._steady, self._draw, self._standing = steady, draw, Standing(source)
        self._clip: Clip | None = None
        self._began_ns = 0
        self._reading = ""
        self.duration_ns = 0

    def close(self) -> None:
        pass

    def follow(self, clip: Clip) -> None:
        last, self._clip, self.duration_ns = self._clip, clip, clip.duration_ms * NS_PER_MS
        moved = last is None or last.started_at_ms != clip.started_at_ms
        if clip.started_at_ms is not None and moved:
            self._began_ns = self._steady(clip.started_at_ms * NS_PER_MS)

    def step(self, now_ns: int) -> float:
        left_ns = self._left_ns(now_ns)
        if (reading := clock_text(left_ns)) != self._reading:
            self._reading = reading
            self._standing.set(self._draw(reading))
        self._standing.beat(now_ns)
        if left_ns == 0 or not self._running:
            return BEAT_NS / 2 / NS_PER_S
        # To the next second; a moment after it, so that it has come.
        return min(BEAT_NS, left_ns % NS_PER_S + NS_PER_MS) / NS_PER_S

    @property
    def _running(self) -> bool:
        return self._clip is not None and self._clip.started_at_ms is not None

    def _left_ns(self, now_ns: int) -> int:
        clip = self._clip
        if clip is None:
            return 0
        ran_ns = clip.position_ms * NS_PER_MS
        if clip.started_at_ms is not None:
            ran_ns += now_ns - self._began_ns
        return max(0, self.duration_ns - ran_ns)


def _end_ns(piece: Piece) -> int:
    samples = 0 if piece.sound is None else piece.sound.shape[1]
    return piece.at_ns + samples * NS_PER_S // AUDIO_CLOCK_RATE


def clock_text(left_ns: int) -> str:
    """A second is shown until it is over: the whole time at first, 00:00 at the end."""
    minutes, seconds = divmod(-(-left_ns // NS_PER_S), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"
