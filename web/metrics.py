"""`/metrics` for Prometheus: read from the live objects at each scrape, nothing kept twice."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.frames import SiteId
from streams.relay import Line


@dataclass(frozen=True, slots=True)
class Figures:
    """One look. Counters grow from the start of the process; a restart is a reset."""

    pages: int
    page_messages_dropped: int
    webrtc_viewers: int
    studio_connected: bool
    frames_dropped: int
    viewer_frames_dropped: int
    recording: bool
    recorded_seconds: float
    disk_free_bytes: int | None
    late_frames: int
    frames: int
    alarms: int
    lines: dict[SiteId, Line]


_HELP = {
    "pages": "Open pages (live WebSockets)",
    "page_messages_dropped": "Patches, levels and stills dropped for pages too slow for them",
    "webrtc_viewers": "WebRTC viewers, return feeds included",
    "studio_connected": "1 while the studio is connected",
    "frames_dropped": "Frames of sites dropped because the studio was slow or away",
    "viewer_frames_dropped": "Program frames dropped for present viewers on congested lines",
    "recording": "1 while the archive is written",
    "recorded_seconds": "Length of the present archive",
    "disk_free_bytes": "Free bytes where the archive is",
    "late_frames": "Program pictures encoded after their time",
    "frames": "Program pictures encoded",
    "alarms": "Alarms on the operator's page",
}


class _Collector(Collector):
    def __init__(self, look: Callable[[], Figures]) -> None:
        self._look = look

    def collect(self) -> Iterable[Metric]:
        figures = self._look()
        for name, text in _HELP.items():
            yield GaugeMetricFamily(
                f"diemcau_{name}", text, value=float(getattr(figures, name) or 0)
            )
        yield from _lines(figures.lines)


def _lines(lines: dict[SiteId, Line]) -> Iterable[Metric]:
    bitrate = GaugeMetricFamily("diemcau_site_bitrate_bps", "What a site sends", labels=["site"])
    loss = GaugeMetricFamily("diemcau_site_loss_percent", "Packets lost", labels=["site"])
    rtt = GaugeMetricFamily("diemcau_site_rtt_seconds", "Round trip", labels=["site"])
    for site, line in lines.items():
        bitrate.add_metric([site], line.bitrate_bps)
        loss.add_metric([site], line.loss_percent)
        if line.rtt_ms is not None:
            rtt.add_metric([site], line.rtt_ms / 1000)
    return bitrate, loss, rtt


def exposition(look: Callable[[], Figures]) -> Callable[[], bytes]:
    """Gives the text of one scrape."""
    registry = CollectorRegistry()
    registry.register(_Collector(look))
    return lambda: generate_latest(registry)
