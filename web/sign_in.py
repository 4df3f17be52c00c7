"""`POST /api/v1/sign-in` and `sign-out`: a password or a link's token becomes a cookie."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from pydantic import Field

from broadcast.session.model import Role
from broadcast.store import Account
from config.settings import Security
from web.accounts import SignIn
from web.asking import identify_or_viewer, seen
from web.auditor import Auditor
from web.auth import COOKIE, DEVICE_COOKIE, DEVICE_S, VIEWER, Identity, Tokens
from web.bodies import Body, read
from web.border import client_address, is_here, peer_address, require_same_origin
from web.errors import Problem
from web.limits import Bucket, network
from web.replies import reply
from web.throttle import refuse_for


class Credentials(Body):
    """A name and a password, and a code where the account asks for one; or a link's token."""

    name: str | None = Field(None, max_length=300)
    password: str | None = Field(None, max_length=1024)
    code: str = Field("", max_length=64)
    token: str | None = Field(None, max_length=1024)


class SignInRoutes:
    """Answers with who one is now, and where to go: `{"role", "name", "session", "next"}`."""

    def __init__(
        self,
        tokens: Tokens,
        sign_in: SignIn,
        auditor: Auditor,
        security: Security,
        clock: Callable[[], int],
    ) -> None:
        self._tokens = tokens
        self._sign_in = sign_in
        self._auditor = auditor
        self._security = security
        self._clock = clock
        # A token cannot be guessed; this only keeps a broken script from costing us.
        self._token_tries = Bucket(60, 60_000)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/v1/sign-in", self._enter),
            web.post("/api/v1/sign-out", self._leave),
        ]

    async def _enter(self, request: web.Request) -> web.Response:
        if "Origin" in request.headers:
            require_same_origin(request)
        credentials = await read(request, Credentials)
        device = self._tokens.device(request.cookies.get(DEVICE_COOKIE, ""))
        try:
            cookie = await self._cookie(credentials, client_address(request), device)
        except Problem as problem:
            name = {"name": await self._sign_in.known(credentials.name or "")}
            await self._auditor.refused(request, "sign_in", problem, detail=name)
            raise
        identity = await asyncio.to_thread(self._tokens.identify_cookie, cookie)
        who = seen(identity, request)
        await self._auditor.done(request, "sign_in", who, session=identity.session or "")
        response = reply(_welcome(identity))
        self._give(request, response, cookie)
        if identity.account:
            kept = device if device.startswith(f"{identity.name}\n") else ""
            text = self._tokens.device_cookie(identity.name, kept)
            _set(request, response, DEVICE_COOKIE, text, DEVICE_S)
        return response

    def stay(self, request: web.Request, account: Account, told: Mapping[str, Any]) -> web.Response:
        """`told`, after a change that signs all browsers out: this one is in again."""
        response = reply(told)
        self._give(request, response, self._tokens.cookie_for_account(account))
        return response

    def _give(self, request: web.Request, response: web.Response, cookie: str) -> None:
        _set(request, response, COOKIE, cookie, self._security.cookie_hours * 3600)

    async def _cookie(self, credentials: Credentials, address: str, device: str) -> str:
        if credentials.token is not None:
            refuse_for(self._token_tries.take(network(address), self._clock()))
            return await asyncio.to_thread(self._tokens.cookie_for_token, credentials.token)
        if credentials.name is None or credentials.password is None:
            raise Problem(422, "not_understood", field="name", rule="name + password, or token")
        account = await self._sign_in.check(
            credentials.name,
            credentials.password,
            address,
            code=credentials.code,
            device=device,
        )
        return self._tokens.cookie_for_account(account)

    async def _leave(self, request: web.Request) -> web.Response:
        require_same_origin(request)
        who = identify_or_viewer(request)
        if who is not VIEWER:  # who was signed out already changes nothing
            await self._auditor.done(request, "sign_out", who)
        await asyncio.to_thread(self._tokens.sign_out, request.cookies.get(COOKIE, ""))
        response = reply({})
        response.del_cookie(COOKIE, path="/")
        return response


_PAGES = {Role.OPERATOR: "operator", Role.CHAIR: "chair", Role.CLERK: "clerk"}
"""Where each role works."""


def _welcome(identity: Identity) -> dict[str, Any]:
    session = identity.session
    go_on = "/account" if identity.must_enrol else "/"
    if session is not None:
        go_on = f"/{_PAGES.get(identity.role, 'watch')}/{session}"
    return {
        "role": identity.role,
        "name": identity.name,
        "session": session,
        "next": go_on,
    }


def _set(
    request: web.Request, response: web.Response, name: str, text: str, max_age_s: int
) -> None:
    response.set_cookie(
        name,
        text,
        max_age=max_age_s,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=_over_tls(request),
    )


def _over_tls(request: web.Request) -> bool:
    """Also behind a proxy on this machine that says so."""
    if request.secure:
        return True
    return is_here(peer_address(request)) and request.headers.get("X-Forwarded-Proto") == "https"
