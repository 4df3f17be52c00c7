"""Connectivity checks and their answers (STUN, RFC 8489; RFC 8445 7.3), read and written as octets.

Everybody checks every few seconds, and whoever has this port's number may send what he likes: no
objects are made of it. Pure.
"""

import hmac
import socket
import struct
from binascii import crc32
from functools import lru_cache
from typing import NamedTuple

REQUEST, RESPONSE = 0x0001, 0x0101
"""Binding, the only method there is here."""
COOKIE = 0x2112A442
USERNAME, INTEGRITY, MAPPED = 0x0006, 0x0008, 0x0020
USE_CANDIDATE, FINGERPRINT = 0x0025, 0x8028
FINGERPRINT_XOR = 0x5354554E
_HEAD = struct.Struct("!HHI12s")
_ATTRIBUTE = struct.Struct("!HH")
_MAPPED = struct.Struct("!HHBBH")
_MAC = 20
"""Octets of an HMAC-SHA1."""


class Check(NamedTuple):
    """A well-formed binding request, whoever it is from."""

    ufrag: bytes
    """Of who is asked; before the colon of its user name."""
    transaction: bytes
    nominated: bool
    signed: bytes
    """What its integrity covers."""
    mac: bytes

    def is_by(self, password: str) -> bool:
        """Whether who sent it knows the password."""
        return hmac.compare_digest(self.mac, _integrity(password, self.signed))


def read(datagram: bytes) -> Check | None:
    """None for anything but a whole binding request with user name and integrity. What follows the
    integrity is not covered by it, and passed over (RFC 8489 14.5)."""
    if len(datagram) < _HEAD.size:
        return None
    kind, length, cookie, transaction = _HEAD.unpack_from(datagram)
    if kind != REQUEST or cookie != COOKIE or len(datagram) != _HEAD.size + length:
        return None
    ufrag = signed = mac = b""
    nominated = False
    at = _HEAD.size
    while at + _ATTRIBUTE.size <= len(datagram):
        what, size = _ATTRIBUTE.unpack_from(datagram, at)
        value = datagram[at + 4 : at + 4 + size]
        if len(value) != size:
            return None
        if what == FINGERPRINT:
            if value != _fingerprint(datagram[:at]):
                return None
        elif mac:
            pass
        elif what == USERNAME:
            ufrag = value.partition(b":")[0]
        elif what == USE_CANDIDATE:
            nominated = True
        elif what == INTEGRITY:
            signed, mac = _told_longer(datagram[:at], 4 + _MAC), value
        at += 4 + size + -size % 4
    return Check(ufrag, transaction, nominated, signed, mac) if ufrag and mac else None


def answer(transaction: bytes, password: str, host: str, port: int) -> bytes:
    """To a valid check, that it came from there (an IPv4 or IPv6 address)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    octets = socket.inet_pton(family, host.partition("%")[0])
    pad = COOKIE.to_bytes(4) + transaction
    hidden = bytes(one ^ other for one, other in zip(octets, pad, strict=False))
    mapped = _MAPPED.pack(
        MAPPED, 4 + len(octets), 0, 2 if len(octets) > 4 else 1, port ^ COOKIE >> 16
    )
    body = mapped + hidden
    length = len(body) + 4 + _MAC
    said = _HEAD.pack(RESPONSE, length, COOKIE, transaction) + body
    signed = said + _ATTRIBUTE.pack(INTEGRITY, _MAC) + _integrity(password, said)
    said = _told_longer(signed, 8)
    return said + _ATTRIBUTE.pack(FINGERPRINT, 4) + _fingerprint(said)


def _integrity(password: str, said: bytes) -> bytes:
    begun = _keyed(password).copy()
    begun.update(said)
    return begun.digest()


@lru_cache(maxsize=2048)
def _keyed(password: str) -> hmac.HMAC:
    """To be copied: each check needs two, and OpenSSL takes its time to find SHA-1 by name."""
    return hmac.new(password.encode(), digestmod="sha1")


def _told_longer(begun: bytes, more: int) -> bytes:
    """With the length that a message has which ends `more` octets later."""
    return begun[:2] + (len(begun) - _HEAD.size + more).to_bytes(2) + begun[4:]


def _fingerprint(begun: bytes) -> bytes:
    """Of a message that ends with it (RFC 8489 14.7)."""
    return (crc32(_told_longer(begun, 8)) ^ FINGERPRINT_XOR).to_bytes(4)
