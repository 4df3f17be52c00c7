"""What one viewer got, alone and with others, is known in order and once, when he tells of it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.bandwidth.sent import PAUSE_NS, Log, Sent, SentRun

MS = 1_000_000
STEP = st.tuples(
    st.sampled_from(["together", "together", "together", "alone", "moves", "tells", "counts"]),
    st.integers(1, 9),
)


@given(st.lists(STEP, max_size=60))
def test_runs_are_those_that_left_from_where_he_tells(steps: list[tuple[str, int]]) -> None:
    logs, sent = [Log(), Log()], Sent()
    logs[1].note(700, 1, 0)
    sent.follow(logs[0])
    all_runs: list[SentRun] = []
    number = octets = 0
    told = 0
    for now_ns, (what, count) in enumerate(steps, 1):
        match what:
            case "together" | "alone":
                run = (number, number + count, 100 * count, now_ns)
                number, octets = number + count, octets + 100 * count
                all_runs.append(run)
                if what == "together" and sent.log is not None:
                    sent.log.note(count, 100 * count, now_ns)
                else:
                    assert [sent.take() for _ in range(count)] == [*range(*run[:2])]
                    sent.note_taken(count, 100 * count, now_ns)
            case "moves":
                sent.follow(logs[count % 3] if count % 3 < 2 else None)
            case "counts":
                sent.catch_up()
                assert (sent.number, sent.octets) == (number, octets)
            case "tells":
                told = max(told, number - 3 * count)
                runs = sent.since(told)
                wanted = [run for run in all_runs if run[1] > told]
                assert [run for run in runs if run[1] > told] == wanted
                assert all(one[1] <= other[0] for one, other in pairwise(runs))


def test_what_others_say_did_not_leave_is_not_told_of_either() -> None:
    log, both = Log(), [Sent(), Sent()]
    for sent in both:
        sent.follow(log)
    log.note(2, 200, 1)
    both[0].take()
    both[0].note_taken(1, 100, 1)
    log.note(3, 300, 1)
    log.note(1, 100, 2)
    for sent in both:
        sent.disregard(2)
    assert [*both[0].since(0)] == [(0, 2, 200, 1), (2, 3, 100, 1), (3, 6, 300, 1)]
    assert [*both[1].since(0)] == [(0, 2, 200, 1), (2, 5, 300, 1)]
    assert (both[0].octets, both[1].octets) == (700, 600), "though it was sent"


def test_what_has_no_numbers_is_counted_with_what_has_some_next() -> None:
    log, sent = Log(), Sent()
    sent.follow(log)
    log.note(0, 70, 1)
    sent.catch_up()
    assert (sent.number, sent.octets) == (0, 70)
    log.note(2, 2400, 2)
    sent.note(0, 5, 3)
    assert [*sent.since(0)] == [(0, 2, 2475, 2)]
    assert (sent.number, sent.octets) == (2, 2475)


def test_a_pause_is_one_where_nothing_came_in_either_way() -> None:
    log, sent = Log(), Sent()
    sent.follow(log)
    for at in (0, 150, 300):
        log.note(1, 100, at * MS)
        sent.catch_up()
    assert (sent.since_ns, sent.last_ns) == (0, 300 * MS)
    sent.take()
    sent.note_taken(1, 100, 450 * MS)
    log.note(1, 100, 600 * MS)  # a pause of the groups, and none of his
    sent.catch_up()
    assert (sent.since_ns, sent.last_ns) == (0, 600 * MS)
    log.note(1, 100, 601 * MS + PAUSE_NS)
    log.note(1, 100, 700 * MS + PAUSE_NS)
    sent.catch_up()
    assert (sent.since_ns, sent.last_ns) == (601 * MS + PAUSE_NS, 700 * MS + PAUSE_NS)
