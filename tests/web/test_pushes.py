"""Destinations from the operator's page: kept over a restart, never shown again, for operators."""

import asyncio
import json
import logging
import stat
from pathlib import Path
from typing import Any

import pytest

from broadcast.outputs.pushes import Pushers
from broadcast.session.model import Role
from config.settings import Program, Push
from tests import media
from tests.web.rig import LAY, SESSION, Rig, prepare, relay, settings_in

AT = f"/api/v1/sessions/{SESSION}/pushes"
KEY = "k3y-that-nobody-may-see"
URL = f"rtmps://live.example.vn/app/{KEY}"


async def ask(
    rig: Rig, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {rig.operator}", **headers}
    response = await rig.http.request(method, rig.url(path), json=body, headers=headers)
    return response.status, await response.json()


def test_added_switched_and_removed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    settings = settings_in(tmp_path, push=(Push(name="VTV", url="srt://203.0.113.5:9000"),))
    file = settings.storage.data_dir / "pushes.json"

    async def scenario() -> None:
        said: list[str] = []
        async with relay(settings) as rig:
            status, told = await ask(rig, "POST", AT, {"name": " Đài tỉnh ", "url": URL})
            assert status == 200
            assert told["pushes"] == [
                {"name": "VTV", "kind": "srt", "host": "203.0.113.5", "on": True, "fixed": True},
                {
                    "name": "Đài tỉnh", "kind": "rtmps", "host": "live.example.vn",
                    "on": True, "fixed": False,
                },
            ]  # fmt: skip
            said.append(json.dumps(told))
            assert (await ask(rig, "POST", AT, {"name": "VTV", "url": URL}))[0] == 409
            assert (await ask(rig, "DELETE", f"{AT}/VTV"))[0] == 409
            status, told = await ask(rig, "PATCH", f"{AT}/VTV", {"on": False})
            assert (status, [one["on"] for one in told["pushes"]]) == (200, [False, True])
            assert (await ask(rig, "PATCH", f"{AT}/nobody", {"on": False}))[0] == 404
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        async with relay(settings) as rig:
            status, told = await ask(rig, "GET", AT)
            assert [one["on"] for one in told["pushes"]] == [False, True], "it remembers"
            said.append(json.dumps(told))
            status, told = await ask(rig, "DELETE", f"{AT}/Đài tỉnh")
            assert (status, [one["name"] for one in told["pushes"]]) == (200, ["VTV"])
        assert KEY not in "".join(said) + caplog.text

    asyncio.run(scenario())
    assert KEY not in file.read_text()


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "http://a/b", "concat:a|b", "rtmp://a b", "tee:x", "", "rtmp", " "),
        "rtmp://a/\0",  # no argument of a process: the studio would die of it at each start
        *("rtmp://[", "rtmp://[x]/a", "srt://a]b"),
    ],
)
def test_an_address_that_is_none(tmp_path: Path, url: str) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            status, told = await ask(rig, "POST", AT, {"name": "x", "url": url})
            assert (status, told["error"]["code"]) == (422, "push_address")
            assert (await ask(rig, "GET", AT))[1] == {"pushes": []}

    asyncio.run(scenario())


def test_an_operator_of_another_session_leaves_the_one_that_is_on_alone(tmp_path: Path) -> None:
    """His link is still good a day after his session, and the television takes this one."""

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            prepare(rig.store, "another")
            await ask(rig, "POST", AT, {"name": "x", "url": URL})
            assert (await rig.command("go_live"))[0] == 200
            elsewhere = AT.replace(SESSION, "another")
            bearer = {"Authorization": f"Bearer {rig.tokens.issue_token(Role.OPERATOR, 'another')}"}
            for method, path, body in (
                ("POST", elsewhere, {"name": "y", "url": URL}),
                ("PATCH", f"{elsewhere}/x", {"on": False}),
                ("DELETE", f"{elsewhere}/x", None),
            ):
                status, told = await ask(rig, method, path, body, **bearer)
                assert (method, status, told["error"]["code"]) == (method, 409, "not_on_air")
            assert (await ask(rig, "GET", elsewhere, **bearer))[0] == 200
            assert (await ask(rig, "PATCH", f"{AT}/x", {"on": False}))[0] == 200

    asyncio.run(scenario())


def test_only_operators_of_this_session(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            await ask(rig, "POST", AT, {"name": "x", "url": URL})
            others = [
                rig.tokens.issue_token(Role.CHAIR, SESSION),
                rig.tokens.issue_token(Role.CLERK, SESSION),
                rig.tokens.issue_token(Role.OPERATOR, "another"),
                rig.site(LAY),
            ]
            for token in others:
                for method, path, body in (
                    ("GET", AT, None),
                    ("POST", AT, {"name": "y", "url": URL}),
                    ("PATCH", f"{AT}/x", {"on": False}),
                    ("DELETE", f"{AT}/x", None),
                ):
                    answer = await ask(rig, method, path, body, Authorization=f"Bearer {token}")
                    assert answer[0] == 403, (method, token)
            rig.http.cookie_jar.update_cookies(
                {"diemcau": rig.tokens.cookie_for_token(rig.operator)}
            )
            foreign = {"Origin": "https://elsewhere.example"}
            response = await rig.http.delete(rig.url(f"{AT}/x"), headers=foreign)
            assert response.status == 403, "a foreign page with the operator's cookie"
            assert len((await ask(rig, "GET", AT))[1]["pushes"]) == 1

    asyncio.run(scenario())


def test_a_file_that_is_damaged_is_named_and_its_secrets_are_not(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    settings.storage.data_dir.mkdir(parents=True)
    (settings.storage.data_dir / "pushes.json").write_text('{"added": "' + KEY)

    async def scenario() -> None:
        async with relay(settings):
            pass

    with pytest.raises(Exception, match=r"pushes\.json") as caught:
        asyncio.run(scenario())
    assert KEY not in str(caught.value)


def test_the_studio_begins_what_is_new_and_ends_what_is_gone() -> None:
    pushers = Pushers(Program())
    pushers.start()
    names = lambda: [one["name"] for one in pushers.status()]  # noqa: E731
    one, two = (Push(name=name, url="rtmp://127.0.0.1:9/live/key") for name in ("a", "b"))
    try:
        pushers.follow((one, two))
        media.wait_for(lambda: names() == ["a", "b"], "both")
        began = [pusher for _, pusher in pushers._running]
        pushers.follow((two,))
        media.wait_for(lambda: names() == ["b"], "the one that stays")
        assert [pusher for _, pusher in pushers._running] == began[1:], "it was left alone"
    finally:
        pushers.close()
    assert names() == []
