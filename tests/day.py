"""A council's whole day as commands: eight hours with fifty sites, as often as people give them."""

from collections.abc import Iterator
from typing import Any

from broadcast.session.decide import Act
from broadcast.session.events import Event, ItemChosen, SessionPrepared
from broadcast.session.model import (
    AgendaItem,
    Delegate,
    DelegateId,
    ItemId,
    Role,
    Site,
    SiteKind,
)
from broadcast.store import Store
from streams.frames import SiteId

TURNS = 320
"""Of eight hours: one each minute and a half."""
CAPTIONS = 10
"""Typed in each."""
LONG = 3
"""The chair lets one of so many go on."""

HALL = SiteId("hall")
SITES = (
    Site(HALL, "Hội trường HĐND tỉnh", SiteKind.HALL),
    *(Site(SiteId(f"xa-{n}"), f"Điểm cầu xã Mường Pồn {n}") for n in range(1, 50)),
)
DELEGATES = tuple(
    Delegate(
        DelegateId(f"dai-bieu-{n}"),
        f"Giàng A Dính {n}",
        "Đại biểu HĐND tỉnh",
        f"Tổ đại biểu số {n % 10 + 1}",
        SITES[1 + n % (len(SITES) - 1)].id,
    )
    for n in range(120)
)
AGENDA = tuple(
    AgendaItem(ItemId(f"noi-dung-{n}"), f"Thảo luận nội dung {n}", planned_minutes=40)
    for n in range(1, 13)
)


def prepared(session: str, at_ms: int) -> tuple[Event, ...]:
    """What its log begins with."""
    begun = SessionPrepared(
        at_ms=at_ms,
        id=session,
        title="Kỳ họp thứ mười",
        sites=SITES,
        delegates=DELEGATES,
        agenda=AGENDA,
    )
    return begun, ItemChosen(at_ms=at_ms, item=AGENDA[0].id)


def prepare(store: Store, session: str, at_ms: int) -> None:
    act = Act(at_ms, Role.SYSTEM, "test", None, "fresh")
    store.append(session, 0, prepared(session, at_ms), act)


def turn(number: int) -> Iterator[dict[str, Any]]:
    """From when somebody asks to speak until he is done, and all that others do meanwhile."""
    delegate, site = DELEGATES[number % len(DELEGATES)], SITES[number % len(SITES)].id
    each = TURNS // len(AGENDA) + 1
    if number and number % each == 0:
        yield {"type": "choose_item", "item": AGENDA[number // each].id}
    yield {"type": "register", "delegate": delegate.id, "kind": "speech"}
    yield {"type": "set_preview", "scene": {"layout": "full", "sources": [delegate.site]}}
    yield {"type": "call_next"}
    for line in range(CAPTIONS):
        text = f"Thưa chủ tọa, xã chúng tôi đề nghị quan tâm đến đường giao thông, đoạn {line}."
        yield {"type": "type_caption", "text": text, "typing_ms": 4000}
    scene = {"layout": "side-by-side", "sources": [HALL, delegate.site]}
    yield {"type": "cut", "scene": scene, "transition": {"kind": "dissolve", "duration_ms": 400}}
    if number % LONG == 0:
        yield {"type": "extend_turn", "by_ms": 60_000}
    if number % 2 == 0:
        yield {"type": "send_message", "text": f"Mời xã chuẩn bị, lượt {number}", "site": site}
        yield {"type": "write_note", "text": f"Đại biểu đề nghị bố trí vốn, ý {number}"}
    if number % 5 == 0:
        promise = {"text": f"Sở sẽ trả lời bằng văn bản, ý {number}", "delegate": delegate.id}
        yield {"type": "note_promise", **promise}
    yield {"type": "end_turn"}
