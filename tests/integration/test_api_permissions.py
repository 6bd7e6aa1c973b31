"""Who may do what: every operation, asked by everybody, with every token.

What a caller may not see is answered like what is not there; what only staff may
do says so; without a valid token nothing is answered at all.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

import httpx
import pytest

from domain.scopes import SCOPES, Scope
from tests.client import Client, document

from .api import Api, Json, Person, at, created, path_of, refused, unique, wire

_quarters = count()


@dataclass(frozen=True, slots=True)
class Scene:
    """What the attempts are made on: all of it the owner's, where anything is anybody's."""

    site: Json
    facility: Json
    booking: Json
    waiting: Json
    user: Person
    token: Json
    user_group: Json
    facility_group: Json
    quota: Json
    closure: Json


Attempt = Callable[[Client, Scene], httpx.Response]
Narrow = Callable[..., Client]
"""Of a person and scopes, a client with a token of that person's and these scopes alone."""
WINDOW = {"start_time": wire(at(0)), "end_time": wire(at(24))}
DAYS = {"start_date": wire(at(0))[:10], "end_date": wire(at(24))[:10]}


def create_booking(caller: Client, scene: Scene) -> httpx.Response:
    quarters = next(_quarters)
    body = {
        "facility_id": scene.facility["id"],
        "start_time": wire(at(quarters / 4, day=1)),
        "end_time": wire(at((quarters + 1) / 4, day=1)),
        "title": "Mine",
    }
    return caller.post("/api/v1/bookings/", body)


def create_facility(caller: Client, scene: Scene) -> httpx.Response:
    body = {
        "site_id": scene.site["id"],
        "name": unique("Shed"),
        "facility_type": "other",
        "capacity": 1,
    }
    return caller.post("/api/v1/facilities/", body)


def change_facility(caller: Client, scene: Scene) -> httpx.Response:
    return caller.patch(facility_path(scene), {"description": unique("Repainted")})


def create_closure(caller: Client, scene: Scene) -> httpx.Response:
    return caller.post("/api/v1/closures/", closure_of(scene.facility))


def closure_of(facility: Json) -> Json:
    """A closure of the facility on a day on which nobody books it."""
    return {
        "facility_id": facility["id"],
        "start_time": wire(at(0, day=200)),
        "end_time": wire(at(1, day=200)),
        "reason": "New floor",
    }


def closure_path(scene: Scene) -> str:
    return f"/api/v1/closures/{scene.closure['id']}/"


def site_path(scene: Scene) -> str:
    return f"/api/v1/sites/{scene.site['id']}/"


def create_site(caller: Client, _: Scene) -> httpx.Response:
    return caller.post("/api/v1/sites/", {"name": unique("Camp"), "time_zone": "UTC"})


def create_user(caller: Client, _: Scene) -> httpx.Response:
    return caller.post("/api/v1/users/", {"username": unique("friend"), "is_staff": True})


def user_group_path(scene: Scene) -> str:
    return f"/api/v1/user-groups/{scene.user_group['id']}/"


def member_path(scene: Scene) -> str:
    return f"{user_group_path(scene)}members/{scene.user.id}/"


def facility_group_path(scene: Scene) -> str:
    return f"/api/v1/facility-groups/{scene.facility_group['id']}/"


def quota_path(scene: Scene) -> str:
    return f"/api/v1/quotas/{scene.quota['id']}/"


def user_path(scene: Scene) -> str:
    return f"/api/v1/users/{scene.user.id}/"


def create_quota(caller: Client, scene: Scene) -> httpx.Response:
    """A quota of a group that only this attempt knows; who may not see groups makes none."""
    made = caller.post("/api/v1/facility-groups/", {"name": unique("Courts")})
    group_id = made.json()["id"] if made.is_success else scene.facility_group["id"]
    body = {"facility_group_id": group_id, "max_active_bookings": 3}
    return caller.post("/api/v1/quotas/", body)


def import_csv(caller: Client, path: str, text: str) -> httpx.Response:
    return caller.request("POST", path, content=text, headers={"Content-Type": "text/csv"})


def import_users(caller: Client, _: Scene) -> httpx.Response:
    return import_csv(caller, "/api/v1/imports/users/", f"username\n{unique('friend')}\n")


def import_facilities(caller: Client, scene: Scene) -> httpx.Response:
    line = f"{scene.site['name']},{scene.facility['name']},Repainted"
    return import_csv(caller, "/api/v1/imports/facilities/", f"site,name,description\n{line}\n")


def facility_path(scene: Scene) -> str:
    return f"/api/v1/facilities/{scene.facility['id']}/"


EVERYBODY: dict[str, Attempt] = {
    "availability_search": lambda c, _: c.get("/api/v1/availability/search", params=WINDOW),
    "availability_timeline": lambda c, _: c.get("/api/v1/availability/timeline", params=WINDOW),
    "bookings_create": create_booking,
    "closures_list": lambda c, _: c.get("/api/v1/closures/"),
    "closures_retrieve": lambda c, s: c.get(closure_path(s)),
    "facilities_list": lambda c, _: c.get("/api/v1/facilities/"),
    "me_export": lambda c, _: c.get("/api/v1/me/export/"),
    "facilities_retrieve": lambda c, s: c.get(facility_path(s)),
    "me_retrieve": lambda c, _: c.get("/api/v1/me/"),
    "my_bookings_list": lambda c, _: c.get("/api/v1/me/bookings/"),
    "my_tokens_create": lambda c, _: c.post("/api/v1/me/tokens/", {"name": "Laptop"}),
    "my_tokens_list": lambda c, _: c.get("/api/v1/me/tokens/"),
    "sites_list": lambda c, _: c.get("/api/v1/sites/"),
    "sites_retrieve": lambda c, s: c.get(site_path(s)),
    "usage_record": lambda c, _: c.post(
        "/api/v1/usage/", {"outcome": "booked", "seconds": 20, "conflicts": 0}
    ),
}
OWNER_AND_STAFF: dict[str, Attempt] = {
    "bookings_cancel": lambda c, s: c.delete(path_of(s.booking)),
    "bookings_history_list": lambda c, s: c.get(f"{path_of(s.booking)}history/"),
    "bookings_retrieve": lambda c, s: c.get(path_of(s.booking)),
    "bookings_update": lambda c, s: c.patch(path_of(s.booking), {"title": "Mine now"}),
}
STAFF_OF_WHAT_THE_OWNER_SEES: dict[str, Attempt] = {
    "bookings_approve": lambda c, s: c.post(f"{path_of(s.waiting)}approve/", {}),
    "bookings_reject": lambda c, s: c.post(f"{path_of(s.waiting)}reject/", {"reason": "No"}),
}
OWNER_ALONE: dict[str, Attempt] = {
    "my_tokens_revoke": lambda c, s: c.delete(f"/api/v1/me/tokens/{s.token['id']}/"),
}
STAFF_ALONE: dict[str, Attempt] = {
    "admin_bookings_decide": lambda c, s: c.post(
        "/api/v1/admin/bookings/decisions/",
        {"decision": "approve", "booking_ids": [s.waiting["id"]]},
    ),
    "admin_bookings_list": lambda c, _: c.get("/api/v1/admin/bookings/"),
    "closures_create": create_closure,
    "closures_delete": lambda c, s: c.delete(closure_path(s)),
    "facilities_archive": lambda c, s: c.delete(facility_path(s)),
    "facilities_create": create_facility,
    "facilities_update": change_facility,
    "facilities_history_list": lambda c, s: c.get(f"{facility_path(s)}history/"),
    "sites_create": create_site,
    "sites_update": lambda c, s: c.patch(site_path(s), {"name": unique("Camp")}),
    "analytics_summary": lambda c, _: c.get("/api/v1/analytics/summary/", params=DAYS),
    "analytics_top_facilities": lambda c, _: c.get(
        "/api/v1/analytics/top-facilities/", params={**DAYS, "by": "bookings"}
    ),
    "analytics_usage": lambda c, _: c.get("/api/v1/analytics/usage/", params=DAYS),
    "analytics_utilisation": lambda c, _: c.get(
        "/api/v1/analytics/utilisation/", params={**DAYS, "group_by": "site"}
    ),
    "audit_log_list": lambda c, _: c.get("/api/v1/audit-log/"),
    "exports_retrieve": lambda c, _: c.get("/api/v1/exports/facilities/"),
    "imports_facilities": import_facilities,
    "imports_users": import_users,
    "facility_groups_create": lambda c, _: c.post(
        "/api/v1/facility-groups/", {"name": unique("Courts")}
    ),
    "facility_groups_delete": lambda c, s: c.delete(facility_group_path(s)),
    "facility_groups_list": lambda c, _: c.get("/api/v1/facility-groups/"),
    "facility_groups_retrieve": lambda c, s: c.get(facility_group_path(s)),
    "facility_groups_update": lambda c, s: c.patch(
        facility_group_path(s), {"name": unique("Courts")}
    ),
    "quotas_create": create_quota,
    "quotas_delete": lambda c, s: c.delete(quota_path(s)),
    "quotas_list": lambda c, _: c.get("/api/v1/quotas/"),
    "quotas_retrieve": lambda c, s: c.get(quota_path(s)),
    "quotas_update": lambda c, s: c.patch(quota_path(s), {"max_hours_per_week": 9}),
    "user_group_members_add": lambda c, s: c.request("PUT", member_path(s)),
    "user_group_members_list": lambda c, s: c.get(f"{user_group_path(s)}members/"),
    "user_group_members_remove": lambda c, s: c.delete(member_path(s)),
    "user_groups_create": lambda c, _: c.post("/api/v1/user-groups/", {"name": unique("Lab")}),
    "user_groups_delete": lambda c, s: c.delete(user_group_path(s)),
    "user_groups_list": lambda c, _: c.get("/api/v1/user-groups/"),
    "user_groups_retrieve": lambda c, s: c.get(user_group_path(s)),
    "user_groups_update": lambda c, s: c.patch(user_group_path(s), {"name": unique("Lab")}),
    "user_tokens_create": lambda c, s: c.post(f"{user_path(s)}tokens/", {"name": "Laptop"}),
    "users_anonymise": lambda c, s: c.post(f"{user_path(s)}anonymise/"),
    "users_create": create_user,
    "users_export": lambda c, s: c.get(f"{user_path(s)}export/"),
    "users_update": lambda c, s: c.patch(user_path(s), {"display_name": unique("Ada")}),
    "users_deactivate": lambda c, s: c.delete(f"/api/v1/users/{s.user.id}/"),
    "users_list": lambda c, _: c.get("/api/v1/users/"),
    "users_retrieve": lambda c, s: c.get(f"/api/v1/users/{s.user.id}/"),
}
ATTEMPTS = {
    **EVERYBODY,
    **OWNER_AND_STAFF,
    **STAFF_OF_WHAT_THE_OWNER_SEES,
    **OWNER_ALONE,
    **STAFF_ALONE,
}

ELSEWHERE = {"availability_stream", "session_create", "session_delete"}
"""What ends later or comes by a cookie: test_api_stream and test_api_session ask everybody."""

on_every_operation = pytest.mark.parametrize("operation", sorted(ATTEMPTS))


@pytest.fixture(scope="module")
def facility(api: Api) -> Json:
    """Where all bookings of this module are made."""
    return api.facility()


@pytest.fixture(scope="module")
def hall(api: Api) -> Json:
    """Where bookings wait for the staff."""
    return api.facility(rules={"requires_approval": True})


@pytest.fixture(scope="module")
def kept() -> dict[str, Json]:
    """What one scene leaves to the next, by its path."""
    return {}


@pytest.fixture
def scene(api: Api, facility: Json, hall: Json, kept: dict[str, Json]) -> Scene:
    """A scene that no other test plays on, at a facility that they share."""
    owner = api.person()
    quarters = next(_quarters)
    return Scene(
        site=api.staff.get(f"/api/v1/sites/{facility['site']['id']}/").json(),
        facility=facility,
        booking=owner.book(facility, at(quarters / 4, day=1), at((quarters + 1) / 4, day=1)),
        waiting=owner.book(hall, at(quarters / 4, day=1), at((quarters + 1) / 4, day=1)),
        user=owner,
        token=created(owner.post("/api/v1/me/tokens/", {"name": "Spare"})),
        user_group=_kept(api, kept, "/api/v1/user-groups/", {"name": unique("Lab")}),
        facility_group=_kept(api, kept, "/api/v1/facility-groups/", {"name": unique("Courts")}),
        quota=_kept(
            api,
            kept,
            "/api/v1/quotas/",
            {"facility_id": facility["id"], "max_active_bookings": 9},
        ),
        closure=_kept(api, kept, "/api/v1/closures/", closure_of(facility)),
    )


@pytest.fixture(scope="module")
def narrow(api: Api) -> Narrow:
    """Clients with tokens of the staff and of others that have these scopes alone."""
    made: dict[tuple[int, tuple[Scope, ...]], Client] = {}

    def of(person: Person, *scopes: Scope) -> Client:
        key = (person.id, scopes)
        if key not in made:
            token = created(person.post("/api/v1/me/tokens/", {"name": "x", "scopes": scopes}))
            made[key] = api.with_token(token["token"])
        return made[key]

    return of


def _kept(api: Api, kept: dict[str, Json], path: str, body: Json) -> Json:
    """The record at the path that the last scene had, or a new one if it was deleted there."""
    if path not in kept or not api.staff.get(f"{path}{kept[path]['id']}/").is_success:
        kept[path] = created(api.staff.post(path, body))
    return kept[path]


@pytest.fixture(scope="module")
def other(api: Api) -> Person:
    """A member who owns nothing of any scene."""
    return api.person()


@pytest.fixture(scope="module")
def deactivated(api: Api) -> Person:
    """One who was staff until they were let go."""
    person = api.person(is_staff=True)
    assert api.staff.delete(f"/api/v1/users/{person.id}/").status_code == 204
    return person


@pytest.fixture(scope="module")
def revoked(api: Api) -> Client:
    """One of the staff, with a token that they revoked."""
    person = api.person(is_staff=True)
    token = created(person.post("/api/v1/me/tokens/", {"name": "Lost"}))
    assert person.delete(f"/api/v1/me/tokens/{token['id']}/").status_code == 204
    return api.with_token(token["token"])


@pytest.fixture(scope="module")
def expired(api: Api) -> Client:
    """One of the staff, with a token whose day is over."""
    person = api.person(is_staff=True)
    token = created(person.post("/api/v1/me/tokens/", {"name": "Old", "expires_in_days": 1}))
    client = api.with_token(token["token"])
    assert client.get("/api/v1/me/").status_code == 200
    api.sql("UPDATE user_tokens SET expires_at = now() WHERE id = %s", token["id"])
    return client


@pytest.fixture
def stranger(api: Api, request: pytest.FixtureRequest) -> Client:
    """Somebody without a valid token, in one of the ways there are."""
    if request.param == "anonymous":
        return api.anonymous
    if request.param == "unknown":
        return api.with_token(f"hf_{'x' * 43}")
    client = request.getfixturevalue(request.param)
    assert isinstance(client, Client)
    return client


def test_every_operation_is_attempted() -> None:
    operations = {
        operation["operationId"]
        for item in document()["paths"].values()
        for operation in item.values()
    }
    assert operations == set(ATTEMPTS) | ELSEWHERE


def state(api: Api, scene: Scene) -> list[Json]:
    """Everything that an attempt could change of its scene, as the staff and the owner see it."""
    return [
        api.staff.get(path_of(scene.booking)).json(),
        api.staff.get(path_of(scene.waiting)).json(),
        api.staff.get(facility_path(scene)).json(),
        api.staff.get(f"/api/v1/users/{scene.user.id}/").json(),
        scene.user.get("/api/v1/me/tokens/").json(),
    ]


@on_every_operation
@pytest.mark.parametrize(
    "stranger", ["anonymous", "unknown", "deactivated", "revoked", "expired"], indirect=True
)
def test_without_a_valid_token_nothing_is_answered(
    scene: Scene, stranger: Client, operation: str
) -> None:
    response = ATTEMPTS[operation](stranger, scene)
    refused(response, 401, "authentication_required", says=["token"])
    assert response.headers["www-authenticate"] == 'Bearer realm="holdfast"'


@on_every_operation
def test_the_owner_may_do_what_is_not_for_staff_alone(scene: Scene, operation: str) -> None:
    response = ATTEMPTS[operation](scene.user, scene)
    if operation in STAFF_ALONE | STAFF_OF_WHAT_THE_OWNER_SEES:
        refused(response, 403, "permission_denied", says=["staff"])
    else:
        assert response.is_success, response.text


@on_every_operation
def test_other_members_may_not_know_of_it(
    api: Api, scene: Scene, other: Person, operation: str
) -> None:
    reads = operation.endswith(("_list", "_retrieve", "_search"))
    before = [] if reads else state(api, scene)
    response = ATTEMPTS[operation](other, scene)
    if operation in STAFF_ALONE:
        refused(response, 403, "permission_denied", says=["staff"])
    elif operation in EVERYBODY:
        assert response.is_success, response.text
    else:
        refused(response, 404, "not_found")
    assert before == ([] if reads else state(api, scene))


@on_every_operation
def test_staff_may_do_everything_but_what_is_the_owners_alone(
    api: Api, scene: Scene, operation: str
) -> None:
    try:
        response = ATTEMPTS[operation](api.staff, scene)
        if operation in OWNER_ALONE:
            refused(response, 404, "not_found")
        else:
            assert response.is_success, response.text
    finally:
        if operation == "facilities_archive":
            api.staff.patch(facility_path(scene), {"status": "active"})


@on_every_operation
def test_a_token_does_what_its_scopes_are_for_and_nothing_else(
    api: Api, scene: Scene, narrow: Narrow, operation: str
) -> None:
    (needed,) = needs(operation)
    person = scene.user if operation in OWNER_ALONE else api.staff
    others = [scope for scope in SCOPES if scope != needed]
    enough = narrow(person, needed)
    lacking = {tuple(some): narrow(person, *some) for some in (others, others[:1], others[1:])}
    before = state(api, scene)
    for scopes, client in lacking.items():
        response = ATTEMPTS[operation](client, scene)
        says = [f"the scope '{needed}'", f"only '{scopes[0]}'"]
        refused(response, 403, "insufficient_scope", says=says)
        assert response.headers["www-authenticate"] == (
            f'Bearer realm="holdfast", error="insufficient_scope", scope="{needed}"'
        )
    assert before == state(api, scene)
    try:
        response = ATTEMPTS[operation](enough, scene)
        assert response.is_success, response.text
    finally:
        if operation == "facilities_archive":
            api.staff.patch(facility_path(scene), {"status": "active"})


def needs(operation: str) -> list[Scope]:
    """The scopes that the contract asks for."""
    (found,) = [
        each["x-required-scopes"]
        for item in document()["paths"].values()
        for each in item.values()
        if each["operationId"] == operation
    ]
    return list(found)


def test_a_booking_of_anothers_is_answered_like_one_that_does_not_exist(
    api: Api, scene: Scene, other: Person
) -> None:
    for attempt in OWNER_AND_STAFF.values():
        theirs = attempt(other, scene)
        nobodys = attempt(other, replaced(scene, 9007199254740991))
        assert without_request_id(theirs) == without_request_id(nobodys)
        assert theirs.headers.keys() == nobodys.headers.keys()
    for attempt in OWNER_AND_STAFF.values():
        refused(attempt(api.staff, replaced(scene, 9007199254740991)), 404, "not_found")


def test_no_condition_tells_whether_anothers_booking_exists(scene: Scene, other: Person) -> None:
    path = path_of(scene.booking)
    for tag in ("*", '"x"', scene.user.get(path).headers["etag"]):
        refused(other.get(path, headers={"If-None-Match": tag}), 404, "not_found")
        refused(other.delete(path, headers={"If-Match": tag}), 404, "not_found")
        response = other.patch(path, {"title": "x"}, headers={"If-Match": tag})
        refused(response, 404, "not_found")


def test_the_lists_of_a_member_hold_nothing_of_anothers(scene: Scene, other: Person) -> None:
    assert scene.booking["id"] in ids(scene.user.get("/api/v1/me/bookings/"))
    assert scene.booking["id"] not in ids(other.get("/api/v1/me/bookings/"))
    assert scene.token["id"] in ids(scene.user.get("/api/v1/me/tokens/"))
    assert scene.token["id"] not in ids(other.get("/api/v1/me/tokens/"))


def test_who_is_not_staff_is_told_so_before_whether_the_thing_exists(other: Person) -> None:
    for response in (
        other.get("/api/v1/users/2147483647/"),
        other.delete("/api/v1/users/2147483647/"),
        other.delete("/api/v1/facilities/2147483647/"),
        other.patch("/api/v1/facilities/2147483647/", {"capacity": 1}),
    ):
        refused(response, 403, "permission_denied")


def test_who_has_no_token_is_told_so_before_what_is_wrong_with_the_request(api: Api) -> None:
    for response in (
        api.anonymous.post("/api/v1/bookings/", {"nonsense": True}),
        api.anonymous.post(
            "/api/v1/bookings/", content=b"{", headers={"Content-Type": "application/json"}
        ),
        api.anonymous.get("/api/v1/users/", params={"limit": 0}),
        api.anonymous.get("/api/v1/availability/search"),
    ):
        refused(response, 401, "authentication_required")


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Basic {token}",
        "Token {token}",
        "{token}",
        "Bearer {token}x",
        "Bearer  hf_ {token}",
        "Bearer {token}, Bearer {token}",
        "Bearer " + "x" * 256,
        "Bearer tökén",
    ],
)
def test_only_a_bearer_token_is_a_credential(api: Api, authorization: str) -> None:
    value = authorization.format(token=api.staff.token).encode()
    response = api.http.get("/api/v1/me/", headers={b"Authorization": value})
    refused(response, 401, "authentication_required")
    assert "www-authenticate" in response.headers


def test_two_credentials_are_none(api: Api) -> None:
    value = f"Bearer {api.staff.token}"
    headers = [("Authorization", value), ("Authorization", value)]
    refused(api.http.get("/api/v1/me/", headers=headers), 401, "authentication_required")


def test_the_scheme_is_read_in_any_case_and_its_token_is_not(api: Api) -> None:
    token = api.staff.token
    for value, status in (
        (f"bearer {token}", 200),
        (f"BEARER {token}", 200),
        (f"Bearer   {token}", 200),
        (f"Bearer {token.swapcase()}", 401),
    ):
        response = api.http.get("/api/v1/me/", headers={"Authorization": value})
        assert status == response.status_code


def replaced(scene: Scene, booking_id: int) -> Scene:
    """The scene with another booking."""
    return replace(scene, booking={"id": booking_id})


def without_request_id(response: httpx.Response) -> Json:
    """The problem, less what differs from request to request."""
    return {name: value for name, value in response.json().items() if name != "request_id"}


def ids(response: httpx.Response) -> set[int]:
    """The ids of a page."""
    return {row["id"] for row in response.json()}
