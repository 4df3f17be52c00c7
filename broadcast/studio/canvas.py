"""The program picture: one I420 frame in memory, and how pictures and drawings are laid into it.

Everything is even-aligned, so that luma and the halved chroma always agree.
"""

from dataclasses import dataclass

import av
import av.error
import numpy as np
from av.video.reformatter import ColorRange, VideoReformatter

from broadcast.layout import Layout, Rect
from broadcast.overlay.planes import Drawn
from broadcast.program import Scene
from broadcast.studio.colours import FULL, Converter, matrix_for

Plane = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

Weight = np.uint16 | np.ndarray[tuple[int, ...], np.dtype[np.uint16]]

BACKGROUND = (24, 132, 126)
"""Y, U, V of the dark blue-grey behind the seats."""

GAP = 1 / 320
"""Half the space between two cells of a grid, as a fraction of the picture's width."""

WIPE_EDGE = 0.05
"""How soft a wipe's edge is, as a fraction of the picture's width."""

CROP_LIMIT = 1.12
"""Shapes that differ by less fill their seat with a little cut off; others keep dark bars."""


class UnscalableError(Exception):
    """A picture whose samples nothing here can read."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the picture in pixels; all four even."""

    x: int
    y: int
    width: int
    height: int

    def of(self, width: int, height: int) -> Rect:
        """The same as fractions of a picture of that size."""
        return Rect(self.x / width, self.y / height, self.width / width, self.height / height)

    def meets(self, other: "Box") -> bool:
        """Whether they have a pixel in common."""
        across = self.x < other.x + other.width and other.x < self.x + self.width
        return across and self.y < other.y + other.height and other.y < self.y + self.height


def _even(value: float) -> int:
    return 2 * round(value / 2)


def boxes_of(scene: Scene, width: int, height: int) -> tuple[Box, ...]:
    """Where the seats lie in a picture of this size; cells of a grid keep a gap."""
    gap = GAP * width if scene.layout in (Layout.GRID_4, Layout.GRID_9) else 0
    return tuple(box_of(seat, width, height, gap) for seat in scene.seats)


def box_of(seat: Rect, width: int, height: int, gap: float = 0) -> Box:
    """In a picture of that size, with `gap` pixels left free at each side."""
    x, y = _even(seat.x * width + gap), _even(seat.y * height + gap)
    right = _even((seat.x + seat.width) * width - gap)
    bottom = _even((seat.y + seat.height) * height - gap)
    return Box(x, y, right - x, bottom - y)


@dataclass(frozen=True, slots=True)
class Fit:
    """A picture is scaled to `width` × `height`; of that, `crop` is laid at (x, y)."""

    width: int
    height: int
    crop: Box
    x: int
    y: int


def fit(width: float, height: int, box: Box, sides: float = CROP_LIMIT) -> Fit:
    """Keeps the shape of the picture: nearly equal shapes fill the box, others get dark bars.
    `width`: in samples that are square. `sides`: the limit for one that is wider than the box."""
    across, down = box.width / width, box.height / height
    limit = sides if down > across else CROP_LIMIT
    cover = max(across, down) / min(across, down) < limit
    scale = max(across, down) if cover else min(across, down)
    w, h = max(2, _even(width * scale)), max(2, _even(height * scale))
    crop_w, crop_h = min(w, box.width), min(h, box.height)
    crop = Box((w - crop_w) // 4 * 2, (h - crop_h) // 4 * 2, crop_w, crop_h)
    x = box.x + (box.width - crop_w) // 4 * 2
    y = box.y + (box.height - crop_h) // 4 * 2
    return Fit(w, h, crop, x, y)


def area_of(drawing: Drawn) -> Box:
    return Box(drawing.x, drawing.y, drawing.width, drawing.height)


def planes_of(frame: av.VideoFrame) -> tuple[Plane, Plane, Plane]:
    """Views of a yuv420p frame's planes, without the padding; valid as long as the frame."""
    y, u, v = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[
            : plane.height, : plane.width
        ]
        for plane in frame.planes
    )
    return y, u, v


class Canvas:
    """Owned by one thread at a time. The planes are views of the frame's own memory."""

    def __init__(self, width: int, height: int) -> None:
        self.frame = av.VideoFrame(width, height, "yuv420p")
        self.frame.color_range = ColorRange.MPEG
        self.y, self.u, self.v = planes_of(self.frame)
        self._scratch = np.empty(width * height, np.uint16)

    def clear(self) -> None:
        self.y[:], self.u[:], self.v[:] = BACKGROUND

    def lay(self, parts: tuple[Plane, ...], x: int, y: int, weight: int = 256) -> None:
        """Copies the planes of a picture, or of a part of one, to that even place; of less than
        256 parts, what was there shows through."""
        for target, part, step in zip((self.y, self.u, self.v), parts, (1, 2, 2), strict=True):
            height, width = part.shape
            top, left = y // step, x // step
            under = target[top : top + height, left : left + width]
            if weight == 256:
                under[:] = part
            else:
                self._weigh(under, part, np.uint16(256 - weight))

    def dissolve(self, under: "Canvas", weight: int) -> None:
        """Mixes, in place: `weight` of 256 parts of what is here, the rest of `under`."""
        for over, other in self._pairs(under):
            self._weigh(over, other, np.uint16(weight))

    def wipe(self, under: "Canvas", share: float) -> None:
        """Shows of itself the `share` from the left, and `under` beyond a soft edge."""
        soft = WIPE_EDGE * self.frame.width
        for over, other in self._pairs(under):
            scale = over.shape[1] / self.frame.width
            edge, width = share * (self.frame.width + soft) * scale, soft * scale
            from_x, to_x = (min(over.shape[1], max(0, int(x))) for x in (edge - width, edge))
            over[:, to_x:] = other[:, to_x:]
            if from_x < to_x:
                weights = (edge - np.arange(from_x, to_x)) * (256 / width)
                band = weights.clip(0, 256).astype(np.uint16)
                self._weigh(over[:, from_x:to_x], other[:, from_x:to_x], band)

    def _pairs(self, under: "Canvas") -> tuple[tuple[Plane, Plane], ...]:
        return (self.y, under.y), (self.u, under.u), (self.v, under.v)

    def _weigh(self, over: Plane, under: Plane, weight: Weight) -> None:
        height, width = over.shape
        scratch = self._scratch[: height * width].reshape(height, width)
        np.multiply(over, weight, out=scratch, dtype=np.uint16)
        np.add(scratch, under * (np.uint16(256) - weight), out=scratch)
        np.add(scratch, 128, out=scratch)
        np.right_shift(scratch, 8, out=over, casting="unsafe")

    def blend(self, drawing: Drawn) -> None:
        """Lays a premultiplied drawing over what is there, in place."""
        x, y = drawing.x, drawing.y
        self._mix(self.y, drawing.y_plane, drawing.alpha, x, y)
        self._mix(self.u, drawing.u_plane, drawing.alpha_chroma, x // 2, y // 2)
        self._mix(self.v, drawing.v_plane, drawing.alpha_chroma, x // 2, y // 2)

    def _mix(self, target: Plane, colour: Plane, alpha: Plane, x: int, y: int) -> None:
        height, width = colour.shape
        under = target[y : y + height, x : x + width]
        scratch = self._scratch[: height * width].reshape(height, width)
        # under * (256 - alpha) / 256: all of it where nothing is drawn, none under what is opaque.
        np.subtract(256, alpha, out=scratch, dtype=np.uint16)
        np.multiply(scratch, under, out=scratch, dtype=np.uint16)
        np.right_shift(scratch, 8, out=scratch)
        np.add(scratch, colour, out=under, casting="unsafe")


def _cut(planes: tuple[Plane, Plane, Plane], crop: Box) -> tuple[Plane, ...]:
    """Views of a part of a picture."""
    x, y, right, bottom = crop.x, crop.y, crop.x + crop.width, crop.y + crop.height
    luma, *chroma = planes
    half = slice(y // 2, bottom // 2), slice(x // 2, right // 2)
    return luma[y:bottom, x:right], *(plane[half] for plane in chroma)


class Seat:
    """Scales one site's pictures into one box; keeps the last result for sites with few frames.
    `sides`: how much wider than the box a picture may be to lose its sides (`fit`)."""

    def __init__(self, box: Box, sides: float = CROP_LIMIT) -> None:
        self.box, self._sides = box, sides
        self._reformatter, self._converter = VideoReformatter(), Converter()
        self._source: av.VideoFrame | None = None
        self._parts: tuple[Plane, ...] = ()
        """What is to be seen of `_source`, at its size here."""
        self._shape = (0, 0, 0.0)
        self._fit = Fit(0, 0, Box(0, 0, 0, 0), 0, 0)
        """Of pictures of that shape."""

    def _fit_of(self, picture: av.VideoFrame, aspect: float) -> Fit:
        shape = picture.width, picture.height, aspect
        if shape != self._shape:
            self._shape = shape
            self._fit = fit(picture.width * aspect, picture.height, self.box, self._sides)
        return self._fit

    def fills(self, picture: av.VideoFrame, aspect: float = 1.0) -> bool:
        """Leaves no dark bars. `aspect`: width by height of its samples."""
        crop = self._fit_of(picture, aspect).crop
        return (crop.width, crop.height) == (self.box.width, self.box.height)

    def paint(
        self, canvas: Canvas, picture: av.VideoFrame, aspect: float = 1.0, weight: int = 256
    ) -> None:
        """With less than 256 parts of it, the rest of what is there. Raises `UnscalableError`."""
        place = self._fit_of(picture, aspect)
        if picture is not self._source:
            self._source = None  # should the scaling fail
            try:
                scaled = self._converter.convert(self._scale(picture, place))
            except (av.error.FFmpegError, ValueError) as error:
                raise UnscalableError(str(error)) from error
            self._parts = _cut(planes_of(scaled), place.crop)
            self._source = picture
        canvas.lay(self._parts, place.x, place.y, weight)

    def _scale(self, picture: av.VideoFrame, place: Fit) -> av.VideoFrame:
        """At its size, as I420; its numbers mean what they did."""
        name = picture.format.name
        planar = name == "yuv420p" or (name == "yuvj420p" and picture.color_range == FULL)
        if planar and (place.width, place.height) == (picture.width, picture.height):
            return picture
        smaller = place.width < picture.width
        return self._reformatter.reformat(
            picture,
            place.width,
            place.height,
            None if planar else "yuv420p",
            dst_colorspace=matrix_for(picture),
            # Half the time of bilinear for a still, and truer (`bench/quality.py`).
            interpolation="AREA" if smaller else "BILINEAR",
            dst_color_range=None if planar else ColorRange.MPEG,
            threads=1,
        )
