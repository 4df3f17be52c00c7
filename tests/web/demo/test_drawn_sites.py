"""The parts of a demo site that need no server."""

import asyncio
import itertools
import time
import unicodedata
from typing import Any

import av
import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from broadcast.session.model import ItemKind, SiteKind
from tests.media import luma_of
from web.demo import scenario
from web.demo.camera import Camera, Microphone, Quality
from web.demo.crowd import WAITING_AT_ONCE, Crowd, merge, wish
from web.demo.room import Look, Room
from web.demo.voice import FRAME, RATE, speak

LOOK = Look("Điểm cầu thử", "Thử", (200, 200, 200), (90, 30, 30), (40, 50, 80))


def test_a_room_moves_its_clock_its_mouth_and_nothing_else() -> None:
    room = Room(LOOK)
    first = luma_of(room.frame(1280, 720, "10:00:00", 1, mouth_open=False))
    later = luma_of(room.frame(1280, 720, "10:00:01", 2, mouth_open=False))
    speaking = luma_of(room.frame(1280, 720, "10:00:00", 1, mouth_open=True))
    rows, columns = np.nonzero(first != later)
    assert rows.min() > 240
    assert rows.max() < 330
    assert columns.max() < 480
    rows, columns = np.nonzero(first != speaking)
    assert 0 < len(rows) < 3000
    assert 580 < columns.min() < columns.max() < 700


def decoded(packets: list[av.Packet]) -> list[av.VideoFrame]:
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    return [frame for packet in packets for frame in decoder.decode(packet)]


def test_a_camera_sends_what_it_is_asked_for() -> None:
    async def story() -> None:
        zero = time.monotonic()
        camera = Camera(Room(LOOK), speak(120, 1, 3), zero)
        packets = [await camera.recv() for _ in range(3)]
        camera.send_keyframe()
        packets += [await camera.recv() for _ in range(2)]
        camera.set_quality(Quality(640, 360, 25, 500_000))
        packets += [await camera.recv() for _ in range(2)]
        assert [packet.is_keyframe for packet in packets] == [
            True, False, False, True, False, True, False,
        ]  # fmt: skip
        assert [frame.width for frame in decoded(packets)] == [320] * 5 + [640] * 2
        assert all(a.pts < b.pts for a, b in itertools.pairwise(packets))
        camera.stop()
        with pytest.raises(MediaStreamError):
            await camera.recv()

    asyncio.run(story())


def test_a_camera_may_be_asked_while_it_draws() -> None:
    class Asking(Room):
        def frame(self, *args: Any, **kwargs: Any) -> av.VideoFrame:
            camera.set_quality(Quality(640, 360, 25, 500_000))
            return super().frame(*args, **kwargs)

    camera = Camera(Asking(LOOK), speak(120, 1, 3), time.monotonic())

    async def story() -> None:
        packets = [await camera.recv() for _ in range(2)]
        assert [frame.width for frame in decoded(packets)] == [320, 640]

    asyncio.run(story())


def test_a_microphone_is_on_time() -> None:
    async def story() -> None:
        speech = speak(120, 1, 3)
        began = time.monotonic()
        microphone = Microphone(speech, began)
        packets = [await microphone.recv() for _ in range(10)]
        passed_s = time.monotonic() - began
        times = [packet.pts or 0 for packet in packets]
        assert times == [times[0] + n * FRAME for n in range(10)]
        assert passed_s >= times[-1] / RATE

    asyncio.run(story())


def test_voices_differ_and_pause() -> None:
    low, high = speak(100, 1, 6), speak(220, 2, 6)
    assert low.packets != high.packets
    assert len(low.packets) == len(low.mouth_open) == 300
    assert 0.2 < sum(low.mouth_open) / 300 < 0.9
    assert not any(low.mouth_open[-10:])
    assert speak(100, 1, 6) == low


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": "foo"}, None, None),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_as_in_rfc_7396(target: object, patch: object, result: object) -> None:
    assert merge(target, patch) == result


def view(may_ask: list[str], waiting: int = 0) -> dict[str, object]:
    return {
        "session": {"current_item": "i1"},
        "me": {
            "may_ask": may_ask,
            "requests": [{"state": "waiting"}] * waiting + [{"state": "heard"}] * 3,
            "delegates": [{"id": "a"}, {"id": "b"}],
        },
    }


def test_delegates_ask_one_after_another_and_do_not_flood() -> None:
    assert wish(view(["debate", "speech"]), set()) == ("a", "speech")
    assert wish(view(["question"]), {("a", "i1")}) == ("b", "question")
    assert wish(view(["question"]), {("a", "i1"), ("b", "i1")}) is None
    assert wish(view(["question"]), {("a", "other"), ("b", "i1")}) == ("a", "question")
    assert wish(view([]), set()) is None
    assert wish(view(["speech"], WAITING_AT_ONCE), set()) is None


def test_the_scenario_holds_together() -> None:
    sites = {site.id for site in scenario.SITES}
    delegates = {delegate.id for delegate in scenario.DELEGATES}
    assert len(scenario.DRAWN) == 5
    assert [site.kind for site in scenario.SITES].count(SiteKind.HALL) == 1
    assert len(delegates) == len(scenario.DELEGATES)
    assert {delegate.site for delegate in scenario.DELEGATES} == sites
    named = {name for item in scenario.AGENDA for name in (item.presenter, *item.questioned)}
    assert named - {None} <= delegates
    assert {item.kind for item in scenario.AGENDA} == set(ItemKind)
    assert [item.closed for item in scenario.AGENDA].count(True) == 1
    texts = [delegate.name for delegate in scenario.DELEGATES] + [scenario.TITLE]
    assert all(unicodedata.is_normalized("NFC", text) for text in texts)


def test_a_crowd_that_saw_nothing_waits() -> None:
    async def story() -> None:
        crowd = Crowd(None, "s", 1, 0)  # type: ignore[arg-type]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(crowd.run(), 0.2)

    asyncio.run(story())
