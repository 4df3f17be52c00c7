"""The HTTP application: every room of routes, put together. `web/app.py` owns what they share."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from broadcast.outputs.edge import pace_of
from broadcast.store import Store
from config.settings import Settings
from web import border, whip
from web.account_changes import AccountChanges
from web.accounts import SignIn
from web.all_accounts import AllAccounts
from web.api import Api
from web.archive import Archive
from web.aside import Aside
from web.asking import identifying
from web.assets import Assets
from web.audit_reader import AuditReader
from web.auditor import Auditor
from web.auth import Tokens, load_secret
from web.captions import Captions
from web.chapters import Chapters
from web.commands import Commands
from web.control_routes import ControlRoutes
from web.doorkeeper import Doorkeeper
from web.films import Films, Sender
from web.graphics import Graphics
from web.line_reports import LineReports
from web.line_test import LineTest
from web.lines import Lines
from web.links import Links
from web.live import Live
from web.live_edge import LiveEdges
from web.media import Media
from web.minutes import MinutesRoom
from web.on_air import OnAir
from web.own_account import OwnAccount
from web.pages import Pages
from web.preparing import rooms as preparing
from web.pushes import Destinations, Pushes
from web.record_files import RecordFiles
from web.retiring import Retiring
from web.sealed import SealedRecordings
from web.second_factor import SecondFactor
from web.sessions import Sessions
from web.setup import now_ms
from web.shelf import Shelf
from web.sign_in import SignInRoutes
from web.throttle import THROTTLE, Throttle


@dataclass(frozen=True, slots=True)
class Parts:
    """What the rooms share, and outlives them."""

    settings: Settings
    store: Store
    tokens: Tokens
    sessions: Sessions
    on_air: OnAir
    live: Live
    auditor: Auditor
    doorkeeper: Doorkeeper


class Room(Protocol):
    """Some routes that belong together."""

    def routes(self) -> Iterable[web.AbstractRouteDef]: ...


def application(parts: Parts) -> web.Application:
    """Ready to be listened for; what it opens of its own it closes at its shutdown."""
    settings = parts.settings
    throttle = Throttle(now_ms, parts.sessions.is_open)
    app = web.Application(
        middlewares=[
            border.errors_and_language,
            throttle.watching(),
            identifying(parts.tokens),
            parts.auditor.watching(),
        ],
        client_max_size=settings.security.max_body_bytes,
    )
    app[THROTTLE] = throttle
    app[border.DEFAULT_LANGUAGE] = settings.language
    app.on_response_prepare.append(border.set_headers)
    cameras = frozenset(camera.site for camera in settings.cameras)
    archive = settings.storage.data_dir / "archive"
    pages = Pages(
        parts.sessions,
        archive,
        turn=bool(settings.turn.urls),
        cameras=cameras,
        time_zone=settings.time_zone,
    )
    app[border.RENDER_PROBLEM] = pages.problem
    aside = Aside()
    rooms: tuple[Room, ...] = (
        pages,
        Assets(),
        *_recordings(app, parts, pages, aside),
        *_accounts(parts, aside),
        *_directing(app, parts, pages, aside),
    )
    for room in rooms:
        app.add_routes(room.routes())
    perform = parts.on_air.perform
    app.add_routes(
        preparing.routes(settings, parts.store, parts.sessions, perform, aside, parts.auditor)
    )
    app.add_routes(whip.routes(parts.on_air.relay, parts.doorkeeper, settings.turn))
    app.router.add_route("*", "/{path:.*}", border.unknown)
    return app


def _recordings(app: web.Application, parts: Parts, pages: Pages, aside: Aside) -> tuple[Room, ...]:
    """What is watched, live and later."""
    settings, sessions = parts.settings, parts.sessions
    archive = settings.storage.data_dir / "archive"
    pace = pace_of(settings.program, settings.recording)
    edges = LiveEdges(archive, pace)
    media = Media(archive, sessions.is_over, edges)
    app.on_shutdown.append(media.close)
    films = Sender()
    retiring = Retiring(settings, parts.auditor)
    app.cleanup_ctx.append(retiring.running)
    return (
        # Before the media: a caption's address looks like a segment's.
        Captions(sessions, archive, pace, edges),
        media,
        Chapters(sessions, archive, now_ms),
        Api(sessions, parts.on_air, media),
        Archive(parts.store, settings, sessions.is_over, retiring, now_ms),
        retiring,
        Films(sessions, archive, films),
        SealedRecordings(sessions, settings, films, parts.auditor, now_ms),
        MinutesRoom(sessions, pages, archive, settings, parts.auditor, aside),
        LineReports(sessions, pages, settings),
        RecordFiles(sessions),
    )


def _accounts(parts: Parts, aside: Aside) -> tuple[Room, ...]:
    """Who comes in, and what they did."""
    settings, store, tokens, auditor = parts.settings, parts.store, parts.tokens, parts.auditor
    factor = SecondFactor(load_secret(settings.storage.data_dir), now_ms)
    sign_in = SignIn(store, factor, now_ms)
    enter = SignInRoutes(tokens, sign_in, auditor, settings.security, now_ms)
    changes = AccountChanges(store, auditor)
    return (
        enter,
        OwnAccount(store, tokens, sign_in, factor, enter, changes, aside),
        AllAccounts(store, tokens, enter, changes),
        AuditReader(store, auditor, parts.sessions, settings, now_ms),
    )


def _directing(app: web.Application, parts: Parts, pages: Pages, aside: Aside) -> tuple[Room, ...]:
    """What moves a session, and shows how it is."""
    settings, sessions, tokens = parts.settings, parts.sessions, parts.tokens
    on_air, auditor = parts.on_air, parts.auditor
    graphics = Graphics(sessions, pages, settings)
    app.on_shutdown.append(graphics.close)
    destinations = Destinations(settings, on_air.link.tell_pushes)
    destinations.load()
    shelf = Shelf(settings, auditor, on_air.player_file)
    app.on_startup.append(shelf.sweep)
    app.cleanup_ctx.append(shelf.measuring.running)
    return (
        parts.live,
        Commands(on_air.perform, auditor, now_ms),
        ControlRoutes(sessions, on_air, auditor),
        Pushes(sessions, auditor, destinations),
        graphics,
        Links(sessions, tokens, auditor, settings, on_air.perform, aside),
        LineTest(now_ms),
        Lines(sessions, on_air, settings.program, now_ms),
        shelf,
    )
