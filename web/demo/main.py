"""`diemcau demo`: a fresh session, a server, five drawn sites, and the links to all of it."""

import asyncio
import json
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from broadcast.session.decide import Act
from broadcast.session.events import ItemChosen, SessionPrepared
from broadcast.session.model import Role
from config.settings import Settings
from streams.frames import SiteId
from web import setup
from web.addresses import base_url, join_path, public_url, sign_in_path
from web.demo import auto, scenario
from web.demo.orders import Orders
from web.ports import settled
from web.serving import programs, sole_owner, write_settings
from web.supervisor import Program, keep, signals_held


@dataclass(frozen=True, slots=True)
class Hearing:
    """The prepared session and the keys to it."""

    session: str
    operator_token: str
    chair_token: str
    clerk_token: str
    site_tokens: dict[SiteId, str]


def run(settings: Settings, *, as_json: bool, directed: bool = False) -> int:
    """Until a signal. `directed`: the hearing directs itself. Raises what `serve` raises."""
    settings = _in_own_folder(settings)
    with signals_held(), sole_owner(settings.storage.data_dir):
        real = settled(settings)
        hearing = prepare(real)
        guide = partial(_guide, real, hearing, as_json, directed)
        keep(
            [
                *programs(write_settings(real)),
                Program("guide", lambda: guide, chore=True),
                *_site_programs(real, hearing),
            ]
        )
    return 0


def _in_own_folder(settings: Settings) -> Settings:
    """Each run has a folder of its own: an earlier hearing that was never ended stays out of it."""
    folder = settings.storage.data_dir / "demo" / time.strftime("%Y%m%d-%H%M%S")
    storage = settings.storage.model_copy(update={"data_dir": folder, "database_url": ""})
    return settings.model_copy(update={"storage": storage})


def _guide(settings: Settings, hearing: Hearing, as_json: bool, directed: bool) -> int:
    """The process that prints the links, and directs."""

    async def work() -> None:
        await _announce(settings, hearing, as_json)
        if directed:
            await auto.direct(base_url(settings), hearing.session, hearing.operator_token)

    asyncio.run(work())
    return 0


def prepare(settings: Settings) -> Hearing:
    """Writes the session's first events and makes the tokens."""
    store = setup.open_store(settings)
    now_ms = setup.now_ms()
    session = f"dien-bien-{time.strftime('%Y%m%d-%H%M%S')}"
    store.append(session, 0, _first_events(session, now_ms), _act(now_ms))
    tokens = setup.open_tokens(settings, store)
    hearing = Hearing(
        session,
        tokens.issue_token(Role.OPERATOR, session),
        tokens.issue_token(Role.CHAIR, session),
        tokens.issue_token(Role.CLERK, session),
        {place.id: tokens.issue_join_token(session, place.id) for place in scenario.SITES},
    )
    store.close()
    return hearing


def _first_events(session: str, now_ms: int) -> tuple[SessionPrepared, ItemChosen]:
    return (
        SessionPrepared(
            at_ms=now_ms,
            id=session,
            title=scenario.TITLE,
            subtitle=scenario.SUBTITLE,
            sites=scenario.SITES,
            delegates=scenario.DELEGATES,
            agenda=scenario.AGENDA,
            hidden_overlays=scenario.HIDDEN_OVERLAYS,
        ),
        ItemChosen(at_ms=now_ms, item=scenario.FIRST_ITEM),
    )


def _act(now_ms: int) -> Act:
    return Act(now_ms, Role.SYSTEM, "demo", None, secrets.token_hex(8))


def _site_programs(settings: Settings, hearing: Hearing) -> list[Program]:
    """The five that draw themselves."""
    found = []
    for number, drawn in enumerate(scenario.DRAWN):
        path = settings.storage.data_dir / "run" / f"site-{drawn.site.id}.json"
        orders = Orders(
            base_url=base_url(settings),
            session=hearing.session,
            site=drawn.site.id,
            token=hearing.site_tokens[drawn.site.id],
            look=drawn.look,
            pitch_hz=drawn.pitch_hz,
            seed=number + 1,
            patience_s=2.0 + 3.0 * number,
        )
        orders.write(path)
        found.append(Program(f"site {drawn.site.id}", partial(_site, path)))
    return found


def _site(orders: Path) -> Callable[[], int]:
    from web.demo.site import main  # while the server starts already

    return partial(main, orders)


async def _announce(settings: Settings, hearing: Hearing, as_json: bool) -> None:
    """Prints the links once the server answers; one that never does says why in its log."""
    await _until_ready(f"{base_url(settings)}/readyz")
    found = links(settings, hearing)
    text = json.dumps(found, ensure_ascii=False) if as_json else _for_people(settings, found)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def _until_ready(url: str) -> None:
    async with aiohttp.ClientSession() as http:
        while True:
            with suppress(aiohttp.ClientError):
                async with http.get(url) as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.1)


def links(settings: Settings, hearing: Hearing) -> dict[str, Any]:
    """What `--json` prints."""
    base, session = base_url(settings), hearing.session
    return {
        "base_url": base,
        "operator_url": f"{base}/sign-in?next=/operator/{session}#token={hearing.operator_token}",
        "operator_token": hearing.operator_token,
        "chair_url": f"{base}{sign_in_path(hearing.chair_token)}",
        "clerk_url": f"{base}{sign_in_path(hearing.clerk_token)}",
        "display_url": f"{base}/display/{session}",
        "watch_url": f"{base}/watch/{session}",
        "hls_url": f"{base}/live/{session}/index.m3u8",
        "archive_url": f"{base}/archive/{session}/index.m3u8",
        "session_id": session,
        "sites": [
            {
                "id": name,
                "join_url": base + join_path(session, name, token),
                "whip_url": f"{base}/whip/{name}",
                "token": token,
                "drawn": name not in scenario.SPARE,
            }
            for name, token in hearing.site_tokens.items()
        ],
    }


def _for_people(settings: Settings, found: dict[str, Any]) -> str:
    own = [row["join_url"] for row in found["sites"] if not row["drawn"]]
    outside = [public_url(settings) + url.removeprefix(found["base_url"]) for url in own]
    archive = settings.storage.data_dir / "archive" / found["session_id"]
    return f"""
  {scenario.TITLE}
  {scenario.SUBTITLE}

  Điều hành / direct it        {found["operator_url"]}
      rồi bấm «Bắt đầu phiên họp» và «Mời phát biểu» / then "Start the session", "Call the next"
  Chủ tọa / the chair          {found["chair_url"]}
  Thư ký / the clerk           {found["clerk_url"]}
  Màn hình hội trường / wall   {found["display_url"]}
  Công chúng xem / the public  {found["watch_url"]}
  Xem lại / playback           {found["base_url"]}/play/{found["session_id"]}
  Tham gia bằng máy quay của bạn / join with your own camera
      máy này / here           {own[0]}
                               {own[1]}
      máy khác / elsewhere     {outside[0]}
                               {outside[1]}
  Bản ghi / the recording      {archive}

  Ctrl-C để kết thúc / ends it
"""
