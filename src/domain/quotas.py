"""How much one user may hold at a time, or in a week."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from domain.errors import QuotaExceeded
from domain.periods import Period


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit on what each user holds of some facilities; ``scope`` says which, in words.

    Either limit may be None.
    """

    scope: str
    max_active_bookings: int | None
    max_per_week: timedelta | None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a user holds already: bookings that are not over, and the time of the week asked for."""

    active_bookings: int
    in_week: timedelta


def week_of(instant: datetime, zone: tzinfo) -> Period:
    """The ISO week of the instant by the zone's calendar: Monday 00:00 to the next, in UTC."""
    day = instant.astimezone(zone).date()
    monday = day - timedelta(days=day.weekday())
    start, end = (
        datetime.combine(date, time.min, zone).astimezone(UTC)
        for date in (monday, monday + timedelta(days=7))
    )
    return Period(start, end)


def changes_week(before: datetime, after: datetime, zone: tzinfo) -> bool:
    """Whether what began at the one instant and begins at the other counts in another week."""
    return week_of(before, zone) != week_of(after, zone)


def check_quota(quota: Quota, usage: Usage, wanted: timedelta) -> None:
    """Refuse one more booking of the wanted length where it would pass the quota."""
    limit = quota.max_active_bookings
    if limit is not None and usage.active_bookings + 1 > limit:
        bookings = "booking" if limit == 1 else "bookings"
        detail = (
            f"Each user may hold {limit} upcoming {bookings} of {quota.scope} at a time, and has"
            f" {usage.active_bookings}: cancel one, or wait until one is over."
        )
        raise QuotaExceeded(detail)
    week = quota.max_per_week
    if week is not None and usage.in_week + wanted > week:
        left = max(week - usage.in_week, timedelta(0))
        detail = (
            f"Each user may hold {quota.scope} for {_hours(week)} a week, and {_hours(left)} of"
            f" that week are left, less than the {_hours(wanted)} asked for: choose a shorter time"
            " or another week."
        )
        raise QuotaExceeded(detail, "/end_time")


def _hours(length: timedelta) -> str:
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
