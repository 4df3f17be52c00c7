"""A sealed recording: shut without the key, whole and mended with it."""

import contextlib
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from broadcast.archive.verify import verify
from broadcast.outputs import playlist, shelf
from broadcast.outputs.segments import Order, Segments
from broadcast.outputs.vault import KeyLostError, Sealed, load_key
from config.settings import Recording, Storage
from streams.frames import Packet
from tests import media
from tests.broadcast.outputs.streams import EPOCH_S, PROGRAM, program

SETTINGS = Recording(segment_ms=1000, stop_free_bytes=0, warn_free_bytes=0)


def closed(seconds: int, from_s: int = EPOCH_S) -> list[Packet]:
    """The program as the room has it while the public does not."""
    return [replace(packet, public=False, feed="room") for packet in program(seconds, from_s)]


def record(
    data_dir: Path, packets: list[Packet], session: str = "x", *, finished: bool = False
) -> None:
    storage = Storage(data_dir=data_dir)
    root, kind = shelf.sealed_root(storage), shelf.sealed(storage, SETTINGS)
    with contextlib.closing(Segments(root, PROGRAM, SETTINGS, shelf=kind)) as segments:
        segments.start()
        segments.follow(Order(session, recording=True))
        for packet in packets:
            segments.offer(packet)
        segments.follow(Order(session, finished=finished))


def opened(data_dir: Path, session: str = "x") -> media.Clip:
    """Everything that is listed, with the key."""
    folder = data_dir / "sealed" / "x"
    envelope = Sealed(load_key(data_dir / "sealed.key"), session)
    listed = playlist.parse((folder / "index.m3u8").read_text())
    assert listed is not None
    names = ["init-0.mp4", *(entry.name for entry in listed.entries)]
    return media.decode(b"".join(envelope.open((folder / name).read_bytes()) for name in names))


def numbers(clip: media.Clip) -> list[int]:
    return [mark.number for _, mark in clip.marks() if mark is not None]


def test_who_has_the_key_sees_it_and_who_has_not_sees_noise(tmp_path: Path) -> None:
    record(tmp_path, closed(3), finished=True)
    assert numbers(opened(tmp_path)) == list(range(75))
    for path in (tmp_path / "sealed" / "x").glob("*.m*4*"):
        stored = path.read_bytes()
        assert not any(word in stored for word in (b"ftyp", b"moof", b"avc1", b"mdat"))
    with pytest.raises((ValueError, OSError, StopIteration)):
        opened(tmp_path, "another session's key")


def test_only_what_was_closed_is_in_it(tmp_path: Path) -> None:
    public = [replace(packet, public=True) for packet in closed(2)]
    slate = [replace(packet, feed="public", public=True) for packet in closed(2)]
    record(tmp_path, public + slate)
    assert list((tmp_path / "sealed" / "x").glob("*.m4s")) == []


def test_the_files_are_for_this_user_alone(tmp_path: Path) -> None:
    record(tmp_path, closed(1))
    for path in (tmp_path / "sealed", tmp_path / "sealed" / "x", tmp_path / "sealed.key"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_what_a_crash_cut_short_opens_up_to_the_cut(tmp_path: Path) -> None:
    record(tmp_path, closed(3))
    folder = tmp_path / "sealed" / "x"
    index = folder / "index.m3u8"
    index.write_text(index.read_text().partition("00000001.m4s\n")[0] + "00000001.m4s\n")
    torn = folder / "00000002.m4s"
    torn.write_bytes(torn.read_bytes()[:-1000])
    record(tmp_path, closed(2, EPOCH_S + 4))
    found = numbers(opened(tmp_path))
    assert found[:65] == list(range(65))
    assert "#EXT-X-DISCONTINUITY" in index.read_text()


def test_the_proof_of_a_sealed_recording_needs_no_other_tool(tmp_path: Path) -> None:
    record(tmp_path, closed(3), finished=True)
    folder = tmp_path / "sealed" / "x"
    envelope = Sealed(load_key(tmp_path / "sealed.key"), "x")
    assert verify(folder, envelope=envelope).whole
    middle = folder / "00000001.m4s"
    *octets, last = middle.read_bytes()
    middle.write_bytes(bytes((*octets, last ^ 1)))  # any octet may be the one there
    assert [finding.code for finding in verify(folder, envelope=envelope).findings]


def test_another_key_takes_nothing_away_of_what_the_first_one_opens(tmp_path: Path) -> None:
    """The key's file was lost, or that of another server was put in its place."""
    record(tmp_path, closed(3))
    folder, key = tmp_path / "sealed" / "x", tmp_path / "sealed.key"
    first = key.read_bytes()
    kept = {path.name: path.read_bytes() for path in folder.glob("*.m*4*")}
    key.unlink()
    record(tmp_path, closed(2, EPOCH_S + 4), finished=True)
    assert {name: (folder / name).read_bytes() for name in kept} == kept
    second = key.read_bytes()
    for octets, begins, pictures in ((first, 0, 75), (second, 1, 50)):
        envelope = Sealed(octets, "x")
        names = [f"init-{begins}.mp4", *(f"{number:08}.m4s" for number in range(3 * begins, 5))]
        found = media.decode(b"".join(envelope.open((folder / n).read_bytes()) for n in names))
        assert len(found.pictures) == pictures


def test_a_key_that_is_damaged_is_told_and_never_replaced(tmp_path: Path) -> None:
    key = load_key(tmp_path / "key")
    assert load_key(tmp_path / "key") == key
    (tmp_path / "key").write_bytes(key[:7])
    with pytest.raises(KeyLostError):
        load_key(tmp_path / "key")
    assert (tmp_path / "key").read_bytes() == key[:7]
