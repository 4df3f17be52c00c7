"""The public program, pushed to others: RTMP(S) for platforms and stations, SRT, Icecast for radio.

FFmpeg sends to each destination in a process of its own, which may hang or die without harm. It is
fed what the recording is made of, so that nothing is encoded again, and ends with its input.
"""

import logging
import os
import re
import select
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import Any, Literal

from broadcast.outputs.backlog import GAP_TOLD_S, Backlog
from broadcast.outputs.ffmpeg import Why, held, opened, telling_line, why
from broadcast.outputs.fmp4 import ParameterSets, fragment, init_segment, since
from broadcast.outputs.parts import Cutter, Part
from config.settings import Program, Push
from streams.frames import AUDIO_CLOCK_RATE, NS_PER_S, VIDEO_CLOCK_RATE, Codec, Packet

MAX_QUEUED_PACKETS = 720
"""Ten seconds of picture and sound."""
LOOK_S = 0.05
PART_MS = 100
"""What cutting adds to the delay."""
STALLED_S = 10.0
"""The other side takes nothing for so long: it is gone, whatever TCP thinks."""
TOLD_S = 3.0
"""So soon the operator is told that it stands."""
END_S = 1.0
STALLED = "nothing is taken any more"
STEADY_S = 30.0
"""A connection that held so long was a good one: the next is tried soon."""
RETRY_S = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
MAX_WORDS = 4096
PROGRESS = re.compile(rb"out_time_us=(\d+)")

INPUT = (
    "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-progress", "pipe:1",
    "-stats_period", "0.5", "-fflags", "nobuffer", "-analyzeduration", "0", "-f", "mp4",
    "-i", "pipe:0", "-c", "copy", "-flush_packets", "1",
)  # fmt: skip
MPEG_TS = ("-copyts", "-f", "mpegts", "-muxdelay", "0", "-mpegts_flags", "resend_headers")
MPEG_TS_WRAP = 1 << 33
"""Its times begin again after 26 hours (ISO 13818-1, 2.4.3.7); every receiver knows."""
OUTPUT = {
    "rtmp": ("-f", "flv", "-flvflags", "no_duration_filesize"),
    "rtmps": ("-f", "flv", "-flvflags", "no_duration_filesize", "-tls_verify", "1"),
    "srt": MPEG_TS,
    "icecast": ("-vn", "-f", "adts", "-content_type", "audio/aac"),
}

log = logging.getLogger(__name__)

State = Literal["connecting", "sending", "waiting"]
Cause = Why | Literal["stalled", "slow", "nobody", "no_ffmpeg"]


class StalledError(OSError):
    """The other side takes nothing any more."""


def kind_of(push: Push) -> str:
    """A key of `OUTPUT`."""
    return push.url.partition(":")[0]


def command(push: Push) -> list[str]:
    """FFmpeg's; it reads fragmented MP4 from its standard input."""
    kind = kind_of(push)
    trusted = ("-ca_file", push.ca_file) if push.ca_file and kind == "rtmps" else ()
    return [*INPUT, *OUTPUT[kind], *trusted, *opened(push.url)]


@dataclass(frozen=True, slots=True)
class PushStatus:
    """How one destination fares."""

    name: str
    state: State
    detail: str
    """Why it is not sending, in FFmpeg's words and without the address."""
    why: Cause
    """The same in one word, for who does not know FFmpeg; "": none of these. `slow`: it is sending,
    but not all."""
    retry_s: float
    """How long it waits before it tries again."""
    since_ns: int
    """CLOCK_MONOTONIC when it began to send; 0 while it does not."""
    dropped: int
    """Packets, since the start of the process."""

    def message(self) -> dict[str, Any]:
        """As the relay reads it (`web.statuses.PushState`)."""
        return {
            "name": self.name,
            "state": self.state,
            "detail": self.detail,
            "why": self.why,
            "retry_s": self.retry_s,
            "since_ns": self.since_ns,
            "dropped": self.dropped,
        }


class Connection:
    """One FFmpeg, to its end; on one thread. Raises `OSError` where there is none."""

    def __init__(self, push: Push, closing: threading.Event) -> None:
        self._closing = closing
        self._process = subprocess.Popen(
            held(command(push)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._stderr = self._process.stderr
        for pipe in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(pipe.fileno(), False)
        self._words = self._reached = b""
        self._fed_at = self._moved_at = time.monotonic()
        self._waits_since: float | None = None
        self.sending = False

    @property
    def stands(self) -> bool:
        """The other side has taken nothing for a while. From any thread."""
        fed_at = time.monotonic() if self._waits_since is not None else self._fed_at
        return fed_at - self._moved_at > TOLD_S

    def feed(self, data: bytes) -> None:
        """Raises `OSError` if FFmpeg has ended, `StalledError` if it takes nothing."""
        view, began = memoryview(data), time.monotonic()
        while view and not self._closing.is_set():
            try:
                view = view[os.write(self._stdin.fileno(), view) :]
            except BlockingIOError:
                self._waits_since = began
                if time.monotonic() - began > STALLED_S:
                    raise StalledError(STALLED) from None
                select.select((), (self._stdin,), (), LOOK_S)
        self._fed_at, self._waits_since = time.monotonic(), None

    def look(self) -> None:
        """What FFmpeg says. Raises as `feed` does."""
        now = time.monotonic()
        self._words = (self._words + _read(self._stderr.fileno()))[-MAX_WORDS:]
        # It tells of its progress only between two packets that the other side has taken.
        if (told := PROGRESS.findall(_read(self._stdout.fileno()))) and told[-1] != self._reached:
            self.sending, self._moved_at, self._reached = True, now, told[-1]
        if self._process.poll() is not None:
            raise BrokenPipeError("FFmpeg has ended")
        if self._fed_at - self._moved_at > STALLED_S:
            raise StalledError(STALLED)

    def close(self) -> bytes:
        """FFmpeg's last words."""
        self._stdin.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        words = self._words + _read(self._stderr.fileno())
        self._stdout.close()
        self._stderr.close()
        return words


def _read(descriptor: int) -> bytes:
    """What is there now."""
    try:
        return os.read(descriptor, 65536)
    except BlockingIOError:
        return b""


class _Feeder:
    """Parts into one connection's FFmpeg, on a time line that begins with it; or a `lasting` one,
    program time as MPEG-TS can tell it, where a restart of ours leaves a gap as long as it was."""

    def __init__(self, connection: Connection, program: Program, *, lasting: bool) -> None:
        self._connection, self._size = connection, (program.width, program.height)
        self._lasting = lasting
        self._cutter = Cutter(1000, PART_MS, VIDEO_CLOCK_RATE // program.fps)
        self._parameters: ParameterSets | None = None
        self._origin = self._sequence = 0

    def take(self, packet: Packet) -> bool:
        """False where another connection is needed: the picture changed its shape."""
        for part in self._cutter.add(packet):
            if self._parameters not in (None, part.parameters):
                return False
            if self._parameters is None:
                self._begin(part)
            self._sequence += 1
            video = since(part.video, self._origin)
            audio = since(part.audio, self._origin * AUDIO_CLOCK_RATE // VIDEO_CLOCK_RATE)
            self._connection.feed(fragment(self._sequence, video, audio))
        return True

    def _begin(self, part: Part) -> None:
        # The sound of the first part may begin a little before its picture.
        begins = (part.start // VIDEO_CLOCK_RATE - 1) * VIDEO_CLOCK_RATE
        self._origin = begins - begins % MPEG_TS_WRAP if self._lasting else begins
        self._parameters = part.parameters
        self._connection.feed(init_segment(*self._size, part.parameters, 0))


class Pusher:
    """Sends to one destination, on a thread of its own. Queue: a `Backlog` of
    `MAX_QUEUED_PACKETS`. While nobody is connected nothing is queued."""

    def __init__(self, push: Push, program: Program) -> None:
        self._push, self._program = push, program
        self._queue = Backlog[Packet](MAX_QUEUED_PACKETS)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"push {push.name}", daemon=True)
        self._wanted = False
        self._state: State = "connecting"
        self._detail, self._since_ns = "", 0
        self._why: Cause = ""
        self._retry_s = 0.0
        self._connection: Connection | None = None

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def offer(self, packet: Packet) -> None:
        """From any thread; returns at once."""
        if self._wanted and packet.public and packet.codec in (Codec.H264, Codec.AAC):
            self._queue.offer(packet, key=packet.codec is Codec.H264 and packet.key)

    def status(self) -> PushStatus:
        """From any thread."""
        connection, state, detail, kind = self._connection, self._state, self._detail, self._why
        if state == "sending" and connection is not None and connection.stands:
            state, detail, kind = "waiting", STALLED, "stalled"
        elif state == "sending":
            sent_s = (time.monotonic_ns() - self._since_ns) / NS_PER_S
            kind = "slow" if self._queue.dropped_within(min(sent_s, GAP_TOLD_S)) else kind
        dropped = self._queue.dropped
        return PushStatus(
            self._push.name, state, detail, kind, self._retry_s, self._since_ns, dropped
        )

    def _run(self) -> None:
        """Again and again, ever more slowly while it fails."""
        failures = 0
        while not self._closing.is_set():
            self._state = "connecting"
            began = time.monotonic()
            try:
                self._connect()
            except OSError as error:
                self._detail, self._why = f"ffmpeg: {error.strerror or error}", "no_ffmpeg"
            steady = self._since_ns and time.monotonic() - began > STEADY_S
            # Whoever waits to be called calls nobody too often.
            soon = steady or self._why == "nobody"
            self._retry_s = RETRY_S[0 if soon else min(failures, len(RETRY_S) - 1)]
            self._state, self._since_ns = "waiting", 0
            if self._why != "nobody" and not self._closing.is_set():
                log.warning("push to %s: %s", self._push.name, self._detail or "ended")
            self._closing.wait(self._retry_s)
            failures = 0 if soon else failures + 1

    def _connect(self) -> None:
        """One connection, to its end; keeps why it ended. Raises `OSError` without FFmpeg."""
        connection = self._connection = Connection(self._push, self._closing)
        said = ""
        try:
            self._queue.clear()
            self._wanted = True
            lasting = OUTPUT[kind_of(self._push)] is MPEG_TS
            self._follow(connection, _Feeder(connection, self._program, lasting=lasting))
        except OSError as error:
            said = str(error.strerror or error)
        finally:
            self._wanted, self._connection = False, None
            words = connection.close()
        self._why = why(words, self._push.url)
        self._detail = telling_line(words, self._push.url) or said
        if said == STALLED and not self._why:
            never: Cause = "nobody" if self._push.listens else "unreachable"
            self._why = "stalled" if self._since_ns else never

    def _follow(self, connection: Connection, feeder: _Feeder) -> None:
        """Looks twenty times a second: to be woken by each packet would cost more."""
        while not self._closing.wait(LOOK_S):
            for packet in self._queue.drain():
                if not feeder.take(packet):
                    return
            connection.look()
            if connection.sending and not self._since_ns:
                log.info("push to %s: sending", self._push.name)
                self._state, self._detail, self._why = "sending", "", ""
                self._since_ns = time.monotonic_ns()
