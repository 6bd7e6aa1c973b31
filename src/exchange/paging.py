"""Pages of lists: an opaque cursor, and a Link header to the next page (RFC 8288).

A cursor holds the sort key of the last row of its page, so that a page starts
after that row whatever was added or removed meanwhile.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode

import orjson
from starlette.responses import Response

from domain.errors import InvalidCursor, TimeOutOfRange
from domain.instants import parse_instant
from exchange.request import Request, json_reply

Row = TypeVar("Row")

INT4 = 2**31 - 1
INT8 = 2**53 - 1
"""The largest id of a table with INTEGER ids, and of one with BIGINT ids (the largest
integer that every JSON reader keeps exact)."""


def limit_of(request: Request) -> int:
    """How many rows the page may hold; the contract has bounded it."""
    return int(request.param("limit", 50))


def page_reply(
    request: Request,
    rows: Sequence[Row],
    view: Callable[[Row], object],
    key: Callable[[Row], tuple[object, ...]],
) -> Response:
    """The first ``limit`` rows as a JSON array; a Link to the next page if there are more.

    The caller asks the database for one row more than the limit.
    """
    limit = limit_of(request)
    shown = rows[:limit]
    headers = {"Link": next_link(request, key(shown[-1]))} if len(rows) > limit else None
    return json_reply([view(row) for row in shown], headers=headers)


def next_link(request: Request, key: tuple[object, ...]) -> str:
    """The Link header's value: this request's own query with the cursor moved on."""
    held = orjson.dumps((request.operation_id, *key), option=orjson.OPT_UTC_Z)
    cursor = urlsafe_b64encode(held).rstrip(b"=").decode()
    query = {
        name: ",".join(value) if isinstance(value, list) else value
        for name, value in request.params.items()
        if name not in {"id", "cursor"}
    }
    return f'<{request.path}?{urlencode({**query, "cursor": cursor})}>; rel="next"'


def after_id(request: Request, largest: int) -> int | None:
    """The cursor of a list in the order of ids."""
    match _cursor(request):
        case None:
            return None
        case [int(row_id)]:
            return _checked(row_id, largest)
    raise _invalid()


def after_name(request: Request) -> tuple[str | None, int | None]:
    """The cursor of a list in the order of names, then ids."""
    match _cursor(request):
        case None:
            return None, None
        case [str(name), int(row_id)] if "\x00" not in name:
            return name, _checked(row_id, INT4)
    raise _invalid()


def after_start(request: Request) -> tuple[datetime | None, int | None]:
    """The cursor of a list in the order of start times, then ids."""
    match _cursor(request):
        case None:
            return None, None
        case [str(start), int(row_id)]:
            try:
                return parse_instant(start, "/cursor"), _checked(row_id, INT8)
            except TimeOutOfRange as error:
                raise _invalid() from error
    raise _invalid()


def _cursor(request: Request) -> list[object] | None:
    """The sort key that the cursor holds; None where the request has no cursor."""
    text = request.param("cursor")
    if text is None:
        return None
    try:
        held = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError) as error:
        raise _invalid() from error
    match held:
        case [request.operation_id, *key]:
            return key
    raise _invalid()


def _checked(row_id: int, largest: int) -> int:
    if isinstance(row_id, bool) or not 1 <= row_id <= largest:  # JSON's true is an int to Python
        raise _invalid()
    return row_id


def _invalid() -> InvalidCursor:
    detail = (
        "This cursor does not belong to this list. Take the cursor from the Link header of the"
        " page before, or leave it out to start from the first page."
    )
    return InvalidCursor(detail, "/cursor")
