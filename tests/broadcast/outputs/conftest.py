"""How fast this machine's own disk is, is nothing that is tested."""

import pytest

AN_HOUR_S = 3600.0


@pytest.fixture(autouse=True)
def however_slow_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not told of, and what was offered is waited for."""
    monkeypatch.setattr("broadcast.outputs.segments.SLOW_SYNC_S", AN_HOUR_S)
    monkeypatch.setattr("broadcast.outputs.segments.CLOSE_S", AN_HOUR_S)
    monkeypatch.setattr("broadcast.outputs.sites.CLOSE_S", AN_HOUR_S)
