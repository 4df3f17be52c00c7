"""`python -m broadcast.overlay.preview OUT_DIR [--theme DIR] [--size 1280x720]`

Every overlay as a PNG, alone over a drawn hall and all together, and a page that shows them
(`index.html`): to judge a theme by eye. Says first what is wrong with the theme, a line for each
fault, then each picture's name when it is there.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from broadcast.layout import Layout, Rect, seats_of
from broadcast.overlay.planes import Drawn, Plane
from broadcast.overlay.render import Renderer
from broadcast.program import Overlay

NOW_MS = 1_700_000_000_000
QUICK = 320, 180
"""Small enough to look for faults in all of it before anything is shown."""
FAULT = "fault "
"""Before what is wrong."""

Picture = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
"""Y, U, V at full size, height × width × 3."""


def _clock(used_ms: int, kind: str = "question", paused: bool = False) -> Overlay:
    fields = {
        "kind": kind,
        "started_at_ms": NOW_MS - used_ms,
        "limit_ms": 180_000,
        "warn_ms": 30_000,
        "paused_at_ms": NOW_MS if paused else None,
        "paused_ms": 0,
    }
    return Overlay("clock", fields)


def _third(name: str, title: str, site: str) -> Overlay:
    return Overlay("lower_third", {"name": name, "title": title, "site": site})


_ITEMS = (
    "Khai mạc phiên họp",
    "Báo cáo tình hình phát triển kinh tế – xã hội 6 tháng đầu năm",
    "Chất vấn Giám đốc Sở Nông nghiệp và Môi trường về cấp nước sạch cho các xã vùng cao",
    "Chất vấn Giám đốc Sở Y tế về thuốc và vật tư tại trạm y tế xã",
    "Nội dung họp kín",
    "Bế mạc",
)
_AGENDA = Overlay(
    "agenda",
    {
        "items": [
            {"number": n, "title": title, "state": ("done", "current", "coming")[(n > 2) + (n > 3)]}
            for n, title in enumerate(_ITEMS, 1)
        ],
    },
)
_QUEUE = Overlay(
    "queue",
    {
        "questioning": True,
        "rows": [
            {"number": number, "name": name, "site": site, "kind": kind}
            for number, name, site, kind in (
                (1, "Lò Thị Ếm", "Huyện Mường Ảng", "question"),
                (2, "Nguyễn Thị Hồng Nhung", "Thành phố Điện Biên Phủ", "question"),
                (3, "Quàng Văn Ngoãn", "Huyện Điện Biên Đông", "rebuttal"),
            )
        ],
        "more": 6,
    },
)
_SESSION = {
    "title": "Kỳ họp thứ mười lăm, HĐND tỉnh Điện Biên khóa XV, nhiệm kỳ 2021 – 2026",
    "subtitle": "Điện Biên Phủ, ngày 8 tháng 7 năm 2026",
}
_MODES = {"waiting": "", "pause": "", "closed": "", "ended": "", "title": _ITEMS[2]}
_LONG = _third(
    "Nguyễn Hoàng Phương Thảo Công Tằng Tôn Nữ Quỳnh Anh",
    "Ủy viên Ban Thường vụ Tỉnh ủy, Phó Chủ tịch Thường trực Hội đồng nhân dân tỉnh, "
    "Trưởng đoàn Đại biểu Quốc hội tỉnh Điện Biên",
    "Điểm cầu trung tâm – Hội trường Hội đồng nhân dân tỉnh",
)
_LOWER_THIRD = _third(
    "Mùa A Vảng", "Đại biểu HĐND tỉnh – Tổ huyện Mường Nhé", "Điểm cầu huyện Mường Nhé"
)
_LOGO = Overlay("logo")
_LIVE = Overlay("live")
_BACKDROP = Overlay("_backdrop")
"""The drawn hall."""

Layer = tuple[Overlay, Rect | None]


def _whole(*overlays: Overlay) -> list[Layer]:
    return [(overlay, None) for overlay in overlays]


def _seats(layout: Layout) -> list[Layer]:
    names = ("Điểm cầu trung tâm", "Điểm cầu huyện Mường Nhé", "Điểm cầu thị xã Mường Lay")
    layers: list[Layer] = []
    for index, seat in enumerate(seats_of(layout)):
        name = "signal_lost" if index % 3 == 1 else "seat_title"
        layers.append((Overlay(name, {"site": names[index % 3]}), seat))
    return layers


SHEETS: dict[str, list[Layer]] = {
    "all": _whole(_AGENDA, _QUEUE, _LOWER_THIRD, _clock(97_300), _LIVE, _LOGO),
    "all-long": _whole(_AGENDA, _QUEUE, _LONG, _clock(192_000), _LIVE, _LOGO),
    "lower_third": _whole(_LOWER_THIRD),
    "lower_third-long": _whole(_LONG),
    "agenda": _whole(_AGENDA),
    "queue": _whole(_QUEUE),
    "clock-warning": _whole(_clock(160_000, "rebuttal")),
    "clock-over": _whole(_clock(192_000, "answer")),
    "clock-paused": _whole(_clock(60_000, "speech", paused=True)),
    "live-logo": _whole(_LIVE, _LOGO),
    "signal_lost": [(Overlay("signal_lost", {"site": "Điểm cầu huyện Mường Nhé"}), None)],
    "signal_lost-absent": [
        (Overlay("signal_lost", {"site": "Điểm cầu huyện Mường Nhé", "absent": True}), None)
    ],
    "card-countdown": _whole(
        Overlay("card", {"title": "Phiên họp bắt đầu sau", "reading": "04:59"})
    ),
    "card-anthem": _whole(Overlay("card", {"title": "Quốc ca"})),
    **{f"seats-{layout}": _seats(layout) for layout in Layout if layout.seats > 1},
    **{
        f"slate-{mode}": _whole(Overlay("slate", {"mode": mode, "text": text, **_SESSION}))
        for mode, text in _MODES.items()
    },
}


def compose(renderer: Renderer, layers: Iterable[Layer]) -> Image.Image:
    """The layers over the hall, or over one in each seat, as the studio blends them."""
    picture = np.zeros((renderer.height, renderer.width, 3), np.float32)
    picture[...] = (16, 128, 128)
    over = [*layers]
    seats = [box for overlay, box in over if overlay.name == "seat_title"]
    for overlay, box in (*((_BACKDROP, seat) for seat in seats or [None]), *over):
        drawn = renderer.render(overlay, NOW_MS, box)
        if drawn is not None:
            _blend(picture, drawn)
    return Image.fromarray(_rgb(picture))


def _blend(picture: Picture, drawn: Drawn) -> None:
    under = picture[drawn.y : drawn.y + drawn.height, drawn.x : drawn.x + drawn.width]
    alphas = (drawn.alpha, _doubled(drawn.alpha_chroma), _doubled(drawn.alpha_chroma))
    planes = (drawn.y_plane, _doubled(drawn.u_plane), _doubled(drawn.v_plane))
    for band, (alpha, plane) in enumerate(zip(alphas, planes, strict=True)):
        under[..., band] = under[..., band] * (255 - alpha) / 255 + plane


def _doubled(plane: Plane) -> Plane:
    return plane.repeat(2, axis=0).repeat(2, axis=1)


def _rgb(picture: Picture) -> Plane:
    """BT.709, limited range, to full-range RGB."""
    luma = (picture[..., 0] - 16) * (255 / 219)
    u, v = ((picture[..., band] - 128) * (255 / 224) for band in (1, 2))
    red, blue = luma + 1.5748 * v, luma + 1.8556 * u
    green = (luma - 0.2126 * red - 0.0722 * blue) / 0.7152
    return np.stack([red, green, blue], axis=-1).round().clip(0, 255).astype(np.uint8)


_PAGE = """<!doctype html><html lang="vi"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Diemcau: {theme}</title>
<style>body {{ margin: 24px; background: #11161c; color: #eee; font: 16px system-ui }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(420px, 1fr)); gap: 24px }}
figure {{ margin: 0 }} img {{ width: 100% }} figcaption {{ padding: 6px 0 }}</style>
<h1>{theme}</h1><main>{figures}</main></html>
"""


def page(names: Iterable[str], theme: str) -> str:
    """HTML that shows the sheets side by side; a click shows one at its full size."""
    figures = "".join(
        f'<figure><a href="{name}.png"><img src="{name}.png" alt="{name}"></a>'
        f"<figcaption>{name}</figcaption></figure>"
        for name in names
    )
    return _PAGE.format(theme=escape(theme), figures=figures)


def faults(theme: Path | None) -> list[str]:
    """What is wrong with it, file by file, each in one line."""
    renderer = Renderer(*QUICK, theme)
    for layers in SHEETS.values():
        compose(renderer, layers)
    return [f"{file}: {why}" if file else why for file, why in sorted(renderer.faults.items())]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m broadcast.overlay.preview")
    parser.add_argument("folder", type=Path, help="where the PNG files go")
    parser.add_argument("--theme", type=Path, help="folder of a theme")
    parser.add_argument("--size", default="1280x720", help="of the picture; default 1280x720")
    options = parser.parse_args(arguments)
    width, height = (int(side) for side in options.size.split("x"))
    for fault in faults(options.theme):
        _say(FAULT + fault)
    renderer = Renderer(width, height, options.theme)
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, layers in SHEETS.items():
        half = options.folder / f"{name}.part"
        compose(renderer, layers).save(half, "png")
        half.replace(options.folder / f"{name}.png")
        _say(name)
    theme = options.theme.resolve().name if options.theme else "mẫu có sẵn"
    (options.folder / "index.html").write_text(page(SHEETS, theme), "utf-8")


if __name__ == "__main__":
    main()
