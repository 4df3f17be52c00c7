"""Signing in with a name and a password."""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from broadcast.store import Store
from web.errors import Problem
from web.limits import Limiter

MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 256
_MINUTE_MS = 60_000

_hasher = PasswordHasher()
"""RFC 9106, the second recommended choice: 64 MiB, 3 passes, 4 lanes; about 60 ms."""


def hash_password(password: str) -> str:
    """Raises ValueError with a sentence when it is too short or too long."""
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        raise ValueError(f"a password has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters")
    return _hasher.hash(_normal(password))


def _normal(text: str) -> str:
    """Vietnamese typed on two keyboards is the same name and the same password."""
    return unicodedata.normalize("NFC", text)


class SignIn:
    """Checks passwords, two at a time, and locks out who guesses.

    Five tries for one name from one address close it for a quarter of an hour; so do fifty for
    one name or one address, whatever the other is. A name that is not there costs as much time as
    one that is.
    """

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self._store = store
        self._clock = clock
        self._slots = asyncio.Semaphore(2)
        self._pair = Limiter(5, 15 * _MINUTE_MS)
        self._either = Limiter(50, 15 * _MINUTE_MS)

    async def check(self, name: str, password: str, address: str) -> str:
        """The account's name. Raises `Problem` 401 or 429."""
        name = _normal(name).strip()
        self._admit(name, address)
        account = self._store.account(name)
        async with self._slots:
            hashed = account.password_hash if account is not None else None
            right = await asyncio.to_thread(_matches, hashed, _normal(password))
        if account is None or account.disabled or not right:
            raise Problem(401, "wrong_password")
        self._pair.forget(f"{name} {address}")
        return account.name

    def _admit(self, name: str, address: str) -> None:
        """Counts before it checks, or a hundred tries at once would all be the first."""
        now_ms = self._clock()
        tries = (
            (self._pair, f"{name} {address}"),
            (self._either, f"name {name}"),
            (self._either, f"from {address}"),
        )
        wait_ms = max(limiter.wait_ms(key, now_ms) for limiter, key in tries)
        if wait_ms:
            minutes = -(-wait_ms // _MINUTE_MS)
            raise Problem(429, "too_many_tries", retry_after_s=minutes * 60, minutes=minutes)
        for limiter, key in tries:
            limiter.count(key, now_ms)


@cache
def _nobodys() -> str:
    """The hash of a password that nobody has."""
    return _hasher.hash(secrets.token_hex())


def _matches(hashed: str | None, password: str) -> bool:
    try:
        return len(password) <= MAX_PASSWORD_CHARS and _hasher.verify(
            hashed or _nobodys(), password
        )
    except (VerificationError, InvalidHashError):
        return False
