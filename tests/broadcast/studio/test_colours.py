"""Colours and shapes: what was before the camera is what the program shows, whatever it sends."""

import asyncio
import itertools
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange

from broadcast.studio.canvas import Box, Canvas, Plane, Seat, planes_of
from broadcast.studio.picturetrack import aspect_of
from broadcast.studio.reels import Film
from broadcast.studio.sources import Sources
from broadcast.studio.stills import SITE_SIZE
from streams.frames import Codec, Feed
from tests import media
from tests.broadcast.studio.rig import OPEN, Coded, full, rig
from tests.broadcast.studio.test_cameras import HALL, rtsp_camera, watching
from tests.ports import free_port

BARS = ((191, 0, 0), (0, 191, 0), (0, 0, 191), (191, 191, 191), (224, 172, 144))
"""R, G, B; the last is a face."""
BT601, BT709 = (0.299, 0.114), (0.2126, 0.0722)
"""KR and KB."""
LEVELS = 3
SIZE = (640, 360)


def numbers(matrix: tuple[float, float], *, full_range: bool = False) -> Plane:
    """Y, U, V of each bar."""
    kr, kb = matrix
    r, g, b = np.array(BARS).T / 255
    y = kr * r + (1 - kr - kb) * g + kb * b
    u, v = (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))
    least, luma, chroma = (0, 255, 255) if full_range else (16, 219, 224)
    return np.stack([least + luma * y, 128 + chroma * u, 128 + chroma * v], 1).round().astype(int)


def bars(
    matrix: tuple[float, float], size: tuple[int, int] = SIZE, *, full_range: bool = False
) -> av.VideoFrame:
    frame = av.VideoFrame(*size, "yuvj420p" if full_range else "yuv420p")
    for plane, colours in zip(
        planes_of(frame), numbers(matrix, full_range=full_range).T, strict=True
    ):
        edges = np.linspace(0, plane.shape[1], len(BARS) + 1).astype(int)
        for (left, right), colour in zip(itertools.pairwise(edges), colours, strict=True):
            plane[:, left:right] = colour
    return frame


def shown(planes: Sequence[Plane]) -> Plane:
    """Y, U, V in the middle of each bar."""
    columns = (np.arange(len(BARS)) + 0.5) / len(BARS)
    return np.stack(
        [p[p.shape[0] // 2, (columns * p.shape[1]).astype(int)].astype(int) for p in planes], 1
    )


def assert_true(planes: Sequence[Plane]) -> None:
    assert np.abs(shown(planes) - numbers(BT709)).max() <= LEVELS, shown(planes)


def test_the_two_matrices_are_far_apart() -> None:
    assert np.abs(numbers(BT601) - numbers(BT709)).max() > 5 * LEVELS


@pytest.mark.parametrize("seat", [SIZE, SITE_SIZE, (1280, 720)], ids=["whole", "small", "large"])
@pytest.mark.parametrize(
    ("said", "matrix", "full_range"),
    [(2, BT709, False), (1, BT709, True), (2, BT709, True), (5, BT601, False), (6, BT601, False),
     (6, BT601, True)],
)  # fmt: skip
def test_what_a_stream_says_of_its_colours_is_heeded(
    seat: tuple[int, int], said: int, matrix: tuple[float, float], full_range: bool
) -> None:
    canvas, frame = Canvas(*seat), bars(matrix, full_range=full_range)
    frame.colorspace = said
    if full_range:
        frame.color_range = ColorRange.JPEG
    Seat(Box(0, 0, *seat)).paint(canvas, frame)
    assert_true((canvas.y, canvas.u, canvas.v))


def test_pictures_of_many_kinds_take_turns_in_one_seat() -> None:
    canvas, seat = Canvas(*SITE_SIZE), Seat(Box(0, 0, *SITE_SIZE))
    for width in (*range(320, 640, 40), 320):
        for said, matrix in ((6, BT601), (1, BT709)):
            frame = bars(matrix, (width, width * 9 // 16 // 2 * 2))
            frame.colorspace = said
            seat.paint(canvas, frame)
            assert_true((canvas.y, canvas.u, canvas.v))


def coded(codec: Codec, matrix: tuple[float, float], **options: str) -> tuple[Coded, ...]:
    """Two seconds of bars that stand."""
    context = av.CodecContext.create("libx264" if codec is Codec.H264 else "libvpx", "w")
    context.width, context.height = SIZE
    context.pix_fmt, context.framerate = "yuv420p", Fraction(25)
    context.time_base, context.bit_rate = Fraction(1, 25), 2_000_000
    context.gop_size, context.options = 25, options
    frame, made = bars(matrix), list[Coded]()
    for number in range(50):
        frame.pts = number
        for packet in context.encode(frame):
            made.append(Coded(number / 25, codec, packet.is_keyframe, bytes(packet)))
    return tuple(made)


ZERO_LATENCY = {"preset": "ultrafast", "tune": "zerolatency"}
LIVE = {"deadline": "realtime", "lag-in-frames": "0", "auto-alt-ref": "0", "cpu-used": "8"}


@pytest.mark.parametrize(
    ("codec", "matrix", "options"),
    [
        (Codec.H264, BT709, ZERO_LATENCY),
        (Codec.H264, BT601, {**ZERO_LATENCY, "x264-params": "colormatrix=smpte170m"}),
        (Codec.VP8, BT601, LIVE),
    ],
    ids=["H.264 that says nothing", "H.264 of BT.601", "VP8"],
)
def test_a_site_keeps_its_colours_through_the_program(
    tmp_path: Path, codec: Codec, matrix: tuple[float, float], options: dict[str, str]
) -> None:
    async def test() -> None:
        async with rig(tmp_path) as r:
            r.site("a", coded(codec, matrix, **options))
            r.relay.follow(program=full("a"), **OPEN)

            async def true() -> bool:
                packets = await r.packets(Feed.ROOM, Codec.H264, 60)
                decoder = av.CodecContext.create("h264", "r")
                pictures = [
                    picture
                    for packet in itertools.dropwhile(lambda one: not one.key, packets)
                    for picture in decoder.decode(av.Packet(packet.data))
                ]
                last = pictures[-1]
                assert (last.colorspace, last.color_range) == (1, 1)
                return bool(np.abs(shown(planes_of(last)) - numbers(BT709)).max() <= LEVELS)

            await media.wait_until(true, "the site's colours")

    asyncio.run(test())


TELEVISION = (720, 576)
WIDE = Fraction(64, 45)
"""Of its samples, where it is shown as 16:9 (H.264 table E-1: 16:11 with the edges left out)."""


@pytest.fixture(scope="module")
def anamorphic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PAL as FFmpeg writes it: BT.601 which it does not say, and a face that is round when shown
    as wide as it is meant."""
    folder = tmp_path_factory.mktemp("television")
    width, height = TELEVISION
    frame = bars(BT601, TELEVISION)
    y, u, v = planes_of(frame)
    rows, columns = np.mgrid[:height, :width]
    face = np.hypot((columns - width / 2) * float(WIDE), rows - 430) < 100
    y[face], u[face[::2, ::2]], v[face[::2, ::2]] = 235, 128, 128
    raw, path = folder / "raw.yuv", folder / "film.mp4"
    raw.write_bytes(b"".join(plane.tobytes() for plane in (y, u, v)) * 100)
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-r", "25"),
            *("-s", f"{width}x{height}", "-i", str(raw), "-f", "lavfi", "-i", "sine=duration=4"),
            *("-vf", f"setsar={WIDE.numerator}/{WIDE.denominator}", "-c:v", "libx264"),
            *("-preset", "ultrafast", "-crf", "10", "-bf", "0", "-g", "25", "-shortest", str(path)),
        ],
        check=True,
    )
    return path


def assert_round(luma: Plane) -> None:
    rows, columns = np.nonzero(luma > 225)
    assert np.ptp(rows) > 40
    assert np.ptp(columns) / np.ptp(rows) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("seat", [(1280, 720), (640, 720), SITE_SIZE])
def test_a_film_of_wide_samples_is_as_wide_as_it_is_meant(
    anamorphic: Path, seat: tuple[int, int]
) -> None:
    film = Film(anamorphic)
    piece = next(piece for piece in film.from_(0) if piece.picture is not None)
    assert piece.picture is not None
    canvas = Canvas(*seat)
    canvas.clear()
    place = Seat(Box(0, 0, *seat))
    place.paint(canvas, piece.picture, piece.aspect)
    assert_round(canvas.y)
    assert place.fills(piece.picture, piece.aspect) is (seat != (640, 720))
    if place.fills(piece.picture, piece.aspect):
        assert_true((canvas.y[: seat[1] // 2], canvas.u[: seat[1] // 4], canvas.v[: seat[1] // 4]))
    film.close()


def test_a_camera_of_wide_samples_is_as_wide_as_it_is_meant(anamorphic: Path) -> None:
    """By RTSP, as those hang in halls."""
    port = free_port()

    async def test() -> None:
        sources = Sources(lambda _: None, cameras=[HALL])
        sources.start()
        try:
            with rtsp_camera(anamorphic, port):
                async with watching(f"rtsp://127.0.0.1:{port}/camera") as (studio, _):
                    await media.wait_until(lambda: len(studio.frames) > 40, "the camera")
            for frame in studio.frames[:40]:
                sources.offer(frame)
            source = sources.get(HALL)
            assert source is not None
            picture = await media.wait_until(lambda: source.picture.newest, "a picture")
        finally:
            sources.close()
        canvas = Canvas(1280, 720)
        Seat(Box(0, 0, 1280, 720)).paint(canvas, picture.frame, picture.aspect)
        assert_round(canvas.y)
        assert_true((canvas.y[:360], canvas.u[:180], canvas.v[:180]))

    asyncio.run(test())


@pytest.mark.parametrize(
    ("said", "believed"), [(Fraction(4, 3), 4 / 3), (Fraction(1, 1000), 1.0), (Fraction(0), 1.0)]
)
def test_nobody_believes_samples_that_no_camera_has(said: Fraction, believed: float) -> None:
    context = av.CodecContext.create("h264", "r")
    context.sample_aspect_ratio = said
    assert aspect_of(context) == pytest.approx(believed)
