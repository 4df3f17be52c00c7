"""Many sends by one system call (sendmmsg(2)), each of which the kernel may cut (UDP_SEGMENT).

The structures of the call are laid out here, as <sys/socket.h> has them; for sends of equal length
to many addresses they are filled column by column.
"""

import ctypes
import socket
import struct
from collections.abc import Sequence

import numpy as np

Address = tuple[str, int] | tuple[str, int, int, int]
"""As a socket of IPv4, or of IPv6 with flow and scope, has it."""

UDP_SEGMENT = 103
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


class Names:
    """Addresses in the kernel's form."""

    def __init__(self, family: int, addresses: Sequence[Address]) -> None:
        self._kept = [bytearray(_name(family, address)) for address in addresses]
        self.starts = np.array([address_of(name) for name in self._kept], _POINTER)


class Batch:
    """Sends of equal length, one after another in one buffer."""

    def __init__(self, sock: socket.socket, octets: bytearray) -> None:
        self._socket, self._start = sock, address_of(octets)
        self._messages = np.zeros(MAX_SENDS, _MESSAGE)
        self._pieces = np.zeros(MAX_SENDS, _PIECE)
        self._controls = np.zeros(MAX_SENDS, _CONTROL)
        self._places = np.arange(MAX_SENDS, dtype=_POINTER)
        self._controls["length"] = _CONTROL_LENGTH
        self._controls["level"] = socket.SOL_UDP
        self._controls["type"] = UDP_SEGMENT
        headers = self._messages["header"]
        headers["pieces"] = self._pieces.ctypes.data + self._places * _PIECE.itemsize
        headers["piece_count"] = 1
        headers["control"] = self._controls.ctypes.data + self._places * _CONTROL.itemsize
        self._at = self._messages.ctypes.data
        headers["name_length"] = _NAME_LENGTHS[sock.family]
        self._names = headers["name"]
        self._control_lengths = headers["control_length"]
        self._starts, self._lengths = self._pieces["start"], self._pieces["length"]
        self._segments, self._stride = self._controls["segment"], 0

    def send(self, names: Names, part: slice, stride: int, length: int, segment: int) -> int:
        """To so many of these names, each `length` octets of the buffer, in segments of so many,
        and `stride` octets after the one before. How many the kernel took. Not all: it has no room,
        or refuses the next one."""
        starts = names.starts[part]
        count = len(starts)
        self._names[:count] = starts
        if stride != self._stride:
            self._stride, self._starts[:] = stride, self._places * stride + self._start
        self._lengths[:count] = length
        self._segments[:count] = segment
        self._control_lengths[:count] = _CONTROL.itemsize if length > segment else 0
        taken: int = _sendmmsg(self._socket.fileno(), self._at, count, socket.MSG_DONTWAIT)
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
