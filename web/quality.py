"""What picture each site is asked to send: small unless somebody looks at it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from broadcast.program import Scene
from broadcast.session.model import SessionState
from config.settings import Program
from streams.frames import SiteId


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

_STEPS = (0.25, 0.5, 0.75, 1.0)
"""Browsers scale by any factor, but few sizes mean few restarts of the encoder."""


def wishes(
    state: SessionState, program: Program, next_site: SiteId | None
) -> dict[SiteId, Quality]:
    """For every site of the session. `next_site` warms up like a preview: the call is one click,
    and the encoder needs a second or two to reach its rate."""
    on_air = _shares(state.program)
    coming = _shares(state.preview)
    if next_site is not None:
        coming[next_site] = 1.0
    return {site: _wish(site, on_air, coming, program) for site in state.sites}


def _wish(
    site: SiteId,
    on_air: Mapping[SiteId, float],
    coming: Mapping[SiteId, float],
    program: Program,
) -> Quality:
    """A site on air that is about to be seen larger sends the larger picture already."""
    share = max(on_air.get(site, 0.0), coming.get(site, 0.0))
    if site in on_air:
        return _sized(Level.ON_AIR, share, program)
    if site in coming:
        return _sized(Level.PREVIEW, share, program)
    return STANDBY


def _shares(scene: Scene) -> dict[SiteId, float]:
    """The width of each site's largest seat, as a fraction of the picture's."""
    shares: dict[SiteId, float] = {}
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
