"""What is really served of a recording, in every rendition: asked over HTTP, decoded, held against
what it should be."""

import asyncio
import shutil
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from broadcast.outputs.fmp4 import VIDEO_TRACK, boxes
from broadcast.witness.served import ALL_WELL, Served, ask, sizes_of
from tests.broadcast.outputs.test_renditions import HMONG, PROGRAM, interpreted, ladder, record
from tests.web.rig import SESSION, relay, settings_in

SIZES = sizes_of(PROGRAM, (HMONG,))


def spoil(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def rename(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def cut(index: Path, name: str) -> None:
    """As if nothing had been written from that segment on."""
    text = index.read_text()
    index.write_text(text[: text.index("#EXT-X-PROGRAM", text.index(name) - 80)])


def put_off(segment: Path, seconds: float) -> None:
    """Its sound lies so much later."""
    data = bytearray(segment.read_bytes())
    for kind, body, end in boxes(data):
        for inner, start, stop in boxes(data, body, end) if kind == b"moof" else ():
            at = {name: place for name, place, _ in boxes(data, start, stop)}
            if inner == b"traf" and struct.unpack_from("!I", data, at[b"tfhd"] + 4) != (
                VIDEO_TRACK,
            ):
                (time,) = struct.unpack_from("!Q", data, at[b"tfdt"] + 4)
                struct.pack_into("!Q", data, at[b"tfdt"] + 4, time + round(seconds * 48_000))
    segment.write_bytes(data)


def seen(tmp_path: Path, harm: Callable[[Path], None], sizes: dict[str, tuple[int, int]]) -> Served:
    """What the witness says of six seconds that were recorded and then came to harm."""

    async def scenario() -> Served:
        settings = settings_in(tmp_path)
        archive = settings.storage.data_dir / "archive"
        record(archive, interpreted(6), languages=(HMONG,)).rename(archive / SESSION)
        harm(archive / SESSION)
        async with relay(settings.model_copy(update={"program": PROGRAM})) as rig:
            return await asyncio.to_thread(ask, rig.base, archive, SESSION, sizes)

    return asyncio.run(scenario())


def test_all_is_well(tmp_path: Path) -> None:
    assert SIZES == {"180p": (320, 180), "sound": (0, 0), "language-hmn": (0, 0)}
    assert seen(tmp_path, lambda _: None, SIZES) == ALL_WELL


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda at: rename(at / "master.m3u8", "180p/", "240p/"), "180p: master"),
        (lambda at: cut(at / "180p" / "index.m3u8", "00000002.m4s"), "180p: ends with 00000001"),
        (lambda at: spoil(at / "180p" / "00000005.m4s"), "180p: "),
        (lambda at: spoil(at / "sound" / "init-0.mp4"), "sound: "),
        (lambda at: (at / "sound" / "index.m3u8").unlink(), "sound: 404"),
        (
            lambda at: put_off(at / "180p" / "00000005.m4s", 0.3),
            "180p: sound and picture are 3",
        ),
        (
            lambda at: rename(at / "master.m3u8", "language-hmn/", "language-km/"),
            "language-hmn: master",
        ),
        (
            lambda at: cut(at / "language-hmn" / "index.m3u8", "00000002.m4s"),
            "language-hmn: ends with 00000001",
        ),
        (lambda at: spoil(at / "language-hmn" / "init-0.mp4"), "language-hmn: "),
        (
            lambda at: put_off(at / "language-hmn" / "00000005.m4s", 0.3),
            "language-hmn: sound and picture are 3",
        ),
    ],
)
def test_what_is_wrong_with_a_rendition(
    tmp_path: Path, harm: Callable[[Path], None], words: str
) -> None:
    found = seen(tmp_path, harm, SIZES)
    assert found.unserved == ""
    assert found.rendition.startswith(words)


def test_a_rendition_of_another_size(tmp_path: Path) -> None:
    found = seen(tmp_path, lambda _: None, {"180p": (640, 360)})
    assert found.rendition == "180p: 320×180, not 640×360"


def test_the_whole_picture_comes_first(tmp_path: Path) -> None:
    found = seen(tmp_path, lambda at: (at / "00000005.m4s").unlink(), SIZES)
    assert found.unserved
    assert found.rendition == ""


def test_other_octets_than_on_the_disk(tmp_path: Path) -> None:
    """As from a cache on the way that holds something else."""

    async def scenario() -> Served:
        settings = settings_in(tmp_path)
        archive, disk = settings.storage.data_dir / "archive", tmp_path / "disk"
        record(archive, ladder(3)).rename(archive / SESSION)
        shutil.copytree(archive, disk)
        spoil(disk / SESSION / "00000002.m4s")
        async with relay(settings.model_copy(update={"program": PROGRAM})) as rig:
            return await asyncio.to_thread(ask, rig.base, disk, SESSION, SIZES)

    assert asyncio.run(scenario()).unserved == "00000002.m4s: other bytes than on the disk"


def test_a_proxy_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an office sets one for all that runs on its machines."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert seen(tmp_path, lambda _: None, SIZES) == ALL_WELL


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n#EXT", b"?"]
)
def test_a_server_that_dies_in_the_midst_of_its_answer(tmp_path: Path, answer: bytes) -> None:
    folder = record(tmp_path, ladder(2))
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def die() -> None:
            asking, _ = listening.accept()
            with asking:
                asking.recv(65_536)
                asking.sendall(answer)

        dying = threading.Thread(target=die, daemon=True)
        dying.start()
        base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        found = ask(base, tmp_path, folder.name, SIZES)
        dying.join(60)
    assert found.unserved


def test_nobody_serves(tmp_path: Path) -> None:
    folder = record(tmp_path, ladder(2))
    found = ask("http://127.0.0.1:9", tmp_path, folder.name, SIZES)
    assert "refused" in found.unserved
