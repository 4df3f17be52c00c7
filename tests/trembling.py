"""A studio of a few lines: it says in minutes what one says in a day, of fifty sites whose lines
tremble. No picture is real, everything else about it is what a relay hears."""

import asyncio
import io
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from PIL import Image

from config.settings import Settings, socket_path
from streams.frames import SiteId
from streams.wire import Kind, Message, Note, Still, encode
from tests import day

LOOK_S, METERS = 0.5, 5
"""A status each half second, and so many meters in it."""
SEEN = 10
"""Sites whose picture comes with each look."""


class Studio:
    """Says what a studio says, of sites whose lines tremble."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._dice = random.Random(1)
        self.frames = 0
        self._stills = [_still(number) for number in range(40)]

    async def say(self, *messages: Message) -> None:
        self._writer.write(b"".join(map(encode, messages)))
        await self._writer.drain()

    async def look(self, meters: int = METERS) -> None:
        """The status, meters, some sites' pictures and the preview's."""
        self.frames += 1
        levels = [self._meter() for _ in range(meters)]
        some = self._dice.sample(day.SITES, SEEN)
        stills = [Still(str(one.id), self._dice.choice(self._stills)) for one in some]
        preview = Still("@preview", self._dice.choice(self._stills))
        await self.say(Note(Kind.STATUS, self.status()), *levels, *stills, preview)

    async def look_on(self) -> None:
        """In its own time, until cancelled."""
        while True:
            await self.look(meters=0)
            for _ in range(METERS):
                await self.say(self._meter())
                await asyncio.sleep(LOOK_S / METERS)

    def _meter(self) -> Note:
        levels = {one.id: round(self._dice.uniform(-60, -10), 1) for one in day.SITES}
        return Note(Kind.LEVELS, {"levels": levels})

    def status(self) -> dict[str, Any]:
        """What it sees now."""
        sites, dice = [one.id for one in day.SITES], self._dice
        return {
            "recording": True,
            "recorded_s": self.frames / 2,
            "recorded_bytes": self.frames * 200_000,
            "disk_free_bytes": 400_000_000_000 - self.frames * 200_000,
            "frames": self.frames,
            "cameras": [self._camera(site) for site in sites],
            "speaking": dice.sample(sites, 2),
            "signs": {dice.choice(sites): ["silent"]},
        }

    def _camera(self, site: SiteId) -> dict[str, object]:
        dice = self._dice
        alive = dice.random() > 0.002
        return {
            "site": site,
            "since_ns": 1 if alive else 0,
            "width": 320,
            "height": 180,
            "bitrate_bps": dice.uniform(80e3, 200e3),
            "fps": 10.0,
            "video_alive": alive,
            "audio_alive": alive,
        }


def _still(number: int) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 255, (9, 16, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((256, 144)).save(file, "JPEG", quality=75)
    return file.getvalue()


@asynccontextmanager
async def studio(settings: Settings) -> AsyncIterator[Studio]:
    reader, writer = await asyncio.open_unix_connection(socket_path(settings.storage))
    hearing = asyncio.create_task(_heard(reader))
    try:
        yield Studio(writer)
    finally:
        hearing.cancel()
        writer.close()


async def _heard(reader: asyncio.StreamReader) -> None:
    while await reader.read(1 << 16):
        pass
