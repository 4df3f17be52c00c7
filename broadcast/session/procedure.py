"""The rules of procedure as data (`config/procedures.toml`): limits, rounds, warnings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

import config
from broadcast.session.model import ItemKind, RequestKind
from config.reading import listed, read_toml
from config.settings import ConfigError

DEFAULT_PATH = Path(config.__file__).parent / "procedures.toml"
MAX_ROUND = 20


@dataclass(frozen=True, slots=True)
class KindRule:
    limits_ms: tuple[int, ...]
    """First time, second time …; the last one holds for all that follow."""
    article: str
    """Where the law says so, as cited on screen; may be empty."""


@dataclass(frozen=True, slots=True)
class ItemRule:
    kinds: tuple[RequestKind, ...]
    """What may be asked for, in the order that pages offer it."""
    round: int | None
    """Questioners called together; None: questions are not called in rounds."""


@dataclass(frozen=True, slots=True)
class Procedure:
    warn_ms: int
    kinds: dict[RequestKind, KindRule]
    items: dict[ItemKind, ItemRule]

    def limit_ms(self, kind: RequestKind, spoken_before: int = 0) -> int:
        """For somebody who had `spoken_before` turns of this kind in the item already; of an answer
        to one question."""
        limits = self.kinds[kind].limits_ms
        return limits[min(spoken_before, len(limits) - 1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Kind(_Section):
    limits_s: tuple[Annotated[int, Field(ge=10, le=4 * 3600)], ...] = Field(min_length=1)
    article: str = ""


class _Item(_Section):
    kinds: tuple[RequestKind, ...] = Field(min_length=1)
    round: int | None = Field(None, ge=1, le=MAX_ROUND)


class _File(_Section):
    warn_s: int = Field(30, ge=0, le=600)
    kinds: dict[RequestKind, _Kind]
    items: dict[ItemKind, _Item]

    @model_validator(mode="after")
    def _complete(self) -> "_File":
        missing = [f"kinds.{kind}" for kind in RequestKind if kind not in self.kinds]
        missing += [f"items.{kind}" for kind in ItemKind if kind not in self.items]
        if missing:
            raise ValueError(f"these sections are missing: {', '.join(missing)}")
        return self


def load_procedure(path: Path | None = None) -> Procedure:
    """From a TOML file, or our own default. Raises `ConfigError` with all faults at once."""
    path = path if path is not None else DEFAULT_PATH
    try:
        file = _File.model_validate(read_toml(path))
    except ValidationError as error:
        raise ConfigError(f"{path}: the rules cannot be used:\n{listed(error)}") from None
    return Procedure(
        warn_ms=file.warn_s * 1000,
        kinds={
            kind: KindRule(tuple(limit * 1000 for limit in rule.limits_s), rule.article)
            for kind, rule in file.kinds.items()
        },
        items={kind: ItemRule(rule.kinds, rule.round) for kind, rule in file.items.items()},
    )
