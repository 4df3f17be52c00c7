"""The media player: what is shown and heard of a clip, in a time that the test turns."""

import struct
import time
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from broadcast.overlay.render import Drawn, Renderer
from broadcast.program import Clip, ClipKind, ProgramState
from broadcast.studio.clock import BLOCK_SAMPLES, ProgramClock, monotonic_of
from broadcast.studio.measured import Measured, forget, keep, kept_of
from broadcast.studio.measuring import gain_db, measure
from broadcast.studio.player import MOST_TRIES, Player
from broadcast.studio.playersource import PlayerSource
from broadcast.studio.reels import LOUDEST, Film, UnplayableError, upright
from broadcast.studio.shows import AHEAD_NS, LEAD_NS, Countdown, FilmShow, clock_text
from broadcast.studio.slides import Slides
from broadcast.studio.sound import audible
from broadcast.studio.sources import Sources
from streams.frames import NS_PER_S
from tests import media
from tests.broadcast.studio.test_loudness import ebur128_of
from tests.films import FPS, HZ, film, png_of

LOADED = Clip(1, ClipKind.FILM, "Phim", "phim.mp4")
BLOCK_NS = NS_PER_S // 50
LEAD_MS = LEAD_NS // 1_000_000


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("films") / "opening.mp4", g="50")


class Table:
    """A film on the player, and a clock that the test turns, block by block."""

    def __init__(self, path: Path, source: PlayerSource | None = None) -> None:
        self.now_ns = 0
        self.source = source or PlayerSource()
        self.show = FilmShow(
            Film(path), None, self.source, ProgramClock(0).monotonic_ns, lambda: self.now_ns
        )
        self.heard: list[float] = []
        """Peak of each block."""
        self.last = np.zeros((2, BLOCK_SAMPLES), np.float32)

    def follow(self, **changes: object) -> None:
        self.clip = replace(getattr(self, "clip", LOADED), **changes)  # type: ignore[arg-type]
        self.show.follow(self.clip)

    def turn_to(self, at_ms: int) -> None:
        while self.now_ns < at_ms * 1_000_000:
            self.now_ns += BLOCK_NS
            while self.show.step(self.now_ns) == 0:
                pass
            self.source.sound.decode()
            block = self.source.sound.block(self.now_ns - BLOCK_NS)
            self.last = np.zeros((2, BLOCK_SAMPLES), np.float32) if block is None else block
            self.heard.append(float(np.abs(self.last).max()))
            self.picture = self.source.picture.due(self.now_ns)

    @property
    def number(self) -> int | None:
        return (
            None
            if self.picture is None
            else media.read_frame_number(media.luma_of(self.picture.frame))
        )


def test_a_film_stands_ready_then_runs_with_its_sound_and_stops_where_it_is(opening: Path) -> None:
    table = Table(opening)
    table.follow()
    table.turn_to(400)
    assert table.number == 0
    assert max(table.heard) == 0
    table.follow(started_at_ms=400)
    table.turn_to(400 + LEAD_MS + 2000)
    assert abs((table.number or 0) - 2 * FPS) <= 1
    assert media.tone_level(table.last[0], HZ) > -20
    table.follow(started_at_ms=None, position_ms=2000)
    table.turn_to(table.now_ns // 1_000_000 + 1000)
    assert table.number == 2 * FPS
    assert max(table.heard[-45:]) == 0


def test_a_television_film_has_its_shape_also_while_it_stands(tmp_path: Path) -> None:
    """Samples that are no squares, as of all that television kept on tape."""
    table = Table(film(tmp_path / "wide.mp4", aspect="64/45", g="50"))
    shapes: list[float] = []

    def look(to_ms: int) -> None:
        table.turn_to(to_ms)
        assert table.picture is not None
        shapes.append(table.picture.aspect)

    table.follow()
    look(400)
    table.follow(started_at_ms=400)
    look(1400 + LEAD_MS)
    table.follow(started_at_ms=None, position_ms=1000)
    look(2400 + LEAD_MS)
    assert shapes == pytest.approx([64 / 45] * 3)


def test_another_place_is_gone_to_while_it_runs(opening: Path) -> None:
    table = Table(opening)
    table.follow(started_at_ms=0)
    table.turn_to(1000)
    table.follow(started_at_ms=1000, position_ms=7000)
    table.turn_to(1000 + LEAD_MS + 1000)
    assert abs((table.number or 0) - 8 * FPS) <= 1
    assert media.tone_level(table.last[0], HZ) > -20


def test_a_studio_that_starts_late_finds_the_place(opening: Path) -> None:
    table = Table(opening)
    table.now_ns = 5 * NS_PER_S
    table.follow(started_at_ms=0)
    table.turn_to(5500 + LEAD_MS)
    assert abs((table.number or 0) - 5.5 * FPS) <= 1


def test_at_its_end_it_holds_or_begins_anew(opening: Path) -> None:
    table = Table(opening)
    table.follow(started_at_ms=0, position_ms=8500)
    table.turn_to(3000)
    assert table.number == 10 * FPS - 1
    assert max(table.heard[-20:]) < 0.01
    table.follow(started_at_ms=3000, position_ms=8500, loop=True)
    table.turn_to(3000 + LEAD_MS + 2500)
    assert abs((table.number or 0) - FPS) <= 2
    assert media.tone_level(table.last[0], HZ) > -20


@pytest.mark.parametrize(("level_dbfs", "heard_lufs"), [(-7.0, -23.0), (-34.0, -25.0)])
def test_a_film_is_as_loud_as_the_program(
    tmp_path: Path, level_dbfs: float, heard_lufs: float
) -> None:
    """However it was mixed: measured whole, and played with one gain from its first sound on."""
    path = film(tmp_path / "film.mp4", level_dbfs=level_dbfs)
    found = measure(path)
    assert found.lufs == pytest.approx(ebur128_of(path)[0], abs=0.3)
    keep(path, found)
    assert kept_of(path) == found
    table = Table(path)
    table.source.sound.gain = 10 ** (found.gain_db / 20)
    table.follow(started_at_ms=0)
    table.turn_to(LEAD_MS + 1500)
    table.source.sound.level(table.last.copy())  # the gain comes in over one block
    heard = np.abs(table.source.sound.level(table.last.copy())).max()
    assert 20 * np.log10(heard) == pytest.approx(heard_lufs, abs=1)


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_nothing_crackles_where_two_pieces_meet(tmp_path: Path, name: str) -> None:
    """Of 1024 samples each, at times that a file may give in whole milliseconds."""
    path = film(tmp_path / name)
    pure = np.concatenate(list(Film(path).sounds()), axis=1)[0]
    table = Table(path)
    table.follow(started_at_ms=0)
    blocks = []
    for block in range(150):
        table.turn_to(20 * (block + 1))
        blocks.append(table.last[0].copy())
    heard = np.concatenate(blocks)[media.RATE :]
    bend = np.abs(np.diff(pure[4800:-4800], 2)).max()
    assert np.abs(np.diff(heard, 2)).max() < 1.2 * bend


def test_a_measurement_is_of_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"x")
    found = Measured(1, path.stat().st_mtime_ns, -10.0, -13.0)
    keep(path, found)
    assert kept_of(path) == found
    path.write_bytes(b"xy")
    assert kept_of(path) is None
    forget(path)
    assert list((tmp_path / ".loudness").iterdir()) == []


def test_a_film_that_no_picture_can_be_read_of_is_known_before_it_plays(
    opening: Path, tmp_path: Path
) -> None:
    """As one that was bought, and is enciphered."""
    data = bytearray(opening.read_bytes())
    media_from, tables_from = data.find(b"mdat") + 4, data.find(b"moov") - 4
    data[media_from:tables_from] = bytes(tables_from - media_from)
    (tmp_path / "bought.mp4").write_bytes(data)
    assert measure(opening).fault == ""
    assert measure(tmp_path / "bought.mp4").fault == "unreadable"


def test_gains_are_bounded_and_leave_room_for_peaks() -> None:
    gains = [(-10.0, 1.0), (-30.0, 0.5), (-30.0, 0.9), (-40.0, 0.01), (20.0, 1.0), (None, 0.0)]
    assert [gain_db(*one) for one in gains] == pytest.approx([-13, 3, 0, 12, -30, 0], abs=0.1)


def test_nothing_is_decoded_far_ahead(opening: Path) -> None:
    table = Table(opening)
    table.follow(started_at_ms=0)
    table.turn_to(1000)
    waiting = table.source.picture._pictures
    assert 0 < len(waiting) <= AHEAD_NS * FPS // NS_PER_S + 1


def test_it_is_heard_only_while_that_is_wished(opening: Path) -> None:
    assert audible(ProgramState(player=LOADED)) == frozenset()
    assert audible(ProgramState()) == frozenset()


def test_slides_have_pages_and_their_shape(tmp_path: Path) -> None:
    pages = [Image.new("RGB", (400, 300), colour) for colour in ("red", "white", "black")]
    pages[0].save(tmp_path / "slides.pdf", save_all=True, append_images=pages[1:])
    slides = Slides(tmp_path / "slides.pdf", (1280, 720))
    assert slides.pages == 3
    white, black = slides.page(2), slides.page(9)
    assert (white.width, white.height) == (960, 720)
    assert media.luma_of(white).mean() > 230
    assert media.luma_of(black).mean() < 20
    slides.close()
    Image.new("RGBA", (3000, 999), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    picture = Slides(tmp_path / "clear.png", (1280, 720)).page(1)
    assert (picture.width, picture.height) == (1280, 426)
    assert media.luma_of(picture).mean() > 230


def test_a_scan_of_sixteen_bits_keeps_its_greys(tmp_path: Path) -> None:
    greys = (np.linspace(0, 65_535, 64 * 64)).reshape(64, 64).astype(np.uint16)
    Image.fromarray(greys).save(tmp_path / "scan.png")
    luma = media.luma_of(Slides(tmp_path / "scan.png", (1280, 720)).page(1))
    assert luma[0].max() < 24
    assert abs(int(luma[32].mean()) - 126) < 4


def test_a_telephone_that_was_held_upright_is_shown_upright(opening: Path, tmp_path: Path) -> None:
    """Its film lies on its side, with a matrix (14496-12 8.3.2) that says how to turn it."""
    data = bytearray(opening.read_bytes())
    quarter_turn = (0, 0x10000, 0, 0xFFFF0000, 0, 0, 0, 0, 0x40000000)
    struct.pack_into("!9I", data, data.find(b"tkhd") + 44, *quarter_turn)
    (tmp_path / "turned.mp4").write_bytes(data)
    lying, upright = (
        next(piece.picture for piece in Film(path).from_(0) if piece.picture is not None)
        for path in (opening, tmp_path / "turned.mp4")
    )
    assert (upright.width, upright.height) == (lying.height, lying.width)
    clockwise = np.rot90(media.luma_of(lying), -1)
    assert np.array_equal(media.luma_of(upright), clockwise)


def test_a_large_film_is_turned_at_a_size_that_two_cores_turn() -> None:
    turned, _ = upright(av.VideoFrame(3840, 2160, "yuv420p"), 1, 1.0)
    assert (turned.width, turned.height) == (1080, 1920)


def test_two_files_put_together_play_as_one(tmp_path: Path) -> None:
    path = tmp_path / "joined.mp3"
    for rate, layout in ((44_100, "mono"), (48_000, "stereo")):
        encoder = av.CodecContext.create("libmp3lame", "w")
        encoder.sample_rate, encoder.layout, encoder.format = rate, layout, "fltp"
        encoder.open()
        silence = np.zeros((len(encoder.layout.channels), rate), np.float32)
        frame = av.AudioFrame.from_ndarray(silence, "fltp", layout)
        frame.sample_rate = rate
        with path.open("ab") as file:
            for packet in (*encoder.encode(frame), *encoder.encode(None)):
                file.write(bytes(packet))
    sounds = [piece.sound for piece in Film(path).from_(0) if piece.sound is not None]
    assert sum(sound.shape[1] for sound in sounds) > 1.9 * media.RATE


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e30])
def test_no_sound_of_a_file_is_beyond_what_can_be_mixed(tmp_path: Path, value: float) -> None:
    path = tmp_path / "broken.wav"
    with av.open(path, "w") as container:
        stream = container.add_stream("pcm_f32le", media.RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.full((1, 9600), value, np.float32), "flt", "mono")
        frame.sample_rate = media.RATE
        container.mux(stream.encode(frame))
    sounds = [piece.sound for piece in Film(path).from_(0) if piece.sound is not None]
    assert sum(sound.shape[1] for sound in sounds) >= 9000
    assert all(np.abs(sound).max() <= LOUDEST for sound in sounds)


def drawing() -> tuple[list[str], Callable[[str], av.VideoFrame]]:
    """What was drawn, and what draws it."""
    drawn: list[str] = []

    def draw(reading: str) -> av.VideoFrame:
        drawn.append(reading)
        return av.VideoFrame(16, 16, "yuv420p")

    return drawn, draw


def test_a_clock_counts_down_and_stays_at_nought() -> None:
    drawn, draw = drawing()
    source = PlayerSource()
    countdown = Countdown(source, ProgramClock(0).monotonic_ns, draw)
    clip = Clip(1, ClipKind.COUNTDOWN, "Bắt đầu sau", duration_ms=3000, started_at_ms=0)
    countdown.follow(replace(clip, started_at_ms=None))
    assert countdown.step(0) > 0.1  # while it stands there is nothing to wake up for
    countdown.follow(clip)
    for at_ms in range(0, 5000, 100):
        wait_s = countdown.step(at_ms * 1_000_000)
    assert wait_s > 0.1
    assert drawn == ["00:03", "00:02", "00:01", "00:00"]
    assert clock_text(3_725 * NS_PER_S) == "1:02:05"


def test_a_clock_that_was_set_since_the_studio_began_moves_no_countdown() -> None:
    """The relay stamps by the machine's clock of now; what is set later moves nothing either."""
    drawn, draw = drawing()
    countdown = Countdown(PlayerSource(), lambda wall_ns: wall_ns - set_ns, draw)
    now_ns, set_ns = 100 * NS_PER_S, 3600 * NS_PER_S
    clip = Clip(1, ClipKind.COUNTDOWN, "Sau", duration_ms=9000)
    began_ms = (now_ns + set_ns) // 1_000_000
    countdown.follow(replace(clip, started_at_ms=began_ms))
    countdown.step(now_ns)
    set_ns = 0
    countdown.follow(replace(clip, started_at_ms=began_ms, title="Nghỉ"))
    countdown.step(now_ns + NS_PER_S)
    assert drawn == ["00:09", "00:08"]
    before_ns = time.monotonic_ns()
    steady_ns = monotonic_of(time.time_ns())
    assert before_ns - NS_PER_S < steady_ns < time.monotonic_ns() + NS_PER_S


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [12_000, 20_000])
def test_a_picture_that_is_too_large_is_said_to_be(tmp_path: Path, side: int) -> None:
    with pytest.raises(UnplayableError, match="too_large"):
        Slides(png_of(tmp_path / "map.png", side, side), (640, 360)).page(1)


@pytest.mark.parametrize("name", ["nothing.mp4", "text.mp4", "text.pdf", "text.png", "text.mp3"])
def test_what_cannot_be_played_is_said(name: str, tmp_path: Path) -> None:
    for text in ("text.mp4", "text.pdf", "text.png", "text.mp3"):
        (tmp_path / text).write_text("#EXTM3U\n/etc/passwd\n")
    fault = "missing" if name.startswith("nothing") else "unreadable"
    with pytest.raises(UnplayableError, match=fault):
        if name.endswith((".pdf", ".png")):
            Slides(tmp_path / name, (640, 360)).page(1)
        else:
            Film(tmp_path / name)


@pytest.fixture
def player(tmp_path: Path) -> Callable[[], Player]:
    renderer = Renderer(320, 180)
    return lambda: Player(tmp_path, renderer, Sources(lambda _: None))


def test_a_fault_is_told_and_the_next_clip_plays(
    tmp_path: Path, player: Callable[[], Player]
) -> None:
    (tmp_path / "broken.mp4").write_bytes(bytes(1000))
    Image.new("RGB", (64, 36), "white").save(tmp_path / "one.png")
    one = player()
    one.start()
    try:
        one.follow(Clip(1, ClipKind.FILM, "", "broken.mp4"))
        media.wait_for(lambda: (one.status() or {}).get("fault") == "unreadable", "the fault")
        one.follow(Clip(2, ClipKind.FILM, "", "../broken.mp4"))
        media.wait_for(lambda: (one.status() or {}).get("fault") == "missing", "the other")
        one.follow(Clip(3, ClipKind.SLIDES, "", "one.png"))
        media.wait_for(lambda: one.source.picture.newest, "the slide")
        assert (one.status() or {})["fault"] == ""
        one.follow(None)
        media.wait_for(lambda: one.source.picture.newest is None, "nothing any more")
        assert one.status() is None
    finally:
        one.close()


def test_one_broken_page_costs_no_other(tmp_path: Path, player: Callable[[], Player]) -> None:
    pages = [b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 64 36]>>"] * 2
    tree = b"<</Type/Pages/Kids[3 0 R 9 0 R 4 0 R]/Count 3>>"
    file = b"%PDF-1.4\n"
    for number, said in enumerate([b"<</Type/Catalog/Pages 2 0 R>>", tree, *pages], 1):
        file += b"%d 0 obj %s endobj\n" % (number, said)
    (tmp_path / "report.pdf").write_bytes(file + b"trailer <</Size 5/Root 1 0 R>>\n%%EOF")
    one = player()
    clip = Clip(1, ClipKind.SLIDES, "", "report.pdf")
    for page, fault in ((1, ""), (2, "unreadable"), (3, "")):
        one.follow(replace(clip, page=page))
        one._turn()
        assert (one.status() or {})["fault"] == fault
        assert (one.source.picture.newest is None) is bool(fault)


def test_the_anthem_is_a_card_with_its_title_and_a_sound(
    tmp_path: Path, player: Callable[[], Player]
) -> None:
    samples = (media.tone(HZ, 3) * 32767).astype("<i2")
    with wave.open(str(tmp_path / "quoc-ca.wav"), "wb") as file:
        file.setparams((1, 2, media.RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    one = player()
    one.start()
    try:
        clip = Clip(1, ClipKind.SOUND, "Quốc ca", "quoc-ca.wav", sound=True)
        one.follow(clip)
        media.wait_for(lambda: one.source.picture.newest, "the card")
        shown = one.source.picture.newest
        assert shown is not None
        assert np.ptp(media.luma_of(shown.frame)) > 100, "there are words on it"
        # Again and again: a machine that stands still would miss it.
        one.follow(replace(clip, started_at_ms=time.time_ns() // 1_000_000, loop=True))

        def heard() -> bool:
            one.source.sound.decode()
            return one.source.sound.received_ns > 0

        media.wait_for(heard, "its sound")
        assert (one.status() or {})["duration_ms"] == 3000
    finally:
        one.close()


def test_a_file_that_ends_the_studio_again_and_again_is_not_opened(
    player: Callable[[], Player],
) -> None:
    clip = Clip(7, ClipKind.COUNTDOWN, "Sau", duration_ms=1000)
    for _ in range(MOST_TRIES):
        player()._take(clip)
    last = player()
    last.follow(clip)
    last.start()
    try:
        media.wait_for(lambda: (last.status() or {}).get("fault") == "crashes", "the fault")
    finally:
        last.close()


def test_a_clip_that_is_taken_out_and_in_again_is_no_file_that_ends_the_studio(
    player: Callable[[], Player],
) -> None:
    """As what belongs to a closed room is, whenever that opens for a while."""
    one = player()
    clip = Clip(7, ClipKind.COUNTDOWN, "Sau", duration_ms=1000)
    for _ in range(MOST_TRIES + 1):
        one._take(clip)
        one._take(None)


def test_what_was_taken_out_while_it_was_made_ready_is_never_shown(tmp_path: Path) -> None:
    """The room was opened while the player drew what was for the closed one."""

    class Slow(Renderer):
        def render(self, *what: Any) -> Drawn | None:
            one.follow(None)
            return super().render(*what)

    with wave.open(str(tmp_path / "quoc-ca.wav"), "wb") as file:
        file.setparams((1, 2, media.RATE, 0, "NONE", ""))
        file.writeframes(bytes(media.RATE))
    one = Player(tmp_path, Slow(320, 180), Sources(lambda _: None))
    one.follow(Clip(1, ClipKind.SOUND, "Quốc ca", "quoc-ca.wav"))
    one._turn()
    assert one.source.picture.newest is None
    one._turn()
    assert one.status() is None
