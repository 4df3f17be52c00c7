"""What is kept of whom, as the state of the program says it."""

from pathlib import Path

import pytest

from broadcast.interpreters import Booth, Language
from broadcast.outputs import sites
from broadcast.program import ProgramState, Take
from broadcast.studio.deliveries import Deliveries
from config.settings import Recording, Settings, Storage
from tests.broadcast.outputs.test_sites import LEFT, sound

HMONG = Language("hmn", "Tiếng Mông")


@pytest.mark.parametrize("is_open", [True, False])
def test_an_interpreter_is_kept_while_his_microphone_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_open: bool
) -> None:
    """The room does not hear him: he is none of its open microphones."""
    monkeypatch.setattr(sites, "SETTLE_S", 0.0)
    monkeypatch.setattr(sites, "ALONE_S", 0.0)
    settings = Settings(
        storage=Storage(data_dir=tmp_path), recording=Recording(sites=("*",), warn_free_bytes=0)
    )
    made = Deliveries(settings, lambda: 0, lambda _site: None)
    booth = Booth(LEFT, HMONG, open=is_open)
    for part in made.parts:
        part.start()
    made.follow(ProgramState(stream="x", recording=True, public=Take.ROOM, booths=(booth,)))
    for frame in sound(1):
        made.offer_frame(frame)
    for part in made.parts:
        part.close()
    assert len(list(tmp_path.glob("sites/x/*.mkv"))) == is_open
