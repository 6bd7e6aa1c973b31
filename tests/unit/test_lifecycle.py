"""What may become of a booking: every state with every event, and until when staff may decide."""

from datetime import datetime, timedelta
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ApprovalExpired, BookingCancelled, BookingNotPending, Refusal
from domain.lifecycle import (
    TRANSITIONS,
    CancellationCause,
    Event,
    Status,
    after,
    check_decidable,
    decide_by,
    has_expired,
)

from .values import MINUTE, TINY, answer, at, refusal_of

EVENTS: tuple[Event, ...] = get_args(Event)
STATES: tuple[Status | None, ...] = (None, *get_args(Status))

Outcome = Status | type[Refusal] | type[ValueError]

TABLE: dict[Status | None, dict[Event, Outcome]] = {
    None: {
        "book": "confirmed",
        "request": "pending",
        "change": ValueError,
        "resubmit": ValueError,
        "approve": ValueError,
        "reject": ValueError,
        "expire": ValueError,
        "cancel": ValueError,
        "close": ValueError,
    },
    "confirmed": {
        "book": ValueError,
        "request": ValueError,
        "change": "confirmed",
        "resubmit": "pending",
        "approve": BookingNotPending,
        "reject": BookingNotPending,
        "expire": BookingNotPending,
        "cancel": "cancelled",
        "close": "cancelled",
    },
    "pending": {
        "book": ValueError,
        "request": ValueError,
        "change": "pending",
        "resubmit": "pending",
        "approve": "confirmed",
        "reject": "cancelled",
        "expire": "cancelled",
        "cancel": "cancelled",
        "close": "cancelled",
    },
    "cancelled": {
        "book": BookingCancelled,
        "request": BookingCancelled,
        "change": BookingCancelled,
        "resubmit": BookingCancelled,
        "approve": BookingNotPending,
        "reject": BookingNotPending,
        "expire": BookingNotPending,
        "cancel": BookingCancelled,
        "close": BookingCancelled,
    },
}
"""Written out a second time, by hand: what each event makes of each state, or how it is refused."""


def outcome(status: Status | None, event: Event) -> Outcome:
    """The state that the event leads to, or the class of what it is answered instead."""
    try:
        return after(status, event)
    except Refusal as refusal:
        return type(refusal)
    except ValueError:
        return ValueError


def test_the_table_of_this_test_is_whole() -> None:
    assert set(STATES) == set(TABLE)
    assert all(set(EVENTS) == set(row) for row in TABLE.values())


@pytest.mark.parametrize(("status", "event"), [*product(STATES, EVENTS)])
def test_every_event_in_every_state_comes_to_what_the_table_says(
    status: Status | None, event: Event
) -> None:
    assert TABLE[status][event] == outcome(status, event)


def test_the_table_holds_the_steps_there_are_and_no_others() -> None:
    expected = {
        (status, event): state
        for status, row in TABLE.items()
        for event, state in row.items()
        if isinstance(state, str)
    }
    assert expected == dict(TRANSITIONS)


def test_nothing_leads_out_of_cancelled_and_everything_can_be_reached() -> None:
    assert not any(status == "cancelled" for status, _ in TRANSITIONS)
    reached: set[Status | None] = {None}
    for _ in STATES:
        reached |= {state for (status, _), state in TRANSITIONS.items() if status in reached}
    assert set(STATES) == reached


@pytest.mark.parametrize(
    ("status", "event", "expected"),
    [
        (
            "confirmed",
            "approve",
            "This booking is confirmed: only a pending one waits for a decision. Cancel it?",
        ),
        (
            "cancelled",
            "reject",
            "This booking is cancelled: only a pending one waits for a decision.",
        ),
        (
            "cancelled",
            "change",
            "This booking is cancelled and cannot be changed. Make a new booking instead.",
        ),
    ],
)
def test_a_refusal_names_the_state(status: Status, event: Event, expected: str) -> None:
    refusal = refusal_of(lambda: after(status, event))
    assert expected == refusal.detail
    assert refusal.pointer is None


def test_causes_are_those_of_the_schema() -> None:
    expected = {"owner", "staff", "rejected", "expired", "closure", "anonymised"}
    assert expected == set(get_args(CancellationCause))


# Until when staff may decide

NOW = at("09:00")


@pytest.mark.parametrize(
    ("start", "timeout", "expected"),
    [
        (at("10:00"), 59 * MINUTE, at("09:59")),
        (at("10:00"), 60 * MINUTE, at("10:00")),
        (at("10:00"), 61 * MINUTE, at("10:00")),
        (NOW + TINY, 60 * MINUTE, NOW + TINY),
        (NOW, 60 * MINUTE, at("10:00")),
        (at("08:00"), 60 * MINUTE, at("10:00")),
        (at("08:00"), 180 * MINUTE, at("11:00")),
    ],
)
def test_staff_decide_in_time_and_before_it_begins(
    start: datetime, timeout: timedelta, expected: datetime
) -> None:
    assert expected == decide_by(NOW, start, at("11:00"), timeout)


@given(
    start=st.integers(-600, 600).map(lambda count: NOW + count * MINUTE),
    length=st.integers(1, 480).map(lambda count: count * MINUTE),
    timeout=st.integers(15, 43_200).map(lambda count: count * MINUTE),
)
def test_there_is_always_some_time_to_decide_in(
    start: datetime, length: timedelta, timeout: timedelta
) -> None:
    end = max(start + length, NOW + TINY)
    deadline = decide_by(NOW, start, end, timeout)
    assert NOW < deadline <= min(NOW + timeout, end)


@pytest.mark.parametrize(
    ("now", "expected"), [(at("10:00") - TINY, False), (at("10:00"), True), (at("10:01"), True)]
)
def test_a_request_expires_at_its_deadline(
    now: datetime,
    expected: bool,  # noqa: FBT001
) -> None:
    assert expected == has_expired("pending", at("10:00"), now)
    assert not has_expired("confirmed", at("10:00"), now)
    assert not has_expired("cancelled", at("10:00"), now)
    assert not has_expired("pending", None, now)


@pytest.mark.parametrize(
    ("status", "now", "expected"),
    [
        ("pending", at("10:00") - TINY, None),
        ("pending", at("10:00"), (ApprovalExpired, None)),
        ("pending", at("10:00") + TINY, (ApprovalExpired, None)),
        ("confirmed", at("09:00"), (BookingNotPending, None)),
        ("confirmed", at("10:00"), (BookingNotPending, None)),
        ("cancelled", at("09:00"), (BookingNotPending, None)),
        ("cancelled", at("10:00"), (BookingNotPending, None)),
    ],
)
def test_only_what_waits_can_be_decided_and_only_until_its_deadline(
    status: Status, now: datetime, expected: object
) -> None:
    assert expected == answer(lambda: check_decidable(status, at("10:00"), now))


def test_a_request_without_a_deadline_waits_for_ever() -> None:
    """Such are bookings that were pending before there were deadlines."""
    assert answer(lambda: check_decidable("pending", None, at("10:00", day=30))) is None


def test_an_expired_request_says_until_when_it_waited() -> None:
    refusal = refusal_of(lambda: check_decidable("pending", at("10:00"), at("10:00")))
    assert refusal.detail == (
        "This booking could be decided about until 2030-06-15T10:00:00Z, and holds its facility no"
        " longer. Its user may ask for it again."
    )
