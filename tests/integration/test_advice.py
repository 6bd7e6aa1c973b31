"""What is offered instead of a time that is taken: nothing that is left out early is missing.

Houses made up by chance, in which bookings wait for decisions, keep time around them free, and go
on past midnight. The short way to the advice is held against one that looks at everything.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import orjson
import pytest
from prometheus_client import REGISTRY

from domain.access import Caller
from domain.bookings import Draft, Facility
from domain.periods import Period
from live.days import Timeline
from live.source import Database, Source
from live.timelines import Timelines
from sql import facilities
from sql.changes import ChangeRow
from sql.facilities import FacilityRow
from sql.pool import Connection, Pool
from steps import advice
from steps.advice import REACHES, would_take
from steps.conflicts import advised
from steps.rules import facility_facts
from steps.wanted import Held, Wanted

from .world import World, at

if TYPE_CHECKING:
    from exchange.request import Request
    from live.feed import Feed

pytestmark = pytest.mark.anyio

NOW = at(-12.01)
"""Of the day in the morning, between two marks."""

ROOMS = 24
HOUSES = 30
FACTS = partial(facility_facts, horizon=timedelta(days=365))

_FURNISH = """
    INSERT INTO facilities (site_id, name, facility_type, capacity, time_zone, start_step_minutes,
                            min_notice_minutes, max_duration_minutes, buffer_before_minutes,
                            buffer_after_minutes, opening_hours)
    SELECT %(site)s, 'Room ' || (n.number + 10), 'room', n.capacity, 'Europe/Berlin', n.step,
           n.notice, n.longest, n.buffer_before, n.buffer_after, n.hours::int4multirange
      FROM unnest(%(capacity)s::int4[], %(step)s::int4[], %(notice)s::int4[], %(longest)s::int4[],
                  %(before)s::int4[], %(after)s::int4[], %(hours)s::text[])
           WITH ORDINALITY AS n (capacity, step, notice, longest, buffer_before, buffer_after,
                                 hours, number)
    RETURNING id
"""

_FILL = """
    INSERT INTO bookings (facility_id, user_id, start_time, end_time, title, status, decide_by,
                          buffer_before_minutes, buffer_after_minutes)
    SELECT n.facility_id, %(user)s, n.start_time, n.end_time, 'Taken',
           CASE WHEN n.decide_by IS NULL THEN 'confirmed' ELSE 'pending' END::booking_status,
           n.decide_by, f.buffer_before_minutes, f.buffer_after_minutes
      FROM unnest(%(facilities)s::int4[], %(starts)s::timestamptz[], %(ends)s::timestamptz[],
                  %(deadlines)s::timestamptz[]) AS n (facility_id, start_time, end_time, decide_by)
      JOIN facilities AS f ON f.id = n.facility_id
        ON CONFLICT DO NOTHING
    RETURNING id, facility_id, start_time, end_time, lower(occupied), upper(occupied)
"""

OFFICE = "{[480,1200),[1920,2640)}"
"""Monday and Tuesday, from 8 to 20."""


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking that was made, and what it holds."""

    id: int
    facility_id: int
    period: Period
    occupied: Period


@dataclass(slots=True)
class Unsieved:
    """A source that leaves nothing out. ``hidden`` counts what the other would have."""

    source: Source
    hidden: list[FacilityRow] = field(default_factory=list)

    def not_taken(self, rows: Sequence[FacilityRow], period: Period) -> list[FacilityRow]:
        """All of them."""
        left = self.source.not_taken(rows, period)
        self.hidden += [row for row in rows if row not in left]
        return list(rows)

    def __getattr__(self, name: str) -> Any:
        """All else is the source's."""
        return getattr(self.source, name)


class Chance:
    """A house made up by a number: rooms, and what is booked there around a Monday."""

    def __init__(self, number: int) -> None:
        self.draw = Random(number)  # noqa: S311 - a repeatable choice
        # Some houses are almost full, and in some there is room.
        self.density = self.draw.choice([4, 12, 40])

    async def furnish(self, conn: Connection, world: World) -> list[FacilityRow]:
        """The rooms."""
        draw = self.draw
        named: dict[str, object] = {
            "site": world.site.id,
            "capacity": [draw.choice([1, 2, 4, 8]) for _ in range(ROOMS)],
            "step": [draw.choice([15, 15, 30, 60]) for _ in range(ROOMS)],
            "notice": [draw.choice([0, 0, 0, 60, 1440]) for _ in range(ROOMS)],
            "longest": [draw.choice([60, 480, 480]) for _ in range(ROOMS)],
            "before": [draw.choice([0, 0, 15, 240]) for _ in range(ROOMS)],
            "after": [draw.choice([0, 0, 30, 240]) for _ in range(ROOMS)],
            "hours": [draw.choice([None, None, None, OFFICE]) for _ in range(ROOMS)],
        }
        cursor = await conn.execute(_FURNISH.encode(), named)
        ids = [row[0] for row in await cursor.fetchall()]
        rows = [await facilities.get_facility(conn, each) for each in ids]
        return [row for row in rows if row is not None]

    async def fill(
        self, conn: Connection, world: World, rooms: Sequence[FacilityRow]
    ) -> list[Booked]:
        """What is booked, of all that was asked for."""
        draw = self.draw
        named: dict[str, Any] = {"user": world.member.id}
        wished = []
        for room in rooms:
            for _ in range(self.density):
                start = at(draw.randint(-48, 96) / 4)
                end = start + timedelta(minutes=15 * draw.choice([1, 2, 4, 8, 32]))
                decide_by = draw.choice([None, None, NOW - timedelta(hours=1), NOW, at(-11.9)])
                wished.append((room.id, start, end, decide_by and min(decide_by, start)))
        columns = zip(*wished, strict=True)
        names = ("facilities", "starts", "ends", "deadlines")
        named.update(zip(names, map(list, columns), strict=True))
        cursor = await conn.execute(_FILL.encode(), named)
        return [
            Booked(row[0], row[1], Period(row[2], row[3]), Period(row[4], row[5]))
            for row in await cursor.fetchall()
        ]

    def wanted(self, rooms: Sequence[FacilityRow], booked: Sequence[Booked]) -> Wanted:
        """A time that is taken somewhere, for a new booking or for one that is to be moved."""
        draw = self.draw
        moved, there = draw.sample(booked, 2)
        (room,) = [room for room in rooms if room.id == there.facility_id]
        period = draw.choice([there.period, there.period, moved.period])
        if draw.random() < 0.2:  # over midnight, whatever is there
            period = Period(at(11), at(13))
        draft = Draft(room.id, period.start, period.end, "Instead", None, draw.choice([1, 2, 3]))
        facility: Facility = FACTS(room)
        if draw.random() < 0.5:
            return Wanted(draft, facility)
        return Wanted(draft, facility, moved.id, Held(moved.facility_id, moved.occupied))


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody would like, in a house whose transaction is given up at the end."""

    conn: Connection
    wanted: Wanted
    rooms: Sequence[FacilityRow]
    remembering: Timelines
    database: Database
    caller: Caller
    tell: Callable[[Sequence[ChangeRow], None], None]

    async def advice(
        self, source: object, caller: Caller | None = None, now: datetime = NOW
    ) -> dict[str, Any]:
        """What they, or another, are told when their time is taken."""
        timelines = SimpleNamespace(source_at_once=lambda: source)
        request = SimpleNamespace(
            service=SimpleNamespace(live=SimpleNamespace(timelines=timelines)),
            caller=caller or self.caller,
            request_id="any",
            now=lambda: now,
        )
        reply = await advised(self.conn, cast("Request", request), self.wanted, [])
        body: dict[str, Any] = orjson.loads(reply.body)
        return body

    async def takers(self) -> list[int]:
        """The rooms that would take it, asked of each by itself, in the order of the list."""
        period, wanted = self.wanted.draft.period, self.wanted
        ids = [room.id for room in self.rooms]
        found = await self.database.look(ids, period, self.conn)
        return [
            each
            for each in ids
            if each != wanted.facility.id and would_take(found[each], wanted, self.caller, NOW)
        ]


@asynccontextmanager
async def asked(pool: Pool, world: World, number: int) -> AsyncIterator[Asked]:
    """Somebody wants what is taken; some of the house is remembered, and some is not."""
    chance = Chance(number)
    listeners: list[Any] = []
    feed = SimpleNamespace(is_fresh=True, listen=listeners.append, on_gap=lambda _: None)
    async with pool.connection() as conn, conn.transaction(force_rollback=True):
        rooms = await chance.furnish(conn, world)
        booked = await chance.fill(conn, world, rooms)
        database = Database(pool, FACTS)
        remembering = Timelines(database, cast("Feed", feed))
        wanted = chance.wanted(rooms, booked)
        period = wanted.draft.period
        for room in rooms:
            if chance.draw.random() < 0.7:
                day = timedelta(days=chance.draw.choice([0, 0, 0, -1, 1]))
                await remembering.look(
                    [room.id], Period(period.start + day, period.end + day), conn
                )
        caller = Caller(world.member.id, "mia", is_staff=False)
        yield Asked(conn, wanted, rooms, remembering, database, caller, listeners[0])


async def test_what_is_left_out_early_would_not_do(pool: Pool, world: World) -> None:
    hidden = offered = moved = 0
    for number in range(HOUSES):
        async with asked(pool, world, number) as some:
            unsieved = Unsieved(some.remembering)
            expected = await some.advice(unsieved)
            assert expected == await some.advice(some.remembering), number
            assert expected == await some.advice(some.database), number
            found = [each["id"] for each in expected["alternative_facilities"]]
            takers = await some.takers()
            assert set(found) <= {*takers, world.room.id, world.other_room.id}
            assert min(len(takers), advice.ELSEWHERE) <= len(found)
            hidden += len(unsieved.hidden)
            offered += len(found)
            moved += some.wanted.held is not None and some.wanted.held.facility_id in found
    assert hidden > HOUSES // 2
    assert offered > HOUSES
    assert moved > 0


async def test_nothing_that_would_take_it_is_taken(pool: Pool, world: World) -> None:
    """Asked of the sieve itself, of each room and of each time."""
    hidden = taking = 0
    for number in range(HOUSES):
        async with asked(pool, world, number) as some:
            wanted = Wanted(some.wanted.draft, some.wanted.facility)
            for start in range(-24, 72, 3):
                period = Period(at(start / 4), at(start / 4 + 1))
                draft = Draft(wanted.facility.id, period.start, period.end, "Instead", None, 1)
                timelines = await some.remembering.look(
                    [room.id for room in some.rooms], period, some.conn
                )
                left = some.remembering.not_taken(some.rooms, period)
                for room in some.rooms:
                    if would_take(
                        timelines[room.id], Wanted(draft, wanted.facility), some.caller, NOW
                    ):
                        assert room in left, (number, start, room.id)
                        taking += 1
                hidden += len(some.rooms) - len(left)
    assert hidden > 1000
    assert taking > 1000


_CHANGES = {
    "book": """
        INSERT INTO bookings (facility_id, user_id, start_time, end_time, title, status, decide_by,
                              buffer_before_minutes, buffer_after_minutes)
        SELECT f.id, %(user)s, %(start)s, %(end)s, 'Another',
               CASE WHEN %(decide_by)s::timestamptz IS NULL THEN 'confirmed' ELSE 'pending'
               END::booking_status,
               %(decide_by)s, f.buffer_before_minutes, f.buffer_after_minutes
          FROM facilities AS f
         WHERE f.id = %(room)s
            ON CONFLICT DO NOTHING
        """,
    "cancel": """
        UPDATE bookings SET status = 'cancelled', cancellation_cause = 'owner', decide_by = NULL
         WHERE facility_id = %(room)s AND status <> 'cancelled'
           AND start_time < %(end)s::timestamptz + INTERVAL '4 hours'
           AND end_time > %(start)s::timestamptz - INTERVAL '4 hours'
        """,
    "furnish another": """
        INSERT INTO facilities (site_id, name, facility_type, capacity, time_zone)
        SELECT site_id, 'New ' || clock_timestamp(), facility_type, capacity, time_zone
          FROM facilities
         WHERE id = %(room)s
        """,
    "close": """
        INSERT INTO closures (facility_id, start_time, end_time, reason)
        VALUES (%(room)s, %(start)s, %(end)s, 'Paint')
        """,
    "ask for notice": """
        UPDATE facilities
           SET min_notice_minutes = CASE WHEN min_notice_minutes = 0 THEN 1440 ELSE 0 END
         WHERE id = %(room)s
        """,
    "make smaller or larger": """
        UPDATE facilities SET capacity = CASE WHEN capacity = 1 THEN 8 ELSE 1 END
         WHERE id = %(room)s
        """,
    "open to a group": """
        INSERT INTO facility_user_groups (facility_id, user_group_id)
        VALUES (%(room)s, %(group)s)
            ON CONFLICT DO NOTHING
        """,
    "open to all": "DELETE FROM facility_user_groups WHERE facility_id = %(room)s",
}


@dataclass(slots=True)
class Changing:
    """Somebody who waits for their advice while the house changes around them."""

    some: Asked
    draw: Random
    group: int
    now: datetime = NOW
    told: list[int] = field(default_factory=list)

    async def change(self) -> None:
        """Something, near what is wanted; whoever listens is told of it."""
        conn, draw, period = self.some.conn, self.draw, self.some.wanted.draft.period
        start = period.start + timedelta(minutes=15 * draw.choice([-16, -4, 0, 0, 0, 0, 2, 8]))
        waits_until = self.now + timedelta(minutes=draw.choice([0.05, 0.3, 1, 30, 300]))
        rooms = [self.some.wanted.facility.id, *(room.id for room in self.some.rooms)]
        given = {
            "user": self.some.caller.user_id,
            "group": self.group,
            "room": draw.choice(self.told if self.told and draw.random() < 0.5 else rooms),
            "start": start,
            "end": start + draw.choice([timedelta(minutes=30), period.duration]),
            "decide_by": draw.choice([None, min(start, waits_until)]),
        }
        before = await (await conn.execute("SELECT max(id) FROM changes")).fetchone()
        await conn.execute(_CHANGES[draw.choice([*_CHANGES, *["cancel"] * 8])].encode(), given)
        cursor = await conn.execute(
            "SELECT '', id, transaction_id::text::int8, record_type, facility_id, site_id,"
            "       booking_id, user_id, start_time, end_time"
            "  FROM changes WHERE id > %s ORDER BY id",
            before,
        )
        self.some.tell([ChangeRow(*row) for row in await cursor.fetchall()], None)

    async def check(self) -> int:
        """Each is told what they would be if nothing was remembered; how often it was."""
        some, before = self.some, _hits()
        member = some.caller
        insider = replace(member, group_ids=frozenset({self.group}))
        staff = replace(member, is_staff=True)
        for caller in self.draw.sample([member, member, insider, staff], 4):
            expected = await some.advice(some.database, caller, self.now)
            assert await some.advice(some.remembering, caller, self.now) == expected
            self.told = [each["id"] for each in expected["alternative_facilities"]]
            self.told.append(some.wanted.facility.id)
        return int(_hits() - before)


async def test_remembered_advice_is_what_would_be_found_anew(pool: Pool, world: World) -> None:
    """As the house changes, as time goes by, and for whoever asks."""
    remembered = asked_for = 0
    for number in range(HOUSES):
        async with asked(pool, world, number) as some:
            cursor = await some.conn.execute(
                "INSERT INTO user_groups (name) VALUES ('Insiders') RETURNING id"
            )
            (group,) = await cursor.fetchone() or (0,)
            changing = Changing(some, Random(number), group)  # noqa: S311 - a repeatable choice
            for _ in range(20):
                remembered += await changing.check()
                asked_for += 4
                if changing.draw.random() < 0.3:
                    minutes = changing.draw.choice([0.1, 0.1, 0.5, 7, 90, 700])
                    changing.now += timedelta(minutes=minutes)
                else:
                    await changing.change()
    # A third is about bookings to be moved, of which nothing is kept.
    assert asked_for * 0.1 < remembered < asked_for * 0.6


async def test_what_changed_while_advice_was_sought_is_not_remembered(
    pool: Pool, world: World
) -> None:
    kept = 0
    for number in range(HOUSES):
        async with asked(pool, world, number) as some:
            if some.wanted.held is not None:
                continue
            await some.advice(some.remembering)
            source = Meanwhile(some.remembering)
            source.happens = lambda: some.remembering.changed(
                some.wanted.facility.id, at(200), at(201), 1
            )
            for _ in range(2):
                before = _hits()
                await some.advice(source, replace(some.caller, is_staff=True))
                assert _hits() == before
            source.happens = lambda: None
            before = _hits()
            await some.advice(source, replace(some.caller, is_staff=True))
            await some.advice(source, replace(some.caller, is_staff=True))
            kept += _hits() > before
    assert kept > HOUSES // 4


async def test_advice_rests_on_the_rules_that_are_remembered_and_not_on_those_of_the_draft(
    pool: Pool, world: World
) -> None:
    """Which may be of a moment before or after: it would be kept for others as of now."""
    for number in range(HOUSES):
        async with asked(pool, world, number) as some:
            wanted, hour = some.wanted, timedelta(hours=1)
            expected = await some.advice(some.database)
            rules = wanted.facility.rules
            other = replace(rules, min_notice=rules.min_notice + 12 * hour, opening_hours=None)
            stale = replace(wanted, facility=replace(wanted.facility, rules=other))
            # All that it needs is looked at first: a look meanwhile keeps it from being kept.
            await some.advice(some.remembering, replace(some.caller, is_staff=True))
            await replace(some, wanted=stale).advice(some.remembering)
            assert expected == await some.advice(some.remembering), number


@dataclass(slots=True)
class Meanwhile:
    """A source where something happens whenever it is looked at."""

    source: Source
    happens: Callable[[], None] = lambda: None

    async def look(self, *given: Any) -> dict[int, Timeline]:
        """What the source has, a moment later."""
        found = await self.source.look(*given)
        self.happens()
        return found

    def __getattr__(self, name: str) -> Any:
        """All else is the source's."""
        return getattr(self.source, name)


def _hits() -> float:
    return REGISTRY.get_sample_value("holdfast_cache_hits_total", {"cache": "findings"}) or 0


async def test_what_is_near_is_found_as_by_one_look_at_all_there_is(
    pool: Pool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: dict[timedelta, int] = dict.fromkeys(REACHES, 0)
    for number in range(HOUSES):
        async with asked(pool, world, number) as some:
            found: dict[str, Any] = {}
            for source in (some.remembering, some.database):
                monkeypatch.setattr(advice, "REACHES", REACHES[-1:])
                expected = await some.advice(source)
                monkeypatch.setattr(advice, "REACHES", REACHES)
                found = await some.advice(source)
                assert expected["suggested_alternatives"] == found["suggested_alternatives"], number
            furthest = max(
                (
                    abs(datetime.fromisoformat(each["start_time"]) - some.wanted.draft.start_time)
                    for each in found["suggested_alternatives"]
                ),
                default=timedelta(0),
            )
            counts[next(reach for reach in REACHES if furthest <= reach)] += 1
    assert all(counts.values()), counts  # each of the reaches was needed
