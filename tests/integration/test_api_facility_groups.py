"""Groups of facilities through the API: what they hold, and who may say so."""

from typing import Any

import httpx
import pytest

from .api import Api, Json, Person, created, invalid, listed, refused, unique
from .cast import Cast, make_cast

GROUPS = "/api/v1/facility-groups/"
QUOTAS = "/api/v1/quotas/"
NOWHERE = 2147483647


@pytest.fixture(scope="module")
def cast(api: Api) -> Cast:
    """Everybody whom a permission can tell apart."""
    return make_cast(api)


@pytest.fixture(scope="module")
def rooms(api: Api) -> list[int]:
    """The ids of some facilities, in order."""
    return [api.facility()["id"] for _ in range(3)]


def group(api: Api, **more: Any) -> Json:
    """A new group."""
    return created(api.staff.post(GROUPS, {"name": unique("Courts"), **more}))


def where(group: Json) -> str:
    """The group's path."""
    return f"{GROUPS}{group['id']}/"


def test_a_new_group_is_answered_in_full_with_each_facility_once(
    api: Api, rooms: list[int]
) -> None:
    name = unique("Courts")
    body = {"name": f" {name} ", "facility_ids": [rooms[2], rooms[0], rooms[2]]}
    response = api.staff.post(GROUPS, body)
    made = created(response)
    assert made == {
        "id": made["id"],
        "name": name,
        "facility_ids": [rooms[0], rooms[2]],
        "created_at": made["created_at"],
    }
    assert where(made) == response.headers["location"]
    found = api.staff.get(where(made))
    assert (made, response.headers["etag"]) == (found.json(), found.headers["etag"])
    again = api.staff.get(where(made), headers={"If-None-Match": found.headers["etag"]})
    assert again.status_code == 304
    assert group(api)["facility_ids"] == []


def test_facilities_are_replaced_and_only_what_changes_is_logged(
    api: Api, rooms: list[int]
) -> None:
    made = group(api, facility_ids=rooms[:2])
    stale = {"If-Match": api.staff.get(where(made)).headers["etag"]}

    response = api.staff.patch(where(made), {"facility_ids": rooms[1:]}, headers=stale)

    assert {**made, "facility_ids": rooms[1:]} == response.json()
    log = api.sql(
        "SELECT action::text, (COALESCE(new_values, old_values) ->> 'facility_id')::int"
        "  FROM audit_log WHERE record_type = 'facility_group_member'"
        "   AND (COALESCE(new_values, old_values) ->> 'facility_group_id')::int = %s ORDER BY id",
        made["id"],
    )
    assert [("created", rooms[0]), ("created", rooms[1])] == log[:2]
    assert {("deleted", rooms[0]), ("created", rooms[2])} == set(log[2:])
    refused(
        api.staff.patch(where(made), {"facility_ids": []}, headers=stale),
        412,
        "precondition_failed",
    )
    renamed = api.staff.patch(where(made), {"name": made["name"].upper()}).json()
    assert {**made, "name": made["name"].upper(), "facility_ids": rooms[1:]} == renamed
    assert api.staff.patch(where(made), {"facility_ids": []}).json()["facility_ids"] == []


def test_a_facility_that_does_not_exist_is_pointed_at_and_nothing_is_done(
    api: Api, rooms: list[int]
) -> None:
    made = group(api, facility_ids=rooms)
    name = unique("Courts")
    unknown = [rooms[0], NOWHERE, NOWHERE - 1]
    for response in (
        api.staff.post(GROUPS, {"name": name, "facility_ids": unknown}),
        api.staff.patch(where(made), {"name": name, "facility_ids": unknown}),
    ):
        refused(response, 422, "facility_unknown", "/facility_ids/1", says=[str(NOWHERE)])
    assert made == api.staff.get(where(made)).json()
    assert name not in [row["name"] for row in listed(api.staff, GROUPS)]


def test_a_groups_name_is_its_own_and_not_blank(api: Api) -> None:
    first, second = group(api), group(api)
    loud = first["name"].upper()
    refused(api.staff.post(GROUPS, {"name": loud}), 409, "group_name_taken", "/name", says=[loud])
    refused(api.staff.patch(where(second), {"name": loud}), 409, "group_name_taken", "/name")
    refused(api.staff.post(GROUPS, {"name": " "}), 422, "name_blank", "/name")
    refused(api.staff.patch(where(second), {"name": " "}), 422, "name_blank", "/name")
    for bad in ("", "x" * 101, "two\nlines", None):
        invalid(api.staff.post(GROUPS, {"name": bad}), ("body", "/name"))
    for bad_ids in ("1", [0], [1.5], [2**31], None):
        response = api.staff.patch(where(second), {"facility_ids": bad_ids})
        assert response.status_code == 400
    invalid(
        api.staff.post(GROUPS, {"name": unique("x"), "facility_ids": list(range(1, 502))}),
        ("body", "/facility_ids"),
    )
    invalid(api.staff.patch(where(second), {}), ("body", ""))


def test_groups_are_listed_by_name_page_by_page(api: Api) -> None:
    word = unique("Wing")
    for letter in "cAbD":
        group(api, name=f"{letter} {word}")
    for limit in (1, 3, 200):
        rows = [row for row in listed(api.staff, GROUPS, limit=limit) if word in row["name"]]
        assert [f"{letter} {word}" for letter in "AbcD"] == [row["name"] for row in rows]


def test_a_group_with_a_quota_stays_until_it_has_none(api: Api, rooms: list[int]) -> None:
    made = group(api, facility_ids=rooms)
    quota = created(
        api.staff.post(QUOTAS, {"facility_group_id": made["id"], "max_active_bookings": 1})
    )
    refused(api.staff.delete(where(made)), 409, "group_in_use", says=["delete the quota first"])
    assert api.staff.delete(f"{QUOTAS}{quota['id']}/").status_code == 204
    assert api.staff.delete(where(made)).status_code == 204
    refused(api.staff.get(where(made)), 404, "not_found", says=["facility_groups_list"])
    refused(api.staff.delete(where(made)), 404, "not_found")
    refused(api.staff.patch(where(made), {"name": "x"}), 404, "not_found")


def test_all_staff_see_groups_and_staff_of_the_house_change_them(api: Api, cast: Cast) -> None:
    made = group(api)

    def reads(person: Person) -> list[httpx.Response]:
        return [person.get(GROUPS), person.get(where(made))]

    def writes(person: Person) -> list[httpx.Response]:
        return [
            person.post(GROUPS, {"name": unique("Mine")}),
            person.patch(where(made), {"name": unique("Mine")}),
            person.delete(where(made)),
        ]

    for person in (cast.local, cast.elsewhere, cast.house):
        assert [200, 200] == [response.status_code for response in reads(person)]
    for response in reads(cast.member):
        refused(response, 403, "permission_denied")
    for person in (cast.member, cast.local, cast.elsewhere):
        for response in writes(person):
            refused(response, 403, "permission_denied")
    assert [201, 200, 204] == [response.status_code for response in writes(cast.house)]
