"""What programs ask: sessions, chapters, health, figures."""

import asyncio
from collections.abc import Callable
from functools import cache

from aiohttp import web

from broadcast.session.model import Phase
from web.asking import identify
from web.border import client_address, is_here
from web.errors import Problem
from web.media import Media
from web.metrics import Figures, exposition
from web.on_air import OnAir
from web.openapi import document
from web.replies import dumps, reply
from web.sessions import Sessions


class Api:
    """`GET` only: nothing here changes anything."""

    def __init__(self, sessions: Sessions, on_air: OnAir, media: Media) -> None:
        self._sessions = sessions
        self._on_air = on_air
        self._media = media
        self._exposition: Callable[[], bytes] = exposition(self._figures)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/sessions", self._list),
            web.get("/api/v1/openapi.json", _openapi),
            web.get("/healthz", _healthz),
            web.get("/readyz", self._readyz),
            web.get("/metrics", self._metrics),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        del request
        # What was called off before it began has nothing to show.
        told = [
            one
            for one in await self._sessions.summaries()
            if one.phase is not Phase.ENDED or one.started_at_ms is not None
        ]
        has = await asyncio.to_thread(lambda: [self._media.has(one.id) for one in told])
        return reply(
            {
                "sessions": [
                    {
                        "id": one.id,
                        "title": one.title,
                        "subtitle": one.subtitle,
                        "phase": one.phase,
                        "planned_start_at_ms": one.planned_start_at_ms,
                        "started_at_ms": one.started_at_ms,
                        "ended_at_ms": one.ended_at_ms,
                        "has_archive": has_archive,
                    }
                    for one, has_archive in zip(told, has, strict=True)
                ]
            }
        )

    async def _readyz(self, request: web.Request) -> web.Response:
        """For whoever restarts or routes: 503 while there is no studio. Where no session is
        prepared yet, it is prepared on this server."""
        del request
        ready = self._on_air.link.connected
        told = {"ready": ready, "session": self._sessions.current is not None, "studio": ready}
        return reply(told, status=200 if ready else 503)

    async def _metrics(self, request: web.Request) -> web.Response:
        """For this machine, and for whoever is signed in to operate."""
        here = is_here(client_address(request))
        if not here and not identify(request, changes=False).staff:
            raise Problem(403, "forbidden", role="viewer")
        return web.Response(
            body=self._exposition(),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )

    def _figures(self) -> Figures:
        desks = self._sessions.desks()
        current = self._sessions.current
        link = self._on_air.link
        studio = self._on_air.studio()
        return Figures(
            pages=sum(len(desk.hub) for desk in desks),
            page_messages_dropped=sum(desk.hub.dropped for desk in desks),
            webrtc_viewers=self._on_air.relay.viewers,
            viewers_served_alone=self._on_air.relay.served_alone,
            public_pictures=self._on_air.relay.public_pictures(),
            studio_connected=link.connected,
            frames_dropped=link.frames_dropped,
            viewer_frames_dropped=self._on_air.relay.dropped,
            recording=studio.recording,
            recorded_seconds=studio.recorded_s,
            disk_free_bytes=studio.disk_free_bytes,
            late_frames=studio.late_frames,
            frames=studio.frames,
            studio_dropped=studio.dropped,
            pushes=studio.pushes,
            alarms=len(current.alarms) if current is not None else 0,
            lag=self._on_air.relay.lag,
            port=self._on_air.relay.port_counts(),
            lines=self._on_air.lines(),
            returns=self._on_air.relay.returns(),
        )


@cache
def _told() -> str:
    return dumps(document())


async def _openapi(request: web.Request) -> web.Response:
    del request
    return web.Response(text=_told(), content_type="application/json")


async def _healthz(request: web.Request) -> web.Response:
    del request
    return reply({"status": "ok"})
