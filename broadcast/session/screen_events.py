"""What sites shared of their screens (trình chiếu), and whether they may."""

from dataclasses import dataclass
from typing import Literal

from broadcast.session.happened import Happened
from streams.frames import SiteId


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenAllowed(Happened):
    """The site may share its screen from now on, or no more: what it shares ends with that."""

    type: Literal["screen_allowed"] = "screen_allowed"
    site: SiteId
    allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenShared(Happened):
    """The site began to share its screen, or stopped."""

    type: Literal["screen_shared"] = "screen_shared"
    site: SiteId
    on: bool


ScreenEvent = ScreenAllowed | ScreenShared
