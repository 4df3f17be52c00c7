"""Who is inside is looked at again and again: a right may be taken away from who has come in."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from broadcast.database import StoreError

CHECK_S = 5.0
"""How long a link that was revoked, or a right that was taken away, still works."""

_log = logging.getLogger(__name__)


async def guard(put_out: Callable[[], Awaitable[None]]) -> None:
    """Until cancelled. `put_out` ends what may not be there any more; it asks the database in a
    thread, as one that hangs must not hold up sound and pictures, and raises `StoreError`."""
    while True:
        # By a clock that nobody sets: a link that was revoked must not work for an hour more.
        await asyncio.sleep(CHECK_S)
        try:
            await put_out()
        except StoreError as error:
            # A database that is away for a while must not end what is on air.
            _log.error("%s: who may stay cannot be asked: %s", put_out.__qualname__, error)
