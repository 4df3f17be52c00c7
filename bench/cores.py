"""Who is measured has a core of his own: what the other side of the measurement does in between
would cost him his caches."""

import os

SERVERS, OTHERS = 0, 1


def on_core(number: int, command: list[str]) -> list[str]:
    """The command on that core, where there are two."""
    cores = sorted(os.sched_getaffinity(0))
    return command if len(cores) < 2 else ["taskset", "-c", str(cores[number]), *command]
