"""The sign-language interpreter's box: fades in when his picture comes, and out when it is lost or
he is taken out. It lies over all else, so what would lie under it stands beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from broadcast.interpreters import SIGNER_BOTTOM, Signer
from broadcast.layout import INSET_TOP_LEFT
from broadcast.overlay.planes import Drawn
from broadcast.studio.canvas import Box, Canvas, Seat, area_of, box_of
from broadcast.studio.picturetrack import Picture
from streams.frames import NS_PER_MS

FADE_NS = 400 * NS_PER_MS
SIDES = 1.4
"""A picture that is wider than the box by so much loses its sides: 16:9 in 4:3. Of an upright one
nothing is cut: it would be the head."""
GAP = 1 / 160
"""Between the box and what stands beside it, as a fraction of the picture's width."""
SAFE_TOP = 0.05
"""Of the height: what is drawn begins there (EBU R 95)."""


class SignerBox:
    """For canvases of one size; used by one thread. Times are CLOCK_MONOTONIC."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self.signer: Signer | None = None
        self._seat: Seat | None = None
        self._picture: Picture | None = None
        """The last one there was."""
        self._weight, self._looked_ns = 0.0, 0

    @property
    def area(self) -> Box | None:
        """Where it is, or will be as soon as his picture comes."""
        return None if self.signer is None or self._seat is None else self._seat.box

    def follow(self, signer: Signer | None) -> None:
        """Another place is taken at once; another interpreter fades in."""
        last, self.signer = self.signer, signer
        if signer is None or signer == last:
            return
        if last is None or last.site != signer.site:
            self._weight, self._picture = 0.0, None
        self._seat = Seat(box_of(signer.rect, *self._size), SIDES)

    def look(self, picture: Picture | None, now_ns: int) -> None:
        """Once for each tick: his picture, if there is one."""
        step = min(1.0, (now_ns - self._looked_ns) / FADE_NS)
        self._looked_ns = now_ns
        self._picture = picture or self._picture
        self._weight = min(1.0, max(0.0, self._weight + (step if picture is not None else -step)))
        if not self._weight:
            self._picture = None

    def paint(self, canvas: Canvas, oldest_ns: int = 0) -> None:
        """Nothing that was received before `oldest_ns`. Raises `UnscalableError`."""
        seat, picture = self._seat, self._picture
        if seat is not None and picture is not None and picture.received_ns >= oldest_ns:
            weight = round(256 * self._weight)
            seat.paint(canvas, picture.frame, picture.aspect, weight)


def around(drawings: Sequence[Drawn | None], box: Box, size: tuple[int, int]) -> list[Drawn | None]:
    """The drawings where they do not lie under the box, nor upon each other for its sake; without
    one that has no such place."""
    laid = [None if one is None or area_of(one).meets(box) else one for one in drawings]
    taken = [box, *(area_of(one) for one in laid if one is not None)]
    for number, drawn in enumerate(drawings):
        if drawn is None or laid[number] is not None:
            continue
        for place in _places(drawn, box, size):
            if not any(area_of(place).meets(area) for area in taken):
                laid[number] = place
                taken.append(area_of(place))
                break
    return laid


def _places(drawn: Drawn, box: Box, size: tuple[int, int]) -> Iterator[Drawn]:
    """Above or below the box, on the other side of the picture, next to the box: the nearer to
    where it is known from and the farther from the speaker's face, the sooner."""
    width, height = size
    gap = 2 * round(GAP * width / 2)
    on_left = drawn.x + drawn.width / 2 < width / 2
    above, below = box.y - gap - drawn.height, box.y + box.height + gap
    if above >= (INSET_TOP_LEFT if on_left else SAFE_TOP) * height:
        yield replace(drawn, y=above)
    if below + drawn.height <= SIGNER_BOTTOM * height:
        yield replace(drawn, y=below)
    yield replace(drawn, x=width - drawn.x - drawn.width)
    yield replace(drawn, x=box.x + box.width + gap if on_left else box.x - gap - drawn.width)
