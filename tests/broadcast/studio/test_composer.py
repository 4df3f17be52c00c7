"""What the composer makes tick by tick: transitions, graphics that slide, no frame lost to them.

The clock is a number; pictures and drawings are made at the tick.
"""

import itertools
from dataclasses import replace

import av
import numpy as np
import pytest

from broadcast.layout import Corner, Inset, Layout, Rect, seats_of
from broadcast.overlay.planes import Drawn
from broadcast.overlay.render import Renderer
from broadcast.program import CUT, TRANSITION_MS, Overlay, Scene, Transition, TransitionKind
from broadcast.studio.canvas import Canvas
from broadcast.studio.composer import Composer, View, seat_plans
from broadcast.studio.graphics import ENTER_NS, HELD_NS, LEAVE_NS
from broadcast.studio.overlays import Board, Request
from broadcast.studio.picturetrack import Picture, PictureTrack
from broadcast.studio.sources import Source, Sources
from streams.frames import NS_PER_S, SiteId
from tests import media

SIZE = (640, 360)
TICK_NS = NS_PER_S // 25
SITES = tuple(SiteId(name) for name in "abcde")
SLATE = Overlay("slate", {"mode": "title", "title": "Kỳ họp", "subtitle": "", "text": ""})
THIRD = Overlay("lower_third", {"name": "Lò Thị Ếm", "title": "Đại biểu", "site": "Mường Ảng"})
OTHER = Overlay("lower_third", {"name": "Mùa A Vảng", "title": "Đại biểu", "site": "Mường Nhé"})
LIVE = Overlay("live")
DISSOLVE, WIPE = (Transition(kind, 400) for kind in (TransitionKind.DISSOLVE, TransitionKind.WIPE))


def full(site: int) -> Scene:
    return Scene(Layout.FULL, (SITES[site],))


def view(scene: Scene, *overlays: Overlay, transition: Transition = CUT) -> View:
    names = {site: f"Điểm cầu {site}" for site in SITES}
    return View(scene, SLATE, overlays, names, (THIRD, OTHER, LIVE), transition)


class Gallery(Sources):
    """Sites that send a new numbered picture each tick."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)
        self.tick = 0
        for site in SITES:
            self._sources[site] = Source(site, lambda _: None)

    def alive(self, now_ns: int, *gone: SiteId) -> None:
        for source in self.all():
            if source.site not in gone:
                source.picture.received_ns = now_ns

    def pick(self, track: PictureTrack, now_ns: int) -> Picture:
        site = next(n for n, name in enumerate(SITES) if self._sources[name].picture is track)
        planar = media.draw(320, 180, media.Mark(site, self.tick))
        return Picture(av.VideoFrame.from_ndarray(planar, "yuv420p"), now_ns, now_ns)


class Bench:
    """A composer that is told the time. What it asks its board for is drawn before it composes."""

    def __init__(self, slate_after_s: int = 0) -> None:
        self.gallery = Gallery()
        self.board = Board(Renderer(*SIZE))
        slate_after_ns = slate_after_s * NS_PER_S
        self.composer = Composer(SIZE, self.gallery, self.board, self.gallery.pick, slate_after_ns)
        self.canvas = Canvas(*SIZE)
        self.now_ns = 10**12
        self.oldest_ns = 0
        self.gone: tuple[SiteId, ...] = ()

    def tick(self, shown: View) -> media.Picture:
        self.now_ns += TICK_NS
        self.gallery.tick += 1
        self.gallery.alive(self.now_ns, *self.gone)
        self.composer.follow(shown, self.now_ns)
        self.board.draw()
        self.composer.compose(self.canvas, self.now_ns, self.oldest_ns)
        return self.canvas.y.copy()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def numbers(picture: media.Picture, scene: Scene) -> list[int | None]:
    marks = [media.read_mark(picture, seat) for seat in scene.seats[: len(scene.sources)]]
    return [mark and mark.number for mark in marks]


def test_no_layout_source_or_overlay_costs_or_repeats_a_frame(bench: Bench) -> None:
    """Each tick shows each site's picture of that very tick, whatever was changed before it."""
    left = Inset(Corner.TOP_LEFT, 0.24)
    scenes = [
        Scene(Layout.FULL, SITES[:1]),
        Scene(Layout.PICTURE_IN_PICTURE, SITES[1:3]),
        Scene(Layout.PICTURE_IN_PICTURE, SITES[1:3], left),
        Scene(Layout.SIDE_BY_SIDE, SITES[2:4]),
        Scene(Layout.HALL_AND_SPEAKER, SITES[:2]),
        Scene(Layout.FILMSTRIP, SITES),
        Scene(Layout.GRID_4, SITES[:4]),
        Scene(Layout.GRID_9, SITES),
    ]
    overlays: list[tuple[Overlay, ...]] = [(), (LIVE,)]
    for n, (scene, shown) in enumerate(itertools.product(scenes, overlays)):
        if shown and scene.layout is Layout.GRID_9:
            continue  # the mark lies over the first cell's number
        for _ in range(3):
            picture = bench.tick(view(scene, *shown))
            read = numbers(picture, scene)
            assert read == [bench.gallery.tick] * len(scene.sources), (n, scene)


@pytest.mark.parametrize("kind", [TransitionKind.DISSOLVE, TransitionKind.WIPE])
@pytest.mark.parametrize("duration_ms", [*TRANSITION_MS, 400])
def test_a_transition_goes_evenly_from_one_scene_to_the_next(
    bench: Bench, kind: TransitionKind, duration_ms: int
) -> None:
    first, second = (int(bench.tick(view(full(site)))[20:60, ::8].mean()) for site in (0, 4))
    bench.tick(view(full(0)))
    ticks, levels = duration_ms // 40, []
    for _ in range(ticks + 2):
        picture = bench.tick(view(full(4), transition=Transition(kind, duration_ms)))
        levels.append(float(picture[60:140].mean()))
    assert levels == sorted(levels)
    assert abs(levels[0] - first) < 4, "it begins where the last scene was"
    middle = levels[ticks // 2]
    assert first + 4 < middle < second - 4, levels
    assert levels[ticks - 1] < levels[ticks] - 0.5, "not over before its time"
    assert levels[ticks] == pytest.approx(levels[-1], abs=0.1), "nor after it"
    assert abs(levels[-1] - second) < 4
    assert media.read_mark(picture) == media.Mark(4, bench.gallery.tick)


def test_a_wipe_has_the_new_scene_on_its_left(bench: Bench) -> None:
    bench.tick(view(full(0)))
    for _ in range(6):
        picture = bench.tick(view(full(4), transition=WIPE))
    left, right = picture[60:140, :200].mean(), picture[60:140, -200:].mean()
    assert left > right + 30


def test_both_scenes_move_while_they_change(bench: Bench) -> None:
    bench.tick(view(full(0)))
    bench.gallery.tick = 52  # from where the moving bar is on the right
    bars = set()
    for _ in range(4):
        picture = bench.tick(view(full(4), transition=WIPE))
        bars.add(picture[5, 400:].tobytes())
    assert len(bars) == 4


@pytest.mark.parametrize("kind", [TransitionKind.DISSOLVE, TransitionKind.WIPE])
@pytest.mark.parametrize("then", [0, 4])
def test_a_transition_in_the_middle_of_another_goes_on_from_what_is_seen(
    bench: Bench, kind: TransitionKind, then: int
) -> None:
    bench.tick(view(full(0)))
    for _ in range(4):
        seen = bench.tick(view(full(2), transition=Transition(kind, 400)))
    change = Transition(kind, 400)
    pictures = [seen, *(bench.tick(view(full(then), transition=change)) for _ in range(12))]
    backgrounds = [picture[60:140].astype(int) for picture in pictures]
    if kind is TransitionKind.DISSOLVE:
        steps = [abs(a.mean() - b.mean()) for a, b in itertools.pairwise(backgrounds)]
        assert max(steps) < 8, steps
    else:
        assert np.abs(backgrounds[1] - backgrounds[0])[:, 320:].mean() < 3, "right of the edge"
    assert numbers(pictures[-1], full(then)) == [bench.gallery.tick]


def test_a_slate_that_came_by_itself_gives_way_as_one_that_was_chosen() -> None:
    bench = Bench(slate_after_s=4)
    alone = bench.tick(view(Scene()))
    bench.gone = SITES[:1]
    for _ in range(25 * 8):
        bench.tick(view(full(0)))
    first = bench.tick(view(full(2), transition=DISSOLVE))
    assert np.abs(first.astype(int) - alone).max() < 8


def test_a_dissolve_takes_nothing_from_a_time_that_is_closed(bench: Bench) -> None:
    bench.tick(view(full(0)))
    bench.tick(view(full(4), transition=DISSOLVE))
    bench.oldest_ns = bench.now_ns + 100 * NS_PER_S
    picture = bench.tick(view(full(4), transition=DISSOLVE))
    assert media.read_mark(picture) is None
    assert picture[60:140].max() < 60


def ink(picture: media.Picture, bare: media.Picture) -> int:
    """How many pixels of the lower third's place are not the site's."""
    place = (slice(240, 345), slice(0, 600))
    return int(np.count_nonzero(np.abs(picture[place].astype(int) - bare[place]) > 3))


def test_a_lower_third_slides_in_and_out(bench: Bench) -> None:
    bare = bench.tick(view(full(0)))
    coming = [ink(bench.tick(view(full(0), THIRD)), bare) for _ in range(ENTER_NS // TICK_NS + 2)]
    assert coming[0] == 0
    assert all(a <= b * 1.03 for a, b in itertools.pairwise(coming))
    assert coming[2] < coming[-1]
    assert coming[-1] == coming[-2] > 5000
    going = [ink(bench.tick(view(full(0))), bare) for _ in range(LEAVE_NS // TICK_NS + 2)]
    assert going[0] > going[2] > going[-1] == 0


def test_the_next_name_slides_in_and_the_last_is_gone_at_once(bench: Bench) -> None:
    bare = bench.tick(view(full(0)))
    for _ in range(20):
        bench.tick(view(full(0), THIRD))
    assert ink(bench.tick(view(full(0), OTHER)), bare) == 0


def test_a_list_stands_until_it_is_drawn_anew(bench: Bench) -> None:
    """The board draws on a thread of its own, for some frames at worst."""
    rows = [{"number": n, "name": f"Đại biểu {n}", "site": "", "kind": "speech"} for n in (1, 2)]
    one, two = (Overlay("queue", {"rows": rows[:n]}) for n in (1, 2))
    place = (slice(30, 200), slice(400, 640))
    bare = bench.tick(view(full(0)))[place].copy()
    for _ in range(20):
        stood = bench.tick(view(full(0), one))[place].copy()
    bench.composer.follow(view(full(0), two), bench.now_ns)

    def undrawn(later_ns: int) -> media.Picture:
        bench.gallery.alive(bench.now_ns + later_ns)
        bench.composer.compose(bench.canvas, bench.now_ns + later_ns, bench.oldest_ns)
        return bench.canvas.y[place].copy()

    assert np.array_equal(undrawn(TICK_NS), stood)
    assert np.array_equal(undrawn(HELD_NS + TICK_NS), bare), "it cannot be drawn"
    bench.oldest_ns = bench.now_ns + 1
    assert np.array_equal(undrawn(TICK_NS), bare), "it was not drawn for these"


def test_a_name_never_stays_under_another_scene(bench: Bench) -> None:
    bare = bench.tick(view(full(1)))
    for _ in range(20):
        bench.tick(view(full(0), THIRD))
    assert ink(bench.tick(view(full(1))), bare) == 0


@pytest.mark.parametrize("transition", [CUT, DISSOLVE])
def test_the_name_of_who_goes_on_speaking_stands_still(
    bench: Bench, transition: Transition
) -> None:
    """The hall listening, the speaker with it: the picture changes, the name does not slide."""
    for _ in range(20):
        stood = bench.tick(view(full(0), THIRD))
    name = bench.board.drawing(Request.of(THIRD).key)
    assert name is not None
    x, y = name.x + 40, name.y + name.height // 2  # on the bar, before the first letter
    for _ in range(15):
        picture = bench.tick(view(full(1), THIRD, transition=transition))
        assert abs(int(picture[y, x]) - int(stood[y, x])) <= 1


def test_what_leaves_is_not_shown_to_whom_it_was_not_drawn_for(bench: Bench) -> None:
    bare = bench.tick(view(full(0)))
    for _ in range(20):
        bench.tick(view(full(0), THIRD))
    bench.oldest_ns = bench.now_ns + 1
    assert ink(bench.tick(view(full(0))), bare) == 0


def test_a_site_that_never_came_is_no_lost_one(bench: Bench) -> None:
    """Its card has other words, until it comes and goes."""
    name = {"site": f"Điểm cầu {SITES[0]}"}
    renderer = Renderer(*SIZE)
    never, gone = (
        renderer.render(Overlay("signal_lost", {**name, "absent": absent}), 0)
        for absent in (True, False)
    )
    source = bench.gallery._sources.pop(SITES[0])

    def card() -> media.Picture:
        return [bench.tick(view(full(0))) for _ in range(60)][-1]

    expected = Canvas(*SIZE)
    expected.blend(never)
    assert np.array_equal(card(), expected.y)
    bench.gallery._sources[SITES[0]] = source
    card()
    bench.gone = SITES[:1]
    expected.blend(gone)
    assert np.array_equal(card(), expected.y)


def heard_alone(bench: Bench) -> media.Picture:
    """What is seen of a site of which nothing comes but sound, for longer than it takes to be
    lost."""
    source, bench.gone = bench.gallery.all()[0], SITES[:1]
    for _ in range(60):
        source.sound.received_ns = bench.now_ns
        picture = bench.tick(view(full(0)))
    return picture


def test_a_site_that_comes_back_without_a_camera_is_no_lost_one(bench: Bench) -> None:
    """Nor is what it sent before seen again. A camera that is pulled out is lost."""
    dark, source = heard_alone(Bench()), bench.gallery.all()[0]
    source.picture.show(bench.gallery.pick(source.picture, bench.now_ns))
    assert not np.array_equal(heard_alone(bench), dark)
    bench.gallery.gone(SITES[0])
    assert np.array_equal(heard_alone(bench), dark)


def test_when_all_sites_are_lost_the_slate_comes_and_goes_again() -> None:
    bench = Bench(slate_after_s=4)
    scene = Scene(Layout.SIDE_BY_SIDE, SITES[:2])
    alone = bench.tick(view(Scene()))
    bench.tick(view(scene))
    bench.gone = SITES[:1]
    for _ in range(25 * 10):
        picture = bench.tick(view(scene))
    seen = numbers(picture, scene)
    assert seen == [None, bench.gallery.tick], "one of two is there: a card, and no slate"
    bench.gone = SITES[:2]
    for _ in range(25 * 5):
        picture = bench.tick(view(scene))
    assert not np.array_equal(picture, alone), "2 s until lost, then 4 s of cards"
    for _ in range(25 * 2):
        picture = bench.tick(view(scene))
    assert np.array_equal(picture, alone)
    bench.gone = ()
    assert numbers(bench.tick(view(scene)), scene) == [bench.gallery.tick] * 2


def test_nothing_stands_in_the_way_of_the_words_of_a_slate_that_came_by_itself() -> None:
    bench = Bench(slate_after_s=4)
    alone = bench.tick(view(Scene()))
    bench.gone = SITES
    for _ in range(25 * 8):
        picture = bench.tick(view(full(0), THIRD))
    assert np.array_equal(picture, alone)
    bench.gone = ()
    bare = bench.tick(view(full(0)))
    for _ in range(25):
        picture = bench.tick(view(full(0), THIRD))
    assert ink(picture, bare) > 0, "who speaks is told again"


def test_no_list_covers_the_words_of_a_card_that_fills_the_picture() -> None:
    rows = [{"number": 1, "name": "Lò Thị Ếm", "site": "Huyện Mường Ảng", "kind": "question"}]
    queue = Overlay("queue", {"rows": rows, "more": 0})
    shown = view(full(0), THIRD, queue), view(full(0), THIRD)
    benches = Bench(), Bench()
    for gone in ((), SITES):
        for one in benches:
            one.gone = gone
        for _ in range(25 * 4):
            listed, bare = (one.tick(what) for one, what in zip(benches, shown, strict=True))
        assert np.array_equal(listed, bare) is bool(gone)


def test_without_a_time_for_it_the_slate_never_comes_by_itself() -> None:
    bench = Bench(slate_after_s=0)
    scene = full(0)
    alone = bench.tick(view(Scene()))
    bench.gone = SITES
    for _ in range(5):
        bench.now_ns += 600 * NS_PER_S
        picture = bench.tick(view(scene))
    assert not np.array_equal(picture, alone)


@pytest.mark.parametrize("layout", [Layout.GRID_4, Layout.FILMSTRIP, Layout.SIDE_BY_SIDE])
def test_each_seat_names_its_site_and_nothing_else_is_drawn_over(layout: Layout) -> None:
    """The same tick with titles and without: they differ in each seat, and there alone."""
    scene = Scene(layout, SITES[:4])
    named, bare = Bench(), Bench()
    plans = seat_plans(scene, view(scene).site_names, *SIZE)
    with_titles = named.tick(view(scene)).astype(int)
    unnamed = replace(view(scene), site_names=dict.fromkeys(SITES, ""))
    differs = np.abs(with_titles - bare.tick(unnamed)) > 8
    for plan in plans:
        drawn = named.board.drawing(plan.name.key)
        assert isinstance(drawn, Drawn)
        area = (slice(drawn.y, drawn.y + drawn.height), slice(drawn.x, drawn.x + drawn.width))
        box = plan.seat.box
        assert box.x <= drawn.x
        assert drawn.x + drawn.width <= box.x + box.width
        assert np.count_nonzero(differs[area]) > 100, plan.site
        differs[area] = False
    assert not differs.any()


@pytest.mark.parametrize("corner", list(Corner))
@pytest.mark.parametrize("share", [0.15, 0.27, 0.45])
def test_an_inset_lies_in_its_corner(corner: Corner, share: float) -> None:
    whole, small = seats_of(Layout.PICTURE_IN_PICTURE, Inset(corner, share))
    assert whole == Rect(0, 0, 1, 1)
    assert small.width == small.height == share
    assert (small.x < 0.5 - share / 2) == corner.endswith("left")
    assert (small.y < 0.25) == corner.startswith("top")
    assert min(small.x, small.y, 1 - small.x - share, 1 - small.y - share) > 0.029
