"""What listeners of the radio read: who speaks and from where, the item, the session.

Sent to each Icecast server that takes the program, beside the sound and with the source's own
password (Icecast 2.4, "Admin Interface"); it puts the title into the stream, be that MP3 or, as
ours, AAC. A title that is not taken costs the sound nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import shorten
from unicodedata import normalize
from urllib.parse import unquote, urlsplit

from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    encode_basic_auth,
)

from broadcast.director import public_take
from broadcast.overlay import views
from broadcast.program import Take
from broadcast.session.model import SessionState
from config.settings import Push
from web.catalogues import say
from web.on_air import OnAir
from web.sessions import Sessions

LOOK_S = 3.0
"""No title follows another sooner; of those in between, the newest is told."""
ANSWER_S = 3.0
"""A server that is slower did not take it."""
TRIES = 3
"""Of one title at one connection; the next title is tried anew."""
MAX_CHARS = 240
"""Icecast has room for 4080 bytes, the display of a receiver for less than this."""
DEFAULT_USER, DEFAULT_PORT = "source", 8000
"""As FFmpeg takes them where an address has none."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Title:
    """What one connection is to be told."""

    push: Push
    since_ns: int
    """When it began to send: the server forgets the title with the connection."""
    text: str


def title_of(state: SessionState, language: str) -> str:
    """While the public gets the slate, which slate it is; of the room nothing. Pure."""
    if public_take(state) is Take.ROOM:
        parts = (_speaker(state), _item(state, language), state.title)
    else:
        mode = views.public_slate(state).fields["mode"]
        parts = (say(language, f"radio.{mode}"), "", state.title)
    text = normalize("NFC", " – ".join(part for part in parts if part))
    # An apostrophe would end it: StreamTitle='…';
    return shorten(text.replace("'", "’"), MAX_CHARS, placeholder="…")


def _speaker(state: SessionState) -> str:
    shown = views.lower_third(state)
    if shown is None:
        return ""
    name, site = shown.fields["name"], views.place(shown.fields["site"])
    return f"{name} ({site})" if name and site else name or site


def _item(state: SessionState, language: str) -> str:
    shown = views.agenda(state)
    for item in shown.fields["items"] if shown is not None else ():
        if item["state"] == "current":
            return say(language, "radio.item", {"number": item["number"], "item": item["title"]})
    return ""


def titles_wanted(sessions: Sessions, on_air: OnAir, language: str) -> list[Title]:
    """One for each Icecast server that takes the sound now."""
    radios = [push for push in on_air.link.pushes or () if push.url.startswith("icecast:")]
    if not radios or sessions.current is None:
        return []
    text = title_of(sessions.current.floor.state, language)
    sending = {one.name: one.since_ns for one in on_air.studio().pushes if one.state == "sending"}
    return [Title(one, sending[one.name], text) for one in radios if one.name in sending]


class Radio:
    """`run` keeps it. `wanted` says what should be told, as of now."""

    def __init__(self, wanted: Callable[[], Sequence[Title]]) -> None:
        self._wanted = wanted
        self._tries_left: dict[Title, int] = {}

    async def run(self) -> None:
        """Until cancelled."""
        timeout = ClientTimeout(total=ANSWER_S)
        async with ClientSession(timeout=timeout, cookie_jar=DummyCookieJar()) as http:
            while True:
                left = {one: self._tries_left.get(one, TRIES) for one in self._wanted()}
                self._tries_left = left
                await asyncio.gather(*(self._tell(http, one) for one in left if left[one]))
                await asyncio.sleep(LOOK_S)

    async def _tell(self, http: ClientSession, title: Title) -> None:
        fault = await _fault_of(http, title)
        self._tries_left[title] = self._tries_left[title] - 1 if fault else 0
        if fault and not self._tries_left[title]:
            _log.warning("radio %s takes no title: %s", title.push.name, fault)


async def _fault_of(http: ClientSession, title: Title) -> str:
    """Why it was not taken, without a word of the address; "": it was."""
    try:
        at = urlsplit(title.push.url)
        user, password = unquote(at.username or DEFAULT_USER), unquote(at.password or "")
        where = at.netloc.rpartition("@")[2] + ("" if at.port else f":{DEFAULT_PORT}")
        # No `charset`: what Icecast 2.4 knows to be UTF-8 it turns into Latin-1, "ễ" into
        # "&#7877;", where nobody set it up otherwise. What it knows nothing of it passes on.
        query = {"mount": unquote(at.path), "mode": "updinfo", "song": title.text}
        headers = {"Authorization": encode_basic_auth(user, password)}
        async with http.get(
            f"http://{where}/admin/metadata", params=query, headers=headers, allow_redirects=False
        ) as answer:
            return "" if answer.status < 300 else f"HTTP {answer.status}"
    except (ClientError, OSError, ValueError) as error:
        return type(error).__name__
