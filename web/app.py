"""The relay process: `python -m web.app SETTINGS.json`. Composition root; owns every task.

To work on the pages against a real server:

    .venv/bin/diemcau session create --data-dir /tmp/x --title "Thử"    # prints every link
    .venv/bin/diemcau serve --data-dir /tmp/x --http-port 8080          # relay and studio

or the relay alone, without pictures: write `{"storage": {"data_dir": "/tmp/x"}}` to a file and
give it as SETTINGS.json. A changed template, script or catalogue is there after a restart, and
pages that are open say so.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import uvloop

from broadcast.session.events import EventError
from broadcast.session.procedure import load_procedure
from config.settings import ConfigError, Settings, handed_over
from streams.lag import freeze_heap, unless_hung
from web.application import Parts, application
from web.auditor import Auditor
from web.certificate import Certificate, utc_now
from web.connections import open_many_files
from web.doorkeeper import Doorkeeper
from web.inside import guard
from web.listener import listen
from web.live import Live
from web.machine_clock import MachineClock
from web.on_air import OnAir
from web.ports import places, sentence
from web.preparing.trash import Trash
from web.radio import Radio, titles_wanted
from web.recording_seals import Seals
from web.sessions import Sessions
from web.setup import now_ms, open_tokens, served_store, unreadable
from web.supervisor import EXIT_USER
from web.times import go_by

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
async def running(
    settings: Settings, clock: MachineClock | None = None
) -> AsyncIterator[Listening]:
    """A whole relay, until the block ends. Raises `ConfigError` for what a person must mend."""
    clock = clock or MachineClock()
    async with AsyncExitStack() as stack:
        procedure = load_procedure(settings.procedures)
        certificate = _certificate(settings)
        store = stack.enter_context(served_store(settings))
        tokens = open_tokens(settings, store, clock)
        sessions = Sessions(store, settings, procedure, clock.now_ms, clock.set_ms)
        await sessions.start()
        auditor = Auditor(store, now_ms)
        on_air = OnAir(sessions, settings, auditor, clock.now_ms, clock.steady_ms)
        await _start_media(on_air, settings, stack)
        live = Live(sessions, tokens, clock.now_ms)
        fetched = frozenset(camera.site for camera in settings.cameras)
        doorkeeper = Doorkeeper(sessions, tokens, on_air.relay, fetched, auditor, now_ms)
        on_air.on_session = doorkeeper.end_others
        parts = Parts(settings, store, tokens, sessions, on_air, live, auditor, doorkeeper)
        ports = await listen(application(parts), settings, certificate, stack)
        stack.push_async_callback(live.close)
        trash = Trash(sessions, settings, clock.steady_ms)
        seals = Seals(sessions, store, settings, now_ms)
        radio = Radio(partial(titles_wanted, sessions, on_air, settings.language))
        guards = guard(on_air.end_pages), guard(doorkeeper.put_out)
        stack.callback(on_air.book.close)
        works = [on_air.run(), on_air.book.run(), *guards, trash.run(), seals.run()]
        works.append(radio.run())
        if certificate is not None:
            works.append(certificate.follow())
        watch = await stack.enter_async_context(_beside(*works))
        https_port = ports[1] if settings.https.enabled else None
        yield Listening(ports[0], https_port, on_air.relay.port, watch)


def _certificate(settings: Settings) -> Certificate | None:
    if not settings.https.enabled:
        return None
    return Certificate(settings.https, settings.storage.data_dir, utc_now())


async def _start_media(on_air: OnAir, settings: Settings, stack: AsyncExitStack) -> None:
    try:
        await on_air.relay.start()
    except OSError as error:
        raise ConfigError(sentence(places(settings)[-1], error)) from None
    stack.push_async_callback(on_air.relay.close)
    for link in (on_air.link, on_air.witness):
        try:
            server = await link.start()
        except OSError as error:
            raise ConfigError(
                f"{link.path}: {error.strerror}; the data folder must lie on a disk of Linux's own "
                "(ext4, XFS): a stick or a share of Windows takes no sockets"
            ) from None
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


def _stop_on_signals() -> asyncio.Event:
    """Set by SIGTERM and SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Raises `ConfigError`."""
    stop = _stop_on_signals()
    open_many_files()
    async with running(settings) as listening:
        _log.info(
            "HTTP port %d, HTTPS %s, media %d",
            listening.http_port,
            listening.https_port,
            listening.media_port,
        )
        freeze_heap()
        stopped = asyncio.ensure_future(stop.wait())
        # A relay that shows nobody the truth any more must be started again.
        await asyncio.wait({stopped, listening.watch}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()


def main(arguments: Sequence[str]) -> int:
    """The process that the supervisor starts."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s relay %(levelname)s %(name)s: %(message)s"
    )
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m web.app SETTINGS.json\n")
        return EXIT_USER
    settings = handed_over(arguments[0])
    go_by(settings.time_zone)
    try:
        uvloop.run(unless_hung(serve(settings)))
    except ConfigError as error:
        sys.stderr.write(f"diemcau: {error}\n")
        return EXIT_USER
    except EventError as error:
        sys.stderr.write(f"diemcau: {unreadable(error)}\n")
        return EXIT_USER
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
