"""The recordings of one stream, side by side: the whole one, the smaller ones, the sound
alone, and that in each language into which is interpreted.

All of them are cut from the same encoders' packets at the same places; the whole one lies in the
stream's own folder, each other in a folder of that, and `master.m3u8` names them all to players.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from broadcast.interpreters import Language
from broadcast.outputs import playlist
from broadcast.outputs.disk import Disk, make_folder
from broadcast.outputs.disk import replace as replace_file
from broadcast.outputs.fmp4 import AAC_BITRATE_BPS, AAC_SAMPLES, Sample, video_time
from broadcast.outputs.parts import Cutter, Part
from broadcast.outputs.playlist import Sound, Variant
from broadcast.outputs.recorder import BESIDE, EAGER, Recorder
from broadcast.outputs.recovery import INDEX
from broadcast.outputs.shelf import Shelf
from config.settings import Program, Recording
from streams.frames import VIDEO_CLOCK_RATE, Codec, Feed, Packet

MASTER = "master.m3u8"
SOUND = "sound"
LANGUAGE = "language-"
MAX_SAMPLES = 1000
"""20 s of a language's sound, as long as no part of the picture is whole; then the oldest goes."""
AAC = "mp4a.40.2"
BURST = 1.25
"""A segment may begin with half a second's bits in store (x264's `vbv-bufsize`), in two seconds."""
SPARED_BITS = 90_000
"""With so many more FFmpeg's AAC may begin a segment, after a silence; measured: 80,000."""
OVERHEAD_BPS = 20_000
"""Boxes of fMP4."""


def folder_of(rendition: Program) -> str:
    """A smaller rendition's."""
    return f"{rendition.height}p"


def folder_in(code: str) -> str:
    """Of the sound in a language."""
    return f"{LANGUAGE}{code}"


@dataclass(slots=True)
class _Track:
    """One rendition of the picture, with the sound."""

    rendition: Program
    name: str
    cutter: Cutter
    recorder: Recorder
    codec: str = ""
    """As its first keyframe says."""

    def write(self, parts: list[Part]) -> None:
        for part in parts:
            self.codec = self.codec or f"avc1.{part.parameters.sps[1:4].hex()}"
            self.recorder.write(part)


class _Spoken:
    """The sound in one language: for each part of the whole picture, what was said in it."""

    def __init__(self, language: Language, recorder: Recorder) -> None:
        self.language, self.recorder = language, recorder
        self._samples: deque[Sample] = deque(maxlen=MAX_SAMPLES)

    def add(self, packet: Packet) -> None:
        self._samples.append(Sample(packet.pts, AAC_SAMPLES, True, packet.data))

    def write(self, part: Part) -> None:
        """All of its sound is here: that of the languages is sent first."""
        audio = []
        while self._samples and video_time(self._samples[0].time) < part.end:
            sample = self._samples.popleft()
            if video_time(sample.time + AAC_SAMPLES) > part.start:
                audio.append(sample)
        self.recorder.write(replace(part, audio=tuple(audio)))


class Renditions:
    """One run in one folder, on the writing thread only. Raises `OSError`."""

    def __init__(
        self,
        folder: Path,
        program: Program,
        settings: Recording,
        disk: Disk,
        shelf: Shelf,
        clock_set_s: Callable[[], int],
        languages: Sequence[Language] = (),
    ) -> None:
        """`clock_set_s`: how far the machine's clock was set since program time began."""
        self._folder, self._settings, self._disk, self._shelf = folder, settings, disk, shelf
        self._clock_set_s = clock_set_s
        self._envelope = shelf.envelope(folder.name)
        wanted = program.renditions() if shelf.ladder else (program,)
        self._tracks = [self._track(number, one) for number, one in enumerate(wanted)]
        self._whole = self._tracks[0].recorder
        self._sound = self._recorder(SOUND, None, self._whole) if shelf.ladder else None
        self._all = [track.recorder for track in self._tracks]
        self._all += [self._sound] if self._sound is not None else []
        self._spoken = {one.code: self._in(one) for one in languages if shelf.ladder}
        self._all += [one.recorder for one in self._spoken.values()]
        self._told = not shelf.ladder

    def _track(self, number: int, rendition: Program) -> _Track:
        name = folder_of(rendition) if number else ""
        settings, frame = self._settings, VIDEO_CLOCK_RATE // rendition.fps
        cutter = Cutter(settings.segment_ms, settings.part_ms, frame)
        return _Track(rendition, name, cutter, self._recorder(name, rendition))

    def _in(self, language: Language) -> _Spoken:
        return _Spoken(language, self._recorder(folder_in(language.code), None, self._whole))

    def _recorder(
        self, name: str, rendition: Program | None, beside: Recorder | None = None
    ) -> Recorder:
        folder = self._folder / name
        make_folder(folder, self._disk, self._shelf.mode)
        return Recorder(
            folder, rendition, self._settings.segment_ms, self._disk, self._envelope,
            BESIDE if name else EAGER, beside,
        )  # fmt: skip

    @property
    def ended(self) -> bool:
        return self._whole.ended

    @property
    def recorded_s(self) -> float:
        return self._whole.recorded_s

    @property
    def recorded_bytes(self) -> int:
        """Of all."""
        return sum(recorder.recorded_bytes for recorder in self._all)

    @property
    def sync_took_s(self) -> float:
        """From any thread."""
        return self._whole.sync_took_s

    def take(self, packet: Packet) -> bool:
        """True if that wrote something."""
        if (code := Feed.language_of(packet.feed)) is not None:
            if code in self._spoken:
                self._spoken[code].add(packet)
            return False
        wrote = False
        for number, track in enumerate(self._tracks):
            if packet.codec is Codec.AAC or packet.rendition == number:
                wrote |= self._write(number, track.cutter.add(packet))
        if not self._told and all(track.codec for track in self._tracks):
            self._tell()
        return wrote

    def _write(self, number: int, parts: list[Part]) -> bool:
        if number == 0 and any(part.starts_segment for part in parts):
            # Once for all, so that they tell the same time from the same place on.
            set_s = self._clock_set_s()
            for recorder in self._all:
                recorder.clock_set_s = set_s
        self._tracks[number].write(parts)
        if number == 0 and self._sound is not None:
            for part in parts:
                self._sound.write(part)
                for spoken in self._spoken.values():
                    spoken.write(part)
        return bool(parts)

    def _tell(self) -> None:
        """What a player may choose from. No bytes of the recording: nothing seals it."""
        path, text = self._folder / MASTER, playlist.master(self._variants(), self._sounds())
        if not path.exists() or path.read_text("utf-8", "replace") != text:
            replace_file(path, text.encode(), self._disk)
        self._told = True

    def _variants(self) -> list[Variant]:
        found = []
        for track in self._tracks:
            one, uri = track.rendition, f"{track.name}/{INDEX}" if track.name else INDEX
            size = one.width, one.height
            peak, average = self._rates(one.video_bitrate_bps)
            found.append(Variant(uri, peak, average, f"{track.codec},{AAC}", size, one.fps))
        return [*found, Variant(f"{SOUND}/{INDEX}", *self._rates(0), AAC)]

    def _rates(self, video_bps: int) -> tuple[int, int]:
        """Peak of any segment, and average, with the sound."""
        spared_bps = SPARED_BITS * 1000 // self._settings.segment_ms
        rest = AAC_BITRATE_BPS + OVERHEAD_BPS
        return round(video_bps * BURST) + spared_bps + rest, video_bps + rest

    def _sounds(self) -> list[Sound]:
        return [
            Sound(spoken.language.code, spoken.language.name, f"{folder_in(code)}/{INDEX}")
            for code, spoken in self._spoken.items()
        ]

    def stop(self) -> None:
        """Writes and lists what there is; the recording can go on later."""
        for number, track in enumerate(self._tracks):
            self._write(number, track.cutter.flush())
        for recorder in self._all:
            recorder.finish_segment()

    def end(self) -> None:
        """Nothing will follow."""
        for recorder in self._all:
            recorder.end()

    def abandon(self) -> None:
        """After a fault: leaves the files as they are, for recovery at the next opening."""
        for recorder in self._all:
            recorder.abandon()
