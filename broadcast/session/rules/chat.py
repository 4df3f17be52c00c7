"""Chat between the control room and the sites, for what nobody should have to telephone about."""

from dataclasses import dataclass
from typing import Literal

from broadcast.session.events import Events
from broadcast.session.model import Role, SessionState
from broadcast.session.rules.command import PaperCommand
from broadcast.session.rules.registry import OPEN, REGISTERING, Act, Refusal, rule
from broadcast.session.text import Name, SiteName
from broadcast.session.written import MessageId
from broadcast.session.written_events import MessageSent
from streams.frames import SiteId


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage(PaperCommand):
    """Writes to a site, or to all; a site writes to the control room."""

    type: Literal["send_message"] = "send_message"
    text: Name
    site: SiteName | None = None


@rule(SendMessage, REGISTERING, OPEN)
def send_message(state: SessionState, command: SendMessage, act: Act) -> Events:
    from_site = act.role is Role.SITE
    site = act.site if from_site else SiteId(command.site) if command.site is not None else None
    if site is not None and site not in state.sites:
        raise Refusal("unknown_site")
    return (
        MessageSent(
            at_ms=act.at_ms,
            message=MessageId(act.fresh_id),
            site=site,
            from_site=from_site,
            author=act.actor,
            text=command.text,
        ),
    )
