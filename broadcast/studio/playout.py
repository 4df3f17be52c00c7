"""When a site's sound and picture are presented: one offset for both. Pure; times are arguments.

Every stream's media time (its pts) has an arbitrary zero. How much later than that its frames come
in tells when each can be presented: a little after all but the latest few of them. This grows at
once when frames come later and shrinks slowly when they come in time again. Where the site has
told its capture times (RTCP sender reports), sound and picture are lined up by them; before that,
as if both had travelled equally long. Whichever needs longer makes the other wait.
"""

from collections import deque
from heapq import nlargest

from streams.frames import NS_PER_MS, NS_PER_S

MIN_DELAY_NS = 20 * NS_PER_MS
MAX_DELAY_NS = 400 * NS_PER_MS
"""After the earliest arrivals. No sound waits longer than that, not even for its picture."""

MARGIN_NS, MOST_MARGIN_NS = 15 * NS_PER_MS, 25 * NS_PER_MS
"""Above the lateness seen: what this machine may be late by, and where a line trembles by more than
5 ms that much more. What comes late there comes later still now and then."""

WORK_STEP_NS = 2 * NS_PER_MS
MAX_WORK_NS = 100 * NS_PER_MS

YOUNG_MARGIN_NS = 40 * NS_PER_MS
"""Above the lateness seen while little has been seen."""

KEPT, OUTLIERS = (100, 50), (2, 1)
"""Of sound and of pictures. The latest two of the last hundred packets are not waited for, nor the
latest of fifty pictures: those of two seconds, for both."""

SHRINK_PER_S, CALM_SHRINK_PER_S = 50, 16
"""The delay shrinks by a fiftieth of the time, 20 ms each second; by a sixteenth once half of it
was not needed for `CALM_NS`. Stalls that come again are waited for, and one that was the only one
is soon made up for."""

CALM_NS = 2 * NS_PER_S

SETTLE_NS = 100 * NS_PER_MS
WINDOW_S = 2
"""What stays late for longer is no jitter but a longer way."""

NEW_STREAM_NS = 8 * NS_PER_S
MAX_APART_NS = 400 * NS_PER_MS
"""Capture times that say that sound and picture travelled more unequally are a fault."""


class Transit:
    """How one stream travels, and by it the offset from its media time to its presentation."""

    def __init__(self, *, video: bool = False) -> None:
        self._kept, self._outliers = KEPT[video], OUTLIERS[video]
        self.work_ns = 0
        """How long decoding takes but for one frame in twenty."""
        self._restart()

    def _restart(self) -> None:
        self._minima: deque[tuple[int, int]] = deque()
        """(second, least transit in it), oldest first."""
        self._transits: deque[int] = deque(maxlen=self._kept)
        self._seen = 0
        self._settled_ns = self._needed_ns = 0
        self._media_ns = 0
        self.base_ns = 0
        """From media time to the earliest arrival."""
        self.offset_ns: int | None = None
        """From media time to presentation; None before the first frame."""
        self.captured_shift_ns: int | None = None
        """Capture time minus media time."""

    def add(self, media_ns: int, captured_ns: int | None, here_ns: int) -> bool:
        """A frame that could be presented from `here_ns` on. True if its offset is new."""
        if self._seen and abs(media_ns - self._media_ns) > NEW_STREAM_NS:
            self._restart()  # the old media time says nothing any more
        self._media_ns = media_ns
        self._seen += 1
        if captured_ns is not None:
            self.captured_shift_ns = captured_ns - media_ns
        transit = here_ns - media_ns
        self._transits.append(transit)
        self._note_least(transit, here_ns // NS_PER_S)
        late = self.offset_ns is None or transit + MARGIN_NS > self.offset_ns
        within = not late and self.delay_ns <= MAX_DELAY_NS
        if within and here_ns - self._settled_ns < SETTLE_NS:
            return False
        self._settle(here_ns)
        return True

    def _note_least(self, transit: int, second: int) -> None:
        if not self._minima or self._minima[-1][0] != second:
            self._minima.append((second, transit))
            while self._minima[0][0] < second - WINDOW_S:
                self._minima.popleft()
        elif transit < self._minima[-1][1]:
            self._minima[-1] = (second, transit)
        else:
            return
        self.base_ns = min(least for _, least in self._minima)

    def _settle(self, now_ns: int) -> None:
        latest = nlargest(self._outliers + 1, self._transits)[-1]
        trembling_ns = latest - self.base_ns - 5 * NS_PER_MS
        # So long nothing is remembered of what a start brought with it.
        young = self._seen < self._kept * 3 // 2
        margin = min(max(MARGIN_NS, MARGIN_NS + trembling_ns), MOST_MARGIN_NS)
        offset = latest + self.work_ns + (YOUNG_MARGIN_NS if young else margin)
        if self.offset_ns is not None and not young:
            least = self.base_ns + MIN_DELAY_NS
            if offset - least > (self.offset_ns - least) // 2:
                self._needed_ns = now_ns
            calm = now_ns - self._needed_ns > CALM_NS
            elapsed_ns = max(0, now_ns - self._settled_ns)
            shrunk_ns = elapsed_ns // (CALM_SHRINK_PER_S if calm else SHRINK_PER_S)
            offset = max(offset, self.offset_ns - shrunk_ns)
        self.offset_ns = max(self.base_ns + MIN_DELAY_NS, min(self.base_ns + MAX_DELAY_NS, offset))
        self._settled_ns = now_ns

    def note_work(self, took_ns: int) -> None:
        """Once for each frame that was decoded, by any thread: counts from the next frame on."""
        step = WORK_STEP_NS if took_ns > self.work_ns else -WORK_STEP_NS // 19
        self.work_ns = max(0, min(MAX_WORK_NS, self.work_ns + step))

    @property
    def delay_ns(self) -> int:
        """How long the earliest frames wait."""
        return 0 if self.offset_ns is None else self.offset_ns - self.base_ns


class Playout:
    """Presentation time (CLOCK_MONOTONIC) = media time + offset, for each of a site's streams.

    `add` is called by one thread; the offsets may be read by others.
    """

    def __init__(self) -> None:
        self.restart()
        self.sound_target_ns: int | None = None
        """Where the sound ought to be; it gets there slowly, see `sound_error_ns`."""
        self._picture_target_ns: int | None = None
        self.sound_error_ns = 0
        """What the sound in fact is off its target; written by the mixing thread."""
        self.sound_later_ns = 0
        """Beside the picture than capture times say, which know nothing of what is between a site's
        devices and its browser; written by the mixing thread."""

    @property
    def picture_offset_ns(self) -> int | None:
        """The picture follows where the sound really is: lip sync holds while it slews."""
        if self._picture_target_ns is None:
            return None
        return self._picture_target_ns + self.sound_error_ns

    def fix(self, offset_ns: int) -> None:
        """For streams whose media time tells already when they are presented."""
        self.sound_target_ns = self._picture_target_ns = offset_ns

    def restart(self) -> None:
        """The site's streams ended; what comes next has media times of its own."""
        self.sound, self.picture = Transit(), Transit(video=True)

    def add(self, media_ns: int, captured_ns: int | None, here_ns: int, *, video: bool) -> None:
        """A frame of either stream that is here, and whole, since `here_ns`."""
        if (self.picture if video else self.sound).add(media_ns, captured_ns, here_ns):
            self._retarget()

    def _retarget(self) -> None:
        """A stream of which nothing is known keeps its last offset."""
        sound, picture = self.sound.offset_ns, self.picture.offset_ns
        if sound is None or picture is None:
            self.sound_target_ns = self.sound_target_ns if sound is None else sound
            self._picture_target_ns = self._picture_target_ns if picture is None else picture
            return
        skew = self._skew(self.sound, self.picture) + self.sound_later_ns
        # `skew` > 0: the picture needs that much longer than the sound, which waits for it as long
        # as it may; pictures that are later still are shown as they come.
        hold = max(0, min(skew, MAX_DELAY_NS - self.sound.delay_ns))
        self.sound_target_ns = sound + hold
        self._picture_target_ns = picture + hold - skew

    @staticmethod
    def _skew(sound: Transit, picture: Transit) -> int:
        longer = picture.delay_ns - sound.delay_ns
        if sound.captured_shift_ns is not None and picture.captured_shift_ns is not None:
            apart = (picture.base_ns - picture.captured_shift_ns) - (
                sound.base_ns - sound.captured_shift_ns
            )
            if abs(apart) <= MAX_APART_NS:
                return longer + apart
        return longer
