"""Each site's own stream on disk: plays, as it came; and nothing that must not be kept."""

import contextlib
import subprocess
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from io import FileIO
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from broadcast.archive.verify import verify
from broadcast.outputs import manifest, sites
from broadcast.outputs.disk import DISK, Disk
from broadcast.outputs.sites import SETTLE_S, SiteRecordings, Wish
from broadcast.studio.encoders import H264Encoder
from broadcast.studio.onair import REOPEN_GUARD_NS
from config.settings import Program, Recording
from streams.frames import NS_PER_S, Codec, EncodedFrame, SiteId, screen_of
from tests import media
from tests.disks import own_disk

LEFT, RIGHT = SiteId("muong-lay"), SiteId("tua-chua")
SETTINGS = Recording(sites=("muong-lay",), warn_free_bytes=0, stop_free_bytes=0)
OPEN = Wish("x", frozenset({LEFT}))
MS = 1_000_000


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sites, "SETTLE_S", 0.0)
    monkeypatch.setattr(sites, "QUIET_S", 0.0)


@cache
def pictures(codec: Codec, width: int, seconds: int, from_s: int = 0) -> Sequence[EncodedFrame]:
    """As a site sends them: pts of its own, one keyframe at the beginning."""
    height = width * 9 // 16
    made = []
    h264 = H264Encoder(Program(width=width, height=height, video_bitrate_bps=300_000))
    vp8 = av.CodecContext.create("libvpx", "w")
    vp8.width, vp8.height, vp8.pix_fmt = width, height, "yuv420p"
    vp8.time_base, vp8.options = Fraction(1, 25), {"deadline": "realtime", "lag-in-frames": "0"}
    for number in range(from_s * 25, (from_s + seconds) * 25):
        planar = media.draw(width, height, media.Mark(1, number))
        frame = av.VideoFrame.from_ndarray(planar, "yuv420p")
        key, pts, at_ns = number == from_s * 25, 777_000 + number * 3600, 40 * MS * number
        if codec is Codec.H264:
            data = h264.encode(frame, pts, key=key)
        else:
            frame.pts = number
            data = b"".join(bytes(packet) for packet in vp8.encode(frame))
        made.append(EncodedFrame(LEFT, codec, pts, at_ns, at_ns + MS, key, data))
    return tuple(made)


@cache
def sound(seconds: int) -> Sequence[EncodedFrame]:
    """Begins 60 ms after the picture."""
    opus = av.CodecContext.create("libopus", "w")
    opus.sample_rate, opus.layout, opus.format = 48_000, "stereo", "s16"
    tone = media.tone(700, seconds)
    made = []
    for block in range(seconds * 50):
        samples = (tone[block * 960 : block * 960 + 960] * 32767).astype(np.int16).repeat(2)
        frame = av.AudioFrame.from_ndarray(samples[None], "s16", "stereo")
        frame.sample_rate, frame.pts = 48_000, block * 960
        for packet in opus.encode(frame):
            pts, at_ns = 5_000 + len(made) * 960, (60 + 20 * len(made)) * MS
            made.append(EncodedFrame(LEFT, Codec.OPUS, pts, at_ns, at_ns + MS, True, bytes(packet)))
    return tuple(made)


def both(codec: Codec = Codec.H264, width: int = 320, seconds: int = 3) -> list[EncodedFrame]:
    frames = [*pictures(codec, width, seconds), *sound(seconds)]
    return sorted(frames, key=lambda frame: frame.received_ns)


@contextlib.contextmanager
def recording(
    folder: Path, settings: Recording = SETTINGS, disk: Disk = DISK
) -> Iterator[SiteRecordings]:
    asked: list[SiteId] = []
    kept = SiteRecordings(folder, settings, asked.append, disk)
    kept.start()
    try:
        yield kept
    finally:
        kept.close()


def record(folder: Path, frames: Sequence[EncodedFrame], wish: Wish = OPEN) -> list[Path]:
    with recording(folder) as kept:
        kept.follow(wish)
        for frame in frames:
            kept.offer(frame)
    return sorted(folder.glob("x/*.mkv"))


def clip(path: Path) -> media.Clip:
    return media.decode(path.read_bytes())


@pytest.mark.parametrize("codec", [Codec.H264, Codec.VP8])
def test_it_plays_as_it_came(tmp_path: Path, codec: Codec) -> None:
    (path,) = record(tmp_path, both(codec))
    assert path.name.startswith("muong-lay-2")
    shown = clip(path)
    assert [mark.number for _, mark in shown.marks() if mark is not None] == list(range(75))
    assert media.tone_level(shown.heard()[4800:96_000], 700) == pytest.approx(-12, abs=1)
    assert shown.sound[0][0] - shown.pictures[0][0] == pytest.approx(0.06, abs=0.01)
    sent = [units_sent(frame.data, codec) for frame in pictures(codec, 320, 3)]
    assert units_kept(path, codec) == sent
    data = path.read_bytes()
    assert all(frame.data in data for frame in sound(3))  # nothing was encoded anew
    assert len(data) < 1.2 * sum(len(frame.data) for frame in both(codec))


def units_kept(path: Path, codec: Codec) -> list[list[bytes]]:
    """What each picture in the file consists of, octet for octet."""
    with av.open(path) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    if codec is not Codec.H264:
        return [[packet] for packet in packets]
    found = []
    for packet in packets:  # each NAL unit behind its length (ISO 14496-15)
        at, here = 0, list[bytes]()
        while at < len(packet):
            size = int.from_bytes(packet[at : at + 4])
            here.append(packet[at + 4 : at + 4 + size])
            at += 4 + size
        found.append(here)
    return found


def units_sent(data: bytes, codec: Codec) -> list[bytes]:
    """Of what the site sent: H.264's are behind start codes (ISO 14496-10, annex B)."""
    if codec is not Codec.H264:
        return [data]
    return [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1")[1:]]


def test_its_screen_is_kept_beside_it_under_its_name(tmp_path: Path) -> None:
    shared = [
        frame._replace(source=screen_of(site))
        for site in (LEFT, RIGHT)
        for frame in pictures(Codec.H264, 320, 1)
    ]
    camera, screen = record(tmp_path, [*both(seconds=1), *shared])
    assert (camera.name[:11], screen.name[:18]) == ("muong-lay-2", "muong-lay.screen-2")
    assert [mark.number for _, mark in clip(screen).marks() if mark is not None] == [*range(25)]


def test_files_are_sealed_and_their_sums_agree(tmp_path: Path) -> None:
    (path,) = record(tmp_path, both())
    check = ["sha256sum", "--check", "--strict", "--quiet", manifest.NAME]
    subprocess.run(check, cwd=path.parent, check=True)
    assert path.name in (path.parent / manifest.NAME).read_text()


def test_what_is_missing_is_told_to_the_second(tmp_path: Path) -> None:
    before_ms = time.time() * 1000
    (path,) = record(tmp_path, both())
    assert verify(path.parent).findings == ()
    path.unlink()
    (finding,) = verify(path.parent).findings
    assert (finding.code, finding.params) == ("file_missing", {"name": path.name})
    assert finding.span is not None
    assert finding.span.length_ms == pytest.approx(3000, abs=100)
    assert before_ms - 1000 <= finding.span.start_ms <= time.time() * 1000


def test_a_crash_costs_little_and_the_next_run_seals_what_is_left(tmp_path: Path) -> None:
    """Though no site sends anything of that session again."""
    (path,) = record(tmp_path, both())
    (path.parent / manifest.NAME).unlink()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 3 // 4])
    assert len(clip(path).pictures) >= 75 * 3 // 4 - 13
    assert "not_sealed" in [one.code for one in verify(path.parent, over=True).findings]
    with recording(tmp_path):
        until = time.monotonic() + 60
        while not verify(path.parent, over=True).whole:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_a_file_that_cannot_be_read_keeps_no_other_from_its_sum(tmp_path: Path) -> None:
    """`/proc/self/mem` can be opened, and at its beginning not be read: EIO, as of a bad sector."""
    (left,) = record(tmp_path, both())
    (left.parent / manifest.NAME).unlink()
    (tmp_path / "before").mkdir()
    for folder in (tmp_path / "before", left.parent):
        (folder / "bad-20260921T141322.000Z.mkv").symlink_to("/proc/self/mem")
    desk = sites._Desk(tmp_path, DISK)
    for _ in range(4):
        desk.seal_next()
    assert left.name in (left.parent / manifest.NAME).read_text()


def test_what_is_left_is_not_read_while_sites_send(tmp_path: Path) -> None:
    """Hours of ten sites are gigabytes: their frames are not kept meanwhile."""
    (left,) = record(tmp_path, both())
    (left.parent / manifest.NAME).unlink()
    desk = sites._Desk(tmp_path, DISK)
    desk.open("x")
    desk.keep(both()[0])
    desk.seal_next()
    assert left.name not in (left.parent / manifest.NAME).read_text()
    desk.open("")
    desk.seal_next()
    assert verify(left.parent, over=True).whole


class Cut(Disk):
    """How much of the newest file a power cut would leave."""

    def __init__(self) -> None:
        self.safe: dict[Path, bytes] = {}

    def now_s(self) -> float:
        """Syncs take no time."""
        return 0.0

    def sync(self, file: FileIO) -> None:
        path = Path(str(file.name))
        self.safe[path] = path.read_bytes()


def test_what_a_crash_left_is_safe_before_it_is_sealed(tmp_path: Path) -> None:
    """Else a power cut soon after makes of it a file that was altered."""
    (left,) = record(tmp_path, both())
    (left.parent / manifest.NAME).unlink()
    disk = Cut()
    sites._Desk(tmp_path, disk).seal_next()
    assert left.name in (left.parent / manifest.NAME).read_text()
    assert disk.safe[left] == left.read_bytes()


def pictures_of(data: bytes) -> int:
    try:
        return len(media.decode(data).pictures)
    except av.error.EOFError:
        return 0  # no more than the head of the file


@pytest.mark.parametrize("wish", [OPEN, Wish("x", frozenset())], ids=["heard", "not heard"])
def test_a_power_cut_costs_less_than_a_second(tmp_path: Path, wish: Wish) -> None:
    """Whether or not there is sound beside the picture."""
    disk = Cut()
    desk = sites._Desk(tmp_path, disk)
    desk.open("x")
    shown: list[tuple[float, float]] = []
    for step, frame in enumerate(both()):
        if frame.codec.is_video or wish.microphones:
            desk.keep(frame)
        if step % 40 == 39:
            (left,) = [data for path, data in disk.safe.items() if path.suffix == ".mkv"] or [b""]
            shown.append((frame.received_ns / 1e9, pictures_of(left) / 25))
    desk.end()
    assert all(safe_s > given_s - 1 for given_s, safe_s in shown), shown


@pytest.mark.parametrize(
    ("codec", "nonsense"),
    [
        (Codec.H264, b"\0\0\0\1\0\0\0\1\x67\0\0\0\1\x68\0\0\0\1\x65\xff"),  # an empty NAL unit
        (Codec.H264, b"\0\0\0\1\x67\x42\0\0\0\1\x68\xce\0\0\0\1\x65\xff\xff"),
        (Codec.VP8, b"\x10\0\0\x9d\1\x2a\0\0\0\0"),  # no pixels wide
        (Codec.VP8, b"\xfe" * 40),
    ],
)
def test_a_site_that_sends_nonsense_costs_no_other_its_file(
    tmp_path: Path, codec: Codec, nonsense: bytes
) -> None:
    with recording(tmp_path, Recording(sites=("*",), warn_free_bytes=0, stop_free_bytes=0)) as kept:
        kept.follow(OPEN)
        for frame in both(seconds=1):
            kept.offer(frame)
            if frame.codec.is_video:
                kept.offer(frame._replace(source=RIGHT, codec=codec, key=True, data=nonsense))
    (path,) = tmp_path.glob("x/*.mkv")
    assert path.name.startswith("muong-lay-2")
    assert len(clip(path).pictures) == 25
    assert verify(path.parent).findings == ()


def test_a_site_that_cannot_be_kept_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it sends begins with no keyframe, or with one that is none."""
    monkeypatch.setattr(sites, "UNKEPT_S", 0.0)
    nonsense = [frame._replace(source=RIGHT, key=True, data=b"") for frame in both(seconds=1)]
    with recording(tmp_path, Recording(sites=("*",), warn_free_bytes=0)) as kept:
        kept.follow(Wish("x"))
        for frame in (*pictures(Codec.H264, 320, 1)[1:], *nonsense):
            kept.offer(frame)
        media.wait_for(lambda: len(kept.faults()) == 2, "both are told")
        told = [(fault.code, fault.detail) for fault in kept.faults()]
        assert told == [("site_not_kept", LEFT), ("site_not_kept", RIGHT)]
        kept.gone(RIGHT)
        for frame in pictures(Codec.H264, 320, 1):
            kept.offer(frame)
        media.wait_for(lambda: not kept.faults(), "no more")


def test_what_comes_after_the_wish_has_ended_is_nowhere(tmp_path: Path) -> None:
    """A camera's thread asks whether to keep a frame, and the room closes before it offers it."""
    desk = sites._Desk(tmp_path, DISK)
    desk.open("x")
    desk.open("")
    for frame in both(seconds=1):
        desk.keep(frame)
    desk.end()
    assert list(tmp_path.rglob("*")) == []


def test_another_size_is_another_file(tmp_path: Path) -> None:
    files = record(tmp_path, [*pictures(Codec.H264, 320, 1), *pictures(Codec.H264, 640, 1, 1)])
    assert [clip(path).pictures[0][1].shape for path in files] == [(180, 320), (360, 640)]


def test_a_site_that_comes_back_begins_anew(tmp_path: Path) -> None:
    with recording(tmp_path) as kept:
        kept.follow(OPEN)
        for frame in both(seconds=1):
            kept.offer(frame)
        kept.gone(LEFT)
        time.sleep(0.002)  # the files are named by the millisecond
        for frame in both(seconds=1):
            kept.offer(frame)
    assert [len(clip(path).pictures) for path in sorted(tmp_path.glob("x/*.mkv"))] == [25, 25]


@pytest.mark.parametrize("jump", [-(1 << 31), 1 << 31])
def test_a_site_whose_media_time_begins_anew_loses_nothing(tmp_path: Path, jump: int) -> None:
    """Another source (SSRC) on the same connection: nobody says that the first is gone."""
    later = [
        frame._replace(
            pts=frame.pts + jump, captured_ns=None, received_ns=frame.received_ns + 3 * NS_PER_S
        )
        for frame in both()
    ]
    before, after = record(tmp_path, [*both(), *later])
    for path in (before, after):
        shown = clip(path)
        assert [mark.number for _, mark in shown.marks() if mark is not None] == list(range(75))
        assert media.tone_level(shown.heard()[4800:130_000], 700) == pytest.approx(-12, abs=1)
        assert shown.sound[0][0] - shown.pictures[0][0] == pytest.approx(0.06, abs=0.01)


def test_sound_whose_media_time_begins_anew_stays_with_its_picture(tmp_path: Path) -> None:
    heard = sound(3)
    half = len(heard) // 2
    moved = [frame._replace(pts=frame.pts - 96_000_000, captured_ns=None) for frame in heard[half:]]
    frames = sorted((*pictures(Codec.H264, 320, 3), *heard[:half], *moved), key=came_ns)
    (path,) = record(tmp_path, frames)
    shown = clip(path)
    assert (len(shown.pictures), len(shown.sound)) == (75, len(heard))
    assert media.tone_level(shown.heard()[4800:130_000], 700) == pytest.approx(-12, abs=1)
    times = [at for at, _ in shown.sound]
    assert max(after - before for before, after in pairwise(times)) < 0.03


def came_ns(frame: EncodedFrame) -> int:
    return frame.received_ns


@pytest.mark.parametrize("picture", ["none", "no keyframe"])
def test_the_sound_of_a_site_without_a_picture_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: str
) -> None:
    """A booth, a telephone, a camera that is broken; or one whose picture nobody can decode."""
    monkeypatch.setattr(sites, "ALONE_S", 0.0)
    shown = pictures(Codec.H264, 320, 3)[1:] if picture == "no keyframe" else ()
    (path,) = record(tmp_path, sorted((*shown, *sound(3)), key=came_ns))
    kept = clip(path)
    assert kept.pictures == []
    assert media.tone_level(kept.heard()[4800:130_000], 700) == pytest.approx(-12, abs=1)
    data = path.read_bytes()
    assert all(frame.data in data for frame in sound(3))
    assert path.name.endswith("_3.0s.mkv")
    assert verify(path.parent, over=True).whole


def test_a_picture_that_comes_late_begins_a_file_with_its_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sites, "ALONE_S", 0.0)
    late = pictures(Codec.H264, 320, 2, 1)
    alone, together = record(tmp_path, sorted((*late, *sound(3)), key=came_ns))
    assert clip(alone).pictures == []
    assert len(clip(together).pictures) == 50
    assert len(clip(alone).sound) + len(clip(together).sound) == len(sound(3))


def test_sound_waits_for_its_picture(tmp_path: Path) -> None:
    """Not each site that joins begins with a file of its sound alone."""
    assert record(tmp_path, sound(3)) == []


def test_nothing_is_kept_of_what_is_closed(tmp_path: Path) -> None:
    assert record(tmp_path, both(), Wish("")) == []
    assert not tmp_path.joinpath("x").exists()


def test_a_closed_microphone_is_not_kept(tmp_path: Path) -> None:
    (path,) = record(tmp_path, both(), Wish("x", frozenset({RIGHT})))
    assert len(clip(path).pictures) == 75
    assert clip(path).sound == []


def test_only_the_sites_of_the_settings(tmp_path: Path) -> None:
    with recording(tmp_path, Recording(sites=("tua-chua",), warn_free_bytes=0)) as kept:
        kept.follow(OPEN)
        for frame in both():
            kept.offer(frame)
    assert list(tmp_path.glob("x/*")) == []
    assert Recording(sites=("*",)).keeps(LEFT)
    assert not Recording().keeps(LEFT)


def test_what_was_on_its_way_when_the_item_opened_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SETTLE_S * NS_PER_S >= REOPEN_GUARD_NS, "no sooner than the program itself"
    monkeypatch.setattr(sites, "SETTLE_S", 60.0)
    assert record(tmp_path, both()) == []


def test_a_keyframe_is_asked_for_once_in_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sites, "ASK_S", 3600.0)
    asked: list[SiteId] = []
    kept = SiteRecordings(tmp_path, SETTINGS, asked.append)
    kept.start()
    kept.follow(OPEN)
    for frame in both()[5:]:
        kept.offer(frame)
    media.wait_for(lambda: asked, "a wish")
    kept.close()
    assert asked == [LEFT]


def test_the_program_comes_first_where_the_disk_is_nearly_full(tmp_path: Path) -> None:
    with recording(tmp_path, Recording(sites=("*",), warn_free_bytes=1 << 60)) as kept:
        kept.follow(OPEN)
        for frame in both():
            kept.offer(frame)
        media.wait_for(lambda: kept.faults(), "the reason is told")
    assert list(tmp_path.glob("x/*")) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with own_disk(tmp_path / "disk", "size=16m") as folder:
        yield folder


def test_the_rest_of_a_disk_that_fills_up_is_left_to_the_program(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by what is being kept just then: it ends whole."""
    monkeypatch.setattr(sites, "DISK_CHECK_S", 0.0)
    monkeypatch.setattr(sites, "RETRY_S", 0.0)
    settings = Recording(sites=("*",), warn_free_bytes=8_000_000, stop_free_bytes=0)
    with recording(small_disk, settings) as kept:
        kept.follow(OPEN)
        for frame in both(seconds=1):
            kept.offer(frame)
        media.wait_for(lambda: list(small_disk.glob("x/*.mkv")), "its file")
        assert kept.faults() == ()
        filler = small_disk / "filler"
        filler.write_bytes(bytes(10_000_000))
        later = [
            frame._replace(pts=frame.pts + 90_000, received_ns=frame.received_ns + NS_PER_S)
            for frame in both(seconds=1)
        ]
        for frame in later:
            kept.offer(frame)
        media.wait_for(lambda: kept.faults(), "that no more is kept")
        media.wait_for(lambda: not len(kept._queue), "all was seen")
        (path,) = small_disk.glob("x/*s.mkv")
        assert verify(path.parent, over=True).whole
        filler.unlink()
        for frame in later:
            kept.offer(frame)
        media.wait_for(lambda: not kept.faults(), "it goes on")


def test_what_a_hanging_disk_costs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sites, "MAX_QUEUED_FRAMES", 10)
    kept = SiteRecordings(tmp_path, SETTINGS, lambda _site: None)  # whose thread never comes to it
    kept.follow(OPEN)
    assert kept.faults() == ()
    for frame in both(seconds=1):
        kept.offer(frame)
    assert kept.dropped > 50
    (fault,) = kept.faults()
    assert (fault.code, fault.detail) == ("sites_gaps", str(kept.dropped))
    monkeypatch.setattr(sites, "GAP_TOLD_S", 0.0)
    assert kept.faults() == ()
