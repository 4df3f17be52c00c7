"""Everybody's accounts, for an administrator."""

import asyncio
from dataclasses import replace
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from broadcast.session.model import Role
from broadcast.session.text import Id, Name
from broadcast.store import Account, Store
from web.account_changes import AccountChanges, Password, signed_in, told, without_factor
from web.accounts import hash_password
from web.auth import Identity, Tokens
from web.bodies import Body, read
from web.errors import Problem
from web.replies import reply
from web.sign_in import SignInRoutes

_ForPerson = Literal[Role.OPERATOR, Role.CHAIR, Role.CLERK, Role.VIEWER]
_Roles = Annotated[frozenset[_ForPerson], Field(max_length=4)]
_Grants = Annotated[dict[Id, _Roles], Field(max_length=200)]
_PATH = "/api/v1/accounts"


class _NewAccount(Body):
    name: Name
    password: Password
    roles: _Roles = frozenset()
    grants: _Grants = Field(default_factory=dict)
    admin: bool = False


class _Change(Body):
    """What is not given stays."""

    name: Name
    roles: _Roles | None = None
    grants: _Grants | None = None
    admin: bool | None = None
    disabled: bool | None = None
    password: Password | None = None
    end_sign_ins: Literal[True] | None = None
    drop_second_factor: Literal[True] | None = None


BODIES: dict[str, type[Body]] = {_PATH: _NewAccount, f"{_PATH}/change": _Change}
"""By path, for who describes them."""


class AllAccounts:
    """Changes need a page of ours (`Origin`)."""

    def __init__(
        self, store: Store, tokens: Tokens, enter: SignInRoutes, changes: AccountChanges
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._enter = enter
        self._changes = changes
        self._one_at_a_time = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(_PATH, self._list),
            web.post(_PATH, self._create),
            web.post(f"{_PATH}/change", self._change),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        _administrator(request, changes=False)
        accounts, sessions = await asyncio.to_thread(
            lambda: (self._store.accounts(), self._store.sessions())
        )
        return reply(
            {
                "accounts": [
                    {**told(one), "factor_required": self._tokens.requires_factor(one)}
                    for one in accounts
                ],
                "sessions": [{"id": one.id, "title": one.title} for one in sessions],
            }
        )

    async def _create(self, request: web.Request) -> web.Response:
        who = _administrator(request)
        wish = await read(request, _NewAccount)
        hashed = await asyncio.to_thread(hash_password, wish.password)
        account = Account(wish.name, hashed, wish.roles, admin=wish.admin, grants=wish.grants)
        async with self._one_at_a_time:
            if await asyncio.to_thread(self._store.account, wish.name) is not None:
                raise Problem(409, "account_exists", name=wish.name)
            await asyncio.to_thread(self._store.save_account, account)
        await self._changes.note(request, who, "account_saved", account)
        return reply(told(account), status=201)

    async def _change(self, request: web.Request) -> web.Response:
        who = _administrator(request)
        wish = await read(request, _Change)
        if wish.name == who.name and (wish.disabled or wish.admin is False):
            raise Problem(409, "own_account")
        hashed = await asyncio.to_thread(hash_password, wish.password) if wish.password else None
        changed = await self._changes.save(
            request, who, "account_saved", wish.name, lambda one: _changed(one, wish, hashed)
        )
        if changed.name == who.name:
            return self._enter.stay(request, changed, told(changed))
        return reply(told(changed))


def _administrator(request: web.Request, *, changes: bool = True) -> Identity:
    """Raises `Problem` 401 or 403."""
    who = signed_in(request, changes=changes)
    if not who.admin:
        raise Problem(403, "forbidden", role=who.role)
    return who


def _changed(account: Account, wish: _Change, hashed: str | None) -> Account:
    """A new password, a disabling, or taking a right away ends the sign-ins there are."""
    wishes: dict[str, Any] = {"roles": wish.roles, "grants": wish.grants, "admin": wish.admin}
    wishes |= {"disabled": wish.disabled, "password_hash": hashed}
    given: dict[str, Any] = {key: value for key, value in wishes.items() if value is not None}
    if wish.drop_second_factor:
        account = without_factor(account)
    changed = replace(account, **given)
    ends = hashed or wish.end_sign_ins or wish.drop_second_factor or wish.disabled
    if ends or _lost_rights(account, changed):
        return replace(changed, generation=account.generation + 1)
    return changed


def _lost_rights(before: Account, after: Account) -> bool:
    """A page that is open shows what its account could do when it was opened."""
    granted = (
        not roles <= after.grants.get(session, frozenset())
        for session, roles in before.grants.items()
    )
    return not before.roles <= after.roles or before.admin > after.admin or any(granted)
