"""Slides, as the media player opens them: a picture, or the pages of a PDF. For the player's thread
alone.
"""

from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from PIL import Image, ImageOps

from broadcast.studio.paper import BrokenError, Paper
from broadcast.studio.reels import UnplayableError

MAX_IMAGE_PIXELS = 100_000_000
"""A photograph has up to 50 million; more is a trap."""
PAPER = (255, 255, 255)


class Slides:
    """A picture, or the pages of a PDF, no larger than the program. Raises `UnplayableError`."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        self._path, self._size = path, size
        self._paper: Paper | None = None
        self.pages = 1
        if not path.is_file():
            raise UnplayableError("missing")
        if path.suffix.lower() == ".pdf":
            try:
                self._paper = Paper(path)
                self.pages = self._paper.pages
            except BrokenError as error:
                raise UnplayableError("unreadable") from error

    def close(self) -> None:
        if self._paper is not None:
            self._paper.close()

    def page(self, number: int) -> av.VideoFrame:
        """From 1 on; the last for one that is beyond. Raises `UnplayableError`."""
        try:
            if self._paper is not None:
                return frame_of(self._paper.picture(number, self._size))
            return frame_of(self._image())
        except Image.DecompressionBombError as error:
            raise UnplayableError("too_large") from error
        except (BrokenError, OSError, ValueError, SyntaxError) as error:
            raise UnplayableError("unreadable") from error

    def _image(self) -> Image.Image:
        with Image.open(self._path, formats=("PNG", "JPEG")) as opened:
            if opened.width * opened.height > MAX_IMAGE_PIXELS:
                raise UnplayableError("too_large")
            opened.draft("RGB", self._size)
            image = ImageOps.exif_transpose(opened)
            if image.mode == "I;16":  # a scan, which `convert` would cut off at white
                image = image.point(lambda grey: grey * (1 / 256)).convert("L")
            image.thumbnail(self._size)
            if "A" not in image.getbands() and "transparency" not in image.info:
                return image.convert("RGB")
            clear = image.convert("RGBA")
            paper = Image.new("RGBA", clear.size, (*PAPER, 255))
            return Image.alpha_composite(paper, clear).convert("RGB")


def frame_of(image: Image.Image) -> av.VideoFrame:
    """As the program has its pictures: I420, BT.709, limited range, even sides."""
    width, height = max(2, image.width // 2 * 2), max(2, image.height // 2 * 2)
    rgb = np.ascontiguousarray(np.asarray(image.resize((width, height))))
    frame = av.VideoFrame.from_ndarray(rgb, "rgb24")
    return VideoReformatter().reformat(
        frame,
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        threads=1,
    )
