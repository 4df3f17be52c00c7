"""What is known of sessions without folding their logs again."""

from pathlib import Path
from typing import Any

import pytest

from broadcast.session.commands import EndSession, GoLive
from broadcast.session.decide import Act
from broadcast.session.model import Phase, Role
from broadcast.store import Store
from tests.broadcast.session.hearing import PREPARED, Hearing
from web.summaries import Summaries


def test_a_session_that_is_over_is_folded_once_and_again_when_its_log_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(f"sqlite:///{tmp_path / 'log.sqlite3'}")
    path, act = tmp_path / "index" / "sessions.json", Act(0, Role.SYSTEM, "", None, "")
    loaded = list[int]()
    load = store.load

    def counted(session: str, after: int = 0) -> Any:
        loaded.append(after)
        return load(session, after)

    monkeypatch.setattr(store, "load", counted)
    hearing = Hearing("thao-luan", live=False)

    store.append(PREPARED.id, 0, hearing.log, act)
    summaries = Summaries(store, path)
    (one,) = summaries.all()
    assert (one.phase, one.version) == (Phase.PREPARED, len(hearing.log))
    assert not path.exists(), "it goes on"
    at = len(hearing.log)
    hearing.do(GoLive())
    hearing.do(EndSession())
    store.append(PREPARED.id, at, hearing.log[at:], act)
    (one,) = summaries.all()
    assert (one.phase, one.title) == (Phase.ENDED, PREPARED.title)
    assert loaded == [0, at], "what was known is gone on from"
    for _ in range(2):
        assert summaries.all() == Summaries(store, path).all() == [one]
    assert loaded == [0, at]
    path.write_text('{"format": 1, "sessions": [{"id":', "utf-8")
    assert Summaries(store, path).all() == [one], "a file that was cut short is none"
    assert loaded == [0, at, 0]
    store.close()
