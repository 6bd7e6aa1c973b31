"""Fills a migrated database with a house: its facilities, its people, its years of bookings.

Every facility has about three bookings a day. More bookings are more years of them, not fuller
days, and all days are alike: so tables of different sizes can be compared, and what a question
about one day has to look at stays the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg
from psycopg.sql import SQL, Identifier

from exchange.secrets import PREFIX_LENGTH, hash_of

USERS = 2000
CALLERS = 200
"""Of the users, those who ask. A small house has fewer of the others."""

BOOKINGS_EACH = 50
"""So many bookings each user has at least: a page of their own."""

A_DAY = 3
"""Bookings of each facility on each day."""

AHEAD_DAYS = 365
"""How far ahead bookings reach at most: as far as the service takes them."""

REPAIR_DAYS = 667
"""Each facility is repaired once in so many days, however many are booked."""

LEAST_AHEAD_DAYS = 8
"""How far ahead they reach at least: the days that are asked about, in every zone."""


@dataclass(frozen=True, slots=True)
class House:
    """How much there is of everything."""

    facilities: int
    bookings: int

    @property
    def users(self) -> int:
        """Who books."""
        return min(max(self.bookings // BOOKINGS_EACH, CALLERS), USERS)

    @property
    def days(self) -> int:
        """How many days are booked."""
        return max(-(-self.bookings // (self.facilities * A_DAY)), LEAST_AHEAD_DAYS)

    @property
    def ahead_days(self) -> int:
        """How many of them are yet to come."""
        return min(max(self.days // 2, LEAST_AHEAD_DAYS), AHEAD_DAYS)

    @property
    def first_day(self) -> date:
        """The earliest of them."""
        return datetime.now(UTC).date() + timedelta(days=self.ahead_days - self.days)


TITLE = "Measured"
"""Of what is booked in runs."""

# Ten sites in eight zones; a tenth of the facilities keep hours of their own, a fifth buffers.
# What can be booked can be booked by the quarter of an hour. The days are booked in three
# stretches of four hours from seven in the morning, each with one booking of half an hour to
# two hours that leaves room for buffers; one in ten is cancelled.
_FILL = (
    """
    INSERT INTO sites (name, time_zone, opening_hours)
    SELECT 'Site ' || i,
           (ARRAY['Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Adelaide',
                  'UTC', 'Europe/Lisbon', 'America/Santiago', 'Asia/Tokyo'])[1 + i %% 8],
           CASE WHEN i %% 5 > 0
                THEN (SELECT range_agg(int4range(d * 1440 + (4 + i %% 3) * 60, d * 1440 + 1320))
                        FROM generate_series(0, 6) AS d)
           END
      FROM generate_series(1, 10) AS i
    """,
    """
    INSERT INTO facilities (site_id, name, facility_type, capacity, amenities, time_zone,
                            opening_hours, buffer_after_minutes)
    SELECT s.id, 'Facility ' || i,
           (ARRAY['room', 'room', 'lab', 'court', 'desk'])[1 + i %% 5]::facility_type,
           4 + i %% 60, CASE WHEN i %% 2 = 0 THEN '{projector,whiteboard}'::text[] ELSE '{}' END,
           s.time_zone,
           CASE WHEN i %% 10 = 0
                THEN (SELECT range_agg(int4range(d * 1440 + 360 + i %% 4 * 15, d * 1440 + 1260))
                        FROM generate_series(0, 6) AS d)
           END,
           CASE WHEN i %% 5 = 3 THEN 15 ELSE 0 END
      FROM generate_series(1, %(facilities)s) AS i
      JOIN sites AS s ON s.id = 1 + i %% 10
    """,
    """
    INSERT INTO users (username, display_name)
    SELECT 'user' || i, 'User ' || i
      FROM generate_series(1, %(users)s) AS i
    """,
    """
    INSERT INTO facility_terms (facility_id)
    SELECT id
      FROM facilities
    """,
    # The labs are a group with a quota that nobody comes near: it has to be looked at all the same.
    """
    INSERT INTO facility_groups (name)
    VALUES ('Labs')
    """,
    """
    INSERT INTO facility_group_members (facility_group_id, facility_id)
    SELECT g.id, f.id
      FROM facility_groups AS g
      JOIN facilities AS f ON f.facility_type = 'lab'
    """,
    """
    INSERT INTO quotas (facility_group_id, max_active_bookings)
    SELECT id, 10000
      FROM facility_groups
    """,
    # A holiday each month at each site, and some hours' repairs in each facility.
    """
    INSERT INTO closures (site_id, start_time, end_time, reason, source)
    SELECT s.id, (d::timestamp AT TIME ZONE s.time_zone),
           ((d + 1)::timestamp AT TIME ZONE s.time_zone), 'Holiday', 'holiday'
      FROM sites AS s,
           generate_series(0, %(days)s - 1, 30) AS i,
           LATERAL (SELECT %(first_day)s::date + i + s.id AS d) AS day
    """,
    """
    INSERT INTO closures (facility_id, start_time, end_time, reason)
    SELECT f.id, at, at + INTERVAL '5 hours', 'Repairs'
      FROM facilities AS f,
           generate_series(f.id %% %(repair_days)s, %(days)s - 1, %(repair_days)s) AS day,
           LATERAL (SELECT (%(first_day)s::date + day + TIME '06:00')
                           AT TIME ZONE 'UTC' AS at) AS t
    """,
    """
    INSERT INTO bookings (facility_id, user_id, start_time, end_time, title, attendee_count,
                          status, cancellation_cause, created_at, updated_at,
                          buffer_after_minutes)
    SELECT f.id, 1 + (n + n / %(users)s) %% %(users)s, at,
           at + (2 + (k + f.id) %% 7) * INTERVAL '15 minutes', 'Booking ' || n, 1 + n %% 4,
           kind::booking_status,
           CASE WHEN kind = 'cancelled' THEN 'owner'::cancellation_cause END,
           made, made, f.buffer_after_minutes
      FROM generate_series(0, %(bookings)s - 1) AS n,
           LATERAL (SELECT 1 + n %% %(facilities)s AS facility, n / %(facilities)s AS k) AS share
      JOIN facilities AS f ON f.id = share.facility,
           LATERAL (SELECT CASE WHEN (k + f.id) %% 10 = 9 THEN 'cancelled' ELSE 'confirmed'
                           END AS kind,
                           (%(first_day)s::date + k / %(a_day)s
                            + INTERVAL '7 hours' + (k %% %(a_day)s) * INTERVAL '4 hours'
                            + ((k + f.id) %% 4) * INTERVAL '15 minutes')
                           AT TIME ZONE f.time_zone AS at) AS t,
           LATERAL (SELECT LEAST(at - (n %% 20000) * INTERVAL '7 minutes', now()) AS made) AS m
    """,
    """
    INSERT INTO booking_conflicts (facility_id, user_id, start_time, end_time)
    SELECT facility_id, user_id, start_time, end_time
      FROM bookings
     WHERE id %% 20 = 0
    """,
)


def fill(dsn: str, house: House) -> None:
    """Fill a migrated, empty database, and leave it as vacuumed as if it had grown over years.

    Triggers are off meanwhile: the audit and the change feed begin empty.
    """
    given = {
        "facilities": house.facilities,
        "bookings": house.bookings,
        "users": house.users,
        "days": house.days,
        "a_day": A_DAY,
        "first_day": house.first_day,
        "repair_days": REPAIR_DAYS,
    }
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("SET timezone = 'UTC'")
        conn.execute("SET session_replication_role = replica")
        conn.execute("SET maintenance_work_mem = '512MB'")
        with _without_indexes(conn):
            for statement in _FILL:
                conn.execute(statement.encode(), given)
        _give_tokens(conn, house.users)
        conn.execute("VACUUM ANALYZE")


def restore(dsn: str) -> None:
    """Take back what was booked in runs, so that each begins with the house as it was filled.

    No booking is ever deleted, and so triggers are off; whoever listens for changes is told.
    """
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("SET session_replication_role = replica")
        if conn.execute(_TAKE_BACK, {"title": TITLE}).rowcount:
            conn.execute("DELETE FROM idempotency_keys")
            conn.execute("VACUUM ANALYZE bookings, booking_audit, idempotency_keys")


_TAKE_BACK = """
  WITH gone AS (
       DELETE FROM bookings
        WHERE title = %(title)s
       RETURNING id, facility_id, user_id, start_time, end_time
       ),
       audited AS (
       DELETE FROM booking_audit
        WHERE booking_id IN (SELECT id FROM gone)
       )
INSERT INTO changes (record_type, facility_id, booking_id, user_id, start_time, end_time)
SELECT 'booking', facility_id, id, user_id, start_time, end_time
  FROM gone
"""


@contextmanager
def _without_indexes(conn: psycopg.Connection) -> Iterator[None]:
    """The bookings without all that is built faster at once than row by row."""
    constraints = conn.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = 'bookings'::regclass AND contype = 'x'"
    ).fetchall()
    indexes = conn.execute(
        "SELECT indexname, indexdef FROM pg_indexes"
        " WHERE tablename = 'bookings' AND indexname LIKE 'idx_%'"
    ).fetchall()
    for name, _ in constraints:
        conn.execute(SQL("ALTER TABLE bookings DROP CONSTRAINT {}").format(Identifier(name)))
    for name, _ in indexes:
        conn.execute(SQL("DROP INDEX {}").format(Identifier(name)))
    yield
    for name, definition in constraints:
        conn.execute(
            SQL("ALTER TABLE bookings ADD CONSTRAINT {} ").format(Identifier(name))
            + SQL(definition)
        )
    for _, definition in indexes:
        conn.execute(definition.encode())


def token_of(user_id: int) -> str:
    """The token of a user of the house; no secret, since the house is made of sand."""
    return f"hf_bench{user_id:035d}"


def _give_tokens(conn: psycopg.Connection, users: int) -> None:
    tokens = [(user_id, token_of(user_id)) for user_id in range(1, users + 1)]
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO user_tokens (user_id, token_hash, token_prefix, name)"
            " VALUES (%s, %s, %s, 'benchmark')",
            [(user_id, hash_of(token), token[:PREFIX_LENGTH]) for user_id, token in tokens],
        )
