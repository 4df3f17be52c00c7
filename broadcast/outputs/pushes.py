"""All destinations that are wanted now: those that are new are begun, those that are not, ended."""

import threading
from collections.abc import Sequence
from typing import Any

from broadcast.outputs.push import Pusher
from config.settings import Program, Push
from streams.frames import Packet


class Pushers:
    """A thread of its own begins and ends them: a connection takes a second to end."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._wanted: tuple[Push, ...] = ()
        self._running: tuple[tuple[Push, Pusher], ...] = ()
        self._news = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="pushes")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing = True
        self._news.set()
        self._thread.join()

    def follow(self, wanted: Sequence[Push]) -> None:
        """From any thread; the newest word counts."""
        self._wanted = tuple(wanted)
        self._news.set()

    def offer(self, packet: Packet) -> None:
        """From the encoding and the mixing thread; returns at once."""
        for _, pusher in self._running:
            pusher.offer(packet)

    def status(self) -> list[dict[str, Any]]:
        """From any thread."""
        return [pusher.status().message() for _, pusher in self._running]

    def _run(self) -> None:
        while self._news.wait() and not self._closing:
            self._news.clear()
            self._change(self._wanted)
        self._change(())

    def _change(self, wanted: tuple[Push, ...]) -> None:
        """One that goes on is left alone."""
        before = self._running
        going = {push: pusher for push, pusher in before if push in wanted}
        if tuple(going) == wanted and len(before) == len(wanted):
            return
        fresh = {push: Pusher(push, self._program) for push in wanted if push not in going}
        self._running = tuple((push, going.get(push) or fresh[push]) for push in wanted)
        for pusher in fresh.values():
            pusher.start()
        for push, pusher in before:
            if push not in going:
                pusher.close()
