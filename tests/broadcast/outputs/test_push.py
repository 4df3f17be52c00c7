"""The program pushed to real receivers: what arrives there is what was made here."""

import asyncio
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from broadcast.outputs.ffmpeg import telling_line, why
from broadcast.outputs.push import Pusher, PushStatus
from config.settings import Push
from streams.frames import Packet
from tests import media
from tests.broadcast.outputs import streams
from tests.ports import free_port
from web.certificate import self_made

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs FFmpeg")
LENGTH_S = 4
FPS = 25
MOST_AT_ONCE_S = 0.2
TWO_SECONDS = 90_000
"""Octets."""
NOWHERE = "rtmp://127.0.0.1:9/live/key"
"""The discard port, where nobody listens."""


@contextmanager
def pusher(url: str, ca_file: str = "") -> Iterator[Pusher]:
    made = Pusher(Push(name="station", url=url, ca_file=ca_file), streams.PROGRAM)
    made.start()
    try:
        yield made
    finally:
        made.close()


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Politely first: what it has is to be in its file."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def receiving(file: Path, *source: str) -> Iterator[subprocess.Popen[bytes]]:
    """FFmpeg as a station that keeps what it gets."""
    arguments = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-y"]
    arguments += ["-analyzeduration", "2000000"]
    process = subprocess.Popen(
        [*arguments, *source, "-c", "copy", "-flush_packets", "1", str(file)]
    )
    try:
        yield process
    finally:
        _end(process)


class Station:
    """The program as it is made: in its own time, again and again, each time later. Where the
    machine stands still nothing is made."""

    def __init__(self, pusher: Pusher, packets: Sequence[Packet] = ()) -> None:
        """`packets`: others than usual, `LENGTH_S` of them."""
        self._pusher = pusher
        self._packets = packets or streams.program(LENGTH_S)
        self._made_s, self._looked_s = 0.0, time.monotonic()
        self._given = 0

    def go_on(self) -> PushStatus:
        """What is due by now."""
        now_s = time.monotonic()
        self._made_s += min(now_s - self._looked_s, MOST_AT_ONCE_S)
        self._looked_s = now_s
        while (packet := self._at(self._given))[0] <= self._made_s:
            self._pusher.offer(packet[1])
            self._given += 1
        return self._pusher.status()

    def _at(self, number: int) -> tuple[float, Packet]:
        lap, index = divmod(number, len(self._packets))
        packet = self._packets[index]
        rate = packet.codec.clock_rate
        shifted = replace(packet, pts=packet.pts + lap * LENGTH_S * rate)
        return shifted.pts / rate - streams.EPOCH_S, shifted

    def until(self, condition: Callable[[PushStatus], object], what: str) -> PushStatus:
        deadline = time.monotonic() + media.PATIENCE_S
        while time.monotonic() < deadline:
            status = self.go_on()
            if condition(status):
                return status
            time.sleep(0.02)
        raise AssertionError(f"{what} never came: {self._pusher.status()}")


def size_of(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def comes_whole(file: Path) -> Callable[[PushStatus], bool]:
    """Whether the last two seconds followed each other without a hole, whenever two more have come:
    SRT gives up what a busy machine sends too late."""
    looked_at = 0

    def whole(_: PushStatus) -> bool:
        nonlocal looked_at
        if size_of(file) < looked_at + TWO_SECONDS:
            return False
        looked_at = size_of(file)
        marks = media.decode(file.read_bytes()).marks()
        numbers = [mark.number for _, mark in marks if mark is not None][-2 * FPS :]
        steps = {(b - a) % (LENGTH_S * FPS) for a, b in pairwise(numbers)}
        return len(numbers) > FPS and steps == {1}

    return whole


NGINX = """daemon off; worker_processes 1; pid {folder}/nginx.pid; user root;
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
events {{}}
rtmp {{ access_log {folder}/access.log; server {{ listen 127.0.0.1:{port}; application live {{
  live on; record all; record_path {folder}; record_suffix .flv;
}} }} }}
"""
RTMP_MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")


@contextmanager
def nginx(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Debian's nginx with libnginx-mod-rtmp, as many platforms run it; it keeps what it gets."""
    settings = folder / "nginx.conf"
    settings.write_text(NGINX.format(folder=folder, port=port))
    process = subprocess.Popen(
        ["nginx", "-p", str(folder), "-c", str(settings), "-e", str(folder / "error.log")]
    )
    try:
        media.wait_for(lambda: _listens(port), "nginx listens")
        yield process
    finally:
        process.terminate()
        process.wait(media.PATIENCE_S)


@pytest.mark.skipif(not RTMP_MODULE.exists(), reason="needs nginx with its RTMP module")
def test_rtmp_comes_back_by_itself(tmp_path: Path) -> None:
    """Nobody there; then a server, which ends; then another, which gets it whole, from a keyframe
    on; and nothing of what the studio makes that the public may not see."""
    port, files = free_port(), [tmp_path / str(turn) / "key.flv" for turn in range(2)]
    secret = [replace(p, public=False, data=b"\xff" * 5000) for p in streams.program(1)]
    with pusher(f"rtmp://127.0.0.1:{port}/live/key") as push:
        station = Station(push)
        status = station.until(lambda s: s.state == "waiting" and s.detail, "a refusal")
        assert "refused" in status.detail
        assert (status.why, status.retry_s) == ("refused", 1.0)
        assert "127.0.0.1" not in status.detail
        for file, enough in (
            (files[0], lambda _: size_of(files[0]) > 10_000),
            (files[1], comes_whole(files[1])),
        ):
            file.parent.mkdir()
            with nginx(file.parent, port):
                status = station.until(lambda s: s.state == "sending", "the connection")
                assert status.since_ns > 0

                def taken(
                    status: PushStatus, enough: Callable[[PushStatus], bool] = enough
                ) -> bool:
                    for packet in secret:
                        push.offer(packet)
                    return enough(status)

                station.until(taken, "two seconds of the second")
            station.until(lambda s: s.state != "sending", "the loss is noticed")
    for file in files:
        assert b"\xff" * 1000 not in file.read_bytes()
    assert len(media.decode(files[-1].read_bytes()).heard()) > media.RATE


@contextmanager
def behind_tls(folder: Path, port: int) -> Iterator[tuple[int, Path]]:
    """A door with a certificate of its own before that port: its own port, and the certificate."""
    certificate, key = self_made(folder, datetime.fromtimestamp(time.time(), UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    loop = asyncio.new_event_loop()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError), closing(writer):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, inner_writer), carry(inner_reader, writer))

    server = loop.run_until_complete(asyncio.start_server(welcome, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1], certificate
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        loop.run_until_complete(asyncio.sleep(0))  # in which transports close
        loop.close()


@pytest.mark.skipif(not RTMP_MODULE.exists(), reason="needs nginx with its RTMP module")
def test_rtmps_goes_to_who_proves_himself_and_to_nobody_else(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "key.flv"
    with nginx(tmp_path, port), behind_tls(tmp_path / "tls", port) as (outer, certificate):
        url = f"rtmps://127.0.0.1:{outer}/live/key"
        with pusher(url) as push:
            status = Station(push).until(lambda s: s.state == "waiting" and s.detail, "a refusal")
            assert "certificate" in status.detail
            assert status.why == "certificate"
            assert not file.exists()
        with pusher(url, str(certificate)) as push:
            Station(push).until(comes_whole(file), "two seconds")


@contextmanager
def transmitting(theirs: str, file: Path) -> Iterator[None]:
    """Haivision's `srt-live-transmit`, as many stations run it."""
    with file.open("wb") as taken:
        process = subprocess.Popen(
            ["srt-live-transmit", "-quiet", "-a:yes", theirs, "file://con"],
            stdout=taken, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        yield
    finally:
        _end(process)


@pytest.mark.skipif(shutil.which("srt-live-transmit") is None, reason="needs srt-tools")
def test_a_passphrase_is_sent_as_it_is_written(tmp_path: Path) -> None:
    port, taken = free_port(), tmp_path / "taken.ts"
    key = "passphrase=Điện%20+/=:Biên&latency=200"
    with (
        transmitting(f"srt://:{port}?mode=listener&{key}", taken),
        pusher(f"srt://127.0.0.1:{port}?{key}") as push,
    ):
        Station(push).until(lambda _: size_of(taken) > 10_000, "the connection")


@pytest.mark.skipif(shutil.which("srt-live-transmit") is None, reason="needs srt-tools")
@pytest.mark.parametrize("they_listen", [True, False])
def test_srt_live_transmit(tmp_path: Path, *, they_listen: bool) -> None:
    """A station that takes SRT: it waits for us, or fetches from us; and comes back."""
    port, first, again = free_port(), tmp_path / "first.ts", tmp_path / "again.ts"
    theirs, ours = f"srt://:{port}?mode=listener", f"srt://127.0.0.1:{port}"
    if not they_listen:
        theirs, ours = (
            f"srt://127.0.0.1:{port}?mode=caller",
            f"srt://127.0.0.1:{port}?mode=listener",
        )
    with pusher(ours) as push:
        station = Station(push)
        for file, enough in (
            (first, lambda _: size_of(first) > 10_000),
            (again, comes_whole(again)),
        ):
            with transmitting(theirs, file):
                station.until(lambda s: s.state == "sending", "the connection")
                station.until(enough, "two seconds")
            station.until(lambda s: s.state != "sending", "the loss is noticed")
    assert len(media.decode(again.read_bytes()).heard()) > media.RATE


UNRESOLVED = "Failed to resolve hostname a.vn: Name or service not known"
PASSPHRASE = "01:20/SRT:RcvQ: REJECT reported from HS processing: Incorrect passphrase - not"
SRT = """[srt @ 0x5c] Connection to srt://a.vn:9?passphrase=KEY failed: Input/output error
srt://a.vn:9?passphrase=KEY: Input/output error"""
RTMP = "rtmp://a.vn/live/KEY: Input/output error"


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        (f"[tcp @ 0x5c] {UNRESOLVED}\n{RTMP}", "no_host", UNRESOLVED),
        (RTMP, "hung_up", "rtmp://… Input/output error"),
        ("rtmp://a.vn/live/KEY'KEY\": End of file", "hung_up", "rtmp://… End of file"),
        ("rtmps://a.vn/live/KEY: Broken pipe", "hung_up", "rtmps://… Broken pipe"),
        (f"{PASSPHRASE}\n{SRT}", "key", PASSPHRASE),
        (SRT, "unreachable", "Connection to srt://… failed: Input/output error"),
        ("KEY-5/%7 is in use by live/KEY-5%2F%257", "", "… is in use by live/…"),
        ("something new", "", "something new"),
        ("", "", ""),
    ],
)
def test_what_ffmpeg_says_in_one_word(said: str, kind: str, told: str) -> None:
    """As FFmpeg 5.1 said it of each; and a server that repeats what it was told."""
    for url in ("rtmp://a.vn/live/KEY-5%2F%257", "icecast://source:KEY-5%2F%257@a.vn:9/live"):
        assert (why(said.encode(), url), telling_line(said.encode(), url)) == (kind, told)


def test_nobody_there_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broadcast.outputs.push.RETRY_S", (3600.0,))  # which its end cuts short
    with pusher(NOWHERE) as push:
        station = Station(push)
        station.until(lambda s: s.state == "waiting", "a refusal")
        for _ in range(3):
            for packet in streams.program(LENGTH_S):
                push.offer(packet)
        assert push.status().dropped == 0


ICECAST = """<icecast>
  <limits><sources>2</sources><burst-size>0</burst-size></limits>
  <authentication><source-password>secret</source-password></authentication>
  <hostname>localhost</hostname>
  <mount><mount-name>/live</mount-name><mp3-metadata-interval>256</mp3-metadata-interval></mount>
  <listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
  <paths><logdir>{folder}</logdir><webroot>/usr/share/icecast2/web</webroot>
    <adminroot>/usr/share/icecast2/admin</adminroot></paths>
  <logging><errorlog>-</errorlog><accesslog>-</accesslog><loglevel>1</loglevel></logging>
  <security><chroot>0</chroot>
    <changeowner><user>nobody</user><group>nogroup</group></changeowner></security>
</icecast>"""
"""Titles stand close: silence has so few octets that the usual 16,000 are half a minute."""


@contextmanager
def icecast(folder: Path, port: int) -> Iterator[None]:
    """Once it listens."""
    settings = folder / "icecast.xml"
    settings.write_text(ICECAST.format(port=port, folder=folder))
    process = subprocess.Popen(["icecast2", "-c", str(settings)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + media.PATIENCE_S
        while not _listens(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.skipif(shutil.which("icecast2") is None, reason="needs Icecast")
def test_radio(tmp_path: Path) -> None:
    """It takes who knows its password, and is found again when it comes back."""
    port, file = free_port(), tmp_path / "taken.aac"
    with pusher(f"icecast://source:secret@127.0.0.1:{port}/live") as allowed:
        station = Station(allowed)
        with (
            icecast(tmp_path, port),
            pusher(f"icecast://source:wrong@127.0.0.1:{port}/live") as refused,
        ):
            status = Station(refused).until(lambda s: s.why == "key", "a refusal")
            assert status.state == "waiting"
            assert "wrong" not in status.detail
            station.until(lambda s: s.state == "sending", "the connection")
        station.until(lambda s: s.state == "waiting", "the loss is noticed")
        with icecast(tmp_path, port):
            station.until(lambda s: s.state == "sending", "the connection, again")
            with receiving(file, "-f", "aac", "-i", f"http://127.0.0.1:{port}/live"):
                station.until(lambda _: size_of(file) > 30_000, "two seconds")
    heard = media.decode(file.read_bytes()).heard()
    assert media.loudest_tone(heard[media.RATE // 2 :][: media.RATE], 1000) > -30
