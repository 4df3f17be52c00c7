"""Connectivity checks (STUN): where a peer's address leads, nobody decides but itself."""

import asyncio
import random

from streams.udp.port import IN_A_ROW, Transactions
from tests.media import wait_until
from tests.streams.plain_site import joined, settled, speaks, stranger

NEW_CREDENTIALS = f"a=ice-ufrag:neu1\r\na=ice-pwd:{'n' * 22}\r\n"


def test_an_address_is_followed_only_after_a_new_valid_check() -> None:
    async def story() -> None:
        async with joined() as (relay, site, frames):
            [peer] = relay.peers.values()
            home = peer.address
            with stranger() as other:
                other.bind(("127.0.0.1", 0))
                other.sendto(site.check("x" * 24), ("127.0.0.1", relay.port))
                other.sendto(site.check(ufrag="another"), ("127.0.0.1", relay.port))
                other.sendto(site.unsigned(), ("127.0.0.1", relay.port))
                site.speak(1)
                other.sendto(site.sent.pop(), ("127.0.0.1", relay.port))
                await settled(relay, 4)
                assert peer.address == home
                assert other.getsockname() not in relay._port._by_address
                other.sendto(site.check(nominates=False), ("127.0.0.1", relay.port))
                await wait_until(
                    lambda: other.getsockname() in relay._port._by_address, "another way"
                )
                assert peer.address == home, "which it only tries"
                other.sendto(site.check(), ("127.0.0.1", relay.port))
                await wait_until(lambda: peer.address == other.getsockname(), "the move")
            await speaks(site, frames)

    asyncio.run(story())


def test_who_sends_by_another_way_is_sent_to_there_before_he_nominates_it() -> None:
    """As Chromium does when a network goes away: two seconds of reports would be lost, and with
    them what it believed that the line carries. Late packets of the way before lead nowhere, and
    no more does what was overheard and is said again."""

    async def story() -> None:
        async with joined() as (relay, site, frames):
            [peer] = relay.peers.values()
            home = peer.address
            with stranger() as other:
                other.bind(("127.0.0.1", 0))
                other.sendto(site.check(nominates=False), ("127.0.0.1", relay.port))
                await wait_until(
                    lambda: other.getsockname() in relay._port._by_address, "another way"
                )
                for _ in range(3):
                    await speaks(site, frames, IN_A_ROW - 1, other)
                    await speaks(site, frames, 1)
                for packet in [one for one in site.sent if one[0] >= 128][-2 * IN_A_ROW :]:
                    other.sendto(packet, ("127.0.0.1", relay.port))
                await site.check_again(site.check(nominates=False))
                assert peer.address == home
                await speaks(site, frames, IN_A_ROW, other)
                assert peer.address == other.getsockname()
                await speaks(site, frames, 1)
                await speaks(site, frames, 1, other)
                assert peer.address == other.getsockname(), "and not back by a late one"
            await speaks(site, frames, IN_A_ROW)
            assert peer.address == home

    asyncio.run(story())


def test_a_check_is_nobody_elses_however_long_ago_it_was_made() -> None:
    """Who listens could keep some, and lead away what the site gets, again and again. After the
    first that was overheard come as many as a browser makes in twenty-five minutes."""

    async def story() -> None:
        async with joined() as (relay, site, frames):
            [peer] = relay.peers.values()
            home, overheard = peer.address, next(one for one in site.sent if one[0] < 4)
            for _ in range(12):
                for _ in range(50):
                    site.send(site.check())
                await site.check_again()
            with stranger() as other:
                other.bind(("127.0.0.1", 0))
                other.sendto(overheard, ("127.0.0.1", relay.port))
                await settled(relay, 1)
                assert peer.address == home
                other.sendto(site.check(), ("127.0.0.1", relay.port))
                await wait_until(lambda: peer.address == other.getsockname(), "one that is new")
            await speaks(site, frames)

    asyncio.run(story())


def test_a_check_whose_answer_was_lost_is_answered_again() -> None:
    async def story() -> None:
        async with joined() as (_, site, _frames):
            check = site.check()
            for _ in range(3):
                await site.check_again(check)

    asyncio.run(story())


def test_credentials_are_good_until_those_of_a_restart_are_used() -> None:
    """Chromium checks from its new addresses before it has the answer, and keeps to what worked."""

    async def story() -> None:
        async with joined() as (relay, site, frames):
            [peer] = relay.peers.values()
            before, overheard = (site.ufrag, site.password), site.sent[0]
            for _ in range(2):  # of the first of which the answer was lost
                relay.peers.restart(peer.id, NEW_CREDENTIALS)
                await site.check_again()
                await speaks(site, frames)
            with stranger() as other:
                other.sendto(overheard, ("127.0.0.1", relay.port))
                await settled(relay, 1)
            assert len(relay._port._by_ufrag) == 2
            site.ufrag, site.password = peer.ufrag, peer.password
            await site.check_again()
            await speaks(site, frames)
            site.send(site.check(before[1], before[0]))
            await settled(relay, 2)
            assert [*relay._port._by_ufrag] == [peer.ufrag.encode()]

    asyncio.run(story())


def test_a_new_check_is_seldom_taken_for_one_of_before() -> None:
    """After twelve hours of them."""
    chance, made = random.Random(7), Transactions()
    checks = [chance.randbytes(12) for _ in range(20_000)]
    for check in checks:
        made.add(check)
    assert sum(made.add(chance.randbytes(12)) for _ in range(1000)) < 50
    assert all(map(made.add, checks))
