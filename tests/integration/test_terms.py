"""The terms that facilities are booked on: what renews them, and what they let through."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import uuid4

import pytest
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from app import migrations
from domain.periods import Period
from live.refusals import Attempt, refuse
from sql import bookings, facilities, quotas, terms, users
from sql.bookings import InTheWayRow
from sql.pool import Connection, Pool, reading
from sql.sites import insert_site
from sql.terms import MadeRow, NewBooking, RefusedRow
from tests import servers

from .world import World, add_facility, at, book, make_world, try_book

pytestmark = pytest.mark.anyio

Revisions: TypeAlias = dict[int, str]
"""The revision of each facility's terms."""

ALL = {1, 2, 3}
"""Two facilities of the first site and one of the second."""


async def make_town(conn: Connection) -> World:
    """The world with a second site, a facility there, and groups: ids count from one.

    The first group of facilities has a quota, and the first facility and the third in it; the
    second has neither.
    """
    world = await make_world(conn)
    hill = await insert_site(conn, name="Hill", time_zone="Europe/Berlin")
    third = await add_facility(conn, hill, "Room 3")
    assert [1, 2, 3] == [world.room.id, world.other_room.id, third.id]
    await conn.execute("INSERT INTO user_groups (name) VALUES ('Chemists'), ('Rowers')")
    await conn.execute("INSERT INTO facility_groups (name) VALUES ('Pair'), ('None')")
    await conn.execute("INSERT INTO facility_group_members VALUES (1, 1), (1, 3)")
    await conn.execute("INSERT INTO quotas (facility_group_id, max_active_bookings) VALUES (1, 9)")
    return world


@pytest.fixture
async def town(conn: Connection) -> World:
    """The town, in a database of the test's own."""
    return await make_town(conn)


@pytest.fixture(scope="module")
def shared_town(server: str, template: str) -> Iterator[str]:
    """The DSN of a database with the town, in which nothing may be committed."""

    async def furnish(dsn: str) -> None:
        async with await AsyncConnection.connect(dsn, autocommit=True) as conn:
            await make_town(conn)

    with servers.clone(server, template) as dsn:
        asyncio.run(furnish(dsn))
        yield dsn


@pytest.fixture
async def passing(shared_town: str) -> AsyncIterator[Connection]:
    """A connection to the shared town, in a transaction that is rolled back."""
    async with (
        await AsyncConnection.connect(shared_town, autocommit=True) as conn,
        conn.transaction(force_rollback=True),
    ):
        yield conn


async def revisions(conn: Connection) -> Revisions:
    """The present ones."""
    cursor = await conn.execute("SELECT facility_id, revision::text FROM facility_terms")
    return {facility_id: revision for facility_id, revision in await cursor.fetchall()}  # noqa: C416 - typed


async def renewed(conn: Connection, before: Revisions) -> set[int]:
    """The facilities whose terms are others than they were, new ones among them."""
    return {
        each for each, revision in (await revisions(conn)).items() if before.get(each) != revision
    }


# What renews them


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is done, after something else, and the facilities that it concerns."""

    statement: str
    facilities: set[int]
    after: str = ""

    def __str__(self) -> str:
        """What is done, as a test's id."""
        return f"{self.after}; {self.statement}" if self.after else self.statement


def closing(scope: str) -> str:
    """Close a facility or a site, or everything (``"NULL, NULL"``)."""
    columns = "facility_id, site_id, start_time, end_time, reason"
    return f"INSERT INTO closures ({columns}) VALUES ({scope}, '2030-06-04', '2030-06-05', 'Work')"  # noqa: S608 - the scopes below


def limiting(scope: str) -> str:
    """Set a quota on a facility or a group, or on all (``"NULL, NULL"``)."""
    columns = "facility_id, facility_group_id, max_active_bookings"
    return f"INSERT INTO quotas ({columns}) VALUES ({scope}, 5)"  # noqa: S608 - the scopes below


ONE, SITE, EVERYTHING = "2, NULL", "NULL, 1", "NULL, NULL"

CHANGES = (
    # The facility and its site
    Change("UPDATE facilities SET capacity = 9 WHERE id = 1", {1}),
    Change("UPDATE facilities SET status = 'archived' WHERE id = 2", {2}),
    Change("UPDATE facilities SET site_id = 2 WHERE id = 1", {1}),
    Change("UPDATE facilities SET requires_approval = TRUE WHERE site_id = 1", {1, 2}),
    Change("UPDATE sites SET opening_hours = '{[0,600)}' WHERE id = 1", {1, 2}),
    Change("UPDATE sites SET name = 'Summit' WHERE id = 2", {3}),
    # Who may book it
    Change("INSERT INTO facility_user_groups VALUES (1, 1)", {1}),
    Change(
        "DELETE FROM facility_user_groups",
        {1, 3},
        "INSERT INTO facility_user_groups VALUES (1, 1), (3, 2)",
    ),
    Change(
        "UPDATE facility_user_groups SET facility_id = 3",
        {1, 3},
        "INSERT INTO facility_user_groups VALUES (1, 1)",
    ),
    # What closes it
    Change(closing(ONE), {2}),
    Change(closing(SITE), {1, 2}),
    Change(closing(EVERYTHING), ALL),
    Change("UPDATE closures SET end_time = '2030-06-06'", {2}, closing(ONE)),
    Change("UPDATE closures SET facility_id = 3", {2, 3}, closing(ONE)),
    Change("UPDATE closures SET facility_id = NULL, site_id = 2", {2, 3}, closing(ONE)),
    Change("UPDATE closures SET facility_id = NULL", ALL, closing(ONE)),
    Change("UPDATE closures SET start_time = '2030-06-03'", {1, 2}, closing(SITE)),
    Change("UPDATE closures SET site_id = 2", ALL, closing(SITE)),
    Change("UPDATE closures SET site_id = NULL, facility_id = 2", {1, 2}, closing(SITE)),
    Change("UPDATE closures SET facility_id = 2", ALL, closing(EVERYTHING)),
    Change("DELETE FROM closures", {2}, closing(ONE)),
    Change("DELETE FROM closures", {1, 2}, closing(SITE)),
    Change("DELETE FROM closures", ALL, closing(EVERYTHING)),
    Change("TRUNCATE closures", ALL, closing(ONE)),
    # Whether a quota covers it
    Change(limiting(ONE), {2}),
    Change(limiting("NULL, 1"), {1, 3}, "DELETE FROM quotas"),
    Change(limiting(EVERYTHING), ALL),
    Change("UPDATE quotas SET facility_id = 1 WHERE facility_id = 2", {1, 2}, limiting(ONE)),
    Change("UPDATE quotas SET facility_group_id = NULL, facility_id = 2", ALL),
    Change("UPDATE quotas SET facility_group_id = 2", {1, 3}),
    Change("UPDATE quotas SET facility_id = 2 WHERE id > 1", ALL, limiting(EVERYTHING)),
    Change("UPDATE quotas SET facility_id = NULL WHERE id > 1", ALL, limiting(ONE)),
    Change("DELETE FROM quotas WHERE id > 1", {2}, limiting(ONE)),
    Change("DELETE FROM quotas", {1, 3}),
    Change("DELETE FROM quotas WHERE id > 1", ALL, limiting(EVERYTHING)),
    Change("TRUNCATE quotas", ALL),
    Change("INSERT INTO facility_group_members VALUES (1, 2)", {2}),
    Change("DELETE FROM facility_group_members WHERE facility_id = 1", {1}),
    Change("UPDATE facility_group_members SET facility_id = 2 WHERE facility_id = 3", {2, 3}),
    Change("UPDATE facility_group_members SET facility_group_id = 2 WHERE facility_id = 1", {1}),
    Change(
        "DELETE FROM facility_groups WHERE id = 2",
        {2},
        "INSERT INTO facility_group_members VALUES (2, 2)",
    ),
)

BOOKING = (
    "INSERT INTO bookings (facility_id, user_id, start_time, end_time, title, status)"
    " VALUES (1, 1, '2030-06-03 12:00+00', '2030-06-03 13:00+00', 'Stand-up', 'pending')"
)

CONFLICT = (
    "INSERT INTO booking_conflicts (facility_id, user_id, start_time, end_time)"
    " VALUES (1, 1, '2030-06-03 12:00+00', '2030-06-03 13:00+00')"
)

NO_CHANGES = (
    BOOKING,
    "UPDATE bookings SET status = 'confirmed', start_time = '2030-06-03 12:30+00'",
    "UPDATE bookings SET status = 'cancelled'",
    CONFLICT,
    "INSERT INTO users (username) VALUES ('eve')",
    "UPDATE users SET display_name = 'M'",
    "UPDATE users SET deactivated_at = now()",
    "INSERT INTO user_group_members VALUES (1, 1)",
    "INSERT INTO site_staff VALUES (1, 1)",
    "UPDATE user_groups SET name = 'Choir' WHERE id = 1",
    "UPDATE facility_groups SET name = 'Couple' WHERE id = 1",
    "INSERT INTO facility_groups (name) VALUES ('Third')",
    "INSERT INTO sites (name, time_zone) VALUES ('Valley', 'Europe/Berlin')",
)


@pytest.mark.parametrize("change", CHANGES, ids=str)
async def test_whatever_a_booking_is_judged_by_renews_the_terms_of_what_it_concerns(
    passing: Connection, change: Change
) -> None:
    if change.after:
        await passing.execute(change.after.encode())
    before = await revisions(passing)
    await passing.execute(change.statement.encode())
    assert change.facilities == await renewed(passing, before)
    assert ALL == before.keys() == (await revisions(passing)).keys()


async def test_nothing_else_renews_any(passing: Connection) -> None:
    before = await revisions(passing)
    for statement in NO_CHANGES:
        cursor = await passing.execute(statement.encode())
        assert cursor.rowcount > 0, statement
        assert set() == await renewed(passing, before), statement


async def test_a_new_facility_has_terms_of_its_own(conn: Connection, town: World) -> None:
    before = await revisions(conn)
    new = await add_facility(conn, town.site, "Room 4")
    assert {new.id} == await renewed(conn, before)
    found = await terms_of(conn, new.id)
    assert (await revisions(conn))[new.id] == found.revision
    assert len(set((await revisions(conn)).values())) == 4


async def test_terms_are_never_those_of_before_though_all_is_as_it_was(
    conn: Connection, town: World
) -> None:
    seen = [(await revisions(conn))[town.room.id]]
    for capacity in (9, 8, 9, 8):
        await conn.execute("UPDATE facilities SET capacity = %s WHERE id = 1", [capacity])
        seen.append((await revisions(conn))[town.room.id])
    assert 5 == len(set(seen))


async def test_what_is_rolled_back_renews_nothing(conn: Connection, town: World) -> None:
    assert town.room.id
    before = await revisions(conn)
    async with conn.transaction(force_rollback=True):
        await conn.execute(closing(EVERYTHING).encode())
        assert ALL == await renewed(conn, before)
    assert set() == await renewed(conn, before)


async def test_the_migration_goes_back_and_forward_under_data_and_the_terms_are_new(
    dsn: str, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await make_world(conn)
    before = await revisions(conn)
    everything = migrations._all()  # noqa: SLF001 - whoever runs the service runs them all
    with monkeypatch.context() as patched:
        last = everything.filter(lambda migration: migration.id >= "0014")
        patched.setattr(migrations, "_all", lambda: last)
        gone = await asyncio.to_thread(migrations.rollback_all, dsn)
    assert "0014_facility_terms" in gone
    # What fired triggers before, fires none that are left over.
    await conn.execute(closing(EVERYTHING).encode())
    await conn.execute("UPDATE facilities SET capacity = 9")
    third = await add_facility(conn, world.site, "Room 3")
    assert gone[::-1] == await asyncio.to_thread(migrations.migrate, dsn)
    assert {world.room.id, world.other_room.id, third.id} == await renewed(conn, before)


# At these terms


async def terms_of(conn: Connection, facility_id: int) -> terms.TermsRow:
    """The terms of a facility, for the days on which these tests book."""
    row = await terms.get_terms(conn, facility_id=facility_id, start_time=at(-48), end_time=at(240))
    assert row is not None
    return row


async def revision_of(conn: Connection, facility_id: int) -> str:
    """The revision of the terms of a facility."""
    found = (await terms_of(conn, facility_id)).revision
    assert found is not None
    return found


def new_booking(world: World, revision: str | None, start: float = 0, **more: Any) -> NewBooking:
    """Room 1 for an hour, for the member, unless ``more`` says otherwise."""
    given: dict[str, Any] = {
        "request_id": "request-1",
        "facility_id": world.room.id,
        "user_id": world.member.id,
        "start_time": at(start),
        "end_time": at(start + 1),
        "title": "Stand-up",
        "description": None,
        "attendee_count": 2,
        "status": "confirmed",
        "decide_by": None,
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 0,
    }
    return NewBooking(revision=revision, **given | more)


async def at_terms(
    conn: Connection, world: World, revision: str | None, start: float = 0, **more: Any
) -> MadeRow | None:
    """A new booking, made by itself."""
    made = await terms.book_at_terms(conn, [new_booking(world, revision, start, **more)])
    assert len(made) < 2
    return made[0] if made else None


async def traces(conn: Connection) -> list[int]:
    """How many bookings there are, and rows that tell of any."""
    tables = ("bookings", "booking_audit", "booking_conflicts", "changes WHERE booking_id > 0")
    counts = []
    for table in tables:
        cursor = await conn.execute(f"SELECT count(*) FROM {table}".encode())  # noqa: S608 - these
        row = await cursor.fetchone()
        assert row is not None
        counts.append(int(row[0]))
    return counts


async def test_a_booking_at_the_terms_as_they_are_is_stored_as_it_is_asked_for(
    conn: Connection, world: World
) -> None:
    made = await at_terms(
        conn,
        world,
        await revision_of(conn, world.room.id),
        description="About\nnothing",
        attendee_count=7,
        status="pending",
        decide_by=at(-3),
        buffer_before_minutes=15,
        buffer_after_minutes=45,
    )
    assert made is not None
    row = await bookings.get_booking(conn, made.id)
    assert row is not None
    assert (world.room.id, world.member.id) == (row.facility_id, row.user_id)
    assert (at(0), at(1)) == (row.start_time, row.end_time)
    assert ("Stand-up", "About\nnothing", 7) == (row.title, row.description, row.attendee_count)
    assert ("pending", at(-3)) == (row.status, row.decide_by)
    assert (15, 45) == (row.buffer_before_minutes, row.buffer_after_minutes)
    assert (None, None, None) == (row.booked_by_id, row.cancellation_cause, row.change_reason)
    assert (row.created_at, row.updated_at) == (made.created_at, made.updated_at)
    assert (row.username, row.user_display_name) == (made.username, made.display_name)
    (way,) = await in_the_way(conn, world, at(-9), at(9))
    assert (at(-0.25), at(1.75)) == (way.occupied_from, way.occupied_until)


async def test_a_booking_is_all_there_is_as_one_made_step_by_step(
    conn: Connection, world: World
) -> None:
    made = await at_terms(conn, world, await revision_of(conn, world.room.id))
    other = await try_book(conn, world, at(0), at(1), world.other_room.id, title="Stand-up")
    assert made is not None
    assert other is not None
    query = """
        SELECT (to_jsonb(b) - '{id, facility_id, created_at, updated_at}'::text[])::text
          FROM bookings AS b
         WHERE id = %s
    """
    (first,) = await (await conn.execute(query, [made.id])).fetchall()
    (second,) = await (await conn.execute(query, [other.id])).fetchall()
    assert second == first


async def test_the_audit_knows_whose_doing_it_is_and_for_which_request(
    conn: Connection, world: World
) -> None:
    made = await at_terms(conn, world, await revision_of(conn, world.room.id), request_id="ask-7")
    assert made is not None
    rows = await bookings.list_history(conn, booking_id=made.id, after_id=None, limit=9)
    assert [("created", world.member.id, "ask-7")] == [
        (row.action, row.changed_by_id, row.request_id) for row in rows
    ]


async def test_the_transaction_that_it_tells_of_is_the_one_that_is_told_of_it(
    conn: Connection, world: World
) -> None:
    revision = await revision_of(conn, world.room.id)
    for start in (0, 1):
        made = await at_terms(conn, world, revision, start)
        assert made is not None
        cursor = await conn.execute(
            "SELECT transaction_id::text::int8 FROM changes WHERE booking_id = %s", [made.id]
        )
        assert [(made.transaction_id,)] == await cursor.fetchall()


async def test_it_is_a_transaction_of_its_own_that_leaves_nothing_behind(
    pool: Pool, conn: Connection, world: World
) -> None:
    revision = await revision_of(conn, world.room.id)
    async with reading(pool) as other:
        for start in (0, 0, 1):  # the second of which is refused
            await at_terms(conn, world, revision, start)
            assert TransactionStatus.IDLE == conn.info.transaction_status
            cursor = await conn.execute(
                "SELECT current_setting('holdfast.own_requests', TRUE),"
                "       current_setting('lock_timeout')"
            )
            assert [("", "2s")] == await cursor.fetchall()
            assert 1 + (start == 1) == (await traces(other))[0]


async def _anothers(conn: Connection, world: World) -> str:
    return await revision_of(conn, world.other_room.id)


async def _outdated(conn: Connection, world: World) -> str:
    revision = await revision_of(conn, world.room.id)
    await conn.execute("UPDATE facilities SET capacity = 9")
    return revision


async def _unheard_of(_conn: Connection, _world: World) -> str:
    return str(uuid4())


async def _none(_conn: Connection, _world: World) -> None:
    """No revision."""


STALE: dict[str, Callable[[Connection, World], Awaitable[str | None]]] = {
    "another facility's": _anothers,
    "one of before": _outdated,
    "one that never was": _unheard_of,
    "none": _none,
}


@pytest.mark.parametrize("revision", STALE)
async def test_nothing_is_stored_at_any_other_revision(
    conn: Connection, world: World, revision: str
) -> None:
    stale = await STALE[revision](conn, world)
    before = await traces(conn)
    assert await at_terms(conn, world, stale) is None
    assert before == await traces(conn)
    assert await at_terms(conn, world, await revision_of(conn, world.room.id)) is not None


async def test_nothing_is_stored_for_who_is_deactivated_or_is_nobody(
    conn: Connection, world: World
) -> None:
    revision = await revision_of(conn, world.room.id)
    before = await traces(conn)
    await users.deactivate_user(conn, world.member.id)
    assert await at_terms(conn, world, revision) is None
    assert await at_terms(conn, world, revision, user_id=999_999) is None
    assert before == await traces(conn)
    assert await at_terms(conn, world, revision, user_id=world.staff.id) is not None


async def test_nothing_is_stored_where_the_time_is_taken_buffers_included(
    conn: Connection, world: World
) -> None:
    revision = await revision_of(conn, world.room.id)
    assert await at_terms(conn, world, revision, 2, buffer_after_minutes=30) is not None
    before = await traces(conn)
    rivals: Sequence[tuple[float, dict[str, int]]] = [
        (2, {}),
        (2.75, {}),
        (3, {}),
        (3.25, {}),
        (3.5, {"buffer_before_minutes": 15}),
        (1, {"buffer_after_minutes": 15}),
    ]
    for start, more in rivals:
        assert await at_terms(conn, world, revision, start, **more) is None, (start, more)
    assert before == await traces(conn)
    for start in (1, 3.5):
        assert await at_terms(conn, world, revision, start) is not None


async def test_nothing_is_stored_in_a_facility_that_is_not_there(
    conn: Connection, world: World
) -> None:
    revision = await revision_of(conn, world.room.id)
    assert await at_terms(conn, world, revision, facility_id=999_999) is None
    assert 0 == (await traces(conn))[0]


# What happens meanwhile


@pytest.fixture
async def second(pool: Pool) -> AsyncIterator[Connection]:
    """Another connection, for whoever comes second."""
    async with reading(pool) as conn:
        yield conn


@pytest.fixture
async def first(pool: Pool) -> AsyncIterator[Connection]:
    """Another connection, for whoever comes first."""
    async with reading(pool) as conn:
        yield conn


async def blocked_by(conn: Connection, holder: Connection, task: "asyncio.Task[Any]") -> None:
    """Wait until the task waits for what a connection holds."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
    async with asyncio.timeout(5):
        while True:
            cursor = await conn.execute(query, [holder.info.backend_pid])
            row = await cursor.fetchone()
            assert row is not None
            if row[0]:
                return
            assert not task.done(), "it did not wait"
            await asyncio.sleep(0.005)


MEANWHILE = (
    closing("1, NULL"),
    closing(SITE),
    closing(EVERYTHING),
    "UPDATE facilities SET max_duration_minutes = 30 WHERE id = 1",
    "UPDATE facilities SET status = 'archived' WHERE id = 1",
    "UPDATE sites SET opening_hours = '{}' WHERE id = 1",
    "INSERT INTO facility_user_groups VALUES (1, 1)",
    "INSERT INTO facility_group_members VALUES (2, 1)",
    limiting("1, NULL"),
    limiting(EVERYTHING),
)


@pytest.mark.parametrize(
    ("statement", "held"),
    [
        *[(statement, "written alone") for statement in MEANWHILE],
        *[(statement, "held first") for statement in MEANWHILE[:3]],
        *[(statement, "held and written") for statement in MEANWHILE[:3]],
    ],
)
async def test_no_booking_is_made_while_its_terms_change_nor_waits_for_that(  # noqa: PLR0913, PLR0917 - who does what when
    first: Connection, second: Connection, conn: Connection, town: World, statement: str, held: str
) -> None:
    revision = await revision_of(conn, town.room.id)
    async with first.transaction():
        if held != "written alone":
            await facilities.lock_facilities(first, [town.room.id])
        if held != "held first":
            await first.execute(statement.encode())
        async with asyncio.timeout(5):
            assert await at_terms(second, town, revision) is None
        if held == "held first":
            await first.execute(statement.encode())
    assert await at_terms(second, town, revision) is None
    assert 0 == (await traces(conn))[0]
    assert revision != await revision_of(conn, town.room.id)


async def test_a_booking_is_made_after_a_change_of_its_terms_that_was_given_up(
    first: Connection, second: Connection, conn: Connection, world: World
) -> None:
    revision = await revision_of(conn, world.room.id)
    async with first.transaction(force_rollback=True):
        await facilities.lock_facilities(first, [world.room.id])
        await first.execute(closing("1, NULL").encode())
        assert await at_terms(second, world, revision) is None
    assert await at_terms(second, world, revision) is not None
    assert 1 == (await traces(conn))[0]


async def test_changes_elsewhere_keep_no_booking_waiting(
    first: Connection, second: Connection, town: World
) -> None:
    async with first.transaction():
        revision = await revision_of(second, town.room.id)
        await facilities.lock_facilities(first, [town.other_room.id])
        await first.execute(closing(ONE).encode())
        await first.execute("UPDATE facilities SET capacity = 9 WHERE id = 3")
        async with asyncio.timeout(5):
            assert await at_terms(second, town, revision) is not None


async def test_bookings_of_one_facility_do_not_wait_for_each_other(
    first: Connection, second: Connection, world: World
) -> None:
    async with first.transaction():
        revision = await revision_of(second, world.room.id)
        assert await at_terms(first, world, revision) is not None
        async with asyncio.timeout(5):
            assert await at_terms(second, world, revision, 1) is not None


async def test_of_two_bookings_of_one_time_the_second_waits_and_is_not_made(
    first: Connection, second: Connection, conn: Connection, world: World
) -> None:
    revision = await revision_of(conn, world.room.id)
    async with first.transaction():
        assert await at_terms(first, world, revision) is not None
        late = asyncio.create_task(at_terms(second, world, revision))
        await blocked_by(conn, first, late)
    assert await late is None
    assert 1 == (await traces(conn))[0]


async def test_who_locks_the_facility_waits_for_a_booking_and_sees_it(
    first: Connection, second: Connection, conn: Connection, world: World
) -> None:
    revision = await revision_of(conn, world.room.id)

    async def close(second: Connection) -> list[InTheWayRow]:
        async with second.transaction():
            await facilities.lock_facilities(second, [world.room.id])
            seen = await in_the_way(second, world, at(0), at(1))
            await second.execute(closing("1, NULL").encode())
            return seen

    async with first.transaction():
        made = await at_terms(first, world, revision)
        assert made is not None
        found = asyncio.create_task(close(second))
        await blocked_by(conn, first, found)
    assert [made.id] == [row.id for row in await found]


@pytest.mark.parametrize("statement", MEANWHILE)
async def test_a_change_of_the_terms_waits_for_a_booking_at_them(
    first: Connection, second: Connection, conn: Connection, town: World, statement: str
) -> None:
    revision = await revision_of(conn, town.room.id)
    async with first.transaction():
        assert await at_terms(first, town, revision) is not None
        changed = asyncio.create_task(second.execute(statement.encode()))
        await blocked_by(conn, first, changed)
        assert revision == await revision_of(conn, town.room.id)
    await changed
    assert revision != await revision_of(conn, town.room.id)


async def hold_user(conn: Connection, user_id: int) -> None:
    """Hold a user as who deactivates them does."""
    await conn.execute("SELECT FROM users WHERE id = %s FOR UPDATE", [user_id])


async def test_no_booking_is_made_while_its_user_is_deactivated_nor_waits_for_that(
    first: Connection, second: Connection, conn: Connection, world: World
) -> None:
    revision = await revision_of(conn, world.room.id)
    async with first.transaction():
        await hold_user(first, world.member.id)
        await users.deactivate_user(first, world.member.id)
        async with asyncio.timeout(5):
            assert await at_terms(second, world, revision) is None
    assert await at_terms(second, world, revision) is None
    assert 0 == (await traces(conn))[0]


async def test_who_holds_the_user_waits_for_their_booking_and_sees_it(
    first: Connection, second: Connection, conn: Connection, world: World
) -> None:
    revision = await revision_of(conn, world.room.id)
    async with first.transaction():
        assert await at_terms(first, world, revision) is not None
        held = asyncio.create_task(hold_user(second, world.member.id))
        await blocked_by(conn, first, held)
    await held
    assert 1 == (await traces(conn))[0]


async def test_who_holds_a_facility_step_by_step_waits_for_a_change_of_its_terms(
    first: Connection, second: Connection, conn: Connection, world: World
) -> None:
    async with first.transaction():
        await first.execute(closing(f"{world.room.id}, NULL").encode())  # and locks no facility
        held = asyncio.create_task(facilities.hold_facility(world.room.id).run(second))
        await blocked_by(conn, first, held)
    assert await held == 1


async def test_no_booking_is_made_while_somebody_counts_what_its_user_holds(
    first: Connection, second: Connection, conn: Connection, world: World
) -> None:
    revision = await revision_of(conn, world.room.id)
    async with first.transaction():
        await quotas.lock_user(world.member.id).run(first)
        async with asyncio.timeout(5):
            assert await at_terms(second, world, revision) is None
    assert await at_terms(second, world, revision) is not None
    assert 1 == (await traces(conn))[0]


@pytest.mark.parametrize("statement", [closing(EVERYTHING), closing(SITE), limiting(EVERYTHING)])
async def test_a_facility_that_comes_while_all_are_changed_waits_for_that(
    first: Connection, second: Connection, conn: Connection, town: World, statement: str
) -> None:
    async with first.transaction():
        await first.execute(statement.encode())
        added = asyncio.create_task(add_facility(second, town.site, "Room 4"))
        await blocked_by(conn, first, added)
    found = await terms_of(conn, (await added).id)
    assert found.closed_for is not None or found.has_quota


@pytest.mark.parametrize("statement", [closing(EVERYTHING), closing(SITE), limiting(EVERYTHING)])
@pytest.mark.parametrize("is_new", [True, False])
async def test_what_concerns_all_waits_for_a_facility_that_comes_and_renews_its_terms(  # noqa: PLR0913 - who does what when
    first: Connection,
    second: Connection,
    conn: Connection,
    town: World,
    statement: str,
    *,
    is_new: bool,
) -> None:
    async with first.transaction():
        facility_id = 3
        if is_new:
            facility_id = (await add_facility(first, town.site, "Room 4")).id
        else:
            await first.execute("UPDATE facilities SET site_id = 1 WHERE id = 3")
        revision = await revision_of(first, facility_id)
        changed = asyncio.create_task(second.execute(statement.encode()))
        await blocked_by(conn, first, changed)
    await changed
    assert revision != await revision_of(conn, facility_id)


# Refused


async def in_the_way(
    conn: Connection, world: World, start: datetime, end: datetime
) -> list[InTheWayRow]:
    """What is in the way of a booking of Room 1."""
    return await bookings.list_in_the_way(
        conn,
        facility_id=world.room.id,
        start_time=start,
        end_time=end,
        except_booking_id=None,
    )


async def refused(
    conn: Connection, world: World, revision: str | None, start: float = 0, **more: Any
) -> list[RefusedRow]:
    """What is in the way of an hour with a quarter kept free on either side, now at -1 h."""
    (rows,) = await refuse(conn, [attempt(world, revision, start, **more)])
    return rows


def attempt(world: World, revision: str | None, start: float, **more: Any) -> Attempt:
    """An hour with a quarter kept free on either side, asked for at -1 h."""
    given = {
        "facility_id": world.room.id,
        "user_id": world.member.id,
        "start_time": at(start),
        "end_time": at(start + 1),
        "occupied": Period(at(start - 0.25), at(start + 1.25)),
        "now": at(-1),
    }
    return Attempt(revision, **{**given, **more})


async def conflicts(conn: Connection) -> list[tuple[Any, ...]]:
    """The conflicts on record."""
    cursor = await conn.execute(
        "SELECT facility_id, user_id, start_time, end_time FROM booking_conflicts ORDER BY id"
    )
    return await cursor.fetchall()


def plain(rows: Sequence[InTheWayRow]) -> list[tuple[Any, ...]]:
    """All that the rows have in common."""
    return [tuple(getattr(row, name) for name in InTheWayRow.__dataclass_fields__) for row in rows]


async def test_what_is_in_the_way_is_listed_as_ever_and_recorded_once(
    conn: Connection, world: World
) -> None:
    for start in (-1, 0.5, 1, 3):
        await book(conn, world, at(start), at(start + 0.5))
    await try_book(conn, world, at(0), at(1), world.other_room.id)
    revision = await revision_of(conn, world.room.id)
    rows = await refused(conn, world, revision)
    expected = await in_the_way(conn, world, at(-0.25), at(1.25))
    assert plain(expected) == plain(rows)
    assert [at(0.5), at(1)] == [row.start_time for row in rows]
    assert [True, True] == [row.is_recorded for row in rows]
    assert [(world.room.id, world.member.id, at(0), at(1))] == await conflicts(conn)


@pytest.mark.parametrize(("start", "there"), [(-8.25, 0), (-8, 1), (15.75, 1), (16, 0)])
async def test_the_longest_booking_with_the_longest_buffers_is_found_to_its_last_quarter(
    conn: Connection, world: World, start: float, there: int
) -> None:
    """A booking of eight hours with four kept free on either side, and four more for who asks."""
    revision = await revision_of(conn, world.room.id)
    whole: dict[str, Any] = {"buffer_before_minutes": 240, "buffer_after_minutes": 240}
    made = await at_terms(conn, world, revision, 0, end_time=at(8), **whole)
    assert made is not None
    occupied = Period(at(start - 4), at(start + 4.25))
    rows = await refused(conn, world, revision, start, end_time=at(start + 0.25), occupied=occupied)
    assert [made.id] * there == [row.id for row in rows]


async def test_no_more_is_listed_than_ever_and_one_conflict_recorded(
    conn: Connection, world: World
) -> None:
    for quarter in range(40):
        await book(conn, world, at(quarter / 4), at(quarter / 4 + 0.25))
    revision = await revision_of(conn, world.room.id)
    wide: dict[str, Any] = {"occupied": Period(at(-4), at(12)), "end_time": at(8)}
    rows = await refused(conn, world, revision, **wide)
    assert plain(await in_the_way(conn, world, at(-4), at(12))) == plain(rows)
    assert 32 == len(rows)
    assert 1 == len(await conflicts(conn))


async def test_nothing_is_recorded_where_nothing_is_in_the_way(
    conn: Connection, world: World
) -> None:
    row = await book(conn, world, at(0), at(1))
    await book(conn, world, at(1.25), at(2))
    await bookings.cancel_booking(conn, row.id)
    assert [] == await refused(conn, world, await revision_of(conn, world.room.id))
    assert [] == await conflicts(conn)


@pytest.mark.parametrize("revision", STALE)
async def test_nothing_is_listed_nor_recorded_at_any_other_revision(
    conn: Connection, world: World, revision: str
) -> None:
    await book(conn, world, at(0), at(1))
    stale = await STALE[revision](conn, world)
    assert [] == await refused(conn, world, stale)
    assert [] == await conflicts(conn)


async def test_nothing_is_recorded_of_who_is_deactivated(conn: Connection, world: World) -> None:
    await book(conn, world, at(0), at(1))
    await users.deactivate_user(conn, world.member.id)
    rows = await refused(conn, world, await revision_of(conn, world.room.id))
    assert [False] == [row.is_recorded for row in rows]
    assert [] == await conflicts(conn)


@pytest.mark.parametrize(
    ("decide_by", "is_recorded"), [(-1.01, False), (-1, False), (-0.99, True), (None, True)]
)
async def test_nothing_is_recorded_where_something_has_expired(
    conn: Connection,
    world: World,
    decide_by: float | None,
    is_recorded: bool,  # noqa: FBT001 - as the row says
) -> None:
    await book(conn, world, at(0), at(0.5))
    waiting = await book(conn, world, at(0.5), at(1))
    await conn.execute(
        "UPDATE bookings SET status = 'pending', decide_by = %s WHERE id = %s",
        [None if decide_by is None else at(decide_by), waiting.id],
    )
    rows = await refused(conn, world, await revision_of(conn, world.room.id))
    assert plain(await in_the_way(conn, world, at(-0.25), at(1.25))) == plain(rows)
    assert [is_recorded] * 2 == [row.is_recorded for row in rows]
    assert is_recorded == bool(await conflicts(conn))


async def test_several_are_refused_at_once_each_for_what_is_in_its_own_way(
    conn: Connection, world: World
) -> None:
    mine = await book(conn, world, at(0), at(1))
    other = await try_book(conn, world, at(4), at(5), world.other_room.id)
    assert other is not None
    revisions = [await revision_of(conn, each.id) for each in (world.room, world.other_room)]
    wanted = [
        attempt(world, revisions[0], 0.5),
        attempt(world, revisions[0], 2),  # free
        attempt(world, revisions[1], 4, facility_id=world.other_room.id),
        attempt(world, None, 0),  # at no terms that there are
        attempt(world, revisions[0], 0.25),
    ]
    found = await refuse(conn, wanted)
    assert [[mine.id], [], [other.id], [], [mine.id]] == [
        [row.id for row in rows] for rows in found
    ]
    assert {True} == {row.is_recorded for rows in found for row in rows}
    assert sorted(
        (each.facility_id, each.user_id, each.start_time, each.end_time)
        for each in (wanted[0], wanted[2], wanted[4])
    ) == sorted(await conflicts(conn))


async def test_nobody_waits_to_be_refused_for_who_is_changed_by_another_transaction(
    first: Connection, conn: Connection, world: World
) -> None:
    await book(conn, world, at(0), at(1))
    revision = await revision_of(conn, world.room.id)
    wanted = [
        attempt(world, revision, 0, user_id=world.member.id),
        attempt(world, revision, 0, user_id=world.staff.id),
    ]
    async with first.transaction(force_rollback=True):
        await users.deactivate_user(first, world.member.id)
        async with asyncio.timeout(5):
            found = await refuse(conn, wanted)
    assert [[False], [True]] == [[row.is_recorded for row in rows] for rows in found]
    assert [world.staff.id] == [row[1] for row in await conflicts(conn)]
