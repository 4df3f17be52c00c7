"""The pure parts of a district's page, run by Node: what it sends, and what it tells the room."""

from typing import Any

import pytest

from tests.web.static.node import run

WISH = {"level": "on_air", "width": 1280, "height": 720, "fps": 25, "max_bitrate_bps": 2_500_000}


def test_a_line_is_given_little_until_it_is_known_to_carry_more() -> None:
    carried = [None, 109_000, 160_000, 320_000, 90_000, 450_000, 2_400_000, 300_000, 99_000]
    walk = "given.reduce((steps, now) => [...steps, m.stepOf(now ?? undefined, steps.at(-1))], [3])"
    assert run("fitting.js", walk, carried) == [3, 3, 3, 2, 2, 3, 1, 0, 0, 3]


def test_what_is_sent_is_never_more_than_is_wished_but_to_learn() -> None:
    look = "[0, 1, 2, 3].map((step) => m.fitted(given, step, false))"
    fits = run("fitting.js", look, WISH)
    assert [(fit["height"], fit["fps"]) for fit in fits] == [
        (720, 25), (360, 25), (180, 25), (180, 10),
    ]  # fmt: skip
    rates = [fit["max_bitrate_bps"] for fit in fits]
    assert rates == sorted(rates, reverse=True)
    standby = WISH | {"height": 180, "fps": 5, "max_bitrate_bps": 80_000}
    kept = ("height", "fps", "max_bitrate_bps")
    for fit in run("fitting.js", look, standby):
        assert {key: fit[key] for key in kept} == {key: standby[key] for key in kept}
    learning = run("fitting.js", "[0, 3].map((step) => m.fitted(given, step, true))", standby)
    assert [fit["max_bitrate_bps"] for fit in learning] == [80_000, 300_000]


def test_who_learns_may_send_more_than_before_on_any_but_a_good_line() -> None:
    rates = "[1, 2, 3].map((step) => m.fitted(given, step, LEARNING).max_bitrate_bps)"
    usual, more = (run("fitting.js", rates.replace("LEARNING", on), WISH) for on in ("0", "1"))
    assert all(one > before for one, before in zip(more, usual, strict=True))


def test_a_line_is_judged_by_the_way_that_is_used() -> None:
    """Chromium, after one network was left for another: the pair of before stays nominated, and the
    other is nominated a second or two after it was chosen."""
    stats = "await Object.assign(new m.Connection('', {}), {pc: {getStats: () => given}}).stats()"
    pair = {"id": "CPb", "type": "candidate-pair"}
    used = pair | {"currentRoundTripTime": 0.02, "availableOutgoingBitrate": 80_000}
    transport = {"id": "T", "type": "transport", "selectedCandidatePairId": "CPb"}
    for nominated in (True, False):
        for left in ("CPa", "CPc"):
            before = pair | {"id": left, "nominated": True, "currentRoundTripTime": 0.5}
            report = [transport, used | {"nominated": nominated}, before]
            report.sort(key=lambda entry: str(entry["id"]))
            told = run("connection.js", stats, report)
            assert (told["rttMs"], told.get("carriedBps")) == (20, 80_000)


def test_sound_is_sent_twice_or_once_and_nothing_else_changes() -> None:
    sdp = "m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\na=rtpmap:111 opus/48000/2\r\n"
    sdp += "a=rtpmap:63 red/48000/2\r\nm=video 9 UDP/TLS/RTP/SAVPF 102\r\n"
    once, again, plain = run(
        "fitting.js",
        "[m.withSound(given[0], false), m.withSound(m.withSound(given[0], false), true),"
        " m.withSound(given[1], false)]",
        [sdp, sdp.replace("red", "cn")],
    )
    assert once == sdp.replace("63 111", "111 63")
    assert (again, plain) == (sdp, sdp.replace("red", "cn"))


def test_a_kept_language_says_nothing_else_in_an_address() -> None:
    made = "globalThis.MediaStream = EventTarget;"  # of a browser, and unused until it plays
    made += "const player = new m.WhepPlayer('/whep'); player.listen(given);"
    address = run("rtc.js", f"(() => {{{made} return player.offeredTo('/whep')}})()", "hmn&a=1#b")
    assert address == "/whep?language=hmn%26a%3D1%23b"


def test_a_room_is_told_what_matters_most() -> None:
    def view(phase: str = "live", ours: bool = True, **me: Any) -> Any:
        floor = {"site": "lay" if ours else "hall"}
        return {"me": {"site": "lay", **me}, "session": {"phase": phase}, "floor": floor}

    cases = [
        (view(tally="program", microphone_open=True), "on-air", "open"),
        (view(tally="program", microphone_open=False), "on-air", "shut"),
        (view("paused", tally="next", microphone_open=False), "paused", "closed"),
        (view("paused", put_out=True), "out", "closed"),
        (view(ours=False, tally="preview"), "next", "closed"),
        (view(ours=False), "waiting", "closed"),
        (view("prepared", ours=False), "prepared", "closed"),
        (view("ended"), "ended", "closed"),
    ]
    told = "given.map((one) => [m.standingOf(one), m.microphoneOf(one, false)])"
    found = run("parts/site/standing.js", told, [one for one, *_ in cases])
    assert found == [[standing, microphone] for _, standing, microphone in cases]


def test_an_interpreter_is_told_what_he_is_to_the_session() -> None:
    def view(phase: str = "live", **me: Any) -> Any:
        return {"me": {"site": "cabin", "tally": "none", **me}, "session": {"phase": phase}}

    booth = {"booth": {"code": "hmn", "name": "Tiếng Mông"}}
    cases = [
        (view(**booth), "waiting", "booth_closed"),
        (view(**booth, microphone_open=True), "interpreting", "booth"),
        (view("paused", **booth, microphone_open=True), "paused", "booth"),
        (view(tally="program", signs=True), "signing", "closed"),
        (view("paused", tally="program", signs=True), "signing", "closed"),
        (view("ended", signs=True), "ended", "closed"),
    ]
    told = "given.map((one) => [m.saidOf(one, false, false), m.microphoneOf(one, false)])"
    found = run("parts/site/standing.js", told, [one for one, *_ in cases])
    assert found == [[said, microphone] for _, said, microphone in cases]
    lost = "given.map((one) => m.saidOf(one, true, true))"
    assert run("parts/site/standing.js", lost, [cases[1][0]]) == ["lost"]


def test_what_is_not_known_any_more_is_not_claimed() -> None:
    """The server cannot be reached, and media may flow, or may not yet be known to flow no more."""
    phases = ["prepared", "live", "paused", "ended"]
    views = [
        {"me": {"site": "left", "tally": tally, "put_out": out}, "session": {"phase": phase}}
        for tally, out, phase in [
            *(("program", False, phase) for phase in phases),
            ("none", False, "live"),
            ("none", True, "live"),
        ]
    ]
    found = run("parts/site/standing.js", "given.map((one) => m.saidOf(one, false, true))", views)
    assert found == ["unknown", "unknown", "unknown", "ended", "unknown", "out"]


H264 = "a=rtpmap:126 H264/90000\r\na=fmtp:126 profile-level-id=42e01f;packetization-mode=1\r\n"
OLD_H264 = "a=rtpmap:97 H264/90000\r\na=fmtp:97 profile-level-id=42e01f\r\n"
VP8 = "a=rtpmap:120 VP8/90000\r\na=fmtp:120 max-fs=12288;max-fr=60\r\n"
AV1 = "a=rtpmap:99 AV1/90000\r\n"


@pytest.mark.parametrize(
    ("received", "sent", "sends", "lack"),
    [
        (VP8 + H264, VP8 + H264, True, ""),
        (VP8 + AV1, VP8 + AV1, True, "watch"),  # Firefox that could not fetch OpenH264
        (VP8 + OLD_H264, VP8, False, "watch"),
        (H264, OLD_H264 + AV1, True, "send"),
        (H264, AV1, False, ""),  # beside a camera of the control room
    ],
)
def test_a_browser_that_lacks_a_format_is_told_apart(
    received: str, sent: str, sends: bool, lack: str
) -> None:
    """As the server takes the same offer."""
    offers = [f"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 126\r\n{part}" for part in (received, sent)]
    sdp = offers[0] + offers[1].removeprefix("v=0\r\n")
    told = run(
        "parts/common/formats.js", "m.lackIn(given.sdp, given.sends)", {"sdp": sdp, "sends": sends}
    )
    assert told == lack
