"""What HTTPS shows: the certificate that was given, read again when it is renewed on the disk; or
one of our own, where nobody gave us one: browsers warn once, cameras work."""

import asyncio
import datetime
import ipaddress
import logging
import os
import ssl
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from config.settings import ConfigError, Https
from web.addresses import local_names

VALID_DAYS = 397
"""What browsers accept at most (CA/Browser Forum, Baseline Requirements 6.3.2)."""
RENEW_DAYS = 30
WARN_DAYS = 10
"""Less than renewal by ACME leaves: two thirds of 90 days are used."""

LOOK_S = 60.0
SOON_S = 1.0
"""While what stands there cannot be used: its key may be on its way."""

_log = logging.getLogger(__name__)


def utc_now() -> datetime.datetime:
    return datetime.datetime.fromtimestamp(time.time(), datetime.UTC)


class Certificate:
    """For the HTTPS listener. Who is connected stays so; who comes later meets the newest one that
    was whole, with its own key.

    Raises `ConfigError` when the given one cannot be used.
    """

    def __init__(self, https: Https, data_dir: Path, now: datetime.datetime) -> None:
        self._given = https.certificate is not None
        self._paths = _paths_of(https, data_dir, now)
        self._told = ""
        self._seen = _changed_ns(self._paths)
        self.context = self._newest = _loaded(*self._paths)
        # Called at each handshake, where no name is asked for too.
        self.context.sni_callback = self._show
        self._tell(lifetime_fault(self._paths[0], now))

    def _show(self, handshake: ssl.SSLObject, _name: str, _context: ssl.SSLContext) -> None:
        handshake.context = self._newest

    async def follow(self) -> None:
        """Whoever renews it (certbot) need not end a session for it. One of our own stays until the
        next start: who has taken it once would be warned again, in the middle of a session."""
        wait_s = LOOK_S
        while self._given:
            await asyncio.sleep(wait_s)
            wait_s = await self.look(utc_now())

    async def look(self, now: datetime.datetime) -> float:
        """Reads it again if it changed; in how many seconds to look next. While certificate and key
        cannot be used together, the last ones stay."""
        try:
            fault = await asyncio.to_thread(self._read, now)
        except (OSError, ValueError, ConfigError) as error:
            self._tell(f"the last one stays in use: {error}")
            return SOON_S
        self._tell(fault)
        return LOOK_S

    def _read(self, now: datetime.datetime) -> str:
        """What is wrong with its days. Into a context of its own, which handshakes meet whole or
        not at all. Raises `OSError`, `ValueError`, `ConfigError`."""
        seen = _changed_ns(self._paths)
        if seen != self._seen:
            self._newest, self._seen = _loaded(*self._paths), seen
            _log.info("https.certificate was renewed")
        return lifetime_fault(self._paths[0], now)

    def _tell(self, fault: str) -> None:
        if fault and fault != self._told:
            _log.warning("https.certificate: %s", fault)
        self._told = fault


def _paths_of(https: Https, data_dir: Path, now: datetime.datetime) -> tuple[Path, Path]:
    if https.certificate is not None:
        return https.certificate, https.key or https.certificate
    if https.key is not None:
        raise ConfigError("https.key: stands there without https.certificate; give both, or none")
    return self_made(data_dir / "tls", now)


def _changed_ns(paths: tuple[Path, Path]) -> tuple[int, ...]:
    """0: there is none."""
    return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)


def _loaded(certificate: Path, key: Path) -> ssl.SSLContext:
    """Both, if they belong together. Raises `ConfigError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    of_key = False
    try:
        # OpenSSL would not say which of the two it may not read, and takes a TRUSTED CERTIFICATE,
        # whose days we could not tell.
        x509.load_pem_x509_certificates(certificate.read_bytes())
        of_key = certificate != key
        key.read_bytes()
        context.load_cert_chain(certificate, key, _no_password)
    except (OSError, ValueError) as error:
        of_key &= not isinstance(error, ssl.SSLError)
        reason = error.strerror if isinstance(error, OSError) else None
        where = (
            f"https.key = {str(key)!r}" if of_key else f"https.certificate = {str(certificate)!r}"
        )
        raise ConfigError(
            f"{where}: cannot be used: {reason or error}; "
            "give a PEM chain, the server's own certificate first, and its key, "
            "or remove both keys to use a self-made certificate"
        ) from None
    return context


def _no_password() -> NoReturn:
    raise ConfigError(
        "https.key: is encrypted, and nobody is there to type its password; take it off by "
        "`openssl pkey -in KEY -out PLAIN`"
    )


def lifetime_fault(certificate: Path, now: datetime.datetime) -> str:
    """What browsers say of it, or soon will; empty: nothing."""
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    first, last = found.not_valid_before_utc, found.not_valid_after_utc
    if now < first:
        return f"good from {first:%Y-%m-%d %H:%M} UTC only; is this machine's clock right?"
    if last - now < datetime.timedelta(days=WARN_DAYS):
        return f"good until {last:%Y-%m-%d %H:%M} UTC; renew it"
    return ""


def names_in(certificate: Path) -> set[str]:
    """Names and addresses that browsers take it for; they heed no common name."""
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    return {name.lower() for name in _names_of(found)}


def _names_of(found: x509.Certificate) -> set[str]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):  # none, or none that could be read
        return set()
    return {str(name.value) for name in names}


def covers(names: Collection[str], host: str) -> bool:
    """Whether one of them is that host, or stands for it: `*.` for its first label (RFC 9525)."""
    with suppress(UnicodeError):  # no name that DNS could have
        host = host.encode("idna").decode()
    return host in names or f"*.{host.partition('.')[2]}" in names


def lacks_chain(certificate: Path) -> bool:
    """It names a signer that the file does not bring: fine if that is the office's own root."""
    found = x509.load_pem_x509_certificates(certificate.read_bytes())
    return len(found) == 1 and found[0].issuer != found[0].subject


def self_made(folder: Path, now: datetime.datetime) -> tuple[Path, Path]:
    """Certificate and key in `folder`, made when missing, expiring or without an address of ours.

    The names of the last one are kept: an address that comes and goes must not change the
    certificate each time, for every browser would warn again.
    """
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    wanted = local_names()
    known = _good_names(certificate, now) if key.exists() else set()
    if not wanted <= known:
        folder.mkdir(parents=True, exist_ok=True)
        _make(certificate, key, wanted | known, now)
    return certificate, key


def _good_names(path: Path, now: datetime.datetime) -> set[str]:
    """The names in a certificate that is still good for a while; none otherwise."""
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return set()
    if found.not_valid_after_utc - now < datetime.timedelta(days=RENEW_DAYS):
        return set()
    return _names_of(found)


def _alternative_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _make(certificate: Path, key: Path, names: set[str], now: datetime.datetime) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Diemcau")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS - 1))
        .add_extension(
            x509.SubjectAlternativeName([_alternative_name(text) for text in sorted(names)]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(secret, hashes.SHA256())
    )
    pem = secret.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _replace(key, pem)
    _replace(certificate, built.public_bytes(serialization.Encoding.PEM))


def _replace(path: Path, content: bytes) -> None:
    """Whole or not at all, and for our eyes only."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(new, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
    new.replace(path)
