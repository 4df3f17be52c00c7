"""A built wheel is whole: it runs without npm and without this checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DATA = {".css", ".html", ".js", ".json", ".mjs", ".svg", ".toml"}


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", out, "."]
    subprocess.run(command, cwd=ROOT, check=True, timeout=250)
    (wheel,) = out.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_every_module_and_data_file_is_in_it(wheel_names: set[str]) -> None:
    wanted = {
        str(path.relative_to(ROOT))
        for room in ("config", "streams", "broadcast", "web")
        for path in (ROOT / room).rglob("*")
        if path.suffix in DATA | {".py"} and path.name != "tsconfig.json"
    }
    assert wanted - wheel_names == set()


def test_the_pages_libraries_are_in_it(wheel_names: set[str]) -> None:
    names = {Path(name).name for name in wheel_names if name.startswith("web/static/vendor/")}
    assert {"preact.mjs", "signals.mjs", "htm.mjs", "hls.mjs", "hls.worker.js"} <= names


def test_no_tests_and_no_recordings_are_in_it(wheel_names: set[str]) -> None:
    assert {name.partition("/")[0] for name in wheel_names if "dist-info" not in name} == {
        "config",
        "streams",
        "broadcast",
        "web",
    }
