"""Whose loss it is, tried again however often it was in vain."""

from streams.bandwidth.congestion import Congestion
from streams.bandwidth.losses import WINDOW_NS, Finding, Losses


def test_after_many_trials_in_vain_the_next_comes_within_minutes() -> None:
    losses, line, now_ns = Losses(), Congestion(), 0
    losses.usual = 0.0
    findings: list[Finding] = []

    def turn(loss: float) -> None:
        nonlocal now_ns
        now_ns += WINDOW_NS
        line.told += 200
        line.lost += int(200 * loss)
        findings.append(losses.turn(line, now_ns, may_try=True))

    while findings.count(Finding.NOT_OURS) < 12:
        for _ in range(20):
            turn(0)
        while findings[-1] is not Finding.NOT_OURS:
            turn(0.2)
    for _ in range(20):
        turn(0)
    since_ns = now_ns
    while findings[-1] is not Finding.TRY_LESS:
        turn(0.2)
    assert now_ns - since_ns < 300_000_000_000
