"""The pictures by which a theme is judged."""

from pathlib import Path

import numpy as np
from PIL import Image

from broadcast.overlay.contents import NAMES
from broadcast.overlay.preview import SHEETS, main


def test_every_sheet_is_written(tmp_path: Path) -> None:
    main([str(tmp_path), "--size", "320x180"])
    assert {path.stem for path in tmp_path.iterdir()} == set(SHEETS)
    for path in tmp_path.iterdir():
        with Image.open(path) as picture:
            assert picture.size == (320, 180)
            assert np.asarray(picture).std() > 10


def test_every_overlay_is_on_some_sheet() -> None:
    assert {overlay.name for layers in SHEETS.values() for overlay, _ in layers} == set(NAMES)
