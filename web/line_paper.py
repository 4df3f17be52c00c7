"""The report of a session's lines, and its table, worked out by a process of its own: of 150 sites
and eight hours it is 0.6 s of reading and counting, for which sound would wait.

`python -m web.line_paper SETTINGS.json SESSION LANGUAGE report|table` prints JSON or CSV.
"""

import sys
from collections.abc import Iterator, Sequence

from pydantic import TypeAdapter

from broadcast.archive.minutes import Minutes, minutes_of
from web import setup
from web.catalogues import say
from web.children import settings_given
from web.line_book import FIGURES, PLACE, WORDS, LineBook, Minute
from web.line_report import Report, on_the_clock, report_of
from web.record_files import Row, as_csv
from web.times import local_time

REPORT = TypeAdapter(Report)


def _table(book: Sequence[Minute], minutes: Minutes, language: str) -> Iterator[Row]:
    """Whole numbers but for the loss, so that any spreadsheet reads them."""
    sites = minutes.state.sites
    yield [
        say(language, "lines.time"),
        say(language, "record.site"),
        *(f"{say(language, f'line.{word}')} (s)" for word in WORDS),
        *(say(language, f"lines.{name}") for name in FIGURES),
    ]
    for at_ms, one in on_the_clock(book, minutes):
        for site, found in one.sites.items():
            rtt_ms, up_loss, down_loss, up_bps, down_bps = found.means
            yield [
                f"{local_time(at_ms):%Y-%m-%d %H:%M}",
                sites[site].name if site in sites else site,
                *(str(round(seconds)) for seconds in found.seconds),
                _whole(rtt_ms),
                _tenths(up_loss, language),
                _tenths(down_loss, language),
                _whole(up_bps, 1000),
                _whole(down_bps, 1000),
            ]


def _whole(value: float | None, unit: int = 1) -> str:
    return "" if value is None else str(round(value / unit))


def _tenths(value: float | None, language: str) -> str:
    return "" if value is None else say(language, "lines.number", {"value": round(value, 1)})


def main() -> int:
    """The process."""
    settings = settings_given()
    session, language, wish = sys.argv[2:]
    with setup.open_store(settings) as store:
        minutes = minutes_of([one.event for one in store.load(session)], ())
    book = LineBook(settings.storage.data_dir / PLACE).read(session)
    if wish == "table":
        sys.stdout.buffer.write(as_csv([*_table(book, minutes, language)]).encode())
    else:
        sys.stdout.buffer.write(REPORT.dump_json(report_of(book, minutes)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
