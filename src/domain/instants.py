"""RFC 3339 instants, read from and written to the wire.

``datetime.fromisoformat`` is close and not the same: it takes forms that
RFC 3339 does not have, and fails on some that it has (year 0000, leap
seconds, lower-case letters). This reader is total: whatever matches the
grammar is an instant in UTC or a refusal.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from domain.errors import TimeOutOfRange

_RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?"
    r"(?:[Zz]|([+-])(\d\d):([0-5]\d))",
    re.ASCII,
)
_FULL_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@lru_cache(4096)  # searches ask for the same few days again and again
def parse_instant(text: str, pointer: str) -> datetime:
    """The instant that an RFC 3339 date-time names, in UTC, to the microsecond.

    A leap second (``:60``) is read as the first second of the next minute.
    Raises TimeOutOfRange for what Python's calendar cannot hold.
    """
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise _out_of_range(text, pointer)
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, off_hours, off_minutes = match.groups()[6:]
    offset = timedelta(hours=int(off_hours or 0), minutes=int(off_minutes or 0))
    leap = second == 60  # noqa: PLR2004 - the only second past 59 there is
    try:
        zone = timezone(-offset if sign == "-" else offset)
        local = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=zone)
        instant = local.astimezone(UTC) + timedelta(seconds=1 if leap else 0)
        return instant + timedelta(microseconds=int((fraction or "")[:6].ljust(6, "0")))
    except (ValueError, OverflowError) as error:
        raise _out_of_range(text, pointer) from error


def parse_date(text: str, pointer: str) -> date:
    """The calendar date that ``YYYY-MM-DD`` names, or the refusal TimeOutOfRange."""
    if _FULL_DATE.fullmatch(text) is None:  # fromisoformat takes 20260131 and 2026-W05-6 too
        raise _out_of_range(text, pointer)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _out_of_range(text, pointer) from error


def format_instant(instant: datetime) -> str:
    """The instant, given in UTC, as the contract writes it."""
    return instant.isoformat().replace("+00:00", "Z")


def _out_of_range(text: str, pointer: str) -> TimeOutOfRange:
    name = pointer.removeprefix("/")
    detail = (
        f"{name} is {text[:40]!r}, which is no date of the calendar between the years 1 and 9999"
        " (UTC)."
    )
    return TimeOutOfRange(detail, pointer)
