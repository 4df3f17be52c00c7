"""Debian's Janus as a relay of one program: its streaming plugin, fed by plain RTP."""

import asyncio
import itertools
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bench.cores import SERVERS, on_core
from tests.namespaces import SERVER, Hosts

PORT = 8088
AUDIO_PORT = 5002
VIDEO_BEHIND = 2
"""The port for pictures, behind that for sound."""
LIBRARIES = next(iter(Path("/usr/lib").glob("*-linux-gnu/janus")), Path("/usr/lib/janus"))
GENERAL = """
general: {{
  configs_folder = "{folder}"
  plugins_folder = "{libraries}/plugins"
  transports_folder = "{libraries}/transports"
  debug_level = 2
  session_timeout = 0
  {loops}
}}
nat: {{ ice_tcp = false; }}
media: {{ rtp_port_range = "20000-40000"; }}
plugins: {{ disable = "{plugins}" }}
transports: {{ disable = "{transports}" }}
"""
STREAMING = """
program: {{
  type = "rtp"; id = 1;
  audio = true; audioport = {audio}; audiopt = 111; audiocodec = "opus";
  video = true; videoport = {video}; videopt = 96; videocodec = "h264";
  videofmtp = "profile-level-id=42e01f;packetization-mode=1";
}}
"""
HTTP = 'general: {{ json = "plain"; http = true; port = {port}; https = false; ip = "{host}"; }}'


@contextmanager
def janus(
    hosts: Hosts,
    folder: Path,
    *,
    event_loops: int = 0,
    port: int = PORT,
    audio_port: int = AUDIO_PORT,
) -> Iterator[int]:
    """Its process id. `event_loops`: 0 is as installed, a thread for each viewer."""
    _configure(folder, event_loops, port, audio_port)
    command = hosts.at_server(on_core(SERVERS, ["janus", "-F", str(folder)]))
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


def _configure(folder: Path, event_loops: int, port: int, audio_port: int) -> None:
    others = {
        kind: ",".join(
            path.name for path in (LIBRARIES / kind).glob("*.so") if keep not in path.name
        )
        for kind, keep in (("plugins", "streaming"), ("transports", "http"))
    }
    loops = f"event_loops = {event_loops}" if event_loops else ""
    files = {
        "janus.jcfg": GENERAL.format(folder=folder, libraries=LIBRARIES, loops=loops, **others),
        "janus.plugin.streaming.jcfg": STREAMING.format(
            audio=audio_port, video=audio_port + VIDEO_BEHIND
        ),
        "janus.transport.http.jcfg": HTTP.format(port=port, host=SERVER),
    }
    for name, text in files.items():
        (folder / name).write_text(text)


class Watching:
    """One viewer's session with Janus: `offer`, then `answer`."""

    def __init__(self, http: aiohttp.ClientSession, port: int = PORT) -> None:
        self._http = http
        self._path = f"http://{SERVER}:{port}/janus"
        self._numbers = itertools.count()

    async def _say(self, **request: Any) -> dict[str, Any]:
        request["transaction"] = str(next(self._numbers))
        async with self._http.post(self._path, json=request) as response:
            return await response.json()  # type: ignore[no-any-return]

    async def offer(self) -> str:
        session = f"{self._path}/{(await self._say(janus='create'))['data']['id']}"
        self._path = session
        handle = await self._say(janus="attach", plugin="janus.plugin.streaming")
        self._path = f"{session}/{handle['data']['id']}"
        await self._say(janus="message", body={"request": "watch", "id": 1})
        async with asyncio.timeout(10):
            while True:
                async with self._http.get(session, params={"maxev": 1}) as response:
                    event = await response.json()
                if "jsep" in event:
                    return str(event["jsep"]["sdp"])

    async def answer(self, sdp: str) -> None:
        jsep = {"type": "answer", "sdp": sdp, "trickle": False}
        await self._say(janus="message", body={"request": "start"}, jsep=jsep)


async def is_up(http: aiohttp.ClientSession, port: int = PORT) -> bool:
    try:
        async with http.get(f"http://{SERVER}:{port}/janus/info") as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False
