"""The camera and the microphone of a drawn room, as tracks that stock aiortc can send.

Both hand out packets that are encoded already: aiortc's own encoder would cost several times as
much and could not be told a size and a rate. They share one zero of time, so that lips and voice
stay together.
"""

import asyncio
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av.video.frame import PictureType

from streams.frames import AUDIO_CLOCK_RATE, VIDEO_CLOCK_RATE
from web.demo.room import Room
from web.demo.voice import FRAME, RATE, Speech

_VIDEO_TIME = Fraction(1, VIDEO_CLOCK_RATE)
_AUDIO_TIME = Fraction(1, AUDIO_CLOCK_RATE)
_KEYFRAME_S = 10
"""Besides those that are asked for: a viewer that joins is served by the server's own keyframes."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What the server wishes to be sent (`quality` of the live WebSocket)."""

    width: int = 320
    height: int = 180
    fps: int = 10
    max_bitrate_bps: int = 120_000


def _encoder(quality: Quality) -> av.VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height = quality.width, quality.height
    encoder.pix_fmt = "yuv420p"
    encoder.framerate = Fraction(quality.fps, 1)
    encoder.time_base = _VIDEO_TIME
    encoder.bit_rate = quality.max_bitrate_bps
    encoder.gop_size = quality.fps * _KEYFRAME_S
    encoder.profile = "Baseline"
    rate = str(quality.max_bitrate_bps)
    encoder.options = {
        "preset": "superfast",
        "tune": "zerolatency",
        "threads": "1",
        "maxrate": rate,
        "bufsize": rate,
        "colorprim": "bt709",
        "colormatrix": "bt709",
        "transfer": "bt709",
    }
    return encoder


class Camera(MediaStreamTrack):
    """H.264 of the room, at the quality asked for last."""

    kind = "video"

    def __init__(self, room: Room, speech: Speech, zero_s: float) -> None:
        """`zero_s`: the moment on CLOCK_MONOTONIC at which sound and picture began."""
        super().__init__()
        self._room = room
        self._speech = speech
        self._zero_s = zero_s
        self._quality = Quality()
        self._encoder, self._encoded = _encoder(self._quality), self._quality
        self._keyframe = True
        self._next_s = time.monotonic() - zero_s
        self._number = 0

    def set_quality(self, quality: Quality) -> None:
        """From the next frame on, which will be a keyframe."""
        self._quality = quality

    def send_keyframe(self) -> None:
        self._keyframe = True

    async def recv(self) -> "av.Packet[Any]":
        """Raises `MediaStreamError` when stopped."""
        if self.readyState != "live":
            raise MediaStreamError
        now_s = time.monotonic() - self._zero_s
        if now_s - self._next_s > 0.5:
            self._next_s = now_s  # the machine stood still: drop what it missed
        await asyncio.sleep(max(0.0, self._next_s - now_s))
        at_s, self._next_s = self._next_s, self._next_s + 1 / self._quality.fps
        return await asyncio.to_thread(self._picture, at_s)

    def _picture(self, at_s: float) -> "av.Packet[Any]":
        quality = self._quality
        if quality != self._encoded:
            self._encoder, self._encoded, self._keyframe = _encoder(quality), quality, True
        self._number += 1
        frame = self._room.frame(
            quality.width,
            quality.height,
            time.strftime("%H:%M:%S"),
            self._number,
            mouth_open=self._speech.mouth_at(at_s),
        )
        frame.pts, frame.time_base = round(at_s * VIDEO_CLOCK_RATE), _VIDEO_TIME
        frame.pict_type = PictureType.I if self._keyframe else PictureType.NONE
        self._keyframe = False
        (packet,) = self._encoder.encode(frame)  # zerolatency: one in, one out
        packet.pts, packet.time_base = frame.pts, _VIDEO_TIME
        return packet


class Microphone(MediaStreamTrack):
    """The speech, over and over."""

    kind = "audio"

    def __init__(self, speech: Speech, zero_s: float) -> None:
        super().__init__()
        self._speech = speech
        self._zero_s = zero_s
        self._next = int((time.monotonic() - zero_s) * RATE / FRAME)

    async def recv(self) -> "av.Packet[Any]":
        """Raises `MediaStreamError` when stopped."""
        if self.readyState != "live":
            raise MediaStreamError
        number, self._next = self._next, self._next + 1
        due_s = self._zero_s + number * FRAME / RATE
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        packet: av.Packet[Any] = av.Packet(self._speech.packets[number % len(self._speech.packets)])
        packet.pts, packet.time_base = number * FRAME, _AUDIO_TIME
        return packet
