"""The frame clock at the moment when the state changes."""

import time

from broadcast.overlay.render import Renderer
from broadcast.program import ProgramState, Take
from broadcast.studio.clock import ProgramClock
from broadcast.studio.composer import Composer
from broadcast.studio.encoding import VideoEncoding
from broadcast.studio.frameclock import FrameClock
from broadcast.studio.onair import follow
from broadcast.studio.overlays import Board
from broadcast.studio.picturetrack import Picture, PictureTrack
from config.settings import Program
from streams.frames import Packet
from tests import media
from tests.broadcast.studio.test_composer import Gallery, full

PROGRAM = Program(width=320, height=180, video_bitrate_bps=500_000)


def test_what_closes_while_a_picture_is_composed_closes_that_picture() -> None:
    gallery, sent = Gallery(), list[Packet]()
    gallery.alive(time.monotonic_ns() + 10**12)
    states = [follow(None, ProgramState(public=Take.ROOM, program=full(0)), 0)]

    def pick(track: PictureTrack, now_ns: int) -> Picture:
        if len(states) == 1:
            states.append(follow(states[0], ProgramState(program=full(1)), now_ns))
        return gallery.pick(track, now_ns)

    encoding = VideoEncoding(PROGRAM, 1000, sent.extend)
    composer = Composer((320, 180), gallery, Board(Renderer(320, 180)), pick)
    frames = FrameClock(ProgramClock.started_now(), 25, composer, encoding, lambda: states[-1])
    encoding.start()
    frames.start()
    first = media.wait_for(lambda: sent and sent[0], "a picture is made")
    frames.close()
    encoding.close()
    assert not first.public


def test_no_frame_is_older_than_the_program() -> None:
    """Else it would be a slate, and the next one a second keyframe."""
    sent = list[Packet]()
    state = ProgramState(public=Take.ROOM)
    states = [follow(None, state, time.monotonic_ns() + 10**9 // 2)]
    encoding = VideoEncoding(PROGRAM, 1000, sent.extend)
    gallery = Gallery()
    composer = Composer((320, 180), gallery, Board(Renderer(320, 180)), gallery.pick)
    frames = FrameClock(ProgramClock.started_now(), 25, composer, encoding, lambda: states[-1])
    encoding.start()
    frames.start()
    media.wait_for(lambda: sent and sent[0], "a picture is made")
    frames.close()
    encoding.close()
    assert all(packet.public for packet in sent)
