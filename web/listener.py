"""The two TCP listeners: plain HTTP for this machine, HTTPS for everybody."""

import socket
import ssl
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from aiohttp import web

from config.settings import ConfigError, Settings
from streams.udp.addresses import bound_socket
from web.certificate import tls_context
from web.ports import places, sentence


async def listen(app: web.Application, settings: Settings, stack: AsyncExitStack) -> list[int]:
    """The real ports of HTTP and HTTPS. Raises `ConfigError`."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    for place in places(settings)[:-1]:
        context = _tls(settings) if place.section == "https" else None
        try:
            listening = bound_socket(place.host, place.port, socket.SOCK_STREAM)
            await web.SockSite(runner, listening, ssl_context=context).start()
        except OSError as error:
            raise ConfigError(sentence(place, error)) from None
    return [int(address[1]) for address in runner.addresses]


def _tls(settings: Settings) -> ssl.SSLContext:
    now = datetime.fromtimestamp(time.time(), UTC)
    return tls_context(settings.https, settings.storage.data_dir, now)
