"""What each kind of page sees of a session (PROTOCOL.md, `view`). Pure.

One `Views` is one look: the parts that several audiences share are built once for all of them.
What is closed is left out here, so that a page cannot show what it was never sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from broadcast.director import player_on_air, scene_on_air, signer_on_air
from broadcast.interpreters import Signer
from broadcast.layout import Layout
from broadcast.program import PLAYER, Scene, clear_of
from broadcast.session.forecast import Forecast, forecast
from broadcast.session.model import (
    OverlayName,
    Phase,
    SessionState,
)
from broadcast.session.order import next_request
from broadcast.session.procedure import Procedure
from streams.frames import SiteId
from web import screens, sharing, tiles, written
from web.agenda import Agenda
from web.alarms import Alarm, due
from web.catalogues import say
from web.client import Audience
from web.following import Known, closed_part, forecast_of, limits, undo
from web.outside import Outside, feed_of
from web.patches import View
from web.quality import Quality
from web.speaking import Speaking

_NOT_TOLD: Mapping[str, Any] = {
    "floor": None,
    "questions": [],
    "queue": [],
    "caption": None,
    "screens": [],
    "languages": [],
}
"""Of a site's view, what is of the room."""


def on_program(scene: Scene, site: SiteId) -> bool:
    """Whether this site sits in a seat of the scene."""
    return site in scene.sources[: scene.layout.seats]


def next_site(state: SessionState, procedure: Procedure) -> SiteId | None:
    """Where whoever `call_next` would call sits."""
    call = next_request(state, procedure)
    return state.delegates[call.delegate].site if call is not None else None


@dataclass(frozen=True)
class Views:
    """A look at one session, for any audience."""

    state: SessionState
    procedure: Procedure
    outside: Outside
    qualities: Mapping[SiteId, Quality]
    alarms: Sequence[Alarm]
    remembered: Known | None = None
    """What was worked out before of the same state."""
    _for_sites: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By language."""
    control: Mapping[str, Any] | None = None
    """Which operator has hands on it."""

    def of(self, audience: Audience) -> View:
        """The view of one audience."""
        match audience.page:
            case "chair":
                return self._chair
            case "clerk":
                return self._clerk
            case "display":
                return self._display(audience.language)
        if audience.staff:
            return self._staff | {
                "alarms": self._alarms(audience.language),
                "control": self.control,
            }
        if audience.site is not None:
            if audience.site in self.state.put_out:
                return self._outside_the_door(audience, audience.site)
            shared = self._shared_by_sites(audience.language)
            of_sites, to_all = self._known.messages
            said = of_sites.get(audience.site, to_all)
            return shared | {"me": self._me(audience.site), "messages": said}
        return self._public(audience.language)

    @cached_property
    def _session(self) -> dict[str, Any]:
        state = self.state
        return {
            "id": state.id,
            "title": state.title,
            "subtitle": state.subtitle,
            "phase": state.phase,
            "started_at_ms": state.started_at_ms,
            "ended_at_ms": state.ended_at_ms,
            "planned_start_at_ms": state.planned_start_at_ms,
            "current_item": state.current_item,
            "closed": state.closed and state.phase is not Phase.ENDED,
            "clock_set_ms": state.clock_set_ms,
        }

    @cached_property
    def _public_session(self) -> dict[str, Any]:
        return self._session | {"current_item": self._agenda.current_of_public()}

    @cached_property
    def _procedure(self) -> dict[str, Any]:
        """What everybody sees who leads the session or writes it down."""
        return {
            "session": self._session,
            "agenda": self._agenda.of_staff(self._forecast),
            "delegates": [
                {"id": d.id, "name": d.name, "title": d.title, "group": d.group, "site": d.site}
                for d in self.state.delegates.values()
            ],
            "queue": self._speaking.queue,
            "next": self._speaking.call,
            "floor": self._speaking.floor,
            "round": self._speaking.round,
            "questions": self._speaking.questions,
            "kinds": self._speaking.kinds,
            "closed_part": closed_part(self.state),
            "undo": undo(self.state, self.outside.now_ms),
            "screens": self._screens,
            "limits": limits(self.state, self.procedure),
            "forecast": forecast_of(self._forecast),
            **self._known.followed,
        }

    @cached_property
    def _chair(self) -> dict[str, Any]:
        """No lines, no levels: a tablet on the hall's Wi-Fi hears only what concerns it."""
        called = {"absent": screens.absent(self.state), "roll": written.roll(self.state)}
        return self._procedure | self._brief | called

    @cached_property
    def _clerk(self) -> dict[str, Any]:
        written_down = {
            "turns": self._known.turns,
            "notes": self._known.notes,
            "captions": written.captions(self.state),
            "roll": written.roll(self.state),
        }
        return self._procedure | self._brief | written_down

    @cached_property
    def _brief(self) -> dict[str, Any]:
        """Sites and outputs in a few words."""
        present = self.outside.present
        return {
            "sites": {
                site.id: {
                    "id": site.id,
                    "place": place,
                    "name": site.name,
                    "kind": site.kind,
                    "present": present(site.id),
                    "screen": sharing.standing(self.state, site.id),
                }
                for place, site in enumerate(self.state.sites.values())
            },
            "outputs": {
                "studio": self.outside.studio.state,
                "recording": self.outside.studio.recording,
                "disk_hours_left": self.outside.disk_hours_left,
            },
        }

    def _display(self, language: str) -> dict[str, Any]:
        """For the wall of the hall, which anybody may open: an open part as the room has it, of a
        closed one only that it is closed."""
        shown: dict[str, Any] = {"session": self._public_session}
        if self.state.item is not None:
            hidden = self.state.closed
            shown["item"] = screens.item(self.state, say(language, "agenda.closed"))
            if not hidden and self.state.phase in {Phase.LIVE, Phase.PAUSED}:
                shown["floor"] = screens.with_site(self.state, self._speaking.floor)
                shown["round"] = self._speaking.round
                shown["upcoming"] = screens.upcoming(
                    self.state, self._speaking.call, self._speaking.queue
                )
        shown["coming"] = screens.coming_item(self.state, say(language, "agenda.closed"))
        return shown

    @cached_property
    def _staff(self) -> dict[str, Any]:
        state = self.state
        return self._procedure | {
            "sites": {
                site.id: tiles.tile(
                    state,
                    self.outside,
                    site,
                    place,
                    self.qualities.get(site.id),
                    self._tally(site.id),
                )
                for place, site in enumerate(state.sites.values())
            },
            "program": _scene(clear_of(state.program, self._signing)),
            "preview": _scene(clear_of(state.preview, self._signing)),
            "signer": _signer(state.signer),
            "overlays": {name: name not in state.hidden_overlays for name in OverlayName},
            "player": tiles.player_of(
                state.player,
                self.outside.studio.player,
                withheld=player_on_air(state) is None,
                tally=self._tally(PLAYER),
            ),
            "messages": written.messages(state),
            "rehearsed_at_ms": state.rehearsed_at_ms,
            "checks": tiles.checks(state),
            "outputs": tiles.outputs(self.outside),
        }

    @cached_property
    def _languages(self) -> list[dict[str, str]]:
        """Each once, in the order of the booths."""
        named = {one.code: one.name for one in self.state.booths.values()}
        return [{"code": code, "name": name} for code, name in named.items()]

    @cached_property
    def _agenda(self) -> Agenda:
        return Agenda(self.state, self._speaking.name)

    @cached_property
    def _forecast(self) -> Forecast | None:
        return forecast(self.state, self.outside.now_ms)

    @cached_property
    def _known(self) -> Known:
        return self.remembered or Known(self.state, self.procedure)

    @property
    def _speaking(self) -> Speaking:
        return self._known.speaking

    def _shared_by_sites(self, language: str) -> dict[str, Any]:
        if language not in self._for_sites:
            self._for_sites[language] = self._site_parts(language)
        return self._for_sites[language]

    def _site_parts(self, language: str) -> dict[str, Any]:
        """Of what was still closed as the session ended, no more than the public: some were outside
        the door."""
        agenda = self._agenda.of_sites(language)
        if self.state.closed and self.state.phase is Phase.ENDED:
            return {"session": self._public_session, "agenda": agenda, **_NOT_TOLD}
        return {
            "session": self._session,  # they see the current item, be it closed
            "agenda": agenda,
            "floor": self._speaking.floor,
            "questions": self._speaking.questions,
            "caption": written.caption(self.state, public=False),
            "languages": self._languages,
            "screens": [
                {"site": one["site"], "name": one["name"], "tally": one["tally"]}
                for one in self._screens
            ],
            "queue": [
                {"id": row["id"], "name": row["name"], "kind": row["kind"], "state": row["state"]}
                for row in self._speaking.queue
            ],
        }

    def _outside_the_door(self, audience: Audience, site: SiteId) -> dict[str, Any]:
        """A site that was put out is told no more than the public, and that it was."""
        me = {
            "site": site,
            "name": self.state.sites[site].name,
            "put_out": True,
            "delegates": self._delegates.get(site, []),
            "tally": "none",
            "microphone_open": False,
            "feed": None,
            "requests": [],
            "may_ask": [],
            "screen": "none",
        }
        agenda = self._agenda.of_public(audience.language)
        told = {"session": self._public_session, "agenda": agenda, "messages": []}
        return {**told, **_NOT_TOLD, "me": me}

    def _public(self, language: str) -> dict[str, Any]:
        on_air = self.state.phase in {Phase.LIVE, Phase.PAUSED} and not self.state.closed
        return {
            "session": self._public_session,
            "agenda": self._agenda.of_public(language),
            "floor": self._speaking.floor if on_air else None,
            "caption": written.caption(self.state, public=True),
            "viewers": self.outside.viewers,
            "languages": self._languages,
        }

    @cached_property
    def _screens(self) -> list[dict[str, Any]]:
        return sharing.screens(self.state, self.outside.screens, self._tally)

    @cached_property
    def _on_air(self) -> Scene:
        return scene_on_air(self.state)

    @cached_property
    def _signing(self) -> Signer | None:
        return signer_on_air(self.state)

    def _tally(self, site: SiteId) -> str:
        signs = self._signing is not None and site == self._signing.site
        if signs or on_program(self._on_air, site):
            return "program"
        return "preview" if on_program(self.state.preview, site) else "none"

    def _me(self, site: SiteId) -> dict[str, Any]:
        state = self.state
        call = self._speaking.call
        soon = call is not None and call["site"] == site
        tally = self._tally(site)
        return {
            "site": site,
            "name": state.sites[site].name,
            "put_out": False,
            "delegates": self._delegates.get(site, []),
            "tally": "next" if soon and tally != "program" else tally,
            "microphone_open": site in state.open_microphones,
            "booth": tiles.language_of(state.sites[site].booth),
            "signs": self._signing is not None and site == self._signing.site,
            "feed": feed_of(self.outside.returns.get(site)),
            "requests": self._speaking.requests.get(site, []),
            "talked_to": site in self.outside.talks,
            "may_ask": list(self._speaking.may_ask.get(site, ())),
            "screen": sharing.standing(state, site),
            "test_asked_at_ms": state.tests_asked.get(site),
        }

    @cached_property
    def _delegates(self) -> dict[SiteId, list[dict[str, Any]]]:
        """By site: many sites look at one list."""
        found: dict[SiteId, list[dict[str, Any]]] = {}
        for one in self.state.delegates.values():
            row = {"id": one.id, "name": one.name, "title": one.title}
            found.setdefault(one.site, []).append(row)
        return found

    def _alarms(self, language: str) -> list[dict[str, Any]]:
        return [
            {
                "code": alarm.code,
                "message": say(language, f"alarm.{alarm.code}", alarm.params),
                "since_at_ms": alarm.since_at_ms,
                "site": alarm.site,
            }
            for alarm in due(self.alarms, self.outside.now_ms)
        ]


def _scene(scene: Scene) -> dict[str, Any]:
    shown: dict[str, Any] = {"layout": scene.layout, "sources": list(scene.sources)}
    if scene.layout is Layout.PICTURE_IN_PICTURE:
        shown["inset"] = {"corner": scene.inset.corner, "share": scene.inset.share}
    return shown


def _signer(signer: Signer | None) -> dict[str, Any] | None:
    if signer is None:
        return None
    return {"site": signer.site, "corner": signer.corner, "share": signer.share}
