"""The relay process: `python -m web.app SETTINGS.json`. Composition root; owns every task.

To work on the pages against a real server:

    .venv/bin/diemcau session create --data-dir /tmp/x --title "Thử"    # prints every link
    .venv/bin/diemcau serve --data-dir /tmp/x --http-port 8080          # relay and studio

or the relay alone, without pictures: write `{"storage": {"data_dir": "/tmp/x"}}` to a file and
give it as SETTINGS.json. A changed template or script is there at the next request; a changed
catalogue after a restart.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

from broadcast.outputs.edge import pace_of
from broadcast.session.procedure import load_procedure
from broadcast.store import Store
from config.settings import ConfigError, Settings
from web import border, whip
from web.account_routes import AccountRoutes
from web.accounts import SignIn
from web.api import Api
from web.archive import Archive
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
from web.line_test import LineTest
from web.lines import Lines
from web.links import Links
from web.listener import listen
from web.live import Live
from web.media import Media
from web.minutes import MinutesRoom
from web.on_air import OnAir
from web.pages import Pages
from web.ports import places, sentence
from web.preparing import rooms as preparing
from web.preparing.aside import Aside
from web.pushes import Destinations, Pushes
from web.record_files import RecordFiles
from web.sealed import SealedRecordings
from web.second_factor import SecondFactor
from web.sessions import Sessions
from web.setup import now_ms, open_store, open_tokens
from web.shelf import Shelf
from web.sign_in import SignInRoutes
from web.supervisor import EXIT_USER, stop_on_signals

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a running server is reached."""

    http_port: int
    https_port: int | None
    media_port: int
    watch: asyncio.Task[None]
    """Shows every page the world as it is, and guards the door; ends only if it fails."""


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Listening]:
    """A whole relay, until the block ends. Raises `ConfigError` for what a person must mend."""
    async with AsyncExitStack() as stack:
        procedure = load_procedure(settings.procedures)
        store = open_store(settings)
        stack.callback(store.close)
        tokens = open_tokens(settings, store)
        sessions = Sessions(store, settings, procedure, now_ms)
        await sessions.start()
        auditor = Auditor(store, now_ms)
        on_air = OnAir(sessions, settings, auditor, now_ms)
        await _start_media(on_air, settings, stack)
        live = Live(sessions, tokens, now_ms)
        fetched = frozenset(camera.site for camera in settings.cameras)
        doorkeeper = Doorkeeper(sessions, tokens, on_air.relay, fetched, auditor, now_ms)
        app = _application(settings, store, tokens, sessions, on_air, live, auditor, doorkeeper)
        ports = await listen(app, settings, stack)
        stack.push_async_callback(live.close)
        watch = await stack.enter_async_context(_beside(on_air.run(), doorkeeper.run()))
        https_port = ports[1] if settings.https.enabled else None
        yield Listening(ports[0], https_port, on_air.relay.port, watch)


async def _start_media(on_air: OnAir, settings: Settings, stack: AsyncExitStack) -> None:
    try:
        await on_air.relay.start()
    except OSError as error:
        raise ConfigError(sentence(places(settings)[-1], error)) from None
    stack.push_async_callback(on_air.relay.close)
    for link in (on_air.link, on_air.witness):
        server = await link.start()
        stack.callback(link.close)
        stack.callback(server.close)
    on_air.follow()


@asynccontextmanager
async def _beside(*works: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Runs them for as long as the block; what one raised is raised at the block's end."""

    async def all_of_them() -> None:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)

    task = asyncio.create_task(all_of_them())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _application(
    settings: Settings,
    store: Store,
    tokens: Tokens,
    sessions: Sessions,
    on_air: OnAir,
    live: Live,
    auditor: Auditor,
    doorkeeper: Doorkeeper,
) -> web.Application:
    app = web.Application(
        middlewares=[border.errors_and_language, auditor.watching(tokens)],
        client_max_size=settings.security.max_body_bytes,
    )
    app[border.DEFAULT_LANGUAGE] = settings.language
    app.on_response_prepare.append(border.set_headers)
    pages = Pages(sessions, tokens, turn=bool(settings.turn.urls))
    app[border.RENDER_PROBLEM] = pages.problem
    aside = Aside()
    archive = settings.storage.data_dir / "archive"
    media = Media(archive, sessions.is_over, pace_of(settings.program, settings.recording))
    app.on_shutdown.append(media.close)
    factor = SecondFactor(load_secret(settings.storage.data_dir), now_ms)
    sign_in = SignIn(store, factor, now_ms)
    enter = SignInRoutes(tokens, sign_in, auditor, settings.security, now_ms)
    films = Sender()
    graphics = Graphics(sessions, tokens, pages, settings)
    app.on_shutdown.append(graphics.close)
    destinations = Destinations(settings, on_air.link.tell_pushes)
    destinations.load()
    rooms = (
        pages,
        live,
        Captions(sessions, archive, settings.recording.segment_ms),
        media,
        enter,
        AccountRoutes(store, tokens, sign_in, factor, enter, auditor),
        Commands(on_air.perform, tokens, auditor, now_ms),
        Chapters(sessions, archive, now_ms),
        Api(sessions, on_air, media, tokens),
        Archive(store, settings, now_ms),
        ControlRoutes(sessions, on_air, tokens, auditor),
        AuditReader(store, tokens, auditor, settings, now_ms),
        Pushes(sessions, tokens, auditor, destinations),
        Films(sessions, tokens, archive, films),
        graphics,
        SealedRecordings(sessions, tokens, settings, films, auditor, now_ms),
        Links(sessions, tokens, auditor, settings, on_air.perform, aside),
        MinutesRoom(sessions, tokens, pages, archive, settings),
        RecordFiles(sessions, tokens),
        LineTest(tokens, now_ms),
        Lines(sessions, on_air, tokens, settings.program, now_ms),
        Shelf(settings, tokens, auditor, on_air.player_file),
    )
    for room in rooms:
        app.add_routes(room.routes())
    app.add_routes(preparing.routes(settings, store, tokens, sessions, on_air.perform, aside))
    app.add_routes(whip.routes(on_air.relay, doorkeeper, settings.turn))
    app.router.add_route("*", "/{path:.*}", border.unknown)
    return app


async def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Raises `ConfigError`."""
    stop = stop_on_signals()
    async with running(settings) as listening:
        _log.info(
            "HTTP port %d, HTTPS %s, media %d",
            listening.http_port,
            listening.https_port,
            listening.media_port,
        )
        stopped = asyncio.ensure_future(stop.wait())
        # A relay that shows nobody the truth any more must be started again.
        await asyncio.wait({stopped, listening.watch}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()


def main() -> int:
    """The process that the supervisor starts."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s relay %(levelname)s %(name)s: %(message)s"
    )
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m web.app SETTINGS.json\n")
        return EXIT_USER
    settings = Settings.model_validate_json(Path(sys.argv[1]).read_text("utf-8"))
    try:
        uvloop.run(serve(settings))
    except ConfigError as error:
        sys.stderr.write(f"diemcau: {error}\n")
        return EXIT_USER
    return 0


if __name__ == "__main__":
    sys.exit(main())
