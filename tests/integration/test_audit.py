"""The audit log: one row for each change, whoever made it, and none that can be altered."""

from dataclasses import dataclass
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
    """Every row of the log of bookings or facilities, oldest first."""
    return await _rows(conn, f"{noun}_audit")


async def _rows(conn: Connection, table: str) -> Log:
    cursor = conn.cursor(row_factory=psycopg.rows.dict_row)
    await cursor.execute(SQL("SELECT * FROM {} ORDER BY id").format(Identifier(table)))
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
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 0,
        "booked_by": None,
        "decide_by": None,
        "cancellation_cause": None,
        "change_reason": None,
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


LOGS = ["booking_audit", "facility_audit", "audit_log"]


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET request_id = 'forged'",
        "DELETE FROM {}",
        "TRUNCATE {}",
    ],
)
async def test_the_log_only_grows(conn: Connection, world: World, statement: str, log: str) -> None:
    await book(conn, world, at(0), at(1))
    before = await _rows(conn, log)
    assert before != []

    with pytest.raises(RestrictViolation, match=f"^{log} takes no .*only grows"):
        await conn.execute(statement.format(log).encode())

    assert before == await _rows(conn, log)


async def _anonymising(conn: Connection, statement: str, *, word: str = "on") -> None:
    """The statement, in a transaction that says that it takes somebody's name out."""
    async with conn.transaction():
        await conn.execute("SELECT set_config('holdfast.anonymising', %s, true)", [word])
        await conn.execute(statement.encode())


@pytest.mark.parametrize("log", ["booking_audit", "audit_log"])
async def test_a_transaction_that_anonymises_may_change_the_log(
    conn: Connection, world: World, log: str
) -> None:
    await book(conn, world, at(0), at(1))
    forget = f"UPDATE {log} SET new_values = '{{}}'"  # noqa: S608 - the test's own table

    await _anonymising(conn, forget)

    assert {"{}"} == {str(row["new_values"]) for row in await _rows(conn, log)}
    with pytest.raises(RestrictViolation, match="only grows"):
        await conn.execute(forget.encode())  # the setting ended with its transaction


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}"])
async def test_a_transaction_that_anonymises_may_not_take_rows_away(
    conn: Connection, world: World, statement: str, log: str
) -> None:
    await book(conn, world, at(0), at(1))
    before = await _rows(conn, log)

    with pytest.raises(RestrictViolation, match="only grows"):
        await _anonymising(conn, statement.format(log))

    assert before == await _rows(conn, log)


@pytest.mark.parametrize("word", ["off", "", "ON", "true"])
async def test_only_the_word_that_says_so_opens_the_log(
    conn: Connection, world: World, word: str
) -> None:
    await book(conn, world, at(0), at(1))

    with pytest.raises(RestrictViolation, match="only grows"):
        await _anonymising(conn, "UPDATE audit_log SET request_id = NULL", word=word)


async def test_the_log_of_facilities_names_nobody_and_is_never_changed(
    conn: Connection, world: World
) -> None:
    before = await _log(conn, "facility")

    with pytest.raises(RestrictViolation, match="only grows"):
        await _anonymising(conn, "UPDATE facility_audit SET request_id = 'forged'")

    assert before == await _log(conn, "facility")
    assert before[0]["new_values"]["id"] == world.room.id


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


# What is neither a booking nor a facility


@dataclass(frozen=True, slots=True)
class Life:
    """How a record of a table comes to be, is changed, and goes."""

    record_type: str
    insert: str
    update: str
    delete: str
    is_numbered: bool = True
    left_out: frozenset[str] = frozenset()


LIVES = {
    "sites": Life(
        "site",
        "INSERT INTO sites (name, time_zone) VALUES ('Hill', 'UTC')",
        "UPDATE sites SET opening_hours = '{[540,1020)}' WHERE name = 'Hill'",
        "DELETE FROM sites WHERE name = 'Hill'",
    ),
    "closures": Life(
        "closure",
        "INSERT INTO closures (start_time, end_time, reason)"
        " VALUES ('2030-06-03 12:00+00', '2030-06-03 13:00+00', 'Painting')",
        "UPDATE closures SET reason = 'Still painting'",
        "DELETE FROM closures",
    ),
    "users": Life(
        "user",
        "INSERT INTO users (username) VALUES ('noah')",
        "UPDATE users SET is_staff = true WHERE username = 'noah'",
        "DELETE FROM users WHERE username = 'noah'",
    ),
    "user_tokens": Life(
        "user_token",
        "INSERT INTO user_tokens (user_id, token_hash, token_prefix, name)"
        " SELECT id, sha256('hf_noah'), 'hf_noah1', 'Laptop' FROM users WHERE username = 'mia'",
        "UPDATE user_tokens SET name = 'Phone' WHERE token_prefix = 'hf_noah1'",
        "DELETE FROM user_tokens WHERE token_prefix = 'hf_noah1'",
        left_out=frozenset({"token_hash", "issues_until"}),
    ),
    "user_groups": Life(
        "user_group",
        "INSERT INTO user_groups (name) VALUES ('Rowers')",
        "UPDATE user_groups SET name = 'Divers' WHERE name <> 'Crew'",
        "DELETE FROM user_groups WHERE name <> 'Crew'",
    ),
    "user_group_members": Life(
        "user_group_member",
        "INSERT INTO user_group_members SELECT g.id, u.id FROM user_groups AS g, users AS u"
        " WHERE g.name = 'Crew' AND u.username = 'mia'",
        "UPDATE user_group_members SET user_id = u.id FROM users AS u WHERE u.username = 'sam'",
        "DELETE FROM user_group_members",
        is_numbered=False,
    ),
    "facility_user_groups": Life(
        "facility_user_group",
        "INSERT INTO facility_user_groups SELECT f.id, g.id FROM facilities AS f, user_groups AS g"
        " WHERE f.name = 'Room 1' AND g.name = 'Crew'",
        "UPDATE facility_user_groups SET facility_id = f.id FROM facilities AS f"
        " WHERE f.name = 'Room 2'",
        "DELETE FROM facility_user_groups",
        is_numbered=False,
    ),
    "site_staff": Life(
        "site_staff",
        "INSERT INTO site_staff SELECT u.id, s.id FROM users AS u, sites AS s"
        " WHERE u.username = 'mia' AND s.name = 'Harbour'",
        "UPDATE site_staff SET user_id = u.id FROM users AS u WHERE u.username = 'sam'",
        "DELETE FROM site_staff",
        is_numbered=False,
    ),
    "facility_groups": Life(
        "facility_group",
        "INSERT INTO facility_groups (name) VALUES ('Boats')",
        "UPDATE facility_groups SET name = 'Ships' WHERE name <> 'Courts'",
        "DELETE FROM facility_groups WHERE name <> 'Courts'",
    ),
    "facility_group_members": Life(
        "facility_group_member",
        "INSERT INTO facility_group_members SELECT g.id, f.id"
        " FROM facility_groups AS g, facilities AS f"
        " WHERE g.name = 'Courts' AND f.name = 'Room 1'",
        "UPDATE facility_group_members SET facility_id = f.id FROM facilities AS f"
        " WHERE f.name = 'Room 2'",
        "DELETE FROM facility_group_members",
        is_numbered=False,
    ),
    "quotas": Life(
        "quota",
        "INSERT INTO quotas (max_active_bookings) VALUES (3)",
        "UPDATE quotas SET max_hours_per_week = 10",
        "DELETE FROM quotas",
    ),
}

LOGGED_APART = {"bookings", "facilities"}
NOT_LOGGED = {
    *LOGS,
    "idempotency_keys",  # answers that were given, and are forgotten in a day
    "booking_conflicts",  # a log itself
    "changes",  # a log itself
    "changes_pruned",  # how far that reaches back
    "sign_in_links",  # gone within a day; the sessions they open are tokens, and logged
    "visit_counts",  # nobody's doing
    "facility_terms",  # another number for each version of what is logged
}


@pytest.fixture
async def groups(conn: Connection, world: World) -> None:
    """A group of users and one of facilities, beside the world."""
    assert world.room.name == "Room 1"
    await conn.execute("INSERT INTO user_groups (name) VALUES ('Crew')")
    await conn.execute("INSERT INTO facility_groups (name) VALUES ('Courts')")


async def test_every_table_is_logged_or_known_not_to_be(conn: Connection) -> None:
    tables = await conn.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind = 'r' AND relname NOT LIKE '%yoyo%'"
    )
    assert set(LIVES) | LOGGED_APART | NOT_LOGGED == {name for (name,) in await tables.fetchall()}
    logged = await conn.execute(
        "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid = 'audit_record'::regproc"
    )
    assert sorted(LIVES) == sorted(name for (name,) in await logged.fetchall())


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize("table", LIVES)
async def test_a_record_leaves_a_row_for_each_thing_that_happens_to_it(
    pool: Pool, conn: Connection, world: World, table: str
) -> None:
    life = LIVES[table]
    before = await _rows(conn, "audit_log")
    states = []
    for number, statement in enumerate((life.insert, life.update, life.delete)):
        async with transaction(pool, actor_id=world.staff.id, request_id=f"r-{number}") as writing:
            states += await _states(writing, f"{statement} RETURNING to_jsonb({table}.*)")
    made, changed, deleted = (
        {name: value for name, value in state.items() if name not in life.left_out}
        for state in states
    )

    rows = (await _rows(conn, "audit_log"))[len(before) :]

    record_id = made["id"] if life.is_numbered else None
    assert changed == deleted
    assert [
        ("created", None, made, "r-0"),
        ("updated", made, changed, "r-1"),
        ("deleted", changed, None, "r-2"),
    ] == [(row["action"], row["old_values"], row["new_values"], row["request_id"]) for row in rows]
    assert {(life.record_type, record_id, world.staff.id)} == {
        (row["record_type"], row["record_id"], row["changed_by"]) for row in rows
    }
    assert [row["changed_at"] for row in rows] == sorted(row["changed_at"] for row in rows)


async def _states(conn: Connection, statement: str) -> list[dict[str, Any]]:
    """The one record that the statement returns, as JSON writes it in UTC."""
    await conn.execute("SET LOCAL timezone = 'UTC'")
    ((state,),) = await (await conn.execute(statement.encode())).fetchall()
    return [state]


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize("table", LIVES)
async def test_direct_sql_is_logged_with_no_actor(conn: Connection, table: str) -> None:
    life = LIVES[table]
    before = await _rows(conn, "audit_log")

    for statement in (life.insert, life.update, life.delete):
        await conn.execute(statement.encode())

    rows = (await _rows(conn, "audit_log"))[len(before) :]
    assert [("created", None, None), ("updated", None, None), ("deleted", None, None)] == [
        (row["action"], row["changed_by"], row["request_id"]) for row in rows
    ]


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize("table", LIVES)
async def test_an_update_that_changes_nothing_is_not_logged(conn: Connection, table: str) -> None:
    life = LIVES[table]
    await conn.execute(life.insert.encode())
    await conn.execute(life.update.encode())
    before = await _rows(conn, "audit_log")

    cursor = await conn.execute(life.update.encode())

    assert cursor.rowcount == 1
    assert before == await _rows(conn, "audit_log")


async def test_a_token_is_logged_without_its_secret(conn: Connection, world: World) -> None:
    assert world.member.username == "mia"
    await conn.execute(LIVES["user_tokens"].insert.encode())

    ((values,),) = await (
        await conn.execute("SELECT new_values FROM audit_log WHERE record_type = 'user_token'")
    ).fetchall()

    # Exactly these: another column may be another secret.
    columns = {"id", "user_id", "name", "token_prefix", "scopes", "expires_at", "created_at"}
    assert columns == values.keys()


@pytest.mark.usefixtures("groups")
async def test_what_goes_with_a_group_is_logged_too(conn: Connection) -> None:
    await conn.execute(LIVES["user_group_members"].insert.encode())
    before = await _rows(conn, "audit_log")

    await conn.execute("DELETE FROM user_groups")

    rows = (await _rows(conn, "audit_log"))[len(before) :]
    assert [("user_group", "deleted"), ("user_group_member", "deleted")] == sorted(
        (row["record_type"], row["action"]) for row in rows
    )


@pytest.mark.usefixtures("groups")
async def test_nothing_leads_a_row_of_the_log_astray(conn: Connection) -> None:
    before = await _rows(conn, "audit_log")
    await conn.execute("CREATE TEMPORARY TABLE audit_log (LIKE public.audit_log)")
    await conn.execute("SET search_path = ''")
    await conn.execute("SET timezone = 'Asia/Kathmandu'")
    await conn.execute("INSERT INTO public.sites (name, time_zone) VALUES ('Hill', 'UTC')")

    cursor = await conn.execute(
        "SELECT new_values ->> 'created_at' FROM public.audit_log ORDER BY id DESC LIMIT 1"
    )
    ((created_at,),) = await cursor.fetchall()
    assert created_at.endswith("+00:00")
    cursor = await conn.execute("SELECT count(*) FROM public.audit_log")
    assert await cursor.fetchone() == (len(before) + 1,)


async def test_who_acts_and_does_not_exist_makes_the_write_fail(pool: Pool, world: World) -> None:
    assert world.site.name == "Harbour"
    with pytest.raises(ForeignKeyViolation, match="audit_log_changed_by_fkey"):
        async with transaction(pool, actor_id=999_999, request_id=None) as writing:
            await writing.execute("UPDATE sites SET opening_hours = '{}'")


async def _retitle(conn: Connection, row: bookings.BookingRow, title: str) -> bookings.BookingRow:
    await conn.execute("UPDATE bookings SET title = %s WHERE id = %s", [title, row.id])
    changed = await bookings.get_booking(conn, row.id)
    assert changed is not None
    return changed


async def _archive(conn: Connection, row: facilities.FacilityRow) -> facilities.FacilityRow:
    return await _update(conn, row, "archived")


async def _update(
    conn: Connection, row: facilities.FacilityRow, status: str
) -> facilities.FacilityRow:
    await conn.execute("UPDATE facilities SET status = %s WHERE id = %s", [status, row.id])
    changed = await facilities.get_facility(conn, row.id)
    assert changed is not None
    return changed
