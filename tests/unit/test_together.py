"""Who shares a statement with whom, and what becomes of each of them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, cast

import pytest
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from live.looks import Look
from live.together import MOST_AT_ONCE, MOST_UNDER_WAY, Together
from sql.timelines import TimelineRow

if TYPE_CHECKING:
    from sql.pool import Connection, Pool

pytestmark = pytest.mark.anyio

MIDNIGHT = datetime(2030, 6, 3, tzinfo=UTC)
DAY = timedelta(days=1)

Shown = list[tuple[int, int]]
"""The rows of these tests: a facility, and the version of the world that was seen."""


class Statement:
    """One that is under way: what it was asked, and when it began."""

    def __init__(self, looks: Sequence[Look], version: int) -> None:
        self.looks = looks
        self.version = version
        self.error: Exception | None = None
        self.may_end = asyncio.Event()

    @property
    def asked(self) -> list[Sequence[int]]:
        """The facilities of each of the looks."""
        return [look.facility_ids for look in self.looks]

    def end(self, error: Exception | None = None) -> None:
        """Let it come back, with this if with anything but rows."""
        self.error = error
        self.may_end.set()


class Database:
    """A pool, and the statements that are made on its connections.

    ``version`` is what a statement sees that begins now. While ``is_shut``, nobody gets a
    connection.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.version = 0
        self.lent = 0
        self.wanted = 0
        self.statements: list[Statement] = []
        self.refusal: Exception | None = None
        self._opened = asyncio.Event()
        self._opened.set()
        monkeypatch.setattr("live.together.reading", lambda _: self)
        self.together = Together(cast("Pool", None), self._list, attrgetter("weight"))

    async def __aenter__(self) -> None:
        """A connection, as soon as any is lent."""
        self.wanted += 1
        await self._opened.wait()
        if self.refusal is not None:
            raise self.refusal
        self.lent += 1

    async def __aexit__(self, *_: object) -> None:
        """Give it back."""
        self.lent -= 1

    async def _list(
        self, _conn: "Connection", looks: Sequence[Look]
    ) -> Sequence[Sequence[TimelineRow]]:
        assert 1 <= self.lent <= MOST_UNDER_WAY
        statement = Statement(looks, self.version)
        self.statements.append(statement)
        await statement.may_end.wait()
        if statement.error is not None:
            raise statement.error
        shown = [[(each, statement.version) for each in look.facility_ids] for look in looks]
        return cast("Sequence[Sequence[TimelineRow]]", shown)

    def shut(self) -> None:
        """Lend nobody a connection."""
        self._opened.clear()

    def open(self, refusal: Exception | None = None) -> None:
        """Lend connections again, or refuse them."""
        self.refusal = refusal
        self._opened.set()

    def ask(self, *facility_ids: int, days: int = 0) -> "asyncio.Task[Shown]":
        """Somebody looks."""
        return asyncio.create_task(self._look(look(*facility_ids, days=days)))

    async def _look(self, wanted: Look) -> Shown:
        async with asyncio.timeout(10):  # nobody is ever left waiting
            return cast("Shown", await self.together.ask(wanted))

    async def busy(self) -> "list[asyncio.Task[Shown]]":
        """As many statements under way as there may be, for one who looks each; facility 0."""
        tasks = []
        for number in range(MOST_UNDER_WAY):
            tasks.append(self.ask(0))
            await self.has_begun(number + 1)
        return tasks

    async def has_begun(self, count: int) -> Statement:
        """Wait until so many statements have begun; the last of them."""
        async with asyncio.timeout(5):
            while len(self.statements) < count:  # noqa: ASYNC110 - a few turns of the loop
                await asyncio.sleep(0)
        return self.statements[count - 1]

    async def end_all(self) -> None:
        """Let every statement come back, those too that begin only now."""
        for _ in range(50):
            for statement in self.statements:
                statement.may_end.set()
            await settled()
        assert 0 == self.lent


def look(*facility_ids: int, days: int = 0) -> Look:
    """At these facilities, for some hours or for so many days and hours."""
    return Look(facility_ids, MIDNIGHT, MIDNIGHT + days * DAY + timedelta(hours=9))


async def settled() -> None:
    """Let everybody do what they can do by now."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
async def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database that nobody asks anything yet."""
    return Database(monkeypatch)


@pytest.mark.parametrize(
    ("facilities", "days", "weight"), [(0, 0, 0), (1, 0, 1), (3, 0, 3), (1, 1, 2), (4, 6, 28)]
)
def test_a_look_weighs_its_facilities_times_the_days_they_are_looked_at(
    facilities: int, days: int, weight: int
) -> None:
    assert weight == look(*range(facilities), days=days).weight


async def test_a_look_that_is_asked_for_alone_is_made_at_once(database: Database) -> None:
    asked = database.ask(7)
    statement = await database.has_begun(1)
    assert [(7,)] == statement.asked
    statement.end()
    assert [(7, 0)] == await asked
    await database.end_all()


async def test_those_asked_for_at_one_moment_share_a_statement(database: Database) -> None:
    asked = [database.ask(number) for number in range(20)]
    await settled()
    assert [20] == [len(statement.looks) for statement in database.statements]
    await database.end_all()
    assert [[(number, 0)] for number in range(20)] == await asyncio.gather(*asked)


async def test_those_asked_for_while_others_are_under_way_share_the_next_statement(
    database: Database,
) -> None:
    busy = await database.busy()
    asked = []
    for number in range(1, 21):
        asked.append(database.ask(number))
        await settled()
    assert MOST_UNDER_WAY == len(database.statements)  # they wait, however long
    database.statements[0].end()
    shared = await database.has_begun(MOST_UNDER_WAY + 1)
    assert [(number,) for number in range(1, 21)] == shared.asked
    shared.end()
    assert [[(number, 0)] for number in range(1, 21)] == await asyncio.gather(*asked)
    await database.end_all()
    await asyncio.gather(*busy)
    assert MOST_UNDER_WAY + 1 == len(database.statements)


async def test_each_gets_their_own_rows_though_several_asked_for_the_same(
    database: Database,
) -> None:
    wanted = [(1,), (1, 2), (), (3, 1), (1,)]
    asked = [database.ask(*facility_ids) for facility_ids in wanted]
    await database.end_all()
    assert [[(each, 0) for each in ids] for ids in wanted] == await asyncio.gather(*asked)
    assert 1 == len(database.statements)


async def test_a_statement_takes_as_many_in_order_as_weigh_no_more_than_the_bound(
    database: Database,
) -> None:
    busy = await database.busy()
    half = MOST_AT_ONCE // 2
    asked = [
        database.ask(1, days=half - 1),  # half of the bound
        database.ask(*range(half)),  # the other half: exactly as much as goes
        database.ask(2),
        database.ask(*range(MOST_AT_ONCE)),  # too much with the one before it, not by itself
        database.ask(3),
    ]
    await settled()
    database.statements[0].end()
    for count in range(MOST_UNDER_WAY + 1, MOST_UNDER_WAY + 5):
        (await database.has_begun(count)).end()
        await settled()
    weights = [
        [each.weight for each in statement.looks]
        for statement in database.statements[MOST_UNDER_WAY:]
    ]
    assert [[half, half], [1], [MOST_AT_ONCE], [1]] == weights
    await database.end_all()
    await asyncio.gather(*busy, *asked)


async def test_a_look_that_began_before_another_was_asked_for_is_never_its_answer(
    database: Database,
) -> None:
    early = await database.busy()
    database.version = 1
    late = database.ask(0)  # the same, after the world changed
    await settled()
    for statement in database.statements:
        statement.end()
    await settled()
    assert [[(0, 0)]] * MOST_UNDER_WAY == await asyncio.gather(*early)
    assert not late.done()
    await database.end_all()
    assert [(0, 1)] == await late


async def test_what_is_asked_for_while_a_connection_is_waited_for_sees_what_is_so_then(
    database: Database,
) -> None:
    database.shut()
    early = database.ask(1)
    await settled()
    database.version = 1
    late = database.ask(1)
    await settled()
    database.open()
    await database.end_all()
    assert [[(1, 1)], [(1, 1)]] == [await early, await late]


async def test_there_are_no_more_statements_under_way_than_there_may_be(
    database: Database,
) -> None:
    asked = []
    for number in range(200):
        asked.append(database.ask(number))
        if number % 7 == 0:
            await settled()
            database.statements[-1].end()
    await database.end_all()  # _list holds how many there are against the bound
    assert [[(number, 0)] for number in range(200)] == await asyncio.gather(*asked)


async def test_one_who_goes_away_before_their_turn_is_not_looked_for(database: Database) -> None:
    busy = await database.busy()
    asked = [database.ask(number) for number in range(1, 6)]
    await settled()
    for number in (0, 2, 4):
        asked[number].cancel()
    await settled()
    database.statements[0].end()
    shared = await database.has_begun(MOST_UNDER_WAY + 1)
    assert [(2,), (4,)] == shared.asked
    await database.end_all()
    assert [[(2, 0)], [(4, 0)]] == [await asked[1], await asked[3]]
    await asyncio.gather(*busy)


async def test_those_who_went_away_take_no_room_from_others(database: Database) -> None:
    busy = await database.busy()
    half = MOST_AT_ONCE // 2
    stays = [database.ask(*range(half - 1))]
    gone = database.ask(1, 2)
    stays.append(database.ask(*range(half + 1)))  # which is all there is room for
    await settled()
    gone.cancel()
    await settled()
    await database.end_all()
    assert [2] == [len(statement.looks) for statement in database.statements[MOST_UNDER_WAY:]]
    assert [half - 1, half + 1] == [len(rows) for rows in await asyncio.gather(*stays)]
    await asyncio.gather(*busy)


async def test_one_who_goes_away_while_they_are_looked_for_takes_it_from_nobody(
    database: Database,
) -> None:
    asked = [database.ask(number) for number in range(5)]
    statement = await database.has_begun(1)
    asked[0].cancel()
    asked[3].cancel()
    await settled()
    statement.end()
    assert [[(1, 0)], [(2, 0)], [(4, 0)]] == [await asked[number] for number in (1, 2, 4)]
    await database.end_all()


async def test_when_all_went_away_those_who_come_later_are_served(database: Database) -> None:
    busy = await database.busy()
    gone = [database.ask(number) for number in range(1, 6)]
    await settled()
    for task in gone:
        task.cancel()
    await database.end_all()
    later = database.ask(9)
    await database.end_all()
    assert [(9, 0)] == await later
    await asyncio.gather(*busy)


async def test_an_error_is_theirs_alone_who_shared_the_statement(database: Database) -> None:
    first = await database.busy()
    second = [database.ask(number) for number in (1, 2)]
    await settled()
    database.statements[0].end()
    failing = await database.has_begun(MOST_UNDER_WAY + 1)
    third = [database.ask(number) for number in (3, 4)]
    await settled()
    failing.end(OperationalError("away"))
    said = await asyncio.gather(*second, return_exceptions=True)
    assert [OperationalError] * 2 == [type(each) for each in said]
    await database.end_all()
    assert [[(3, 0)], [(4, 0)]] == await asyncio.gather(*third)
    assert [[(0, 0)]] * MOST_UNDER_WAY == await asyncio.gather(*first)


async def test_who_gets_no_connection_in_time_is_told_with_all_who_wait(
    database: Database,
) -> None:
    database.shut()
    heavy = range(MOST_AT_ONCE)
    asked = [database.ask(*heavy) for _ in range(5)]  # a statement each
    await settled()
    asked[4].cancel()
    database.open(PoolTimeout("none for you"))
    said = await asyncio.gather(*asked, return_exceptions=True)
    assert [PoolTimeout] * 4 + [asyncio.CancelledError] == [type(each) for each in said]
    assert [] == database.statements
    assert database.wanted <= MOST_UNDER_WAY  # the others did not wait as long again
    database.open()
    later = database.ask(1)
    await database.end_all()
    assert [(1, 0)] == await later


async def test_another_error_of_the_pool_leaves_those_who_come_after(database: Database) -> None:
    database.shut()
    asked = [database.ask(*range(MOST_AT_ONCE)) for _ in range(MOST_UNDER_WAY + 1)]
    await settled()
    database.open(OperationalError("closed"))
    await settled()
    said = await asyncio.gather(*asked, return_exceptions=True)
    assert {OperationalError} == {type(each) for each in said}
    database.open()
    later = database.ask(1)
    await database.end_all()
    assert [(1, 0)] == await later


async def test_one_who_asks_again_as_the_last_statements_end_is_answered(
    database: Database,
) -> None:
    async def twice() -> Shown:
        await database.together.ask(look(1))
        return cast("Shown", await database.together.ask(look(2)))

    first = asyncio.create_task(twice())
    await database.has_begun(1)
    others = [database.ask(number) for number in range(3, 2 + MOST_UNDER_WAY)]
    await database.has_begun(MOST_UNDER_WAY)
    for statement in list(database.statements):
        statement.end()
    assert [(2,)] == (await database.has_begun(MOST_UNDER_WAY + 1)).asked
    await database.end_all()
    assert [(2, 0)] == await first
    await asyncio.gather(*others)


async def test_one_that_weighs_more_than_the_bound_is_asked_by_itself(database: Database) -> None:
    heavy = database.ask(*range(MOST_AT_ONCE + 1))
    light = database.ask(1)
    await settled()
    await database.end_all()
    async with asyncio.timeout(20):
        assert [MOST_AT_ONCE + 1, 1] == [len(shown) for shown in (await heavy, await light)]


async def test_who_gets_too_few_answers_is_told_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(*_: object) -> Sequence[object]:
        return []

    monkeypatch.setattr(database.together, "_make", none)
    async with asyncio.timeout(20):
        with pytest.raises(ValueError, match="shorter"):
            await database.ask(1)
