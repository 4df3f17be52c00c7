"""A site in a real Chromium on a bad line. `bench/publishing.py` measures more, and longer."""

import time
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Page

from streams.connections.sdp import read_offer
from streams.frames import Codec
from tests.chromium import EXECUTABLE, camera_files, chromium
from tests.media import RATE, wait_until, write_wav
from tests.namespaces import script_at, two_hosts
from tests.site_page import Input, murmur, offered, site_page
from tests.whole.test_lines import run

HEARD_S = 6
_SENDS_MORE = """
  const {getCapabilities} = RTCRtpSender;
  RTCRtpSender.getCapabilities = (kind) => {
    const found = getCapabilities.call(RTCRtpSender, kind);
    const usual = found.codecs.find(({mimeType}) => mimeType === 'video/H264');
    const more = {...usual, sdpFmtpLine: 'packetization-mode=1;profile-level-id=f40034'};
    return {...found, codecs: [more, ...found.codecs]};
  };
"""
"""As on machines whose encoder knows a format that their decoder does not."""
_SENDS_ALL = """() => {
  const sender = publisher.pc.getSenders().find(({track}) => track.kind === 'video');
  return sender.getParameters().encodings[0].maxBitrate > 2_000_000;
}"""
"""The line is known to carry what was wished."""
_TAKES_TURNS = """async () => {
  const sender = publisher.pc.getSenders().find(({track}) => track.kind === 'video');
  const wish = (bps) => publisher.setQuality(
    {level: 'on_air', width: 640, height: 360, fps: 25, max_bitrate_bps: bps});
  const kept = [];
  for (let round = 0; round < 40; round++) {
    const first = wish(1_000_000);
    await new Promise((resolve) => setTimeout(resolve, round % 4));
    await Promise.all([first, wish(500_000 + round)]);
    kept.push(sender.getParameters().encodings[0].maxBitrate - round);
  }
  return kept;
}"""
_TAKES_RTX = "publisher.pc.remoteDescription?.sdp.includes(' rtx/90000')"
_SOUND_KIND = """async (kind) => {
  const report = await publisher.pc?.getStats();
  const sent = [...report?.values() ?? []].filter((one) => one.type === 'outbound-rtp');
  const sound = sent.find((one) => one.kind === 'audio');
  return report?.get(sound?.codecId)?.mimeType === kind;
}"""


def test_of_a_site_that_loses_a_fifth_the_sound_is_heard(tmp_path: Path) -> None:
    """And sent twice (RED) only then: on a thin line that loses nothing it takes a picture's
    room."""

    async def scene() -> None:
        came = Input()
        with two_hosts() as hosts, hosts.inside_server():
            browser = script_at(tmp_path, hosts.at_client([str(EXECUTABLE)]))
            camera = camera_files(tmp_path, 1, 700)[0], write_wav(tmp_path / "1.wav", murmur(2))
            async with chromium(camera, executable=browser) as window:
                hosts.carries(200_000, 60_000, back=True)
                page = await window.new_page()
                async with site_page(page, came.take):
                    # Before, statistics name what was agreed on first, and not what is sent.
                    await wait_until(lambda: came.sound, "sound")
                    await sound_is(page, "audio/red")
                    await sound_is(page, "audio/opus")
                    # Else what it tries the line with tears pictures.
                    await page.wait_for_function(_TAKES_RTX, polling=200)
                    hosts.loses(20)
                    await sound_is(page, "audio/red")
                    hosts.carries(back=True)
                    begun_s = time.monotonic() + HEARD_S
                    await wait_until(
                        lambda: (
                            (now_s := time.monotonic()) > begun_s
                            and came.heard(now_s - HEARD_S, now_s) > 0.95
                        ),
                        "nearly all of it: neither RED nor NACK alone would do",
                    )

    run(scene())


@pytest.mark.alone  # a browser that is short of CPU sends less by itself
def test_a_site_is_seen_whole_again_after_its_line_was_thin_for_a_while(tmp_path: Path) -> None:
    """Though its picture is calm, and what it sends of it tries no line by itself."""

    async def scene() -> None:
        came = Input()
        with two_hosts() as hosts, hosts.inside_server():
            browser = script_at(tmp_path, hosts.at_client([str(EXECUTABLE)]))
            async with (
                chromium(camera_files(tmp_path, 1, 700), executable=browser) as window,
                site_page(await window.new_page(), came.take) as height,
            ):
                await wait_until(lambda: came.pictures, "pictures")
                await wait_until(lambda: height() == 360, "all that its camera has")
                hosts.carries(60_000, 20_000, back=True)
                await wait_until(lambda: height() == 180, "a small picture")
                hosts.carries(back=True)
                await wait_until(lambda: height() == 360, "the whole one")

    run(scene())


def test_a_site_joins_though_its_machine_sends_what_it_cannot_receive() -> None:
    async def scene() -> None:
        async with chromium() as window:
            page = await window.new_page()
            await page.add_init_script(_SENDS_MORE)
            async with offered(page) as (offer, _):
                read = read_offer(offer, "publish")
                assert {one.codec for one in read.sections} == {Codec.OPUS, Codec.H264}

    run(scene())


def test_a_site_sends_what_was_wished_last_however_soon_after_another_wish(tmp_path: Path) -> None:
    async def scene() -> None:
        came = Input()
        with two_hosts() as hosts, hosts.inside_server():
            browser = script_at(tmp_path, hosts.at_client([str(EXECUTABLE)]))
            async with chromium(camera_files(tmp_path, 1, 700), executable=browser) as window:
                page = await window.new_page()
                async with site_page(page, came.take):
                    await wait_until(lambda: came.pictures, "pictures")
                    await page.wait_for_function(_SENDS_ALL, polling=200)
                    assert await page.evaluate(_TAKES_TURNS) == [500_000] * 40

    run(scene())


async def sound_is(page: Page, kind: str) -> None:
    """Waits until it is sent so."""
    await page.wait_for_function(_SOUND_KIND, arg=kind, polling=200)


def test_a_room_that_falls_silent_sends_hardly_a_packet(tmp_path: Path) -> None:
    """DTX: speech and silence in turns, as the browser's microphone hears them."""
    came = Input()

    def in_half_a_second(at_s: float) -> int:
        return sum(at_s <= heard_s < at_s + 0.5 for heard_s, _ in came.sound)

    def both() -> bool:
        counts = [in_half_a_second(at_s) for at_s, _ in came.sound if at_s < time.monotonic() - 0.5]
        return any(count <= 5 for count in counts) and any(count >= 22 for count in counts)

    async def scene() -> None:
        with two_hosts() as hosts, hosts.inside_server():
            browser = script_at(tmp_path, hosts.at_client([str(EXECUTABLE)]))
            heard = np.concatenate([murmur(2), np.zeros(2 * RATE, np.float32)])
            camera = camera_files(tmp_path, 1, 700)[0], write_wav(tmp_path / "1.wav", heard)
            async with (
                chromium(camera, executable=browser) as window,
                site_page(await window.new_page(), came.take),
            ):
                await wait_until(both, "50 packets a second, and below 10")

    run(scene())
