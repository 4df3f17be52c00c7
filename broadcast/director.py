"""Session state → what is on air. Pure. The one place where a closed item is cut off.

The public gets the room's picture while the session is live and the current item is open, and the
slate at all other times. Nothing an operator can switch comes into that decision.
"""

from collections.abc import Callable
from dataclasses import replace

from broadcast.interpreters import Booth, Signer
from broadcast.layout import Layout
from broadcast.overlay import views
from broadcast.program import (
    CUT,
    OVER_A_SLATE,
    PLAYER,
    Clip,
    Overlay,
    ProgramState,
    Scene,
    Take,
    clear_of,
)
from broadcast.session.model import OverlayName, Phase, SessionState
from streams.frames import SiteId, screen_of, screen_site, site_of

_RECORDED = frozenset({Phase.LIVE, Phase.PAUSED})
_SLATED = frozenset({Phase.PAUSED, Phase.ENDED})


def program_of(state: SessionState) -> ProgramState:
    """Everything the studio is to make true."""
    clip = player_on_air(state)
    return ProgramState(
        version=state.version,
        stream=state.id,
        recording=state.phase in _RECORDED,
        sealed=state.phase is Phase.LIVE and state.closed,
        finished=state.phase is Phase.ENDED,
        public=public_take(state),
        public_slate=views.public_slate(state),
        program=scene_on_air(state),
        transition=CUT if state.phase in _SLATED else state.transition,
        preview=_inside(state, state.preview),
        signer=signer_on_air(state),
        signer_public=views.signer_is_public(state),
        overlays=overlays_of(state),
        slate=views.slate(state),
        open_microphones=heard_in_room(state),
        booths=tuple(
            Booth(site, language, open=site in state.open_microphones - state.put_out)
            for site, language in state.booths.items()
        ),
        cleaned=state.cleaned,
        sound_later_ms={
            site.id: site.sound_later_ms for site in state.sites.values() if site.sound_later_ms
        },
        player=clip,
        site_names={
            **{site.id: site.name for site in state.sites.values()},
            **{screen_of(site): views.screen(state, site) for site in state.sharing},
            PLAYER: clip.title if clip is not None else "",
        },
    )


def heard_in_room(state: SessionState) -> frozenset[SiteId]:
    """The sites whose microphone is: an interpreter is heard by who chose the language, alone."""
    return state.open_microphones.difference(state.put_out, state.booths)


def player_on_air(state: SessionState) -> Clip | None:
    """What the media player shows; what it had in a closed item it shows in none that is open."""
    return None if _is_withheld(state) else state.player


def _is_withheld(state: SessionState) -> bool:
    return state.player_secret and not state.closed


def public_take(state: SessionState) -> Take:
    """What may leave the room now."""
    return Take.ROOM if state.phase is Phase.LIVE and not state.closed else Take.SLATE


def scene_on_air(state: SessionState) -> Scene:
    """What the room sees: in a break and at the end a slate, whatever the operator has cut to."""
    return Scene(Layout.SLATE) if state.phase in _SLATED else _inside(state, state.program)


def signer_on_air(state: SessionState) -> Signer | None:
    """Whose box the room sees, over a break's slate too; nobody's who is outside the door."""
    signer = state.signer
    out = signer is None or state.phase is Phase.ENDED or signer.site in state.put_out
    return None if out else signer


def _inside(state: SessionState, scene: Scene) -> Scene:
    """Without the sites that are outside the door of a closed room, screens not shared, and a clip
    of a room that was closed; its inset clear of the sign-language interpreter's box."""
    scene = clear_of(scene, signer_on_air(state))
    sources = tuple(source for source in scene.sources if _may_be_seen(state, source))
    if sources == scene.sources:
        return scene
    return replace(scene, sources=sources) if sources else Scene(Layout.SLATE)


def _may_be_seen(state: SessionState, source: SiteId) -> bool:
    if source == PLAYER:
        return not _is_withheld(state)
    screen = screen_site(source)
    return site_of(source) not in state.put_out and (screen is None or screen in state.sharing)


def overlays_of(state: SessionState) -> tuple[Overlay, ...]:
    """Those that are switched on and have something to say, from back to front."""
    if state.phase in _SLATED:
        return ()
    fitting = OVER_A_SLATE if state.program.layout is Layout.SLATE else frozenset(OverlayName)
    shown = [name for name in OverlayName if name in fitting - state.hidden_overlays]
    drawn = (_VIEWS[name](state) for name in shown)
    return tuple(overlay for overlay in drawn if overlay is not None)


def _clock(state: SessionState) -> Overlay | None:
    floor = state.floor
    return views.clock(state, floor.warn_ms) if floor is not None else None


_VIEWS: dict[OverlayName, Callable[[SessionState], Overlay | None]] = {
    OverlayName.AGENDA: views.agenda,
    OverlayName.QUEUE: views.queue,
    OverlayName.LOWER_THIRD: views.lower_third,
    OverlayName.CLOCK: _clock,
    OverlayName.LIVE: views.live,
    OverlayName.LOGO: views.logo,
}
