"""What the queries find and store, and how they find it."""

import asyncio
import random
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import ClientCursor

from domain.errors import FacilityNameTaken, SiteNameTaken, UsernameTaken
from sql import bookings, facilities, idempotency, sites, tokens, users
from sql.bookings import BookingRow, PeriodTaken
from sql.loader import load
from sql.pool import Connection, Pool, create_pool, retrying, transaction
from sql.search import patterns
from tests import servers

from .world import World, add_facility, at, book

pytestmark = pytest.mark.anyio

RIVALS = 50


async def _insert(
    conn: Connection, world: World, start: datetime, end: datetime, facility_id: int | None = None
) -> BookingRow | None:
    return await bookings.insert_booking(
        conn,
        facility_id=world.room.id if facility_id is None else facility_id,
        user_id=world.member.id,
        start_time=start,
        end_time=end,
        title="Standup",
        description=None,
        attendee_count=1,
    )


async def _move(
    conn: Connection, row: BookingRow, start: datetime, end: datetime, facility_id: int
) -> BookingRow:
    return await bookings.update_booking(
        conn,
        row.id,
        facility_id=facility_id,
        start_time=start,
        end_time=end,
        title=row.title,
        description=row.description,
        attendee_count=row.attendee_count,
    )


# Who gets a period.


@pytest.mark.parametrize(
    ("start", "end", "is_free"),
    [
        (-1, 0, True),
        (-1, 0.25, False),
        (0, 1, False),
        (0.25, 0.5, False),
        (-1, 2, False),
        (0.75, 2, False),
        (1, 2, True),
    ],
)
async def test_a_period_is_free_unless_it_shares_a_moment_with_another(
    conn: Connection, world: World, start: float, end: float, *, is_free: bool
) -> None:
    await book(conn, world, at(0), at(1))

    assert is_free == (await _insert(conn, world, at(start), at(end)) is not None)


async def test_a_new_booking_comes_back_with_all_that_is_shown_of_it(
    conn: Connection, world: World
) -> None:
    made = await book(conn, world, at(0), at(1))

    assert made == await bookings.get_booking(conn, made.id)
    assert (made.facility_name, made.site_name, made.username) == ("Room 1", "Harbour", "mia")
    assert (made.status, made.start_time.tzname()) == ("confirmed", "UTC")
    assert made.created_at == made.updated_at


async def test_a_cancelled_booking_is_in_nobodys_way(conn: Connection, world: World) -> None:
    made = await book(conn, world, at(0), at(1))
    await bookings.cancel_booking(conn, made.id)

    assert await _insert(conn, world, at(0), at(1)) is not None


async def test_a_transaction_goes_on_after_it_finds_a_period_taken(
    pool: Pool, conn: Connection, world: World
) -> None:
    await book(conn, world, at(0), at(1))

    async with transaction(pool, actor_id=None, request_id=None) as writing:
        assert await _insert(writing, world, at(0), at(1)) is None
        assert await _insert(writing, world, at(1), at(2)) is not None

    assert len(await _all(conn)) == 2


async def test_a_move_to_a_taken_period_is_refused_and_one_over_itself_is_not(
    conn: Connection, world: World
) -> None:
    first = await book(conn, world, at(0), at(2))
    await book(conn, world, at(2), at(3))

    moved = await _move(conn, first, at(-1), at(1), world.room.id)

    assert (moved.start_time, moved.end_time) == (at(-1), at(1))
    with pytest.raises(PeriodTaken):
        await _move(conn, first, at(1), at(2.25), world.room.id)
    assert moved == await bookings.get_booking(conn, first.id)


async def test_a_move_to_another_facility_shows_that_facility(
    conn: Connection, world: World
) -> None:
    made = await book(conn, world, at(0), at(1))

    moved = await _move(conn, made, at(0), at(1), world.other_room.id)

    assert (moved.facility_id, moved.facility_name) == (world.other_room.id, "Room 2")
    assert moved.updated_at > made.updated_at


async def test_of_fifty_rivals_for_overlapping_periods_one_wins_and_none_fails(
    crowd: Pool, conn: Connection, world: World
) -> None:
    draw = random.Random(1)  # noqa: S311 - a repeatable choice of periods

    for day in range(10):
        # All of them hold the moment at half past twelve, from one side or the other.
        periods = [
            (at(24 * day - draw.randint(0, 15) / 4), at(24 * day + draw.randint(3, 16) / 4))
            for _ in range(RIVALS)
        ]

        async def rival(start: datetime, end: datetime) -> tuple[bool, float]:
            begun = time.perf_counter()
            async with transaction(crowd, actor_id=world.member.id, request_id=None) as writing:
                won = await _insert(writing, world, start, end) is not None
            return won, time.perf_counter() - begun

        outcomes = await asyncio.gather(*(rival(*period) for period in periods))

        assert sum(won for won, _ in outcomes) == 1
        # deadlock_timeout is one second: a deadlock waits at least that long.
        assert max(seconds for _, seconds in outcomes) < 1.0
    assert len(await _all(conn)) == 10


async def test_rivals_who_insert_and_move_at_once_leave_no_overlap_and_raise_nothing_else(
    crowd: Pool, conn: Connection, world: World
) -> None:
    draw = random.Random(2)  # noqa: S311 - a repeatable choice of periods
    rooms = [world.room.id, world.other_room.id]
    rows = [await book(conn, world, at(hour), at(hour + 1)) for hour in range(8)]

    async def move(row: BookingRow) -> None:
        start, room = draw.randint(0, 28) / 4, draw.choice(rooms)

        async def work() -> None:
            async with transaction(crowd, actor_id=world.member.id, request_id=None) as writing:
                await facilities.lock_facilities(writing, rooms)
                await bookings.lock_booking(writing, row.id)
                await _move(writing, row, at(start), at(start + 1), room)

        try:
            await retrying(work)
        except PeriodTaken:
            pass

    async def insert() -> None:
        start = draw.randint(0, 28) / 4
        async with transaction(crowd, actor_id=world.member.id, request_id=None) as writing:
            await _insert(writing, world, at(start), at(start + 0.5), draw.choice(rooms))

    for _ in range(5):
        await asyncio.gather(*(move(row) for row in rows), *(insert() for _ in range(16)))

    cursor = await conn.execute(
        "SELECT count(*) FROM bookings AS a JOIN bookings AS b"
        " ON a.facility_id = b.facility_id AND a.id < b.id AND a.occupied && b.occupied"
    )
    assert await cursor.fetchone() == (0,)
    assert len(await _all(conn)) > len(rows)


async def test_two_bookings_that_want_each_others_place_are_refused_and_not_deadlocked(
    crowd: Pool, conn: Connection, world: World
) -> None:
    here = await book(conn, world, at(0), at(1))
    there = await _insert(conn, world, at(0), at(1), world.other_room.id)
    assert there is not None

    async def swap(row: BookingRow, room: int) -> float:
        begun = time.perf_counter()
        with pytest.raises(PeriodTaken):
            async with transaction(crowd, actor_id=None, request_id=None) as writing:
                await facilities.lock_facilities(writing, [room, row.facility_id])
                await bookings.lock_booking(writing, row.id)
                await _move(writing, row, at(0), at(1), room)
        return time.perf_counter() - begun

    for _ in range(10):
        seconds = await asyncio.gather(
            swap(here, world.other_room.id), swap(there, world.room.id)
        )
        assert max(seconds) < 1.0


# Locks.


async def test_a_booking_that_was_moved_while_its_lock_was_awaited_is_found_where_it_is(
    pool: Pool, conn: Connection, world: World
) -> None:
    made = await book(conn, world, at(0), at(1))

    async with transaction(pool, actor_id=None, request_id=None) as writing:
        moved = await _move(writing, made, at(0), at(1), world.other_room.id)
        waiting = asyncio.create_task(_locked(pool, made.id))
        await _someone_waits(conn)

    assert await waiting == moved


async def test_facilities_are_locked_in_the_order_of_their_ids(
    pool: Pool, conn: Connection, world: World
) -> None:
    low, high = sorted([world.room.id, world.other_room.id])

    async with transaction(pool, actor_id=None, request_id=None) as holding:
        await facilities.lock_facilities(holding, [low])
        waiting = asyncio.create_task(_lock_both(pool, [high, low]))
        await _someone_waits(conn)
        # Whoever waits for the low one does not hold the high one yet.
        async with asyncio.timeout(1):
            await facilities.lock_facilities(holding, [high])

    assert await waiting == [low, high]


async def test_a_locked_facility_takes_bookings(pool: Pool, conn: Connection, world: World) -> None:
    async with transaction(pool, actor_id=None, request_id=None) as holding:
        await facilities.lock_facilities(holding, [world.room.id])
        async with asyncio.timeout(1):
            assert await _insert(conn, world, at(0), at(1)) is not None


# Lists.


async def test_what_is_in_the_way_is_active_touches_the_period_and_comes_earliest_first(
    conn: Connection, world: World
) -> None:
    rows = [await book(conn, world, at(hour), at(hour + 1)) for hour in (3, 2, 1, 0)]
    await bookings.cancel_booking(conn, rows[1].id)
    await _insert(conn, world, at(1), at(2), world.other_room.id)

    async def in_the_way(except_booking_id: int | None) -> list[int]:
        found = await bookings.list_in_the_way(
            conn,
            facility_id=world.room.id,
            start_time=at(1),
            end_time=at(3.25),
            except_booking_id=except_booking_id,
        )
        return [row.id for row in found]

    assert [rows[2].id, rows[0].id] == await in_the_way(None)
    assert [rows[0].id] == await in_the_way(rows[2].id)


async def test_busy_periods_come_by_facility_and_then_by_start(
    conn: Connection, world: World
) -> None:
    for room in (world.other_room.id, world.room.id):
        for hour in (2, 1, 0):
            await _insert(conn, world, at(hour), at(hour + 1), room)

    rows = await bookings.list_busy(
        conn,
        facility_ids=[world.other_room.id, world.room.id],
        start_time=at(1),
        end_time=at(2.25),
    )

    assert [
        (room, at(hour), at(hour + 1))
        for room in sorted([world.room.id, world.other_room.id])
        for hour in (1, 2)
    ] == [(row.facility_id, row.start_time, row.end_time) for row in rows]


async def test_free_facilities_come_likeliest_first(conn: Connection, world: World) -> None:
    elsewhere = await sites.insert_site(conn, name="Hill", time_zone="UTC")
    small = await add_facility(conn, world.site, "Nook", capacity=4)
    desk = await add_facility(conn, world.site, "Desk", capacity=9, facility_type="desk")
    large = await add_facility(conn, world.site, "Hall", capacity=300)
    far = await add_facility(conn, elsewhere, "Far room", capacity=8)
    far_hall = await add_facility(conn, elsewhere, "Far hall", capacity=80)
    archived = await add_facility(conn, world.site, "Old room")
    await conn.execute(
        "UPDATE facilities SET status = 'archived' WHERE id = %s", [archived.id]
    )
    await _insert(conn, world, at(0), at(1), large.id)

    async def free(start: float, end: float, limit: int = 9) -> list[int]:
        rows = await facilities.list_free_facilities(
            conn,
            facility_id=world.room.id,
            start_time=at(start),
            end_time=at(end),
            min_capacity=5,
            limit=limit,
        )
        return [row.id for row in rows]

    assert small.id not in await free(0, 1)
    assert [world.other_room.id, desk.id, far.id, far_hall.id] == await free(0.75, 1.25)
    assert [world.other_room.id, large.id] == await free(1, 2, limit=2)


async def test_a_users_bookings_are_bounded_by_time_and_status_and_paged(
    conn: Connection, world: World
) -> None:
    rows = [await book(conn, world, at(hour), at(hour + 8)) for hour in (0, 8, 16, 24)]
    await bookings.cancel_booking(conn, rows[2].id)
    stranger = await users.insert_user(conn, username="eve", display_name=None, is_staff=False)

    async def listed(**given: Any) -> list[int]:  # noqa: ANN401 - the door's parameters
        nothing = dict.fromkeys(
            ("ending_after", "starting_before", "status", "after_start", "after_id")
        )
        return [
            rows.index(row) if row in rows else -1
            for row in await bookings.list_user_bookings(
                conn, **{"user_id": world.member.id, "limit": 9, **nothing, **given}
            )
        ]

    rows[2] = await _present(conn, rows[2])
    assert await listed() == [0, 1, 2, 3]
    assert await listed(user_id=stranger.id) == []
    assert await listed(ending_after=at(8)) == [1, 2, 3]
    assert await listed(ending_after=at(7.75)) == [0, 1, 2, 3]
    assert await listed(starting_before=at(16)) == [0, 1]
    assert await listed(starting_before=at(16.25)) == [0, 1, 2]
    assert await listed(status="cancelled") == [2]
    assert await listed(limit=2) == [0, 1]
    assert await listed(after_start=at(8), after_id=rows[1].id) == [2, 3]
    assert await listed(after_start=at(8), after_id=rows[1].id - 1) == [1, 2, 3]


async def test_all_bookings_are_filtered_by_whatever_is_given_and_paged(
    conn: Connection, world: World
) -> None:
    rows = [await book(conn, world, at(hour), at(hour + 1)) for hour in (2, 1, 0)]
    rows.sort(key=lambda row: row.start_time)
    staff_row = await bookings.insert_booking(
        conn,
        facility_id=world.other_room.id,
        user_id=world.staff.id,
        start_time=at(1),
        end_time=at(2),
        title="Review",
        description=None,
        attendee_count=1,
    )
    assert staff_row is not None
    rows.insert(2, staff_row)  # the same start as its neighbour, and a higher id

    async def listed(**given: Any) -> list[int]:  # noqa: ANN401 - the door's parameters
        return [rows.index(row) for row in await _all(conn, **given)]

    assert await listed() == [0, 1, 2, 3]
    assert await listed(facility_id=world.other_room.id) == [2]
    assert await listed(user_id=world.member.id) == [0, 1, 3]
    assert await listed(status="cancelled") == []
    assert await listed(status="confirmed", user_id=world.staff.id) == [2]
    assert await listed(ending_after=at(1), starting_before=at(2)) == [1, 2]
    assert await listed(limit=2) == [0, 1]
    assert await listed(after_start=at(1), after_id=rows[1].id) == [2, 3]


async def test_facilities_are_filtered_by_whatever_is_given_and_paged(
    conn: Connection, world: World
) -> None:
    lab = await add_facility(
        conn, world.site, "alpha Lab", facility_type="lab", capacity=20, amenities=("gas", "wifi")
    )
    await conn.execute("UPDATE facilities SET status = 'archived' WHERE id = %s", [lab.id])

    async def listed(**given: Any) -> list[str]:  # noqa: ANN401 - the door's parameters
        return [row.name for row in await _facilities(conn, **given)]

    assert await listed() == ["alpha Lab", "Room 1", "Room 2"]  # capitals make no difference
    assert await listed(facility_id=world.room.id) == ["Room 1"]
    assert await listed(site_id=world.site.id + 1) == []
    assert await listed(min_capacity=8) == ["alpha Lab", "Room 1", "Room 2"]
    assert await listed(min_capacity=9) == ["alpha Lab"]
    assert await listed(amenities=["wifi", "gas"]) == ["alpha Lab"]
    assert await listed(amenities=["wifi", "projector"]) == []
    assert await listed(amenities=[]) == ["alpha Lab", "Room 1", "Room 2"]
    assert await listed(facility_type="room", status="active") == ["Room 1", "Room 2"]
    assert await listed(limit=1) == ["alpha Lab"]
    assert await listed(after_name="ALPHA LAB", after_id=lab.id) == ["Room 1", "Room 2"]
    assert await listed(after_name="alpha lab", after_id=lab.id - 1, limit=1) == ["alpha Lab"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("room", ["Room 1", "Room 2", "Studio"]),
        ("ROOM 1", ["Room 1"]),
        ("1 room", ["Room 1"]),
        ("100%", ["Studio"]),
        ("100_", []),
        ("_", ["Studio"]),
        ("%", ["Studio"]),
        ("\\", ["Studio"]),
        ("video conference", ["Studio"]),
        ("harbour studio", ["Studio"]),
        ("arbo", ["Room 1", "Room 2", "Studio"]),
        ("straße", ["Studio"]),
        ("studio Room 2", []),
        ("  ", ["Room 1", "Room 2", "Studio"]),
        ("'; --", []),
    ],
)
async def test_every_word_of_a_search_is_somewhere_in_a_facilitys_words_or_its_sites_name(
    conn: Connection, world: World, search: str, found: list[str]
) -> None:
    await add_facility(
        conn,
        world.site,
        "Studio",
        description="A 100% quiet room, C:\\Straße 3",
        amenities=("video_conference",),
    )

    assert found == [row.name for row in await _facilities(conn, search=search)]


def test_the_longest_word_of_a_search_comes_first_and_each_word_once() -> None:
    assert patterns("a 50%_\\ a room") == ["%50\\%\\_\\\\%", "%room%", "%a%"]
    assert patterns(" ") is patterns(None) is None


async def test_sites_come_by_name_whatever_the_capitals(conn: Connection, world: World) -> None:
    for name in ("alpha", "Zoo", "beta"):
        await sites.insert_site(conn, name=name, time_zone="UTC")

    first = await sites.list_sites(conn, after_name=None, after_id=None, limit=2)
    rest = await sites.list_sites(
        conn, after_name=first[-1].name, after_id=first[-1].id, limit=9
    )

    assert ["alpha", "beta", "Harbour", "Zoo"] == [row.name for row in first + rest]
    assert world.site == await sites.get_site(conn, world.site.id)


async def test_users_are_found_by_any_part_of_what_they_are_called(
    conn: Connection, world: World
) -> None:
    async def listed(search: str | None, **given: Any) -> list[str]:  # noqa: ANN401
        rows = await users.list_users(
            conn,
            **{"search": search, "after_username": None, "after_id": None, "limit": 9, **given},
        )
        return [row.username for row in rows]

    assert await listed(None) == ["mia", "sam"]
    assert await listed("MILL") == ["mia"]
    assert await listed("miller mia") == ["mia"]
    assert await listed("miller sam") == []
    assert await listed("%") == []
    assert await listed(None, limit=1) == ["mia"]
    assert await listed(None, after_username="MIA", after_id=world.member.id) == ["sam"]


# Names, users and tokens.


async def test_a_name_that_is_taken_is_refused_and_the_transaction_goes_on(
    pool: Pool, world: World
) -> None:
    async with transaction(pool, actor_id=None, request_id=None) as writing:
        with pytest.raises(UsernameTaken, match="'MIA'.*choose another") as user:
            await users.insert_user(writing, username="MIA", display_name=None, is_staff=False)
        with pytest.raises(SiteNameTaken, match="'harbour'.*choose another") as site:
            await sites.insert_site(writing, name="harbour", time_zone="UTC")
        with pytest.raises(FacilityNameTaken, match="'room 1'.*choose another") as facility:
            await add_facility(writing, world.site, "room 1")
        await sites.insert_site(writing, name="Hill", time_zone="UTC")

    assert ["/username", "/name", "/name"] == [
        refusal.value.pointer for refusal in (user, site, facility)
    ]


async def test_a_facility_cannot_take_the_name_of_its_neighbour(
    conn: Connection, world: World
) -> None:
    row = world.other_room
    with pytest.raises(FacilityNameTaken):
        await facilities.update_facility(
            conn,
            row.id,
            site_id=row.site_id,
            name="ROOM 1",
            description=row.description,
            facility_type=row.facility_type,
            capacity=row.capacity,
            amenities=row.amenities,
            time_zone=row.time_zone,
            status=row.status,
        )


async def test_a_user_is_deactivated_once(conn: Connection, world: World) -> None:
    first = await users.deactivate_user(conn, world.member.id)
    second = await users.deactivate_user(conn, world.member.id)

    assert first is not None
    assert first.deactivated_at is not None
    assert first == second == await users.find_user_by_username(conn, "MIA")
    assert await users.deactivate_user(conn, 999_999) is None
    assert await users.find_user_by_username(conn, "nobody") is None


async def test_a_token_stands_for_its_user_until_it_expires_or_either_is_taken_away(
    conn: Connection, world: World
) -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    token = await _token(conn, world.member.id, b"a", expires_at=now + timedelta(hours=1))
    lasting = await _token(conn, world.staff.id, b"b", expires_at=None)

    caller = await users.find_caller(conn, b"a" * 32, now)
    assert caller == users.CallerRow(world.member.id, "mia", "Mia Miller", False, token.id)  # noqa: FBT003
    assert await users.find_caller(conn, b"a" * 32, now + timedelta(hours=1)) is None
    assert await users.find_caller(conn, b"c" * 32, now) is None

    await users.deactivate_user(conn, world.member.id)
    assert await users.find_caller(conn, b"a" * 32, now) is None

    assert await users.find_caller(conn, b"b" * 32, now + timedelta(days=9999)) is not None
    assert not await tokens.delete_token(conn, user_id=world.member.id, token_id=lasting.id)
    assert await tokens.delete_token(conn, user_id=world.staff.id, token_id=lasting.id)
    assert not await tokens.delete_token(conn, user_id=world.staff.id, token_id=lasting.id)
    assert await users.find_caller(conn, b"b" * 32, now) is None


async def test_tokens_are_listed_oldest_first_a_page_at_a_time(
    conn: Connection, world: World
) -> None:
    made = [await _token(conn, world.member.id, mark, expires_at=None) for mark in (b"a", b"b")]
    await _token(conn, world.staff.id, b"c", expires_at=None)

    first = await tokens.list_tokens(conn, user_id=world.member.id, after_id=None, limit=1)
    rest = await tokens.list_tokens(
        conn, user_id=world.member.id, after_id=first[0].id, limit=9
    )

    assert made == first + rest


# Answers kept for repeated requests.


async def test_a_key_is_answered_by_one_transaction_at_a_time(
    pool: Pool, conn: Connection, world: World
) -> None:
    scope: dict[str, Any] = {"user_id": world.member.id, "operation": "o", "key": "k"}

    async with transaction(pool, actor_id=None, request_id=None) as writing:
        assert await idempotency.try_lock(writing, **scope)
        assert not await idempotency.try_lock(conn, **scope)
        assert await idempotency.try_lock(conn, **scope | {"key": "K"})
        assert await idempotency.try_lock(conn, **scope | {"operation": "p"})
        assert await idempotency.try_lock(conn, **scope | {"user_id": world.staff.id})

    assert await idempotency.try_lock(conn, **scope)


async def test_a_kept_answer_is_found_until_it_expires(conn: Connection, world: World) -> None:
    now = await _now(conn)
    kept = await _keep(conn, world.member.id, "k", ttl=timedelta(hours=24), body=b"{\x00\xff}")

    async def found(after: timedelta, **given: Any) -> idempotency.StoredReply | None:  # noqa: ANN401
        scope = {"user_id": world.member.id, "operation": "o", "key": "k", **given}
        return await idempotency.find_reply(conn, **scope, now=now + after)

    assert await found(timedelta(hours=23, minutes=59)) == kept
    assert await found(timedelta(hours=24, minutes=1)) is None
    assert await found(timedelta(), key="other") is None
    assert await found(timedelta(), operation="other") is None
    assert await found(timedelta(), user_id=world.staff.id) is None


async def test_an_answer_replaces_one_that_has_expired_and_sweeps_a_few_others(
    conn: Connection, world: World
) -> None:
    past = timedelta(seconds=-1)
    for key in "abcdefgh":
        await _keep(conn, world.member.id, key, ttl=past)
    await _keep(conn, world.staff.id, "k", ttl=timedelta(hours=1))
    assert await _kept_keys(conn) == 4  # a to h, less what the later ones swept, and k

    await _keep(conn, world.member.id, "a", ttl=past)
    kept = await _keep(conn, world.member.id, "a", ttl=timedelta(hours=1), body=b"new")

    assert await _kept_keys(conn) == 2
    assert kept == await idempotency.find_reply(
        conn, user_id=world.member.id, operation="o", key="a", now=await _now(conn)
    )


# How they are found. The plans are those of a year's bookings.


@pytest.fixture(scope="module")
def year(server: str, template: str) -> Iterator[psycopg.Connection[Any]]:
    """A database of 100 facilities with 200 bookings each."""
    with (
        servers.clone(server, template) as dsn,
        psycopg.connect(dsn, autocommit=True, cursor_factory=ClientCursor) as conn,
    ):
        conn.execute("INSERT INTO sites (name, time_zone) VALUES ('Harbour', 'UTC')")
        conn.execute(
            "INSERT INTO users (username) SELECT 'user' || n FROM generate_series(1, 500) AS n"
        )
        conn.execute(
            "INSERT INTO facilities (site_id, name, facility_type, capacity, time_zone)"
            " SELECT 1, 'Room ' || n, 'room', 8, 'UTC' FROM generate_series(1, 100) AS n"
        )
        conn.execute(
            "INSERT INTO bookings (facility_id, user_id, start_time, end_time, title)"
            " SELECT f, 1 + (f * 7 + n) % 500, day, day + interval '1 hour', 'Standup'"
            "   FROM generate_series(1, 100) AS f, generate_series(1, 200) AS n,"
            "        LATERAL (SELECT timestamptz '2030-01-01 00:00+00'"
            "                        + n * interval '105 minutes') AS _ (day)"
        )
        conn.execute("ANALYZE")
        yield conn


def _plan(conn: psycopg.Connection[Any], module: Any, name: str, mode: str, **given: Any) -> str:  # noqa: ANN401
    """The plan of the query, for the values given or for any values at all."""
    query = load(module.__file__)[name]
    names = sorted(query.parameters)
    assert set(names) == set(given)
    statement = re.sub(
        r"%\((\w+)\)s", lambda found: f"${names.index(found[1]) + 1}", query.statement.decode()
    )
    with conn.transaction(force_rollback=True):
        conn.execute(f"SET LOCAL plan_cache_mode = '{mode}'".encode())
        conn.execute(f"PREPARE planned AS {statement}".encode())
        places = ", ".join("%s" for _ in names)
        rows = conn.execute(
            f"EXPLAIN EXECUTE planned ({places})".encode(), [given[name] for name in names]
        ).fetchall()
        conn.execute("DEALLOCATE planned")
    return "\n".join(line for (line,) in rows)


MODES = pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
PERIOD = {
    "start_time": datetime(2030, 1, 5, tzinfo=UTC),
    "end_time": datetime(2030, 1, 6, tzinfo=UTC),
}


@MODES
@pytest.mark.parametrize("facility_ids", [[7], [7, 8, 9]], ids=["one", "three"])
def test_busy_periods_are_found_by_the_constraints_index(
    year: psycopg.Connection[Any], mode: str, facility_ids: list[int]
) -> None:
    plan = _plan(
        year,
        bookings,
        "list_busy",
        mode,
        facility_ids=facility_ids,
        except_booking_id=None,
        **PERIOD,
    )

    assert re.search(r"Index.* on bookings_no_overlap|using bookings_no_overlap", plan), plan
    assert re.search(r"Index Cond: .*facility_id = .*occupied &&", plan), plan


@MODES
def test_what_is_in_the_way_is_found_by_the_constraints_index(
    year: psycopg.Connection[Any], mode: str
) -> None:
    plan = _plan(
        year, bookings, "list_in_the_way", mode, facility_id=7, except_booking_id=None, **PERIOD
    )

    assert re.search(r"Index Cond: .*facility_id = .*occupied &&", plan), plan
    assert "Seq Scan on bookings" not in plan, plan


@MODES
def test_a_users_bookings_are_found_by_their_index(
    year: psycopg.Connection[Any], mode: str
) -> None:
    plan = _plan(
        year,
        bookings,
        "list_user_bookings",
        mode,
        user_id=7,
        ending_after=PERIOD["start_time"],
        starting_before=PERIOD["end_time"],
        status=None,
        after_start=None,
        after_id=None,
        limit=50,
    )

    assert re.search(r"idx_bookings_user_time.*\n.*Index Cond: .*user_id.*start_time", plan), plan


@pytest.mark.parametrize(
    ("given", "index"),
    [
        ({}, "idx_bookings_time"),
        ({"facility_id": 7}, "idx_bookings_facility_time"),
        ({"user_id": 7}, "idx_bookings_user_time"),
        (PERIOD, "idx_bookings_time"),
        ({"after_start": PERIOD["start_time"], "after_id": 5}, "idx_bookings_time"),
    ],
    ids=str,
)
def test_all_bookings_are_found_by_an_index_that_suits_what_is_given(
    year: psycopg.Connection[Any], given: dict[str, Any], index: str
) -> None:
    filters = dict.fromkeys(load(bookings.__file__)["list_bookings"].parameters) | {"limit": 50}
    if given is PERIOD:
        given = {"ending_after": given["start_time"], "starting_before": given["end_time"]}

    plan = _plan(year, bookings, "list_bookings", "force_custom_plan", **filters | given)

    assert f"using {index} " in plan, plan


@MODES
def test_a_caller_is_found_by_two_index_look_ups(
    year: psycopg.Connection[Any], mode: str
) -> None:
    year.execute("SET enable_seqscan = off")  # there are no tokens here
    plan = _plan(
        year, users, "find_caller", mode, token_hash=b"x" * 32, now=PERIOD["start_time"]
    )
    year.execute("RESET enable_seqscan")

    assert "user_tokens_token_hash_key" in plan, plan
    assert "users_pkey" in plan, plan


# Helpers.


@pytest.fixture
async def crowd(dsn: str) -> Any:  # noqa: ANN401 - an asynchronous iterator of a pool
    """A pool with a connection for each rival."""
    async with create_pool(dsn, min_size=RIVALS, max_size=RIVALS) as pool:
        await pool.wait()
        yield pool


async def _all(conn: Connection, **given: Any) -> list[BookingRow]:  # noqa: ANN401
    filters = dict.fromkeys(load(bookings.__file__)["list_bookings"].parameters)
    return await bookings.list_bookings(conn, **{**filters, "limit": 9999, **given})


async def _facilities(conn: Connection, **given: Any) -> list[facilities.FacilityRow]:  # noqa: ANN401
    filters = dict.fromkeys(load(facilities.__file__)["list_facilities"].parameters)
    return await facilities.list_facilities(conn, **{**filters, "limit": 99, **given})


async def _present(conn: Connection, row: BookingRow) -> BookingRow:
    found = await bookings.get_booking(conn, row.id)
    assert found is not None
    return found


async def _locked(pool: Pool, booking_id: int) -> BookingRow | None:
    async with transaction(pool, actor_id=None, request_id=None) as conn:
        return await bookings.lock_booking(conn, booking_id)


async def _lock_both(pool: Pool, facility_ids: list[int]) -> list[int]:
    async with transaction(pool, actor_id=None, request_id=None) as conn:
        return [row.id for row in await facilities.lock_facilities(conn, facility_ids)]


async def _someone_waits(conn: Connection) -> None:
    """Return once a session of this database waits for a lock."""
    async with asyncio.timeout(5):
        while True:
            cursor = await conn.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if await cursor.fetchone() != (0,):
                return


async def _token(
    conn: Connection, user_id: int, mark: bytes, *, expires_at: datetime | None
) -> tokens.TokenRow:
    return await tokens.insert_token(
        conn,
        user_id=user_id,
        token_hash=mark * 32,
        token_prefix="hf_abcde",  # noqa: S106 - what is shown of a secret
        name="cli",
        expires_at=expires_at,
    )


async def _keep(
    conn: Connection, user_id: int, key: str, *, ttl: timedelta, body: bytes = b"{}"
) -> idempotency.StoredReply:
    reply = idempotency.StoredReply(b"f" * 32, 201, {"location": "/api/v1/bookings/1/"}, body)
    await idempotency.store_reply(
        conn,
        user_id=user_id,
        operation="o",
        key=key,
        fingerprint=reply.fingerprint,
        status=reply.status,
        headers=reply.headers,
        body=reply.body,
        ttl=ttl,
    )
    return reply


async def _kept_keys(conn: Connection) -> int:
    row = await (await conn.execute("SELECT count(*) FROM idempotency_keys")).fetchone()
    assert row is not None
    return int(row[0])


async def _now(conn: Connection) -> datetime:
    row = await (await conn.execute("SELECT now()")).fetchone()
    assert row is not None
    return datetime.fromisoformat(str(row[0]))
