"""Each rule of a style sheet has something to style, on one of the pages that have the sheet."""

import re

import pytest

from web.assets import VENDOR, later_modules, modules
from web.build import static, templates

SHEETS = sorted(name for name in static() if name.endswith(".css"))
_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", re.DOTALL)


def _pages(sheet: str) -> list[str]:
    """Those that have it, by themselves or by the shell that they are drawn in."""
    found = []
    for name, text in templates().items():
        shell = re.match(r'{% extends "(.*?)" %}', text)
        texts = text + (templates()[shell[1]] if shell is not None else "")
        if f"/{sheet}" in texts:
            found.append(name.removesuffix(".html"))
    return found


def _code(page: str) -> str:
    """All that draws it."""
    scripts = {*modules(f"{page}.js"), *later_modules(f"{page}.js")} - {*VENDOR.values()}
    shells = [text for name, text in templates().items() if name in {f"{page}.html", "base.html"}]
    return "\n".join([*shells, *(static()[name].decode() for name in scripts)])


def _words(sheet: str) -> set[str]:
    """What can be a class there: the words of whatever stands in quotes."""
    code = _COMMENT.sub("", "\n".join(map(_code, _pages(sheet))))
    quoted = re.findall(r'"([^"\n]*)"|`([^`$]*)(?:\$|`)', code)
    return {word for pair in quoted for one in pair for word in re.findall(r"[\w-]+", one)}


@pytest.mark.parametrize("sheet", SHEETS)
def test_every_class_is_somewhere(sheet: str) -> None:
    selectors = re.sub(r"{[^{}]*}", ";", _COMMENT.sub("", static()[sheet].decode()))
    classes = set(re.findall(r"\.([a-z][\w-]*)", selectors))
    assert classes - _words(sheet) == set()
