"""A hearing that directs itself: for screenshots, for measuring, and to look at."""

import asyncio
import logging
from typing import Any

import aiohttp

TURN_S = 20.0
PAUSE_S = 4.0
RETRY_S = 2.0

_log = logging.getLogger("diemcau.demo.auto")


async def direct(base_url: str, session: str, token: str) -> None:
    """Goes live, then calls one after another until cancelled."""
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(base_url, headers=headers) as http:
        path = f"/api/v1/sessions/{session}/commands"
        live = False
        while True:
            live = live or await _say(http, path, "go_live")
            if await _say(http, path, "call_next"):
                await asyncio.sleep(TURN_S)
                await _say(http, path, "end_turn")
                await asyncio.sleep(PAUSE_S)
            else:
                await asyncio.sleep(RETRY_S)


async def _say(http: aiohttp.ClientSession, path: str, type_: str, **fields: Any) -> bool:
    """Whether the command was accepted; a server that is not there yet accepts nothing."""
    try:
        async with http.post(path, json={"type": type_, **fields}) as response:
            if response.status != 200:
                _log.info("%s: %s", type_, (await response.text())[:200])
            return response.status == 200
    except aiohttp.ClientError as error:
        _log.info("%s: %s", type_, error)
        return False
