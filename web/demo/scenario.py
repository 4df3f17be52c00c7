"""The demo's hearing in Điện Biên: places, people and agenda. All names are made up."""

from dataclasses import dataclass

from broadcast.session.model import (
    AgendaItem,
    Delegate,
    DelegateId,
    ItemId,
    ItemKind,
    OverlayName,
    Site,
    SiteKind,
)
from streams.frames import SiteId
from web.demo.room import Look

TITLE = "Phiên giải trình trực tuyến của Thường trực HĐND tỉnh Điện Biên"
SUBTITLE = "Về cấp nước sinh hoạt và giao thông nông thôn vùng cao"
SPARE = (SiteId("tua-chua"), SiteId("dien-bien-dong"))
"""These have a place but no drawn room: they are for your own camera."""


@dataclass(frozen=True, slots=True)
class DrawnSite:
    site: Site
    look: Look
    pitch_hz: float


def _site(id_: str, name: str, kind: SiteKind = SiteKind.DISTRICT) -> Site:
    return Site(SiteId(id_), name, kind)


DRAWN = (
    DrawnSite(
        _site("hall", "Hội trường HĐND tỉnh", SiteKind.HALL),
        Look("Hội trường HĐND tỉnh", "Chủ tọa", (212, 200, 178), (138, 24, 30), (40, 42, 50)),
        118,
    ),
    DrawnSite(
        _site("dien-bien-phu", "Thành phố Điện Biên Phủ"),
        Look(
            "Điểm cầu TP. Điện Biên Phủ", "TP. Điện Biên Phủ", (206, 196, 180), (38, 76, 118),
            (116, 40, 60), (58, 44, 40), (232, 192, 164), long_hair=True,
        ),
        208,
    ),
    DrawnSite(
        _site("muong-nhe", "Huyện Mường Nhé"),
        Look(
            "Điểm cầu huyện Mường Nhé", "H. Mường Nhé", (184, 204, 196), (28, 96, 74),
            (38, 52, 84),
        ),
        132,
    ),
    DrawnSite(
        _site("tuan-giao", "Huyện Tuần Giáo"),
        Look(
            "Điểm cầu huyện Tuần Giáo", "H. Tuần Giáo", (196, 202, 218), (92, 62, 120),
            (70, 74, 82), (96, 92, 90), (218, 170, 136),
        ),
        98,
    ),
    DrawnSite(
        _site("muong-lay", "Thị xã Mường Lay"),
        Look(
            "Điểm cầu thị xã Mường Lay", "TX. Mường Lay", (222, 208, 196), (178, 104, 34),
            (28, 84, 92), (28, 22, 22), (230, 186, 156), long_hair=True,
        ),
        224,
    ),
)  # fmt: skip

SITES = (
    *(drawn.site for drawn in DRAWN),
    _site(SPARE[0], "Huyện Tủa Chùa"),
    _site(SPARE[1], "Huyện Điện Biên Đông"),
)


def _delegate(id_: str, name: str, title: str, group: str, site: str) -> Delegate:
    return Delegate(DelegateId(id_), name, title, group, SiteId(site))


_COUNCIL = "Đại biểu HĐND tỉnh"
_BUDGET = "Trưởng Ban Kinh tế – Ngân sách"
_CITY = "Tổ TP. Điện Biên Phủ"

DELEGATES = (
    _delegate("lo-van-muon", "Lò Văn Muôn", "Phó Chủ tịch UBND tỉnh", "", "hall"),
    _delegate("vu-thanh-son", "Vũ Thanh Sơn", "Giám đốc Sở Nông nghiệp và Môi trường", "", "hall"),
    _delegate("dang-thi-hoa", "Đặng Thị Hoa", "Giám đốc Sở Xây dựng", "", "hall"),
    _delegate("nguyen-quoc-thinh", "Nguyễn Quốc Thịnh", _BUDGET, "", "hall"),
    _delegate("quang-thi-vien", "Quàng Thị Viên", _COUNCIL, _CITY, "dien-bien-phu"),
    _delegate("pham-duc-toan", "Phạm Đức Toàn", _COUNCIL, _CITY, "dien-bien-phu"),
    _delegate("tran-thi-thuy", "Trần Thị Thúy", _COUNCIL, _CITY, "dien-bien-phu"),
    _delegate("poong-van-than", "Pờ Văn Thân", _COUNCIL, "Tổ Mường Nhé", "muong-nhe"),
    _delegate("khoang-thi-nu", "Khoàng Thị Nụ", _COUNCIL, "Tổ Mường Nhé", "muong-nhe"),
    _delegate("chang-a-sung", "Chang A Súng", _COUNCIL, "Tổ Mường Nhé", "muong-nhe"),
    _delegate("mua-a-vang", "Mùa A Vảng", _COUNCIL, "Tổ Tuần Giáo", "tuan-giao"),
    _delegate("lo-thi-bich", "Lò Thị Bích", _COUNCIL, "Tổ Tuần Giáo", "tuan-giao"),
    _delegate("bac-cam-khue", "Bạc Cầm Khuê", _COUNCIL, "Tổ Tuần Giáo", "tuan-giao"),
    _delegate("dieu-thi-xuan", "Điêu Thị Xuân", _COUNCIL, "Tổ Mường Lay", "muong-lay"),
    _delegate("ly-thi-phuong", "Lỳ Thị Phượng", _COUNCIL, "Tổ Mường Lay", "muong-lay"),
    _delegate("nguyen-huu-duc", "Nguyễn Hữu Đức", _COUNCIL, "Tổ Mường Lay", "muong-lay"),
    _delegate("giang-a-dinh", "Giàng A Dính", _COUNCIL, "Tổ Tủa Chùa", SPARE[0]),
    _delegate("thao-thi-sua", "Thào Thị Sua", _COUNCIL, "Tổ Tủa Chùa", SPARE[0]),
    _delegate("lo-van-tien", "Lò Văn Tiến", _COUNCIL, "Tổ Điện Biên Đông", SPARE[1]),
    _delegate("vang-thi-mai", "Vàng Thị Mai", _COUNCIL, "Tổ Điện Biên Đông", SPARE[1]),
)  # fmt: skip


def _item(
    id_: str, title: str, kind: ItemKind, minutes: int, presenter: str = "", *questioned: str
) -> AgendaItem:
    return AgendaItem(
        ItemId(id_),
        title,
        kind,
        DelegateId(presenter) if presenter else None,
        minutes,
        questioned=tuple(DelegateId(name) for name in questioned),
    )


FIRST_ITEM = ItemId("thao-luan")
"""The hearing opens at the discussion: the queue fills while you look around."""

HIDDEN_OVERLAYS = frozenset({OverlayName.AGENDA})
"""It covers much of the picture; the operator shows it between speakers."""

AGENDA = (
    _item(
        "bao-cao", "Báo cáo kết quả giám sát cấp nước sinh hoạt nông thôn",
        ItemKind.REPORT, 15, "nguyen-quoc-thinh",
    ),
    _item(FIRST_ITEM, "Thảo luận báo cáo giám sát", ItemKind.DISCUSSION, 40),
    _item(
        "nuoc-sach", "Chất vấn về nước sạch và công trình cấp nước xuống cấp",
        ItemKind.QUESTIONING, 45, "", "vu-thanh-son", "lo-van-muon",
    ),
    _item(
        "giao-thong", "Giải trình về tiến độ đường liên bản vùng cao",
        ItemKind.EXPLANATION, 30, "dang-thi-hoa",
    ),
    AgendaItem(
        ItemId("hop-kin"), "Cho ý kiến về công tác nhân sự", ItemKind.OTHER,
        planned_minutes=20, closed=True,
    ),
)  # fmt: skip
