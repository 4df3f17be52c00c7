"""What is read of a connectivity check and answered to it, held against aioice's reading."""

import random

import pytest
from aioice import stun

from streams.udp import stun as checks

PASSWORD = "p" * 24
TRANSACTION = bytes(range(12))


def request(*, nominated: bool = True, **attributes: object) -> bytes:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, TRANSACTION)
    message.attributes = {"USERNAME": "ours:theirs", "PRIORITY": 7, **attributes}
    if nominated:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(PASSWORD.encode())
    return bytes(message)


@pytest.mark.parametrize("nominated", [True, False])
def test_a_check_is_read(nominated: bool) -> None:
    check = checks.read(request(nominated=nominated, SOFTWARE="a page"))
    assert check is not None
    assert check[:3] == (b"ours", TRANSACTION, nominated)
    assert check.is_by(PASSWORD)
    assert not check.is_by("q" * 24)


@pytest.mark.parametrize("host", ["192.0.2.7", "2001:db8::7", "fe80::7%eth0"])
def test_the_answer_is_signed_and_says_where_the_check_came_from(host: str) -> None:
    said = stun.parse_message(checks.answer(TRANSACTION, PASSWORD, host, 40_000))
    assert (said.message_class, said.transaction_id) == (stun.Class.RESPONSE, TRANSACTION)
    assert said.attributes["XOR-MAPPED-ADDRESS"] == (host.partition("%")[0], 40_000)
    assert said.check_message_integrity(PASSWORD.encode())
    assert "FINGERPRINT" in said.attributes


def test_what_others_say_of_themselves_counts_for_nothing() -> None:
    """What is not covered by the integrity: here who wants to be nominated."""
    message = request(nominated=False)
    for added in (b"\x00\x25\x00\x00", b"\x00\x06\x00\x04evil"):
        unsigned = message[: -stun.FINGERPRINT_LENGTH] + added
        length = len(unsigned) - stun.HEADER_LENGTH
        check = checks.read(unsigned[:2] + length.to_bytes(2) + unsigned[4:])
        assert check is not None
        assert (check.ufrag, check.nominated) == (b"ours", False)


def test_other_messages_are_none() -> None:
    answer = checks.answer(TRANSACTION, PASSWORD, "192.0.2.7", 1)
    indication = stun.Message(stun.Method.BINDING, stun.Class.INDICATION)
    unsigned = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    unsigned.attributes["USERNAME"] = "ours:theirs"
    for other in (b"", bytes(20), answer, bytes(indication), bytes(unsigned), request()[:-4]):
        assert checks.read(other) is None


def test_bent_checks_are_nobodys() -> None:
    """Or say no more than before: what comes after the integrity is nobody's word."""
    chance, whole = random.Random(3), request()
    meant = checks.read(whole)
    for _ in range(3000):
        octets = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
        check = checks.read(bytes(octets))
        assert check is None or check == meant or not check.is_by(PASSWORD)
