"""The minutes in the form of an official paper: Decree 30/2020/NĐ-CP, Annex III, form 1.10. Pure.

Such a paper is in Vietnamese, whatever language its reader has the pages in. What the server cannot
know (the paper's number, who presided, who signs) is a dotted line for the clerk to fill in.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import takewhile

from broadcast.archive.minutes import Line, Minutes, Part, Roll
from broadcast.session.written import NoteKind
from web.catalogues import say
from web.times import how_long

DOTS = "…………………………"
Moment = Callable[[int], datetime]
Clock = Callable[[int], str]
"""The time of day; of another day than the session's first, with its date."""


@dataclass(frozen=True, slots=True)
class PaperLine:
    """`time` stands in front, `strong` in bold after it."""

    time: str
    strong: str
    text: str


@dataclass(frozen=True, slots=True)
class PaperPart:
    title: str
    notes: tuple[str, ...]
    """Who presented or was questioned; that some of it was closed."""
    lines: tuple[PaperLine, ...]


@dataclass(frozen=True, slots=True)
class Paper:
    organ: str
    number: str
    place_and_date: str
    secret: bool
    """It is of what was closed, and says so at its head."""
    about: str
    opening: tuple[str, ...]
    parts: tuple[PaperPart, ...]
    ending: str


def paper_of(minutes: Minutes, moment: Moment, *, closed: bool = False) -> Paper:
    """`moment`: epoch milliseconds on the room's clock. `closed`: they are those of what was."""
    state = minutes.state
    date = moment(state.started_at_ms) if state.started_at_ms else None
    organ, place = organ_of(
        state.subtitle, state.title, *(one.name for one in state.sites.values())
    )
    day = _day(date) if date else "ngày … tháng … năm ……"
    clock = partial(_clock, moment, date)
    return Paper(
        organ=organ or DOTS,
        number="Số: ……/BB-HĐND",
        place_and_date=f"{place or '…………'}, {day}",
        secret=closed,
        about=state.title,
        opening=tuple(_opening(minutes, moment, clock, closed=closed)),
        parts=tuple(_part(minutes, part, clock, closed=closed) for part in minutes.parts),
        ending=_ending(state.ended_at_ms, moment),
    )


_COUNCIL = re.compile(
    r"(Thường trực )?(?:HĐND|Hội đồng nhân dân) (tỉnh|thành phố|xã|phường|đặc khu)((?: \w+)*)"
)


def organ_of(*texts: str) -> tuple[str, str]:
    """Whose paper it is, and where that council sits, as the first text says that names one."""
    found = next(filter(None, map(_COUNCIL.search, texts)), None)
    if found is None:
        return "", ""
    place = " ".join(takewhile(lambda word: word[0].isupper(), found[3].split()))
    organ = f"{found[1] or ''}Hội đồng nhân dân {found[2]} {place}"
    return organ.strip().upper(), place


def _opening(minutes: Minutes, moment: Moment, clock: Clock, *, closed: bool) -> Iterator[str]:
    """The head of the form, as far as the line after which the agenda follows."""
    state = minutes.state
    yield f"Thời gian bắt đầu: {_at(state.started_at_ms, moment)}."
    sites = "; ".join(site.name for site in state.meeting)
    yield f"Địa điểm: {sites} (họp trực tuyến, {len(state.meeting)} điểm cầu)."
    yield from _attendance(minutes, closed=closed)
    yield f"Chủ trì (chủ tọa): {DOTS}"
    yield f"Thư ký (người ghi biên bản): {DOTS}"
    for begin, end in minutes.breaks:
        until = f" đến {clock(end)}" if end else ""
        yield f"Nghỉ giải lao từ {clock(begin)}{until}."
    for step in minutes.clock_sets:
        yield say("vi", "minutes.clock_set", {"seconds": f"{step.by_ms / 1000:+.0f}"})
    for begin, end in minutes.closed:
        until = f" đến {clock(end)}" if end else ""
        apart = "" if closed else "; biên bản phần họp kín lập riêng"
        yield f"Họp kín từ {clock(begin)}{until}{apart}."
    yield "Nội dung phiên họp:"


def _attendance(minutes: Minutes, *, closed: bool) -> Iterator[str]:
    """The roll call is of the session, and not of its closed part."""
    roll = minutes.roll
    if roll is None or closed:
        listed = len(minutes.state.delegates)
        yield f"Thành phần tham dự: {listed} đại biểu theo danh sách; {DOTS}"
        return
    yield f"Thành phần tham dự: có mặt {roll.present}/{roll.listed} đại biểu theo danh sách; {DOTS}"
    if roll.absent:
        yield f"Vắng mặt: {absent_of(roll)}."


def absent_of(roll: Roll) -> str:
    """Names with why: "A, Giám đốc Sở (đi công tác); B"."""
    return "; ".join(
        ", ".join(filter(None, (one.name, one.title))) + (f" ({reason})" if reason else "")
        for one, reason in roll.absent
    )


def _part(minutes: Minutes, part: Part, clock: Clock, *, closed: bool) -> PaperPart:
    hidden = part.closed and not part.lines and not closed
    if part.item is None:
        title = say("vi", "minutes.whole")
    else:
        number = minutes.state.agenda.index(part.item) + 1
        title = f"{number}. {say('vi', 'agenda.closed') if hidden else part.item.title}"
    people = "; ".join(", ".join(filter(None, (one.name, one.title))) for one in part.people)
    notes = [f"{say('vi', f'minutes.{part.role}')}: {people}."] if people and not hidden else []
    notes += [say("vi", "minutes.closed")] if part.closed and not closed else []
    return PaperPart(title, tuple(notes), tuple(_line(line, clock) for line in part.lines))


def _line(line: Line, clock: Clock) -> PaperLine:
    time = clock(line.at_ms)
    if line.kind is None:
        decided = line.note is NoteKind.DECISION
        return PaperLine(time, f"{say('vi', 'clerk.decision')}:" if decided else "", line.text)
    about = ", ".join(filter(None, (line.title, line.site)))
    kind = say("vi", f"kind.{line.kind}").lower()
    lasted = f", {how_long('vi', line.lasted_ms / 1000)}" if line.lasted_ms else ""
    mark = f" {say('vi', 'minutes.corrected')}" if line.corrected else ""
    who = f"({about}): " if about else ""
    name = line.name if about else f"{line.name}:"
    return PaperLine(time, name, f"{who}{kind}{lasted}.{mark}")


def _ending(ended_at_ms: int | None, moment: Moment) -> str:
    if ended_at_ms is None:
        return f"Phiên họp kết thúc vào {DOTS}/."
    return f"Phiên họp kết thúc vào {_at(ended_at_ms, moment)}./."


def _at(at_ms: int | None, moment: Moment) -> str:
    if at_ms is None:
        return DOTS
    at = moment(at_ms)
    return f"{at:%H} giờ {at:%M} phút, {_day(at)}"


def _day(date: datetime) -> str:
    """A day below ten and a month below three have a zero before them (appendix I)."""
    return (
        f"ngày {date:%d} tháng {date.month if date.month > 2 else f'0{date.month}'} năm {date:%Y}"
    )


def _clock(moment: Moment, first: datetime | None, at_ms: int) -> str:
    at = moment(at_ms)
    another = first is not None and at.date() != first.date()
    return f"{at:%H giờ %M} {_day(at)}" if another else f"{at:%H giờ %M}"
