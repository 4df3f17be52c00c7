"""A real Chromium for tests, its camera and microphone played from files."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Error, Page, async_playwright, expect

from tests import media

_DEBIANS, _GOOGLES = Path("/usr/bin/chromium"), Path("/opt/google/chrome/chrome")
EXECUTABLE = _DEBIANS if _DEBIANS.exists() else _GOOGLES
"""What `make test` installed: Ubuntu has Debian's Chromium as a snap only."""
SEEN = Path(__file__).parent.parent / "test-results"
FPS = 15
LOOP_S = 8
SLOW_MS = 60_000
"""How long a page may take on a machine that does ten things at once."""
expect.set_options(timeout=SLOW_MS)

_ARGUMENTS = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def camera_files(folder: Path, site: int, hz: float) -> tuple[Path, Path]:
    """A clip that says `site` and counts its frames, and beeps of `hz`; both `LOOP_S` long."""
    video = folder / f"site{site}.y4m"
    audio = folder / f"site{site}.wav"
    media.write_y4m(video, 640, 360, FPS, media.numbered(site, FPS * LOOP_S))
    media.write_wav(audio, media.tone(hz, LOOP_S, beep_s=0.4))
    return video, audio


class Chromium:
    """Opens pages, each in a window of its own: a tab behind another one does not draw."""

    def __init__(self, browser: Browser, size: tuple[int, int], *, allows: bool) -> None:
        self._browser = browser
        self._size = size
        self._permissions = ["camera", "microphone"] if allows else []

    async def new_page(self, size: tuple[int, int] | None = None) -> Page:
        """In a window of its own, as large as the browser was opened for, or as wished."""
        width, height = size or self._size
        context = await self._browser.new_context(
            viewport={"width": width, "height": height},
            permissions=self._permissions,
            locale="vi-VN",
        )
        context.set_default_timeout(SLOW_MS)
        return await context.new_page()


@asynccontextmanager
async def chromium(
    camera: tuple[Path, Path] | None = None,
    *,
    size: tuple[int, int] = (1280, 800),
    allows: bool = True,
    executable: Path = EXECUTABLE,
    more: Sequence[str] = (),
    loudspeaker: Mapping[str, str] | None = None,
) -> AsyncIterator[Chromium]:
    """One browser, until left; `camera` as from `camera_files`. `allows`: whoever sits before it
    lets pages have camera and microphone. `more`: arguments. `loudspeaker`: what a sound server is
    found by, in the environment; without one nothing is played."""
    arguments = [*_ARGUMENTS, *more]
    if not allows:
        arguments.remove("--use-fake-ui-for-media-stream")
        arguments.append("--deny-permission-prompts")
    if camera is not None:
        arguments.append(f"--use-file-for-fake-video-capture={camera[0]}")
        arguments.append(f"--use-file-for-fake-audio-capture={camera[1]}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable,
            args=arguments,
            env={**os.environ, **(loudspeaker or {})},
            ignore_default_args=["--mute-audio"] if loudspeaker else None,
        )
        try:
            yield Chromium(browser, size, allows=allows)
        except BaseException:
            await _keep_what_was_seen(browser)
            raise
        finally:
            await browser.close()


async def _keep_what_was_seen(browser: Browser) -> None:
    """Pictures of all pages in `test-results/`, for whoever asks why a test failed."""
    SEEN.mkdir(exist_ok=True)
    pages = [page for context in browser.contexts for page in context.pages]
    for number, page in enumerate(pages):
        name = urlsplit(page.url).path.strip("/").replace("/", "-")
        with suppress(Error):
            await page.screenshot(path=SEEN / f"{name}-{number}.png", timeout=5000)


def complaints(page: Page) -> list[str]:
    """Grows with every uncaught error and every error message of the page's console."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))

    def note(line: ConsoleMessage) -> None:
        if line.type == "error":
            found.append(f"{line.text} ({line.location['url']})")

    page.on("console", note)
    return found


async def signed_in(tab: Page, link: str) -> None:
    """By that link, until it has led on. The page that it opens may be gone before it is loaded."""
    await tab.goto(link, wait_until="commit")
    await tab.wait_for_url(lambda url: "/sign-in" not in url)


async def join_as_a_person_would(tab: Page) -> None:
    """From the camera test to the call: the one button, once it can be pressed."""
    await tab.get_by_test_id("join").click(timeout=SLOW_MS)
