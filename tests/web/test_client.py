"""What waits for a slow page is bounded, and what gives way first is what is worth least."""

from hypothesis import given
from hypothesis import strategies as st

from web.client import MAX_PATCHES, Outgoing


def _drain(out: Outgoing) -> list[str | bytes]:
    messages = []
    while (message := out.take(lambda: "snapshot")) is not None:
        messages.append(message)
    return messages


def test_the_order_in_which_things_are_sent() -> None:
    out = Outgoing()
    out.set_still("hall", b"still")
    out.set_levels("levels")
    out.set_latest("pong", "pong")
    assert out.take(lambda: "snapshot") == "snapshot"
    out.add_patch("patch")
    assert _drain(out) == ["pong", "patch", "levels", b"still"]


def test_a_slow_page_gets_a_snapshot_instead_of_a_growing_queue() -> None:
    out = Outgoing()
    out.take(lambda: "snapshot")
    for number in range(1000):
        out.add_patch(f"patch {number}")
    messages = _drain(out)
    assert messages[0] == "snapshot"
    assert len(messages) <= MAX_PATCHES + 1
    assert out.dropped > MAX_PATCHES


def test_patches_before_the_first_snapshot_are_part_of_it() -> None:
    out = Outgoing()
    out.add_patch("early")
    assert _drain(out) == ["snapshot"]


@given(st.lists(st.sampled_from(["patch", "levels", "hall", "lay", "pong"]), max_size=400))
def test_it_is_bounded_whatever_comes(events: list[str]) -> None:
    out = Outgoing(stale=False)
    for event in events:
        match event:
            case "patch":
                out.add_patch(event)
            case "levels":
                out.set_levels(event)
            case "pong":
                out.set_latest(event, event)
            case site:
                out.set_still(site, site.encode())
    assert len(_drain(out)) <= MAX_PATCHES + 1 + 1 + 2 + 1
