"""An office's own look: templates, colours and words, replaced one by one."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from broadcast.overlay.render import Drawn, Renderer
from broadcast.overlay.theme import ThemeError, environment
from broadcast.program import Overlay
from tests.broadcast.overlay.samples import NOW_MS, usual

SQUARE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="{x} {x} {size} {size}">
<rect x="{x}" y="{x}" width="{size}" height="{size}" fill="{fill}" fill-opacity="{opacity}"/>
</svg>"""


def square(fill: str, opacity: float = 1, x: int = 100, size: int = 40) -> str:
    return SQUARE.format(x=x, size=size, fill=fill, opacity=opacity)


def drawn_with(theme: Path, overlay: Overlay) -> Drawn:
    drawn = Renderer(1280, 720, theme).render(overlay, NOW_MS)
    assert drawn is not None
    return drawn


@pytest.mark.parametrize(
    ("fill", "yuv"),
    [
        ("#000000", (16, 128, 128)),
        ("#ffffff", (235, 128, 128)),
        ("#ff0000", (63, 102, 240)),
        ("#00ff00", (173, 42, 26)),
        ("#0000ff", (32, 240, 118)),
    ],
)
def test_colours_are_bt709_limited_range(tmp_path: Path, fill: str, yuv: tuple[int, ...]) -> None:
    (tmp_path / "live.svg").write_text(square(fill))
    drawn = drawn_with(tmp_path, Overlay("live"))
    assert (drawn.x, drawn.y, drawn.width, drawn.height) == (100, 100, 40, 40)
    assert (drawn.alpha == 255).all()
    for plane, value in zip((drawn.y_plane, drawn.u_plane, drawn.v_plane), yuv, strict=True):
        assert (plane == value).all()


def test_half_of_it_is_half_of_everything(tmp_path: Path) -> None:
    (tmp_path / "live.svg").write_text(square("#ffffff", 0.5))
    drawn = drawn_with(tmp_path, Overlay("live"))
    assert np.abs(drawn.alpha.astype(int) - 128).max() <= 1
    assert np.abs(drawn.y_plane.astype(int) - 235 / 2).max() <= 1
    assert np.abs(drawn.u_plane.astype(int) - 64).max() <= 1


def test_clear_margins_are_trimmed_and_the_rest_stays_put(tmp_path: Path) -> None:
    wide = square("#fff").replace('viewBox="100 100 40 40"', 'viewBox="0 0 1280 720"')
    (tmp_path / "live.svg").write_text(wide)
    drawn = drawn_with(tmp_path, Overlay("live"))
    assert (drawn.x, drawn.y, drawn.width, drawn.height) == (100, 100, 40, 40)


def test_what_lies_outside_of_the_picture_is_not_drawn(tmp_path: Path) -> None:
    (tmp_path / "live.svg").write_text(square("#fff", x=-20, size=5000))
    drawn = drawn_with(tmp_path, Overlay("live"))
    assert (drawn.x, drawn.y, drawn.width, drawn.height) == (0, 0, 1280, 720)
    (tmp_path / "live.svg").write_text(square("#fff", x=5000))
    assert Renderer(1280, 720, tmp_path).render(Overlay("live"), NOW_MS) is None


def test_a_theme_replaces_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "live.svg").write_text(square("#fff"))
    plain, themed = Renderer(1280, 720), Renderer(1280, 720, tmp_path)
    for name, same in (("live", False), ("logo", True), ("lower_third", True)):
        ours, theirs = plain.render(usual(name), NOW_MS), themed.render(usual(name), NOW_MS)
        assert ours is not None
        assert theirs is not None
        assert (ours.y_plane.shape == theirs.y_plane.shape) is same


def test_colours_and_words_alone_are_a_theme(tmp_path: Path) -> None:
    (tmp_path / "theme.toml").write_text(
        '[colours]\nalarm_light = "#00ff00"\n[words]\nlive = "PHÁT LẠI, KHÔNG TRỰC TIẾP"\n'
    )
    svg = Renderer(1280, 720, tmp_path).svg(Overlay("live"), NOW_MS)
    assert "PHÁT LẠI" in svg
    assert "#00ff00" in svg


EMBLEM = """<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 40">
<rect width="80" height="40" fill="#00ff00"/></svg>"""


@pytest.mark.parametrize("name", ["emblem.svg", "emblem.png", "emblem.jpg"])
@pytest.mark.parametrize("overlay", ["logo", "slate", "card"])
def test_the_offices_emblem_takes_the_place_of_our_mark(
    tmp_path: Path, name: str, overlay: str
) -> None:
    """As a file that needs no template, in its own shape: twice as wide as it is high."""
    if name.endswith("svg"):
        (tmp_path / name).write_text(EMBLEM)
    else:
        Image.new("RGB", (800, 400), "#00ff00").save(tmp_path / name)
    drawn = drawn_with(tmp_path, usual(overlay))
    green = (np.abs(drawn.u_plane.astype(int) - 42) < 6) & (drawn.v_plane < 40)
    rows, columns = np.flatnonzero(green.any(axis=1)), np.flatnonzero(green.any(axis=0))
    assert len(columns) == pytest.approx(2 * len(rows), abs=2)
    assert len(columns) >= 20


@pytest.mark.parametrize("name", ["emblem.svg", "emblem.png"])
def test_an_emblem_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("none of it")
    with pytest.raises(ThemeError, match=name):
        environment(tmp_path)


def test_what_is_edited_meanwhile_is_not_on_air_before_the_next_start(tmp_path: Path) -> None:
    """An editor leaves half a template; and nobody tries a new look before the public."""
    (tmp_path / "live.svg").write_text(square("#fff"))
    on_air = Renderer(1280, 720, tmp_path)
    for name in ("live", "logo"):
        (tmp_path / f"{name}.svg").write_text(square("#fff", size=80))
    live, logo = (on_air.render(usual(name), NOW_MS) for name in ("live", "logo"))
    ours = Renderer(1280, 720).render(usual("logo"), NOW_MS)
    assert live is not None
    assert logo is not None
    assert ours is not None
    assert (live.width, logo.width) == (40, ours.width)
    assert drawn_with(tmp_path, Overlay("live")).width == 80


@pytest.mark.parametrize(
    "reach",
    [
        "{{ cycler.__init__.__globals__.os.getpid() }}",
        "{{ fit.__globals__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{% set _ = colours.update(gold='#000') %}",
        '{% include "../secret.svg" %}',
    ],
)
def test_a_theme_reaches_nothing_but_its_own_files(tmp_path: Path, reach: str) -> None:
    """A folder that a designer sent is no program, whatever it says."""
    theme = tmp_path / "theme"
    theme.mkdir()
    (tmp_path / "secret.svg").write_text("secret")
    (theme / "live.svg").write_text(f"<!-- {reach} -->" + square("#fff"))
    themed = Renderer(1280, 720, theme)
    drawn = themed.render(Overlay("live"), NOW_MS)
    assert drawn is not None
    assert drawn.width != 40
    assert set(themed.faults) == {"live.svg"}


@pytest.mark.parametrize("text", [b"\xef\xbb\xbf", b'<?xml version="1.0" encoding="UTF-8"?>\n'])
def test_a_template_may_be_saved_by_any_editor(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "live.svg").write_bytes(text + square("#fff").encode())
    assert drawn_with(tmp_path, Overlay("live")).width == 40


def test_a_theme_may_have_overlays_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "ticker.svg").write_text(square("{{ colours.gold }}"))
    assert drawn_with(tmp_path, Overlay("ticker")).width == 40


@pytest.mark.parametrize(
    "template",
    [
        "{% if %}",
        "{{ nothing.at.all }}",
        "<svg",
        "<svg/>",
        '<svg viewBox="a b"/>',
        "<p>&nbsp;</p>",
        "",
    ],
)
def test_ours_stands_in_for_a_broken_template(
    tmp_path: Path, template: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "live.svg").write_text(template)
    themed = Renderer(1280, 720, tmp_path)
    ours = Renderer(1280, 720).render(Overlay("live"), NOW_MS)
    drawn = themed.render(Overlay("live"), NOW_MS)
    assert ours is not None
    assert drawn is not None
    assert (drawn.y_plane == ours.y_plane).all()
    assert caplog.text.count("`live.svg` cannot be drawn") == 1
    assert set(themed.faults) == {"live.svg"}


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("[colors]\nred = '#f00'", r"no section \[colors\]"),
        ("[colours]\nrod = '#f00'", r"\[colours\] has no key `rod`"),
        ("[colours]\nred = 7", r"`red` in \[colours\] must be a text"),
        ("[colours]\nred = 'B3151D'", "`red` is no colour: B3151D; write it as #"),
        ("[colours]\nred = 'đỏ'", "`red` is no colour"),
        ("red = '#f00'", r"no section \[red\]"),
        ("[colours", "theme.toml"),
    ],
)
def test_a_wrong_theme_says_what_is_wrong(
    tmp_path: Path, toml: str, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "theme.toml").write_text(toml)
    with pytest.raises(ThemeError, match=sentence):
        environment(tmp_path)
    assert Renderer(1280, 720, tmp_path).render(Overlay("live"), NOW_MS) is not None
    assert "the theme is not used" in caplog.text


@pytest.mark.parametrize("colour", ["#f00", "#B3151D", "navy", "rgba(10, 20, 30, .5)"])
def test_a_colour_is_written_as_in_css(tmp_path: Path, colour: str) -> None:
    (tmp_path / "theme.toml").write_text(f"[colours]\nred = '{colour}'")
    assert f'"{colour}"' in Renderer(1280, 720, tmp_path).svg(usual("lower_third"), NOW_MS)


def test_a_theme_that_is_not_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert Renderer(1280, 720, tmp_path / "none").render(Overlay("live"), NOW_MS) is not None
    assert "is not a folder" in caplog.text


def test_a_theme_that_cannot_be_looked_into(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As where it lies in the home of somebody else; this one's name is too long for any folder."""
    assert Renderer(1280, 720, tmp_path / ("x" * 300)).render(Overlay("live"), NOW_MS) is not None
    assert "the theme is not used" in caplog.text
