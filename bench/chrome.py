"""The same program as Jibri and LiveKit Egress make it: a page on a virtual screen, grabbed.

Chromium joins the conference (`bench/sfu.py`), lays both sites out, the lower third over them, and
plays their sound into a null sink of PulseAudio; FFmpeg grabs screen and sink and makes the HLS of
all recipes of it, with the studio's options of x264. All of these processes count; the SFU does
not, as the relay does not for the studio.

What they run was read in their sources on 2026-11-26. Chromium's switches, the screen of 24 bits,
the sink: livekit/egress, `pkg/pipeline/source/web.go` and `build/egress/entrypoint.sh`. FFmpeg's
`x11grab` and `pulse`, their queues, `aresample=async=1`: jitsi/jibri,
`src/main/resources/reference.conf`, whose container names `pulse` as the source of sound
(jitsi/docker-jitsi-meet, `jibri/rootfs/defaults/jibri.conf`). Neither has a GPU. Where they differ
the cheaper one is run: Egress grabs by GStreamer, Jibri at 30 pictures a second and without
`disable-gpu`; both sinks are left at 44.1 kHz, so that sound is resampled twice, and Jibri has a
window manager and a driver (chromedriver) beside it. The page is bare: theirs draw a whole
application.
"""

import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.recipes import Cost, Material, cpu_s, memory_mb
from bench.sfu import JOIN, PAGE, conference
from bench.shown import shown
from tests.chromium import EXECUTABLE
from tests.media import RATE
from tests.server import processes_under

WATCH_S = 8
"""How long it is watched, `WARM_S` after FFmpeg began to grab."""
WARM_S = 3
BOUND_S = 60
LOOKS = 4
"""At a page that each have to show another picture than the one before; loading it changes less."""
SINK = "program"
QUEUE = ("-thread_queue_size", "4096")
DISABLED = (
    *("AudioServiceOutOfProcess", "site-per-process", "Translate", "TranslateUI"),
    *("BlinkGenPropertyTrees", "WebRtcHideLocalIpsWithMdns"),
)
"""The last is ours: aiortc cannot look up names that only browsers understand."""
SWITCHES = (
    *("no-first-run", "no-default-browser-check", "disable-gpu", "disable-infobars"),
    *("disable-background-networking", "disable-background-timer-throttling"),
    *("disable-backgrounding-occluded-windows", "disable-breakpad", "disable-sync"),
    *("disable-client-side-phishing-detection", "disable-default-apps", "disable-dev-shm-usage"),
    *("disable-extensions", "disable-hang-monitor", "disable-ipc-flooding-protection"),
    *("disable-popup-blocking", "disable-prompt-on-repost", "disable-renderer-backgrounding"),
    *("enable-features=NetworkService,NetworkServiceInProcess", "force-color-profile=srgb"),
    f"disable-features={','.join(DISABLED)}",
    *("metrics-recording-only", "safebrowsing-disable-auto-update", "password-store=basic"),
    *("use-mock-keychain", "kiosk", "disable-translate", "window-position=0,0", "no-sandbox"),
    "autoplay-policy=no-user-gesture-required",
)


class Started:
    """Programs that a recipe has started, with all that these start themselves."""

    def __init__(self, folder: Path) -> None:
        """What they complain of is written there."""
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    @contextlib.contextmanager
    def running(
        self, name: str, command: Sequence[str | Path], more: Mapping[str, str], fd: int = -1
    ) -> Iterator[None]:
        """Until left; `more` is added to its environment, `fd` is handed on."""
        with (
            self._log(name).open("wb") as log,
            subprocess.Popen(
                command,
                env={**os.environ, **more},
                stdout=log,
                stderr=log,
                pass_fds=() if fd < 0 else (fd,),
            ) as process,
        ):
            self._processes[name] = process
            try:
                yield
            finally:
                process.terminate()
                del self._processes[name]

    def cpu_s(self) -> dict[str, float]:
        """User and system time of each. Raises `ChildProcessError` if one has ended."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise ChildProcessError(f"{name} ended: {self._log(name).read_text()[-500:]}")
        return {
            name: sum(map(cpu_s, tree(process.pid))) for name, process in self._processes.items()
        }

    def memory_mb(self) -> float:
        return sum(memory_mb(p) for one in self._processes.values() for p in tree(one.pid))


def tree(pid: int) -> list[int]:
    """It, its children, and theirs."""
    return [pid, *(one for child, _ in processes_under(pid) for one in tree(child))]


def in_conference(material: Material) -> Cost:
    """As it is really run. Raises `TimeoutError` or `RuntimeError` if it does not play."""
    _write_page(material, ("", ""), JOIN)

    async def joined() -> Cost:
        async with conference(material.folder) as url:
            return await asyncio.to_thread(_grabbed, material, url, heard=True)

    return asyncio.run(joined())


def from_files(material: Material) -> Cost:
    """Gentler than anybody runs it: the page plays two files, and sound comes from one of them past
    the page. Raises as `in_conference`."""
    first, second = (clip.as_uri() for clip in material.clips)
    page = _write_page(material, (first, second), "")
    return _grabbed(material, page.as_uri(), heard=False)


def _grabbed(material: Material, url: str, *, heard: bool) -> Cost:
    """`heard`: its sound is the page's, by PulseAudio."""
    started = Started(material.folder)
    with contextlib.ExitStack() as stack:
        display = stack.enter_context(_screen(started, material))
        sound = stack.enter_context(sink(started, material.folder)) if heard else {}
        browser = _chromium(material, display, url)
        stack.enter_context(started.running("Chromium", browser, sound))
        _wait_until_it_moves(display, _size(material))
        stack.enter_context(started.running("FFmpeg", _ffmpeg(material, display, sound), sound))
        time.sleep(WARM_S)
        before_s, began = started.cpu_s(), time.monotonic()
        time.sleep(WATCH_S)
        spent_s, seconds = started.cpu_s(), time.monotonic() - began
        memory = started.memory_mb()
    cores = {name: (s - before_s[name]) / seconds for name, s in spent_s.items()}
    parts = ", ".join(f"{name} {one:.3f}" for name, one in cores.items())
    made = shown(material, WATCH_S)
    made.check(both_speak=heard)
    counted = dict(line.split("=", 1) for line in _progress(material).read_text().splitlines())
    frames = f"FFmpeg repeated {counted['dup_frames']}, left out {counted['drop_frames']}"
    told = f"{parts}; {made}; {frames}"
    return Cost(sum(cores.values()), memory, told, made.new_per_s[0])


def _size(material: Material) -> str:
    return f"{material.program.width}x{material.program.height}"


@contextlib.contextmanager
def _screen(started: Started, material: Material) -> Iterator[str]:
    """A virtual one of its own; its name."""
    reader, writer = os.pipe()
    # A window as large as the screen would be a pixel smaller; Egress's screen is a pixel larger.
    size = f"{material.program.width + 1}x{material.program.height + 1}x24"
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", size]
    with started.running("Xvfb", [*command, "-ac", "-nolisten", "tcp"], {}, writer):
        os.close(writer)
        with os.fdopen(reader) as answer:
            yield f":{answer.readline().strip()}"


@contextlib.contextmanager
def sink(started: Started, folder: Path) -> Iterator[dict[str, str]]:
    """A sound server of its own that plays to nobody; what its clients find it by."""
    socket = folder / "pulse.socket"
    command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit"]
    command += ["--use-pid-file=no"]
    command += ["-L", f"module-native-protocol-unix auth-anonymous=1 socket={socket}"]
    command += ["-L", f"module-null-sink sink_name={SINK} rate={RATE}"]
    home = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    with started.running("PulseAudio", command, home):
        until = time.monotonic() + BOUND_S
        while not socket.exists():
            if time.monotonic() > until:
                raise TimeoutError("PulseAudio does not listen")
            time.sleep(0.05)
        found_by = {"PULSE_SERVER": f"unix:{socket}", "PULSE_COOKIE": str(folder / "cookie")}
        yield {**found_by, "PULSE_SINK": SINK}
    socket.unlink(missing_ok=True)


def _chromium(material: Material, display: str, url: str) -> list[str]:
    size = f"{material.program.width},{material.program.height}"
    switches = (*SWITCHES, f"user-data-dir={material.folder}/profile", f"window-size={size}")
    return [str(EXECUTABLE), *(f"--{switch}" for switch in switches), f"--display={display}", url]


def _ffmpeg(material: Material, display: str, sound: Mapping[str, str]) -> list[str | Path]:
    command: list[str | Path] = ["ffmpeg", "-y", "-v", "error"]
    command += ["-progress", _progress(material), *_screen_input(material, display)]
    if sound:
        command += ["-f", "pulse", *QUEUE, "-i", f"{SINK}.monitor"]
    else:
        command += ["-stream_loop", "-1", "-re", "-i", material.clips[0]]
    command += ["-map", "0:v", "-map", "1:a", "-af", "aresample=async=1", "-pix_fmt", "yuv420p"]
    return [*command, *material.x264(), *material.hls()]


def _screen_input(material: Material, display: str) -> list[str]:
    options = ["-f", "x11grab", "-draw_mouse", "0", "-framerate", str(material.program.fps)]
    return [*options, "-video_size", _size(material), *QUEUE, "-i", display]


def _progress(material: Material) -> Path:
    return material.folder / "progress"


def _write_page(material: Material, sources: tuple[str, str], script: str) -> Path:
    """What plays these; where there are none, the script gives the videos their streams."""
    png, left, top = material.drawn()
    x, y, width = material.inset
    place = "position:absolute;left:{}px;top:{}px;width:{}px"
    videos = [
        f'<video autoplay loop {f"src={source}" if source else ""} style="{place.format(*where)}">'
        "</video>"
        for source, where in zip(
            sources, ((0, 0, material.program.width), (x, y, width)), strict=True
        )
    ]
    image = f'<img src="{png.name}" style="position:absolute;left:{left}px;top:{top}px">'
    body = "".join([*videos, image, f'<script type="module">{script}</script>'])
    page = material.folder / PAGE
    page.write_text(f"<!doctype html><body style='margin:0;overflow:hidden'>{body}", "utf-8")
    return page


def _wait_until_it_moves(display: str, size: str) -> None:
    """A page that shows nothing costs nothing. Raises `TimeoutError`."""
    command = ["ffmpeg", "-v", "error", "-f", "x11grab", "-draw_mouse", "0", "-video_size", size]
    command += ["-i", display, "-frames:v", "1", "-f", "rawvideo", "-"]
    until, last, moved = time.monotonic() + BOUND_S, b"", 0
    while moved < LOOKS and time.monotonic() < until:
        grabbed = subprocess.run(command, check=False, capture_output=True).stdout
        moved = moved + 1 if last and grabbed and grabbed != last else 0
        last = grabbed
        time.sleep(0.2)
    if moved < LOOKS:
        raise TimeoutError("the page on the virtual screen does not play")
