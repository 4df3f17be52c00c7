"""Every setting, once: its type, unit, range and meaning."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Port = Annotated[int, Field(ge=0, le=65535)]
"""0 lets the system choose one."""


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Http(Section):
    """Plain HTTP, for this machine itself and for a reverse proxy."""

    host: str = "127.0.0.1"
    port: Port = 8080


class Https(Section):
    """What sites and the public use; browsers give a camera to secure pages only."""

    enabled: bool = True
    host: str = "0.0.0.0"
    port: Port = 8443
    certificate: Path | None = None
    """PEM with the whole chain. Without one the server makes its own, which browsers warn about."""
    key: Path | None = None


class Media(Section):
    """The one UDP port of all WebRTC connections."""

    host: str = "0.0.0.0"
    port: Port = 8443
    addresses: tuple[str, ...] = ()
    """What sites are told to send to. Empty: every address of this machine, loopback included."""
    max_sites: int = Field(150, ge=1, le=500)
    max_viewers: int = Field(200, ge=0, le=2000)
    """WHEP viewers; HLS viewers are not counted."""


class Program(Section):
    width: int = Field(1280, ge=320, le=3840, multiple_of=2)
    height: int = Field(720, ge=180, le=2160, multiple_of=2)
    fps: int = Field(25, ge=5, le=60)
    video_bitrate_bps: int = Field(2_500_000, ge=200_000, le=20_000_000)
    audio_bitrate_bps: int = Field(96_000, ge=16_000, le=256_000)
    """Opus to sites and viewers; AAC in the segments has 128 kbit/s."""
    theme: Path | None = None
    """Folder of SVG templates that replace the built-in ones, file by file."""


class Recording(Section):
    segment_ms: int = Field(2000, ge=1000, le=10_000)
    """Also the distance of keyframes."""
    part_ms: int = Field(200, ge=100, le=1000)
    """What a crash can cost: parts are written and flushed as they are made."""
    warn_free_bytes: int = Field(20_000_000_000, ge=0)
    stop_free_bytes: int = Field(500_000_000, ge=0)
    """Below this nothing is written any more; live pictures to the sites go on."""


class Storage(Section):
    data_dir: Path = Path("data")
    """Database, keys, archive and the socket between the two processes."""
    database_url: str = ""
    """SQLAlchemy URL. Empty: SQLite in `data_dir`."""


class Security(Section):
    cookie_hours: int = Field(12, ge=1, le=720)
    join_link_hours: int = Field(72, ge=1, le=24 * 365)
    max_body_bytes: int = Field(262_144, ge=4096)
    """Of any request; an SDP offer of a browser has about 6 kB."""


class Settings(Section):
    http: Http = Http()
    https: Https = Https()
    media: Media = Media()
    program: Program = Program()
    recording: Recording = Recording()
    storage: Storage = Storage()
    security: Security = Security()
    procedures: Path | None = None
    """Limits and rounds; without it `config/procedures.toml` of the program itself."""
    language: str = Field("vi", pattern="^(vi|en)$")
