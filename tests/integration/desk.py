"""What tests of the house rules set up: people with rights, groups, quotas and closures.

By direct SQL, so that these tests need nothing but the operations that they are about.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from tests import servers

from .api import Api, Json, Person, path_of, running_api, unique, wire


def site_staff(api: Api, *sites: Json) -> Person:
    """A new user who is staff of these sites only."""
    person = api.person()
    for site in sites:
        api.sql("INSERT INTO site_staff (user_id, site_id) VALUES (%s, %s)", person.id, site["id"])
    return person


def user_group(api: Api, *members: Person) -> int:
    """A new group of users; its id."""
    name = unique("group")
    (group,) = api.sql("INSERT INTO user_groups (name) VALUES (%s) RETURNING id", name)
    for member in members:
        api.sql("INSERT INTO user_group_members VALUES (%s, %s)", group[0], member.id)
    return int(group[0])


def facility_group(api: Api, *facilities: Json) -> int:
    """A new group of facilities; its id."""
    name = unique("group")
    (group,) = api.sql("INSERT INTO facility_groups (name) VALUES (%s) RETURNING id", name)
    for facility in facilities:
        api.sql("INSERT INTO facility_group_members VALUES (%s, %s)", group[0], facility["id"])
    return int(group[0])


def quota(
    api: Api,
    *,
    facility: Json | None = None,
    group: int | None = None,
    bookings: int | None = None,
    hours: int | None = None,
) -> int:
    """A new quota on a facility or a group of them; its id."""
    (made,) = api.sql(
        """
        INSERT INTO quotas (facility_id, facility_group_id, max_active_bookings,
                            max_hours_per_week)
        VALUES (%s, %s, %s, %s)
        RETURNING id
        """,
        None if facility is None else facility["id"],
        group,
        bookings,
        hours,
    )
    return int(made[0])


def closure(  # noqa: PLR0913 - what a test may care about
    api: Api,
    start: datetime,
    end: datetime,
    *,
    facility: Json | None = None,
    site: Json | None = None,
    reason: str = "Floor polish",
) -> None:
    """A facility, or a site, is closed for a time."""
    api.sql(
        """
        INSERT INTO closures (facility_id, site_id, start_time, end_time, reason)
        VALUES (%s, %s, %s, %s, %s)
        """,
        None if facility is None else facility["id"],
        None if site is None else site["id"],
        start,
        end,
        reason,
    )


def expired(api: Api, booking: Json) -> None:
    """The time to decide about the booking is over, as of a second ago."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    api.sql("UPDATE bookings SET decide_by = %s WHERE id = %s", past, booking["id"])


def approve(person: Person, booking: Json, **more: str) -> httpx.Response:
    """Approve a booking."""
    return person.post(f"{path_of(booking)}approve/", {**more})


def reject(person: Person, booking: Json, reason: str = "Needed otherwise") -> httpx.Response:
    """Reject a booking."""
    return person.post(f"{path_of(booking)}reject/", {"reason": reason})


def move(person: Person, booking: Json, start: datetime, end: datetime) -> httpx.Response:
    """Ask for another time for a booking."""
    return person.patch(path_of(booking), {"start_time": wire(start), "end_time": wire(end)})


def shown(person: Person, booking: Json) -> Json:
    """The booking as it is now."""
    response = person.get(path_of(booking))
    assert response.status_code == 200
    body: Json = response.json()
    return body


@contextmanager
def service_of_its_own(
    server: str, template: str, log: Path, upkeep_seconds: float
) -> Iterator[Api]:
    """A service whose upkeep comes as often as a test needs, on a database of its own."""
    with (
        servers.clone(server, template) as dsn,
        running_api(dsn, log, upkeep_seconds=str(upkeep_seconds)) as api,
    ):
        yield api
