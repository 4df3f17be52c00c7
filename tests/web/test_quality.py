"""Small unless somebody looks at it; never smaller than its seat."""

from hypothesis import given
from hypothesis import strategies as st

from broadcast.interpreters import Signer
from broadcast.layout import Layout, seats_of
from broadcast.program import Scene
from broadcast.session.model import SessionState, Site
from config.settings import Program
from streams.frames import SiteId
from web.quality import MANY_SITES, STANDBY, Leaving, Level, wishes

IDS = [SiteId(name) for name in ("hall", "lay", "chua", "nhe")]
SITES = {site: Site(site, site) for site in IDS}
SCENES = st.builds(
    Scene, st.sampled_from(Layout), st.lists(st.sampled_from(IDS), unique=True).map(tuple)
)
PROGRAM = Program()


def test_what_each_is_asked_for() -> None:
    state = SessionState(
        sites=SITES,
        program=Scene(Layout.FULL, (IDS[0],)),
        preview=Scene(Layout.GRID_4, (IDS[0], IDS[1])),
    )
    asked = wishes(state, PROGRAM, next_site=IDS[2])
    assert (asked[IDS[0]].level, asked[IDS[0]].width) == (Level.ON_AIR, 1280)
    assert (asked[IDS[1]].level, asked[IDS[1]].width) == (Level.PREVIEW, 640)
    assert (asked[IDS[2]].level, asked[IDS[2]].width) == (Level.PREVIEW, 1280)
    assert asked[IDS[3]] == STANDBY


def test_what_gives_way_goes_on_as_it_is_until_a_transition_is_over() -> None:
    hall, lay = (Scene(Layout.FULL, (site,)) for site in IDS[:2])
    leaving = Leaving()
    assert leaving.of(hall, 0) == (Scene(),)
    assert leaving.of(lay, 10_000) == leaving.of(lay, 11_000) == (hall,)
    state = SessionState(sites=SITES, program=lay)
    assert wishes(state, PROGRAM, None, (hall,))[IDS[0]].width == PROGRAM.width
    assert leaving.of(lay, 20_000) == ()
    assert wishes(state, PROGRAM, None)[IDS[0]] == STANDBY


def test_where_there_are_many_each_at_standby_sends_less() -> None:
    sites = {SiteId(f"s{n}"): Site(SiteId(f"s{n}"), "") for n in range(MANY_SITES + 1)}
    state = SessionState(sites=sites, program=Scene(Layout.FULL, (SiteId("s0"),)))
    asked = wishes(state, PROGRAM, None)
    few = SessionState(sites=dict(list(sites.items())[:-1]), program=state.program)
    assert wishes(few, PROGRAM, None)[SiteId("s1")] == STANDBY
    assert asked[SiteId("s1")].fps == STANDBY.fps // 2
    assert asked[SiteId("s1")].max_bitrate_bps < STANDBY.max_bitrate_bps
    assert asked[SiteId("s0")].fps == PROGRAM.fps


@given(SCENES, SCENES, st.sampled_from([None, *IDS]))
def test_a_seat_is_never_larger_than_its_picture(
    program: Scene, preview: Scene, coming: SiteId | None
) -> None:
    asked = wishes(SessionState(sites=SITES, program=program, preview=preview), PROGRAM, coming)
    assert asked.keys() == SITES.keys()
    for site, seat in zip(program.sources, seats_of(program.layout), strict=False):
        wish = asked[site]
        assert wish.level is Level.ON_AIR
        assert wish.width >= 0.9 * seat.width * PROGRAM.width
        assert wish.width % 2 == wish.height % 2 == 0
        assert STANDBY.max_bitrate_bps < wish.max_bitrate_bps <= PROGRAM.video_bitrate_bps


def test_the_interpreter_sends_hands_that_can_be_read() -> None:
    small = Scene(Layout.FULL, (IDS[0],))
    state = SessionState(sites=SITES, program=small, signer=Signer(IDS[1], share=0.14))
    wish = wishes(state, PROGRAM, None)[IDS[1]]
    assert (wish.level, wish.width, wish.fps) == (Level.ON_AIR, 640, PROGRAM.fps)
