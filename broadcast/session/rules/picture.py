"""What the operator does by hand: pictures, microphones, overlays.

A switch that already stands as wished is no fault and no event: two people may reach for it.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from broadcast.interpreters import SIGNER_SHARE, SIGNER_SHARES, Signer
from broadcast.layout import INSET, INSET_SHARES, Corner, Inset, Layout
from broadcast.program import CUT, PLAYER, TRANSITION_MS, Scene, Transition, TransitionKind
from broadcast.session.events import (
    Event,
    Events,
    MicrophoneClosed,
    MicrophoneOpened,
    NoiseSuppressionSet,
    OverlaySwitched,
    PictureCut,
    PreviewSet,
    SignerSet,
    SoundShifted,
)
from broadcast.session.model import OverlayName, SessionState
from broadcast.session.rules.command import Command
from broadcast.session.rules.phases import close_all
from broadcast.session.rules.player import silence
from broadcast.session.rules.registry import OPEN, OPERATING, Act, Refusal, rule
from broadcast.session.text import SeatName, SiteName
from streams.frames import SiteId, site_of

MOST_SHIFT_MS = 200
"""No device puts sound and picture further apart; no picture is kept for longer."""
SoundShift = Annotated[StrictInt, Field(ge=-MOST_SHIFT_MS, le=MOST_SHIFT_MS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class InsetWish:
    """Where the small picture lies, and its share of the width."""

    corner: Corner = INSET.corner
    share: Annotated[float, Field(ge=INSET_SHARES[0], le=INSET_SHARES[1])] = INSET.share


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionWish:
    """How a scene comes on."""

    kind: TransitionKind
    duration_ms: Annotated[int, Field(ge=TRANSITION_MS[0], le=TRANSITION_MS[1])] = CUT.duration_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneWish:
    """A layout and the sites in its seats; a layout may have seats to spare."""

    layout: Layout
    sources: Annotated[tuple[SeatName, ...], Field(max_length=9)] = ()
    inset: InsetWish = InsetWish()


def scene_of(state: SessionState, wish: SceneWish) -> Scene:
    """Refused: a site that is not in the session, a screen that is not shared, a source twice in
    the picture or without a seat."""
    sources = tuple(SiteId(source) for source in wish.sources)
    for source in sources:
        if source != PLAYER:
            _require_there(state, source)
    if len(set(sources)) < len(sources):
        raise Refusal("site_twice")
    if len(sources) > wish.layout.seats:
        raise Refusal("too_many_sites", seats=wish.layout.seats)
    if not sources and wish.layout is not Layout.SLATE:
        raise Refusal("scene_empty")
    if wish.layout is not Layout.PICTURE_IN_PICTURE:
        return Scene(wish.layout, sources)
    return Scene(wish.layout, sources, Inset(wish.inset.corner, wish.inset.share))


def _require_there(state: SessionState, source: SiteId) -> None:
    site = _inside(state, site_of(source))
    if source != site and site not in state.sharing:
        raise Refusal("screen_not_shared", site=state.sites[site].name)


def _known(state: SessionState, site: str) -> SiteId:
    if SiteId(site) not in state.sites:
        raise Refusal("unknown_site")
    return SiteId(site)


def _inside(state: SessionState, site: str) -> SiteId:
    """Nothing of a site that is outside the door is seen or heard in a closed room."""
    known = _known(state, site)
    if known in state.put_out:
        raise Refusal("site_put_out", site=state.sites[known].name)
    return known


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut(Command):
    """Puts a scene on air; without one, preview and program change places."""

    type: Literal["cut"] = "cut"
    scene: SceneWish | None = None
    transition: TransitionWish | None = None
    """None: a cut."""


@rule(Cut, OPERATING, OPEN)
def cut(state: SessionState, command: Cut, act: Act) -> Events:
    """The operator has the last word: a cut to what a turn shows makes it stay after the turn."""
    wish = command.transition
    transition = CUT if wish is None else Transition(wish.kind, wish.duration_ms)
    scene = scene_of(state, command.scene) if command.scene is not None else state.preview
    events: list[Event] = []
    if scene != state.program or state.before_turn is not None:
        events.append(PictureCut(at_ms=act.at_ms, scene=scene, transition=transition))
    if command.scene is None and state.preview != state.program:
        events.append(PreviewSet(at_ms=act.at_ms, scene=state.program))
    return tuple(events)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPreview(Command):
    """Prepares a scene."""

    type: Literal["set_preview"] = "set_preview"
    scene: SceneWish


@rule(SetPreview, OPERATING, OPEN)
def set_preview(state: SessionState, command: SetPreview, act: Act) -> Events:
    scene = scene_of(state, command.scene)
    return (PreviewSet(at_ms=act.at_ms, scene=scene),) if scene != state.preview else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMicrophone(Command):
    """Lets a site be heard, until it is closed by hand."""

    type: Literal["open_microphone"] = "open_microphone"
    site: SiteName


@rule(OpenMicrophone, OPERATING, OPEN)
def open_microphone(state: SessionState, command: OpenMicrophone, act: Act) -> Events:
    site = _inside(state, command.site)
    if site in state.open_microphones:
        return ()
    return (MicrophoneOpened(at_ms=act.at_ms, site=site),)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseMicrophone(Command):
    """Silences a site, also one that has the floor."""

    type: Literal["close_microphone"] = "close_microphone"
    site: SiteName


@rule(CloseMicrophone, OPERATING, OPEN)
def close_microphone(state: SessionState, command: CloseMicrophone, act: Act) -> Events:
    site = _known(state, command.site)
    if site not in state.open_microphones:
        return ()
    return (MicrophoneClosed(at_ms=act.at_ms, site=site),)


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteAll(Command):
    """Closes every microphone that the room hears, at once, and the sound of the media player."""

    type: Literal["mute_all"] = "mute_all"


@rule(MuteAll, OPERATING, OPEN)
def mute_all(state: SessionState, act: Act) -> Events:
    return (*close_all(state, act, but=state.booths), *silence(state, act))


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNoiseSuppression(Command):
    """Takes the noise of a site's room out of its sound, or leaves it in."""

    type: Literal["set_noise_suppression"] = "set_noise_suppression"
    site: SiteName
    on: StrictBool


@rule(SetNoiseSuppression, OPERATING, OPEN)
def set_noise_suppression(state: SessionState, command: SetNoiseSuppression, act: Act) -> Events:
    site = _known(state, command.site)
    if command.on == (site in state.cleaned):
        return ()
    return (NoiseSuppressionSet(at_ms=act.at_ms, site=site, on=command.on),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftSound(Command):
    """Lets a site's sound be heard so much later beside its picture, or, below 0, its picture seen
    later: what its own devices put between them no line tells of."""

    type: Literal["shift_sound"] = "shift_sound"
    site: SiteName
    later_ms: SoundShift


@rule(ShiftSound, OPERATING, OPEN)
def shift_sound(state: SessionState, command: ShiftSound, act: Act) -> Events:
    site = _known(state, command.site)
    if command.later_ms == state.sites[site].sound_later_ms:
        return ()
    return (SoundShifted(at_ms=act.at_ms, site=site, later_ms=command.later_ms),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowOverlay(Command):
    """Switches an overlay. What it shows follows the session: a lower third needs a speaker."""

    type: Literal["show_overlay"] = "show_overlay"
    name: OverlayName
    visible: StrictBool


@rule(ShowOverlay, OPERATING, OPEN)
def show_overlay(state: SessionState, command: ShowOverlay, act: Act) -> Events:
    if command.visible == (command.name not in state.hidden_overlays):
        return ()
    return (OverlaySwitched(at_ms=act.at_ms, name=command.name, visible=command.visible),)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSigner(Command):
    """Puts a site into the sign-language interpreter's box, over every layout until it is taken
    out; without a site, takes it out. His sound is not heard by that."""

    type: Literal["set_signer"] = "set_signer"
    site: SiteName | None
    corner: Corner = Corner.BOTTOM_RIGHT
    share: Annotated[float, Field(ge=SIGNER_SHARES[0], le=SIGNER_SHARES[1])] = SIGNER_SHARE


@rule(SetSigner, OPERATING, OPEN)
def set_signer(state: SessionState, command: SetSigner, act: Act) -> Events:
    site = None if command.site is None else _inside(state, command.site)
    signer = None if site is None else Signer(site, command.corner, command.share)
    return () if signer == state.signer else (SignerSet(at_ms=act.at_ms, signer=signer),)
