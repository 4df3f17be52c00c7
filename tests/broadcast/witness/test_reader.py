"""What the witness makes of a recording: its size, and whether sound lies with its picture."""

from pathlib import Path

import pytest

from broadcast.outputs.fmp4 import Sample, fragment, init_segment
from broadcast.outputs.parts import Cutter
from broadcast.witness.reader import Reader, UnreadableError
from streams.frames import AUDIO_CLOCK_RATE, VIDEO_CLOCK_RATE
from tests.broadcast.outputs.growing import growing
from tests.broadcast.outputs.streams import EPOCH_S, FRAME, program


def recording(folder: Path, sound_late_s: float) -> Path:
    """One second, whose sound begins so much after its picture."""
    cutter = Cutter(1000, 1000, FRAME)
    part = next(part for packet in program(2) for part in cutter.add(packet))
    late = round(sound_late_s * AUDIO_CLOCK_RATE)
    video = [
        Sample(s.time - EPOCH_S * VIDEO_CLOCK_RATE, s.duration, s.key, s.data) for s in part.video
    ]
    origin = EPOCH_S * AUDIO_CLOCK_RATE - late
    audio = [Sample(s.time - origin, s.duration, s.key, s.data) for s in part.audio]
    (folder / "init-0.mp4").write_bytes(init_segment(320, 180, part.parameters, EPOCH_S))
    (folder / "00000000.m4s").write_bytes(fragment(1, video, audio))
    return folder


@pytest.mark.parametrize(("before", "at"), [(b"vide", 16), (b"avc1", 0)])
def test_a_byte_that_the_disk_lost_is_no_end_of_the_witness(
    tmp_path: Path, before: bytes, at: int
) -> None:
    """Of a handler's name, which a player shows to nobody; of what the codec is called."""
    init = recording(tmp_path, 0.0) / "init-0.mp4"
    data = bytearray(init.read_bytes())
    data[data.rindex(before) + at] = 0xFF
    init.write_bytes(data)
    with pytest.raises(UnreadableError):
        Reader(tmp_path).look()


def test_a_folder_that_is_made_anew_under_it(tmp_path: Path) -> None:
    """Somebody moved the recording away; what is made in its place counts from 0 again."""
    folder, moved = tmp_path / "x", tmp_path / "moved"
    with growing(folder, 6) as made:
        made.grow(22)
        reader = Reader(folder)
        assert reader.look() is not None
        folder.rename(moved)
        assert reader.look() is None
    with growing(folder, 3) as made:
        made.grow(2)
        found = None
        for _ in range(3):
            found = found or reader.look()
        assert found is not None
        assert found.size == (320, 180)


@pytest.mark.parametrize("late_s", [0.0, 0.3])
def test_size_and_how_far_sound_is_from_its_picture(tmp_path: Path, late_s: float) -> None:
    chunk = Reader(recording(tmp_path, late_s)).look()
    assert chunk is not None
    assert chunk.size == (320, 180)
    assert chunk.apart_ms == pytest.approx(1000 * late_s, abs=25)
    assert max(sound.dbfs for sound in chunk.sounds) > -20
