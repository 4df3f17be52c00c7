"""`/api/v1/openapi.json`: commands and their fields come from the core, so it cannot go stale."""

import re
from functools import cache
from importlib.metadata import version
from inspect import cleandoc
from typing import Any

from pydantic import TypeAdapter

from broadcast.session.commands import COMMANDS, may
from broadcast.session.model import Role
from web import all_accounts, own_account
from web.retiring import Wish
from web.sign_in import Credentials

_REF = "#/components/schemas/{model}"
_ERRORS = {
    "401": "not signed in, or the link is wrong, expired or revoked",
    "403": "the role may not",
    "404": "no such session or site",
    "409": "refused by the rules of procedure",
    "413": "too large",
    "422": "not understood",
    "429": "too many",
}


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    schemas: dict[str, Any] = _ecma(_command_schemas())
    schemas["Error"] = _error_schema()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Diemcau",
            "version": version("diemcau"),
            "description": "What pages and server say to each other is told in web/PROTOCOL.md.",
        },
        "paths": _paths(),
        "components": {"schemas": schemas, "securitySchemes": _SECURITY},
        "security": [{"bearer": []}, {"cookie": []}, {}],
    }


_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "diemcau"},
}


def _command_schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    for name, command in COMMANDS.items():
        schema = TypeAdapter(command).json_schema(ref_template=_REF)
        schemas |= schema.pop("$defs", {})
        roles = [role.value for role in Role if name in may(role)]
        schema["description"] = f"{cleandoc(command.__doc__ or '')}\n\nRoles: {', '.join(roles)}"
        schemas[command.__name__] = schema
    union = [{"$ref": _REF.format(model=one.__name__)} for one in COMMANDS.values()]
    mapping = {n: _REF.format(model=one.__name__) for n, one in COMMANDS.items()}
    schemas["Command"] = {
        "oneOf": union,
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }
    return schemas


def _ecma(schema: Any) -> Any:
    """JSON Schema's patterns are ECMAScript's, which has no `\\A` and `\\z`."""
    if isinstance(schema, dict):
        return {
            key: value.replace("\\A", "^").replace("\\z", "$") if key == "pattern" else _ecma(value)
            for key, value in schema.items()
        }
    return [_ecma(one) for one in schema] if isinstance(schema, list) else schema


def _error_schema() -> dict[str, Any]:
    text = {"type": "string"}
    error = {"code": text, "message": text, "params": {"type": "object"}}
    inner = {"type": "object", "properties": error, "required": list(error)}
    return {"type": "object", "properties": {"error": inner}, "required": ["error"]}


_SESSION = "/api/v1/sessions/{session}"
_ANY = {"type": "object"}
_OPERATIONS: tuple[tuple[str, str, str], ...] = (
    ("post", "/api/v1/sign-in", "Signs in"),
    ("post", "/api/v1/sign-out", "Signs out"),
    ("get", "/api/v1/account", "One's own account"),
    ("post", "/api/v1/account/password", "Changes one's password; ends all other sign-ins"),
    ("post", "/api/v1/account/second-factor/offer", "A secret for an authenticator"),
    ("post", "/api/v1/account/second-factor", "Turns the second factor on"),
    ("post", "/api/v1/account/second-factor/off", "Turns it off"),
    ("post", "/api/v1/account/end-sign-ins", "Ends all one's other sign-ins"),
    ("get", "/api/v1/accounts", "All accounts: administrators"),
    ("post", "/api/v1/accounts", "A new account"),
    ("post", "/api/v1/accounts/change", "Changes an account; what is not given stays"),
    ("get", "/api/v1/audit?before", "Who did what, when and from where, newest first"),
    ("get", "/api/v1/audit.csv", "All of it as a file, with the links of the chain"),
    ("post", "/api/v1/audit/proof", "Proves that nothing of it was altered"),
    ("get", "/api/v1/archive", "Sessions that are over and were recorded"),
    ("get", "/api/v1/archive/search?q", "Where in them words are found"),
    (
        "post",
        "/api/v1/archive/{session}/retire",
        "Takes a recording off the disk that is whole in another folder: administrators",
    ),
    ("get", "/api/v1/sessions", "All sessions, newest first"),
    ("post", "/api/v1/sessions", "A new session"),
    ("get", "/api/v1/templates", "What a session can begin from"),
    ("post", "/api/v1/templates", "Keeps a session as a template"),
    ("delete", "/api/v1/templates/{template}", "Takes a template off the shelf"),
    ("post", _SESSION + "/commands", "One command"),
    ("post", _SESSION + "/control", "Takes control over from another operator"),
    ("get", _SESSION + "/live", "WebSocket: snapshot, patches, levels, stills"),
    ("get", _SESSION + "/audit?before", "The audit of one session"),
    ("get", _SESSION + "/audit.csv", "The same as a file"),
    ("post", _SESSION + "/import/{what}", "Reads a list, tells what it says; changes nothing"),
    ("post", _SESSION + "/items/{item}/documents", "Takes in a PDF"),
    ("get", _SESSION + "/documents/{document}", "A document, for whoever may read it"),
    ("get", _SESSION + "/documents/{document}/pages", "How many pages it has"),
    ("get", _SESSION + "/documents/{document}/pages/{page}", "One of them, as a picture"),
    ("get", _SESSION + "/pushes", "Where the program is sent, without the addresses"),
    ("post", _SESSION + "/pushes", "Adds a destination: `name` and `url`"),
    ("patch", _SESSION + "/pushes/{name}", "Switches a destination on or off"),
    ("delete", _SESSION + "/pushes/{name}", "Removes a destination"),
    ("get", _SESSION + "/links", "The links that an operator hands out"),
    ("get", _SESSION + "/sheets", "The sites' links with QR codes"),
    ("post", _SESSION + "/sites/{site}/link", "Ends all links of a site; gives a new one"),
    ("get", _SESSION + "/sites/{site}/line", "A site's line, and its last ten minutes"),
    ("get", _SESSION + "/sites/{site}/line-test?bytes", "So many bytes, to test the line down"),
    ("post", _SESSION + "/sites/{site}/line-test", "Takes bytes, to test the line up"),
    ("get", _SESSION + "/chapters", "Marks of the archive: items and turns"),
    (
        "get",
        _SESSION + "/film.mp4?from&to",
        "The recording, or a piece of it (s), as one MP4: staff",
    ),
    ("get", _SESSION + "/sealed", "What is kept of the closed parts, and who opened it"),
    ("get", _SESSION + "/sealed/film.mp4?from&to", "That as one MP4: operator and chair"),
    ("get", _SESSION + "/sealed/{name}", "Its playlist and segments"),
    ("get", _SESSION + "/record/{list}", "Who was not heard, or what was promised, as CSV or text"),
    ("get", _SESSION + "/player/files", "The files of the media player"),
    ("put", _SESSION + "/player/files/{name}", "Brings one: the body as it is"),
    ("delete", _SESSION + "/player/files/{name}", "Takes one away"),
    ("get", "/api/v1/openapi.json", "This document"),
    ("get", "/healthz", "The process answers"),
    ("get", "/readyz", "The studio is there; whether a session is"),
)
"""Method, path with its query, what it does: every route below `/api/`, which a test compares."""


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for method, address, summary in _OPERATIONS:
        path, _, query = address.partition("?")
        names = [(name, "path") for name in re.findall(r"{(\w+)}", path)]
        names += [(name, "query") for name in query.split("&") if name]
        operation = _operation(summary, _bodies().get(path) if method == "post" else None)
        operation["parameters"] = [_parameter(name, place) for name, place in names]
        paths.setdefault(path, {})[method] = operation
    return paths


def _parameter(name: str, place: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "schema": {"type": "string"},
    }


@cache
def _bodies() -> dict[str, Any]:
    """What a POST takes, as JSON; `web/PROTOCOL.md` tells the others."""
    bodies = own_account.BODIES | all_accounts.BODIES
    known = {path: _ecma(model.model_json_schema()) for path, model in bodies.items()}
    known["/api/v1/archive/{session}/retire"] = Wish.model_json_schema()
    known["/api/v1/sign-in"] = Credentials.model_json_schema()
    known[_SESSION + "/commands"] = {"$ref": _REF.format(model="Command")}
    return dict.fromkeys(_JSON, _ANY) | known


_JSON = (
    "/api/v1/sign-out",
    "/api/v1/sessions",
    "/api/v1/templates",
    _SESSION + "/control",
    _SESSION + "/pushes",
)


def _operation(summary: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": _REF.format(model="Error")}}}
    responses: dict[str, Any] = {"default": {"description": "done"}}
    for status, text in _ERRORS.items():
        responses[status] = {"description": text, "content": error}
    operation: dict[str, Any] = {"summary": summary, "responses": responses}
    if body is not None:
        content = {"application/json": {"schema": body}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation
