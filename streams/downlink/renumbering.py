"""One viewer's stream of pictures or sound: which packets, under which numbers. Pure.

Sequence numbers go on without a gap across every switch of feed or rendition, and never back:
libsrtp refuses numbers that jump back, and a player that sees a gap asks for what never was.
"""

from streams.downlink.fanout import Lane, Payload
from streams.frames import NS_PER_S, VIDEO_CLOCK_RATE

CATCH_UP_STEP = 9
"""Of 1/90000 s: what leaves in one go is stamped a picture each 0.1 ms."""
CAUGHT_UP = 900
"""Of 1/90000 s: who is no further behind has the pictures' own stamps."""


class CatchUp:
    """Stamps of a newcomer's pictures until they are live: as if each were of the moment at which
    it leaves. By the first stamps and arrivals a browser finds out how fast our clock goes and
    where it stands, and it unlearns slowly: what came 0.2 s late at first had lips 0.1 s ahead of
    their voice for half a minute."""

    def __init__(self, live: int, now_ns: int, first_ns: int) -> None:
        """`live`: the stamp of what is new now. `first_ns`: how long the first picture takes."""
        self._live, self._since_ns = live, now_ns
        self._least = first_ns * VIDEO_CLOCK_RATE // NS_PER_S
        """Of the next stamp, counted from `live`."""

    def stamp(self, own: int, now_ns: int) -> int | None:
        """For a picture that begins to leave now; None: its own, as all from here on."""
        mine = (own - self._live + (1 << 31) & 0xFFFFFFFF) - (1 << 31)
        passed = (now_ns - self._since_ns) * VIDEO_CLOCK_RATE // NS_PER_S
        if mine >= max(self._least, passed - CAUGHT_UP):
            return None
        leaves = max(self._least, passed)
        self._least = leaves + CATCH_UP_STEP
        return self._live + leaves & 0xFFFFFFFF


class Renumbering:
    def __init__(
        self,
        ssrc: int,
        payload_type: int,
        first_sequence: int,
    ) -> None:
        self.ssrc, self.payload_type = ssrc, payload_type
        self.packets = self.octets = 0
        """Sent, without what was sent again. In a group, as of the last `settle`."""
        self.lane: Lane | None = None
        self._sequence = first_sequence
        self._joined: tuple[int, int] | None = None
        self._offset = 0
        self._since = 0
        self._catch_up: CatchUp | None = None
        self._late: dict[int, int] = {}
        """Stamps of those that left late, by their own."""

    def follows(self, lane: Lane) -> bool:
        return lane is self.lane

    def switch(self, lane: Lane | None, first: int) -> None:
        """From payload number `first` of the lane on; for pictures a keyframe's first."""
        self.lane = lane
        self._since = first
        self._offset = self._sequence - first
        self._late = {}

    # --- in a group ---

    @property
    def offset(self) -> int:
        """From the lane's payload numbers to his."""
        return self._offset

    def join_group(self, lane: Lane) -> None:
        """From its next unit on, all of it goes to him without a word here. He follows it."""
        self._joined = lane.next_number, lane.octets

    def leave_group(self) -> None:
        """From the lane's present unit on he is told of each again."""
        self.settle()
        self._joined = None

    def settle(self) -> None:
        """Counts what went to him in a group."""
        if self._joined is None or self.lane is None:
            return
        number, octets = self._joined
        now = self.lane.grouped
        if now[0] > number:
            self.packets += now[0] - number
            self.octets += now[1] - octets
            self._sequence = now[0] + self._offset
            self._joined = now

    # --- alone ---

    def catch_up(self, live: int, now_ns: int, first_ns: int) -> None:
        """As of `CatchUp`, for what leaves from now on."""
        self._catch_up = CatchUp(live, now_ns, first_ns)

    @property
    def is_behind(self) -> bool:
        return self._catch_up is not None

    def leaves(self, payload: Payload, now_ns: int) -> None:
        """Before it is given its time, while it `is_behind`."""
        if self._catch_up is None or payload.timestamp in self._late:
            return
        stamp = self._catch_up.stamp(payload.timestamp, now_ns)
        if stamp is None:
            self._catch_up = None
        else:
            self._late[payload.timestamp] = stamp

    def number(self, payload: Payload) -> int:
        """Its 16-bit sequence number for this viewer."""
        self.packets += 1
        self.octets += len(payload.data)
        self._sequence = payload.number + self._offset + 1
        return (self._sequence - 1) & 0xFFFF

    def timestamp(self, payload: Payload) -> int:
        """As this viewer gets it."""
        if not self._late:
            return payload.timestamp
        return self._late.get(payload.timestamp, payload.timestamp)

    def sequence_of(self, payload: Payload) -> int | None:
        """What it was sent as, if it was."""
        self.settle()
        if payload.number < self._since or payload.number + self._offset >= self._sequence:
            return None
        return (payload.number + self._offset) & 0xFFFF

    def lost(self, sequence: int) -> Payload | None:
        """What a NACK asks for, if it came from the present lane and is still kept."""
        self.settle()
        if self.lane is None:
            return None
        behind = (self._sequence - sequence) & 0xFFFF
        number = self._sequence - behind - self._offset
        if number < self._since or behind > 0x7FFF:
            return None
        return self.lane.find(number)
