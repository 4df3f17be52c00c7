"""JSON answers."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web


def dumps(value: Any) -> str:
    """Compact JSON, Vietnamese readable."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def reply(
    value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """An answer that nobody may cache."""
    return web.json_response(
        value, status=status, dumps=dumps, headers={"Cache-Control": "no-store", **(headers or {})}
    )
