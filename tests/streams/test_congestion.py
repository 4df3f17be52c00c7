"""What is read from feedback about a line, and what is not the line's."""

from streams.bandwidth.congestion import Congestion
from streams.bandwidth.sent import Sent
from streams.rtp.twcc import Arrivals, parse

MS = 1_000_000


class Line:
    """Packets one by one, each told of as soon as it came."""

    def __init__(self) -> None:
        self.congestion, self.sent, self._arrivals = Congestion(), Sent(), Arrivals()
        self.now_ns = 10**12

    def send(self) -> None:
        self.sent.note(1, 1000, self.now_ns)

    def tell(self, number: int) -> None:
        self._arrivals.add(number & 0xFFFF, self.now_ns)
        fci = self._arrivals.report()
        assert fci is not None
        self.congestion.on_feedback(parse(fci), self.sent, self.now_ns)


def test_what_was_held_up_by_us_is_no_queue() -> None:
    line = Line()
    for number in range(100):
        line.send()
        held_up = number in (50, 99)
        if held_up:
            line.sent.disregard(line.now_ns)
            line.now_ns += 300 * MS
        line.tell(number)
        line.now_ns += 20 * MS
    assert line.congestion.peak_ns == 0
    assert line.congestion.told == 98


def test_what_the_line_holds_up_is_one() -> None:
    line = Line()
    for number in range(70_000):
        line.send()
        if number == 69_999:
            line.now_ns += 300 * MS
        if number > 69_900:
            line.tell(number)
        line.now_ns += 20 * MS
    assert line.congestion.peak_ns == 300 * MS
