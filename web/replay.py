"""`diemcau replay`: a session's state, minutes or overlays, made anew from its event log alone, as
they were at any moment; and whether all that was worked out of the same log before still agrees.

What was asked for goes to standard output as JSON, what was found to standard error in words.
"""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from broadcast.archive.minutes import minutes_of
from broadcast.archive.walls import segments_of
from broadcast.director import program_of
from broadcast.outputs.recovery import listed_in
from broadcast.session.events import Event, EventError, dump_event
from broadcast.session.evolve import fold
from broadcast.session.one_clock import moments
from config.settings import Settings
from web import setup
from web.catalogues import say
from web.replay_proof import differences, plain
from web.setup import SetupError


def replay(
    settings: Settings, session: str, what: str, at: str = "", until: int | None = None
) -> int:
    """`at`: a moment as ISO 8601 has it, by the clock as it was set last and without a zone by this
    machine's. `until`: so many events. 1 where something disagrees. Raises `SetupError`."""
    with setup.kept_store(settings) as store:
        try:
            recorded = store.load(session)
        except EventError as error:
            _tell(say(settings.language, "verify.replay_unreadable", {"reason": str(error)}))
            return 1
        if not recorded:
            raise SetupError(f"there is no session {session!r}; see `diemcau session list`")
        events = [one.event for one in recorded]
        count = min(len(events), max(until, 0)) if until is not None else len(events)
        if at:
            count = min(count, _before(events, _moment(at)))
        recording = settings.storage.data_dir / "archive" / session
        told = {"session": session, "events": count, "of": len(events)}
        told |= {"last": dump_event(events[count - 1]) if count else None}
        told |= {what: plain(_rebuilt(what, events[:count], recording))}
        json.dump(told, sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
        faults, looked_at = differences(settings, store, session, recorded)
    for fault in faults:
        params = dict(fault.params)
        if "place" in params:
            params["place"] = say(settings.language, f"verify.replay_in.{params['place']}")
        _tell(say(settings.language, f"verify.{fault.code}", params))
    code = "replay_differs_in" if faults else "replay_agrees"
    places = ", ".join(say(settings.language, f"verify.replay_in.{one}") for one in looked_at)
    params = {"events": len(events), "count": len(faults), "places": places}
    _tell(say(settings.language, f"verify.{code}", params))
    return 1 if faults else 0


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _moment(text: str) -> int:
    """Epoch milliseconds. Raises `SetupError`."""
    try:
        return round(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        raise SetupError(
            f"{text!r} is no moment; write it as 2026-07-09T09:30:00, by the clock of the minutes"
        ) from None


def _before(events: Sequence[Event], at_ms: int) -> int:
    """How many had happened."""
    return sum(moment <= at_ms for moment in moments(events))


def _rebuilt(what: str, events: Sequence[Event], recording: Path) -> Any:
    if what == "minutes":
        listed = listed_in(recording)
        made = minutes_of(events, segments_of(listed) if listed is not None else ())
        return {name: getattr(made, name) for name in _MINUTES}
    state = fold(events)
    if what == "state":
        return state
    program = program_of(state)
    return {name: getattr(program, name) for name in ("overlays", "slate", "public_slate")}


_MINUTES = ("breaks", "closed", "clock_sets", "roll", "parts")
"""Their `state` is the state's."""
