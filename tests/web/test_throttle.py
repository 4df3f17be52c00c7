"""Every route that a stranger reaches or that costs us something has a bound, swept one by one."""

import asyncio
import json
import re
import tracemalloc
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.rig import SESSION, Rig, prepare, relay, settings_in, stop_the_clock
from tests.web.test_contract import WITHIN, relay_and_routes
from web import application
from web.errors import Problem
from web.limits import MAX_KEYS, Bucket
from web.throttle import PACE_OF, THROTTLE, Throttle

FREE = {
    "GET /static/{build}/{path}": "files, small; a browser asks for thirty with a first page",
    "GET /static/{path}": "the same",
    "GET /static/fonts/be-vietnam-pro-{weight}.ttf": "the same",
    "GET /favicon.ico": "a redirection",
    "GET /healthz": "a constant",
    "GET /live/{session}/{name}": "files of the public picture: any number of players ask",
    "GET /live/{session}/{rendition}/{name}": "the same",
    "GET /live/{session}/captions/{name}": "the same; of an old session `web/captions.py` counts",
    "GET /archive/{session}/{name}": "the same",
    "GET /archive/{session}/{rendition}/{name}": "the same",
    "GET /archive/{session}/captions/{name}": "the same",
    "OPTIONS /live/{session}/{name}": "a constant",
    "OPTIONS /archive/{session}/{name}": "a constant",
    "* /{path}": "404",
}
SENTENCE = "Gửi yêu cầu quá nhanh. Hãy đợi một lát rồi thử lại."
STRANGER, OTHER = "198.51.100.7", "2001:db8::7"


def _names(routes: list[tuple[str, str]]) -> set[str]:
    return {f"{method} {path}" for method, path in routes if method != "HEAD"}


def _use_up(throttle: Throttle, route: str, address: str) -> None:
    """As if that network had asked so many times in this minute."""
    with pytest.raises(Problem, match="429"):
        for _ in range(PACE_OF[route].times_a_minute + 5):
            throttle.take(route, address)


def test_every_route_has_its_pace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def at_one_moment(clock: Callable[[], int], is_open: Callable[[str], bool]) -> Throttle:
        moment = clock()  # on a busy machine a pace would have passed before the answer
        return Throttle(lambda: moment, is_open)

    monkeypatch.setattr(application, "Throttle", at_one_moment)

    async def scenario() -> None:
        async with relay_and_routes(settings_in(tmp_path), monkeypatch) as (rig, routes):
            assert _names(routes) == PACE_OF.keys() | FREE.keys(), "a new route says what it costs"
            assert not PACE_OF.keys() & FREE.keys()
            wrong = [one async for one in _swept(rig, routes.app[THROTTLE])]
            assert wrong == []

    asyncio.run(scenario())


async def _swept(rig: Rig, throttle: Throttle) -> AsyncIterator[tuple[object, ...]]:
    """What did not answer a network that asks too often as it should, or another network, too."""
    for route in PACE_OF:
        _use_up(throttle, route, STRANGER)
        method, _, path = route.partition(" ")
        path = re.sub(r"\{(\w+)\}", lambda name: WITHIN.get(name[1], "x"), path)
        path = path.replace("/x/x", "/whip/x") if method == "OPTIONS" else path
        answers = {}
        for address in (STRANGER, OTHER):
            headers = {"X-Forwarded-For": address, "Content-Type": "application/json"}
            url = rig.url(path)
            async with rig.http.request(
                method,
                url,
                data=b"{}" if method != "GET" else None,
                headers=headers,
                allow_redirects=False,
            ) as answer:
                answers[address] = answer.status
                if address == STRANGER:
                    text = await answer.text()
                    if not 0 < int(answer.headers.get("Retry-After", "0")) <= 60:
                        yield route, answer.status, "no Retry-After"
                    if SENTENCE not in text and json.dumps(SENTENCE)[1:-1] not in text:
                        yield route, text
        if answers[STRANGER] != 429 or answers[OTHER] == 429:
            yield route, answers


def test_a_network_opens_so_many_old_sessions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whatever address: the log of each is read for it."""
    monkeypatch.setattr("web.throttle.OPENINGS", 2)
    stop_the_clock(monkeypatch)
    old = ["hop-1", "hop-2", "hop-3"]

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            for session in old:
                prepare(rig.store, session)

            async def status(path: str, address: str = STRANGER) -> int:
                return (await rig.get(path, headers={"X-Forwarded-For": address})).status

            paths = "/watch/{}", "/play/{}", "/api/v1/sessions/{}/live"
            opened = [await status(path.format(one)) for path, one in zip(paths, old, strict=True)]
            assert opened == [200, 200, 429]
            for session in (*old[:2], SESSION):
                assert await status(f"/watch/{session}") == 200, "it is open"
            assert await status(f"/watch/{old[2]}", OTHER) == 200

    asyncio.run(scenario())


def test_this_machine_is_not_counted() -> None:
    throttle = Throttle(lambda: 0, lambda _session: False)
    for _ in range(2000):
        throttle.open("hop-1", "127.0.0.1")
        throttle.take("POST /api/v1/audit/proof", "127.0.0.1")
        throttle.take("POST /api/v1/audit/proof", "::1")


@given(st.lists(st.integers(0, 500), max_size=200))
def test_a_bucket_lets_no_more_through_than_it_says(gaps: list[int]) -> None:
    """Four at once, then one every quarter of a second; and the wait it names is enough."""
    bucket, now_ms, passed = Bucket(4, 1000), 0, list[int]()
    for gap in gaps:
        now_ms += gap
        wait_ms = bucket.take("key", now_ms)
        assert 0 <= wait_ms <= 250
        if wait_ms:
            now_ms += wait_ms
            assert bucket.take("key", now_ms) == 0
        passed.append(now_ms)
        for number, since_ms in enumerate(reversed(passed), 1):
            assert number <= 4 + (now_ms - since_ms) / 250 + 1e-6


def test_many_networks_do_not_fill_the_memory() -> None:
    """Each asks as often as it may: still a number for each."""
    bucket = Bucket(1200, 60_000)
    tracemalloc.start()
    for number in range(MAX_KEYS + 500):
        for _ in range(2):
            bucket.take(f"GET /watch/{{session}} 2001:db8:{number:x}::/64", 0)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(bucket._full_at_ms) == MAX_KEYS
    assert held < 4_000_000
