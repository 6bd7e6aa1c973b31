"""Loading the demo: all of it or none, once, and never into somebody else's data."""

import asyncio
from datetime import UTC, date, datetime

import pytest
from psycopg.errors import ExclusionViolation

import demo.loading
from demo import DEMO_MEMBER, DEMO_STAFF, DemoSummary, load_demo
from demo.diary import write_diary
from demo.loading import SITES
from demo.people import PEOPLE
from demo.values import Booking
from sql.facilities import insert_facility
from sql.pool import Connection
from sql.sites import insert_site
from sql.users import insert_user

pytestmark = pytest.mark.anyio


def written_today() -> list[Booking]:
    return write_diary(SITES, PEOPLE, datetime.now(UTC).date())


def ignore(_: str) -> None:
    """No report is wanted."""


async def counts(conn: Connection) -> dict[str, int]:
    tables = ("sites", "users", "facilities", "bookings", "booking_audit", "facility_audit")
    return {
        table: (await (await conn.execute(f"SELECT count(*) FROM {table}")).fetchone() or (0,))[0]  # noqa: S608 - names from the line above
        for table in tables
    }


async def rows(conn: Connection, query: str) -> list[tuple[object, ...]]:
    return await (await conn.execute(query.encode())).fetchall()


async def test_an_empty_database_gets_all_of_it(dsn: str, conn: Connection) -> None:
    told: list[str] = []
    summary = await load_demo(dsn, report=told.append)
    written = written_today()
    assert summary == DemoSummary("loaded", 3, 42, 28, len(written))
    cancelled = sum(booking.is_cancelled for booking in written)
    assert await counts(conn) == {
        "sites": 3,
        "users": 28,
        "facilities": 42,
        "bookings": len(written),
        "booking_audit": len(written) + cancelled,
        "facility_audit": 42,
    }
    assert len(told) == 1
    assert told[0].startswith(f"42 facilities at 3 sites, 28 people, {len(written)} bookings from")


async def test_what_is_loaded_is_what_was_written(dsn: str, conn: Connection) -> None:
    await load_demo(dsn, report=ignore)
    stored = await rows(
        conn,
        """
        SELECT s.name, f.name, u.username, b.start_time, b.end_time, b.title, b.description,
               b.attendee_count, b.status = 'cancelled', b.created_at
          FROM bookings AS b
          JOIN facilities AS f ON f.id = b.facility_id
          JOIN sites AS s ON s.id = f.site_id
          JOIN users AS u ON u.id = b.user_id
        """,
    )
    # The columns are in the order of Booking's fields.
    assert {Booking(*row) for row in stored} == set(written_today())  # type: ignore[arg-type]  # typed by the driver


async def test_facilities_are_stored_as_described_with_their_amenities_in_order(
    dsn: str, conn: Connection
) -> None:
    await load_demo(dsn, report=ignore)
    stored = await rows(
        conn,
        "SELECT f.name, f.facility_type::text, f.capacity, f.amenities, f.description,"
        " f.time_zone, f.status::text, s.name"
        " FROM facilities AS f JOIN sites AS s ON s.id = f.site_id ORDER BY f.id",
    )
    assert stored == [
        (
            facility.name,
            facility.facility_type,
            facility.capacity,
            sorted(facility.amenities),
            facility.description,
            site.time_zone,
            "active",
            site.name,
        )
        for site in SITES
        for facility in site.facilities
    ]


async def test_nothing_is_older_than_what_it_rests_on(dsn: str, conn: Connection) -> None:
    await load_demo(dsn, report=ignore)
    found = await rows(
        conn,
        """
        SELECT b.id
          FROM bookings AS b
          JOIN facilities AS f ON f.id = b.facility_id
          JOIN sites AS s ON s.id = f.site_id
          JOIN users AS u ON u.id = b.user_id
         WHERE NOT (s.created_at <= f.created_at
                    AND f.created_at <= b.created_at
                    AND u.created_at <= b.created_at
                    AND b.created_at <= b.updated_at
                    AND b.created_at <= now())
        """,
    )
    assert found == []


async def test_the_audit_says_who_booked_who_cancelled_and_that_it_was_the_demo(
    dsn: str, conn: Connection
) -> None:
    await load_demo(dsn, report=ignore)
    wrong = await rows(
        conn,
        """
        SELECT b.id, array_agg(a.action::text ORDER BY a.id) AS actions
          FROM bookings AS b
          JOIN booking_audit AS a ON a.booking_id = b.id
         GROUP BY b.id
        HAVING NOT bool_and(a.changed_by = b.user_id AND a.request_id = 'demo')
            OR array_agg(a.action::text ORDER BY a.id)
               <> CASE b.status WHEN 'cancelled' THEN ARRAY['created', 'cancelled']
                                ELSE ARRAY['created'] END
        """,
    )
    assert wrong == []
    by = await rows(
        conn,
        "SELECT DISTINCT a.action::text, u.username, a.request_id"
        " FROM facility_audit AS a LEFT JOIN users AS u ON u.id = a.changed_by",
    )
    assert by == [("created", DEMO_STAFF, "demo")]


async def test_a_second_load_leaves_everything_as_it_is(dsn: str, conn: Connection) -> None:
    await load_demo(dsn, report=ignore)
    before = await counts(conn)
    told: list[str] = []
    assert await load_demo(dsn, report=told.append) == DemoSummary("present")
    assert told == ["The demo data are there already; everything stays as it is."]
    assert await counts(conn) == before


async def test_of_several_loads_at_once_one_does_it(dsn: str, conn: Connection) -> None:
    summaries = await asyncio.gather(*(load_demo(dsn, report=ignore) for _ in range(4)))
    outcomes = sorted(summary.outcome for summary in summaries)
    assert outcomes == ["loaded", "present", "present", "present"]
    assert (await counts(conn))["facilities"] == 42


async def test_a_database_with_facilities_of_its_own_is_left_alone(
    dsn: str, conn: Connection
) -> None:
    site = await insert_site(conn, name="Town Hall", time_zone="Europe/Paris")
    await insert_facility(
        conn,
        site_id=site.id,
        name="Wedding Room",
        description=None,
        facility_type="room",
        capacity=80,
        amenities=[],
        time_zone=site.time_zone,
    )
    before = await counts(conn)
    told: list[str] = []
    assert await load_demo(dsn, report=told.append) == DemoSummary("left_out")
    assert told == ["The database has data of its own: no demo data are added."]
    assert await counts(conn) == before


async def test_somebody_who_has_a_name_of_the_demo_s_is_not_made_a_part_of_it(
    dsn: str, conn: Connection
) -> None:
    await insert_user(conn, username=DEMO_MEMBER.upper(), display_name=None, is_staff=False)
    assert (await load_demo(dsn, report=ignore)).outcome == "left_out"
    assert (await counts(conn))["users"] == 1


async def test_other_users_do_not_keep_the_demo_out(dsn: str, conn: Connection) -> None:
    await insert_user(conn, username="operator", display_name=None, is_staff=True)
    assert (await load_demo(dsn, report=ignore)).outcome == "loaded"
    assert (await counts(conn))["users"] == 29


async def test_a_load_that_fails_leaves_nothing_behind(
    dsn: str, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    diary = write_diary(SITES, PEOPLE, date(2025, 11, 22))
    twice = [next(booking for booking in diary if not booking.is_cancelled)] * 2
    monkeypatch.setattr(demo.loading, "write_diary", lambda *_: twice)
    with pytest.raises(ExclusionViolation):
        await load_demo(dsn, report=ignore)
    assert set((await counts(conn)).values()) == {0}
