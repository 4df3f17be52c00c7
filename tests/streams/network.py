"""A bad network as data: which packets are lost, late or doubled. Seeded, and no time passes."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

from streams.frames import Codec
from streams.rtp.bursts import Burst
from streams.rtp.header import RtpPacket
from streams.rtp.packetise import h264_payloads
from streams.udp.many import Many
from streams.uplink.stream import Uplink

NS_PER_MS = 1_000_000
FRAME_MS = 40
SSRC = 7


def h264_units(
    count: int, *, key_every: int = 25, size: tuple[int, int] = (320, 180)
) -> list[bytes]:
    """Access units in Annex B, noisy enough to need several packets each."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = size
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 25)
    encoder.bit_rate, encoder.gop_size = 2_000_000, key_every
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency"}
    noise = np.random.default_rng(1)
    units = []
    for pts in range(count):
        picture = noise.integers(0, 255, (size[1] * 3 // 2, size[0]), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
        frame.pts = pts
        units += [bytes(packet) for packet in encoder.encode(frame)]
    return units


def video_packets(units: Sequence[bytes], first: int = 65_500) -> list[tuple[int, RtpPacket]]:
    """(sent_ns, packet) of each; numbers wrap early, timestamps too."""
    packets, sequence = [], first
    for index, unit in enumerate(units):
        payloads = h264_payloads(unit)
        stamp = (0xFFFF_0000 + index * 90 * FRAME_MS) & 0xFFFFFFFF
        for part, payload in enumerate(payloads):
            marker = part == len(payloads) - 1
            packet = RtpPacket(96, marker, sequence & 0xFFFF, stamp, SSRC, payload, None)
            packets.append((index * FRAME_MS * NS_PER_MS + part * 100_000, packet))
            sequence += 1
    return packets


@dataclass
class Line:
    """Loses and delays with a seed; what is asked for again travels the same line."""

    loss: float
    jitter_ms: float = 0
    delay_ms: float = 30
    seed: int = 1

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def carries(self) -> bool:
        return self._random.random() >= self.loss

    def travel_ns(self) -> int:
        return round((self.delay_ms + self._random.uniform(0, self.jitter_ms)) * NS_PER_MS)


def transmitted(
    uplink: Uplink, packets: Sequence[tuple[int, RtpPacket]], line: Line, tick_ms: int = 20
) -> Iterator[tuple[int, object]]:
    """Runs it all in virtual time; yields (now_ns, frame) and (now_ns, "pli")."""
    sent = {packet.sequence: packet for _, packet in packets}
    arriving = [(at + line.travel_ns(), packet) for at, packet in packets if line.carries()]
    now_ns, end_ns = 0, max(at for at, _ in packets) + 2_000 * NS_PER_MS
    while now_ns < end_ns:
        now_ns += tick_ms * NS_PER_MS
        due = sorted((item for item in arriving if item[0] <= now_ns), key=lambda item: item[0])
        arriving = [item for item in arriving if item[0] > now_ns]
        for at, packet in due:
            yield from ((at, frame) for frame in uplink.add(packet, at))
        wishes, frames = uplink.poll(now_ns)
        yield from ((now_ns, frame) for frame in frames)
        if wishes.pli:
            yield now_ns, "pli"
        for sequence in wishes.nack:
            if line.carries() and line.carries():
                arriving.append((now_ns + 2 * line.travel_ns(), sent[sequence]))


class Received:
    """Instead of a socket: what each of a group would get, before encryption."""

    def __init__(self, *, congested: bool = False) -> None:
        self.congested = congested
        self.packets: list[list[bytes]] = []
        """By place in the group."""

    def send_same(self, burst: Burst, many: Many, before: int) -> None:
        size, count = len(burst.octets), len(many.contexts)
        everybody, octets = slice(0, count), bytearray(size * count)
        many.write(octets, burst, before, everybody, size)
        for place in range(count):
            copy = bytes(octets[place * size :][:size])
            while len(self.packets) <= place:
                self.packets.append([])
            self.packets[place] += [copy[at : at + length] for at, length in burst.places]


def opus_packets(count: int) -> list[tuple[int, RtpPacket]]:
    return [
        (
            index * 20 * NS_PER_MS,
            RtpPacket(111, False, index & 0xFFFF, index * 960, SSRC, bytes((index & 255, 1)), None),
        )
        for index in range(count)
    ]


def decodes(frames: Sequence[bytes], codec: Codec = Codec.H264) -> int:
    """How many of them a real decoder can show without a complaint."""
    decoder = av.CodecContext.create("h264" if codec is Codec.H264 else "vp8", "r")
    shown = 0
    for data in frames:
        shown += len(decoder.decode(av.Packet(data)))
    return shown + len(decoder.decode(None))
