"""The modules of the pages fit together: nothing is offered to nobody, nothing is there twice."""

import re
from functools import cache
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[3] / "web" / "static"
PAGES = [path for path in sorted(STATIC.glob("*.js")) if "show(Page);" in path.read_text("utf-8")]


@cache
def _modules() -> dict[Path, str]:
    found = (path for path in STATIC.rglob("*.js") if "vendor" not in path.parts)
    return {path: path.read_text("utf-8") for path in found}


def _reached(page: Path) -> set[Path]:
    """The page's module and all that it imports."""
    reached, ahead = set[Path](), [page]
    while ahead:
        path = ahead.pop()
        if path not in reached:
            reached.add(path)
            names = re.findall(r'^import .*from "(\.[^"]+)";', _modules()[path], re.MULTILINE)
            ahead += [(path.parent / name).resolve() for name in names]
    return reached


def _dialogs() -> set[str]:
    """The components that are one."""
    parts = (part for text in _modules().values() for part in re.split(r"\n(?=\S)", text))
    named = (re.match(r"export function (\w+)\(", p) for p in parts if "html`<${Dialog} " in p)
    return {found[1] for found in named if found is not None}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_dialog_stands_twice_on_a_page(page: Path) -> None:
    """Or one would open over the other, and each field be there twice."""
    text = "".join(_modules()[path] for path in _reached(page))
    mounted = {name: text.count(f"<${{{name}}} />") for name in _dialogs()}
    assert len(mounted) > 5
    assert [name for name, times in mounted.items() if times > 1] == []


def test_whatever_is_exported_is_imported() -> None:
    tests = "".join(path.read_text("utf-8") for path in STATIC.parents[1].glob("tests/**/*.py"))
    unused = []
    for path, text in _modules().items():
        for name in re.findall(
            r"^export (?:async )?(?:function|const|class|let) (\w+)", text, re.MULTILINE
        ):
            others = "".join(other for place, other in _modules().items() if place != path)
            if not re.search(rf"\b{name}\b", others + tests):
                unused.append((path.stem, name))
    assert unused == []
