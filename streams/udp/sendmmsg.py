"""Many sends by one system call (sendmmsg(2)), each of which the kernel may cut (UDP_SEGMENT).

The structures of the call are laid out here, as <sys/socket.h> has them; for sends of equal length
to many addresses they are filled column by column.
"""

import ctypes
import socket
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

Address = tuple[str, int] | tuple[str, int, int, int]
"""As a socket of IPv4, or of IPv6 with flow and scope, has it."""

UDP_SEGMENT = 103
MAX_STRIDES = 64
"""Of a group whose beginnings are remembered. Policy: then all are forgotten."""
MAX_SENDS = 64
"""In one call."""

_NAME_LENGTHS = {socket.AF_INET: 16, socket.AF_INET6: 28}
_POINTER = np.uintp
_HEADER = np.dtype(
    [
        ("name", _POINTER),
        ("name_length", np.uint32),
        ("pieces", _POINTER),
        ("piece_count", _POINTER),
        ("control", _POINTER),
        ("control_length", _POINTER),
        ("flags", np.int32),
    ],
    align=True,
)
"""struct msghdr."""
_MESSAGE = np.dtype([("header", _HEADER), ("sent", np.uint32)], align=True)
"""struct mmsghdr."""
_PIECE = np.dtype([("start", _POINTER), ("length", _POINTER)])
"""struct iovec."""
_CONTROL = np.dtype(
    [("length", _POINTER), ("level", np.int32), ("type", np.int32), ("segment", np.uint16)],
    align=True,
)
"""struct cmsghdr and a uint16_t."""
_CONTROL_LENGTH = _CONTROL.fields["segment"][1] + 2  # type: ignore[index]

_sendmmsg = ctypes.CDLL(None, use_errno=True).sendmmsg
_sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)


class Sends:
    """Sends of equal length to many addresses, from one buffer: one after another, and from its
    beginning again after so many. Only what differs from the last ones is written."""

    def __init__(
        self, sock: socket.socket, octets: bytearray, addresses: Sequence[Address]
    ) -> None:
        self._socket, self._start = sock, address_of(octets)
        count = len(addresses)
        self._kept = [bytearray(_name(sock.family, address)) for address in addresses]
        self._messages, self._pieces = np.zeros(count, _MESSAGE), np.zeros(count, _PIECE)
        self._control = np.zeros(1, _CONTROL)  # one for all: the kernel only reads it
        self._control["length"] = _CONTROL_LENGTH
        self._control["level"] = socket.SOL_UDP
        self._control["type"] = UDP_SEGMENT
        self._places = np.arange(count, dtype=_POINTER)
        headers = self._messages["header"]
        headers["name"] = [address_of(name) for name in self._kept]
        headers["name_length"] = _NAME_LENGTHS[sock.family]
        headers["pieces"] = self._pieces.ctypes.data + self._places * _PIECE.itemsize
        headers["piece_count"] = 1
        headers["control"] = self._control.ctypes.data
        self._at = self._messages.ctypes.data
        self._control_lengths, self._segment = headers["control_length"], self._control["segment"]
        self._starts, self._lengths = self._pieces["start"], self._pieces["length"]
        self._begin_at: dict[tuple[int, int], Any] = {}
        self._laid = 0, 0
        self._length = 0
        self._cut = False

    def lay(self, stride: int, most: int, length: int, segment: int) -> None:
        """What the next ones are: of `length` octets, in segments of so many, each `stride` octets
        after the one before, `most` of them at a time."""
        if (stride, most) != self._laid:
            self._laid = stride, most
            self._starts[:] = self._beginnings(stride, most)
        if length != self._length:
            self._length = length
            self._lengths[:] = length
        self._segment[0] = segment
        cut = length > segment
        if cut is not self._cut:
            self._cut = cut
            self._control_lengths[:] = _CONTROL.itemsize if cut else 0

    def _beginnings(self, stride: int, most: int) -> Any:
        """Of each send. Pictures' packets are nearly always equally long."""
        known = self._begin_at.get((stride, most))
        if known is None:
            if len(self._begin_at) >= MAX_STRIDES:
                self._begin_at.clear()
            known = self._places % most * stride + self._start
            self._begin_at[stride, most] = known
        return known

    def send(self, first: int, count: int) -> int:
        """To so many of them. How many the kernel took. Not all: it has no room, or refuses the
        next one."""
        at = self._at + first * _MESSAGE.itemsize
        taken: int = _sendmmsg(self._socket.fileno(), at, count, socket.MSG_DONTWAIT)
        return max(0, taken)


def address_of(octets: bytearray) -> int:
    """Of a bytearray that nobody makes longer."""
    return ctypes.addressof(ctypes.c_char.from_buffer(octets))


def _name(family: int, address: Address) -> bytes:
    """struct sockaddr_in or sockaddr_in6."""
    host, port, flow, scope = (*address, 0, 0)[:4]
    head = struct.pack("=H", family) + struct.pack("!H", port)
    if family == socket.AF_INET:
        return head + socket.inet_pton(family, host) + bytes(8)
    return b"".join(
        (
            head,
            struct.pack("!I", flow),
            socket.inet_pton(family, host.partition("%")[0]),
            struct.pack("=I", scope),
        )
    )
