"""Opening hours on the wire: periods of the week, by the clock on the wall."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from domain.hours import WEEKDAYS, Opening, openings_of, weekly_hours
from sql.facilities import FacilityRow
from sql.hours import text_of, weekly
from wire import replies

_NAMES: tuple[replies.Weekday, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


def stored_hours(periods: Sequence[Mapping[str, Any]] | None) -> str | None:
    """The periods of a request as the database keeps them; None leaves the decision to others.

    :raises OpeningHoursInvalid: if two overlap, or one ends as it begins.
    """
    if periods is None:
        return None
    openings = [
        Opening(WEEKDAYS.index(each["weekday"]), _minute(each["opens"]), _minute(each["closes"]))
        for each in periods
    ]
    return text_of(weekly_hours(openings))


@lru_cache(maxsize=1024)
def shown_hours(stored: str) -> list[replies.OpeningPeriod]:
    """Stored hours as replies show them, in order. Not to be changed: it is kept."""
    return [
        {
            "weekday": _NAMES[opening.weekday],
            "opens": _clock(opening.opens),
            "closes": _clock(opening.closes),
        }
        for opening in openings_of(weekly(stored))
    ]


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def effective_hours(row: FacilityRow) -> str | None:
    """The hours that are the facility's own, else its site's; None if it is always open."""
    return row.site_opening_hours if row.opening_hours is None else row.opening_hours
