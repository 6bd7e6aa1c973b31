"""What the rules of bookings answer: short names for answers, and for asking."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import strategies as st

from domain.access import Caller
from domain.bookings import (
    Booking,
    Draft,
    Facility,
    check_cancel,
    check_change,
    check_new,
    revise,
)
from domain.errors import (
    BeyondHorizon,
    BookingCancelled,
    BookingInPast,
    BookingPast,
    BookingTooLong,
    BookingTooShort,
    CancellationDeadlinePassed,
    EndNotAfterStart,
    FacilityArchived,
    FacilityClosed,
    FacilityRestricted,
    NoticeTooShort,
    OutsideOpeningHours,
    Refusal,
    StartNotOnStep,
    TimeNotOnMark,
    TitleBlank,
    TooManyAttendees,
)
from domain.rules import Closure

from .values import (
    MEMBER,
    ROOM,
    answer,
    at,
)

Answer = tuple[type[Refusal], str | None] | None

NOW = at("09:07:30")
"""A moment of the morning, on no mark, before the draft that ``a_draft`` makes."""

STARTS_OFF_MARK = (TimeNotOnMark, "/start_time")
ENDS_OFF_MARK = (TimeNotOnMark, "/end_time")
REVERSED = (EndNotAfterStart, "/end_time")
TOO_LONG = (BookingTooLong, "/end_time")
STARTS_IN_PAST = (BookingInPast, "/start_time")
ENDS_IN_PAST = (BookingInPast, "/end_time")
TOO_FAR = (BeyondHorizon, "/end_time")
BLANK = (TitleBlank, "/title")
TOO_MANY = (TooManyAttendees, "/attendee_count")
ARCHIVED = (FacilityArchived, "/facility_id")
CANCELLED = (BookingCancelled, None)
PAST = (BookingPast, None)
TOO_SHORT = (BookingTooShort, "/end_time")
OFF_STEP = (StartNotOnStep, "/start_time")
TOO_SOON = (NoticeTooShort, "/start_time")
NOT_OPEN = (OutsideOpeningHours, "/start_time")
CLOSED = (FacilityClosed, "/start_time")
RESTRICTED = (FacilityRestricted, "/facility_id")
TOO_LATE = (CancellationDeadlinePassed, None)


def within(facility: Facility, horizon: timedelta) -> Facility:
    """The facility, booked so far ahead."""
    return replace(facility, rules=replace(facility.rules, horizon=horizon))


def book(  # noqa: PLR0913 - what a test may care about
    draft: Draft,
    facility: Facility = ROOM,
    now: datetime = NOW,
    *,
    horizon: timedelta | None = None,
    closures: Sequence[Closure] = (),
    caller: Caller = MEMBER,
) -> Answer:
    """What a new booking is answered."""
    if horizon is not None:
        facility = within(facility, horizon)
    return answer(lambda: check_new(draft, facility, closures, caller, now))


def change(  # noqa: PLR0913 - what a test may care about
    booking: Booking,
    changes: Mapping[str, object],
    facility: Facility = ROOM,
    now: datetime = NOW,
    *,
    horizon: timedelta | None = None,
    left: Facility = ROOM,
    closures: Sequence[Closure] = (),
    caller: Caller = MEMBER,
) -> Answer:
    """What a change is answered; at the Blue Room, unless another facility is to be held."""
    if horizon is not None:
        facility = within(facility, horizon)
    return answer(
        lambda: check_change(
            booking,
            revise(booking, changes),
            left=left,
            facility=facility,
            closures=closures,
            caller=caller,
            now=now,
        )
    )


def changed(booking: Booking, revised: Draft, now: datetime) -> None:
    """The member changes a booking of the Blue Room."""
    check_change(booking, revised, left=ROOM, facility=ROOM, closures=[], caller=MEMBER, now=now)


def instants_in(detail: str) -> list[datetime]:
    """The instants that a refusal names, in the order of its words."""
    return [datetime.fromisoformat(text) for text in re.findall(r"\d{4}-\S+?Z", detail)]


def cancel(
    booking: Booking,
    facility: Facility = ROOM,
    now: datetime = NOW,
    *,
    caller: Caller = MEMBER,
) -> bool:
    """Whether there is anything to cancel."""
    return check_cancel(booking, facility, caller, now)


OPEN_TEN_TO_FOUR = tuple((day * 1440 + 600, day * 1440 + 960) for day in range(7))
"""Every day from 10:00 to 16:00."""


moments = st.datetimes(at("09:00").replace(tzinfo=None), at("09:30").replace(tzinfo=None)).map(
    lambda moment: moment.replace(tzinfo=NOW.tzinfo)
)
