"""What a site's process is told, in a file: a command line can be read by everybody."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Orders:
    base_url: str
    session: str
    site: str
    token: str
    look: dict[str, Any]
    """The fields of a `Look`."""
    pitch_hz: float
    seed: int
    patience_s: float
    """How long its delegates wait before the first of them asks to speak."""

    def write(self, path: Path) -> None:
        """For our own eyes only."""
        path.unlink(missing_ok=True)
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            json.dump(asdict(self), file)


def read(path: Path) -> Orders:
    return Orders(**json.loads(path.read_text("utf-8")))
