"""The stream: what becomes free or taken, as it happens."""

from starlette.responses import Response

from domain.errors import NotFound, ScopeAmbiguous
from exchange.event_stream import EventStream
from exchange.request import Request
from live.streams import Watched
from sql import facilities, sites
from sql.pool import Connection, reading


async def availability_stream(request: Request) -> Response:
    """The changes of a facility, of a site or of all, from the client's last event on."""
    facility_id, site_id = request.param("facility_id"), request.param("site_id")
    if facility_id is not None and site_id is not None:
        detail = (
            "Name a facility or a site, not both: what concerns the facility's site is told with"
            " the facility."
        )
        raise ScopeAmbiguous(detail, "/site_id")
    watched = Watched()
    if facility_id is not None or site_id is not None:
        async with reading(request.pool) as conn:
            watched = await _watched(conn, facility_id, site_id)
    last_id = request.headers.get("last-event-id") or request.param("last_event_id")
    return EventStream(request, watched, last_id or None)


async def _watched(conn: Connection, facility_id: int | None, site_id: int | None) -> Watched:
    """What is asked for; NotFound where it does not exist."""
    if facility_id is not None:
        facility = await facilities.get_facility(conn, facility_id)
        if facility is None:
            detail = f"There is no facility {facility_id}: facilities_list shows those there are."
            raise NotFound(detail, "/facility_id")
        return Watched(facility.id, facility.site_id)
    assert site_id is not None  # noqa: S101 - one of the two is given
    if await sites.get_site(conn, site_id) is None:
        detail = f"There is no site {site_id}: sites_list shows those there are."
        raise NotFound(detail, "/site_id")
    return Watched(site_id=site_id)
