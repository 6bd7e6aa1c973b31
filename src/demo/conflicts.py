"""Those who came too late: requests of the past weeks that met a booking in their way."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from demo import house
from demo.diary import DAYS_BACK, SEED
from demo.values import Booking, Conflict, Person
from domain.periods import MARK, Period

CONFLICT_SHARE = 0.12
"""How many of the bookings were in somebody's way."""


def write_conflicts(
    bookings: Sequence[Booking], people: Sequence[Person], today: date
) -> list[Conflict]:
    """Requests made in the month before ``today`` began (UTC), in the order they came.

    Each is by a member who may book the facility, and overlaps a booking of somebody else
    that holds it, had been made, and had not begun.
    """
    midnight = datetime.combine(today, time(), UTC)
    rng = Random(f"{SEED}/conflicts/{today}")  # noqa: S311 - nothing is kept secret with it
    found = []
    for booking in bookings:
        shift = rng.choice((-1, 0, 0, 1)) * MARK
        start = booking.start_time + (shift if booking.period.duration > MARK else timedelta(0))
        occurred_at = _between(booking.created_at, booking.start_time - MARK, rng)
        others = [
            person.username
            for person in people
            if person.site == booking.site
            and person.username != booking.username
            and not person.runs_site
            and house.lets_in(booking.facility, person)
        ]
        username = rng.choice(others)
        came_late = rng.random() < CONFLICT_SHARE and booking.status == "confirmed"
        if came_late and midnight - timedelta(days=DAYS_BACK) <= occurred_at < midnight:
            wanted = Period(start, start + booking.period.duration)
            found.append(Conflict(booking.facility, username, wanted, occurred_at))
    return sorted(found, key=lambda each: (each.occurred_at, each.facility))


def _between(first: datetime, last: datetime, rng: Random) -> datetime:
    return (first + rng.random() * (last - first)).replace(microsecond=0)
