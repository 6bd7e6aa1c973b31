"""What staff decide about a pending booking."""

from domain.access import check_governs
from domain.errors import ReasonBlank
from domain.lifecycle import check_decidable
from exchange import views
from exchange.request import Request, dump
from sql import bookings
from sql.bookings import BookingRow
from sql.pool import Connection
from steps.known import visible


async def decide(
    conn: Connection, request: Request, booking_id: int, *, approve: bool, reason: str | None
) -> BookingRow:
    """The booking, approved or rejected, as it stands once nobody else is changing it.

    The instant is asked for under the lock, so that a decision and the expiry of the
    same booking cannot both happen.
    """
    row = visible(await bookings.lock_booking(conn, booking_id), request.caller)
    check_governs(request.caller, row.site_id)
    request.check_if_match(dump(views.booking_detail(row)))
    check_decidable(row.status, row.decide_by, request.now())
    if approve:
        return await bookings.confirm_booking(conn, booking_id, reason=reason)
    return await bookings.cancel_booking(conn, booking_id, cause="rejected", reason=reason)


def needed_reason(text: str | None) -> str:
    """The reason that a rejection needs."""
    reason = given_reason(text)
    if reason is None:
        detail = "Say in a few words why, for the booking's user: the reason is empty."
        raise ReasonBlank(detail, "/reason")
    return reason


def given_reason(text: str | None) -> str | None:
    """The reason that was given, if any was: white space says nothing."""
    return (text or "").strip() or None
