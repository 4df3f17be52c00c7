"""An SVG text → planes that can be laid over an I420 picture (BT.709, limited range)."""

from dataclasses import dataclass

import numpy as np
import pyvips

Plane = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

# Premultiplied R, G, B, A (0 … 255) → Y, U, V, A. The offsets of limited range (16 and 128) are
# premultiplied too, hence they stand in the column of A. ITU-R BT.709-6, items 3.2-3.5.
_KR, _KG, _KB = 0.2126, 0.7152, 0.0722
_LUMA, _CHROMA = 219 / 255, 224 / 255
_U, _V = _CHROMA / (2 * (1 - _KB)), _CHROMA / (2 * (1 - _KR))
_TO_YUVA = [
    [_LUMA * _KR, _LUMA * _KG, _LUMA * _KB, 16 / 255],
    [-_U * _KR, -_U * _KG, _U * (1 - _KB), 128 / 255],
    [_V * (1 - _KR), -_V * _KG, -_V * _KB, 128 / 255],
    [0, 0, 0, 1],
]


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Drawn:
    """A picture ready to be blended: `under * (255 - alpha) / 255 + plane`, for each plane.

    Planes are uint8, premultiplied, read-only; luma and `alpha` are height × width, chroma and
    `alpha_chroma` half of that both ways. `x`, `y`, `width`, `height` are even pixels.
    """

    x: int
    y: int
    y_plane: Plane
    u_plane: Plane
    v_plane: Plane
    alpha: Plane
    alpha_chroma: Plane

    @property
    def width(self) -> int:
        return int(self.y_plane.shape[1])

    @property
    def height(self) -> int:
        return int(self.y_plane.shape[0])


def draw(svg: bytes, x: int, y: int) -> Drawn | None:
    """Rasterises an SVG of even width and height that lies at (x, y), without its clear margins.

    None if nothing of it is visible. Raises `pyvips.Error`. Lets go of the GIL while it draws.
    """
    drawing = pyvips.Image.svgload_buffer(svg).copy_memory()
    picture = drawing.premultiply().recomb(_TO_YUVA)
    full, half = _array(picture), _array(picture.shrink(2, 2))
    ink = half[..., 3] > 0
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not rows.size:
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    luma = full[2 * top : 2 * bottom, 2 * left : 2 * right]
    chroma = half[top:bottom, left:right]
    return Drawn(
        x + 2 * left,
        y + 2 * top,
        _plane(luma, 0),
        _plane(chroma, 1),
        _plane(chroma, 2),
        _plane(luma, 3),
        _plane(chroma, 3),
    )


def _array(picture: pyvips.Image) -> Plane:
    rounded = picture.rint().cast("uchar")
    data = np.frombuffer(rounded.write_to_memory(), np.uint8)
    return data.reshape(rounded.height, rounded.width, 4)


def _plane(array: Plane, band: int) -> Plane:
    plane = np.ascontiguousarray(array[..., band])
    plane.flags.writeable = False
    return plane
