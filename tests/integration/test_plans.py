"""How the queries find what they find: by an index, however many bookings there are."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import psycopg
import pytest
from psycopg import ClientCursor

from sql import bookings, changes, facilities, privacy, quotas, terms, timelines, users, visits
from sql.loader import load
from tests import servers


@pytest.fixture(scope="module")
def year(server: str, template: str) -> Iterator[psycopg.Connection[Any]]:
    """A database of 2,000 facilities, a hundred of them with 200 bookings each."""
    with (
        servers.clone(server, template) as dsn,
        psycopg.connect(dsn, autocommit=True, cursor_factory=ClientCursor) as conn,
    ):
        conn.execute("INSERT INTO sites (name, time_zone) VALUES ('Harbour', 'UTC')")
        conn.execute(
            "INSERT INTO users (username) SELECT 'user' || n FROM generate_series(1, 500) AS n"
        )
        conn.execute(
            "INSERT INTO user_tokens (user_id, token_hash, token_prefix, name)"
            " SELECT id, sha256(username::bytea), 'hf_abcde', 'cli' FROM users"
        )
        for table in ("facilities", "bookings"):  # sooner done without their log
            conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_audit_insert".encode())
        conn.execute(
            "INSERT INTO facilities (site_id, name, description, facility_type, capacity,"
            "                        time_zone)"
            " SELECT 1, 'Room ' || n, md5(n::text), 'room', 8, 'UTC'"
            "   FROM generate_series(1, 2000) AS n"
        )
        conn.execute(
            "INSERT INTO bookings (facility_id, user_id, start_time, end_time, title)"
            " SELECT f, 1 + (f * 7 + n) % 500, day, day + interval '1 hour', 'Standup'"
            "   FROM generate_series(1, 100) AS f, generate_series(1, 200) AS n,"
            "        LATERAL (SELECT timestamptz '2030-01-01 00:00+00'"
            "                        + n * interval '105 minutes') AS _ (day)"
        )
        conn.execute(
            "INSERT INTO booking_audit (booking_id, action, new_values, changed_by)"
            " SELECT id, 'created', to_jsonb(bookings), user_id FROM bookings"
        )
        conn.execute(
            "INSERT INTO facility_audit (facility_id, action, new_values, changed_by)"
            " SELECT id, 'created', to_jsonb(facilities), 1 + id % 500 FROM facilities"
        )
        conn.execute(
            "INSERT INTO audit_log (record_type, record_id, action, new_values, changed_by)"
            " SELECT kind, n, 'created', jsonb_build_object('user_id', 1 + n % 500), 1 + n % 500"
            "   FROM generate_series(1, 5000) AS n,"
            "        unnest(ARRAY['user', 'site_staff', 'quota']) AS kind"
        )
        conn.execute(
            "INSERT INTO booking_conflicts (facility_id, user_id, start_time, end_time)"
            " SELECT facility_id, user_id, start_time, end_time FROM bookings"
        )
        conn.execute("VACUUM ANALYZE")
        yield conn


def _plan(
    conn: psycopg.Connection[Any], module: ModuleType, name: str, mode: str, **given: object
) -> str:
    """The plan of the query, for the values given or for any values at all."""
    query = load(str(module.__file__))[name]
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
def test_timelines_are_found_by_the_index_on_start_times_and_those_of_closures(
    year: psycopg.Connection[Any], mode: str, facility_ids: list[int]
) -> None:
    count = len(facility_ids)
    plan = _plan(
        year,
        timelines,
        "list_timelines",
        mode,
        looks=list(range(count)),
        facility_ids=facility_ids,
        start_times=[PERIOD["start_time"]] * count,
        end_times=[PERIOD["end_time"]] * count,
    )

    found = r"idx_bookings_facility_time on bookings b.*\n.*facility_id = f.id.*start_time >"
    assert re.search(found, plan), plan
    assert "Seq Scan on bookings" not in plan, plan


@MODES
@pytest.mark.parametrize("facility_ids", [[7], list(range(1, 101))], ids=["one", "a page"])
def test_what_a_timeline_shows_is_found_by_the_index_on_start_times(
    year: psycopg.Connection[Any], mode: str, facility_ids: list[int]
) -> None:
    plan = _plan(year, timelines, "list_holds", mode, facility_ids=facility_ids, **PERIOD)

    found = r"idx_bookings_facility_time on bookings o.*\n.*facility_id = .*start_time >"
    assert re.search(found, plan), plan
    assert "Seq Scan on bookings" not in plan, plan
    assert "Seq Scan on users" not in plan, plan


@MODES
def test_who_booked_first_on_some_days_is_found_without_reading_every_booking(
    year: psycopg.Connection[Any], mode: str
) -> None:
    day = datetime.now(UTC).date() - timedelta(days=400)
    plan = _plan(year, visits, "report_adoption", mode, start_date=day, end_date=day)

    assert "idx_bookings_status_time on bookings b" in plan, plan
    assert "Seq Scan on bookings" not in plan, plan


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
def test_the_terms_of_a_facility_are_found_by_its_key(
    year: psycopg.Connection[Any], mode: str
) -> None:
    plan = _plan(year, terms, "get_terms", mode, facility_id=7, **PERIOD)

    assert "Index Scan using facilities_pkey on facilities f" in plan, plan


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

    assert "idx_bookings_user_time" in plan, plan
    # The eight hours before: of the value given, or of any value.
    bound = r"start_time > COALESCE\(\((\$\d|'[^']*'::timestamp with time zone) - '08:00:00'"
    assert re.search(rf"Index Cond: .*user_id = .*{bound}", plan), plan


@MODES
def test_what_a_user_holds_is_counted_from_the_index_alone(
    year: psycopg.Connection[Any], mode: str
) -> None:
    plan = _plan(
        year,
        quotas,
        "measure_quotas",
        mode,
        user_id=7,
        facility_id=7,
        now=PERIOD["start_time"],
        week_start=PERIOD["start_time"],
        week_end=PERIOD["end_time"],
        except_booking_id=None,
    )

    assert "Index Only Scan using idx_bookings_user_time on bookings b" in plan, plan


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

    assert re.search(rf"(using|on) {index} ", plan), plan


@pytest.mark.parametrize("search", ["%room 77%", "%room 77%\n%harb%"], ids=["one", "two"])
def test_facilities_can_be_searched_by_an_index(year: psycopg.Connection[Any], search: str) -> None:
    filters = dict.fromkeys(load(facilities.__file__)["list_facilities"].parameters)
    plan = _plan(
        year,
        facilities,
        "list_facilities",
        "force_custom_plan",
        **filters | {"search": search, "limit": 50},
    )

    assert "Bitmap Index Scan on idx_facilities_search" in plan, plan


@MODES
@pytest.mark.parametrize("after_id", [None, 7], ids=["first page", "next page"])
@pytest.mark.parametrize(
    ("name", "table", "indexes"),
    [
        (
            "list_changes_of_bookings",
            "booking_audit",
            ["idx_booking_audit_changed_by", "idx_booking_audit_booking", "idx_bookings_user_time"],
        ),
        ("list_changes_of_facilities", "facility_audit", ["idx_facility_audit_changed_by"]),
        (
            "list_changes_of_records",
            "audit_log",
            ["idx_audit_log_changed_by", "idx_audit_log_record", "idx_audit_log_of_user"],
        ),
        ("list_conflicts", "booking_conflicts", ["idx_booking_conflicts_user"]),
    ],
)
def test_what_is_stored_of_a_user_is_found_by_indexes(  # noqa: PLR0913, PLR0917 - what is found how
    year: psycopg.Connection[Any],
    mode: str,
    name: str,
    table: str,
    indexes: list[str],
    after_id: int | None,
) -> None:
    plan = _plan(year, privacy, name, mode, user_id=7, after_id=after_id, limit=500)

    assert f"Seq Scan on {table}" not in plan, plan
    for index in indexes:
        assert re.search(rf"(using|on) {index}\b", plan), plan


def test_unseen_changes_are_found_by_their_transactions_and_not_since_the_oldest(
    year: psycopg.Connection[Any],
) -> None:
    mode = "force_generic_plan"  # of these values it would be all there are
    plan = _plan(
        year, changes, "list_changes", mode, since="5:9:5,7", until=None, after_id=0, limit=1000
    )

    conditions = re.findall(r"Index Cond: \(+transaction_id (>?=) (\S+)\)", plan)
    assert ["=", ">="] == sorted(operator for operator, _ in conditions), plan
    assert dict(conditions)[">="].startswith("pg_snapshot_xmax("), plan
    assert "Seq Scan on changes" not in plan, plan


def test_unseen_changes_are_found_so_however_much_the_log_holds_and_held(
    server: str, template: str
) -> None:
    """Most of it removed again, so that it is long and holds little, as after each night."""
    with (
        servers.clone(server, template) as dsn,
        psycopg.connect(dsn, autocommit=True, cursor_factory=ClientCursor) as conn,
    ):
        conn.execute(
            "INSERT INTO changes (transaction_id, record_type, facility_id, site_id)"
            " SELECT n::text::xid8, 'booking', 1, 1 FROM generate_series(1, 200000) AS n"
        )
        for kept in (1, 4, 20):
            conn.execute("DELETE FROM changes WHERE id %% %s <> 0", [kept])
            conn.execute("VACUUM ANALYZE changes")
            since = "200001:200001:"
            plan = _plan(
                conn,
                changes,
                "list_changes",
                "force_generic_plan",
                since=since,
                until=None,
                after_id=0,
                limit=1000,
            )
            assert "Seq Scan on changes" not in plan, plan


@MODES
def test_a_caller_is_found_by_two_index_look_ups(year: psycopg.Connection[Any], mode: str) -> None:
    plan = _plan(year, users, "find_caller", mode, token_hash=b"x" * 32, now=PERIOD["start_time"])

    assert "user_tokens_token_hash_key" in plan, plan
    assert "users_pkey" in plan, plan
