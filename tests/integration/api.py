"""The service as its users meet it: one process on one database, for all tests of its API.

Each test makes people and places of its own through the API, with names that no
other test has, and so finds the others' rows in nobody's way.
"""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from http.client import HTTPResponse
from itertools import count
from pathlib import Path
from time import sleep
from typing import Any
from urllib.parse import quote

import httpx
import psycopg

from domain.scopes import SCOPES
from exchange.secrets import new_secret
from live.feed import BOUND_SECONDS
from sql.tokens import insert_token
from sql.users import insert_user
from tests import service
from tests.client import Client, check_reply, connection

QUARTER = timedelta(minutes=15)
HORIZON = timedelta(days=365)

Json = dict[str, Any]

DAY = datetime.combine(datetime.now(UTC).date() + timedelta(days=30), time.min, UTC)
"""The midnight that begins the day on which most tests book."""

_numbers = count(1)


def at(hours: float, *, day: int = 0) -> datetime:
    """So many hours into the day on which most tests book, or into a day after it."""
    return DAY + timedelta(days=day, hours=hours)


def wire(instant: datetime) -> str:
    """The instant as the service writes it."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def unique(word: str) -> str:
    """The word with a number that no other call adds."""
    return f"{word}-{next(_numbers)}"


def present() -> datetime:
    """The present instant, at least ten seconds before the next 15-minute mark.

    Whoever asks counts on the mark not passing before the service answers.
    """
    while True:
        now = datetime.now(UTC)
        to_go = QUARTER - (now - DAY) % QUARTER
        if to_go > timedelta(seconds=10):
            return now
        sleep(to_go.total_seconds())


def last_mark(instant: datetime) -> datetime:
    """The last 15-minute mark that is not after the instant."""
    return instant - (instant - DAY) % QUARTER


def slot(start: datetime, end: datetime) -> Json:
    """A free period as the service writes it."""
    minutes = int((end - start).total_seconds() // 60)
    return {"start_time": wire(start), "end_time": wire(end), "duration_minutes": minutes}


class Person(Client):
    """A user, and the client that acts for them."""

    def __init__(self, base_url: str, token: str, http: httpx.Client, user: Json) -> None:
        super().__init__(base_url, token, http)
        self.token: str = token
        self.user = user
        self.id: int = user["id"]

    @property
    def basic(self) -> Json:
        """The user as bookings show them."""
        return {
            name: self.user[name]
            for name in ("id", "username", "display_name")
            if name in self.user
        }

    def ask(
        self, facility: Json, start: datetime, end: datetime, *, key: str | None = None, **more: Any
    ) -> httpx.Response:
        """Ask for a booking."""
        body = {
            "facility_id": facility["id"],
            "start_time": wire(start),
            "end_time": wire(end),
            "title": "Stand-up",
            **more,
        }
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.post("/api/v1/bookings/", body, headers=headers)

    def book(self, facility: Json, start: datetime, end: datetime, **more: Any) -> Json:
        """Make a booking that nothing stands in the way of."""
        return created(self.ask(facility, start, end, **more))

    def history(self, booking: Json) -> list[Json]:
        """All changes of a booking, oldest first."""
        response = self.get(f"{path_of(booking)}history/")
        assert response.status_code == 200
        return list(response.json())


class Api:
    """The running service, its database, and the staff who set up what a test needs."""

    def __init__(
        self, base_url: str, dsn: str, http: httpx.Client, database: psycopg.Connection[Any]
    ) -> None:
        self.base_url = base_url
        self.dsn = dsn
        self.http = http
        self.database = database
        self.anonymous = Client(base_url, None, http)
        token = asyncio.run(_first_staff(dsn))
        me = Client(base_url, token, http).get("/api/v1/me/").json()
        self.staff = Person(base_url, token, http, me)
        self.home = self.site()

    def person(self, **more: Any) -> Person:
        """A new user; a member, unless ``is_staff`` says otherwise."""
        user = created(self.staff.post("/api/v1/users/", {"username": unique("user"), **more}))
        token = user.pop("initial_token")["token"]
        return Person(self.base_url, token, self.http, user)

    def with_token(self, token: str | None) -> Client:
        """A client with this token."""
        return Client(self.base_url, token, self.http)

    def site(self, **more: Any) -> Json:
        """A new site."""
        body = {"name": unique("Site"), "time_zone": "Europe/Berlin", **more}
        return created(self.staff.post("/api/v1/sites/", body))

    def facility(self, site: Json | None = None, **more: Any) -> Json:
        """A new facility; at a site that many share, unless one is given."""
        body = {
            "site_id": (site or self.home)["id"],
            "name": unique("Room"),
            "facility_type": "room",
            "capacity": 8,
            **more,
        }
        return created(self.staff.post("/api/v1/facilities/", body))

    def archived(self, site: Json | None = None) -> Json:
        """A facility that takes no bookings any more."""
        facility = self.facility(site)
        response = self.staff.delete(f"/api/v1/facilities/{facility['id']}/")
        assert response.status_code == 204
        return facility

    def sql(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Direct SQL, past the service; the rows, if it gives any.

        What it writes, the service knows by then.
        """
        cursor = self.database.execute(query.encode(), parameters or None)
        rows = cursor.fetchall() if cursor.description else []
        if not query.lstrip().upper().startswith("SELECT"):
            sleep(BOUND_SECONDS)
        return rows

    def booked_before(
        self, owner: Person, facility: Json, start: datetime, end: datetime, **more: Any
    ) -> Json:
        """A booking that the service would not take any more, put there by direct SQL."""
        status = more.pop("status", "confirmed")
        attendees = more.pop("attendee_count", 1)
        rows = self.sql(
            """
            INSERT INTO bookings (facility_id, user_id, start_time, end_time, title,
                                  attendee_count, status)
            VALUES (%s, %s, %s, %s, 'Old times', %s, %s)
            RETURNING id
            """,
            facility["id"],
            owner.id,
            start,
            end,
            attendees,
            status,
        )
        booking: Json = owner.get(f"/api/v1/bookings/{rows[0][0]}/").json()
        return booking


async def _first_staff(dsn: str) -> str:
    """The token of the first of the staff, whom nobody could make through the API."""
    secret = new_secret()
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn:
        user = await insert_user(conn, username=unique("staff"), display_name=None, is_staff=True)
        await insert_token(
            conn,
            user_id=user.id,
            token_hash=secret.hash,
            token_prefix=secret.prefix,
            name="first",
            scopes=SCOPES,
            expires_at=None,
        )
    return secret.plain


@contextmanager
def running_api(dsn: str, log: Path, **settings: str) -> Iterator[Api]:
    """The service on a migrated database; AssertionError at the end if it logged an error.

    No request of any test may find a fault of the service's own, whatever it is answered.
    """
    with (
        service.service(dsn, log, **settings) as base_url,
        connection(base_url) as http,
        psycopg.connect(dsn, autocommit=True) as database,
    ):
        yield Api(base_url, dsn, http, database)
    faults = [line for line in log.read_text().splitlines() if '"level":"error"' in line]
    assert faults == []


def raw(api: Api, line: bytes, *headers: bytes, body: bytes = b"") -> httpx.Response:
    """Send bytes that no client library would send, and hold the reply against the contract.

    ``line`` is the method and the target. The reply is read as a client does that
    first sends all it has.
    """
    url = httpx.URL(api.base_url)
    head = b"\r\n".join([line + b" HTTP/1.1", b"Host: holdfast.test", *headers])
    with socket.create_connection((url.host, url.port or 80), timeout=20) as sock:
        sock.sendall(head + b"\r\n\r\n" + body)
        method, _, target = line.decode("latin-1").partition(" ")
        with HTTPResponse(sock, method=method) as received:
            received.begin()
            content = received.read()
            response = httpx.Response(
                received.status,
                headers=received.getheaders(),
                content=content,
                request=httpx.Request(method, url.join(quote(target[:2000], safe="/?&=%"))),
            )
    check_reply(response)
    return response


def path_of(booking: Json) -> str:
    """Where a booking is."""
    return f"/api/v1/bookings/{booking['id']}/"


def created(response: httpx.Response) -> Json:
    """What was made."""
    assert response.status_code == 201, response.text
    body: Json = response.json()
    return body


def refused(  # noqa: PLR0913 - what a refusal says
    response: httpx.Response,
    status: int,
    type_: str,
    pointer: str | None = None,
    *,
    place: str = "body",
    says: Sequence[str] = (),
) -> Json:
    """The problem, which has this status and type and blames this one field, or none."""
    problem: Json = response.json()
    assert (response.status_code, problem["type"]) == (status, type_), problem
    blamed = [(error["in"], error["pointer"]) for error in problem.get("errors", [])]
    assert blamed == ([] if pointer is None else [(place, pointer)])
    for text in says:
        assert text in problem["detail"]
    return problem


def invalid(response: httpx.Response, *fields: tuple[str, str]) -> Json:
    """The problem of a request that the contract does not allow; ``fields`` are at fault."""
    problem: Json = response.json()
    assert (response.status_code, problem["type"]) == (400, "invalid_request"), problem
    blamed = {(error["in"], error["pointer"]) for error in problem.get("errors", [])}
    assert blamed == set(fields), problem
    return problem


def pages(client: Client, path: str, **params: Any) -> Iterator[httpx.Response]:
    """Every page of a list, by following its links as they are."""
    response = client.get(path, params=params)
    while True:
        assert response.status_code == 200, response.text
        yield response
        if "next" not in response.links:
            return
        response = client.get(response.links["next"]["url"])


def listed(client: Client, path: str, **params: Any) -> list[Json]:
    """Every row of a list, page after page."""
    return [row for page in pages(client, path, **params) for row in page.json()]
