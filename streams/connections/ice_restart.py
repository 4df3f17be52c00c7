"""ICE restarts (RFC 9725 4.3.3): SDP fragments (RFC 8840 9) in and out. Pure.

We are ICE-lite and learn a peer's addresses from its checks: of what it trickles nothing is needed.
"""

import re
from collections.abc import Iterator

from streams.connections.answer import Ours, candidates
from streams.connections.sdp import MAX_OFFER_BYTES, Offer, OfferError

CREDENTIALS = {
    "ice-ufrag": re.compile(r"^a=ice-ufrag:[A-Za-z0-9+/]{4,256}\r?$", re.MULTILINE),
    "ice-pwd": re.compile(r"^a=ice-pwd:[A-Za-z0-9+/]{22,256}\r?$", re.MULTILINE),
}


def check_fragment(text: str) -> None:
    """Raises `OfferError` where a restart's fragment lacks its new credentials."""
    if len(text) > MAX_OFFER_BYTES:
        raise OfferError(413, f"The SDP fragment is larger than {MAX_OFFER_BYTES} bytes.")
    for name, pattern in CREDENTIALS.items():
        if pattern.search(text) is None:
            raise OfferError(400, f"An ICE restart needs the new a={name} in its SDP fragment.")


def fragment(offer: Offer, ours: Ours) -> str:
    """Our new credentials and where we are, for the sections of `offer` that were accepted."""
    return "\r\n".join(_lines(offer, ours)) + "\r\n"


def _lines(offer: Offer, ours: Ours) -> Iterator[str]:
    accepted = [section for section in offer.sections if section.codec is not None]
    yield "a=ice-lite"
    yield "a=group:BUNDLE " + " ".join(section.mid for section in accepted)
    for section in accepted:
        yield f"m={section.kind} 9 {section.profile} {section.payload_type}"
        yield f"a=mid:{section.mid}"
        yield f"a=ice-ufrag:{ours.ufrag}"
        yield f"a=ice-pwd:{ours.password}"
        yield from candidates(ours)
