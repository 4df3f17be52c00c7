"""Offers of browsers, of aiortc and of nobody in particular."""

import asyncio
import contextlib

import pytest
from aiortc import RTCDtlsFingerprint, RTCPeerConnection
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from streams.frames import Codec
from streams.sdp import MAX_OFFER_BYTES, OfferError, Ours, answer, read_offer

OURS = Ours("ufrg", "p" * 32, RTCDtlsFingerprint("sha-256", "AB:CD"), ("192.0.2.1", "::1"), 8443)


async def _offer(direction: str) -> str:
    peer = RTCPeerConnection()
    peer.addTransceiver("audio", direction=direction)
    peer.addTransceiver("video", direction=direction)
    await peer.setLocalDescription(await peer.createOffer())
    text: str = peer.localDescription.sdp
    await peer.close()
    return text


PUBLISH, VIEW = asyncio.run(_offer("sendonly")), asyncio.run(_offer("recvonly"))

# As Chromium writes it, shortened to what matters here.
CHROMIUM = """v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=ice-options:trickle
a=fingerprint:sha-256 AA:BB
a=setup:actpass
a=mid:0
a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=sendonly
a=msid:- 1
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=rtpmap:9 G722/8000
m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 109
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 AA:BB
a=setup:actpass
a=mid:1
a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=sendonly
a=msid:- 2
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:103 H264/90000
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f
a=rtpmap:104 rtx/90000
a=fmtp:104 apt=103
a=rtpmap:109 H264/90000
a=fmtp:109 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
"""


def test_chromium_is_answered_with_h264_mode_1_and_opus() -> None:
    offer = read_offer(CHROMIUM, "publish")
    assert [(s.codec, s.payload_type) for s in offer.sections] == [
        (Codec.OPUS, 111),
        (Codec.H264, 109),
    ]
    assert offer.dtls_role == "server"
    text = answer(offer, OURS, "publish")
    said = SessionDescription.parse(text)
    assert [media.direction for media in said.media] == ["recvonly", "recvonly"]
    assert "a=ice-lite" in text
    assert "a=setup:passive" in text
    assert "useinbandfec=1" in text
    assert "a=extmap:3 " in text
    assert "a=candidate:2 1 udp 2130706175 ::1 8443 typ host" in text
    assert "red" not in text


def test_a_viewer_gets_what_is_sent_once() -> None:
    offer = read_offer(VIEW, "view")
    assert {section.codec for section in offer.sections} == {Codec.OPUS, Codec.H264}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (("v=0", "hello"), None),
        (("a=fingerprint:sha-256", "a=x-print:sha-256"), 400),
        (("a=ice-ufrag", "a=x-ufrag"), 400),
        (("a=rtcp-mux\n", ""), 406),
        (("a=sendonly", "a=recvonly"), 406),
        (("opus/48000/2", "opux/48000/2"), None),
    ],
)
def test_what_an_offer_must_have(change: tuple[str, str], status: int | None) -> None:
    text = CHROMIUM.replace(*change)
    if status is None:
        read_offer(text, "publish")
        return
    with pytest.raises(OfferError) as caught:
        read_offer(text, "publish")
    assert caught.value.status == status


@pytest.mark.parametrize(
    "text", ["", "hello", "v=0\r\n", "m=video x y z", "v=0\nm=video 9 A 96\na="]
)
def test_what_is_no_offer_is_a_400(text: str) -> None:
    with pytest.raises(OfferError) as caught:
        read_offer(text, "publish")
    assert caught.value.status in (400, 406)


def test_an_endless_offer_is_a_413() -> None:
    with pytest.raises(OfferError) as caught:
        read_offer("v=0\r\n" + "a=x\r\n" * MAX_OFFER_BYTES, "publish")
    assert caught.value.status == 413


def test_codecs_we_have_not_are_a_406_with_what_is_needed() -> None:
    only_av1 = CHROMIUM.replace("VP8", "AV1").replace("H264", "VP9").replace("opus", "speex")
    with pytest.raises(OfferError, match=r"H\.264 or VP8 pictures and Opus") as caught:
        read_offer(only_av1, "publish")
    assert caught.value.status == 406


@given(st.lists(st.integers(0, 60), max_size=8), st.text(max_size=30))
def test_mutilated_offers_are_answered_or_refused(cut: list[int], put: str) -> None:
    lines = CHROMIUM.splitlines()
    for index in cut:
        if index < len(lines):
            lines[index] = lines[index][: index % 17] + put
    for text in ("\n".join(lines), PUBLISH[: 40 * len(cut)] + put):
        with contextlib.suppress(OfferError):
            answer(read_offer(text, "publish"), OURS, "publish")
