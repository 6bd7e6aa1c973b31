"""The values that the unit tests share: times of one day, drafts, and what a rule answered."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from domain.access import Caller
from domain.bookings import Booking, Draft, Facility
from domain.errors import Refusal
from domain.lifecycle import Status
from domain.periods import MARK, Period
from domain.rules import Rules

TINY = timedelta.resolution
"""The smallest step there is between two instants: a microsecond."""

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)

HORIZON = timedelta(days=365)

RULES = Rules(zone=UTC, horizon=HORIZON)
ROOM = Facility(
    1, site_id=1, name="Blue Room", capacity=8, is_active=True, open_to=frozenset(), rules=RULES
)
ARCHIVED_ROOM = replace(ROOM, is_active=False)

MEMBER = Caller(7, "mia", is_staff=False)
SITE_STAFF = Caller(8, "sue", is_staff=False, site_ids=frozenset({1}))
STAFF_ELSEWHERE = Caller(9, "eve", is_staff=False, site_ids=frozenset({2}))
STAFF = Caller(10, "sam", is_staff=True)

WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    chr(code) for code in range(0x2000, 0x200B)
)
"""Every character with Unicode's property White_Space (PropList.txt)."""

blanks = st.text(WHITE_SPACE)
texts_with_a_letter = st.tuples(st.text(), st.sampled_from("aÉж漢"), st.text()).map("".join)


def at(clock: str, day: int = 15) -> datetime:
    """The time of day on a day of June 2030, in UTC: ``at("09:30")``."""
    return datetime.fromisoformat(f"2030-06-{day:02}T{clock}").replace(tzinfo=UTC)


def between(start: str, end: str) -> Period:
    """The period between two times of day: ``between("09:00", "10:30")``."""
    return Period(at(start), at(end))


def marks_after(start: datetime, count: int) -> datetime:
    """So many quarters of an hour later."""
    return start + count * MARK


TEN, ELEVEN = at("10:00"), at("11:00")


def a_room(**rules: Any) -> Facility:
    """The Blue Room under other rules."""
    return replace(ROOM, rules=replace(RULES, **rules))


def a_draft(  # noqa: PLR0913 - a draft has as many fields
    *,
    facility_id: int = 1,
    start_time: datetime = TEN,
    end_time: datetime = ELEVEN,
    title: str = "Planning",
    description: str | None = "Bring the map",
    attendee_count: int = 4,
) -> Draft:
    """A draft, from ten to eleven, that no rule refuses before that but for what is given."""
    return Draft(facility_id, start_time, end_time, title, description, attendee_count)


def a_booking(draft: Draft | None = None, *, status: Status = "confirmed") -> Booking:
    """User 7's booking of the draft."""
    return Booking(id=42, user_id=7, status=status, draft=draft or a_draft())


def refusal_of(check: Callable[[], object]) -> Refusal:
    """What the check refuses with."""
    try:
        check()
    except Refusal as refusal:
        return refusal
    message = "nothing was refused"
    raise AssertionError(message)


def answer(check: Callable[[], object]) -> tuple[type[Refusal], str | None] | None:
    """What the check answers: the refusal's class and pointer, or None where all is well."""
    try:
        check()
    except Refusal as refusal:
        return type(refusal), refusal.pointer
    return None
