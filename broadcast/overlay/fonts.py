"""The one typeface of the overlays, and the only one that can be seen from here.

Be Vietnam Pro has every Vietnamese letter. It comes as a Python package; what the system has
installed is shut out, so that a picture is the same on every machine, bare containers included.
"""

import os
import tempfile
import threading
from functools import cache, lru_cache
from pathlib import Path

import fontpkg_be_vietnam_pro
from PIL import ImageFont

FAMILY: str = fontpkg_be_vietnam_pro.FAMILY
_FILES = Path(fontpkg_be_vietnam_pro.ROOT) / "files"
_STYLES = {400: "Regular", 500: "Medium", 600: "SemiBold", 700: "Bold", 800: "ExtraBold"}

EM = 1000
"""Texts are measured at this size; lengths grow in proportion."""

# rescan 0: fontconfig would else look every 30 s whether the directories have changed, and read
# its configuration again, which is gone by then.
_CONFIG = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
  <config><rescan><int>0</int></rescan></config>
</fontconfig>
"""
_PROBE = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><text>x</text></svg>'

_lock = threading.Lock()
_installed = False


@lru_cache(maxsize=len(_STYLES))
def face(weight: int) -> ImageFont.FreeTypeFont:
    """For measuring, `EM` pixels to the em. A weight we lack gives the nearest."""
    nearest = min(_STYLES, key=lambda known: abs(known - weight))
    path = _FILES / f"BeVietnamPro-{_STYLES[nearest]}.ttf"
    # Basic layout needs no library of the system (raqm loads fribidi) and is exact for Latin.
    return ImageFont.truetype(path, EM, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=4096)
def has_glyph(char: str) -> bool:
    """Whether the typeface can draw it: a letter that it lacks is an empty picture."""
    return char == " " or bool(bytes(_small().getmask(char)))


@cache
def _small() -> ImageFont.FreeTypeFont:
    return face(400).font_variant(size=16)


def install() -> None:
    """Shows librsvg our typeface only. Must come before this process first draws a text.

    Fontconfig reads its configuration once, at the first text that is drawn: so one is drawn
    here, and the environment is left as it was found (children must not inherit our fonts).
    """
    global _installed
    with _lock:
        if not _installed:
            _read_configuration()
            _installed = True


def _read_configuration() -> None:
    before = os.environ.get("FONTCONFIG_FILE")
    with tempfile.TemporaryDirectory(prefix="diemcau-fonts-") as folder:
        path = Path(folder, "fonts.conf")
        path.write_text(_CONFIG.format(fonts=_FILES, cache=folder), "utf-8")
        os.environ["FONTCONFIG_FILE"] = str(path)
        try:
            _draw_something()
        finally:
            if before is None:
                del os.environ["FONTCONFIG_FILE"]
            else:
                os.environ["FONTCONFIG_FILE"] = before


def _draw_something() -> None:
    # Here, not above: whoever only measures a text needs no libvips.
    import pyvips

    # Every picture here is drawn once and kept by our own cache.
    pyvips.cache_set_max(0)
    pyvips.Image.svgload_buffer(_PROBE).write_to_memory()
