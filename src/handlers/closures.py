"""Closures: when a facility, a site or everything is closed."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from starlette.responses import Response

from domain.access import check_governs
from domain.closures import check_closure, check_scope
from domain.errors import EndNotAfterStart, FacilityUnknown, NotFound, SiteUnknown
from domain.instants import format_instant
from domain.periods import Period
from exchange import views
from exchange.paging import after_start, limit_of, page_reply
from exchange.request import (
    Request,
    dump,
    etag_of,
    json_reply,
    no_content,
    problem_reply,
    resource_reply,
)
from sql import affected, closures, facilities, sites
from sql.analytics import allow_time
from sql.closures import ClosureRow
from sql.pool import Connection, reading
from steps.affected import SHOWN, shown
from wire import replies

_MOST_MILLISECONDS = 120_000
"""How long a closure may take; one that cancels 60,000 bookings takes a tenth of it."""


class _Scope(TypedDict):
    """What a closure is of, as the doors ask for it."""

    facility_id: int | None
    site_id: int | None
    start_time: datetime
    end_time: datetime


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A closure that is asked for: of a facility, of a site, or with neither of everything."""

    facility_id: int | None
    site_id: int | None
    period: Period
    reason: str
    cancel_bookings: bool

    @property
    def scope(self) -> _Scope:
        """What is to be closed, and when."""
        return {
            "facility_id": self.facility_id,
            "site_id": self.site_id,
            "start_time": self.period.start,
            "end_time": self.period.end,
        }


async def closures_list(request: Request) -> Response:
    """Closures that match every filter given, in the order in which they begin."""
    start, end = request.instant("start_time"), request.instant("end_time")
    if start is not None and end is not None and end <= start:
        detail = (
            f"end_time must be after start_time ({format_instant(start)}), and"
            f" {format_instant(end)} is not."
        )
        raise EndNotAfterStart(detail, "/end_time")
    since, row_id = after_start(request)
    async with reading(request.pool) as conn:
        rows = await closures.list_closures(
            conn,
            facility_id=request.param("facility_id"),
            site_id=request.param("site_id"),
            ending_after=start,
            starting_before=end,
            after_start=since,
            after_id=row_id,
            limit=limit_of(request) + 1,
        )
    return page_reply(request, rows, views.closure_detail, lambda row: (row.start_time, row.id))


async def closures_retrieve(request: Request) -> Response:
    """One closure."""
    async with reading(request.pool) as conn:
        row = _found(await closures.get_closure(conn, request.param("id")))
    return resource_reply(request, views.closure_detail(row))


async def closures_create(request: Request) -> Response:
    """Close something, unless bookings are in the way that are not to be cancelled."""
    request.require_staff_somewhere()
    body = request.body
    check_scope(body.get("facility_id"), body.get("site_id"))
    wanted = _Wanted(
        facility_id=body.get("facility_id"),
        site_id=body.get("site_id"),
        period=check_closure(
            request.body_instant("start_time"),
            request.body_instant("end_time"),
            body["reason"],
            request.now(),
        ),
        reason=body["reason"].strip(),
        cancel_bookings=body.get("cancel_bookings", False),
    )
    return await request.write(lambda conn: _close(conn, request, wanted))


async def closures_delete(request: Request) -> Response:
    """Remove a closure."""
    request.require_staff_somewhere()

    async def remove(conn: Connection) -> None:
        row = _found(await closures.get_closure(conn, request.param("id")))
        if row.governing_site_id is None:
            request.require_staff()
        else:
            check_governs(request.caller, row.governing_site_id)
        if not await closures.delete_closure(conn, row.id):
            raise _not_found()  # a rival was quicker

    await request.write(remove)
    return no_content()


async def _close(conn: Connection, request: Request, wanted: _Wanted) -> Response:
    """Lock what is to be closed, look at its bookings, and close it."""
    await _check_may_close(conn, request, wanted)
    await allow_time(conn, milliseconds=_MOST_MILLISECONDS)
    await _lock_scope(conn, wanted)
    # After the locks: somebody may have moved the facility to another site meanwhile.
    await _check_may_close(conn, request, wanted)
    scope = wanted.scope
    if not wanted.cancel_bookings:
        count = await affected.count_closed_over(conn, **scope, now=request.now())
        if count:
            return await _conflict(conn, request, wanted, count)
    await affected.lock_closed_over(conn, **scope, now=request.now())
    now = request.now()
    if not wanted.cancel_bookings:
        # Somebody may just have confirmed what seemed to have expired.
        count = await affected.count_closed_over(conn, **scope, now=now)
        if count:
            return await _conflict(conn, request, wanted, count)
    first = await _first(conn, wanted, now)
    closure_id = await closures.insert_closure(conn, **scope, reason=wanted.reason)
    count = await affected.cancel_closed_over(conn, **scope, now=now, reason=wanted.reason)
    made = views.closure_detail(_found(await closures.get_closure(conn, closure_id)))
    body: replies.ClosureCreated = {**made, "cancelled_count": count, "cancelled_bookings": first}
    headers = {"Location": f"{request.path}{closure_id}/", "ETag": etag_of(dump(made))}
    return json_reply(body, 201, headers)


async def _first(conn: Connection, wanted: _Wanted, now: datetime) -> list[replies.AffectedBooking]:
    """The earliest of the active bookings in the way, as many as a reply tells of."""
    rows = await affected.list_closed_over(conn, **wanted.scope, now=now, limit=SHOWN)
    return await shown(conn, rows)


async def _lock_scope(conn: Connection, wanted: _Wanted) -> None:
    """Hold what is to be closed.

    Sites first and then facilities, as everywhere. A create holds its facility: either it
    is over by now and its booking is seen, or it waits and sees the closure.
    """
    if wanted.facility_id is None:
        await sites.lock_sites_in_scope(conn, site_id=wanted.site_id)
    await facilities.lock_facilities_in_scope(
        conn, facility_id=wanted.facility_id, site_id=wanted.site_id
    )


async def _check_may_close(conn: Connection, request: Request, wanted: _Wanted) -> None:
    """Refuse to close what is not there, or what the caller does not govern."""
    if wanted.facility_id is not None:
        facility = await facilities.get_facility(conn, wanted.facility_id)
        if facility is None:
            detail = (
                f"There is no facility {wanted.facility_id}: take the id of one that"
                " facilities_list shows."
            )
            raise FacilityUnknown(detail, "/facility_id")
        check_governs(request.caller, facility.site_id)
    elif wanted.site_id is not None:
        if await sites.get_site(conn, wanted.site_id) is None:
            detail = f"There is no site {wanted.site_id}: take the id of one that sites_list shows."
            raise SiteUnknown(detail, "/site_id")
        check_governs(request.caller, wanted.site_id)
    else:
        request.require_staff()


async def _conflict(conn: Connection, request: Request, wanted: _Wanted, count: int) -> Response:
    """409 ``closure_affects_bookings``."""
    told = "1 active booking is" if count == 1 else f"{count} active bookings are"
    body: replies.ClosureConflict = {
        "type": "closure_affects_bookings",
        "title": "Closure Affects Bookings",
        "status": 409,
        "detail": (
            f"{told} in the way. Look at affected_bookings, and send the closure again with"
            " cancel_bookings to cancel them."
        ),
        "request_id": request.request_id,
        "affected_count": count,
        "affected_bookings": await _first(conn, wanted, request.now()),
    }
    return problem_reply(body)


def _found(row: ClosureRow | None) -> ClosureRow:
    if row is None:
        raise _not_found()
    return row


def _not_found() -> NotFound:
    return NotFound("There is no such closure: closures_list shows those there are.")
