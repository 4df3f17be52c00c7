"""Where a Vietnamese text breaks into lines so that it reads well. Pure.

Words here are syllables, as Vietnamese writes them: a name is several, each with a capital.
"""

from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise
from math import inf

_DASHES = frozenset("-–—")
_PAUSES = ",;:.–—-"
_PAUSE_BONUS = 0.1
_TORN_NAME = 0.25
_TORN_WORD = 0.12
"""All weighed against the squares of the lines' relative distance from the mean length."""


def words_of(text: str) -> list[str]:
    """What no line break may tear apart: a dash stays with the word before it."""
    words: list[str] = []
    for word in text.split():
        if words and word in _DASHES:
            words[-1] += " " + word
        else:
            words.append(word)
    return words


def break_lines(
    words: Sequence[str], lengths: Sequence[float], space: float, width: float, most: int
) -> list[str] | None:
    """In as few lines as it goes, at most `most`; None if it does not go within `width`."""
    if not words:
        return []
    if sum(lengths) > width * most:
        return None
    for count in range(1, min(most, len(words)) + 1):
        cost, starts = _best(words, lengths, space, width, count)
        if cost < inf:
            return [" ".join(words[i:j]) for i, j in pairwise((0, *starts, len(words)))]
    return None


def _best(
    words: Sequence[str], lengths: Sequence[float], space: float, width: float, count: int
) -> tuple[float, tuple[int, ...]]:
    """The best of all ways into exactly `count` lines: its cost and where lines 2 … begin.

    Lines are of like length, end at a comma rather than elsewhere, and tear no name apart.
    """
    at = list(accumulate((length + space for length in lengths), initial=0.0))
    goal = at[-1] / count

    def cost_of(start: int, end: int) -> float:
        length = at[end] - at[start] - space
        return (length / goal - 1) ** 2 + _join(words, end) if length <= width else inf

    @cache
    def tail(start: int, lines: int) -> tuple[float, tuple[int, ...]]:
        if lines == 1:
            return cost_of(start, len(words)), ()
        ways: list[tuple[float, tuple[int, ...]]] = [(inf, ())]
        for end in range(start + 1, len(words) - lines + 2):
            if (cost := cost_of(start, end)) == inf:
                break
            rest, starts = tail(end, lines - 1)
            ways.append((cost + rest, (end, *starts)))
        return min(ways)

    return tail(0, count)


def _join(words: Sequence[str], end: int) -> float:
    """What it costs to break before word `end`."""
    if end == len(words):
        return 0.0
    last, following = words[end - 1], words[end]
    if last[-1] in _PAUSES:
        return -_PAUSE_BONUS
    if not last[0].isupper() or last.isupper():
        return 0.0
    # A capital begins a name (Điện | Biên) or a word of several syllables (Môi | trường).
    return _TORN_NAME if following[0].isupper() else _TORN_WORD
