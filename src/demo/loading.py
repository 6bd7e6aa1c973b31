"""Puts the demo into a database: all of it or none of it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, TypeAlias

from psycopg.types.json import Jsonb

from demo import foundry, harbour, patan, rows
from demo.conflicts import write_conflicts
from demo.diary import known_closures, write_diary
from demo.people import DEMO_MEMBER, DEMO_STAFF, PEOPLE
from demo.values import Booking
from sql.loader import load
from sql.pool import Connection, create_pool, reading, transaction

_QUERIES = load(__file__)

SITES = (harbour.SITE, foundry.SITE, patan.SITE)

REQUEST_ID = "demo"
"""What the audit says of where the demo's rows come from."""

Outcome: TypeAlias = Literal["loaded", "present", "left_out"]


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
    users = await _insert_named(conn, "insert_users", rows.users(PEOPLE, today))
    await _act_as(conn, users[DEMO_STAFF])
    sites = await _insert_named(conn, "insert_sites", rows.sites(SITES, today))
    facilities = await _insert_named(
        conn, "insert_facilities", rows.facilities(SITES, sites, today)
    )
    known = rows.Known(users, sites, facilities)
    await _load_rules(conn, known, today)
    # What is cancelled by now is cancelled before anything else is booked: its
    # period may have been taken by somebody else since.
    for cancelled in (True, False):
        chosen = [booking for booking in bookings if booking.is_cancelled is cancelled]
        await _load_bookings(conn, known, chosen)
    conflicts = write_conflicts(bookings, PEOPLE, today)
    await _insert(conn, "insert_conflicts", rows.conflicts(conflicts, known))
    await _QUERIES["measure"].exec(conn, {})
    return DemoSummary("loaded", len(sites), len(facilities), len(users), len(bookings))


async def _load_rules(conn: Connection, known: rows.Known, today: date) -> None:
    """Who governs what, who may book what and how much of it, and when it is closed."""
    await _insert(conn, "insert_site_staff", rows.site_staff(PEOPLE, known))
    user_groups = await _insert_named(conn, "insert_user_groups", rows.user_groups(today))
    await _insert(conn, "insert_user_group_members", rows.user_group_members(user_groups, known))
    open_to = rows.facility_user_groups(user_groups, known)
    await _insert(conn, "insert_facility_user_groups", open_to)
    groups = await _insert_named(conn, "insert_facility_groups", rows.facility_groups(today))
    await _insert(conn, "insert_facility_group_members", rows.facility_group_members(groups, known))
    await _insert(conn, "insert_quotas", rows.quotas(groups, known, today))
    for closure in known_closures(SITES, today):
        await _act_as(conn, known.users[closure.made_by])
        await _insert(conn, "insert_closures", [rows.closure(closure, known)])


async def _load_bookings(conn: Connection, known: rows.Known, bookings: Sequence[Booking]) -> None:
    """Each is made by who made it, and then decided about or cancelled by who did that."""
    by_maker: defaultdict[str, list[Booking]] = defaultdict(list)
    for booking in bookings:
        by_maker[booking.booked_by or booking.username].append(booking)
    settled: defaultdict[str | None, list[rows.Row]] = defaultdict(list)
    for maker, theirs in by_maker.items():
        await _act_as(conn, known.users[maker])
        parameters = {"rows": Jsonb([rows.booking(each, known) for each in theirs])}
        ids = await _QUERIES["insert_bookings"].many(conn, int, parameters)
        for booking_id, booking in zip(ids, theirs, strict=True):
            if booking.is_settled:
                settled[booking.changed_by].append(rows.settlement(booking_id, booking))
    for actor, theirs_now in settled.items():
        await _act_as(conn, known.users[actor] if actor else None)
        await _insert(conn, "settle_bookings", theirs_now)


async def _act_as(conn: Connection, user_id: int | None) -> None:
    await _QUERIES["act_as"].value(conn, {"user_id": user_id})


async def _insert(conn: Connection, query: str, given: Iterable[rows.Row]) -> None:
    await _QUERIES[query].exec(conn, {"rows": Jsonb(list(given))})


async def _insert_named(conn: Connection, query: str, given: Iterable[rows.Row]) -> dict[str, int]:
    """Insert the rows; their identifiers by their names."""
    return dict(await _QUERIES[query].many(conn, _named, {"rows": Jsonb(list(given))}))


def _named(name: str, row_id: int) -> tuple[str, int]:
    return name, row_id
