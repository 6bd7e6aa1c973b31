"""Bookings that a closure is over, or that a change of rules leaves outside them."""

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from domain.access import Caller
from domain.bookings import Booking, Draft, broken_rule
from handlers import views
from handlers.exchange import Request, dump, etag_of, json_reply
from handlers.rules import closures_of, facility_facts
from sql import affected, facilities
from sql.affected import AffectedRow
from sql.pool import Connection
from wire import replies

SHOWN = 100
"""How many bookings a reply tells of."""

_BATCH = 500


async def shown(conn: Connection, rows: Sequence[AffectedRow]) -> list[replies.AffectedBooking]:
    """The earliest of the bookings, up to a hundred, in order."""
    first = sorted(rows, key=lambda row: (row.start_time, row.id))[:SHOWN]
    places = await facilities.list_facilities_of(conn, sorted({row.facility_id for row in first}))
    by_id = {place.id: place for place in places}
    return [views.affected_booking(row, by_id[row.facility_id]) for row in first]


async def outside_rules(
    conn: Connection, request: Request, facility_ids: Sequence[int]
) -> list[replies.BookingOutsideRules]:
    """Bookings of these facilities, still to begin, that nobody could make as the rules are now.

    The earliest, up to a hundred. The facilities must be locked, so that none is added.
    """
    rows = {row.id: row for row in await facilities.list_facilities_of(conn, facility_ids)}
    facts = {key: facility_facts(row, request.service.horizon) for key, row in rows.items()}
    found: list[replies.BookingOutsideRules] = []
    last: AffectedRow | None = None
    while True:
        batch = await affected.list_upcoming(
            conn,
            facility_ids=list(rows),
            now=request.now(),
            after_start=None if last is None else last.start_time,
            after_id=None if last is None else last.id,
            limit=_BATCH,
        )
        if not batch:
            return found
        closed = await closures_of(
            conn, list(rows), batch[0].start_time, max(row.end_time for row in batch)
        )
        for row in batch:
            facility = facts[row.facility_id]
            refusal = broken_rule(_booking(row), _owner(row), facility, closed[row.facility_id])
            if refusal is not None:
                booking = views.affected_booking(row, rows[row.facility_id])
                found.append({"booking": booking, **request.told(refusal)})
                if len(found) == SHOWN:
                    return found
        last = batch[-1]


def update_reply(
    request: Request,
    made: Mapping[str, object],
    present: bytes,
    outside: list[replies.BookingOutsideRules],
) -> Response:
    """What was changed, and the bookings that this leaves outside the rules.

    The ETag is that of what was changed alone, as a read gives it; of what it was, where
    the change was only tried.
    """
    body = {**made, "bookings_outside_rules": outside} if outside else made
    version = present if request.param("dry_run", False) else dump(made)
    return json_reply(body, headers={"ETag": etag_of(version)})


def _owner(row: AffectedRow) -> Caller:
    return Caller(
        row.user_id,
        row.username,
        row.user_is_staff,
        frozenset(row.user_site_ids),
        frozenset(row.user_group_ids),
    )


def _booking(row: AffectedRow) -> Booking:
    draft = Draft(
        facility_id=row.facility_id,
        start_time=row.start_time,
        end_time=row.end_time,
        title=row.title,
        description=None,
        attendee_count=row.attendee_count,
    )
    return Booking(row.id, row.user_id, row.status, draft)
