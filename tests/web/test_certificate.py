"""The certificate we make ourselves: what it names, who may read its key, when it changes."""

import asyncio
import datetime
import ssl
import threading
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from config.settings import ConfigError, Https
from tests.web.rig import BOUND_S, settings_in
from web import listener
from web.addresses import local_names
from web.app import running
from web.certificate import (
    LOOK_S,
    RENEW_DAYS,
    SOON_S,
    VALID_DAYS,
    Certificate,
    covers,
    lifetime_fault,
    self_made,
)

NOW = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)


def _names(path: Path) -> set[str]:
    found = x509.load_pem_x509_certificate(path.read_bytes())
    extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return {str(name.value) for name in extension.value}


def test_it_names_every_address_and_stays(tmp_path: Path) -> None:
    certificate, key = self_made(tmp_path / "tls", NOW)
    assert _names(certificate) == local_names()
    assert key.stat().st_mode & 0o777 == 0o600
    first = certificate.read_bytes()
    self_made(tmp_path / "tls", NOW + datetime.timedelta(days=VALID_DAYS - RENEW_DAYS - 2))
    assert certificate.read_bytes() == first


@pytest.mark.parametrize("name", ["máy-chủ-điện-biên", "m" * 64])
def test_a_name_that_dns_has_otherwise_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Made anew at each start, every browser would warn again."""
    monkeypatch.setattr("socket.gethostname", lambda: name)
    certificate, _ = self_made(tmp_path, NOW)
    first = certificate.read_bytes()
    self_made(tmp_path, NOW)
    assert certificate.read_bytes() == first


@pytest.mark.parametrize("spoil", ["expire", "lose the key", "garble"])
def test_it_is_made_anew_when_it_must(tmp_path: Path, spoil: str) -> None:
    certificate, key = self_made(tmp_path, NOW)
    first, now = certificate.read_bytes(), NOW
    match spoil:
        case "expire":
            now += datetime.timedelta(days=VALID_DAYS - RENEW_DAYS + 2)
        case "lose the key":
            key.unlink()
        case "garble":
            certificate.write_text("garbled")
    self_made(tmp_path, now)
    assert certificate.read_bytes() != first
    assert lifetime_fault(certificate, now) == ""


def test_one_that_was_given_and_is_none(tmp_path: Path) -> None:
    given = tmp_path / "chain.pem"
    for content in (None, "nonsense"):
        if content is not None:
            given.write_text(content)
        with pytest.raises(ConfigError, match=r"https\.certificate"):
            Certificate(Https(certificate=given), tmp_path, NOW)


def test_one_whose_days_cannot_be_read(tmp_path: Path) -> None:
    """OpenSSL would take it, and the relay began again and again."""
    certificate, key = self_made(tmp_path, NOW)
    text = certificate.read_text().replace(" CERTIFICATE", " TRUSTED CERTIFICATE")
    certificate.write_text(text)
    with pytest.raises(ConfigError, match=r"https\.certificate.*cannot be used"):
        Certificate(Https(certificate=certificate, key=key), tmp_path, NOW)


def test_a_key_that_cannot_be_used(tmp_path: Path) -> None:
    certificate, key = self_made(tmp_path, NOW)
    with pytest.raises(ConfigError, match=r"https\.key: stands there without"):
        Certificate(Https(key=key), tmp_path, NOW)
    with pytest.raises(ConfigError, match=rf"https\.key = '{tmp_path}/none.pem'.*No such file"):
        Certificate(Https(certificate=certificate, key=tmp_path / "none.pem"), tmp_path, NOW)
    secret = serialization.load_pem_private_key(key.read_bytes(), None)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key.write_bytes(secret.private_bytes(*form, serialization.BestAvailableEncryption(b"x")))
    with pytest.raises(ConfigError, match="openssl pkey"):
        Certificate(Https(certificate=certificate, key=key), tmp_path, NOW)


def test_one_that_is_not_good_today(tmp_path: Path) -> None:
    certificate, _ = self_made(tmp_path, NOW)
    assert "good from" in lifetime_fault(certificate, NOW - datetime.timedelta(days=2))
    assert "good until 2027-12" in lifetime_fault(certificate, NOW + datetime.timedelta(days=390))


@pytest.mark.parametrize(
    ("host", "fits"),
    [
        ("hop.dienbien.gov.vn", True),
        ("phien.hop.dienbien.gov.vn", False),
        ("dienbien.gov.vn", False),
        ("203.0.113.7", True),
        ("203.0.113.8", False),
        ("2001:db8::7", True),
        ("họp.example.vn", True),
        ("", False),
    ],
)
def test_whom_browsers_take_it_for(tmp_path: Path, host: str, fits: bool) -> None:
    names = {"*.dienbien.gov.vn", "203.0.113.7", "2001:db8::7", "xn--hp-68s.example.vn"}
    assert covers(names, host) == fits


def test_one_that_is_renewed_while_the_server_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificate, key = self_made(tmp_path / "given", NOW)
    shown = Certificate(Https(certificate=certificate, key=key), tmp_path, NOW)
    first = _met(shown.context)
    later = NOW + datetime.timedelta(days=VALID_DAYS - 5)
    certificate.write_text("half writ")
    asyncio.run(shown.look(later))
    assert _met(shown.context) == first
    assert "the last one stays in use" in caplog.text
    self_made(tmp_path / "given", later)
    asyncio.run(shown.look(later))
    assert _met(shown.context) == ssl.PEM_cert_to_DER_cert(certificate.read_text()) != first


def test_a_key_that_comes_after_its_certificate(tmp_path: Path) -> None:
    given, (old, new) = tmp_path / "given", _two_pairs(tmp_path)
    _put(given, *old)
    https = Https(certificate=given / "certificate.pem", key=given / "key.pem")
    shown = Certificate(https, tmp_path, NOW)
    first = _met(shown.context)
    _put(given, new[0], old[1])
    assert asyncio.run(shown.look(NOW)) == SOON_S
    assert _met(shown.context) == first
    _put(given, *new)
    assert asyncio.run(shown.look(NOW)) == LOOK_S
    assert _met(shown.context) == ssl.PEM_cert_to_DER_cert(new[0].decode())


def test_files_that_change_while_they_are_read(tmp_path: Path) -> None:
    """Each of them is whole, but they belong together only half of the time."""
    given, pairs = tmp_path / "given", _two_pairs(tmp_path)
    both = {ssl.PEM_cert_to_DER_cert(certificate.decode()) for certificate, _ in pairs}
    _put(given, *pairs[0])
    https = Https(certificate=given / "certificate.pem", key=given / "key.pem")
    shown, enough = Certificate(https, tmp_path, NOW), threading.Event()

    def renew() -> None:
        while not enough.is_set():
            for pair in pairs:
                _put(given, *pair)

    async def look_and_connect() -> None:
        for _ in range(12):
            await shown.look(NOW)
            assert _met(shown.context) in both

    renewing = threading.Thread(target=renew)
    renewing.start()
    try:
        asyncio.run(look_and_connect())
    finally:
        enough.set()
        renewing.join()


Pair = tuple[bytes, bytes]
"""Certificate and key."""


def _two_pairs(folder: Path) -> tuple[Pair, Pair]:
    one, other = (self_made(folder / name, NOW) for name in ("one", "other"))
    return (one[0].read_bytes(), one[1].read_bytes()), (
        other[0].read_bytes(),
        other[1].read_bytes(),
    )


def _put(folder: Path, certificate: bytes, key: bytes) -> None:
    """As a tool does that renews it: each file whole, one after the other."""
    folder.mkdir(exist_ok=True)
    for name, content in (("certificate.pem", certificate), ("key.pem", key)):
        new = folder / f"{name}.new"
        new.write_bytes(content)
        new.replace(folder / name)


def _met(context: ssl.SSLContext) -> bytes | None:
    """The certificate that whoever connects is shown."""
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = anybody.wrap_bio(to_client, to_server)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    return client.getpeercert(binary_form=True)


def test_https_with_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = settings_in(tmp_path).model_copy(update={"https": Https(port=0)})
        async with running(settings) as listening, aiohttp.ClientSession() as http:
            authority = settings.storage.data_dir / "tls" / "certificate.pem"
            trusting = ssl.create_default_context(cafile=str(authority))
            url = f"https://127.0.0.1:{listening.https_port}/healthz"
            async with http.get(url, ssl=trusting) as answer:
                assert answer.status == 200

    asyncio.run(scenario())


def test_a_handshake_that_nobody_finishes_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiohttp does not know of it before it is over, and asyncio would wait a minute."""
    monkeypatch.setattr(listener, "HANDSHAKE_S", 0.5)

    async def scenario() -> None:
        settings = settings_in(tmp_path).model_copy(update={"https": Https(port=0)})
        async with running(settings) as listening:
            reader, writer = await asyncio.open_connection("127.0.0.1", listening.https_port)
            async with asyncio.timeout(BOUND_S - 5):
                with suppress(ConnectionResetError):
                    assert await reader.read() == b""
            writer.close()

    asyncio.run(scenario())
