"""Tables as CSV over the API: who gets what, what is in them, and that no part passes for all."""

import asyncio
import csv
import io
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from starlette.requests import ClientDisconnect

from exchange.streams import CsvStream, Rows, StalledReader
from sql.pool import Connection, Pool, reading
from tests import service
from tests.client import connection
from tests.faults.command import wait_for

from .api import DAY, Api, Json, Person, at, invalid, refused, unique, wire

EXPORTS = "/api/v1/exports/"
OF_SITES = (
    "facilities",
    "bookings",
    "closures",
    "conflicts",
    "quotas",
    "utilisation_by_facility",
    "utilisation_by_site",
    "utilisation_by_weekday",
    "utilisation_by_hour",
    "utilisation_by_weekday_hour",
    "utilisation_by_day",
    "utilisation_by_month",
    "top_facilities",
    "summary",
)
OF_THE_HOUSE = ("users", "user_groups")
TODAY = str(DAY.date())

Line = dict[str, str]


def exported(client: Any, table: str, **params: Any) -> list[Line]:
    """The lines of a table, by the names of its columns."""
    response = client.get(f"{EXPORTS}{table}/", params=params)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["transfer-encoding"] == "chunked"
    return list(csv.DictReader(io.StringIO(response.content.decode(), newline=""), strict=True))


@pytest.fixture
def site(api: Api) -> Json:
    """A site of the test's own, by UTC."""
    return api.site(time_zone="UTC")


@pytest.fixture
def room(api: Api, site: Json) -> Json:
    """A facility there."""
    return api.facility(site)


@pytest.fixture
def warden(api: Api, site: Json) -> Person:
    """Staff of the site."""
    return api.person(site_ids=[site["id"]])


@pytest.mark.parametrize("table", [*OF_SITES, *OF_THE_HOUSE])
def test_members_and_strangers_get_no_table(api: Api, table: str) -> None:
    refused(api.person().get(f"{EXPORTS}{table}/"), 403, "permission_denied")
    refused(api.anonymous.get(f"{EXPORTS}{table}/"), 401, "authentication_required")


@pytest.mark.parametrize("table", OF_THE_HOUSE)
def test_staff_of_a_site_get_no_table_of_the_house(api: Api, warden: Person, table: str) -> None:
    api.sql("INSERT INTO user_groups (name) VALUES (%s)", unique("Group"))

    refused(warden.get(f"{EXPORTS}{table}/"), 403, "permission_denied")
    assert exported(api.staff, table)


def test_staff_of_a_site_get_what_is_of_that_site(
    api: Api, site: Json, room: Json, warden: Person
) -> None:
    ada = api.person()
    ada.book(room, at(9), at(10))
    assert ada.ask(room, at(9), at(10)).status_code == 409
    api.sql("INSERT INTO quotas (facility_id, max_active_bookings) VALUES (%s, 5)", room["id"])
    api.sql(
        "INSERT INTO closures (site_id, start_time, end_time, reason) VALUES (%s, %s, %s, 'X')",
        site["id"],
        at(40),
        at(41),
    )
    other = api.person(site_ids=[api.site()["id"]])
    days = {"start_date": TODAY, "end_date": TODAY}

    for table in OF_SITES:
        asked = days if table.startswith(("utilisation", "top")) else {}
        mine = exported(warden, table, **asked)
        assert mine == exported(api.staff, table, site_id=site["id"], **asked)
        assert mine, table
        ids = [line["id"] for line in mine if "id" in line]
        theirs = exported(other, table, **asked)
        assert [] == [line for line in theirs if line.get("id") in ids]
        assert [] == [line for line in theirs if line.get("site") == site["name"]]


def test_an_unknown_table_is_none(api: Api) -> None:
    invalid(api.staff.get(f"{EXPORTS}tokens/"), ("path", "/table"))


def test_a_booking_is_a_line_of_all_that_it_says(api: Api, site: Json, room: Json) -> None:
    ada = api.person()
    text = '=HYPERLINK("x")\r\nsecond "line", with ümlaut'
    booking = ada.book(room, at(9), at(10.5), title="-1, or so", description=text)

    (line,) = exported(api.staff, "bookings", site_id=site["id"])

    assert line == {
        "id": str(booking["id"]),
        "site": site["name"],
        "facility": room["name"],
        "time_zone": "UTC",
        "start_time": wire(at(9)),
        "end_time": wire(at(10.5)),
        "title": "'-1, or so",
        "description": f"'{text}",
        "attendee_count": "1",
        "status": "confirmed",
        "username": ada.user["username"],
        "booked_by": "",
        "cancellation_cause": "",
        "change_reason": "",
        "decide_by": "",
        "created_at": booking["created_at"],
        "updated_at": booking["updated_at"],
    }


def test_days_are_those_of_the_facilitys_own_zone(api: Api, site: Json) -> None:
    room = api.facility(site, time_zone="Asia/Kathmandu")  # 5 hours and 45 minutes ahead
    ada = api.person()
    ada.book(room, at(18), at(18.25))
    ada.book(room, at(18.25), at(18.5))

    def starts(**params: str) -> list[str]:
        lines = exported(api.staff, "bookings", site_id=site["id"], **params)
        return [line["start_time"] for line in lines]

    assert [wire(at(18)), wire(at(18.25))] == starts()
    assert [wire(at(18))] == starts(start_date=TODAY, end_date=TODAY)
    assert [wire(at(18))] == starts(end_date=TODAY)
    assert [wire(at(18.25))] == starts(start_date=str(at(24).date()))


def test_a_report_is_of_the_year_up_to_today_unless_days_are_given(api: Api, site: Json) -> None:
    api.facility(site)
    lines = exported(api.staff, "utilisation_by_day", site_id=site["id"])

    assert 365 == len(lines)
    assert {
        "date",
        "open_minutes",
        "booked_minutes",
        "booked_outside_minutes",
        "utilisation",
    } == set(lines[0])
    refused(
        api.staff.get(
            f"{EXPORTS}top_facilities/",
            params={"start_date": "2026-01-01", "end_date": "2028-01-02"},
        ),
        422,
        "report_too_long",
        "/end_date",
        place="query",
    )
    assert (
        exported(api.staff, "bookings", start_date="2026-01-01", end_date="2029-01-02") is not None
    )
    for table in ("bookings", "utilisation_by_hour"):
        reversed_days = {"start_date": TODAY, "end_date": str(at(-24).date())}
        refused(
            api.staff.get(f"{EXPORTS}{table}/", params=reversed_days),
            422,
            "date_range_reversed",
            "/end_date",
            place="query",
        )


def test_the_tables_of_a_report_say_what_the_report_says(api: Api, site: Json) -> None:
    room, other = api.facility(site), api.facility(site, facility_type="lab")
    api.person().book(room, at(9), at(10))
    days = {"start_date": TODAY, "end_date": TODAY}
    reports = "/api/v1/analytics/"
    for group_by in ("weekday_hour", "month", "day", "facility"):
        params = {**days, "site_id": site["id"], "facility_type": "room"}
        report = api.staff.get(f"{reports}utilisation/", params={**params, "group_by": group_by})
        lines = exported(api.staff, f"utilisation_by_{group_by}", **params)
        assert [
            (str(row["open_minutes"]), str(row["booked_minutes"])) for row in report.json()["rows"]
        ] == [(line["open_minutes"], line["booked_minutes"]) for line in lines]
    (line,) = exported(api.staff, "utilisation_by_facility", **days, facility_id=other["id"])
    assert (line["facility"], line["booked_minutes"]) == (other["name"], "0")
    ranked = exported(api.staff, "top_facilities", **days, site_id=site["id"], by="bookings")
    assert [line["facility"] for line in ranked] == [room["name"], other["name"]]
    summary = {
        line["measure"]: line["value"]
        for line in exported(api.staff, "summary", **days, site_id=site["id"])
    }
    assert (summary["bookings"], summary["cancelled.total"]) == ("1", "0")
    assert summary["confirmed_minutes"] == "60"


def test_a_file_is_named_for_what_is_in_it(api: Api) -> None:
    params = {"start_date": "2027-01-01", "end_date": "2027-01-31"}

    response = api.staff.get(f"{EXPORTS}closures/", params=params)

    name = "closures_2027-01-01_2027-01-31.csv"
    assert f'attachment; filename="{name}"' == response.headers["content-disposition"]


def test_an_empty_table_still_names_its_columns(api: Api, site: Json) -> None:
    response = api.staff.get(f"{EXPORTS}conflicts/", params={"site_id": site["id"]})

    assert "id,site,facility,username,start_time,end_time,occurred_at\r\n" == response.text


def test_a_group_is_a_line_for_each_member(api: Api) -> None:
    name, empty = unique("Lab; safety"), unique("Nobody")
    ada = api.person()
    api.sql("INSERT INTO user_groups (name) VALUES (%s), (%s)", name, empty)
    api.sql(
        "INSERT INTO user_group_members SELECT id, %s FROM user_groups WHERE name = %s",
        ada.id,
        name,
    )

    lines = exported(api.staff, "user_groups")

    members = [line for line in lines if line["group"] in {name, empty}]
    assert {(name, ada.user["username"]), (empty, "")} == {
        (line["group"], line["username"]) for line in members
    }
    (user,) = [u for u in exported(api.staff, "users") if u["username"] == ada.user["username"]]
    assert ("\\;".join(name.split(";")), "active") == (user["groups"], user["status"])


# Streams.


class Reader:
    """An ASGI client of one request, which may stop reading, or hang up."""

    def __init__(
        self, *, stalls_after: int = 10**9, hangs_up_after: int = 10**9, pause: float = 0
    ) -> None:
        self.pause = pause
        self.messages: list[Any] = []
        self.stalls_after = stalls_after
        self.hangs_up_after = hangs_up_after
        self.gone = asyncio.Event()

    async def send(self, message: Any) -> None:
        """Take a message, or never."""
        if len(self.messages) >= self.stalls_after:
            await asyncio.Event().wait()
        await asyncio.sleep(self.pause)
        self.messages.append(message)
        if len(self.messages) >= self.hangs_up_after:
            self.gone.set()
            await asyncio.sleep(0)

    async def receive(self) -> Any:
        """The request, which is over, and at last the end of the connection."""
        await self.gone.wait()
        return {"type": "http.disconnect"}

    @property
    def is_complete(self) -> bool:
        """Whether the end of the reply was sent."""
        return bool(self.messages) and not self.messages[-1].get("more_body", True)


async def numbers(conn: Connection) -> Rows:
    """A thousand batches from a cursor of the server's."""
    async with conn.cursor(name="numbers") as cursor:
        await cursor.execute("SELECT generate_series(1, 100000)")
        while rows := await cursor.fetchmany(100):
            yield rows


async def read(pool: Pool, reader: Reader, rows: Any = numbers, longest: float = 60) -> None:
    """One request of the reader's."""
    stream = CsvStream(pool, rows, file_name="numbers.csv", patience=0.3, longest=longest)
    await stream({"type": "http", "method": "GET"}, reader.receive, reader.send)


async def assert_free(pool: Pool) -> None:
    """Every connection is back, and works; one that the pool just then opens has its time."""
    async with asyncio.timeout(10):
        while pool.get_stats()["pool_size"] != pool.get_stats().get("pool_available"):
            await pool.check()
    async with reading(pool) as conn:
        await conn.execute("SELECT 1")


@pytest.mark.anyio
async def test_a_table_is_sent_to_its_end_in_parts(pool: Pool) -> None:
    reader = Reader()

    await read(pool, reader)

    assert reader.is_complete
    bodies = [message["body"] for message in reader.messages[1:]]
    assert 1001 == len(bodies)
    assert b"".join(f"{n}\r\n".encode() for n in range(1, 100_001)) == b"".join(bodies)
    await assert_free(pool)


@pytest.mark.anyio
async def test_a_reader_who_stalls_is_cut_off_without_an_end(pool: Pool) -> None:
    reader = Reader(stalls_after=5)

    with pytest.raises(StalledReader):
        await read(pool, reader)

    assert not reader.is_complete
    await assert_free(pool)


@pytest.mark.anyio
async def test_a_reader_who_always_takes_a_little_is_cut_off_in_the_end(pool: Pool) -> None:
    reader = Reader(pause=0.05)

    with pytest.raises(StalledReader, match="within 1 seconds"):
        await read(pool, reader, longest=1)

    assert 1 < len(reader.messages) < 1000
    assert not reader.is_complete
    await assert_free(pool)


@pytest.mark.anyio
async def test_a_reader_who_hangs_up_frees_the_connection(pool: Pool) -> None:
    reader = Reader(hangs_up_after=5)

    with pytest.raises(ClientDisconnect):
        await read(pool, reader)

    assert not reader.is_complete
    assert len(reader.messages) < 100
    await assert_free(pool)


@pytest.mark.anyio
async def test_what_fails_before_the_first_row_sends_nothing(pool: Pool) -> None:
    async def broken(conn: Connection) -> Rows:
        await conn.execute("SELECT 1/0")
        yield []

    reader = Reader()

    with pytest.raises(Exception, match="division by zero"):
        await read(pool, reader, broken)

    assert [] == reader.messages
    await assert_free(pool)


@pytest.mark.anyio
async def test_what_fails_later_leaves_the_reply_without_an_end(pool: Pool) -> None:
    async def breaking(conn: Connection) -> Rows:
        yield [["number"]]
        await conn.execute("SELECT 1/0")

    reader = Reader()

    with pytest.raises(Exception, match="division by zero"):
        await read(pool, reader, breaking)

    assert 2 == len(reader.messages)
    assert not reader.is_complete
    await assert_free(pool)


def test_a_client_is_not_told_of_an_end_that_was_not_reached(dsn: str, tmp_path: Path) -> None:
    """The whole way: the database goes away while a reader of a long table takes their time."""
    with (
        service.service(dsn, tmp_path / "service.log") as base_url,
        connection(base_url) as http,
        psycopg.connect(dsn, autocommit=True) as database,
    ):
        api = Api(base_url, dsn, http, database)
        room = api.facility()
        api.sql(
            "INSERT INTO bookings (facility_id, user_id, start_time, end_time, title, description)"
            " SELECT %s, %s, at, at + INTERVAL '15 minutes', 'Long', repeat('x', 2000)"
            " FROM generate_series(%s::timestamptz, %s, '15 minutes') AS at",
            room["id"],
            api.staff.id,
            at(0),
            at(24 * 200),
        )
        headers = {"Authorization": f"Bearer {api.staff.token}"}
        with http.stream("GET", f"{EXPORTS}bookings/", headers=headers) as response:
            parts = response.iter_raw(1000)
            next(parts)
            # Once nothing more fits between the two, the cursor waits, and is cut off then.
            wait_for(
                lambda: api.sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE state = 'idle in transaction' AND datname = current_database()"
                    " AND query ILIKE 'fetch%'"
                )
            )
            with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
                list(parts)
        assert response.status_code == 200
        assert api.staff.get("/api/v1/me/").status_code == 200


def test_a_head_is_answered_without_the_table(api: Api) -> None:
    response = api.staff.request("HEAD", f"{EXPORTS}users/")

    assert (200, b"") == (response.status_code, response.content)
