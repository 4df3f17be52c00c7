"""Every alarm is on the operator's page within ten seconds of its cause, in virtual time.

Each cause is let happen at time zero, at its worst moment, and the relay looks every half second.
What is between the cause and the relay's look (the studio's status, a line that is given up) counts
with the time that its own part takes. What concerns the recording is really recorded, and watched
by the real witness.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import av
import pytest

from broadcast.interpreters import Language, Signer
from broadcast.layout import Layout
from broadcast.outputs.disk import Disk
from broadcast.outputs.push import TOLD_S
from broadcast.outputs.renditions import Renditions
from broadcast.outputs.segments import DISK_CHECK_S
from broadcast.outputs.shelf import OPEN
from broadcast.outputs.sites import UNKEPT_S
from broadcast.program import Scene
from broadcast.session.model import AgendaItem, ItemId, ItemKind, SessionState, Site
from broadcast.studio.encoders import AacEncoder, H264Encoder
from broadcast.witness.main import LOOK_S as WITNESS_LOOK_S
from broadcast.witness.served import ALL_WELL, TIMEOUT_S, Served
from broadcast.witness.watch import Watch
from config.settings import Program, Recording
from streams.frames import Codec, Feed, Packet, SiteId
from streams.uplink.stream import STOPPED_NS
from tests import media
from tests.broadcast.outputs.streams import EPOCH_S, FRAME, PROGRAM
from tests.broadcast.witness.test_witness import black, frozen, moving
from tests.web.test_alarms import BACK, GOOD, HALL, LAY, RUNNING, STATE, WORLD
from web.alarms import Alarm, Situation, due, judge
from web.on_air import LOOK_S
from web.outside import Calm, Outside, Pace
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

PROMISED_S = 10.0
STATUS_S = 1.0
"""The studio states its status so often."""
ALIVE_S = STOPPED_NS / 1e9
NOW_MS = 10**9

Tell = Callable[[float], Outside]
"""The world as the relay has it, so many seconds after the cause."""


def catalogue() -> set[str]:
    texts = json.loads(Path("web/texts/vi/server.json").read_text("utf-8"))
    return {key.removeprefix("alarm.") for key in texts if key.startswith("alarm.")}


def shown_after_s(code: str, state: SessionState, cause: Callable[[], Tell]) -> float:
    """Until the page has it, whatever the phase of the relay's looks; never before the cause."""
    worst = 0.0
    for phase in range(5):
        alarms: Sequence[Alarm] = ()
        tell = cause()
        at_s = phase * LOOK_S / 5 - 2 * LOOK_S
        while code not in {alarm.code for alarm in due(alarms, NOW_MS + round(at_s * 1000))}:
            at_s += LOOK_S
            assert at_s < 60, f"{code} never comes"
            world = replace(tell(at_s), now_ms=NOW_MS + round(at_s * 1000))
            situation = Situation(state, world, Recording(), Program(), 0, resumed=False)
            alarms = judge(situation, alarms)
        assert at_s >= 0, f"{code} without a cause"
        worst = max(worst, at_s)
    return worst


def studio(after_s: float = STATUS_S, **changes: Any) -> Tell:
    """A status that says so, `after_s` after the cause."""
    changed = replace(WORLD, studio=RUNNING.model_copy(update=changes))
    return lambda at_s: changed if at_s >= after_s else WORLD


def world(after_s: float = 0.0, **changes: Any) -> Tell:
    return lambda at_s: replace(WORLD, **changes) if at_s >= after_s else WORLD


def lay(**changes: Any) -> Tell:
    return world(ALIVE_S, lines={HALL: GOOD, LAY: replace(GOOD, **changes)})


def fault(code: str) -> Tell:
    return studio(DISK_CHECK_S + STATUS_S, faults=(Fault(code=code),))


def gone(at_s: float) -> Outside:
    word = Word({}, round(at_s * 1000))
    return replace(WORLD, studio=studio_of(word), witness=witness_of(word)) if at_s >= 0 else WORLD


def hanging(at_s: float) -> Outside:
    """The last status came just before."""
    word = Word(RUNNING.model_dump(), age_ms=max(0, round(at_s * 1000)))
    seen = Word(Witness().model_dump(), age_ms=max(0, round(at_s * 1000)))
    return replace(WORLD, studio=studio_of(word), witness=witness_of(seen))


def lossy() -> Tell:
    """A tenth is lost from now on, told once a second and made calm."""
    calm = Calm()
    calm.of({LAY: GOOD}, NOW_MS - 1000)

    def tell(at_s: float) -> Outside:
        line = replace(GOOD, loss_percent=10.0 if at_s >= STATUS_S else 0.0)
        now_ms = NOW_MS + round(at_s * 1000)
        return replace(WORLD, lines=calm.of({HALL: GOOD, LAY: line}, now_ms))

    return tell


def overloaded() -> Tell:
    """After a good minute a quarter of the pictures is late."""
    pace = Pace()
    for second in range(-70, 0):
        pace.late_share(Studio(frames=(second + 100) * 25), NOW_MS + second * 1000)

    def tell(at_s: float) -> Outside:
        second = max(0, int(at_s))
        status = Studio(frames=(second + 100) * 25, late_frames=second * 25 // 4)
        return replace(WORLD, late_share=pace.late_share(status, NOW_MS + round(at_s * 1000)))

    return tell


def unheard(at_s: float) -> Outside:
    return replace(WORLD, heard_at_ms={LAY: NOW_MS + round(min(0.0, at_s) * 1000)})


OPENED = replace(STATE, open_microphones=frozenset({LAY}))
CLOSED = replace(
    STATE, agenda=(AgendaItem(ItemId("k"), "", ItemKind.OTHER, closed=True),),
    current_item=ItemId("k"),
)  # fmt: skip
SIGNED = replace(STATE, program=Scene(Layout.FULL, (HALL,)), signer=Signer(LAY))
SEALING = RUNNING.model_copy(update={"sealing": True})


def unsealed(at_s: float) -> Outside:
    return replace(WORLD, studio=RUNNING if at_s >= STATUS_S else SEALING)


def reported(**device: Any) -> Tell:
    """Its page says so every two seconds (`web/static/parts/site/line.js`)."""
    return world(2.0, reports={LAY: Report(**device)})


CAUSES: dict[str, tuple[SessionState, Callable[[], Tell]]] = {
    "studio_starting": (STATE, lambda: gone),
    "studio_lost": (STATE, lambda: gone),
    "studio_silent": (STATE, lambda: hanging),
    "witness_lost": (STATE, lambda: hanging),
    "not_recording": (STATE, lambda: studio(recording=False)),
    "not_sealed": (CLOSED, lambda: unsealed),
    "late_frames": (STATE, overloaded),
    "disk_low": (STATE, lambda: studio(DISK_CHECK_S + STATUS_S, disk_free_bytes=10**10)),
    "disk_full": (STATE, lambda: studio(DISK_CHECK_S + STATUS_S, disk_free_bytes=10**6)),
    "disk_quota": (STATE, lambda: fault("disk_full")),
    "disk_error": (STATE, lambda: fault("disk_error")),
    "disk_slow": (STATE, lambda: fault("disk_slow")),
    "clock_set": (STATE, lambda: fault("clock_set")),
    "sites_not_kept": (STATE, lambda: fault("sites_not_kept")),
    "site_not_kept": (
        STATE,
        lambda: studio(
            UNKEPT_S + STATUS_S, faults=(Fault(code="site_not_kept", detail=LAY),)
        ),
    ),
    "recording_gaps": (STATE, lambda: fault("recording_gaps")),
    "sites_gaps": (STATE, lambda: fault("sites_gaps")),
    "push_waiting": (
        STATE, lambda: studio(TOLD_S + STATUS_S, pushes=(PushState(name="a", state="waiting"),)),
    ),
    "camera_waiting": (STATE, lambda: studio(cameras=(CameraState(site=LAY),))),
    "site_gone": (STATE, lambda: lay(video_alive=False, audio_alive=False)),
    "site_absent": (STATE, lambda: world(0, lines={HALL: GOOD}, met=frozenset({HALL}))),
    "hall_absent": (STATE, lambda: world(ALIVE_S, lines={LAY: GOOD})),
    "site_sends_nothing": (
        STATE, lambda: world(ALIVE_S, lines={HALL: GOOD}, reports={LAY: Report()}),
    ),
    "picture_lost": (STATE, lambda: lay(video_alive=False)),
    "sound_lost": (STATE, lambda: lay(audio_alive=False)),
    "signer_lost": (SIGNED, lambda: lay(video_alive=False)),
    "line_poor": (STATE, lossy),
    "return_poor": (STATE, lambda: world(returns={LAY: replace(BACK, stills=True)})),
    "camera_denied": (STATE, lambda: reported(camera="denied")),
    "camera_lost": (STATE, lambda: reported(camera="lost")),
    "microphone_denied": (STATE, lambda: reported(microphone="denied")),
    "microphone_lost": (STATE, lambda: reported(microphone="lost")),
    "microphone_silent": (OPENED, lambda: unheard),
}  # fmt: skip


@pytest.mark.parametrize("code", CAUSES)
def test_it_is_told_in_time(code: str) -> None:
    state, cause = CAUSES[code]
    assert shown_after_s(code, state, cause) <= PROMISED_S


def test_of_two_processes_that_hang_or_die_alike() -> None:
    assert shown_after_s("witness_lost", STATE, lambda: gone) <= PROMISED_S


# The recording: what the witness sees of it.

RECORDING = Recording(part_ms=200, segment_ms=2000, stop_free_bytes=0, warn_free_bytes=0)
GOOD_S, BAD_S = 4, 11
CAUSE_S = GOOD_S + 1 / 25
"""Just after a keyframe: what is wrong with pictures is seen with the next one."""
SMALL = PROGRAM.model_copy(update={"width": 160, "height": 90})
BETWEEN = bytes((0, 0, 0, 1, 0x41, 0x9A))
"""In place of the pictures between keyframes, which nobody decodes."""
STUDIO_S = 0.35
"""From the time that a picture is of to when its packet is written: composing, encoding, a look of
the writing thread."""
CABIN, HMONG = SiteId("cabin"), Language("hmn", "Tiếng Mông")
LINE = replace(WORLD, lines={**WORLD.lines, CABIN: GOOD})


class NoSync(Disk):
    def sync(self, file: object) -> None:
        """It need not last."""


@cache
def picture(draw: Callable[[int], media.Planar], number: int, program: Program = PROGRAM) -> bytes:
    """A keyframe: of all pictures the witness decodes no others."""
    frame = av.VideoFrame.from_ndarray(draw(number), "yuv420p")
    return H264Encoder(program).encode(frame, 0, key=True)


@cache
def sounds(level_dbfs: float, feed: str = Feed.PUBLIC) -> tuple[Packet, ...]:
    encoder, made = AacEncoder(), []
    tone = media.tone(1000, GOOD_S + BAD_S, level_dbfs=level_dbfs)
    for block in range((GOOD_S + BAD_S) * 50):
        samples = tone[None, block * 960 : block * 960 + 960].repeat(2, axis=0)
        for at, data in encoder.encode(samples, EPOCH_S * 48_000 + block * 960):
            made.append(Packet(feed, Codec.AAC, at, True, True, data))
    return tuple(made)


def made(what: str) -> list[Packet]:
    """Good for a while, and then not; by time, sound a little behind."""
    drawn = {"black": (black, PROGRAM), "frozen": (frozen, PROGRAM), "small": (moving, SMALL)}
    packets: list[Packet] = []
    for number in range((GOOD_S + BAD_S) * 25):
        draw, program = (
            drawn.get(what, (moving, PROGRAM)) if number > GOOD_S * 25 else (moving, PROGRAM)
        )
        key, pts = number % 50 == 0, EPOCH_S * 90_000 + number * FRAME
        data = picture(draw, number // 50, program) if key else BETWEEN
        packets.append(Packet(Feed.ROOM, Codec.H264, pts, key, True, data))
    spoken, heard = sounds(-20, Feed.language(HMONG.code)), sounds(-12)
    if what == "mute":
        heard = (*filter(early, heard), *filter(late, sounds(-120)))
    if what == "dumb":
        silence = sounds(-120, Feed.language(HMONG.code))
        spoken = (*filter(early, spoken), *filter(late, silence))
    if what == "alone":
        rooms = sounds(-12, Feed.language(HMONG.code))
        spoken = (*filter(early, spoken), *filter(late, rooms))
    if what == "torn":
        heard = tuple(one for one in heard if early(one) or media_s(one) % 0.2 >= 0.15)
    return sorted(
        [*packets, *spoken, *heard], key=lambda one: media_s(one) + 0.02 * (one.codec is Codec.AAC)
    )


def early(packet: Packet) -> bool:
    return not late(packet)


def late(packet: Packet) -> bool:
    return media_s(packet) >= CAUSE_S


def media_s(packet: Packet) -> float:
    return packet.pts / packet.codec.clock_rate - EPOCH_S


def watched(
    folder: Path, recorder: Renditions, what: str
) -> Iterator[tuple[float, dict[str, Any]]]:
    """Every tenth of a second, what the witness said last."""
    told = ALL_WELL
    watch = Watch(folder, "x", lambda: told, 0.0, (HMONG,))
    coming, said = made(what)[::-1], watch.statement(0.0)
    look_s, held_s = 0.4, 0.0
    for tenth in range((GOOD_S + BAD_S) * 10):
        now_s = tenth / 10
        bad = now_s >= CAUSE_S
        while coming and media_s(coming[-1]) <= now_s - STUDIO_S:
            packet = coming.pop()
            if not (what == "stopped" and bad):
                recorder.take(packet)
        if what == "spoilt" and bad:
            for init in (folder / "x").glob("init-*.mp4"):
                init.write_bytes(bytes(800))
        if bad and what in {"unserved", "rendition"}:
            told, held_s = Served(**{what: "x"}), TIMEOUT_S
        if now_s >= look_s:
            watch.look(now_s)
            # A server that gives no answer holds up the look.
            look_s = now_s + WITNESS_LOOK_S + held_s
            said = watch.statement(now_s)
        yield now_s - CAUSE_S, said


SEEN = {
    "archive_stopped": "stopped",
    "archive_unreadable": "spoilt",
    "archive_unserved": "unserved",
    "archive_rendition": "rendition",
    "archive_size": "small",
    "archive_apart": "torn",
    "archive_still": "frozen",
    "archive_black": "black",
    "archive_silent": "mute",
    "language_silent": "dumb",
    "language_missing": "alone",
}


@pytest.mark.parametrize("code", SEEN)
def test_what_is_wrong_with_the_recording_is_told_in_time(code: str, tmp_path: Path) -> None:
    shown: set[str] = set()
    alarms: Sequence[Alarm] = ()
    program, state = PROGRAM, replace(OPENED, id="x")
    state = replace(
        state,
        sites=state.sites | {CABIN: Site(CABIN, "Cabin", booth=HMONG)},
        open_microphones=state.open_microphones | {CABIN},
    )
    disk = NoSync()
    recorder = Renditions(tmp_path / "x", PROGRAM, RECORDING, disk, OPEN, lambda: 0, (HMONG,))
    for at_s, said in watched(tmp_path, recorder, SEEN[code]):
        now_ms = NOW_MS + round(at_s * 1000)
        if at_s < -GOOD_S + 3 or round(at_s * 10 + 0.4) % 5:
            continue
        witness = Witness.model_validate({**said, "state": "running", "stream": "x"})
        outside = replace(
            LINE, now_ms=now_ms, witness=witness, heard_at_ms={LAY: now_ms, CABIN: now_ms},
            spoke_at_ms={CABIN: now_ms},
        )  # fmt: skip
        situation = Situation(state, outside, RECORDING, program, 0, resumed=False)
        alarms = judge(situation, alarms)
        shown = {alarm.code for alarm in due(alarms, now_ms)}
        if shown:
            break
    recorder.abandon()
    assert shown == {code}
    assert 0 < at_s <= PROMISED_S


def test_no_alarm_is_forgotten_here() -> None:
    """`resumed` is good news, and told at the first look."""
    assert set(CAUSES) | set(SEEN) | {"resumed"} == catalogue()
