"""How a site's people share what there is, so that every quota is kept.

A week's hours are counted as the quota counts them. Bookings at a time are not: that
depends on the day of loading, and a day is to look the same whenever that is. So each
person gets as many a week as can add up to no more than the quota allows in all the weeks
that may lie ahead.
"""

from collections import Counter
from datetime import timedelta

from demo import house
from demo.slots import Slot
from demo.values import Person, Quota

DAYS_IN_SIGHT = 32
"""How many days may hold a booking that is not over: the diary's month ahead, and today's two."""


class Shares:
    """What each person of a site holds in one week."""

    def __init__(self) -> None:
        """Nobody holds anything yet."""
        self._held: Counter[tuple[str, Quota]] = Counter()
        self._minutes: Counter[tuple[str, Quota]] = Counter()

    def allow(self, person: Person, slot: Slot) -> bool:
        """Whether the person may hold this as well. Quotas do not bind who runs the site."""
        return person.runs_site or all(
            self._has_room(quota, (person.username, quota), slot.period.minutes)
            for quota in house.quotas_of(slot.facility.name)
        )

    def take(self, person: Person, slot: Slot) -> None:
        """From now on the person holds this."""
        for quota in house.quotas_of(slot.facility.name):
            self._held[person.username, quota] += 1
            self._minutes[person.username, quota] += slot.period.minutes

    def _has_room(self, quota: Quota, key: tuple[str, Quota], minutes: int) -> bool:
        hours, most = quota.max_hours_per_week, weekly_share(quota)
        return (hours is None or self._minutes[key] + minutes <= hours * 60) and (
            most is None or self._held[key] < most
        )


def weekly_share(quota: Quota) -> int | None:
    """How many bookings a week keep the quota whatever day it is; None where it sets no limit."""
    if quota.max_active_bookings is None:
        return None
    days = DAYS_IN_SIGHT
    if quota.facility:
        days = min(days, house.rules_of(quota.facility).horizon_days or days)
    # So many days in a row lie in at most this many weeks.
    weeks = 1 + -(-timedelta(days=days - 1) // timedelta(days=7))
    return quota.max_active_bookings // weeks
