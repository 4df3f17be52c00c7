"""How the overlays look: SVG templates, colours and words, each replaceable by a theme's folder.

A theme is a folder with any of our templates' names and a `theme.toml` with any of our colours
and words; what it leaves out stays as built in.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from broadcast.overlay.fit import fit, measure
from broadcast.overlay.fonts import FAMILY
from config.reading import read_toml
from config.settings import ConfigError

BUILT_IN = Path(__file__).parent / "templates"


class ThemeError(ValueError):
    """A theme that cannot be used; the sentence names the file and the fault."""


def environment(theme: Path | None = None) -> Environment:
    """Jinja2 over the theme's folder first, then ours. Raises `ThemeError`; `OSError` of a folder
    that we may not look into."""
    settings = _read(BUILT_IN / "theme.toml")
    folders = [BUILT_IN]
    if theme is not None:
        if not theme.is_dir():
            raise ThemeError(f"{theme}: is not a folder")
        folders.append(theme)
        _merge(settings, theme / "theme.toml")
    # A designer's folder is no program: what it says can draw, and reach nothing of this process.
    templates = ImmutableSandboxedEnvironment(
        loader=DictLoader(_templates(folders)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals |= {"font": FAMILY, "fit": fit, "measure": measure, **settings}
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
            known[key] = value


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path)
    except ConfigError as error:
        raise ThemeError(str(error)) from None
