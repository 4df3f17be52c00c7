"""Relay ⇄ studio: one Unix stream socket, length-prefixed messages, a bounded queue at each side.

The relay listens, the studio connects (and connects again: either side may die and return).
A message is `u32 length | u8 type | body`, big-endian. The two hot ones have packed bodies,
all others are small JSON objects. `Outbox` is the bound: when the other side does not read,
whole frames are dropped and counted, never a part of one and never the reader's own loop stalled.
"""

import asyncio
import json
import logging
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, cast

from streams.frames import Codec, EncodedFrame, Packet, SiteId
from streams.rtp.bursts import Burst
from streams.rtp.packetise import USUAL, Packetised, packetise

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
"""A 1080p keyframe is under 1 MB; anything larger is a fault of the sender, not a frame."""

MAX_QUEUED_BYTES = 4 * 1024 * 1024
"""About 2 s of fifty standby sites, or of one program ladder."""

log = logging.getLogger(__name__)

_LENGTH = struct.Struct("!I")
_FRAME = struct.Struct("!BBBqqq")
_PACKET = struct.Struct("!BBBqBB")
_BURST = struct.Struct("!BII")
_LEAST, _TAG, _H264 = sum(USUAL), USUAL[1], int(Codec.H264)
_CODECS = {codec.value: codec for codec in Codec}
_new = tuple.__new__
"""A named tuple without a step of Python, where there are many."""
_NOT_CAPTURED = -(2**63)


class WireError(Exception):
    """The other side sent what no version of it should send; the connection must be dropped."""


class Kind(IntEnum):
    """Message types; r→s from relay to studio, s→r back."""

    FRAME = 1
    """r→s, packed: an `EncodedFrame`."""
    PROGRAM = 2
    """r→s, JSON: the whole `ProgramState`; the newest wins."""
    KEYFRAME = 3
    """r→s `{"feed": …}`: a viewer needs one. s→r `{"source": …}`: a decoder needs one."""
    PACKET = 4
    """s→r, packed: a `Packetised` (`streams.rtp.packetise`)."""
    LEVELS = 5
    """s→r `{"levels": {site: dBFS}}`, ten times a second."""
    STILL = 6
    """s→r, packed: `u8 length | name | JPEG`; name is a site's id, or `@preview`."""
    STATUS = 7
    """s→r, JSON: what is recorded, disk left, frames late, faults. Once a second, and on change."""
    SOURCE_GONE = 8
    """r→s `{"source": …}`: the site left or its line was declared dead."""
    HEARD = 9
    """r→s `{"feeds": {feed: [rendition, …]}}`: the sound that anybody listens to. A studio that was
    not told makes all of it."""
    PUSHES = 10
    """r→s `{"pushes": [{"name", "url"}, …]}`: where the program is sent; the newest wins. The
    addresses are secrets."""
    WATCHED = 11
    """r→s `{"stills": …}`: whether any page shows stills. A studio that was not told makes them."""


_FRAMES, _PACKETS = int(Kind.FRAME), int(Kind.PACKET)
"""Told before all others, without a step of Python's enumerations: there are hundreds a second."""


@dataclass(frozen=True, slots=True)
class Still:
    """A small picture for the operator's page."""

    name: str
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """Any of the JSON messages."""

    kind: Kind
    body: dict[str, Any]


Message = EncodedFrame | Packet | Packetised | Still | Note
"""A `Packet` is sent, and is a `Packetised` when it comes."""


def _name(text: str) -> bytes:
    raw = text.encode()
    if len(raw) > 255:
        raise ValueError(f"name of {len(raw)} bytes on the wire: {text[:40]!r}…")
    return bytes((len(raw),)) + raw


def encode(message: Message) -> bytes:
    """One message, with its length prefix."""
    match message:
        case EncodedFrame():
            captured = _NOT_CAPTURED if message.captured_ns is None else message.captured_ns
            head = _FRAME.pack(
                Kind.FRAME,
                message.codec,
                message.key,
                message.pts,
                captured,
                message.received_ns,
            )
            body = b"".join((head, _name(message.source), message.data))
        case Packet():
            body = _encode_cut(packetise(message))
        case Packetised():
            body = _encode_cut(message)
        case Still():
            body = b"".join((bytes((Kind.STILL,)), _name(message.name), message.jpeg))
        case Note():
            text = json.dumps(message.body, ensure_ascii=False, separators=(",", ":"))
            body = bytes((message.kind,)) + text.encode()
    return _LENGTH.pack(len(body)) + body


def _encode_cut(packet: Packetised) -> bytes:
    """Its head, the name of its feed, a line on each burst, then the bursts as they are."""
    flags, feed = packet.key | packet.public << 1 | packet.rendition << 2, packet.feed.encode()
    head = _PACKET.pack(Kind.PACKET, packet.codec, flags, packet.pts, len(feed), len(packet.bursts))
    told = (_BURST.pack(one.packets, one.segment, len(one.octets)) for one in packet.bursts)
    return b"".join((head, feed, *told, *(one.octets for one in packet.bursts)))


def _decode_cut(data: bytes, start: int, end: int) -> Packetised:
    """Of the message that lies there among others. Raises `WireError`."""
    try:
        _, codec, flags, pts, length, count = _PACKET.unpack_from(data, start)
        named = start + _PACKET.size
        told = named + length
        at = told + count * _BURST.size
        bursts, video, timestamp = [], codec == _H264, pts & 0xFFFFFFFF
        for packets, segment, size in _BURST.iter_unpack(data[told:at]):
            if not (packets - 1) * segment + _LEAST <= size <= packets * segment:
                raise WireError(f"{packets} packets of {segment} octets in {size}")
            count -= 1
            octets = data[at : at + size]
            marker = video and not count
            bursts.append(_new(Burst, (octets, packets, segment, _TAG, marker, timestamp)))
            at += size
        if at != end or count:
            raise WireError(f"packets of {at - start} octets in {end - start}")
        feed, key, public = data[named:told].decode(), flags & 1 > 0, flags & 2 > 0
        return _new(Packetised, (feed, _CODECS[codec], pts, key, public, flags >> 2, tuple(bursts)))
    except (LookupError, ValueError, struct.error) as error:
        raise WireError(f"malformed packet of {end - start} bytes: {error}") from error


def _split_name(body: bytes, at: int) -> tuple[str, bytes]:
    end = at + 1 + body[at]
    return body[at + 1 : end].decode(), body[end:]


def decode(body: bytes) -> Message:
    """One message without its length prefix. Raises `WireError` on anything malformed."""
    try:
        if body[0] == _FRAMES:
            _, codec, key, pts, captured, received = _FRAME.unpack_from(body)
            name, data = _split_name(body, _FRAME.size)
            captured_ns = None if captured == _NOT_CAPTURED else captured
            return EncodedFrame(
                SiteId(name), _CODECS[codec], pts, captured_ns, received, bool(key), data
            )
        if body[0] == _PACKETS:
            return _decode_cut(body, 0, len(body))
        kind = Kind(body[0])
        if kind is Kind.STILL:
            return Still(*_split_name(body, 1))
        note = json.loads(body[1:])
    except (LookupError, ValueError, struct.error) as error:
        raise WireError(f"malformed message of {len(body)} bytes: {error}") from error
    if not isinstance(note, dict):
        raise WireError(f"{kind.name} carries {type(note).__name__}, not an object")
    return Note(kind, note)


class Conversation(asyncio.Protocol):
    """One connection. Messages are heard where they are read: a reader's task in between would be
    woken for each, and cost more than all that is done to it here."""

    def __init__(
        self,
        on_message: Callable[[Message], None],
        over: asyncio.Future[None],
        begun: Callable[["Outbox", asyncio.Future[None]], None] = lambda *_: None,
        *,
        on_packet: Callable[[Packetised], None] | None = None,
    ) -> None:
        """`on_packet` hears the program's packets, which are many; else `on_message` does."""
        self._on_message, self._on_packet = on_message, on_packet or on_message
        self._begun = begun
        self._rest = b""
        """Of a message that is not whole yet."""
        self.over = over
        """Done when the connection is; with what was wrong with it, or with who heard it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.outbox = Outbox(cast(asyncio.WriteTransport, transport))
        self.number: int = transport.get_extra_info("socket").fileno()
        """The socket's, as the system calls it."""
        self._begun(self.outbox, self.over)

    def data_received(self, data: bytes) -> None:
        """Tells of the messages that are whole now, however they were cut on the way."""
        if self.over.done():
            return
        if self._rest:
            data, self._rest = self._rest + data, b""
        at, there = 0, len(data)
        try:
            while at + _LENGTH.size <= there:
                (length,) = _LENGTH.unpack_from(data, at)
                if not 0 < length <= MAX_MESSAGE_BYTES:
                    raise WireError(f"a message of {length} bytes")
                begin = at + _LENGTH.size
                end = begin + length
                if there < end:
                    break
                at = end
                if data[begin] == _PACKETS:
                    self._on_packet(_decode_cut(data, begin, end))
                else:
                    self._on_message(decode(data[begin:end]))
            if at != there:
                self._rest = data[at:]
        except Exception as error:
            self.over.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            log.warning("the connection broke: %s", exc)
        if not self.over.done():
            self.over.set_result(None)


class Outbox:
    """The sending half of one connection. Policy when full: drop this message, count it.

    `Note`s always pass: they are few, small, and state that nobody sends again.
    """

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._waiting: list[bytes] = []
        self._waits = 0
        """Octets of these: what is offered in one turn of the loop leaves by one system call, which
        is what fifty sites' frames would cost most by."""
        self.dropped = 0

    def offer(self, message: Message) -> bool:
        """Sends with this turn of the loop or never; False if it was dropped."""
        if self._transport.is_closing():
            return False
        if self.full and not isinstance(message, Note):
            self.dropped += 1
            return False
        self.pass_on(encode(message))
        return True

    @property
    def full(self) -> bool:
        """Only notes pass."""
        return self._transport.get_write_buffer_size() + self._waits > MAX_QUEUED_BYTES

    def pass_on(self, data: bytes) -> None:
        """The rest of what was begun elsewhere: never dropped."""
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(data)
        self._waits += len(data)

    @property
    def idle(self) -> bool:
        """The system has taken all of it."""
        return not self._waiting and not self._transport.get_write_buffer_size()

    def _flush(self) -> None:
        waiting, self._waiting, self._waits = self._waiting, [], 0
        if waiting and not self._transport.is_closing():
            self._transport.writelines(waiting)

    def close(self) -> None:
        """What was offered still leaves, if the other side reads."""
        self._flush()
        self._transport.close()
