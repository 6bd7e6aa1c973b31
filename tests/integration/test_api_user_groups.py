"""Groups of users through the API: who is in them, and who may say so."""

import httpx
import pytest

from .api import Api, Json, Person, created, invalid, listed, refused, unique
from .cast import Cast, make_cast

GROUPS = "/api/v1/user-groups/"
NOBODY = 2147483647


@pytest.fixture(scope="module")
def cast(api: Api) -> Cast:
    """Everybody whom a permission can tell apart."""
    return make_cast(api)


def group(api: Api, **more: str) -> Json:
    """A new group."""
    return created(api.staff.post(GROUPS, {"name": unique("Group"), **more}))


def where(group: Json) -> str:
    """The group's path."""
    return f"{GROUPS}{group['id']}/"


def put(staff: Person, group: Json, user_id: int) -> httpx.Response:
    """Add a member."""
    return staff.request("PUT", f"{where(group)}members/{user_id}/")


def test_a_new_group_is_answered_in_full_and_has_no_members(api: Api) -> None:
    name = unique("Lab")
    response = api.staff.post(GROUPS, {"name": f"  {name} "})
    made = created(response)
    assert made == {
        "id": made["id"],
        "name": name,
        "member_count": 0,
        "created_at": made["created_at"],
    }
    assert where(made) == response.headers["location"]
    found = api.staff.get(where(made))
    assert made == found.json()
    assert response.headers["etag"] == found.headers["etag"]
    again = api.staff.get(where(made), headers={"If-None-Match": found.headers["etag"]})
    assert again.status_code == 304


def test_a_groups_name_is_taken_in_whatever_case(api: Api) -> None:
    first, second = group(api), group(api)
    loud = first["name"].upper()
    refused(api.staff.post(GROUPS, {"name": loud}), 409, "group_name_taken", "/name", says=[loud])
    refused(api.staff.patch(where(second), {"name": loud}), 409, "group_name_taken", "/name")
    assert loud == api.staff.patch(where(first), {"name": loud}).json()["name"]


def test_a_groups_name_is_not_blank_and_at_most_a_hundred_characters(api: Api) -> None:
    made = group(api)
    for blank in (" ", "\u3000"):
        refused(api.staff.post(GROUPS, {"name": blank}), 422, "name_blank", "/name")
        refused(api.staff.patch(where(made), {"name": blank}), 422, "name_blank", "/name")
    for bad in ("", "x" * 101, "two\nlines", None, 7):
        invalid(api.staff.post(GROUPS, {"name": bad}), ("body", "/name"))
        invalid(api.staff.patch(where(made), {"name": bad}), ("body", "/name"))
    invalid(api.staff.patch(where(made), {}), ("body", "/name"))
    assert created(api.staff.post(GROUPS, {"name": unique("x" * 90)}))


def test_a_group_is_renamed_only_in_the_version_that_was_read(api: Api) -> None:
    made = group(api)
    stale = {"If-Match": api.staff.get(where(made)).headers["etag"]}
    first = api.staff.patch(where(made), {"name": unique("New")}, headers=stale)
    assert first.status_code == 200
    second = api.staff.patch(where(made), {"name": unique("Newer")}, headers=stale)
    refused(second, 412, "precondition_failed")
    assert first.json() == api.staff.get(where(made)).json()


def test_a_member_is_added_once_and_removed_once_whatever_is_asked(api: Api) -> None:
    made, ada = group(api), api.person(display_name="Ada")
    for _ in range(2):
        response = put(api.staff, made, ada.id)
        assert (204, b"") == (response.status_code, response.content)
    assert [ada.basic] == api.staff.get(f"{where(made)}members/").json()
    assert api.staff.get(where(made)).json()["member_count"] == 1
    assert [{"id": made["id"], "name": made["name"]}] == ada.get("/api/v1/me/").json()["groups"]

    for _ in range(2):
        assert api.staff.delete(f"{where(made)}members/{ada.id}/").status_code == 204
    assert api.staff.get(f"{where(made)}members/").json() == []
    assert ada.get("/api/v1/me/").json()["groups"] == []
    log = api.sql(
        "SELECT action::text FROM audit_log WHERE record_type = 'user_group_member'"
        " AND (COALESCE(new_values, old_values) ->> 'user_id')::int = %s ORDER BY id",
        ada.id,
    )
    assert [("created",), ("deleted",)] == log


def test_members_are_listed_by_username_page_by_page(api: Api) -> None:
    made, word = group(api), unique("member")
    people = [api.person(username=f"{letter}-{word}") for letter in "cAbD"]
    for person in people:
        put(api.staff, made, person.id)
    expected = [f"{letter}-{word}" for letter in "AbcD"]
    for limit in (1, 2, 3, 200):
        rows = listed(api.staff, f"{where(made)}members/", limit=limit)
        assert expected == [row["username"] for row in rows]


def test_groups_are_listed_by_name_page_by_page(api: Api) -> None:
    word = unique("Club")
    made = [created(api.staff.post(GROUPS, {"name": f"{letter} {word}"})) for letter in "cAbD"]
    expected = [made[index] for index in (1, 2, 0, 3)]
    for limit in (1, 3, 200):
        rows = listed(api.staff, GROUPS, limit=limit)
        assert expected == [row for row in rows if word in row["name"]]


def test_what_does_not_exist_is_not_found(api: Api) -> None:
    made, nowhere = group(api), f"{GROUPS}{NOBODY}/"
    for response in (
        api.staff.get(nowhere),
        api.staff.patch(nowhere, {"name": "x"}),
        api.staff.delete(nowhere),
        api.staff.get(f"{nowhere}members/"),
        api.staff.request("PUT", f"{nowhere}members/{api.staff.id}/"),
        api.staff.delete(f"{nowhere}members/{api.staff.id}/"),
    ):
        refused(response, 404, "not_found", says=["user_groups_list"])
    for response in (
        put(api.staff, made, NOBODY),
        api.staff.delete(f"{where(made)}members/{NOBODY}/"),
    ):
        refused(response, 404, "not_found", says=["users_list"])


def test_a_deleted_group_is_gone_and_its_members_stay(api: Api) -> None:
    made, ada = group(api), api.person()
    put(api.staff, made, ada.id)
    response = api.staff.delete(where(made))
    assert (204, b"") == (response.status_code, response.content)
    refused(api.staff.get(where(made)), 404, "not_found")
    refused(api.staff.delete(where(made)), 404, "not_found")
    assert ada.get("/api/v1/me/").json()["groups"] == []


def test_a_group_that_a_facility_is_open_to_stays_until_it_is_not(api: Api) -> None:
    made, rooms = group(api), [api.facility() for _ in range(12)]
    for room in rooms:
        api.sql("INSERT INTO facility_user_groups VALUES (%s, %s)", room["id"], made["id"])
    problem = refused(api.staff.delete(where(made)), 409, "group_in_use", says=["and others"])
    names = sorted((room["name"] for room in rooms), key=str.lower)
    assert all(name in problem["detail"] for name in names[:10])
    assert names[10] not in problem["detail"]

    api.sql("DELETE FROM facility_user_groups WHERE facility_id <> %s", rooms[0]["id"])
    problem = refused(
        api.staff.delete(where(made)), 409, "group_in_use", says=[f": {rooms[0]['name']}. "]
    )
    api.sql("DELETE FROM facility_user_groups")
    assert api.staff.delete(where(made)).status_code == 204


def test_all_staff_see_groups_and_staff_of_the_house_change_them(api: Api, cast: Cast) -> None:
    made = group(api)
    member = f"{where(made)}members/{cast.member.id}/"

    def reads(person: Person) -> list[httpx.Response]:
        return [person.get(path) for path in (GROUPS, where(made), f"{where(made)}members/")]

    def writes(person: Person) -> list[httpx.Response]:
        return [
            person.post(GROUPS, {"name": unique("Mine")}),
            person.patch(where(made), {"name": unique("Mine")}),
            person.request("PUT", member),
            person.delete(member),
            person.delete(where(made)),
        ]

    for person in (cast.local, cast.elsewhere, cast.house):
        assert [200, 200, 200] == [response.status_code for response in reads(person)]
    for response in reads(cast.member):
        refused(response, 403, "permission_denied")
    for person in (cast.member, cast.local, cast.elsewhere):
        for response in writes(person):
            refused(response, 403, "permission_denied")
    assert [201, 200, 204, 204, 204] == [response.status_code for response in writes(cast.house)]
