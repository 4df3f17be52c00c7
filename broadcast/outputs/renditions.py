"""The recordings of one stream, side by side: the whole one, the smaller ones, the sound alone.

All of them are cut from the same encoders' packets at the same places; the whole one lies in the
stream's own folder, each other in a folder of that, and `master.m3u8` names them all to players.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from broadcast.outputs import playlist
from broadcast.outputs.disk import Disk, make_folder, replace
from broadcast.outputs.fmp4 import AAC_BITRATE_BPS
from broadcast.outputs.parts import Cutter, Part
from broadcast.outputs.playlist import Variant
from broadcast.outputs.recorder import BESIDE, EAGER, Recorder
from broadcast.outputs.recovery import INDEX
from broadcast.outputs.shelf import Shelf
from config.settings import Program, Recording
from streams.frames import VIDEO_CLOCK_RATE, Codec, Packet

MASTER = "master.m3u8"
SOUND = "sound"
AAC = "mp4a.40.2"
BURST = 1.25
"""A segment may begin with half a second's bits in store (x264's `vbv-bufsize`), in two seconds."""
OVERHEAD_BPS = 20_000
"""Boxes of fMP4."""


def folder_of(rendition: Program) -> str:
    """A smaller rendition's."""
    return f"{rendition.height}p"


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
    ) -> None:
        """`clock_set_s`: how far the machine's clock was set since program time began."""
        self._folder, self._settings, self._disk, self._shelf = folder, settings, disk, shelf
        self._clock_set_s = clock_set_s
        self._envelope = shelf.envelope(folder.name)
        wanted = program.renditions() if shelf.ladder else (program,)
        self._tracks = [self._track(number, one) for number, one in enumerate(wanted)]
        self._whole = self._tracks[0].recorder
        self._sound = self._recorder(SOUND, None) if shelf.ladder else None
        self._all = [track.recorder for track in self._tracks]
        self._all += [self._sound] if self._sound is not None else []
        self._told = not shelf.ladder

    def _track(self, number: int, rendition: Program) -> _Track:
        name = folder_of(rendition) if number else ""
        settings, frame = self._settings, VIDEO_CLOCK_RATE // rendition.fps
        cutter = Cutter(settings.segment_ms, settings.part_ms, frame)
        return _Track(rendition, name, cutter, self._recorder(name, rendition))

    def _recorder(self, name: str, rendition: Program | None) -> Recorder:
        folder = self._folder / name
        make_folder(folder, self._disk, self._shelf.mode)
        return Recorder(
            folder, rendition, self._settings.segment_ms, self._disk, self._envelope,
            BESIDE if name else EAGER,
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
        return bool(parts)

    def _tell(self) -> None:
        """What a player may choose from. It follows from the settings, so nothing seals it."""
        path, text = self._folder / MASTER, playlist.master(self._variants())
        if not path.exists() or path.read_text("utf-8", "replace") != text:
            replace(path, text, self._disk)
        self._told = True

    def _variants(self) -> list[Variant]:
        found = []
        for track in self._tracks:
            one, uri = track.rendition, f"{track.name}/{INDEX}" if track.name else INDEX
            size = one.width, one.height
            peak, average = _rates(one.video_bitrate_bps)
            found.append(Variant(uri, peak, average, f"{track.codec},{AAC}", size, one.fps))
        return [*found, Variant(f"{SOUND}/{INDEX}", *_rates(0), AAC)]

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


def _rates(video_bps: int) -> tuple[int, int]:
    """Peak and average, with the sound."""
    rest = AAC_BITRATE_BPS + OVERHEAD_BPS
    return round(video_bps * BURST) + rest, video_bps + rest
