"""The terms that a facility is booked on, and bookings made or refused at them.

Each is one statement, which may be a transaction of its own: what a booking was judged by is read
before, however long, and stored only if its revision is still the facility's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from domain.periods import Period
from domain.rules import Closure
from sql.bookings import BookingStatus, InTheWayRow
from sql.facilities import FacilityRow
from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)


@dataclass(frozen=True, slots=True)
class TermsRow(FacilityRow):
    """A facility, what closes it within a period, and whether a quota covers it.

    The closures are in parts, earliest first: when each begins, when it is over, and why.
    All three are None where nothing closes it. The ``revision`` is another once any of it is,
    or what closes the facility at another time; at None nothing can be booked in one statement.
    """

    closed_from: list[datetime] | None
    closed_until: list[datetime] | None
    closed_for: list[str] | None
    has_quota: bool
    revision: str | None

    @property
    def closures(self) -> list[Closure]:
        """What closes it within the period, earliest first."""
        parts = zip(
            self.closed_from or (), self.closed_until or (), self.closed_for or (), strict=True
        )
        return [Closure(Period(start, end), reason) for start, end, reason in parts]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBooking:
    """A booking of the user's own, for a request of theirs, and the terms that allowed it."""

    revision: str | None
    request_id: str
    facility_id: int
    user_id: int
    start_time: datetime
    end_time: datetime
    title: str
    description: str | None
    attendee_count: int
    status: BookingStatus
    decide_by: datetime | None
    buffer_before_minutes: int
    buffer_after_minutes: int


@dataclass(frozen=True, slots=True)
class MadeRow:
    """What the database adds to a new booking, and the transaction that made it.

    ``attempt`` is the number of those that were to be made; the first is 1.
    """

    attempt: int
    id: int
    created_at: datetime
    updated_at: datetime
    username: str
    display_name: str | None
    transaction_id: int


@dataclass(frozen=True, slots=True)
class RefusedRow(InTheWayRow):
    """A booking that is in the way of an attempt, and whether that is on record.

    ``attempt`` is the number of the attempt; the first is 1.
    """

    attempt: int
    is_recorded: bool


async def get_terms(
    conn: Connection, *, facility_id: int, start_time: datetime, end_time: datetime
) -> TermsRow | None:
    """The facility with this id, archived or not, and what a booking at that time depends on."""
    parameters = {"facility_id": facility_id, "start_time": start_time, "end_time": end_time}
    return await _QUERIES["get_terms"].one(conn, TermsRow, parameters)


async def book_at_terms(
    conn: Connection, bookings: Sequence[NewBooking], *, patience: timedelta | None = None
) -> list[MadeRow]:
    """Those of the bookings that were made, in no order.

    The others were not: the revision is not that of the facility's terms any more, the period is
    taken, the user is deactivated, or another transaction changes the facility, its terms or the
    user just now. For whoever is about to book a period it waits as ``bookings.insert_booking``
    does, or for so long for each, after which it raises psycopg.errors.LockNotAvailable and has
    made none.
    """
    parameters = {
        "bookings": orjson.dumps(bookings).decode(),
        "patience": None if patience is None else f"{patience / timedelta(milliseconds=1):.0f}ms",
    }
    return await _QUERIES["book_at_terms"].many(conn, MadeRow, parameters)


async def refuse_at_terms(  # noqa: PLR0913 - who asks for what, and what that would occupy
    conn: Connection,
    *,
    revisions: Sequence[str | None],
    facility_ids: Sequence[int],
    user_ids: Sequence[int],
    start_times: Sequence[datetime],
    end_times: Sequence[datetime],
    occupied_from: Sequence[datetime],
    occupied_until: Sequence[datetime],
    now: datetime,
) -> list[RefusedRow]:
    """For each attempt, in order, what holds the facility when it would; 32, earliest first.

    All are of one length, an attempt each. No rows if nothing holds it, or if the revision is not
    that of the facility's terms any more. That the user asked for it is recorded with the same
    statement, unless some of it has expired, or the user is deactivated, or changed by another
    transaction at that moment.
    """
    parameters = {
        "revisions": list(revisions),
        "facility_ids": list(facility_ids),
        "user_ids": list(user_ids),
        "start_times": list(start_times),
        "end_times": list(end_times),
        "occupied_from": list(occupied_from),
        "occupied_until": list(occupied_until),
        "now": now,
    }
    return await _QUERIES["refuse_at_terms"].many(conn, RefusedRow, parameters)
