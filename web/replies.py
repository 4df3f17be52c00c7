"""JSON answers."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web


def dumps(value: Any) -> str:
    """Compact JSON, Vietnamese readable."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


async def begin(request: web.Request, response: web.StreamResponse) -> bool:
    """Sends the head of an answer; whether a body is to follow. After a HEAD it would stand where
    the next answer of the connection begins."""
    await response.prepare(request)
    return request.method != "HEAD"


def reply(
    value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """An answer that nobody may cache."""
    return web.json_response(
        value, status=status, dumps=dumps, headers={"Cache-Control": "no-store", **(headers or {})}
    )
