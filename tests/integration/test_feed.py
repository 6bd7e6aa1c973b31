"""The change feed: every change once, in the order of commits, whatever else is going on."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from psycopg import AsyncConnection

from live.feed import Feed, changes_after
from live.position import Position
from sql import changes
from sql.changes import ChangeRow, ReachRow
from sql.pool import Connection, connect

from .world import ORIGIN, World

pytestmark = pytest.mark.anyio

HOUR = "date_bin('1 hour', now(), 'epoch') + make_interval(hours => %s)"
BOOK = f"""
    INSERT INTO bookings (facility_id, user_id, start_time, end_time, title)
    VALUES (%s, %s, {HOUR}, {HOUR}, 'Fed')
    RETURNING id
"""  # noqa: S608 - a constant


class Told:
    """A listener that remembers all it was told."""

    def __init__(self) -> None:
        self.rows: list[ChangeRow] = []
        self.positions: list[Position] = []
        self.gaps = 0

    def __call__(self, rows: Sequence[ChangeRow], after: Position) -> None:
        """Listen."""
        self.rows.extend(rows)
        self.positions.append(after)

    def gap(self) -> None:
        """Hear that anything may have changed."""
        self.gaps += 1

    def bookings(self) -> list[int | None]:
        """The bookings that changed, in the order told."""
        return [row.booking_id for row in self.rows if row.record_type == "booking"]


def feed_of(dsn: str, told: Told, seconds: float = 60) -> Feed:
    """A feed that polls when asked, unless it is given a pause."""
    feed = Feed(partial(connect, dsn), seconds)
    feed.listen(told)
    feed.on_gap(told.gap)
    return feed


async def book(conn: Connection, world: World, hour: int) -> int:
    cursor = await conn.execute(BOOK, [world.room.id, world.member.id, hour, hour + 1])
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def ready(feed: Feed) -> None:
    """Wait until the feed has begun."""
    while feed.position is None or not await feed.refresh():  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.01)


async def test_a_lower_id_that_commits_later_is_not_skipped(
    dsn: str, conn: Connection, world: World
) -> None:
    told = Told()
    feed = feed_of(dsn, told)
    async with feed.running(), await connect(dsn) as slow:
        await ready(feed)
        async with slow.transaction():
            first = await book(slow, world, 1)
            second = await book(conn, world, 3)
            await feed.passed()
            assert [second] == told.bookings()
        await feed.passed()
    assert [second, first] == told.bookings()
    assert first < second


async def test_of_one_booking_the_changes_come_in_their_order(
    dsn: str, conn: Connection, world: World
) -> None:
    """The one who waits for a lock has the older transaction, and the later change."""
    told = Told()
    feed = feed_of(dsn, told)
    async with feed.running(), await connect(dsn) as waiting:
        await ready(feed)
        booking_id = await book(conn, world, 1)
        async with waiting.transaction():
            other = await book(waiting, world, 9)  # draws its transaction id
            await conn.execute(
                f"UPDATE bookings SET end_time = {HOUR} WHERE id = %s",  # noqa: S608 - a constant
                [3, booking_id],
            )
            await waiting.execute("UPDATE bookings SET title = 'B' WHERE id = %s", [booking_id])
        await feed.passed()
    ended = [row.end_time for row in told.rows if row.booking_id == booking_id]
    assert other in told.bookings()
    # Made; moved from where it was to where it is; retitled.
    assert 4 == len(ended)
    assert ended[0] == ended[1] < ended[2] == ended[3]  # type: ignore[operator]


async def test_more_than_a_batch_is_told_in_several_each_where_the_last_ended(
    dsn: str, conn: Connection, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live.feed.MOST_AT_ONCE", 3)
    told = Told()
    feed = feed_of(dsn, told)
    async with feed.running():
        await ready(feed)
        begun = len(told.positions)
        async with conn.transaction():
            made = [await book(conn, world, 2 * number) for number in range(1, 9)]
        await feed.passed()
    assert made == told.bookings()
    within = [position for position in told.positions[begun:] if position.until is not None]
    assert [made[2], made[5]] == [
        row.booking_id for position in within for row in told.rows if row.id == position.after_id
    ]
    for position in within:
        _, rows = await changes_after(conn, position, 100)
        assert made[made.index(_booking_at(told, position)) + 1 :] == [
            row.booking_id for row in rows
        ]


def _booking_at(told: Told, position: Position) -> int:
    (found,) = [row.booking_id for row in told.rows if row.id == position.after_id]
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(5))
async def test_every_change_is_told_once_however_transactions_cross(
    dsn: str, world: World, seed: int
) -> None:
    random_ = random.Random(seed)  # noqa: S311 - no secret
    told = Told()
    feed = feed_of(dsn, told, seconds=0.002)
    committed: list[int] = []

    async def write(number: int) -> None:
        async with await AsyncConnection.connect(dsn, autocommit=True) as own:
            for turn in range(6):
                rows = []
                async with own.transaction(force_rollback=random_.random() < 0.2) as block:
                    for part in range(random_.randint(1, 3)):
                        hour = 1 + number * 100 + turn * 10 + part
                        rows.append(await book(own, world, hour))
                        await asyncio.sleep(random_.random() * 0.02)
                if not block.force_rollback:
                    committed.extend(rows)

    async with feed.running():
        await ready(feed)
        await asyncio.gather(*(write(number) for number in range(8)))
        await feed.passed()
    assert sorted(committed) == sorted(told.bookings())  # type: ignore[type-var]


async def test_after_an_outage_it_goes_on_where_it_was_and_has_all_forgotten(
    dsn: str, conn: Connection, world: World
) -> None:
    told = Told()
    feed = feed_of(dsn, told, seconds=0.01)
    async with feed.running():
        await ready(feed)
        assert 1 == told.gaps
        before = await book(conn, world, 1)
        await feed.passed()
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND query LIKE '%%list_changes%%'"
        )
        meanwhile = await book(conn, world, 3)
        while told.gaps < 2:
            assert not feed.is_fresh or told.gaps < 2
            await asyncio.sleep(0.01)
        await ready(feed)
    assert [before, meanwhile] == told.bookings()


async def test_without_a_database_nothing_is_fresh_and_nobody_waits_for_ever(dsn: str) -> None:
    feed = Feed(partial(connect, dsn + "_gone"), 0.01)
    async with feed.running():
        await feed.passed()
        assert not await feed.refresh()


async def test_who_comes_while_a_poll_is_not_answered_does_not_wait_for_it(
    dsn: str, conn: Connection, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    feed = feed_of(dsn, told)
    async with feed.running():
        await ready(feed)
        async with conn.transaction():
            booking_id = await book(conn, world, 1)
            await conn.execute("LOCK TABLE changes IN ACCESS EXCLUSIVE MODE")
            monkeypatch.setattr("live.feed.PATIENCE_SECONDS", 0.2)
            assert not await feed.passed()
            monkeypatch.setattr("live.feed.PATIENCE_SECONDS", 60.0)
            async with asyncio.timeout(10):
                assert not await feed.refresh()
                assert not await feed.passed()
        # Once it is answered they wait again, and are told.
        while not await feed.passed():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    assert [booking_id] == told.bookings()


async def test_a_database_that_never_answers_is_asked_on_another_connection(
    dsn: str, conn: Connection, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live.feed.ANSWER_SECONDS", 0.2)
    told = Told()
    feed = feed_of(dsn, told, seconds=0.01)
    async with feed.running():
        await ready(feed)
        async with conn.transaction():
            await conn.execute("LOCK TABLE changes IN ACCESS EXCLUSIVE MODE")
            while await backends(dsn, "%list_changes%"):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
            await book(conn, world, 1)
        while told.gaps < 2:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
        await ready(feed)
        # From the present on: everything was forgotten, and there may be too much to tell.
        assert not told.bookings()
        after = await book(conn, world, 3)
        await feed.passed()
    assert [after] == told.bookings()


async def backends(dsn: str, query: str) -> int:
    """How many connections asked this last."""
    async with await connect(dsn) as conn:
        cursor = await conn.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND query LIKE %s",
            [query],
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_what_committed_before_a_transaction_that_goes_on_is_not_told_again(
    dsn: str, conn: Connection, world: World
) -> None:
    async with await connect(dsn) as slow:
        async with slow.transaction():
            first = await book(slow, world, 1)
            second = await book(conn, world, 3)
            since = await changes.present(conn)
            third = await book(conn, world, 5)
            until, rows = await changes_after(conn, Position(ORIGIN, since), 100)
            assert [third] == [row.booking_id for row in rows]
        after, rows = await changes_after(conn, Position(ORIGIN, until), 100)
        assert [first] == [row.booking_id for row in rows]
        # From one snapshot to the other, as a client that comes back asks.
        _, rows = await changes_after(conn, Position(ORIGIN, since, after), 100)
        assert [first, third] == [row.booking_id for row in rows]
        assert (after, []) == await changes_after(
            conn, Position(ORIGIN, since, after, rows[-1].id), 100
        )
        assert first < second < third


async def test_what_users_may_do_and_where_things_are_is_told_too(
    dsn: str, conn: Connection, world: World
) -> None:
    told = Told()
    feed = feed_of(dsn, told)
    async with feed.running(), AsyncExitStack():
        await ready(feed)
        await conn.execute("UPDATE facilities SET capacity = 9 WHERE id = %s", [world.room.id])
        await conn.execute("UPDATE sites SET name = 'Haven' WHERE id = %s", [world.site.id])
        await conn.execute("UPDATE users SET is_staff = true WHERE id = %s", [world.member.id])
        await conn.execute(
            "INSERT INTO site_staff (user_id, site_id) VALUES (%s, %s)",
            [world.member.id, world.site.id],
        )
        await conn.execute("DELETE FROM site_staff WHERE user_id = %s", [world.member.id])
        await conn.execute(
            "INSERT INTO closures (facility_id, start_time, end_time, reason)"
            " VALUES (%s, '2030-06-03T12:00Z', '2030-06-03T13:00Z', 'Repairs')",
            [world.room.id],
        )
        await conn.execute("DELETE FROM closures")
        await feed.passed()
    found = [(row.record_type, row.facility_id, row.site_id, row.user_id) for row in told.rows]
    room, site, mia = world.room.id, world.site.id, world.member.id
    assert [
        ("facility", room, site, None),
        ("site", None, site, None),
        ("user", None, None, mia),
        ("user", None, None, mia),
        ("user", None, None, mia),
        ("closure", room, site, None),
        ("closure", room, site, None),
    ] == found


async def test_a_closure_that_moves_is_told_where_it_was_and_where_it_is(
    conn: Connection, world: World
) -> None:
    before = await changes.present(conn)
    room, other = world.room.id, world.other_room.id
    await conn.execute(
        "INSERT INTO closures (facility_id, start_time, end_time, reason)"
        " VALUES (%s, '2030-06-03T12:00Z', '2030-06-03T13:00Z', 'Repairs')",
        [room],
    )
    await conn.execute(
        "UPDATE closures SET facility_id = %s, end_time = '2030-06-03T14:00Z'", [other]
    )
    _, rows = await changes_after(conn, Position(ORIGIN, before), 100)
    assert [(room, 13), (room, 13), (other, 14)] == [
        (row.facility_id, row.end_time.hour) for row in rows if row.end_time
    ]


async def test_closures_that_all_go_at_once_are_a_change_of_everything(
    conn: Connection, world: World
) -> None:
    await conn.execute(
        "INSERT INTO closures (facility_id, start_time, end_time, reason)"
        " VALUES (%s, '2030-06-03T12:00Z', '2030-06-03T13:00Z', 'Repairs')",
        [world.room.id],
    )
    before = await changes.present(conn)
    await conn.execute("TRUNCATE closures")
    _, rows = await changes_after(conn, Position(ORIGIN, before), 100)
    assert [("closure", None, None, None, None)] == [
        (row.record_type, row.facility_id, row.site_id, row.start_time, row.end_time)
        for row in rows
    ]


async def test_what_a_dump_of_another_server_brought_from_its_future_is_not_told_in_ours(
    dsn: str, conn: Connection, world: World
) -> None:
    await conn.execute(
        "INSERT INTO changes (transaction_id, record_type) VALUES ('900000000000', 'site')"
    )
    await conn.execute("UPDATE changes_pruned SET transaction_id = '900000000000'")
    own = await book(conn, world, 1)
    told = Told()
    feed = feed_of(dsn, told)
    async with feed.running():
        await ready(feed)
    cursor = await conn.execute(
        "SELECT booking_id FROM changes"
        " WHERE record_type = 'booking' OR transaction_id = '900000000000'"
    )
    assert [(own,)] == await cursor.fetchall()
    reach = await changes.get_reach(conn, await changes.present(conn))
    assert ReachRow(is_kept=True, is_known=True) == reach


async def test_where_all_changes_are_of_this_server_none_is_removed_and_nothing_written(
    conn: Connection, world: World
) -> None:
    await book(conn, world, 1)
    async with conn.transaction():
        assert 0 == await changes.disown_changes(conn)
        cursor = await conn.execute("SELECT pg_current_xact_id_if_assigned()")
        assert (None,) == await cursor.fetchone()
    cursor = await conn.execute("SELECT count(*) FROM changes WHERE record_type = 'booking'")
    assert (1,) == await cursor.fetchone()


async def prune(conn: Connection, world: World) -> str:
    """A booking's change that is pruned; the snapshot before it."""
    before = await changes.present(conn)
    await book(conn, world, 1)
    await conn.execute("UPDATE changes SET changed_at = now() - INTERVAL '2 days'")
    horizon = datetime.now(UTC) - timedelta(days=1)
    pruned = 0
    while done := await changes.prune_changes(conn, before=horizon, limit=2):
        pruned += done
    assert pruned > 2
    return before


async def test_what_is_pruned_cannot_be_gone_back_to_and_the_log_says_so(
    conn: Connection, world: World
) -> None:
    before = await prune(conn, world)
    after = await changes.present(conn)
    await book(conn, world, 5)
    assert 0 == await changes.prune_changes(conn, before=datetime.now(UTC) - timedelta(1), limit=9)
    assert ReachRow(is_kept=False, is_known=True) == await changes.get_reach(conn, before)
    assert ReachRow(is_kept=True, is_known=True) == await changes.get_reach(conn, after)
    _, rows = await changes_after(conn, Position(ORIGIN, after), 100)
    assert 1 == len(rows)


async def test_a_snapshot_from_the_future_is_none_that_this_database_had(
    conn: Connection,
) -> None:
    future = "900000000000:900000000000:"
    assert ReachRow(is_kept=True, is_known=False) == await changes.get_reach(conn, future)


async def test_a_feed_that_stood_still_finds_that_the_log_has_left_it_behind(
    dsn: str, conn: Connection, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    feed = feed_of(dsn, told)
    async with feed.running():
        await ready(feed)
        for gap, begins_anew in ((0.0, True), (60.0, False)):
            monkeypatch.setattr("live.feed.LONGEST_GAP_SECONDS", gap)
            begun = told.gaps
            for _ in range(3):
                await feed.passed()
            assert (told.gaps > begun) is begins_anew
        assert not told.bookings()

        await prune(conn, world)
        last = told.bookings()
        monkeypatch.setattr("live.feed.LONGEST_GAP_SECONDS", 0.0)
        for _ in range(3):
            await feed.passed()
        after = await book(conn, world, 7)
        await feed.passed()
        assert [*last, after] == told.bookings()


async def test_a_feed_that_the_log_has_left_behind_begins_anew(
    dsn: str, conn: Connection, world: World
) -> None:
    told = Told()
    feed = feed_of(dsn, told)
    async with feed.running():
        await ready(feed)
    begun = told.gaps
    await prune(conn, world)
    async with feed.running():
        await ready(feed)
        after = await book(conn, world, 7)
        await feed.passed()
    assert begun + 1 == told.gaps
    assert [after] == told.bookings()
