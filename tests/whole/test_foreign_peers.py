"""Peers that know nothing of us: stock aiortc by WHIP and WHEP, FFmpeg's WHIP muxer."""

import asyncio
import itertools
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from broadcast.layout import Layout, seats_of
from tests import media
from tests.live import page
from tests.media import Mark, wait_until
from tests.peers import Beeper, Watched, publishing, publishing_tracks, watching
from tests.server import HALL, LEFT, RIGHT, Server

LEFT_HZ, RIGHT_HZ, VOICE_HZ = 700, 1300, 2100
HEARD_DBFS, SILENT_DBFS = -30, -60
MINUS_DB = 30
"""How much lower a site hears itself than others hear it."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("foreign")) as server:
        server.command("go_live")
        yield server


def whip(server: Server, site: str) -> str:
    return server.url(f"/whip/{site}")


async def settled(watched: Watched) -> None:
    """Until everything that is heard was made after this moment, and then some."""
    watched.forget()
    await wait_until(lambda: len(watched.sound) > 150, "sound")


async def hears(watched: Watched, hz: float) -> None:
    await wait_until(lambda: watched.heard(hz) > HEARD_DBFS, f"{hz} Hz")


async def hears_himself_less(speaker: Watched, listener: Watched, hz: float) -> None:
    """Than another, at a moment when that one hears him."""
    await hears(listener, hz)
    assert speaker.leaked(hz) < listener.heard(hz) - MINUS_DB


async def shows(watched: Watched, rect: media.Rect, site: int) -> None:
    await wait_until(lambda: watched.shows(site, rect), f"site {site} in {rect}")


@pytest.mark.parametrize("codec", ["video/H264", "video/VP8"])
def test_the_program_shows_and_sounds_what_was_chosen(server: Server, codec: str) -> None:
    async def story() -> None:
        tokens = server.site_tokens
        async with (
            publishing(whip(server, LEFT), tokens[LEFT], 1, LEFT_HZ, codec),
            publishing(whip(server, RIGHT), tokens[RIGHT], 2, RIGHT_HZ, codec),
            watching(server.url(f"/whep/{server.session}")) as public,
        ):
            server.command("mute_all")
            server.cut("full", LEFT)
            await shows(public, media.WHOLE, 1)
            server.cut("full", RIGHT)
            await shows(public, media.WHOLE, 2)
            for layout in (Layout.SIDE_BY_SIDE, Layout.PICTURE_IN_PICTURE, Layout.GRID_4):
                server.cut(layout, LEFT, RIGHT)
                seats = seats_of(layout)
                await shows(public, seats[0], 1)
                await shows(public, seats[1], 2)
            server.command("open_microphone", site=LEFT)
            await settled(public)
            await hears(public, LEFT_HZ)
            assert public.leaked(RIGHT_HZ) < SILENT_DBFS

    asyncio.run(story())


def test_nobody_hears_himself_and_all_hear_the_others(server: Server) -> None:
    async def story() -> None:
        tokens, session = server.site_tokens, server.session
        async with (
            publishing(whip(server, LEFT), tokens[LEFT], 1, LEFT_HZ),
            publishing(whip(server, RIGHT), tokens[RIGHT], 2, RIGHT_HZ),
            watching(server.url(f"/whep/{session}/{LEFT}"), tokens[LEFT]) as left,
            watching(server.url(f"/whep/{session}/{RIGHT}"), tokens[RIGHT]) as right,
            watching(server.url(f"/whep/{session}/{HALL}"), tokens[HALL]) as hall,
        ):
            server.command("mute_all")
            server.command("open_microphone", site=LEFT)
            await asyncio.gather(settled(left), settled(right), settled(hall))
            await hears(hall, LEFT_HZ)
            await hears_himself_less(left, right, LEFT_HZ)
            server.command("open_microphone", site=RIGHT)
            await asyncio.gather(settled(left), settled(right), settled(hall))
            await hears(hall, LEFT_HZ)
            await hears(hall, RIGHT_HZ)
            await hears_himself_less(left, right, LEFT_HZ)
            await hears_himself_less(right, left, RIGHT_HZ)
            server.command("mute_all")

    asyncio.run(story())


def test_an_operator_is_heard_by_the_site_he_talks_to_and_by_nobody_else(server: Server) -> None:
    """While another site speaks, whom they all hear."""

    async def story() -> None:
        tokens, session = server.site_tokens, server.session
        async with (
            publishing(whip(server, RIGHT), tokens[RIGHT], 2, RIGHT_HZ),
            watching(server.url(f"/whep/{session}/{LEFT}"), tokens[LEFT]) as left,
            watching(server.url(f"/whep/{session}/{RIGHT}"), tokens[RIGHT]) as right,
            watching(server.url(f"/whep/{session}/{HALL}"), tokens[HALL]) as hall,
            watching(server.url(f"/whep/{session}")) as public,
        ):
            server.command("mute_all")
            server.command("open_microphone", site=RIGHT)
            others = (right, hall, public)
            await asyncio.gather(*(hears(one, RIGHT_HZ) for one in (left, hall, public)))
            voice = publishing_tracks(
                whip(server, f"{LEFT}/talk"), server.operator, None, Beeper(VOICE_HZ)
            )
            async with voice:
                await hears(left, VOICE_HZ)
                await asyncio.gather(*map(settled, others))
                await asyncio.gather(*(hears(one, RIGHT_HZ) for one in (hall, public)))
                await hears(left, VOICE_HZ)
                assert max(one.leaked(VOICE_HZ) for one in others) < SILENT_DBFS
            await wait_until(lambda: left.heard(VOICE_HZ) < SILENT_DBFS, "the end of it")
            server.command("mute_all")

    asyncio.run(story())


def certificate(folder: Path) -> dict[str, str]:
    """Muxer options that name a P-256 certificate.

    PyAV's FFmpeg uses GnuTLS, which makes itself one on P-224; RFC 8422 5.1.1 withdrew that curve
    from TLS and OpenSSL 4 has no way to take it ("wrong curve", alert 47).
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ffmpeg")])
    began = datetime.fromtimestamp(time.time() - 60, UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=2))
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    return {"cert_file": str(folder / "cert.pem"), "key_file": str(folder / "key.pem")}


def ffmpeg_whip(url: str, options: dict[str, str], site: int, enough: threading.Event) -> None:
    """Publishes until there is enough, as `ffmpeg -f whip` does. Blocks."""
    with av.open(url, "w", format="whip", options=options) as out:
        video = out.add_stream(
            "libx264", rate=15, options={"preset": "ultrafast", "tune": "zerolatency", "bf": "0"}
        )
        video.width, video.height, video.pix_fmt, video.gop_size = 640, 360, "yuv420p", 15
        video.profile = "Baseline"
        audio = out.add_stream("libopus", rate=media.RATE, layout="stereo")
        began, at = time.monotonic(), 0
        beep = np.repeat((media.tone(900, 0.8, beep_s=0.4) * 32767).astype(np.int16), 2)
        for number in itertools.count():
            if enough.wait(max(0.0, began + number / 15 - time.monotonic())):
                return
            planar = media.draw(640, 360, Mark(site, number))
            out.mux(video.encode(media.frame_of(planar, number, Fraction(1, 15))))
            while at < (number + 1) * media.RATE // 15:
                part = np.take(beep, range(2 * at, 2 * at + 1920), mode="wrap")
                frame = av.AudioFrame.from_ndarray(part[None], "s16", "stereo")
                frame.sample_rate, frame.pts = media.RATE, at
                out.mux(audio.encode(frame))
                at += 960


def test_ffmpeg_publishes(server: Server, tmp_path: Path) -> None:
    options = certificate(tmp_path) | {
        "authorization": server.site_tokens[HALL],
        "handshake_timeout": "60000",  # FFmpeg's own five seconds are short for a busy machine
    }

    async def story() -> None:
        enough = threading.Event()
        publisher = asyncio.create_task(
            asyncio.to_thread(ffmpeg_whip, whip(server, HALL), options, 5, enough)
        )
        async with page(server) as shown:
            await shown.until(
                lambda _: shown.site(HALL)["video"] == "ok", "FFmpeg's picture arriving"
            )
            server.cut("full", HALL)
            server.command("mute_all")
            server.command("open_microphone", site=HALL)
            async with watching(server.url(f"/whep/{server.session}")) as public:
                await shows(public, media.WHOLE, 5)
                await hears(public, 900)
            server.command("mute_all")
        enough.set()
        await publisher

    asyncio.run(story())
