"""What the documents say of the code is true."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [
    *("README.md", "ARCHITECTURE.md", "CHANGELOG.md"),
    *("bench/README.md", "bench/NOTES.md", "web/PROTOCOL.md"),
]
FOLDERS = "config|streams|broadcast|web|tests|bench|docs"


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


PROJECT = tomllib.loads(text("pyproject.toml"))["project"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_named_exist(document: str) -> None:
    named = re.findall(rf"[`(]((?:{FOLDERS})/[\w./-]*)[`)]", text(document))
    missing = [path for path in named if not (ROOT / path).exists()]
    assert [path for path in missing if not path.startswith("web/static/vendor")] == []


@pytest.mark.parametrize(
    ("folder", "rooms_in"),
    [
        ("streams", "**/[a-z]*.py"),
        ("broadcast", "[a-z]*.py"),
        *[("broadcast", f"{room}/[a-z]*.py") for room in ("overlay", "archive", "witness")],
        *[(f"broadcast/{room}", "**/[a-z]*.py") for room in ("session", "studio", "outputs")],
        ("web", "[a-z]*.py"),
    ],
)
def test_each_room_is_in_the_list(folder: str, rooms_in: str) -> None:
    rooms = {path.stem for path in (ROOT / folder).glob(rooms_in)}
    assert rooms <= set(re.findall(r"\w+", text(f"{folder}/__init__.py")))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_make_targets_named_exist(document: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", text(document))) <= targets


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ("README.md", r"(?<!\*)\*([^*\n]*[^\x00-\x7f’][^*\n]*)\*(?!\*)"),
        ("web/demo/main.py", "«(.*?)»"),
    ],
)
def test_buttons_named_are_on_the_pages(document: str, named: str) -> None:
    catalogues = (ROOT / "web/texts/vi").glob("*.json")
    texts = {one for path in catalogues for one in json.loads(path.read_text("utf-8")).values()}
    buttons = set(re.findall(named, text(document)))
    assert len(buttons) > 1
    assert buttons - texts == set()


def test_make_help_lists_every_target() -> None:
    makefile = text("Makefile")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    listed = set(re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE))
    assert listed == set(phony[1].split())


def test_every_dependency_has_its_line() -> None:
    table = text("ARCHITECTURE.md").partition("## Dependencies")[2]
    lines = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    wanted = {re.match(r"[\w.-]+", line)[0] for line in lines}  # type: ignore[index]
    assert {name for name in wanted if name not in table} == set()


def test_every_page_module_dependency_has_its_line() -> None:
    table = text("ARCHITECTURE.md").partition("## Dependencies")[2]
    package = json.loads(text("package.json"))
    wanted = package["dependencies"] | package["devDependencies"]
    assert [name for name in wanted if name.removesuffix("-core") not in table] == []


def test_the_layers_in_prose_are_the_layers_checked() -> None:
    contracts = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = " / ".join(f"`{layer}`" for layer in contracts[0]["layers"])
    assert layers in re.sub(r"\s+", " ", text("ARCHITECTURE.md"))


def test_the_changelog_knows_this_version() -> None:
    assert f"## {PROJECT['version']}" in text("CHANGELOG.md")


def test_ci_runs_what_a_developer_runs() -> None:
    commands = [line for line in text(".ci/run").splitlines() if line and line[0] not in "#sc"]
    assert commands == ["make test"]


def test_every_subcommand_is_in_the_readme() -> None:
    named = set(re.findall(r"diemcau (\w+)", text("README.md")))
    written = text("web/cli.py") + text("web/administering.py")
    code = set(re.findall(r'add_parser\(\s*"(\w+)"', written))
    assert {"serve", "demo"} <= code
    assert named - code == set()
