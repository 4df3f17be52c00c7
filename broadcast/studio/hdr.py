"""Films of high dynamic range (BT.2100, PQ and HLG), as telephones make them by themselves: brought
to the program's BT.709, without which they look pale.

White paper (203 cd/m², BT.2408), and what is darker, stays nearly as it is. What is brighter, as a
sky is, is pressed into what is left (BT.2390 5.4.1), by the luma alone. Then libswscale
makes the colours those of BT.709, and cuts off what that does not have.
"""

from collections.abc import Iterator

import av
import numpy as np
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    VideoReformatter,
)

Values = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Plane = np.ndarray[tuple[int, ...], np.dtype[np.uint16]]

LARGEST = (1280, 720)
"""One such picture takes 16 ms, one of 1080p 35; and a film begins a second later."""
DEPTH = "yuv420p10le"
BLACK, SPAN = 64, 876
"""Of luma in ten bits."""
WHITE, PEAK = 203.0, 1000.0
"""cd/m². The peak is HLG's, and what films in PQ are made for."""
M1, M2 = 2610 / 16384, 2523 / 32
C1, C2, C3 = 3424 / 4096, 2413 / 128, 2392 / 128
"""Of PQ (BT.2100 table 4)."""
A, B, C = 0.17883277, 0.28466892, 0.55991073
"""Of HLG (BT.2100 table 5)."""
GAMMA = 1.2


def _pq_light(signal: Values) -> Values:
    """cd/m² of a grey."""
    root = signal ** (1 / M2)
    return 10_000 * (np.maximum(root - C1, 0) / (C2 - C3 * root)) ** (1 / M1)


def _pq_signal(light: Values) -> Values:
    power = (light / 10_000) ** M1
    return ((C1 + C2 * power) / (1 + C3 * power)) ** M2


def _hlg_light(signal: Values) -> Values:
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - C) / A) + B) / 12)
    return PEAK * scene**GAMMA


def _hlg_signal(light: Values) -> Values:
    scene = (light / PEAK) ** (1 / GAMMA)
    bright = A * np.log(np.maximum(12 * scene - B, 1e-9)) + C
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


def _pressed(light: Values) -> Values:
    """To `WHITE` at most: BT.2390's curve, which begins to bend at its knee."""
    peak = _pq_signal(np.array(PEAK))
    most = _pq_signal(np.array(WHITE)) / peak
    knee = 1.5 * most - 0.5
    signal = np.minimum(_pq_signal(light) / peak, 1)
    t = np.maximum(signal - knee, 0) / (1 - knee)
    bent = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee)
    bent += (3 * t**2 - 2 * t**3) * most
    return _pq_light(np.where(t > 0, bent, signal) * peak)


SIGNAL = np.clip((np.arange(1024) - BLACK) / SPAN, 0, 1)
CURVES = {
    int(kind): (BLACK + SPAN * signal(_pressed(light(SIGNAL)))).round().astype(np.uint16)
    for kind, light, signal in (
        (ColorTrc.SMPTE2084, _pq_light, _pq_signal),
        (ColorTrc.ARIB_STD_B67, _hlg_light, _hlg_signal),
    )
}
"""Luma for luma, by the film's transfer."""


def is_high(frame: av.VideoFrame) -> bool:
    return frame.color_trc in CURVES


class Flattener:
    """Of one film; one thread."""

    def __init__(self) -> None:
        self._scaler, self._converter = VideoReformatter(), VideoReformatter()

    def flat(self, frame: av.VideoFrame) -> av.VideoFrame:
        """I420 of BT.709, no larger than `LARGEST`, of one that `is_high`."""
        width, height = within(frame, LARGEST)
        scaled = self._scaler.reformat(
            frame, width, height, DEPTH,
            interpolation="AREA", dst_color_range=ColorRange.MPEG, threads=1,
        )  # fmt: skip
        pressed = av.VideoFrame(width, height, DEPTH)
        for number, (plane, target) in enumerate(
            zip(_planes(scaled), _planes(pressed), strict=True)
        ):
            target[:] = plane if number else CURVES[frame.color_trc][np.minimum(plane, 1023)]
        pressed.color_trc, pressed.color_range = frame.color_trc, ColorRange.MPEG
        pressed.colorspace, pressed.color_primaries = Colorspace.BT2020, ColorPrimaries.BT2020
        return self._converter.reformat(
            pressed,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            dst_color_trc=ColorTrc.BT709,
            dst_color_primaries=ColorPrimaries.BT709,
            threads=1,
        )


def within(frame: av.VideoFrame, most: tuple[int, int]) -> tuple[int, int]:
    """Its width and height, even, made smaller where it is larger."""
    scale = min(1.0, most[0] / frame.width, most[1] / frame.height)
    width, height = (max(2, round(side * scale / 2) * 2) for side in (frame.width, frame.height))
    return width, height


def _planes(frame: av.VideoFrame) -> Iterator[Plane]:
    """Views of the numbers, without the padding."""
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint16).reshape(-1, plane.line_size // 2)
        yield rows[: plane.height, : plane.width]
