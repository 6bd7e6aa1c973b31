"""What is told of facilities' time: a search's facilities, each with what takes its time up."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from domain.access import may_see
from domain.periods import Period
from domain.rules import Closure
from domain.timeline import Block, Hold, blocks
from exchange import views
from exchange.request import Request
from sql import timelines
from sql.facilities import FacilityRow
from sql.pool import reading
from sql.timelines import HoldRow
from steps.rules import closures_of, facility_facts, opened
from steps.searching import Search, standing
from wire import replies


async def tell_timelines(
    request: Request, search: Search, rows: Sequence[FacilityRow]
) -> list[replies.FacilityTimeline]:
    """What the window of the search is taken up by at each facility, by the database alone."""
    window, asked = search.window, [row.id for row in rows]
    async with reading(request.pool) as conn:
        held = await timelines.list_holds(
            conn, facility_ids=asked, start_time=window.start, end_time=window.end
        )
        shut = await closures_of(conn, asked, window.start, window.end)
    holds_of: dict[int, list[HoldRow]] = defaultdict(list)
    for hold in held:
        # One that nobody decided about in time holds nothing, and is cleared away before long.
        if hold.decide_by is None or hold.decide_by > search.now:
            holds_of[hold.facility_id].append(hold)
    told = []
    for row in rows:
        told.append(_timeline(request, search, row, holds_of[row.id], shut[row.id]))
        await asyncio.sleep(0)  # A hundred busy months take a second, and others are answered too.
    return told


def _timeline(
    request: Request,
    search: Search,
    row: FacilityRow,
    held: Sequence[HoldRow],
    shut: Sequence[Closure],
) -> replies.FacilityTimeline:
    facility = facility_facts(row, request.service.horizon)
    by_id = {hold.id: hold for hold in held}
    painted = blocks(
        facility.rules,
        [_hold(hold) for hold in held],
        shut,
        search.window,
        search.now,
        opened,
    )
    timeline: replies.FacilityTimeline = {
        "facility": views.facility_basic(row),
        "amenities": row.amenities,
        "rules": views.facility_rules(row, request.service.horizon),
        "blocks": [_block(request, row, block, by_id) for block in painted],
    }
    refusal = standing(search, facility)
    if refusal is not None:
        timeline["refusal"] = request.told(refusal)
    return timeline


def _hold(row: HoldRow) -> Hold:
    return Hold(
        booking_id=row.id,
        period=Period(row.start_time, row.end_time),
        occupied=Period(row.occupied_from, row.occupied_until),
        is_pending=row.status == "pending",
    )


def _block(
    request: Request, row: FacilityRow, block: Block, held: dict[int, HoldRow]
) -> replies.TimelineBlock:
    told: replies.TimelineBlock = {
        "kind": block.kind,
        "start_time": block.period.start,
        "end_time": block.period.end,
    }
    if block.reason is not None:
        told["reason"] = block.reason
    hold = None if block.hold is None else held[block.hold.booking_id]
    if hold is not None and may_see(request.caller, hold.user_id, row.site_id):
        told["booking"] = {
            "id": hold.id,
            "title": hold.title,
            "user": views.user_basic(hold.user_id, hold.username, hold.user_display_name),
        }
    return told
