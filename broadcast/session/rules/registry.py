"""How a rule is written down: who may, when, and what follows."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import TypeVar

from broadcast.session.events import Events
from broadcast.session.model import Phase, Role, SessionState
from broadcast.session.procedure import Procedure
from streams.frames import SiteId


@dataclass(frozen=True, slots=True)
class Act:
    """Who does it and when: all that a command does not say itself."""

    at_ms: int
    """Epoch milliseconds of the server's clock."""
    role: Role
    actor: str
    """The account's name, or the site's; for the record."""
    site: SiteId | None
    """Whose delegates they may speak for, if their role is `site`."""
    fresh_id: str
    """For what the command creates; never used before in this session."""


class Refusal(Exception):  # noqa: N818 - not an error: an answer, in words of the procedure
    """The rules do not allow it, and nothing has changed.

    The sentence is `refusal.<code>` in the catalogues, with `params` in its places.
    """

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


DIRECTING = frozenset({Role.OPERATOR, Role.CHAIR, Role.SYSTEM})
"""Who leads the session."""
OPERATING = frozenset({Role.OPERATOR, Role.SYSTEM})
"""Who has hands on picture and sound."""
REGISTERING = DIRECTING | {Role.CLERK, Role.SITE}
"""Who may speak for a delegate; a site for its own."""

LIVE = frozenset({Phase.LIVE})
ON = frozenset({Phase.LIVE, Phase.PAUSED})
OPEN = frozenset({Phase.PREPARED, Phase.LIVE, Phase.PAUSED})


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may give a command, and when; and what it does."""

    roles: frozenset[Role]
    phases: frozenset[Phase]
    decide: Callable[..., Events]
    undo: bool
    """The act may be undone while it is the last one."""
    needs: tuple[str, ...]
    """Which of `state`, `command`, `act` and `procedure` it looks at."""

    def apply(self, state: SessionState, command: object, act: Act, procedure: Procedure) -> Events:
        """What follows. Raises `Refusal`; roles and phases are the caller's to check."""
        given = {"state": state, "command": command, "act": act, "procedure": procedure}
        return self.decide(**{name: given[name] for name in self.needs})


RULES: dict[type, Rule] = {}
"""By the command's class. Filled where the rules stand."""

D = TypeVar("D", bound=Callable[..., Events])


def rule(
    command: type, roles: frozenset[Role], phases: frozenset[Phase], *, undo: bool = False
) -> Callable[[D], D]:
    """Enters a function as the rule for a command. It takes, by name, only what it looks at."""

    def enter(decide: D) -> D:
        RULES[command] = Rule(roles, phases, decide, undo, tuple(signature(decide).parameters))
        return decide

    return enter
