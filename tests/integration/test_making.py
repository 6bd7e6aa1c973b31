"""Bookings that come at the same time, made by one statement: each as if it had come by itself."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from psycopg import OperationalError
from psycopg.errors import LockNotAvailable, ReadOnlySqlTransaction
from psycopg.pq import TransactionStatus

from live.making import PATIENCE, make_bookings
from live.together import Together
from sql import bookings, facilities, users
from sql.pool import Connection, Pool, reading
from sql.terms import book_at_terms

from .test_terms import new_booking, revision_of, traces
from .world import World

pytestmark = pytest.mark.anyio


@pytest.fixture
async def other(pool: Pool) -> AsyncIterator[Connection]:
    """Another connection, for whoever is in the way."""
    async with reading(pool) as conn:
        yield conn


@pytest.fixture
async def revisions(conn: Connection, world: World) -> tuple[str, str]:
    """Those of the two rooms' terms."""
    return await revision_of(conn, world.room.id), await revision_of(conn, world.other_room.id)


async def audited(conn: Connection, booking_id: int) -> tuple[int | None, str | None]:
    """Who made a booking and for which request, as the audit has it."""
    (row,) = await bookings.list_history(conn, booking_id=booking_id, after_id=None, limit=9)
    assert row.action == "created"
    return row.changed_by_id, row.request_id


async def test_each_is_stored_as_its_own_users_doing_for_its_own_request(
    conn: Connection, world: World, revisions: tuple[str, str]
) -> None:
    here, there = revisions
    wanted = [
        new_booking(world, here, 5, request_id="a", title="Five"),
        new_booking(world, there, 0, request_id="b", facility_id=world.other_room.id),
        new_booking(world, here, 0, request_id='"c', user_id=world.staff.id, description="\n"),
    ]
    made = await make_bookings(conn, wanted)
    for booking, new in zip(made, wanted, strict=True):
        assert booking is not None
        row = await bookings.get_booking(conn, booking.id)
        assert row is not None
        assert (new.facility_id, new.user_id) == (row.facility_id, row.user_id)
        assert (new.start_time, new.end_time) == (row.start_time, row.end_time)
        assert (new.title, new.description) == (row.title, row.description)
        assert (booking.username, booking.display_name) == (row.username, row.user_display_name)
        assert (new.user_id, new.request_id) == await audited(conn, booking.id)
    assert 1 == len({booking.transaction_id for booking in made if booking})


async def test_who_cannot_be_made_takes_nothing_from_the_others(
    conn: Connection, world: World, revisions: tuple[str, str]
) -> None:
    here, there = revisions
    taken, free = new_booking(world, here, 0), new_booking(world, here, 1)
    assert await book_at_terms(conn, [taken])
    await users.deactivate_user(conn, world.staff.id)
    wanted = [
        taken,
        new_booking(world, there, 2),  # at another's terms
        new_booking(world, here, 3, user_id=world.staff.id),
        free,
        new_booking(world, None, 4),
    ]
    made = await make_bookings(conn, wanted)
    assert [False, False, False, True, False] == [each is not None for each in made]
    assert 2 == (await traces(conn))[0]


@pytest.mark.parametrize("start", [2, 2.25, 1.5])
async def test_of_two_for_one_time_one_is_made_and_the_other_is_told_of_none(
    conn: Connection, world: World, revisions: tuple[str, str], start: float
) -> None:
    here, _ = revisions
    made = await make_bookings(
        conn,
        [
            new_booking(world, here, 2, request_id="a"),
            new_booking(world, here, start, request_id="b", user_id=world.staff.id),
        ],
    )
    assert [1, 1, 0, 1] == await traces(conn)
    (winner,) = (each for each in made if each is not None)
    asked_by = (world.member.id, "a") if made[0] else (world.staff.id, "b")
    assert asked_by == await audited(conn, winner.id)


async def test_two_that_want_each_others_times_do_not_wait_for_each_other(
    conn: Connection, other: Connection, world: World, revisions: tuple[str, str]
) -> None:
    """They come to no deadlock, of which PostgreSQL would end one and undo all that it made."""
    here, there = revisions
    rooms = ((here, world.room.id), (there, world.other_room.id))
    wanted = [
        new_booking(world, revision, start, facility_id=facility_id)
        for revision, facility_id in rooms
        for start in range(8)
    ]
    for _ in range(20):
        both = await asyncio.gather(book_at_terms(conn, wanted), book_at_terms(other, wanted[::-1]))
        assert len(wanted) == sum(len(made) for made in both)
        await conn.execute("UPDATE bookings SET status = 'cancelled' WHERE status <> 'cancelled'")


async def test_nobody_waits_for_who_holds_what_only_another_needs(
    conn: Connection, other: Connection, world: World, revisions: tuple[str, str]
) -> None:
    here, there = revisions
    await conn.execute("SET lock_timeout = 0")  # or they would wait for ever
    for start, hold in enumerate(("the facility", "the user")):
        wanted = [
            new_booking(world, there, start, facility_id=world.other_room.id),
            new_booking(world, here, start, user_id=world.staff.id),
        ]
        async with other.transaction(force_rollback=True):
            if hold == "the facility":
                await facilities.lock_facilities(other, [world.room.id])
            else:
                await users.deactivate_user(other, world.staff.id)
            made = await make_bookings(conn, wanted)
        assert [True, False] == [each is not None for each in made], hold
        assert all(await make_bookings(conn, wanted[1:])), hold


async def test_nobody_waits_for_long_for_who_is_about_to_book_what_another_wants(
    conn: Connection, other: Connection, world: World, revisions: tuple[str, str]
) -> None:
    here, there = revisions
    wanted = [
        new_booking(world, there, 0, facility_id=world.other_room.id),
        new_booking(world, here, 0, user_id=world.staff.id),
    ]
    await conn.execute("SET lock_timeout = 0")  # or they would wait for ever
    async with other.transaction(force_rollback=True):
        assert await book_at_terms(other, [new_booking(world, here, 0.5)])
        with pytest.raises(LockNotAvailable):
            await book_at_terms(conn, wanted, patience=PATIENCE)
        assert [None, None] == await make_bookings(conn, wanted)
        assert TransactionStatus.IDLE == conn.info.transaction_status
    assert [0, 0, 0, 0] == await traces(conn)
    assert all(await make_bookings(conn, wanted))


async def test_who_says_not_how_long_waits_as_long_as_the_session_lets_it(
    conn: Connection, other: Connection, world: World, revisions: tuple[str, str]
) -> None:
    new = new_booking(world, revisions[0], 0)
    await conn.execute("SET lock_timeout = '50ms'")
    async with other.transaction(force_rollback=True):
        assert await book_at_terms(other, [new])
        with pytest.raises(LockNotAvailable):
            await book_at_terms(conn, [new])


@pytest.mark.parametrize("title", [" ", "a\0b"])
async def test_what_the_database_refuses_is_nobodys_and_leaves_the_connection_as_it_was(
    conn: Connection, world: World, revisions: tuple[str, str], title: str
) -> None:
    here, _ = revisions
    wanted = [new_booking(world, here, 0), new_booking(world, here, 1, title=title)]
    assert [None, None] == await make_bookings(conn, wanted)
    assert [0, 0, 0, 0] == await traces(conn)
    assert all(await make_bookings(conn, wanted[:1]))


async def test_no_other_error_is_taken_for_a_refusal(
    conn: Connection, other: Connection, world: World, revisions: tuple[str, str]
) -> None:
    new = new_booking(world, revisions[0], 0)
    await conn.execute("SELECT pg_terminate_backend(%s)", [other.info.backend_pid])
    for _ in range(2):  # PostgreSQL's own last word, and then none
        with pytest.raises(OperationalError):
            await make_bookings(other, [new])
    await conn.execute("SET default_transaction_read_only = on")
    with pytest.raises(ReadOnlySqlTransaction):
        await make_bookings(conn, [new])
    assert [0, 0, 0, 0] == await traces(conn)


async def test_those_that_come_together_share_a_transaction(
    pool: Pool, conn: Connection, world: World, revisions: tuple[str, str]
) -> None:
    here, _ = revisions
    together = Together(pool, make_bookings, lambda _: 8)  # eight of them are 64
    made = await asyncio.gather(
        *[together.ask(new_booking(world, here, number)) for number in range(12)]
    )
    assert 12 == (await traces(conn))[0]
    assert 2 == len({each.transaction_id for each in made if each is not None})
