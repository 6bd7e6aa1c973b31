"""On what terms facilities are booked, remembered for whoever books next.

Nothing here has to be recent: what is booked on terms that are not a facility's any more is not
stored (sql.terms). So nobody is told of changes, and the memory serves while the feed does not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cachetools import LRUCache

from domain.bookings import Facility
from domain.periods import Period
from domain.rules import Closure
from live.counters import CACHE_HITS, CACHE_MISSES
from sql.pool import Connection
from sql.terms import TermsRow, get_terms

MOST_REMEMBERED = 4096
"""Facilities, each with some weeks."""

MOST_CLOSURES = 100
"""What is closed more often within those weeks is not remembered."""

_HITS, _MISSES = CACHE_HITS.labels("terms"), CACHE_MISSES.labels("terms")

_SPAN = timedelta(days=32)
_MARGIN = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a booking at a facility within some time depends on, besides other bookings."""

    row: TermsRow
    facility: Facility
    closures: Sequence[Closure]

    def closures_in(self, period: Period) -> list[Closure]:
        """What closes the facility within a part of that time, earliest first."""
        return [closure for closure in self.closures if closure.period.overlaps(period)]


class TermsMemory:
    """The terms of the facilities booked last. ``facts_of`` is what the rules know of one."""

    def __init__(self, facts_of: Callable[[TermsRow], Facility]) -> None:
        self._facts_of = facts_of
        self._terms: LRUCache[tuple[int, int], Terms] = LRUCache(MOST_REMEMBERED)

    def recall(self, facility_id: int, period: Period) -> Terms | None:
        """The terms for a period of a day at most, as they are or were, if remembered."""
        terms = self._terms.get(_key(facility_id, period))
        (_MISSES if terms is None else _HITS).inc()
        return terms

    async def read(self, conn: Connection, facility_id: int, period: Period) -> Terms | None:
        """The terms for a period of a day at most, as they are; None for no facility."""
        key = _key(facility_id, period)
        start = _EPOCH + key[1] * _SPAN
        row = await get_terms(
            conn, facility_id=facility_id, start_time=start, end_time=start + _SPAN + _MARGIN
        )
        if row is None:
            return None
        terms = Terms(row, self._facts_of(row), row.closures)
        if len(terms.closures) <= MOST_CLOSURES:
            self._terms[key] = terms
        return terms

    def forget(self, facility_id: int, period: Period) -> None:
        """Read these terms anew: they have turned out to be others now."""
        self._terms.pop(_key(facility_id, period), None)


def _key(facility_id: int, period: Period) -> tuple[int, int]:
    return facility_id, (period.start - _EPOCH) // _SPAN
