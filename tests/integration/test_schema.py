"""The schema: its migrations go forward and back, and its constraints hold by themselves."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from app import migrations
from app.failure import Failure
from tests import schema_dump, servers

FORWARD = sorted(
    path for path in migrations.DIRECTORY.glob("*.sql") if ".rollback." not in path.name
)

Rows = dict[str, object]

FACILITY: Rows = {
    "site_id": 1,
    "name": "Room 3",
    "facility_type": "room",
    "capacity": 8,
    "time_zone": "Europe/Berlin",
}
BOOKING: Rows = {
    "facility_id": 1,
    "user_id": 1,
    "start_time": "2030-06-03 12:00+00",
    "end_time": "2030-06-03 13:00+00",
    "title": "Standup",
}
TOKEN: Rows = {"user_id": 1, "token_hash": b"x" * 32, "token_prefix": "hf_abcde", "name": "cli"}
KEY: Rows = {
    "user_id": 1,
    "operation": "bookings_create",
    "key": "k",
    "fingerprint": b"x" * 32,
    "status": 201,
    "headers": "{}",
    "body": b"",
    "expires_at": "2030-06-04 12:00+00",
}
CLOSURE: Rows = {
    "start_time": "2030-06-03 12:00+00",
    "end_time": "2030-06-03 13:00+00",
    "reason": "Painting",
}
HOLIDAY: Rows = {**CLOSURE, "site_id": 1, "source": "holiday"}
QUOTA: Rows = {"facility_id": 2, "max_active_bookings": 3}
LIMITLESS: Rows = {"max_active_bookings": None, "max_hours_per_week": None}
CONFLICT: Rows = {
    "facility_id": 1,
    "user_id": 1,
    "start_time": "2030-06-03 12:00+00",
    "end_time": "2030-06-03 13:00+00",
}

VALID: dict[str, Rows] = {
    "bookings": BOOKING,
    "facilities": FACILITY,
    "sites": {"name": "Hill", "time_zone": "UTC"},
    "users": {"username": "noah"},
    "user_tokens": TOKEN,
    "idempotency_keys": KEY,
    "closures": CLOSURE,
    "user_groups": {"name": "Rowers"},
    "user_group_members": {"user_group_id": 1, "user_id": 2},
    "facility_user_groups": {"facility_id": 1, "user_group_id": 1},
    "site_staff": {"user_id": 1, "site_id": 1},
    "facility_groups": {"name": "Courts"},
    "facility_group_members": {"facility_group_id": 1, "facility_id": 2},
    "quotas": QUOTA,
    "booking_conflicts": CONFLICT,
}
"""A row of each table that the furnished database takes."""


@pytest.fixture
def empty(server: str) -> Iterator[str]:
    """The DSN of a database with nothing in it."""
    with servers.empty(server) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def furnished(server: str, template: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with a little of everything, and room for more.

    Tests share it, so each undoes what it does.
    """
    with (
        servers.clone(server, template) as dsn,
        psycopg.connect(dsn, autocommit=True) as conn,
    ):
        conn.execute("INSERT INTO sites (name, time_zone) VALUES ('Harbour', 'Europe/Berlin')")
        for name in ("Room 1", "Room 2"):
            _insert(conn, "facilities", {**FACILITY, "name": name})
        conn.execute("INSERT INTO users (username) VALUES ('mia'), ('sam')")
        _insert(conn, "bookings", BOOKING)
        conn.execute("INSERT INTO user_groups (name) VALUES ('Divers')")
        conn.execute("INSERT INTO user_group_members VALUES (1, 1)")
        conn.execute("INSERT INTO facility_user_groups VALUES (2, 1)")
        conn.execute("INSERT INTO facility_groups (name) VALUES ('Boats')")
        conn.execute("INSERT INTO facility_group_members VALUES (1, 1)")
        _insert(conn, "quotas", {**QUOTA, "facility_id": 1})
        _insert(conn, "closures", HOLIDAY)
        yield conn


@pytest.fixture
def conn(furnished: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    """The furnished database, in a transaction that is rolled back."""
    with furnished.transaction(force_rollback=True):
        yield furnished


def test_the_migrations_add_up_to_the_snapshot(dsn: str) -> None:
    with psycopg.connect(dsn) as conn:
        assert schema_dump.SNAPSHOT.read_text(encoding="utf-8") == schema_dump.dump(conn)


def test_the_snapshot_makes_the_schema_it_shows(empty: str) -> None:
    snapshot = schema_dump.SNAPSHOT.read_bytes()
    with psycopg.connect(empty, autocommit=True) as conn:
        conn.execute(snapshot)

        assert snapshot.decode() == schema_dump.dump(conn)


def test_the_migrations_go_forward_and_back_and_forward_again(empty: str) -> None:
    names = [path.stem for path in FORWARD]

    assert names == migrations.pending(empty)
    assert names == migrations.migrate(empty)
    assert names[::-1] == migrations.rollback_all(empty)
    with psycopg.connect(empty) as conn:
        left = re.findall(r"^CREATE (?!EXTENSION).*", schema_dump.dump(conn), re.MULTILINE)
    assert left == []
    assert names == migrations.migrate(empty)
    with psycopg.connect(empty) as conn:
        assert schema_dump.SNAPSHOT.read_text(encoding="utf-8") == schema_dump.dump(conn)
    assert migrations.migrate(empty) == []


def test_of_two_who_migrate_at_once_one_does_and_the_other_waits(empty: str) -> None:
    with ThreadPoolExecutor() as threads:
        applied = list(threads.map(migrations.migrate, [empty, empty]))

    assert sorted(applied, key=len) == [[], [path.stem for path in FORWARD]]


def test_a_migration_that_fails_leaves_nothing_behind_and_can_be_mended(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "DIRECTORY", tmp_path)
    (tmp_path / "0001_fine.sql").write_text("CREATE TABLE fine (id INTEGER);")
    bad = tmp_path / "0002_bad.sql"
    bad.write_text("-- depends: 0001_fine\n\nCREATE TABLE half (id INTEGER); SELECT 1 / 0;")

    with pytest.raises(Failure, match="refuses the migration 0002_bad: division by zero"):
        migrations.migrate(empty)

    assert _tables(empty) == {"fine"}
    assert migrations.pending(empty) == ["0002_bad"]
    bad.write_text(bad.read_text().replace("1 / 0", "1 / 1"))
    assert migrations.migrate(empty) == ["0002_bad"]
    assert _tables(empty) == {"fine", "half"}


def test_a_migration_that_cannot_be_marked_as_applied_is_not(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a kill between the two would do: yoyo by itself commits in between."""

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(migrations._Backend, "mark_one", killed)  # noqa: SLF001 - there is no other way in
        with pytest.raises(KeyboardInterrupt):
            migrations.migrate(empty)

    assert _tables(empty) == set()
    assert migrations.migrate(empty) == [path.stem for path in FORWARD]


@pytest.mark.parametrize("path", FORWARD, ids=lambda path: path.stem)
def test_a_migration_has_a_way_back_and_neither_waits_for_ever(path: Path) -> None:
    back = path.with_suffix(".rollback.sql")

    for text in (path.read_text(), back.read_text()):
        first, second = re.findall(r"^[A-Z][^;]*;", text, re.MULTILINE)[:2]
        assert re.fullmatch(r"SET LOCAL lock_timeout = '\d+s';", first)
        assert re.fullmatch(r"SET LOCAL statement_timeout = '\d+s';", second)


@pytest.mark.parametrize(
    ("table", "row", "constraint"),
    [
        ("bookings", {"end_time": "2030-06-03 13:15+00"}, "bookings_no_overlap"),
        ("bookings", {"start_time": "2030-06-03 12:45+00"}, "bookings_no_overlap"),
        ("bookings", {"status": "pending"}, "bookings_no_overlap"),
        ("bookings", {"end_time": "2030-06-03 12:00+00"}, "booking_time_valid"),
        ("bookings", {"end_time": "2030-06-03 11:00+00"}, "booking_time_valid"),
        ("bookings", {"end_time": "2030-06-03 20:15+00"}, "booking_duration_reasonable"),
        ("bookings", {"start_time": "2030-06-03 12:07+00"}, "booking_time_granularity"),
        ("bookings", {"start_time": "2030-06-03 12:00:37+00"}, "booking_time_granularity"),
        ("bookings", {"end_time": "2030-06-03 13:00:00.000001+00"}, "booking_time_granularity"),
        ("bookings", {"title": " \t\n"}, "booking_title_not_blank"),
        ("bookings", {"attendee_count": 0}, "booking_attendee_count_positive"),
        ("bookings", {"facility_id": 99}, "bookings_facility_id_fkey"),
        ("bookings", {"facility_id": 2, "user_id": 99}, "bookings_user_id_fkey"),
        ("facilities", {"name": "room 1"}, "facilities_site_name_key"),
        ("facilities", {"name": " "}, "facilities_name_not_blank"),
        ("facilities", {"site_id": 99}, "facilities_site_id_fkey"),
        ("facilities", {"capacity": 0}, "facilities_capacity_range"),
        ("facilities", {"capacity": 100_001}, "facilities_capacity_range"),
        ("facilities", {"description": "x" * 2001}, "facilities_description_length"),
        ("facilities", {"amenities": ["a,b"]}, "facilities_amenities_form"),
        ("facilities", {"amenities": ["Projector"]}, "facilities_amenities_form"),
        ("facilities", {"amenities": ["projector", None]}, "facilities_amenities_form"),
        ("facilities", {"amenities": ["a" * 51]}, "facilities_amenities_form"),
        ("facilities", {"amenities": ["a"] * 51}, "facilities_amenities_count"),
        ("facilities", {"time_zone": "Mars; DROP"}, "facilities_time_zone_form"),
        ("sites", {"name": "HARBOUR", "time_zone": "UTC"}, "sites_name_key"),
        ("sites", {"name": "", "time_zone": "UTC"}, "sites_name_not_blank"),
        ("sites", {"name": "Hill", "time_zone": ""}, "sites_time_zone_form"),
        ("users", {"username": "MIA"}, "users_username_key"),
        ("users", {"username": "mia\n"}, "users_username_form"),
        ("users", {"username": ".mia"}, "users_username_form"),
        ("user_tokens", {"token_hash": b"short"}, "user_tokens_token_hash_is_sha256"),
        ("user_tokens", {"name": " "}, "user_tokens_name_not_blank"),
        ("user_tokens", {"scopes": []}, "user_tokens_scopes_known"),
        ("user_tokens", {"scopes": ["read", "write"]}, "user_tokens_scopes_known"),
        ("user_tokens", {"scopes": ["read", None]}, "user_tokens_scopes_known"),
        ("user_tokens", {"user_id": 99}, "user_tokens_user_id_fkey"),
        ("idempotency_keys", {"fingerprint": b""}, "idempotency_keys_fingerprint_is_sha256"),
        ("idempotency_keys", {"status": 99}, "idempotency_keys_status_range"),
        ("idempotency_keys", {"user_id": 99}, "idempotency_keys_user_id_fkey"),
        ("sites", {"opening_hours": "{[-1,60)}"}, "sites_opening_hours_in_week"),
        ("sites", {"opening_hours": "{[0,10081)}"}, "sites_opening_hours_in_week"),
        ("sites", {"holiday_country": "de"}, "sites_holiday_country_form"),
        ("sites", {"holiday_country": "DEU"}, "sites_holiday_country_form"),
        (
            "sites",
            {"holiday_country": "DE", "holiday_subdivision": "x" * 51},
            "sites_holiday_subdivision_form",
        ),
        (
            "sites",
            {"holiday_country": "DE", "holiday_subdivision": ""},
            "sites_holiday_subdivision_form",
        ),
        (
            "sites",
            {"holiday_country": "DE", "holiday_subdivision": "B\u00d7E"},
            "sites_holiday_subdivision_form",
        ),
        ("sites", {"holiday_subdivision": "BE"}, "sites_holiday_subdivision_of_country"),
        ("sites", {"holidays_until": 2030}, "sites_holidays_until_of_calendar"),
        ("facilities", {"opening_hours": "{[-1,60)}"}, "facilities_opening_hours_in_week"),
        ("facilities", {"opening_hours": "{[600,)}"}, "facilities_opening_hours_in_week"),
        ("facilities", {"opening_hours": "{[0,10081)}"}, "facilities_opening_hours_in_week"),
        ("facilities", {"min_duration_minutes": 0}, "facilities_duration_range"),
        ("facilities", {"min_duration_minutes": 20}, "facilities_duration_range"),
        ("facilities", {"max_duration_minutes": 50}, "facilities_duration_range"),
        ("facilities", {"max_duration_minutes": 495}, "facilities_duration_range"),
        (
            "facilities",
            {"min_duration_minutes": 60, "max_duration_minutes": 45},
            "facilities_duration_range",
        ),
        ("facilities", {"min_notice_minutes": -1}, "facilities_min_notice_range"),
        ("facilities", {"min_notice_minutes": 525_601}, "facilities_min_notice_range"),
        ("facilities", {"horizon_days": 0}, "facilities_horizon_range"),
        ("facilities", {"horizon_days": 1096}, "facilities_horizon_range"),
        ("facilities", {"start_step_minutes": 0}, "facilities_start_step_known"),
        ("facilities", {"start_step_minutes": 45}, "facilities_start_step_known"),
        (
            "facilities",
            {"cancellation_notice_minutes": -1},
            "facilities_cancellation_notice_range",
        ),
        (
            "facilities",
            {"cancellation_notice_minutes": 525_601},
            "facilities_cancellation_notice_range",
        ),
        ("facilities", {"buffer_before_minutes": -15}, "facilities_buffers_range"),
        ("facilities", {"buffer_before_minutes": 10}, "facilities_buffers_range"),
        ("facilities", {"buffer_before_minutes": 255}, "facilities_buffers_range"),
        ("facilities", {"buffer_after_minutes": -15}, "facilities_buffers_range"),
        ("facilities", {"buffer_after_minutes": 20}, "facilities_buffers_range"),
        ("facilities", {"buffer_after_minutes": 255}, "facilities_buffers_range"),
        ("facilities", {"approval_timeout_minutes": 14}, "facilities_approval_timeout_range"),
        ("facilities", {"approval_timeout_minutes": 43_201}, "facilities_approval_timeout_range"),
        ("bookings", {"facility_id": 2, "buffer_before_minutes": -15}, "booking_buffers_range"),
        ("bookings", {"facility_id": 2, "buffer_before_minutes": 10}, "booking_buffers_range"),
        ("bookings", {"facility_id": 2, "buffer_before_minutes": 255}, "booking_buffers_range"),
        ("bookings", {"facility_id": 2, "buffer_after_minutes": -15}, "booking_buffers_range"),
        ("bookings", {"facility_id": 2, "buffer_after_minutes": 20}, "booking_buffers_range"),
        ("bookings", {"facility_id": 2, "buffer_after_minutes": 255}, "booking_buffers_range"),
        ("bookings", {"facility_id": 2, "booked_by": 99}, "bookings_booked_by_fkey"),
        (
            "bookings",
            {"facility_id": 2, "cancellation_cause": "owner"},
            "booking_cause_only_if_cancelled",
        ),
        (
            "bookings",
            {"facility_id": 2, "status": "pending", "cancellation_cause": "expired"},
            "booking_cause_only_if_cancelled",
        ),
        ("closures", {"facility_id": 1, "site_id": 1}, "closures_one_scope"),
        ("closures", {"facility_id": 99}, "closures_facility_id_fkey"),
        ("closures", {"site_id": 99}, "closures_site_id_fkey"),
        ("closures", {"end_time": "2030-06-03 12:00+00"}, "closures_time_valid"),
        ("closures", {"end_time": "2030-06-03 11:45+00"}, "closures_time_valid"),
        ("closures", {"start_time": "2030-06-03 12:00:01+00"}, "closures_time_granularity"),
        ("closures", {"end_time": "2030-06-03 12:59:59+00"}, "closures_time_granularity"),
        ("closures", {"end_time": "infinity"}, "closures_time_in_calendar"),
        ("closures", {"end_time": "10000-01-01 00:00+00"}, "closures_time_in_calendar"),
        ("closures", {"start_time": "-infinity"}, "closures_time_in_calendar"),
        ("closures", {"reason": "\t"}, "closures_reason_not_blank"),
        ("closures", {"source": "holiday"}, "closures_holiday_of_site"),
        ("closures", {"source": "holiday", "facility_id": 1}, "closures_holiday_of_site"),
        ("closures", {**HOLIDAY, "end_time": "2030-06-04 12:00+00"}, "closures_holiday_key"),
        ("user_groups", {"name": "DIVERS"}, "user_groups_name_key"),
        ("user_groups", {"name": " "}, "user_groups_name_not_blank"),
        ("user_group_members", {"user_id": 1}, "user_group_members_pkey"),
        ("user_group_members", {"user_id": 99}, "user_group_members_user_id_fkey"),
        ("user_group_members", {"user_group_id": 99}, "user_group_members_user_group_id_fkey"),
        ("facility_user_groups", {"facility_id": 2}, "facility_user_groups_pkey"),
        ("facility_user_groups", {"facility_id": 99}, "facility_user_groups_facility_id_fkey"),
        (
            "facility_user_groups",
            {"user_group_id": 99},
            "facility_user_groups_user_group_id_fkey",
        ),
        ("site_staff", {"user_id": 99}, "site_staff_user_id_fkey"),
        ("site_staff", {"site_id": 99}, "site_staff_site_id_fkey"),
        ("facility_groups", {"name": "boats"}, "facility_groups_name_key"),
        ("facility_groups", {"name": ""}, "facility_groups_name_not_blank"),
        ("facility_group_members", {"facility_id": 1}, "facility_group_members_pkey"),
        ("facility_group_members", {"facility_id": 99}, "facility_group_members_facility_id_fkey"),
        (
            "facility_group_members",
            {"facility_group_id": 99},
            "facility_group_members_facility_group_id_fkey",
        ),
        ("quotas", {"facility_id": 1}, "quotas_facility_key"),
        ("quotas", {"facility_id": 99}, "quotas_facility_id_fkey"),
        (
            "quotas",
            {"facility_id": None, "facility_group_id": 99},
            "quotas_facility_group_id_fkey",
        ),
        ("quotas", {"facility_group_id": 1}, "quotas_one_scope"),
        ("quotas", {"max_active_bookings": 0}, "quotas_max_active_bookings_range"),
        ("quotas", {"max_active_bookings": 10_001}, "quotas_max_active_bookings_range"),
        ("quotas", {"max_hours_per_week": 0}, "quotas_max_hours_per_week_range"),
        ("quotas", {"max_hours_per_week": 169}, "quotas_max_hours_per_week_range"),
        ("quotas", LIMITLESS, "quotas_limit_something"),
        ("booking_conflicts", {"facility_id": 99}, "booking_conflicts_facility_id_fkey"),
        ("booking_conflicts", {"user_id": 99}, "booking_conflicts_user_id_fkey"),
    ],
)
def test_a_constraint_refuses_by_its_name(
    conn: psycopg.Connection[Any], table: str, row: Rows, constraint: str
) -> None:
    with pytest.raises(psycopg.IntegrityError) as refused:
        _insert(conn, table, {**VALID[table], **row})

    assert constraint == refused.value.diag.constraint_name


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("bookings", {"start_time": "2030-06-03 13:00+00", "end_time": "2030-06-03 21:00+00"}),
        ("bookings", {"start_time": "2030-06-03 11:45+00", "end_time": "2030-06-03 12:00+00"}),
        ("bookings", {"facility_id": 2}),
        ("bookings", {"status": "cancelled"}),
        ("bookings", {"start_time": "1969-12-31 23:45+00", "end_time": "1970-01-01 00:15+00"}),
        ("bookings", {"start_time": "2031-06-03 12:00+05:45", "end_time": "2031-06-03 06:30+00"}),
        ("facilities", {"description": "x" * 2000, "amenities": ["a" * 50] * 50}),
        ("facilities", {"amenities": ["2nd_screen", "wifi"], "capacity": 100_000}),
        ("sites", {"name": "Hill", "time_zone": "America/Argentina/Buenos_Aires"}),
        ("sites", {"name": "Hill", "time_zone": "Etc/GMT+12"}),
        ("users", {"username": "M.ia_2@harbour-club"}),
        *((table, {}) for table in VALID if table != "bookings"),
        ("sites", {"opening_hours": "{[0,10080)}"}),
        ("sites", {"opening_hours": "{}", "holiday_country": "DE"}),
        ("sites", {"holiday_country": "DE", "holidays_until": 2030}),
        ("sites", {"holiday_country": "GB", "holiday_subdivision": "St. Helen's-" + "x" * 38}),
        ("sites", {"holiday_country": "BR", "holiday_subdivision": "São Paulo Capital"}),
        ("facilities", {"opening_hours": "{[0,1),[10079,10080)}"}),
        ("facilities", {"opening_hours": "{}"}),
        ("facilities", {"min_duration_minutes": 15, "max_duration_minutes": 15}),
        ("facilities", {"min_duration_minutes": 480, "max_duration_minutes": 480}),
        ("facilities", {"min_notice_minutes": 525_600, "cancellation_notice_minutes": 525_600}),
        ("facilities", {"horizon_days": 1, "start_step_minutes": 30}),
        ("facilities", {"horizon_days": 1095, "start_step_minutes": 60}),
        ("facilities", {"buffer_before_minutes": 240, "buffer_after_minutes": 240}),
        ("facilities", {"requires_approval": True, "approval_timeout_minutes": 15}),
        ("facilities", {"requires_approval": True, "approval_timeout_minutes": 43_200}),
        (
            "bookings",
            {"facility_id": 2, "buffer_before_minutes": 240, "buffer_after_minutes": 240},
        ),
        ("bookings", {"facility_id": 2, "booked_by": 2, "change_reason": "x" * 500}),
        ("bookings", {"status": "cancelled", "cancellation_cause": "closure"}),
        ("bookings", {"status": "cancelled", "cancellation_cause": None}),
        ("closures", {"facility_id": 1}),
        ("closures", {"site_id": 1}),
        ("closures", {"end_time": "2030-06-03 12:15+00", "reason": "x" * 255}),
        ("closures", {"start_time": "2030-06-03 17:45+05:45", "end_time": "2031-06-03 00:00+00"}),
        ("closures", {**HOLIDAY, "start_time": "2030-06-03 12:15+00"}),
        ("closures", {**HOLIDAY, "source": "staff"}),
        ("closures", {"start_time": "0001-01-01 00:00+00", "end_time": "9999-12-31 23:45+00"}),
        ("quotas", {"max_active_bookings": 1, "max_hours_per_week": 1}),
        ("quotas", {"max_active_bookings": 10_000, "max_hours_per_week": 168}),
        ("quotas", {"max_active_bookings": None, "max_hours_per_week": 10}),
        ("quotas", {"facility_id": None, "facility_group_id": 1}),
        ("quotas", {"facility_id": None}),
    ],
)
def test_what_no_constraint_forbids_is_stored(
    conn: psycopg.Connection[Any], table: str, row: Rows
) -> None:
    _insert(conn, table, {**VALID[table], **row})


def test_a_cancelled_booking_makes_room_and_cannot_take_it_back(
    conn: psycopg.Connection[Any],
) -> None:
    conn.execute("UPDATE bookings SET status = 'cancelled' WHERE id = 1")
    _insert(conn, "bookings", BOOKING)

    with pytest.raises(psycopg.errors.ExclusionViolation):
        conn.execute("UPDATE bookings SET status = 'confirmed' WHERE id = 1")


@pytest.mark.parametrize(
    ("buffered", "is_free"),
    [
        (("11:00", "11:45", 0, 15), True),
        (("11:00", "11:45", 0, 30), False),
        (("13:15", "14:00", 15, 0), True),
        (("13:15", "14:00", 30, 0), False),
        (("11:00", "12:00", 240, 0), True),
        (("13:00", "14:00", 0, 240), True),
        (("08:00", "08:15", 0, 225), True),
        (("08:00", "08:15", 0, 240), False),
        (("16:45", "17:00", 225, 0), True),
        (("16:45", "17:00", 240, 0), False),
    ],
)
@pytest.mark.parametrize("status", ["confirmed", "pending"])
def test_a_buffer_may_touch_another_booking_and_not_overlap_it(
    conn: psycopg.Connection[Any],
    status: str,
    buffered: tuple[str, str, int, int],
    is_free: bool,  # noqa: FBT001
) -> None:
    row = _buffered(*buffered)

    assert is_free == _fits(conn, {**row, "status": status})
    assert _fits(conn, {**row, "status": "cancelled"})


@pytest.mark.parametrize(("start", "is_free"), [("09:30", False), ("09:45", True)])
@pytest.mark.parametrize("status", ["confirmed", "pending"])
def test_between_two_bookings_there_is_room_for_the_buffers_of_both(
    conn: psycopg.Connection[Any],
    status: str,
    start: str,
    is_free: bool,  # noqa: FBT001
) -> None:
    _insert(conn, "bookings", {**_buffered("08:00", "09:00", 0, 15), "status": status})

    assert is_free == _fits(conn, _buffered(start, "10:15", 30, 0))


def test_a_buffer_is_the_same_on_the_day_the_clock_changes(conn: psycopg.Connection[Any]) -> None:
    conn.execute("SET LOCAL timezone = 'Europe/Berlin'")
    spring = {
        **BOOKING,
        "start_time": "2031-03-30 01:00+00",  # the moment at which 02:00 becomes 03:00
        "end_time": "2031-03-30 02:00+00",
        "buffer_before_minutes": 45,
        "buffer_after_minutes": 120,
    }
    _insert(conn, "bookings", spring)
    conn.execute("SET LOCAL timezone = 'UTC'")

    (occupied,) = conn.execute("SELECT occupied::text FROM bookings WHERE id > 1").fetchall()
    assert occupied == ('["2031-03-30 00:15:00+00","2031-03-30 04:00:00+00")',)


def test_a_cancelled_booking_gives_its_buffers_back(conn: psycopg.Connection[Any]) -> None:
    conn.execute("UPDATE bookings SET buffer_after_minutes = 60 WHERE id = 1")
    next_one = _buffered("13:45", "14:45", 0, 0)

    assert not _fits(conn, next_one)
    conn.execute("UPDATE bookings SET status = 'cancelled' WHERE id = 1")
    assert _fits(conn, next_one)


def test_a_facilitys_new_buffers_touch_no_booking_there_is(conn: psycopg.Connection[Any]) -> None:
    _insert(conn, "bookings", _buffered("13:00", "14:00", 0, 0))

    conn.execute("UPDATE facilities SET buffer_before_minutes = 240, buffer_after_minutes = 240")

    kept = conn.execute("SELECT DISTINCT buffer_before_minutes, buffer_after_minutes FROM bookings")
    assert [(0, 0)] == kept.fetchall()


def _buffered(start: str, end: str, before: int, after: int) -> Rows:
    return {
        **BOOKING,
        "start_time": f"2030-06-03 {start}+00",
        "end_time": f"2030-06-03 {end}+00",
        "buffer_before_minutes": before,
        "buffer_after_minutes": after,
    }


def _fits(conn: psycopg.Connection[Any], row: Rows) -> bool:
    """Whether the booking is taken; it is not kept."""
    try:
        with conn.transaction(force_rollback=True):
            _insert(conn, "bookings", row)
    except psycopg.errors.ExclusionViolation:
        return False
    return True


def test_there_is_one_quota_for_a_group_and_one_for_everything(
    conn: psycopg.Connection[Any],
) -> None:
    for scope, constraint in (
        ({"facility_group_id": 1}, "quotas_facility_group_key"),
        ({}, "quotas_everything_key"),
    ):
        quota = {**QUOTA, "facility_id": None, **scope}
        _insert(conn, "quotas", quota)
        with pytest.raises(psycopg.errors.UniqueViolation) as refused, conn.transaction():
            _insert(conn, "quotas", quota)
        assert constraint == refused.value.diag.constraint_name


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("DELETE FROM user_groups", "facility_user_groups_user_group_id_fkey"),
        ("DELETE FROM sites", "facilities_site_id_fkey"),
        ("DELETE FROM users WHERE id = 1", "bookings_user_id_fkey"),
    ],
)
def test_what_something_refers_to_stays(
    conn: psycopg.Connection[Any], statement: str, constraint: str
) -> None:
    with pytest.raises(psycopg.IntegrityError) as refused:
        conn.execute(statement.encode())

    assert constraint == refused.value.diag.constraint_name


def test_a_group_of_facilities_with_a_quota_stays(conn: psycopg.Connection[Any]) -> None:
    _insert(conn, "quotas", {**QUOTA, "facility_id": None, "facility_group_id": 1})

    with pytest.raises(psycopg.IntegrityError) as refused:
        conn.execute("DELETE FROM facility_groups")

    assert refused.value.diag.constraint_name == "quotas_facility_group_id_fkey"


def test_memberships_go_with_the_user_and_the_group(conn: psycopg.Connection[Any]) -> None:
    for table in ("user_group_members", "site_staff"):
        _insert(conn, table, {**VALID[table], "user_id": 2})
    conn.execute("DELETE FROM users WHERE id = 2")
    conn.execute("DELETE FROM facility_user_groups")
    conn.execute("DELETE FROM user_groups")
    conn.execute("DELETE FROM facility_groups")

    left = "SELECT FROM site_staff UNION ALL SELECT FROM user_group_members"
    assert [] == conn.execute(f"{left} UNION ALL SELECT FROM facility_group_members").fetchall()


def test_opening_hours_are_kept_merged_and_in_order(conn: psycopg.Connection[Any]) -> None:
    conn.execute("UPDATE facilities SET opening_hours = '{[900,960),[540,720),[720,780)}'")

    kept = conn.execute("SELECT DISTINCT opening_hours::text FROM facilities").fetchall()
    assert kept == [("{[540,780),[900,960)}",)]


def test_marks_are_the_same_in_every_time_zone(conn: psycopg.Connection[Any]) -> None:
    conn.execute("SET LOCAL timezone = 'Asia/Kathmandu'")  # 5:45 ahead of UTC
    _insert(conn, "bookings", {**BOOKING, "facility_id": 2})

    with pytest.raises(psycopg.errors.CheckViolation):
        _insert(
            conn,
            "bookings",
            {
                **BOOKING,
                "start_time": "2031-06-03 12:05",
                "end_time": "2031-06-03 13:05",
            },
        )


OF_THE_SERVICE = {"sites": {"holidays_until"}}
"""Columns in which the service keeps how far it has come: no change that anybody made."""


def test_updated_at_watches_every_column(conn: psycopg.Connection[Any]) -> None:
    """Where a column is generated, its trigger names the others: a new one must be added there."""
    triggers = conn.execute(
        "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger"
        " WHERE tgfoid = 'touch_updated_at'::regproc"
    ).fetchall()
    columns = _columns_to_watch(conn)

    assert {table for table, _ in triggers} == {
        table for table, names in columns.items() if "updated_at" in names
    }
    for table, definition in triggers:
        if "old.* IS DISTINCT FROM new.*" not in definition:
            for side in ("old", "new"):
                named = re.findall(rf"{side}\.(\w+)", definition)
                assert set(columns[table]) - OF_THE_SERVICE.get(table, set()) == set(named), table


def _columns_to_watch(conn: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """Each table's columns that are not generated, in their order."""
    rows = conn.execute(
        "SELECT attrelid::regclass::text, array_agg(attname::text ORDER BY attnum)"
        "  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        "   AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
        " GROUP BY attrelid"
    )
    return dict(rows.fetchall())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sites SET {} WHERE id = 1 RETURNING updated_at",
        "UPDATE facilities SET {} WHERE id = 1 RETURNING updated_at",
        "UPDATE bookings SET {} WHERE id = 1 RETURNING updated_at",
        "UPDATE quotas SET {} WHERE id = 1 RETURNING updated_at",
    ],
)
def test_a_change_moves_updated_at_and_no_change_does_not(
    conn: psycopg.Connection[Any], statement: str
) -> None:
    table = statement.split()[1]
    columns = set(_columns_to_watch(conn)[table]) - {"id", "updated_at"}
    others = {
        "sites": "opening_hours = '{}'",
        "facilities": "horizon_days = 30",
        "bookings": "change_reason = 'Fire drill'",
        "quotas": "max_hours_per_week = 10",
    }
    same = ", ".join(f"{name} = {name}" for name in columns)

    before = conn.execute(f"SELECT updated_at FROM {table} WHERE id = 1".encode()).fetchone()  # noqa: S608 - the test's own table
    assert before == conn.execute(statement.format(same).encode()).fetchone()
    moved = conn.execute(statement.format(others[table]).encode()).fetchone()

    assert before is not None
    assert moved is not None
    assert before < moved


def test_updated_at_never_repeats_and_never_goes_back(conn: psycopg.Connection[Any]) -> None:
    def change(column: str, value: object) -> Any:
        statement = SQL("UPDATE bookings SET {} = %s WHERE id = 1 RETURNING updated_at").format(
            Identifier(column)
        )
        row = conn.execute(statement, [value]).fetchone()
        assert row is not None
        return row[0]

    first = change("title", "Retro")
    same = change("title", "Retro")
    second = change("title", "Planning")
    conn.execute("ALTER TABLE bookings DISABLE TRIGGER bookings_touch_updated_at")
    ahead = change("updated_at", "2999-01-01 00:00+00")  # a clock that was put back since
    conn.execute("ALTER TABLE bookings ENABLE TRIGGER bookings_touch_updated_at")
    third = change("title", "Review")

    assert first == same < second < ahead < third


def _insert(conn: psycopg.Connection[Any], table: str, row: Rows) -> None:
    statement = SQL("INSERT INTO {} ({}) VALUES ({})").format(
        Identifier(table),
        SQL(", ").join(map(Identifier, row)),
        SQL(", ").join(SQL("%s") for _ in row),
    )
    conn.execute(statement, list(row.values()))


def _tables(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as conn:
        rows = conn.execute(
            "SELECT relname FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            " AND relname NOT LIKE '%yoyo%'"
        )
        return {name for (name,) in rows}
