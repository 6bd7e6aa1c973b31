"""The audit log: one row for each change, whoever made it, and none that can be altered."""

from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg.errors import ForeignKeyViolation, RestrictViolation
from psycopg.sql import SQL, Identifier

from sql import bookings, facilities
from sql.pool import Connection, Pool, transaction

from .world import World, at, book

pytestmark = pytest.mark.anyio

Log = list[dict[str, Any]]


async def _log(conn: Connection, noun: str = "booking") -> Log:
    """Every row of the log, oldest first."""
    cursor = conn.cursor(row_factory=psycopg.rows.dict_row)
    await cursor.execute(SQL("SELECT * FROM {} ORDER BY id").format(Identifier(f"{noun}_audit")))
    return await cursor.fetchall()


async def _new(conn: Connection, before: Log, noun: str = "booking") -> Log:
    return (await _log(conn, noun))[len(before) :]


async def test_a_booking_leaves_a_row_for_each_thing_that_happens_to_it(
    pool: Pool, conn: Connection, world: World
) -> None:
    async with transaction(pool, actor_id=world.member.id, request_id="r-1") as writing:
        made = await book(writing, world, at(0), at(1))
    async with transaction(pool, actor_id=world.staff.id, request_id="r-2") as writing:
        await _retitle(writing, made, "Retro")
    async with transaction(pool, actor_id=world.member.id, request_id="r-3") as writing:
        await bookings.cancel_booking(writing, made.id)

    rows = await bookings.list_history(conn, booking_id=made.id, after_id=None, limit=10)

    assert [
        ("created", "mia", "Mia Miller", "r-1"),
        ("updated", "sam", None, "r-2"),
        ("cancelled", "mia", "Mia Miller", "r-3"),
    ] == [
        (row.action, row.changed_by_username, row.changed_by_display_name, row.request_id)
        for row in rows
    ]
    assert [row.id for row in rows] == sorted(row.id for row in rows)
    assert [row.changed_at for row in rows] == sorted(row.changed_at for row in rows)


async def test_a_row_holds_the_values_before_and_after(conn: Connection, world: World) -> None:
    made = await book(conn, world, at(0), at(1))
    changed = await _retitle(conn, made, "Retro")

    first, second = await bookings.list_history(conn, booking_id=made.id, after_id=None, limit=10)

    expected = {
        "id": made.id,
        "facility_id": world.room.id,
        "user_id": world.member.id,
        "start_time": "2030-06-03T12:00:00+00:00",
        "end_time": "2030-06-03T13:00:00+00:00",
        "title": "Standup",
        "description": None,
        "attendee_count": 2,
        "status": "confirmed",
        "created_at": _json(made.created_at),
        "updated_at": _json(made.updated_at),
    }
    assert first.old_values is None
    assert first.new_values == expected
    assert second.old_values == expected
    assert second.new_values == expected | {
        "title": "Retro",
        "updated_at": _json(changed.updated_at),
    }


def _json(instant: datetime) -> str:
    """The instant as PostgreSQL writes it: without noughts at the end of its seconds."""
    fraction = f".{instant.microsecond:06}".rstrip("0").rstrip(".")
    return f"{instant:%Y-%m-%dT%H:%M:%S}{fraction}+00:00"


async def test_a_facility_has_a_log_of_its_own(pool: Pool, conn: Connection, world: World) -> None:
    before = await _log(conn, "facility")
    async with transaction(pool, actor_id=world.staff.id, request_id="r-1") as writing:
        await _archive(writing, world.room)

    (row,) = await _new(conn, before, "facility")

    assert (row["facility_id"], row["action"]) == (world.room.id, "updated")
    assert (row["changed_by"], row["request_id"]) == (world.staff.id, "r-1")
    assert (row["old_values"]["status"], row["new_values"]["status"]) == ("active", "archived")
    assert "search_text" not in row["new_values"]


async def test_a_change_that_changes_nothing_is_none(conn: Connection, world: World) -> None:
    made = await book(conn, world, at(0), at(1))
    log, facility_log = await _log(conn), await _log(conn, "facility")

    again = await _retitle(conn, made, made.title)
    same_room = await _update(conn, world.room, "active")

    assert made == again
    assert world.room == same_room
    assert await _new(conn, log) == []
    assert await _new(conn, facility_log, "facility") == []


async def test_cancelling_twice_leaves_one_row(conn: Connection, world: World) -> None:
    made = await book(conn, world, at(0), at(1))
    log = await _log(conn)

    first = await bookings.cancel_booking(conn, made.id)
    second = await bookings.cancel_booking(conn, made.id)

    assert first == second
    assert [row["action"] for row in await _new(conn, log)] == ["cancelled"]


async def test_a_change_to_a_cancelled_booking_is_an_update(conn: Connection, world: World) -> None:
    made = await book(conn, world, at(0), at(1))
    await bookings.cancel_booking(conn, made.id)
    log = await _log(conn)

    await conn.execute("UPDATE bookings SET title = 'Retro'")
    await conn.execute("UPDATE bookings SET status = 'pending'")

    assert [row["action"] for row in await _new(conn, log)] == ["updated", "updated"]


async def test_direct_sql_leaves_a_row_for_each_row_it_changes_with_no_actor(
    conn: Connection, world: World
) -> None:
    await book(conn, world, at(0), at(1))
    await book(conn, world, at(1), at(2))
    log = await _log(conn)

    await conn.execute("UPDATE bookings SET attendee_count = attendee_count + 1")

    rows = await _new(conn, log)
    assert [row["action"] for row in rows] == ["updated", "updated"]
    assert {(row["changed_by"], row["request_id"]) for row in rows} == {(None, None)}


async def test_copy_leaves_a_row_for_each_row_it_brings(conn: Connection, world: World) -> None:
    columns = "facility_id, user_id, start_time, end_time, title"
    async with conn.cursor().copy(f"COPY bookings ({columns}) FROM STDIN".encode()) as copy:
        for hour in range(3):
            await copy.write_row(
                (world.room.id, world.member.id, at(hour), at(hour + 1), f"Lecture {hour}")
            )

    rows = await _log(conn)
    assert [("created", f"Lecture {hour}") for hour in range(3)] == [
        (row["action"], row["new_values"]["title"]) for row in rows
    ]


async def test_an_insert_that_finds_its_period_taken_leaves_no_row(
    conn: Connection, world: World
) -> None:
    await book(conn, world, at(0), at(1))
    log = await _log(conn)

    with pytest.raises(AssertionError, match="taken"):
        await book(conn, world, at(0), at(1))

    assert await _new(conn, log) == []


async def test_what_is_rolled_back_leaves_no_row(
    pool: Pool, conn: Connection, world: World
) -> None:
    async def give_up() -> None:
        async with transaction(pool, actor_id=world.member.id, request_id="r-1") as writing:
            await book(writing, world, at(0), at(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await give_up()

    assert await _log(conn) == []


async def test_the_actor_ends_with_the_transaction(
    pool: Pool, conn: Connection, world: World
) -> None:
    async with transaction(pool, actor_id=world.member.id, request_id="r-1") as writing:
        await book(writing, world, at(0), at(1))
        pid = writing.info.backend_pid
    async with transaction(pool, actor_id=None, request_id=None) as writing:
        assert pid == writing.info.backend_pid, "the test needs the same connection"
        await book(writing, world, at(1), at(2))

    assert [(world.member.id, "r-1"), (None, None)] == [
        (row["changed_by"], row["request_id"]) for row in await _log(conn)
    ]


async def test_an_actor_who_does_not_exist_makes_the_write_fail(
    pool: Pool, conn: Connection, world: World
) -> None:
    with pytest.raises(ForeignKeyViolation, match="booking_audit_changed_by_fkey"):
        async with transaction(pool, actor_id=999_999, request_id=None) as writing:
            await book(writing, world, at(0), at(1))

    assert await bookings.get_booking(conn, 1) is None


@pytest.mark.parametrize("noun", ["booking", "facility"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET request_id = 'forged'",
        "DELETE FROM {}",
        "TRUNCATE {}",
    ],
)
async def test_the_log_only_grows(
    conn: Connection, world: World, statement: str, noun: str
) -> None:
    await book(conn, world, at(0), at(1))
    log = await _log(conn, noun)

    with pytest.raises(RestrictViolation, match=f"^{noun}_audit takes no .*only grows"):
        await conn.execute(statement.format(f"{noun}_audit").encode())

    assert log == await _log(conn, noun)


@pytest.mark.parametrize(
    ("statement", "advice"),
    [
        ("DELETE FROM bookings", "cancelled"),
        ("TRUNCATE bookings CASCADE", "cancelled|only grows"),
        ("DELETE FROM facilities", "archived"),
        ("TRUNCATE facilities CASCADE", "archived|cancelled|only grows"),
    ],
)
async def test_what_has_a_history_cannot_be_removed(
    conn: Connection, world: World, statement: str, advice: str
) -> None:
    made = await book(conn, world, at(0), at(1))

    with pytest.raises(RestrictViolation, match=advice):
        await conn.execute(statement.encode())

    assert await bookings.get_booking(conn, made.id) == made


async def test_instants_are_logged_in_utc_whatever_the_sessions_time_zone(
    conn: Connection, world: World
) -> None:
    made = await book(conn, world, at(0), at(1))
    log = await _log(conn)
    await conn.execute("SET timezone = 'Asia/Kathmandu'")

    await bookings.cancel_booking(conn, made.id)

    (row,) = await _new(conn, log)
    assert row["new_values"]["start_time"] == "2030-06-03T12:00:00+00:00"


async def test_neither_a_search_path_nor_a_temporary_table_leads_a_row_astray(
    conn: Connection, world: World
) -> None:
    await conn.execute("CREATE TEMPORARY TABLE booking_audit (LIKE public.booking_audit)")
    await conn.execute("SET search_path = ''")
    await conn.execute(
        "INSERT INTO public.bookings (facility_id, user_id, start_time, end_time, title)"
        " VALUES (%s, %s, %s, %s, 'Standup')",
        [world.room.id, world.member.id, at(0), at(1)],
    )

    cursor = await conn.execute("SELECT count(*) FROM public.booking_audit")
    assert await cursor.fetchone() == (1,)


async def _retitle(conn: Connection, row: bookings.BookingRow, title: str) -> bookings.BookingRow:
    return await bookings.update_booking(
        conn,
        row.id,
        facility_id=row.facility_id,
        start_time=row.start_time,
        end_time=row.end_time,
        title=title,
        description=row.description,
        attendee_count=row.attendee_count,
    )


async def _archive(conn: Connection, row: facilities.FacilityRow) -> facilities.FacilityRow:
    return await _update(conn, row, "archived")


async def _update(
    conn: Connection, row: facilities.FacilityRow, status: str
) -> facilities.FacilityRow:
    return await facilities.update_facility(
        conn,
        row.id,
        site_id=row.site_id,
        name=row.name,
        description=row.description,
        facility_type=row.facility_type,
        capacity=row.capacity,
        amenities=row.amenities,
        time_zone=row.time_zone,
        status=status,
    )
