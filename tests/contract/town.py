"""The small world that the fuzzer is let loose on: places, people, bookings, and tokens."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import cycle

from handlers.secrets import new_secret
from sql.bookings import cancel_booking, insert_booking
from sql.facilities import insert_facility
from sql.pool import Connection, create_pool, transaction
from sql.sites import insert_site
from sql.tokens import insert_token
from sql.users import insert_user

SITES = (("Harbour", "Europe/Berlin"), ("Foundry", "America/New_York"))
KINDS = ("room", "court", "lab", "desk", "vehicle", "other")
AMENITIES = ("projector", "step_free_access", "whiteboard")
FACILITIES = 16
BOOKINGS = 48
"""Their ids are 1, 2, 3, … in a database that held nothing before."""
OVER = 6
"""As many of them, the last ones, are over."""

NAMES = ("member", "neighbour", "staff")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be fuzzed as. ``token_id`` is that of ``token``."""

    token: str
    token_id: int


@dataclass(frozen=True, slots=True)
class Town:
    """Who is there: two members who are strangers to each other, and one of the staff."""

    member: Person
    neighbour: Person
    staff: Person


def settle(dsn: str) -> Town:
    """Fill an empty, migrated database."""
    return asyncio.run(_settle(dsn))


async def _settle(dsn: str) -> Town:
    async with (
        create_pool(dsn, min_size=1, max_size=1) as pool,
        transaction(pool, actor_id=None, request_id=None) as conn,
    ):
        people = {name: await _person(conn, name) for name in NAMES}
        sites = [await insert_site(conn, name=name, time_zone=zone) for name, zone in SITES]
        for number in range(FACILITIES):
            site = sites[number % len(sites)]
            await insert_facility(
                conn,
                site_id=site.id,
                name=f"Place {number + 1}",
                description=None if number % 3 else "With a view of the water.",
                facility_type=KINDS[number % len(KINDS)],
                capacity=4 * (number + 1),
                amenities=AMENITIES[: number % (len(AMENITIES) + 1)],
                time_zone=site.time_zone,
            )
        for number, (user_id, start) in enumerate(
            zip(cycle(user_id for user_id, _ in people.values()), _starts(), strict=False)
        ):
            await _book(conn, user_id, number, start)
        return Town(**{name: person for name, (_, person) in people.items()})


async def _person(conn: Connection, name: str) -> tuple[int, Person]:
    """The user's id, and the person; a second token of theirs is there to be revoked."""
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
            expires_at=None,
        )
        for secret, label in zip(secrets, ("fuzzing", "spare"), strict=True)
    ]
    return user.id, Person(secrets[0].plain, rows[0].id)


async def _book(conn: Connection, user_id: int, number: int, start: datetime) -> None:
    row = await insert_booking(
        conn,
        facility_id=1 + number % FACILITIES,
        user_id=user_id,
        start_time=start,
        end_time=start + timedelta(hours=1 + number % 3),
        title=f"Meeting {number + 1}",
        description="Bring a pen." if number % 2 else None,
        attendee_count=1 + number % 4,
    )
    assert row is not None, "two bookings of the town overlap"
    if number % 8 == 7:
        await cancel_booking(conn, row.id)


def _starts() -> Iterator[datetime]:
    """One start for each booking: from tomorrow on, and a few days back for the last ones.

    A fuzzer prefers small ids, and a booking that is over can only be looked at.
    """
    today = datetime.combine(datetime.now(UTC), time(9), UTC)
    for number in range(BOOKINGS):
        days = 1 + number // 2 if number < BOOKINGS - OVER else number - BOOKINGS
        yield today + timedelta(days=days, hours=4 * (number % 2))
