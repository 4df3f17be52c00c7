"""`GET /api/v1/sessions/{session}/record/{list}`: lists to print and to send."""

import csv
import io
import re
import time
from collections.abc import Callable, Iterator, Sequence

from aiohttp import web

from broadcast.session.model import AgendaItem, Delegate, DelegateId, ItemId, SessionState
from broadcast.session.record import not_heard
from web.asking import require
from web.auth import STAFF
from web.border import LANGUAGE
from web.catalogues import say
from web.errors import not_found
from web.sessions import Sessions

NAME = re.compile(r"(not-heard|promises)\.(csv|txt)")
MARK = "\ufeff"
"""By which spreadsheets know UTF-8."""
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""A spreadsheet takes a cell that begins so for a command (OWASP, CSV injection)."""

Row = Sequence[str]


class RecordFiles:
    """For operator, chair and clerk. Everything raises `Problem`."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/sessions/{session}/record/{list}", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        session = request.match_info["session"]
        require(request, session, STAFF, changes=False)
        named = NAME.fullmatch(request.match_info["list"])
        if named is None:
            raise not_found()
        state = (await self._sessions.desk(session)).floor.state
        rows = list(LISTS[named[1]](state, request[LANGUAGE]))
        text = as_csv(rows) if named[2] == "csv" else as_text(state.title, rows)
        return web.Response(
            text=text,
            content_type="text/csv" if named[2] == "csv" else "text/plain",
            charset="utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{session}-{named[0]}"',
                "Cache-Control": "no-store",
            },
        )


def as_csv(rows: Sequence[Row]) -> str:
    """With the mark by which spreadsheets know UTF-8, and nothing that they would compute."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([_inert(cell) for cell in row] for row in rows)
    return MARK + out.getvalue()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def as_text(title: str, rows: Sequence[Row]) -> str:
    """A title, the headings, and a line for each."""
    lines = [" · ".join(cell for cell in row if cell) for row in rows]
    return "\n".join([title, "", *lines, ""])


def _not_heard(state: SessionState, language: str) -> Iterator[Row]:
    names = ("number", "name", "title", "group", "site", "item", "kind", "registered", "note")
    yield [say(language, f"record.{name}") for name in names]
    for number, request in enumerate(not_heard(state), 1):
        delegate = _delegate(state, request.delegate)
        absent = request.state.value == "absent"
        yield [
            str(number),
            delegate.name,
            delegate.title,
            delegate.group,
            _site(state, delegate),
            _title(state, request.item),
            say(language, f"kind.{request.kind}"),
            _time(request.registered_at_ms),
            say(language, "record.absent") if absent else "",
        ]


def _promises(state: SessionState, language: str) -> Iterator[Row]:
    names = ("number", "promise", "name", "title", "due", "item", "asked_by", "noted", "note")
    yield [say(language, f"record.{name}") for name in names]
    for number, one in enumerate(state.promises.values(), 1):
        delegate = _delegate(state, one.delegate)
        question = state.requests.get(one.question) if one.question is not None else None
        yield [
            str(number),
            one.text,
            delegate.name,
            delegate.title,
            one.due,
            _title(state, one.item),
            _delegate(state, question.delegate).name if question is not None else "",
            _time(one.noted_at_ms),
            say(language, "record.kept") if one.kept else "",
        ]


LISTS: dict[str, Callable[[SessionState, str], Iterator[Row]]] = {
    "not-heard": _not_heard,
    "promises": _promises,
}


def _delegate(state: SessionState, id_: DelegateId) -> Delegate:
    return state.delegates.get(id_, Delegate(id_, ""))


def _site(state: SessionState, delegate: Delegate) -> str:
    site = state.sites.get(delegate.site)
    return site.name if site is not None else ""


def _title(state: SessionState, item: ItemId | None) -> str:
    found: AgendaItem | None = next((one for one in state.agenda if one.id == item), None)
    return found.title if found is not None else ""


def _time(at_ms: int) -> str:
    """The server's own time of day, as the minutes will say it."""
    return time.strftime("%H:%M", time.localtime(at_ms / 1000))
