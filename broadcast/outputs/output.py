"""What every output of the program is: it takes packets, never blocks, and says how it fares."""

from dataclasses import dataclass
from typing import Protocol

from streams.frames import Packet


@dataclass(frozen=True, slots=True)
class Fault:
    """Something a technician must know. `code` is a key of the alarms' catalogue."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class OutputStatus:
    recording: bool = False
    """It takes what it is offered, now."""
    recorded_s: float = 0.0
    recorded_bytes: int = 0
    disk_free_bytes: int | None = None
    dropped: int = 0
    """Packets, since the start of the process."""
    faults: tuple[Fault, ...] = ()


class Part(Protocol):
    """Of the studio: what runs on threads of its own."""

    def start(self) -> None: ...

    def close(self) -> None:
        """Ends its threads, and waits for them."""


class Output(Protocol):
    """Each has a bounded queue, whose policy its docstring names, and a thread or task."""

    def offer(self, packet: Packet) -> None:
        """From any thread; returns at once."""

    def status(self) -> OutputStatus:
        """From any thread."""
