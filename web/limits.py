"""How often somebody may try: pure, the time is an argument."""

from collections import OrderedDict, deque

MAX_KEYS = 10_000
"""Whoever was quiet longest is forgotten first: an attacker with many addresses costs 1 MB."""


class Limiter:
    """At most `times` per `window_ms` for each key."""

    def __init__(self, times: int, window_ms: int) -> None:
        self._times = times
        self._window_ms = window_ms
        self._seen: OrderedDict[str, deque[int]] = OrderedDict()

    def wait_ms(self, key: str, now_ms: int) -> int:
        """How long until the next try is allowed; 0 means now."""
        seen = self._recent(key, now_ms)
        return 0 if len(seen) < self._times else seen[0] + self._window_ms - now_ms

    def count(self, key: str, now_ms: int) -> None:
        """Remembers one try."""
        seen = self._recent(key, now_ms)
        seen.append(now_ms)
        self._seen[key] = seen
        self._seen.move_to_end(key)
        if len(self._seen) > MAX_KEYS:
            self._seen.popitem(last=False)

    def forget(self, key: str) -> None:
        """After a success."""
        self._seen.pop(key, None)

    def _recent(self, key: str, now_ms: int) -> deque[int]:
        seen = self._seen.get(key) or deque(maxlen=self._times)
        while seen and seen[0] <= now_ms - self._window_ms:
            seen.popleft()
        return seen
