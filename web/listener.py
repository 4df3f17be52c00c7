"""The two TCP listeners: plain HTTP for this machine, HTTPS for everybody."""

import asyncio
import socket
from contextlib import AsyncExitStack

from aiohttp import web

from config.settings import ConfigError, Settings
from streams.udp.addresses import bound_socket
from web.certificate import Certificate
from web.connections import KEPT_S, Connections
from web.ports import places, sentence

HANDSHAKE_S = 10.0
"""Of TLS, from the connection on: three round trips, and a line that loses some of them."""
BACKLOG = 128
"""Connections that wait to be taken."""


async def listen(
    app: web.Application, settings: Settings, certificate: Certificate | None, stack: AsyncExitStack
) -> list[int]:
    """The real ports of HTTP and HTTPS. Raises `ConfigError`."""
    connections = Connections()
    app.middlewares.insert(0, connections.watching())
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=2.0,
        keepalive_timeout=KEPT_S,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    assert runner.server is not None  # since `setup`
    await stack.enter_async_context(connections.kept(runner.server))
    ports: list[int] = []
    for place in places(settings)[:-1]:
        context = certificate.context if certificate and place.section == "https" else None
        try:
            listening = bound_socket(place.host, place.port, socket.SOCK_STREAM)
            # aiohttp's own sites know no bound for a handshake: asyncio's is a minute.
            server = await asyncio.get_running_loop().create_server(
                runner.server,
                sock=listening,
                ssl=context,
                ssl_handshake_timeout=HANDSHAKE_S if context else None,
                backlog=BACKLOG,
            )
        except OSError as error:
            raise ConfigError(sentence(place, error)) from None
        stack.callback(server.close)
        ports.append(int(listening.getsockname()[1]))
    return ports
