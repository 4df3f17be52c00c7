"""Black, frozen, silent: when it is said, and when it is taken back."""

from collections.abc import Callable

import numpy as np
import pytest

from broadcast.studio.canvas import Plane
from broadcast.studio.senses import Senses
from streams.frames import NS_PER_S, SiteId

SITE = SiteId("a")
RNG = np.random.default_rng(1)
ROOM = np.full((144, 256), 90, np.uint8)


def noisy(base: int) -> Plane:
    return (base + RNG.integers(0, 9, ROOM.shape)).astype(np.uint8)


def seen(luma: Callable[[], Plane], seconds: float, step_s: float = 1) -> dict[SiteId, list[str]]:
    senses, now_ns = Senses(), 10**12
    for _ in range(int(seconds / step_s) + 1):
        senses.of(SITE).see(luma(), now_ns)
        now_ns += int(step_s * NS_PER_S)
    return senses.signs(now_ns - int(step_s * NS_PER_S))


@pytest.mark.parametrize(
    ("luma", "seconds", "signs"),
    [
        (lambda: noisy(90), 30, []),
        (lambda: ROOM, 10, []),
        (lambda: ROOM, 11, ["frozen"]),
        (lambda: noisy(16), 2, []),
        (lambda: noisy(16), 3, ["black"]),
        (lambda: ROOM // 5, 30, ["black"]),
        (lambda: noisy(45), 30, []),
    ],
)
def test_what_is_said_of_pictures(
    luma: Callable[[], Plane], seconds: float, signs: list[str]
) -> None:
    assert seen(luma, seconds).get(SITE, []) == signs


def test_a_black_bar_is_not_a_black_picture() -> None:
    upright = ROOM.copy()
    upright[:, :80] = upright[:, -80:] = 16
    assert "black" not in seen(lambda: upright, 30)[SITE]


def test_it_is_taken_back_at_the_first_picture_that_moves() -> None:
    senses, now_ns = Senses(), 10**12
    for _ in range(20):
        now_ns += NS_PER_S
        senses.of(SITE).see(ROOM, now_ns)
    assert senses.signs(now_ns) == {SITE: ["frozen"]}
    senses.of(SITE).see(noisy(90), now_ns + NS_PER_S)
    assert senses.signs(now_ns + NS_PER_S) == {}


def test_nothing_is_said_of_a_site_that_sends_no_more() -> None:
    senses, now_ns = Senses(), 10**12
    for _ in range(20):
        now_ns += NS_PER_S
        senses.of(SITE).see(ROOM, now_ns)
    assert senses.signs(now_ns + 4 * NS_PER_S) == {}
    senses.of(SITE).see(ROOM, now_ns + 60 * NS_PER_S)
    assert senses.signs(now_ns + 60 * NS_PER_S) == {}, "what was between nobody knows"


@pytest.mark.parametrize(("level", "signs"), [(-96.0, ["silent"]), (-70.0, [])])
def test_what_is_said_of_sound(level: float, signs: list[str]) -> None:
    senses, now_ns = Senses(), 10**12
    for _ in range(205):
        senses.of(SITE).hear(level, now_ns)
        now_ns += NS_PER_S // 10
    assert senses.signs(now_ns).get(SITE, []) == signs
