"""WHIP and WHEP as RFC 9725 has them, over real HTTP, around a real relay."""

import asyncio
import base64
import hmac
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from config.settings import Media, Program, Turn
from streams.connections.peer import Peer
from streams.downlink.viewer import Viewer
from streams.downlink.viewers import MAX_HANDSHAKES
from streams.frames import SiteId
from streams.relay import Audience, Rates, Relay
from tests.streams.offers import CHROMIUM, VIEW
from web import border, whip
from web.errors import Problem

SDP = {"Content-Type": "application/sdp"}
Client = TestClient[web.Request, web.Application]


TURN = Turn(
    urls=("turn:turn.example.vn:3478", "turns:turn.example.vn"), secret="shared", credential_hours=3
)


class Everybody:
    """Lets all in who say "good", each as what they ask for."""

    async def publisher(self, request: web.Request, site: SiteId) -> None:
        del site
        if request.headers.get("Authorization") != "Bearer good":
            raise Problem(401, "token_missing")

    async def talker(self, request: web.Request, site: SiteId) -> None:
        await self.publisher(request, site)

    async def viewer(self, request: web.Request, session: str, target: str | None) -> Audience:
        del request, session
        return Audience(room=target is not None, site=SiteId(target) if target else None)

    def seated(self, request: web.Request, connection: str) -> None:
        """He asks nobody to leave."""


@asynccontextmanager
async def serving(**limits: int) -> AsyncIterator[tuple[Client, Relay]]:
    relay = Relay(
        Media(host="127.0.0.1", port=0, **limits),
        Rates.of(Program()),
        on_frame=lambda _frame: None,
        on_source_gone=lambda _site: None,
        on_keyframe_wanted=lambda _feed: None,
    )
    await relay.start()
    app = web.Application(middlewares=[border.errors_and_language], client_max_size=100_000)
    app[border.DEFAULT_LANGUAGE] = "vi"
    app.add_routes(whip.routes(relay, Everybody(), TURN))
    async with TestClient(TestServer(app)) as client:
        yield client, relay
    await relay.close()


def run(story: Callable[[Client, Relay], Awaitable[None]], **limits: int) -> None:
    async def whole() -> None:
        async with serving(**limits) as (client, relay):
            await story(client, relay)

    asyncio.run(whole())


GOOD = {**SDP, "Authorization": "Bearer good"}


def test_publishing_begins_with_201_and_ends_with_delete() -> None:
    async def story(client: Client, relay: Relay) -> None:
        async with client.post("/whip/hall", data=CHROMIUM, headers=GOOD) as made:
            assert made.status == 201
            assert made.content_type == "application/sdp"
            assert (await made.text()).startswith("v=0")
            location = made.headers["Location"]
        assert location.startswith("/whip/hall/")
        async with client.delete(location) as ended:
            assert ended.status == 200
        async with client.delete(location) as again:
            assert again.status == 200, "as whoever closed his keys before this came"
        assert relay.peers == {}

    run(story)


@pytest.mark.parametrize("path", ["/whep/s1", "/whep/s1/room", "/whep/s1/hall"])
def test_watching_likewise(path: str) -> None:
    async def story(client: Client, relay: Relay) -> None:
        async with client.post(path, data=VIEW, headers=SDP) as made:
            assert made.status == 201
            location = made.headers["Location"]
        assert relay.viewers == 1
        async with client.delete(location) as ended:
            assert ended.status == 200
        assert relay.viewers == 0

    run(story)


@pytest.mark.parametrize("path", ["/whep/s1", "/whep/s1/room", "/whep/s1/hall"])
def test_a_language_is_chosen_by_a_code_that_a_session_may_have(path: str) -> None:
    async def story(client: Client, relay: Relay) -> None:
        async with client.post(f"{path}?language=HMN", data=VIEW, headers=SDP) as made:
            assert made.status == 201
            place = f"{made.headers['Location']}/language"
        (peer,) = relay.peers.values()
        assert _chosen(peer) == "hmn"
        for wish in ("zh-Hant-HK", ""):
            async with client.put(place, json={"language": wish}) as heard:
                assert heard.status == 204
            assert _chosen(peer) == wish.lower()
        for wish in ("m", "../..", "hmn\n", "a" * 90_000, 7, None):
            async with client.put(place, json={"language": wish}) as refused:
                assert refused.status == 422
                assert (await refused.json())["error"]["code"] == "not_a_language"
        assert _chosen(peer) == "", "what is refused changes nothing"
        async with client.post(f"{path}?language=h%20m", data=VIEW, headers=SDP) as refused:
            assert refused.status == 422
        assert list(relay.peers.values()) == [peer]

    run(story)


def _chosen(peer: Peer) -> str:
    assert isinstance(peer.traffic, Viewer)
    return peer.traffic.audience.language


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (CHROMIUM, SDP, 401),
        (CHROMIUM, {"Authorization": "Bearer good", "Content-Type": "text/plain"}, 415),
        ("hello", GOOD, 400),
        ("", GOOD, 400),
        (b"\xff\xfe", GOOD, 400),
        (CHROMIUM.replace("H264", "VP9").replace("VP8", "AV1").replace("opus", "isac"), GOOD, 406),
        ("v=0\r\n" * 20_000, GOOD, 413),
        (CHROMIUM + "a=x\r\n" * 15_000, GOOD, 413),
    ],
)
def test_what_is_refused_says_why(body: str | bytes, headers: dict[str, str], status: int) -> None:
    async def story(client: Client, relay: Relay) -> None:
        async with client.post("/whip/hall", data=body, headers=headers) as answer:
            assert answer.status == status
            error = (await answer.json())["error"]
            assert len(error["message"]) > 10
        assert relay.peers == {}

    run(story)


@pytest.mark.parametrize("path", ["/whip/hall", "/whep/s1", "/whep/s1/hall"])
def test_what_is_only_posted_says_so_and_pages_of_others_may_read_why(path: str) -> None:
    async def story(client: Client, relay: Relay) -> None:
        del relay
        for method in ("GET", "HEAD", "PUT"):
            async with client.request(method, path) as answer:
                assert (answer.status, answer.headers["Allow"]) == (405, "OPTIONS,POST")
        async with client.post(path, data="hello", headers=GOOD) as refused:
            assert refused.status == 400
            assert refused.headers["Access-Control-Allow-Origin"] == "*"

    run(story)


def test_a_second_publisher_is_told_to_wait() -> None:
    async def story(client: Client, relay: Relay) -> None:
        del relay
        async with client.post("/whip/hall", data=CHROMIUM, headers=GOOD):
            pass
        async with client.post("/whip/hall", data=CHROMIUM, headers=GOOD) as second:
            assert second.status == 409
            assert second.headers["Retry-After"] == "2"

    run(story)


def test_a_full_house_is_a_503() -> None:
    async def story(client: Client, relay: Relay) -> None:
        del relay
        async with client.post("/whep/s1", data=VIEW, headers=SDP) as answer:
            assert answer.status == 503
            assert int(answer.headers["Retry-After"]) > 0
        async with client.post("/whep/s1/hall", data=VIEW, headers=GOOD) as ours:
            assert ours.status == 201, "the public keeps no site out"

    run(story, max_viewers=0)


def test_handshakes_that_nobody_finishes_keep_out_neither_sites_nor_staff() -> None:
    async def story(client: Client, relay: Relay) -> None:
        for _ in range(MAX_HANDSHAKES):
            await relay.view(Audience(room=False), VIEW)
        async with client.post("/whep/s1", data=VIEW, headers=SDP) as public:
            assert public.status == 503
            assert int(public.headers["Retry-After"]) > 0
        assert relay.viewers == MAX_HANDSHAKES
        for path, offer in (("/whip/hall", CHROMIUM), ("/whep/s1/hall", VIEW)):
            async with client.post(path, data=offer, headers=GOOD) as ours:
                assert ours.status == 201

    run(story)


FRAGMENT = "application/trickle-ice-sdpfrag"
NEW_CREDENTIALS = f"a=ice-ufrag:neu1\r\na=ice-pwd:{'n' * 22}\r\n"


def patch(tag: str | None) -> dict[str, str]:
    return {"Content-Type": FRAGMENT} | ({} if tag is None else {"If-Match": tag})


@pytest.mark.parametrize("any_tag", ["*", '"*"'])
@pytest.mark.parametrize("path", ["/whip/hall", "/whep/s1", "/whep/s1/hall"])
def test_a_patch_restarts_ice_in_the_same_seat(path: str, any_tag: str) -> None:
    async def story(client: Client, relay: Relay) -> None:
        offer = CHROMIUM if "whip" in path else VIEW
        async with client.post(path, data=offer, headers=GOOD) as made:
            place, tag = made.headers["Location"], made.headers["ETag"]
        (peer,) = relay.peers.values()
        password, ufrag = peer.password, peer.ufrag
        async with client.patch(place, data=NEW_CREDENTIALS, headers=patch(any_tag)) as restarted:
            assert restarted.status == 200
            assert restarted.content_type == FRAGMENT
            text, new_tag = await restarted.text(), restarted.headers["ETag"]
        assert new_tag != tag
        assert peer.password != password
        assert f"a=ice-ufrag:{peer.ufrag}\r\na=ice-pwd:{peer.password}\r\n" in text
        assert "a=candidate:" in text
        assert [*relay._port._by_ufrag] == [ufrag.encode(), peer.ufrag.encode()]
        for if_match, status in ((new_tag, 204), (tag, 412), (None, 428)):
            async with client.patch(place, data="a=candidate:x", headers=patch(if_match)) as more:
                assert more.status == status
        async with client.delete(place) as ended:
            assert ended.status == 200

    run(story)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("", patch("*"), 400),
        ("a=ice-ufrag:neu1\r\n", patch("*"), 400),
        (NEW_CREDENTIALS, {**SDP, "If-Match": "*"}, 415),
        (b"\xff\xfe", patch("*"), 400),
        (NEW_CREDENTIALS + "a=x\r\n" * 15_000, patch("*"), 413),
    ],
)
def test_a_patch_that_is_refused_changes_nothing(
    body: str | bytes, headers: dict[str, str], status: int
) -> None:
    async def story(client: Client, relay: Relay) -> None:
        async with client.post("/whip/hall", data=CHROMIUM, headers=GOOD) as made:
            place = made.headers["Location"]
        (peer,) = relay.peers.values()
        before = peer.ufrag, peer.password
        async with client.patch(place, data=body, headers=headers) as answer:
            assert answer.status == status
            assert len((await answer.json())["error"]["message"]) > 20
        assert (peer.ufrag, peer.password) == before
        async with client.patch("/whip/hall/nobody", data=body, headers=headers) as nobody:
            assert nobody.status == 404

    run(story)


def test_options_say_what_can_be_sent() -> None:
    async def story(client: Client, relay: Relay) -> None:
        del relay
        async with client.options("/whip/hall") as options:
            assert options.status == 204
            assert options.headers["Accept-Post"] == "application/sdp"
            assert options.headers["Accept-Patch"] == FRAGMENT
            assert "Access-Control-Allow-Credentials" not in options.headers

    run(story)


@pytest.mark.parametrize("path", ["/whip/hall", "/whep/s1/hall"])
def test_who_may_post_is_told_of_turn_servers_before_he_offers(path: str) -> None:
    """RFC 9725 4.6; the password is the name's HMAC, which coturn makes likewise."""

    async def story(client: Client, relay: Relay) -> None:
        del relay
        async with client.options(path, headers={"Authorization": "Bearer good"}) as told:
            links = told.headers.getall("Link")
        assert [link.partition(">")[0] for link in links] == [f"<{url}" for url in TURN.urls]
        pattern = r'rel="ice-server"; username="(\d+):hall"; credential="([^"]+)"'
        ends, password = re.findall(pattern, links[0])[0]
        assert 3 * 3600 - 60 < int(ends) - time.time() <= 3 * 3600
        digest = hmac.digest(b"shared", f"{ends}:hall".encode(), "sha1")
        assert base64.b64decode(password) == digest
        async with client.post(
            path, data=VIEW if "whep" in path else CHROMIUM, headers=GOOD
        ) as made:
            assert len(made.headers.getall("Link")) == 2

    run(story)


def test_nobody_else_is_told_of_turn_servers() -> None:
    async def story(client: Client, relay: Relay) -> None:
        del relay
        async with client.options("/whip/hall") as told:
            assert "Link" not in told.headers
        async with client.options("/whip/hall", headers={"Authorization": "Bearer bad"}) as told:
            assert told.status == 401
            assert "Link" not in told.headers
        async with client.post("/whep/s1", data=VIEW, headers=SDP) as made:
            assert (made.status, "Link" in made.headers) == (201, False)

    run(story)
