"""What interpreters cost the studio: the program of `bench.program` with all that a session has, as
it is, with a booth that speaks and is recorded, with listeners by WebRTC too, and with two more
languages; in turn, each the median of `ROUNDS`. Of the booths the sound alone: their pictures are
those of sites at standby (`bench.multiview`).
"""

import asyncio
import statistics
from collections.abc import Iterator

from bench.program import HALL, PROGRAM, ROUNDS, SITE, measured, overlays
from bench.program import RETURNS as ROOM
from broadcast.interpreters import Booth, Language
from streams.frames import Feed, SiteId

CODES = ("hmn", "tai", "kjg")
BOOTHS = tuple(Booth(SiteId(code), Language(code, code), open=True) for code in CODES)
CHOSEN = Feed.language("hmn"), Feed.minus(HALL, "hmn"), Feed.minus(SITE, "hmn")
PLAIN = "no booth"
WAYS = {
    PLAIN: (ROOM, ()),
    "a booth, recorded": (ROOM, BOOTHS[:1]),
    "and heard by both sites and the staff": (ROOM | {feed: [0] for feed in CHOSEN}, BOOTHS[:1]),
    "three booths, recorded": (ROOM, BOOTHS),
}


def figures() -> Iterator[str]:
    cores: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(ROUNDS):
        for name, (heard, booths) in WAYS.items():
            run = asyncio.run(measured(PROGRAM, overlays(), heard, booths))
            cores[name].append(run.cost.cores)
    found = {name: statistics.median(several) for name, several in cores.items()}
    plain = found.pop(PLAIN)
    yield f"{PLAIN}: {plain:.3f} core"
    for name, spent in found.items():
        yield f"{name}: {spent:.3f} core, {spent / plain:.2f} ×, {spent - plain:+.3f} core"


if __name__ == "__main__":
    for figure in figures():
        print(figure, flush=True)
