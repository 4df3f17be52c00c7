"""A closed item never leaves the room: read back from everything that is public."""

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from broadcast.session.content_events import DelegateAdded, ItemAdded
from broadcast.session.model import Role
from tests import hls, media
from tests.live import page
from tests.media import wait_for, wait_until
from tests.outsider import MARK, Names, Outsider, leaks, listening
from tests.peers import publishing, watching
from tests.server import CLOSED_ITEM, LEFT, OPEN_ITEM, RIGHT, RefusedError, Server
from web import setup
from web.accounts import hash_password
from web.setup import put_account

HZ = 700
PASSWORD = "0123456789"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("secrecy")) as server:
        yield server


def test_nothing_is_public_before_the_session_is_live(server: Server) -> None:
    async def story() -> None:
        whip = server.url(f"/whip/{LEFT}")
        async with (
            publishing(whip, server.site_tokens[LEFT], 1, HZ),
            watching(server.url(f"/whep/{server.session}")) as public,
            watching(server.url(f"/whep/{server.session}/room"), server.operator) as room,
        ):
            server.cut("full", LEFT)
            server.command("open_microphone", site=LEFT)
            await wait_until(lambda: room.mark(), "the site in the room's program")
            await wait_until(lambda: len(public.pictures) > 25, "the public's slate")
            assert all(media.read_mark(picture) is None for _, picture in public.pictures)
            assert public.heard(HZ, 2) < -80
        assert server.get(f"/live/{server.session}/index.m3u8").status == 404

    asyncio.run(story())


def test_a_closed_item_reaches_nobody_outside(server: Server) -> None:
    async def story() -> tuple[float, float]:
        whip = server.url(f"/whip/{LEFT}")
        async with (
            page(server) as shown,
            publishing(whip, server.site_tokens[LEFT], 1, HZ),
            watching(server.url(f"/whep/{server.session}")) as public,
            watching(server.url(f"/whep/{server.session}/room"), server.operator) as room,
        ):
            server.command("go_live")
            server.cut("full", LEFT)
            server.command("open_microphone", site=LEFT)
            await wait_until(lambda: public.mark(), "the open item in public")
            server.command("choose_item", item=CLOSED_ITEM, staying=[LEFT])
            server.cut("full", LEFT)
            server.command("open_microphone", site=LEFT)
            await wait_until(public.slate, "the slate")
            closed_at = time.time()
            public.forget()
            room.forget()
            await wait_until(lambda: len(public.pictures) > 75, "three seconds of slate")
            assert all(media.read_mark(picture) is None for _, picture in public.pictures)
            assert public.heard(HZ, 1) < -80
            await wait_until(lambda: room.mark(), "the closed item in the room")
            await wait_until(lambda: room.heard(HZ) > -40, "its sound in the room")
            server.command("choose_item", item=OPEN_ITEM)
            server.command("request_opening")
            open_at = time.time()
            server.command("confirm_opening")
            server.cut("full", LEFT)
            await wait_until(lambda: public.mark(), "the open item again")
            before = shown.view["outputs"]["recorded_s"]
            await shown.until(
                lambda view: view["outputs"]["recorded_s"] > before + 3, "more recording"
            )
            return closed_at, open_at

    closed_at, open_at = asyncio.run(story())
    check_recording(server, closed_at, open_at)
    chapters = server.get(f"/api/v1/sessions/{server.session}/chapters").body.decode()
    assert "nhân sự" not in chapters
    check_sealed(server)


def check_sealed(server: Server) -> None:
    """What nobody outside got is there for the operator, and for no public way."""
    at = f"/api/v1/sessions/{server.session}/sealed"
    film = server.get(f"{at}/film.mp4", Authorization=f"Bearer {server.operator}")
    clip = media.decode(film.body)
    assert sum(mark is not None for _, mark in clip.marks()) > 50
    assert media.loudest_tone(clip.heard(), HZ) > -40
    site = server.site_tokens[LEFT]
    for path in (f"{at}/film.mp4", f"{at}/index.m3u8", f"{at}/00000000.m4s"):
        assert server.get(path).status == 401
        assert server.get(path, Authorization=f"Bearer {site}").status == 403
    for room in ("live", "archive"):
        for path in (f"/{room}/sealed/index.m3u8", f"/{room}/{server.session}/sealed/index.m3u8"):
            assert server.get(path).status == 404


def check_recording(server: Server, closed_at: float, open_at: float) -> None:
    recording = hls.served(server)
    assert hls.faults(recording) == []
    seen_outside = seen_inside = 0
    for segment in recording.segments:
        clip = segment.clip()
        zero = segment.at_s - clip.pictures[0][0]
        for at, mark in clip.marks():
            inside = closed_at < zero + at < open_at
            seen_inside += inside and mark is not None
            seen_outside += not inside and mark is not None
        if closed_at < segment.at_s < segment.at_s + segment.duration_s < open_at:
            assert media.loudest_tone(clip.heard(), HZ) < -80
    assert seen_inside == 0
    assert seen_outside > 20


def _outsiders(server: Server) -> list[Outsider]:
    """Nobody; a site that is put out; an operator who signed out; a link that was taken back."""
    store = setup.open_store(server.settings)
    try:
        put_account(store, "ky-thuat", hash_password(PASSWORD), frozenset({Role.OPERATOR}))
        tokens = server.tokens(store)
        account = store.account("ky-thuat")
        assert account is not None
        cookie = tokens.cookie_for_account(account)
        tokens.sign_out(cookie)
        chair = tokens.issue_token(Role.CHAIR, server.session)
        tokens.revoke_tokens(Role.CHAIR, server.session)
    finally:
        store.close()
    return [
        Outsider("a stranger", "198.51.100.1"),
        Outsider("a site put out", "198.51.100.2", token=server.site_tokens[RIGHT]),
        Outsider("who signed out", "198.51.100.3", {"Cookie": f"diemcau={cookie}"}),
        Outsider("a revoked link", "198.51.100.4", token=chair),
    ]


def _prepare_secret(server: Server) -> tuple[str, str]:
    """A closed item with a document and somebody to speak; the ids of item and document."""
    server.command("put_item", title=f"{MARK}-item", kind="other", closed=True)
    item = next(one for one in reversed(server.events()) if one.type == "item_added")
    assert isinstance(item, ItemAdded)
    server.command("put_delegate", name=f"{MARK}-name", title=f"{MARK}-title", site=LEFT)
    answer = server.request(
        "POST",
        f"/api/v1/sessions/{server.session}/items/{item.item.id}/documents?name={MARK}-paper",
        f"%PDF-1.7\n{MARK}\n%%EOF\n".encode(),
        Authorization=f"Bearer {server.operator}",
    )
    assert answer.status == 201
    return item.item.id, answer.json()["id"]


def _names(server: Server, item: str, document: str) -> Names:
    """As the playlists tell them, and as they lie on the disk, sealed ones too."""
    sealed = server.settings.storage.data_dir / "sealed" / server.session
    files = sorted(path.name for path in sealed.glob("*"))
    lists = ["master.m3u8", "live.m3u8", "index.m3u8", "list.m3u8"]
    told = server.get(f"/live/{server.session}/recent.m3u8").body.decode()
    parts = re.findall(r"[\w.-]+\.m4s", told)[-1:]
    captions = [f"{Path(name).stem}.vtt" for name in parts]
    renditions = [path.name for path in server.archive.iterdir() if path.is_dir()]
    return Names(
        site=[str(LEFT), str(RIGHT)],
        name=[*files[:1], *files[-1:], *lists, *parts, *captions, f"{RIGHT}.jpg"],
        rendition=[*renditions[:1], "sealed"],
        document=[document],
        item=[item],
    )


def _whisper(server: Server) -> None:
    """Everything that can be said or written while closed, each with the mark."""
    delegates = [one for one in server.events() if one.type == "delegate_added"]
    assert isinstance(delegates[-1], DelegateAdded)
    speaker = delegates[-1].delegate.id
    server.command("register", delegate=speaker, kind="speech")
    server.command("give_turn", delegate=speaker, kind="speech")
    server.command("type_caption", text=f"{MARK}-caption")
    server.command("write_note", text=f"{MARK}-note", kind="decision")
    server.command("note_promise", text=f"{MARK}-promise", delegate=speaker)
    server.command("send_message", text=f"{MARK}-message", site=LEFT)
    server.command("send_message", text=f"{MARK}-message to all")


def test_an_outsider_gets_nothing_by_any_address(server: Server) -> None:
    """During the closed part, after it, and when the session is over."""
    with suppress(RefusedError):  # it is, when the tests above ran
        server.command("go_live")
    wait_for(lambda: server.get(f"/live/{server.session}/recent.m3u8").status == 200, "a list")

    async def story() -> None:
        item, document = _prepare_secret(server)
        outsiders = _outsiders(server)

        async def sweep(when: str, who: list[Outsider]) -> None:
            names = _names(server, item, document)
            found = await asyncio.gather(*(leaks(server, one, names) for one in who))
            assert [one for some in found for one in some] == [], when

        async with listening(server, outsiders[:2]) as heard:
            server.command("choose_item", item=item, staying=[LEFT])
            await asyncio.to_thread(_whisper, server)
            inside = Outsider("who is inside", "198.51.100.9", token=server.site_tokens[LEFT])
            told = await leaks(server, inside, _names(server, item, document))
            assert len(told) >= 2, "the sweep finds what there is to find"
            await sweep("while closed", outsiders)
            for target in ("room", LEFT, RIGHT):
                path = f"/whep/{server.session}/{target}"
                for one in outsiders:
                    offer = {"Content-Type": "application/sdp", **one.sent()}
                    answer = server.request("POST", path, b"v=0", **offer)
                    assert answer.status in {401, 403}, (one.name, target)
            server.command("end_turn")
            server.command("choose_item", item=OPEN_ITEM)
            server.command("request_opening")
            server.command("confirm_opening")
            await sweep("open again", outsiders[:2])
            server.command("end_session")
            await sweep("over", outsiders[:2])
            assert heard == [], "nor was anything told as it happened"

    asyncio.run(story())
