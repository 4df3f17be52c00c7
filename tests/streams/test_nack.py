"""What is asked for again: as we write it, as others read it."""

from aiortc.rtp import RTCP_RTPFB_NACK, RtcpRtpfbPacket
from hypothesis import given
from hypothesis import strategies as st

from streams.rtp import nack

NUMBERS = st.integers(0, 0xFFFF)


@given(NUMBERS, st.sets(st.integers(0, 200), min_size=1))
def test_numbers_are_read_as_they_were_written_wherever_they_wrap(
    first: int, further: set[int]
) -> None:
    lost = [(first + more) & 0xFFFF for more in sorted(further)]
    fci = nack.written(lost)
    assert nack.read(fci) == lost
    assert len(fci) <= 4 * (1 + max(further) // 17)
    others = RtcpRtpfbPacket.parse(bytes(8) + fci, RTCP_RTPFB_NACK)
    assert [number & 0xFFFF for number in others.lost] == lost


@given(st.lists(NUMBERS))
def test_in_any_order_none_is_left_out(lost: list[int]) -> None:
    assert {*nack.read(nack.written(lost))} == {*lost}


@given(st.binary())
def test_any_octets_do_no_harm(fci: bytes) -> None:
    assert len(nack.read(fci)) <= 17 * (len(fci) // 4)
