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
from streams.connections.peer import FEEDBACK
from streams.downlink.viewer import Audience
from streams.frames import EncodedFrame, SiteId
from streams.relay import Rates, Relay
from streams.udp.port import Transactions
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
a={direction}
a=rtcp-mux
a=rtpmap:111 opus/48000/2
"""
FLOOD = 20_000
STRANGERS = 50


class Site(asyncio.DatagramProtocol):
    """Publishes sound, or listens; keeps all that it sent."""

    def __init__(
        self, relay: Relay, *, fingerprint: str | None = None, listens: bool = False
    ) -> None:
        """`fingerprint`: another one than its certificate has."""
        self._relay, self._fingerprint, self._listens = relay, fingerprint, listens
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
        offer = OFFER.format(
            password=PASSWORD,
            fingerprint=f"sha-256 {value}",
            direction="recvonly" if self._listens else "sendonly",
        )
        joining = (
            self._relay.view(Audience(room=True), offer)
            if self._listens
            else self._relay.publish(HALL, offer)
        )
        [media] = SessionDescription.parse((await joining).answer).media
        assert media.ice is not None
        assert media.dtls is not None
        self.ufrag, self.password = media.ice.usernameFragment, media.ice.password
        await self.check_again()
        handshake = self._dtls.handshake("client", list(media.dtls.fingerprints))
        _, self._session = await asyncio.wait_for(handshake, 10)

    def check(
        self, password: str | None = None, ufrag: str | None = None, *, nominates: bool = True
    ) -> bytes:
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{ufrag or self.ufrag}:site"
        if nominates:
            request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity((password or self.password or "").encode())
        request.add_fingerprint()
        return bytes(request)

    def unsigned(self) -> bytes:
        """A check of who has only heard the name."""
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self.ufrag}:site"
        request.attributes["USE-CANDIDATE"] = None
        return bytes(request)

    async def check_again(self, check: bytes = b"") -> None:
        """All that it sent before was read when its answer is here. `check`: word for word."""
        self._answered.clear()
        self.send(check or self.check())
        await asyncio.wait_for(self._answered.wait(), PATIENCE_S)

    def send(self, datagram: bytes) -> None:
        self.sent.append(datagram)
        self._transport.sendto(datagram, ("127.0.0.1", self._relay.port))

    def speak(self, count: int = 1) -> None:
        for _ in range(count):
            head = struct.pack("!BBHII", 0x80, 111, self.number, self.number * 960, 7)
            self.number += 1
            self.send(self._session.protect(head + b"\xfc\x01"))

    def report(self) -> None:
        """That it received nothing (RFC 3550 6.4.2)."""
        self.send(self._session.protect_rtcp(struct.pack("!BBHI", 0x80, 201, 1, 7)))

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
            [peer] = relay._peers.values()
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
                other.sendto(site.unsigned(), ("127.0.0.1", relay.port))
                site.speak(1)
                other.sendto(site.sent.pop(), ("127.0.0.1", relay.port))
                await settled(relay, 4)
                assert peer._address == home
                assert other.getsockname() not in relay._port._by_address
                other.sendto(site.check(nominates=False), ("127.0.0.1", relay.port))
                await wait_until(
                    lambda: other.getsockname() in relay._port._by_address, "another way"
                )
                assert peer._address == home, "which it only tries"
                other.sendto(site.check(), ("127.0.0.1", relay.port))
                await wait_until(lambda: peer._address == other.getsockname(), "the move")
            await speaks(site, frames)

    asyncio.run(story())


def test_a_check_is_nobody_elses_however_long_ago_it_was_made() -> None:
    """Who listens could keep some, and lead away what the site gets, again and again. After the
    first that was overheard come as many as a browser makes in twenty-five minutes."""

    async def story() -> None:
        async with joined() as (relay, site, frames):
            [peer] = relay._peers.values()
            home, overheard = peer._address, next(one for one in site.sent if one[0] < 4)
            for _ in range(12):
                for _ in range(50):
                    site.send(site.check())
                await site.check_again()
            with stranger() as other:
                other.bind(("127.0.0.1", 0))
                other.sendto(overheard, ("127.0.0.1", relay.port))
                await settled(relay, 1)
                assert peer._address == home
                other.sendto(site.check(), ("127.0.0.1", relay.port))
                await wait_until(lambda: peer._address == other.getsockname(), "one that is new")
            await speaks(site, frames)

    asyncio.run(story())


def test_a_check_whose_answer_was_lost_is_answered_again() -> None:
    async def story() -> None:
        async with joined() as (_, site, _frames):
            check = site.check()
            for _ in range(3):
                await site.check_again(check)

    asyncio.run(story())


def test_a_new_check_is_seldom_taken_for_one_of_before() -> None:
    """After twelve hours of them."""
    chance, made = random.Random(7), Transactions()
    checks = [chance.randbytes(12) for _ in range(20_000)]
    for check in checks:
        made.add(check)
    assert sum(made.add(chance.randbytes(12)) for _ in range(1000)) < 50
    assert all(map(made.add, checks))


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
