"""What is asked: the operations of the table, over what the filled house has."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import orjson
import psycopg

from benchmarks import free, statements
from benchmarks.filling import CALLERS, TITLE, token_of
from benchmarks.free import free_periods
from benchmarks.load import Line, Plan

SEED = 4
QUARTER = timedelta(minutes=15)
LINES = 20_000
KEYED = 5
"""One create in so many has an Idempotency-Key."""

WRITE_SHARE = 100
"""One request in so many is a write, where reads have writes beside them."""

WRITES_A_SECOND = 3000
"""So many free slots are laid out for each second of creating: more than are ever made."""

CREATE_DAYS = 35
"""Beyond the days asked about, so many have their free slots laid out."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A quarter of an hour at a facility."""

    facility_id: int
    start: datetime


@dataclass(slots=True)
class Slots:
    """Free slots, of which each is given away once."""

    slots: Sequence[Slot]
    spent: int = 0

    def upcoming(self, wanted: int) -> Sequence[Slot]:
        """The next so many, if there are as many; they are free until they are spent."""
        return self.slots[self.spent : self.spent + wanted]

    def spend(self, number: int) -> None:
        """Never give the next so many away again."""
        self.spent += number


@dataclass(slots=True)
class Survey:
    """What can be asked of the filled database.

    ``days``: how many days from tomorrow on are asked about. ``free_soon`` lies in these,
    ``free`` beyond them.
    """

    days: int
    facility_ids: list[int]
    taken: list[Slot]
    free: Slots
    free_soon: Slots
    chance: random.Random
    numbers: Iterator[int] = field(default_factory=count)

    def spend(self, plan: Plan, number: int) -> None:
        """Take note that so many of the plan's writes may have been made."""
        slots = self.free if plan.share == 1 else self.free_soon
        slots.spend(number)


@dataclass(frozen=True, slots=True)
class Operation:
    """A row of the table: how it is asked, by how many, and what it must reach.

    ``ratio`` is to the floor's answers a second, ``p95`` in milliseconds. ``cached`` tells
    whether the service may remember what it answered.
    """

    name: str
    clients: int
    p95: float
    ratio: float
    cached: bool
    plan: Callable[[Survey, float], Plan]


def survey(dsn: str, days: int) -> Survey:
    """Look at what the house has, and what of it is free."""
    chance = random.Random(SEED)  # noqa: S311 - the same for everybody who repeats this
    first = _first_day()
    last, later = first + timedelta(days=days), first + timedelta(days=days + CREATE_DAYS)
    with psycopg.connect(dsn) as conn:
        conn.execute("SET timezone = 'UTC'")
        rows = conn.execute("SELECT id FROM facilities ORDER BY id").fetchall()
        facility_ids: list[int] = [row[0] for row in rows]
        chance.shuffle(facility_ids)  # so that ids tell nothing of how often one is asked about
        rows = conn.execute(_TAKEN, {"first": first, "last": last}).fetchall()
        taken = [Slot(*row) for row in rows]
        soon = _free(conn, facility_ids, first, last)
        free_later = _free(conn, facility_ids, last, later)
    popular = list(_popular(soon, facility_ids, chance))
    return Survey(days, facility_ids, taken, Slots(free_later), Slots(popular), chance)


# Confirmed bookings of the days asked about, in no order; none while it is closed, since then the
# rules refuse a booking before it can be in anybody's way.
_TAKEN = """
SELECT b.facility_id, b.start_time
  FROM bookings AS b
  JOIN facilities AS f ON f.id = b.facility_id
 WHERE b.status = 'confirmed'
   AND b.start_time >= %(first)s::timestamptz
   AND b.start_time < %(last)s::timestamptz
   AND NOT EXISTS (SELECT
                     FROM closures AS c
                    WHERE (c.facility_id = f.id OR c.site_id = f.site_id)
                      AND c.start_time < b.end_time
                      AND c.end_time > b.start_time)
 ORDER BY hashint8(b.id)
 LIMIT 5000
"""


def _free(
    conn: psycopg.Connection, facility_ids: Sequence[int], start: datetime, end: datetime
) -> list[Slot]:
    """The quarters of an hour in which something is free and nothing is in the way beside it.

    Those of one time are together, so that no two that follow one another are of one facility;
    facilities with buffers are left out, where a booking takes more than its own time.
    """
    slots = []
    for facility_id in facility_ids:
        given = {"facility_id": facility_id, "start_time": start, "end_time": end}
        row = conn.execute(statements.AVAILABILITY_OF_ONE, given).fetchone()
        if row is None or row[11] or row[12]:
            continue
        for free_start, free_end in free_periods(free.House(row[6], *row[11:18]), start, end):
            at = free_start
            while at < free_end:
                slots.append(Slot(facility_id, at))
                at += QUARTER
    slots.sort(key=lambda slot: slot.start)
    return slots


def _popular(
    slots: Sequence[Slot], facility_ids: Sequence[int], chance: random.Random
) -> Iterator[Slot]:
    """The slots in the order in which they are booked: those asked about most come first."""
    of: dict[int, list[Slot]] = {facility_id: [] for facility_id in facility_ids}
    for slot in slots:
        of[slot.facility_id].append(slot)
    for each in of.values():
        chance.shuffle(each)
    while any(of.values()):
        for facility_id in chance.choices(facility_ids, _zipf(len(facility_ids)), k=1000):
            if of[facility_id]:
                yield of[facility_id].pop()


def _first_day() -> datetime:
    """Tomorrow's midnight, in UTC."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)


def _zipf(ranks: int) -> list[float]:
    """How often the first, the second, … is asked for: the n-th a n-th as often as the first."""
    return [1 / rank for rank in range(1, ranks + 1)]


def _evenly(survey: Survey, _: float) -> Plan:
    """Every facility and day as often as any other."""
    lines = []
    for number in range(LINES):
        facility_id = survey.facility_ids[number % len(survey.facility_ids)]
        day = survey.chance.randrange(survey.days)
        lines.append(_search(survey, day, facility_id))
    return Plan(reads=lines)


def _zipf_of_one(survey: Survey, seconds: float) -> Plan:
    facilities = survey.chance.choices(
        survey.facility_ids, _zipf(len(survey.facility_ids)), k=LINES
    )
    days = survey.chance.choices(range(survey.days), _zipf(survey.days), k=LINES)
    lines = [_search(survey, day, facility) for day, facility in zip(days, facilities, strict=True)]
    return Plan(reads=lines, writes=_writes(survey, seconds), share=WRITE_SHARE)


def _zipf_of_all(survey: Survey, seconds: float) -> Plan:
    days = survey.chance.choices(range(survey.days), _zipf(survey.days), k=LINES // 10)
    lines = [_search(survey, day, None) for day in days]
    return Plan(reads=lines, writes=_writes(survey, seconds), share=WRITE_SHARE)


def _writes(survey: Survey, seconds: float) -> list[Line]:
    """Creates beside reads, at facilities and in days that are read most."""
    wanted = max(500, int(seconds * WRITES_A_SECOND / 10))
    return [_create(survey, slot) for slot in survey.free_soon.upcoming(wanted)]


def _creates(survey: Survey, seconds: float) -> Plan:
    wanted = max(1000, int(seconds * WRITES_A_SECOND))
    lines = [_create(survey, slot) for slot in survey.free.upcoming(wanted)]
    return Plan(writes=lines, share=1, status=201)


def _conflicts(survey: Survey, _: float) -> Plan:
    lines = [_create(survey, slot, keyed=False) for slot in survey.taken]
    return Plan(reads=lines, status=409)


def _mine(_survey: Survey, _: float) -> Plan:
    return Plan(
        reads=[
            _line("GET", "/api/v1/me/bookings/?limit=50", user_id)
            for user_id in range(1, CALLERS + 1)
        ]
    )


def _search(survey: Survey, day: int, facility_id: int | None) -> Line:
    start = _first_day() + timedelta(days=day)
    end = start + timedelta(days=1)
    path = (
        "/api/v1/availability/search"
        f"?start_time={start:%Y-%m-%dT%H:%M:%SZ}&end_time={end:%Y-%m-%dT%H:%M:%SZ}"
    )
    path += "&limit=50" if facility_id is None else f"&facility_id={facility_id}"
    return _line("GET", path, _anybody(survey))


def _create(survey: Survey, slot: Slot, *, keyed: bool = True) -> Line:
    number = next(survey.numbers)
    body = {
        "facility_id": slot.facility_id,
        "start_time": f"{slot.start.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "end_time": f"{(slot.start + QUARTER).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "title": TITLE,
    }
    key = f"{slot.facility_id}-{slot.start:%s}" if keyed and number % KEYED == 0 else ""
    return _line("POST", "/api/v1/bookings/", _anybody(survey), key, orjson.dumps(body).decode())


def _line(method: str, path: str, user_id: int, key: str = "", body: str = "") -> Line:
    return Line(method, path, user_id, token_of(user_id), key, body)


def _anybody(survey: Survey) -> int:
    """One of those who call just now."""
    return 1 + survey.chance.randrange(CALLERS)


UNCACHED = Operation(
    "availability, one facility, one day, cache off", 50, 50.0, 0.6, cached=False, plan=_evenly
)
REPEATED = Operation(
    "availability, one facility, one day, Zipf, 1 % writes",
    50,
    25.0,
    2.0,
    cached=True,
    plan=_zipf_of_one,
)
PAGE = Operation(
    "availability, 500 facilities, a page of 50, 1 % writes",
    50,
    100.0,
    1.0,
    cached=True,
    plan=_zipf_of_all,
)
CREATE = Operation("booking creation", 20, 50.0, 0.5, cached=True, plan=_creates)
CONFLICT = Operation("conflict, with alternatives", 100, 100.0, 0.4, cached=True, plan=_conflicts)
MINE = Operation("my bookings, 50 rows", 50, 75.0, 0.5, cached=True, plan=_mine)

TABLE = (UNCACHED, REPEATED, PAGE, CREATE, CONFLICT, MINE)
