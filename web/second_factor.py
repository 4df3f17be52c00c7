"""The second factor: a code of an authenticator (TOTP, RFC 6238), or a recovery code on paper."""

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import replace

import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken

from broadcast.store import Account

STEP_S = 30
RECOVERY_CODES = 8
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that paper confuses with another: no i, l, o, 0, 1."""


class SecondFactor:
    """Secrets are sealed with the server's key: a copy of the database alone opens nothing."""

    def __init__(self, secret: bytes, clock: Callable[[], int]) -> None:
        key = hashlib.sha256(b"diemcau.second-factor" + secret).digest()
        self._seal = Fernet(base64.urlsafe_b64encode(key))
        self._clock = clock
        self._used: dict[str, int] = {}
        """The last step whose code each account used: a code that was looked over a shoulder is
        worth nothing a second time (RFC 6238, 5.2)."""

    def seal(self, secret: str) -> str:
        """As the account holds it."""
        return self._seal.encrypt(secret.encode()).decode()

    def fits(self, secret: str, code: str) -> bool:
        """Whether an authenticator with this secret shows this code now, give or take a step."""
        return self._step(secret, code) is not None

    def accept(self, account: Account, code: str) -> Account | None:
        """The account as it is after this code, which is good once; None: it is not right."""
        code = "".join(code.split()).lower()
        if digest_of(code) in account.recovery:
            left = tuple(one for one in account.recovery if one != digest_of(code))
            return replace(account, recovery=left)
        try:
            secret = self._seal.decrypt(account.totp_secret).decode()
        except InvalidToken:
            return None  # the server's key is another one: a recovery code still opens
        step = self._step(secret, code)
        if step is None or step <= self._used.get(account.name, -1):
            return None
        self._used[account.name] = step
        return account

    def _step(self, secret: str, code: str) -> int | None:
        now = self._clock() // 1000 // STEP_S
        totp = pyotp.TOTP(secret)
        for step in (now, now - 1, now + 1):
            if secrets.compare_digest(totp.at(step * STEP_S).encode(), code.encode()):
                return step
        return None


def new_secret() -> str:
    return pyotp.random_base32()


def address_of(name: str, secret: str) -> str:
    """What an authenticator scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Diemcau")


def picture_of(address: str) -> str:
    """Its QR code, as the source of an image."""
    return segno.make(address, error="m").svg_data_uri(scale=5, border=2, light="#ffffff")


def new_recovery_codes() -> tuple[str, ...]:
    """Each `xxxx-xxxx-xxxx-xxxx`, 79 bits: their digests need no salt and no slowness."""

    def four() -> str:
        return "".join(secrets.choice(_LETTERS) for _ in range(4))

    return tuple("-".join(four() for _ in range(4)) for _ in range(RECOVERY_CODES))


def digest_of(code: str) -> str:
    """Of a recovery code, as the account holds it."""
    return hashlib.sha256(code.replace("-", "").encode()).hexdigest()
