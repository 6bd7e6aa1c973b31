"""Everything that is stored of one user, as one document."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import orjson
from starlette.responses import Response

from exchange import views, views_of_people
from exchange.lanes import Lane
from exchange.request import Request, dump, resource_reply
from sql import bookings, privacy, tokens
from sql.bookings import BookingRow
from sql.pool import Connection, reading
from sql.users import UserRow
from steps.holdings import usage_of

MOST_ITEMS = 100_000
"""The most items that a list of the document holds."""

_PAGE = 500
"""How many rows are turned into JSON before others get their turn."""

_CHANGES = 5000
"""How many changes are asked for at once: each time, all that are left must be looked at."""

_lane = Lane("exports of users", 3)


class _Numbered(Protocol):
    """A row with an id."""

    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=_Numbered)

# The doors that list what is a user's by its id.
_Door = Callable[..., Awaitable[list[Row]]]


class _Reader:
    """Reads lists of a user's, page by page; ``complete`` as long as none was cut."""

    def __init__(self, conn: Connection, user_id: int) -> None:
        self.conn = conn
        self.user_id = user_id
        self.complete = True

    async def numbered(
        self, door: _Door[Row], view: Callable[[Row], object], limit: int = _PAGE
    ) -> list[orjson.Fragment]:
        """What the door lists in the order of ids, asked for so many at once."""

        async def page(last: Row | None) -> list[Row]:
            after_id = None if last is None else last.id
            return await door(self.conn, user_id=self.user_id, after_id=after_id, limit=limit)

        return await self._all(page, view)

    async def bookings(self) -> list[orjson.Fragment]:
        """The user's bookings, in the order of their start times."""

        async def page(last: BookingRow | None) -> list[BookingRow]:
            return await bookings.list_bookings(
                self.conn,
                facility_id=None,
                site_ids=None,
                user_id=self.user_id,
                booked_by_id=None,
                status=None,
                cancellation_cause=None,
                search=None,
                ending_after=None,
                starting_before=None,
                after_start=None if last is None else last.start_time,
                after_id=None if last is None else last.id,
                limit=_PAGE,
            )

        return await self._all(page, views.booking_detail)

    async def _all(
        self, page: Callable[[Row | None], Awaitable[list[Row]]], view: Callable[[Row], object]
    ) -> list[orjson.Fragment]:
        items: list[orjson.Fragment] = []
        rows = await page(None)
        while rows and len(items) <= MOST_ITEMS:
            for start in range(0, len(rows), _PAGE):
                some = rows[start : start + _PAGE]
                items.extend(orjson.Fragment(dump(view(row))) for row in some)
                await asyncio.sleep(0)
            rows = await page(rows[-1])
        self.complete = self.complete and len(items) <= MOST_ITEMS
        return items[:MOST_ITEMS]


async def export_reply(
    request: Request, find: Callable[[Connection], Awaitable[UserRow]]
) -> Response:
    """The document about whom ``find`` finds, for a browser to save as a file."""
    async with _lane.place(), reading(request.pool) as conn:
        return await _document(conn, request, await find(conn))


async def _document(conn: Connection, request: Request, user: UserRow) -> Response:
    reader = _Reader(conn, user.id)
    of = views_of_people
    document = {
        "user": views.user_detail(user),
        "tokens": await reader.numbered(tokens.list_tokens, views.token_detail),
        "bookings": await reader.bookings(),
        "booking_changes": await reader.numbered(
            privacy.list_changes_of_bookings, of.booking_change, _CHANGES
        ),
        "facility_changes": await reader.numbered(
            privacy.list_changes_of_facilities, of.facility_change
        ),
        "record_changes": await reader.numbered(
            privacy.list_changes_of_records, of.audit_log_entry
        ),
        "conflicts": await reader.numbered(privacy.list_conflicts, of.conflict_record),
        "quotas": [of.quota_usage(row) for row in await usage_of(conn, request, user.id)],
        "complete": reader.complete,
    }
    headers = {
        "Content-Disposition": f'attachment; filename="user-{user.id}.json"',
        "Cache-Control": "no-store",
    }
    return resource_reply(request, document, 200, headers)
