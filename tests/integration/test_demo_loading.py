"""Loading the demo: all of it or none, once, and never into somebody else's data."""

import asyncio
from dataclasses import fields
from datetime import UTC, date, datetime

import pytest
from psycopg.errors import ExclusionViolation

import demo.loading
from demo import DEMO_MEMBER, DEMO_STAFF, DemoSummary, house, load_demo
from demo.conflicts import write_conflicts
from demo.diary import known_closures, write_diary
from demo.loading import SITES
from demo.people import PEOPLE
from demo.values import Booking, FacilityRules, Quota
from sql.facilities import insert_facility
from sql.hours import weekly
from sql.pool import Connection
from sql.sites import insert_site
from sql.users import insert_user
from steps.holidays import refresh_holidays, sites_to_refresh

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
    settled = sum(booking.is_settled for booking in written)
    assert await counts(conn) == {
        "sites": 3,
        "users": 28,
        "facilities": 42,
        "bookings": len(written),
        "booking_audit": len(written) + settled,
        "facility_audit": 42,
    }
    assert len(told) == 1
    assert told[0].startswith(f"42 facilities at 3 sites, 28 people, {len(written)} bookings from")


async def test_what_is_loaded_is_what_was_written(dsn: str, conn: Connection) -> None:
    await load_demo(dsn, report=ignore)
    stored = await rows(
        conn,
        """
        SELECT s.name, f.name, u.username, m.username, b.start_time, b.end_time, b.title,
               b.description, b.attendee_count, b.status::text, b.decide_by,
               b.cancellation_cause::text, b.change_reason, b.created_at
          FROM bookings AS b
          JOIN facilities AS f ON f.id = b.facility_id
          JOIN sites AS s ON s.id = f.site_id
          JOIN users AS u ON u.id = b.user_id
          LEFT JOIN users AS m ON m.id = b.booked_by
        """,
    )
    assert set(stored) == {
        (
            booking.site,
            booking.facility,
            booking.username,
            booking.booked_by,
            booking.start_time,
            booking.end_time,
            booking.title,
            booking.description,
            booking.attendee_count,
            booking.status,
            booking.decide_by if booking.status == "pending" else None,
            booking.cancellation_cause,
            booking.change_reason,
            booking.created_at,
        )
        for booking in written_today()
    }


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


async def test_the_audit_says_who_booked_who_decided_and_that_it_was_the_demo(
    dsn: str, conn: Connection
) -> None:
    await load_demo(dsn, report=ignore)
    logged = await rows(
        conn,
        """
        SELECT f.name, b.start_time, b.created_at,
               array_agg(a.action::text ORDER BY a.id),
               array_agg(u.username ORDER BY a.id),
               min(a.new_values ->> 'status') FILTER (WHERE a.action = 'created')
          FROM bookings AS b
          JOIN facilities AS f ON f.id = b.facility_id
          JOIN booking_audit AS a ON a.booking_id = b.id AND a.request_id = 'demo'
          LEFT JOIN users AS u ON u.id = a.changed_by
         GROUP BY f.name, b.id
        """,
    )

    def history(booking: Booking) -> tuple[object, ...]:
        actions, actors = ["created"], [booking.booked_by or booking.username]
        if booking.is_settled:
            actions.append("cancelled" if booking.is_cancelled else "updated")
            actors += [booking.changed_by]  # type: ignore[list-item]  # None is the service
        first = "pending" if booking.decide_by else "confirmed"
        return (booking.facility, booking.start_time, booking.created_at, actions, actors, first)

    assert sorted(logged, key=repr) == sorted(map(history, written_today()), key=repr)
    by = await rows(
        conn,
        "SELECT DISTINCT a.action::text, u.username, a.request_id"
        " FROM facility_audit AS a LEFT JOIN users AS u ON u.id = a.changed_by",
    )
    assert by == [("created", DEMO_STAFF, "demo")]


async def test_the_rules_are_stored_as_laid_down(dsn: str, conn: Connection) -> None:
    await load_demo(dsn, report=ignore)
    names = [field.name for field in fields(FacilityRules) if field.name != "open_to"]
    stored = await rows(
        conn,
        f"""
        SELECT f.name, ARRAY(SELECT g.name
                               FROM facility_user_groups AS o
                               JOIN user_groups AS g ON g.id = o.user_group_id
                              WHERE o.facility_id = f.id
                              ORDER BY g.name),
               f.opening_hours::text, {", ".join(names[1:])}
          FROM facilities AS f
        """,  # noqa: S608 - names of fields
    )
    found = {
        name: FacilityRules(weekly(str(hours)) if hours else None, tuple(groups), *rest)  # type: ignore[arg-type]  # typed by the driver
        for name, groups, hours, *rest in stored
    }
    assert found == {
        facility.name: house.rules_of(facility.name)
        for site in SITES
        for facility in site.facilities
    }


async def test_sites_groups_and_quotas_are_stored_as_laid_down(dsn: str, conn: Connection) -> None:
    await load_demo(dsn, report=ignore)
    sites = await rows(
        conn, "SELECT name, opening_hours::text, holiday_country, holiday_subdivision FROM sites"
    )
    assert {name: (weekly(str(hours)), country, part) for name, hours, country, part in sites} == {
        site.name: (
            house.SITE_HOURS[site.name],
            *house.HOLIDAY_CALENDARS.get(site.name, (None, None)),
        )
        for site in SITES
    }
    user_groups = await rows(
        conn,
        "SELECT g.name, u.username FROM user_group_members AS m"
        " JOIN user_groups AS g ON g.id = m.user_group_id JOIN users AS u ON u.id = m.user_id",
    )
    assert sorted(user_groups) == sorted(
        (group, name) for group, names in house.USER_GROUPS.items() for name in names
    )
    facility_groups = await rows(
        conn,
        "SELECT g.name, f.name FROM facility_group_members AS m"
        " JOIN facility_groups AS g ON g.id = m.facility_group_id"
        " JOIN facilities AS f ON f.id = m.facility_id",
    )
    assert sorted(facility_groups) == sorted(
        (group, name) for group, names in house.FACILITY_GROUPS.items() for name in names
    )
    quotas = await rows(
        conn,
        "SELECT f.name, g.name, q.max_active_bookings, q.max_hours_per_week FROM quotas AS q"
        " LEFT JOIN facilities AS f ON f.id = q.facility_id"
        " LEFT JOIN facility_groups AS g ON g.id = q.facility_group_id ORDER BY q.id",
    )
    assert [Quota(*quota) for quota in quotas] == list(house.QUOTAS)  # type: ignore[arg-type]  # typed by the driver


async def test_two_are_staff_of_the_house_and_two_of_their_site(dsn: str, conn: Connection) -> None:
    await load_demo(dsn, report=ignore)
    assert await rows(conn, "SELECT username FROM users WHERE is_staff ORDER BY username") == [
        ("desmond",),
        ("ingrid",),
    ]
    assert await rows(
        conn,
        "SELECT u.username, s.name FROM site_staff JOIN users AS u ON u.id = user_id"
        " JOIN sites AS s ON s.id = site_id ORDER BY u.username",
    ) == [("emeka", "Harbour Campus"), ("nabin", "Patan Terrace")]


async def test_closures_and_conflicts_are_stored_as_written(dsn: str, conn: Connection) -> None:
    await load_demo(dsn, report=ignore)
    today = datetime.now(UTC).date()
    closures = await rows(
        conn,
        "SELECT c.start_time, c.end_time, c.reason, f.name, s.name, c.created_at"
        " FROM closures AS c LEFT JOIN facilities AS f ON f.id = c.facility_id"
        " LEFT JOIN sites AS s ON s.id = c.site_id WHERE c.source = 'staff' ORDER BY c.id",
    )
    assert closures == [
        (each.period.start, each.period.end, each.reason, each.facility, each.site, each.created_at)
        for each in known_closures(SITES, today)
    ]
    entered = await rows(
        conn,
        "SELECT u.username FROM audit_log AS a JOIN users AS u ON u.id = a.changed_by"
        " WHERE a.record_type = 'closure' AND a.new_values ->> 'source' = 'staff' ORDER BY a.id",
    )
    assert entered == [(each.made_by,) for each in known_closures(SITES, today)]
    conflicts = await rows(
        conn,
        "SELECT f.name, u.username, c.start_time, c.end_time, c.occurred_at"
        " FROM booking_conflicts AS c JOIN facilities AS f ON f.id = c.facility_id"
        " JOIN users AS u ON u.id = c.user_id ORDER BY c.id",
    )
    assert conflicts == [
        (each.facility, each.username, each.period.start, each.period.end, each.occurred_at)
        for each in write_conflicts(written_today(), PEOPLE, today)
    ]


async def test_the_service_enters_the_holidays_and_no_booking_is_in_their_way(
    dsn: str, conn: Connection
) -> None:
    await load_demo(dsn, report=ignore)
    assert await rows(conn, "SELECT id FROM closures WHERE source = 'holiday'") == []
    now = datetime.now(UTC)
    due = await sites_to_refresh(conn, now)
    assert len(due) == len(house.HOLIDAY_CALENDARS)
    assert all([await refresh_holidays(conn, site_id, now) for site_id in due])
    entered = await rows(
        conn,
        "SELECT DISTINCT s.name FROM closures AS c JOIN sites AS s ON s.id = c.site_id"
        " WHERE c.source = 'holiday'",
    )
    assert {name for (name,) in entered} == set(house.HOLIDAY_CALENDARS)
    closed_over = await rows(
        conn,
        """
        SELECT b.id, c.reason
          FROM bookings AS b
          JOIN facilities AS f ON f.id = b.facility_id
          JOIN closures AS c
            ON (c.facility_id = f.id
                OR c.site_id = f.site_id
                OR (c.facility_id IS NULL AND c.site_id IS NULL))
           AND c.start_time < b.end_time
           AND c.end_time > b.start_time
         WHERE b.status <> 'cancelled'
        """,
    )
    assert closed_over == []


async def test_bookings_are_stored_with_the_buffers_of_their_facilities(
    dsn: str, conn: Connection
) -> None:
    await load_demo(dsn, report=ignore)
    other = await rows(
        conn,
        "SELECT b.id FROM bookings AS b JOIN facilities AS f ON f.id = b.facility_id"
        " WHERE (b.buffer_before_minutes, b.buffer_after_minutes)"
        " <> (f.buffer_before_minutes, f.buffer_after_minutes)",
    )
    assert other == []


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
