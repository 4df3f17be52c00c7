"""Each alarm in the situation it is for, and silence where nothing is wrong."""

from dataclasses import replace
from typing import Any

import pytest

from broadcast.interpreters import Language, Signer
from broadcast.layout import Layout
from broadcast.program import Scene
from broadcast.session.model import (
    AgendaItem,
    ItemId,
    ItemKind,
    Phase,
    SessionState,
    Site,
    SiteKind,
)
from config.settings import Program, Recording, Settings
from streams.frames import SiteId
from streams.lines import DownLine, Line
from web.alarms import PATIENCE_MS, Alarm, Situation, due, judge
from web.outside import Calm, Outside, Pace, hours_left, line_quality
from web.statuses import (
    CameraState,
    Fault,
    PushState,
    Report,
    Studio,
    Witness,
    Word,
    studio_of,
    witness_of,
)

HALL, LAY, CABIN = SiteId("hall"), SiteId("muong-lay"), SiteId("cabin")
GOOD = Line("H264", 1280, 720, 2e6, 0.0, 20.0, 1.0, True, True, 0)
BACK = DownLine(0, 0, 3e6, 0.0, 20.0, 1.6e6, 0)
DISK = 10**12
RUNNING = Studio(state="running", recording=True, disk_free_bytes=DISK, frames=1000)
STATE = SessionState(
    sites={HALL: Site(HALL, "Hội trường", SiteKind.HALL), LAY: Site(LAY, "Mường Lay")},
    phase=Phase.LIVE,
    program=Scene(Layout.FULL, (LAY,)),
)
WORLD = Outside(
    10**9, lines={HALL: GOOD, LAY: GOOD}, studio=RUNNING, attached=True, heard_at_ms={LAY: 10**9},
    met=frozenset({HALL, LAY}),
)  # fmt: skip


def _codes(state: SessionState = STATE, **changes: Any) -> list[str]:
    world = replace(WORLD, **changes)
    situation = Situation(state, world, Recording(), Program(), started_at_ms=0, resumed=False)
    return [alarm.code for alarm in judge(situation, ())]


def _lay(**changes: Any) -> dict[str, Any]:
    return {"lines": {HALL: GOOD, LAY: replace(GOOD, **changes)}}


def _studio(**changes: Any) -> dict[str, Any]:
    return {"studio": RUNNING.model_copy(update=changes)}


def _witness(**changes: Any) -> dict[str, Any]:
    return {"witness": Witness(state="running", width=1280, height=720).model_copy(update=changes)}


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"attached": False, "lines": {}}, []),
        (_lay(video_alive=False), ["picture_lost"]),
        (_lay(audio_alive=False), ["sound_lost"]),
        (_lay(video_alive=False, audio_alive=False), ["site_gone"]),
        (_lay(loss_percent=9.0), ["line_poor"]),
        ({"returns": {LAY: replace(BACK, stills=True)}}, ["return_poor"]),
        ({"returns": {LAY: replace(BACK, rendition=1)}}, []),
        ({"lines": {HALL: GOOD}}, ["site_gone"]),
        ({"lines": {HALL: GOOD}, "met": frozenset({HALL})}, ["site_absent"]),
        ({"lines": {HALL: GOOD}, "reports": {LAY: Report()}}, ["site_sends_nothing"]),
        ({"lines": {LAY: GOOD}}, ["hall_absent"]),
        ({"reports": {LAY: Report(camera="denied")}}, ["camera_denied"]),
        ({"reports": {LAY: Report(microphone="lost")}}, ["microphone_lost"]),
        (_studio(recording=False), ["not_recording"]),
        (_studio(disk_free_bytes=10**10), ["disk_low"]),
        (_studio(disk_free_bytes=10**6), ["disk_full"]),
        (_studio(disk_free_bytes=10**6, faults=(Fault(code="disk_full"),)), ["disk_full"]),
        (_studio(recording=False, faults=(Fault(code="disk_full"),)), ["disk_quota"]),
        (_studio(recording=False, faults=(Fault(code="disk_error"),)), ["disk_error"]),
        (_studio(faults=(Fault(code="disk_slow"),)), ["disk_slow"]),
        (_studio(faults=(Fault(code="sites_not_kept", detail="x"),)), ["sites_not_kept"]),
        (
            _studio(faults=(Fault(code="disk_slow"), Fault(code="recording_gaps"))),
            ["recording_gaps"],
        ),
        (_studio(faults=(Fault(code="sites_gaps", detail="12"),)), ["sites_gaps"]),
        (_studio(faults=(Fault(code="site_not_kept", detail=LAY),)), ["site_not_kept"]),
        (_studio(faults=(Fault(code="site_not_kept", detail="gone"),)), []),
        (_studio(faults=(Fault(code="clock_set", detail="+3600"),)), ["clock_set"]),
        (
            _studio(recording=False, faults=(Fault(code="sites_not_kept"),)),
            ["not_recording", "sites_not_kept"],
        ),
        (_studio(disk_free_bytes=None), []),
        (_witness(), []),
        (_witness(stream="another", grew_s=60), []),
        (_witness(grew_s=6), ["archive_stopped"]),
        (_witness(held_s=8), ["archive_stopped"]),
        (
            _witness(grew_s=6) | _studio(recording=False, faults=(Fault(code="disk_error"),)),
            ["disk_error"],
        ),
        (_witness(unreadable="Invalid data"), ["archive_unreadable"]),
        (_witness(unserved="Connection refused"), ["archive_unserved"]),
        (_witness(rendition="360p: 320×180, not 640×360"), ["archive_rendition"]),
        (_witness(apart_ms=400), ["archive_apart"]),
        (_witness(width=640, height=360), ["archive_size"]),
        (_witness(still_s=4, black_s=4), ["archive_black"]),
        (_witness(still_s=4), ["archive_still"]),
        (_witness(still_s=4) | _lay(video_alive=False), ["picture_lost"]),
        (_witness(silent_s=60), []),
        ({"witness": Witness(state="lost")}, ["witness_lost"]),
        ({"witness": Witness(state="starting")}, []),
        ({"studio": Studio(state="lost")}, ["studio_lost"]),
        ({"studio": Studio(state="starting")}, ["studio_starting"]),
        ({"late_share": 0.1}, ["late_frames"]),
        (
            _studio(cameras=(CameraState(site=LAY, detail="Connection refused"),)),
            ["camera_waiting"],
        ),
        (_studio(cameras=(CameraState(site=LAY, since_ns=1),)), []),
        (_studio(pushes=(PushState(name="VTV", state="waiting"),)), ["push_waiting"]),
        (_studio(pushes=(PushState(name="VTV", state="sending"),)), []),
    ],
)
def test_each_alarm(changes: dict[str, Any], codes: list[str]) -> None:
    assert _codes(**changes) == codes


def test_an_interpreter_who_is_not_seen() -> None:
    signed = replace(STATE, program=Scene(Layout.FULL, (HALL,)), signer=Signer(LAY))
    assert _codes(signed) == []
    assert _codes(signed, **_lay(audio_alive=False)) == [], "his sound is nobody's concern"
    assert _codes(signed, **_lay(video_alive=False)) == ["signer_lost"]
    assert _codes(signed, lines={HALL: GOOD}) == ["signer_lost"]
    assert _codes(replace(signed, phase=Phase.ENDED), lines={HALL: GOOD}) == []


def test_an_open_microphone_without_a_sound() -> None:
    state = replace(STATE, open_microphones=frozenset({LAY}))
    assert _codes(state) == []
    assert _codes(state, heard_at_ms={LAY: 10**9 - 9000}) == ["microphone_silent"]


def test_a_recording_without_the_sound_that_somebody_makes() -> None:
    state = replace(STATE, open_microphones=frozenset({LAY}))
    assert _codes(state, **_witness(silent_s=5)) == ["archive_silent"]
    assert _codes(state, **_witness(silent_s=2)) == []
    quiet = {"heard_at_ms": {LAY: 10**9 - 5000}}
    assert _codes(state, **_witness(silent_s=5), **quiet) == []


def test_a_language_without_the_interpreter_who_speaks() -> None:
    booth = Site(CABIN, "Cabin", booth=Language("hmn", "Tiếng Mông"))
    state = replace(STATE, sites=STATE.sites | {CABIN: booth}, open_microphones=frozenset({CABIN}))
    there = {"lines": {**WORLD.lines, CABIN: GOOD}}
    speaks = there | {"heard_at_ms": {CABIN: 10**9}}
    assert _codes(state, **speaks, **_witness(languages={"hmn": 5})) == ["language_silent"]
    assert _codes(state, **speaks, **_witness(languages={"hmn": 2})) == []
    paused = there | {"heard_at_ms": {CABIN: 10**9 - 5000}}
    assert _codes(state, **paused, **_witness(languages={"hmn": 5})) == []
    closed = replace(state, phase=Phase.PAUSED)
    assert _codes(closed, **speaks, **_witness(languages={"hmn": 5})) == []


def test_a_language_that_is_the_rooms_own_although_its_interpreter_speaks() -> None:
    booth = Site(CABIN, "Cabin", booth=Language("hmn", "Tiếng Mông"))
    state = replace(STATE, sites=STATE.sites | {CABIN: booth}, open_microphones=frozenset({CABIN}))
    there = {"lines": {**WORLD.lines, CABIN: GOOD}, "heard_at_ms": {CABIN: 10**9}}
    speaks = there | {"spoke_at_ms": {CABIN: 10**9 - 1000}}
    assert _codes(state, **speaks, **_witness(alike={"hmn": 4})) == ["language_missing"]
    assert _codes(state, **speaks, **_witness(alike={"hmn": 1})) == []
    assert _codes(state, **there, **_witness(alike={"hmn": 60})) == [], "nobody speaks there"
    closed = replace(state, phase=Phase.PAUSED)
    assert _codes(closed, **speaks, **_witness(alike={"hmn": 4})) == []


def test_what_the_public_is_not_to_see_may_stand_still() -> None:
    witness = _witness(still_s=60, black_s=60, silent_s=60)
    for hidden in (
        replace(STATE, phase=Phase.PAUSED),
        replace(STATE, program=Scene(Layout.SLATE)),
    ):
        assert _codes(replace(hidden, open_microphones=frozenset()), **witness) == []


def test_a_session_that_was_resumed_says_so_for_a_while() -> None:
    early = replace(WORLD, now_ms=1000)
    situation = Situation(STATE, early, Recording(), Program(), started_at_ms=0, resumed=True)
    assert [alarm.code for alarm in judge(situation, ())] == ["resumed"]
    late = replace(situation, outside=replace(WORLD, now_ms=10**6))
    assert judge(late, ()) == ()


def test_an_alarm_keeps_its_age_and_waits_its_time() -> None:
    world = replace(WORLD, lines={HALL: GOOD})
    before = (Alarm("site_gone", LAY, 5),)
    situation = Situation(STATE, world, Recording(), Program(), 0, resumed=False)
    assert judge(situation, before)[0].since_at_ms == 5
    fresh = judge(situation, ())
    assert due(fresh, world.now_ms) == ()
    assert due(fresh, world.now_ms + PATIENCE_MS["site_gone"]) == fresh


def test_a_clock_that_is_set_back_hides_no_alarm() -> None:
    situation = Situation(
        STATE, replace(WORLD, lines={HALL: GOOD}), Recording(), Program(), 0, resumed=False
    )
    before = (Alarm("site_gone", LAY, WORLD.now_ms + 3_600_000),)
    again = judge(situation, before)
    assert due(again, WORLD.now_ms + PATIENCE_MS["site_gone"]) == again


def test_late_pictures_of_the_last_minute_only() -> None:
    pace = Pace()
    shares = [
        pace.late_share(Studio(frames=second * 25, late_frames=min(second, 60) * 5), second * 1000)
        for second in range(200)
    ]
    assert shares[5] == 0
    assert shares[50] == pytest.approx(0.2)
    assert shares[199] == 0
    assert pace.late_share(Studio(frames=10, late_frames=10), 200_000) == 0


def test_how_long_the_disk_lasts() -> None:
    settings = Settings(program=Program(video_bitrate_bps=2_500_000))
    ladder_bps = 2_500_000 + 500_000 + 130_000 + 4 * 128_000
    room = ladder_bps // 8 * 3600
    studio = Studio(disk_free_bytes=settings.recording.stop_free_bytes + room)
    assert hours_left(studio, settings) == 1.0
    assert hours_left(Studio(disk_free_bytes=0), settings) == 0
    assert hours_left(Studio(), settings) is None


@pytest.mark.parametrize(
    ("status", "gone_ms", "state"),
    [
        ({"recording": True}, None, "running"),
        ({"recording": []}, None, "running"),
        ({}, None, "starting"),
        ({"recording": True}, 1000, "starting"),
        ({}, 9000, "lost"),
    ],
)
def test_whether_the_studio_is_there(
    status: dict[str, Any], gone_ms: int | None, state: str
) -> None:
    assert studio_of(Word(status, gone_ms)).state == state
    assert witness_of(Word(status, gone_ms)).state == state


def test_one_that_is_there_and_says_nothing_hangs() -> None:
    studio = studio_of(Word({"recording": True}, age_ms=6000))
    assert (studio.state, studio.recording) == ("running", True)
    assert _codes(studio=studio) == ["studio_silent"]
    assert studio_of(Word({"recording": True}, age_ms=3000)).silent_s == 0
    assert witness_of(Word({"stream": "x"}, age_ms=6000)).state == "lost"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "good"),
        ({"loss_percent": 2.0}, "fair"),
        ({"rtt_ms": 300.0}, "fair"),
        ({"loss_percent": 7.0}, "poor"),
        ({"rtt_ms": None}, "good"),
        ({"video_alive": False, "audio_alive": False}, "lost"),
    ],
)
def test_a_line_in_one_word(changes: dict[str, Any], word: str) -> None:
    assert line_quality(replace(GOOD, **changes)) == word
    assert line_quality(None) == "lost"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "good"),
        ({"rendition": 1}, "fair"),
        ({"loss_percent": 2.0}, "fair"),
        ({"loss_percent": 8.0}, "poor"),
        ({"rendition": 2, "stills": True}, "poor"),
        ({"rendition": 2, "sound": 1}, "poor"),
        ({"rendition": None}, "good"),
        ({"rendition": None, "sound": 1}, "poor"),
    ],
)
def test_the_worse_of_both_ways_counts(changes: dict[str, Any], word: str) -> None:
    assert line_quality(GOOD, replace(BACK, **changes)) == word
    assert line_quality(None, replace(BACK, **changes)) == "lost"


def test_one_lost_packet_is_no_bad_line_and_steady_loss_is_one() -> None:
    calm = Calm()

    def words(losses: list[float], from_s: int) -> list[str]:
        lines = [{LAY: replace(GOOD, loss_percent=loss)} for loss in losses]
        calmed = [calm.of(line, 1000 * (from_s + at)) for at, line in enumerate(lines)]
        return [line_quality(line[LAY]) for line in calmed]

    assert words([0.0] * 5 + [3.0] + [0.0] * 5, 0) == ["good"] * 11
    steady = words([8.0] * 8, 11)
    assert steady[2] != "good"
    assert steady[-1] == "poor"
    assert calm.of({}, 20_000) == {}
    assert calm.of({LAY: GOOD}, 21_000) == {LAY: GOOD}


def test_a_closed_part_that_is_not_kept_is_told() -> None:
    item = AgendaItem(ItemId("kin"), "Nhân sự", ItemKind.OTHER, closed=True)
    state = replace(STATE, agenda=(item,), current_item=item.id)
    assert _codes(state) == ["not_sealed"]
    assert _codes(state, **_studio(sealing=True)) == []
    assert _codes(replace(state, phase=Phase.PAUSED)) == []
    fault = Fault(code="not_sealed", detail="No space left on device")
    assert _codes(state, **_studio(faults=(fault,))) == ["not_sealed"]
