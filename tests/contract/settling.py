"""Sets the fuzzer's town up through the API, as staff of a house would.

So it can be set up in any running service, and what hooks and reports name are real ids. Only
what is over cannot be made that way: it is written to the database, where that is ours.
"""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from itertools import cycle
from typing import Any

import httpx

from app.commands.tokens import TokenOrder, issue_token
from app.failure import Failure
from sql.bookings import insert_booking
from sql.pool import create_pool, transaction

from .connecting import connection
from .town import (
    AMENITIES,
    BOOKINGS,
    FACILITIES,
    FACILITY_GROUPS,
    GUESTS,
    KINDS,
    NAMES,
    OVER,
    PENDING,
    SITES,
    USER_GROUPS,
    Person,
    Town,
)

BOOKING = "/api/v1/bookings/"
CONFLICT = 409

_HALF_DAYS = [
    {"weekday": day, "opens": "06:00", "closes": "24:00"}
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
]
_ASKS = {"rules": {"requires_approval": True, "approval_timeout_minutes": 43_200}}
_RULES: Mapping[int, Mapping[str, Any]] = {
    8: _ASKS,
    9: _ASKS,
    10: {"rules": {"buffer_before_minutes": 15, "buffer_after_minutes": 30}},
    11: {"opening_hours": _HALF_DAYS},
    14: {
        "rules": {
            "min_duration_minutes": 60,
            "max_duration_minutes": 240,
            "min_notice_minutes": 2 * 24 * 60,
            "horizon_days": 10,
            "start_step_minutes": 60,
            "cancellation_notice_minutes": 5 * 24 * 60,
        }
    },
}
"""What is special about some facilities, by their places in the list; others take what all take."""
_ASKING = (8, 9)
_OPEN_TO = {12: 0, 13: 1}
"""The group that a facility is open to. The member may book the one, and not the other."""


def settle_empty(base_url: str, dsn: str) -> Town:
    """The town in an empty database of ours, with a past."""
    order = TokenOrder("founder", name="settling", staff=True)
    founder = asyncio.run(issue_token(dsn, order)).secret
    with connection(base_url) as http:
        settler = Settler(http, founder)
        town = settler.settle(bookings=BOOKINGS - OVER)
        settler.limit_everything()
    past = asyncio.run(_write_past(dsn, town))
    return Town(
        people=town.people,
        ids={**town.ids, "bookings": [*town.ids["bookings"], *past]},
        founder=town.founder,
    )


def settle_beside(base_url: str, token: str, tag: str) -> Town:
    """The town beside what a running service holds; the token is one of staff of the house."""
    with connection(base_url) as http:
        return Settler(http, token, tag).settle(bookings=BOOKINGS)


class Settler:
    """The founder of the town, and whom and what they have set up so far."""

    def __init__(self, http: httpx.Client, token: str, tag: str = "") -> None:
        self.http = http
        self.token = token
        self.tag = tag
        self.ids: dict[str, list[int]] = {}
        self.people: dict[str, Person] = {}
        self.tokens: list[str] = []
        """Of everybody who books: the people, then the guests."""

    def settle(self, *, bookings: int) -> Town:
        """All of it, with so many bookings that do not wait."""
        founder: int = self._ask("GET", "/api/v1/me/")["id"]
        for name, zone in SITES:
            self._make("sites", {"name": name + self.tag, "time_zone": zone})
        self._people()
        for number in range(FACILITIES):
            self._facility(number)
        self.ids["bookings"] = [self._book(number) for number in range(bookings)]
        self._groups()
        self._rules()
        self.ids["pending"] = [self._wait(number) for number in range(PENDING)]
        self._quotas()
        self._close(6, {"facility_id": self.ids["facilities"][2]})
        self._close(5, {"site_id": self.ids["sites"][1]})
        self._close(20, {"site_id": self.ids["sites"][0]})
        return Town(people=self.people, ids=self.ids, founder=founder, tag=self.tag)

    def limit_everything(self) -> None:
        """A quota and a closure of the whole house, for one that holds nothing else."""
        self._make("quotas", {"max_active_bookings": 10_000})
        self._close(3, {})

    def _people(self) -> None:
        for name in NAMES:
            sites = self.ids["sites"][:1] if name == "keeper" else []
            user = self._user(name, {"is_staff": name == "staff", "site_ids": sites})
            token = user["initial_token"]
            less = [self._token(token["token"], scope) for scope in ("read", "book")]
            self.people[name] = Person(user["id"], token["token"], token["id"], *less)
        self.ids["people"] = [person.id for person in self.people.values()]
        self.ids["guests"] = [
            self._user(f"guest{1 + number}", {})["id"] for number in range(GUESTS)
        ]

    def _user(self, name: str, more: Mapping[str, Any]) -> dict[str, Any]:
        body = {"username": name + self.tag, "display_name": name.title(), **more}
        user: dict[str, Any] = self._ask("POST", "/api/v1/users/", body)
        self.tokens.append(user["initial_token"]["token"])
        return user

    def _token(self, token: str, scope: str) -> str:
        """Another token of whoever has this one, with no other scope."""
        body = {"name": scope, "scopes": [scope]}
        made: str = self._ask("POST", "/api/v1/me/tokens/", body, token=token)["token"]
        return made

    def _facility(self, number: int) -> None:
        body = {
            "site_id": self.ids["sites"][number % len(SITES)],
            "name": f"Place {number + 1}",
            "facility_type": KINDS[number % len(KINDS)],
            "capacity": 4 * (number + 1),
            "amenities": AMENITIES[: number % (len(AMENITIES) + 1)],
        }
        if number % 3 == 0:
            body["description"] = "With a view of the water."
        self._make("facilities", body)

    def _book(self, number: int) -> int:
        """A booking from tomorrow on; for some, somebody asked for the same time too late."""
        start = _midnight() + timedelta(days=1 + number // 2, hours=9 + 4 * (number % 2))
        body = {
            "facility_id": self.ids["facilities"][number % FACILITIES],
            **_period(start, hours=1 + number % 3),
            "title": f"Meeting {number + 1}",
            "attendee_count": 1 + number % 4,
        }
        if number % 2:
            body["description"] = "Bring a pen."
        token, rival = (self.tokens[each % len(NAMES)] for each in (number, number + 1))
        booking_id: int = self._ask("POST", BOOKING, body, token=token)["id"]
        path = f"{BOOKING}{booking_id}/"
        if number % 8 == 7:
            self._ask("DELETE", f"{path}?reason=Nobody%20came.", token=token)
        if number % 8 == 3 and self._send("POST", BOOKING, body, rival).status_code != CONFLICT:
            message = f"{body['title']} was made twice."
            raise Failure(message)
        return booking_id

    def _groups(self) -> None:
        keeper, member = self.people["keeper"].id, self.people["member"].id
        guests = self.ids["guests"]
        for name, members in zip(
            USER_GROUPS, ([member, keeper], guests[:2], guests[2:]), strict=True
        ):
            group_id = self._make("user-groups", {"name": name + self.tag})
            for user_id in members:
                self._ask("PUT", f"/api/v1/user-groups/{group_id}/members/{user_id}/")
        for number, name in enumerate(FACILITY_GROUPS):
            places = [self.ids["facilities"][(3 * number + each) % FACILITIES] for each in range(4)]
            self._make("facility-groups", {"name": name + self.tag, "facility_ids": places})

    def _rules(self) -> None:
        groups = self.ids["user-groups"]
        open_to = {number: {"user_group_ids": [groups[of]]} for number, of in _OPEN_TO.items()}
        for number, change in {**_RULES, **open_to}.items():
            path = f"/api/v1/facilities/{self.ids['facilities'][number]}/"
            self._ask("PATCH", path, dict(change))

    def _wait(self, number: int) -> int:
        """A booking that waits: in turn at either facility that asks for approval, at night."""
        start = _midnight() + timedelta(days=2 + number // 2, hours=20)
        body = {
            "facility_id": self.ids["facilities"][_ASKING[number % 2]],
            **_period(start, hours=1),
            "title": f"Rehearsal {number + 1}",
            "attendee_count": 2,
        }
        members = [*self.tokens[:2], *self.tokens[len(NAMES) :]]
        token = members[number % len(members)]
        booking = self._ask("POST", BOOKING, body, token=token)
        if booking["status"] != "pending":
            message = f"{body['title']} is {booking['status']} and should be pending."
            raise Failure(message)
        return int(booking["id"])

    def _quotas(self) -> None:
        """They let most bookings pass."""
        group_id = self.ids["facility-groups"][0]
        self._make("quotas", {"facility_group_id": group_id, "max_hours_per_week": 168})
        facility_id = self.ids["facilities"][-1]
        self._make("quotas", {"facility_id": facility_id, "max_active_bookings": 2})

    def _close(self, day: int, where: Mapping[str, int]) -> None:
        """A closure that lets most of the time."""
        period = _period(_midnight() + timedelta(days=day), hours=8)
        self._make("closures", {**where, **period, "reason": "The floor is being polished."})

    def _make(self, noun: str, body: Mapping[str, Any]) -> int:
        made: int = self._ask("POST", f"/api/v1/{noun}/", body)["id"]
        self.ids.setdefault(noun, []).append(made)
        return made

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        token: str | None = None,
    ) -> Any:
        """What the service answers; Failure if it is not a success."""
        reply = self._send(method, path, body, token or self.token)
        if not reply.is_success:
            message = f"{method} {path} was answered with {reply.status_code}: {reply.text[:300]}"
            raise Failure(message)
        return reply.json() if reply.content else None

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None, token: str
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        try:
            return self.http.request(method, path, json=body, headers=headers)
        except httpx.TransportError as error:
            message = f"{method} {path} got no answer ({error})."
            raise Failure(message) from None


async def _write_past(dsn: str, town: Town) -> list[int]:
    """Bookings that are over; their ids."""
    async with (
        create_pool(dsn, min_size=1, max_size=1) as pool,
        transaction(pool, actor_id=None, request_id=None) as conn,
    ):
        ids = []
        for number, start, owner in zip(
            range(BOOKINGS - OVER, BOOKINGS), _past(), cycle(town.ids["people"]), strict=False
        ):
            row = await insert_booking(
                conn,
                facility_id=town.ids["facilities"][number % FACILITIES],
                user_id=owner,
                start_time=start,
                end_time=start + timedelta(hours=1),
                title=f"Meeting {number + 1}",
                description=None,
                attendee_count=1,
            )
            if row is None:
                message = "Two bookings of the town overlap."
                raise Failure(message)
            ids.append(row.id)
        return ids


def _past() -> Iterator[datetime]:
    for days in range(OVER, 0, -1):
        yield _midnight() - timedelta(days=days) + timedelta(hours=9)


def _midnight() -> datetime:
    return datetime.combine(datetime.now(UTC), time(), UTC)


def _period(start: datetime, *, hours: int) -> dict[str, str]:
    end = start + timedelta(hours=hours)
    return {"start_time": start.isoformat(), "end_time": end.isoformat()}
