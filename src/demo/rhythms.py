"""When which kind of facility is wanted: the demand by hour, in local time."""

from demo.values import Rhythm


def _by_hour(first: int, *percent: int) -> dict[int, float]:
    """The chance for each hour from the first on; the last hour ends the day."""
    return {first + index: share / 100 for index, share in enumerate(percent)}


OFFICE = Rhythm(
    working=_by_hour(8, 15, 50, 75, 60, 10, 35, 70, 55, 35, 15),
    resting=_by_hour(10, 2, 2, 0, 2, 2, 0),
)
"""Meetings: a peak in mid-morning, another after lunch."""

GATHERING = Rhythm(
    working=_by_hour(9, 18, 22, 10, 5, 14, 22, 14, 8, 16, 30, 15, 0, 0),
    resting=_by_hour(10, 12, 8, 3, 6, 10, 5, 3, 0),
)
"""Courses and events: fewer and longer, with an evening of their own."""

SOLITARY = Rhythm(
    working=_by_hour(8, 35, 55, 25, 10, 10, 35, 20, 8, 4, 0),
    resting=_by_hour(10, 6, 4, 2, 4, 2, 0, 0),
)
"""Desks: taken in the morning for a half or a whole day."""

BENCH = Rhythm(
    working=_by_hour(8, 30, 50, 35, 15, 8, 40, 35, 20, 10, 5, 0),
    resting=_by_hour(9, 10, 12, 6, 3, 8, 5, 0, 0, 0),
)
"""Labs and workshops: long stretches, a few of them at the weekend."""

SPORT = Rhythm(
    working=_by_hour(7, 30, 10, 0, 0, 0, 30, 8, 0, 0, 20, 60, 85, 80, 50, 10),
    resting=_by_hour(8, 15, 45, 70, 65, 30, 25, 50, 55, 45, 35, 20, 10),
)
"""Courts: before work, over lunch, and above all in the evening and at the weekend."""

HOURLY_SPORT = Rhythm(
    working=_by_hour(7, 50, 20, 0, 0, 0, 50, 15, 0, 0, 35, 85, 98, 96, 75, 20),
    resting=_by_hour(9, 70, 90, 85, 50, 45, 75, 80, 70, 55, 35, 20),
    step_minutes=60,
)
"""A court that is taken on the hour: whoever wants it comes once, not twice an hour."""

LATE_SPORT = Rhythm(
    working=_by_hour(7, 10, 5, 0, 0, 0, 15, 8, 0, 0, 20, 60, 85, 80, 60, 55, 50, 40, 25, 0),
    resting=_by_hour(10, 30, 45, 40, 25, 25, 50, 55, 50, 50, 50, 55, 55, 50, 45, 35, 20, 0),
)
"""A court under floodlights: whatever its opening hours leave of the night, too."""

LATE_BENCH = Rhythm(
    working=_by_hour(8, 30, 50, 35, 15, 8, 40, 35, 20, 10, 15, 25, 20, 15, 15, 10, 5, 0, 0),
    resting=_by_hour(10, 18, 15, 8, 10, 10, 5, 0, 0),
)
"""A workshop that stays open on some evenings."""

ERRAND = Rhythm(
    working=_by_hour(7, 20, 45, 30, 12, 5, 10, 25, 8, 3, 0, 0),
    resting=_by_hour(8, 15, 25, 15, 5, 3, 8, 3, 0, 0, 0),
)
"""Vehicles: gone in the morning, back by the end of the working day."""

LEISURE = Rhythm(
    working=_by_hour(10, 10, 12, 18, 8, 12, 10, 15, 35, 40, 15, 0, 0),
    resting=_by_hour(10, 30, 25, 15, 25, 30, 20, 15, 20, 15, 0, 0),
)
"""Kitchens, studios, roofs: some of it work, most of it when work is over."""

NIGHT_SKY = Rhythm(
    working=_by_hour(18, 25, 40, 30, 10, 0),
    resting=_by_hour(16, 10, 20, 40, 50, 35, 15, 0),
)
"""What needs the dark."""
