"""What a request brings along as JSON, as the type that its route wants."""

import json
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from web.errors import Problem


class Body(BaseModel):
    """Nothing but what it names."""

    model_config = ConfigDict(extra="forbid", frozen=True)


B = TypeVar("B", bound=Body)


async def read(request: web.Request, model: type[B]) -> B:
    """The body as the model. Raises `Problem` 413 or 422, which names the first field that is not
    as it should be."""
    try:
        return model.model_validate(await read_json(request))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "?"
        raise Problem(422, "not_understood", field=field, rule=first["msg"]) from None


async def read_json(request: web.Request) -> dict[str, Any]:
    """The body as an object. Raises `Problem` 422 (or 413, from the server's limit)."""
    if request.content_type != "application/json":
        raise Problem(422, "not_json")
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise Problem(422, "not_json") from None
    if not isinstance(body, dict):
        raise Problem(422, "not_json")
    return body
