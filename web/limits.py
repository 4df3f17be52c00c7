"""How often somebody may try: pure, the time is an argument.

A clock that is set back keeps nobody out: what would lie in the future is forgotten.
"""

import ipaddress
from collections import OrderedDict, deque

MAX_KEYS = 10_000
"""Whoever was quiet longest is forgotten first: an attacker with many addresses costs 2 MB of each
`Bucket`, and of a `Limiter` 40 bytes for each try that it remembers."""


def network(address: str) -> str:
    """To count by: an IPv4 address, or the /64 that one IPv6 subscriber has (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False))


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
        while seen and not now_ms - self._window_ms < seen[0] <= now_ms:
            seen.popleft()
        return seen


class Bucket:
    """`times` at once, and then as many in each `window_ms`, evenly: one number for each key,
    however many `times` are (the generic cell rate algorithm, ITU-T I.371)."""

    def __init__(self, times: int, window_ms: int) -> None:
        self._each_ms = window_ms / times
        self._window_ms = window_ms
        self._full_at_ms: OrderedDict[str, float] = OrderedDict()
        """When all `times` are there again."""

    def take(self, key: str, now_ms: int) -> int:
        """Counts one try and gives 0; or how long until the next is allowed, and counts none."""
        known_ms = self._full_at_ms.get(key, 0)
        begun = now_ms < known_ms <= now_ms + self._window_ms
        full_at_ms = (known_ms if begun else now_ms) + self._each_ms
        wait_ms = full_at_ms - now_ms - self._window_ms
        if wait_ms > 0:
            return max(1, round(wait_ms))
        self._full_at_ms[key] = full_at_ms
        self._full_at_ms.move_to_end(key)
        if len(self._full_at_ms) > MAX_KEYS:
            self._full_at_ms.popitem(last=False)
        return 0


class Backoff:
    """For each key, `free` tries; then each next must wait twice as long as the one before, from
    `first_ms` to `most_ms`. Whoever was quiet for `most_ms` beyond his wait starts anew."""

    def __init__(self, free: int, first_ms: int, most_ms: int) -> None:
        self._free = free
        self._first_ms = first_ms
        self._most_ms = most_ms
        self._seen: OrderedDict[str, tuple[int, int]] = OrderedDict()
        """How many tries, and when the next is allowed."""

    def wait_ms(self, key: str, now_ms: int) -> int:
        """How long until the next try is allowed; 0 means now."""
        return max(0, self._recent(key, now_ms)[1] - now_ms)

    def count(self, key: str, now_ms: int) -> None:
        """Remembers one try."""
        tries = self._recent(key, now_ms)[0] + 1
        doublings = min(tries - self._free, 32)
        delay_ms = min(self._most_ms, self._first_ms << doublings) if doublings >= 0 else 0
        self._seen[key] = tries, now_ms + delay_ms
        self._seen.move_to_end(key)
        if len(self._seen) > MAX_KEYS:
            self._seen.popitem(last=False)

    def forget(self, key: str) -> None:
        """After a success."""
        self._seen.pop(key, None)

    def _recent(self, key: str, now_ms: int) -> tuple[int, int]:
        tries, next_ms = self._seen.get(key, (0, 0))
        lately = -self._most_ms <= now_ms - next_ms < self._most_ms
        return (tries, next_ms) if lately else (0, 0)
