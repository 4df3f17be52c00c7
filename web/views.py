"""What each kind of page sees of a session (PROTOCOL.md, `view`). Pure.

One `Views` is one look: the parts that several audiences share are built once for all of them.
What is closed is left out here, so that a page cannot show what it was never sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from broadcast.director import player_on_air, scene_on_air
from broadcast.program import PLAYER, Layout, Scene
from broadcast.session.model import (
    AgendaItem,
    DelegateId,
    ItemId,
    OverlayName,
    Phase,
    Request,
    SessionState,
    Site,
)
from broadcast.session.order import (
    Upcoming,
    answered,
    calling_order,
    limit_ms,
    may_ask,
    next_request,
    questions_heard,
)
from broadcast.session.procedure import Procedure
from streams.frames import SiteId
from streams.lines import DownLine, Line
from web import screens, written
from web.alarms import Alarm, due
from web.catalogues import say
from web.client import Audience
from web.outside import Outside, PlayerState, Report, feed_of, line_quality
from web.patches import View
from web.quality import Quality


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
    _for_sites: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By language."""

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
            return self._staff | {"alarms": self._alarms(audience.language)}
        if audience.site is not None:
            shared = self._shared_by_sites(audience.language)
            said = written.messages(self.state, audience.site)
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
            "current_since_ms": state.current_since_ms,
            "closed": state.closed,
        }

    @cached_property
    def _procedure(self) -> dict[str, Any]:
        """What everybody sees who leads the session or writes it down."""
        return {
            "session": self._session,
            "agenda": self._agenda("", frozenset()),
            "delegates": [
                {"id": d.id, "name": d.name, "title": d.title, "group": d.group, "site": d.site}
                for d in self.state.delegates.values()
            ],
            "queue": self._queue,
            "next": self._call,
            "floor": self._floor,
            "round": self._round,
            "questions": self._questions,
            "kinds": self._kinds,
        }

    @cached_property
    def _chair(self) -> dict[str, Any]:
        """No lines, no levels: a tablet on the hall's Wi-Fi hears only what concerns it."""
        return self._procedure | self._brief | {"absent": screens.absent(self.state)}

    @cached_property
    def _clerk(self) -> dict[str, Any]:
        return self._procedure | self._brief | written.clerk(self.state)

    @cached_property
    def _brief(self) -> dict[str, Any]:
        """Sites and outputs in a few words."""
        present = self.outside.present
        return {
            "sites": [
                {"id": site.id, "name": site.name, "kind": site.kind, "present": present(site.id)}
                for site in self.state.sites.values()
            ],
            "outputs": {
                "studio": self.outside.studio.state,
                "recording": self.outside.studio.recording,
                "disk_hours_left": self.outside.disk_hours_left,
            },
        }

    def _display(self, language: str) -> dict[str, Any]:
        """For the wall of the hall, which anybody may open: an open part as the room has it, of a
        closed one only that it is closed."""
        shown: dict[str, Any] = {"session": self._session}
        if self.state.item is not None:
            hidden = self.state.closed
            shown["item"] = screens.item(self.state, say(language, "agenda.closed"))
            if not hidden and self.state.phase in {Phase.LIVE, Phase.PAUSED}:
                shown["floor"] = screens.with_site(self.state, self._floor)
                shown["round"] = self._round
                shown["upcoming"] = screens.upcoming(self.state, self._call, self._queue)
        shown["coming"] = screens.coming_item(self.state, say(language, "agenda.closed"))
        return shown

    @cached_property
    def _staff(self) -> dict[str, Any]:
        state = self.state
        return self._procedure | {
            "sites": [self._site(site) for site in state.sites.values()],
            "program": _scene(state.program),
            "preview": _scene(state.preview),
            "overlays": {name: name not in state.hidden_overlays for name in OverlayName},
            "player": self._player,
            "outputs": self._outputs,
            "rehearsed_at_ms": state.rehearsed_at_ms,
            "checks": self._checks,
            "messages": written.messages(state),
        }

    @property
    def _player(self) -> dict[str, Any] | None:
        clip, found = self.state.player, self.outside.studio.player
        if clip is None:
            return None
        known = found is not None and found.number == clip.number
        if found is None or not known:
            found = PlayerState(number=clip.number)
        return {
            "number": clip.number,
            "kind": clip.kind,
            "file": clip.file,
            "title": clip.title,
            "page": clip.page,
            "pages": found.pages,
            "position_ms": clip.position_ms,
            "started_at_ms": clip.started_at_ms,
            "duration_ms": found.duration_ms,
            "loop": clip.loop,
            "sound": clip.sound,
            "withheld": player_on_air(self.state) is None,
            "ready": known and not found.fault,
            "fault": found.fault,
            "tally": self._tally(PLAYER),
        }

    def _shared_by_sites(self, language: str) -> dict[str, Any]:
        if language not in self._for_sites:
            self._for_sites[language] = self._site_parts(language)
        return self._for_sites[language]

    def _site_parts(self, language: str) -> dict[str, Any]:
        return {
            "session": self._session,
            "agenda": self._agenda(language, self._secret - {self.state.current_item}),
            "floor": self._floor,
            "questions": self._questions,
            "caption": written.caption(self.state, public=False),
            "queue": [
                {"id": row["id"], "name": row["name"], "kind": row["kind"], "state": row["state"]}
                for row in self._queue
            ],
        }

    def _public(self, language: str) -> dict[str, Any]:
        on_air = self.state.phase in {Phase.LIVE, Phase.PAUSED} and not self.state.closed
        return {
            "session": self._session,
            "agenda": self._agenda(language, self._secret, public=True),
            "floor": self._floor if on_air else None,
            "caption": written.caption(self.state, public=True),
            "viewers": self.outside.viewers,
        }

    @property
    def _secret(self) -> frozenset[ItemId]:
        return frozenset(item.id for item in self.state.agenda if item.closed)

    def _agenda(
        self, language: str, hidden: frozenset[ItemId | None], *, public: bool = False
    ) -> list[dict[str, Any]]:
        return [
            self._closed_item(item, language) if item.id in hidden else self._item(item, public)
            for item in self.state.agenda
        ]

    def _item(self, item: AgendaItem, public: bool) -> dict[str, Any]:
        return {
            "id": item.id,
            "title": item.title,
            "kind": item.kind,
            "presenter": self._name(item.presenter),
            "presenter_id": item.presenter,
            "planned_minutes": item.planned_minutes,
            "closed": item.closed,
            "questioned": list(item.questioned),
            "documents": self._documents(item, public),
            "state": self._item_state(item),
        }

    def _documents(self, item: AgendaItem, public: bool) -> list[dict[str, Any]]:
        return [
            {"id": one.id, "name": one.name, "size_bytes": one.size_bytes, "public": one.public}
            for one in self.state.documents.values()
            if one.item == item.id and (one.public or not public)
        ]

    @cached_property
    def _checks(self) -> dict[str, dict[str, Any]]:
        """By site, then by check."""
        found: dict[str, dict[str, Any]] = {}
        for (site, check), one in self.state.checks.items():
            told = {"outcome": one.outcome, "note": one.note, "at_ms": one.at_ms}
            found.setdefault(site, {})[check] = told
        return found

    def _closed_item(self, item: AgendaItem, language: str) -> dict[str, Any]:
        return {
            "id": item.id,
            "title": say(language, "agenda.closed"),
            "closed": True,
            "state": self._item_state(item),
        }

    def _item_state(self, item: AgendaItem) -> str:
        if self.state.phase is Phase.ENDED:
            return "done"
        if item.id == self.state.current_item:
            return "current"
        return "done" if item.id in self.state.done_items else "coming"

    @cached_property
    def _next(self) -> Upcoming | None:
        return next_request(self.state, self.procedure)

    @cached_property
    def _queue(self) -> list[dict[str, Any]]:
        return [self._row(request) for request in calling_order(self.state)]

    def _row(self, request: Request) -> dict[str, Any]:
        delegate = self.state.delegates[request.delegate]
        return {
            "id": request.id,
            "delegate": delegate.id,
            "name": delegate.name,
            "title": delegate.title,
            "site": delegate.site,
            "kind": request.kind,
            "registered_at_ms": request.registered_at_ms,
            "state": request.state,
            "answers_to": request.answers_to,
            "limit_ms": limit_ms(self.state, self.procedure, delegate.id, request.kind),
            "next": self._next is not None and self._next.request == request.id,
        }

    @cached_property
    def _call(self) -> dict[str, Any] | None:
        """What one click on "call the next" does; it may be an answer that nobody asked to give."""
        call = self._next
        if call is None:
            return None
        delegate = self.state.delegates[call.delegate]
        return {
            "request": call.request,
            "delegate": delegate.id,
            "name": delegate.name,
            "title": delegate.title,
            "site": delegate.site,
            "kind": call.kind,
            "limit_ms": limit_ms(
                self.state, self.procedure, delegate.id, call.kind, len(call.answers)
            ),
            "opens_round": len(call.round),
        }

    @cached_property
    def _round(self) -> dict[str, Any] | None:
        found = self.state.round
        if found is None:
            return None
        questions = [self.state.requests[question] for question in found.questions]
        return {
            "number": found.number,
            "questions": [
                {
                    "request": question.id,
                    "name": self._name(question.delegate),
                    "state": question.state,
                    "answered": answered(self.state, question.id),
                }
                for question in questions
            ],
        }

    @property
    def _kinds(self) -> list[str]:
        """What may be asked for in the current item, by anybody."""
        item = self.state.item
        return [] if item is None else list(self.procedure.items[item.kind].kinds)

    @cached_property
    def _questions(self) -> list[dict[str, Any]]:
        """What an answer or a rebuttal can be about."""
        return [
            {
                "request": question.id,
                "name": self._name(question.delegate),
                "answered": answered(self.state, question.id),
            }
            for question in questions_heard(self.state)
        ]

    @cached_property
    def _floor(self) -> dict[str, Any] | None:
        turn = self.state.floor
        if turn is None:
            return None
        delegate = self.state.delegates.get(turn.delegate)
        return {
            "turn": turn.id,
            "request": turn.request,
            "delegate": turn.delegate,
            "name": delegate.name if delegate else "",
            "title": delegate.title if delegate else "",
            "site": turn.site,
            "kind": turn.kind,
            "started_at_ms": turn.started_at_ms,
            "limit_ms": turn.limit_ms,
            "paused_at_ms": turn.paused_at_ms,
            "paused_ms": turn.paused_ms,
        }

    def _name(self, delegate: DelegateId | None) -> str:
        found = self.state.delegates.get(delegate) if delegate is not None else None
        return found.name if found is not None else ""

    def _site(self, site: Site) -> dict[str, Any]:
        line = self.outside.lines.get(site.id)
        report = self.outside.reports.get(site.id)
        quality = self.qualities.get(site.id)
        return {
            "id": site.id,
            "name": site.name,
            "kind": site.kind,
            "present": self.outside.present(site.id),
            "microphone_open": site.id in self.state.open_microphones,
            "tally": self._tally(site.id),
            "quality": quality.level if quality else None,
            "wished": f"{quality.width}x{quality.height}" if quality else None,
            **_line(line, self.outside.returns.get(site.id), report),
            **_devices(report, line),
            **_tested(report),
            "signs": list(self.outside.studio.signs.get(site.id, ())),
        }

    def _tally(self, site: SiteId) -> str:
        if on_program(scene_on_air(self.state), site):
            return "program"
        return "preview" if on_program(self.state.preview, site) else "none"

    def _me(self, site: SiteId) -> dict[str, Any]:
        state = self.state
        soon = self._call is not None and self._call["site"] == site
        tally = self._tally(site)
        return {
            "site": site,
            "name": state.sites[site].name,
            "delegates": self._delegates.get(site, []),
            "tally": "next" if soon and tally != "program" else tally,
            "microphone_open": site in state.open_microphones,
            "feed": feed_of(self.outside.returns.get(site)),
            "requests": self._requests.get(site, []),
            "may_ask": list(may_ask(state, self.procedure, site)),
        }

    @cached_property
    def _delegates(self) -> dict[SiteId, list[dict[str, Any]]]:
        """By site: many sites look at one list."""
        found: dict[SiteId, list[dict[str, Any]]] = {}
        for one in self.state.delegates.values():
            row = {"id": one.id, "name": one.name, "title": one.title}
            found.setdefault(one.site, []).append(row)
        return found

    @cached_property
    def _requests(self) -> dict[SiteId, list[dict[str, Any]]]:
        """By site, each with its place in the queue."""
        found: dict[SiteId, list[dict[str, Any]]] = {}
        for place, row in enumerate(self._queue, start=1):
            told = {key: row[key] for key in ("id", "delegate", "kind", "state")}
            found.setdefault(row["site"], []).append(told | {"place": place})
        return found

    @cached_property
    def _outputs(self) -> dict[str, Any]:
        studio, free = self.outside.studio, self.outside.studio.disk_free_bytes
        return {
            "studio": studio.state,
            "recording": studio.recording,
            "sealing": studio.sealing,
            "recorded_s": round(studio.recorded_s),
            "recorded_bytes": studio.recorded_bytes,
            "disk_free_bytes": None if free is None else free // 10_000_000 * 10_000_000,
            "disk_hours_left": self.outside.disk_hours_left,
            "viewers": self.outside.viewers,
            "late_frames": studio.late_frames,
            "frames": studio.frames,
            "pushes": [
                {"name": push.name, "state": push.state, "detail": push.detail}
                for push in studio.pushes
            ],
        }

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


def _line(line: Line | None, down: DownLine | None, report: Report | None) -> dict[str, Any]:
    """Rounded, so that a patch goes out when something changed and not when it trembled."""
    rtt_ms = line.rtt_ms if line is not None else None
    if rtt_ms is None and report is not None:
        rtt_ms = report.rtt_ms
    return {
        "line": line_quality(line, down),
        "rtt_ms": None if rtt_ms is None else round(rtt_ms),
        "loss_percent": None if line is None else round(line.loss_percent, 1),
        "bitrate_bps": None if line is None else round(line.bitrate_bps, -4),
        "codec": None if line is None else line.codec,
        "size": f"{line.width}x{line.height}" if line is not None and line.width else None,
        "video": _flow(line, line is not None and line.video_alive),
        "audio": _flow(line, line is not None and line.audio_alive),
    }


def _flow(line: Line | None, alive: bool) -> str:
    if line is None:
        return "none"
    return "ok" if alive else "lost"


def _tested(report: Report | None) -> dict[str, Any]:
    """What its page found before it joined. Without the ages, which change all the time."""
    line = report.line_test if report is not None else None
    own = report.self_test if report is not None else None
    return {
        "line_tested": line.verdict if line is not None else None,
        "self_test": own.model_dump() if own is not None else None,
    }


def _devices(report: Report | None, line: Line | None) -> dict[str, Any]:
    """What the page says; a WHIP encoder has no page, so its devices are as good as its line."""
    if report is not None:
        return {"camera": report.camera, "microphone": report.microphone}
    return {
        "camera": "ok" if line is not None and line.video_alive else "none",
        "microphone": "ok" if line is not None and line.audio_alive else "none",
    }
