"""Accounts: one's own (password, second factor, sign-ins), and everybody's for an administrator."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from broadcast.session.model import Role
from broadcast.session.text import Id, Name
from broadcast.store import Account, Store
from web.accounts import (
    MAX_PASSWORD_CHARS,
    MIN_PASSWORD_CHARS,
    SignIn,
    hash_password,
    unchanged,
)
from web.aside import Aside
from web.asking import identify
from web.auditor import Auditor
from web.auth import DEVICE_COOKIE, Identity, Tokens
from web.bodies import Body, read
from web.border import client_address
from web.errors import Problem, not_found
from web.replies import reply
from web.second_factor import (
    SecondFactor,
    address_of,
    hash_of,
    new_recovery_codes,
    new_secret,
)
from web.sign_in import SignInRoutes

_ForPerson = Literal[Role.OPERATOR, Role.CHAIR, Role.CLERK, Role.VIEWER]
_Roles = Annotated[frozenset[_ForPerson], Field(max_length=4)]
_Password = Annotated[str, Field(min_length=MIN_PASSWORD_CHARS, max_length=MAX_PASSWORD_CHARS)]
_Typed = Annotated[str, Field(max_length=1024)]
_Code = Annotated[str, Field(max_length=64)]
_Grants = Annotated[dict[Id, _Roles], Field(max_length=200)]


class _Nothing(Body):
    pass


class _Proof(Body):
    """Who sits before a browser that is signed in gives the password again."""

    password: _Typed
    code: _Code = ""


class _NewPassword(_Proof):
    new_password: _Password


class _NewFactor(Body):
    password: _Typed
    secret: Annotated[str, Field(pattern=r"\A[A-Z2-7]{32}\z")]
    code: _Code


class _NewAccount(Body):
    name: Name
    password: _Password
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
    password: _Password | None = None
    end_sign_ins: Literal[True] | None = None
    drop_second_factor: Literal[True] | None = None


BODIES: dict[str, type[Body]] = {
    "/api/v1/account/password": _NewPassword,
    "/api/v1/account/second-factor/offer": _Nothing,
    "/api/v1/account/second-factor": _NewFactor,
    "/api/v1/account/second-factor/off": _Proof,
    "/api/v1/account/end-sign-ins": _Nothing,
    "/api/v1/accounts": _NewAccount,
    "/api/v1/accounts/change": _Change,
}
"""By path, for who describes them."""


class AccountRoutes:
    """Changes need a page of ours (`Origin`); a link's token manages nothing."""

    def __init__(
        self,
        store: Store,
        tokens: Tokens,
        sign_in: SignIn,
        factor: SecondFactor,
        enter: SignInRoutes,
        auditor: Auditor,
        aside: Aside,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._sign_in = sign_in
        self._factor = factor
        self._enter = enter
        self._auditor = auditor
        self._aside = aside
        self._one_at_a_time = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        own = "/api/v1/account"
        return [
            web.get(own, self._own),
            web.post(f"{own}/password", self._change_password),
            web.post(f"{own}/second-factor/offer", self._offer_factor),
            web.post(f"{own}/second-factor", self._take_factor),
            web.post(f"{own}/second-factor/off", self._drop_factor),
            web.post(f"{own}/end-sign-ins", self._end_own_sign_ins),
            web.get("/api/v1/accounts", self._list),
            web.post("/api/v1/accounts", self._create),
            web.post("/api/v1/accounts/change", self._change),
        ]

    # One's own

    async def _own(self, request: web.Request) -> web.Response:
        account = await self._mine(self._me(request, changes=False))
        required = self._tokens.requires_factor(account)
        return reply({**_told(account), "factor_required": required})

    async def _change_password(self, request: web.Request) -> web.Response:
        who = self._me(request)
        wish = await read(request, _NewPassword)
        account = await self._proved(request, who, wish.password, wish.code)
        hashed = await asyncio.to_thread(hash_password, wish.new_password)
        changed = await self._save(
            request,
            who,
            "password_changed",
            account.name,
            lambda one: replace(
                unchanged(one, account.generation),
                password_hash=hashed,
                generation=one.generation + 1,
            ),
        )
        return self._stay(request, changed, {})

    async def _offer_factor(self, request: web.Request) -> web.Response:
        who = self._me(request)
        await read(request, _Nothing)
        secret = new_secret()
        address = address_of(who.name, secret)
        (picture,) = await self._aside.run({"work": "draw", "texts": [address]})
        return reply({"secret": secret, "address": address, "picture": picture})

    async def _take_factor(self, request: web.Request) -> web.Response:
        who = self._me(request)
        wish = await read(request, _NewFactor)
        if (await self._mine(who)).totp_secret:
            raise Problem(409, "has_second_factor")
        account = await self._proved(request, who, wish.password)
        step = self._factor.step(wish.secret, wish.code)
        if step is None:
            raise Problem(422, "wrong_code")
        codes = new_recovery_codes()
        hashes = await asyncio.to_thread(lambda: tuple(hash_of(code) for code in codes))
        sealed = self._factor.seal(wish.secret)

        def take(one: Account) -> Account:
            return replace(
                unchanged(one, account.generation),
                totp_secret=sealed,
                totp_step=step,
                recovery=hashes,
                generation=one.generation + 1,
            )

        changed = await self._save(request, who, "second_factor_on", account.name, take)
        return self._stay(request, changed, {"recovery": codes})

    async def _drop_factor(self, request: web.Request) -> web.Response:
        who = self._me(request)
        wish = await read(request, _Proof)
        account = await self._proved(request, who, wish.password, wish.code)
        await self._save(
            request,
            who,
            "second_factor_off",
            account.name,
            lambda one: _without_factor(unchanged(one, account.generation)),
        )
        return reply({})

    async def _end_own_sign_ins(self, request: web.Request) -> web.Response:
        who = self._me(request)
        await read(request, _Nothing)
        changed = await self._save(
            request,
            who,
            "sign_ins_ended",
            who.name,
            lambda one: replace(unchanged(one, who.generation), generation=one.generation + 1),
        )
        return self._stay(request, changed, {})

    def _stay(
        self, request: web.Request, account: Account, told: Mapping[str, Any]
    ) -> web.Response:
        """All other browsers are signed out; this one is not."""
        response = reply(told)
        self._enter.give(request, response, self._tokens.cookie_for_account(account))
        return response

    async def _proved(
        self, request: web.Request, who: Identity, password: str, code: str = ""
    ) -> Account:
        device = self._tokens.device(request.cookies.get(DEVICE_COOKIE, ""))
        address = client_address(request)
        return await self._sign_in.check(who.name, password, address, code=code, device=device)

    # Everybody's

    async def _list(self, request: web.Request) -> web.Response:
        self._administrator(request, changes=False)
        accounts, sessions = await asyncio.to_thread(
            lambda: (self._store.accounts(), self._store.sessions())
        )
        return reply(
            {
                "accounts": [
                    {**_told(one), "factor_required": self._tokens.requires_factor(one)}
                    for one in accounts
                ],
                "sessions": [{"id": one.id, "title": one.title} for one in sessions],
            }
        )

    async def _create(self, request: web.Request) -> web.Response:
        who = self._administrator(request)
        wish = await read(request, _NewAccount)
        hashed = await asyncio.to_thread(hash_password, wish.password)
        account = Account(wish.name, hashed, wish.roles, admin=wish.admin, grants=wish.grants)
        async with self._one_at_a_time:
            if await asyncio.to_thread(self._store.account, wish.name) is not None:
                raise Problem(409, "account_exists", name=wish.name)
            await asyncio.to_thread(self._store.save_account, account)
        await self._note(request, who, "account_saved", account)
        return reply(_told(account), status=201)

    async def _change(self, request: web.Request) -> web.Response:
        who = self._administrator(request)
        wish = await read(request, _Change)
        if wish.name == who.name and (wish.disabled or wish.admin is False):
            raise Problem(409, "own_account")
        hashed = await asyncio.to_thread(hash_password, wish.password) if wish.password else None
        changed = await self._save(
            request, who, "account_saved", wish.name, lambda one: _changed(one, wish, hashed)
        )
        if changed.name == who.name:
            return self._stay(request, changed, _told(changed))
        return reply(_told(changed))

    # Both

    def _me(self, request: web.Request, *, changes: bool = True) -> Identity:
        """Raises `Problem` 401 or 403."""
        who = identify(request, changes=changes)
        if not who.account:
            raise Problem(401, "not_signed_in")
        return who

    async def _mine(self, who: Identity) -> Account:
        """Raises `Problem` 401."""
        account = await asyncio.to_thread(self._store.account, who.name)
        if account is None:
            raise Problem(401, "not_signed_in")
        return account

    def _administrator(self, request: web.Request, *, changes: bool = True) -> Identity:
        who = self._me(request, changes=changes)
        if not who.admin:
            raise Problem(403, "forbidden", role=who.role)
        return who

    async def _save(
        self,
        request: web.Request,
        who: Identity,
        what: str,
        name: str,
        change: Callable[[Account], Account],
    ) -> Account:
        """Raises `Problem` 404."""
        changed = await asyncio.to_thread(self._store.change_account, name, change)
        if changed is None:
            raise not_found("unknown_account")
        await self._note(request, who, what, changed)
        return changed

    async def _note(self, request: web.Request, who: Identity, what: str, account: Account) -> None:
        detail = {key: value for key, value in _told(account).items() if value}
        await self._auditor.done(request, what, who, detail=detail)


def _changed(account: Account, wish: _Change, hashed: str | None) -> Account:
    """A new password, a disabling, or taking a right away ends the sign-ins there are."""
    wishes: dict[str, Any] = {"roles": wish.roles, "grants": wish.grants, "admin": wish.admin}
    wishes |= {"disabled": wish.disabled, "password_hash": hashed}
    given: dict[str, Any] = {key: value for key, value in wishes.items() if value is not None}
    if wish.drop_second_factor:
        account = _without_factor(account)
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


def _without_factor(account: Account) -> Account:
    return replace(account, totp_secret="", totp_step=0, recovery=())


def _told(account: Account) -> dict[str, Any]:
    """Without anything secret."""
    return {
        "name": account.name,
        "roles": sorted(account.roles),
        "grants": {session: sorted(roles) for session, roles in sorted(account.grants.items())},
        "admin": account.admin,
        "disabled": account.disabled,
        "second_factor": bool(account.totp_secret),
        "recovery_left": len(account.recovery),
    }
