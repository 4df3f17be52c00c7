"""Short-lived credentials of a TURN server, for networks that let no UDP through to us. Pure.

As coturn's `use-auth-secret` checks them: the name is when they end, the password its HMAC
(draft-uberti-behave-turn-rest-00, 2.2). Only whom we know is told: a TURN server passes on whatever
it is sent.
"""

import base64
import hashlib
import hmac

from config.settings import Turn


def ice_server_links(turn: Turn, who: str, now_s: int) -> list[str]:
    """Values of `Link` headers (RFC 9725 4.6), none without a TURN server."""
    name = f"{now_s + turn.credential_hours * 3600}:{who}"
    digest = hmac.digest(turn.secret.encode(), name.encode(), hashlib.sha1)
    password = base64.b64encode(digest).decode()
    return [
        f'<{url}>; rel="ice-server"; username="{name}"; credential="{password}"; '
        'credential-type="password"'
        for url in turn.urls
    ]
