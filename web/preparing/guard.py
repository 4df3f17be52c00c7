"""Who may make a session ready."""

from dataclasses import replace

from aiohttp import web

from broadcast.session.model import Role
from web.auth import VIEWER, Identity, Tokens, identify
from web.errors import Problem


def require_operator(
    tokens: Tokens, request: web.Request, session: str, *, changes: bool
) -> Identity:
    """Of this session. Raises `Problem` 401 or 403."""
    identity = identify(tokens, request, changes=changes).in_session(session)
    if identity is VIEWER:
        raise Problem(401, "not_signed_in")
    if Role.OPERATOR not in identity.roles:
        raise Problem(403, "forbidden", role=identity.role)
    return identity


def as_server(identity: Identity) -> Identity:
    """For what the server notes after it did what this person asked for."""
    return replace(identity, roles=frozenset({Role.SYSTEM}))
