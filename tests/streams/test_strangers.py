"""What others on the network can do to a connection that is none of theirs: nothing. What they can
do with its checks: `test_checks.py`."""

import asyncio
import os
import random

import pytest

from streams.connections.peer import FEEDBACK
from streams.frames import EncodedFrame
from tests.media import wait_until
from tests.streams.plain_site import (
    Site,
    is_heard,
    joined,
    relay_of,
    settled,
    speaks,
    stranger,
)

FLOOD = 20_000
STRANGERS = 50


def test_what_a_site_sent_changes_nothing_when_others_say_it_again() -> None:
    """Its checks, its handshake and its sound, word for word, from elsewhere."""

    async def story() -> None:
        async with joined() as (relay, site, frames):
            bound = dict(relay._port._by_address)
            heard, sent = len(frames), list(site.sent)
            with stranger() as other:
                for datagram in sent:
                    other.sendto(datagram, ("127.0.0.1", relay.port))
                await settled(relay, len(sent))
                assert relay._port._by_address == bound
                assert len(frames) == heard
            await speaks(site, frames)

    asyncio.run(story())


def test_what_it_says_twice_itself_is_heard_once_and_no_sign_of_life() -> None:
    async def story() -> None:
        async with joined() as (relay, site, frames):
            [peer] = relay.peers.values()
            last_heard_ns, heard = peer.last_heard_ns, len(frames)
            sound = [datagram for datagram in site.sent if datagram[0] == 0x80]
            for datagram in sound:
                site.send(datagram)
                site.send(datagram[:-1] + bytes((datagram[-1] ^ 1,)))
            await site.check_again()
            assert peer.last_heard_ns == last_heard_ns
            assert len(frames) == heard
            await speaks(site, frames)

    asyncio.run(story())


def test_what_a_viewer_reports_twice_is_heard_once_and_no_sign_of_life() -> None:
    """Nor what looks like feedback that need not be read."""

    async def story() -> None:
        async with relay_of([]) as relay:
            viewer = Site(relay, listens=True)
            await viewer.join()
            [peer] = relay.peers.values()
            await wait_until(lambda: peer.connected, "keys")
            for known in (0, 1):
                last_heard_ns = peer.last_heard_ns
                viewer.report()
                told = viewer.sent[-1]
                await wait_until(lambda then=last_heard_ns: peer.last_heard_ns > then, "it")
                last_heard_ns = peer.last_heard_ns
                viewer.send(told)
                viewer.send(told[:-1] + bytes((told[-1] ^ 1,)))
                with stranger() as other:
                    other.sendto(told, ("127.0.0.1", relay.port))
                    await settled(relay, known + 1)
                peer.traffic.spared_ns = last_heard_ns + 10**12
                viewer.send(FEEDBACK + bytes(40))
                await viewer.check_again()
                assert peer.last_heard_ns == last_heard_ns
            await viewer.leave()

    asyncio.run(story())


def test_who_forges_its_address_cannot_end_what_has_keys() -> None:
    """Goodbyes, faults and new handshakes in plain text, its own of before, whole and bent."""
    head = b"\xfe\xfd" + bytes(8) + b"\0\2"
    alerts = [b"\x15" + head + bytes(told) for told in ((1, 0), (2, 40), (2, 80), (1, 90))]
    later = [alert[:3] + b"\0\1" + alert[5:] for alert in alerts]

    async def story() -> None:
        async with joined() as (relay, site, frames):
            [peer] = relay.peers.values()
            said = [datagram for datagram in site.sent if 20 <= datagram[0] < 64]
            bent = [datagram[:-1] + bytes((datagram[-1] ^ 1,)) for datagram in said]
            goodbye = b"\x80\xcb\0\1" + (7).to_bytes(4) + bytes(14)
            for forged in (*alerts, *later, *said, *bent, goodbye):
                site.send(forged)
            await speaks(site, frames)
            await wait_until(peer._dtls._path.incoming.empty, "all of it read")
            await speaks(site, frames)
            assert peer.connected
            assert not peer.is_gone(peer.last_heard_ns)
            assert [*relay.peers.values()] == [peer]

    asyncio.run(story())


def test_keys_are_not_made_with_whom_the_offer_did_not_name() -> None:
    async def story() -> None:
        frames: list[EncodedFrame] = []
        async with relay_of(frames) as relay:
            site = Site(relay, fingerprint=":".join(["AA"] * 32))
            with pytest.raises((ConnectionError, TimeoutError)):
                await site.join()
                site.speak(3)
                raise ConnectionError  # the client cannot know; the relay must
            await wait_until(lambda: not relay.peers, "its end")
            assert relay.port_counts().handshakes == 0
            assert frames == []
            await site.leave()

    asyncio.run(story())


def test_a_flood_of_random_and_bent_datagrams_leaves_no_trace() -> None:
    chance = random.Random(5)

    def bent(datagram: bytes) -> bytes:
        octets = bytearray(datagram)
        for _ in range(chance.randint(1, 4)):
            octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
        return bytes(octets[: chance.randint(1, len(octets))])

    def flood(port: int, samples: list[bytes]) -> None:
        others = [stranger() for _ in range(STRANGERS)]
        for number in range(FLOOD):
            random_ = os.urandom(chance.choice((1, 12, 20, 100, 1200)))
            datagram = random_ if number % 2 else bent(chance.choice(samples))
            others[number % STRANGERS].sendto(datagram, ("127.0.0.1", port))
        for other in others:
            other.close()

    async def story() -> None:
        async with joined() as (relay, site, frames):
            port, [peer] = relay._port, relay.peers.values()
            bound, home = dict(port._by_address), peer._address
            flooding = asyncio.create_task(asyncio.to_thread(flood, relay.port, list(site.sent)))
            while not flooding.done():
                await is_heard(site, frames)
            await flooding
            await is_heard(site, frames)
            await settled(relay, FLOOD // 10)
            await speaks(site, frames)
            assert (port._by_address, peer._address) == (bound, home)
            assert [*port._by_ufrag] == [peer.ufrag.encode()]
            assert [*port._addresses] == [*port._transactions] == [peer.ufrag]

    asyncio.run(story())
