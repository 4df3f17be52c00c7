"""Packets out: a run to one peer is laid side by side, encrypted there, and sent by one call.

The kernel cuts the buffer into datagrams itself (UDP_SEGMENT, Linux 4.18): all equally long, the
last may be shorter. To where it will not, each is sent alone. What goes to many peers goes by one
call for as many of them as there is room for.
"""

import asyncio
import errno
import os
import socket
import struct
from collections import deque
from collections.abc import Sequence

from pylibsrtp import Session

from streams.rtp.bursts import MAX_OCTETS, MAX_SEGMENTS, Burst
from streams.udp.many import Many
from streams.udp.sendmmsg import MAX_SENDS, UDP_SEGMENT, Address, Sends
from streams.udp.srtp import TRAILER, Workbench

Run = Sequence[tuple[bytes, bytes]]
"""Packets in order, each as header and payload."""

FEW = 12
"""For so many each one's packets are written and sent on their own."""
MAX_PACKET = 1500
FULL = MAX_OCTETS - MAX_PACKET
ROOM = 384 * 1024
"""For what goes by one call: a picture for some forty viewers, and it stays in the cache."""
CONGESTED_OCTETS = 1024 * 1024
"""What may wait for the kernel before viewers lose whole access units."""
FULL_OCTETS = 4 * CONGESTED_OCTETS
"""A keyframe for each of a hundred viewers. Policy: beyond it datagrams of any kind are dropped."""

REFUSED = (errno.EIO, errno.EINVAL, errno.ENOPROTOOPT, errno.EOPNOTSUPP)
"""What a kernel or a network card that cannot cut buffers says. Once it did cut some, it is the way
to one address: one that takes no packets so long, unless in fragments, says so by EINVAL before
Linux 6.14, and by EMSGSIZE since."""
MAX_UNCUT = 4096
"""Addresses to which nothing is cut. Policy: then all are tried again."""


class Sending:
    """The sending half of the port. Owns no socket; `close` before the socket is closed."""

    def __init__(self, sock: socket.socket, *, segments: bool = True) -> None:
        self._socket = sock
        self._segments = segments
        self._bench = Workbench(ROOM + TRAILER)
        self._view = memoryview(self._bench.octets)
        self._uncut: set[Address] = set()
        self._did_cut = False
        self._controls: dict[int, list[tuple[int, int, bytes]]] = {}
        self._waiting: deque[tuple[bytes, int, Address]] = deque()
        self._waits = 0
        self.congested = False
        """The kernel takes no more for now."""
        self.dropped = 0
        """Datagrams that nobody will get."""
        # The loop watches the socket for reading under its own number; this one is for writing.
        self._writable = os.dup(sock.fileno())
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        if self._waiting:
            self._loop.remove_writer(self._writable)
        os.close(self._writable)

    def send(self, datagram: bytes, address: Address) -> None:
        """One datagram as it is, now or as soon as the kernel takes it."""
        self._out(datagram, len(datagram), address)

    def send_run(self, session: Session, packets: Run, address: Address) -> None:
        """Encrypts RTP packets and sends them, in order. Raises `pylibsrtp.Error`."""
        octets, protect = self._bench.octets, self._bench.protect
        at = count = first = before = segment = 0
        for head, payload in packets:
            size = len(head) + len(payload)
            # After a shorter one nothing can follow, and a longer one never fits.
            if count and (size > before or before < first or count == MAX_SEGMENTS or at > FULL):
                self._out(self._view[:at], segment, address)
                at = count = 0
            body = at + len(head)
            octets[at:body] = head
            octets[body : at + size] = payload
            length = protect(session, at, size)
            if not count:
                first, segment = size, length
            before = size
            at += length
            count += 1
        if count:
            self._out(self._view[:at], segment, address)

    def send_same(self, burst: Burst, many: Many, before: int) -> None:
        """Encrypts a burst for everybody, and sends it. `before`: packets of the same
        unit that went before it."""
        contexts = many.contexts
        if len(contexts) > FEW:
            # Sound is of many lengths, and lies at the same places all the same.
            alone = burst.packets == 1 and burst.segment < MAX_PACKET
            stride = MAX_PACKET if alone else burst.packets * burst.segment
            self._send_to_many(burst, many, before, stride)
            return
        bench, segment, place = self._bench, burst.segment, -1
        data = self._view[: len(burst.octets)]
        control = self._controls.get(segment)
        for context, offset, first, shift, stream, address in zip(
            contexts, many.offsets, many.log_numbers, many.shifts, many.streams,
            many.addresses, strict=True,
        ):  # fmt: skip
            place += 1
            number, transport = offset + many.number + before, first + shift + before
            if not bench.seal(context, burst, number, transport, stream):
                many.refuse(place)
                continue
            try:
                if self._waiting:
                    self._out(data, segment, address)
                elif burst.packets == 1:
                    self._socket.sendto(data, address)
                elif control and self._segments:
                    self._socket.sendmsg([data], control, 0, address)
                else:
                    self._out(data, segment, address)
            except OSError:
                self._out(data, segment, address)  # once more; it knows what to do

    def _send_to_many(self, burst: Burst, many: Many, before: int, stride: int) -> None:
        size, bench, sends = len(burst.octets), self._bench, many.sends
        if sends is None:
            sends = many.sends = Sends(self._socket, bench.octets, many.addresses)
        most = min(MAX_SENDS, ROOM // stride)
        sends.lay(stride, most, size, burst.segment)
        for first in range(0, len(many.contexts), most):
            part = slice(first, first + most)
            contexts = many.contexts[part]
            many.write(bench.octets, burst, before, part, stride)
            failed = bench.protect_same(contexts, burst, stride)
            for place in failed:
                many.refuse(first + place)
            taken, count = 0, len(contexts)
            while taken < count:
                if self._segments and not self._waiting and not failed:
                    taken += sends.send(first + taken, count - taken)
                    if taken == count:
                        break
                # What the kernel did not take: has it no room, or not this way?
                if taken not in failed:
                    data = self._view[taken * stride : taken * stride + size]
                    self._out(data, burst.segment, many.addresses[first + taken])
                taken += 1

    def _out(self, data: "bytes | memoryview", segment: int, address: Address) -> None:
        if self._waiting or not self._now(data, segment, address):
            self._later(bytes(data), segment, address)

    def _now(self, data: "bytes | memoryview", segment: int, address: Address) -> bool:
        """Whether the kernel took it. What can never be sent counts as taken, and as dropped."""
        try:
            if len(data) <= segment:
                self._socket.sendto(data, address)
            elif self._cuts_for(address):
                self._socket.sendmsg([data], self._control(segment), 0, address)
                self._did_cut = True
            else:
                return self._one_by_one(data, segment, address)
        except BlockingIOError:
            return False
        except OSError as error:
            of_the_way = error.errno == errno.EMSGSIZE or self._did_cut
            refused = error.errno == errno.EMSGSIZE or error.errno in REFUSED
            if not refused or len(data) <= segment:
                self.dropped += -(-len(data) // segment)
                return True
            dropped = self.dropped
            self._one_by_one(data, segment, address)
            # If it refuses each of them as well, the address is to blame.
            if self.dropped == dropped:
                self._cut_no_more(address if of_the_way else None)
        return True

    def _cut_no_more(self, address: Address | None) -> None:
        """For that address, or for any."""
        if address is None:
            self._segments = False
            return
        if len(self._uncut) >= MAX_UNCUT:
            self._uncut.clear()
        self._uncut.add(address)

    def _cuts_for(self, address: Address) -> bool:
        return self._segments and address not in self._uncut

    def _one_by_one(self, data: "bytes | memoryview", segment: int, address: Address) -> bool:
        for at in range(0, len(data), segment):
            part = data[at : at + segment]
            if self._waiting or not self._now(part, segment, address):
                self._later(bytes(part), segment, address)
        return True

    def _control(self, segment: int) -> list[tuple[int, int, bytes]]:
        control = self._controls.get(segment)
        if control is None:  # of some 1500 lengths
            value = struct.pack("=H", segment)
            control = self._controls[segment] = [(socket.SOL_UDP, UDP_SEGMENT, value)]
        return control

    def _later(self, data: bytes, segment: int, address: Address) -> None:
        if self._waits + len(data) > FULL_OCTETS:
            self.dropped += -(-len(data) // segment)
            return
        if not self._waiting:
            self._loop.add_writer(self._writable, self._drain)
        # What the kernel will not cut is cut here, so that all of it leaves in its turn.
        piece = len(data) if self._cuts_for(address) else segment
        for at in range(0, len(data), piece):
            self._waiting.append((data[at : at + piece], segment, address))
        self._waits += len(data)
        self.congested = self._waits > CONGESTED_OCTETS

    def _drain(self) -> None:
        while self._waiting:
            data, segment, address = self._waiting[0]
            if not self._now(data, segment, address):
                return
            self._waiting.popleft()
            self._waits -= len(data)
            self.congested = self._waits > CONGESTED_OCTETS
        self._loop.remove_writer(self._writable)
