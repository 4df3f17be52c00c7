"""Trying everything out, site by site, an hour before (chạy thử)."""

from dataclasses import dataclass
from typing import Literal

from broadcast.session.content_events import RehearsalBegun, SelfTestAsked, SiteChecked
from broadcast.session.events import Events
from broadcast.session.model import SessionState
from broadcast.session.rehearsal import Check, Outcome
from broadcast.session.rules.command import Command
from broadcast.session.rules.lookup import site_of
from broadcast.session.rules.registry import OPEN, OPERATING, Act, Refusal, rule
from broadcast.session.text import SiteName, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginRehearsal(Command):
    """Begins the checks of all sites anew. What was found before stays in the log."""

    type: Literal["begin_rehearsal"] = "begin_rehearsal"


@rule(BeginRehearsal, OPERATING, OPEN)
def begin_rehearsal(act: Act) -> Events:
    return (RehearsalBegun(at_ms=act.at_ms),)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCheck(Command):
    """Notes what a check of a site found; without an outcome it is to be checked again."""

    type: Literal["record_check"] = "record_check"
    site: SiteName
    check: Check
    outcome: Outcome | None = None
    note: Text = ""


@rule(RecordCheck, OPERATING, OPEN)
def record_check(state: SessionState, command: RecordCheck, act: Act) -> Events:
    site = site_of(state, command.site).id
    known = state.checks.get((site, command.check))
    told = (known.outcome, known.note) if known is not None else (None, "")
    if told == (command.outcome, command.note if command.outcome is not None else ""):
        return ()
    return (
        SiteChecked(
            at_ms=act.at_ms,
            site=site,
            check=command.check,
            outcome=command.outcome,
            note=command.note,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSelfTest(Command):
    """Has a site's page test its picture, sound, loudspeaker and, before the session, its line.

    It plays two tones in that room: not while its microphone is open."""

    type: Literal["ask_self_test"] = "ask_self_test"
    site: SiteName


@rule(AskSelfTest, OPERATING, OPEN)
def ask_self_test(state: SessionState, command: AskSelfTest, act: Act) -> Events:
    site = site_of(state, command.site)
    if site.id in state.open_microphones:
        raise Refusal("test_microphone_open", site=site.name)
    if site.id in state.put_out:
        raise Refusal("site_put_out", site=site.name)
    return (SelfTestAsked(at_ms=act.at_ms, site=site.id),)
