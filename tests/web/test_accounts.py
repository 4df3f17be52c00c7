"""Accounts over real HTTP: who manages them, second factors, and who is held back for guessing."""

import asyncio
import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher

from broadcast.session.model import Role
from broadcast.store import Account, Store
from tests.web.rig import SESSION, Rig, Security, prepare, relay, settings_in
from web import accounts
from web.accounts import SignIn
from web.auth import DEVICE_COOKIE
from web.errors import Problem
from web.limits import Backoff, network
from web.second_factor import STEP_S, SecondFactor, hash_of, new_recovery_codes, spent
from web.setup import disable_account, now_ms, put_account

PASSWORD = "mật khẩu dài"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""Cheap to check: a hash says itself what it costs."""
SIGN_IN = "/api/v1/sign-in"


class Browser:
    """Keeps its own cookies, as a person's browser does."""

    def __init__(self, rig: Rig, address: str = "192.0.2.1") -> None:
        self.rig = rig
        self.address = address
        self.cookies: dict[str, str] = {}

    async def post(self, path: str, **body: Any) -> tuple[int, Any]:
        headers = {"Origin": self.rig.base, "X-Forwarded-For": self.address}
        headers["Cookie"] = "; ".join(f"{name}={text}" for name, text in self.cookies.items())
        self.rig.http.cookie_jar.clear()
        async with self.rig.http.post(self.rig.url(path), json=body, headers=headers) as answer:
            self.cookies |= {name: one.value for name, one in answer.cookies.items()}
            return answer.status, await answer.json()

    async def get(self, path: str) -> tuple[int, Any]:
        headers = {"Cookie": f"diemcau={self.cookies.get('diemcau', '')}"}
        self.rig.http.cookie_jar.clear()
        answer = await self.rig.get(path, headers=headers)
        return answer.status, await answer.json()

    async def led(self, path: str) -> str:
        """Where a page leads on to; empty if it is shown."""
        headers = {"Cookie": f"diemcau={self.cookies.get('diemcau', '')}"}
        self.rig.http.cookie_jar.clear()
        answer = await self.rig.get(path, headers=headers)
        assert answer.status in {200, 303}
        return answer.headers.get("Location", "")

    async def sign_in(self, name: str, password: str = PASSWORD, **more: str) -> str:
        """`ok`, or the code of the refusal."""
        status, answer = await self.post(SIGN_IN, name=name, password=password, **more)
        return "ok" if status == 200 else str(answer["error"]["code"])


def _people(rig: Rig) -> None:
    put_account(rig.store, "ky-thuat", HASH, frozenset({Role.OPERATOR}))
    put_account(rig.store, "quan-tri", HASH, frozenset({Role.VIEWER}), admin=True)


def test_an_administrator_manages_accounts(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            _people(rig)
            prepare(rig.store, "khac")
            admin, clerk = Browser(rig), Browser(rig, "192.0.2.2")
            assert await admin.sign_in("quan-tri") == "ok"
            given = {"name": "thu-ky", "password": PASSWORD, "grants": {SESSION: ["clerk"]}}
            assert (await admin.post("/api/v1/accounts", **given))[0] == 201
            assert (await admin.post("/api/v1/accounts", **given))[0] == 409
            assert await clerk.sign_in("thu-ky") == "ok"
            for session, expected in ((SESSION, 200), ("khac", 403)):
                path = f"/api/v1/sessions/{session}/commands"
                wish = {"type": "register", "delegate": "lay-1", "kind": "speech"}
                assert (session, (await clerk.post(path, **wish))[0]) == (session, expected)
            status, told = await admin.get("/api/v1/accounts")
            assert status == 200
            assert {one["name"] for one in told["accounts"]} == {"ky-thuat", "quan-tri", "thu-ky"}
            assert "argon2" not in str(told)
            change = "/api/v1/accounts/change"
            more = {SESSION: ["clerk", "chair"]}
            assert (await admin.post(change, name="thu-ky", grants=more))[0] == 200
            assert (await clerk.get("/api/v1/account"))[0] == 200, "a right more ends nothing"
            assert (await admin.post(change, name="thu-ky", grants={SESSION: ["clerk"]}))[0] == 200
            assert (await clerk.get("/api/v1/account"))[0] == 401, "a page of his may be open"
            assert await clerk.sign_in("thu-ky") == "ok"
            assert (await admin.post(change, name="thu-ky", disabled=True))[0] == 200
            assert (await clerk.get("/api/v1/account"))[0] == 401
            assert await clerk.sign_in("thu-ky") == "wrong_password"
            assert (await admin.post(change, name="ai-do", disabled=True))[0] == 404
            for roles in (["viewer", "clerk"], ["viewer"]):
                assert (await admin.post(change, name="quan-tri", roles=roles))[0] == 200
            assert (await admin.get("/api/v1/account"))[0] == 200, "whoever did it himself stays"
            for wish in ({"disabled": True}, {"admin": False}):
                assert (await admin.post(change, name="quan-tri", **wish))[0] == 409
            whats = [entry.note.what for entry in rig.store.audit()]
            assert whats.count("account_saved") == 8, "two at the start, one made, changed, locked"

    asyncio.run(scenario())


def test_nobody_else_does(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            _people(rig)
            operator, stranger = Browser(rig), Browser(rig)
            assert await operator.sign_in("ky-thuat") == "ok"
            for browser, expected in ((operator, 403), (stranger, 401)):
                assert (await browser.get("/api/v1/accounts"))[0] == expected
                new = {"name": "x", "password": PASSWORD}
                assert (await browser.post("/api/v1/accounts", **new))[0] == expected
                change = await browser.post("/api/v1/accounts/change", name="ky-thuat", admin=True)
                assert change[0] == expected
            bearer = {"Authorization": f"Bearer {rig.operator}"}
            status, _ = await rig.post("/api/v1/account/end-sign-ins", {}, **bearer)
            assert status == 401, "a link is no account"

    asyncio.run(scenario())


def test_a_new_password_signs_all_others_out(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            _people(rig)
            here, there = Browser(rig), Browser(rig, "192.0.2.2")
            assert await here.sign_in("ky-thuat") == await there.sign_in("ky-thuat") == "ok"
            path, new = "/api/v1/account/password", "một mật khẩu khác"
            status, _ = await here.post(path, password="sai", new_password=new)
            assert status == 401
            assert (await here.post(path, password=PASSWORD, new_password="ngắn"))[0] == 422
            assert (await here.post(path, password=PASSWORD, new_password=new))[0] == 200
            assert (await here.get("/api/v1/account"))[0] == 200
            assert (await there.get("/api/v1/account"))[0] == 401
            assert await there.sign_in("ky-thuat") == "wrong_password"
            assert await there.sign_in("ky-thuat", new) == "ok"
            assert (await here.post("/api/v1/account/end-sign-ins"))[0] == 200
            assert (await here.get("/api/v1/account"))[0] == 200
            assert (await there.get("/api/v1/account"))[0] == 401

    asyncio.run(scenario())


def test_a_second_factor(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            _people(rig)
            here = Browser(rig)
            assert await here.sign_in("ky-thuat") == "ok"
            _, offer = await here.post("/api/v1/account/second-factor/offer")
            assert offer["picture"].startswith("data:image/svg+xml")
            secret = offer["secret"]
            code = pyotp.TOTP(secret).now()
            take = {"password": PASSWORD, "secret": secret}
            path = "/api/v1/account/second-factor"
            assert (await here.post(path, **take, code="000000"))[0] == 422
            status, told = await here.post(path, **take, code=code)
            assert (status, len(told["recovery"])) == (200, 8)
            assert secret not in str(rig.store.account("ky-thuat"))

            assert await here.sign_in("ky-thuat") == "code_needed"
            assert await here.sign_in("ky-thuat", "sai mật khẩu") == "wrong_password"
            assert await here.sign_in("ky-thuat", code="123") == "wrong_code"
            paper = told["recovery"][0]
            assert await here.sign_in("ky-thuat", code=paper.upper()) == "ok"
            assert await here.sign_in("ky-thuat", code=paper) == "wrong_code", "once only"
            assert await here.sign_in("ky-thuat", code=code) == "wrong_code", "it took it up"
            code = _next_code(secret)
            assert await here.sign_in("ky-thuat", code=f"{code[:3]} {code[3:]}") == "ok"
            assert await here.sign_in("ky-thuat", code=code) == "wrong_code", (
                "looked over a shoulder"
            )
            _, mine = await here.get("/api/v1/account")
            assert (mine["second_factor"], mine["recovery_left"]) == (True, 7)

            off = {"password": PASSWORD, "code": told["recovery"][1]}
            assert (await here.post(f"{path}/off", **off))[0] == 200
            assert await here.sign_in("ky-thuat") == "ok"

    asyncio.run(scenario())


def _next_code(secret: str) -> str:
    """What the authenticator shows next; our clock may be that much behind."""
    return pyotp.TOTP(secret).at(now_ms() // 1000 + STEP_S)


def test_a_password_that_is_taken_away_meanwhile_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who knows it and is quick must not set his own after the administrator's, nor come in by
    it: to look at one takes long enough for two to meet."""
    matches = accounts.matches

    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            _people(rig)
            here = Browser(rig)
            assert await here.sign_in("ky-thuat") == "ok"
            _, paper = await _enrol(here)

            def reset(one: Account) -> Account:
                return replace(one, password_hash="reset", generation=one.generation + 1)

            def meanwhile(hashed: str | None, password: str) -> bool:
                right = matches(hashed, password)
                rig.store.change_account("ky-thuat", reset)
                return right

            account = rig.store.account("ky-thuat")
            assert account is not None
            monkeypatch.setattr(accounts, "matches", meanwhile)
            path, new = "/api/v1/account/password", "một mật khẩu khác"
            wish = {"password": PASSWORD, "code": paper[0], "new_password": new}
            assert (await here.post(path, **wish))[0] == 401
            rig.store.save_account(account)
            assert await here.sign_in("ky-thuat", code=paper[1]) == "wrong_password"
            now = rig.store.account("ky-thuat")
            assert now is not None
            assert now.password_hash == "reset"

    asyncio.run(scenario())


def test_who_is_let_in_again_signs_in_anew(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            _people(rig)
            thief = Browser(rig)
            assert await thief.sign_in("ky-thuat") == "ok"
            disable_account(rig.store, "ky-thuat")
            rig.store.change_account("ky-thuat", lambda one: replace(one, disabled=False))
            assert (await thief.get("/api/v1/account"))[0] == 401

    asyncio.run(scenario())


async def _enrol(browser: Browser) -> tuple[str, list[str]]:
    """The secret, and the codes on paper."""
    _, offer = await browser.post("/api/v1/account/second-factor/offer")
    secret = offer["secret"]
    wish = {"password": PASSWORD, "secret": secret, "code": pyotp.TOTP(secret).now()}
    status, told = await browser.post("/api/v1/account/second-factor", **wish)
    assert status == 200, told
    return secret, told["recovery"]


def test_a_used_code_is_used_after_a_restart_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = settings_in(tmp_path)
        async with relay(settings) as rig:
            _people(rig)
            here = Browser(rig)
            assert await here.sign_in("ky-thuat") == "ok"
            secret, papers = await _enrol(here)
            code = _next_code(secret)
            assert await here.sign_in("ky-thuat", code=code) == "ok"
            assert await here.sign_in("ky-thuat", code=papers[0]) == "ok"
        async with relay(settings) as rig:
            here = Browser(rig)
            for used in (code, papers[0]):
                assert await here.sign_in("ky-thuat", code=used) == "wrong_code"
            both = await asyncio.gather(
                *(Browser(rig).sign_in("ky-thuat", code=papers[1]) for _ in range(2))
            )
            assert sorted(both) == ["ok", "wrong_code"], "at once, too"

    asyncio.run(scenario())


def test_a_role_that_needs_a_second_factor_is_led_to_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        security = Security(second_factor=("operator", "admin"))
        async with relay(settings_in(tmp_path, security=security)) as rig:
            _people(rig)
            put_account(rig.store, "chu-toa", HASH, frozenset({Role.CHAIR}))
            operator, admin, chair = (Browser(rig, f"192.0.2.{n}") for n in (1, 2, 3))
            status, welcome = await operator.post(SIGN_IN, name="ky-thuat", password=PASSWORD)
            assert (status, welcome["next"], welcome["role"]) == (200, "/account", "viewer")
            path = f"/operator/{SESSION}"
            assert await operator.led(path) == f"/sign-in?next={path}"
            assert await operator.led(f"/sign-in?next={path}") == f"/account?next={path}"
            assert await operator.led("/sign-in?next=//evil.example") == "/account?next=/"
            assert await operator.led("/") == "/account"
            assert await operator.led("/account") == ""
            commands = f"/api/v1/sessions/{SESSION}/commands"
            assert (await operator.post(commands, type="mute_all"))[0] == 403
            assert await admin.sign_in("quan-tri") == "ok"
            assert (await admin.get("/api/v1/accounts"))[0] == 403, "nor may who manages"
            assert await chair.sign_in("chu-toa") == "ok"
            assert await chair.led(f"/chair/{SESSION}") == "", "his role does not need one"

            secret, _ = await _enrol(operator)
            assert await operator.led(path) == "", "at once, in the same browser"
            assert (await operator.post(commands, type="mute_all"))[0] == 200
            assert await operator.sign_in("ky-thuat") == "code_needed"
            assert await operator.sign_in("ky-thuat", code=_next_code(secret)) == "ok"

    asyncio.run(scenario())


def test_an_administrator_resets_a_lost_phone(tmp_path: Path) -> None:
    async def scenario() -> None:
        security = Security(second_factor=("operator",))
        async with relay(settings_in(tmp_path, security=security)) as rig:
            _people(rig)
            operator, admin = Browser(rig), Browser(rig, "192.0.2.2")
            assert await admin.sign_in("quan-tri") == "ok"
            assert await operator.sign_in("ky-thuat") == "ok"
            await _enrol(operator)
            drop = {"name": "ky-thuat", "drop_second_factor": True}
            assert (await operator.post("/api/v1/accounts/change", **drop))[0] == 403
            assert (await admin.post("/api/v1/accounts/change", **drop))[0] == 200
            assert (await operator.get("/api/v1/account"))[0] == 401, "signed out at once"
            assert await operator.sign_in("ky-thuat") == "ok", "by password alone"
            assert await operator.led("/") == "/account", "and led to take up another"
            _, told = await admin.get("/api/v1/accounts")
            due = {one["name"] for one in told["accounts"] if one["factor_required"]}
            assert due == {"ky-thuat"}
            await _enrol(operator)
            assert await operator.led("/") == ""
            whats = [entry.note.what for entry in rig.store.audit()]
            assert whats.count("second_factor_on") == 2

    asyncio.run(scenario())


def test_guessers_keep_themselves_out_and_not_the_operator(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with relay(settings_in(tmp_path)) as rig:
            _people(rig)
            operator = Browser(rig, "192.0.2.1")
            assert await operator.sign_in("ky-thuat") == "ok"
            guests = Browser(rig, "192.0.2.1")  # behind the same address as the operator
            guesses = [await guests.sign_in("ky-thuat", f"guess {n}") for n in range(6)]
            assert guesses == ["wrong_password"] * 5 + ["too_many_tries"]
            assert await guests.sign_in("ky-thuat") == "too_many_tries", "right, but too late"
            assert await operator.sign_in("ky-thuat") == "ok"
            elsewhere = Browser(rig, "198.51.100.9")
            assert await elsewhere.sign_in("ky-thuat") == "ok", "no name is closed as such"
            thief = Browser(rig, "192.0.2.1")
            thief.cookies[DEVICE_COOKIE] = operator.cookies[DEVICE_COOKIE][:-2] + "xx"
            assert await thief.sign_in("ky-thuat") == "too_many_tries", "a forged browser"
            guesses = [await operator.sign_in("ky-thuat", f"sai {n}") for n in range(6)]
            assert guesses[-1] == "too_many_tries", "its own wrong tries count"

    asyncio.run(scenario())


def test_one_network_has_fifty_tries(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    sign_in = SignIn(store, SecondFactor(b"key", now_ms), now_ms)
    for number in range(50):
        address = f"2001:db8:1:1::{number:x}"
        sign_in._admit(f"name-{number}\n{network(address)}", network(address), known=False)
    with pytest.raises(Problem, match="too_many_tries"):
        sign_in._admit("a\n2001:db8:1:1::/64", "2001:db8:1:1::/64", known=False)
    sign_in._admit("ky-thuat\n01", "2001:db8:1:1::/64", known=True)
    store.close()


def test_networks() -> None:
    assert network("192.0.2.77") == "192.0.2.77"
    assert network("2001:db8:1:1::9") == network("2001:db8:1:1:ffff::1") != network("2001:db8::9")
    assert network("unix:") == "unix:"


def test_each_next_try_waits_longer() -> None:
    backoff, now, waits = Backoff(3, 1000, 8000), 0, list[int]()
    for _ in range(9):
        backoff.count("key", now)
        waits.append(backoff.wait_ms("key", now))
        now += waits[-1]
    assert waits == [0, 0, 1000, 2000, 4000, 8000, 8000, 8000, 8000]
    assert backoff.wait_ms("other", now) == 0
    backoff.count("key", now + 8000)
    assert backoff.wait_ms("key", now + 8000) == 0, "quiet for long enough: forgotten"
    backoff.count("x", now)
    backoff.forget("x")
    assert backoff.wait_ms("x", now) == 0


@pytest.mark.parametrize(
    ("at_s", "code"), [(59, "287082"), (1111111109, "081804"), (2000000000, "279037")]
)
def test_codes_are_those_of_rfc_6238(at_s: int, code: str) -> None:
    """Appendix B, of which an authenticator shows the last six digits."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    for late_s, step in ((0, at_s // 30), (30, at_s // 30), (90, None)):
        factor = SecondFactor(b"key", lambda late_s=late_s: (at_s + late_s) * 1000)
        assert factor.step(secret, code) == step


def test_with_another_key_only_paper_opens() -> None:
    (paper, *_), old, new = new_recovery_codes(), *(SecondFactor(k, now_ms) for k in (b"1", b"2"))
    secret = pyotp.random_base32()
    account = Account(
        "a", "", frozenset(), totp_secret=old.seal(secret), recovery=(hash_of(paper),)
    )
    code = pyotp.TOTP(secret).now()
    assert new.check(account, code) is None
    step = old.check(account, code)
    assert isinstance(step, int)
    used = spent(account, step)
    assert used is not None
    assert spent(used, step) is None
    assert spent(used, step + 1) is not None
    proof = new.check(account, f" {paper.upper()} ")
    assert proof is not None
    opened = spent(account, proof)
    assert opened is not None
    assert opened.recovery == ()
    assert spent(opened, proof) is None
    assert "$argon2id$" in account.recovery[0]
    assert paper.replace("-", "") not in account.recovery[0]
