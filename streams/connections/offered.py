"""What is read of an offer, and what is more than anybody writes. Pure.

Anybody may ask to watch, and the parser takes a minute for 64 kB of lines that it need not see.
"""

import re

MAX_SECTIONS = 16
MAX_LINES, MAX_LINE, MAX_FORMATS = 400, 2_000, 64
"""Of those that are read: of the offer, octets of one, and payload formats of a section. Chromium's
longest section has some 40 formats in 100 lines; the parser's steps grow with their product."""
_READ = re.compile(
    r"[vostm]=|a=(?:mid|rtpmap|fmtp|ice-ufrag|ice-pwd|fingerprint|setup|group):|"
    r"a=extmap:\S+ \S+\s*$|"  # none of ours has attributes (RFC 8285 5), which aiortc does not take
    r"a=rtcp-fb:(?:\*|\d{1,3}) (?:nack|transport-cc)\s*$|"
    r"a=(?:sendonly|recvonly|sendrecv|inactive|rtcp-mux|bundle-only)\s*$"
)
_NO_PORT = re.compile(r"^(m=\S+) 0 ")
_SPACED = re.compile(r";\s+")
"""Between parameters, as RFC 6184 writes them (8.2.1) and aiortc does not take them."""


def what_is_read(offer: str) -> str:
    """Each of those lines once. Raises `ValueError`, which says what there is more of than any
    browser writes, as soon as that is seen."""
    sections: list[dict[str, None]] = [{}]
    for line in offer.splitlines():
        if line.startswith("m="):
            if len(sections) > MAX_SECTIONS:
                raise ValueError(
                    f"more than {MAX_SECTIONS} media sections; offer one for each stream"
                )
            sections.append({})
        if _READ.match(line):
            sections[-1][_SPACED.sub(";", line.rstrip())] = None
    formats = (sum(line.startswith("a=rtpmap:") for line in section) for section in sections)
    if max(formats) > MAX_FORMATS:
        raise ValueError(f"more than {MAX_FORMATS} payload formats in a section; offer fewer")
    lines = [line for section in sections for line in _bundled([*section])]
    if len(lines) > MAX_LINES:
        raise ValueError(f"more than {MAX_LINES} lines that count; offer fewer formats or sections")
    if max(map(len, lines), default=0) > MAX_LINE:
        raise ValueError(f"a line of more than {MAX_LINE} characters")
    return "\r\n".join(lines) + "\r\n"


def _bundled(section: list[str]) -> list[str]:
    """What is offered for the case that it is bundled says port 0, and means none of its own
    (RFC 9143 6): so do all sections but the first under JSEP's max-bundle, which WHIP asks for
    (RFC 9725 4.4.2)."""
    if "a=bundle-only" in section:
        section[0] = _NO_PORT.sub(r"\1 9 ", section[0])
    return section
