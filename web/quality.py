"""What picture each site is asked to send: small unless somebody looks at it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from broadcast.program import TRANSITION_MS, Scene
from broadcast.session.model import SessionState
from config.settings import Program
from streams.frames import SiteId, screen_of, site_of


class Level(StrEnum):
    STANDBY = "standby"
    PREVIEW = "preview"
    ON_AIR = "on_air"


@dataclass(frozen=True, slots=True)
class Quality:
    """The wish, as `setParameters` needs it."""

    level: Level
    width: int
    height: int
    fps: int
    max_bitrate_bps: int


STANDBY = Quality(Level.STANDBY, 320, 180, 10, 120_000)
"""Enough for a tile and a still; fifty of them are 6 Mbit/s."""
MANY_SITES = 60
STANDBY_OF_MANY = replace(STANDBY, fps=5, max_bitrate_bps=80_000)
"""With more sites than that, whose stills come once a second or a little more: half the work of
decoding them (`bench/multiview.py`), and 150 of them are 12 Mbit/s."""

SCREEN_STANDBY = Quality(Level.STANDBY, 640, 360, 5, 150_000)
"""Enough to see in a tile which page it is."""
SCREEN_FPS = 10
"""A page that turns is no film, and its letters need the bits."""

LEAVING_MS = TRANSITION_MS[1] + 500
"""The longest transition, and some."""

SIGNER_SHARE = 0.5
"""Hands are small and fast, however small their box is."""

_STEPS = (0.25, 0.5, 0.75, 1.0)
"""Browsers scale by any factor, but few sizes mean few restarts of the encoder."""


class Leaving:
    """Scenes that a transition may still show: they left the program lately."""

    def __init__(self) -> None:
        self._program = Scene()
        self._left: list[tuple[Scene, int]] = []

    def of(self, program: Scene, now_ms: int) -> tuple[Scene, ...]:
        """Those that gave way to this one, by a clock that nobody sets."""
        if program != self._program:
            self._left.append((self._program, now_ms))
            self._program = program
        self._left = [one for one in self._left if now_ms - one[1] < LEAVING_MS]
        return tuple(scene for scene, _ in self._left)


def wishes(
    state: SessionState,
    program: Program,
    next_site: SiteId | None,
    leaving: Iterable[Scene] = (),
) -> dict[SiteId, Quality]:
    """For every site of the session, and every screen that one shares. `next_site` warms up like a
    preview: the call is one click, and the encoder needs a second or two to reach its rate. What is
    `leaving` goes on as it is."""
    on_air = _shares(state.program)
    if state.signer is not None:
        signing = state.signer.site
        on_air[signing] = max(SIGNER_SHARE, on_air.get(signing, 0.0))
    coming = _shares(state.preview, *leaving)
    if next_site is not None:
        coming[next_site] = 1.0
    sources = (*state.sites, *map(screen_of, state.sharing))
    standby = STANDBY if len(state.sites) <= MANY_SITES else STANDBY_OF_MANY
    return {source: _wish(source, on_air, coming, program, standby) for source in sources}


def _wish(
    source: SiteId,
    on_air: Mapping[SiteId, float],
    coming: Mapping[SiteId, float],
    program: Program,
    standby: Quality,
) -> Quality:
    """A source on air that is about to be seen larger sends the larger picture already."""
    share = max(on_air.get(source, 0.0), coming.get(source, 0.0))
    screen = source != site_of(source)
    if not share:
        return SCREEN_STANDBY if screen else standby
    wish = _sized(Level.ON_AIR if source in on_air else Level.PREVIEW, share, program)
    return replace(wish, fps=min(wish.fps, SCREEN_FPS)) if screen else wish


def _shares(*scenes: Scene) -> dict[SiteId, float]:
    """The width of each site's largest seat, as a fraction of the picture's."""
    shares: dict[SiteId, float] = {}
    for scene in scenes:
        for site, seat in zip(scene.sources, scene.seats, strict=False):
            shares[site] = max(seat.width, shares.get(site, 0.0))
    return shares


def _sized(level: Level, share: float, program: Program) -> Quality:
    """A picture no smaller than its seat; its rate falls with its area, but less than that."""
    step = next(step for step in _STEPS if step >= min(share, 1.0) - 0.05)
    return Quality(
        level,
        _even(program.width * step),
        _even(program.height * step),
        program.fps,
        max(STANDBY.max_bitrate_bps * 2, int(program.video_bitrate_bps * step**1.5)),
    )


def _even(length: float) -> int:
    return int(length) // 2 * 2
