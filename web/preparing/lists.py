"""Rows of a table as sites, delegates or items; every row that cannot be, with what to do. Pure.

Nothing is guessed that would be wrong in front of a chair: a name that fits two people is a fault.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from broadcast.session.model import ItemKind
from broadcast.session.rules.importing import MAX_ROWS
from broadcast.session.text import MAX_CHARS, clean
from broadcast.session.vietnamese import plain, spelling
from web.preparing.headings import REQUIRED, WORDS, bare, by_order, find
from web.preparing.tables import Row

_NO = {"", "khong", "0", "cong khai", "no", "false"}
_YES = {"x", "co", "kin", "hop kin", "1", "yes", "true"}
_KINDS = (
    (ItemKind.QUESTIONING, ("chat van",)),
    (ItemKind.EXPLANATION, ("giai trinh",)),
    (ItemKind.DISCUSSION, ("thao luan",)),
    (ItemKind.REPORT, ("bao cao", "to trinh", "trinh bay", "tham tra")),
    (ItemKind.OTHER, ("khac", "khai mac", "be mac", "ket luan", "bieu quyet", "thong qua")),
)
_HALL = {"hoi truong", "trung tam", "diem cau trung tam", "hoi truong tinh", "hall"}
_FOOTER = re.compile(r"(tong cong|tong so|cong|danh sach nay|nguoi lap|ghi chu)\b")
_HONORIFIC = re.compile(r"^(ong|ba|dong chi|d c|dc)\s+")


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that cannot be taken over. `code` is `import.row_<code>` in the catalogues."""

    line: int
    code: str
    params: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Known:
    """Who and what is in the session already: ids and names."""

    sites: Mapping[str, str]
    """Id → name."""
    hall: str
    people: Sequence[tuple[str, str, str]]
    """Id, name, title."""


@dataclass(slots=True)
class Reading:
    """`rows` are complete only if there is no fault: half a list is not taken over."""

    columns: dict[str, str] = field(default_factory=dict)
    """Field → the heading it was read from; empty where there was none."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[tuple[str, dict[str, str | int]]] = field(default_factory=list)
    """What was assumed. `import.note_<code>`."""


class _Bad(Exception):  # noqa: N818
    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def read(rows: Sequence[Row], what: str, known: Known) -> Reading:
    """`what`: sites, delegates or items."""
    reading = Reading()
    cells = list(_records(rows, what, reading))
    if not reading.faults and not cells:
        reading.faults.append(Fault(rows[-1].line, "nothing", {}))
    if len(cells) > MAX_ROWS:
        reading.faults.append(Fault(cells[MAX_ROWS][0], "too_many", {"most": MAX_ROWS}))
        return reading
    make = {"sites": _site, "delegates": _delegate, "items": _item}[what]
    seen: dict[object, int] = {}
    for line, record in cells:
        try:
            made = make(record, known)
            _once(made, what, line, seen)
            reading.rows.append({"line": line, **made})
        except _Bad as bad:
            reading.faults.append(Fault(line, bad.code, bad.params))
    _tell_assumptions(reading, what, known)
    blank = [line for line, record in cells if record.get("site") == ""]
    if blank:
        hall = known.sites[known.hall]
        reading.notes.append(("some_at_hall", {"hall": hall, "lines": _few(blank)}))
    return reading


def _few(lines: Sequence[int], most: int = 8) -> str:
    """ "3, 4, 5", or the first of many."""
    return ", ".join(map(str, lines[:most])) + ("…" if len(lines) > most else "")


def _records(
    rows: Sequence[Row], what: str, reading: Reading
) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row's cells by field."""
    found = find(rows, what)
    if found is None:
        columns, below = by_order(rows, what), rows
        reading.notes.append(("no_heading", {}))
        reading.columns = dict.fromkeys(columns, "")
    else:
        number, columns = found
        below = rows[number + 1 :]
        reading.columns = {name: rows[number].cells[at] for name, at in columns.items()}
    for row in below:
        record = {
            name: row.cells[at] if at < len(row.cells) else "" for name, at in columns.items()
        }
        first = next((cell for cell in row.cells if cell), "")
        if _FOOTER.match(bare(first)) and not all(record.values()):
            continue
        if not any(record.values()) or _is_numbering(row):
            continue
        yield row.line, record


def _is_numbering(row: Row) -> bool:
    """The row "(1) (2) (3)" under the headings of official forms."""
    filled = [bare(cell) for cell in row.cells if cell]
    return len(filled) > 1 and filled == [str(n) for n in range(1, len(filled) + 1)]


def _once(made: Mapping[str, Any], what: str, line: int, seen: dict[object, int]) -> None:
    name = str(made[REQUIRED[what]])
    key = spelling(name) if what == "delegates" else plain(name), made.get("site")
    if key in seen:
        raise _Bad("twice", name=name, first=seen[key])
    seen[key] = line


def _text(record: Mapping[str, str], name: str) -> str:
    """Raises `_Bad` for what no text of a session may contain."""
    text = record.get(name, "")
    if len(text) > MAX_CHARS:
        raise _Bad("too_long", text=text[:40], most=MAX_CHARS)
    try:
        return clean(text)
    except ValueError:
        raise _Bad("control", text=text[:40].encode("ascii", "replace").decode()) from None


def _name(record: Mapping[str, str], name: str) -> str:
    text = _text(record, name)
    if not text:
        raise _Bad("no_name")
    return text


def _site(record: Mapping[str, str], known: Known) -> dict[str, Any]:
    del known
    return {"name": _name(record, "name")}


def _delegate(record: Mapping[str, str], known: Known) -> dict[str, Any]:
    family = _text(record, "family")
    name = f"{family} {_name(record, 'name')}".strip()
    title, unit = _text(record, "title"), _text(record, "unit")
    if unit and plain(unit) not in plain(title):
        title = f"{title} {unit}".strip()
    wished = _text(record, "site")
    site = _match_site(wished, known) if wished else known.hall
    return {"name": name, "title": title, "group": _text(record, "group"), "site": site}


def _match_site(wish: str, known: Known) -> str:
    """By whole name, else without the words that all sites share. Raises `_Bad`."""
    if bare(wish) in _HALL:
        return known.hall
    for shorten in (bare, _short, _shortest):
        found = [id_ for id_, name in known.sites.items() if shorten(name) == shorten(wish)]
        if len(found) == 1:
            return found[0]
        if found:
            names = " / ".join(known.sites[id_] for id_ in found)
            raise _Bad("site_ambiguous", site=wish, names=names)
    near = _near(wish, list(known.sites.values()), _shortest)
    if near:
        raise _Bad("site_unknown_near", name=wish, near=near)
    raise _Bad("site_unknown", name=wish)


def _short(name: str) -> str:
    return re.sub(r"^(diem cau|phong hop|hoi truong|ubnd|hdnd)\s+", "", bare(name))


def _shortest(name: str) -> str:
    return re.sub(r"^(xa|phuong|thi tran|huyen|thi xa|thanh pho|tp|tx)\s+", "", _short(name))


def _near(wish: str, names: Sequence[str], key: Callable[[str], str]) -> str:
    """The nearest name, if one is near."""
    keys = {key(name): name for name in names}
    close = get_close_matches(key(wish), list(keys), 1, 0.6)
    return keys[close[0]] if close else ""


def _item(record: Mapping[str, str], known: Known) -> dict[str, Any]:
    title = _name(record, "title")
    presenter = _text(record, "presenter")
    return {
        "title": title,
        "kind": _kind(_text(record, "kind"), title),
        "presenter": _match_person(presenter, known) if presenter else None,
        "planned_minutes": minutes_of(_text(record, "minutes")),
        "questioned": [_match_person(name, known) for name in _names(record.get("questioned", ""))],
        "closed": _closed(_text(record, "closed")),
    }


def _kind(told: str, title: str) -> ItemKind:
    """As the column says, else what the title says it is."""
    for text in filter(None, (bare(told), "" if told else bare(title))):
        for kind, words in _KINDS:
            if any(word in text for word in words):
                return kind
    if told:
        raise _Bad("kind_unknown", text=told)
    return ItemKind.OTHER


def _closed(text: str) -> bool:
    word = bare(text)
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise _Bad("closed_unknown", text=text)


def _names(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[;\n/]|, (?=[A-ZĐÀ-Ỹ])", text) if part.strip()]


def _match_person(wish: str, known: Known) -> str:
    """By name, else by title. Raises `_Bad`."""
    keys = {bare(wish), _HONORIFIC.sub("", bare(wish))}
    for at in (1, 2):
        people = [one for one in known.people if bare(one[at]) in keys]
        # Of several, whom the marks fit: "ông Lò Văn Bính" is not Lò Văn Bình.
        exact = [one for one in people if _ends_with(spelling(wish), spelling(one[at]))]
        found = {one[0] for one in (exact if len(people) > 1 and exact else people)}
        if len(found) == 1:
            return found.pop()
        if found:
            raise _Bad("person_ambiguous", name=wish)
    near = _near(wish, [one[1] for one in known.people], bare)
    if near:
        raise _Bad("person_unknown_near", name=wish, near=near)
    raise _Bad("person_unknown", name=wish)


def _ends_with(words: tuple[object, ...], end: tuple[object, ...]) -> bool:
    return words[-len(end) :] == end


def minutes_of(text: str) -> int:
    """From "15", "15 phút", "15'", "1h30", "1 giờ 30 phút", "8h00 - 8h45". Raises `_Bad`."""
    said = plain(text).replace("gio", "h").replace(" ", "")
    if not said:
        return 0
    span = re.fullmatch(r"(\d{1,2})[h:.](\d{0,2})p?(?:-|–|den)(\d{1,2})[h:.](\d{0,2})p?", said)
    if span is not None:
        start, end = _clock(span[1], span[2]), _clock(span[3], span[4])
        minutes = end - start
    elif (plainly := re.fullmatch(r"(\d{1,4})(?:p|phut|'|’|min)?", said)) is not None:
        minutes = int(plainly[1])
    elif (hours := re.fullmatch(r"(\d{1,2})(?:h|:)(\d{0,2})(?:p|phut|')?", said)) is not None:
        minutes = _clock(hours[1], hours[2])
    else:
        raise _Bad("minutes_unknown", text=text)
    if not 0 <= minutes <= 24 * 60:
        raise _Bad("minutes_unknown", text=text)
    return minutes


def _clock(hours: str, minutes: str) -> int:
    return int(hours) * 60 + int(minutes or 0)


def _tell_assumptions(reading: Reading, what: str, known: Known) -> None:
    if what == "delegates" and "site" not in reading.columns and reading.rows:
        reading.notes.append(("all_at_hall", {"hall": known.sites[known.hall]}))
    missing = [name for name in WORDS[what] if name not in reading.columns]
    if what == "items" and "minutes" in missing and reading.rows:
        reading.notes.append(("no_minutes", {}))
