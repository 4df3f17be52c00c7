"""Who somebody is: signed tokens, the cookie, and what each proves.

A token is `URLSafeSerializer` text over name, roles, session, site, serial and expiry, signed
with the secret in `data_dir`. It travels in an `Authorization: Bearer` header, in the body of a
sign-in or in the fragment of a link: never in a query, never in a log. Its serial numbers the
generation of links for one place (a site of a session, a role of a session): revoking a
generation ends all links of it at once, and nobody has to remember which were handed out.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from itsdangerous import BadSignature, URLSafeSerializer
from pydantic import BaseModel, ConfigDict, ValidationError

from broadcast.audit import Where
from broadcast.outputs.vault import KeyLostError, load_key
from broadcast.session.model import Role
from broadcast.store import Account, Store
from config.settings import ConfigError, Security
from streams.frames import SiteId
from web.errors import Problem

COOKIE = "diemcau"
DEVICE_COOKIE = "diemcau_device"
DEVICE_S = 400 * 86_400
"""As long as browsers keep any cookie (RFC 6265bis, 5.5)."""
MAX_TOKEN_CHARS = 1024
SECRET_FILE = "secret.key"  # noqa: S105 - a file's name
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MOST_AHEAD_MS = 60 * DAY_MS
STAFF = frozenset({Role.OPERATOR, Role.CHAIR, Role.CLERK})
OPERATORS = frozenset({Role.OPERATOR})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who acts. A token is good for one session, an account for all."""

    name: str
    roles: frozenset[Role]
    session: str | None = None
    site: SiteId | None = None
    account: bool = False
    """Gave a password; else whoever holds a link."""
    admin: bool = False
    """May manage accounts."""
    grants: Mapping[str, frozenset[Role]] = field(default_factory=dict, compare=False)
    """More roles, by session."""
    generation: int = field(default=0, compare=False)
    """Of the account's sign-ins."""
    seat: str = ""
    """Which browser, where the cookie says so: two may have the same name."""
    must_enrol: bool = False
    """Gave a password, and may do nothing but take up the second factor that its roles need."""
    where: Where = field(default=Where(), compare=False)

    @property
    def role(self) -> Role:
        """The one that pages show: the strongest."""
        return next(role for role in Role if role in self.roles)

    @property
    def staff(self) -> bool:
        """Sees the control panel."""
        return bool(self.roles & STAFF)

    def in_session(self, session: str) -> "Identity":
        """Itself where it counts, a viewer elsewhere."""
        if self.session not in {None, session}:
            return VIEWER
        more = self.grants.get(session)
        return replace(self, roles=self.roles | more) if more else self

    def as_server(self) -> "Identity":
        """For what the server notes after it did what this person asked for."""
        return replace(self, roles=frozenset({Role.SYSTEM}))


VIEWER = Identity("", frozenset({Role.VIEWER}))


class _Claims(BaseModel):
    """What is signed. `account` is set in the cookie of a person who gave a password."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    roles: tuple[Role, ...] = ()
    session: str | None = None
    site: str | None = None
    serial: str
    expires_at_ms: int
    issued_at_ms: int = 2**53
    """Those of before it was written down are as if they were yet to be issued."""
    account: bool = False
    generation: int = 0
    """Of the account's sign-ins."""
    seat: str = ""


def load_secret(data_dir: Path) -> bytes:
    """The key that signs everything; made at the first start, readable by us alone. Raises
    `ConfigError`, also for one that the disk lost: with an empty key anybody could sign."""
    path = data_dir / SECRET_FILE
    try:
        return load_key(path)
    except KeyLostError as error:
        raise ConfigError(
            f"{error}; or remove it: then all links, sign-ins and second factors are made anew"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}; it must belong to the server's user, as all of the data "
            "folder: chown -R"
        ) from None


class Tokens:
    """Issues and checks what is signed. `clock` gives epoch milliseconds, `forward_ms` how far it
    was set forward since a moment: a wrong day that is entered signs nobody out."""

    def __init__(
        self,
        store: Store,
        secret: bytes,
        security: Security,
        clock: Callable[[], int],
        forward_ms: Callable[[int], int] = lambda _since_ms: 0,
    ) -> None:
        self._store = store
        self._security = security
        self._clock, self._forward_ms = clock, forward_ms
        self._token = URLSafeSerializer(secret, salt="diemcau.token")
        self._cookie = URLSafeSerializer(secret, salt="diemcau.cookie")
        self._device = URLSafeSerializer(secret, salt="diemcau.device")

    def requires_factor(self, account: Account) -> bool:
        """Whether one of its roles, in all sessions or in one, needs a second factor."""
        held: set[str] = {*account.roles, *(["admin"] if account.admin else [])}
        held.update(*account.grants.values())
        return not held.isdisjoint(self._security.second_factor)

    def sign_in_ends_ms(self) -> int:
        """Until when a sign-in is good, or a link to one, that is made now."""
        return self._clock() + self._security.cookie_hours * HOUR_MS

    def join_link_ends_ms(self, starts_at_ms: int | None) -> int:
        """Until when a site's link is good that is made now. A sheet printed a week before must
        open its door on the day that is planned; no sheet is for next year."""
        now_ms = self._clock()
        end_ms = now_ms + self._security.join_link_hours * HOUR_MS
        if starts_at_ms is None or starts_at_ms >= now_ms + MOST_AHEAD_MS:
            return end_ms
        return max(end_ms, starts_at_ms + DAY_MS)

    def issue_token(self, role: Role, session: str) -> str:
        """For a sign-in link to one session."""
        claims = _Claims(
            name=role.value,
            roles=(role,),
            session=session,
            serial=self._generation(f"{session}:{role}"),
            expires_at_ms=self.sign_in_ends_ms(),
            issued_at_ms=self._clock(),
        )
        return self._sign(self._token, claims)

    def issue_join_token(self, session: str, site: SiteId, starts_at_ms: int | None = None) -> str:
        """For one site of one session, which is planned for then."""
        claims = _Claims(
            name=site,
            roles=(Role.SITE,),
            session=session,
            site=site,
            serial=self._generation(f"{session}/{site}"),
            expires_at_ms=self.join_link_ends_ms(starts_at_ms),
            issued_at_ms=self._clock(),
        )
        return self._sign(self._token, claims)

    def revoke_join_tokens(self, session: str, site: SiteId) -> None:
        """Every link of this site handed out so far is dead; a new one can be issued."""
        self._store.revoke(self._generation(f"{session}/{site}"))

    def revoke_tokens(self, role: Role, session: str) -> None:
        """The same for a role's sign-in links."""
        self._store.revoke(self._generation(f"{session}:{role}"))

    def _generation(self, place: str) -> str:
        number = 1
        while self._store.is_revoked(f"{place}#{number}"):
            number += 1
        return f"{place}#{number}"

    def identify(self, token: str) -> Identity:
        """Raises `Problem` 401: wrong, expired or revoked."""
        return self._identity(self._verify(self._token, token))

    def cookie_for_account(self, account: Account) -> str:
        """After the password was right."""
        claims = _Claims(
            name=account.name,
            account=True,
            generation=account.generation,
            seat=secrets.token_hex(4),
            serial=f"cookie#{secrets.token_hex(8)}",
            expires_at_ms=self.sign_in_ends_ms(),
            issued_at_ms=self._clock(),
        )
        return self._sign(self._cookie, claims)

    def cookie_for_token(self, token: str) -> str:
        """A sign-in link becomes a cookie that lives and dies with it. Raises `Problem` 401."""
        claims = self._verify(self._token, token)
        self._identity(claims)
        seated = claims.model_copy(update={"seat": secrets.token_hex(4)})
        return self._sign(self._cookie, seated)

    def device_cookie(self, name: str, known: str = "") -> str:
        """For a browser in which this name has signed in: it is no stranger from now on. Keeps the
        number of `known`, which `device` gave."""
        number = known.partition("\n")[2] or secrets.token_hex(8)
        text = self._device.dumps([name, number])
        return text if isinstance(text, str) else text.decode()

    def device(self, cookie: str) -> str:
        """The name and the browser's number; empty if there is none."""
        try:
            name, number = (
                self._device.loads(cookie) if len(cookie) <= MAX_TOKEN_CHARS else ("", "")
            )
        except (BadSignature, ValueError):
            return ""
        return f"{name}\n{number}" if name else ""

    def identify_cookie(self, cookie: str) -> Identity:
        """Raises `Problem` 401."""
        return self._identity(self._verify(self._cookie, cookie))

    def sign_out(self, cookie: str) -> None:
        """A cookie that was copied is worth nothing after this; a link's own stays good."""
        try:
            claims = self._verify(self._cookie, cookie)
        except Problem:
            return
        if claims.account:
            self._store.revoke(claims.serial)

    def _sign(self, serializer: URLSafeSerializer, claims: _Claims) -> str:
        text = serializer.dumps(claims.model_dump(mode="json", exclude_defaults=True))
        return text if isinstance(text, str) else text.decode()

    def _verify(self, serializer: URLSafeSerializer, text: str) -> _Claims:
        if len(text) > MAX_TOKEN_CHARS or not text.isascii():
            raise Problem(401, "token_wrong")
        try:
            claims = _Claims.model_validate(serializer.loads(text))
        except (BadSignature, ValidationError):
            raise Problem(401, "token_wrong") from None
        now_ms = self._clock()  # which notices that it was set
        if now_ms >= claims.expires_at_ms + self._forward_ms(claims.issued_at_ms):
            raise Problem(401, "token_expired")
        if self._store.is_revoked(claims.serial):
            raise Problem(401, "token_revoked")
        return claims

    def _identity(self, claims: _Claims) -> Identity:
        if not claims.account:
            site = SiteId(claims.site) if claims.site is not None else None
            roles = frozenset(claims.roles)
            return Identity(claims.name, roles, claims.session, site, seat=claims.seat)
        account = self._store.account(claims.name)
        if account is None or account.disabled or account.generation != claims.generation:
            raise Problem(401, "token_revoked")
        if not account.totp_secret and self.requires_factor(account):
            return Identity(
                account.name,
                VIEWER.roles,
                account=True,
                generation=account.generation,
                seat=claims.seat,
                must_enrol=True,
            )
        return Identity(
            account.name,
            account.roles or VIEWER.roles,
            account=True,
            admin=account.admin,
            grants=account.grants,
            generation=account.generation,
            seat=claims.seat,
        )
