"""What went to one viewer, and when, by his transport-wide numbers: to him alone, and to all who
are in the same groups, which is written down once for all of them. Pure.
"""

from collections import deque

from streams.frames import NS_PER_MS

MAX_RUNS = 4000
"""Runs not told of yet, over 30 s of them. Policy: the oldest goes."""
PAUSE_NS = 200 * NS_PER_MS
"""Without a packet for so long nothing was to be sent; pictures and sound come closer together."""

SentRun = tuple[int, int, int, int]
"""Of transport-wide numbers that went out at once: the first, the one after the last, their octets,
and when. The numbers do not wrap. A plain tuple: of nothing else are so many made."""


class Log:
    """What left for those who are in the same groups. Each one's transport-wide numbers are these
    and a shift of his own; he reads it when he is told of some."""

    def __init__(self) -> None:
        self.number = self.octets = 0
        """The next; and of all before, with what IP and UDP add."""
        self.last_ns = self.since_ns = -PAUSE_NS
        """When the last packet left, and the first after a pause."""
        self.runs: deque[SentRun] = deque(maxlen=MAX_RUNS)
        """Those that nobody told of yet."""
        self._untold = 0
        """Octets since the last of them that have no numbers."""

    def note(self, count: int, octets: int, now_ns: int) -> None:
        """The packets of the next so many numbers leave now; 0: some without, of which nobody will
        be told. They are counted with the next that have some."""
        self.octets += octets
        if not count:
            self._untold += octets
            return
        if self._untold:
            octets += self._untold
            self._untold = 0
        first = self.number
        self.number = end = first + count
        if now_ns - self.last_ns >= PAUSE_NS:
            self.since_ns = now_ns
        self.last_ns = now_ns
        self.runs.append((first, end, octets, now_ns))

    def disregard(self, sent_ns: int) -> None:
        """Runs of that time did not leave then: nobody is told of them."""
        while self.runs and self.runs[-1][3] == sent_ns:
            self.runs.pop()


class Sent(Log):
    """What one viewer got. Of what he got with others only sums are taken at first; its runs are
    read when he tells what came of them, and those that he passed over never are."""

    def __init__(self) -> None:
        super().__init__()
        self.log: Log | None = None
        """Of all the groups in which he is."""
        self.shift = 0
        """From its numbers to his own. It grows where something goes to him alone."""
        self._counted_octets = self._read = 0
        """Of the log's: up to where its sums are in these ones, and its runs in his."""

    def follow(self, log: Log | None) -> None:
        """He is in other groups than before, or in none."""
        self._take_in()
        self.log = log
        if log is not None:
            self._read = log.number
            self._counted_octets = log.octets
            self.shift = self.number - log.number

    def catch_up(self) -> None:
        """Counts what left for him in groups, which nobody told him at the time."""
        log = self.log
        if log is None or log.octets == self._counted_octets:
            return
        self.number = log.number + self.shift
        self.octets += log.octets - self._counted_octets
        self._counted_octets = log.octets
        if log.since_ns - self.last_ns >= PAUSE_NS:
            self.since_ns = log.since_ns
        self.last_ns = max(self.last_ns, log.last_ns)

    def _take_in(self, since: int = 0) -> None:
        """The runs of what he got with others; of `since` at the earliest, in his numbers."""
        log, shift = self.log, self.shift
        if log is None or log.number == self._read:
            return
        self.catch_up()
        fresh, read = list[SentRun](), max(self._read, since - shift)
        for first, end, octets, sent_ns in reversed(log.runs):
            if end <= read:
                break
            fresh.append((first + shift, end + shift, octets, sent_ns))
        fresh.reverse()
        if fresh and self._untold:
            first, end, octets, sent_ns = fresh[0]
            fresh[0] = first, end, octets + self._untold, sent_ns
            self._untold = 0
        self.runs.extend(fresh)
        self._read = log.number

    def since(self, number: int) -> deque[SentRun]:
        """The runs from that number on, and perhaps some before. Who was told of one takes it out.
        Of what went before and was not asked for nothing is known any more."""
        self._take_in(number)
        return self.runs

    def take(self) -> int:
        """The next number, for a packet that goes to him alone; `note` it, and tell his groups."""
        self._take_in()
        self.number += 1
        self.shift += 1
        return self.number - 1

    def note_taken(self, count: int, octets: int, now_ns: int) -> None:
        """The packets that got the last so many numbers leave now."""
        self.number -= count
        self.note(count, octets, now_ns)

    def disregard(self, sent_ns: int) -> None:
        """As of the groups' log, whose others say the same."""
        self.catch_up()
        super().disregard(sent_ns)
        if self.log is not None:
            self.log.disregard(sent_ns)
