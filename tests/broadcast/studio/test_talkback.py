"""An operator's voice over a return feed: the program goes down below it and comes back."""

import numpy as np

from broadcast.studio.clock import BLOCK_SAMPLES
from broadcast.studio.encoders import Samples
from broadcast.studio.talkback import Ducker, Talkback
from streams.frames import Codec, EncodedFrame, SiteId, talk_to, talked_to
from tests import media

BLOCK_NS = 20_000_000
LAY = SiteId("muong-lay")


def frame(source: SiteId) -> EncodedFrame:
    return EncodedFrame(source, Codec.OPUS, 0, None, 0, True, b"\xfc\xff\xfe")


def test_the_program_goes_down_below_a_voice_and_comes_back_without_a_step() -> None:
    ducker = Ducker()
    talked = [False] * 3 + [True] * 10 + [False] * 10
    out = np.concatenate(
        [
            ducker.apply(np.full((2, BLOCK_SAMPLES), 0.5, np.float32), talked=now)[0]
            for now in talked
        ]
    )
    assert np.all(out[: 3 * BLOCK_SAMPLES] == 0.5)
    assert np.allclose(out[10 * BLOCK_SAMPLES : 13 * BLOCK_SAMPLES], 0.05), "20 dB below"
    assert np.allclose(out[-BLOCK_SAMPLES:], 0.5)
    assert float(np.abs(np.diff(out)).max()) < 0.001


def test_a_voice_is_no_site_and_a_site_is_no_voice() -> None:
    talkback = Talkback()
    assert not talkback.offer(frame(LAY))
    assert talkback.sites == frozenset()
    assert talkback.offer(frame(talk_to(LAY)))
    assert talkback.sites == {LAY}
    assert talked_to(talk_to(LAY)) == LAY
    assert talkback.gone(talk_to(LAY))
    assert not talkback.gone(LAY)
    assert talkback.voices(0).keys() == {LAY}, "it fades"
    assert talkback.voices(0) == {}


def test_a_voice_begins_and_ends_without_a_click() -> None:
    talkback, tone = Talkback(), media.tone(300, 1)
    talkback.offer(frame(talk_to(LAY)))
    source = talkback._voices[LAY].source
    source.playout.fix(0)
    source.sound._inbox.clear()
    source.sound._ring.write(0, tone[np.newaxis])
    silence, heard = np.zeros((1, BLOCK_SAMPLES), np.float32), list[Samples]()
    for n in range(40):
        if n == 30:
            talkback.gone(talk_to(LAY))
        heard.append(talkback.voices(n * BLOCK_NS).get(LAY, silence)[0])
    assert media.steepest(np.concatenate([silence[0], *heard])) < 1.5 * media.steepest(tone)
    assert np.abs(heard[10]).max() > 0.2
    assert not np.concatenate(heard[31:]).any()
    assert talkback.sites == frozenset()
