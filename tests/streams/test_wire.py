import asyncio
import contextlib
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.frames import Codec, EncodedFrame, Feed, Packet, SiteId
from streams.rtp.packetise import packetise
from streams.wire import (
    MAX_QUEUED_BYTES,
    Kind,
    Message,
    Note,
    Outbox,
    Still,
    WireError,
    decode,
    encode,
)
from tests.wire import read_messages

HALL = SiteId("hall")
INT64 = st.integers(-(2**63) + 1, 2**63 - 1)
NAMES = st.text(st.characters(codec="utf-8"), max_size=60)

MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(
        EncodedFrame,
        NAMES.map(SiteId),
        st.sampled_from(Codec),
        INT64,
        st.none() | INT64,
        INT64,
        st.booleans(),
        st.binary(),
    ),
    st.builds(
        Packet, NAMES, st.sampled_from(Codec), INT64, st.booleans(), st.booleans(), st.binary()
    ),
    st.builds(Still, NAMES, st.binary()),
    st.builds(
        Note,
        st.sampled_from(sorted(set(Kind) - {Kind.FRAME, Kind.PACKET, Kind.STILL})),
        st.dictionaries(NAMES, NAMES | st.integers() | st.none()),
    ),
)


@given(MESSAGES)
def test_what_is_sent_arrives(message: Message) -> None:
    came = packetise(message) if isinstance(message, Packet) else message
    assert decode(encode(message)[4:]) == came
    assert encode(came) == encode(message)


@given(st.binary(max_size=80))
def test_garbage_is_a_wire_error_or_a_message(body: bytes) -> None:
    with contextlib.suppress(WireError):
        decode(body)


def test_a_name_too_long_for_the_wire_is_refused() -> None:
    with pytest.raises(ValueError, match="name of 300 bytes"):
        encode(Still("x" * 300, b""))


async def _pair() -> tuple[
    tuple[asyncio.StreamReader, asyncio.StreamWriter],
    tuple[asyncio.StreamReader, asyncio.StreamWriter],
]:
    ours, theirs = socket.socketpair()
    return await asyncio.open_connection(sock=ours), await asyncio.open_connection(sock=theirs)


def test_messages_cross_a_socket_in_order_until_it_closes() -> None:
    sent = Still("a", b"1"), Packet(Feed.ROOM, Codec.OPUS, 960, True, False, b"x" * 700, 2)

    async def cross() -> list[Message]:
        (_, writer), (reader, other) = await _pair()
        outbox = Outbox(writer.transport)
        assert all(outbox.offer(message) for message in sent)
        outbox.close()
        got = [message async for message in read_messages(reader)]
        other.close()
        return got

    still, packet = asyncio.run(cross())
    assert still == sent[0]
    assert packet == packetise(sent[1])


@pytest.mark.parametrize("head", [b"\0\0\0\0", b"\xff\xff\xff\xff"])
def test_a_message_of_absurd_length_is_a_fault(head: bytes) -> None:
    async def cross() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(head)
        async for _ in read_messages(reader):
            pass

    with pytest.raises(WireError, match="a message of"):
        asyncio.run(cross())


def test_a_reader_that_stopped_costs_frames_but_no_notes_and_no_memory() -> None:
    frame = EncodedFrame(HALL, Codec.H264, 0, None, 0, True, b"x" * 100_000)

    async def flood() -> tuple[int, int]:
        (_, writer), (_, other) = await _pair()
        outbox = Outbox(writer.transport)
        for _ in range(100):
            outbox.offer(frame)
        assert outbox.offer(Note(Kind.PROGRAM, {}))
        await asyncio.sleep(0)
        queued = writer.transport.get_write_buffer_size()
        writer.transport.abort()
        other.close()
        return outbox.dropped, queued

    dropped, queued = asyncio.run(flood())
    assert dropped > 50
    assert queued < MAX_QUEUED_BYTES + 200_000
