"""State after an event of `screen_events`, and what ends sharing whatever else happened. Total.

A screen belongs to its moment: it ends with the leave to share it, with the site's place in the
room, and with the closed part in which it was shown. Where it was in the picture its site's camera
is then, so no seat is dark.
"""

from dataclasses import replace
from functools import reduce

from broadcast.layout import Layout
from broadcast.program import CUT, Scene
from broadcast.session.applying import on
from broadcast.session.model import Phase, SessionState
from broadcast.session.screen_events import ScreenAllowed, ScreenShared
from streams.frames import SiteId, screen_of


@on(ScreenAllowed)
def _allowed(state: SessionState, event: ScreenAllowed) -> SessionState:
    others = state.may_share - {event.site}
    return replace(state, may_share=others | {event.site} if event.allowed else others)


@on(ScreenShared)
def _shared(state: SessionState, event: ScreenShared) -> SessionState:
    others = state.sharing - {event.site}
    return replace(state, sharing=others | {event.site} if event.on else others)


def settled(before: SessionState, after: SessionState) -> SessionState:
    """`after`, in which nobody shares who may not, and no picture shows what is not shared."""
    if not before.sharing and not after.may_share and not after.sharing:
        return after
    here = frozenset() if after.phase is Phase.ENDED else frozenset(after.sites) - after.put_out
    may = after.may_share & here
    opened = before.closed and not after.closed
    sharing = frozenset() if opened else after.sharing & may
    after = replace(after, may_share=may, sharing=sharing)
    return reduce(_shown_without, before.sharing - sharing, after)


def _shown_without(state: SessionState, site: SiteId) -> SessionState:
    """By a cut: a dissolve would go on showing it."""
    program, before = without_screen(state.program, site), state.before_turn
    return replace(
        state,
        program=program,
        preview=without_screen(state.preview, site),
        before_turn=None if before is None else without_screen(before, site),
        transition=state.transition if program == state.program else CUT,
    )


def without_screen(scene: Scene, site: SiteId) -> Scene:
    """With the site's camera where its screen was; if that is in the picture already, without the
    seat, and of two the one that is left whole."""
    screen = screen_of(site)
    if screen not in scene.sources:
        return scene
    if site not in scene.sources:
        sources = tuple(site if source == screen else source for source in scene.sources)
        return replace(scene, sources=sources)
    sources = tuple(source for source in scene.sources if source != screen)
    return (
        Scene(Layout.FULL, sources) if scene.layout.seats == 2 else replace(scene, sources=sources)
    )
