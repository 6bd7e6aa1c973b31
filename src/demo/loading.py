"""Puts the demo into a database: all of it or none of it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, TypeAlias

from psycopg.types.json import Jsonb

from demo import foundry, harbour, patan
from demo.diary import write_diary
from demo.people import DEMO_MEMBER, DEMO_STAFF, PEOPLE
from demo.values import Booking
from sql.loader import load
from sql.pool import Connection, create_pool, reading, transaction

_QUERIES = load(__file__)

SITES = (harbour.SITE, foundry.SITE, patan.SITE)

REQUEST_ID = "demo"
"""What the audit says of where the demo's rows come from."""

OPENED_DAYS_AGO = 400
FACILITIES_DAYS_AGO = 390
FIRST_PERSON_DAYS_AGO = 380
DAYS_BETWEEN_PEOPLE = 5

Outcome: TypeAlias = Literal["loaded", "present", "left_out"]
_Row: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What became of a load, and how much it added.

    ``loaded``: the database holds the demo now. ``present``: it did before, and was
    left as it is. ``left_out``: it holds other data, and was left as it is.
    """

    outcome: Outcome
    sites: int = 0
    facilities: int = 0
    people: int = 0
    bookings: int = 0


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a database holds that the demo would meet."""

    has_facilities: bool
    usernames: list[str]
    sites: list[str]


async def load_demo(dsn: str, *, report: Callable[[str], None]) -> DemoSummary:
    """Load the demo in one transaction, unless there are facilities already.

    A database without facilities in which one of the demo's user names or sites is
    taken is left alone as well. Of several loads at once, one does it and the others
    find it done. ``report`` is told, in sentences, what happens.
    """
    async with create_pool(dsn, min_size=1, max_size=1) as pool:
        async with reading(pool) as conn:
            outcome = await _outcome(conn)
        if outcome != "loaded":
            return _untouched(outcome, report)
        today = datetime.now(UTC).date()
        bookings = write_diary(SITES, PEOPLE, today)
        async with transaction(pool, actor_id=None, request_id=REQUEST_ID) as conn:
            await _QUERIES["be_patient"].value(conn, {})
            await _QUERIES["keep_others_out"].exec(conn, {})
            outcome = await _outcome(conn)  # Somebody may have been quicker.
            if outcome != "loaded":
                return _untouched(outcome, report)
            summary = await _load(conn, bookings, today)
    report(
        f"{summary.facilities} facilities at {summary.sites} sites, {summary.people} people,"
        f" {summary.bookings} bookings from {_spoken(bookings[0].start_time)} to"
        f" {_spoken(bookings[-1].start_time)}."
    )
    return summary


def _spoken(day: datetime) -> str:
    return f"{day.day} {day:%B %Y}"


def _untouched(outcome: Outcome, report: Callable[[str], None]) -> DemoSummary:
    if outcome == "present":
        report("The demo data are there already; everything stays as it is.")
    else:
        report("The database has data of its own: no demo data are added.")
    return DemoSummary(outcome)


async def _outcome(conn: Connection) -> Outcome:
    """What a load would come to, with the database as it stands."""
    usernames = [person.username for person in PEOPLE]
    sites = [site.name.lower() for site in SITES]
    parameters = {"usernames": usernames, "sites": sites}
    standing = await _QUERIES["find_standing"].only(conn, _Standing, parameters)
    if not (standing.has_facilities or standing.usernames or standing.sites):
        return "loaded"
    has_people = {DEMO_MEMBER, DEMO_STAFF} <= set(standing.usernames)
    has_sites = set(sites) <= set(standing.sites)
    is_demo = standing.has_facilities and has_people and has_sites
    return "present" if is_demo else "left_out"


async def _load(conn: Connection, bookings: Sequence[Booking], today: date) -> DemoSummary:
    users = await _insert(conn, "insert_users", _users(today))
    await _act_as(conn, users[DEMO_STAFF])
    sites = await _insert(conn, "insert_sites", _sites(today))
    facilities = await _insert(conn, "insert_facilities", _facilities(sites, today))
    # What is cancelled by now is cancelled before anything else is booked: its
    # period may have been taken by somebody else since.
    for cancelled in (True, False):
        by_user = defaultdict(list)
        for booking in bookings:
            if booking.is_cancelled is cancelled:
                by_user[users[booking.username]].append(booking)
        for user_id, theirs in by_user.items():
            await _act_as(conn, user_id)
            rows = [_booking(each, user_id, facilities[each.facility]) for each in theirs]
            ids = await _QUERIES["insert_bookings"].many(conn, int, {"rows": Jsonb(rows)})
            if cancelled:
                await _QUERIES["cancel_bookings"].exec(conn, {"booking_ids": ids})
    await _QUERIES["measure"].exec(conn, {})
    return DemoSummary("loaded", len(sites), len(facilities), len(users), len(bookings))


async def _act_as(conn: Connection, user_id: int) -> None:
    await _QUERIES["act_as"].value(conn, {"user_id": user_id})


async def _insert(conn: Connection, query: str, rows: Iterable[_Row]) -> dict[str, int]:
    """Insert the rows; their identifiers by their names."""
    parameters = {"rows": Jsonb(list(rows))}
    return dict(await _QUERIES[query].many(conn, _named, parameters))


def _named(name: str, row_id: int) -> tuple[str, int]:
    return name, row_id


def _days_ago(today: date, days: int) -> str:
    """Nine in the morning (UTC) of a day in the past, as JSON carries it."""
    return datetime.combine(today - timedelta(days=days), time(9), UTC).isoformat()


def _users(today: date) -> list[_Row]:
    """Staff were there first; one after the other the members joined."""
    return [
        {
            "username": person.username,
            "display_name": person.display_name,
            "is_staff": person.is_staff,
            "created_at": _days_ago(today, FIRST_PERSON_DAYS_AGO - DAYS_BETWEEN_PEOPLE * index),
        }
        for index, person in enumerate(PEOPLE)
    ]


def _sites(today: date) -> list[_Row]:
    return [
        {
            "name": site.name,
            "time_zone": site.time_zone,
            "created_at": _days_ago(today, OPENED_DAYS_AGO),
        }
        for site in SITES
    ]


def _facilities(site_ids: Mapping[str, int], today: date) -> list[_Row]:
    return [
        {
            "site_id": site_ids[site.name],
            "name": facility.name,
            "description": facility.description,
            "facility_type": facility.facility_type,
            "capacity": facility.capacity,
            "amenities": sorted(facility.amenities),
            "time_zone": site.time_zone,
            "created_at": _days_ago(today, FACILITIES_DAYS_AGO),
        }
        for site in SITES
        for facility in site.facilities
    ]


def _booking(booking: Booking, user_id: int, facility_id: int) -> _Row:
    return {
        "facility_id": facility_id,
        "user_id": user_id,
        "start_time": booking.start_time.isoformat(),
        "end_time": booking.end_time.isoformat(),
        "title": booking.title,
        "description": booking.description,
        "attendee_count": booking.attendee_count,
        "created_at": booking.created_at.isoformat(),
    }
