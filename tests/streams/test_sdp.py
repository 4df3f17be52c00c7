"""Offers of browsers, of aiortc and of nobody in particular."""

import contextlib
import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

import pytest
from aiortc import RTCDtlsFingerprint
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from streams.connections.answer import Ours, answer
from streams.connections.sdp import (
    MAX_OFFER_BYTES,
    START_KBPS,
    TRANSPORT_SEQUENCE,
    Direction,
    OfferError,
    read_offer,
)
from streams.frames import Codec
from streams.rtp.bitstream import PPS, SPS
from tests.streams.offers import CHROMIUM, GSTREAMER, OBS, PUBLISH, VIEW

OURS = Ours("ufrg", "p" * 32, RTCDtlsFingerprint("sha-256", "AB:CD"), ("192.0.2.1", "::1"), 8443)


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
    assert "useinbandfec=1;usedtx=1" in text
    assert "a=extmap:3 " in text
    assert "a=candidate:2 1 udp 2130706175 ::1 8443 typ host" in text
    assert "red" not in text


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("offer", "kinds", "ufrag", "congestion"),
    [
        (OBS, [(Codec.OPUS, 111, None), (Codec.H264, 96, 97)], "u8Xw", ""),
        (
            OBS.replace(";", "; "),
            [(Codec.OPUS, 111, None), (Codec.H264, 96, 97)],
            "u8Xw",
            "",
        ),
        (
            GSTREAMER,
            [(Codec.H264, 96, 97), (Codec.OPUS, 98, None)],
            "Zk3hD8",
            TRANSPORT_SEQUENCE,
        ),
    ],
)
def test_encoders_are_taken_with_picture_and_sound(
    offer: str, kinds: list[tuple[Codec, int, int | None]], ufrag: str, congestion: str, end: str
) -> None:
    """What they trickle, end and name by mDNS is nothing to us."""
    read = read_offer(offer.replace("\n", end), "publish")
    assert [(s.codec, s.payload_type, s.retransmission) for s in read.sections] == kinds
    assert (read.ufrag, read.dtls_role) == (ufrag, "server")
    assert {section.congestion for section in read.sections} == {congestion}
    said = SessionDescription.parse(answer(read, OURS, "publish"))
    assert [media.direction for media in said.media] == ["recvonly", "recvonly"]


def test_an_encoder_that_knows_no_fragments_is_taken_as_it_is() -> None:
    """RFC 6184 8.2.2: the mode is answered as offered, and without a profile none is told."""
    offered = OBS.replace("profile-level-id=42e01f;packetization-mode=1;", "")
    text = answer(read_offer(offered, "publish"), OURS, "publish")
    assert "a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=0;x-google" in text
    watching = read_offer(VIEW.replace("packetization-mode=1", "packetization-mode=0"), "view")
    assert [section.codec for section in watching.sections] == [Codec.OPUS, None]
    interleaved = OBS.replace("packetization-mode=1", "packetization-mode=2")
    with pytest.raises(OfferError, match="packetization-mode 0 or 1"):
        read_offer(interleaved, "publish")


def test_parameter_sets_are_taken_from_the_offer() -> None:
    """All that GStreamer tells of them where it is not told otherwise."""
    picture, _ = read_offer(GSTREAMER, "publish").sections
    assert [unit[0] & 0x1F for unit in picture.parameter_sets] == [SPS, PPS]
    bent = GSTREAMER.replace("Z0LAHw==", "Z0L*")
    assert read_offer(bent, "publish").sections[0].parameter_sets == ()


def test_a_browser_is_told_arrivals_and_others_an_estimate() -> None:
    ours = answer(read_offer(CHROMIUM, "publish"), OURS, "publish")
    assert "goog-remb" in ours
    both = CHROMIUM.replace("a=extmap:3", f"a=extmap:4 {TRANSPORT_SEQUENCE}\na=extmap:3").replace(
        "a=fmtp:109", "a=rtcp-fb:109 transport-cc\na=fmtp:109"
    )
    ours = answer(read_offer(both, "publish"), OURS, "publish")
    assert ours.count(f"a=extmap:4 {TRANSPORT_SEQUENCE}") == 2
    assert "a=rtcp-fb:109 transport-cc" in ours
    assert "goog-remb" not in ours
    assert "abs-send-time" not in ours


def test_a_second_picture_is_refused_not_left_out() -> None:
    video = CHROMIUM[CHROMIUM.index("m=video") :].replace("a=mid:1", "a=mid:2")
    with pytest.raises(OfferError, match="section '2'") as caught:
        read_offer(CHROMIUM + video, "publish")
    assert caught.value.status == 406


def test_retransmission_is_taken_for_the_chosen_codec_only() -> None:
    assert read_offer(CHROMIUM, "publish").sections[1].retransmission is None, "97 is for VP8"
    offered = CHROMIUM.replace("104 109", "104 109 110") + (
        "a=rtpmap:110 rtx/90000\na=fmtp:110 apt=109\n"
    )
    offer = read_offer(offered, "publish")
    assert offer.sections[1].retransmission == 110
    text = answer(offer, OURS, "publish")
    assert "m=video 8443 UDP/TLS/RTP/SAVPF 109 110" in text
    assert "a=fmtp:110 apt=109" in text


def test_lost_sound_is_taken_again_from_who_can_send_it() -> None:
    """As webrtcbin offers it with `do-nack`; it answers a NACK by no other way."""
    sound = "a=rtpmap:98 OPUS/48000/2\n"
    again = GSTREAMER.replace(sound, f"{sound}a=rtpmap:99 rtx/48000\na=fmtp:99 apt=98\n")
    offer = read_offer(again, "publish")
    assert [section.retransmission for section in offer.sections] == [97, 99]
    assert "a=rtpmap:99 rtx/48000\r\na=fmtp:99 apt=98\r\n" in answer(offer, OURS, "publish")
    watching = read_offer(again.replace("a=sendonly", "a=recvonly"), "view")
    assert [section.retransmission for section in watching.sections] == [97, None]


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
        (("opus/48000/2", "opux/48000/2"), 406),
        (("m=audio 9 UDP", "m=audio 0 UDP"), None),
        (("109", "111"), 406),
        (("a=group:BUNDLE 0 1\n", ""), 406),
        (("a=group:BUNDLE 0 1", "a=group:BUNDLE 0\na=group:BUNDLE 1"), 406),
        (("a=group:BUNDLE 0 1", "a=group:LS 0 1\na=group:BUNDLE 1 0 2"), None),
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


def test_a_section_that_was_stopped_needs_nothing_more() -> None:
    """RFC 3264 6: of what has no port nothing else counts; it is in no bundle (RFC 9143 7.2)."""
    stopped = CHROMIUM.replace("m=audio 9", "m=audio 0").replace("a=rtcp-mux\n", "", 1)
    offer = read_offer(stopped.replace("BUNDLE 0 1", "BUNDLE 1"), "publish")
    assert [section.codec for section in offer.sections] == [None, Codec.H264]


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


MANY_FORMATS = "".join(f"a=rtpmap:{n % 128} opus/48000/2\n" for n in range(1_000))


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        (MANY_FORMATS + "a=rtcp-fb:* nack\n" * 1_000, "more than 64 payload formats"),
        (
            MANY_FORMATS + "".join(f"a=rtcp-fb:{n % 128} ccm fir\n" for n in range(1_000)),
            "more than 64 payload formats",
        ),
        (
            "".join(f"a=rtpmap:{n} opus/48000/2\n" for n in range(128, 180))
            + "".join(f"a=fmtp:179 x={n}\n" for n in range(300)),
            "Nothing in the offer",
        ),
        ("".join(f"a=fmtp:109 x={n}\n" for n in range(3_000)), "more than 400 lines"),
        ("".join(f"a=ssrc:{n} cname:x\n" for n in range(2_500)), "Nothing in the offer"),
        ("m=audio 9 RTP/AVP 0\n" * 3_000, "more than 16 media sections"),
        ("a=mid:" + "1" * 60_000, "a line of more than 2000 characters"),
    ],
)
def test_who_sends_a_large_offer_keeps_nobody_waiting(lines: str, refused: str) -> None:
    """64 kB that anybody may send took millions of steps, up to a minute, to read."""
    steps = 0

    def count(_frame: FrameType, event: str, _value: object) -> Callable[..., object]:
        nonlocal steps
        steps += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        with pytest.raises(OfferError, match=refused):
            read_offer(CHROMIUM + lines, "view")
    finally:
        sys.settrace(before)
    assert steps < 100_000


@pytest.mark.parametrize("direction", ["publish", "view"])
def test_what_is_offered_only_bundled_is_taken(direction: Direction) -> None:
    """As browsers that keep to JSEP write max-bundle: port 0 for all but the first section."""
    offered = PUBLISH if direction == "publish" else VIEW
    first, video = offered.split("m=video ")
    port, rest = video.split(" ", 1)
    assert port != "0"
    offer = read_offer(f"{first}m=video 0 {rest}a=bundle-only\r\n", direction)
    assert [section.codec for section in offer.sections] == [Codec.OPUS, Codec.H264]
    stopped = read_offer(f"{first}m=video 0 {rest}", direction)
    assert [section.codec for section in stopped.sections] == [Codec.OPUS, None]


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


def test_viewers_get_lost_packets_as_rtx_and_sound_twice() -> None:
    congestion = f"a=extmap:3 {TRANSPORT_SEQUENCE}\na=rtcp-fb:99 transport-cc\n"
    sound = "a=rtpmap:63 red/48000/2\na=fmtp:63 96/96\n"
    offered = VIEW.replace("m=video", sound + "m=video") + congestion
    offer = read_offer(offered.replace("SAVPF 96 9 ", "SAVPF 96 63 9 "), "view")
    voice, picture = offer.sections
    assert (voice.redundancy, picture.redundancy) == (63, None)
    assert (picture.retransmission, picture.extension) == (100, 3)
    numbered = tuple(replace(s, ssrc=7, retransmission_ssrc=8) for s in offer.sections)
    text = answer(replace(offer, sections=numbered), OURS, "view")
    assert "m=audio 8443 UDP/TLS/RTP/SAVPF 96 63" in text
    assert "a=fmtp:63 96/96" in text
    assert "a=ssrc-group:FID 7 8" in text
    assert "a=extmap:3 " in text


def test_who_tells_of_pictures_alone_when_they_came_has_to_take_padding() -> None:
    """Firefox and webrtcbin offer the extension for pictures alone; the second without RTX."""
    told = VIEW + f"a=extmap:3 {TRANSPORT_SEQUENCE}\na=rtcp-fb:99 transport-cc\n"
    offer = read_offer(told, "view")
    assert [section.extension for section in offer.sections] == [None, 3]
    offer = read_offer(told.replace(" rtx/", " rtx-not/"), "view")
    assert [section.extension for section in offer.sections] == [None, None]
    assert "goog-remb" in answer(offer, OURS, "view")


def test_a_site_that_can_sends_its_sound_twice() -> None:
    sound = "a=rtpmap:63 red/48000/2\na=fmtp:63 111/111\na=rtpmap:111"
    offer = read_offer(CHROMIUM.replace("a=rtpmap:111", sound, 1), "publish")
    assert [section.redundancy for section in offer.sections] == [63, None]
    text = answer(offer, OURS, "publish")
    assert "UDP/TLS/RTP/SAVPF 63 111\r\n" in text, "what comes first is sent"
    assert "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111" in text


def test_who_sends_begins_with_little() -> None:
    begins = f";x-google-start-bitrate={START_KBPS}\r\n"
    assert begins in answer(read_offer(CHROMIUM, "publish"), OURS, "publish")
    assert begins not in answer(read_offer(VIEW, "view"), OURS, "view")


def test_an_extension_that_needs_two_bytes_is_not_taken() -> None:
    offered = VIEW + f"a=extmap:15 {TRANSPORT_SEQUENCE}\na=rtcp-fb:99 transport-cc\n"
    assert read_offer(offered, "view").sections[1].extension is None
