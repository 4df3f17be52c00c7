"""Offer → what it asks for, and what of it is taken (RFC 8866, RFC 8829). Pure, but for SSRCs."""

import secrets
from base64 import b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from aiortc import RTCDtlsFingerprint
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.sdp import MediaDescription, SessionDescription

from streams.connections.offered import what_is_read
from streams.frames import Codec

ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_SEQUENCE = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
MAX_OFFER_BYTES = 65_536
MAX_ONE_BYTE_ID = 14
"""Of a header extension (RFC 8285 4.2)."""
_CODEC_OF = {"video/h264": Codec.H264, "video/vp8": Codec.VP8, "audio/opus": Codec.OPUS}

START_KBPS = 100
"""What a browser begins with that knows nothing of its line. Chromium and Safari would begin with
300, and try three and six times as much at once, which stands on a thin line for half a second."""

SENDING = ("sendonly", "sendrecv")

Direction = Literal["publish", "view", "echo"]
_ASKED: dict[Direction, tuple[str, ...]] = {
    "publish": SENDING,
    "view": ("recvonly", "sendrecv"),
    "echo": ("sendrecv",),
}


class OfferError(Exception):
    """The offer cannot be answered; `status` is the HTTP status of RFC 9725 4.2 for it."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Section:
    """One m-line as it will be answered. `codec` is None where it is refused."""

    kind: str
    mid: str
    profile: str
    codec: Codec | None = None
    payload_type: int = 0
    format_parameters: str = ""
    congestion: str = ""
    """The header extension that congestion control goes by: one of the two, or none."""
    extension: int | None = None
    """Its id."""
    nack: bool = False
    """Whether the sender sends lost packets again. Browsers do not tell of sound; our pages do."""
    retransmission: int | None = None
    """The payload type of what is sent again (RTX, RFC 4588). Without it browsers would probe the
    line with numbers of the picture's own, and never repeat those that are lost."""
    ssrc: int = 0
    """Ours, when we send; 0 when we receive."""
    retransmission_ssrc: int = 0
    """Ours, for what is sent again."""
    redundancy: int | None = None
    """The payload type of sound that carries the packet before it as well (RED, RFC 2198)."""
    parameter_sets: tuple[bytes, ...] = ()
    """Of H.264, where the sender tells them here: some do so nowhere else (RFC 6184 8.2.2)."""

    @property
    def payload_types(self) -> tuple[int, ...]:
        """All that its packets have; none where it is refused."""
        if self.codec is None:
            return ()
        kinds = self.payload_type, self.retransmission, self.redundancy
        return tuple(kind for kind in kinds if kind is not None)


@dataclass(frozen=True, slots=True)
class Offer:
    sections: tuple[Section, ...]
    ufrag: str
    fingerprints: tuple[RTCDtlsFingerprint, ...]
    dtls_role: Literal["client", "server"]
    """Ours."""


def read_offer(text: str, direction: Direction) -> Offer:
    """Raises `OfferError` with a sentence for whoever wrote the client."""
    if len(text) > MAX_OFFER_BYTES:
        raise OfferError(413, f"The SDP offer is larger than {MAX_OFFER_BYTES} bytes.")
    try:
        read = what_is_read(text)
    except ValueError as error:
        raise OfferError(400, f"The SDP offer has {error}.") from error
    try:
        session = SessionDescription.parse(read)
    except Exception as error:  # aiortc's parser raises whatever the malformed line led to
        raise OfferError(400, f"This is not a valid SDP offer ({error!r}).") from error
    if not session.media:
        raise OfferError(400, "The SDP offer has no media section.")
    sections = _sections(session.media, direction)
    if direction == "view":
        sections = _told_of(sections)
    if all(section.codec is None for section in sections):
        raise OfferError(
            406,
            "Nothing in the offer can be used: H.264 or VP8 pictures and Opus sound are needed.",
        )
    if direction == "publish":
        _refuse_partly(session.media, sections)
    first = session.media[0]
    ufrag = first.ice.usernameFragment if first.ice is not None else None
    if first.dtls is None or not first.dtls.fingerprints or not ufrag:
        raise OfferError(400, "The SDP offer has no DTLS fingerprint or no ICE user name.")
    _check_one_way(session, sections)
    role: Literal["client", "server"] = "client" if first.dtls.role == "server" else "server"
    return Offer(sections, ufrag, tuple(first.dtls.fingerprints), role)


def _refuse_partly(media: Iterable[MediaDescription], sections: Iterable[Section]) -> None:
    """A site whose sound alone was refused would believe that it is heard: all or nothing, as WHIP
    asks for (RFC 9725 4.4)."""
    for one, section in zip(media, sections, strict=True):
        sent = one.port != 0 and (one.direction or "sendrecv") in SENDING
        if section.codec is None and sent and one.kind in ("audio", "video"):
            raise OfferError(
                406,
                f"The {one.kind} offered in section {section.mid!r} cannot be used: one picture in"
                " H.264 (packetization-mode 0 or 1) or VP8 and one sound in Opus are taken.",
            )


def _check_one_way(session: SessionDescription, sections: Sequence[Section]) -> None:
    """All that is taken shares one connection (RFC 9725 4.4.1), and is told apart by its payload
    types (RFC 9143 9.1)."""
    pairs = zip(session.media, sections, strict=True)
    taken = [one for one, section in pairs if section.codec is not None]
    if not all(one.rtcp_mux for one in taken):
        raise OfferError(406, "RTP and RTCP must share one port: offer a=rtcp-mux.")
    kinds = [kind for section in sections for kind in section.payload_types]
    if len({*kinds}) < len(kinds):
        raise OfferError(406, "What shares one connection needs payload types of its own.")
    mids = {one.rtp.muxId for one in taken}
    bundles = (group.items for group in session.group if group.semantic == "BUNDLE")
    if len(taken) > 1 and not any(mids.issubset(bundle) for bundle in bundles):
        raise OfferError(
            406, "Sound and picture must share one connection: offer them in one a=group:BUNDLE."
        )


def _sections(media: Iterable[MediaDescription], direction: Direction) -> tuple[Section, ...]:
    sections: list[Section] = []
    for one in media:
        taken = any(s.kind == one.kind and s.codec is not None for s in sections)
        sections.append(_section(one, direction, taken=taken))
    return tuple(sections)


def _told_of(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """As they are where the viewer tells of all when it came; or of pictures alone, as Firefox, and
    takes padding where there are none. Who would fall silent with the pictures tells of nothing."""
    taken = [section for section in sections if section.codec is not None]
    padded = any(s.extension is not None and s.retransmission is not None for s in taken)
    if padded or len({section.extension is None for section in taken}) < 2:
        return sections
    return tuple(replace(section, congestion="", extension=None) for section in sections)


def _section(media: MediaDescription, direction: Direction, *, taken: bool) -> Section:
    refused = Section(media.kind, media.rtp.muxId, media.profile)
    if direction == "echo" and media.kind != "audio":
        return refused
    if taken or media.port == 0 or (media.direction or "sendrecv") not in _ASKED[direction]:
        return refused
    usable = [
        (_rank(codec, parameters), index, codec, parameters)
        for index, parameters in enumerate(media.rtp.codecs)
        if (codec := _codec(parameters, direction)) is not None
    ]
    if not usable:
        return refused
    _, _, codec, chosen = min(usable, key=lambda candidate: candidate[:2])
    feedback = {(f.type, f.parameter or "") for f in chosen.rtcpFeedback}
    congestion, extension = _congestion(media, feedback, direction)
    return Section(
        media.kind,
        media.rtp.muxId,
        media.profile,
        codec,
        chosen.payloadType or 0,
        _format_parameters(codec, chosen, direction),
        congestion,
        extension,
        ("nack", "") in feedback,
        _retransmission(media, chosen, direction),
        redundancy=None if direction == "echo" else _redundancy(media, chosen),
        parameter_sets=_parameter_sets(chosen),
    )


def _retransmission(
    media: MediaDescription, chosen: RTCRtpCodecParameters, direction: Direction
) -> int | None:
    """Of pictures, and of sites' sound where they offer it: no browser does."""
    if media.kind == "audio" and direction != "publish":
        return None
    return next(
        (
            codec.payloadType
            for codec in media.rtp.codecs
            if codec.mimeType.lower() == f"{media.kind}/rtx"
            and str(codec.parameters.get("apt")) == str(chosen.payloadType)
        ),
        None,
    )


def _redundancy(media: MediaDescription, chosen: RTCRtpCodecParameters) -> int | None:
    both = f"{chosen.payloadType}/{chosen.payloadType}"
    return next(
        (
            codec.payloadType
            for codec in media.rtp.codecs
            if codec.mimeType.lower() == "audio/red" and both in codec.parameters
        ),
        None,
    )


def _parameter_sets(chosen: RTCRtpCodecParameters) -> tuple[bytes, ...]:
    told = str(chosen.parameters.get("sprop-parameter-sets") or "")
    try:
        return tuple(b64decode(unit, validate=True) for unit in told.split(",") if unit)
    except ValueError:
        return ()  # they may come with the pictures all the same


def _congestion(
    media: MediaDescription, feedback: set[tuple[str, str]], direction: Direction
) -> tuple[str, int | None]:
    """Browsers get arrival times for their own estimate; others, like aiortc, get ours (REMB).
    Who views tells us when ours arrived, or nothing."""
    extensions = {
        extension.uri: extension.id
        for extension in media.rtp.headerExtensions
        if 0 < extension.id <= MAX_ONE_BYTE_ID
    }
    if TRANSPORT_SEQUENCE in extensions and ("transport-cc", "") in feedback:
        return TRANSPORT_SEQUENCE, extensions[TRANSPORT_SEQUENCE]
    if ABS_SEND_TIME in extensions and direction != "view":
        return ABS_SEND_TIME, extensions[ABS_SEND_TIME]
    return "", None


def _codec(parameters: RTCRtpCodecParameters, direction: Direction) -> Codec | None:
    codec = _CODEC_OF.get(parameters.mimeType.lower())
    viewed = direction == "view"  # the program is encoded once, in H.264, and cut into fragments
    if codec is Codec.H264 and _mode(parameters) not in (("1",) if viewed else ("0", "1")):
        return None
    return None if viewed and codec is Codec.VP8 else codec


def _mode(parameters: RTCRtpCodecParameters) -> str:
    """Of packets of H.264: 0 has no fragments (RFC 6184 8.1)."""
    return str(parameters.parameters.get("packetization-mode", "0"))


def _rank(codec: Codec, parameters: RTCRtpCodecParameters) -> int:
    """The least is preferred."""
    if codec is Codec.H264:
        return 0 if _mode(parameters) == "1" else 2
    return 1


def _format_parameters(
    codec: Codec, parameters: RTCRtpCodecParameters, direction: Direction
) -> str:
    if codec is Codec.OPUS:
        # A quiet room sends next to nothing; the test of a line needs all of its sound.
        return "minptime=10;useinbandfec=1" + (";usedtx=1" if direction == "publish" else "")
    start = f"x-google-start-bitrate={START_KBPS}" if direction == "publish" else ""
    if codec is Codec.VP8:
        return start
    h264 = f"level-asymmetry-allowed=1;packetization-mode={_mode(parameters)}"
    if (level := parameters.parameters.get("profile-level-id")) is not None:
        h264 += f";profile-level-id={level}"
    return f"{h264};{start}" if start else h264


def numbered(offer: Offer) -> Offer:
    """With an SSRC of ours for each stream that we send."""
    sections = tuple(
        replace(section, ssrc=_ssrc(), retransmission_ssrc=_ssrc()) if section.codec else section
        for section in offer.sections
    )
    return replace(offer, sections=sections)


def _ssrc() -> int:
    return secrets.randbelow(1 << 31) + 2
