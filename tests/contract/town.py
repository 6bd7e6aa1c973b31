"""The small world that the fuzzer is let loose on: places, rules, people, bookings, and tokens."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import cycle
from typing import Any

from domain.hours import DAY_MINUTES, Opening, weekly_hours
from domain.scopes import SCOPES
from exchange.secrets import new_secret
from sql.bookings import cancel_booking, insert_booking, insert_conflict
from sql.closures import insert_closure
from sql.facilities import insert_facility, let_groups_in
from sql.facility_groups import add_facilities, insert_facility_group
from sql.hours import text_of
from sql.pool import Connection, create_pool, transaction
from sql.quotas import insert_quota
from sql.sites import SiteRow, insert_site
from sql.tokens import insert_token
from sql.user_groups import add_member, insert_user_group
from sql.users import add_sites, insert_user

SITES = (("Harbour", "Europe/Berlin"), ("Foundry", "America/New_York"))
KINDS = ("room", "court", "lab", "desk", "vehicle", "other")
AMENITIES = ("projector", "step_free_access", "whiteboard")
FACILITIES = 16
BOOKINGS = 48
"""Their ids are 1, 2, 3, … in a database that held nothing before."""
OVER = 6
"""As many of them, the last ones, are over."""
PENDING = 48
"""The bookings that come after those wait for approval, which nobody need hurry with."""

NAMES = ("member", "neighbour", "staff", "keeper")
GUESTS = 12
"""As many users come after these. Nobody is fuzzed as one, so anything may be done to them."""
USER_GROUPS = ("Rowers", "Divers", "Painters")
"""The first is the member's and the keeper's; facilities are open to the first two."""
FACILITY_GROUPS = ("Boats", "Workshops", "Halls")
"""The first has a quota."""
QUOTAS = 3
CLOSURES = 4

_HALF_DAYS = text_of(weekly_hours([Opening(day, 6 * 60, DAY_MINUTES) for day in range(7)]))
_RULES: Mapping[int, Mapping[str, Any]] = {
    9: {"requires_approval": True, "approval_timeout_minutes": 43_200},
    10: {"requires_approval": True, "approval_timeout_minutes": 43_200},
    11: {"buffer_before_minutes": 15, "buffer_after_minutes": 30},
    12: {"opening_hours": _HALF_DAYS},
    15: {
        "min_duration_minutes": 60,
        "max_duration_minutes": 240,
        "min_notice_minutes": 2 * DAY_MINUTES,
        "horizon_days": 10,
        "start_step_minutes": 60,
        "cancellation_notice_minutes": 5 * DAY_MINUTES,
    },
}
"""What is special about some facilities, by their ids; the others take what all take."""
_OPEN_TO = {13: 1, 14: 2}
"""The group that a facility is open to. The member may book the one, and not the other."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be fuzzed as. ``token_id`` is that of ``token``.

    ``reading`` is a token of theirs that may only read, and is there to be revoked besides.
    """

    token: str
    token_id: int
    reading: str


@dataclass(frozen=True, slots=True)
class Town:
    """Who is there.

    Two members who are strangers to each other, one of the staff of the house, and the
    keeper, who is staff of the first site only.
    """

    member: Person
    neighbour: Person
    staff: Person
    keeper: Person


def settle(dsn: str) -> Town:
    """Fill an empty, migrated database."""
    return asyncio.run(_settle(dsn))


async def _settle(dsn: str) -> Town:
    async with (
        create_pool(dsn, min_size=1, max_size=1) as pool,
        transaction(pool, actor_id=None, request_id=None) as conn,
    ):
        people = {name: await _person(conn, name) for name in NAMES}
        guests = [await _guest(conn, number) for number in range(GUESTS)]
        user_ids = [user_id for user_id, _ in people.values()]
        sites = [await insert_site(conn, name=name, time_zone=zone) for name, zone in SITES]
        await add_sites(conn, user_id=people["keeper"][0], site_ids=[sites[0].id])
        for number in range(FACILITIES):
            await _facility(conn, sites[number % len(sites)], number)
        await _groups(conn, user_ids, guests)
        await _limits(conn)
        for number, (user_id, start) in enumerate(zip(cycle(user_ids), _starts(), strict=False)):
            await _book(conn, user_id, number, start)
        for number, user_id in zip(range(PENDING), cycle([*user_ids, *guests]), strict=False):
            await _ask(conn, user_id, number)
        return Town(**{name: person for name, (_, person) in people.items()})


async def _person(conn: Connection, name: str) -> tuple[int, Person]:
    """The user's id, and the person."""
    user = await insert_user(
        conn, username=name, display_name=name.title(), is_staff=name == "staff"
    )
    secrets = (new_secret(), new_secret())
    rows = [
        await insert_token(
            conn,
            user_id=user.id,
            token_hash=secret.hash,
            token_prefix=secret.prefix,
            name=label,
            scopes=scopes,
            expires_at=None,
        )
        for secret, label, scopes in zip(
            secrets, ("fuzzing", "reading"), (SCOPES, SCOPES[:1]), strict=True
        )
    ]
    return user.id, Person(secrets[0].plain, rows[0].id, secrets[1].plain)


async def _guest(conn: Connection, number: int) -> int:
    name = f"guest{number + 1}"
    user = await insert_user(conn, username=name, display_name=None, is_staff=False)
    return user.id


async def _facility(conn: Connection, site: SiteRow, number: int) -> None:
    row = await insert_facility(
        conn,
        site_id=site.id,
        name=f"Place {number + 1}",
        description=None if number % 3 else "With a view of the water.",
        facility_type=KINDS[number % len(KINDS)],
        capacity=4 * (number + 1),
        amenities=AMENITIES[: number % (len(AMENITIES) + 1)],
        time_zone=site.time_zone,
        **_RULES.get(number + 1, {}),
    )
    assert number + 1 == row.id, "the database held something before"


async def _groups(conn: Connection, user_ids: list[int], guests: list[int]) -> None:
    members = ([user_ids[0], user_ids[3]], guests[:2], guests[2:])
    for name, ids in zip(USER_GROUPS, members, strict=True):
        users = await insert_user_group(conn, name=name)
        for user_id in ids:
            await add_member(conn, group_id=users.id, user_id=user_id)
    for facility_id, group_id in _OPEN_TO.items():
        await let_groups_in(conn, facility_id=facility_id, user_group_ids=[group_id])
    for number, name in enumerate(FACILITY_GROUPS):
        places = await insert_facility_group(conn, name=name)
        ids = [1 + (3 * number + each) % FACILITIES for each in range(4)]
        await add_facilities(conn, group_id=places.id, facility_ids=ids)


async def _limits(conn: Connection) -> None:
    """Quotas that let most bookings pass, and closures that let most of the time."""
    for facility_id, group_id, bookings, hours in (
        (None, None, 10_000, None),
        (None, 1, None, 168),
        (FACILITIES, None, 2, None),
    ):
        await insert_quota(
            conn,
            facility_id=facility_id,
            facility_group_id=group_id,
            max_active_bookings=bookings,
            max_hours_per_week=hours,
        )
    midnight = datetime.combine(datetime.now(UTC), time(), UTC)
    for day, facility_id, site_id in ((3, None, None), (5, None, 2), (6, 3, None), (20, None, 1)):
        await insert_closure(
            conn,
            facility_id=facility_id,
            site_id=site_id,
            start_time=midnight + timedelta(days=day),
            end_time=midnight + timedelta(days=day, hours=8),
            reason="The floor is being polished.",
        )


async def _book(conn: Connection, user_id: int, number: int, start: datetime) -> None:
    """A confirmed booking, and somebody who asked for the same time too late."""
    facility_id, end = 1 + number % FACILITIES, start + timedelta(hours=1 + number % 3)
    row = await insert_booking(
        conn,
        facility_id=facility_id,
        user_id=user_id,
        start_time=start,
        end_time=end,
        title=f"Meeting {number + 1}",
        description="Bring a pen." if number % 2 else None,
        attendee_count=1 + number % 4,
    )
    assert row is not None, "two bookings of the town overlap"
    if number % 8 == 7:
        await cancel_booking(conn, row.id, cause="owner", reason="Nobody came.")
    if number % 8 == 3:
        await insert_conflict(
            conn, facility_id=facility_id, user_id=user_id, start_time=start, end_time=end
        )


async def _ask(conn: Connection, user_id: int, number: int) -> None:
    """A booking that waits: in turn at either facility that asks for approval, in the evening."""
    midnight = datetime.combine(datetime.now(UTC), time(), UTC)
    start = midnight + timedelta(days=2 + number // 2, hours=20)
    row = await insert_booking(
        conn,
        facility_id=9 + number % 2,
        user_id=user_id,
        start_time=start,
        end_time=start + timedelta(hours=1),
        title=f"Rehearsal {number + 1}",
        description=None,
        attendee_count=2,
        status="pending",
        decide_by=start,
    )
    assert row is not None, "two bookings of the town overlap"


def _starts() -> Iterator[datetime]:
    """One start for each booking: from tomorrow on, and a few days back for the last ones.

    A fuzzer prefers small ids, and a booking that is over can only be looked at.
    """
    today = datetime.combine(datetime.now(UTC), time(9), UTC)
    for number in range(BOOKINGS):
        days = 1 + number // 2 if number < BOOKINGS - OVER else number - BOOKINGS
        yield today + timedelta(days=days, hours=4 * (number % 2))
