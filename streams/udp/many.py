"""Between the port and those who are sent the same: what each needs to know of the other."""

from typing import Protocol

from streams.rtp.bursts import Burst
from streams.udp.sendmmsg import Address, Sends
from streams.udp.srtp import Context, Stream


class Many(Protocol):
    """Everybody who gets a burst, each at his place in all of these."""

    number: int
    """Of the unit's first payload."""
    offsets: list[int]
    """From such numbers to his sequence numbers."""
    log_numbers: list[int]
    shifts: list[int]
    """Their sum is his transport-wide number of the same packet."""
    streams: list[Stream]
    addresses: list[Address]
    contexts: list[Context]
    sends: Sends | None
    """To the addresses, as whoever sends has them; None after a change."""

    def write(self, octets: bytearray, burst: Burst, before: int, part: slice, stride: int) -> None:
        """Writes the burst for a part of them, each `stride` octets after the one before."""

    def refuse(self, place: int) -> None:
        """SRTP takes no more packets of this one."""


class Out(Protocol):
    """Who encrypts and sends."""

    @property
    def congested(self) -> bool:
        """The kernel takes no more for now."""
        ...

    def send_same(self, burst: Burst, many: Many, before: int) -> None:
        """The burst to everybody; `before`: packets of the same unit that went."""
