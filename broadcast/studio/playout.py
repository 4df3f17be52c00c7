"""When a site's sound and picture are presented: one offset for both. Pure; times are arguments.

Every stream's media time (its pts) has an arbitrary zero. The fastest arrivals of the last seconds
tell where that zero lies on our clock; the slower ones tell how long to wait. Where the site has
told its capture times (RTCP sender reports), sound and picture are lined up by them; before that,
as if both had travelled equally long. Whichever needs longer makes the other wait.

The minimum over a sliding window also follows the drift between the site's clock and ours.
"""

from collections import deque

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000

MIN_DELAY_NS = 100 * NS_PER_MS
MAX_DELAY_NS = 250 * NS_PER_MS
MARGIN_NS = 40 * NS_PER_MS
"""Above the lateness seen: two Opus packets."""

MAX_HOLD_NS = 400 * NS_PER_MS
"""No sound or picture waits longer for the other; capture times further apart are a fault."""

WINDOW_S = 8
LATENESS_KEPT = 128


class Transit:
    """How one stream travels: `base_ns` maps its media time to its earliest arrival."""

    def __init__(self) -> None:
        self._minima: deque[tuple[int, int]] = deque()
        """(second, least transit in it), oldest first."""
        self._transits: deque[int] = deque(maxlen=LATENESS_KEPT)
        self.base_ns: int | None = None
        self.captured_shift_ns: int | None = None
        """Capture time minus media time."""
        self._media_ns = 0

    def add(self, media_ns: int, captured_ns: int | None, received_ns: int) -> None:
        if self.base_ns is not None and abs(media_ns - self._media_ns) > WINDOW_S * NS_PER_S:
            self._restart()
        self._media_ns = media_ns
        if captured_ns is not None:
            self.captured_shift_ns = captured_ns - media_ns
        transit, second = received_ns - media_ns, received_ns // NS_PER_S
        self._transits.append(transit)
        if not self._minima or self._minima[-1][0] != second:
            self._minima.append((second, transit))
            while self._minima[0][0] < second - WINDOW_S:
                self._minima.popleft()
        elif transit < self._minima[-1][1]:
            self._minima[-1] = (second, transit)
        self.base_ns = min(transit for _, transit in self._minima)

    def _restart(self) -> None:
        """The site began a new stream: the old media time says nothing any more."""
        self._minima.clear()
        self._transits.clear()
        self.base_ns = self.captured_shift_ns = None

    @property
    def fresh(self) -> bool:
        """Only one frame is known of it."""
        return len(self._transits) == 1

    def delay_ns(self) -> int:
        """How long to wait so that 19 of 20 frames come in time."""
        if self.base_ns is None:
            return MIN_DELAY_NS
        late = sorted(self._transits)[len(self._transits) * 19 // 20] - self.base_ns
        return max(MIN_DELAY_NS, min(MAX_DELAY_NS, late + MARGIN_NS))


class Playout:
    """Presentation time (CLOCK_MONOTONIC) = media time + offset, for each of a site's streams.

    `retarget` is called about once a second by one thread; the offsets may be read by others.
    """

    def __init__(self) -> None:
        self.sound = Transit()
        self.picture = Transit()
        self.sound_target_ns: int | None = None
        """Where the sound ought to be; it gets there slowly, see `sound_error_ns`."""
        self._picture_target_ns: int | None = None
        self.sound_error_ns = 0
        """What the sound in fact is off its target; written by the mixing thread."""

    @property
    def picture_offset_ns(self) -> int | None:
        """The picture follows where the sound really is: lip sync holds while it slews."""
        if self._picture_target_ns is None:
            return None
        return self._picture_target_ns + self.sound_error_ns

    def restart(self) -> None:
        """The site's streams ended; what comes next has media times of its own."""
        self.sound, self.picture = Transit(), Transit()

    def retarget(self) -> None:
        """Offsets from what has arrived; a stream of which nothing is known keeps its last."""
        sound, picture = _need(self.sound), _need(self.picture)
        if sound is None or picture is None:
            self.sound_target_ns = self.sound_target_ns if sound is None else sound
            self._picture_target_ns = self._picture_target_ns if picture is None else picture
            return
        skew = self._skew(sound, picture)
        # `skew` > 0: the picture needs that much longer than the sound.
        self.sound_target_ns = sound + max(0, skew)
        self._picture_target_ns = picture + max(0, -skew)

    def _skew(self, sound_ns: int, picture_ns: int) -> int:
        s, p = self.sound, self.picture
        if s.captured_shift_ns is not None and p.captured_shift_ns is not None:
            skew = (picture_ns - p.captured_shift_ns) - (sound_ns - s.captured_shift_ns)
            if abs(skew) <= MAX_HOLD_NS - MAX_DELAY_NS:
                return skew
        return p.delay_ns() - s.delay_ns()


def _need(transit: Transit) -> int | None:
    return None if transit.base_ns is None else transit.base_ns + transit.delay_ns()
