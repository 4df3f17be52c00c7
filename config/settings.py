"""Every setting, once: its type, unit, range and meaning."""

import hashlib
import ipaddress
import os
import re
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator


def _address_line(url: str) -> str:
    """As a browser shows it, without the slash at its end."""
    if url and not re.fullmatch(r"https://[^\s/?#@]+/?", url):
        raise ValueError("write https:// and the name, no more: https://hop.example.vn")
    return url.removesuffix("/")


def at_home(path: str | Path) -> Path:
    """With `~` as a shell has it. Raises `ValueError`."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ValueError(f"{str(path)!r} names a home that nobody has here") from None


Port = Annotated[int, Field(ge=0, le=65535)]
"""0 lets the system choose one."""
Place = Annotated[Path, AfterValidator(at_home)]
"""A file or folder."""


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _whole(cls, value: object) -> object:
        """Vietnamese sets thousands off by dots, and would get twenty viewers for 20.000."""
        if isinstance(value, float):
            raise ValueError("is a whole number; write it without a dot: 20_000")  # noqa: TRY004
        return value


class Http(Section):
    """Plain HTTP, for this machine itself and for a reverse proxy."""

    host: str = "127.0.0.1"
    port: Port = 8080


class Https(Section):
    """What sites and the public use; browsers give a camera to secure pages only."""

    enabled: bool = True
    host: str = "::"
    """`::`: every address of this machine, IPv6 and IPv4."""
    port: Port = 8443
    public_url: Annotated[str, AfterValidator(_address_line)] = ""
    """Where others find it, as sheets and links say: the name in the certificate, that of a reverse
    proxy, the outer address. Empty: this machine's first address, and the port."""
    certificate: Place | None = None
    """PEM with the whole chain. Without one the server makes its own, which browsers warn about."""
    key: Place | None = None


class Media(Section):
    """The one UDP port of all WebRTC connections."""

    host: str = "::"
    """`::`: every address of this machine, IPv6 and IPv4."""
    port: Port = 8443
    addresses: tuple[str, ...] = ()
    """What sites are told to send to. Empty: every address of this machine, loopback included. A
    network card's second one works alone, or as `host` too (`streams/udp/addresses.py`)."""
    max_sites: int = Field(150, ge=1, le=500)
    max_viewers: int = Field(200, ge=0, le=2000)
    """Of the public, by WHEP; HLS viewers, sites and staff are not counted."""

    @field_validator("addresses")
    @classmethod
    def _in_figures(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Browsers leave a candidate out that is a name, and no site would get through."""
        for address in addresses:
            try:
                ipaddress.ip_address(address)
            except ValueError:
                raise ValueError(f"{address!r} is no IP address") from None
        return addresses


TurnUrl = Annotated[str, Field(pattern=r"^turns?:[^\s<>\"]+$", max_length=255)]


class Turn(Section):
    """A TURN server (coturn with `use-auth-secret`), for sites whose network lets no UDP through
    to us. Without one nothing is told to anybody."""

    urls: tuple[TurnUrl, ...] = Field((), max_length=8)
    secret: str = Field("", repr=False)
    """Shared with the TURN server: its `static-auth-secret`."""
    credential_hours: int = Field(12, ge=1, le=48)


def _an_address(url: str) -> str:
    """One that can be taken apart, and be an argument of FFmpeg's: none holds a NUL."""
    try:
        urlsplit(url)
    except ValueError:
        raise ValueError("is no address") from None  # its own words repeat a password
    if not url.isprintable():
        raise ValueError("holds a control character")
    return url


_Url = Annotated[str, Field(max_length=1024), AfterValidator(_an_address)]


def _is_called(url: str) -> bool:
    """Whether SRT waits there for the other side: by the first `mode` of the query, as FFmpeg has
    it. A stream id beside it may hold the same word, and a `#`, which begins nothing there."""
    modes = parse_qs(url.partition("?")[2]).get("mode", ("caller",))
    return url.startswith("srt:") and modes[0] == "listener"


CameraUrl = Annotated[_Url, Field(pattern=r"^(rtsps?|srt|rtmp|file)://[^\s]+$")]


class Camera(Section):
    """A source that speaks no WebRTC. FFmpeg fetches it, or waits for it where it listens."""

    site: str = Field(pattern="^[a-z0-9-]{1,32}$")
    """Whose picture and sound it is; that site sends by no other way."""
    url: CameraUrl = Field(repr=False)
    """`rtsp://` and `srt://` are fetched; `srt://…?mode=listener` and `rtmp://` (the address here)
    wait for whoever sends; `file:///…` is played again and again. May hold a password."""

    @property
    def listens(self) -> bool:
        return self.url.startswith("rtmp:") or _is_called(self.url)

    @property
    def is_file(self) -> bool:
        return self.url.startswith("file:")


PushUrl = Annotated[_Url, Field(pattern=r"^(rtmps?|srt|icecast)://[^\s]+$")]


class Push(Section):
    """Somebody who takes the public program: a platform, a TV or radio station. FFmpeg sends it
    for as long as the server runs; before the session and in its breaks that is the slate."""

    name: str = Field(min_length=1, max_length=40)
    """As the operator's page calls it."""
    url: PushUrl = Field(repr=False)
    """`rtmp(s)://…/key`; `srt://host:port`, or with `?mode=listener` waits for the other side;
    `icecast://source:password@host:port/mount`: the sound alone, with who speaks as
    its title. May hold a password."""
    ca_file: Annotated[str, AfterValidator(lambda path: path and str(at_home(path)))] = ""
    """PEM of who signed the certificate of an rtmps destination, if browsers do not know him. Who
    cannot prove that he is the one that the address names gets nothing, least of all the key."""

    @property
    def listens(self) -> bool:
        return _is_called(self.url)


class Rung(Section):
    """One smaller rendition of the picture, for lines that cannot carry the whole one."""

    height: int = Field(ge=90, le=1080, multiple_of=2)
    """The width follows from the program's."""
    video_bitrate_bps: int = Field(ge=40_000, le=5_000_000)


class Program(Section):
    width: int = Field(1280, ge=320, le=3840, multiple_of=2)
    height: int = Field(720, ge=180, le=2160, multiple_of=2)
    fps: int = Field(25, ge=5, le=60)
    video_bitrate_bps: int = Field(2_500_000, ge=200_000, le=20_000_000)
    audio_bitrate_bps: int = Field(96_000, ge=16_000, le=256_000)
    """Opus to sites and viewers; AAC in the segments has 128 kbit/s."""
    ladder: tuple[Rung, ...] = Field(
        (
            Rung(height=360, video_bitrate_bps=500_000),
            Rung(height=180, video_bitrate_bps=130_000),
        ),
        max_length=3,
    )
    """Largest first; those no smaller than the program are left out. Empty: one size for all."""
    thin_audio_bitrate_bps: int = Field(24_000, ge=12_000, le=96_000)
    """Opus for lines that carry no more than the smallest picture."""
    slate_after_lost_s: int = Field(10, ge=0, le=600)
    """When every site of the picture has been lost for so long, the slate is shown; 0: never."""
    theme: Place | None = None
    """Folder of SVG templates that replace the built-in ones, file by file."""

    @field_validator("ladder")
    @classmethod
    def _each_smaller(cls, ladder: tuple[Rung, ...]) -> tuple[Rung, ...]:
        """Each is made of the one before it, and recorded in a folder named by its height."""
        for larger, smaller in pairwise(rung.height for rung in ladder):
            if smaller >= larger:
                raise ValueError(f"{smaller} stands after {larger}; put the largest first")
        return ladder

    def renditions(self) -> "tuple[Program, ...]":
        """The program itself, and as each smaller rung has it."""
        rungs = [rung for rung in self.ladder if rung.height < self.height]
        return (
            self,
            *(
                self.model_copy(
                    update={
                        "width": self.width * rung.height // self.height // 2 * 2,
                        "height": rung.height,
                        "video_bitrate_bps": rung.video_bitrate_bps,
                    }
                )
                for rung in rungs
            ),
        )


MAX_SEGMENT_MS = 10_000


class Recording(Section):
    segment_ms: int = Field(2000, ge=1000, le=MAX_SEGMENT_MS)
    """Also the distance of keyframes."""
    part_ms: int = Field(200, ge=100, le=1000)
    """What a crash can cost: parts are written as they are made. Each is synced too: a power cut
    costs less than a second on a disk that syncs within 0.3 s (smaller renditions and the sound
    alone: 0.1 s); a slower one raises an alarm."""
    warn_free_bytes: int = Field(20_000_000_000, ge=0)
    stop_free_bytes: int = Field(500_000_000, ge=0)
    """Below this nothing is written any more; live pictures to the sites go on."""
    sites: tuple[str, ...] = Field((), max_length=200)
    """Sites whose own streams are kept as they came, in `data_dir/sites`; `*` is all of them.
    Nothing of a break nor of a closed item, and sound of open microphones only."""

    closed: bool = True
    """What happens while an item is closed is kept too: apart, sealed, for operator and chair."""
    sealed_key: Place | None = None
    """File of the key that opens it, 32 bytes, made if it is not there. Without one it lies in
    `data_dir`, which keeps out who gets the recordings alone; on another disk it keeps out more."""

    def keeps(self, site: str) -> bool:
        """Whether that site's own stream is kept."""
        return site in self.sites or "*" in self.sites


class Storage(Section):
    data_dir: Place = Path("data")
    """Database, keys, archive and the socket between the two processes."""
    database_url: str = ""
    """SQLAlchemy URL. Empty: SQLite in `data_dir`."""
    max_upload_bytes: int = Field(4_000_000_000, ge=0)
    """Of a file for the media player; more is put into `data_dir/media` by hand."""


class Security(Section):
    cookie_hours: int = Field(12, ge=1, le=720)
    join_link_hours: int = Field(72, ge=1, le=24 * 365)
    max_body_bytes: int = Field(262_144, ge=4096)
    """Of any request; an SDP offer of a browser has about 6 kB."""
    max_document_bytes: int = Field(50_000_000, ge=100_000, le=2_000_000_000)
    """Of a PDF for the agenda: it goes to the disk as it comes."""
    second_factor: tuple[Literal["operator", "chair", "clerk", "admin"], ...] = ()
    """Accounts with one of these roles, in all sessions or in one, must have a second factor: who
    has none is led to it at the next sign-in and may do nothing else before. Links are no
    accounts."""


def _a_zone(name: str) -> str:
    """One that browsers know too: what the system adds to them, as `localtime`, begins small."""
    try:
        if name[:1].isupper():
            ZoneInfo(name)
            return name
    except (KeyError, OSError, ValueError):
        pass
    raise ValueError(
        "is no time zone that this machine knows; `timedatectl list-timezones` names them, and "
        "`apt-get install tzdata` brings them"
    )


class Settings(Section):
    http: Http = Http()
    https: Https = Https()
    media: Media = Media()
    turn: Turn = Turn()
    cameras: tuple[Camera, ...] = Field((), max_length=16)
    push: tuple[Push, ...] = Field((), max_length=16)
    program: Program = Program()
    recording: Recording = Recording()
    storage: Storage = Storage()
    security: Security = Security()
    procedures: Place | None = None
    """Limits and rounds; without it `config/procedures.toml` of the program itself."""
    language: Literal["vi", "en"] = "vi"
    time_zone: Annotated[str, AfterValidator(_a_zone)] = Field(
        "Asia/Ho_Chi_Minh", validate_default=True
    )
    """Of the council: what pages, minutes and lists say, whatever zone a computer is set to."""

    @field_validator("cameras")
    @classmethod
    def _one_for_each_site(cls, cameras: tuple[Camera, ...]) -> tuple[Camera, ...]:
        sites = [camera.site for camera in cameras]
        if twice := next((site for site in sites if sites.count(site) > 1), None):
            raise ValueError(f"site {twice} has two cameras; give each a site of its own")
        return cameras

    @field_validator("push")
    @classmethod
    def _told_apart(cls, pushes: tuple[Push, ...]) -> tuple[Push, ...]:
        names = [push.name for push in pushes]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two destinations are called {twice}; give each a name of its own")
        return pushes


def handed_over(path: str) -> Settings:
    """What a process of ours was given as it was started. Ends it with a sentence where that cannot
    be used."""
    try:
        return Settings.model_validate_json(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        sys.exit(f"{path}: {error}")


class ConfigError(Exception):
    """The settings cannot be used. `str()` lists every fault, each with its key and what to do."""


MAX_SOCKET_PATH_BYTES = 107
"""Linux: `sun_path` has 108 bytes with its end mark."""


def socket_path(storage: Storage) -> Path:
    """Where relay and studio meet."""
    return _socket_path(storage, "studio")


def witness_socket_path(storage: Storage) -> Path:
    """Where relay and witness meet."""
    return _socket_path(storage, "witness")


def _socket_path(storage: Storage, name: str) -> Path:
    """A data folder with too long a path gets a place in /tmp."""
    path = (storage.data_dir / "run" / f"{name}.sock").absolute()
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES:
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"diemcau-{os.getuid()}-{digest}.sock"
