"""What the outputs say of themselves, and how the studio begins and ends them."""

from dataclasses import dataclass
from typing import Protocol


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
