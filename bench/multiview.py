"""What the multiview costs the studio: many sites at standby, their small pictures decoded, and a
still of each for the operator's page (`broadcast/studio/stills.py`); nothing on air.

The sites send what the relay asks them for (`web/quality.py`), each at moments of its own; their
rooms are quiet, and a browser that hears nothing sends five packets of sound a second (DTX).
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import av

from bench.figure import Figure
from bench.heads import CLIP_S, FPS, pictures
from bench.recipes import by_thread_s
from broadcast.session.model import SessionState, Site
from config.settings import Program
from streams.frames import Codec, SiteId
from streams.wire import Kind, Note
from tests.broadcast.studio.rig import Coded, Rig, rig
from web.quality import Quality, wishes

COUNTS = (20, 50, 150)
SETTLE_S, MEASURED_S = 6, 12
SILENCE_PER_S = 5
SILENCE = bytes((0xF8, 0xFF, 0xFE))


@cache
def standby(wish: Quality) -> tuple[Coded, ...]:
    """A talking head as a browser at standby sends it, and its quiet room."""
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = wish.width, wish.height, "yuv420p"
    encoder.framerate, encoder.time_base = Fraction(wish.fps), Fraction(1, wish.fps)
    encoder.bit_rate, encoder.gop_size = wish.max_bitrate_bps * 4 // 5, CLIP_S * wish.fps
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}
    coded = [
        Coded(n / SILENCE_PER_S, Codec.OPUS, True, SILENCE) for n in range(CLIP_S * SILENCE_PER_S)
    ]
    for number in range(CLIP_S * wish.fps):
        planes = pictures(1)[number * FPS // wish.fps]
        large = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame = large.reformat(wish.width, wish.height, interpolation="AREA")
        frame.pts, frame.time_base = number, Fraction(1, wish.fps)
        coded += [
            Coded(number / wish.fps, Codec.H264, packet.is_keyframe, bytes(packet))
            for packet in encoder.encode(frame)
        ]
    return tuple(sorted(coded, key=lambda one: one.at_s))


def asked_of(count: int) -> Quality:
    """What each of so many sites at standby is asked to send."""
    ids = [SiteId(f"huyen-{n}") for n in range(count)]
    state = SessionState(sites={site: Site(site, site) for site in ids})
    return wishes(state, Program(), None)[ids[0]]


async def _cores(studio: Rig, watched: bool) -> dict[str, float]:
    """By thread; `stills`: how many of each site come in a second, the rarest."""
    studio.relay.offer(Note(Kind.WATCHED, {"stills": watched}))
    await asyncio.sleep(1)
    assert studio.process is not None
    before_s, began = by_thread_s(studio.process.pid), time.monotonic()
    studio.relay.received.stills.clear()
    await asyncio.sleep(MEASURED_S)
    took_s = time.monotonic() - began
    after_s = by_thread_s(studio.process.pid)
    return {name: (s - before_s.get(name, 0.0)) / took_s for name, s in after_s.items()}


async def measured(count: int) -> tuple[dict[str, float], dict[str, float], float, float]:
    """(cores by thread while the operator watches, the same while nobody does, stills of the site
    that had the fewest, a second; octets of stills a second)."""
    coded = standby(asked_of(count))
    with tempfile.TemporaryDirectory() as folder:
        async with rig(Path(folder), program=Program()) as studio:
            studio.relay.offer(Note(Kind.HEARD, {"feeds": {}}))
            for number in range(count):
                studio.site(f"huyen-{number}", coded, lateness_s=lambda _, n=number: n / count)
            await asyncio.sleep(SETTLE_S)
            watched = await _cores(studio, watched=True)
            stills = [s for s in studio.relay.received.stills if not s.name.startswith("@")]
            unseen = await _cores(studio, watched=False)
    names = [still.name for still in stills]
    fewest = min(names.count(f"huyen-{number}") for number in range(count)) / MEASURED_S
    return watched, unseen, fewest, sum(len(still.jpeg) for still in stills) / MEASURED_S


def figures() -> Iterator[Figure | str]:
    for count in COUNTS:
        watched, unseen, fewest, octets_per_s = asyncio.run(measured(count))
        wish, name = asked_of(count), f"{count} sites at standby"
        yield f"{name}: {wish.width}×{wish.height}, {wish.fps} pictures/s each"
        yield Figure(f"{name}, decoding", watched["decode"], "core")
        yield Figure(f"{name}, stills while the operator watches", watched["stills"], "core")
        yield Figure(f"{name}, the same while nobody does", unseen["stills"], "core")
        yield Figure(f"{name}, the whole studio", sum(watched.values()), "core")
        yield Figure(f"{name}, stills of the one with the fewest", fewest, "a second")
        yield Figure(f"{name}, stills to each operator", octets_per_s * 8 / 1e6, "Mbit/s")


if __name__ == "__main__":
    for figure in figures():
        print(figure)
