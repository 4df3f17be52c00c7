"""Five minutes of commands that nobody thought about, while parts are killed or stand still, all by
dice: the session goes on, no answer is a fault of ours, and what was recorded plays."""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from broadcast.archive.verify import verify
from broadcast.layout import Layout
from broadcast.program import TransitionKind
from broadcast.session.model import OverlayName, RequestKind
from broadcast.session.written import NoteKind
from tests import films, hls
from tests.live import page
from tests.server import (
    AGENDA,
    DELEGATES,
    HALL,
    LEFT,
    RIGHT,
    RefusedError,
    Server,
    drawn_site,
    kill,
)

pytestmark = pytest.mark.soak

SECONDS = 300
CALM_S = 8, 20
"""From one fault to the next: a studio is back within that on a busy machine."""
STANDS_S = 0.3, 1, 3, 6
GAP_S = 60
"""Within so long the recording goes on, whatever died or stood still. How soon:
`bench/restart.py`."""
SITES = HALL, LEFT, RIGHT
SAID = "Kính thưa quý vị đại biểu", "Tôi xin phát biểu " * 5, "Nguyễn Thị Mường Ẳng", "🙂 é"


class Dice(random.Random):
    def one(self, of: type[StrEnum]) -> str:
        return str(self.choice([*of]))

    def sources(self) -> list[str]:
        return self.sample([*SITES, "@player"], self.randint(0, 4))

    def scene(self) -> dict[str, Any]:
        return {"layout": self.one(Layout), "sources": self.sources()}

    def command(self) -> tuple[str, Mapping[str, Any]]:
        """A type, and fields that are understood, whether or not they may be now."""
        type_ = self.choice([*COMMANDS])
        return type_, COMMANDS[type_](self)


def _nothing(_dice: Dice) -> dict[str, Any]:
    return {}


COMMANDS: dict[str, Callable[[Dice], dict[str, Any]]] = {
    "cut": lambda dice: {
        "scene": dice.scene(),
        "transition": {"kind": dice.one(TransitionKind), "duration_ms": dice.randint(200, 1000)},
    },
    "set_preview": lambda dice: {"scene": dice.scene()},
    "register": lambda dice: _of_delegate(dice) | {"kind": dice.one(RequestKind)},
    "give_turn": lambda dice: _of_delegate(dice) | {"kind": dice.one(RequestKind)},
    "correct_name": lambda dice: _of_delegate(dice) | {"name": "Nguyễn Văn Bốn", "title": ""},
    "open_microphone": lambda dice: {"site": dice.choice(SITES)},
    "close_microphone": lambda dice: {"site": dice.choice(SITES)},
    "set_noise_suppression": lambda dice: {"site": dice.choice(SITES), "on": dice.random() < 0.5},
    "shift_sound": lambda dice: {"site": dice.choice(SITES), "later_ms": dice.randint(-200, 200)},
    "choose_item": lambda dice: {"item": dice.choice(AGENDA).id},
    "set_item_closed": lambda dice: _of_item(dice) | {"closed": dice.random() < 0.3},
    "close_part": lambda dice: {"staying": dice.sample(SITES, 2)},
    "load_player": lambda _dice: {"file": "phim.mp4", "title": "Phim"},
    "load_countdown": lambda dice: {"duration_ms": dice.randint(1000, 20_000), "title": "Chờ"},
    "start_player": lambda dice: {"sound": dice.random() < 0.7},
    "seek_player": lambda dice: {"position_ms": dice.randint(0, 25_000)},
    "loop_player": lambda dice: {"loop": dice.random() < 0.5},
    "show_overlay": lambda dice: {
        "name": dice.one(OverlayName), "visible": dice.random() < 0.6
    },
    "type_caption": lambda dice: {"text": dice.choice(SAID), "typing_ms": dice.randint(0, 4000)},
    "write_note": lambda dice: {"kind": dice.one(NoteKind), "text": "Ghi chú"},
    "send_message": lambda _dice: {"text": "Xin chờ"},
    "undo": lambda dice: {"act": dice.randint(0, 60)},
    "extend_turn": lambda _dice: {"by_ms": 60_000},
    **dict.fromkeys(
        (
            *("call_next", "end_turn", "pause_clock", "resume_clock", "mute_all"),
            *("request_opening", "confirm_opening", "keep_closed"),
            *("pause_session", "resume_session", "pause_player", "stop_player", "clear_player"),
        ),
        _nothing,
    ),
}  # fmt: skip


def _of_delegate(dice: Dice) -> dict[str, Any]:
    return {"delegate": dice.choice(DELEGATES).id}


def _of_item(dice: Dice) -> dict[str, Any]:
    return {"item": dice.choice(AGENDA).id}


class Storm:
    def __init__(self, server: Server, sites: list[int], seed: int) -> None:
        self._server, self._sites, self._dice = server, sites, Dice(seed)
        self.taken = self.refused = self.unheard = 0

    def rage(self, until: float) -> None:
        dice, fault_at = self._dice, 0.0
        while (now := time.monotonic()) < until:
            if now > fault_at:
                if fault_at:
                    self._harm()
                fault_at = time.monotonic() + dice.uniform(*CALM_S)
            self._tell()
            time.sleep(dice.choice((0.05, 0.2, 0.5, 1)))

    def _tell(self) -> None:
        type_, fields = self._dice.command()
        try:
            self._server.command(type_, **fields)
            self.taken += 1
        except RefusedError as error:
            if error.status != 409:
                raise
            self.refused += 1
        except OSError:  # there is no relay just now
            self.unheard += 1

    def _harm(self) -> None:
        server, dice = self._server, self._dice
        children = server.children()
        match dice.randrange(6):
            case 0:
                server.kill_everything()
                server.start()
            case 1:
                for name in ("relay", "studio"):
                    kill(children[name])
            case 2 | 3:
                kill(dice.choice([*children.values()]))
            case _:
                stand_still(dice.choice([*children.values(), *self._sites]), dice)


def stand_still(pid: int, dice: Dice) -> None:
    os.kill(pid, signal.SIGSTOP)
    time.sleep(dice.choice(STANDS_S))
    os.kill(pid, signal.SIGCONT)


AFTERWARDS = "resume_session", "clear_player", "end_turn", "request_opening", "confirm_opening"


def calm(server: Server) -> None:
    for type_ in AFTERWARDS:
        with suppress(RefusedError):
            server.command(type_)


async def all_is_there(server: Server) -> None:
    async with page(server) as shown:
        await shown.until(
            lambda view: all(
                row["present"] and row["video"] == "ok" for row in view["sites"].values()
            ),
            "all sites",
        )
        await shown.until(lambda view: view["outputs"]["studio"] == "running", "the studio")
        await shown.until(lambda view: view["outputs"]["recording"], "the recording")


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_that_was_promised_is_lost(tmp_path: Path, seed: int) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(Server(tmp_path))
        sites = [stack.enter_context(drawn_site(server, site)) for site in SITES]
        media = server.settings.storage.data_dir / "media"
        media.mkdir(exist_ok=True)
        films.film(media / "phim.mp4")
        server.command("go_live")
        storm = Storm(server, sites, seed)
        storm.rage(time.monotonic() + SECONDS)
        calm(server)
        asyncio.run(all_is_there(server))
        server.command("end_session")
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text("utf-8", "replace")
        recording = hls.read(
            (server.archive / "index.m3u8").read_text(),
            lambda name: (server.archive / name).read_bytes(),
        )
        assert hls.faults(recording) == []
        findings = verify(server.archive).findings
        spans = [finding.span for finding in findings if finding.code == "gap"]
        assert len(spans) == len(findings), findings
        longest_s = max((span.length_ms / 1000 for span in spans if span), default=0.0)
        sys.stdout.write(
            f"{storm.taken} commands taken, {storm.refused} refused, {storm.unheard} unheard; "
            f"{len(spans)} gaps, the longest {longest_s:.1f} s\n"
        )
        assert longest_s < GAP_S
