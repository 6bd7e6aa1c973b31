"""What was worked out from several facilities, remembered until anything it rests on is another."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cachetools import Cache, LRUCache

from domain.periods import Period
from live.counters import CACHE_HITS, CACHE_MISSES
from live.days import Known, day_of, parts_of

MOST_BYTES = 16 * 2**20
"""How much is remembered of what was found."""

_HITS, _MISSES = CACHE_HITS.labels("findings"), CACHE_MISSES.labels("findings")


class Present(NamedTuple):
    """The state of a memory: equal to another if nothing in it became another between the two."""

    listed: object
    turns: int


class _Place(NamedTuple):
    """Some parts of a day, the first of them and the one after the last, at some facilities."""

    day: int
    first: int
    last: int
    facility_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Finding:
    """What was found, and the serials that its places had."""

    found: Any
    listed: object
    places: tuple[_Place, ...]
    serials: tuple[int, ...]
    since: datetime
    until: datetime

    @property
    def weight(self) -> int:
        """About how many bytes of memory it takes."""
        ids = sum(len(place.facility_ids) for place in self.places)
        return 1800 + 150 * len(self.places) + 8 * (ids + len(self.serials))


class Findings:
    """What was worked out from the facilities that ``known`` holds."""

    def __init__(self, known: Cache[int, Known]) -> None:
        self._known = known
        self._findings: LRUCache[object, _Finding] = LRUCache(MOST_BYTES, lambda one: one.weight)

    def get(self, key: object, now: datetime, present: Present) -> Any:  # noqa: ANN401 - as it was kept
        """What was found, if the same would be found again; else None."""
        finding = self._findings.get(key)
        if (
            finding is None
            or finding.listed is not present.listed
            or not finding.since < now < finding.until
            or finding.serials != self._serials(finding.places)
        ):
            _MISSES.inc()
            return None
        _HITS.inc()
        return finding.found

    def keep(
        self,
        key: object,
        found: object,
        times: Mapping[int, Period],
        stands: Period,
        listed: object,
    ) -> None:
        """Remember what rests on what happens at facilities within some times."""
        together: dict[Period, list[int]] = {}  # most of them matter at one time
        for facility_id, time in times.items():
            together.setdefault(time, []).append(facility_id)
        places = tuple(
            _Place(day, *parts_of(day, time.start, time.end), tuple(facility_ids))
            for time, facility_ids in together.items()
            for day in range(day_of(time.start), day_of(time.end - timedelta.resolution) + 1)
        )
        serials = self._serials(places)
        if serials is not None:
            finding = _Finding(found, listed, places, serials, stands.start, stands.end)
            if finding.weight < MOST_BYTES:
                self._findings[key] = finding

    def clear(self) -> None:
        """Forget all of it."""
        self._findings.clear()

    def _serials(self, places: tuple[_Place, ...]) -> tuple[int, ...] | None:
        """Those of the facilities and of the parts of days; None if one is not remembered."""
        peek, memory = Cache[int, Known].__getitem__, self._known  # to rest on it is no use of it
        found: list[int] = []
        for number, first, last, facility_ids in places:
            for facility_id in facility_ids:
                known = peek(memory, facility_id) if facility_id in memory else None
                day = None if known is None else known.days.get(number)
                if known is None or day is None:
                    return None
                found.append(known.serial)
                found += day.serials[first:last]
        return tuple(found)
