"""A camera that speaks RTSP (RFC 2326, over one TCP connection) and does as it is told, right or
wrong. It sends no RTCP, as many do not."""

import asyncio
import contextlib
import itertools
import re
import struct
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from streams.frames import Codec
from tests.broadcast.studio.rig import Coded

NAL = re.compile(rb"\0\0\0?\x01")
MARK = 0x80
TYPES = {Codec.H264: 96, Codec.OPUS: 97}
SDP = """v=0
o=- 0 0 IN IP4 127.0.0.1
s=camera
t=0 0
a=control:*
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1
a=control:video
m=audio 0 RTP/AVP 97
a=rtpmap:97 opus/48000/2
a=control:audio
""".replace("\n", "\r\n")

Script = Callable[[int, float, Coded], float | None]
"""Of the connection with that number, so many seconds after its start: the media time at which a
frame is sent; None: it is not."""


class Camera:
    """Plays a clip again and again to whoever asks; `script` says how."""

    def __init__(self, clip: Sequence[Coded], script: Script, sdp: str) -> None:
        self._clip, self._script, self._sdp = clip, script, sdp
        self.asked = 0
        """How many asked for it."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError, EOFError):
            while await _answered(reader, writer, self._sdp):
                pass
            number, self.asked = self.asked, self.asked + 1
            await self._play(number, writer)

    async def _play(self, number: int, writer: asyncio.StreamWriter) -> None:
        length_s = round(self._clip[-1].at_s)
        began_s, sequence = time.monotonic(), dict.fromkeys(TYPES, 0)
        for lap, frame in ((lap, one) for lap in itertools.count() for one in self._clip):
            at_s = lap * length_s + frame.at_s
            await asyncio.sleep(max(0.0, began_s + at_s - time.monotonic()))
            media_s = self._script(number, at_s, frame)
            if media_s is None:
                continue
            payloads = [frame.data] if frame.codec is Codec.OPUS else _nals(frame.data)
            for index, payload in enumerate(payloads):
                mark = MARK if index == len(payloads) - 1 else 0
                sequence[frame.codec] = sequence[frame.codec] + 1 & 0xFFFF
                stamp = round(media_s * frame.codec.clock_rate) & 0xFFFFFFFF
                kind, channel = TYPES[frame.codec], 2 * (frame.codec is Codec.OPUS)
                head = struct.pack(
                    ">BBHII", 0x80, mark | kind, sequence[frame.codec], stamp, 1 + channel
                )
                length = len(head) + len(payload)
                writer.write(struct.pack(">cBH", b"$", channel, length) + head + payload)
            await writer.drain()


def _nals(access_unit: bytes) -> list[bytes]:
    return [nal for nal in NAL.split(access_unit) if nal]


async def _answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sdp: str) -> bool:
    """One request; false once that was to play."""
    asked = (await reader.readuntil(b"\r\n\r\n")).decode()
    method, headers = asked.split(" ", 1)[0], dict(re.findall(r"(\S+): (.*?)\r\n", asked))
    answer = f"RTSP/1.0 200 OK\r\nCSeq: {headers['CSeq']}\r\nSession: 1\r\n"
    body = ""
    if method == "DESCRIBE":
        body = sdp
        answer += f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
    if "Transport" in headers:
        answer += f"Transport: {headers['Transport']}\r\n"
    writer.write(f"{answer}\r\n{body}".encode())
    return method != "PLAY"


@asynccontextmanager
async def camera(
    clip: Sequence[Coded], script: Script, sdp: str = SDP
) -> AsyncIterator[tuple[str, Camera]]:
    """And its address."""
    made = Camera(clip, script, sdp)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    async with server:
        yield f"rtsp://127.0.0.1:{server.sockets[0].getsockname()[1]}/camera", made
