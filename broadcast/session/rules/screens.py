"""Sharing a screen or a document from a site (trình chiếu), when it is allowed.

Whoever leads the session allows a site, and what the site then shares is one more source beside its
camera: it is on air only where the operator puts it. Its sound stays the microphone's.
"""

from dataclasses import dataclass
from typing import Literal

from pydantic import StrictBool

from broadcast.session.events import Events
from broadcast.session.model import Role, SessionState
from broadcast.session.rules.command import Command
from broadcast.session.rules.lookup import site_of
from broadcast.session.rules.registry import DIRECTING, OPEN, Act, Refusal, rule
from broadcast.session.screen_events import ScreenAllowed, ScreenShared
from broadcast.session.text import SiteName
from streams.frames import SiteId

MOST = 4
"""Screens at once: each is decoded as large as a camera on air."""
SHARING = frozenset({Role.SITE, Role.SYSTEM})


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowScreen(Command):
    """Lets a site share its screen, or no more: what it shares then is gone at once."""

    type: Literal["allow_screen"] = "allow_screen"
    site: SiteName
    allowed: StrictBool


@rule(AllowScreen, DIRECTING, OPEN)
def allow_screen(state: SessionState, command: AllowScreen, act: Act) -> Events:
    site = site_of(state, command.site).id
    if command.allowed and site in state.put_out:
        raise Refusal("site_put_out", site=state.sites[site].name)
    if command.allowed == (site in state.may_share):
        return ()
    return (ScreenAllowed(at_ms=act.at_ms, site=site, allowed=command.allowed),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareScreen(Command):
    """Begins to share a site's screen; the site's page then sends it."""

    type: Literal["share_screen"] = "share_screen"
    site: SiteName


@rule(ShareScreen, SHARING, OPEN)
def share_screen(state: SessionState, command: ShareScreen, act: Act) -> Events:
    site = _own(state, command.site, act)
    if site not in state.may_share:
        raise Refusal("screen_not_allowed")
    if site in state.sharing:
        return ()
    if len(state.sharing) >= MOST:
        raise Refusal("too_many_screens", most=MOST)
    return (ScreenShared(at_ms=act.at_ms, site=site, on=True),)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopScreen(Command):
    """Ends what a site shares; it may share again."""

    type: Literal["stop_screen"] = "stop_screen"
    site: SiteName


@rule(StopScreen, SHARING | DIRECTING, OPEN)
def stop_screen(state: SessionState, command: StopScreen, act: Act) -> Events:
    site = _own(state, command.site, act)
    if site not in state.sharing:
        return ()
    return (ScreenShared(at_ms=act.at_ms, site=site, on=False),)


def _own(state: SessionState, site: str, act: Act) -> SiteId:
    known = site_of(state, site).id
    if act.role is Role.SITE and known != act.site:
        raise Refusal("not_your_site", site=state.sites[known].name)
    return known
