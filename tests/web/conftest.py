"""The command line, as a person would type it."""

import io
import os
from collections.abc import Iterator

import pytest

from tests.web.command_line import Ended, Run
from web.cli import main
from web.times import go_by


@pytest.fixture
def diemcau(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """In this process: starting one costs more than the command."""
    zone = os.environ["TZ"]

    def run(*arguments: str, stdin: str = "", **environment: str) -> Ended:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        try:
            status = main(arguments)
        except SystemExit as left:
            status = int(str(left.code))
        said = capsys.readouterr()
        return Ended(status, said.out, said.err)

    yield run
    go_by(zone)
