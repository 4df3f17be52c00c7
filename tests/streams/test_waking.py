"""When somebody is awake, in virtual time: who wakes, what is read, whose turn it is."""

import random

from streams.udp.waking import (
    CALM_NS,
    LATELY_NS,
    MANY,
    MS,
    PAUSE_NS,
    REST_NS,
    SOON_NS,
    TICK_NS,
    Found,
    Haste,
    Waking,
)

NOTHING, REPORT = Found(0, handshake=False, media=False), Found(1, handshake=False, media=False)
HANDSHAKE, MEDIA = Found(1, handshake=True, media=False), Found(1, handshake=False, media=True)
FLOOD = Found(MANY + 1, handshake=False, media=False)
S = 1_000 * MS


class Machine:
    """As `receiving` does it: what comes waits until somebody reads."""

    def __init__(self) -> None:
        self.now_ns = 5 * S
        self.waking = Waking(self.now_ns)
        self.haste = Haste.SOME
        self._came: list[tuple[int, Found]] = []
        self.waits_ns: list[int] = []
        """How long each datagram waited for its reader."""
        self.turns: list[int] = []
        self.wakes = 0

    def run(self, until_ns: int, program_ns: int | None, datagrams: dict[int, Found]) -> None:
        """The program's packets come in such steps; datagrams when they are said to."""
        start = self.now_ns
        events = [(start + at, "datagram", found) for at, found in datagrams.items()]
        if program_ns is not None:
            ticks = range(start, start + until_ns, program_ns)
            events += [(at, "program", NOTHING) for at in ticks]
        for at, what, found in sorted(events, key=lambda event: event[0]):
            self._ring(at)
            self.now_ns = at
            self._happens(what, found)
        self._ring(start + until_ns)
        self.now_ns = start + until_ns

    def _ring(self, until_ns: int) -> None:
        while self.waking.alarm_ns < until_ns:
            self.now_ns = max(self.now_ns, self.waking.alarm_ns)
            if self.waking.on_alarm(self.now_ns):
                self._read()
            self._settle()

    def _happens(self, what: str, found: Found) -> None:
        if what == "datagram":
            self._came.append((self.now_ns, found))
            if not self.waking.watches:
                return
            self.waking.on_datagram(self._take(), self.now_ns)
        elif self.now_ns <= self.waking.due_ns:
            return
        elif self.waking.on_program(self.now_ns):
            self._read()
        self._settle()

    def _read(self) -> None:
        self.waking.on_read(self._take(), self.now_ns)

    def _take(self) -> Found:
        self.waits_ns += [self.now_ns - at for at, _ in self._came]
        found = [found for _, found in self._came]
        self._came = []
        return Found(
            sum(one.datagrams for one in found),
            any(one.handshake for one in found),
            any(one.media for one in found),
        )

    def _settle(self) -> None:
        self.wakes += 1
        if self.now_ns > self.waking.due_ns:
            self.turns.append(self.now_ns)
            self.waking.on_turn(self.now_ns)
            self.waking.hear(self.haste)

    def longest_pause_ns(self) -> int:
        return max(b - a for a, b in zip(self.turns, self.turns[1:], strict=False))


def every(step_ns: int, until_ns: int, found: Found, first_ns: int = 7 * MS) -> dict[int, Found]:
    return dict.fromkeys(range(first_ns, until_ns, step_ns), found)


def test_while_the_program_comes_nobody_else_wakes() -> None:
    """Forty viewers' reports are read by whoever is awake, within two of its packets."""
    machine = Machine()
    machine.run(S, TICK_NS, every(25 * MS // 10, S, REPORT))
    before, machine.waits_ns = machine.wakes, []
    machine.run(S, TICK_NS, every(25 * MS // 10, S, REPORT))
    assert machine.wakes - before <= S // TICK_NS + S // REST_NS
    assert max(machine.waits_ns) <= 2 * TICK_NS
    assert not machine.waking.watches


def test_a_lonely_datagram_is_read_at_once() -> None:
    machine = Machine()
    machine.run(3 * S, None, every(100 * MS, 3 * S, REPORT))
    assert max(machine.waits_ns) == 0


def test_reports_that_come_fast_are_read_by_the_handful() -> None:
    machine = Machine()
    machine.run(2 * S, None, every(MS, 2 * S, REPORT))
    assert machine.wakes <= 2 * S // CALM_NS * 2
    assert max(machine.waits_ns) <= CALM_NS


def test_media_waits_no_longer_than_a_burst() -> None:
    machine = Machine()
    machine.run(2 * S, TICK_NS, every(MS, 2 * S, MEDIA))
    assert max(machine.waits_ns) <= PAUSE_NS


def test_media_among_reports_waits_no_longer_either() -> None:
    machine = Machine()
    sound = dict.fromkeys(range(0, S, 20 * MS), MEDIA)
    machine.run(S, 20 * MS, sound | dict.fromkeys(range(2 * MS, S, 7 * MS), REPORT))
    assert max(machine.waits_ns) <= PAUSE_NS


def test_a_muted_site_need_not_wait_for_the_program() -> None:
    """It sends five packets a second."""
    machine = Machine()
    machine.run(2 * S, TICK_NS, every(200 * MS, 2 * S, MEDIA))
    machine.waits_ns = []
    machine.run(LATELY_NS, TICK_NS, every(200 * MS, LATELY_NS, MEDIA))
    assert max(machine.waits_ns) <= CALM_NS


def test_media_that_nobody_waits_for_waits_until_somebody_does() -> None:
    """A site at standby: four of its packets cost one wake-up."""
    machine, patience_ns = Machine(), 80 * MS
    assert not machine.waking.be_patient(patience_ns)
    machine.run(2 * S, None, every(TICK_NS, 2 * S, MEDIA))
    assert max(machine.waits_ns) <= patience_ns
    assert machine.wakes <= 2 * S // patience_ns + 2 * S // REST_NS
    assert machine.waking.be_patient(0) is not machine.waking.watches
    machine._read()
    machine.waits_ns = []
    machine.run(S, None, every(TICK_NS, S, MEDIA))
    assert max(machine.waits_ns[1:]) == 0


def test_what_fills_a_gap_is_read_soon_though_nobody_waits_for_it() -> None:
    machine = Machine()
    machine.haste = Haste.MUCH
    machine.waking.be_patient(80 * MS)
    machine.run(2 * S, None, every(TICK_NS, 2 * S, MEDIA))
    assert max(machine.waits_ns) <= TICK_NS


def test_a_handshake_finds_somebody_awake() -> None:
    """Also while nobody is but for the program, and each flight is answered soon."""
    machine = Machine()
    machine.run(S, TICK_NS, {})
    machine.waits_ns = []
    machine.run(S, TICK_NS, every(3 * MS, S, HANDSHAKE, 507 * MS))
    assert machine.waits_ns[0] <= 2 * TICK_NS
    assert max(machine.waits_ns[1:]) <= PAUSE_NS


def test_a_turn_now_and_then_is_nobody_who_is_awake() -> None:
    """The alarm's own turns are not the program's: a handshake does not wait for the next."""
    machine = Machine()
    machine.run(3 * S, None, every(REST_NS, 3 * S, HANDSHAKE))
    assert max(machine.waits_ns) == 0


def test_when_the_program_stops_it_is_found_out() -> None:
    machine = Machine()
    machine.run(S, TICK_NS, {})
    machine.waits_ns = []
    machine.run(2 * S, None, every(100 * MS, 2 * S, REPORT))
    assert machine.waits_ns[0] <= REST_NS
    assert machine.waits_ns[-1] == 0


def test_a_flood_is_read_on_at_once() -> None:
    machine = Machine()
    machine.run(S, TICK_NS, {})
    machine.run(S, TICK_NS, {7 * MS: FLOOD})
    read_ns = machine.now_ns
    machine.waking.on_read(FLOOD, read_ns)
    assert machine.waking.alarm_ns == read_ns


def test_turns_go_with_the_program_and_with_each_second_of_its_packets_at_ease() -> None:
    machine = Machine()
    machine.run(2 * S, TICK_NS, every(50 * MS, 2 * S, REPORT))
    assert machine.longest_pause_ns() == 2 * TICK_NS
    assert len(machine.turns) < S // TICK_NS + 5
    for step, haste in ((50, Haste.MUCH), (3, Haste.SOME), (1, Haste.NONE)):
        machine.turns, machine.haste = [], haste
        machine.run(2 * S, TICK_NS, every(step * MS, 2 * S, REPORT))
        assert len(machine.turns) > 2 * S // TICK_NS * 0.6


def test_on_good_lines_many_can_wait() -> None:
    """Forty viewers' reports, and nobody lacks anything."""
    machine = Machine()
    machine.haste = Haste.NONE
    machine.run(2 * S, TICK_NS, every(2 * MS, 2 * S, REPORT))
    assert machine.longest_pause_ns() == 2 * TICK_NS
    assert len(machine.turns) < S // TICK_NS + 5
    assert max(machine.waits_ns[20:]) <= 2 * TICK_NS
    assert machine.wakes <= 2 * S // TICK_NS


def test_who_is_in_a_hurry_gets_turns_without_any_program() -> None:
    machine = Machine()
    machine.haste = Haste.MUCH
    machine.run(S, None, {})
    assert machine.longest_pause_ns() <= TICK_NS
    machine.run(S, TICK_NS, {})
    machine.turns = machine.turns[-1:]
    machine.run(S, None, {})
    assert machine.longest_pause_ns() <= SOON_NS


def test_in_no_hurry_there_is_a_turn_now_and_then() -> None:
    machine = Machine()
    machine.run(5 * S, None, {})
    assert machine.longest_pause_ns() == REST_NS
    assert machine.wakes <= 5 * S // REST_NS + 1


def test_whatever_comes_nothing_waits_for_long() -> None:
    chance = random.Random(5)
    kinds = (REPORT, HANDSHAKE, MEDIA)
    for _ in range(40):
        machine = Machine()
        for _ in range(6):
            step_ns = chance.choice((None, TICK_NS, 40 * MS, 13 * MS))
            times = chance.sample(range(S), chance.choice((0, 3, 60, 300)))
            machine.haste = chance.choice([*Haste])
            machine.run(S, step_ns, {at: chance.choice(kinds) for at in times})
        assert max(machine.waits_ns, default=0) <= REST_NS
        assert machine.longest_pause_ns() <= REST_NS
