"""What came from one camera that the studio fetches: what is told of it, and whether its times are
still to be believed."""

from dataclasses import dataclass
from typing import Any

from streams.frames import NS_PER_S, EncodedFrame, SiteId

ALIVE_NS = 2 * NS_PER_S
WINDOW_NS = NS_PER_S
ASTRAY_NS, DRIFT = 5 * NS_PER_S, 50
"""So far behind what came before a camera's times say nothing any more; but it may run slower than
it says, by two parts of a hundred."""


class AstrayError(Exception):
    """Its times say nothing any more."""


@dataclass(slots=True)
class Received:
    """What came from one camera. Written by the thread that reads it, read by others."""

    site: SiteId
    detail: str = ""
    """Why it does not come, in FFmpeg's words."""
    since_ns: int = 0
    """Of the present connection; 0 while there is none."""
    video_ns: int = 0
    audio_ns: int = 0
    width: int | None = None
    height: int | None = None
    bitrate_bps: float = 0
    fps: float = 0
    _octets: int = 0
    _pictures: int = 0
    _window_ns: int = 0

    def note(self, frame: EncodedFrame) -> None:
        now_ns = frame.received_ns
        self._octets += len(frame.data)
        if frame.codec.is_video:
            self.video_ns = now_ns
            self._pictures += 1
        else:
            self.audio_ns = now_ns
        if (elapsed_ns := now_ns - self._window_ns) >= WINDOW_NS:
            self.bitrate_bps = self._octets * 8 * NS_PER_S / elapsed_ns
            self.fps = self._pictures * NS_PER_S / elapsed_ns
            self._octets, self._pictures, self._window_ns = 0, 0, now_ns

    @property
    def heard_ns(self) -> int:
        return max(self.video_ns, self.audio_ns)

    def status(self, now_ns: int) -> dict[str, Any]:
        """As the relay reads it (`web.statuses.CameraState`)."""
        return {
            "site": self.site,
            "detail": self.detail,
            "since_ns": self.since_ns,
            "width": self.width,
            "height": self.height,
            "bitrate_bps": self.bitrate_bps,
            "fps": self.fps,
            "video_alive": now_ns - self.video_ns < ALIVE_NS,
            "audio_alive": now_ns - self.audio_ns < ALIVE_NS,
        }


class Pace:
    """Of one connection: where a camera's clock is set back FFmpeg counts on by the smallest step
    until that is made up for, and nothing of it can be heard for so long."""

    def __init__(self) -> None:
        self._least: dict[bool, tuple[int, int]] = {}
        """When the last picture, or sound, came; and how late it may be, by those before it."""

    def follow(self, frame: EncodedFrame) -> None:
        """Raises `AstrayError`."""
        now_ns, video = frame.received_ns, frame.codec.is_video
        late_ns = now_ns - frame.pts * NS_PER_S // frame.codec.clock_rate
        last_ns, least_ns = self._least.get(video, (now_ns, late_ns))
        least_ns = min(late_ns, least_ns + (now_ns - last_ns) // DRIFT)
        self._least[video] = now_ns, least_ns
        if late_ns - least_ns > ASTRAY_NS:
            raise AstrayError("its times have fallen behind")
