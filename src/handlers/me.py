"""The caller: who they are, what they have booked, and their tokens."""

from datetime import UTC, date, datetime, time, timedelta

from starlette.responses import Response

from domain.errors import DateRangeReversed, NotFound
from exchange import views, views_of_people
from exchange.paging import INT4, after_id, after_start, limit_of, page_reply
from exchange.request import Request, json_reply, no_content, resource_reply
from sql import bookings, tokens, users
from sql.pool import Connection, reading
from sql.users import UserRow
from steps.dossier import export_reply
from steps.holdings import usage_of
from steps.issuing import NO_STORE, issue, wanted_token


async def me_retrieve(request: Request) -> Response:
    """The caller, as staff see them, and what they hold of each quota."""
    async with reading(request.pool) as conn:
        row = await _caller(conn, request)
        usage = await usage_of(conn, request, row.id)
    me = views_of_people.me(row, usage, counts_usage=request.service.counts_usage)
    return resource_reply(request, me)


async def me_export(request: Request) -> Response:
    """Everything that is stored of the caller."""
    return await export_reply(request, lambda conn: _caller(conn, request))


async def my_bookings_list(request: Request) -> Response:
    """The caller's bookings in the order of their start times."""
    first, last = request.date("start_date"), request.date("end_date")
    if first is not None and last is not None and last < first:
        detail = f"end_date must not be before start_date ({first}), and {last} is."
        raise DateRangeReversed(detail, "/end_date")
    start, row_id = after_start(request)
    async with reading(request.pool) as conn:
        rows = await bookings.list_user_bookings(
            conn,
            user_id=request.caller.user_id,
            ending_after=None if first is None else _midnight(first),
            starting_before=None if last is None else _midnight_after(last),
            status=request.param("status"),
            after_start=start,
            after_id=row_id,
            limit=limit_of(request) + 1,
        )
    return page_reply(request, rows, views.booking_summary, lambda row: (row.start_time, row.id))


async def my_tokens_list(request: Request) -> Response:
    """The caller's tokens, without their secrets."""
    async with reading(request.pool) as conn:
        rows = await tokens.list_tokens(
            conn,
            user_id=request.caller.user_id,
            after_id=after_id(request, INT4),
            limit=limit_of(request) + 1,
        )
    return page_reply(request, rows, views.token_detail, lambda row: (row.id,))


async def my_tokens_create(request: Request) -> Response:
    """A new token; its secret is in this reply and nowhere else."""
    wanted = wanted_token(request)
    created = await request.write(lambda conn: issue(conn, request, request.caller.user_id, wanted))
    return json_reply(created, 201, NO_STORE)


async def my_tokens_revoke(request: Request) -> Response:
    """Make a token of the caller's useless at once, the one in use included."""
    revoked = await request.write(
        lambda conn: tokens.delete_token(
            conn, user_id=request.caller.user_id, token_id=request.param("id")
        )
    )
    if not revoked:
        detail = "You have no such token: my_tokens_list shows those you have."
        raise NotFound(detail)
    return no_content()


async def _caller(conn: Connection, request: Request) -> UserRow:
    row = await users.get_user(conn, request.caller.user_id)
    assert row is not None  # noqa: S101 - users are never deleted, and this one has a token
    return row


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _midnight_after(day: date) -> datetime | None:
    """When the day is over; None for the last day there is, after which nothing starts."""
    return None if day == date.max else _midnight(day + timedelta(days=1))
