"""What Prometheus reads: by its own parser, from made figures and from a running relay."""

import asyncio
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from config.settings import socket_path
from streams.frames import SiteId
from streams.lag import Lag
from streams.lines import DownLine, Line, PortCounts, UplinkCounts
from streams.wire import Kind, Note
from tests.media import wait_until
from tests.peers import publishing, watching
from tests.web.rig import LAY, SESSION, relay, settings_in
from tests.web.test_studio_link import studio
from web.metrics import Figures, exposition

HALL = SiteId("hall")
UP = Line(
    "H264", 1280, 720, 1.5e6, 2.5, 80.0, 4.0, True, True, 0, 25.0,
    UplinkCounts(packets=900, octets=800_000, lost=1, repaired=20, nacks=22, plis=3, frames=250),
)  # fmt: skip
DOWN = DownLine(1, 1, 612_000.0, 0.5, 95.0, 540_000.0, 4, stills=True, nacks=7, resent=6, plis=2)


def figures(**fields: object) -> Figures:
    given: dict[str, object] = {
        "pages": 3, "page_messages_dropped": 1, "webrtc_viewers": 2,
        "viewers_served_alone": 1, "public_pictures": {}, "studio_connected": True,
        "frames_dropped": 5, "viewer_frames_dropped": 6, "recording": False,
        "recorded_seconds": 12.5, "disk_free_bytes": None, "late_frames": 7, "frames": 100,
        "studio_dropped": {"recording": 0, "sites": 9}, "pushes": (),
        "alarms": 1, "lag": Lag(), "port": PortCounts(), "lines": {}, "returns": {},
    }  # fmt: skip
    return Figures(**given | fields)  # type: ignore[arg-type]


def samples(text: bytes) -> Iterator[Sample]:
    for family in text_string_to_metric_families(text.decode()):
        assert family.name.startswith(("diemcau_", "process_"))
        assert family.documentation
        yield from family.samples


def read(look: Figures) -> dict[tuple[str, str], float]:
    """By name and site, or name and bucket."""
    return {
        (one.name, one.labels.get("site", one.labels.get("le", ""))): one.value
        for one in samples(exposition(lambda: look)())
    }


def test_what_is_known_of_a_site_both_ways() -> None:
    told = read(figures(lines={HALL: UP}, returns={HALL: DOWN}))
    of_hall = {
        name.removeprefix("diemcau_site_"): value
        for (name, site), value in told.items()
        if site == HALL
    }
    assert of_hall == {
        "line": 2, "picture_height": 720, "pictures_per_second": 25, "jitter_seconds": 0.004,
        "bitrate_bps": 1.5e6, "loss_ratio": 0.025, "rtt_seconds": 0.08,
        "packets_total": 900, "octets_total": 800_000, "lost_total": 1, "repaired_total": 20,
        "nacks_total": 22, "plis_total": 3, "frames_total": 250,
        "return_rendition": 1, "return_thin_sound": 1, "return_stills": 1,
        "return_estimate_bps": 612_000, "return_bitrate_bps": 540_000,
        "return_loss_ratio": 0.005, "return_rtt_seconds": 0.095,
        "return_frames_dropped_total": 4, "return_nacks_total": 7, "return_resent_total": 6,
        "return_plis_total": 2,
    }  # fmt: skip


def test_what_is_not_known_is_left_out() -> None:
    quiet = Line(None, None, None, 0.0, 0.0, None, None, False, True, 0)
    silent = DownLine(None, 0, None, 0.0, None, 0.0, 0)
    told = read(figures(lines={HALL: quiet}, returns={HALL: silent}))
    names = {name.removeprefix("diemcau_site_") for name, site in told if site == HALL}
    assert not names & {"picture_height", "jitter_seconds", "rtt_seconds", "return_estimate_bps"}
    assert told["diemcau_site_return_rendition", HALL] == -1
    assert math.isnan(told["diemcau_disk_free_bytes", ""])


def test_the_process_and_its_port() -> None:
    port = PortCounts(strangers=100_000, dropped=2, handshakes=50, handshakes_failed=1)
    told = read(figures(port=port))
    assert told["diemcau_port_strangers_total", ""] == 100_000
    assert told["diemcau_port_dropped_total", ""] == 2
    assert told["diemcau_port_handshakes_total", ""] == 50
    assert told["diemcau_port_handshakes_failed_total", ""] == 1
    assert told["diemcau_studio_connected", ""] == 1
    assert told["diemcau_late_frames_total", ""] == 7
    assert told["process_resident_memory_bytes", ""] > 1e6
    assert told["process_cpu_seconds_total", ""] > 0


def test_what_the_public_sees_is_counted_by_rendition() -> None:
    look = figures(public_pictures={"0": 40, "2": 3, "stills": 1})
    text = exposition(lambda: look)()
    told = {
        one.labels["rendition"]: one.value for one in samples(text) if "rendition" in one.labels
    }
    assert told == {"0": 40, "2": 3, "stills": 1}


def test_what_the_studio_drops_is_counted_by_what_it_was() -> None:
    told = samples(exposition(figures)())
    found = {
        one.labels["what"]: one.value for one in told if one.name.endswith("studio_dropped_total")
    }
    assert found == {"recording": 0, "sites": 9}


def test_lateness_is_a_histogram() -> None:
    lag = Lag()
    for late_ns in (500_000, 700_000, 8_000_000, 3_000_000_000):
        lag.note(late_ns)
    told = read(figures(lag=lag))
    name = "diemcau_loop_lag_seconds"
    assert [told[f"{name}_bucket", bound] for bound in ("0.001", "0.005", "0.01", "1.0")] == [
        2, 2, 3, 3,
    ]  # fmt: skip
    assert told[f"{name}_bucket", "+Inf"] == told[f"{name}_count", ""] == 4
    assert told[f"{name}_sum", ""] == pytest.approx(3.0092)


def test_a_running_relay_tells_of_its_sites(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:

            async def rate() -> float | None:
                text = await (await rig.get("/metrics")).read()
                found = {one.name: one.value for one in samples(text) if "site" in one.labels}
                return found.get("diemcau_site_bitrate_bps")

            assert await rate() is None
            async with publishing(rig.url(f"/whip/{LAY}"), rig.site(), 1, 700):
                await wait_until(rate, "a rate above nothing")
            text = await (await rig.get("/metrics")).read()
            lag = {one.name: one.value for one in samples(text) if "lag" in one.name}
            assert lag["diemcau_loop_lag_seconds_count"] > 0

    asyncio.run(scenario())


STATUS = {
    "recording": True, "recorded_s": 12.5, "disk_free_bytes": 5_000_000, "frames": 100,
    "late_frames": 7, "dropped": {"sites": 9},
    "pushes": [{"name": "đài", "state": "sending"}, {"name": "mạng", "state": "waiting"}],
}  # fmt: skip


def test_a_running_relay_tells_of_its_viewers_and_of_what_the_studio_says(tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = settings_in(tmp_path)
        async with (
            relay(settings) as rig,
            studio(socket_path(settings.storage)) as there,
            rig.page("operator", rig.operator),
            watching(rig.url(f"/whep/{SESSION}/{LAY}"), rig.site()),
            watching(rig.url(f"/whep/{SESSION}")),
        ):
            there.say(Note(Kind.STATUS, STATUS))

            async def told() -> dict[str, float]:
                text = await (await rig.get("/metrics")).read()
                return {
                    " ".join((one.name.removeprefix("diemcau_"), *one.labels.values())): one.value
                    for one in samples(text)
                }

            async def all_of_it() -> bool:
                now = await told()
                public = [now[name] for name in now if name.startswith("public_viewers")]
                return (
                    "site_return_rendition muong-lay" in now
                    and sum(public) == 1
                    and now["frames_total"] == 100
                    and now["alarms"] > 0
                )

            await wait_until(all_of_it, "the studio's word, the site's return feed, the public")
            now = await told()
            assert now["pages"] == 1
            assert now["webrtc_viewers"] == 2
            assert now["studio_connected"] == now["recording"] == 1
            assert now["recorded_seconds"] == 12.5
            assert now["disk_free_bytes"] == 5_000_000
            assert now["late_frames_total"] == 7
            assert now["studio_dropped_total sites"] == 9
            assert (now["push_sending đài"], now["push_sending mạng"]) == (1, 0)

    asyncio.run(scenario())
