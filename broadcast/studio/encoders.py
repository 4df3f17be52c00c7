"""The encoders of the program that are PyAV's, in thin shells; each is used by one thread only.

Pictures are H.264 constrained baseline, which every browser decodes and which needs no look-ahead;
sound is AAC for the segments, and Opus (`broadcast/studio/opus.py`) for the network.
"""

from fractions import Fraction

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from broadcast.outputs.fmp4 import AAC_BITRATE_BPS
from config.settings import Program
from streams.frames import AUDIO_CLOCK_RATE, VIDEO_CLOCK_RATE

Samples = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
"""`(2, n)`: left and right, or `(1, n)`: what is heard from both; full scale is ±1."""

VIDEO_TIME_BASE = Fraction(1, VIDEO_CLOCK_RATE)
AUDIO_TIME_BASE = Fraction(1, AUDIO_CLOCK_RATE)
NEVER = 1_000_000_000
AAC_TOGETHER = AUDIO_CLOCK_RATE // 10
"""Samples are encoded together, for half of what they cost one block at a time. A part of the
recording waits for its sound anyway, and ends where they do."""
LONGEST_SILENCE = 10 * AUDIO_CLOCK_RATE
"""What a starved machine could not mix is silence in the recording: players wait where sound is
missing. After more there are no pictures either."""
FULL_HD_PIXELS = 1920 * 1080


def x264_options(bitrate_bps: int) -> dict[str, str]:
    """As FFmpeg's libx264 takes them."""
    kbps = bitrate_bps // 1000
    parameters = {
        "keyint": "infinite",
        "scenecut": 0,
        "bframes": 0,
        "annexb": 1,
        "repeat-headers": 1,
        "force-cfr": 1,
        # A keyframe may take half a second of the line, no more.
        "vbv-maxrate": kbps,
        "vbv-bufsize": kbps // 2,
        "colorprim": "bt709",
        "transfer": "bt709",
        "colormatrix": "bt709",
        "range": "tv",
    }
    return {
        "preset": "superfast",
        "tune": "zerolatency",
        "profile": "baseline",
        "forced-idr": "1",
        "x264-params": ":".join(f"{key}={value}" for key, value in parameters.items()),
    }


class H264Encoder:
    """x264 superfast: 0.1 dB below veryfast at 60 % of its cost. Annex B, parameter sets before
    every keyframe, keyframes only where asked for, no frame is held back."""

    def __init__(self, program: Program) -> None:
        context = av.CodecContext.create("libx264", "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height = program.width, program.height
        context.pix_fmt = "yuv420p"
        context.framerate = Fraction(program.fps)
        context.time_base = VIDEO_TIME_BASE
        context.bit_rate = program.video_bitrate_bps
        context.gop_size = NEVER
        # A second thread costs a few per cent, but 1080p at 50/s does not fit into one.
        context.thread_count = 1 if program.width * program.height < FULL_HD_PIXELS else 2
        context.options = x264_options(program.video_bitrate_bps)
        self._context = context

    def encode(self, frame: av.VideoFrame, pts: int, *, key: bool) -> bytes:
        """One access unit. `frame` is copied: its memory is free again on return."""
        frame.pts = pts
        frame.time_base = VIDEO_TIME_BASE
        frame.pict_type = PictureType.I if key else PictureType.NONE
        return b"".join(bytes(packet) for packet in self._context.encode(frame))


class AacEncoder:
    """AAC-LC, for the segments."""

    def __init__(self) -> None:
        self._context = _audio_context("aac", "fltp", AAC_BITRATE_BPS)
        self._context.options = {"aac_coder": "fast"}
        self._blocks: list[Samples] = []
        self._pts = self._end = 0
        """Of what waits, in samples."""

    def encode(self, block: Samples, pts: int) -> list[tuple[int, bytes]]:
        """(pts, access unit of 1024 samples) of what is ready: something ten times a second, on the
        grid of program time. `block` is kept for so long."""
        ready = list[tuple[int, bytes]]()
        if 0 < pts - self._end <= LONGEST_SILENCE:
            silence = np.zeros((2, pts - self._end), np.float32)
            ready = self._add(silence, self._end)
        elif pts != self._end:
            ready = self.flush()
        return ready + self._add(block, pts)

    def _add(self, block: Samples, pts: int) -> list[tuple[int, bytes]]:
        if not self._blocks:
            self._pts = pts
        self._blocks.append(block)
        self._end = pts + block.shape[1]
        full = pts // AAC_TOGETHER != self._end // AAC_TOGETHER
        return self.flush() if full else []

    def flush(self) -> list[tuple[int, bytes]]:
        """What is ready of all that was given."""
        if not self._blocks:
            return []
        together = np.concatenate(self._blocks, axis=1)
        self._blocks.clear()
        return _encode(self._context, together, self._pts)


def _audio_context(codec: str, sample_format: str, bitrate_bps: int) -> AudioCodecContext:
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, AudioCodecContext)
    context.sample_rate = AUDIO_CLOCK_RATE
    context.layout = "stereo"
    context.format = sample_format
    context.bit_rate = bitrate_bps
    context.time_base = AUDIO_TIME_BASE
    return context


def _encode(context: AudioCodecContext, block: Samples, pts: int) -> list[tuple[int, bytes]]:
    frame = av.AudioFrame.from_ndarray(block, context.format.name, "stereo")
    frame.sample_rate = AUDIO_CLOCK_RATE
    frame.time_base = AUDIO_TIME_BASE
    frame.pts = pts
    return [
        (packet.pts, bytes(packet))
        for packet in context.encode(frame)
        if packet.pts is not None and packet.size
    ]
