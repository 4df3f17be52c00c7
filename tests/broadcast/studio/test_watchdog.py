"""Who is said to hang, and who is not."""

from broadcast.studio.watchdog import HUNG_S, Watchdog


def test_who_makes_nothing_any_more_is_named() -> None:
    dog = Watchdog()
    said = [dog.look({"pictures": min(at, 5), "sound": at}, at) for at in range(40)]
    assert said.index("pictures") == 5 + HUNG_S
    assert set(said[: 5 + int(HUNG_S)]) == {None}


def test_a_pause_of_the_whole_process_is_none_of_theirs() -> None:
    dog = Watchdog()
    assert [dog.look({"pictures": at // 100}, at) for at in range(0, 1000, 100)] == [None] * 10


def test_who_goes_on_in_time_is_forgiven_and_who_rests_is_not_blamed() -> None:
    dog = Watchdog()
    for at in range(100):
        assert dog.look({"pictures": at // 10}, at) is None
    for at in range(100, 200, 8):
        dog.rest()
        assert dog.look({"pictures": 9}, at) is None
