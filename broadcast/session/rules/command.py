"""What all commands share."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A wish. Its docstring is its help text; `rule` says who may and when."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperCommand(Command):
    """Changes papers only: in any session, without bringing that session to the studio."""
