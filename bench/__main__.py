"""`python -m bench [NAME …]`: every figure, one line each. See bench/README.md."""

import importlib
import sys
from collections.abc import Sequence

MODULES = (
    "relay",
    "uplink",
    "sites",
    "multiview",
    "strangers",
    "restart",
    "lines",
    "publishing",
    "program",
    "interpreting",
    "switching",
    "quality",
    "conference",
    "sound",
    "loudness",
    "join",
    "glass",
    "hls",
    "sync",
    "pages",
    "panels",
    "loading",
    "demo",
)
"""Each has `figures()`, which yields lines (or `Figure`s) as they are measured."""


def main(names: Sequence[str]) -> None:
    for name in names or MODULES:
        for figure in importlib.import_module(f"bench.{name}").figures():
            print(f"{name:8} {figure}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
