"""Who is measured has a core of his own: what the other side of the measurement does in between
would cost him his caches. And it goes before whatever else the machine does."""

import os

SERVERS, OTHERS = 0, 1


def on_core(number: int, command: list[str]) -> list[str]:
    """The command on that core, where there are two."""
    cores = sorted(os.sched_getaffinity(0))
    first = ["nice", "-n", "-15", *command]
    return first if len(cores) < 2 else ["taskset", "-c", str(cores[number]), *first]
