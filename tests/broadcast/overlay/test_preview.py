"""The pictures by which a theme is judged."""

from pathlib import Path

import numpy as np
from PIL import Image

from broadcast.overlay.contents import NAMES
from broadcast.overlay.preview import SHEETS, main


def test_every_sheet_is_written(tmp_path: Path) -> None:
    main([str(tmp_path), "--size", "320x180"])
    pictures = list(tmp_path.glob("*.png"))
    assert {path.stem for path in pictures} == set(SHEETS)
    page = (tmp_path / "index.html").read_text("utf-8")
    assert all(f'src="{path.name}"' in page for path in pictures)
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.size == (320, 180)
            assert np.asarray(picture).std() > 10


def test_every_overlay_is_on_some_sheet() -> None:
    assert {overlay.name for layers in SHEETS.values() for overlay, _ in layers} == set(NAMES)
