"""Many sends by one system call (sendmmsg(2)), each of which the kernel may cut (UDP_SEGMENT).

The structures of the call are laid out here, as <sys/socket.h> has them, and only what changes is
written again.
"""

import ctypes
import socket
import struct

Address = tuple[str, int]

UDP_SEGMENT = 103
MAX_SENDS = 64
"""In one call."""
MAX_NAMES = 1000
"""Addresses known in the kernel's form. Policy: then all are forgotten, and learned again."""

_MESSAGE = struct.Struct("@PIPNPNi0PI0P")
"""struct mmsghdr: name, iovec, control, flags, octets sent."""
_PIECE = struct.Struct("@PN")
"""struct iovec."""
_CONTROL = struct.Struct("@NiiH0N")
"""struct cmsghdr and a uint16_t."""
_SEGMENT = struct.Struct("@H")
_SEGMENT_AT = struct.calcsize("@Nii")
_LENGTH = _SEGMENT_AT + _SEGMENT.size

_sendmmsg = ctypes.CDLL(None, use_errno=True).sendmmsg
_sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)


class Batch:
    """What is to be sent from one buffer, in order."""

    def __init__(self, sock: socket.socket, octets: bytearray) -> None:
        self._socket, self._start = sock, _address_of(octets)
        self._names: dict[Address, tuple[int, int, object]] = {}
        self._messages = bytearray(_MESSAGE.size * MAX_SENDS)
        self._pieces = bytearray(_PIECE.size * MAX_SENDS)
        self._controls = bytearray(
            _CONTROL.pack(_LENGTH, socket.SOL_UDP, UDP_SEGMENT, 0) * MAX_SENDS
        )
        self._message_at, self._piece_at, self._control_at = map(
            _address_of, (self._messages, self._pieces, self._controls)
        )

    def put(self, place: int, at: int, length: int, segment: int, address: Address) -> None:
        """The `place`th send is of so many octets from `at`, in segments of so many."""
        known = self._names.get(address) or self._learn(address)
        control = _CONTROL.size * place
        _PIECE.pack_into(self._pieces, _PIECE.size * place, self._start + at, length)
        _MESSAGE.pack_into(
            self._messages, _MESSAGE.size * place,
            known[0], known[1],
            self._piece_at + _PIECE.size * place, 1,
            self._control_at + control, _CONTROL.size if length > segment else 0,
            0, 0,
        )  # fmt: skip
        _SEGMENT.pack_into(self._controls, control + _SEGMENT_AT, segment)

    def send(self, first: int, end: int) -> int:
        """How many of these the kernel took. Not all: it has no room, or refuses the next one."""
        at = self._message_at + first * _MESSAGE.size
        taken: int = _sendmmsg(self._socket.fileno(), at, end - first, socket.MSG_DONTWAIT)
        return max(0, taken)

    def _learn(self, address: Address) -> tuple[int, int, object]:
        if len(self._names) >= MAX_NAMES:
            self._names.clear()
        name = bytearray(_name(self._socket.family, address))
        known = self._names[address] = _address_of(name), len(name), name
        return known


def _address_of(octets: bytearray) -> int:
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
