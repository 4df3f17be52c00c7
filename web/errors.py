"""Every way in which a request can fail, as one type with a sentence for each."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from web.catalogues import say
from web.replies import reply


class Problem(Exception):  # noqa: N818 - the word of RFC 9457 for it
    """An answer other than success. Its sentence is `error.<code>` in the catalogues."""

    def __init__(
        self, status: int, code: str, /, *, retry_after_s: int = 0, **params: str | int
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.params: Mapping[str, str | int] = params
        self.retry_after_s = retry_after_s
        self._room = "error"

    @classmethod
    def refused(cls, code: str, params: Mapping[str, str | int]) -> "Problem":
        """409, by the rules of procedure; the sentence is `refusal.<code>`."""
        problem = cls(409, code)
        problem.params = params
        problem._room = "refusal"
        return problem

    def message(self, language: str) -> str:
        """The whole sentence: what is wrong, and what to do."""
        params = dict(self.params)
        if "role" in params:
            params["role"] = say(language, f"role.{params['role']}")
        return say(language, f"{self._room}.{self.code}", params)

    def response(self, language: str) -> web.Response:
        """As the API answers it (PROTOCOL.md)."""
        error: dict[str, Any] = {
            "code": self.code,
            "message": self.message(language),
            "params": self.params,
        }
        headers = {"Retry-After": str(self.retry_after_s)} if self.retry_after_s else {}
        if self.status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="diemcau"'
        return reply({"error": error}, status=self.status, headers=headers)


def not_found(code: str = "not_found") -> Problem:
    """404 for what is not there."""
    return Problem(404, code)
