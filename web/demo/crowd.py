"""The delegates of a demo site: they ask for the floor, one after another, as they may."""

import asyncio
import logging
import random
from typing import Any

import aiohttp

EAGER = ("question", "speech")
"""What a delegate asks for when several kinds are possible."""
WAITING_AT_ONCE = 2
"""No more than this many requests of one site wait at a time: a queue, not a flood."""
PAUSE_S = (6.0, 14.0)
"""Between two requests of a site."""

_log = logging.getLogger("diemcau.demo.crowd")
View = dict[str, Any]


def merge(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def wish(view: View, heard: set[tuple[str, str]]) -> tuple[str, str] | None:
    """Who of the site asks now, and for what kind; `heard`: who has asked on which item."""
    me = view["me"]
    kind = next((kind for kind in EAGER if kind in me["may_ask"]), None)
    waiting = [row for row in me["requests"] if row["state"] == "waiting"]
    if kind is None or len(waiting) >= WAITING_AT_ONCE:
        return None
    item = view["session"].get("current_item", "")
    for delegate in me["delegates"]:
        if (delegate["id"], item) not in heard:
            return delegate["id"], kind
    return None


class Crowd:
    """The delegates of one site. It sees what the site's page would see."""

    def __init__(
        self, http: aiohttp.ClientSession, session: str, seed: int, patience_s: float
    ) -> None:
        self._http = http
        self._commands = f"/api/v1/sessions/{session}/commands"
        self._random = random.Random(seed)  # noqa: S311 - a demo's habits are no secret
        self._patience_s = patience_s
        self._view: View | None = None
        self._heard: set[tuple[str, str]] = set()

    def see(self, view: View) -> None:
        self._view = view

    def see_change(self, patch: View) -> None:
        self._view = merge(self._view, patch)

    async def run(self) -> None:
        """Until cancelled. Raises what aiohttp raises."""
        await asyncio.sleep(self._patience_s)
        while True:
            asked = wish(self._view, self._heard) if self._view is not None else None
            if asked is None or self._view is None:
                await asyncio.sleep(1)
                continue
            delegate, kind = asked
            self._heard.add((delegate, self._view["session"].get("current_item", "")))
            await self._register(delegate, kind)
            await asyncio.sleep(self._random.uniform(*PAUSE_S))

    async def _register(self, delegate: str, kind: str) -> None:
        """A refusal (somebody chose another item meanwhile) is an answer like any other."""
        command = {"type": "register", "delegate": delegate, "kind": kind}
        async with self._http.post(self._commands, json=command) as response:
            if response.status != 200:
                _log.info("%s: %s", command, (await response.text())[:300])
