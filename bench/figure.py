"""One measured figure, as a line: what, how much, and against what in the same run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: float
    unit: str
    floor: float | None = None
    """The same measured for a peer, or for the least that anybody could need."""
    floor_name: str = ""

    def __str__(self) -> str:
        line = f"{self.name}: {self.value:.3g} {self.unit}"
        if not self.floor:
            return line
        return f"{line}  ({self.value / self.floor:.2f} × {self.floor_name}, {self.floor:.3g})"
