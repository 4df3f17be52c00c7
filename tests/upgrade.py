"""A server that was upgraded: what its pages are made of is not what it was."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from web import build as built
from web.assets import later_modules, modules
from web.pages import texts_of

_READ = (built.static, built.templates, built.build, modules, later_modules, texts_of)


@contextmanager
def upgraded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each relay that is started in this process until left serves other pages, from `folder`."""
    for part in ("static", "templates"):
        shutil.copytree(built.WEB / part, folder / part)
    with (folder / "static" / "join.js").open("a") as script:
        script.write("// of after the upgrade\n")
    with monkeypatch.context() as patched:
        patched.setattr(built, "WEB", folder)
        _forget()
        yield
    _forget()


def _forget() -> None:
    for read in _READ:
        read.cache_clear()
