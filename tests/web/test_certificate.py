"""The certificate we make ourselves: what it names, who may read its key, when it changes."""

import asyncio
import datetime
import ssl
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509

from config.settings import ConfigError, Https
from tests.web.rig import settings_in
from web.addresses import local_names
from web.app import running
from web.certificate import RENEW_DAYS, VALID_DAYS, self_made, tls_context

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
    assert isinstance(tls_context(Https(), tmp_path, now), ssl.SSLContext)


def test_one_that_was_given_and_is_none(tmp_path: Path) -> None:
    given = tmp_path / "chain.pem"
    for content in (None, "nonsense"):
        if content is not None:
            given.write_text(content)
        with pytest.raises(ConfigError, match=r"https\.certificate"):
            tls_context(Https(certificate=given), tmp_path, NOW)


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
