"""The addresses that people are given."""

import ipaddress
import socket
from contextlib import suppress

from config.settings import Settings
from streams.frames import SiteId
from streams.udp.addresses import own_addresses


def base_url(settings: Settings) -> str:
    """Where this machine itself finds the server. Plain HTTP on loopback is secure enough for a
    camera (W3C Secure Contexts, 3.1), and no browser warns."""
    host = settings.http.host
    if host in {"0.0.0.0", "::"}:
        host = "127.0.0.1"
    return f"http://{_bracketed(host)}:{settings.http.port}"


def public_url(settings: Settings) -> str:
    """Where others find it: as the settings say, else HTTPS on the first address that is not
    loopback."""
    if settings.https.public_url:
        return settings.https.public_url
    if not settings.https.enabled:
        return base_url(settings)
    host = settings.https.host
    if host in {"0.0.0.0", "::"}:
        host = next(iter(_reachable()), "localhost")
    return f"https://{_bracketed(host)}:{settings.https.port}"


def join_path(session: str, site: SiteId, token: str) -> str:
    """The token is in the fragment: it reaches no server and no log."""
    return f"/join/{session}/{site}#{token}"


def sign_in_path(token: str) -> str:
    """The same for a role's link."""
    return f"/sign-in#token={token}"


def local_names() -> set[str]:
    """All names and addresses by which this machine can be reached, by itself too; names as DNS
    has them (RFC 3490)."""
    names = {"localhost", "127.0.0.1", "::1", *own_addresses("::")}
    with suppress(UnicodeError):  # no name that DNS could have: a label has 63 letters at most
        names.add(socket.gethostname().encode("idna").decode())
    return names


def _reachable() -> list[str]:
    """IPv4 first: it is what can be read out on the telephone."""
    outside = [ipaddress.ip_address(text) for text in own_addresses("::")]
    real = [address for address in outside if not address.is_loopback]
    return [str(a) for a in sorted(real, key=lambda a: (a.version, int(a)))]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
