"""One's own account: password, second factor, sign-ins."""

import asyncio
from dataclasses import replace
from typing import Annotated

from aiohttp import web
from pydantic import Field

from broadcast.store import Account, Store
from web.account_changes import AccountChanges, Password, signed_in, told, without_factor
from web.accounts import SignIn, hash_password, unchanged
from web.aside import Aside
from web.auth import DEVICE_COOKIE, Identity, Tokens
from web.bodies import Body, read
from web.border import client_address
from web.errors import Problem
from web.replies import reply
from web.second_factor import SecondFactor, address_of, hash_of, new_recovery_codes, new_secret
from web.sign_in import SignInRoutes

_Typed = Annotated[str, Field(max_length=1024)]
_Code = Annotated[str, Field(max_length=64)]
_PATH = "/api/v1/account"


class _Nothing(Body):
    pass


class _Proof(Body):
    """Who sits before a browser that is signed in gives the password again."""

    password: _Typed
    code: _Code = ""


class _NewPassword(_Proof):
    new_password: Password


class _NewFactor(Body):
    password: _Typed
    secret: Annotated[str, Field(pattern=r"\A[A-Z2-7]{32}\z")]
    code: _Code


BODIES: dict[str, type[Body]] = {
    f"{_PATH}/password": _NewPassword,
    f"{_PATH}/second-factor/offer": _Nothing,
    f"{_PATH}/second-factor": _NewFactor,
    f"{_PATH}/second-factor/off": _Proof,
    f"{_PATH}/end-sign-ins": _Nothing,
}
"""By path, for who describes them."""


class OwnAccount:
    """Changes need a page of ours (`Origin`)."""

    def __init__(
        self,
        store: Store,
        tokens: Tokens,
        sign_in: SignIn,
        factor: SecondFactor,
        enter: SignInRoutes,
        changes: AccountChanges,
        aside: Aside,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._sign_in = sign_in
        self._factor = factor
        self._enter = enter
        self._changes = changes
        self._aside = aside

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(_PATH, self._own),
            web.post(f"{_PATH}/password", self._change_password),
            web.post(f"{_PATH}/second-factor/offer", self._offer_factor),
            web.post(f"{_PATH}/second-factor", self._take_factor),
            web.post(f"{_PATH}/second-factor/off", self._drop_factor),
            web.post(f"{_PATH}/end-sign-ins", self._end_sign_ins),
        ]

    async def _own(self, request: web.Request) -> web.Response:
        account = await self._mine(signed_in(request, changes=False))
        required = self._tokens.requires_factor(account)
        return reply({**told(account), "factor_required": required})

    async def _change_password(self, request: web.Request) -> web.Response:
        who = signed_in(request)
        wish = await read(request, _NewPassword)
        account = await self._proved(request, who, wish.password, wish.code)
        hashed = await asyncio.to_thread(hash_password, wish.new_password)
        changed = await self._changes.save(
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
        return self._enter.stay(request, changed, {})

    async def _offer_factor(self, request: web.Request) -> web.Response:
        who = signed_in(request)
        await read(request, _Nothing)
        secret = new_secret()
        address = address_of(who.name, secret)
        (picture,) = await self._aside.run({"work": "draw", "texts": [address]})
        return reply({"secret": secret, "address": address, "picture": picture})

    async def _take_factor(self, request: web.Request) -> web.Response:
        who = signed_in(request)
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

        changed = await self._changes.save(request, who, "second_factor_on", account.name, take)
        return self._enter.stay(request, changed, {"recovery": codes})

    async def _drop_factor(self, request: web.Request) -> web.Response:
        who = signed_in(request)
        wish = await read(request, _Proof)
        account = await self._proved(request, who, wish.password, wish.code)
        await self._changes.save(
            request,
            who,
            "second_factor_off",
            account.name,
            lambda one: without_factor(unchanged(one, account.generation)),
        )
        return reply({})

    async def _end_sign_ins(self, request: web.Request) -> web.Response:
        who = signed_in(request)
        await read(request, _Nothing)
        changed = await self._changes.save(
            request,
            who,
            "sign_ins_ended",
            who.name,
            lambda one: replace(unchanged(one, who.generation), generation=one.generation + 1),
        )
        return self._enter.stay(request, changed, {})

    async def _mine(self, who: Identity) -> Account:
        """Raises `Problem` 401."""
        account = await asyncio.to_thread(self._store.account, who.name)
        if account is None:
            raise Problem(401, "not_signed_in")
        return account

    async def _proved(
        self, request: web.Request, who: Identity, password: str, code: str = ""
    ) -> Account:
        device = self._tokens.device(request.cookies.get(DEVICE_COOKIE, ""))
        address = client_address(request)
        return await self._sign_in.check(who.name, password, address, code=code, device=device)
