"""When the relay is to be awake, and what whoever is awake has to do: read what has come, and take
a turn. Pure: time is an argument.

Waking up costs more than what a datagram is for. Three wake it. A packet of the program comes each
20 ms while there is a program: then the rest is done with it, and nobody wakes up for reports. A
datagram wakes it where they come now and then; where they come faster, the socket is left to itself
for a while, as network cards moderate their interrupts, and what has come meanwhile is read in one
go: soon where it is media or a handshake, later where it is nothing but reports, or media that
nobody waits for. And there is an alarm for what neither brings.
"""

from enum import Enum
from typing import NamedTuple

MS = 1_000_000
TICK_NS = 20 * MS
LIKELY_NS, EASY_NS = 18 * MS, 38 * MS
"""From turn to turn, which go with the program's sound, more or less each 20 ms; and where nobody
is in a hurry and hardly anything comes: 40 ms is soon enough for a report."""
FEW, SOME = 4, 32
"""Datagrams in a turn: of three or four viewers; and of those on good lines, who can wait."""
PAUSE_NS = 5 * MS
"""Nothing to a jitter buffer, and within what browsers take for one burst (5 ms)."""
CALM_NS = 30 * MS
"""For reports; they are sent ten times a second, and answered no faster. More than the 20 ms
between packets of the program, with which they are read as well: then nobody wakes up for them."""
SOON_NS = 60 * MS
"""Until somebody wakes up for who is in a hurry, where others woke up for him before."""
STEADY_NS = 100 * MS
"""Packets of the program that come one after another, and not now and then."""
REST_NS = 250 * MS
"""While somebody is awake for the program all the time, and reads what viewers tell, or nobody is
in a hurry: there is nothing to wake up for but that he may stop."""
LATELY_NS = 2_000 * MS
"""A site that is muted sends five packets a second; they must not wait for the program's."""
EARLY_NS = MS
"""Event loops count milliseconds."""
MANY = 2 * SOME
"""Where more come in a pause, there is none: the kernel keeps some 180 full packets for us."""


class Haste(Enum):
    """What somebody has, as of a turn."""

    NONE = "none"
    """Every line is good."""
    SOME = "some"
    MUCH = "much"
    """He waits for his moment."""


class Found(NamedTuple):
    """What a look at the socket brought."""

    datagrams: int
    handshake: bool
    """Something of one was among it."""
    media: bool


class Waking:
    """After each waking: `on_read` of what there was, where it says so; a turn, where `due_ns` has
    passed; then see to `watches` and `alarm_ns`. It is asked for each packet of the program, and
    takes few steps."""

    def __init__(self, now_ns: int) -> None:
        self.watches = True
        """Whether a datagram is to wake somebody."""
        self.due_ns = now_ns + LIKELY_NS
        """Whoever is awake after it takes a turn."""
        self._turn_ns = now_ns
        self._hurries = False
        """Somebody waits for his moment: as of the last turn."""
        self._few = self._some = True
        self._patience_ns = 0
        self._read_ns = now_ns
        """When to read at the latest, while nobody watches."""
        self._alone = self._alarmed = True
        """Whether nothing but the alarm brought the last turn; whether it woke us now."""
        self._program_ns = self._media_ns = self._woken_ns = now_ns - LATELY_NS
        self._steady = False

    # --- who woke it ---

    def on_program(self, now_ns: int) -> bool:
        """A packet of the program went out, and a turn is due. Whether to read now."""
        self._steady = now_ns - self._program_ns < STEADY_NS
        self._program_ns, self._alarmed = now_ns, False
        return not self.watches

    def on_alarm(self, now_ns: int) -> bool:
        """Whether to read now."""
        self._alarmed = True
        return not self.watches and now_ns > self._read_ns - EARLY_NS

    def on_datagram(self, found: Found, now_ns: int) -> None:
        """One came while the socket was watched, and all were read."""
        rests = self._rests(found, now_ns)
        soon = now_ns - self._woken_ns < self._pause_ns(found, now_ns)
        self._woken_ns, self._alarmed = now_ns, False
        if rests or soon:
            self._leave(found, now_ns, rests=rests)

    def on_read(self, found: Found, now_ns: int) -> None:
        """What was there while nobody watched; if it was something, there may soon be more."""
        rests = self._rests(found, now_ns)
        if rests or found.datagrams:
            self._leave(found, now_ns, rests=rests)
        else:
            self.watches = True

    def be_patient(self, patience_ns: int) -> bool:
        """How long media may wait for its reader; 0: somebody waits for it, from now on. Whether to
        read now."""
        self._patience_ns = patience_ns
        return not patience_ns and not self.watches

    # --- what follows ---

    def on_turn(self, now_ns: int) -> None:
        """One is taken; `hear` what it brought."""
        self._turn_ns, self._alone, self._hurries = now_ns, self._alarmed, False
        self.due_ns = now_ns + (EASY_NS if self._steady and self._few else LIKELY_NS)

    def hear(self, haste: Haste) -> None:
        """Until the next turn. What fills a gap may be there already."""
        if haste is Haste.MUCH:
            self._hurries, self.due_ns = True, self._turn_ns + LIKELY_NS
            if self._patience_ns:
                self._read_ns = min(self._read_ns, self._turn_ns + TICK_NS)
        elif haste is Haste.NONE and self._steady and self._some:
            self.due_ns = self._turn_ns + EASY_NS

    @property
    def alarm_ns(self) -> int:
        """When to wake up at the latest. Where turns come with other things they go on doing so."""
        wait_ns = REST_NS
        if self._hurries:
            wait_ns = TICK_NS if self._alone else SOON_NS
        turn_ns = self._turn_ns + wait_ns
        return turn_ns if self.watches or turn_ns < self._read_ns else self._read_ns

    def _rests(self, found: Found, now_ns: int) -> bool:
        """Whether it suffices that somebody is awake for the program."""
        self._few = found.datagrams < FEW and not found.media
        self._some = found.datagrams < SOME and not found.media
        if found.media:
            self._media_ns = now_ns
        awake = self._steady and now_ns - self._program_ns < STEADY_NS
        return awake and now_ns - self._media_ns > LATELY_NS

    def _leave(self, found: Found, now_ns: int, *, rests: bool) -> None:
        self.watches = False
        pause_ns = self._pause_ns(found, now_ns)
        if rests and pause_ns > PAUSE_NS:
            pause_ns = REST_NS
        self._read_ns = now_ns + (pause_ns if found.datagrams <= MANY else 0)

    def _pause_ns(self, found: Found, now_ns: int) -> int:
        # After a report the next may be media all the same, which somebody waits for.
        media = now_ns - self._media_ns < LATELY_NS
        if found.handshake or (media and not self._patience_ns):
            return PAUSE_NS
        return self._patience_ns or CALM_NS
