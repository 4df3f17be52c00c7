"""`diemcau verify` beside a session that is on: what is just being written is not missing."""

from pathlib import Path

import pytest

from tests.media import wait_for
from tests.server import Server
from web.proof import prove


def test_a_recording_that_goes_on_is_whole_so_far(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Server(tmp_path / "server") as server:
        index = server.archive / "index.m3u8"

        def listed() -> int:
            return index.read_text().count("#EXTINF") if index.exists() else 0

        server.command("go_live")
        wait_for(lambda: listed() > 1, "a recording")
        while listed() < 4:  # wherever in a segment it is asked
            failed = prove(server.settings, server.session, "")
            said = capsys.readouterr().out
            assert not failed, said
            assert "chưa kết thúc" in said
