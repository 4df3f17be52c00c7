"""What of a mix leaves the room, block by block. Pure."""

import numpy as np

from broadcast.studio.encoders import Samples
from broadcast.studio.mixer import FALL, RISE


class PublicSound:
    """What leaves the room: the room's mix while the public may hear it, else silence.

    Opening is a ramp. Closing may use nothing that was said after: the last public block is run
    backwards, fading, which has no click and no news.
    """

    def __init__(self) -> None:
        self._last: Samples | None = None

    def block(self, room: Samples, *, public: bool) -> Samples:
        """The next 20 ms, shaped as `room` is: `(channels, 960)`."""
        if public:
            block = room * RISE if self._last is None else room
            self._last = block
            return block
        tail, self._last = self._last, None
        if tail is None:
            return np.zeros_like(room)
        return tail[:, ::-1] * FALL
