"""The rules a booking must meet, and what may be done with one.

``check_new``, ``check_change`` and ``check_cancel`` are the whole of them. Each
is a list of small rules, applied in the order a person would mention them; the
first that refuses answers. Overlap is not among them: the database decides it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from domain.errors import (
    BeyondHorizon,
    BookingCancelled,
    BookingInPast,
    BookingPast,
    BookingTooLong,
    EndNotAfterStart,
    FacilityArchived,
    TimeNotOnMark,
    TitleBlank,
    TooManyAttendees,
)
from domain.instants import format_instant
from domain.periods import MARK, mark_at_or_after, mark_at_or_before, on_mark

LONGEST_BOOKING = timedelta(hours=8)

Status = Literal["confirmed", "cancelled", "pending"]


@dataclass(frozen=True, slots=True)
class Facility:
    """What the rules need to know of a facility."""

    name: str
    capacity: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking."""

    user_id: int
    username: str
    is_staff: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A booking as somebody would like it to be. Times are in UTC."""

    facility_id: int
    start_time: datetime
    end_time: datetime
    title: str
    description: str | None
    attendee_count: int


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking as it stands."""

    id: int
    user_id: int
    status: Status
    draft: Draft


def may_see(caller: Caller, owner_id: int) -> bool:
    """Members see, change and cancel their own bookings; staff all."""
    return caller.is_staff or caller.user_id == owner_id


def check_new(draft: Draft, facility: Facility, now: datetime, horizon: timedelta) -> None:
    """Raise the first refusal that a new booking meets."""
    _check_title(draft)
    _check_times(draft)
    _check_not_in_past(draft, now)
    _check_horizon(draft, now, horizon)
    _check_active(facility)
    _check_attendees(draft, facility)


def revise(booking: Booking, changes: Mapping[str, object]) -> Draft:
    """The draft that the changes make of the booking; times stay as they are unless changed."""
    return replace(booking.draft, **changes)  # type: ignore[arg-type]  # names and types are the contract's


def takes_more(booking: Booking, revised: Draft) -> bool:
    """Whether the revision takes any time that the booking does not hold already."""
    before = booking.draft
    return (
        revised.facility_id != before.facility_id
        or revised.start_time < before.start_time
        or revised.end_time > before.end_time
    )


def check_change(
    booking: Booking, revised: Draft, facility: Facility, now: datetime, horizon: timedelta
) -> None:
    """Raise the first refusal that a change meets.

    A rule is applied only to what changes: a booking made under an older rule
    can still be given a better title.
    """
    _check_open(booking, now)
    before = booking.draft
    starts_otherwise = revised.start_time != before.start_time
    ends_otherwise = revised.end_time != before.end_time
    if revised.title != before.title:
        _check_title(revised)
    if starts_otherwise or ends_otherwise:
        _check_times(revised)
    if starts_otherwise:
        _check_not_in_past(revised, now)
    if ends_otherwise:
        _check_not_over(revised, now)
        _check_horizon(revised, now, horizon)
    if takes_more(booking, revised):
        _check_active(facility)
    moved_elsewhere = revised.facility_id != before.facility_id
    if moved_elsewhere or revised.attendee_count != before.attendee_count:
        _check_attendees(revised, facility)


def check_cancel(booking: Booking, now: datetime) -> bool:
    """Whether there is anything to cancel: a cancelled booking stays so, a past one refuses."""
    if booking.status == "cancelled":
        return False
    _check_open(booking, now)
    return True


def _check_open(booking: Booking, now: datetime) -> None:
    if booking.status == "cancelled":
        detail = "This booking is cancelled and cannot be changed. Make a new booking instead."
        raise BookingCancelled(detail)
    if booking.draft.end_time <= now:
        detail = (
            f"This booking ended at {format_instant(booking.draft.end_time)} and cannot be changed"
            " or cancelled any more."
        )
        raise BookingPast(detail)


def _check_title(draft: Draft) -> None:
    if not draft.title.strip():
        detail = (
            "The title has nothing but white space: give 1 to 255 characters that say what the"
            " booking is for."
        )
        raise TitleBlank(detail, "/title")


def _check_times(draft: Draft) -> None:
    for name, instant in (("start_time", draft.start_time), ("end_time", draft.end_time)):
        if not on_mark(instant):
            detail = (
                f"{name} must be on a 15-minute mark (minute 00, 15, 30 or 45, no seconds), and"
                f" {format_instant(instant)} is not."
            )
            raise TimeNotOnMark(detail, f"/{name}")
    if draft.end_time <= draft.start_time:
        detail = (
            "end_time must be at least 15 minutes after start_time"
            f" ({format_instant(draft.start_time)}), and {format_instant(draft.end_time)} is not."
        )
        raise EndNotAfterStart(detail, "/end_time")
    if draft.end_time - draft.start_time > LONGEST_BOOKING:
        latest = draft.start_time + LONGEST_BOOKING
        detail = (
            f"A booking lasts at most 8 hours: from {format_instant(draft.start_time)} it may end"
            f" at {format_instant(latest)} at the latest."
        )
        raise BookingTooLong(detail, "/end_time")


def _check_not_in_past(draft: Draft, now: datetime) -> None:
    if draft.start_time < now:
        detail = (
            f"start_time must not be in the past, and {format_instant(draft.start_time)} is: a"
            f" booking may now start at {format_instant(mark_at_or_after(now))} at the earliest."
        )
        raise BookingInPast(detail, "/start_time")


def _check_not_over(draft: Draft, now: datetime) -> None:
    if draft.end_time <= now:
        earliest = mark_at_or_before(now) + MARK
        detail = (
            f"end_time must be in the future, and {format_instant(draft.end_time)} is not: this"
            f" booking may now end at {format_instant(earliest)} at the earliest."
        )
        raise BookingInPast(detail, "/end_time")


def _check_horizon(draft: Draft, now: datetime, horizon: timedelta) -> None:
    latest = mark_at_or_before(now + horizon)
    if draft.end_time > latest:
        detail = (
            f"Bookings are taken {horizon.days} days ahead: a booking may now end at"
            f" {format_instant(latest)} at the latest, and {format_instant(draft.end_time)} is"
            " after that."
        )
        raise BeyondHorizon(detail, "/end_time")


def _check_active(facility: Facility) -> None:
    if not facility.is_active:
        detail = f"{facility.name} is archived and takes no bookings: choose another facility."
        raise FacilityArchived(detail, "/facility_id")


def _check_attendees(draft: Draft, facility: Facility) -> None:
    if draft.attendee_count > facility.capacity:
        detail = (
            f"{facility.name} holds at most {facility.capacity}: attendee_count may be 1 to"
            f" {facility.capacity}, and {draft.attendee_count} is more."
        )
        raise TooManyAttendees(detail, "/attendee_count")
