"""The same program as others make it: FFmpeg's and GStreamer's command lines, and a hidden Chrome.

Each reads the same two 720p clips with sound, lays one over the other, a lower third over both,
mixes the sound, and writes HLS in fMP4 with the studio's x264 preset and rate. The Chrome recipe
is what Jibri and LiveKit Egress do: a page on a virtual screen, grabbed by FFmpeg.
"""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pyvips

from broadcast.overlay.render import Renderer
from broadcast.program import INSET, Overlay
from broadcast.studio.encoders import x264_options
from config.settings import Program
from tests.server import processes_under

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
CHROME_S = 8
"""How long the Chrome recipe is watched, `WARM_S` after its page plays."""
WARM_S = 3
AAC_BPS = 128_000


class Cost(NamedTuple):
    """CPU seconds for each second of program, and memory (PSS) of all processes in MB; 0 if it
    was not measured."""

    cores: float
    memory_mb: float = 0


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
            *("-hls_segment_type", "fmp4", "-hls_list_size", "0", f"{self.folder}/out.m3u8"),
        ]


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


def chrome(material: Material) -> Cost:
    """The recipe of Jibri and LiveKit Egress; the sound comes from a file, past the page."""
    page = _page(material)
    program = material.program
    with contextlib.ExitStack() as stack:
        display = stack.enter_context(_screen(program.width, program.height))
        stack.enter_context(
            _running(
                [
                    *("chromium", "--no-sandbox", "--kiosk", "--no-first-run"),
                    *("--autoplay-policy=no-user-gesture-required", "--disable-gpu"),
                    *("--disable-background-networking", "--disable-component-update"),
                    *(f"--user-data-dir={material.folder}/profile", "--window-position=0,0"),
                    f"--window-size={program.width},{program.height}",
                    page.as_uri(),
                ],
                {"DISPLAY": display},
            )
        )
        size = f"{program.width}x{program.height}"
        command: list[str | Path] = ["ffmpeg", "-y", "-v", "error", "-f", "x11grab"]
        command += ["-framerate", str(program.fps), "-video_size", size, "-draw_mouse", "0"]
        command += ["-i", display, "-stream_loop", "-1", "-re", "-i", material.clips[0]]
        command += ["-map", "0:v", "-map", "1:a", "-pix_fmt", "yuv420p"]
        stack.enter_context(_running([*command, *material.x264(), *material.hls()], {}))
        _wait_until_it_moves(display, size)
        time.sleep(WARM_S)
        before_s, began = _tree_s(), time.monotonic()
        time.sleep(CHROME_S)
        return Cost((_tree_s() - before_s) / (time.monotonic() - began), _tree_mb())


def _wait_until_it_moves(display: str, size: str, bound_s: float = 60) -> None:
    """A page that shows nothing costs nothing. Raises `TimeoutError`."""
    until, last = time.monotonic() + bound_s, b""
    while time.monotonic() < until:
        command = [
            "ffmpeg",
            "-v",
            "error",
            "-f",
            "x11grab",
            "-draw_mouse",
            "0",
            "-video_size",
            size,
        ]
        command += ["-i", display, "-frames:v", "1", "-f", "rawvideo", "-"]
        grabbed = subprocess.run(command, check=False, capture_output=True).stdout
        if last and grabbed and grabbed != last and len(set(grabbed[:: len(grabbed) // 999])) > 9:
            return
        last = grabbed
        time.sleep(0.2)
    raise TimeoutError("the page on the virtual screen does not play")


def _page(material: Material) -> Path:
    png, left, top = material.drawn()
    x, y, width = material.inset
    place = "position:absolute;left:{}px;top:{}px;width:{}px"
    videos = [
        f'<video autoplay loop src="{clip.as_uri()}" style="{place.format(*where)}"></video>'
        for clip, where in zip(
            material.clips, ((0, 0, material.program.width), (x, y, width)), strict=True
        )
    ]
    image = f'<img src="{png.as_uri()}" style="position:absolute;left:{left}px;top:{top}px">'
    page = material.folder / "page.html"
    body = "".join([*videos, image])
    page.write_text(f"<!doctype html><body style='margin:0;overflow:hidden'>{body}", "utf-8")
    return page


@contextlib.contextmanager
def _screen(width: int, height: int) -> Iterator[str]:
    """A virtual screen of its own; its name."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{width}x{height}x24"]
    with subprocess.Popen([*command, "-nolisten", "tcp"], pass_fds=(writer,)) as process:
        os.close(writer)
        try:
            with os.fdopen(reader) as answer:
                yield f":{answer.readline().strip()}"
        finally:
            process.terminate()


@contextlib.contextmanager
def _running(command: Sequence[str | Path], more: dict[str, str]) -> Iterator[None]:
    with subprocess.Popen(
        command, env={**os.environ, **more}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            process.terminate()


def _tree(parent: int | None = None) -> list[int]:
    """Ours, children of children too."""
    children = [pid for pid, _ in processes_under(parent or os.getpid())]
    return children + [pid for child in children for pid in _tree(child)]


def _tree_s() -> float:
    """User and system time of all our children."""
    return sum(cpu_s(pid) for pid in _tree())


def _tree_mb() -> float:
    return sum(memory_mb(pid) for pid in _tree())


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


RECIPES = {
    "FFmpeg's command line": (ffmpeg, "ffmpeg"),
    "the same in real time": (partial(ffmpeg, live=True), "ffmpeg"),
    "GStreamer's compositor": (gstreamer, "gst-launch-1.0"),
    "the hidden Chrome": (chrome, "Xvfb"),
}
"""Each, and the program that must be there for it."""
FFMPEG = ("FFmpeg's command line", "the same in real time")


def measured(material: Material, names: Sequence[str]) -> Iterator[tuple[str, Cost]]:
    """Of those whose programs are installed."""
    for name in names:
        recipe, needs = RECIPES[name]
        if shutil.which(needs):
            yield name, recipe(material)
