"""A destination that refuses, or takes nothing any more: it is waited for, ever longer, and the
operator is told."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from broadcast.outputs.push import Connection
from config.settings import Push
from streams.frames import Codec, Packet
from tests.broadcast.outputs import streams
from tests.broadcast.outputs.test_push import (
    NOWHERE,
    RTMP_MODULE,
    Station,
    nginx,
    pusher,
)
from tests.ports import free_port

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs FFmpeg")
CHUNK = 1 << 16


def test_who_refuses_is_asked_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_s: list[float] = []

    class Noted(Connection):
        def __init__(self, push: Push, closing: threading.Event) -> None:
            asked_s.append(time.monotonic())
            super().__init__(push, closing)

    monkeypatch.setattr("broadcast.outputs.push.Connection", Noted)
    with pusher(NOWHERE) as pushed:
        Station(pushed).until(lambda s: s.retry_s == 5.0, "a third refusal")
    for (asked, again), retry_s in zip(pairwise(asked_s), (1.0, 2.0), strict=False):
        assert again - asked > retry_s


@pytest.mark.skipif(not RTMP_MODULE.exists(), reason="needs nginx with its RTMP module")
def test_who_took_it_for_a_while_is_asked_often_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broadcast.outputs.push.STEADY_S", 1.0)
    monkeypatch.setattr("broadcast.outputs.push.RETRY_S", (0.2, 0.4))
    port = free_port()
    with pusher(f"rtmp://127.0.0.1:{port}/live/key") as pushed:
        station = Station(pushed)
        station.until(lambda s: s.retry_s == 0.4, "a second refusal")
        with nginx(tmp_path, port):
            station.until(lambda s: s.state == "sending", "the connection")
            monkeypatch.setattr("broadcast.outputs.push.RETRY_S", (60.0, 0.4))
            until_s = time.monotonic() + 1.5
            station.until(lambda _: time.monotonic() > until_s, "that it holds")
        station.until(lambda s: (s.state, s.retry_s) == ("waiting", 60.0), "the first wait again")


@contextmanager
def frozen(parent: int) -> Iterator[None]:
    """Its processes stand still, and keep their connections."""
    found = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True, check=True)
    processes = [parent, *map(int, found.stdout.split())]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def large(packet: Packet, octets: int = 400_000) -> Packet:
    """With a NAL unit that decoders pass over: what nobody takes is soon more than the kernel
    keeps."""
    filler = b"\0\0\0\1\x0c" + b"\xff" * octets + b"\x80"
    return replace(packet, data=packet.data + filler) if packet.codec is Codec.H264 else packet


def test_who_waits_to_be_called_waits_all_the_time_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("broadcast.outputs.push.STALLED_S", 1.0)
    began: list[float] = []

    class Noted(Connection):
        def __init__(self, push: Push, closing: threading.Event) -> None:
            began.append(time.monotonic())
            super().__init__(push, closing)

    monkeypatch.setattr("broadcast.outputs.push.Connection", Noted)
    with pusher(f"srt://127.0.0.1:{free_port()}?mode=listener") as pushed:
        station = Station(pushed)
        station.until(lambda s: s.why == "nobody", "that nobody came")
        station.until(lambda _: len(began) == 5, "that it listens again and again")
        assert pushed.status().retry_s == 1.0


def test_who_never_answers_is_told_as_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a firewall swallows what follows, or no name can be resolved."""
    monkeypatch.setattr("broadcast.outputs.push.STALLED_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"rtmp://127.0.0.1:{silent.getsockname()[1]}/live/key"
        with pusher(url) as pushed:
            told = Station(pushed).until(lambda s: s.why, "that it cannot be reached")
            assert told.why == "unreachable"


@contextmanager
def narrow(port: int, rate_bps: float) -> Iterator[int]:
    """A line that carries so much to that port, and the port at which it begins."""
    ours = socket.create_server(("127.0.0.1", 0))
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK)
    ends: list[socket.socket] = [ours]

    def carry() -> None:
        with suppress(OSError):
            caller = ours.accept()[0]
            there = socket.create_connection(("127.0.0.1", port))
            ends.extend((caller, there))
            threading.Thread(target=answer, args=(there, caller)).start()
            while data := caller.recv(CHUNK):
                there.sendall(data)
                time.sleep(len(data) * 8 / rate_bps)

    def answer(there: socket.socket, caller: socket.socket) -> None:
        with suppress(OSError):
            while data := there.recv(CHUNK):
                caller.sendall(data)

    threading.Thread(target=carry).start()
    try:
        yield ours.getsockname()[1]
    finally:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.mark.skipif(not RTMP_MODULE.exists(), reason="needs nginx with its RTMP module")
def test_a_line_that_does_not_carry_it_all_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is sent there stutters, though it is sent."""
    monkeypatch.setattr("broadcast.outputs.push.MAX_QUEUED_PACKETS", 72)
    port = free_port()
    with (
        nginx(tmp_path, port),
        narrow(port, 3e6) as entrance,
        pusher(f"rtmp://127.0.0.1:{entrance}/live/key") as pushed,
    ):
        station = Station(pushed, tuple(large(one, 40_000) for one in streams.program(4)))
        told = station.until(lambda s: s.why == "slow", "that it is too much")
        assert told.state == "sending"
        assert told.dropped > 0


@pytest.mark.skipif(not RTMP_MODULE.exists(), reason="needs nginx with its RTMP module")
def test_who_takes_nothing_any_more_is_told_and_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broadcast.outputs.push.TOLD_S", 1.0)
    monkeypatch.setattr("broadcast.outputs.push.STALLED_S", 3600.0)
    port = free_port()
    with nginx(tmp_path, port) as server, pusher(f"rtmp://127.0.0.1:{port}/live/key") as pushed:
        station = Station(pushed, tuple(map(large, streams.program(4))))
        station.until(lambda s: s.state == "sending", "the connection")
        with frozen(server.pid):
            told = station.until(lambda s: s.why == "stalled", "that it stands")
            assert told.state == "waiting"
            assert told.since_ns > 0, "before it is left"
            monkeypatch.setattr("broadcast.outputs.push.STALLED_S", 3.0)
            station.until(lambda s: s.state == "waiting" and s.retry_s, "that it is left")
        station.until(lambda s: s.state == "sending", "another connection")
