"""Whose address it is, when a peer is gone, and that what is wrong with one ends no other."""

import asyncio

import pytest
from aiortc import RTCCertificate

from config.settings import Media, Program
from streams.connections.peer import SILENCE_NS, UNCHECKED_NS, Peer
from streams.connections.sdp import Section, read_offer
from streams.downlink.viewer import Audience
from streams.frames import Codec, SiteId
from streams.relay import Rates, Relay
from streams.udp.port import MAX_ADDRESSES, Port
from streams.uplink.publisher import Publisher
from tests.media import wait_until
from tests.streams.offers import VIEW
from tests.streams.viewing import Watching

SOUND = Section("audio", "1", "UDP/TLS/RTP/SAVPF", Codec.OPUS, 111)


def nowhere(*_: object) -> None:
    """For a peer that sends to nobody."""


class _Endpoint:
    last_heard_ns = 0
    address: tuple[str, int] | None = None

    def __init__(self, name: str) -> None:
        self.ufrag, self.password = name, "p" * 24

    def follow(self, address: tuple[str, int]) -> None: ...
    def on_check(self, *, nominated: bool, address: tuple[str, int]) -> None: ...
    def on_dtls(self, datagram: bytes) -> None: ...
    def on_media(self, datagram: bytes, came_ns: int) -> None: ...


def test_an_address_in_use_outlives_newer_ones_and_belongs_to_one() -> None:
    port, here, there = Port(), _Endpoint("here"), _Endpoint("there")
    used = ("192.0.2.1", 1000)
    for number in range(3 * MAX_ADDRESSES):
        port._bind(here, ("192.0.2.1", 2000 + number))
        port._bind(here, used)
    assert port._by_address[used] is here
    assert len(port._by_address) == MAX_ADDRESSES
    port._bind(there, used)
    here.address = used
    port._place(here)
    port.remove(here)
    assert port._by_address == {used: there}


@pytest.mark.parametrize(("sends", "gone"), [(True, True), (False, False)])
def test_who_watches_lives_by_checks_and_who_sends_does_not(sends: bool, gone: bool) -> None:
    async def story() -> None:
        certificate = RTCCertificate.generateCertificate()
        peer = Peer(read_offer(VIEW, "view"), certificate, nowhere, nowhere)
        peer.traffic = (
            Publisher(SiteId("hall"), (SOUND,), nowhere, nowhere) if sends else Watching().viewer
        )
        assert not peer.is_gone(10**18), "while it connects, the deadline decides"
        peer.connected = True
        peer.last_heard_ns = 0
        peer._last_check_ns = SILENCE_NS
        assert peer.is_gone(SILENCE_NS + 1) is gone
        assert peer.is_gone(SILENCE_NS + UNCHECKED_NS + 1)

    asyncio.run(story())


def test_who_is_elsewhere_now_is_sent_to_there_though_he_nominated_once_and_for_all() -> None:
    """As aioice and Pion do: behind an address translation that forgot them, both kept the
    connection, and all that we sent went to where nobody was any more."""
    here, there = ("192.0.2.1", 5), ("192.0.2.1", 6)

    async def story() -> None:
        sent: list[tuple[str, int]] = []
        certificate = RTCCertificate.generateCertificate()
        peer = Peer(
            read_offer(VIEW, "view"), certificate, lambda _, address: sent.append(address), nowhere
        )
        peer.traffic = Watching().viewer

        def checks(address: tuple[str, int], *, nominated: bool) -> tuple[str, int]:
            peer.on_check(nominated=nominated, address=address)
            peer._send(b"")
            return sent[-1]

        assert checks(here, nominated=True) == here
        assert checks(there, nominated=False) == here, "he looks for another way, as ICE does"
        peer._checked_there_ns -= UNCHECKED_NS
        assert checks(here, nominated=False) == here
        assert checks(there, nominated=False) == here, "and was heard of from here since"
        peer._checked_there_ns -= UNCHECKED_NS
        assert checks(there, nominated=False) == there
        assert checks(here, nominated=True) == here

    asyncio.run(story())


def test_a_fault_in_one_connection_ends_it_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        relay = Relay(
            Media(host="127.0.0.1", port=0),
            Rates.of(Program()),
            on_frame=lambda _frame: None,
            on_source_gone=lambda _site: None,
            on_keyframe_wanted=lambda _feed: None,
        )
        await relay.start()
        for _ in range(2):
            await relay.view(Audience(room=False), VIEW)
        bad, good = relay.peers.values()
        bad.connected = good.connected = True
        del relay._viewers._seats[bad.id][1].steering
        await wait_until(lambda: relay.viewers == 1, "the end of the bad one")
        assert list(relay.peers.values()) == [good]
        await relay.close()

    asyncio.run(story())
    assert "ended by a fault of ours" in caplog.text
