"""Many datagrams by one system call (recvmmsg(2)), and when each of them came (SO_TIMESTAMPNS).

The structures of the call are laid out here, as <sys/socket.h> has them.
"""

import ctypes
import socket
import struct
import sys

from streams.udp.sendmmsg import Address, address_of

MAX_AT_ONCE = 80
"""Then others get their turn: two milliseconds, where all sites send keyframes at once."""
MAX_DATAGRAM = 2048
"""Longer ones are cut, and with that no valid packet of anybody's."""
MAX_NAMES = 4096
"""Addresses that are remembered in the form that we use; then all are forgotten."""

SO_TIMESTAMPNS = 35
"""Linux; the `socket` module does not name it."""
_LONGEST_NAME = 28
"""struct sockaddr_in6."""
_PIECE = struct.Struct("@PN")
"""struct iovec."""
_MESSAGE = struct.Struct("@PIPNPNi0PI0P")
"""struct mmsghdr: name and its length, pieces and how many, control and its length, flags; then the
length of what came."""
_STAMP = struct.Struct("@Nii0Nll0N")
"""struct cmsghdr and a struct timespec, by the clock of the day."""
_SIZES, _MOMENT = struct.Struct("=8xI44xI4x"), struct.Struct("=16xqq")
"""Of these what is read each time: the lengths of the name and of what came; seconds and ns."""
assert (_SIZES.size, _MOMENT.size) == (_MESSAGE.size, _STAMP.size)

_recvmmsg = ctypes.CDLL(None, use_errno=True).recvmmsg
_recvmmsg.argtypes = (
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_uint,
    ctypes.c_int,
    ctypes.c_void_p,
)


class DatagramReader:
    """Reads one socket, which is not its own."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket = sock
        self._octets = bytearray(MAX_AT_ONCE * MAX_DATAGRAM)
        self._names = bytearray(MAX_AT_ONCE * _LONGEST_NAME)
        self._stamps = bytearray(MAX_AT_ONCE * _STAMP.size)
        self._pieces = bytearray(MAX_AT_ONCE * _PIECE.size)
        self._messages = bytearray(MAX_AT_ONCE * _MESSAGE.size)
        self._known: dict[bytes, Address] = {}
        octets, names, stamps, pieces, self._at = map(
            address_of, (self._octets, self._names, self._stamps, self._pieces, self._messages)
        )
        for place in range(MAX_AT_ONCE):
            piece = place * _PIECE.size
            _PIECE.pack_into(self._pieces, piece, octets + place * MAX_DATAGRAM, MAX_DATAGRAM)
            name, stamp = names + place * _LONGEST_NAME, stamps + place * _STAMP.size
            _MESSAGE.pack_into(
                self._messages, place * _MESSAGE.size,
                name, _LONGEST_NAME, pieces + piece, 1, stamp, _STAMP.size, 0, 0,
            )  # fmt: skip
        self._fresh = memoryview(bytes(self._messages))
        """Before the kernel wrote into them."""
        self._octets_view, self._messages_view = (
            memoryview(self._octets),
            memoryview(self._messages),
        )
        self._stamps_view = memoryview(self._stamps)

    def read(self) -> list[tuple[bytes, Address, int]]:
        """What is there, `MAX_AT_ONCE` at most: each datagram, whom it is from, and when it came by
        the clock of the day (ns; 0 where the kernel does not say)."""
        count: int = _recvmmsg(
            self._socket.fileno(), self._at, MAX_AT_ONCE, socket.MSG_DONTWAIT, None
        )
        if count <= 0:  # nothing, or an ICMP error for somebody: his silence will tell
            return []
        end, found, start, at = count * _MESSAGE.size, [], 0, 0
        known, names, octets = self._known, self._names, self._octets_view
        told = _SIZES.iter_unpack(self._messages_view[:end])
        stamps = _MOMENT.iter_unpack(self._stamps_view[: count * _STAMP.size])
        for (size, length), (seconds, rest_ns) in zip(told, stamps, strict=True):
            name = bytes(names[at : at + size])
            address = known.get(name) or self._learn(name)
            datagram = octets[start : start + length].tobytes()
            found.append((datagram, address, seconds * 1_000_000_000 + rest_ns))
            start, at = start + MAX_DATAGRAM, at + _LONGEST_NAME
        self._messages_view[:end] = self._fresh[:end]
        return found

    def _learn(self, name: bytes) -> Address:
        if len(self._known) >= MAX_NAMES:
            self._known.clear()
        address = self._known[name] = _address(name)
        return address


def _address(name: bytes) -> Address:
    """Of struct sockaddr_in or sockaddr_in6, as a socket of that family tells it; of others none
    that is anybody's."""
    family, port = int.from_bytes(name[:2], sys.byteorder), int.from_bytes(name[2:4])
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, name[4:8]), port
    if family == socket.AF_INET6:
        host, flow = socket.inet_ntop(socket.AF_INET6, name[8:24]), int.from_bytes(name[4:8])
        return host, port, flow, int.from_bytes(name[24:28], sys.byteorder)
    return "", 0
