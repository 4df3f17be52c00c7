"""Interpreters: into another language, heard by who chose it; into sign language, seen by all."""

from dataclasses import dataclass

from broadcast.layout import INSET_X, Corner, Rect, cornered
from streams.frames import SiteId

LANGUAGE_CODE = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}"
"""BCP 47 (RFC 5646): a language, and what tells it from its sisters. Capitals say nothing."""


@dataclass(frozen=True, slots=True)
class Language:
    """One into which is interpreted."""

    code: str
    """BCP 47, in small letters: `hmn`, `km`."""
    name: str
    """As listeners choose it: "Tiếng Mông"."""


ORIGINAL = Language("vi", "Tiếng gốc")
"""The room as it is, among what listeners choose from."""


@dataclass(frozen=True, slots=True)
class Booth:
    """Where an interpreter sits (cabin phiên dịch). The room never hears it."""

    site: SiteId
    language: Language
    open: bool = False
    """Its microphone: whoever chose the language hears it."""


SIGNER_BOTTOM = 0.69
"""Above the tallest lower third, the clock, and captions that a player writes."""
SIGNER_SHARES = (0.14, 0.3)
"""The least and the most that his box may have of the width: in smaller ones hands are not read,
and beside larger ones a slate has no room for its words."""
SIGNER_SHARE = 0.21
SIGNER_SHAPE = 3 / 4
"""Height by width of the box: a picture of 16:9 is cut at its sides, where nobody signs."""


@dataclass(frozen=True, slots=True)
class Signer:
    """The sign-language interpreter's box, which stands over every layout: who, and where."""

    site: SiteId
    corner: Corner = Corner.BOTTOM_RIGHT
    share: float = SIGNER_SHARE
    """Of the width."""

    @property
    def rect(self) -> Rect:
        """Of a picture of 16:9."""
        height = self.share * SIGNER_SHAPE * 16 / 9
        return cornered(self.corner, self.share, height, SIGNER_BOTTOM)

    @property
    def clear(self) -> float:
        """The share of the width that words in the middle leave free at each side."""
        return INSET_X + self.share
