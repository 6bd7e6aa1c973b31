"""The house rules come to a database that is in use, and go again: nothing in it changes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from app import migrations
from tests import servers

BEFORE_THE_RULES = "0006_idempotency"
BEFORE_THE_FEED = "0012_holidays"
BEFORE_SCOPES = "0014_"

TABLES = (
    "sites",
    "facilities",
    "users",
    "user_tokens",
    "bookings",
    "booking_audit",
    "facility_audit",
    "idempotency_keys",
)

FURNITURE = """
SET timezone = 'UTC';
INSERT INTO users (username, display_name, is_staff, deactivated_at)
VALUES ('mia', 'Mia Miller', false, NULL),
       ('sam', NULL, true, NULL),
       ('gone', 'Gone Girl', false, '2026-01-01 00:00+00');
INSERT INTO user_tokens (user_id, token_hash, token_prefix, name)
VALUES (1, sha256('a'), 'hf_abcde', 'cli');
INSERT INTO sites (name, time_zone)
VALUES ('Harbour', 'Europe/Berlin'), ('Patan', 'Asia/Kathmandu');
INSERT INTO facilities (site_id, name, description, facility_type, capacity, amenities, time_zone)
VALUES (1, 'Room 1', 'By the water', 'room', 8, '{projector,wifi}', 'Europe/Berlin'),
       (1, 'Room 2', NULL, 'room', 4, '{}', 'Europe/Berlin'),
       (2, 'Court', NULL, 'court', 2, '{}', 'Asia/Kathmandu');
SET holdfast.actor_id = '2';
SET holdfast.request_id = 'r-archive';
UPDATE facilities SET status = 'archived' WHERE name = 'Room 2';
SET holdfast.actor_id = '1';
SET holdfast.request_id = 'r-book';
INSERT INTO bookings (facility_id, user_id, start_time, end_time, title, description, status)
SELECT 1, 1 + n % 3, time, time + CASE n % 4 WHEN 0 THEN '8 hours' ELSE '15 minutes' END::interval,
       'Meeting ' || n, CASE n % 2 WHEN 0 THEN 'With slides' END,
       (ARRAY['confirmed', 'pending', 'cancelled'])[1 + n % 3]::booking_status
  FROM generate_series(0, 59) AS n,
       LATERAL (SELECT '2026-03-28 22:00+00'::timestamptz + n * '8 hours'::interval) AS t (time);
-- Side by side, where the clock of Berlin is put forward, and one over another that is cancelled.
INSERT INTO bookings (facility_id, user_id, start_time, end_time, title, status)
VALUES (3, 1, '2026-03-29 00:30+00', '2026-03-29 01:00+00', 'Before', 'confirmed'),
       (3, 1, '2026-03-29 01:00+00', '2026-03-29 01:30+00', 'After', 'pending'),
       (3, 2, '2026-03-29 00:30+00', '2026-03-29 01:30+00', 'Called off', 'cancelled'),
       (3, 2, '1969-12-31 23:45+00', '1970-01-01 00:15+00', 'Long ago', 'confirmed');
UPDATE bookings SET title = 'Retitled' WHERE title = 'Meeting 3';
UPDATE bookings SET status = 'cancelled' WHERE title = 'Meeting 4';
RESET holdfast.actor_id;
RESET holdfast.request_id;
UPDATE bookings SET attendee_count = 3 WHERE title = 'Meeting 5';
INSERT INTO idempotency_keys (user_id, operation, key, fingerprint, status, headers, body,
                              expires_at)
VALUES (1, 'bookings_create', 'k', sha256('b'), 201, '{}', '', '2030-06-04 12:00+00');
"""

RULES: dict[str, dict[str, object]] = {
    "users": {"anonymised_at": None},
    "user_tokens": {"scopes": ["read", "book", "manage"], "issues_until": None},
    "sites": {
        "opening_hours": None,
        "holiday_country": None,
        "holiday_subdivision": None,
        "holidays_until": None,
    },
    "facilities": {
        "opening_hours": None,
        "min_duration_minutes": 15,
        "max_duration_minutes": 480,
        "min_notice_minutes": 0,
        "horizon_days": None,
        "start_step_minutes": 15,
        "cancellation_notice_minutes": 0,
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 0,
        "requires_approval": False,
        "approval_timeout_minutes": 2880,
    },
    "bookings": {
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 0,
        "booked_by": None,
        "decide_by": None,
        "cancellation_cause": None,
        "change_reason": None,
    },
}
"""What each row has besides, once the rules are there: those under which it came to be."""

USE = """
UPDATE sites SET opening_hours = '{[540,1020)}', holiday_country = 'DE' WHERE name = 'Patan';
UPDATE facilities SET buffer_after_minutes = 30, requires_approval = true WHERE name = 'Court';
INSERT INTO bookings (facility_id, user_id, booked_by, start_time, end_time, title, status,
                      buffer_after_minutes, decide_by)
VALUES (3, 1, 2, '2030-06-03 12:00+00', '2030-06-03 13:00+00', 'New', 'pending', 30,
        '2030-06-01 12:00+00');
UPDATE bookings SET status = 'cancelled', cancellation_cause = 'staff', change_reason = 'Flood'
 WHERE title = 'Before';
UPDATE users SET anonymised_at = deactivated_at WHERE deactivated_at IS NOT NULL;
INSERT INTO closures (site_id, start_time, end_time, reason)
VALUES (1, '2031-06-03 12:00+00', '2031-06-03 13:00+00', 'Painting');
INSERT INTO user_groups (name) VALUES ('Rowers');
INSERT INTO user_group_members VALUES (1, 1);
INSERT INTO facility_user_groups VALUES (3, 1);
INSERT INTO site_staff VALUES (1, 1);
INSERT INTO facility_groups (name) VALUES ('Courts');
INSERT INTO facility_group_members VALUES (1, 3);
INSERT INTO quotas (facility_group_id, max_active_bookings) VALUES (1, 2);
INSERT INTO booking_conflicts (facility_id, user_id, start_time, end_time)
VALUES (3, 1, '2030-06-03 12:00+00', '2030-06-03 13:00+00');
"""

Rows = list[dict[str, Any]]


@pytest.fixture
def in_use(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The DSN of a database as it was before the rules, with a little of everything in it."""
    with servers.empty(server) as dsn:
        with monkeypatch.context() as patched:
            _only(patched, up_to=BEFORE_THE_RULES)
            assert BEFORE_THE_RULES == migrations.migrate(dsn)[-1]
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(FURNITURE.encode())
        yield dsn


def test_every_row_is_as_it_was_and_has_the_rules_it_was_made_under(in_use: str) -> None:
    before = _contents(in_use)
    assert {"confirmed", "pending", "cancelled"} == {row["status"] for row in before["bookings"]}
    assert {"created", "updated", "cancelled"} == {row["action"] for row in before["booking_audit"]}
    assert all(before.values())

    migrations.migrate(in_use)

    after = _contents(in_use)
    for table in TABLES:
        added = RULES.get(table, {})
        assert [row | added for row in before[table]] == [
            {name: value for name, value in row.items() if name not in _NEW_INSTANTS[table]}
            for row in after[table]
        ], table


def test_the_migration_writes_nothing_to_a_log(in_use: str) -> None:
    before = _contents(in_use)

    migrations.migrate(in_use)

    with psycopg.connect(in_use) as conn:
        assert conn.execute("SELECT count(*) FROM audit_log").fetchone() == (0,)
    after = _contents(in_use)
    assert before["booking_audit"] == after["booking_audit"]
    assert before["facility_audit"] == after["facility_audit"]


def test_what_a_booking_occupies_is_its_time(in_use: str) -> None:
    migrations.migrate(in_use)

    with psycopg.connect(in_use) as conn:
        rows = conn.execute(
            "SELECT count(*), count(*) FILTER (WHERE occupied = tstzrange(start_time, end_time))"
            " FROM bookings"
        ).fetchone()
    assert rows == (64, 64)


def test_what_was_booked_stays_booked(in_use: str) -> None:
    migrations.migrate(in_use)

    again = (
        "INSERT INTO bookings (facility_id, user_id, start_time, end_time, title)"
        " SELECT facility_id, user_id, start_time, end_time, title FROM bookings WHERE title = %s"
        " RETURNING id"
    )
    with psycopg.connect(in_use, autocommit=True) as conn:
        for title in ("Before", "After", "Meeting 0"):
            with pytest.raises(psycopg.errors.ExclusionViolation):
                conn.execute(again, [title])
        (number,) = conn.execute(again, ["Meeting 4"]).fetchall()

    assert number > (64,), "a booking got the number of another"


def test_the_way_back_leaves_every_row_as_it_was(
    in_use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _contents(in_use)
    forward = migrations.migrate(in_use)

    assert forward[::-1] == _back(in_use, monkeypatch)

    assert before == _contents(in_use)


def test_the_way_back_keeps_what_the_old_schema_knows_of_what_came_since(
    in_use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _contents(in_use)
    migrations.migrate(in_use)
    with psycopg.connect(in_use, autocommit=True) as conn:
        conn.execute(USE.encode())

    _back(in_use, monkeypatch)

    after = _contents(in_use)
    for table in ("users", "user_tokens", "sites", "idempotency_keys"):
        assert before[table] == after[table], table
    assert before["bookings"][0].keys() == after["bookings"][0].keys()
    new = after["bookings"][-1]
    assert (new["title"], new["status"]) == ("New", "pending")
    assert new["occupied"] == '["2030-06-03 12:00:00+00","2030-06-03 13:00:00+00")'
    assert before["booking_audit"] == after["booking_audit"][: len(before["booking_audit"])]
    assert migrations.migrate(in_use) != []


def test_a_closure_without_an_end_gets_the_last_that_can_be_told(
    in_use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        _only(patched, up_to=BEFORE_THE_FEED)
        migrations.migrate(in_use)
    with psycopg.connect(in_use, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO closures (start_time, end_time, reason) VALUES"
            " ('-infinity', 'infinity', 'Ruin'), ('2030-06-03', '2030-06-04', 'Repairs')"
        )

    migrations.migrate(in_use)

    with psycopg.connect(in_use) as conn:
        conn.execute("SET timezone = 'UTC'")
        found = conn.execute("SELECT start_time, end_time FROM closures ORDER BY id").fetchall()
    assert [
        (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)),
        (datetime(2030, 6, 3, tzinfo=UTC), datetime(2030, 6, 4, tzinfo=UTC)),
    ] == found


def test_a_token_that_may_not_do_all_does_not_survive_the_way_back(
    in_use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations.migrate(in_use)
    with psycopg.connect(in_use, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO user_tokens (user_id, token_hash, token_prefix, name, scopes)"
            " VALUES (2, sha256('n'), 'hf_narro', 'display', '{read}'),"
            "        (2, sha256('w'), 'hf_wide', 'desk', '{manage,book,read}')"
        )

    with monkeypatch.context() as patched:
        _only(patched, after=BEFORE_SCOPES)
        migrations.rollback_all(in_use)

    assert ["cli", "desk"] == [token["name"] for token in _contents(in_use)["user_tokens"]]


def test_a_log_that_went_and_came_again_does_not_claim_to_hold_what_was_in_between(
    in_use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations.migrate(in_use)
    with psycopg.connect(in_use, autocommit=True) as conn:
        before = conn.execute("SELECT pg_current_snapshot()::text").fetchone()
        with monkeypatch.context() as patched:
            _only(patched, after=BEFORE_THE_FEED)
            migrations.rollback_all(in_use)
        conn.execute("UPDATE bookings SET title = 'Missed' WHERE title = 'Before'")
        migrations.migrate(in_use)
        after = conn.execute("SELECT pg_current_snapshot()::text").fetchone()
        kept = [
            conn.execute(
                "SELECT transaction_id < pg_snapshot_xmin(%s::pg_snapshot) FROM changes_pruned",
                since,
            ).fetchone()
            for since in (before, after)
        ]
    assert [(False,), (True,)] == kept


_NEW_INSTANTS = {table: set[str]() for table in TABLES} | {"sites": {"updated_at"}}
"""Columns that came with the rules, and hold when that was."""


def _contents(dsn: str) -> dict[str, Rows]:
    """Every row of every table that there was before the rules, as JSON, by its number."""
    with psycopg.connect(dsn) as conn:
        conn.execute("SET timezone = 'UTC'")
        return {table: _rows(conn, table) for table in TABLES}


def _rows(conn: psycopg.Connection[Any], table: str) -> Rows:
    query = SQL("SELECT to_jsonb(t.*) FROM {} AS t").format(Identifier(table))
    return sorted((row for (row,) in conn.execute(query)), key=lambda row: row.get("id", 0))


def _back(dsn: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Roll back to before the rules."""
    with monkeypatch.context() as patched:
        _only(patched, after=BEFORE_THE_RULES)
        return migrations.rollback_all(dsn)


def _only(patched: pytest.MonkeyPatch, *, after: str = "", up_to: str = "9999") -> None:
    """Let the migrator know these migrations alone."""
    everything = migrations._all()  # noqa: SLF001 - whoever runs the service runs them all
    some = everything.filter(lambda migration: after < migration.id <= up_to)
    patched.setattr(migrations, "_all", lambda: some)
