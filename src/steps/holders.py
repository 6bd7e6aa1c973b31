"""Whose booking it is, and that they are still let in when it is written."""

from domain.errors import PermissionDenied
from exchange.request import Request
from sql import bookings
from sql.pool import Connection


async def check_still_active(conn: Connection, request: Request, user_id: int) -> None:
    """Refuse callers who were deactivated or forgotten while their own booking was written.

    Else what they write would outlive that. The user is held until the commit. Staff may
    change bookings of users who are deactivated.
    """
    if user_id == request.caller.user_id and not await bookings.hold_holder(conn, user_id):
        raise deactivated()


def deactivated() -> PermissionDenied:
    """What those are told who were let go while their request was under way."""
    detail = "You were deactivated just now, so nothing was done: ask the staff of the house."
    return PermissionDenied(detail)
