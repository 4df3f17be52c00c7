"""What was taken of an offer → the answer (RFC 8829 5.3; ICE-lite: RFC 8445 2.4). Pure."""

from dataclasses import dataclass

from aiortc import RTCDtlsFingerprint

from streams.connections.sdp import TRANSPORT_SEQUENCE, Direction, Offer, Section
from streams.frames import Codec

_GIVEN: dict[Direction, str] = {"publish": "recvonly", "view": "sendonly", "echo": "sendrecv"}
_RTPMAP = {Codec.H264: "H264/90000", Codec.VP8: "VP8/90000", Codec.OPUS: "opus/48000/2"}


@dataclass(frozen=True, slots=True)
class Ours:
    """What the answer says of this server."""

    ufrag: str
    password: str
    fingerprint: RTCDtlsFingerprint
    addresses: tuple[str, ...]
    port: int


def answer(offer: Offer, ours: Ours, direction: Direction) -> str:
    """The SDP (RFC 8829 5.3): ICE-lite, what was accepted in one bundle, the rest refused."""
    accepted = [section for section in offer.sections if section.codec is not None]
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        "a=group:BUNDLE " + " ".join(section.mid for section in accepted),
        "a=msid-semantic: WMS *",
    ]
    for section in offer.sections:
        lines += _answered(section, offer, ours, direction)
    return "\r\n".join(lines) + "\r\n"


def _refused(section: Section) -> list[str]:
    return [
        f"m={section.kind} 0 {section.profile} 0",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{section.mid}",
        "a=inactive",
    ]


def _answered(section: Section, offer: Offer, ours: Ours, direction: Direction) -> list[str]:
    if (codec := section.codec) is None:
        return _refused(section)
    pt, again, twice = section.payload_type, section.retransmission, section.redundancy
    # Who publishes sends the first: redundant sound, where it can.
    kinds = (twice, pt, again) if direction == "publish" else (pt, again, twice)
    formats = " ".join(str(kind) for kind in kinds if kind is not None)
    lines = [
        f"m={section.kind} {ours.port} {section.profile} {formats}",
        f"c=IN {_family(ours.addresses[0])} {ours.addresses[0]}",
        f"a=mid:{section.mid}",
        f"a=ice-ufrag:{ours.ufrag}",
        f"a=ice-pwd:{ours.password}",
        f"a=fingerprint:{ours.fingerprint.algorithm} {ours.fingerprint.value}",
        f"a=setup:{'active' if offer.dtls_role == 'client' else 'passive'}",
        f"a={_GIVEN[direction]}",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        f"a=rtpmap:{pt} {_RTPMAP[codec]}",
    ]
    if section.format_parameters:
        lines.append(f"a=fmtp:{pt} {section.format_parameters}")
    lines += [f"a=rtcp-fb:{pt} {kind}" for kind in _feedback(section, codec)]
    if again is not None:
        lines += [f"a=rtpmap:{again} rtx/{codec.clock_rate}", f"a=fmtp:{again} apt={pt}"]
    if twice is not None:
        lines += [f"a=rtpmap:{twice} red/48000/2", f"a=fmtp:{twice} {pt}/{pt}"]
    if section.extension is not None:
        lines.append(f"a=extmap:{section.extension} {section.congestion}")
    if section.ssrc:
        lines.append(f"a=msid:diemcau {section.kind}")
        if again is not None:
            lines.append(f"a=ssrc-group:FID {section.ssrc} {section.retransmission_ssrc}")
        lines.append(f"a=ssrc:{section.ssrc} cname:diemcau")
        if again is not None:
            lines.append(f"a=ssrc:{section.retransmission_ssrc} cname:diemcau")
    lines += candidates(ours)
    return lines


def _feedback(section: Section, codec: Codec) -> list[str]:
    """RFC 4585 4.2."""
    if codec.is_video:
        kinds = ["nack", "nack pli", "ccm fir"]
    else:
        kinds = ["nack"] if section.nack else []
    if section.congestion == TRANSPORT_SEQUENCE:
        kinds.append("transport-cc")
    elif codec.is_video:
        kinds.append("goog-remb")
    return kinds


def _family(address: str) -> str:
    return "IP6" if ":" in address else "IP4"


def candidates(ours: Ours) -> list[str]:
    """Host candidates, component 1 (RFC 8839 5.1); the first address is preferred."""
    lines = [
        f"a=candidate:{index + 1} 1 udp {(126 << 24) + ((65535 - index) << 8) + 255} "
        f"{address} {ours.port} typ host"
        for index, address in enumerate(ours.addresses)
    ]
    return [*lines, "a=end-of-candidates"]
