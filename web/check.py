"""`diemcau check`: is this machine ready, and what to do where it is not."""

import os
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import av
from aioice import stun
from av.codec import Codec

from broadcast.database import StoreError, reach
from broadcast.outputs.shelf import key_path, sealed_root
from broadcast.session.procedure import load_procedure
from config.settings import ConfigError, Settings
from web.addresses import public_url
from web.certificate import (
    Certificate,
    covers,
    lacks_chain,
    lifetime_fault,
    names_in,
    utc_now,
)
from web.outside import hours_in
from web.ports import places, settled
from web.serving import is_up

CODECS = (
    ("libx264", "w"),
    ("aac", "w"),
    ("libopus", "w"),
    ("h264", "r"),
    ("vp8", "r"),
    ("opus", "r"),
)
MIN_CORES = 2
CHAIN = (
    "its signer's certificate is not in the file: right for an office's own root; of a public one "
    "take the whole chain (certbot: fullchain.pem)"
)
KNOCK_S = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `advice` says what to do where it is not in order."""

    what: str
    ok: bool = True
    advice: str = ""


def findings(settings: Settings) -> Iterator[Finding]:
    """Everything that must be in order, one by one."""
    yield from _ports(settings)
    for look in (
        _data_dir,
        _disk,
        _certificate,
        _procedures,
        _theme,
        _codecs,
        _fonts,
        _pages,
        _clock,
        _cores,
    ):
        yield look(settings)
    yield from _sealed_key(settings)
    yield from _turn(settings)
    if settings.storage.database_url:
        yield _database(settings)
    if settings.cameras or settings.push:
        yield _ffmpeg()


def _ports(settings: Settings) -> Iterator[Finding]:
    if is_up(settings.storage.data_dir):
        yield Finding("the server is running, and has its ports")
        return
    what = ", ".join(f"{place.section} {place.protocol} {place.port}" for place in places(settings))
    try:
        settled(settings)
    except ConfigError as error:
        for sentence in str(error).splitlines():
            yield Finding("ports", ok=False, advice=sentence)
    else:
        yield Finding(f"ports are free: {what}")


def _data_dir(settings: Settings) -> Finding:
    folder = settings.storage.data_dir.absolute()
    try:
        # Not made here: what root makes who only looks, the server could not use.
        there = next(one for one in (folder, *folder.parents) if one.exists())
        probe = there / f".probe-{os.getpid()}"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        return Finding(f"data folder {folder}", False, f"{error.strerror}; set [storage] data_dir")
    return Finding(f"data folder {folder} can be written")


def _disk(settings: Settings) -> Finding:
    folder = settings.storage.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    hours = hours_in(free, settings)
    what = f"disk: {free / 1e9:.0f} GB free, some {hours:.0f} hours of recording"
    if free < settings.recording.warn_free_bytes:
        return Finding(what, False, "free some, or set [storage] data_dir to a larger disk")
    return Finding(what)


def _database(settings: Settings) -> Finding:
    try:
        reach(settings.storage.database_url)
    except StoreError as error:
        return Finding("database", False, f"storage.database_url: {error}")
    return Finding("the database answers")


def _certificate(settings: Settings) -> Finding:
    if not settings.https.enabled:
        where = settings.https.public_url
        advice = f"a reverse proxy has it at {where}" if where else "cameras elsewhere need it"
        return Finding("https is switched off", True, advice)
    now, given = utc_now(), settings.https.certificate
    if given is None and settings.https.key is None:
        return Finding(
            "certificate: self-made", True, "browsers warn once; see [https] certificate"
        )
    try:
        Certificate(settings.https, settings.storage.data_dir, now)
    except ConfigError as error:
        return Finding("certificate", False, str(error))
    assert given is not None  # else refused: a key without it
    if fault := lifetime_fault(given, now):
        return Finding(f"certificate {given}", False, fault)
    host, names = urlsplit(public_url(settings)).hostname or "", names_in(given)
    if not covers(names, host):
        return Finding(
            f"certificate {given}",
            False,
            f"links and sheets lead to {host}, for which browsers do not take it; set [https] "
            f"public_url to a name that it is for: {', '.join(sorted(names)) or 'it has none'}",
        )
    return Finding(f"certificate {given}", True, CHAIN if lacks_chain(given) else "")


def _sealed_key(settings: Settings) -> Iterator[Finding]:
    """Another would be made where it is away, and be hidden when the stick is there again."""
    key, sealed = key_path(settings.storage, settings.recording), sealed_root(settings.storage)
    if settings.recording.closed and any(sealed.glob("*/*.m3u8")) and not key.exists():
        advice = "what was closed opens by it alone: plug its disk in, or restore it"
        yield Finding(f"key {key} is not there", False, advice)


def _procedures(settings: Settings) -> Finding:
    try:
        load_procedure(settings.procedures)
    except ConfigError as error:
        return Finding("rules of procedure", False, str(error))
    return Finding("rules of procedure can be read")


def _theme(settings: Settings) -> Finding:
    folder = settings.program.theme
    if folder is None:
        return Finding("graphics: the built-in ones")
    # Here, not above: without its typeface, which is looked at below, it cannot be imported.
    from broadcast.overlay.theme import ThemeError, environment

    try:
        environment(folder)
    except (ThemeError, OSError) as error:
        advice = f"{error}; until it is mended the built-in ones are shown"
        return Finding("graphics", False, advice)
    return Finding(f"graphics of {folder} can be read")


def _codecs(settings: Settings) -> Finding:
    del settings
    missing = [name for name, mode in CODECS if not _has_codec(name, mode)]
    if missing:
        advice = "install PyAV's own wheel: pip install --force-reinstall --only-binary av av"
        return Finding(f"codecs missing: {', '.join(missing)}", False, advice)
    return Finding(f"codecs: {', '.join(name for name, _ in CODECS)}")


def _has_codec(name: str, mode: str) -> bool:
    try:
        Codec(name, "w" if mode == "w" else "r")
    except av.error.FFmpegError:
        return False
    return True


def _fonts(settings: Settings) -> Finding:
    del settings
    if find_spec("fontpkg_be_vietnam_pro") is None:
        return Finding("fonts", False, "pip install fontpkg-be-vietnam-pro")
    return Finding("fonts: Be Vietnam Pro")


def _pages(settings: Settings) -> Finding:
    del settings
    vendor = Path(__file__).parent / "static" / "vendor" / "preact.mjs"
    if not vendor.is_file():
        return Finding("scripts of the pages", False, "run `make run` or `make test` once")
    return Finding("scripts of the pages are installed")


def _clock(settings: Settings) -> Finding:
    """Recordings and minutes carry this machine's time."""
    now = datetime.fromtimestamp(time.time(), ZoneInfo(settings.time_zone))
    what = f"clock: {now:%Y-%m-%d %H:%M:%S} {settings.time_zone}"
    if now.year < 2025:
        return Finding(what, False, "the date is wrong: switch on time synchronisation")
    return Finding(what)


def _cores(settings: Settings) -> Finding:
    del settings
    cores = len(os.sched_getaffinity(0))
    advice = "" if cores >= MIN_CORES else "the studio needs one core and the relay another"
    return Finding(f"{cores} processor cores", cores >= MIN_CORES, advice)


def _ffmpeg() -> Finding:
    if shutil.which("ffmpeg") is None:
        return Finding("ffmpeg, for [[cameras]] and [[push]]", False, "apt-get install ffmpeg")
    return Finding("ffmpeg is installed")


def _turn(settings: Settings) -> Iterator[Finding]:
    """Whether each TURN server answers; whether it takes our credentials, a site's page shows."""
    for url in settings.turn.urls:
        try:
            _knock(url)
        except OSError as error:
            advice = f"no answer ({error}); is the server running, and its port open?"
            yield Finding(url, False, advice)
        else:
            secret = settings.turn.secret
            advice = "" if secret else "set [turn] secret to its static-auth-secret"
            yield Finding(f"{url} answers", bool(secret), advice)


def _knock(url: str) -> None:
    """Raises `OSError` where nobody answers at a TURN URI (RFC 7065)."""
    scheme, _, rest = url.partition(":")
    place, _, query = rest.partition("?")
    host, colon, port = place.rpartition(":")
    number = int(port) if colon and port.isdigit() else (5349 if scheme == "turns" else 3478)
    address = (host if colon else place).strip("[]"), number
    if scheme == "turns" or "transport=tcp" in query:
        socket.create_connection(address, KNOCK_S).close()
        return
    [(family, kind, _, _, where), *_] = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)
    with socket.socket(family, kind) as knock:
        knock.settimeout(KNOCK_S)
        knock.connect(where)
        knock.send(bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST)))
        knock.recv(1500)
