"""Two people who speak, as everybody in a benchmark of the program gets them: the same pictures,
the same sound, the same encoded pictures."""

import subprocess
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np

from streams.frames import Codec
from tests import media
from tests.broadcast.studio.rig import Coded

CLIP_S = 3
SIZE = (1280, 720)
FPS = 25
BITRATE_BPS = 1_800_000


@cache
def pictures(seed: int) -> list[media.Planar]:
    """A talking head, roughly: a soft textured room, a figure that sways, a little sensor noise."""
    rng = np.random.default_rng(seed)
    width, height = SIZE
    x, y = np.meshgrid(np.arange(width) / width, np.arange(height) / height)
    room = 90 + 40 * np.sin(9 * x + seed) * np.cos(7 * y) + 20 * (np.sin(90 * x) > 0.7)
    frames = list[media.Planar]()
    for n in range(CLIP_S * FPS):
        sway = 0.5 + 0.02 * np.sin(2 * np.pi * n / (CLIP_S * FPS))
        head = ((x - sway) / 0.12) ** 2 + ((y - 0.4) / 0.26) ** 2 < 1
        body = (((x - sway) / 0.3) ** 2 + ((y - 1.1) / 0.5) ** 2 < 1) & ~head
        mouth = ((x - sway) / 0.03) ** 2 + ((y - 0.52) / (0.008 + 0.012 * (n % 5))) ** 2 < 1
        luma = np.where(head, 150 + 30 * np.sin(40 * (x - sway)), np.where(body, 60, room))
        luma = np.where(mouth, 50, luma) + rng.normal(0, 1.2, luma.shape)
        planar = np.full((height * 3 // 2, width), 128, np.uint8)
        planar[:height] = np.clip(luma, 16, 235)
        frames.append(planar)
    return frames


def speech(seed: int) -> media.Samples:
    """A voice, roughly: harmonics of a gliding tone in syllables, with pauses and a quiet room. A
    steady tone would not do: FFmpeg's AAC encoder takes four times as long for it."""
    at = np.arange(CLIP_S * media.RATE) / media.RATE
    tone_hz = 70 + 50 * seed + 20 * np.sin(2 * np.pi * at / CLIP_S)
    phase = np.cumsum(tone_hz) / media.RATE
    voice = sum(np.sin(2 * np.pi * k * phase) / k for k in range(1, 25))
    syllables = np.abs(np.sin(4 * np.pi * at)) * (np.sin(2 * np.pi * at / CLIP_S + seed) > -0.5)
    room = np.random.default_rng(seed).normal(0, 0.002, len(at))
    return (0.15 * voice * syllables + room).astype(np.float32)


@cache
def talking_head(seed: int) -> tuple[Coded, ...]:
    """As a browser would send it: 1.8 Mbit/s, a keyframe every three seconds; and its sound."""
    return tuple(sorted([*_coded_pictures(seed), *_coded_sound(seed)], key=lambda one: one.at_s))


@cache
def _coded_pictures(seed: int) -> tuple[Coded, ...]:
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height = SIZE
    context.pix_fmt, context.framerate = "yuv420p", Fraction(FPS)
    context.time_base, context.bit_rate = Fraction(1, FPS), BITRATE_BPS
    context.gop_size = CLIP_S * FPS
    context.options = {"preset": "superfast", "tune": "zerolatency", "profile": "baseline"}
    coded = []
    for number, planar in enumerate(pictures(seed)):
        frame = av.VideoFrame.from_ndarray(planar, "yuv420p")
        frame.pts = number
        coded += [
            Coded(number / FPS, Codec.H264, packet.is_keyframe, bytes(packet))
            for packet in context.encode(frame)
        ]
    return tuple(coded)


def _coded_sound(seed: int) -> list[Coded]:
    samples, coded = speech(seed), []
    context = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format = media.RATE, "mono", "flt"
    for at in range(0, len(samples), media.RATE // 50):
        block = samples[None, at : at + media.RATE // 50]
        frame = av.AudioFrame.from_ndarray(block, "flt", "mono")
        frame.sample_rate, frame.pts = media.RATE, at
        coded += [
            Coded(at / media.RATE, Codec.OPUS, True, bytes(packet))
            for packet in context.encode(frame)
        ]
    return coded


def write_clips(folder: Path, seconds: int) -> tuple[Path, Path]:
    """The same as files: bit by bit the same pictures, the same sound encoded as one piece."""
    return _clip(folder, 1, seconds), _clip(folder, 2, seconds)


def _clip(folder: Path, seed: int, seconds: int) -> Path:
    rounds = seconds // CLIP_S
    stream, path = folder / f"{seed}.h264", folder / f"{seed}.mkv"
    stream.write_bytes(b"".join(one.data for one in _coded_pictures(seed)) * rounds)
    sound = np.tile(speech(seed), rounds).tobytes()
    command: list[str | Path] = ["ffmpeg", "-y", "-v", "error", "-r", str(FPS), "-i", stream]
    command += ["-f", "f32le", "-ar", str(media.RATE), "-ac", "1", "-i", "-"]
    command += ["-c:v", "copy", "-c:a", "libopus", path]
    subprocess.run(command, check=True, input=sound)
    return path
