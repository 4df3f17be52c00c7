"""A questioning session from the rehearsal to the archive, played in real Chromium by everybody who
takes part: operator, chair, clerk, the screen in the hall, three districts, the public at home, and
a stranger who tries what he should not. Nothing is done that they would not do on their pages.

Who wants to look at it sets `PLAY_PICTURES` to a folder: all pages, at the height of each act.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from broadcast.session.model import AgendaItem, Delegate, DelegateId, ItemId, ItemKind, Role, Site
from streams.frames import SiteId
from tests.cast import (
    SLOW_MS,
    Chair,
    Clerk,
    District,
    Operator,
    Person,
    Public,
    has_more_time,
    left_s,
)
from tests.chromium import camera_files, chromium, signed_in
from tests.media import wait_until
from tests.peers import publishing
from tests.server import CONFIG, HALL, LEFT, RIGHT, SITES, Server

FAR = SiteId("muong-nhe")
CHAIR, DIRECTOR = "Lò Văn Chủ", "Nguyễn Thị Sở"
XUAN, PHUONG, DINH, LU = "Điêu Thị Xuân", "Lỳ Thị Phượng", "Giàng A Dính", "Vàng A Lử"
SECRET = "Bổ nhiệm Trưởng ban Pháp chế"
DISCUSSION, QUESTIONS = "Thảo luận báo cáo kinh tế - xã hội", "Chất vấn về nước sạch nông thôn"
CHAPTERS = [
    DISCUSSION, XUAN,
    QUESTIONS, XUAN, DINH, LU, DIRECTOR, DIRECTOR, DIRECTOR, XUAN, LU,
    "Thông qua nghị quyết",
]  # fmt: skip
SENTENCE_S = 1.1
"""Whoever was called says something: a turn of less than a second is a slip, and no chapter."""
CAMERA, HALLS_CAMERA = 1, 3
"""What the marks in the pictures say: all districts' cameras are one."""


def delegate(id_: str, name: str, title: str, site: SiteId, group: str = "") -> Delegate:
    return Delegate(DelegateId(id_), name, title, group, site)


DELEGATES = (
    delegate("chu", CHAIR, "Chủ tịch HĐND tỉnh", HALL),
    delegate("so", DIRECTOR, "Giám đốc Sở Nông nghiệp và Môi trường", HALL),
    delegate("xuan", XUAN, "Đại biểu HĐND tỉnh", LEFT, "Tổ Mường Lay"),
    delegate("phuong", PHUONG, "Đại biểu HĐND tỉnh", LEFT, "Tổ Mường Lay"),
    delegate("dinh", DINH, "Đại biểu HĐND tỉnh", RIGHT, "Tổ Tủa Chùa"),
    delegate("lu", LU, "Đại biểu HĐND tỉnh", FAR, "Tổ Mường Nhé"),
)


def item(id_: str, title: str, kind: ItemKind, minutes: int, **more: Any) -> AgendaItem:
    return AgendaItem(ItemId(id_), title, kind, planned_minutes=minutes, **more)


AGENDA = (
    item("thao-luan", DISCUSSION, ItemKind.DISCUSSION, 30),
    item("chat-van", QUESTIONS, ItemKind.QUESTIONING, 60, questioned=(DelegateId("so"),)),
    item("nhan-su", SECRET, ItemKind.OTHER, 20, closed=True),
    item("nghi-quyet", CHAPTERS[-1], ItemKind.OTHER, 10),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    sites = (*SITES, Site(FAR, "Huyện Mường Nhé"))
    small = CONFIG.replace("640", "480").replace("360", "270").replace("fps = 25", "fps = 15")
    with Server(tmp_path_factory.mktemp("session"), small, sites, DELEGATES, AGENDA) as server:
        yield server


@dataclass(frozen=True)
class Room:
    """Everybody who takes part, each at the size of screen they have."""

    operator: Operator
    chair: Chair
    clerk: Clerk
    wall: Person
    lay: District
    chua: District
    nhe: District
    public: Public

    @property
    def districts(self) -> tuple[District, ...]:
        return (self.lay, self.chua, self.nhe)

    @property
    def all(self) -> tuple[Person, ...]:
        return (
            self.operator, self.chair, self.clerk, self.wall, *self.districts, self.public,
        )  # fmt: skip

    def complaints(self) -> list[str]:
        """But that the public's page asks for the playlist until the first segment is there, and
        that a cable was out."""
        said = [f"{one.name}: {text}" for one in self.all for text in one.complaints]
        return [text for text in said if "404" not in text and "DISCONNECTED" not in text]

    async def photograph(self, act: str) -> None:
        for person in self.all:
            await person.photograph(act)

    async def sees_speaking(self, name: str, site: SiteId) -> None:
        """Wherever one looks: desks, pictures, wall, record, public, and the rooms themselves."""
        await self.chair.sees("floor-name", name)
        await asyncio.gather(
            self.operator.sees("floor-name", name),
            self.operator.sees_tile(site, tally="program", open="true"),
            self.wall.sees("speaker", name),
            self.clerk.sees_running(name),
            self.public.sees("speaking", name),
            *(
                one.is_on_air() if one.site == site else one.is_not_on_air()
                for one in self.districts
            ),
            asyncio.sleep(SENTENCE_S),
        )

    async def sees_nobody_speaking(self) -> None:
        sites = (HALL, *(district.site for district in self.districts))
        await asyncio.gather(
            self.chair.is_told("floor", "taken", "false"),
            self.public.sees_no("speaking"),
            *(self.operator.sees_tile(site, open="false") for site in sites),
        )

    async def clocks(self) -> set[str]:
        """What the speaker's clocks read, on all pages that have one."""
        desks = [one.at("clock").locator(".digits") for one in self.all[:4]]
        rooms = [one.at("own-clock") for one in self.districts]
        shown = [face for face in (*desks, *rooms) if await face.count()]
        return {await face.inner_text() for face in shown}


@asynccontextmanager
async def gathered(server: Server, folder: Path) -> AsyncIterator[Room]:
    hall = publishing(server.url(f"/whip/{HALL}"), server.site_tokens[HALL], HALLS_CAMERA, 300)
    async with hall, chromium(camera_files(folder, CAMERA, 700)) as browser:

        async def district(name: str, site: SiteId, size: tuple[int, int]) -> District:
            return District(name, await browser.new_page(size), site, server.join_url(site))

        yield Room(
            Operator("operator", await browser.new_page((1920, 1080))),
            Chair("chair", await browser.new_page((1180, 820))),
            Clerk("clerk", await browser.new_page((1440, 900))),
            Person("wall", await browser.new_page((1920, 1080))),
            await district("lay", LEFT, (1366, 768)),
            await district("chua", RIGHT, (390, 844)),
            await district("nhe", FAR, (1280, 720)),
            Public("public", await browser.new_page((412, 915))),
        )


@pytest.mark.alone
@pytest.mark.timeout(600)
def test_a_whole_session(server: Server, tmp_path: Path) -> None:
    async def play() -> None:
        async with gathered(server, tmp_path) as room:
            await everybody_opens_a_page(room, server)
            await a_rehearsal(room)
            await going_live(room)
            await a_discussion(room)
            await a_round_of_three_questions(room)
            await a_debate_with_priority(room)
            await behind_closed_doors(room, server)
            await open_again(room)
            await the_end(room)
            await what_is_kept(room, server)
            assert room.complaints() == []

    asyncio.run(play())


async def everybody_opens_a_page(room: Room, server: Server) -> None:
    """By a link each; a district's computer is four minutes fast, which nobody must notice."""
    await room.nhe.has_a_clock_that_is_wrong(240_000)
    await asyncio.gather(
        signed_in(room.operator.tab, server.operator_url),
        signed_in(room.chair.tab, server.link(Role.CHAIR)),
        signed_in(room.clerk.tab, server.link(Role.CLERK)),
        room.wall.tab.goto(server.url(f"/display/{server.session}")),
        room.public.tab.goto(server.url(f"/watch/{server.session}")),
        *map(a_district_comes_in, room.districts),
    )
    await room.wall.sees("standing", "sắp bắt đầu")
    await room.public.sees("not-live")
    for district in room.districts:
        await room.operator.sees_tile(district.site, video="ok")


async def a_district_comes_in(district: District) -> None:
    await district.opens_its_link()
    await district.tests_itself()
    await district.photograph("0-before")
    await district.joins()


async def a_rehearsal(room: Room) -> None:
    """An hour before, site by site, with what each page found of itself; a fault, its remedy."""
    operator = room.operator
    await operator.begins_the_rehearsal()
    for site in (HALL, LEFT, RIGHT, FAR):
        await operator.finds_good(site)
    for text in ("có hình", "đã nghe thấy tiếng", "nghe rõ"):
        await operator.sees("own-test", text)
    await operator.press("failed-echo")
    await operator.sees("try-echo", "Giảm âm lượng loa")
    await operator.photograph("1-rehearsal")
    await operator.press("ok-echo")
    await operator.press("report-open")
    await operator.sees("report", "4/4 điểm cầu đạt")
    await operator.photograph("1-report")
    await operator.goes_to_the_panel()


async def going_live(room: Room) -> None:
    await room.chair.goes_live()
    await room.operator.is_told("phase", "phase", "live")
    await room.wall.sees("item", "Thảo luận báo cáo")
    await room.operator.seats("2")
    await room.operator.sees_tile(LEFT, tally="preview")
    await room.operator.presses_key_of("cut")
    await room.operator.sees_tile(LEFT, tally="program")
    await room.lay.sees("standing", "ĐANG PHÁT")
    await room.lay.is_told("own-microphone", "state", "closed")
    await room.operator.presses_key_of("cut")
    await room.operator.sees_tile(HALL, tally="program")
    await room.operator.is_told("recording", "state", "on")
    await room.public.sees_site(HALLS_CAMERA)
    await room.photograph("2-live")


async def a_discussion(room: Room) -> None:
    """Xuân asks to speak, is called, has a minute more; all clocks read the same."""
    await room.lay.asks("speech", who="xuan")
    await room.lay.sees("place", XUAN)
    await room.chair.sees_first_in_line(XUAN)
    await room.wall.sees("upcoming", XUAN)
    await room.lay.sees("standing", "SẮP PHÁT")
    await room.chair.press("call_next")
    await room.sees_speaking(XUAN, LEFT)
    await room.clerk.types_a_caption("Kính thưa Hội đồng")
    await room.lay.sees("caption", "Kính thưa Hội đồng")
    before_s = await left_s(room.wall.tab)
    await room.chair.press("extend")
    await has_more_time(room.wall.tab, before_s)
    await room.public.sees_site(CAMERA)
    await room.photograph("3-discussion")
    await all_clocks_agree(room)
    await room.operator.presses_key_of("end_turn")
    await room.sees_nobody_speaking()
    await room.operator.writes_to(LEFT, "Nhờ bật thêm đèn")
    await room.lay.sees("new-message", "Nhờ bật thêm đèn")
    await room.lay.press("message-read")
    await room.lay.sees_no("new-message")


async def all_clocks_agree(room: Room) -> None:
    """Stopped, they read the same to the second; and no page is 100 ms from another."""
    await room.chair.press("pause_clock")
    for one in room.all[:4]:
        await one.is_told("clock", "paused", "true")

    async def same() -> bool:
        return len(await room.clocks()) == 1

    async def near() -> bool:
        ahead = [await one.ahead_ms() for one in room.all]
        return max(ahead) - min(ahead) < 100

    await wait_until(same, "the clocks read the same")
    await wait_until(near, "the pages' clocks agree")
    await room.chair.press("resume_clock")
    await room.wall.is_told("clock", "paused", "false")


async def a_round_of_three_questions(room: Room) -> None:
    """Three are called together and ask in turn; then the person questioned answers each."""
    await room.chair.goes_to_the_next_item()
    await room.wall.sees("item", DIRECTOR)
    await room.lay.asks("question", who="xuan")
    await room.wall.sees("upcoming", XUAN)
    await room.chua.asks("question")
    await room.wall.sees("upcoming", DINH)
    await room.nhe.asks("question")
    await room.wall.sees("upcoming", LU)
    await room.chair.press("call_round")
    await room.chair.sees("round", LU)
    await room.chair.press("call_next")
    await room.sees_speaking(XUAN, LEFT)
    await room.chua.sees("standing", "SẮP PHÁT")
    await room.photograph("4-question")
    await room.chair.press("end_turn")
    await room.sees_nobody_speaking()
    await room.operator.presses_key_of("call_next")
    await room.sees_speaking(DINH, RIGHT)
    await room.operator.presses_key_of("end_turn")
    await room.sees_nobody_speaking()
    await room.chair.press("call_next")
    await room.sees_speaking(LU, FAR)
    await a_tab_is_lost_and_comes_back(room)
    await room.chair.press("end_turn")
    for _ in range(3):
        await room.sees_nobody_speaking()
        await room.chair.press("call_next")
        await room.sees_speaking(DIRECTOR, HALL)
        await room.operator.presses_key_of("end_turn")
    await room.sees_nobody_speaking()
    await room.wall.sees("speaker", re.compile("đã trả lời.*đã trả lời.*đã trả lời", re.DOTALL))
    await room.photograph("4-answered")


async def a_tab_is_lost_and_comes_back(room: Room) -> None:
    """In the middle of its question. The operator is told; its seat and its turn wait for it."""
    await room.nhe.loses_its_tab()
    await room.operator.sees_tile(FAR, video="lost", tally="program")
    await room.operator.sees("alarms", "Mường Nhé")
    for one in (room.operator, room.chair, room.wall):
        await one.photograph("4-lost")
    await room.nhe.opens_another_tab()
    await room.nhe.joins()
    await room.nhe.is_on_air()
    await room.operator.sees_tile(FAR, video="ok", tally="program", open="true")
    await expect(room.nhe.at("own-clock")).to_be_visible()


async def a_debate_with_priority(room: Room) -> None:
    """Dính registers first; but Xuân asked the question, and comes before him. The screen in the
    hall, whose cable was out meanwhile, catches up by itself."""
    await room.wall.pulls_the_cable()
    await room.chua.asks("rebuttal", about=XUAN)
    await room.chair.sees_first_in_line(DINH)
    await room.lay.asks("rebuttal", who="xuan", about=XUAN)
    await room.chair.sees_first_in_line(XUAN)
    await room.wall.plugs_it_in_again()
    await room.wall.sees("upcoming", XUAN)
    await room.chair.press("call_next")
    await room.sees_speaking(XUAN, LEFT)
    await room.photograph("5-debate")
    await room.chair.press("end_turn")
    await room.sees_nobody_speaking()
    await room.operator.presses_key_of("call_next")
    await room.sees_speaking(DINH, RIGHT)
    await room.operator.presses_key_of("end_turn")
    await room.sees_nobody_speaking()
    await room.clerk.writes_a_decision("Giao Sở báo cáo trước 31/12")
    await room.clerk.corrects_the_last_turn("lu", "Đọc thay")
    await room.clerk.sees("spoken-row", LU)


async def behind_closed_doors(room: Room, server: Server) -> None:
    """The chair closes with the item: Mường Lay stays, all others are out."""
    await room.chair.closes_with_the_next_item(staying=LEFT)
    await room.chair.sees("closed")
    await room.wall.sees("standing", "HỌP KÍN")
    await room.public.sees("closed")
    await room.chua.sees("standing", "HỌP KÍN")
    await room.nhe.sees("standing", "HỌP KÍN")
    await room.operator.is_told("outside", "why", "closed")
    await room.lay.asks("speech", who="phuong")
    await room.chair.sees_first_in_line(PHUONG)
    await room.chair.press("call_next")
    await room.chair.sees("floor-name", PHUONG)
    await room.lay.is_on_air()
    await room.public.sees_site(None)
    for one in (room.wall, room.public, room.chua, room.nhe):
        await one.reads_nowhere(PHUONG)
        await one.reads_nowhere(SECRET)
    await room.photograph("6-closed")
    await asyncio.to_thread(a_stranger_tries, server)
    await room.operator.presses_key_of("end_turn")
    await room.operator.sees_tile(LEFT, open="false")


def a_stranger_tries(server: Server) -> None:
    """Nothing, by any address that he may guess; nor with the link of a site that was put out."""
    session, sdp = server.session, b"v=0"
    assert server.request("POST", f"/whep/{session}/room", sdp).status == 401
    assert server.get(f"/api/v1/sessions/{session}/sealed").status in {401, 403}
    for path in (f"/minutes/{session}", f"/api/v1/sessions/{session}/chapters"):
        told = server.get(path).body.decode()
        assert SECRET not in told
        assert PHUONG not in told
    token = f"Bearer {server.site_tokens[RIGHT]}"
    for path in (f"/whip/{RIGHT}", f"/whep/{session}/{RIGHT}"):
        answer = server.request("POST", path, sdp, Authorization=token)
        assert (answer.status, answer.json()["error"]["code"]) == (403, "put_out")


async def open_again(room: Room) -> None:
    """Leaving the item opens nothing, nor does the first step; the second does."""
    await room.chair.goes_to_the_next_item()
    await room.chair.sees("current-item", "Thông qua nghị quyết")
    await room.wall.sees("standing", "HỌP KÍN")
    await room.chair.asks_to_open()
    await room.chair.sees("closed-band", "xác nhận")
    await room.chair.photograph("7-opening")
    await room.public.sees("closed")
    await room.chair.confirms_opening()
    await room.wall.sees("item", "Thông qua nghị quyết")
    await room.public.sees_no("closed")
    for district in room.districts:
        await district.is_not_on_air()
        await district.sees("line", "Đường truyền tốt")
    await room.public.sees_site(HALLS_CAMERA)


async def the_end(room: Room) -> None:
    await room.chair.ends_the_session()
    await room.wall.sees("standing", "đã kết thúc")
    for district in room.districts:
        await district.sees("standing", "ĐÃ KẾT THÚC")
    await room.public.sees("not-live")
    await room.operator.is_told("phase", "phase", "ended")
    await room.photograph("8-end")


async def what_is_kept(room: Room, server: Server) -> None:
    """Chapters by item, turn and speaker, minutes, and what can be found; no closed item in any."""
    public = room.public
    await public.tab.get_by_role("link", name="Xem lại").click()
    chapters = public.at("chapter").locator(".title")
    await expect(chapters).to_have_text(CHAPTERS, timeout=SLOW_MS)
    await public.at("chapter").locator("a").nth(4).click()
    await public.sees("current", DINH)
    await public.photograph("9-play")
    minutes = await room.clerk.opens_the_minutes()
    for text in (XUAN, LU, DIRECTOR, "Giao Sở báo cáo trước 31/12"):
        await expect(minutes.tab.locator("main")).to_contain_text(text, timeout=SLOW_MS)
    await minutes.photograph("9-minutes")
    await public.tab.goto(server.url("/archive"))
    await public.at("search").fill("nuoc sach")
    await public.sees("place", "Chất vấn về nước sạch nông thôn")
    await public.photograph("9-archive")
    await public.at("search").fill("bo nhiem")
    await public.sees("count", "Không tìm thấy phiên họp nào")
    await public.at("search").fill("kinh thua hoi dong")
    await public.press("place")
    await public.sees("current", XUAN)
    for one in (public, minutes):
        await one.reads_nowhere(SECRET)
