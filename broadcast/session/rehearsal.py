"""What is tried at each site before a session, and what came of it."""

from dataclasses import dataclass
from enum import StrEnum


class Check(StrEnum):
    """What is tried at each site before a session, in the order it is tried in."""

    PICTURE = "picture"
    SOUND_IN = "sound_in"
    """The hall hears the site."""
    SOUND_OUT = "sound_out"
    """The site hears the hall."""
    ECHO = "echo"
    """Who speaks in the hall does not hear himself back."""
    LINE = "line"
    NAME_PLATE = "name_plate"


class Outcome(StrEnum):
    OK = "ok"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Checked:
    outcome: Outcome
    note: str
    at_ms: int
