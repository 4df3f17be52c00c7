"""A PDF's pages as pictures. PDFium draws; it is for one thread at a time."""

from pathlib import Path

import pypdfium2
from PIL import Image

BrokenError = pypdfium2.PdfiumError
"""What all of this raises for a file that cannot be read."""


class Paper:
    """One file, open until `close`."""

    def __init__(self, path: Path) -> None:
        self._pdf = pypdfium2.PdfDocument(path)
        self.pages = len(self._pdf)

    def close(self) -> None:
        self._pdf.close()

    def picture(self, number: int, box: tuple[int, int]) -> Image.Image:
        """A page, from 1 on, as large as the box allows; the last for one that is beyond."""
        page = self._pdf[min(number, self.pages) - 1]
        try:
            width, height = page.get_size()
            scale = min(box[0] / max(1, width), box[1] / max(1, height))
            image: Image.Image = page.render(scale=scale).to_pil()
            return image.convert("RGB")
        finally:
            page.close()
