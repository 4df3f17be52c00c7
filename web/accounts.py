"""Signing in with a name and a password, and a second factor where the account has one."""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from broadcast.store import Account, Store
from web.errors import Problem
from web.limits import Backoff, Limiter, network
from web.second_factor import SecondFactor, spent

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
    """Checks passwords, two at a time, and holds back who guesses, but never a name as such:

    - a stranger: from the sixth wrong try for one name from one network on, each next waits twice
      as long, from half a minute to a quarter of an hour; fifty tries of one network, for whatever
      names, close it for a quarter of an hour;
    - a browser in which this name has signed in before (`device`): only its own wrong tries count.

    So whoever guesses the operator's name on the day of the session, from elsewhere or from the
    guests' network in the hall, keeps himself out and not the operator. A name that is not there
    costs as much time as one that is.
    """

    def __init__(self, store: Store, factor: SecondFactor, clock: Callable[[], int]) -> None:
        self._store = store
        self._factor = factor
        self._clock = clock
        self._slots = {known: asyncio.Semaphore(2) for known in (True, False)}
        self._guesses = Backoff(5, _MINUTE_MS // 2, 15 * _MINUTE_MS)
        self._from_network = Limiter(50, 15 * _MINUTE_MS)

    async def check(
        self, name: str, password: str, address: str, *, code: str = "", device: str = ""
    ) -> Account:
        """`device`: the name that signed in before in this browser, and the browser's number.
        Raises `Problem` 401 or 429."""
        name = _normal(name).strip()
        account = await asyncio.to_thread(self._store.account, name)
        known = bool(device) and device.startswith(f"{name}\n")
        place = device if known else f"{name}\n{network(address)}"
        self._admit(place, network(address), known=known)
        # Strangers may wait for each other, but not make the operator wait for them.
        async with self._slots[known]:
            hashed = account.password_hash if account is not None else None
            right = await asyncio.to_thread(matches, hashed, password)
        if account is None or account.disabled or not right:
            raise Problem(401, "wrong_password")
        account = await self._second(account, code)
        self._guesses.forget(place)
        return account

    async def known(self, name: str) -> str:
        """The name, if there is such an account: what was typed into the wrong field is not
        written down."""
        account = await asyncio.to_thread(self._store.account, _normal(name).strip())
        return account.name if account is not None else ""

    async def _second(self, account: Account, code: str) -> Account:
        if not account.totp_secret:
            return account
        if not code.strip():
            raise Problem(401, "code_needed")
        accepted = await asyncio.to_thread(self._spend, account, code)
        if accepted is None:
            raise Problem(401, "wrong_code")
        return accepted

    def _spend(self, account: Account, code: str) -> Account | None:
        """Of two who come with the same code at once, one gets in."""
        proof = self._factor.check(account, code)
        if proof is None:
            return None

        def spend(now: Account) -> Account:
            # While the password was looked at, it may have been taken away.
            after = spent(unchanged(now, account.generation), proof)
            if after is None:
                raise Problem(401, "wrong_code")
            return after

        return self._store.change_account(account.name, spend)

    def _admit(self, place: str, from_network: str, *, known: bool) -> None:
        """Counts before it checks, or a hundred tries at once would all be the first."""
        now_ms = self._clock()
        wait_ms = self._guesses.wait_ms(place, now_ms)
        if not known:
            wait_ms = max(wait_ms, self._from_network.wait_ms(from_network, now_ms))
        if wait_ms:
            minutes = -(-wait_ms // _MINUTE_MS)
            raise Problem(429, "too_many_tries", retry_after_s=-(-wait_ms // 1000), minutes=minutes)
        self._guesses.count(place, now_ms)
        if not known:
            self._from_network.count(from_network, now_ms)


def unchanged(now: Account, generation: int) -> Account:
    """What was proved counts until somebody ends the sign-ins. Raises `Problem` 401."""
    if now.disabled or now.generation != generation:
        raise Problem(401, "wrong_password")
    return now


@cache
def _nobodys() -> str:
    """The hash of a password that nobody has."""
    return _hasher.hash(secrets.token_hex())


def matches(hashed: str | None, password: str) -> bool:
    """Whether it is the password; None takes as long and is nobody's."""
    try:
        return len(password) <= MAX_PASSWORD_CHARS and _hasher.verify(
            hashed or _nobodys(), _normal(password)
        )
    except (VerificationError, InvalidHashError):
        return False
