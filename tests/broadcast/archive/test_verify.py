"""What was recorded is proved whole; every way of spoiling it is found."""

import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from broadcast.archive.verify import Finding, Report, Span, to_be_recorded, verify
from broadcast.outputs import manifest
from broadcast.outputs.ledger import digest_of
from broadcast.outputs.segments import Order, Segments
from broadcast.session.events import Event, SessionEnded, SessionPrepared, SessionWentLive
from config.settings import Recording
from tests.broadcast.outputs.streams import EPOCH_S, PROGRAM, program

SETTINGS = Recording(segment_ms=1000, stop_free_bytes=0, warn_free_bytes=0)
BEGIN_MS = EPOCH_S * 1000


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds, ended."""
    archive = tmp_path_factory.mktemp("archive")
    segments = Segments(archive, PROGRAM, SETTINGS)
    segments.start()
    segments.follow(Order("x", recording=True))
    for packet in program(6):
        segments.offer(packet)
    segments.follow(Order("x", finished=True))
    segments.close()
    return archive / "x"


@pytest.fixture
def folder(recorded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(recorded, tmp_path / "copy")


def codes(report: Report) -> list[str]:
    return [finding.code for finding in report.findings]


def test_what_was_recorded_is_whole(folder: Path) -> None:
    report = verify(folder, [Span(BEGIN_MS - 1500, BEGIN_MS + 6200)])
    assert report.findings == ()
    assert report.whole
    assert report.ended
    assert report.files == 8
    assert report.recorded_ms == 6000
    assert report.span == Span(BEGIN_MS, BEGIN_MS + 6000)


def _alter(folder: Path) -> None:
    path = folder / "00000002.m4s"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _remove(folder: Path) -> None:
    (folder / "00000002.m4s").unlink()


def _alter_and_sum_anew(folder: Path) -> None:
    """Who knows of the manifest, and not of the seals."""
    before = manifest.parse((folder / manifest.NAME).read_text()).entries[3].digest
    _alter(folder)
    path = folder / manifest.NAME
    path.write_text(path.read_text().replace(before, digest_of(folder / "00000002.m4s")))


def _leave_out(folder: Path) -> None:
    """A second, wherever it is named: in the manifest, in the playlist, on the disk."""
    _remove(folder)
    sums, index = folder / manifest.NAME, folder / "index.m3u8"
    lines = sums.read_text().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if line.endswith("00000002.m4s\n"))
    sums.write_text("".join(lines[: at - 1] + lines[at + 1 :]))
    entries = index.read_text().split("#EXT-X-PROGRAM-DATE-TIME")
    index.write_text("#EXT-X-PROGRAM-DATE-TIME".join(entries[:3] + entries[4:]))


def _exchange_two(folder: Path) -> None:
    """Entries of the manifest, each with its own seal."""
    path = folder / manifest.NAME
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:4] + lines[6:8] + lines[4:6] + lines[8:]))


def _shorten_the_playlist(folder: Path) -> None:
    index = folder / "index.m3u8"
    text = index.read_text()
    index.write_text(text[: text.index("#EXT-X-PROGRAM-DATE-TIME", text.index("00000003"))])


def _stretch_the_playlist(folder: Path) -> None:
    index = folder / "index.m3u8"
    index.write_text(index.read_text().replace("#EXTINF:1.00000", "#EXTINF:1.20000", 1))


def _take_the_manifest(folder: Path) -> None:
    (folder / manifest.NAME).unlink()


def _garble_the_manifest(folder: Path) -> None:
    path = folder / manifest.NAME
    path.write_text(path.read_text() + "nothing\nof\nours\n")


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_alter, ["file_altered", "gap"]),
        (_remove, ["file_missing", "gap"]),
        (_alter_and_sum_anew, ["seal_broken"]),
        (_leave_out, ["seal_broken", "gap"]),
        (_exchange_two, ["seal_broken"]),
        (_shorten_the_playlist, ["not_listed", "file_altered"]),
        (_stretch_the_playlist, ["file_altered", "duration_differs"]),
        (_garble_the_manifest, ["manifest_garbled"]),
        (_take_the_manifest, ["no_manifest", "not_sealed"]),
    ],
)
def test_what_is_spoilt_is_found(
    folder: Path, spoil: Callable[[Path], None], expected: list[str]
) -> None:
    spoil(folder)
    report = verify(folder)
    assert not report.whole
    assert set(expected) <= set(codes(report))


def test_a_playlist_without_its_sum_is_no_proof_of_the_order(folder: Path) -> None:
    """Its sum is the last one, which can be taken away without breaking a seal."""
    assert verify(folder).whole
    sums, index = folder / manifest.NAME, folder / "index.m3u8"
    sums.write_text("".join(sums.read_text().splitlines(keepends=True)[:-2]))
    head, first, second, *rest = index.read_text().split("#EXT-X-PROGRAM-DATE-TIME")
    mark = "#EXT-X-PROGRAM-DATE-TIME"
    index.write_text(mark.join([head, second, first, *rest]))
    assert codes(verify(folder)) == ["not_sealed"]


def test_what_a_mac_writes_beside_a_file_is_no_fault(folder: Path) -> None:
    (folder / "._00000002.m4s").write_bytes(b"\0\x05\x16\7")
    assert verify(folder, over=True).whole


def test_what_is_missing_is_told_to_the_second(folder: Path) -> None:
    _remove(folder)
    third = Span(BEGIN_MS + 2000, BEGIN_MS + 3000)
    report = verify(folder)
    assert Finding("file_missing", {"name": "00000002.m4s"}, third) in report.findings
    assert Finding("gap", {"seconds": "1.0"}, third) in report.findings
    assert report.recorded_ms == 5000


def test_a_file_that_the_disk_does_not_give_back_hides_no_other(folder: Path) -> None:
    """`/proc/self/mem` can be opened, and at its beginning not be read: EIO, as of a bad sector."""
    (folder / "00000002.m4s").unlink()
    (folder / "00000002.m4s").symlink_to("/proc/self/mem")
    (folder / "00000004.m4s").unlink()
    third = Span(BEGIN_MS + 2000, BEGIN_MS + 3000)
    report = verify(folder)
    told = {"name": "00000002.m4s", "detail": "Input/output error"}
    assert Finding("file_unreadable", told, third) in report.findings
    assert codes(report) == ["file_unreadable", "file_missing", "gap", "gap"]
    assert report.recorded_ms == 4000


def test_a_late_beginning_and_an_early_end_are_gaps(folder: Path) -> None:
    report = verify(folder, [Span(BEGIN_MS - 10_000, BEGIN_MS + 8000)])
    assert [finding.span for finding in report.findings] == [
        Span(BEGIN_MS - 10_000, BEGIN_MS),
        Span(BEGIN_MS + 6000, BEGIN_MS + 8000),
    ]


def test_nothing_at_all_is_missing_as_a_whole(tmp_path: Path) -> None:
    report = verify(tmp_path / "nowhere", [Span(BEGIN_MS, BEGIN_MS + 9000)])
    assert codes(report) == ["no_manifest", "no_recording", "gap"]
    assert report.findings[-1].span == Span(BEGIN_MS, BEGIN_MS + 9000)


def test_a_seal_that_was_written_down_early_or_late_is_found_again(folder: Path) -> None:
    found = manifest.parse((folder / manifest.NAME).read_text())
    early = manifest.seal_of("", found.entries[0])
    assert verify(folder, seal=early).whole
    assert verify(folder, seal=found.seal).whole
    assert codes(verify(folder, seal="0" * 64)) == ["seal_differs"]


def test_when_it_was_to_be_recorded_is_in_the_events() -> None:
    events: list[Event] = [
        SessionPrepared(at_ms=1000, id="x", title="", sites=(), delegates=(), agenda=()),
        SessionWentLive(at_ms=5000),
        SessionEnded(at_ms=9000),
    ]
    assert to_be_recorded(events, 20_000) == [Span(5000, 9000)]
    assert to_be_recorded(events[:2], 20_000) == [Span(5000, 20_000)]
    assert to_be_recorded(events[:1], 20_000) == []


def test_a_large_file_is_not_read_into_memory_at_once(tmp_path: Path) -> None:
    """As a site's own stream of a long day is."""
    large = tmp_path / "hall-20260921T141320.000Z_9.0s.mkv"
    with large.open("wb") as file:
        file.truncate(64 << 20)
    entry = manifest.Entry(large.name, digest_of(large), large.stat().st_size)
    (tmp_path / manifest.NAME).write_text(manifest.lines("", entry))
    tracemalloc.start()
    try:
        assert verify(tmp_path).whole
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
