"""Who may send and who may watch by WebRTC: the answer that `web.whip` asks for."""

from collections.abc import Callable

from web.auth import Tokens
from web.sessions import Sessions


class Doorkeeper:
    def __init__(self, sessions: Sessions, tokens: Tokens, clock: Callable[[], int]) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._clock = clock
