"""Black, frozen, silent: when it is said, and when it is taken back."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext

from broadcast.studio.canvas import Box, Canvas, Plane, Seat
from broadcast.studio.senses import Senses
from broadcast.studio.stills import SITE_SIZE
from streams.frames import NS_PER_S, SiteId
from tests import media

SITE = SiteId("a")
RNG = np.random.default_rng(1)
ROOM = np.full((144, 256), 90, np.uint8)


def noisy(base: int) -> Plane:
    return (base + RNG.integers(0, 9, ROOM.shape)).astype(np.uint8)


def seen(luma: Callable[[], Plane], seconds: float, step_s: float = 1) -> dict[SiteId, list[str]]:
    senses, now_ns = Senses(), 10**12
    for _ in range(int(seconds / step_s) + 1):
        senses.of(SITE).see(luma(), now_ns)
        now_ns += int(step_s * NS_PER_S)
    return senses.signs(now_ns - int(step_s * NS_PER_S))


@pytest.mark.parametrize(
    ("luma", "seconds", "signs"),
    [
        (lambda: noisy(90), 30, []),
        (lambda: ROOM, 10, []),
        (lambda: ROOM, 11, ["frozen"]),
        (lambda: noisy(16), 2, []),
        (lambda: noisy(16), 3, ["black"]),
        (lambda: ROOM // 5, 30, ["black"]),
        (lambda: noisy(45), 30, []),
    ],
)
def test_what_is_said_of_pictures(
    luma: Callable[[], Plane], seconds: float, signs: list[str]
) -> None:
    assert seen(luma, seconds).get(SITE, []) == signs


BROWSERS = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
CAMERAS = {"preset": "veryfast", "bf": "0", "g": "20"}


def coded_stills(
    codec: str, size: tuple[int, int], bit_rate: int, options: dict[str, str], noise: float
) -> Iterator[Plane]:
    """One a second, 28 of them, of a hall in which nothing moves but a camera's noise."""
    width, height = size
    rng, fps = np.random.default_rng(3), 10
    hall = rng.integers(60, 200, (9, 16)).repeat(height // 9, 0).repeat(width // 16, 1)
    encoder = av.CodecContext.create(codec, "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, fps), Fraction(fps)
    encoder.bit_rate, encoder.options = bit_rate, options
    decoder = av.CodecContext.create("h264" if codec == "libx264" else "vp8", "r")
    seat, canvas = Seat(Box(0, 0, *SITE_SIZE)), Canvas(*SITE_SIZE)
    packets = []
    for number in range(28 * fps):
        planes = np.full((height * 3 // 2, width), 128, np.uint8)
        planes[:height] = hall + rng.normal(0, noise, hall.shape)
        packets += encoder.encode(media.frame_of(planes, number, Fraction(1, fps)))
    packets += encoder.encode(None)
    pictures = (one for packet in packets for one in decoder.decode(av.Packet(bytes(packet))))
    for picture in islice(pictures, 0, None, fps):
        seat.paint(canvas, picture)
        yield canvas.y.copy()


@pytest.mark.parametrize(
    ("codec", "size", "bit_rate", "options"),
    [
        ("libvpx", (320, 180), 120_000, BROWSERS),
        ("libx264", (1280, 720), 2_500_000, CAMERAS),
    ],
)
@pytest.mark.parametrize(("noise", "frozen"), [(0, True), (3, False)])
def test_an_encoder_hides_neither_a_frozen_picture_nor_a_cameras_noise(
    codec: str,
    size: tuple[int, int],
    bit_rate: int,
    options: dict[str, str],
    noise: float,
    *,
    frozen: bool,
) -> None:
    """A browser's tile, and a camera that sends a keyframe every two seconds."""
    senses, said = Senses(), set[str]()
    for second, still in enumerate(coded_stills(codec, size, bit_rate, options, noise), 1000):
        senses.of(SITE).see(still, second * NS_PER_S)
        said.update(senses.signs(second * NS_PER_S).get(SITE, []))
    assert said == ({"frozen"} if frozen else set())


def test_a_black_bar_is_not_a_black_picture() -> None:
    upright = ROOM.copy()
    upright[:, :80] = upright[:, -80:] = 16
    assert "black" not in seen(lambda: upright, 30)[SITE]


def test_it_is_taken_back_at_the_first_picture_that_moves() -> None:
    senses, now_ns = Senses(), 10**12
    for _ in range(20):
        now_ns += NS_PER_S
        senses.of(SITE).see(ROOM, now_ns)
    assert senses.signs(now_ns) == {SITE: ["frozen"]}
    senses.of(SITE).see(noisy(90), now_ns + NS_PER_S)
    assert senses.signs(now_ns + NS_PER_S) == {}


def test_nothing_is_said_of_a_site_that_sends_no_more() -> None:
    senses, now_ns = Senses(), 10**12
    for _ in range(20):
        now_ns += NS_PER_S
        senses.of(SITE).see(ROOM, now_ns)
    assert senses.signs(now_ns + 4 * NS_PER_S) == {}
    senses.of(SITE).see(ROOM, now_ns + 60 * NS_PER_S)
    assert senses.signs(now_ns + 60 * NS_PER_S) == {}, "what was between nobody knows"


@pytest.mark.parametrize(("level", "signs"), [(-96.0, ["silent"]), (-70.0, [])])
def test_what_is_said_of_sound(level: float, signs: list[str]) -> None:
    senses, now_ns = Senses(), 10**12
    for _ in range(205):
        senses.of(SITE).hear(level, now_ns)
        now_ns += NS_PER_S // 10
    assert senses.signs(now_ns).get(SITE, []) == signs
