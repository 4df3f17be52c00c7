"""The pictures by which a theme is judged."""

from pathlib import Path

import numpy as np
import pytest
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


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (
            "clock.svg",
            "{% nonsense %}",
            "fault clock.svg: line 1: Encountered unknown tag 'nonsense'.",
        ),
        ("theme.toml", "[colors]\n", "there is no section [colors]"),
    ],
)
def test_what_is_wrong_with_a_theme_is_said_first_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, text: str, said: str
) -> None:
    theme = tmp_path / "theme"
    theme.mkdir()
    (theme / file).write_text(text)
    main([str(tmp_path / "out"), "--size", "320x180", "--theme", str(theme)])
    first, *others = capsys.readouterr().out.splitlines()
    assert first.startswith("fault ")
    assert said in first
    assert file in first
    assert set(others) == set(SHEETS)


def test_every_overlay_is_on_some_sheet() -> None:
    assert {overlay.name for layers in SHEETS.values() for overlay, _ in layers} == set(NAMES)
