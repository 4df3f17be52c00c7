"""A spreadsheet, a CSV file or pasted text, as rows of text. Pure.

What Vietnamese offices really have: Excel's .xlsx, its "CSV (semicolon)" in Windows-1258, its
"Unicode text" in UTF-16 with tabs, a Google sheet's UTF-8, and cells copied from a document.
"""

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

MAX_ROWS = 2000
MAX_COLUMNS = 60
MAX_CELL_CHARS = 2000
_DELIMITERS = "\t;,|"


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    """As the sheet or the editor counts it: the first is 1."""
    cells: tuple[str, ...]


class NotATable(Exception):  # noqa: N818 - an answer to a person: what their file is not
    """`code` is `import.<code>` in the catalogues."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def rows_of(data: bytes) -> list[Row]:
    """All rows that are not blank. Raises `NotATable`."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise NotATable("old_excel")
    found = _sheet(data) if data.startswith(b"PK") else _text(decoded(data))
    rows = [row for row in found if any(row.cells)]
    if not rows:
        raise NotATable("empty")
    return rows


def decoded(data: bytes) -> str:
    """Whatever it is, in composed letters. Raises `NotATable`."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return _composed(data, encoding)
    try:
        return _composed(data, "utf-8-sig")
    except NotATable:
        return _composed(data, "cp1258")


def _composed(data: bytes, encoding: str) -> str:
    """Windows-1258 writes tone marks as letters of their own."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise NotATable("encoding") from None
    if "\0" in text:
        raise NotATable("encoding")
    return unicodedata.normalize("NFC", text)


def _text(text: str) -> Iterator[Row]:
    lines = text.splitlines()
    if lines and lines[0].lower().startswith("sep=") and len(lines[0]) == 5:
        delimiter, lines, before = lines[0][4], lines[1:], 1
    else:
        delimiter, before = _delimiter(lines), 0
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter)
    start = 0
    try:
        for count, cells in enumerate(reader):
            if count >= MAX_ROWS:
                raise NotATable("too_many_rows", most=MAX_ROWS)
            yield Row(before + start + 1, tuple(_tidy(cell) for cell in cells[:MAX_COLUMNS]))
            start = reader.line_num
    except csv.Error:
        raise NotATable("quotes", line=before + start + 1) from None


def _delimiter(lines: Iterable[str]) -> str:
    """The one that most of the first lines have equally often; a tab if none has."""
    some = [line for line in lines if line.strip()][:30]
    best, score = "\t", 0.0
    for char in _DELIMITERS:
        counts = [len(next(csv.reader([line], delimiter=char), [])) - 1 for line in some]
        usual = max(set(counts), key=counts.count, default=0)
        # A list of names in one column has a comma here and there, but not in every line.
        worth = counts.count(usual) / len(some) if usual else 0.0
        if worth > max(score, 0.5) or (worth == score and worth and char == "\t"):
            best, score = char, worth
    return best


def _sheet(data: bytes) -> Iterator[Row]:
    """The first sheet with anything in it."""
    from openpyxl import load_workbook  # half of this process's start

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        for sheet in book.worksheets:
            rows = list(_cells(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS)))
            if any(any(row.cells) for row in rows):
                return iter(rows)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, OSError):
        raise NotATable("excel_damaged") from None
    raise NotATable("empty")


def _cells(rows: Iterable[tuple[Any, ...]]) -> Iterator[Row]:
    for line, values in enumerate(rows, 1):
        if line > MAX_ROWS:
            if any(value is not None for value in values):
                raise NotATable("too_many_rows", most=MAX_ROWS)
            continue
        yield Row(line, tuple(_tidy(_value(value)) for value in values))


def _value(value: Any) -> str:
    """As the person sees it, about."""
    match value:
        case None | False:
            return ""
        case True:
            return "x"
        case float() if value.is_integer():
            return str(int(value))
        case datetime():
            return value.strftime("%H:%M" if value.year < 1910 else "%d/%m/%Y %H:%M")
        case time():
            return value.strftime("%H:%M")
        case date():
            return value.strftime("%d/%m/%Y")
    return str(value)


def _tidy(text: str) -> str:
    """One line, composed, without what cannot be seen."""
    composed = unicodedata.normalize("NFC", text[:MAX_CELL_CHARS])
    seen = (char for char in composed if unicodedata.category(char) != "Cf")
    return " ".join("".join(seen).split())
