"""The picture of a drawn meeting room: a speaker at a desk, the site's name, a clock that runs.

Everything that does not move is drawn once, at 1280×720; a frame is a copy of one of eight such
pictures (where the head is, whether the mouth is open) with the clock's digits laid over it. That
keeps a site at a few milliseconds a second, so that the demo measures the server and not itself.
"""

from dataclasses import dataclass
from functools import lru_cache

import av
import fontpkg_be_vietnam_pro
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Planar = NDArray[np.uint8]
"""I420: height * 3/2 × width."""

WIDTH, HEIGHT = 1280, 720
POSES = 4
"""Where the head is, in turn; times two for the mouth."""
_SWAY = ((0, 0), (3, 1), (5, 0), (2, -1))
_CLOCK_AT = (56, 262)
_CLOCK_HEIGHT = 46
_CLOCK_ADVANCE = 25
_PANEL = (20, 30, 44)


@dataclass(frozen=True, slots=True)
class Look:
    """What tells one site's room from another's."""

    name: str
    place: str
    wall: tuple[int, int, int]
    curtain: tuple[int, int, int]
    suit: tuple[int, int, int]
    hair: tuple[int, int, int] = (32, 26, 24)
    skin: tuple[int, int, int] = (226, 182, 150)
    long_hair: bool = False


@lru_cache(maxsize=32)
def _font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    file = fontpkg_be_vietnam_pro.ROOT / "files" / f"BeVietnamPro-{weight}.ttf"
    return ImageFont.truetype(str(file), size)


def _draw(look: Look, pose: int, *, mouth_open: bool) -> Image.Image:
    """One of the eight pictures."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), look.wall)
    pen = ImageDraw.Draw(picture)
    _draw_wall(pen, look)
    _draw_speaker(picture, look, _SWAY[pose], mouth_open=mouth_open)
    _draw_desk(pen, look)
    return picture


def _draw_wall(pen: ImageDraw.ImageDraw, look: Look) -> None:
    for y in range(470):
        shade = 1.04 - 0.22 * y / 470
        pen.line((0, y, WIDTH, y), tuple(min(255, int(c * shade)) for c in look.wall))
    for fold in range(9):
        x = WIDTH - 330 + fold * 37
        tone = tuple(int(c * (0.86 + 0.14 * (fold % 2))) for c in look.curtain)
        pen.rectangle((x, 0, x + 37, 520), tone)
    pen.rectangle((0, 0, WIDTH, 22), tuple(int(c * 0.7) for c in look.curtain))
    pen.rounded_rectangle((40, 246, 476, 324), 10, _PANEL)
    banner = (330, 148, 950, 216)
    pen.rectangle(banner, (168, 28, 30))
    pen.rectangle((banner[0], banner[3] - 5, banner[2], banner[3]), (232, 190, 70))
    text = look.name.upper()
    size = 36
    while _font("Bold", size).getlength(text) > banner[2] - banner[0] - 40:
        size -= 1
    pen.text((640, 180), text, (255, 238, 180), _font("Bold", size), anchor="mm")
    _draw_flag(pen, 1092, 150)


def _draw_flag(pen: ImageDraw.ImageDraw, x: int, y: int) -> None:
    pen.rectangle((x - 66, y - 44, x + 66, y + 44), (205, 30, 35))
    angles = np.arange(10) * np.pi / 5 - np.pi / 2
    radii = np.where(np.arange(10) % 2, 11, 28)
    points = [(x + r * np.cos(a), y + r * np.sin(a)) for a, r in zip(angles, radii, strict=True)]
    pen.polygon(points, (250, 215, 50))


def _draw_speaker(
    picture: Image.Image, look: Look, sway: tuple[int, int], *, mouth_open: bool
) -> None:
    """Head and shoulders: drawn twice as large for smooth edges, then laid over the wall."""
    figure = Image.new("RGBA", (840, 840), (0, 0, 0, 0))
    pen = ImageDraw.Draw(figure)
    if look.long_hair:
        pen.rounded_rectangle((290, 150, 550, 480), 110, look.hair)
    pen.rounded_rectangle((90, 470, 750, 1000), 170, look.suit)
    pen.polygon([(340, 470), (500, 470), (420, 680)], (240, 242, 246))
    pen.polygon([(404, 500), (436, 500), (446, 690), (420, 730), (394, 690)], (150, 30, 40))
    pen.rectangle((372, 410, 468, 500), tuple(int(c * 0.9) for c in look.skin))
    head = (312, 170, 528, 450)
    pen.ellipse(head, look.skin)
    pen.chord((304, 150, 536, 390), 180, 360, look.hair)
    pen.rectangle((304, 262, 330, 320), look.hair)
    pen.rectangle((510, 262, 536, 320), look.hair)
    for x in (372, 468):
        pen.ellipse((x - 13, 306, x + 13, 322), (250, 250, 250))
        pen.ellipse((x - 7, 306, x + 7, 322), (30, 24, 20))
        pen.line((x - 20, 290, x + 20, 288), look.hair, 6)
    pen.line((420, 320, 412, 362, 426, 364), tuple(int(c * 0.78) for c in look.skin), 5)
    if mouth_open:
        pen.ellipse((392, 384, 448, 418), (110, 36, 40))
        pen.rectangle((402, 386, 438, 394), (245, 240, 236))
    else:
        pen.line((394, 398, 446, 398), (150, 70, 70), 6)
    small = figure.resize((420, 420), Image.Resampling.LANCZOS)
    picture.paste(small, (430 + sway[0], 222 + sway[1]), small)


def _draw_desk(pen: ImageDraw.ImageDraw, look: Look) -> None:
    pen.rectangle((0, 560, WIDTH, HEIGHT), (96, 58, 34))
    pen.rectangle((0, 560, WIDTH, 572), (134, 86, 52))
    pen.rectangle((0, 640, WIDTH, 644), (80, 48, 28))
    pen.rounded_rectangle((470, 590, 810, 650), 6, (246, 244, 236))
    pen.text((640, 620), look.place, (40, 40, 44), _font("SemiBold", 30), anchor="mm")
    pen.line((880, 574, 862, 500, 800, 452), (40, 42, 46), 7)
    pen.ellipse((776, 436, 812, 470), (28, 30, 34))
    for x, height in ((200, 60), (1010, 44)):
        pen.rectangle((x, 560 - height, x + 26, 560), (196, 214, 226))
        pen.rectangle((x + 5, 552 - height, x + 21, 560 - height), (60, 110, 170))


@dataclass(frozen=True, slots=True)
class _Sprites:
    """A clock's characters at one size of picture, as luma: the panel under them is grey enough."""

    top: int
    left: int
    advance: int
    glyphs: dict[str, Planar]


def _sprites(height: int) -> _Sprites:
    scale = height / HEIGHT
    tall = max(8, round(_CLOCK_HEIGHT * scale))
    font = _font("SemiBold", max(6, int(tall * 0.72)))
    advance = max(4, int(_CLOCK_ADVANCE * scale))
    glyphs = {}
    for character in "0123456789: #":
        patch = Image.new("L", (advance, tall), 42)
        ImageDraw.Draw(patch).text((advance / 2, tall / 2), character, 230, font, anchor="mm")
        glyphs[character] = np.asarray(patch, np.uint8)
    return _Sprites(round(_CLOCK_AT[1] * scale), round(_CLOCK_AT[0] * scale), advance, glyphs)


class Room:
    """Gives the picture of any moment, at any size."""

    def __init__(self, look: Look) -> None:
        drawn = [
            _draw(look, pose, mouth_open=mouth) for pose in range(POSES) for mouth in (False, True)
        ]
        self._masters = [
            av.VideoFrame.from_ndarray(np.asarray(picture), "rgb24") for picture in drawn
        ]
        self._size = (0, 0)
        self._pictures: list[Planar] = []
        self._sprites = _sprites(HEIGHT)

    def frame(
        self, width: int, height: int, clock: str, number: int, *, mouth_open: bool
    ) -> av.VideoFrame:
        """`clock` as it is shown, such as 14:03:27; `number` is the frame's."""
        if self._size != (width, height):
            self._resize(width, height)
        pose = number // 11 % POSES
        planar = self._pictures[pose * 2 + mouth_open].copy()
        self._write(planar, f"{clock} #{number % 1_000_000:06d}")
        frame = av.VideoFrame.from_ndarray(planar, "yuv420p")
        frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
        return frame

    def _resize(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._sprites = _sprites(height)
        self._pictures = [_scaled(master, width, height) for master in self._masters]

    def _write(self, planar: Planar, text: str) -> None:
        sprites = self._sprites
        for place, character in enumerate(text):
            glyph = sprites.glyphs[character]
            x = sprites.left + place * sprites.advance
            planar[sprites.top : sprites.top + glyph.shape[0], x : x + glyph.shape[1]] = glyph


def _scaled(master: av.VideoFrame, width: int, height: int) -> Planar:
    frame = master.reformat(
        width,
        height,
        "yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        threads=1,
    )
    return np.asarray(frame.to_ndarray(), np.uint8)
