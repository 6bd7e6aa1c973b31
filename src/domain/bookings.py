"""The rules a booking must meet, and what may be done with one.

``check_new``, ``check_change``, ``check_cancel`` and ``broken_rule`` are the whole of
them. Each is a list of small rules, applied in the order a person would mention them;
the first that refuses answers. Overlap is not among them: the database decides it. Nor
are quotas: see ``quotas``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.access import Caller, check_may_book
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
    NoticeTooShort,
    OutsideOpeningHours,
    Refusal,
    StartNotOnStep,
    TimeNotOnMark,
    TitleBlank,
    TooManyAttendees,
)
from domain.hours import open_periods
from domain.instants import format_instant
from domain.lifecycle import Event, Status, check_not_expired
from domain.periods import MARK, Period, mark_at_or_before, on_mark
from domain.rules import Closure, OpenPeriods, Rules, holding

_AROUND = timedelta(days=1)
"""How far around a booking opening hours are looked up, to be told of."""


@dataclass(frozen=True, slots=True)
class Facility:
    """What the rules need to know of a facility; one that is open to no group is open to all."""

    id: int
    site_id: int
    name: str
    capacity: int
    is_active: bool
    open_to: frozenset[int]
    rules: Rules


@dataclass(frozen=True, slots=True)
class Draft:
    """A booking as somebody would like it to be. Times are in UTC."""

    facility_id: int
    start_time: datetime
    end_time: datetime
    title: str
    description: str | None
    attendee_count: int

    @property
    def period(self) -> Period:
        """From start to end; only of a draft whose times are in order."""
        return Period(self.start_time, self.end_time)


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking as it stands. ``decide_by`` is until when a pending one waits."""

    id: int
    user_id: int
    status: Status
    draft: Draft
    decide_by: datetime | None = None


def check_new(  # noqa: PLR0913, PLR0917 - what, where, who and when
    draft: Draft,
    facility: Facility,
    closures: Sequence[Closure],
    caller: Caller,
    now: datetime,
    opened: OpenPeriods = open_periods,
) -> None:
    """Raise the first refusal that a new booking meets.

    ``closures`` are those of the facility that share any moment with the draft. Whoever asks
    of many facilities gives an ``opened`` that remembers: see ``rules.bookable_periods``.
    """
    rules = facility.rules
    _check_title(draft)
    _check_times(draft)
    _check_length(draft, rules)
    _check_not_in_past(draft, rules, now)
    _check_notice(draft, rules, now)
    _check_horizon(draft, rules, now)
    _check_step(draft, rules)
    _check_active(facility)
    check_may_book(caller, facility.name, facility.site_id, facility.open_to)
    _check_attendees(draft, facility)
    _check_open_hours(draft, facility, opened)
    _check_closures(draft, facility, closures)


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


def gives_up(booking: Booking, revised: Draft) -> bool:
    """Whether the revision gives up any time that the booking holds."""
    before = booking.draft
    return (
        revised.facility_id != before.facility_id
        or revised.start_time > before.start_time
        or revised.end_time < before.end_time
    )


def check_change(  # noqa: PLR0913 - before and after, where, who and when
    booking: Booking,
    revised: Draft,
    *,
    left: Facility,
    facility: Facility,
    closures: Sequence[Closure],
    caller: Caller,
    now: datetime,
) -> None:
    """Raise the first refusal that a change meets.

    ``left`` is the facility that the booking holds, ``facility`` the one it is to hold,
    which may be the same; ``closures`` are those of the latter. A rule is applied only to
    what changes: a booking made under an older rule can still be given a better title. One
    that takes no time beyond what it holds is asked for neither the longest length nor notice.
    """
    _check_open(booking, now)
    check_not_expired(booking.status, booking.decide_by, now)
    before = booking.draft
    if revised.title != before.title:
        _check_title(revised)
    _check_changed_times(booking, revised, facility.rules, now)
    # What waits for approval again can be withdrawn at any time: to ask for more must not be a
    # way around the deadline.
    asks_anew = event_of_change(booking, revised, facility, caller) == "resubmit"
    if gives_up(booking, revised) or asks_anew:
        _check_deadline(booking, left, caller, now)
    if takes_more(booking, revised):
        _check_active(facility)
        check_may_book(caller, facility.name, facility.site_id, facility.open_to)
    if revised.facility_id != before.facility_id or revised.attendee_count != before.attendee_count:
        _check_attendees(revised, facility)
    if takes_more(booking, revised):
        _check_open_hours(revised, facility)
        _check_closures(revised, facility, closures)


def check_cancel(booking: Booking, facility: Facility, caller: Caller, now: datetime) -> bool:
    """Whether there is anything to cancel: a cancelled booking stays so, a past one refuses."""
    if booking.status == "cancelled":
        return False
    _check_open(booking, now)
    _check_deadline(booking, facility, caller, now)
    return True


def needs_approval(facility: Facility, caller: Caller) -> bool:
    """Whether what the caller books there waits for the staff: they need not ask themselves."""
    return facility.rules.requires_approval and not caller.governs(facility.site_id)


def event_of_change(booking: Booking, revised: Draft, facility: Facility, caller: Caller) -> Event:
    """Whether the staff have to agree to the revision anew: only to more than they agreed to."""
    anew = takes_more(booking, revised) and needs_approval(facility, caller)
    return "resubmit" if anew else "change"


def standing_refusal(
    facility: Facility, caller: Caller, start: datetime, duration: timedelta
) -> Refusal | None:
    """What ``check_new`` refuses whenever the booking is, told of one that begins at ``start``.

    None if there may be a time at which the caller can book the facility for so long.
    """
    draft = Draft(facility.id, start, start + duration, "", None, 1)
    return _first_refusal(
        lambda: _check_length(draft, facility.rules),
        lambda: _check_active(facility),
        lambda: check_may_book(caller, facility.name, facility.site_id, facility.open_to),
    )


def broken_rule(
    booking: Booking, owner: Caller, facility: Facility, closures: Sequence[Closure]
) -> Refusal | None:
    """The first rule of the facility as it is now that a booking breaks, made under others.

    What depends on the moment of booking (notice, the horizon, the past) is not asked.
    """
    draft, rules = booking.draft, facility.rules
    return _first_refusal(
        lambda: _check_length(draft, rules),
        lambda: _check_step(draft, rules),
        lambda: _check_active(facility),
        lambda: check_may_book(owner, facility.name, facility.site_id, facility.open_to),
        lambda: _check_attendees(draft, facility),
        lambda: _check_open_hours(draft, facility),
        lambda: _check_closures(draft, facility, closures),
    )


def _first_refusal(*checks: Callable[[], None]) -> Refusal | None:
    for check in checks:
        try:
            check()
        except Refusal as refusal:
            return refusal
    return None


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


def _check_deadline(booking: Booking, facility: Facility, caller: Caller, now: datetime) -> None:
    """Refuse members who give up, or put in question, what is confirmed later than is allowed."""
    notice = facility.rules.cancellation_notice
    deadline = booking.draft.start_time - notice
    if not notice or now <= deadline or booking.status != "confirmed":
        return
    if not caller.governs(facility.site_id):
        detail = (
            f"{facility.name} can be given up until {_length(notice)} before a booking begins,"
            f" which was {format_instant(deadline)}: ask the staff to cancel or move it."
        )
        raise CancellationDeadlinePassed(detail)


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


def _check_changed_times(booking: Booking, revised: Draft, rules: Rules, now: datetime) -> None:
    """The rules of a facility for times; all of them are new to one that is moved to it."""
    before, more = booking.draft, takes_more(booking, revised)
    moves = revised.facility_id != before.facility_id
    starts_otherwise = moves or revised.start_time != before.start_time
    ends_otherwise = moves or revised.end_time != before.end_time
    if starts_otherwise or ends_otherwise:
        _check_times(revised)
        if more:
            _check_longest(revised, rules)
        _check_shortest(revised, rules)
    if revised.start_time != before.start_time:  # what is going on may go on elsewhere
        _check_not_in_past(revised, rules, now)
    if starts_otherwise and more:
        _check_notice(revised, rules, now)
    if ends_otherwise:
        _check_not_over(revised, now)
        _check_horizon(revised, rules, now)
    if starts_otherwise:
        _check_step(revised, rules)


def _check_length(draft: Draft, rules: Rules) -> None:
    _check_longest(draft, rules)
    _check_shortest(draft, rules)


def _check_longest(draft: Draft, rules: Rules) -> None:
    if draft.end_time - draft.start_time > rules.max_duration:
        latest = draft.start_time + rules.max_duration
        detail = (
            f"A booking lasts at most {_length(rules.max_duration)} here: from"
            f" {format_instant(draft.start_time)} it may end at {format_instant(latest)} at the"
            " latest."
        )
        raise BookingTooLong(detail, "/end_time")


def _check_shortest(draft: Draft, rules: Rules) -> None:
    if draft.end_time - draft.start_time < rules.min_duration:
        earliest = _later(draft.start_time, rules.min_duration)
        detail = (
            f"A booking lasts at least {_length(rules.min_duration)} here: from"
            f" {format_instant(draft.start_time)} it may end at {earliest} at the earliest."
        )
        raise BookingTooShort(detail, "/end_time")


def _check_not_in_past(draft: Draft, rules: Rules, now: datetime) -> None:
    if draft.start_time < now:
        earliest = format_instant(rules.earliest_start(now))
        detail = (
            f"start_time must not be in the past, and {format_instant(draft.start_time)} is: a"
            f" booking may now start at {earliest} at the earliest."
        )
        raise BookingInPast(detail, "/start_time")


def _check_notice(draft: Draft, rules: Rules, now: datetime) -> None:
    if rules.min_notice and draft.start_time < rules.earliest_start(now):
        detail = (
            f"This has to be booked {_length(rules.min_notice)} ahead: a booking may now start at"
            f" {format_instant(rules.earliest_start(now))} at the earliest, and"
            f" {format_instant(draft.start_time)} is before that."
        )
        raise NoticeTooShort(detail, "/start_time")


def _check_not_over(draft: Draft, now: datetime) -> None:
    if draft.end_time <= now:
        earliest = mark_at_or_before(now) + MARK
        detail = (
            f"end_time must be in the future, and {format_instant(draft.end_time)} is not: this"
            f" booking may now end at {format_instant(earliest)} at the earliest."
        )
        raise BookingInPast(detail, "/end_time")


def _check_horizon(draft: Draft, rules: Rules, now: datetime) -> None:
    latest = rules.latest_end(now)
    if draft.end_time > latest:
        detail = (
            f"Bookings are taken {rules.horizon.days} days ahead: a booking may now end at"
            f" {format_instant(latest)} at the latest, and {format_instant(draft.end_time)} is"
            " after that."
        )
        raise BeyondHorizon(detail, "/end_time")


def _check_step(draft: Draft, rules: Rules) -> None:
    if not rules.starts_on_step(draft.start_time):
        step = rules.start_step // timedelta(minutes=1)
        when = "on the hour" if step == 60 else "at minute 00 or 30"  # noqa: PLR2004 - an hour
        detail = (
            f"Bookings begin {when} of the local time here, and"
            f" {format_instant(draft.start_time)} does not: the next such start is"
            f" {format_instant(rules.next_step(draft.start_time))}."
        )
        raise StartNotOnStep(detail, "/start_time")


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


def _check_open_hours(draft: Draft, facility: Facility, opened: OpenPeriods = open_periods) -> None:
    rules, wanted = facility.rules, draft.period
    around = Period(wanted.start - _AROUND, wanted.end + _AROUND)
    periods = opened(rules.opening_hours, rules.zone, around)
    if holding(periods, wanted) is None:
        near = [period for period in periods if period.overlaps(wanted)] or periods
        told = " and ".join(_told(period) for period in near[:3])
        advice = f"around then it is open {told}" if told else "it is not open within a day of that"
        detail = f"{facility.name} is not open for the whole of this time: {advice}."
        raise OutsideOpeningHours(detail, "/start_time")


def _check_closures(draft: Draft, facility: Facility, closures: Sequence[Closure]) -> None:
    for closure in closures:
        if closure.period.overlaps(draft.period):
            detail = (
                f"{facility.name} is closed {_told(closure.period)} ({closure.reason}): choose a"
                " time before or after that, or another facility."
            )
            raise FacilityClosed(detail, "/start_time")


def _told(period: Period) -> str:
    return f"from {format_instant(period.start)} to {format_instant(period.end)}"


def _later(instant: datetime, length: timedelta) -> str:
    """The instant so much later, unless the calendar is at its end."""
    try:
        return format_instant(instant + length)
    except OverflowError:
        return "no date that there is"


def _length(length: timedelta) -> str:
    """A length as people say it: ``8 hours``, ``90 minutes``, ``2 days``."""
    minutes = length // timedelta(minutes=1)
    for unit, size in (("day", 24 * 60), ("hour", 60), ("minute", 1)):
        if minutes % size == 0:
            count = minutes // size
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    raise AssertionError
