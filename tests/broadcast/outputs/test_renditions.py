"""The same program in every size and as sound alone: cut alike, each whole, all of them named."""

import contextlib
import io
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import av
import m3u8
import numpy as np
import pytest

from broadcast.archive.verify import verify
from broadcast.interpreters import Language
from broadcast.outputs import playlist
from broadcast.outputs.edge import RECENT_SEGMENTS, Edge, pace_of
from broadcast.outputs.fmp4 import fragments, origin_of
from broadcast.outputs.playlist import Entry, Pace
from broadcast.outputs.segments import Order, Segments
from broadcast.studio.encoders import AacEncoder
from broadcast.studio.encoding import Ladder
from config.settings import Program, Recording, Rung
from streams.frames import Codec, Feed, Packet
from tests import hls, media
from tests.broadcast.outputs import streams
from tests.broadcast.outputs.streams import EPOCH_S

PROGRAM = Program(
    width=640,
    height=360,
    video_bitrate_bps=600_000,
    ladder=(Rung(height=180, video_bitrate_bps=200_000),),
)
SETTINGS = Recording(segment_ms=1000, stop_free_bytes=0, warn_free_bytes=0)
HMONG = Language("hmn", "Tiếng Mông")
FOLDERS = ("", "180p", "sound")


@cache
def ladder(seconds: int, from_s: int = EPOCH_S) -> tuple[Packet, ...]:
    """As the studio hands them over: both pictures of a moment, then the sound."""
    encoders, packets = Ladder(PROGRAM, Feed.ROOM), []
    sound = [one for one in streams.program(seconds, from_s) if one.codec is Codec.AAC]
    for number in range(seconds * 25):
        frame = av.VideoFrame.from_ndarray(media.draw(640, 360, media.Mark(1, number)), "yuv420p")
        pts = from_s * 90_000 + number * streams.FRAME
        packets += encoders.encode(frame, pts, key=number % 25 == 0, public=True)
        while sound and sound[0].pts * 90_000 // 48_000 <= pts:
            packets.append(sound.pop(0))
    return (*packets, *sound)


def record(
    root: Path,
    packets: tuple[Packet, ...],
    *,
    finished: bool = False,
    languages: tuple[Language, ...] = (),
) -> Path:
    with contextlib.closing(Segments(root, PROGRAM, SETTINGS)) as segments:
        segments.start()
        segments.follow(Order("x", recording=True, languages=languages))
        for packet in packets:
            segments.offer(packet)
        if finished:
            segments.follow(Order("x", finished=True, languages=languages))
    return root / "x"


def listed(folder: Path) -> list[Entry]:
    found = playlist.parse((folder / "index.m3u8").read_text())
    assert found is not None
    return list(found.entries)


def test_every_size_shows_the_same_pictures_in_the_same_segments(tmp_path: Path) -> None:
    folder = record(tmp_path, ladder(4), finished=True)
    for name, size in (("", (640, 360)), ("180p", (320, 180))):
        at = folder / name
        text = (at / "index.m3u8").read_text()
        recording = hls.read(text, lambda uri, at=at: (at / uri).read_bytes())
        assert recording.ended
        assert hls.faults(recording) == []
        for number, segment in enumerate(recording.segments):
            clip = segment.clip()
            first = 25 * number
            assert [m.number for _, m in clip.marks() if m] == [*range(first, first + 25)]
            with av.open(io.BytesIO(segment.init + segment.media)) as container:
                video = container.streams.video[0]
                assert (video.width, video.height) == size
    whole, small = listed(folder), listed(folder / "180p")
    assert [(e.name, e.wall_ms, e.duration_s) for e in whole] == [
        (e.name, e.wall_ms, e.duration_s) for e in small
    ]


def test_the_sound_alone_is_the_same_sound(tmp_path: Path) -> None:
    folder = record(tmp_path, ladder(4), finished=True) / "sound"
    entries = listed(folder)
    names = ["init-0.mp4", *(entry.name for entry in entries)]
    data = b"".join((folder / name).read_bytes() for name in names)
    with av.open(io.BytesIO(data)) as container:
        assert [stream.type for stream in container.streams] == ["audio"]
    heard = media.decode(data).heard()
    assert media.tone_level(heard[4800:180_000], 1000) == pytest.approx(-12, abs=0.5)
    assert len(data) * 8 / 4 < 160_000
    assert sum(entry.duration_s for entry in entries) == pytest.approx(4, abs=0.1)
    assert [round(entry.wall_ms / 1000) for entry in entries] == [EPOCH_S + n for n in range(4)]


def test_the_sound_alone_has_the_times_of_the_picture_wherever_both_begin(tmp_path: Path) -> None:
    """Its first frame begins a little earlier, and they counted from two seconds: whoever changed
    from one to the other was a second off."""
    first = next(one.pts for one in ladder(2) if one.codec is Codec.AAC)
    later = (4780 + EPOCH_S * 48_000 - first) % 1024
    moved = tuple(
        replace(one, pts=one.pts + (later if one.codec is Codec.AAC else 3 * streams.FRAME))
        for one in ladder(2)
    )
    folder = record(tmp_path, moved, finished=True)
    assert times_of(folder / "sound") == pytest.approx(times_of(folder), abs=0.03)
    assert [verify(folder / name).findings for name in FOLDERS] == [()] * 3


def interpreted(seconds: int, from_s: int = EPOCH_S) -> tuple[Packet, ...]:
    """With a language whose tone is another, sent before the room's sound of the same moment."""
    encoder, tone = AacEncoder(), media.tone(440, seconds)
    packets = list[Packet]()
    for block in range(seconds * 50):
        samples = tone[None, block * 960 : block * 960 + 960].repeat(2, axis=0)
        at = from_s * 48_000 + block * 960
        packets += [
            Packet(Feed.language("hmn"), Codec.AAC, pts, True, True, data)
            for pts, data in encoder.encode(samples, at)
        ]
    both = [*packets, *(one for one in ladder(seconds, from_s) if one.codec is Codec.AAC)]
    sound = sorted(both, key=lambda one: one.pts)
    found = list[Packet]()
    for one in ladder(seconds, from_s):
        if one.codec is Codec.AAC:
            while sound and sound[0].pts <= one.pts:
                found.append(sound.pop(0))
        else:
            found.append(one)
    return (*found, *sound)


def test_each_language_is_a_sound_of_its_own_with_the_picture_s_times(tmp_path: Path) -> None:
    packets = interpreted(4)
    folder = record(tmp_path, packets, finished=True, languages=(HMONG,))
    spoken = folder / "language-hmn"
    for name, hz in ((folder, 1000), (folder / "sound", 1000), (spoken, 440)):
        entries = listed(name)
        data = b"".join(
            (name / one).read_bytes() for one in ["init-0.mp4", *(e.name for e in entries)]
        )
        heard = media.decode(data).heard()
        assert media.tone_level(heard[4800:180_000], hz) == pytest.approx(-12, abs=0.5)
        assert media.tone_level(heard[4800:180_000], 1440 - hz) < -70
        assert verify(name).whole
    assert origin_of((spoken / "init-0.mp4").read_bytes()) == EPOCH_S - 1
    assert origin_of((folder / "init-0.mp4").read_bytes()) == EPOCH_S - 1
    times = [times_of(at) for at in (folder, spoken)]
    assert times[1] == pytest.approx(times[0], abs=0.03), "a player lays both side by side"


def times_of(folder: Path) -> list[float]:
    """Where each segment begins, as players see it."""
    found = [fragments((folder / entry.name).read_bytes()) for entry in listed(folder)]
    return [next(iter(one)).start / 90_000 for one in found]


def test_players_are_told_of_each_language(tmp_path: Path) -> None:
    folder = record(tmp_path, interpreted(2), languages=(HMONG,))
    found = m3u8.loads((folder / "master.m3u8").read_text())
    told = [(one.type, one.language, one.name, one.uri, one.default) for one in found.media]
    assert told == [
        ("AUDIO", "vi", "Tiếng gốc", None, "YES"),
        ("AUDIO", "hmn", "Tiếng Mông", "language-hmn/index.m3u8", None),
    ]
    assert [one.stream_info.audio for one in found.playlists] == ["sound"] * 3
    assert "MEDIA" not in (record(tmp_path / "plain", ladder(2)) / "master.m3u8").read_text()


def test_a_language_goes_on_after_a_crash_where_the_picture_does(tmp_path: Path) -> None:
    record(tmp_path, interpreted(2), languages=(HMONG,))
    folder = record(tmp_path, interpreted(2, EPOCH_S + 60), finished=True, languages=(HMONG,))
    whole, spoken = listed(folder), listed(folder / "language-hmn")
    assert [e.name for e in spoken] == [e.name for e in whole]
    assert [e.discontinuity for e in spoken] == [e.discontinuity for e in whole]
    assert times_of(folder / "language-hmn") == pytest.approx(times_of(folder), abs=0.03)


def test_a_language_that_nobody_asked_to_record_is_in_no_sound(tmp_path: Path) -> None:
    folder = record(tmp_path, interpreted(2), finished=True)
    assert not (folder / "language-hmn").exists()
    data = b"".join((folder / one).read_bytes() for one in ("init-0.mp4", "00000000.m4s"))
    assert media.tone_level(media.decode(data).heard()[4800:40_000], 440) < -70


def test_the_master_names_each_with_what_it_takes(tmp_path: Path) -> None:
    folder = record(tmp_path, ladder(2))
    found = m3u8.loads((folder / "master.m3u8").read_text())
    assert [one.uri for one in found.playlists] == [
        "index.m3u8", "180p/index.m3u8", "sound/index.m3u8",
    ]  # fmt: skip
    infos = [one.stream_info for one in found.playlists]
    assert [info.resolution for info in infos] == [(640, 360), (320, 180), None]
    assert all(info.codecs.startswith("avc1.42") for info in infos[:2])
    assert [info.codecs.rpartition(",")[2] for info in infos] == ["mp4a.40.2"] * 3
    assert infos[0].bandwidth > infos[1].bandwidth > infos[2].bandwidth
    for one in found.playlists:
        for entry in listed((folder / one.uri).parent):
            size = (folder / one.uri).with_name(entry.name).stat().st_size
            assert size * 8 / entry.duration_s < one.stream_info.bandwidth


def test_who_speaks_after_a_silence_needs_no_more_than_the_master_says(tmp_path: Path) -> None:
    """AAC has spared for it; a line that carries what it was told would fall behind."""
    encoder, random = AacEncoder(), np.random.default_rng(1)
    packets = [one for one in ladder(8) if one.codec is Codec.H264]
    for block in range(8 * 50):
        loud = np.float32(0.3 if block >= 6 * 50 else 0)
        samples = random.standard_normal((2, 960), np.float32) * loud
        packets += [
            Packet(Feed.PUBLIC, Codec.AAC, at, True, True, data)
            for at, data in encoder.encode(samples, EPOCH_S * 48_000 + block * 960)
        ]
    packets.sort(key=lambda one: one.pts / one.codec.clock_rate)
    folder = record(tmp_path, tuple(packets))
    sound = m3u8.loads((folder / "master.m3u8").read_text()).playlists[-1]
    rates = [
        (folder / "sound" / entry.name).stat().st_size * 8 / entry.duration_s
        for entry in listed(folder / "sound")
    ]
    assert sound.stream_info.average_bandwidth < max(rates) <= sound.stream_info.bandwidth


def test_after_a_crash_all_go_on_together(tmp_path: Path) -> None:
    folder = record(tmp_path, ladder(3))
    for name in FOLDERS:
        index = folder / name / "index.m3u8"
        at = index.read_text().index("#EXT-X-PROGRAM", index.read_text().index("00000001"))
        index.write_text(index.read_text()[:at])
        last = folder / name / "00000002.m4s"
        last.write_bytes(last.read_bytes()[:-100])
        sums = folder / name / "SHA256SUMS"
        sums.write_text("".join(sums.read_text().splitlines(keepends=True)[:-2]))
    record(tmp_path, ladder(2, EPOCH_S + 60), finished=True)
    for name in FOLDERS:
        entries = listed(folder / name)
        assert [entry.name for entry in entries] == [f"{n:08}.m4s" for n in range(5)]
        assert [entry.discontinuity for entry in entries] == [False] * 3 + [True, False]
        found = [finding.code for finding in verify(folder / name).findings]
        assert found == ["gap"], "the minute between, and nothing else"


def test_low_latency_of_the_sound_alone(tmp_path: Path) -> None:
    pace = pace_of(PROGRAM, SETTINGS)
    edge = Edge(record(tmp_path, ladder(3)) / "sound", pace)
    assert edge.refresh()
    parts = [p for s in m3u8.loads(edge.text(delta=False)).segments for p in s.parts]
    assert len(parts) >= 14
    assert max(part.duration for part in parts) <= pace.part_s
    assert all(edge.part(0, number) for number in range(4))


# Twelve hours, written down and not waited for.

PACE = Pace(2, 0.2)
TWELVE_HOURS = 6 * 3600


def long_recording(folder: Path, segments: int = TWELVE_HOURS) -> str:
    """Its playlist; the studio was started again in each hour."""
    folder.mkdir()
    text = playlist.header(2000)
    for number in range(segments):
        run, first = divmod(number, 1800)
        init = f"init-{run}.mp4" if not first else None
        wall_ms = EPOCH_S * 1000 + number * 2000 + run * 1500
        text += playlist.lines(Entry(f"{number:08}.m4s", 2.0, wall_ms, init, bool(init and run)))
    (folder / "index.m3u8").write_text(text)
    return text


def test_after_twelve_hours_what_players_ask_again_for_is_small(tmp_path: Path) -> None:
    text = long_recording(tmp_path / "x")
    edge = Edge(tmp_path / "x", PACE)
    assert edge.refresh()
    whole, delta = edge.text(delta=False), edge.text(delta=True)
    assert len(text) > 1_500_000
    assert len(delta) < 2000
    skipped = m3u8.loads(delta).skip.skipped_segments
    names = re.findall(r"^\d{8}\.m4s$", whole, re.MULTILINE)
    assert names == [f"{number:08}.m4s" for number in range(TWELVE_HOURS)], "to the first second"
    rest = [segment.uri for segment in m3u8.loads(delta).segments]
    assert names[:skipped] + rest == names


def test_the_window_is_the_same_size_after_a_minute_and_a_day(tmp_path: Path) -> None:
    long_recording(tmp_path / "x")
    edge = Edge(tmp_path / "x", PACE)
    edge.refresh()
    text = edge.recent_text()
    window = m3u8.loads(text)
    assert len(text) < 8000
    assert len(window.segments) == RECENT_SEGMENTS
    assert window.media_sequence == TWELVE_HOURS - RECENT_SEGMENTS
    assert window.discontinuity_sequence == 11
    assert window.segments[0].init_section.uri == "init-11.mp4"
    assert "ENDLIST" not in text

    long_recording(tmp_path / "young", 5)
    young = Edge(tmp_path / "young", PACE)
    young.refresh()
    assert m3u8.loads(young.recent_text()).media_sequence == 0
