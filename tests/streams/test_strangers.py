"""What others on the network can do to a connection that is none of theirs: nothing.

A site of our own making sends over loopback, so that each of its datagrams can be kept, said again,
bent and sent from elsewhere.
"""

import asyncio
import os
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aioice import stun
from aiortc import RTCCertificate
from aiortc.sdp import SessionDescription

from config.settings import Media, Program
from streams.connections.aiortc_private import Dtls
from streams.frames import EncodedFrame, SiteId
from streams.relay import Rates, Relay
from tests.media import PATIENCE_S, wait_until

HALL = SiteId("hall")
PASSWORD = "p" * 24
OFFER = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=ice-ufrag:site
a=ice-pwd:{password}
a=fingerprint:{fingerprint}
a=setup:active
a=mid:0
a=sendonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
"""
FLOOD = 20_000
STRANGERS = 50


class Site(asyncio.DatagramProtocol):
    """Publishes sound; keeps all that it sent."""

    def __init__(self, relay: Relay, *, fingerprint: str | None = None) -> None:
        """`fingerprint`: another one than its certificate has."""
        self._relay, self._fingerprint = relay, fingerprint
        self._certificate = RTCCertificate.generateCertificate()
        self._dtls = Dtls(self._certificate, self.send)
        self.sent: list[bytes] = []
        self._answered = asyncio.Event()
        self.number = 0
        """Of its next packet of sound."""

    async def join(self) -> None:
        """Raises `ConnectionError` where DTLS fails."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        mine = next(f for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        value = self._fingerprint or mine.value
        offer = OFFER.format(password=PASSWORD, fingerprint=f"sha-256 {value}")
        answer = (await self._relay.publish(HALL, offer)).answer
        [media] = SessionDescription.parse(answer).media
        assert media.ice is not None
        assert media.dtls is not None
        self.ufrag, self.password = media.ice.usernameFragment, media.ice.password
        self.send(self.check())
        await asyncio.wait_for(self._answered.wait(), PATIENCE_S)
        handshake = self._dtls.handshake("client", list(media.dtls.fingerprints))
        _, self._session = await asyncio.wait_for(handshake, 10)

    def check(self, password: str | None = None, ufrag: str | None = None) -> bytes:
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{ufrag or self.ufrag}:site"
        request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity((password or self.password or "").encode())
        request.add_fingerprint()
        return bytes(request)

    def send(self, datagram: bytes) -> None:
        self.sent.append(datagram)
        self._transport.sendto(datagram, ("127.0.0.1", self._relay.port))

    def speak(self, count: int = 1) -> None:
        for _ in range(count):
            head = struct.pack("!BBHII", 0x80, 111, self.number, self.number * 960, 7)
            self.number += 1
            self.send(self._session.protect(head + b"\xfc\x01"))

    def datagram_received(self, data: bytes, addr: object) -> None:
        if data[0] < 4:
            self._answered.set()
        elif data[0] < 64:
            self._dtls.receive(data)

    async def leave(self) -> None:
        self._transport.close()


@asynccontextmanager
async def joined() -> AsyncIterator[tuple[Relay, Site, list[EncodedFrame]]]:
    """A site that was heard already."""
    frames: list[EncodedFrame] = []
    async with relay_of(frames) as relay:
        site = Site(relay)
        await site.join()
        await speaks(site, frames)
        try:
            yield relay, site, frames
        finally:
            await site.leave()


@asynccontextmanager
async def relay_of(frames: list[EncodedFrame]) -> AsyncIterator[Relay]:
    relay = Relay(
        Media(host="127.0.0.1", port=0),
        Rates.of(Program()),
        on_frame=frames.append,
        on_source_gone=lambda _site: None,
        on_keyframe_wanted=lambda _feed: None,
    )
    await relay.start()
    try:
        yield relay
    finally:
        await relay.close()


async def speaks(site: Site, frames: list[EncodedFrame]) -> None:
    """All that it says from now on is heard."""
    first = site.number
    site.speak(10)
    meant = [number * 960 for number in range(first, site.number)]
    await wait_until(lambda: [frame.pts for frame in frames[-10:]] == meant, "its sound")


async def is_heard(site: Site, frames: list[EncodedFrame]) -> None:
    """Sooner or later something that it says from now on: among so much the kernel may drop some.
    All that came before that was read then."""
    first = site.number * 960

    def more() -> bool:
        site.speak()
        return bool(frames) and frames[-1].pts >= first

    await wait_until(more, "its sound")


async def settled(relay: Relay, strangers: int) -> None:
    """So many datagrams were found to be nobody's."""
    await wait_until(lambda: relay.port_counts().strangers >= strangers, "strangers")


def stranger() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


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
            [peer] = relay._peers.values()
            last_heard_ns, heard = peer.last_heard_ns, len(frames)
            sound = [datagram for datagram in site.sent if datagram[0] == 0x80]
            for datagram in sound:
                site.send(datagram)
                site.send(datagram[:-1] + bytes((datagram[-1] ^ 1,)))
            site.send(site.check())  # answered after all of these were read
            site._answered.clear()
            await asyncio.wait_for(site._answered.wait(), PATIENCE_S)
            assert peer.last_heard_ns == last_heard_ns
            assert len(frames) == heard
            await speaks(site, frames)

    asyncio.run(story())


def test_who_forges_its_address_cannot_end_what_has_keys() -> None:
    """Goodbyes, faults and new handshakes in plain text, its own of before, whole and bent."""
    head = b"\xfe\xfd" + bytes(8) + b"\0\2"
    alerts = [b"\x15" + head + bytes(told) for told in ((1, 0), (2, 40), (2, 80), (1, 90))]
    later = [alert[:3] + b"\0\1" + alert[5:] for alert in alerts]

    async def story() -> None:
        async with joined() as (relay, site, frames):
            [peer] = relay._peers.values()
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
            assert [*relay._peers.values()] == [peer]

    asyncio.run(story())


def test_an_address_is_followed_only_after_a_new_valid_check() -> None:
    async def story() -> None:
        async with joined() as (relay, site, frames):
            [peer] = relay._peers.values()
            home = peer._address
            with stranger() as other:
                other.bind(("127.0.0.1", 0))
                other.sendto(site.check("x" * 24), ("127.0.0.1", relay.port))
                other.sendto(site.check(ufrag="another"), ("127.0.0.1", relay.port))
                site.speak(1)
                other.sendto(site.sent.pop(), ("127.0.0.1", relay.port))
                await settled(relay, 3)
                assert peer._address == home
                assert other.getsockname() not in relay._port._by_address
                other.sendto(site.check(), ("127.0.0.1", relay.port))
                await wait_until(lambda: peer._address == other.getsockname(), "the move")
            await speaks(site, frames)

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
            await wait_until(lambda: not relay._peers, "its end")
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
            port, [peer] = relay._port, relay._peers.values()
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
