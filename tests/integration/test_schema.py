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


@pytest.fixture
def empty(server: str) -> Iterator[str]:
    """The DSN of a database with nothing in it."""
    with servers.empty(server) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def furnished(server: str, template: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with a site, two facilities, a user and one booking.

    Tests share it, so each undoes what it does.
    """
    with (
        servers.clone(server, template) as dsn,
        psycopg.connect(dsn, autocommit=True) as conn,
    ):
        conn.execute("INSERT INTO sites (name, time_zone) VALUES ('Harbour', 'Europe/Berlin')")
        for name in ("Room 1", "Room 2"):
            _insert(conn, "facilities", {**FACILITY, "name": name})
        conn.execute("INSERT INTO users (username) VALUES ('mia')")
        _insert(conn, "bookings", BOOKING)
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
        ("user_tokens", {"user_id": 99}, "user_tokens_user_id_fkey"),
        ("idempotency_keys", {"fingerprint": b""}, "idempotency_keys_fingerprint_is_sha256"),
        ("idempotency_keys", {"status": 99}, "idempotency_keys_status_range"),
        ("idempotency_keys", {"user_id": 99}, "idempotency_keys_user_id_fkey"),
    ],
)
def test_a_constraint_refuses_by_its_name(
    conn: psycopg.Connection[Any], table: str, row: Rows, constraint: str
) -> None:
    valid = {
        "bookings": BOOKING,
        "facilities": FACILITY,
        "user_tokens": TOKEN,
        "idempotency_keys": KEY,
    }
    with pytest.raises(psycopg.IntegrityError) as refused:
        _insert(conn, table, {**valid.get(table, {}), **row})

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
        ("user_tokens", {}),
        ("idempotency_keys", {}),
    ],
)
def test_what_no_constraint_forbids_is_stored(
    conn: psycopg.Connection[Any], table: str, row: Rows
) -> None:
    valid = {
        "bookings": BOOKING,
        "facilities": FACILITY,
        "user_tokens": TOKEN,
        "idempotency_keys": KEY,
    }
    _insert(conn, table, {**valid.get(table, {}), **row})


def test_a_cancelled_booking_makes_room_and_cannot_take_it_back(
    conn: psycopg.Connection[Any],
) -> None:
    conn.execute("UPDATE bookings SET status = 'cancelled' WHERE id = 1")
    _insert(conn, "bookings", BOOKING)

    with pytest.raises(psycopg.errors.ExclusionViolation):
        conn.execute("UPDATE bookings SET status = 'confirmed' WHERE id = 1")


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


@pytest.mark.parametrize("table", ["bookings", "facilities"])
def test_updated_at_watches_every_column(conn: psycopg.Connection[Any], table: str) -> None:
    """Its trigger names the columns one by one; a new one must be added there."""
    definition = conn.execute(
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = %s",
        [f"{table}_touch_updated_at"],
    ).fetchone()
    columns = conn.execute(
        "SELECT attname FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        [table],
    ).fetchall()

    assert definition is not None
    assert {name for (name,) in columns} == set(re.findall(r"old\.(\w+)", definition[0]))


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
