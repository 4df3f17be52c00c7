"""Templates that people kept: sessions as a beginning for others, a file each in `data_dir`."""

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from broadcast.session.preset import Preset
from broadcast.session.vietnamese import plain
from web.errors import Problem, not_found

MAX_TEMPLATES = 200


@dataclass(frozen=True, slots=True)
class Template:
    id: str
    name: str
    saved_at_ms: int
    preset: Preset


class Templates:
    """Synchronous and short; safe to call from several threads, as each write is a new file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[Template]:
        """By name. A file that was damaged is left out, and left where it is."""
        return sorted(self._read(), key=lambda one: plain(one.name))

    def _read(self) -> Iterator[Template]:
        for path in self._folder.glob("*.json"):
            try:
                kept = json.loads(path.read_text("utf-8"))
                preset = Preset.model_validate(kept["preset"])
                yield Template(path.stem, str(kept["name"]), int(kept["saved_at_ms"]), preset)
            except (OSError, ValueError, KeyError, TypeError, ValidationError):
                continue

    def get(self, template: str) -> Template:
        """Raises `Problem` 404."""
        found = next((one for one in self._read() if one.id == template), None)
        if found is None:
            raise not_found("no_template")
        return found

    def put(self, name: str, preset: Preset, at_ms: int) -> Template:
        """On the disk when it returns. Raises `Problem` 409 when the shelf is full."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if sum(1 for _ in self._folder.glob("*.json")) >= MAX_TEMPLATES:
            raise Problem(409, "too_many_templates", most=MAX_TEMPLATES)
        kept = Template(secrets.token_hex(8), name, at_ms, preset)
        told: dict[str, Any] = {
            "name": name,
            "saved_at_ms": at_ms,
            "preset": preset.model_dump(mode="json"),
        }
        new = self._folder / f"{kept.id}.new"
        with new.open("w", encoding="utf-8") as file:
            json.dump(told, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._folder / f"{kept.id}.json")
        return kept

    def remove(self, template: str) -> None:
        """Raises `Problem` 404."""
        self.get(template)
        (self._folder / f"{template}.json").unlink(missing_ok=True)
