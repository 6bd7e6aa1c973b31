"""Bookings that a closure is over, or that a change of rules leaves outside them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from starlette.responses import Response

from domain.access import Caller
from domain.bookings import Booking, Draft, broken_rule
from domain.periods import Period
from domain.rules import Closure
from exchange import views
from exchange.request import Request, dump, etag_of, json_reply
from sql import affected, closures, facilities
from sql.affected import AffectedRow
from sql.closures import ClosureRow
from sql.facilities import FacilityRow
from sql.pool import Connection, reading
from steps.rules import facility_facts
from wire import replies

SHOWN = 100
"""How many bookings a reply tells of."""

_BATCH = 200
"""How many bookings are judged before others are served: some milliseconds' work."""

_MOST_CLOSURES = 100_000


async def shown(conn: Connection, rows: Sequence[AffectedRow]) -> list[replies.AffectedBooking]:
    """The bookings as replies tell of them, in their order."""
    places = await facilities.list_facilities_of(conn, sorted({row.facility_id for row in rows}))
    by_id = {place.id: place for place in places}
    return [views.affected_booking(row, by_id[row.facility_id]) for row in rows]


@dataclass(frozen=True, slots=True)
class Standing:
    """How facilities are, or would be, ruled: they themselves, and what closes them from now on."""

    facilities: Mapping[int, FacilityRow]
    closures: Sequence[ClosureRow]

    def closures_in(self, facility_id: int, period: Period) -> list[Closure]:
        """What closes one of the facilities within the period."""
        sites = (None, self.facilities[facility_id].site_id)
        return [
            Closure(Period(row.start_time, row.end_time), row.reason)
            for row in self.closures
            if (
                row.facility_id == facility_id or (row.facility_id is None and row.site_id in sites)
            )
            and row.start_time < period.end
            and row.end_time > period.start
        ]


async def standing(conn: Connection, request: Request, facility_ids: Sequence[int]) -> Standing:
    """How these facilities are ruled for whoever reads by this connection.

    Within a transaction that is taken back, that is how they would be ruled after it.
    """
    rows = await facilities.list_facilities_of(conn, facility_ids)
    site_ids = {row.site_id for row in rows}
    closed = [await _closures_of_site(conn, request, site_id) for site_id in site_ids]
    return Standing({row.id: row for row in rows}, [*chain(*closed)])


async def outside_rules(request: Request, ruled: Standing) -> list[replies.BookingOutsideRules]:
    """Bookings of these facilities, still to begin, that nobody could make under these rules.

    The earliest, up to a hundred. There may be very many to look at: it is done while
    nothing is locked, and others are served meanwhile. Whoever books after the rules have
    changed meets the new ones, so that nobody is missing.
    """
    horizon = request.service.horizon
    facts = {key: facility_facts(row, horizon) for key, row in ruled.facilities.items()}
    found: list[replies.BookingOutsideRules] = []
    async for batch in _upcoming(request, list(facts)):
        span = Period(batch[0].start_time, max(row.end_time for row in batch))
        closed = {key: ruled.closures_in(key, span) for key in {row.facility_id for row in batch}}
        for row in batch:
            facility, closures_then = facts[row.facility_id], closed[row.facility_id]
            refusal = broken_rule(_booking(row), _owner(row), facility, closures_then)
            if refusal is not None:
                booking = views.affected_booking(row, ruled.facilities[row.facility_id])
                found.append({"booking": booking, **request.told(refusal)})
        if len(found) >= SHOWN:
            break
        await asyncio.sleep(0)
    return found[:SHOWN]


async def _upcoming(
    request: Request, facility_ids: Sequence[int]
) -> AsyncIterator[list[AffectedRow]]:
    """The active bookings of these facilities that are still to begin, earliest first.

    No connection is held while they are looked at.
    """
    now = request.now()
    last: AffectedRow | None = None
    while facility_ids:
        async with reading(request.pool) as conn:
            batch = await affected.list_upcoming(
                conn,
                facility_ids=facility_ids,
                now=now,
                after_start=None if last is None else last.start_time,
                after_id=None if last is None else last.id,
                limit=_BATCH,
            )
        if not batch:
            return
        yield batch
        last = batch[-1]


async def _closures_of_site(conn: Connection, request: Request, site_id: int) -> list[ClosureRow]:
    """What closes the site, its facilities or everything, unless it is over."""
    return await closures.list_closures(
        conn,
        facility_id=None,
        site_id=site_id,
        ending_after=request.now(),
        starting_before=None,
        after_start=None,
        after_id=None,
        limit=_MOST_CLOSURES,
    )


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
