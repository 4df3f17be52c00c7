"""The sites as the studio knows them, and the pool that decodes their pictures."""

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection

from broadcast.program import TRANSITION_MS
from broadcast.studio.picturetrack import PictureTrack
from broadcast.studio.playout import Playout
from broadcast.studio.soundtrack import SoundTrack
from streams.frames import NS_PER_MS, NS_PER_S, EncodedFrame, SiteId

LARGE_DECODED = 4
"""Standby sites that send large pictures and are decoded whole all the same (0.04 of a core each
at 720p); the rest by their keyframes."""

HELP_AT = 3
HELP_AFTER_NS = 3 * NS_PER_S // 1000
"""When so many tracks wait for the worker, or one while he has been so long at another, a helper
comes. Two that follow each other cost a twentieth less than two at once on cold caches."""

CLOCKED_PIXELS_PER_S = 2 * 1920 * 1080 * 25
"""So much of what is on the picture the frame clock decodes itself: a fifth of its time. To wake a
worker for each costs a seventh more, and no picture is seen before a tick anyway. Where there is
more on the picture, all of it is decoded as it comes, beside the clock."""

LEAVING_NS = (TRANSITION_MS[1] + 500) * NS_PER_MS
"""The longest transition, and some."""

FORGOTTEN_NS = 600 * NS_PER_S
"""A site that sent nothing for so long is over, and costs nothing any more: a server runs for
months, with other sites at each session. Who returns later begins as a newcomer does."""

HELD_UP_NS, CAUGHT_UP_NS = NS_PER_S // 4, 60 * NS_PER_MS
"""A frame that was so long on this machine was held up by it, and so are those after it until one
comes as soon as that. To wait longer with all that follow would make up for no such stall."""


def media_ns(frame: EncodedFrame) -> int:
    return frame.pts * NS_PER_S // frame.codec.clock_rate


class Source:
    """One site."""

    def __init__(self, site: SiteId, ask_keyframe: Callable[[SiteId], None]) -> None:
        self.site = site
        self.playout = Playout()
        self.sound = SoundTrack(self.playout)
        self.picture = PictureTrack(self.playout, lambda: ask_keyframe(site))
        self.heard_ns = 0
        """When the newest of it came in."""
        self._held_up = False

    def offer(self, frame: EncodedFrame, now_ns: int) -> bool:
        """On the loop, or a camera's thread. True if the picture's worker should look."""
        bound_ns = CAUGHT_UP_NS if self._held_up else HELD_UP_NS
        self._held_up = now_ns - frame.received_ns > bound_ns
        # Who is neither seen nor heard is read when the relay has time, which is no jitter of his.
        awaited = (self.picture.wanted or self.sound.fader.open) and not self._held_up
        here_ns = now_ns if awaited else frame.received_ns
        video, self.heard_ns = frame.codec.is_video, frame.received_ns
        self.playout.add(media_ns(frame), frame.captured_ns, here_ns, video=video)
        if video:
            return self.picture.offer(frame, now_ns)
        self.sound.offer(frame)
        return False

    @property
    def dropped(self) -> Counter[str]:
        """What its decoders did not keep up with."""
        return Counter(pictures=self.picture.dropped, sound=self.sound.dropped)


class Sources:
    """All sites that send, or did lately; who decodes their pictures, and his helper."""

    def __init__(
        self,
        ask_keyframe: Callable[[SiteId], None],
        fps: int = 25,
        cameras: Collection[SiteId] = (),
    ) -> None:
        """`fps`: of the frame clock. `cameras`: the sites that are no browsers."""
        self._ask_keyframe, self._cameras = ask_keyframe, frozenset(cameras)
        self._clocked_pixels = CLOCKED_PIXELS_PER_S // fps
        self._sources: dict[SiteId, Source] = {}
        self._adopted: set[SiteId] = set()
        self._lost = Counter(pictures=0, sound=0)
        """What those dropped who are forgotten."""
        self._wanted: frozenset[SiteId] = frozenset()
        self._seen: frozenset[SiteId] = frozenset()
        self._left: dict[SiteId, int] = {}
        """When those left the program that a transition may still show."""
        # Bounded by the number of sites: a track is in it once, or not at all (`announced`).
        self._jobs: queue.SimpleQueue[PictureTrack | None] = queue.SimpleQueue()
        self._began_ns: int | None = None
        """When the worker took his present job; None: he has none."""
        self._help = threading.Event()
        self._closing = False
        self._workers = (
            threading.Thread(target=self._work, name="decode-0"),
            threading.Thread(target=self._assist, name="decode-1"),
        )

    def start(self) -> None:
        for worker in self._workers:
            worker.start()

    def close(self) -> None:
        self._closing = True
        self._jobs.put(None)
        self._help.set()
        for worker in self._workers:
            worker.join()

    def offer(self, frame: EncodedFrame) -> None:
        """On the loop, or on a camera's thread: always the same for one site."""
        source = self._sources.get(frame.source)
        if source is None:
            source = self._sources[frame.source] = Source(frame.source, self._ask_keyframe)
            source.picture.wanted = frame.source in self._wanted
            source.picture.as_television = frame.source in self._cameras
        now_ns = time.monotonic_ns()
        if source.offer(frame, now_ns):
            self._jobs.put(source.picture)
        waiting, began_ns = self._jobs.qsize(), self._began_ns
        long = began_ns is not None and now_ns - began_ns > HELP_AFTER_NS
        if waiting >= HELP_AT or (waiting and long):
            self._help.set()

    def adopt(self, source: Source) -> None:
        """One that decodes by itself, and stays; before `start`."""
        self._sources[source.site] = source
        self._adopted.add(source.site)

    def gone(self, site: SiteId) -> None:
        """The site left; its last picture stays until it counts as lost."""
        if (source := self._sources.get(site)) is not None:
            source.playout.restart()
            source.picture.restart()
            source.sound.received_ns = 0

    def forget(self, now_ns: int) -> list[SiteId]:
        """Those that are over; on the loop."""
        over = [
            source
            for source in self.all()
            if source.site not in self._adopted and now_ns - source.heard_ns > FORGOTTEN_NS
        ]
        for source in over:
            del self._sources[source.site]
            self._lost.update(source.dropped)
        return [source.site for source in over]

    @property
    def dropped(self) -> Counter[str]:
        """Frames of pictures and packets of sound that were not kept up with, since the start."""
        dropped = Counter(self._lost)
        for source in self.all():
            dropped.update(source.dropped)
        return dropped

    def get(self, site: SiteId) -> Source | None:
        return self._sources.get(site)

    def all(self) -> list[Source]:
        return list(self._sources.values())

    def want(self, sites: frozenset[SiteId], seen: frozenset[SiteId] = frozenset()) -> None:
        """Sites whose every picture is needed: on program or preview; `seen`: on program. Those
        that leave it are needed a little longer."""
        self._left |= dict.fromkeys(self._seen - seen, time.monotonic_ns())
        self._wanted, self._seen = sites, seen
        self.share()

    def share(self) -> None:
        """Says who decodes what is on the picture, and which of the large standby sites are decoded
        whole; call it once in a while."""
        now_ns = time.monotonic_ns()
        self._left = {site: at for site, at in self._left.items() if now_ns - at < LEAVING_NS}
        for source in self.all():
            source.picture.wanted = source.site in self._wanted or source.site in self._left
        seen = [source.picture for source in self.all() if source.site in self._seen]
        few = sum(picture.pixels for picture in seen) <= self._clocked_pixels
        for source in self.all():
            picture = source.picture
            was, picture.clocked = picture.clocked, few and source.site in self._seen
            if was and not picture.clocked and picture.announce():
                self._jobs.put(picture)
        large = [s.picture for s in self.all() if s.picture.large and not s.picture.wanted]
        for number, picture in enumerate(large):
            picture.spared = number < LARGE_DECODED

    def _work(self) -> None:
        while (track := self._jobs.get()) is not None:
            self._began_ns = time.monotonic_ns()
            track.decode()
            self._began_ns = None

    def _assist(self) -> None:
        while self._help.wait() and not self._closing:
            self._help.clear()
            while (track := self._waiting_job()) is not None:
                track.decode()

    def _waiting_job(self) -> PictureTrack | None:
        try:
            track = self._jobs.get_nowait()
        except queue.Empty:
            return None
        if track is None:
            self._jobs.put(None)  # which is meant for the worker
        return track
