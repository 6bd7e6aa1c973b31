"""What somebody would like to have, and which bookings hold its time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.bookings import Draft, Facility
from domain.periods import Period
from live.days import Timeline
from sql.timelines import Taken


@dataclass(frozen=True, slots=True)
class Held:
    """What a booking that is to be moved occupies where it is."""

    facility_id: int
    occupied: Period


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody would like to have: a draft, and the facility that it is of.

    ``booking_id`` is the booking being moved, which is never in its own way wherever it is
    ``held``; None for a new one.
    """

    draft: Draft
    facility: Facility
    booking_id: int | None = None
    held: Held | None = None


def is_taken(timeline: Timeline, wanted: Wanted, now: datetime) -> bool:
    """Whether another booking of the facility is in the way of the draft, buffers included."""
    occupied = timeline.facility.rules.occupied(wanted.draft.period)
    start, end = occupied.start, occupied.end
    found = [one for one in timeline.taken if one.start_time < end and one.end_time > start]
    return any(True for _ in others(timeline.row.id, found, wanted, now))


def others(
    facility_id: int, bookings: Sequence[Taken], wanted: Wanted, now: datetime
) -> Iterator[Taken]:
    """Those that hold their time, and are not the one being moved."""
    held = wanted.held
    if held is not None and held.facility_id != facility_id:
        held = None
    for taken in bookings:
        if taken.decide_by is not None and taken.decide_by <= now:
            continue
        # No two overlap at one facility: no other holds the same time.
        if held is None or (taken.start_time, taken.end_time) != (
            held.occupied.start,
            held.occupied.end,
        ):
            yield taken
