"""Quotas through the API: what is limited, for whom, and who says so."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from .api import Api, Json, Person, at, created, invalid, listed, refused, unique
from .cast import Cast, make_cast

QUOTAS = "/api/v1/quotas/"
GROUPS = "/api/v1/facility-groups/"
NOWHERE = 2147483647


@pytest.fixture(scope="module")
def cast(api: Api) -> Cast:
    """Everybody whom a permission can tell apart."""
    return make_cast(api)


def quota(api: Api, **more: Any) -> Json:
    """A new quota, on a new facility unless it says otherwise."""
    if not {"facility_id", "facility_group_id"} & set(more):
        more["facility_id"] = api.facility()["id"]
    return created(api.staff.post(QUOTAS, {"max_active_bookings": 2, **more}))


def where(quota: Json) -> str:
    """The quota's path."""
    return f"{QUOTAS}{quota['id']}/"


def hold(api: Api, person: Person, facility: Json, start: datetime, hours: float = 1) -> None:
    """A booking, put there by direct SQL: no rule asks about it."""
    api.sql(
        "INSERT INTO bookings (facility_id, user_id, start_time, end_time, title)"
        " VALUES (%s, %s, %s, %s, 'Stand-up')",
        facility["id"],
        person.id,
        start,
        start + timedelta(hours=hours),
    )


def usage(person: Person, quota: Json) -> Json:
    """What somebody holds of a quota, as they see it."""
    (found,) = [
        row for row in person.get("/api/v1/me/").json()["quotas"] if row["id"] == quota["id"]
    ]
    return dict(found)


def test_a_new_quota_on_a_facility_is_answered_in_full(api: Api) -> None:
    room = api.facility()
    body = {"facility_id": room["id"], "max_active_bookings": 2, "max_hours_per_week": 6}
    response = api.staff.post(QUOTAS, body)
    made = created(response)
    assert made == {
        "id": made["id"],
        "facility": {"id": room["id"], "name": room["name"]},
        "max_active_bookings": 2,
        "max_hours_per_week": 6,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "exceeded_by": [],
    }
    assert where(made) == response.headers["location"]
    made.pop("exceeded_by")
    found = api.staff.get(where(made))
    assert (made, response.headers["etag"]) == (found.json(), found.headers["etag"])
    again = api.staff.get(where(made), headers={"If-None-Match": found.headers["etag"]})
    assert again.status_code == 304


def test_a_quota_covers_a_group_or_everything(api: Api) -> None:
    name = unique("Courts")
    group = created(api.staff.post(GROUPS, {"name": name}))
    made = quota(api, facility_group_id=group["id"])
    assert {"id": group["id"], "name": name} == made["facility_group"]
    assert "facility" not in made
    assert "max_hours_per_week" not in made

    everything = created(api.staff.post(QUOTAS, {"max_hours_per_week": 168}))
    try:
        assert not {"facility", "facility_group"} & set(everything)
        refused(api.staff.post(QUOTAS, {"max_active_bookings": 1}), 409, "quota_exists")
    finally:
        assert api.staff.delete(where(everything)).status_code == 204


def test_a_scope_has_one_quota(api: Api) -> None:
    made = quota(api)
    body = {"facility_id": made["facility"]["id"], "max_hours_per_week": 1}
    refused(api.staff.post(QUOTAS, body), 409, "quota_exists", says=["change that one"])
    api.staff.delete(where(made))
    assert created(api.staff.post(QUOTAS, body))


def test_a_quota_names_one_scope_that_exists_and_limits_something(api: Api) -> None:
    room, limit = api.facility()["id"], {"max_active_bookings": 1}
    group = created(api.staff.post(GROUPS, {"name": unique("Courts")}))["id"]
    refused(
        api.staff.post(QUOTAS, {"facility_id": room, "facility_group_id": group, **limit}),
        422,
        "scope_ambiguous",
        "/facility_group_id",
    )
    refused(api.staff.post(QUOTAS, {"facility_id": room}), 422, "quota_without_limit")
    refused(
        api.staff.post(QUOTAS, {"facility_id": NOWHERE, **limit}),
        422,
        "facility_unknown",
        "/facility_id",
    )
    refused(
        api.staff.post(QUOTAS, {"facility_group_id": NOWHERE, **limit}),
        422,
        "facility_group_unknown",
        "/facility_group_id",
    )


@pytest.mark.parametrize(
    ("field", "least", "most"), [("max_active_bookings", 1, 10000), ("max_hours_per_week", 1, 168)]
)
def test_a_limit_has_bounds(api: Api, field: str, least: int, most: int) -> None:
    made = quota(api)
    for value in (least, most):
        assert value == api.staff.patch(where(made), {field: value}).json()[field]
    for bad in (least - 1, most + 1, 1.5, "1", True):
        invalid(api.staff.patch(where(made), {field: bad}), ("body", f"/{field}"))
        body = {"facility_id": made["facility"]["id"], field: bad}
        invalid(api.staff.post(QUOTAS, body), ("body", f"/{field}"))


def test_limits_are_changed_and_taken_away_but_not_all(api: Api) -> None:
    made = quota(api)
    path = where(made)
    stale = {"If-Match": api.staff.get(path).headers["etag"]}
    response = api.staff.patch(path, {"max_hours_per_week": 3}, headers=stale)
    assert (2, 3) == (response.json()["max_active_bookings"], response.json()["max_hours_per_week"])
    assert response.headers["etag"] == api.staff.get(path).headers["etag"]
    response = api.staff.patch(path, {"max_active_bookings": None})
    assert "max_active_bookings" not in response.json()
    refused(api.staff.patch(path, {"max_hours_per_week": None}), 422, "quota_without_limit")
    refused(
        api.staff.patch(path, {"max_hours_per_week": 4}, headers=stale), 412, "precondition_failed"
    )
    assert api.staff.get(path).json()["max_hours_per_week"] == 3
    same = api.staff.patch(path, {"max_hours_per_week": 3}).json()
    assert same["updated_at"] == api.staff.get(path).json()["updated_at"]
    invalid(api.staff.patch(path, {}), ("body", ""))
    invalid(api.staff.patch(path, {"facility_id": 1}), ("body", "/facility_id"))


def test_whoever_holds_more_already_is_named_and_keeps_it(api: Api) -> None:
    room, ada, bob = api.facility(), api.person(display_name="Ada"), api.person()
    for hour in (9, 11, 13):
        hold(api, ada, room, at(hour))
    hold(api, bob, room, at(15))

    made = quota(api, facility_id=room["id"], max_active_bookings=3)
    assert made["exceeded_by"] == []
    changed = api.staff.patch(where(made), {"max_active_bookings": 2}).json()
    assert [{"user": ada.basic, "active_bookings": 3, "hours_this_week": 0.0}] == changed[
        "exceeded_by"
    ]
    changed = api.staff.patch(where(made), {"max_active_bookings": 1}).json()
    assert [ada.basic] == [row["user"] for row in changed["exceeded_by"]]
    assert [(4,)] == api.sql(
        "SELECT count(*) FROM bookings WHERE facility_id = %s AND status = 'confirmed'",
        room["id"],
    )


def test_everybody_sees_what_they_hold_of_each_quota(api: Api) -> None:
    room, other, ada = api.facility(), api.facility(), api.person()
    group = created(
        api.staff.post(GROUPS, {"name": unique("Both"), "facility_ids": [room["id"], other["id"]]})
    )
    one = quota(api, facility_id=room["id"], max_hours_per_week=5)
    both = quota(api, facility_group_id=group["id"])
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    hold(api, ada, room, now - timedelta(hours=1), 8)  # in this week, or over at its start
    hold(api, ada, other, at(9))
    hold(api, api.person(), room, at(9))

    assert usage(ada, one) == {
        "id": one["id"],
        "facility": one["facility"],
        "max_active_bookings": 2,
        "max_hours_per_week": 5,
        "active_bookings": 1,
        "hours_this_week": usage(ada, one)["hours_this_week"],
    }
    assert usage(ada, both)["active_bookings"] == 2
    zone_monday = api.sql(
        "SELECT date_trunc('week', now() AT TIME ZONE 'Europe/Berlin')"
        " = date_trunc('week', %s::timestamptz AT TIME ZONE 'Europe/Berlin')",
        now - timedelta(hours=1),
    )[0][0]
    assert (8.0 if zone_monday else 0.0) == usage(ada, one)["hours_this_week"]


def test_quotas_are_listed_oldest_first_page_by_page(api: Api) -> None:
    made = [quota(api)["id"] for _ in range(4)]
    for limit in (1, 3, 200):
        rows = [row["id"] for row in listed(api.staff, QUOTAS, limit=limit)]
        assert made == [row for row in rows if row in made]


def test_a_quota_that_ends_is_gone(api: Api) -> None:
    made = quota(api)
    response = api.staff.delete(where(made))
    assert (204, b"") == (response.status_code, response.content)
    for response in (
        api.staff.get(where(made)),
        api.staff.delete(where(made)),
        api.staff.patch(where(made), {"max_active_bookings": 1}),
    ):
        refused(response, 404, "not_found", says=["quotas_list"])


def test_staff_of_a_site_run_the_quotas_of_its_facilities_alone(api: Api, cast: Cast) -> None:
    here = api.facility(cast.site)
    made = quota(api, facility_id=here["id"])
    elsewhere = quota(api)
    group = quota(
        api,
        facility_group_id=created(
            api.staff.post(GROUPS, {"name": unique("Here"), "facility_ids": [here["id"]]})
        )["id"],
    )

    def tried(person: Person, quota: Json) -> list[httpx.Response]:
        return [
            person.get(where(quota)),
            person.patch(where(quota), {"max_active_bookings": 3}),
            person.delete(where(quota)),
        ]

    assert [made["id"]] == [row["id"] for row in cast.local.get(QUOTAS).json()]
    assert cast.elsewhere.get(QUOTAS).json() == []
    assert {made["id"], elsewhere["id"], group["id"]} <= {
        row["id"] for row in listed(cast.house, QUOTAS)
    }
    for person, hidden in (
        (cast.elsewhere, made),
        (cast.local, elsewhere),
        (cast.local, group),
    ):
        for response in tried(person, hidden):
            refused(response, 404, "not_found")
    refused(cast.member.get(QUOTAS), 403, "permission_denied")
    for response in tried(cast.member, made):
        refused(response, 403, "permission_denied")
    assert [200, 200, 204] == [response.status_code for response in tried(cast.local, made)]
    assert [200, 200, 204] == [response.status_code for response in tried(cast.house, elsewhere)]


def test_staff_of_a_site_limit_its_facilities_alone(api: Api, cast: Cast) -> None:
    here, limit = api.facility(cast.site), {"max_active_bookings": 1}
    group = created(api.staff.post(GROUPS, {"name": unique("Here"), "facility_ids": [here["id"]]}))
    for body in (
        {"facility_id": api.facility()["id"]},
        {"facility_group_id": group["id"]},
        {"facility_group_id": NOWHERE},
        {},
    ):
        refused(cast.local.post(QUOTAS, {**body, **limit}), 403, "permission_denied")
    for person in (cast.member, cast.elsewhere):
        refused(person.post(QUOTAS, {"facility_id": here["id"], **limit}), 403, "permission_denied")
    assert created(cast.local.post(QUOTAS, {"facility_id": here["id"], **limit}))
