"""How the overlays look: SVG templates, colours and words, each replaceable by a theme's folder.

A theme is a folder with any of our templates' names, a `theme.toml` with any of our colours and
words, and the office's emblem; what it leaves out stays as built in.
"""

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from jinja2 import DictLoader, Environment, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from PIL import Image, ImageColor

from broadcast.overlay.fit import fit, measure
from broadcast.overlay.fonts import FAMILY
from config.reading import read_toml
from config.settings import ConfigError

BUILT_IN = Path(__file__).parent / "templates"
EMBLEM_PX = 512
"""A photograph of it is made as small as that: a countdown draws it each second."""


class ThemeError(ValueError):
    """A theme that cannot be used; the sentence names the file and the fault."""


def environment(theme: Path | None = None) -> Environment:
    """Jinja2 over the theme's folder first, then ours. Raises `ThemeError`; `OSError` of a folder
    that we may not look into."""
    settings = _read(BUILT_IN / "theme.toml")
    folders, emblem = [BUILT_IN], ""
    if theme is not None:
        if not theme.is_dir():
            raise ThemeError(f"{theme}: is not a folder")
        folders.append(theme)
        _merge(settings, theme / "theme.toml")
        emblem = _emblem(theme)
    # A designer's folder is no program: what it says can draw, and reach nothing of this process.
    templates = ImmutableSandboxedEnvironment(
        loader=DictLoader(_templates(folders)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    tools = {"font": FAMILY, "fit": fit, "measure": measure}
    templates.globals |= {**tools, "emblem": emblem, **settings}
    return templates


def _templates(folders: Sequence[Path]) -> dict[str, str]:
    """By name; a later folder's instead of an earlier one's. Read once: what somebody is editing
    goes on air at the next start."""
    return {
        path.name: path.read_text("utf-8-sig", errors="replace")
        for folder in folders
        for path in folder.iterdir()
        if path.suffix == ".svg" and path.is_file()
    }


def _emblem(theme: Path) -> str:
    """As a `data:` address, the only one that librsvg follows here; empty: there is none."""
    drawing = theme / "emblem.svg"
    if drawing.is_file():
        try:
            ElementTree.parse(drawing)  # noqa: S314 -- looked at, and drawn by librsvg
        except ElementTree.ParseError as error:
            raise ThemeError(f"{drawing}: {error}") from None
        return _address("image/svg+xml", drawing.read_bytes())
    for path in (theme / "emblem.png", theme / "emblem.jpg"):
        if path.is_file():
            return _address("image/png", _png_of(path))
    return ""


def _png_of(path: Path) -> bytes:
    png = BytesIO()
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as opened:
            picture = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise ThemeError(f"{path}: cannot be read as a PNG or JPEG picture") from None
    picture.thumbnail((EMBLEM_PX, EMBLEM_PX))
    picture.save(png, "PNG")
    return png.getvalue()


def _address(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{b64encode(data).decode()}"


def _merge(settings: dict[str, Any], path: Path) -> None:
    if not path.exists():
        return
    for section, values in _read(path).items():
        known = settings.get(section)
        if known is None or not isinstance(values, dict):
            raise ThemeError(f"{path}: there is no section [{section}]")
        for key, value in values.items():
            if key not in known:
                raise ThemeError(f"{path}: [{section}] has no key `{key}`")
            if type(value) is not type(known[key]):
                raise ThemeError(f"{path}: `{key}` in [{section}] must be a text")
            if section == "colours" and not _is_colour(value):
                raise ThemeError(f"{path}: `{key}` is no colour: {value}; write it as #B3151D")
            known[key] = value


def _is_colour(text: str) -> bool:
    """What librsvg does not understand it draws black."""
    try:
        ImageColor.getrgb(text)
    except ValueError:
        return "(" in text  # one of CSS, of which there are more than Pillow knows
    return True


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path)
    except ConfigError as error:
        raise ThemeError(str(error)) from None
