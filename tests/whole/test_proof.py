"""`diemcau verify` beside a session that is on: what is just being written is not missing."""

from pathlib import Path

import pytest

from tests.media import wait_for
from tests.server import Server
from web.proof import prove

TRIES = 4
"""A machine that stands still leaves a hole now and then; a fault is there each time."""


def test_a_recording_that_goes_on_is_whole_so_far(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = [what_is_missing(tmp_path / "0", capsys)]
    while said[-1]:
        assert len(said) < TRIES, said
        said.append(what_is_missing(tmp_path / str(len(said)), capsys))


def what_is_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What is said of it, wherever in a segment it is asked."""
    with Server(folder) as server:
        index = server.archive / "index.m3u8"

        def listed() -> int:
            return index.read_text().count("#EXTINF") if index.exists() else 0

        server.command("go_live")
        wait_for(lambda: listed() > 1, "a recording")
        while listed() < 4:
            failed = prove(server.settings, server.session, "")
            said = capsys.readouterr().out
            if failed:
                return said
            assert "chưa kết thúc" in said
    return ""
