"""How true the program is to its source: PSNR and SSIM of each rendition at its bitrate, beside
x264 alone with the same options on the same pictures.

One site of 720p25 on air, full screen: what the studio adds to x264's own loss is composing and the
ladder's scaling. The source is what the site sent, decoded; for the smaller renditions, scaled by a
bicubic filter. SSIM is FFmpeg's: of luma, in blocks of 8 × 8 every 4 pixels.
"""

import asyncio
import itertools
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from bench.figure import Figure
from bench.heads import FPS, talking_head
from broadcast.layout import Layout
from broadcast.program import Scene, Take
from broadcast.studio.encoders import VIDEO_TIME_BASE, H264Encoder
from config.settings import Program, Recording
from streams.frames import Codec, Feed, Packet, SiteId
from tests.broadcast.studio.rig import rig

SECONDS = 8
SETTLE_S = 3
"""The rate control's; not compared."""
SITE = SiteId("hall")

Luma = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
Sums = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Pictures = dict[int, av.VideoFrame]
"""By their pts."""


def luma(frame: av.VideoFrame) -> Luma:
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width]


def psnr_db(one: Luma, other: Luma) -> float:
    error = np.mean((one.astype(np.float32) - other) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def ssim(one: Luma, other: Luma) -> float:
    a, b = one.astype(np.float64), other.astype(np.float64)
    sums = [_windows(part) for part in (a, b, a * a + b * b, a * b)]
    mean_a, mean_b, squares, product = sums
    c1, c2 = 0.01**2 * 255**2 * 64, 0.03**2 * 255**2 * 64 * 63
    variances = squares * 64 - mean_a**2 - mean_b**2
    covariance = product * 64 - mean_a * mean_b
    means = mean_a**2 + mean_b**2
    parts = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return float(np.mean(parts / ((means + c1) * (variances + c2))))


def _windows(plane: Sums) -> Sums:
    """Sums over 8 × 8 pixels, every 4."""
    height, width = (side // 4 * 4 for side in plane.shape)
    small = plane[:height, :width].reshape(height // 4, 4, width // 4, 4).sum((1, 3))
    wide: Sums = small[:-1, :-1] + small[1:, :-1] + small[:-1, 1:] + small[1:, 1:]
    return wide


def decoded(packets: Sequence[Packet]) -> Pictures:
    """From the first keyframe on."""
    decoder, pictures = av.CodecContext.create("h264", "r"), Pictures()
    for packet in itertools.dropwhile(lambda p: not p.key, packets):
        coded = av.Packet(packet.data)
        coded.pts, coded.time_base = packet.pts, VIDEO_TIME_BASE
        pictures |= {frame.pts or 0: frame for frame in decoder.decode(coded)}
    return pictures


def sent() -> list[av.VideoFrame]:
    """The site's pictures, as whoever decodes them sees them."""
    clip = [one.data for one in talking_head(1) if one.codec is Codec.H264]
    packets = [Packet("", Codec.H264, n, n == 0, True, data) for n, data in enumerate(clip)]
    return list(decoded(packets).values())


def sources(program: Pictures) -> Pictures:
    """Which of the site's pictures each one of the program is: the most alike."""
    clip = sent()
    small = np.stack([luma(frame)[::4, ::4] for frame in clip]).astype(np.int16)
    found = {}
    for pts, frame in program.items():
        apart = np.abs(small - luma(frame)[::4, ::4]).mean((1, 2))
        found[pts] = clip[int(apart.argmin())]
    return found


def scaled(pictures: Pictures, width: int, height: int) -> Pictures:
    return {
        pts: frame.reformat(width, height, interpolation="BICUBIC")
        for pts, frame in pictures.items()
    }


def x264_alone(pictures: Pictures, program: Program) -> Pictures:
    """The same pictures, with a keyframe every two seconds."""
    encoder, packets = H264Encoder(program), list[Packet]()
    for n, (pts, frame) in enumerate(pictures.items()):
        key, copy = n % (2 * FPS) == 0, frame.reformat(format="yuv420p")
        data = encoder.encode(copy, pts, key=key)
        packets.append(Packet("", Codec.H264, pts, key, True, data))
    return decoded(packets)


def quality(pictures: Pictures, truth: Pictures) -> tuple[float, float]:
    """(PSNR in dB, SSIM), the means of all but the first."""
    both = [(luma(pictures[pts]), luma(truth[pts])) for pts in sorted(pictures) if pts in truth]
    both = both[SETTLE_S * FPS :]
    psnrs, ssims = zip(*((psnr_db(*pair), ssim(*pair)) for pair in both), strict=True)
    return float(np.mean(psnrs)), float(np.mean(ssims))


async def on_air(program: Program) -> list[list[Packet]]:
    """What the studio sends of each rendition."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Recording(stop_free_bytes=0)
        async with rig(Path(folder), program=program, recording=recording) as r:
            r.site(SITE, talking_head(1))
            scene = Scene(Layout.FULL, (SITE,))
            r.relay.follow(stream="bench", recording=True, public=Take.ROOM, program=scene)
            await r.packets(Feed.ROOM, Codec.H264, 2 * FPS)
            first = len(r.relay.received.of(Feed.ROOM, Codec.H264))
            await r.packets(Feed.ROOM, Codec.H264, SECONDS * FPS)
            return [
                r.relay.received.rendition(Feed.ROOM, Codec.H264, number)[first:]
                for number in range(len(program.renditions()))
            ]


def kbps(packets: Sequence[Packet]) -> float:
    seconds = (packets[-1].pts - packets[0].pts) * Fraction(VIDEO_TIME_BASE)
    return float(8 * sum(len(packet.data) for packet in packets) / seconds / 1000)


def figures() -> Iterator[Figure]:
    program = Program()
    renditions = asyncio.run(on_air(program))
    whole = sources(decoded(renditions[0]))
    for packets, rendition in zip(renditions, program.renditions(), strict=True):
        truth = scaled(whole, rendition.width, rendition.height)
        ours = quality(decoded(packets), truth)
        alone = quality(x264_alone(truth, rendition), truth)
        name = f"{rendition.height}p at {kbps(packets):.0f} kbit/s"
        yield Figure(f"{name}, PSNR", ours[0], "dB", alone[0], "x264 alone")
        yield Figure(f"{name}, SSIM", ours[1], "", alone[1], "x264 alone")


if __name__ == "__main__":
    for figure in figures():
        print(figure, flush=True)
