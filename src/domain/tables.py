"""Tables as CSV (RFC 4180): cells that people and spreadsheets read, and lines that staff send.

What is written here is read here as the same: an export that is imported changes
nothing. A spreadsheet runs text that begins with certain characters as a formula, so
such text gets an apostrophe before it on its way out, and loses it on its way in.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from domain.errors import ImportUnreadable, OpeningHoursInvalid
from domain.hours import DAY_MINUTES, Opening, WeeklyHours, openings_of, weekly_hours
from domain.instants import format_instant

MOST_LINES = 5000
"""How many lines one import may have, besides the header."""

MOST_NAMES = 200
"""How many names one cell may have."""

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(
    r"(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? "
    r"(?P<opens>\d\d:\d\d)-(?P<closes>\d\d:\d\d)"
)
_CLOCK = re.compile(r"(?:(?:[01]\d|2[0-3]):(?:00|15|30|45)|24:00)")
_NEVER = "never"


class BadCell(Exception):  # noqa: N818 - says what is bad
    """A cell that its column does not take; ``detail`` says what it would."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class BadLine:
    """What is wrong with a line of a file, counted from 1, the header's; or with one column."""

    line: int
    column: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file with its values by column, as far as it gives any."""

    number: int
    values: Mapping[str, Any]


# Cells on their way out.


def cell(value: object) -> str:
    """A value as the text of a cell."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return format_instant(value)
        case str():
            return f"'{value}" if _FORMULA.match(value) else value
        case _:
            return str(value)


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as lines of CSV, each ended by CR LF."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([cell(value) for value in row] for row in rows)
    return buffer.getvalue()


def names_text(names: Iterable[str]) -> str:
    r"""Names in one cell, with ``; `` between them; a semicolon within one is ``\;``."""
    return "; ".join(name.replace("\\", "\\\\").replace(";", "\\;") for name in names)


def hours_text(hours: WeeklyHours | None) -> str:
    """Opening hours such as ``mon-fri 08:00-18:00; sat 10:00-02:00``; empty for None."""
    if hours is None:
        return ""
    openings = openings_of(hours)
    if not openings:
        return _NEVER
    found = []
    for (opens, closes), same in groupby(_by_time(openings), lambda o: (o.opens, o.closes)):
        times = f"{_clock(opens)}-{_clock(closes)}"
        found += [f"{days} {times}" for days in _runs([opening.weekday for opening in same])]
    return "; ".join(found)


def _by_time(openings: Sequence[Opening]) -> list[Opening]:
    """Equal times together, each in the order of its first day."""
    first: dict[tuple[int, int], tuple[int, int]] = {}
    for opening in openings:
        first.setdefault((opening.opens, opening.closes), (opening.weekday, opening.opens))
    return sorted(openings, key=lambda o: (first[o.opens, o.closes], o.closes, o.weekday))


def _runs(weekdays: Sequence[int]) -> Iterator[str]:
    """Days that follow one another as one text."""
    for _, run in groupby(enumerate(weekdays), lambda pair: pair[1] - pair[0]):
        days = [day for _, day in run]
        yield _DAYS[days[0]] if len(days) == 1 else f"{_DAYS[days[0]]}-{_DAYS[days[-1]]}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


# Cells on their way in.


def plain_text(text: str) -> str:
    """The text of a cell without the apostrophe that keeps spreadsheets from running it."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def names_of(text: str) -> list[str]:
    """The names of a cell that ``names_text`` could have written, each once."""
    parts = re.findall(r"(?:[^;\\]|\\.)+", text)
    names = [re.sub(r"\\(.)", r"\1", part).strip() for part in parts]
    found = list(dict.fromkeys(name for name in names if name))
    if len(found) > MOST_NAMES:
        detail = f"Give at most {MOST_NAMES} names."
        raise BadCell(detail)
    return found


def hours_of(text: str) -> WeeklyHours | None:
    """The opening hours that a cell says, None for an empty one; BadCell if it says none."""
    plain = " ".join(text.lower().split())
    if not plain:
        return None
    if plain == _NEVER:
        return ()
    openings = [opening for part in plain.split(";") for opening in _openings(part.strip())]
    try:
        return weekly_hours(openings)
    except OpeningHoursInvalid as error:
        raise BadCell(error.detail) from error


def _openings(text: str) -> Iterator[Opening]:
    match = _HOURS.fullmatch(text)
    if match is None or not {match["first"], match["last"] or "mon"} <= set(_DAYS):
        detail = (
            f"{text[:50]!r} is no opening: write mon-fri 08:00-18:00; sat 10:00-02:00, with times"
            " on quarters of an hour, never for never open, and nothing for the site's hours."
        )
        raise BadCell(detail)
    for time in (match["opens"], match["closes"]):
        if not _CLOCK.fullmatch(time) or (time == "24:00" and time == match["opens"]):
            detail = f"{time} is no quarter of an hour from 00:00 to 24:00."
            raise BadCell(detail)
    first = _DAYS.index(match["first"])
    last = first if match["last"] is None else _DAYS.index(match["last"])
    for day in range(first, last + 1 if last >= first else last + 8):
        yield Opening(day % 7, _minute(match["opens"]), _minute(match["closes"]))


def _minute(clock: str) -> int:
    return min(int(clock[:2]) * 60 + int(clock[3:]), DAY_MINUTES)


Parser = Callable[[str], Any]


def read_table(
    text: str, columns: Mapping[str, Parser], required: Sequence[str]
) -> tuple[list[Line], list[BadLine]]:
    """The lines of a file and everything that is wrong with them, as far as one line tells.

    A line with a bad cell is there too, without it. Empty lines are passed over.

    :raises ImportUnreadable: if it is no CSV, or its header is not of these columns.
    """
    if "\x00" in text:
        detail = "The file has a character of no text (NUL) in it: save it as CSV in UTF-8."
        raise ImportUnreadable(detail)
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, columns, required)
        lines: list[Line] = []
        bad: list[BadLine] = []
        number = reader.line_num + 1
        for row in reader:
            if row:
                if len(lines) == MOST_LINES:
                    detail = f"An import has at most {MOST_LINES} lines: split the file."
                    raise ImportUnreadable(detail)
                line, found = _line(number, header, row, columns)
                lines.append(line)
                bad += found
            number = reader.line_num + 1
    except csv.Error as error:
        detail = f"Line {reader.line_num} is not CSV as in RFC 4180: {error}."
        raise ImportUnreadable(detail) from error
    return lines, bad


def _check_header(
    header: Sequence[str], columns: Mapping[str, Parser], required: Sequence[str]
) -> None:
    known = ", ".join(columns)
    unknown = [name for name in dict.fromkeys(header) if name not in columns]
    if unknown:
        shown = ", ".join(repr(name[:50]) for name in unknown[:20])
        detail = (
            f"The first line names columns that are not known here: {shown}. Known are {known},"
            " with commas between them."
        )
        raise ImportUnreadable(detail)
    twice = [name for name in columns if header.count(name) > 1]
    if twice:
        detail = f"The first line names a column twice: {', '.join(twice)}."
        raise ImportUnreadable(detail)
    missing = [name for name in required if name not in header]
    if missing:
        detail = (
            f"The first line must name the columns of the file, and {', '.join(missing)} among"
            f" them. Known are {known}."
        )
        raise ImportUnreadable(detail)


def _line(
    number: int, header: Sequence[str], row: Sequence[str], columns: Mapping[str, Parser]
) -> tuple[Line, list[BadLine]]:
    if len(row) != len(header):
        detail = f"There are {len(row)} cells here, and {len(header)} columns in the first line."
        return Line(number, {}), [BadLine(number, None, detail)]
    values: dict[str, Any] = {}
    bad: list[BadLine] = []
    for name, text in zip(header, row, strict=True):
        try:
            values[name] = columns[name](plain_text(text))
        except BadCell as error:
            bad.append(BadLine(number, name, error.detail))
    return Line(number, values), bad


def file_name(table: str, start: date | None, end: date | None) -> str:
    """What to save a table as, by what it holds."""
    days = [day.isoformat() for day in (start, end) if day is not None]
    return "_".join([table, *days]) + ".csv"
