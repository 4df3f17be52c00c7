"""Times as people read them."""

import os
import time
from datetime import datetime

from web.catalogues import say


def go_by(time_zone: str) -> None:
    """From now on this process, and those that it starts, tell times by that zone."""
    os.environ["TZ"] = time_zone
    time.tzset()


def local_time(unix_ms: int) -> datetime:
    """By the server's clock and in the council's zone, as the room's own clock shows it."""
    return datetime.fromtimestamp(unix_ms / 1000).astimezone()


def how_long(language: str, seconds: float) -> str:
    """In words: between times of day, 1:03 would be read as one of them."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return say(language, "minutes.lasted_long", {"hours": hours, "minutes": f"{minutes:02d}"})
    if minutes:
        return say(language, "minutes.lasted", {"minutes": minutes, "seconds": f"{rest:02d}"})
    return say(language, "minutes.lasted_short", {"seconds": rest})
