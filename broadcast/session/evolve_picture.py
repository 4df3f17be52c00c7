"""State after an event of picture, sound or overlays. Total, as `evolve` is."""

from dataclasses import replace

from broadcast.session.applying import on
from broadcast.session.events import (
    MicrophoneClosed,
    MicrophoneOpened,
    NoiseSuppressionSet,
    OverlaySwitched,
    PictureCut,
    PlayerSet,
    PreviewSet,
    SignerSet,
    SoundShifted,
)
from broadcast.session.model import SessionState


@on(PictureCut)
def _picture_cut(state: SessionState, event: PictureCut) -> SessionState:
    before = None if event.turn is None else state.before_turn or state.program
    return replace(state, program=event.scene, before_turn=before, transition=event.transition)


@on(PreviewSet)
def _preview_set(state: SessionState, event: PreviewSet) -> SessionState:
    return replace(state, preview=event.scene)


@on(MicrophoneOpened)
def _microphone_opened(state: SessionState, event: MicrophoneOpened) -> SessionState:
    of_turn = state.turn_microphone if event.turn is None else event.site
    return replace(
        state, open_microphones=state.open_microphones | {event.site}, turn_microphone=of_turn
    )


@on(MicrophoneClosed)
def _microphone_closed(state: SessionState, event: MicrophoneClosed) -> SessionState:
    of_turn = None if state.turn_microphone == event.site else state.turn_microphone
    return replace(
        state, open_microphones=state.open_microphones - {event.site}, turn_microphone=of_turn
    )


@on(OverlaySwitched)
def _overlay_switched(state: SessionState, event: OverlaySwitched) -> SessionState:
    hidden = state.hidden_overlays - {event.name}
    return replace(state, hidden_overlays=hidden if event.visible else hidden | {event.name})


@on(SignerSet)
def _signer_set(state: SessionState, event: SignerSet) -> SessionState:
    return replace(state, signer=event.signer)


@on(PlayerSet)
def _player_set(state: SessionState, event: PlayerSet) -> SessionState:
    before, clip = state.player, event.clip
    same = before is not None and clip is not None and before.number == clip.number
    return replace(state, player=clip, player_secret=state.player_secret and same)


@on(NoiseSuppressionSet)
def _noise_suppression_set(state: SessionState, event: NoiseSuppressionSet) -> SessionState:
    others = state.cleaned - {event.site}
    return replace(state, cleaned=others | {event.site} if event.on else others)


@on(SoundShifted)
def _sound_shifted(state: SessionState, event: SoundShifted) -> SessionState:
    site = replace(state.sites[event.site], sound_later_ms=event.later_ms)
    return replace(state, sites={**state.sites, event.site: site})
