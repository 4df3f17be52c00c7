"""What a site's process is told, in a file: a command line can be read by everybody."""

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from web.demo.room import Look


@dataclass(frozen=True, slots=True)
class Orders:
    base_url: str
    session: str
    site: str
    token: str
    look: Look
    pitch_hz: float
    seed: int
    patience_s: float
    """How long its delegates wait before the first of them asks to speak."""

    def write(self, path: Path) -> None:
        """For our own eyes only."""
        path.unlink(missing_ok=True)
        with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(_ORDERS.dump_json(self))


_ORDERS = TypeAdapter(Orders)


def read(path: Path) -> Orders:
    return _ORDERS.validate_json(path.read_bytes())
