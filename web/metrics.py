"""`/metrics` for Prometheus: read from the live objects at each scrape, nothing kept twice.

Counters grow from the start of the process, those of a site from the start of its connection; a
smaller value than before is a reset.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from streams.frames import SiteId
from streams.lag import BOUNDS_NS, Lag
from streams.lines import DownLine, Line, PortCounts
from web.outside import LineQuality, line_quality
from web.statuses import PushState


@dataclass(frozen=True, slots=True)
class Figures:
    """One look."""

    pages: int
    page_messages_dropped: int
    webrtc_viewers: int
    viewers_served_alone: int
    public_pictures: Mapping[str, int]
    studio_connected: bool
    frames_dropped: int
    viewer_frames_dropped: int
    recording: bool
    recorded_seconds: float
    disk_free_bytes: int | None
    late_frames: int
    frames: int
    studio_dropped: Mapping[str, int]
    pushes: Collection[PushState]
    alarms: int
    lag: Lag
    port: PortCounts
    lines: Mapping[SiteId, Line]
    returns: Mapping[SiteId, DownLine]


_GAUGES = {
    "pages": "Open pages (live WebSockets)",
    "webrtc_viewers": "WebRTC viewers, return feeds included",
    "viewers_served_alone": "WebRTC viewers whose pictures go to each alone: thin or lossy lines",
    "studio_connected": "1 while the studio is connected",
    "recording": "1 while the archive is written",
    "recorded_seconds": "Length of the present archive",
    "disk_free_bytes": "Free bytes where the archive is",
    "alarms": "Alarms on the operator's page",
}
_COUNTERS = {
    "page_messages_dropped": "Patches, levels and stills dropped for pages too slow for them",
    "frames_dropped": "Frames of sites dropped because the studio was slow or away",
    "viewer_frames_dropped": "Program frames dropped for present viewers on congested lines",
    "late_frames": "Program pictures encoded after their time",
    "frames": "Program pictures encoded",
}
_PORT = {
    "strangers": "Datagrams dropped because nobody here expected them",
    "dropped": "Datagrams not sent because too many waited",
    "handshakes": "Connections that got keys",
    "handshakes_failed": "Connections that ended before they had keys",
}
_UPLINK = {
    "packets": "RTP packets that came from a site",
    "octets": "Payload octets that came from a site",
    "lost": "Packets of a site that never came",
    "repaired": "Packets of a site that were sent again or restored",
    "nacks": "Packets of a site asked for again",
    "plis": "Keyframes asked of a site",
    "frames": "Whole pictures that came from a site",
}
_RETURN = {
    "frames_dropped": "Program frames not sent to a site because the port was congested",
    "nacks": "Packets that a site asked for again",
    "resent": "Packets sent again to a site",
    "plis": "Keyframes that a site asked for",
}
_WORDS: tuple[LineQuality, ...] = ("good", "fair", "poor", "lost")

_OfLine = dict[str, tuple[str, Callable[[Line], float | None]]]
_OfReturn = dict[str, tuple[str, Callable[[DownLine], float | None]]]

_FROM_SITE: _OfLine = {
    "picture_height": ("Lines of the picture that a site sends", lambda line: line.height),
    "pictures_per_second": ("Whole pictures that come from a site", lambda line: line.fps),
    "jitter_seconds": ("Jitter of what a site sends", lambda line: _seconds(line.jitter_ms)),
    "bitrate_bps": ("What a site sends", lambda line: line.bitrate_bps),
    "loss_ratio": ("Of what a site sends, before repair", lambda line: line.loss_percent / 100),
    "rtt_seconds": ("Round trip, measured by the uplink", lambda line: _seconds(line.rtt_ms)),
}
_TO_SITE: _OfReturn = {
    "return_rendition": (
        "0 the whole picture, higher is smaller, -1 none",
        lambda down: _rendition(down),
    ),
    "return_thin_sound": ("1 while a site gets the thin sound", lambda down: down.sound),
    "return_stills": ("1 while a site gets only stills", lambda down: down.stills),
    "return_estimate_bps": ("What its line is thought to carry", lambda down: down.estimate_bps),
    "return_bitrate_bps": ("What a site is sent", lambda down: down.sent_bps),
    "return_loss_ratio": ("Of what a site is sent", lambda down: down.loss_percent / 100),
    "return_rtt_seconds": (
        "Round trip, measured by the downlink",
        lambda down: _seconds(down.rtt_ms),
    ),
}


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000


def _rendition(down: DownLine) -> int:
    return -1 if down.rendition is None else down.rendition


class _Collector(Collector):
    def __init__(self, look: Callable[[], Figures]) -> None:
        self._look = look

    def collect(self) -> Iterator[Metric]:
        figures = self._look()
        yield from _process(figures)
        yield _lag(figures.lag)
        yield _public(figures.public_pictures)
        yield _studio(figures.studio_dropped)
        yield _pushes(figures.pushes)
        yield from _sites(figures)


def _process(figures: Figures) -> Iterator[Metric]:
    for name, text in _GAUGES.items():
        yield GaugeMetricFamily(f"diemcau_{name}", text, value=_number(getattr(figures, name)))
    for name, text in _COUNTERS.items():
        yield CounterMetricFamily(f"diemcau_{name}", text, value=getattr(figures, name))
    for name, text in _PORT.items():
        yield CounterMetricFamily(f"diemcau_port_{name}", text, value=getattr(figures.port, name))


def _number(value: float | None) -> float:
    """Prometheus' word for what is not known is NaN."""
    return math.nan if value is None else float(value)


def _lag(lag: Lag) -> Metric:
    bounds = [str(bound_ns / 1e9) for bound_ns in BOUNDS_NS] + ["+Inf"]
    return HistogramMetricFamily(
        "diemcau_loop_lag_seconds",
        "How late the relay's event loop wakes its scheduler",
        buckets=list(zip(bounds, accumulate(lag.counts), strict=True)),
        sum_value=lag.total_ns / 1e9,
    )


def _public(pictures: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(
        "diemcau_public_viewers",
        "Public WebRTC viewers: 0 the whole picture, higher is smaller, stills, or none",
        labels=["rendition"],
    )
    for rendition, count in sorted(pictures.items()):
        family.add_metric([rendition], count)
    return family


def _studio(dropped: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(
        "diemcau_studio_dropped",
        "What the studio did not keep up with: packets of the recording, frames of the sites' own "
        "streams, messages on the wire, pictures and sound to be decoded, blocks of sound",
        labels=["what"],
    )
    for what, count in sorted(dropped.items()):
        family.add_metric([what], count)
    return family


def _pushes(pushes: Collection[PushState]) -> Metric:
    family = GaugeMetricFamily(
        "diemcau_push_sending",
        "1 while the program goes to a station, a platform or a radio, 0 while it does not",
        labels=["name"],
    )
    for push in pushes:
        family.add_metric([push.name], float(push.state == "sending"))
    return family


def _sites(figures: Figures) -> Iterator[Metric]:
    lines, returns = figures.lines, figures.returns
    quality = {
        site: _WORDS.index(line_quality(line, returns.get(site))) for site, line in lines.items()
    }
    yield _gauge("line", "How good a site's line is: 0 good, 1 fair, 2 poor, 3 lost", quality)
    for name, (text, read_line) in _FROM_SITE.items():
        yield _gauge(name, text, {site: read_line(line) for site, line in lines.items()})
    for name, (text, read_return) in _TO_SITE.items():
        yield _gauge(name, text, {site: read_return(down) for site, down in returns.items()})
    for name, text in _UPLINK.items():
        counts = {site: getattr(line.counts, name) for site, line in lines.items()}
        yield _counter(name, text, counts)
    for name, text in _RETURN.items():
        counts = {site: getattr(down, name) for site, down in returns.items()}
        yield _counter(f"return_{name}", text, counts)


def _gauge(name: str, text: str, values: Mapping[SiteId, float | None]) -> Metric:
    """What is not known of a site is left out."""
    family = GaugeMetricFamily(f"diemcau_site_{name}", text, labels=["site"])
    for site, value in values.items():
        if value is not None:
            family.add_metric([site], float(value))
    return family


def _counter(name: str, text: str, values: Mapping[SiteId, int]) -> Metric:
    family = CounterMetricFamily(f"diemcau_site_{name}", text, labels=["site"])
    for site, value in values.items():
        family.add_metric([site], value)
    return family


def exposition(look: Callable[[], Figures]) -> Callable[[], bytes]:
    """Gives the text of one scrape, with what this process itself uses."""
    registry = CollectorRegistry()
    registry.register(_Collector(look))
    ProcessCollector(registry=registry)
    return lambda: generate_latest(registry)
