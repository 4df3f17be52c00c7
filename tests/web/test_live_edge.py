"""Low-latency HLS over real HTTP: who asks for what comes next gets it when it has come."""

import asyncio
import re
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import m3u8
import pytest

from broadcast.outputs.edge import Edge
from broadcast.outputs.playlist import Pace
from config.settings import Recording
from tests.broadcast.outputs import streams
from tests.broadcast.outputs.growing import growing
from tests.media import wait_until
from tests.web.rig import BOUND_S, SESSION, Rig, relay, settings_in
from web.live_edge import LOOK_S, STALE_S, LiveEdges

LIVE = f"/live/{SESSION}/live.m3u8"
PATIENT = Recording().model_copy(update={"segment_ms": 100_000})
"""Who asks for what is not there yet waits for three of them: for longer than any test."""


def folder_of(rig: Rig) -> Path:
    return rig.settings.storage.data_dir / "archive" / SESSION


async def ask(rig: Rig, path: str) -> tuple[int, str]:
    async with asyncio.timeout(BOUND_S):
        answer = await rig.get(path)
        return answer.status, await answer.text("latin-1")


def test_a_part_is_told_when_it_is_written(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path, recording=PATIENT)) as rig:
            with growing(folder_of(rig), 5) as recording:
                recording.grow(2)
                status, text = await ask(rig, LIVE)
                assert status == 200
                assert 'URI="00000000.1.m4s"' in text
                waiting = [
                    asyncio.create_task(ask(rig, f"{LIVE}?_HLS_msn=0&_HLS_part=2"))
                    for _ in range(20)
                ]
                hinted = asyncio.create_task(ask(rig, f"/live/{SESSION}/00000000.2.m4s"))
                done, _ = await asyncio.wait([*waiting, hinted], timeout=0.3)
                assert not done
                recording.grow(1)
                for status, text in await asyncio.gather(*waiting):
                    assert status == 200
                    assert '#EXT-X-PART:DURATION=0.20000,URI="00000000.2.m4s"' in text
                assert (await hinted)[0] == 200

    asyncio.run(scenario())


def test_parts_together_are_the_segment_and_may_be_kept(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path, recording=Recording(segment_ms=1000))) as rig:
            with growing(folder_of(rig), 5) as recording:
                recording.grow(6)
                parts = b""
                for number in range(5):
                    answer = await rig.get(f"/live/{SESSION}/00000000.{number}.m4s")
                    assert answer.content_type == "video/iso.segment"
                    assert "immutable" in answer.headers["Cache-Control"]
                    assert answer.headers["Access-Control-Allow-Origin"] == "*"
                    parts += await answer.read()
                assert parts == await (await rig.get(f"/live/{SESSION}/00000000.m4s")).read()

    asyncio.run(scenario())


def test_what_a_playlist_names_is_there_and_stays(tmp_path: Path) -> None:
    """From the first part on, over a restart of the studio; and for a player that comes with it
    when the window has gone on. What it hints at comes."""
    named, hinted = set[str](), list[str]()

    async def look(rig: Rig, segment: int, part: int) -> None:
        _, text = await ask(rig, f"{LIVE}?_HLS_msn={segment}&_HLS_part={part}")
        names = {*re.findall(r'(?:MAP:|PART:.*)URI="([^"]+)"', text)}
        names |= {*re.findall(r"^\d+\.m4s$", text, re.MULTILINE)}
        await all_there(rig, names - named)
        named.update(names)
        hinted.extend(re.findall(r'HINT:TYPE=PART,URI="([^"]+)"', text))

    async def all_there(rig: Rig, names: set[str]) -> None:
        found = {name: (await ask(rig, f"/live/{SESSION}/{name}"))[0] for name in names}
        assert {name: status for name, status in found.items() if status != 200} == {}

    async def scenario() -> None:
        async with relay(settings_in(tmp_path, recording=Recording(segment_ms=1000))) as rig:
            for run in range(2):
                with growing(folder_of(rig), 7, streams.EPOCH_S + 10 * run) as recording:
                    for number in range(33):
                        recording.grow(1)
                        await look(rig, 7 * run + number // 5, number % 5)
                hinted.pop()  # of who is killed nothing comes any more
            assert {"init-0.mp4", "init-1.mp4", "00000000.0.m4s", "00000012.4.m4s"} <= named
            await all_there(rig, named)
            assert {*hinted} - named == set()

    asyncio.run(scenario())


def test_what_cannot_be_asked_for(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path, recording=Recording(segment_ms=1000))) as rig:
            assert (await ask(rig, LIVE))[0] == 404
            with growing(folder_of(rig), 5) as recording:
                recording.grow(2)
                for query in (
                    "_HLS_msn=9", "_HLS_part=1", "_HLS_msn=x", "_HLS_msn=" + "9" * 40,
                    "_HLS_msn=0&_HLS_part=99", "_HLS_msn=1&_HLS_part=99",
                ):  # fmt: skip
                    assert (query, (await ask(rig, f"{LIVE}?{query}"))[0]) == (query, 400)
                for name in ("00000000.9.m4s", "00000007.0.m4s", "00000000.-1.m4s"):
                    assert (await ask(rig, f"/live/{SESSION}/{name}"))[0] == 404

    asyncio.run(scenario())


MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Tiếng Mông",URI="language-hmn/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=3,RESOLUTION=640x360,AUDIO="sound"
index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2,RESOLUTION=320x180,AUDIO="sound"
180p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="sound"
sound/index.m3u8
"""


def test_each_rendition_tells_how_far_the_others_are(tmp_path: Path) -> None:
    """So that whoever changes asks at once for what is new there (4.4.5.4); one that has nothing is
    left out."""

    def reported(text: str) -> list[tuple[str, int, int]]:
        found = m3u8.loads(text).rendition_reports
        return [(one.uri, one.last_msn, one.last_part) for one in found]

    async def scenario() -> None:
        async with relay(settings_in(tmp_path, recording=Recording(segment_ms=1000))) as rig:
            folder = folder_of(rig)
            with ExitStack() as stack:
                whole, small = (
                    stack.enter_context(growing(folder / name, 5)) for name in ("", "180p")
                )
                whole.grow(7)
                small.grow(6)
                assert reported((await ask(rig, LIVE))[1]) == [], "nobody says yet which there are"
                (folder / "master.m3u8").write_text(MASTER)
                small_live = LIVE.replace("live.m3u8", "180p/live.m3u8")
                assert reported((await ask(rig, LIVE))[1]) == [], "a part 0 that is not its own"
                assert reported((await ask(rig, small_live))[1]) == [("../live.m3u8", 1, 1)]
                small.grow(2)
                await asyncio.sleep(STALE_S)
                for query in ("", "?_HLS_skip=YES", "?_HLS_msn=1&_HLS_part=1"):
                    _, text = await ask(rig, LIVE + query)
                    assert reported(text) == [("180p/live.m3u8", 1, 2)]

    asyncio.run(scenario())


def test_all_that_a_player_may_choose_say_the_same_of_the_server(tmp_path: Path) -> None:
    """6.2.4: live and in the archive, captions too."""

    async def told(rig: Rig, root: str, mark: str) -> Counter[str]:
        """How many playlists say it, by what they say."""
        _, text = await ask(rig, f"/{root}/{SESSION}/master.m3u8")
        master = m3u8.loads(text)
        uris = [one.uri for one in (*master.playlists, *master.media)]
        texts = [(await ask(rig, f"/{root}/{SESSION}/{uri}"))[1] for uri in uris]
        found = (re.findall(rf"^#EXT-X-{mark}:.*$", one, re.MULTILINE) for one in texts)
        return Counter(line for lines in found for line in lines or ["nothing"])

    async def scenario() -> None:
        async with relay(settings_in(tmp_path, recording=Recording(segment_ms=1000))) as rig:
            await rig.command("go_live")
            with ExitStack() as stack:
                for name in ("", "180p", "sound", "language-hmn"):
                    stack.enter_context(growing(folder_of(rig) / name, 5)).grow(7)
                (folder_of(rig) / "master.m3u8").write_text(MASTER)
                for mark in ("SERVER-CONTROL", "TARGETDURATION"):
                    assert [*(await told(rig, "live", mark)).values()] == [5]
                await rig.command("end_session")
                for mark in ("PLAYLIST-TYPE", "TARGETDURATION"):
                    assert [*(await told(rig, "archive", mark)).values()] == [5]

    asyncio.run(scenario())


def test_captions_of_the_next_segment_are_waited_for(tmp_path: Path) -> None:
    at = f"/live/{SESSION}/captions/list.m3u8"

    async def scenario() -> None:
        async with relay(settings_in(tmp_path, recording=PATIENT)) as rig:
            await rig.command("go_live")
            with growing(folder_of(rig), 5) as recording:
                recording.grow(7)
                assert "00000000.vtt" in (await ask(rig, at))[1]
                assert (await ask(rig, f"{at}?_HLS_msn=3"))[0] == 400
                waiting = asyncio.create_task(ask(rig, f"{at}?_HLS_msn=1&_HLS_skip=YES"))
                done, _ = await asyncio.wait([waiting], timeout=0.3)
                assert not done
                recording.grow(4)
                assert "00000001.vtt" in (await waiting)[1]

    asyncio.run(scenario())


def test_however_many_ask_at_once_the_disk_is_looked_at_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For what is there, and for what comes next."""
    looks, refresh, many = list[float](), Edge.refresh, 1000

    def counted(edge: Edge) -> bool:
        looks.append(time.monotonic())
        return refresh(edge)

    async def scenario() -> None:
        edges = LiveEdges(tmp_path, Pace(100.0, 0.2))
        monkeypatch.setattr(Edge, "refresh", counted)
        with growing(tmp_path / "x", 5) as recording:
            recording.grow(2)
            async with asyncio.timeout(BOUND_S):
                began_s = time.monotonic()
                await asyncio.gather(*(edges.playlist("x", {}) for _ in range(many)))
                assert len(looks) < 2 + (time.monotonic() - began_s) / STALE_S
                looks.clear()
                coming = {"_HLS_msn": "0", "_HLS_part": "2"}
                waiting = [asyncio.create_task(edges.playlist("x", coming)) for _ in range(many)]
                await wait_until(lambda: len(looks) > 3, "some looks")
                recording.grow(1)
                texts = {text for text, _ in await asyncio.gather(*waiting)}
        assert [text.count(b"#EXT-X-PART:") for text in texts] == [3]
        assert len(looks) < 3 + (looks[-1] - looks[0]) / LOOK_S

    asyncio.run(scenario())


def test_a_disk_that_hangs_is_read_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long, and however many ask: two would list what was added twice, for ever."""
    goes_on, reading, most = threading.Event(), list[int](), list[int]()
    follow = Edge._follow

    def hangs(edge: Edge, number: int, *, listed: bool) -> bool:
        reading.append(number)
        most.append(len(reading))
        goes_on.wait(BOUND_S)
        reading.pop()
        return follow(edge, number, listed=listed)

    async def scenario() -> None:
        edges = LiveEdges(tmp_path, Pace(1.0, 0.2))
        edges._patience_s = 0.2
        with growing(tmp_path / "x", 5) as recording:
            recording.grow(2)
            await edges.playlist("x", {})
            monkeypatch.setattr(Edge, "_follow", hangs)
            try:
                asked = [
                    asyncio.create_task(edges.playlist("x", {"_HLS_msn": "0", "_HLS_part": "2"}))
                    for _ in range(3)
                ]
                await wait_until(lambda: bool(reading), "somebody reads")
                await asyncio.sleep(3 * edges._patience_s)
                asked += [asyncio.create_task(edges.playlist("x", {})) for _ in range(3)]
                await asyncio.sleep(3 * edges._patience_s)
                recording.grow(1)
            finally:
                goes_on.set()
            texts = [(await one)[0].decode() for one in asked]
        assert max(most) == 1
        assert {text.count("#EXT-X-PART:") for text in texts} == {3}

    asyncio.run(scenario())


def test_a_recess_answers_in_time(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path, recording=Recording(segment_ms=1000))) as rig:
            with growing(folder_of(rig), 5) as recording:
                recording.grow(2)
                status, text = await ask(rig, f"{LIVE}?_HLS_msn=0&_HLS_part=2")
                assert status == 200
                assert 'HINT:TYPE=PART,URI="00000000.2.m4s"' in text

    asyncio.run(scenario())


def test_whoever_waits_does_not_hold_up_the_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path, recording=PATIENT)) as rig:
            with growing(folder_of(rig), 5) as recording:
                recording.grow(2)
                waiting = asyncio.create_task(ask(rig, f"{LIVE}?_HLS_msn=0&_HLS_part=9"))
                await asyncio.wait([waiting], timeout=0.2)
                began = time.monotonic()
        assert time.monotonic() - began < BOUND_S
        await asyncio.wait([waiting], timeout=BOUND_S)
        assert waiting.done()
        assert waiting.exception() is None or isinstance(waiting.exception(), aiohttp.ClientError)

    asyncio.run(scenario())


def test_the_end_of_a_session_is_told_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path, recording=PATIENT)) as rig:
            with growing(folder_of(rig), 5) as recording:
                recording.grow(6)
                waiting = asyncio.create_task(ask(rig, f"{LIVE}?_HLS_msn=1&_HLS_part=1"))
                await asyncio.wait([waiting], timeout=0.1)
                recording.recorder.end()
                status, text = await waiting
                assert status == 200
                assert text.endswith("#EXT-X-ENDLIST\n")

    asyncio.run(scenario())
