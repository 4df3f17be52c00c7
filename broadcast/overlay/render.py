"""Overlay → drawn picture: template and fields, fitted to the program's size.

Knows no session. Blocking, a few milliseconds for each new picture: for a worker thread, never
the frame clock or an event loop. What somebody still has costs microseconds.
"""

import json
import logging
import threading
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary
from xml.etree import ElementTree

from jinja2 import Environment, TemplateNotFound, TemplateSyntaxError

from broadcast.layout import Rect
from broadcast.overlay import fonts
from broadcast.overlay.contents import NAMES, Fields, prepare
from broadcast.overlay.planes import Drawn, draw
from broadcast.overlay.theme import ThemeError, environment
from broadcast.program import Overlay

__all__ = ["Drawn", "Renderer"]

log = logging.getLogger(__name__)

UNITS = (1280, 720)
"""Templates draw in units of a picture of this size, whatever the program's real size."""
SAFE_AREA = 0.05
"""Of the picture's width and height, kept free at each edge (EBU R 95 has 5 % for graphics)."""
_SVG = "http://www.w3.org/2000/svg"
ElementTree.register_namespace("", _SVG)
ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")


@dataclass(frozen=True, slots=True)
class Area:
    """The part of the picture an overlay may draw in, in even pixels, and the scale of it."""

    x: int
    y: int
    width: int
    height: int
    scale: float
    """Pixels to a unit."""

    def units(self, frame_width: int, frame_height: int) -> Fields:
        """For the template: its size `W` × `H` and how far the safe area's edges are inside."""
        s, edge_x, edge_y = self.scale, SAFE_AREA * frame_width, SAFE_AREA * frame_height
        return {
            "W": self.width / s,
            "H": self.height / s,
            "left": max(0, edge_x - self.x) / s,
            "top": max(0, edge_y - self.y) / s,
            "right": (self.width - max(0, self.x + self.width - frame_width + edge_x)) / s,
            "bottom": (self.height - max(0, self.y + self.height - frame_height + edge_y)) / s,
        }


class Renderer:
    """Draws for a program of `width` × `height` pixels (even). Safe to call from any thread.

    A theme that is broken, whole or in one template, is reported once and ours is shown instead:
    the picture must not stop for it. Fonts must not have been used by anyone before.
    """

    def __init__(self, width: int, height: int, theme: Path | None = None) -> None:
        fonts.install()
        self.width, self.height = width, height
        self._built_in = environment()
        # Compiled now: the first speaker's name must not wait for it.
        for name in NAMES:
            self._built_in.get_template(f"{name}.svg")
        self.faults: dict[str, str] = {}
        """Why a file of the theme is not used, or all of it (""); by the file's name."""
        self._themed = self._of(theme)
        self._lock = threading.Lock()
        self._in_use: WeakValueDictionary[str, Drawn] = WeakValueDictionary()
        """By content. A clock shows another one each second, and none of them again."""

    def _of(self, theme: Path | None) -> Environment:
        if theme is None:
            return self._built_in
        try:
            return environment(theme)
        except (ThemeError, OSError) as error:
            self.faults[""] = str(error)
            log.error("the theme is not used: %s", error)
            return self._built_in

    def render(self, overlay: Overlay, now_ms: int, box: Rect | None = None) -> Drawn | None:
        """The overlay at a moment, over the whole picture or within a seat; None: nothing to see.

        The same content gives the same object for as long as somebody keeps it. Raises
        `LookupError` for an unknown overlay.
        """
        content = prepare(overlay, now_ms)
        key = f"{overlay.name} {box} {json.dumps(content, sort_keys=True)}"
        with self._lock:
            if (known := self._in_use.get(key)) is not None:
                return known
        drawn = self._draw(overlay.name, content, self._area(box))
        if drawn is not None:
            with self._lock:
                self._in_use[key] = drawn
        return drawn

    def svg(self, overlay: Overlay, now_ms: int, box: Rect | None = None) -> str:
        """What `render` would rasterise, in the template's units. Raises whatever a theme does."""
        content = prepare(overlay, now_ms)
        return self._svg(self._themed, overlay.name, content, self._area(box))

    def _area(self, box: Rect | None) -> Area:
        scale = min(self.width / UNITS[0], self.height / UNITS[1])
        if box is None:
            return Area(0, 0, self.width, self.height, scale)
        x, y = _even(box.x * self.width), _even(box.y * self.height)
        right = _even((box.x + box.width) * self.width)
        bottom = _even((box.y + box.height) * self.height)
        return Area(x, y, max(2, right - x), max(2, bottom - y), scale)

    def _draw(self, name: str, content: Fields, area: Area) -> Drawn | None:
        file = f"{name}.svg"
        if self._themed is not self._built_in and file not in self.faults:
            try:
                return _rasterise(self._svg(self._themed, name, content, area), area)
            except Exception as error:
                # Whatever a customer's template does wrong (Jinja2, XML, SVG), ours stands in.
                where = f"line {error.lineno}: " if isinstance(error, TemplateSyntaxError) else ""
                self.faults[file] = where + " ".join(str(error).split())
                log.exception("the theme's `%s` cannot be drawn; ours is shown", file)
        return _rasterise(self._svg(self._built_in, name, content, area), area)

    def _svg(self, templates: Environment, name: str, content: Fields, area: Area) -> str:
        try:
            template = templates.get_template(f"{name}.svg")
        except TemplateNotFound:
            raise LookupError(f"there is no overlay `{name}`") from None
        return template.render(**area.units(self.width, self.height), **content)


def _even(value: float) -> int:
    return 2 * round(value / 2)


def _rasterise(text: str, area: Area) -> Drawn | None:
    """The part of the area that the template's viewBox names, at whole even pixels."""
    root: Any = ElementTree.fromstring(text)  # noqa: S314 -- our own template, fields escaped
    vx, vy, vw, vh = (float(number) for number in root.attrib["viewBox"].split())
    s = area.scale
    left, top = 2 * floor(max(0, vx * s) / 2), 2 * floor(max(0, vy * s) / 2)
    right = min(area.width, 2 * ceil((vx + vw) * s / 2))
    bottom = min(area.height, 2 * ceil((vy + vh) * s / 2))
    if right <= left or bottom <= top:
        return None
    width, height = right - left, bottom - top
    root.attrib |= {
        "viewBox": f"{left / s} {top / s} {width / s} {height / s}",
        "width": str(width),
        "height": str(height),
        "preserveAspectRatio": "none",
    }
    return draw(ElementTree.tostring(root), area.x + left, area.y + top)
