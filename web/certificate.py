"""A certificate of our own, where nobody gave us one: browsers warn once, cameras work."""

import datetime
import ipaddress
import os
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from config.settings import ConfigError, Https
from web.addresses import local_names

VALID_DAYS = 397
"""What browsers accept at most (CA/Browser Forum, Baseline Requirements 6.3.2)."""
RENEW_DAYS = 30


def tls_context(https: Https, data_dir: Path, now: datetime.datetime) -> ssl.SSLContext:
    """For the HTTPS listener. Raises `ConfigError` when the given certificate cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if https.certificate is None:
        certificate, key = self_made(data_dir / "tls", now)
    else:
        certificate, key = https.certificate, https.key or https.certificate
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"https.certificate = {str(certificate)!r}: cannot be used: {error.strerror or error}; "
            "give a PEM chain and its key, or remove both keys to use a self-made certificate"
        ) from None
    return context


def self_made(folder: Path, now: datetime.datetime) -> tuple[Path, Path]:
    """Certificate and key in `folder`, made when missing, expiring or without an address of ours.

    The names of the last one are kept: an address that comes and goes must not change the
    certificate each time, for every browser would warn again.
    """
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    wanted = local_names()
    known = _names_of(certificate, now) if key.exists() else set()
    if not wanted <= known:
        folder.mkdir(parents=True, exist_ok=True)
        _make(certificate, key, wanted | known, now)
    return certificate, key


def _names_of(path: Path, now: datetime.datetime) -> set[str]:
    """The names in a certificate that is still good for a while; none otherwise."""
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return set()
    if found.not_valid_after_utc - now < datetime.timedelta(days=RENEW_DAYS):
        return set()
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in names}


def _alternative_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text.encode("idna").decode())


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
