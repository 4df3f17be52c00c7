"""Sources that speak no WebRTC: RTSP, SRT, RTMP, files. FFmpeg fetches each in a process of its
own, which may hang or die without harm, and hands over H.264 and Opus by a pipe.

The picture is taken as it comes. Only what sites could not have sent, another codec or pictures out
of order, is encoded anew, and FFmpeg is started again for that.
"""

import asyncio
import contextlib
import logging
import os
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote

import av
import av.error
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from broadcast.outputs.ffmpeg import held, opened, telling_line
from broadcast.studio.received import AstrayError, Pace, Received
from config.settings import Camera
from streams.frames import NS_PER_S, VIDEO_CLOCK_RATE, Codec, EncodedFrame, SiteId

STALLED_S = 5.0
"""Nothing for so long: the connection is dead, whatever FFmpeg thinks."""
CONNECT_S = 15.0
END_S = 1.0
ALONE_S = 60.0
"""Then the picture is asked for again, which costs two or three seconds of the sound."""
UNSEEN = b"dimensions not set"
"""FFmpeg, of a picture that was told of and never came."""
STRANGER = b"Unexpected stream", b"App field don't match up"
"""FFmpeg, of who sends by RTMP under another name; it takes him all the same."""
RETRY_S = (1.0, 2.0, 5.0, 10.0)
SAME_PICTURE = VIDEO_CLOCK_RATE // 100

PROTOCOLS = {
    "rtsp": "rtsp,rtp,udp,tcp",
    "rtsps": "rtsp,rtsps,rtp,udp,tcp,tls",
    "srt": "srt,udp",
    "rtmp": "rtmp,tcp",
    "file": "file",
}
"""A file or playlist may name further addresses: these kinds only."""
SOON = ("-fflags", "nobuffer", "-fpsprobesize", "0", "-analyzeduration", "1000000")
OPTIONS = {
    "rtsp": (*SOON, "-rtsp_transport", "tcp", "-timeout", "5000000"),
    "rtsps": (*SOON, "-rtsp_transport", "tcp", "-timeout", "5000000"),
    "srt": SOON,
    "rtmp": (*SOON, "-rw_timeout", "5000000", "-listen", "1"),
    "file": ("-re", "-stream_loop", "-1"),
}
Way = tuple[str, ...]
"""FFmpeg's options for what becomes of the picture."""
AS_IT_COMES: Way = ("-map", "0:v:0?", "-c:v", "copy")
ENCODED: Way = (
    "-map", "0:v:0?", "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-threads",
    "1", "-pix_fmt", "yuv420p", "-vf", "scale=w='min(1280,iw)':h=-2", "-crf", "21", "-maxrate",
    "4M", "-bufsize", "2M", "-g", "50",
)  # fmt: skip
LEFT_OUT: Way = ()
"""Its sound alone."""
SOUND = ("-c:a", "libopus", "-b:a", "96k", "-ar", "48000", "-ac", "2", "-frame_duration", "20")
AT_ONCE = (
    "-max_interleave_delta", "1", "-flush_packets", "1", "-output_ts_offset", "0.02", "-f", "nut",
    "-syncpoints", "none", "-strict", "experimental", "pipe:1",
)  # fmt: skip
"""NUT without syncpoints, which nobody needs in a pipe, is its version 4: that carries what an
encoder by RTMP says beside its pictures when it changes their size.

Opus begins 6.5 ms before the sound. A picture that is written first, at 0, would make that
negative: FFmpeg 7 ends there."""

AS_SITES_SEND = "h264_mp4toannexb,dump_extra"
"""Not done by FFmpeg's command line: at a film's end it ends its filters, and what is played again
has no picture."""

MAX_WORDS = 4096

log = logging.getLogger(__name__)


class NotAsItComesError(Exception):
    """The picture has to be encoded anew."""


class PicturelessError(Exception):
    """It told of a picture and sent none: FFmpeg then gives no sound either."""


def command(camera: Camera, picture: Way) -> list[str]:
    """FFmpeg's, with its result on its standard output."""
    kind = camera.url.partition(":")[0]
    path = unquote(camera.url.removeprefix("file://"))
    *options, address = [path] if kind == "file" else opened(camera.url)
    return [
        "ffmpeg", "-hide_banner", "-nostdin",
        "-loglevel", "warning" if kind == "rtmp" else "error",
        "-protocol_whitelist", PROTOCOLS[kind], *OPTIONS[kind], *options, "-i", address,
        *picture, "-map", "0:a:0?", *SOUND, *AT_ONCE,
    ]  # fmt: skip


class Cameras:
    """All of them, while `run` runs. `offer` is called by each camera's own thread."""

    def __init__(
        self,
        cameras: Sequence[Camera],
        offer: Callable[[EncodedFrame], None],
        on_gone: Callable[[SiteId], None],
    ) -> None:
        self._cameras = cameras
        self._offer = offer
        self._on_gone = on_gone
        self._received = [Received(SiteId(camera.site)) for camera in cameras]
        self._threads = ThreadPoolExecutor(max(1, len(cameras)), thread_name_prefix="camera")

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for camera, received in zip(self._cameras, self._received, strict=True):
                    tasks.create_task(self._keep(camera, received))
        finally:
            self._threads.shutdown()

    def status(self) -> list[dict[str, Any]]:
        now_ns = time.monotonic_ns()
        return [received.status(now_ns) for received in self._received]

    async def _keep(self, camera: Camera, received: Received) -> None:
        """Again and again, ever more slowly while nothing comes."""
        usual = picture = AS_IT_COMES
        failures = 0
        while True:
            try:
                said = await self._fetch(camera, received, picture)
            except PicturelessError:
                log.warning("camera of %s: no picture; its sound alone", camera.site)
                # Whether there is one again is known soonest where it is taken as it comes.
                usual, picture = AS_IT_COMES, LEFT_OUT
                continue
            except NotAsItComesError as error:
                log.info("camera of %s: encoded anew: %s", camera.site, error)
                usual = picture = ENCODED
                continue
            except AstrayError as error:
                said = str(error)
            except OSError as error:
                said = f"ffmpeg: {error.strerror}"
            picture, failures = usual, 0 if received.since_ns else failures + 1
            received.since_ns, received.detail = 0, said
            log.warning("camera of %s: %s", camera.site, said or "ended")
            await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])

    async def _fetch(self, camera: Camera, received: Received, picture: Way) -> str:
        """One connection, to its end; FFmpeg's last words. Raises as `_watched` does, and `OSError`
        where there is no FFmpeg."""
        ours, theirs = os.pipe()
        try:
            try:
                arguments = held(command(camera, picture))
                process = await asyncio.create_subprocess_exec(
                    *arguments, stdin=DEVNULL, stdout=theirs, stderr=PIPE
                )
            finally:
                os.close(theirs)
            return await self._watched(camera, received, picture, process, ours)
        finally:
            os.close(ours)

    async def _watched(
        self, camera: Camera, received: Received, picture: Way, process: Process, pipe: int
    ) -> str:
        """Raises as `_read` does, and `PicturelessError`."""
        loop = asyncio.get_running_loop()
        started_ns = time.monotonic_ns()
        words = asyncio.create_task(_last_words(process))
        reading = loop.run_in_executor(self._threads, self._read, camera, received, pipe)
        given_up = False
        try:
            while not given_up and not (await asyncio.wait({reading}, timeout=1.0))[0]:
                given_up = _is_enough(camera, received, picture, started_ns)
        finally:
            await _end(process)
            # Its end is the end of both pipes.
            await asyncio.wait({reading})
            await asyncio.wait({words})
            self._on_gone(received.site)
        reading.result()
        # To encode it anew FFmpeg waits, with the sound too, for a picture that it can read.
        waited = given_up and picture is ENCODED and received.heard_ns < started_ns
        if waited or UNSEEN in words.result():
            raise PicturelessError
        return telling_line(words.result(), camera.url)

    def _read(self, camera: Camera, received: Received, pipe: int) -> None:
        """On its thread, to the end of the pipe. Raises `NotAsItComesError`, `AstrayError`."""
        pace = Pace()
        try:
            # What it is called may be in any encoding; nobody here reads that.
            with av.open(
                f"pipe:{pipe}",
                format="nut",
                options={"probesize": "32"},
                metadata_errors="replace",
            ) as container:
                for frame in _begun_whole(_frames(received, container)):
                    received.note(frame)
                    if not camera.is_file:
                        pace.follow(frame)
                    self._offer(frame)
        except av.error.FFmpegError as error:
            log.debug("camera of %s: %s", received.site, error)


def _frames(received: Received, container: InputContainer) -> Iterator[EncodedFrame]:
    """Raises `NotAsItComesError`."""
    last_pts = -1
    for packet, video in _packets(container):
        if packet.pts is None or packet.time_base is None:
            continue
        codec = Codec.H264 if video else Codec.OPUS
        pts = round(packet.pts * packet.time_base * codec.clock_rate)
        if video:
            if pts < last_pts:
                raise NotAsItComesError("its pictures come out of order")
            last_pts, picture = pts, container.streams.video[0]
            received.width, received.height = picture.width, picture.height
        now_ns = time.monotonic_ns()
        received.since_ns = received.since_ns or now_ns
        captured_ns = pts * NS_PER_S // codec.clock_rate
        key = not video or packet.is_keyframe
        yield EncodedFrame(received.site, codec, pts, captured_ns, now_ns, key, bytes(packet))


def _packets(container: InputContainer) -> Iterator[tuple["Packet[Stream]", bool]]:
    """And whether each is of the picture. Raises `NotAsItComesError`."""
    try:
        filters = {
            stream.index: BitStreamFilterContext(AS_SITES_SEND, stream)
            for stream in container.streams.video
        }
    except av.error.ArgumentError:
        raise NotAsItComesError("it is no H.264") from None
    for packet in container.demux():
        if packet.pts is None:
            continue
        if (picture := filters.get(packet.stream_index)) is None:
            yield packet, False
        else:
            yield from ((filtered, True) for filtered in picture.filter(packet))


def _begun_whole(frames: Iterator[EncodedFrame]) -> Iterator[EncodedFrame]:
    """FFmpeg's parser cuts the first picture of an RTP stream in two where it has slices; all up to
    the next keyframe would be grey. So the first waits for the second."""
    first: EncodedFrame | None = None
    for frame in frames:
        if not frame.codec.is_video:
            yield frame
        elif first is None:
            first = frame
        elif frame.pts - first.pts < SAME_PICTURE:
            first = first._replace(data=first.data + frame.data)
        else:
            yield first
            yield frame
            yield from frames


def _is_enough(camera: Camera, received: Received, picture: Way, started_ns: int) -> bool:
    """A picture may hang while the sound goes on; a film's may be over before it."""
    now_ns = time.monotonic_ns()
    if picture is LEFT_OUT and now_ns - started_ns > ALONE_S * NS_PER_S:
        return True
    if received.heard_ns > started_ns:
        seen = received.video_ns > started_ns and not camera.is_file
        newest_ns = received.video_ns if seen else received.heard_ns
        return now_ns - newest_ns > STALLED_S * NS_PER_S
    return not camera.listens and now_ns - started_ns > CONNECT_S * NS_PER_S


async def _end(process: Process) -> None:
    """Lets it take leave of the camera, which may count connections."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), END_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _last_words(process: Process) -> bytes:
    """The end of what it complains of. Ends it where a stranger came."""
    assert process.stderr is not None
    said = b""
    while more := await process.stderr.read(4096):
        said = (said + more)[-MAX_WORDS:]
        if any(mark in said for mark in STRANGER):
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
    return said
