"""What the queries store, find, filter and page."""

from dataclasses import asdict, astuple, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import FacilityNameTaken, SiteNameTaken, UsernameTaken
from sql import bookings, facilities, idempotency, sites, terms, timelines, tokens, users
from sql.bookings import BookingRow
from sql.pool import Connection, Pool, transaction
from sql.search import patterns

from .world import World, add_facility, all_bookings, all_facilities, at, book, try_book

pytestmark = pytest.mark.anyio


async def test_what_is_in_the_way_is_active_touches_the_period_and_comes_earliest_first(
    conn: Connection, world: World
) -> None:
    rows = [await book(conn, world, at(hour), at(hour + 1)) for hour in (3, 2, 1, 0)]
    await bookings.cancel_booking(conn, rows[1].id)
    await try_book(conn, world, at(1), at(2), world.other_room.id)

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


async def test_timelines_are_bookings_with_their_buffers_and_closures_of_any_kind(
    conn: Connection, world: World
) -> None:
    await book(conn, world, at(0), at(1))
    await conn.execute("UPDATE bookings SET buffer_before_minutes = 30")
    late = await book(conn, world, at(2), at(3))
    await conn.execute(
        "UPDATE bookings SET status = 'pending', decide_by = %s WHERE id = %s", [at(-1), late.id]
    )
    await try_book(conn, world, at(0), at(1), world.other_room.id)
    for hour, scope in ((4, "facility"), (5, "site"), (6, "all"), (7, "other")):
        await _close(conn, world, hour, scope)

    async def shown(start: float, end: float) -> tuple[list[Any], list[Any]]:
        (row,) = await timelines.list_timelines(
            conn,
            looks=[7],
            facility_ids=[world.room.id],
            start_times=[at(start)],
            end_times=[at(end)],
        )
        assert row.look == 7
        assert row.facility == await facilities.get_facility(conn, world.room.id)
        return sorted(astuple(taken) for taken in row.taken), sorted(row.closed)

    first, second = (at(-0.5), at(1), None), (at(2), at(3), at(-1))
    closed = [(at(hour), at(hour + 1)) for hour in (4, 5, 6)]
    assert ([first, second], closed) == await shown(-1, 9)
    assert [[], [first]] == [(await shown(-1, end))[0] for end in (-0.5, -0.25)]
    assert [[], closed[:1]] == [(await shown(3, end))[1] for end in (4, 4.25)]
    assert [closed[2:], []] == [(await shown(start, 9))[1] for start in (6.75, 7)]
    # What comes close enough for the facility's own buffers is shown too.
    await conn.execute("UPDATE facilities SET buffer_after_minutes = 30")
    assert [[], [first]] == [(await shown(-2, end))[0] for end in (-1, -0.75)]


async def test_the_terms_of_a_booking_are_its_facility_what_closes_it_and_whether_quotas_do(
    conn: Connection, world: World
) -> None:
    async def found(start: float, end: float) -> terms.TermsRow:
        row = await terms.get_terms(
            conn, facility_id=world.room.id, start_time=at(start), end_time=at(end)
        )
        assert row is not None
        return row

    bare = await found(0, 9)
    assert astuple(world.room) == astuple(bare)[: len(astuple(world.room))]
    assert (bare.closed_from, bare.closed_until, bare.closed_for) == (None, None, None)
    for hour, scope in ((6, "all"), (5, "site"), (4, "facility"), (3, "other")):
        await _close(conn, world, hour, scope)
    closed = await found(0, 9)
    assert [at(4), at(5), at(6)] == closed.closed_from
    assert [at(5), at(6), at(7)] == closed.closed_until
    assert ["facility", "site", "all"] == closed.closed_for
    assert ["facility"] == (await found(4.75, 5)).closed_for
    assert (
        await terms.get_terms(conn, facility_id=999_999, start_time=at(0), end_time=at(9)) is None
    )


@pytest.mark.parametrize("scope", ["this", "its group", "another", "another group", "all"])
async def test_the_terms_say_whether_a_quota_covers_the_facility(
    conn: Connection, world: World, scope: str
) -> None:
    cursor = await conn.execute(
        "WITH g AS (INSERT INTO facility_groups (name) VALUES ('G') RETURNING id)"
        " INSERT INTO facility_group_members (facility_group_id, facility_id)"
        " SELECT id, %s FROM g RETURNING facility_group_id",
        [(world.other_room if scope == "another group" else world.room).id],
    )
    ((group,),) = await cursor.fetchall()
    scopes = {"this": (world.room.id, None), "another": (world.other_room.id, None)}
    facility_id, group_id = scopes.get(scope, (None, None if scope == "all" else group))
    await conn.execute(
        "INSERT INTO quotas (facility_id, facility_group_id, max_active_bookings)"
        " VALUES (%s, %s, 1)",
        [facility_id, group_id],
    )
    row = await terms.get_terms(conn, facility_id=world.room.id, start_time=at(0), end_time=at(1))
    assert row is not None
    assert row.has_quota == (scope in {"this", "its group", "all"})


async def test_a_conflict_of_a_user_who_was_let_go_is_not_recorded(
    conn: Connection, world: World
) -> None:
    await users.deactivate_user(conn, world.member.id)
    recorded = [
        await bookings.insert_conflict(
            conn,
            facility_id=world.room.id,
            user_id=user.id,
            start_time=at(0),
            end_time=at(1),
        )
        for user in (world.member, world.staff)
    ]
    assert [0, 1] == recorded
    cursor = await conn.execute("SELECT user_id FROM booking_conflicts")
    assert [(world.staff.id,)] == await cursor.fetchall()


async def test_candidates_come_likeliest_first(conn: Connection, world: World) -> None:
    elsewhere = await sites.insert_site(conn, name="Hill", time_zone="UTC")
    await add_facility(conn, world.site, "Nook", capacity=4)
    small = await add_facility(conn, world.site, "Den", capacity=5)
    desk = await add_facility(conn, world.site, "Desk", capacity=9, facility_type="desk")
    large = await add_facility(conn, world.site, "Hall", capacity=300)
    far = await add_facility(conn, elsewhere, "Far room", capacity=8)
    far_hall = await add_facility(conn, elsewhere, "Far hall", capacity=80)
    archived = await add_facility(conn, world.site, "Old room")
    await conn.execute("UPDATE facilities SET status = 'archived' WHERE id = %s", [archived.id])

    async def likely(limit: int) -> list[int]:
        rows = await facilities.list_candidates(
            conn,
            site_id=world.site.id,
            facility_type="room",
            capacity=8,
            min_capacity=5,
            limit=limit,
        )
        return [row.id for row in rows]

    rooms = [world.room.id, world.other_room.id, small.id, large.id]
    assert [*rooms, far.id, far_hall.id, desk.id] == await likely(9)
    assert rooms[:2] == await likely(2)


async def test_a_users_bookings_are_bounded_by_time_and_status_and_paged(
    conn: Connection, world: World
) -> None:
    rows = [await book(conn, world, at(hour), at(hour + 8)) for hour in (0, 8, 16, 24)]
    await bookings.cancel_booking(conn, rows[2].id)
    stranger = await users.insert_user(conn, username="eve", display_name=None, is_staff=False)

    async def listed(**given: Any) -> list[int]:
        nothing = dict.fromkeys(
            ("ending_after", "starting_before", "status", "after_start", "after_id")
        )
        return [
            shown.index(row)
            for row in await bookings.list_user_bookings(
                conn, **{"user_id": world.member.id, "limit": 9, **nothing, **given}
            )
        ]

    rows[2] = await _present(conn, rows[2])
    shown = [_summary(row) for row in rows]
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

    async def listed(**given: Any) -> list[int]:
        return [rows.index(row) for row in await all_bookings(conn, **given)]

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

    async def listed(**given: Any) -> list[str]:
        return [row.name for row in await all_facilities(conn, **given)]

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


async def test_every_word_of_a_search_is_somewhere_in_a_facilitys_words_or_its_sites_name(
    conn: Connection, world: World
) -> None:
    found = {
        "room": ["Room 1", "Room 2", "Studio"],
        "ROOM 2": ["Room 2"],
        "2 room": ["Room 2"],
        "100%": ["Studio"],
        "100_": [],
        "_": ["Studio"],
        "%": ["Studio"],
        "\\": ["Studio"],
        "video conference": ["Studio"],
        "harbour studio": ["Studio"],
        "arbo": ["Room 1", "Room 2", "Studio"],
        "straße": ["Studio"],
        "studio Room 2": [],
        "  ": ["Room 1", "Room 2", "Studio"],
        "'; --": [],
    }
    await add_facility(
        conn,
        world.site,
        "Studio",
        description="A 100% quiet room, C:\\Straße 3",
        amenities=("video_conference",),
    )

    assert found == {
        search: [row.name for row in await all_facilities(conn, search=search)] for search in found
    }


def test_the_longest_word_of_a_search_comes_first_and_each_word_once() -> None:
    assert patterns("a 50%_\\ a room") == "%50\\%\\_\\\\%\n%room%\n%a%"
    assert patterns(" ") is patterns(None) is None


async def test_sites_come_by_name_whatever_the_capitals(conn: Connection, world: World) -> None:
    for name in ("alpha", "Zoo", "beta"):
        await sites.insert_site(conn, name=name, time_zone="UTC")

    first = await sites.list_sites(conn, after_name=None, after_id=None, limit=2)
    rest = await sites.list_sites(conn, after_name=first[-1].name, after_id=first[-1].id, limit=9)

    assert ["alpha", "beta", "Harbour", "Zoo"] == [row.name for row in first + rest]
    assert world.site == await sites.get_site(conn, world.site.id)


async def test_users_are_found_by_any_part_of_what_they_are_called(
    conn: Connection, world: World
) -> None:
    async def listed(search: str | None, **given: Any) -> list[str]:
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


async def test_a_name_that_is_taken_is_refused_and_the_transaction_goes_on(
    pool: Pool, world: World
) -> None:
    async with transaction(pool, actor_id=None, request_id=None) as writing:
        with pytest.raises(UsernameTaken, match=r"'MIA'.*choose another") as user:
            await users.insert_user(writing, username="MIA", display_name=None, is_staff=False)
        with pytest.raises(SiteNameTaken, match=r"'harbour'.*choose another") as site:
            await sites.insert_site(writing, name="harbour", time_zone="UTC")
        with pytest.raises(FacilityNameTaken, match=r"'room 1'.*choose another") as facility:
            await add_facility(writing, world.site, "room 1")
        await sites.insert_site(writing, name="Hill", time_zone="UTC")

    assert ["/username", "/name", "/name"] == [
        refusal.value.pointer for refusal in (user, site, facility)
    ]


async def test_a_facility_cannot_take_the_name_of_its_neighbour(
    conn: Connection, world: World
) -> None:
    row = world.other_room
    shown = {"id", "site_name", "site_opening_hours", "created_at", "updated_at", "user_group_ids"}
    values = {name: value for name, value in asdict(row).items() if name not in shown}
    with pytest.raises(FacilityNameTaken):
        await facilities.update_facility(
            conn, row.id, **values | {"name": "ROOM 1", "touched": False}
        )


async def test_a_user_is_deactivated_once(conn: Connection, world: World) -> None:
    earlier = datetime(2030, 1, 1, tzinfo=UTC)
    await conn.execute("UPDATE users SET deactivated_at = %s WHERE username = 'mia'", [earlier])
    await users.deactivate_user(conn, world.member.id)
    await users.deactivate_user(conn, world.staff.id)

    found = await users.find_user_by_username(conn, "MIA")
    assert found is not None
    assert found.deactivated_at == earlier
    left = await users.get_user(conn, world.staff.id)
    assert left is not None
    assert left.deactivated_at is not None
    assert await users.find_user_by_username(conn, "nobody") is None


async def test_a_token_stands_for_its_user_until_it_expires_or_either_is_taken_away(
    conn: Connection, world: World
) -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    end = now + timedelta(hours=1)
    await _token(conn, world.member.id, b"a", expires_at=end)
    lasting = await _token(conn, world.staff.id, b"b", expires_at=None)

    caller = await users.find_caller(conn, b"a" * 32, now)
    assert caller == users.CallerRow(
        world.member.id,
        "mia",
        is_staff=False,
        token_expires_at=end,
        token_issues_until=end,
        token_scopes=["book", "read"],
        site_ids=[],
        group_ids=[],
    )
    assert await users.find_caller(conn, b"a" * 32, end - timedelta(microseconds=1)) == caller
    assert await users.find_caller(conn, b"a" * 32, end) is None
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
    rest = await tokens.list_tokens(conn, user_id=world.member.id, after_id=first[0].id, limit=9)

    assert made == first + rest


async def test_a_key_is_answered_by_one_transaction_at_a_time(
    pool: Pool, conn: Connection, world: World
) -> None:
    scope: dict[str, Any] = {"user_id": world.member.id, "operation": "o", "key": "k"}

    async with transaction(pool, actor_id=None, request_id=None) as writing:
        assert await idempotency.try_lock(**scope).run(writing)
        assert not await idempotency.try_lock(**scope).run(conn)
        assert await idempotency.try_lock(**scope | {"key": "K"}).run(conn)
        assert await idempotency.try_lock(**scope | {"operation": "p"}).run(conn)
        assert await idempotency.try_lock(**scope | {"user_id": world.staff.id}).run(conn)

    assert await idempotency.try_lock(**scope).run(conn)


async def test_a_kept_answer_is_found_until_it_expires(conn: Connection, world: World) -> None:
    now = await _now(conn)
    kept = await _keep(conn, world.member.id, "k", ttl=timedelta(hours=24), body=b"{\x00\xff}")

    async def found(after: timedelta, **given: Any) -> idempotency.StoredReply | None:
        scope = {"user_id": world.member.id, "operation": "o", "key": "k", **given}
        return await idempotency.find_reply(**scope, now=now + after).run(conn)

    assert await found(timedelta(hours=23, minutes=59)) == kept
    assert await found(timedelta(hours=24, minutes=1)) is None
    assert await found(timedelta(), key="other") is None
    assert await found(timedelta(), operation="other") is None
    assert await found(timedelta(), user_id=world.staff.id) is None


async def test_an_answer_replaces_one_that_has_expired_and_sweeps_a_few_others(
    conn: Connection, world: World
) -> None:
    await _keep(conn, world.staff.id, "lasting", ttl=timedelta(hours=1))
    await conn.execute(
        "INSERT INTO idempotency_keys"
        " SELECT user_id, operation, 'expired ' || n, fingerprint, status, headers, body,"
        "        now(), now() - n * interval '1 second'"
        "   FROM idempotency_keys, generate_series(1, 8) AS n"
    )

    kept = await _keep(conn, world.staff.id, "expired 8", ttl=timedelta(hours=1), body=b"new")

    assert ["expired 1", "expired 2", "expired 8", "lasting"] == await _kept_keys(conn)
    assert kept == await idempotency.find_reply(
        user_id=world.staff.id, operation="o", key="expired 8", now=await _now(conn)
    ).run(conn)


async def _close(conn: Connection, world: World, hour: float, scope: str) -> None:
    """Close a room, the site or everything for an hour."""
    rooms = {"facility": world.room.id, "other": world.other_room.id}
    await conn.execute(
        "INSERT INTO closures (facility_id, site_id, start_time, end_time, reason)"
        " VALUES (%s, %s, %s, %s, %s)",
        [
            rooms.get(scope),
            world.site.id if scope == "site" else None,
            at(hour),
            at(hour + 1),
            scope,
        ],
    )


def _summary(row: BookingRow) -> bookings.SummaryRow:
    return bookings.SummaryRow(
        **{field.name: getattr(row, field.name) for field in fields(bookings.SummaryRow)}
    )


async def _present(conn: Connection, row: BookingRow) -> BookingRow:
    found = await bookings.get_booking(conn, row.id)
    assert found is not None
    return found


async def _token(
    conn: Connection, user_id: int, mark: bytes, *, expires_at: datetime | None
) -> tokens.TokenRow:
    return await tokens.insert_token(
        conn,
        user_id=user_id,
        token_hash=mark * 32,
        token_prefix="hf_abcde",  # noqa: S106 - what is shown of a secret
        name="cli",
        scopes=["book", "read"],
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


async def _kept_keys(conn: Connection) -> list[str]:
    cursor = await conn.execute("SELECT key FROM idempotency_keys ORDER BY key")
    return [key for (key,) in await cursor.fetchall()]


async def _now(conn: Connection) -> datetime:
    row = await (await conn.execute("SELECT now()")).fetchone()
    assert row is not None
    return datetime.fromisoformat(str(row[0]))
