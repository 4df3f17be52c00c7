"""How the screens that sites share are told (PROTOCOL.md, `screens`). Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from broadcast.session.model import SessionState
from streams.frames import SiteId, screen_of
from streams.lines import Line


def standing(state: SessionState, site: SiteId) -> str:
    """What a site is to sharing: `none`, `allowed` or `shared`."""
    if site in state.sharing:
        return "shared"
    return "allowed" if site in state.may_share else "none"


def screens(
    state: SessionState, lines: Mapping[SiteId, Line], tally: Callable[[SiteId], str]
) -> list[dict[str, Any]]:
    """Those that are shared, in the order of the sites."""
    return [
        {
            "site": site.id,
            "name": site.name,
            "tally": tally(screen_of(site.id)),
            **_picture(lines.get(site.id)),
        }
        for site in state.sites.values()
        if site.id in state.sharing
    ]


def _picture(line: Line | None) -> dict[str, Any]:
    if line is None:
        return {"video": "none", "size": None}
    size = f"{line.width}x{line.height}" if line.width else None
    return {"video": "ok" if line.video_alive else "lost", "size": size}
