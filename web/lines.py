"""`GET /api/v1/sessions/{session}/sites/{site}/line`: all that is known of a site's line, both
ways, with its last ten minutes. Asked for while somebody looks, so that nobody else pays for it.
"""

import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from config.settings import Program
from streams.frames import SiteId
from streams.lines import DownLine, Line
from web.asking import require
from web.auth import STAFF
from web.errors import Problem, not_found
from web.on_air import OnAir
from web.outside import line_quality
from web.quality import Quality
from web.replies import reply
from web.sessions import Sessions


class Lines:
    """For operator, chair and clerk."""

    def __init__(
        self,
        sessions: Sessions,
        on_air: OnAir,
        program: Program,
        clock: Callable[[], int],
    ) -> None:
        self._sessions = sessions
        self._on_air = on_air
        self._program = program
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/sessions/{session}/sites/{site}/line", self._give)]

    async def _give(self, request: web.Request) -> web.Response:
        session, site = request.match_info["session"], SiteId(request.match_info["site"])
        require(request, session, STAFF, changes=False)
        desk = await self._sessions.desk(session)
        if site not in desk.floor.state.sites:
            raise not_found("unknown_site")
        if desk is not self._sessions.current:
            raise Problem(409, "not_on_air")
        report = desk.hub.reports.get(site)
        test = report.line_test.model_dump() if report is not None and report.line_test else None
        return reply(self._told(site, desk.qualities.get(site)) | {"test": test})

    def _told(self, site: SiteId, wish: Quality | None) -> dict[str, Any]:
        now_ms, steady_ms = self._clock(), self._on_air.steady()
        history = self._on_air.history.of(site, steady_ms)
        line = self._on_air.lines().get(site)
        down = self._on_air.relay.returns().get(site)
        return {
            "line": line_quality(line, down),
            "since_at_ms": None if line is None else now_ms - _age_ms(line),
            "up": None if line is None else _up(line, wish),
            "down": None if down is None else told_of_return(down, self._program),
            "history": history | {"ends_at_ms": history["ends_at_ms"] + now_ms - steady_ms},
        }


def _age_ms(line: Line) -> int:
    return (time.monotonic_ns() - line.since_ns) // 1_000_000


def _up(line: Line, wish: Quality | None) -> dict[str, Any]:
    return {
        "codec": line.codec,
        "size": f"{line.width}x{line.height}" if line.width else None,
        "fps": round(line.fps, 1),
        "bitrate_bps": round(line.bitrate_bps),
        "loss_percent": round(line.loss_percent, 1),
        "rtt_ms": _whole(line.rtt_ms),
        "jitter_ms": _whole(line.jitter_ms),
        "wish": None
        if wish is None
        else {
            "level": wish.level,
            "size": f"{wish.width}x{wish.height}",
            "fps": wish.fps,
            "max_bitrate_bps": wish.max_bitrate_bps,
        },
    }


def told_of_return(down: DownLine, program: Program) -> dict[str, Any]:
    """What a site is sent back, as `down` of the answer."""
    return {
        "height": _height(down.rendition, program),
        "stills": down.stills,
        "sound": "thin" if down.sound else "whole",
        "estimate_bps": _whole(down.estimate_bps),
        "sent_bps": round(down.sent_bps),
        "loss_percent": round(down.loss_percent, 1),
        "rtt_ms": _whole(down.rtt_ms),
        "frames_dropped": down.frames_dropped,
    }


def _height(rendition: int | None, program: Program) -> int | None:
    """Of the picture, in lines."""
    if rendition is None:
        return None
    heights = [one.height for one in program.renditions()]
    return heights[min(rendition, len(heights) - 1)]


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
