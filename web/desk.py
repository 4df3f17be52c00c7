"""One session as this server runs it: its floor, its pages, and what is judged from both."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from broadcast.session.commands import Command
from broadcast.session.events import Event
from broadcast.session.model import Phase, Role
from broadcast.session.one_clock import moved
from broadcast.session.rules.command import PaperCommand
from config.settings import Settings
from streams.frames import SiteId
from web.alarms import SILENT_DBFS, Alarm, Situation, judge
from web.auth import Identity
from web.client import Audience
from web.control import Control, Holder
from web.errors import Problem
from web.floor import Floor, allowed
from web.following import Memory
from web.hub import Hub
from web.outside import Outside
from web.patches import View
from web.quality import Quality, wishes
from web.views import Views, next_site


class Desk:
    """`see` brings it the world; `do` brings it a command. Both tell the pages what changed."""

    def __init__(
        self,
        floor: Floor,
        settings: Settings,
        clock: Callable[[], int],
        holder: Holder | None = None,
        clock_set_ms: Callable[[], int] = lambda: 0,
    ) -> None:
        """`holder`: who had control before the server was started anew. `clock_set_ms`: how far the
        clock was set since the start (`web.machine_clock`)."""
        self.floor = floor
        self.control = Control(holder, clock())
        self.hub = Hub(self._look, allowed, clock)
        self.alarms: tuple[Alarm, ...] = ()
        self._settings = settings
        self._clock, self._clock_set_ms = clock, clock_set_ms
        self._heeded_ms = clock_set_ms()
        self._memory = Memory(floor.procedure)
        self._outside = Outside(clock())
        self.qualities: Mapping[SiteId, Quality] = {}
        """What each site is asked to send."""
        self._heard_at_ms: dict[SiteId, int] = {}
        self._spoke_at_ms: dict[SiteId, int] = {}
        self._opened_at_ms = clock()
        self._resumed = floor.state.phase in {Phase.LIVE, Phase.PAUSED}
        # Who was here before the server was started anew is not known: told as lost, not as new.
        self._met = frozenset(floor.state.sites if self._resumed else ())

    async def do(self, command: Command, identity: Identity) -> tuple[Event, ...]:
        """What happened. Raises `Problem`."""
        held = self.control.holds_up(identity)
        # Papers are no hands on the session: one prepares while the other directs.
        if held is not None and not isinstance(command, PaperCommand):
            identity = _otherwise(command, identity, held)
        return await self.floor.do(command, identity)

    def settle_control(self) -> Holder | None:
        """Gives control to whoever is there alone; who got it by this."""
        pages = [one.identity for one in self.hub.clients if one.page == "operator"]
        operators = [one for one in pages if Role.OPERATOR in one.roles]
        return self.control.settle(operators, self._now_ms())

    def see(self, outside: Outside) -> int:
        """Judges the world anew and tells the pages; the version they have then."""
        now_ms = self._now_ms()
        self._heed_microphones(outside.studio.speaking, now_ms)
        self._met |= outside.lines.keys() | self.hub.reports.keys()
        outside = replace(
            outside,
            now_ms=now_ms,
            met=self._met,
            reports=dict(self.hub.reports),
            heard_at_ms=dict(self._heard_at_ms),
            spoke_at_ms=dict(self._spoke_at_ms),
            viewers=self.hub.watching,
        )
        self._outside = outside
        state = self.floor.state
        self.hub.end_others(state.sites)
        coming = next_site(state, self.floor.procedure)
        self.qualities = wishes(state, self._settings.program, coming, outside.leaving)
        self.alarms = judge(self._situation(), self.alarms)
        self.hub.tell_quality(self.qualities)
        return self.hub.refresh()

    def hear(self, levels: Mapping[str, float]) -> None:
        """Ten times a second, from the studio."""
        now_ms = self._now_ms()
        for site in self._heard_at_ms:
            if levels.get(site, SILENT_DBFS) > SILENT_DBFS:
                self._heard_at_ms[site] = now_ms
        self.hub.tell_levels(levels)

    def _heed_microphones(self, speaking: frozenset[SiteId], now_ms: int) -> None:
        """A microphone that opens has until then not been silent for long."""
        opened = self.floor.state.open_microphones
        self._heard_at_ms = {site: self._heard_at_ms.get(site, now_ms) for site in opened}
        spoke = self._spoke_at_ms | dict.fromkeys(speaking, now_ms)
        self._spoke_at_ms = {site: at_ms for site, at_ms in spoke.items() if site in opened}

    def _now_ms(self) -> int:
        """By the clock. Where that was set, all that is remembered here moves with it: nothing is
        older for it, and nothing lies in the future."""
        now_ms, set_ms = self._clock(), self._clock_set_ms()
        if by_ms := set_ms - self._heeded_ms:
            self._heeded_ms = set_ms
            self.control.move(by_ms)
            self.alarms = moved(self.alarms, by_ms)
            self._heard_at_ms = {site: at + by_ms for site, at in self._heard_at_ms.items()}
            self._spoke_at_ms = {site: at + by_ms for site, at in self._spoke_at_ms.items()}
            self._opened_at_ms += by_ms
        return now_ms

    def _situation(self) -> Situation:
        return Situation(
            self.floor.state,
            self._outside,
            self._settings.recording,
            self._settings.program,
            self._opened_at_ms,
            self._resumed,
        )

    def _look(self) -> Callable[[Audience], View]:
        holder = self.control.holder
        return Views(
            self.floor.state,
            self.floor.procedure,
            self._outside,
            self.qualities,
            self.alarms,
            self._memory.of(self.floor.state),
            control=holder.told() if holder is not None else None,
        ).of


def _otherwise(command: Command, identity: Identity, held: Holder) -> Identity:
    """Without the operator's hands; whoever is chair too goes on as such. Raises `Problem` 409."""
    others = replace(identity, roles=identity.roles - {Role.OPERATOR})
    if others.roles and command.type in allowed(others):
        return others
    if command.type not in allowed(identity):
        return identity
    raise Problem(409, "not_in_control", name=held.name)
