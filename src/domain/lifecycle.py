"""What may become of a booking: one table of states and events.

Rejected, expired, and closed over are not states of their own: such a booking is
cancelled and holds nothing, and its cancellation cause says why. What comes later
(check-in, no-shows, waitlists) adds rows here.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from domain.errors import ApprovalExpired, BookingCancelled, BookingNotPending, Refusal
from domain.instants import format_instant

Status: TypeAlias = Literal["confirmed", "cancelled", "pending"]
Event: TypeAlias = Literal[
    "book",  # made, and nobody has to agree
    "request",  # made, and staff have to agree
    "change",  # changed in a way that nobody has to agree to
    "resubmit",  # changed in a way that staff have to agree to anew
    "approve",
    "reject",
    "expire",  # nobody decided in time
    "cancel",
    "close",  # its facility is closed at that time
]
CancellationCause: TypeAlias = Literal[
    "owner", "staff", "rejected", "expired", "closure", "anonymised"
]

TRANSITIONS: Mapping[tuple[Status | None, Event], Status] = {
    (None, "book"): "confirmed",
    (None, "request"): "pending",
    ("confirmed", "change"): "confirmed",
    ("confirmed", "resubmit"): "pending",
    ("confirmed", "cancel"): "cancelled",
    ("confirmed", "close"): "cancelled",
    ("pending", "change"): "pending",
    ("pending", "resubmit"): "pending",
    ("pending", "approve"): "confirmed",
    ("pending", "reject"): "cancelled",
    ("pending", "expire"): "cancelled",
    ("pending", "cancel"): "cancelled",
    ("pending", "close"): "cancelled",
}
"""Every step there is; None is the state of a booking that does not exist yet."""

_DECISIONS = frozenset({"approve", "reject", "expire"})


def after(status: Status | None, event: Event) -> Status:
    """The state that the event leads to, or the refusal that says why it cannot happen."""
    try:
        return TRANSITIONS[status, event]
    except KeyError:
        raise _refusal(status, event) from None


def decide_by(now: datetime, start: datetime, end: datetime, timeout: timedelta) -> datetime:
    """Until when staff may decide: the timeout, and not after the booking begins.

    What has begun already waits until it ends, at the longest.
    """
    return min(now + timeout, start if start > now else end)


def next_deadline(event: Event, present: datetime | None, anew: datetime) -> datetime:
    """Until when staff may decide about what is pending after a change of it.

    What is asked for anew gets the time that ``decide_by`` gives; for anything else the
    time that it had goes on.
    """
    return anew if event == "resubmit" or present is None else min(present, anew)


def has_expired(status: Status, deadline: datetime | None, now: datetime) -> bool:
    """Whether the booking waits for a decision that can no longer be made."""
    return status == "pending" and deadline is not None and deadline <= now


def check_decidable(status: Status, deadline: datetime | None, now: datetime) -> None:
    """Refuse a decision about what waits for none, or waited for too long."""
    after(status, "approve")
    check_not_expired(status, deadline, now)


def check_not_expired(status: Status, deadline: datetime | None, now: datetime) -> None:
    """Refuse what is pending too late to become anything but cancelled."""
    if has_expired(status, deadline, now):
        assert deadline is not None  # noqa: S101 - or it would not have expired
        detail = (
            f"This booking could be decided about until {format_instant(deadline)}, and holds its"
            " facility no longer. Its user may ask for it again."
        )
        raise ApprovalExpired(detail)


def _refusal(status: Status | None, event: Event) -> Refusal:
    if status == "confirmed" and event in _DECISIONS:
        detail = "This booking is confirmed: only a pending one waits for a decision. Cancel it?"
        return BookingNotPending(detail)
    if status == "cancelled" and event in _DECISIONS:
        detail = "This booking is cancelled: only a pending one waits for a decision."
        return BookingNotPending(detail)
    if status == "cancelled":
        detail = "This booking is cancelled and cannot be changed. Make a new booking instead."
        return BookingCancelled(detail)
    message = f"no booking can {event} when it is {status or 'not made yet'}"
    raise ValueError(message)
