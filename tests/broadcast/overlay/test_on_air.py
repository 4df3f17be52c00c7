"""From the rules to the picture: what the director states can be drawn, and keeps secrets."""

from functools import cache
from pathlib import Path

from broadcast.director import program_of
from broadcast.overlay.preview import SHEETS
from broadcast.overlay.render import Renderer
from broadcast.program import ProgramState
from broadcast.session.commands import CallNext, ChooseItem, ShowOverlay
from broadcast.session.model import OverlayName, RequestKind
from tests.broadcast.session.hearing import SECRET, Hearing


@cache
def renderer() -> Renderer:
    return Renderer(640, 360)


def drawn(state: ProgramState, now_ms: int) -> list[str]:
    """Names of what is seen; every word of it goes by on the way."""
    overlays = (*state.overlays, state.slate, state.public_slate)
    assert all(SECRET not in renderer().svg(overlay, now_ms) for overlay in overlays)
    return [overlay.name for overlay in overlays if renderer().render(overlay, now_ms) is not None]


def test_a_turn_shows_everything_at_once() -> None:
    hearing = Hearing("thao-luan")
    for delegate in ("chi", "an"):
        hearing.register(delegate, RequestKind.SPEECH)
    hearing.do(CallNext())
    for name in hearing.state.hidden_overlays:
        hearing.do(ShowOverlay(name=name, visible=True))
    state = program_of(hearing.state)
    assert drawn(state, hearing.now_ms) == [*OverlayName, "slate", "slate"]


def test_the_words_over_lists_and_logo_are_the_offices_own(tmp_path: Path) -> None:
    words = ("logo", "agenda", "queue", "questions")
    lines = (f'{word} = "{word.upper()} CỦA TỈNH"' for word in words)
    (tmp_path / "theme.toml").write_text("\n".join(("[words]", *lines)), "utf-8")
    themed, said = Renderer(640, 360, tmp_path), ""
    for item, kind in (("thao-luan", RequestKind.SPEECH), ("chat-van", RequestKind.QUESTION)):
        hearing = Hearing(item)
        hearing.register("an", kind)
        for name in hearing.state.hidden_overlays:
            hearing.do(ShowOverlay(name=name, visible=True))
        for overlay in program_of(hearing.state).overlays:
            said += themed.svg(overlay, hearing.now_ms)
    assert all(f"{word.upper()} CỦA TỈNH" in said for word in words)


def test_the_page_of_the_graphics_shows_the_offices_own_words(tmp_path: Path) -> None:
    (tmp_path / "theme.toml").write_text('[words]\nlogo = "HĐND TỈNH LAI CHÂU"', "utf-8")
    themed = Renderer(640, 360, tmp_path)
    logos = (one for one, _ in SHEETS["live-logo"] if one.name == "logo")
    assert all("HĐND TỈNH LAI CHÂU" in themed.svg(logo, 0) for logo in logos)


def test_a_closed_item_is_named_in_no_picture() -> None:
    hearing = Hearing("nhan-su")
    assert "live" not in drawn(program_of(hearing.state), hearing.now_ms)
    hearing.do(ChooseItem(item="thao-luan"))
    assert "live" not in drawn(program_of(hearing.state), hearing.now_ms)
    hearing.open_again()
    assert "live" in drawn(program_of(hearing.state), hearing.now_ms)


def test_before_the_session_there_are_slates() -> None:
    state = program_of(Hearing(live=False).state)
    assert {"slate", "logo"} <= set(drawn(state, 0))
