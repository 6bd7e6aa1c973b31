"""How easy booking is: visits to the timeline, counted without saying whose."""

from starlette.responses import Response

from domain.visits import rounded
from exchange.lanes import Lane
from exchange.request import Request, no_content
from sql import visits
from sql.pool import transaction
from wire.models import RecordVisitRequest

_lane = Lane("counts of visits", 1)
"""Visits that end alike are counted in one row: those that wait for it hold no connection."""


async def usage_record(request: Request) -> Response:
    """Count a visit, unless the service does not count."""
    if request.service.counts_usage:
        visit = request.read(RecordVisitRequest)
        async with (
            _lane.place(),
            transaction(request.pool, actor_id=None, request_id=None) as conn,
        ):
            await visits.count_visit(
                conn,
                date=request.now().date(),
                outcome=visit.outcome,
                seconds=rounded(visit.seconds),
                had_conflict=visit.conflicts > 0,
            )
    return no_content()
