"""The pages' pure parts, run by Node: they must agree with what the server and the studio do."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.layout import Corner, Inset, Layout, seats_of
from broadcast.overlay.ticking import read
from broadcast.session.vietnamese import name_key
from tests.web.static.node import STATIC, run
from web.patches import diff

A_FEW_TIMES, MANY = settings(max_examples=5), 10
"""To start Node costs more than what it does then."""


def test_the_clock_reads_as_on_the_picture() -> None:
    """On all pages and on the picture the same digits turn at the same moment."""
    limits = [1_000, 60_000, 3_700_000]
    usages = [0, 1, 999, 1_000, 29_999, 30_000, 59_000, 59_999, 60_000, 60_999, 61_000, 3_669_999]
    usages += [3_700_000, 7_500_000]
    turns = [
        {
            "started_at_ms": 5_000,
            "limit_ms": limit,
            "paused_ms": paused,
            "warn_ms": warn,
            "now": 5_000 + paused + used,
        }
        for limit in limits
        for used in usages
        for paused, warn in ((0, 30_000), (4_000, 60_000))
    ]
    turns += [{**turn, "paused_at_ms": 6_500} for turn in turns]
    shown = run("clock.js", "given.map((turn) => m.read(turn, turn.now))", turns)
    for turn, mine in zip(turns, shown, strict=True):
        fields = {name: value for name, value in turn.items() if name != "now"}
        theirs = read(turn["now"], **fields)
        assert (mine["text"], mine["tone"], mine["paused"]) == (
            theirs.reading,
            theirs.tone,
            theirs.paused,
        ), turn


def test_the_seats_lie_where_the_studio_puts_them() -> None:
    shown = run("parts/operator/seats.js", "m.LAYOUTS.map((one) => [one, m.seatsOf(one)])")
    assert {name for name, _ in shown} == set(Layout)
    for name, rects in shown:
        expected = [
            {"x": r.x, "y": r.y, "width": r.width, "height": r.height}
            for r in seats_of(Layout(name))
        ]
        assert rects == expected
    insets = run(
        "parts/operator/seats.js",
        "given.map((one) => m.seatsOf('picture-in-picture', one)[1])",
        [{"corner": corner, "share": 0.36} for corner in Corner],
    )
    assert insets == [asdict(Inset(corner, 0.36).rect()) for corner in Corner]


@pytest.mark.parametrize(
    ("layout", "preview", "speaking", "seats"),
    [
        ("hall-and-speaker", ["hall"], "b", ["b", "hall"]),
        ("hall-and-speaker", ["hall"], None, ["a", "hall"]),
        ("hall-and-speaker", ["c"], "b", ["c", "hall"]),
        ("hall-and-speaker", ["hall", "c"], "hall", ["hall", "c"]),
        ("filmstrip", ["hall", "c"], "b", ["b", "hall", "c", "a"]),
        ("filmstrip", ["c", "hall"], "b", ["c", "hall", "b", "a"]),
        ("filmstrip", ["hall"], None, ["hall", "a", "b", "c"]),
        ("side-by-side", ["hall"], "b", ["hall", "b"]),
    ],
)
def test_the_hall_does_not_take_the_speakers_seat(
    layout: str, preview: list[str], speaking: str | None, seats: list[str]
) -> None:
    """Unless it has the floor itself. What the operator was preparing stays."""
    others = [*([speaking] if speaking else []), "hall", "a", "b", "c"]
    who = {"hall": "hall"} | ({"speaking": speaking} if speaking else {})
    found, alone = (
        run(
            "parts/operator/seats.js",
            "m.withLayout(...given)",
            [{"layout": "full", "sources": preview}, layout, there, who],
        )["sources"]
        for there in (others, [])
    )
    assert found == seats
    assert alone == preview


SITES = ["hall", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("layout"), st.sampled_from([str(one) for one in Layout])),
        st.tuples(st.just("seat"), st.integers(0, 8), st.sampled_from(SITES)),
        st.tuples(st.just("vacate"), st.integers(0, 8)),
    ),
    max_size=30,
)
WALK = """given.steps.reduce(([scene, ...before], [what, x, y]) => {
  const next = what === "layout" ? m.withLayout(scene, x, given.sites)
    : what === "seat" ? m.seated(scene, x, y) : m.vacated(scene, x);
  return [next, scene, ...before];
}, [{layout: "slate", sources: []}])"""


@A_FEW_TIMES
@given(st.lists(STEPS, min_size=MANY))
def test_no_click_makes_a_scene_that_the_rules_refuse(walks: list[list[tuple[Any, ...]]]) -> None:
    """No site twice, none without a seat: whatever is clicked in whatever order."""
    tried = [{"steps": steps, "sites": SITES} for steps in walks]
    for scene in run("parts/operator/seats.js", f"given.flatMap((given) => {WALK})", tried):
        sources = scene["sources"]
        assert len(set(sources)) == len(sources) <= Layout(scene["layout"]).seats


@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [  # RFC 7396, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        # and ours: what is null is missing, in lists too
        ({}, {"a": [{"b": None, "c": 1}]}, {"a": [{"c": 1}]}),
    ],
)
def test_merge_patch(target: Any, patch: Any, merged: Any) -> None:
    assert run("merge.js", "m.merge(given[0], given[1])", [target, patch]) == merged


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("aư", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)
VIEWS = st.dictionaries(st.sampled_from(["session", "floor", "queue", "sites"]), VALUES)


@A_FEW_TIMES
@given(st.lists(st.tuples(VIEWS, VIEWS), min_size=MANY))
def test_a_page_follows_the_server(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """The snapshot and the server's own patch give what a fresh snapshot would."""
    told, wanted = [], []
    for old, new in pairs:
        keys = {**dict.fromkeys(new), **dict.fromkeys(old)}
        before, after = ({key: view.get(key) for key in keys} for view in (old, new))
        told.append([before, diff(before, after)])
        wanted.append(_without_nulls(after))
    merged = "given.map(([before, patch]) => m.merge(m.merge(undefined, before), patch))"
    assert run("merge.js", merged, told) == wanted


def test_the_fastest_answer_sets_the_clock() -> None:
    told = run(
        "server_clock.js",
        """(() => {
          const clock = new m.ServerClock(() => 10_000);
          clock.pong(9_100, 16_900);
          clock.pong(9_980, 17_000 - 10);
          clock.pong(9_400, 16_850);
          return clock.now() - 10_000;
        })()""",
    )
    assert told == 7_000


def test_a_clock_that_was_set_is_found_out_at_the_next_answer() -> None:
    """Or a computer that slept: what was known of it before does not count any more."""
    told = run(
        "server_clock.js",
        """(() => {
          let own_ms = 10_000;
          const clock = new m.ServerClock(() => own_ms);
          clock.pong(9_980, 17_000 - 10);
          own_ms -= 240_000;
          clock.pong(own_ms - 90, 17_000);
          return clock.now() - 17_000;
        })()""",
    )
    assert told == 45


def test_the_servers_clock_is_set_together_with_the_view() -> None:
    """Whichever comes first, the answer to a ping or the patch."""
    told = run(
        "server_clock.js",
        """(() => {
          const clock = new m.ServerClock(() => 10_000);
          clock.pong(10_000, 17_000, 0);
          clock.pong(10_000, 3_617_000, 3_600_000);
          const before = clock.now();
          clock.follow(3_600_000);
          return [before, clock.now()];
        })()""",
    )
    assert told == [17_000, 3_617_000]


@pytest.mark.parametrize(("width", "height"), [(1180, 520), (820, 310), (550, 340)])
@pytest.mark.parametrize("rem", [13, 15])
@pytest.mark.parametrize("count", [1, 6, 11, 30, 50])
def test_tiles_fit_the_room_or_are_as_small_as_may_be(
    count: int, width: int, height: int, rem: int
) -> None:
    told = run("parts/operator/tiling.js", "m.tilingFor(...given)", [count, width, height, rem])
    columns = told["columns"]
    tile = (width + 8) / columns - 8
    rows = -(-count // columns)
    needed = rows * (tile * 9 / 16 + (32 if told["compact"] else 72) + 8) - 8
    assert 7 * rem <= tile <= 300
    assert needed <= height or (width + 8) / (columns + 1) - 8 < 7 * rem


CHARTS = "parts/operator/charts.js"


def test_a_chart_is_broken_where_nothing_is_known() -> None:
    columns = [[0, 5, None, 10], [None, None], [20], [1, None, 2, 3]]
    paths = run(CHARTS, "given.map((column) => m.pathOf(column, 10, 40, 20))", columns)
    assert paths == [
        "M0 20L5 20L15 10H20M30 0L35 0H40",
        "",
        "M0 0L20 0H40",
        "M0 18L5 18H10M20 16L25 16L35 14H40",
    ]


def test_a_chart_ends_at_a_round_number() -> None:
    given_values = [[[3, None]], [[0], [7, 12]], [[None]], [[100]], [[501]]]
    found = run(CHARTS, "given.map((columns) => m.ceilingOf(columns, 5))", given_values)
    assert found == [5, 20, 5, 100, 1000]


def test_equal_words_are_one_stretch() -> None:
    words = [None, "good", "good", "lost", None, "lost"]
    found = run(CHARTS, "m.stretches(given)", words)
    assert [(one["word"], one["from"], one["steps"]) for one in found] == [
        ("good", 1, 2),
        ("lost", 3, 1),
        ("lost", 5, 1),
    ]


GOOD_LINE = {
    "udp": True, "rtt_ms": 30, "loss_up_percent": 0.4, "loss_down_percent": 0,
    "down_bps": 9_000_000, "up_bps": 4_000_000,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "verdict", "faults"),
    [
        ({}, "good", []),
        ({"rtt_ms": None, "loss_up_percent": None, "loss_down_percent": None}, "good", []),
        ({"up_bps": 1_000_000}, "fair", ["slow_up"]),
        ({"loss_down_percent": 3.1}, "fair", ["loss"]),
        ({"loss_up_percent": 9, "rtt_ms": 200}, "poor", ["loss", "delay"]),
        ({"down_bps": 300_000, "up_bps": 2_000_000}, "poor", ["slow_down", "slow_up"]),
        ({"rtt_ms": 700}, "poor", ["delay"]),
        ({"up_bps": 20_000}, "none", ["slow_up"]),
        ({"loss_up_percent": 60}, "none", ["loss"]),
        ({"loss_up_percent": 20, "down_bps": 30_000}, "poor", ["loss", "slow_down"]),
        ({"udp": False}, "none", ["udp"]),
    ],
)
def test_what_a_line_is_good_for(changes: dict[str, Any], verdict: str, faults: list[str]) -> None:
    test = {key: value for key, value in (GOOD_LINE | changes).items() if value is not None}
    found = run("parts/site/verdict.js", "m.judge(given)", test)
    assert found == {"verdict": verdict, "faults": faults}


def test_an_echo_is_read_from_a_browser_s_statistics() -> None:
    """W3C webrtc-stats: the way up from our reports, the way down from what came back."""
    report = [
        {"type": "candidate-pair", "nominated": False, "currentRoundTripTime": 9},
        {"type": "candidate-pair", "nominated": True, "currentRoundTripTime": 0.5},
        {"type": "outbound-rtp", "packetsSent": 200},
        {
            "type": "remote-inbound-rtp", "packetsLost": 10,
            "totalRoundTripTime": 0.12, "roundTripTimeMeasurements": 3,
        },
        {"type": "inbound-rtp", "packetsLost": 19, "packetsReceived": 171},
    ]  # fmt: skip
    whole = run("parts/site/measure.js", "m.read(given)", report)
    assert whole == {"rtt_ms": 40, "loss_up_percent": 5, "loss_down_percent": 10}
    early = run("parts/site/measure.js", "m.read(given)", report[:3])
    assert early == {"rtt_ms": 500}
    assert run("parts/site/measure.js", "m.read(given)", []) == {}


CLOCKS = """
given.map(({skew_ms, answers}) => {
  let server_ms = 1_780_000_000_000;
  const clock = new m.ServerClock(() => server_ms + skew_ms);
  clock.guess(server_ms - 400);  // a snapshot that took its time
  for (const [up_ms, down_ms] of answers) {
    const sent_ms = clock.stamp();
    server_ms += up_ms;
    const told_ms = server_ms;
    server_ms += down_ms;
    clock.pong(sent_ms, told_ms);
  }
  return clock.now() - server_ms;
})
"""


def test_clocks_agree_though_the_computers_do_not() -> None:
    """Two pages an hour apart, on lines that tremble and are slower up than down: what both show is
    the server's time, within 50 ms each."""
    lines = [[30, 20], [400, 15], [25, 90], [60, 500]]
    given_values = [
        {"skew_ms": skew_ms, "answers": answers}
        for skew_ms in (0, -1_800_000, 1_800_000, 86_400_000)
        for answers in (lines, lines[:1], lines[::-1], [[90, 10]] * 3)
    ]
    wrong = run("server_clock.js", CLOCKS, given_values)
    assert max(abs(one) for one in wrong) <= 50


PEOPLE = [
    "Giàng A Dính", "Trần Ân", "Nguyễn Văn An", "Lò Thị Ân", "Nguyễn Thị An", "Lò Đan", "Lê Dân",
    "Điêu Thị Xuân", "Lỳ Thị Phượng", "Mùa A Lềnh", "Sùng Thị Sáy", "Pờ Mỳ Lế", "Vừ Ơn", "Vừ Ôn",
]  # fmt: skip


def test_people_stand_in_the_same_order_on_pages_and_in_lists() -> None:
    expression = "given.map((name) => ({name})).toSorted(m.byName).map((one) => one.name)"
    assert run("vietnamese.js", expression, PEOPLE) == sorted(PEOPLE, key=name_key)


def test_a_date_is_written_as_in_an_official_paper() -> None:
    dates = [[9, 7, 2026], [25, 11, 2026], [3, 2, 2027]]
    told = ["Hội trường tỉnh, ngày 09 tháng 7 năm 2026", "9/7/2026", "09.07.2026, 8 giờ"]
    other = ["", "ngày 19 tháng 7 năm 2026", "9/7/2025", "9/17/2026"]
    named = "given.map((one) => m.namesDay(one, 9, 7, 2026))"
    assert run("vietnamese.js", named, told + other) == [True] * 3 + [False] * 4
    assert run("vietnamese.js", "given.map((one) => m.dayInWords(...one))", dates) == [
        "ngày 09 tháng 7 năm 2026", "ngày 25 tháng 11 năm 2026", "ngày 03 tháng 02 năm 2027",
    ]  # fmt: skip


def test_times_are_the_councils_on_a_computer_of_another_zone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    hours = [*range(48), *range(24 * 86, 24 * 89), *range(24 * 296, 24 * 299)]  # Berlin's summer
    begin = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    moments_ms = [round(begin + 3600 * hour) * 1000 + 999 for hour in hours]
    for zone in ("Asia/Ho_Chi_Minh", "Europe/Berlin", "Asia/Kathmandu", "America/New_York"):
        theirs = [datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)) for at_ms in moments_ms]
        both = "(({wall, moment}) => given.map((at) => [wall(at), wall(moment(wall(at)))]))"
        shown = run("zone.js", f"{both}(m.clocksOf({zone!r}))", moments_ms)
        assert shown == [[f"{at:%Y-%m-%d %H:%M:%S}"] * 2 for at in theirs]
    to_the_minute = run("zone.js", "m.clocksOf('Asia/Ho_Chi_Minh').moment('2026-07-09T08:15')")
    assert to_the_minute == datetime(2026, 7, 9, 1, 15, tzinfo=UTC).timestamp() * 1000


PRESSES = """await (async () => {
  const {Refusal} = await import(given.server);
  const sent = [], open = [];
  const box = new m.Outbox((command) => new Promise((answer, refuse) => {
    sent.push(command.type + (command.site ?? ""));
    open.push({answer, refuse});
  }));
  const told = given.presses.map((command) => box.give(command).catch((error) => error.code));
  for (let at = 0; at < given.presses.length; at += 1) {
    await new Promise(setImmediate);
    const fault = given.faults[at];
    const one = open[at];
    if (fault && one) one.refuse(new Refusal(fault.code, "", fault.status));
    else one?.answer(1);
  }
  return [sent, await Promise.all(told)];
})()"""


def presses(*commands: dict[str, Any], faults: dict[str, Any] | None = None) -> Any:
    """What was sent, in this order, and what became of each press."""
    server = (STATIC / "server.js").as_uri()
    told = {"presses": commands, "faults": faults or {}, "server": server}
    return run("outbox.js", PRESSES, told)


def test_no_press_overtakes_another_or_is_lost() -> None:
    """Two cuts are two cuts, as on any mixer; a picture is there before the cut that shows it."""
    cut, longer, call = {"type": "cut"}, {"type": "extend_turn"}, {"type": "call"}
    a, b = {"type": "set_preview", "site": "A"}, {"type": "set_preview", "site": "B"}
    sent, done = presses(a, cut, cut, longer, longer, call, call, b, a)
    assert sent == [
        "set_previewA", "cut", "cut", "extend_turn", "extend_turn", "call", "set_previewB",
        "set_previewA",
    ]  # fmt: skip
    assert done == [True] * 6 + [False, True, True], "the same again, in one breath: once"


def test_what_waits_for_a_server_that_is_gone_does_not_come_late() -> None:
    cut, mute, end = {"type": "cut"}, {"type": "mute_all"}, {"type": "end_turn"}
    sent, done = presses(cut, mute, end, faults={"0": {"code": "refused", "status": 409}})
    assert (sent, done) == (["cut", "mute_all", "end_turn"], ["refused", True, True])
    sent, done = presses(cut, mute, end, faults={"0": {"code": "unreachable", "status": 0}})
    assert (sent, done) == (["cut"], ["unreachable"] * 3)
    sent, done = presses(cut, mute, faults={"0": {"code": "unanswered", "status": 0}})
    assert (sent, done) == (["cut"], ["unanswered", "unreachable"]), "only the first is in doubt"
    sent, done = presses(*[cut] * 13)
    assert (len(sent), done[-1]) == (12, "unreachable"), "nobody means more than that"
