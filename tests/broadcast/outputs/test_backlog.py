"""What waits for an output's thread: bounded, and dropped up to a keyframe."""

from collections.abc import Callable

from broadcast.outputs.backlog import Backlog


def overflown() -> Backlog[str]:
    """Room for two, of which one is there; a picture was dropped."""
    backlog = Backlog[str](2)
    for item, key in (("key 0", True), ("1", False), ("2", False)):
        backlog.offer(item, key=key)
    assert next(backlog.drain()) == "key 0"
    return backlog


def test_after_a_gap_it_goes_on_with_a_keyframe() -> None:
    backlog = overflown()
    backlog.offer("3", key=False)
    assert backlog.dropped == 2
    backlog.offer("key 4", key=True)
    assert list(backlog.drain()) == ["1", "key 4"]


class Between(set[str]):
    """Another thread comes just when it was found that its stream is being skipped."""

    def __init__(self, streams: set[str], comes: Callable[[], None]) -> None:
        super().__init__(streams)
        self._comes = comes

    def __contains__(self, stream: object) -> bool:
        found = super().__contains__(stream)
        if found:
            self._comes()
        return found


def test_sound_dropped_beside_a_keyframe_drops_none_of_what_follows_it() -> None:
    """Pictures come from the encoding thread and sound from the mixing thread."""
    backlog = overflown()

    def keyframe() -> None:
        backlog.offer("key 3", key=True)

    backlog._skipping = Between(backlog._skipping, keyframe)
    backlog.offer("sound", key=False)
    assert list(backlog.drain()) == ["1", "key 3"]
    backlog.offer("4", key=False)
    assert list(backlog.drain()) == ["4"]
