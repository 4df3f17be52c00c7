"""The session that is on the studio: its state becomes the program, the studio's word its view.

Owns the relay and the link; everything between them and the current desk goes through here.
"""

import asyncio
import logging
from collections.abc import Callable

from broadcast.director import program_of
from broadcast.program import Take
from broadcast.session.commands import Command, SetSigner, StopScreen
from broadcast.session.model import Phase, Role, SessionState
from broadcast.session.rules.command import PaperCommand
from broadcast.store import Conflict
from config.settings import Settings, socket_path, witness_socket_path
from streams.frames import SiteId, screen_of
from streams.lines import Line
from streams.relay import Rates, Relay
from streams.wire import Still
from web.auditor import Auditor
from web.auth import VIEWER, Identity
from web.client import Bye, Client
from web.desk import Desk
from web.errors import Problem
from web.history import History
from web.line_book import PLACE, LineBook
from web.outside import Calm, Outside, Pace, hours_left
from web.quality import Leaving
from web.sessions import Sessions
from web.statuses import Studio, studio_of, witness_of
from web.studio_link import DEAF, Ears, StudioLink

LOOK_S = 0.5
"""How often the lines are looked at. A command is told at once."""
SCREEN_MS = 8_000
"""A page needs some seconds to come back after the relay was started anew."""
_SERVER = Identity("diemcau", frozenset({Role.SYSTEM}))

_log = logging.getLogger(__name__)


def _revoked(client: Client) -> bool:
    """What merely expired may stay until it leaves: no page is taken away in mid-session."""
    try:
        client.check()
    except Bye as bye:
        return bye.code == "revoked"
    return False


def _is_paper(command: Command, state: SessionState) -> bool:
    """Asks nothing of the studio: so also who is to sign in a session that is yet to come."""
    prepares = isinstance(command, SetSigner) and state.phase is Phase.PREPARED
    return prepares or isinstance(command, PaperCommand)


class OnAir:
    """`run` keeps it. `clock` gives epoch milliseconds; `steady` too, but nobody sets it: by it
    ages are told."""

    def __init__(
        self,
        sessions: Sessions,
        settings: Settings,
        auditor: Auditor,
        clock: Callable[[], int],
        steady: Callable[[], int],
    ) -> None:
        self._sessions = sessions
        self._auditor = auditor
        self._settings = settings
        self._clock, self.steady = clock, steady
        self._pace = Pace()
        self._leaving = Leaving()
        self._calm = Calm()
        self.history = History()
        self.book = LineBook(settings.storage.data_dir / PLACE)
        self._followed = ""
        """The session that is on the studio."""
        self.on_session: Callable[[str], None] = lambda _session: None
        """Told when it is another, before the studio shows anything of it."""
        self._outside_the_door: frozenset[SiteId] = frozenset()
        self._missing: dict[SiteId, int] = {}
        """Sites whose screen does not come although they share it, and since when."""
        self.link = StudioLink(socket_path(settings.storage), DEAF, steady)
        self.witness = StudioLink(
            witness_socket_path(settings.storage), DEAF, steady, name="witness"
        )
        self.relay = Relay(
            settings.media,
            Rates.of(settings.program),
            on_frame=self.link.offer,
            on_source_gone=self._source_gone,
            on_keyframe_wanted=self.link.ask_keyframe,
            on_heard=self.link.tell_heard,
        )
        self.link.ears = self._ears()

    def _ears(self) -> Ears:
        return Ears(
            packet=self.relay.send,
            levels=self._levels,
            still=self._still,
            keyframe=lambda site: self.relay.ask_keyframe(site),
            connected=self._connected,
            changed=self.look,
        )

    async def perform(self, session: str, command: Command, identity: Identity) -> int:
        """One command in one session; the version that its pages have then. Raises `Problem`."""
        desk = await self._sessions.desk(session)
        if not _is_paper(command, desk.floor.state):
            self._sessions.require_current(desk)
        await desk.do(command, identity)
        self.follow()
        return desk.see(self._outside(desk))

    def hand_over(self, desk: Desk, who: Identity) -> int:
        """Control of a session to an operator who asks for it; the version that shows it."""
        desk.control.take(who, self._clock())
        return desk.see(self._outside(desk))

    async def _heed_clock(self) -> None:
        """Where the machine's clock was set, every session that is not over goes on by the new."""
        for desk in self._sessions.desks():
            try:
                await desk.floor.heed_clock()
            except Problem as problem:
                _log.warning("that the clock was set is not written down: %s", problem.code)
            except Conflict:
                _log.info("somebody wrote to session %s: heeded next time", desk.floor.id)

    async def _settle_controls(self) -> None:
        for desk in self._sessions.desks():
            got = desk.settle_control()
            if got is not None:
                await self._auditor.by_itself(
                    "control_given", got.name, desk.floor.id, {"seat": got.seat}
                )

    async def _settle_screens(self) -> None:
        """A screen that is shared and does not come, for its page is gone, is shared no more."""
        desk, now_ms = self._sessions.current, self.steady()
        missing = desk.floor.state.sharing - self.relay.screens().keys() if desk else frozenset()
        self._missing = {site: self._missing.get(site, now_ms) for site in missing}
        for site, since_ms in self._missing.items():
            if desk is not None and now_ms - since_ms >= SCREEN_MS:
                try:
                    await self.perform(desk.floor.id, StopScreen(site=site), _SERVER)
                except Problem as problem:
                    _log.warning("the screen of %s cannot be ended: %s", site, problem.code)

    def follow(self) -> None:
        """States the program anew. The relay closes before the studio hears of it, and opens
        after: what is secret is guarded first."""
        desk = self._sessions.current
        if desk is None:
            return
        if desk.floor.id != self._followed:
            self._followed = desk.floor.id
            self.on_session(desk.floor.id)
        # Whoever was taken out of the session has no place in the room either, open or closed.
        self._outside_the_door = desk.floor.state.put_out | desk.floor.state.retired_sites
        self.relay.set_put_out(self._outside_the_door)
        self.relay.set_sharing(desk.floor.state.sharing)
        program = program_of(desk.floor.state)
        if program.public is Take.SLATE:
            self.relay.set_public(take_room=False)
        # Before the studio waits for it: what was left to the kernel comes late, and is no jitter.
        leaving = self._leaving.of(program.program, self.steady())
        self.relay.set_awaited(program.awaited.union(*(scene.sources for scene in leaving)))
        self.link.show(program)
        self.witness.show(program)
        booths = frozenset(booth.site for booth in program.booths if booth.open)
        self.relay.set_open_microphones(program.open_microphones, booths)
        self.relay.set_booths({booth.site: booth.language.code for booth in program.booths})
        if program.public is Take.ROOM:
            self.relay.set_public(take_room=True)

    def look(self) -> None:
        """Shows every open desk the world as it is now."""
        for desk in self._sessions.desks():
            if len(desk.hub) or desk is self._sessions.current:
                desk.see(self._outside(desk))

    def studio(self) -> Studio:
        """Its last word."""
        return studio_of(self.link.word(self.steady()))

    def player_file(self) -> str | None:
        """The name of what is in the media player."""
        clip = self.link.program.player
        return None if clip is None else clip.file

    def lines(self) -> dict[SiteId, Line]:
        """Of all sites that send, and of those that the studio fetches."""
        return self.relay.lines() | self.studio().camera_lines

    def _outside(self, desk: Desk) -> Outside:
        now_ms, steady_ms = self._clock(), self.steady()
        if desk is not self._sessions.current:
            return Outside(now_ms)
        studio = self.studio()
        return Outside(
            now_ms,
            lines=self._calm.of(self.lines(), steady_ms),
            returns=self.relay.returns(),
            leaving=self._leaving.of(self.link.program.program, steady_ms),
            screens=self.relay.screens(),
            talks=self.relay.talks,
            studio=studio,
            witness=witness_of(self.witness.word(steady_ms)),
            disk_hours_left=hours_left(studio, self._settings),
            late_share=self._pace.late_share(studio, steady_ms),
            attached=True,
        )

    async def run(self) -> None:
        """Until cancelled: looks at the lines."""
        while True:
            await self._heed_clock()
            self.follow()
            await self._settle_controls()
            self._settle_watched()
            await self._settle_screens()
            self.look()
            await self._put_out()
            self._note_lines()
            await asyncio.sleep(LOOK_S)

    def _note_lines(self) -> None:
        lines, returns, steady_ms = self.lines(), self.relay.returns(), self.steady()
        self.history.note(lines, returns, steady_ms)
        desk = self._sessions.current
        if desk is not None:
            calm, viewers = self._calm.of(lines, steady_ms), desk.hub.watching
            self.book.note(
                desk.floor.state, calm, returns, viewers, now_ms=self._clock(), steady_ms=steady_ms
            )

    def _settle_watched(self) -> None:
        """Stills are made while a control panel is open, and grow old while none is."""
        desk = self._sessions.current
        watched = desk is not None and desk.hub.has_panels
        if desk is not None and not watched:
            desk.hub.forget_stills()
        self.link.tell_watched(watched=watched)

    async def _put_out(self) -> None:
        """The packets have stopped already (`follow`); now the connections end."""
        here = self.relay.lines().keys() | self.relay.returns().keys()
        for site in self._outside_the_door & here:
            await self.relay.expel(site)

    async def end_pages(self) -> None:
        """Of who may not be here any more (by `inside.guard`). The database is asked about each.
        Raises `StoreError`."""
        for desk in self._sessions.desks():
            over = desk is not self._sessions.current and desk.floor.state.phase is Phase.ENDED
            for client in desk.hub.clients:
                if client.identity is not VIEWER and await asyncio.to_thread(_revoked, client):
                    client.end("revoked")
                elif over and client.page == "site":
                    client.end("session_over")

    def _connected(self) -> None:
        """The studio can decode nothing until each site sends a keyframe."""
        for source in (*self.relay.lines(), *map(screen_of, self.relay.screens())):
            self.relay.ask_keyframe(source)

    def _source_gone(self, site: SiteId) -> None:
        self.link.tell_gone(site)
        if self._sessions.current is not None:
            self._sessions.current.hub.forget_still(site)
        self.look()

    def _levels(self, levels: dict[str, float]) -> None:
        if self._sessions.current is not None:
            self._sessions.current.hear(levels)

    def _still(self, still: Still) -> None:
        if self._sessions.current is not None:
            self._sessions.current.hub.tell_still(still)
