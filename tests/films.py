"""Films such as cameras and encoders send: marked pictures and a tone."""

import struct
import subprocess
import zlib
from fractions import Fraction
from pathlib import Path

import av

from tests import media

SITE, HZ, FPS = 5, 900.0, 25
LENGTH_S = 10


def film(
    path: Path,
    codec: str = "libx264",
    size: tuple[int, int] = (640, 360),
    *,
    level_dbfs: float = -12.0,
    **options: str,
) -> Path:
    """`LENGTH_S` long, marked, with a tone."""
    with av.open(path, "w") as container:
        picture = container.add_stream(codec, FPS, options={"preset": "ultrafast", **options})
        (picture.width, picture.height), picture.pix_fmt = size, "yuv420p"
        sound = container.add_stream("aac", media.RATE, layout="mono")
        for number, planes in enumerate(media.numbered(SITE, LENGTH_S * FPS, *size)):
            frame = media.frame_of(planes, number, Fraction(1, FPS))
            container.mux(picture.encode(frame))
        tone = av.AudioFrame.from_ndarray(
            media.tone(HZ, LENGTH_S, level_dbfs=level_dbfs)[None], "fltp", "mono"
        )
        tone.sample_rate, tone.pts = media.RATE, 0
        container.mux(sound.encode(tone))
        container.mux(sound.encode(None))
        container.mux(picture.encode(None))
    return path


def named_in_old_letters(film: Path, name: str) -> Path:
    """The same with a title as before Unicode (TCVN3, VNI), which is no UTF-8."""
    path = film.with_name(name)
    command = ["ffmpeg", "-v", "error", "-i", film, "-c", "copy", "-metadata", "title=Qu@c ca"]
    subprocess.run([*command, path], check=True)
    path.write_bytes(path.read_bytes().replace(b"Qu@c", b"Qu\xe8c"))
    return path


def png_of(path: Path, width: int, height: int) -> Path:
    """One that says that it is so large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks
        )
    )
    return path
