"""The same program by others' command lines, FFmpeg's and GStreamer's; what each is given, and what
it costs. `bench/chrome.py` has the hidden Chrome.

Each reads the same two 720p clips with sound, lays one over the other, a lower third over both,
mixes the sound, and writes HLS in fMP4 with the studio's x264 preset and rate.
"""

import contextlib
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyvips

from broadcast.layout import INSET
from broadcast.overlay.render import Renderer
from broadcast.program import Overlay
from broadcast.studio.encoders import x264_options
from config.settings import Program

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
AAC_BPS = 128_000


class Cost(NamedTuple):
    """CPU seconds for each second of program, and memory (PSS) of all processes in MB; 0 if it
    was not measured."""

    cores: float
    memory_mb: float = 0
    told: str = ""
    """What is to be known of it besides."""
    anew_per_s: float = 0
    """Pictures that show the large head anew; 0 if they were not counted."""
    x264: float = 0
    """Of the cores, for its own pictures; 0 if these are as the studio's."""


@dataclass(frozen=True, slots=True)
class Material:
    """What all make the program of. The clips last `seconds`."""

    folder: Path
    clips: tuple[Path, Path]
    lower_third: Overlay
    seconds: int
    program: Program

    @property
    def inset(self) -> tuple[int, int, int]:
        """x, y and width of the small picture, in pixels."""
        rect, width, height = INSET.rect(), self.program.width, self.program.height
        return round(rect.x * width), round(rect.y * height), 2 * round(rect.width * width / 2)

    def drawn(self) -> tuple[Path, int, int]:
        """The lower third as a PNG, and where it lies."""
        path = self.folder / "lower_third.png"
        svg = Renderer(self.program.width, self.program.height).svg(self.lower_third, 0)
        x, y, *_ = (float(part) for part in svg.split('viewBox="')[1].split('"')[0].split())
        pyvips.Image.svgload_buffer(svg.encode()).write_to_file(str(path))
        return path, round(x), round(y)

    def x264(self) -> list[str]:
        """The studio's, every option."""
        bps = self.program.video_bitrate_bps
        options = [part for key, value in x264_options(bps).items() for part in (f"-{key}", value)]
        return [
            *("-c:v", "libx264", "-threads", "1", "-b:v", str(bps), *options),
            *("-force_key_frames", "expr:gte(t,n_forced*2)"),
        ]

    def hls(self) -> list[str]:
        return [
            *("-c:a", "aac", "-aac_coder", "fast", "-b:a", str(AAC_BPS), "-ac", "2"),
            *("-f", "hls", "-hls_time", "2"),
            *("-hls_segment_type", "fmp4", "-hls_list_size", "0", str(self.playlist)),
        ]

    @property
    def playlist(self) -> Path:
        return self.folder / "out.m3u8"


def _spent(command: Sequence[str | Path], seconds: float) -> Cost:
    """Runs it to its end."""
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    used_s = after.children_user + after.children_system
    return Cost((used_s - before.children_user - before.children_system) / seconds)


def ffmpeg(material: Material, *, live: bool = False) -> Cost:
    """FFmpeg alone; as fast as it goes, or as a live program comes."""
    png, left, top = material.drawn()
    x, y, width = material.inset
    graph = (
        f"[1:v]scale={width}:-2[inset];[0:v][inset]overlay={x}:{y}[both];"
        f"[both][2:v]overlay={left}:{top}[v];[0:a][1:a]amix[a]"
    )
    command: list[str | Path] = ["ffmpeg", "-y", "-v", "error"]
    for clip in material.clips:
        command += [*(["-re"] if live else []), "-threads", "1", "-i", clip]
    command += ["-i", png, "-filter_complex_threads", "1", "-filter_complex", graph]
    command += ["-map", "[v]", "-map", "[a]", *material.x264(), *material.hls()]
    return _spent(command, material.seconds)


def gstreamer(material: Material) -> Cost:
    """`compositor` for the picture and `audiomixer` for the sound, as fast as it goes."""
    png, left, top = material.drawn()
    x, y, width = material.inset
    height = width * 9 // 16
    kbps, program = material.program.video_bitrate_bps // 1000, material.program
    size = f"video/x-raw,format=I420,width={program.width},height={program.height}"
    first, second = (f"filesrc location={clip} ! matroskademux name" for clip in material.clips)
    pipeline = (
        f"compositor name=mix background=black sink_1::xpos={x} sink_1::ypos={y} "
        f"sink_1::width={width} sink_1::height={height} "
        f"! {size},framerate={program.fps}/1 "
        # Not by a third pad: for one with alpha the compositor would do all of it in AYUV.
        f"! gdkpixbufoverlay location={png} offset-x={left} offset-y={top} "
        f"! x264enc speed-preset=superfast tune=zerolatency threads=1 bitrate={kbps} "
        f"key-int-max={2 * program.fps} ! video/x-h264,profile=baseline ! h264parse ! queue ! mux. "
        "audiomixer name=sound ! audioconvert ! audio/x-raw,channels=2 "
        "! avenc_aac bitrate=128000 ! aacparse ! queue "
        f"! mux. mp4mux name=mux fragment-duration=200 ! filesink location={material.folder}/g.mp4 "
        f"{first}=a a. ! queue ! avdec_h264 max-threads=1 ! mix.sink_0 "
        "a. ! queue ! opusdec ! audioconvert ! sound. "
        f"{second}=b b. ! queue ! avdec_h264 max-threads=1 ! mix.sink_1 "
        "b. ! queue ! opusdec ! audioconvert ! sound."
    )
    return _spent(["gst-launch-1.0", "-q", "-e", *pipeline.split()], material.seconds)


def cpu_s(pid: int) -> float:
    """User and system time of all of a process's threads; 0 if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def by_thread_s(pid: int) -> dict[str, float]:
    """CPU time of each of its threads by name; those of one name together, without its number."""
    used: dict[str, float] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            name = (task / "comm").read_text().strip().rstrip("-0123456789")
            run_ns = int((task / "schedstat").read_text().split()[0])
            used[name] = used.get(name, 0.0) + run_ns / 1e9
    return used


def memory_mb(pid: int) -> float:
    """Proportional set size: pages that are shared count once; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("Pss:")), 0.0)
