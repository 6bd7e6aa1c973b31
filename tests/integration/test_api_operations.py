"""One set: the operations of the contract, the handlers, and what is exercised here."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from inspect import getmembers, iscoroutinefunction
from types import ModuleType
from typing import Any

import httpx

from app.routing import handlers
from tests.client import Client, connection, document, operation_of

from .api import Api, at, listed, path_of, unique, wire


def operations() -> dict[str, str]:
    """Every operation of the contract, with its tag."""
    return {
        operation["operationId"]: operation["tags"][0]
        for item in document()["paths"].values()
        for operation in item.values()
    }


def functions(module: ModuleType) -> set[str]:
    """The handlers that a module defines: its own public coroutine functions."""
    return {
        name
        for name, function in getmembers(module, iscoroutinefunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }


def test_the_handlers_are_the_operations_each_in_the_module_of_its_tag() -> None:
    for tag in set(operations().values()):
        expected = {name for name, of in operations().items() if of == tag}
        assert expected == functions(import_module(f"handlers.{tag}"))


def test_the_service_calls_the_handlers_of_those_names() -> None:
    assert operations() == {
        name: function.__module__.removeprefix("handlers.") for name, function in handlers().items()
    }
    assert all(name == getattr(function, "__name__", "") for name, function in handlers().items())


def test_one_walk_through_the_service_meets_every_operation(api: Api) -> None:
    """Each succeeds at least once, with what the ones before it made."""
    staff, seen = api.staff, set()

    def met(response: httpx.Response) -> httpx.Response:
        assert response.is_success, response.text
        name = operation_of(response.request.method, response.request.url.path)
        assert name is not None
        seen.add(name)
        return response

    site = met(staff.post("/api/v1/sites/", {"name": unique("Site"), "time_zone": "UTC"})).json()
    assert met(staff.get("/api/v1/sites/")).json()
    assert site in listed(staff, "/api/v1/sites/", limit=200)
    body = {"site_id": site["id"], "name": "Room", "facility_type": "room", "capacity": 8}
    facility = met(staff.post("/api/v1/facilities/", body)).json()
    room = f"/api/v1/facilities/{facility['id']}/"
    met(staff.patch(room, {"capacity": 10}))
    assert met(staff.get(room)).json()["capacity"] == 10
    met(staff.get("/api/v1/facilities/", params={"site_id": site["id"]}))
    assert len(met(staff.get(f"{room}history/")).json()) == 2
    _walk_through_closures(met, staff, site["id"])

    user = met(staff.post("/api/v1/users/", {"username": unique("user")})).json()
    met(staff.get(f"/api/v1/users/{user['id']}/"))
    met(staff.get("/api/v1/users/"))
    first = api.with_token(user["initial_token"]["token"])
    token = met(first.post("/api/v1/me/tokens/", {"name": "Laptop"})).json()
    ada = api.with_token(token["token"])
    assert met(ada.get("/api/v1/me/")).json()["id"] == user["id"]
    met(ada.get("/api/v1/me/tokens/"))
    met(ada.delete(f"/api/v1/me/tokens/{user['initial_token']['id']}/"))

    window = {"start_time": wire(at(9)), "end_time": wire(at(17)), "facility_id": facility["id"]}
    (free,) = met(ada.get("/api/v1/availability/search", params=window)).json()
    begin = free["available_slots"][0]["start_time"]
    body = {
        "facility_id": facility["id"],
        "start_time": begin,
        "end_time": wire(at(10)),
        "title": "Stand-up",
    }
    booking = met(ada.post("/api/v1/bookings/", body)).json()
    (day,) = met(ada.get("/api/v1/availability/timeline", params=window)).json()
    assert booking["id"] == day["blocks"][0]["booking"]["id"]
    met(ada.post("/api/v1/usage/", {"outcome": "booked", "seconds": 24, "conflicts": 0}))
    met(ada.get(path_of(booking)))
    met(ada.patch(path_of(booking), {"title": "Sit-down"}))
    met(ada.delete(path_of(booking)))
    assert len(met(ada.get(f"{path_of(booking)}history/")).json()) == 3
    assert len(met(ada.get("/api/v1/me/bookings/")).json()) == 1
    met(staff.get("/api/v1/admin/bookings/", params={"user_id": user["id"]}))

    _walk_through_a_page(met, api, token["token"])
    _walk_through_decisions(met, staff, ada, site["id"])
    _walk_through_tables(met, staff, site)
    _walk_through_people(met, staff, user["id"], facility["id"])
    assert met(ada.get("/api/v1/me/export/")).json()["user"]["id"] == user["id"]

    met(staff.delete(f"/api/v1/users/{user['id']}/"))
    met(staff.post(f"/api/v1/users/{user['id']}/anonymise/"))
    met(staff.delete(room))
    assert operations().keys() == seen


def _walk_through_a_page(
    met: Callable[[httpx.Response], httpx.Response], api: Api, token: str
) -> None:
    """A browser's session, and the stream that its page watches."""
    with connection(api.base_url) as browser:
        anonymous = Client(api.base_url, None, browser)
        met(anonymous.post("/api/v1/session/", {"token": token}))
        met(anonymous.delete("/api/v1/session/", headers={"Sec-Fetch-Site": "same-origin"}))
    with api.http.stream(
        "GET", "/api/v1/availability/stream", headers={"Authorization": f"Bearer {token}"}
    ) as response:
        met(response)


def _walk_through_people(
    met: Callable[[httpx.Response], httpx.Response], staff: Client, user_id: int, room_id: int
) -> None:
    """Groups, quotas, what else there is of users, and the log of it all."""
    user, name = f"/api/v1/users/{user_id}/", {"name": unique("Group")}
    met(staff.patch(user, {"display_name": "Ada"}))
    met(staff.post(f"{user}tokens/", {"name": "Laptop"}))
    met(staff.get(f"{user}export/"))

    groups = "/api/v1/user-groups/"
    group = f"{groups}{met(staff.post(groups, name)).json()['id']}/"
    member = f"{group}members/{user_id}/"
    met(staff.request("PUT", member))
    assert len(met(staff.get(f"{group}members/")).json()) == 1
    met(staff.delete(member))
    met(staff.patch(group, {"name": unique("Group")}))
    assert met(staff.get(group)).json()["member_count"] == 0
    met(staff.get(groups))
    met(staff.delete(group))

    groups = "/api/v1/facility-groups/"
    group_id = met(staff.post(groups, {**name, "facility_ids": [room_id]})).json()["id"]
    met(staff.patch(f"{groups}{group_id}/", {"name": unique("Group")}))
    met(staff.get(f"{groups}{group_id}/"))
    met(staff.get(groups))
    quotas = "/api/v1/quotas/"
    body = {"facility_group_id": group_id, "max_active_bookings": 5}
    quota = f"{quotas}{met(staff.post(quotas, body)).json()['id']}/"
    met(staff.patch(quota, {"max_hours_per_week": 9}))
    met(staff.get(quota))
    met(staff.get(quotas))
    met(staff.delete(quota))
    met(staff.delete(f"{groups}{group_id}/"))
    assert met(staff.get("/api/v1/audit-log/", params={"record_id": group_id})).json()


def _walk_through_decisions(
    met: Callable[[httpx.Response], httpx.Response], staff: Client, member: Client, site_id: int
) -> None:
    """Bookings that wait for staff: one approved, one rejected, one decided with others."""
    body = {"site_id": site_id, "name": "Hall", "facility_type": "room", "capacity": 8}
    hall = met(staff.post("/api/v1/facilities/", {**body, "rules": {"requires_approval": True}}))
    waiting = [
        met(
            member.post(
                "/api/v1/bookings/",
                {
                    "facility_id": hall.json()["id"],
                    "start_time": wire(at(hour)),
                    "end_time": wire(at(hour + 1)),
                    "title": "May we?",
                },
            )
        ).json()
        for hour in (9, 10, 11)
    ]
    met(staff.post(f"{path_of(waiting[0])}approve/", {}))
    met(staff.post(f"{path_of(waiting[1])}reject/", {"reason": "No"}))
    decision = {"decision": "approve", "booking_ids": [waiting[2]["id"]]}
    met(staff.post("/api/v1/admin/bookings/decisions/", decision))
    states = [met(member.get(path_of(booking))).json()["status"] for booking in waiting]
    assert states == ["confirmed", "cancelled", "confirmed"]


def _walk_through_tables(
    met: Callable[[httpx.Response], httpx.Response], staff: Client, site: dict[str, Any]
) -> None:
    """Reports, and what goes out and comes in as CSV."""
    days = {"start_date": wire(at(0))[:10], "end_date": wire(at(24))[:10], "site_id": site["id"]}
    reports = "/api/v1/analytics/"
    met(staff.get(f"{reports}utilisation/", params={**days, "group_by": "facility"}))
    met(staff.get(f"{reports}summary/", params=days))
    met(staff.get(f"{reports}top-facilities/", params={**days, "by": "bookings"}))
    today = datetime.now(UTC).date()
    visited = {"start_date": (today - timedelta(days=1)).isoformat(), "end_date": today.isoformat()}
    assert met(staff.get(f"{reports}usage/", params=visited)).json()["booked"] > 0
    exported = met(staff.get("/api/v1/exports/facilities/", params={"site_id": site["id"]}))
    csv = {"Content-Type": "text/csv"}
    imports = "/api/v1/imports/"
    report = met(
        staff.request("POST", f"{imports}facilities/", content=exported.content, headers=csv)
    ).json()
    assert report["unchanged"] == report["lines_read"] > 0
    met(
        staff.request("POST", f"{imports}users/", content=f"username\n{unique('u')}\n", headers=csv)
    )


def _walk_through_closures(
    met: Callable[[httpx.Response], httpx.Response], staff: Client, site_id: int
) -> None:
    """A site's hours, and a time in which it is closed."""
    met(staff.patch(f"/api/v1/sites/{site_id}/", {"holiday_calendar": None}))
    assert site_id == met(staff.get(f"/api/v1/sites/{site_id}/")).json()["id"]
    times = {"start_time": wire(at(20)), "end_time": wire(at(21))}
    body = {"site_id": site_id, **times, "reason": "New floor"}
    closure = met(staff.post("/api/v1/closures/", body)).json()
    path = f"/api/v1/closures/{closure['id']}/"
    assert [met(staff.get(path)).json()] == met(
        staff.get("/api/v1/closures/", params={"site_id": site_id, **times})
    ).json()
    met(staff.delete(path))
