"""Draws overlays on a thread of its own; the frame clock takes whatever is drawn by then.

A drawing is used only while its overlay, word for word, is in the state the frame is composed
from: a name never stands under the next speaker, and nothing drawn for a closed item survives it.
Lists and clocks alone stand until they are drawn anew, or gone (`graphics.py`).
"""

import json
import logging
import threading
import time
from dataclasses import dataclass

from broadcast.layout import Rect
from broadcast.overlay.render import Drawn, Renderer
from broadcast.program import Overlay

log = logging.getLogger(__name__)


TICK_S = 0.1
"""How soon a clock shows its next second; what looks the same comes from the renderer's cache."""


@dataclass(frozen=True, slots=True)
class Request:
    """One overlay, over the whole picture or within a seat."""

    key: str
    overlay: Overlay
    box: Rect | None = None

    @classmethod
    def of(cls, overlay: Overlay, box: Rect | None = None) -> "Request":
        fields = json.dumps(overlay.fields, sort_keys=True, ensure_ascii=False)
        return cls(f"{overlay.name} {fields} {box}", overlay, box)

    @property
    def ticks(self) -> bool:
        """Looks different every second."""
        return any(name.endswith("_at_ms") for name in self.overlay.fields)


class Board:
    """The drawings of everything that was last asked for."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._requests: tuple[Request, ...] = ()
        self._drawn: dict[str, Drawn | None] = {}
        self._wake = threading.Event()
        self._shift_ns = time.time_ns() - time.monotonic_ns()
        """Read with the requests: where the machine's clock is set, they come anew with other
        times, and a speaker's clock must not jump until then."""
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="overlays")
        self.failed = 0
        """Templates that could not be drawn; the picture goes on without them."""

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop = True
        self._wake.set()
        self._thread.join()

    def ask(self, requests: tuple[Request, ...]) -> None:
        """From any thread: what may be needed from now on. What is no longer asked is forgotten."""
        if requests != self._requests:
            self._requests = requests
            self._shift_ns = time.time_ns() - time.monotonic_ns()
            self._wake.set()

    def drawing(self, key: str) -> Drawn | None:
        """On the frame clock: the newest drawing, if there is one yet."""
        return self._drawn.get(key)

    def _run(self) -> None:
        while not self._stop:
            ticking = any(request.ticks for request in self._requests)
            self._wake.wait(TICK_S if ticking else None)
            self._wake.clear()
            self.draw()

    def draw(self) -> None:
        """What is missing and what ticks; each is there for the next frame as soon as drawn. On the
        thread."""
        requests, now_ms = self._requests, (time.monotonic_ns() + self._shift_ns) // 1_000_000
        kept = {request.key for request in requests}
        self._drawn = {key: drawn for key, drawn in self._drawn.items() if key in kept}
        for request in requests:
            if request.ticks or request.key not in self._drawn:
                self._drawn = {**self._drawn, request.key: self._draw(request, now_ms)}

    def _draw(self, request: Request, now_ms: int) -> Drawn | None:
        try:
            return self._renderer.render(request.overlay, now_ms, request.box)
        except Exception as error:
            # A broken template of the customer's theme must not stop the program.
            self.failed += 1
            log.error("overlay `%s` cannot be drawn: %r", request.overlay.name, error)
            return None
