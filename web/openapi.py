"""`/api/v1/openapi.json`: commands and their fields come from the core, so it cannot go stale."""

from functools import cache
from importlib.metadata import version
from inspect import cleandoc
from typing import Any

from pydantic import TypeAdapter

from broadcast.session.commands import COMMANDS, may
from broadcast.session.model import Role

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
    schemas = _command_schemas()
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


def _error_schema() -> dict[str, Any]:
    text = {"type": "string"}
    error = {"code": text, "message": text, "params": {"type": "object"}}
    inner = {"type": "object", "properties": error, "required": list(error)}
    return {"type": "object", "properties": {"error": inner}, "required": ["error"]}


def _paths() -> dict[str, Any]:
    session = [{"name": "session", "in": "path", "required": True, "schema": {"type": "string"}}]
    return {
        "/api/v1/sign-in": {"post": _operation("Signs in", body=_CREDENTIALS)},
        "/api/v1/sign-out": {"post": _operation("Signs out")},
        "/api/v1/sessions": {
            "get": _operation("All sessions, newest first"),
            "post": _operation("A new session", body={"type": "object"}),
        },
        "/api/v1/templates": {
            "get": _operation("What a session can begin from"),
            "post": _operation("Keeps a session as a template", body={"type": "object"}),
        },
        "/api/v1/templates/{template}": {
            "parameters": [{**session[0], "name": "template"}],
            "delete": _operation("Takes a template off the shelf"),
        },
        "/api/v1/sessions/{session}/import/{what}": {
            "parameters": [*session, {**session[0], "name": "what"}],
            "post": _operation("Reads a list, and tells what it says; changes nothing"),
        },
        "/api/v1/sessions/{session}/items/{item}/documents": {
            "parameters": [*session, {**session[0], "name": "item"}],
            "post": _operation("Takes in a PDF"),
        },
        "/api/v1/sessions/{session}/documents/{document}": {
            "parameters": [*session, {**session[0], "name": "document"}],
            "get": _operation("A document, for whoever may read it"),
        },
        "/api/v1/sessions/{session}/sheets": {
            "parameters": session,
            "get": _operation("The sites' links with QR codes"),
        },
        "/api/v1/sessions/{session}/sites/{site}/link": {
            "parameters": [*session, {**session[0], "name": "site"}],
            "post": _operation("Ends all links of a site; gives a new one"),
        },
        "/api/v1/sessions/{session}/chapters": {
            "parameters": session,
            "get": _operation("Marks of the archive: items and turns"),
        },
        "/api/v1/sessions/{session}/film.mp4": {
            "parameters": session,
            "get": _operation("The recording, or the piece `from`–`to` (s), as one MP4: staff"),
        },
        "/api/v1/sessions/{session}/sealed": {
            "parameters": session,
            "get": _operation("What is kept of the closed parts, and who opened it"),
        },
        "/api/v1/sessions/{session}/record/{list}": {
            "parameters": [*session, {**session[0], "name": "list"}],
            "get": _operation("Who was not heard, or what was promised, as CSV or text"),
        },
        "/api/v1/sessions/{session}/links": {
            "parameters": session,
            "get": _operation("The links that an operator hands out"),
        },
        "/api/v1/sessions/{session}/sites/{site}/line": {
            "parameters": [*session, {**session[0], "name": "site"}],
            "get": _operation("A site's line, both ways, and its last ten minutes"),
        },
        "/api/v1/sessions/{session}/sites/{site}/line-test": {
            "parameters": [*session, {**session[0], "name": "site"}],
            "get": _operation("So many bytes, for a test of the line down"),
            "post": _operation("Takes bytes, for a test of the line up"),
        },
        "/api/v1/sessions/{session}/player/files": {
            "parameters": session,
            "get": _operation("The files of the media player"),
        },
        "/api/v1/sessions/{session}/player/files/{name}": {
            "parameters": [*session, {**session[0], "name": "name"}],
            "put": _operation("Brings a file for the media player: the body as it is"),
            "delete": _operation("Takes a file away"),
        },
        "/api/v1/sessions/{session}/commands": {
            "parameters": session,
            "post": _operation("One command", body={"$ref": _REF.format(model="Command")}),
        },
        "/api/v1/sessions/{session}/live": {
            "parameters": session,
            "get": {
                "summary": "WebSocket: snapshot, patches, levels, stills",
                "responses": {"101": {"description": "see web/PROTOCOL.md"}},
            },
        },
        "/api/v1/sessions/{session}/audit": {
            "parameters": session,
            "get": _operation("Who did what, when and from where, newest first"),
        },
        "/api/v1/archive": {"get": _operation("Sessions that are over and were recorded")},
        "/api/v1/account": {"get": _operation("One's own account")},
        "/api/v1/accounts": {"get": _operation("All accounts")},
        "/api/v1/sessions/{session}/control": {
            "parameters": session,
            "post": _operation("Takes control over from another operator"),
        },
        "/api/v1/audit": {"get": _operation("The same of all sessions")},
        "/api/v1/audit/proof": {"post": _operation("Proves that nothing of it was altered")},
        "/healthz": {"get": _operation("The process answers")},
        "/readyz": {"get": _operation("Store, session and studio are there")},
    }


_CREDENTIALS = {
    "type": "object",
    "properties": {key: {"type": "string"} for key in ("name", "password", "token")},
}


def _operation(summary: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": _REF.format(model="Error")}}}
    responses: dict[str, Any] = {"200": {"description": "done"}}
    for status, text in _ERRORS.items():
        responses[status] = {"description": text, "content": error}
    operation: dict[str, Any] = {"summary": summary, "responses": responses}
    if body is not None:
        content = {"application/json": {"schema": body}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation
