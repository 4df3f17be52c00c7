"""On air, next, and neither: told apart by who sees red and green alike, and by who sees no colour.

Colours as written in the style sheets are turned into what a dichromat sees (Machado, Oliveira,
Fernandes 2009, severity 1.0, in linear RGB) and compared in CIE L*a*b*: 2.3 is a just noticeable
difference, so 18 cannot be missed on a neighbouring tile. What colour cannot tell, words and
shapes must.
"""

import json
import re
from pathlib import Path

import numpy as np
import pytest

WEB = Path(__file__).parents[3] / "web"
NORMAL = np.eye(3)
VISIONS = {
    "normal": NORMAL,
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
    "none at all": np.array([[0.2126, 0.7152, 0.0722]] * 3),
}
XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
) / np.array([[0.9505], [1.0], [1.089]])
TOLD_APART = 18.0
Light = np.ndarray


def css(name: str) -> str:
    return (WEB / "static" / f"{name}.css").read_text("utf-8")


def themes() -> dict[str, dict[str, str]]:
    """Each theme's colours by name."""
    text = css("base")
    blocks = {
        "light": text.partition(":root {")[2].partition("}")[0],
        "dark": text.partition(':root[data-theme="dark"] {')[2].partition("}")[0],
    }
    return {
        theme: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for theme, block in blocks.items()
    }


def rule(sheet: str, selector: str) -> dict[str, str]:
    """What a rule of that selector alone says."""
    block = re.search(rf"^{re.escape(selector)} {{([^}}]*)}}", css(sheet), re.MULTILINE)
    assert block is not None, selector
    pairs = (one.partition(":") for one in block[1].split(";") if ":" in one)
    return {name.strip(): value.strip() for name, _, value in pairs}


def seen(colour: str, vision: str) -> Light:
    """Linear RGB of `#rrggbb`."""
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return np.clip(VISIONS[vision] @ linear, 0, 1)


def lab(light: Light) -> Light:
    xyz = XYZ @ light
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one: str, other: str, vision: str) -> float:
    return float(np.linalg.norm(lab(seen(one, vision)) - lab(seen(other, vision))))


def contrast(one: str, other: str, vision: str = "normal") -> float:
    """WCAG 2.2, as that eye sees the two."""
    shares = VISIONS["none at all"][0]
    light, dark = sorted((float(shares @ seen(c, vision)) for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("vision", [one for one in VISIONS if one != "none at all"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_air_next_and_neither_are_told_apart(theme: str, vision: str) -> None:
    colours = themes()[theme]
    program, preview, neither = (colours[name] for name in ("program", "preview", "line"))
    assert difference(program, preview, vision) > TOLD_APART
    assert difference(program, neither, vision) > TOLD_APART
    assert difference(preview, neither, vision) > TOLD_APART
    for colour in (program, preview):
        assert contrast(colour, colours["bg"], vision) >= 3, "WCAG 1.4.11"


@pytest.mark.parametrize("vision", VISIONS)
def test_the_words_on_the_marks_are_read_by_every_eye(vision: str) -> None:
    tile = rule("operator", ".tile .tally"), rule("operator", '.tile[data-tally="program"] .tally')
    district = (
        rule("join", '.room[data-standing="next"] .standing'),
        rule("join", '.room[data-standing="on-air"] .standing'),
    )
    for mark in (*tile, *district):
        text = (
            mark["color"].replace("#fff", "#ffffff") if len(mark["color"]) == 4 else mark["color"]
        )
        assert contrast(text, mark["background"], vision) >= 4.5
    assert difference(tile[0]["background"], tile[1]["background"], vision) > TOLD_APART


def test_what_no_colour_tells_a_shape_does() -> None:
    assert rule("operator", '.tile[data-tally="preview"]')["border-style"] == "dashed"
    assert "border-style" not in rule("operator", '.tile[data-tally="program"]')
    assert "dashed" in rule("join", '.room[data-standing="next"] .standing')["border"]
    assert "dashed" not in str(rule("join", '.room[data-standing="on-air"] .standing'))


@pytest.mark.parametrize("language", ["vi", "en"])
def test_and_a_word(language: str) -> None:
    texts = json.loads((WEB / "texts" / language / "operator.json").read_text("utf-8"))
    words = {texts[f"operator.tally_{one}"] for one in ("program", "preview")}
    assert len(words) == 2
    assert all(words)
    for part in ("sites", "player"):
        script = (WEB / "static" / "parts" / "operator" / f"{part}.js").read_text("utf-8")
        assert 'class="tally">${t(`operator.tally_${' in script
