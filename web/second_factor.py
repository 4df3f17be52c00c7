"""The second factor: a code of an authenticator (TOTP, RFC 6238), or a recovery code on paper."""

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import replace

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet, InvalidToken

from broadcast.store import Account

STEP_S = 30
RECOVERY_CODES = 8
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that paper confuses with another: no i, l, o, 0, 1."""
_CODE_CHARS = 16
_hasher = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1)
"""Of recovery codes: 79 bits each, so that 5 ms are slow enough."""

Proof = int | str
"""What a right code uses up: the step of an authenticator's, or the hash of a recovery code."""


class SecondFactor:
    """Secrets are sealed with the server's key: a copy of the database alone opens nothing."""

    def __init__(self, secret: bytes, clock: Callable[[], int]) -> None:
        key = hashlib.sha256(b"diemcau.second-factor" + secret).digest()
        self._seal = Fernet(base64.urlsafe_b64encode(key))
        self._clock = clock

    def seal(self, secret: str) -> str:
        """As the account holds it."""
        return self._seal.encrypt(secret.encode()).decode()

    def check(self, account: Account, code: str) -> Proof | None:
        """What a right code would use up; None: it is not right. Takes 40 ms for eight codes on
        paper: not on the event loop."""
        code = _plain(code)
        if len(code) == _CODE_CHARS:
            return next((one for one in account.recovery if _is_hash_of(one, code)), None)
        try:
            secret = self._seal.decrypt(account.totp_secret).decode()
        except InvalidToken:
            return None  # the server's key is another one: a recovery code still opens
        return self.step(secret, code)

    def step(self, secret: str, code: str) -> int | None:
        """When an authenticator with this secret shows this code: now, give or take a step."""
        now = self._clock() // 1000 // STEP_S
        totp = pyotp.TOTP(secret)
        for step in (now, now - 1, now + 1):
            if secrets.compare_digest(totp.at(step * STEP_S).encode(), _plain(code).encode()):
                return step
        return None


def spent(account: Account, proof: Proof) -> Account | None:
    """The account after this code, which is good once; None: it was used before. What was looked
    over a shoulder is worth nothing a second time (RFC 6238, 5.2)."""
    if isinstance(proof, int):
        return replace(account, totp_step=proof) if proof > account.totp_step else None
    if proof not in account.recovery:
        return None
    return replace(account, recovery=tuple(one for one in account.recovery if one != proof))


def new_secret() -> str:
    return pyotp.random_base32()


def address_of(name: str, secret: str) -> str:
    """What an authenticator scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Diemcau")


def new_recovery_codes() -> tuple[str, ...]:
    """Each `xxxx-xxxx-xxxx-xxxx`, 79 bits."""

    def four() -> str:
        return "".join(secrets.choice(_LETTERS) for _ in range(4))

    return tuple("-".join(four() for _ in range(4)) for _ in range(RECOVERY_CODES))


def hash_of(code: str) -> str:
    """Of a recovery code, as the account holds it; takes 5 ms."""
    return _hasher.hash(_plain(code))


def _plain(code: str) -> str:
    """As people type it: with blanks, hyphens and capitals."""
    return "".join(code.split()).replace("-", "").lower()


def _is_hash_of(hashed: str, code: str) -> bool:
    try:
        return _hasher.verify(hashed, code)
    except (VerificationError, InvalidHashError):
        return False
