"""Users forgotten, and groups deleted, while somebody is about to refer to them."""

from typing import Any

import pytest

from .api import Api, Json, Person, at, created, refused, unique
from .desk import facility_group, user_group
from .meanwhile import holding, waiting
from .test_api_imports import FACILITIES, USERS, send


@pytest.mark.parametrize("action", ["anonymise", "deactivate"])
def test_a_create_in_flight_leaves_no_booking_of_who_is_gone_by_then(api: Api, action: str) -> None:
    ada, room = api.person(), api.facility()
    path = f"/api/v1/users/{ada.id}/"

    with holding(api, "SELECT FROM facilities WHERE id = %s FOR UPDATE", room["id"]) as other:
        with waiting(api, other, lambda: ada.ask(room, at(9), at(10))) as reply:
            if action == "anonymise":
                assert 200 == api.staff.post(f"{path}anonymise/").status_code
            else:
                assert 204 == api.staff.delete(path).status_code
            other.rollback()
        assert reply.result().status_code in {401, 403, 422}, reply.result().text

    assert [] == api.sql("SELECT id, title FROM bookings WHERE user_id = %s", ada.id)


@pytest.mark.parametrize("by", ["delete", "patch", "import"])
def test_a_deactivation_waits_for_whoever_books_for_the_user_just_now(api: Api, by: str) -> None:
    ada = api.person()
    path = f"/api/v1/users/{ada.id}/"
    text = f"username,status\n{ada.user['username']},deactivated\n"
    ask = {
        "delete": lambda: api.staff.delete(path),
        "patch": lambda: api.staff.patch(path, {"is_active": False}),
        "import": lambda: send(api.staff, USERS, text),
    }[by]

    with (
        holding(api, "SELECT FROM users WHERE id = %s FOR KEY SHARE", ada.id) as other,
        waiting(api, other, ask) as reply,
    ):
        other.rollback()

    assert reply.result().status_code in {200, 204}
    assert api.staff.get(path).json()["is_active"] is False


def test_a_member_is_not_added_to_a_group_that_is_being_deleted(api: Api) -> None:
    ada, group = api.person(), user_group(api)
    path = f"/api/v1/user-groups/{group}/members/{ada.id}/"

    with (
        holding(api, "DELETE FROM user_groups WHERE id = %s", group) as other,
        waiting(api, other, lambda: api.staff.request("PUT", path)) as reply,
    ):
        other.commit()

    refused(reply.result(), 404, "not_found")


def test_a_group_that_is_being_deleted_gets_no_quota(api: Api) -> None:
    group = facility_group(api)
    body = {"facility_group_id": group, "max_active_bookings": 1}

    with (
        holding(api, "DELETE FROM facility_groups WHERE id = %s", group) as other,
        waiting(api, other, lambda: api.staff.post("/api/v1/quotas/", body)) as reply,
    ):
        other.commit()

    refused(reply.result(), 422, "facility_group_unknown", "/facility_group_id")


@pytest.mark.parametrize("table", ["users", "facilities"])
def test_an_import_is_planned_anew_without_a_group_that_is_being_deleted(
    api: Api, table: str
) -> None:
    name, site = unique("Group"), api.site()
    api.sql("INSERT INTO user_groups (name) VALUES (%s)", name)
    path, text, column = {
        "users": (USERS, f"username,groups\n{unique('ada')},{name}\n", "groups"),
        "facilities": (
            FACILITIES,
            f"site,name,facility_type,capacity,open_to\n{site['name']},Lab,lab,3,{name}\n",
            "open_to",
        ),
    }[table]

    with (
        holding(api, "DELETE FROM user_groups WHERE name = %s", name) as other,
        waiting(api, other, lambda: send(api.staff, path, text)) as reply,
    ):
        other.commit()

    problem = refused(reply.result(), 422, "import_refused", says=[name])
    assert [(2, column)] == [(line["line"], line["column"]) for line in problem["lines"]]


def test_an_import_waits_for_no_facility_that_the_caller_may_not_import(api: Api) -> None:
    site, other_site = api.site(), api.site()
    warden, theirs = api.person(site_ids=[site["id"]]), api.facility(other_site)
    text = f"site,name,capacity\n{other_site['name']},{theirs['name']},5\n"

    with holding(api, "SELECT FROM facilities WHERE id = %s FOR UPDATE", theirs["id"]):
        response = send(warden, FACILITIES, text)

    refused(response, 422, "import_refused")


def test_an_import_that_is_only_tried_waits_for_nobody(api: Api) -> None:
    site = api.site()
    room, ada = api.facility(site), api.person()
    rooms = f"site,name,capacity\n{site['name']},{room['name']},5\n"
    users = f"username,display_name\n{ada.user['username']},Ada\n"

    with (
        holding(api, "SELECT FROM facilities WHERE id = %s FOR UPDATE", room["id"]),
        holding(api, "SELECT FROM users FOR UPDATE"),
    ):
        for path, text in ((FACILITIES, rooms), (USERS, users)):
            response = send(api.staff, path, text, dry_run=True)
            assert (200, 1) == (response.status_code, response.json()["updated"])


# Answers that were kept for whoever repeats a request.


@pytest.mark.parametrize("by", ["patch", "import"])
def test_what_was_answered_to_staff_is_not_repeated_to_who_is_staff_no_more(
    api: Api, by: str
) -> None:
    site = api.site()
    room, ada = api.facility(site), api.person()
    warden = api.person(site_ids=[site["id"]])
    ask: dict[str, Any] = {"key": unique("key"), "user_id": ada.id, "title": "Whispered"}
    first = warden.ask(room, at(9), at(10), **ask)
    again = warden.ask(room, at(9), at(10), **ask)
    assert (created(first), "true") == (again.json(), again.headers["idempotency-replayed"])
    path = f"/api/v1/users/{warden.id}/"

    assert 200 == api.staff.patch(path, {"display_name": "Warden"}).status_code
    assert "idempotency-replayed" in warden.ask(room, at(9), at(10), **ask).headers
    _take_rights(api, warden, path, by)

    response = warden.ask(room, at(9), at(10), **ask)
    refused(response, 403, "permission_denied")
    assert "Whispered" not in response.text


def _take_rights(api: Api, warden: Person, path: str, by: str) -> None:
    """They are staff of nothing from now on."""
    if by == "patch":
        taken: Json = {"site_ids": []}
        assert 200 == api.staff.patch(path, taken).status_code
    else:
        text = f"username,sites\n{warden.user['username']},\n"
        assert 200 == send(api.staff, USERS, text).status_code
