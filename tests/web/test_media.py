"""HLS files over real HTTP: what a playlist names is served, and nothing else whatever is asked."""

import asyncio
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broadcast.outputs.playlist import Entry, Pace, header, lines
from broadcast.store import Store
from tests.media import wait_until
from tests.web.rig import BOUND_S, SECRET, SESSION, Rig, relay, settings_in
from web.captions import Recording
from web.live_edge import LiveEdges
from web.media import MAX_LISTINGS, Listing, Media
from web.sessions import Sessions
from web.summaries import Summary

PLAYLIST = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="init-1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-23T05:00:00.000Z
#EXTINF:2.00000,
00000001.m4s
"""
SECOND = "#EXT-X-PROGRAM-DATE-TIME:2026-11-23T05:00:02.000Z\n#EXTINF:2.00000,\n00000002.m4s\n"
BODY = bytes(range(256)) * 4


def _record(rig: Rig) -> Path:
    folder = rig.settings.storage.data_dir / "archive" / SESSION
    folder.mkdir(parents=True)
    (folder / "index.m3u8").write_text(PLAYLIST)
    for name in ("init-1.mp4", "00000001.m4s", "00000002.m4s", "notes.txt", "99999999.m4s"):
        (folder / name).write_bytes(BODY)
    (folder.parent / "neighbour.m4s").write_bytes(b"secret")
    return folder


def test_types_caching_and_ranges(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            _record(rig)
            for root in ("live", "archive"):
                playlist = await rig.get(f"/{root}/{SESSION}/index.m3u8")
                assert await playlist.text() == PLAYLIST
                assert playlist.content_type == "application/vnd.apple.mpegurl"
                assert playlist.headers["Cache-Control"] == "no-cache"
                assert playlist.headers["Access-Control-Allow-Origin"] == "*"
                again = await rig.get(
                    f"/{root}/{SESSION}/index.m3u8",
                    headers={"If-None-Match": playlist.headers["ETag"]},
                )
                assert again.status == 304
                segment = await rig.get(f"/{root}/{SESSION}/00000001.m4s")
                assert await segment.read() == BODY
                assert segment.content_type == "video/iso.segment"
                assert "immutable" in segment.headers["Cache-Control"]
                assert segment.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
                init = await rig.get(
                    f"/{root}/{SESSION}/init-1.mp4", headers={"Range": "bytes=4-7"}
                )
                assert (init.status, await init.read()) == (206, BODY[4:8])
                assert init.content_type == "video/mp4"

    asyncio.run(scenario())


def test_only_what_is_there_is_kept_for_ever(tmp_path: Path) -> None:
    """Else one viewer's wrong range, or a recording that is being brought back, would stand in a
    cache on the way in the segment's place, for a year and for everybody."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            folder, wrong = _record(rig), {"Range": "bytes=9999999-"}
            segment = f"/live/{SESSION}/00000001.m4s"
            refused = await rig.get(segment, headers=wrong)
            (folder / "00000001.m4s").rename(tmp_path / "away")
            away = await rig.get(segment)
            (tmp_path / "away").rename(folder / "00000001.m4s")
            back = await rig.get(segment)
            kept = [one.headers["Cache-Control"] for one in (refused, away, back)]
            assert [one.status for one in (refused, away, back)] == [416, 404, 200]
            assert kept == ["no-store", "no-store", "public, max-age=31536000, immutable"]

    asyncio.run(scenario())


def test_the_picture_goes_on_while_the_list_of_sessions_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many look at it: what is read of the disk is read by the same threads."""
    answers, sessions, summaries = threading.Event(), Store.sessions, Sessions.summaries
    came: list[Sessions] = []

    def hangs(store: Store) -> object:
        answers.wait(BOUND_S)
        return sessions(store)

    async def counted(those: Sessions) -> list[Summary]:
        came.append(those)
        return await summaries(those)

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            _record(rig)
            monkeypatch.setattr(Store, "sessions", hangs)
            monkeypatch.setattr(Sessions, "summaries", counted)
            lists = [asyncio.create_task(rig.get("/api/v1/sessions")) for _ in range(50)]
            try:
                await wait_until(lambda: len(came) >= len(lists), "all of them ask")
                async with asyncio.timeout(BOUND_S / 2):
                    assert (await rig.get(f"/live/{SESSION}/00000001.m4s")).status == 200
                assert not any(one.done() for one in lists)
            finally:
                answers.set()
            assert {one.status for one in await asyncio.gather(*lists)} == {200}

    asyncio.run(scenario())


def test_a_segment_is_there_once_the_playlist_names_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            folder = _record(rig)
            path = f"/live/{SESSION}/00000002.m4s"
            assert (await rig.get(path)).status == 404
            with (folder / "index.m3u8").open("a") as playlist:
                playlist.write(SECOND[:-5])
                playlist.flush()
                assert (await rig.get(path)).status == 404
                playlist.write(SECOND[-5:])
            assert (await rig.get(path)).status == 200

    asyncio.run(scenario())


ESCAPES = [
    "notes.txt",
    "99999999.m4s",
    "../neighbour.m4s",
    "..%2fneighbour.m4s",
    "%2e%2e/neighbour.m4s",
    "%2e%2e%2fneighbour.m4s",
    "..%5cneighbour.m4s",
    "....//neighbour.m4s",
    "00000001.m4s%00",
    "00000001.m4s/",
    "00000001.m4s%20",
    "INDEX.M3U8",
    "index.m3u8.bak",
    "%2fetc%2fpasswd",
    "",
]


def test_nothing_else_can_be_reached(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            _record(rig)
            for name in ESCAPES:
                for root in ("live", "archive"):
                    answer = await _raw(rig, f"/{root}/{SESSION}/{name}")
                    assert (name, answer.split()[1]) == (name, b"404")
                    assert b"secret" not in answer
            for path in (
                "/live/../../etc/passwd",
                "/live/%2e%2e/diemcau.sqlite3",
                "/static/../app.py",
                "/static/%2e%2e/app.py",
                "/static/..%2f..%2fpyproject.toml",
                "/static//etc/passwd",
                "/static/%00",
                f"/archive/.%2f{SESSION}/index.m3u8",
            ):
                answer = await _raw(rig, path)
                assert (path, answer.split()[1]) == (path, b"404")

    asyncio.run(scenario())


async def _raw(rig: Rig, path: str) -> bytes:
    """Without a client that tidies the path."""
    host, _, port = rig.base.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept: */*\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(60):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def test_an_ended_session_has_an_end_even_if_the_studio_died(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            folder = _record(rig)
            with (folder / "index.m3u8").open("a") as playlist:
                playlist.write("#EXTINF:1.0")
            await rig.command("go_live")
            live = await (await rig.get(f"/archive/{SESSION}/index.m3u8")).text()
            assert "ENDLIST" not in live
            await rig.command("end_session")
            ended = await (await rig.get(f"/archive/{SESSION}/index.m3u8")).text()
            assert ended == PLAYLIST + "#EXT-X-ENDLIST\n"

    asyncio.run(scenario())


def test_chapters_need_a_recording(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            path = f"/api/v1/sessions/{SESSION}/chapters"
            missing = await rig.get(path)
            assert (missing.status, (await missing.json())["error"]["code"]) == (404, "no_archive")
            _record(rig)
            assert await (await rig.get(path)).json() == {
                "over": False,
                "duration_s": 2.0,
                "chapters": [],
                "captioned": False,
            }
            listed = (await (await rig.get("/api/v1/sessions")).json())["sessions"]
            assert [(row["id"], row["has_archive"]) for row in listed] == [(SESSION, True)]

    asyncio.run(scenario())


def test_chapters_say_whether_more_may_come(tmp_path: Path) -> None:
    """A session may be over some seconds before its recording has its end."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            with (_record(rig) / "index.m3u8").open("a") as playlist:
                playlist.write("#EXT-X-ENDLIST\n")
            told = await (await rig.get(f"/api/v1/sessions/{SESSION}/chapters")).json()
            assert told["over"]

    asyncio.run(scenario())


def test_a_listing_follows_a_playlist_that_was_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "index.m3u8"
    path.write_text(PLAYLIST + SECOND)
    listing = Listing(path)
    listing.refresh()
    assert listing.names == {"init-1.mp4", "00000001.m4s", "00000002.m4s"}
    path.write_text(PLAYLIST)
    listing.refresh()
    assert listing.names == {"init-1.mp4", "00000001.m4s"}
    with path.open("a") as file:
        file.write("#EXT-X-ENDLIST\n")
    listing.refresh()
    assert listing.ended


def test_many_at_once_read_a_listing_once_and_the_whole_archive_fills_no_memory(
    tmp_path: Path,
) -> None:
    media = Media(tmp_path, lambda _: True, LiveEdges(tmp_path, Pace(1.0, 0.2)))

    async def scenario() -> None:
        for number in range(MAX_LISTINGS + 5):
            folder = tmp_path / f"s{number}"
            folder.mkdir()
            (folder / "index.m3u8").write_text(PLAYLIST)
            found = await asyncio.gather(*(media._listing(folder.name) for _ in range(4)))
            assert all("00000001.m4s" in one.names for one in found)
            assert found[0]._size == len(PLAYLIST)
        assert len(media._listings) == MAX_LISTINGS

    asyncio.run(scenario())


@pytest.mark.parametrize("torn", range(1, 80, 13))
def test_a_line_that_the_disk_cut_short_is_read_when_it_is_whole(tmp_path: Path, torn: int) -> None:
    """A full disk takes half a line; recovery takes it back, and another is written there."""
    index, names = tmp_path / "index.m3u8", [f"{number:08}.m4s" for number in range(4)]
    first, lost, *later = (
        lines(Entry(name, 1.5, number * 1500, None if number else "init-0.mp4"))
        for number, name in enumerate(names)
    )
    listing, recording = Listing(index), Recording(tmp_path)
    for then in (lost[:torn], "".join(later)):
        index.write_text(header(1000) + first + then)
        listing.refresh()
        recording.refresh()
    assert listing.names == {"init-0.mp4", names[0], *names[2:]}
    assert [one.name for one in recording.entries] == [names[0], *names[2:]]


def test_captions_are_told_of_what_was_public(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            path = f"/live/{SESSION}/captions"
            assert (await rig.get(f"{path}/list.m3u8")).status == 404
            folder = _record(rig)
            await rig.command("go_live")
            await rig.command("type_caption", text="Thưa Hội đồng")
            await rig.command("choose_item", item=SECRET)
            await rig.command("type_caption", text="Về nhân sự")
            playlist = folder / "index.m3u8"
            today = datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            playlist.write_text(playlist.read_text().replace("2026-11-23T05:00:00.000Z", today))
            listed = await (await rig.get(f"{path}/list.m3u8")).text()
            assert "00000001.vtt\n" in listed
            plain = await rig.get(f"{path}/list.m3u8", headers={"Accept-Encoding": "identity"})
            assert await plain.text() == listed
            news = await rig.get(f"{path}/list.m3u8?_HLS_skip=YES")
            assert "00000001.vtt\n" in await news.text()
            found = await rig.get(f"{path}/00000001.vtt")
            assert (found.status, found.content_type) == (200, "text/vtt")
            assert "Về nhân sự" not in await found.text()
            for name in ("00000002.vtt", "00000001.m4s", "..%2findex.m3u8", "notes.txt"):
                assert (await rig.get(f"{path}/{name}")).status == 404

    asyncio.run(scenario())


MASTER = """#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=2600000
index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=600000
360p/index.m3u8
"""


def test_renditions_are_served_each_from_its_own_folder(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            folder = _record(rig)
            assert (await rig.get(f"/live/{SESSION}/master.m3u8")).status == 404
            (folder / "master.m3u8").write_text(MASTER)
            (folder / "360p").mkdir()
            (folder / "360p" / "index.m3u8").write_text(PLAYLIST)
            (folder / "360p" / "00000001.m4s").write_bytes(b"small")
            (folder / "360p" / "notes.txt").write_bytes(b"secret")
            text = await (await rig.get(f"/live/{SESSION}/master.m3u8")).text()
            assert "360p/live.m3u8" in text
            assert "index" not in text
            small = await rig.get(f"/archive/{SESSION}/360p/00000001.m4s")
            assert await small.read() == b"small"
            assert "immutable" in small.headers["Cache-Control"]
            window = await rig.get(f"/live/{SESSION}/recent.m3u8")
            assert "#EXT-X-MEDIA-SEQUENCE:0" in await window.text()
            assert "EVENT" not in await window.text()
            for path in (
                "360p/notes.txt", "360p/00000002.m4s", "360p/master.m3u8", "720p/index.m3u8",
                "..%2f360p/index.m3u8", "notes/index.m3u8", "360p/..%2fnotes.txt", "360p/odd.m3u8",
            ):  # fmt: skip
                assert (await rig.get(f"/live/{SESSION}/{path}")).status == 404, path

    asyncio.run(scenario())


def test_a_long_playlist_travels_packed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            folder = _record(rig)
            rows = "".join(SECOND.replace("00000002", f"{n:08}") for n in range(2, 3000))
            (folder / "index.m3u8").write_text(PLAYLIST + rows)
            path = f"/live/{SESSION}/live.m3u8"
            plain = await rig.get(path, headers={"Accept-Encoding": "identity"})
            packed = await rig.get(path, headers={"Accept-Encoding": "gzip, deflate"})
            assert "Content-Encoding" not in plain.headers
            assert packed.headers["Content-Encoding"] == "gzip"
            assert int(packed.headers["Content-Length"]) * 5 < int(plain.headers["Content-Length"])
            assert await packed.text() == await plain.text()

    asyncio.run(scenario())
