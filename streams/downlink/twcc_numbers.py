"""One viewer's transport-wide numbers: of what goes to him alone, and of what goes to all who are
in the same groups, which is written down once for all of them. Pure.
"""

from collections import deque

from streams.bandwidth.congestion import MAX_RUNS, SentRun


class Log:
    """What left for those who are in the same groups. Each one's transport-wide numbers are these
    and a shift of his own; he reads it when he is told of some."""

    def __init__(self) -> None:
        self.number = 0
        """The next."""
        self.runs: deque[SentRun] = deque(maxlen=MAX_RUNS)


class Numbers:
    def __init__(self, runs: deque[SentRun]) -> None:
        """`runs`: is told of all that went to him, in order (`Steering.runs`)."""
        self._runs = runs
        self.log: Log | None = None
        """Of all the groups in which he is."""
        self.shift = 0
        """From its numbers to his own, which do not wrap. It grows where something goes to him
        alone."""
        self._next = self._read = 0
        """His next number, and up to which one of the log's that is true."""

    def follow(self, log: Log | None) -> None:
        """He is in other groups than before, or in none."""
        self.catch_up()
        self.log = log
        if log is not None:
            self._read = log.number
            self.shift = self._next - log.number

    def catch_up(self) -> None:
        """Reads what left for him in groups, which nobody told him at the time."""
        log, read, shift = self.log, self._read, self.shift
        if log is None or log.number == read:
            return
        fresh = []
        for first, end, octets, sent_ns in reversed(log.runs):
            if end <= read:
                break
            fresh.append((first + shift, end + shift, octets, sent_ns))
        fresh.reverse()
        self._runs.extend(fresh)
        self._read = log.number
        self._next = log.number + shift

    def take(self) -> int:
        """The next, for a packet that goes to him alone; `note` it, and tell his groups."""
        self.catch_up()
        self._next += 1
        self.shift += 1
        return self._next - 1

    def note(self, count: int, octets: int, now_ns: int) -> None:
        """The packets that got the last so many numbers leave now."""
        self._runs.append((self._next - count, self._next, octets, now_ns))
