"""Users after they were created: their names, their rights, and who may give or take these."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import httpx
import pytest

from .api import Api, Json, Person, created, invalid, refused, unique
from .cast import Cast, make_cast

USERS = "/api/v1/users/"
ME = "/api/v1/me/"
NOBODY = 2147483647


@pytest.fixture(scope="module")
def cast(api: Api) -> Cast:
    """Everybody whom a permission can tell apart."""
    return make_cast(api)


def where(person: Person) -> str:
    """The user's path."""
    return f"{USERS}{person.id}/"


def brief(site: Json) -> Json:
    """A site as users show it."""
    return {"id": site["id"], "name": site["name"]}


def test_what_is_given_changes_and_the_rest_stays(api: Api) -> None:
    ada = api.person(display_name="Ada")
    before = api.staff.get(where(ada))
    version = {"If-Match": before.headers["etag"]}
    response = api.staff.patch(where(ada), {"display_name": "Ada L."}, headers=version)
    assert {**before.json(), "display_name": "Ada L."} == response.json()
    assert response.headers["etag"] == api.staff.get(where(ada)).headers["etag"]
    refused(
        api.staff.patch(where(ada), {"display_name": "A"}, headers=version),
        412,
        "precondition_failed",
    )
    nameless = api.staff.patch(where(ada), {"display_name": None}).json()
    assert "display_name" not in nameless
    refused(api.staff.patch(where(ada), {"display_name": " "}), 422, "name_blank", "/display_name")
    for field, value in (
        ("display_name", ""),
        ("display_name", "x" * 201),
        ("is_staff", None),
        ("is_active", "yes"),
        ("site_ids", None),
        ("username", "ada"),
    ):
        invalid(api.staff.patch(where(ada), {field: value}), ("body", f"/{field}"))
    invalid(api.staff.patch(where(ada), {}), ("body", ""))
    refused(api.staff.patch(f"{USERS}{NOBODY}/", {"is_staff": True}), 404, "not_found")


def test_the_same_values_again_leave_no_trace_in_the_log(api: Api) -> None:
    ada, site = api.person(display_name="Ada"), api.site()
    api.staff.patch(where(ada), {"site_ids": [site["id"]]})
    count = "SELECT count(*) FROM audit_log"
    before = api.sql(count)
    same = {"display_name": "Ada", "is_staff": False, "is_active": True, "site_ids": [site["id"]]}
    assert api.staff.patch(where(ada), same).status_code == 200
    assert before == api.sql(count)
    api.staff.delete(where(ada))
    after = api.sql(count)
    api.staff.delete(where(ada))
    assert after == api.sql(count)


def test_rights_of_the_house_are_given_and_taken(api: Api) -> None:
    ada = api.person()
    for value in (True, False):
        assert value is api.staff.patch(where(ada), {"is_staff": value}).json()["is_staff"]
        assert (200 if value else 403) == ada.get("/api/v1/audit-log/").status_code


def test_rights_at_sites_are_given_and_taken_by_name(api: Api) -> None:
    word = unique("Quay")
    b, a = (api.site(name=f"{letter} {word}") for letter in "bA")
    ada = api.person(site_ids=[b["id"], a["id"], b["id"]])
    assert [brief(a), brief(b)] == ada.user["sites"] == ada.get(ME).json()["sites"]
    assert ada.get(USERS).status_code == 200
    changed = api.staff.patch(where(ada), {"site_ids": [b["id"]]}).json()
    assert [brief(b)] == changed["sites"]
    assert api.staff.patch(where(ada), {"site_ids": []}).json()["sites"] == []
    refused(ada.get(USERS), 403, "permission_denied")


def test_a_site_that_does_not_exist_is_pointed_at_and_nothing_is_done(api: Api) -> None:
    ada, name, site = api.person(), unique("user"), api.site()
    unknown = [site["id"], NOBODY]
    refused(
        api.staff.post(USERS, {"username": name, "site_ids": unknown}),
        422,
        "site_unknown",
        "/site_ids/1",
        says=[str(NOBODY)],
    )
    refused(
        api.staff.patch(where(ada), {"display_name": "Ada", "site_ids": unknown}),
        422,
        "site_unknown",
        "/site_ids/1",
    )
    assert ada.user == api.staff.get(where(ada)).json()
    assert created(api.staff.post(USERS, {"username": name}))
    too_many = list(range(1, 102))
    invalid(api.staff.patch(where(ada), {"site_ids": too_many}), ("body", "/site_ids"))


def test_who_was_let_go_comes_back_with_the_tokens_they_had(api: Api) -> None:
    ada = api.person()
    gone = api.staff.patch(where(ada), {"is_active": False}).json()
    assert gone["is_active"] is False
    refused(ada.get(ME), 401, "authentication_required")
    again = api.staff.patch(where(ada), {"is_active": False}).json()
    assert gone == again
    back = api.staff.patch(where(ada), {"is_active": True}).json()
    assert ada.user == back
    assert ada.get(ME).status_code == 200


def test_nobody_takes_their_own_rights(api: Api) -> None:
    boss = api.person(is_staff=True)
    refused(boss.patch(where(boss), {"is_staff": False}), 409, "cannot_demote_self", "/is_staff")
    refused(
        boss.patch(where(boss), {"is_active": False}), 409, "cannot_deactivate_self", "/is_active"
    )
    refused(boss.post(f"{where(boss)}anonymise/"), 409, "cannot_deactivate_self")
    changed = boss.patch(where(boss), {"is_staff": True, "is_active": True, "display_name": "B"})
    assert changed.json()["display_name"] == "B"


def deactivate(boss: Person, other: Person) -> httpx.Response:
    return boss.delete(where(other))


def demote(boss: Person, other: Person) -> httpx.Response:
    return boss.patch(where(other), {"is_staff": False})


def anonymise(boss: Person, other: Person) -> httpx.Response:
    return boss.post(f"{where(other)}anonymise/")


@pytest.mark.parametrize("take", [deactivate, demote, anonymise])
def test_of_two_who_take_each_others_rights_at_one_moment_one_keeps_them(
    api: Api, take: Callable[[Person, Person], httpx.Response]
) -> None:
    for _ in range(5):
        pair = [api.person(is_staff=True) for _ in range(2)]
        ready = Barrier(2)

        def go(boss: Person, other: Person, ready: Barrier = ready) -> int:
            ready.wait()
            return take(boss, other).status_code

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(go, pair, reversed(pair)))

        assert sum(200 <= answer < 300 for answer in answers) == 1
        assert {401, 403} >= {answer for answer in answers if answer >= 300}
        left = api.sql(
            "SELECT count(*) FROM users WHERE id = ANY(%s) AND is_staff AND deactivated_at IS NULL",
            [person.id for person in pair],
        )
        assert [(1,)] == left


def test_staff_make_a_token_for_a_user(api: Api) -> None:
    ada = api.person()
    body = {"name": " Imported ", "expires_in_days": 7}
    response = api.staff.post(f"{where(ada)}tokens/", body)
    token = created(response)
    assert ("Imported", token["token"][:8]) == (token["name"], token["prefix"])
    assert response.headers["cache-control"] == "no-store"
    lifetime = instant(token["expires_at"]) - instant(token["created_at"])
    assert abs(lifetime - timedelta(days=7)) < timedelta(seconds=10)
    assert ada.id == api.with_token(token["token"]).get(ME).json()["id"]
    assert token["id"] in [row["id"] for row in ada.get("/api/v1/me/tokens/").json()]

    refused(api.staff.post(f"{where(ada)}tokens/", {"name": " "}), 422, "name_blank", "/name")
    invalid(api.staff.post(f"{where(ada)}tokens/", {}), ("body", "/name"))
    refused(api.staff.post(f"{USERS}{NOBODY}/tokens/", {"name": "x"}), 404, "not_found")


def test_a_token_for_another_does_not_outlive_the_one_that_makes_it(api: Api) -> None:
    boss, ada = api.person(is_staff=True), api.person()
    short = created(boss.post("/api/v1/me/tokens/", {"name": "Short", "expires_in_days": 2}))
    heir = api.with_token(short["token"]).post(f"{where(ada)}tokens/", {"name": "x"})
    assert short["expires_at"] == created(heir)["expires_at"]


def test_who_was_let_go_gets_no_token(api: Api) -> None:
    ada = api.person()
    api.staff.delete(where(ada))
    response = api.staff.post(f"{where(ada)}tokens/", {"name": "x"})
    refused(response, 422, "user_unknown", says=["users_update"])
    api.staff.patch(where(ada), {"is_active": True})
    assert created(api.staff.post(f"{where(ada)}tokens/", {"name": "x"}))


def test_all_staff_see_users_and_staff_of_the_house_change_them(api: Api, cast: Cast) -> None:
    ada = api.person()

    def writes(person: Person) -> list[httpx.Response]:
        return [
            person.post(USERS, {"username": unique("friend")}),
            person.patch(where(ada), {"display_name": "Mine"}),
            person.post(f"{where(ada)}tokens/", {"name": "x"}),
            person.get(f"{where(ada)}export/"),
            person.delete(where(ada)),
            person.post(f"{where(ada)}anonymise/"),
        ]

    for person in (cast.local, cast.elsewhere, cast.house):
        assert [200, 200] == [person.get(path).status_code for path in (USERS, where(ada))]
    for path in (USERS, where(ada)):
        refused(cast.member.get(path), 403, "permission_denied")
    for person in (cast.member, cast.local, cast.elsewhere):
        for response in writes(person):
            refused(response, 403, "permission_denied")
    assert [201, 200, 201, 200, 204, 200] == [
        response.status_code for response in writes(cast.house)
    ]


def instant(text: str) -> datetime:
    """An instant of the service."""
    return datetime.fromisoformat(text)
