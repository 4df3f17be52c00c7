"""The lines of a whole session: noted by the minute, kept over a restart, told site by site."""

import asyncio
import csv
import io
import logging
import re
from dataclasses import replace
from pathlib import Path

import pytest

from broadcast.archive.minutes import minutes_of
from broadcast.session.commands import (
    CallNext,
    ClosePart,
    EndSession,
    EndTurn,
    PauseSession,
    ResumeSession,
)
from broadcast.session.model import RequestKind, Role
from streams.frames import SiteId
from streams.lines import DownLine, Line
from tests.broadcast.session.hearing import CHUA, HALL, NHE, START_MS, Hearing
from tests.peers import publishing
from tests.web.rig import BOUND_S, LAY, SESSION, relay, settings_in
from tests.web.test_history import DOWN, UP
from web.line_book import LOOK_MS, MINUTE_MS, WAITING, LineBook
from web.line_report import Report, Run, report_of

POOR = replace(UP, loss_percent=8.0, rtt_ms=300.0)
TO_THE_MINUTE_S = 20
"""From `START_MS` on."""


class Watch:
    """Looks at a hearing's lines twice a second, as the relay does; its minutes are whole ones."""

    def __init__(self, folder: Path, hearing: Hearing) -> None:
        self.folder, self.hearing = folder, hearing
        self.book = LineBook(folder)
        self.steady_ms = 0
        hearing.after((START_MS + TO_THE_MINUTE_S * 1000 - hearing.now_ms) / 1000)
        self.look(0.5, {})

    def look(
        self,
        seconds: float,
        lines: dict[SiteId, Line],
        returns: dict[SiteId, DownLine] | None = None,
        viewers: int = 0,
    ) -> None:
        for _ in range(round(seconds * 2)):
            hearing = self.hearing.after(0.5)
            self.steady_ms += 500
            self.book.note(
                hearing.state, lines, returns or {}, viewers, hearing.now_ms, self.steady_ms
            )

    def report(self) -> Report:
        self.book.close()
        return report_of(self.book.read("phien-1"), minutes_of(self.hearing.log, ()))


def test_a_session_from_a_good_line_to_a_lost_one(tmp_path: Path) -> None:
    watch = Watch(tmp_path, Hearing("thao-luan"))
    watch.look(119, {NHE: UP, HALL: UP}, {NHE: DOWN}, viewers=7)
    watch.look(60, {NHE: POOR, HALL: UP}, viewers=9)
    watch.look(75, {HALL: UP}, viewers=3)
    report = watch.report()
    hall, nhe, chua = report.sites
    assert (report.count, report.viewers, report.rehearsal) == (5, 9, False)
    assert (hall.away, hall.shares["good"], hall.runs) == ((), 100, (Run(0, 5, "good"),))
    assert nhe.here_s == pytest.approx(179, abs=1)
    assert (nhe.shares, nhe.means["down_bps"]) == (
        {"good": 66, "fair": 0, "poor": 34, "lost": 30},
        1_600_000,
    )
    assert nhe.means["up_loss"] == pytest.approx(8 / 3, abs=0.1)
    assert [(run.word, run.count) for run in nhe.runs] == [("good", 2), ("poor", 1), ("lost", 2)]
    (away,) = nhe.away
    assert (away.end_ms - away.start_ms, away.seconds) == (2 * MINUTE_MS, pytest.approx(75, abs=1))
    assert (chua.here_s, chua.runs) == (0, (Run(0, 5, "lost"),))


def test_it_says_who_spoke_when_the_line_was_lost(tmp_path: Path) -> None:
    hearing = Hearing("thao-luan")
    watch = Watch(tmp_path, hearing)
    hearing.register("an", RequestKind.SPEECH)
    watch.look(70, {NHE: UP, CHUA: UP})
    hearing.do(CallNext())
    watch.look(50, {NHE: UP, CHUA: UP})
    watch.look(10, {})
    watch.look(20, {NHE: UP, CHUA: UP})
    hearing.do(EndTurn())
    watch.look(60, {NHE: UP, CHUA: UP})
    report = watch.report()
    _, nhe, chua = report.sites
    assert [(one.seconds, one.speakers) for one in nhe.away] == [(10, ("Pờ Mỳ Lế",))]
    assert [(one.seconds, one.speakers) for one in chua.away] == [(10, ())]
    assert (report.turns, report.spoken_ms // 1000) == (1, 81)


def test_nothing_of_a_closed_part_is_in_it(tmp_path: Path) -> None:
    """Who was put out has no line to speak of; who spoke to those who stayed is not told."""
    hearing = Hearing("thao-luan")
    watch = Watch(tmp_path, hearing)
    watch.look(60, {NHE: UP, CHUA: UP})
    hearing.do(ClosePart(staying=(NHE,)))
    hearing.register("an", RequestKind.SPEECH)
    hearing.do(CallNext())
    watch.look(120, {})
    hearing.do(EndTurn())
    _, nhe, chua = watch.report().sites
    assert chua.away_s <= 1
    assert nhe.away_s > 100
    assert [one.speakers for one in nhe.away] == [()]


def test_a_break_does_not_count_and_a_rehearsal_only_before(tmp_path: Path) -> None:
    hearing = Hearing("thao-luan", live=False)
    watch = Watch(tmp_path, hearing)
    watch.look(60, {NHE: POOR})
    report = watch.report()
    assert (report.rehearsal, [one.here_s for one in report.sites]) == (True, [0, 60, 0])

    live = Hearing("thao-luan")
    watch = Watch(tmp_path / "live", live)
    watch.look(60, {NHE: UP})
    live.do(PauseSession())
    watch.look(240, {})
    live.do(ResumeSession())
    watch.look(60, {NHE: UP})
    _, nhe, _ = watch.report().sites
    assert nhe.away_s < 121, "at most the minutes in which it began and ended"
    assert nhe.here_s >= 119


def test_after_the_end_nothing_is_noted(tmp_path: Path) -> None:
    hearing = Hearing("thao-luan")
    watch = Watch(tmp_path, hearing)
    watch.look(30, {NHE: UP})
    hearing.do(EndSession())
    watch.look(300, {})
    assert watch.report().count == 1


def test_a_clock_that_is_set_moves_what_was_noted(tmp_path: Path) -> None:
    hearing = Hearing("thao-luan")
    watch = Watch(tmp_path, hearing)
    watch.look(60, {NHE: UP})
    watch.look(60, {})
    hearing.set_clock(-3_600_000)
    watch.look(60, {NHE: UP})
    report = watch.report()
    (away,) = report.sites[1].away
    assert report.count == 4
    assert (away.seconds, hearing.now_ms - away.end_ms < 2 * MINUTE_MS) == (60, True)


def test_a_restart_within_a_minute_and_a_torn_line(tmp_path: Path) -> None:
    hearing = Hearing("thao-luan")
    watch = Watch(tmp_path, hearing)
    watch.look(20, {NHE: UP}, viewers=4)
    watch.book.close()
    with (tmp_path / "phien-1.jsonl").open("a") as file:
        file.write('\n17\n[1,2,3]\n[1780000020000,3,{"muong-nhe":[[1.0,')
    watch.book = LineBook(tmp_path)
    watch.look(39, {NHE: POOR})
    report = watch.report()
    (_, nhe, _) = report.sites
    assert (report.count, report.viewers) == (1, 4)
    assert (nhe.here_s, nhe.shares["poor"]) == (pytest.approx(59, abs=1), 66)
    assert nhe.means["rtt_ms"] == 300, "that of the longer part"


def test_a_look_that_comes_late_says_nothing_of_the_time_before(tmp_path: Path) -> None:
    watch = Watch(tmp_path, Hearing("thao-luan"))
    watch.look(10, {NHE: UP})
    watch.steady_ms += 2 * LOOK_MS
    watch.look(5, {})
    _, nhe, _ = watch.report().sites
    assert (nhe.here_s, nhe.away_s) == (10, pytest.approx(5, abs=1))


def test_a_disk_that_hangs_or_is_full_holds_nothing_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "lines").touch()  # where the folder should be
    watch = Watch(tmp_path / "lines", Hearing("thao-luan"))
    with caplog.at_level(logging.WARNING, "web.line_book"):
        watch.look(60 * (WAITING + 2), {NHE: UP})
        assert "the disk does not keep up" in caplog.text
        watch.book.close()
        assert "cannot be kept" in caplog.text


def test_the_page_and_the_table(tmp_path: Path) -> None:
    """Over real HTTP, of a real publisher; the minute that ran is there after a restart."""

    async def scenario() -> None:
        settings = settings_in(tmp_path)
        async with relay(settings) as rig:
            bearer = {"Authorization": f"Bearer {rig.operator}"}
            empty = await (await rig.get(f"/lines/{SESSION}", headers=bearer)).text()
            assert 'data-testid="none"' in empty
            await rig.command("go_live")
            line = f"/api/v1/sessions/{SESSION}/sites/{LAY}/line"
            async with (
                asyncio.timeout(BOUND_S),
                publishing(rig.url(f"/whip/{LAY}"), rig.site(), 1, 700),
            ):
                while True:  # until it is looked at while it is good for something
                    told = await (await rig.get(line, headers=bearer)).json()
                    if {"good", "fair", "poor"} & {*told["history"]["line"][-2:]}:
                        break
                    await asyncio.sleep(0.1)
        async with relay(settings) as rig:
            clerk = {"Authorization": f"Bearer {rig.tokens.issue_token(Role.CLERK, SESSION)}"}
            page = await (await rig.get(f"/lines/{SESSION}", headers=clerk)).text()
            assert page.count('data-testid="site"') == 3
            assert page.count("không vào") == 2
            assert re.search(r">Có mặt</th>|>(\d+ phút \d\d|\d+) giây</td>", page)
            assert "Điểm cầu thị xã Mường Lay: diễn biến đường truyền từng phút" in page
            file = await rig.get(f"/lines/{SESSION}?download", headers=clerk)
            rows = [*csv.DictReader(io.StringIO((await file.text()).lstrip("\ufeff")))]
            lay = [row for row in rows if row["Điểm cầu"] == "Điểm cầu thị xã Mường Lay"]
            assert any(row["Gửi lên (kbit/s)"] for row in lay)

    asyncio.run(scenario())
