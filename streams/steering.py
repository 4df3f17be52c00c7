"""How much of the program one viewer gets, by what his line tells. Pure: time is an argument."""
# ruff: noqa: ARG002

from collections.abc import Sequence
from dataclasses import dataclass

from streams.feedback import parse
from streams.renditions import levels


@dataclass(frozen=True, slots=True)
class Choice:
    """What a viewer is to get from now on."""

    video: int | None
    """Rendition of the picture, 0 the whole one; None: no picture."""
    stills: bool
    """Only the keyframes of it, and at least `renditions.STILL_INTERVAL_S` apart."""
    sound: int
    """Rendition of the sound: 0 whole, 1 thin."""
    redundant: bool
    """Sound with the packet before in each packet (RFC 2198): packets get lost."""
    hold: bool = False
    """The line is full: send nothing more of the present picture, and ask for a keyframe of
    `video`. Otherwise the present picture goes on until such a keyframe comes by itself."""


class Steering:
    def __init__(
        self,
        rates_bps: Sequence[float],
        sound_bps: Sequence[float],
        now_ns: int,
        *,
        feedback: bool = True,
    ) -> None:
        """`feedback`: whether transport-wide feedback was agreed on; it begins with the smallest
        moving picture then, and with the whole one otherwise."""
        self._levels = levels(rates_bps, sound_bps)
        self.choice = Choice(0 if rates_bps else None, stills=False, sound=0, redundant=False)
        self.estimate_bps = self._levels[0].need_bps
        self.loss = 0.0
        """0 to 1, of packets in the last seconds."""
        self.rtt_ns: int | None = None
        self.pacing_bps: float | None = None
        """How fast frames may go out (`pacer.Pacer`); None: the line takes them as they are."""

    def sent(self, first: int, count: int, octets: int, now_ns: int) -> None:
        """A run of transport-wide numbers went out at once: a frame's, or of what is sent again.

        `first` counts on and does not wrap; `octets` are those of all their datagrams.
        """

    def on_feedback(self, fci: bytes, now_ns: int) -> None:
        """Transport-wide feedback. Raises `ValueError` on garbage."""
        parse(fci)

    def on_receiver_report(
        self, video: bool, fraction_lost: float, rtt_ns: int | None, now_ns: int
    ) -> None:
        """`fraction_lost`: 0 to 1."""

    def on_remb(self, bps: int, now_ns: int) -> None:
        """The receiver's own estimate, where it sends one."""

    def tick(self, now_ns: int) -> None:
        """At least ten times a second."""

    def probe_octets(self, now_ns: int) -> int:
        """How much to send now on top, to learn whether the line carries more."""
        return 0
