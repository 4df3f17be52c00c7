"""Work that has no place beside media: a spreadsheet is unpacked, QR codes are drawn, a Word file
is written, a PDF's pages are drawn, in a process of its own that the system bounds in time and
memory.

`run` is the relay's end; this file as a program is the other: one JSON object and bytes in, one
JSON value out.
"""

import asyncio
import base64
import json
import os
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from web.errors import Problem

TIMEOUT_S = 80.0
"""Beside media it comes last: what takes two seconds may wait for a minute."""
CPU_S = 20
MEMORY_BYTES = 1 << 30
AT_ONCE = 2


class Aside:
    """At most `AT_ONCE` at a time; whoever comes then is told to try again."""

    def __init__(self) -> None:
        self._running = 0

    async def run(self, wish: dict[str, Any], data: bytes = b"") -> Any:
        """Raises `Problem` 503 when there is no room, 422 when it could not be done in bounds."""
        if self._running >= AT_ONCE:
            raise Problem(503, "server_busy", retry_after_s=2)
        self._running += 1
        try:
            return await _run(json.dumps(wish).encode() + b"\n" + data)
        finally:
            self._running -= 1


async def _run(given: bytes) -> Any:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "web.aside",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            said, _ = await process.communicate(given)
    except TimeoutError:
        raise Problem(422, "import_too_hard") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise Problem(422, "import_too_hard")
    return json.loads(said)


def _bound() -> None:
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _import(wish: dict[str, Any], data: bytes) -> Any:
    from web.preparing.lists import Known, read
    from web.preparing.tables import NotATable, rows_of

    people = [(one[0], one[1], one[2]) for one in wish["people"]]
    try:
        reading = read(rows_of(data), wish["what"], Known(wish["sites"], wish["hall"], people))
    except NotATable as error:
        return {"refused": {"code": error.code, "params": error.params}}
    return asdict(reading)


def _draw(wish: dict[str, Any], data: bytes) -> Any:
    """A QR code for each text, as an SVG that a page can show."""
    import segno

    del data
    return [
        segno.make(text, error="m").svg_data_uri(scale=4, border=2, dark="#000", light="#fff")
        for text in wish["texts"]
    ]


def _write(wish: dict[str, Any], data: bytes) -> Any:
    """Minutes as a Word file, in base64."""
    from pydantic import TypeAdapter

    from web.minutes_docx import docx_of
    from web.minutes_paper import Paper

    del data
    paper = TypeAdapter(Paper).validate_python(wish["paper"])
    return base64.b64encode(docx_of(paper)).decode()


def _pages(wish: dict[str, Any], data: bytes) -> Any:
    """Some pages of a PDF, each as a file; how many pages it has, 0 if it cannot be read."""
    from broadcast.studio.paper import BrokenError, Paper

    del data
    try:
        paper = Paper(Path(wish["path"]))
        last = min(wish["last"], paper.pages)
        for number in range(wish["first"], last + 1):
            target = Path(wish["folder"]) / f"{number}.webp"
            new = target.with_suffix(".new")
            paper.picture(number, tuple(wish["box"])).save(new, "WEBP", quality=82, method=2)
            new.replace(target)
    except BrokenError:
        return 0
    return paper.pages


def main() -> None:
    """One wish: a line of JSON on standard input, then its data. The answer is JSON."""
    _bound()
    line, _, data = sys.stdin.buffer.read().partition(b"\n")
    wish = json.loads(line)
    work = {"import": _import, "draw": _draw, "write": _write, "pages": _pages}[wish["work"]]
    json.dump(work(wish, data), sys.stdout)


if __name__ == "__main__":
    main()
