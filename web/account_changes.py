"""What changes an account, whosever it is: each change is saved and noted in the audit."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from broadcast.store import Account, Store
from web.accounts import MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS
from web.asking import identify
from web.auditor import Auditor
from web.auth import Identity
from web.errors import Problem, not_found

Password = Annotated[str, Field(min_length=MIN_PASSWORD_CHARS, max_length=MAX_PASSWORD_CHARS)]


class AccountChanges:
    def __init__(self, store: Store, auditor: Auditor) -> None:
        self._store = store
        self._auditor = auditor

    async def save(
        self,
        request: web.Request,
        who: Identity,
        what: str,
        name: str,
        change: Callable[[Account], Account],
    ) -> Account:
        """The account as `change` left it; `what` is the act's name in the audit. Raises `Problem`
        404."""
        changed = await asyncio.to_thread(self._store.change_account, name, change)
        if changed is None:
            raise not_found("unknown_account")
        await self.note(request, who, what, changed)
        return changed

    async def note(self, request: web.Request, who: Identity, what: str, account: Account) -> None:
        detail = {key: value for key, value in told(account).items() if value}
        await self._auditor.done(request, what, who, detail=detail)


def signed_in(request: web.Request, *, changes: bool = True) -> Identity:
    """Whoever asks with an account: a link's token manages nothing. Raises `Problem` 401 or 403."""
    who = identify(request, changes=changes)
    if not who.account:
        raise Problem(401, "not_signed_in")
    return who


def without_factor(account: Account) -> Account:
    """As it is when the second factor is off."""
    return replace(account, totp_secret="", totp_step=0, recovery=())


def told(account: Account) -> dict[str, Any]:
    """As pages and audit have it: without anything secret."""
    return {
        "name": account.name,
        "roles": sorted(account.roles),
        "grants": {session: sorted(roles) for session, roles in sorted(account.grants.items())},
        "admin": account.admin,
        "disabled": account.disabled,
        "second_factor": bool(account.totp_secret),
        "recovery_left": len(account.recovery),
    }
