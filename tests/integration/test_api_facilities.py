"""Facilities and sites through the API: listed, shown, and kept by the staff."""

from typing import Any

import pytest

from .api import HORIZON, Api, Json, Person, at, created, invalid, listed, refused, unique

FACILITIES = "/api/v1/facilities/"
SITES = "/api/v1/sites/"

LEAST_RULES = {
    "min_duration_minutes": 15,
    "max_duration_minutes": 480,
    "min_notice_minutes": 0,
    "horizon_days": HORIZON.days,
    "start_step_minutes": 15,
    "cancellation_notice_minutes": 0,
    "buffer_before_minutes": 0,
    "buffer_after_minutes": 0,
    "requires_approval": False,
    "approval_timeout_minutes": 2880,
}
"""What a facility asks of bookings that has no rules of its own."""


def where(facility: Json) -> str:
    """The facility's path."""
    return f"{FACILITIES}{facility['id']}/"


@pytest.fixture(scope="module")
def ada(api: Api) -> Person:
    """A member."""
    return api.person()


def test_a_new_site_is_answered_in_full_and_listed(api: Api, ada: Person) -> None:
    name = unique("Site")
    response = api.staff.post(SITES, {"name": f"  {name} ", "time_zone": "Asia/Kathmandu"})
    site = created(response)
    assert {
        "id": site["id"],
        "name": name,
        "time_zone": "Asia/Kathmandu",
        "created_at": site["created_at"],
        "updated_at": site["created_at"],
    } == site
    assert f"{SITES}{site['id']}/" == response.headers["location"]
    shown = ada.get(response.headers["location"])
    assert site == shown.json()
    assert response.headers["etag"] == shown.headers["etag"]
    assert site in ada.get(SITES, params={"limit": 200}).json()


def test_a_site_has_a_name_of_its_own_in_whatever_case(api: Api) -> None:
    site = api.site(name=unique("Straße"))
    for name in (site["name"], site["name"].upper().replace("SS", "ß"), f" {site['name']} "):
        response = api.staff.post(SITES, {"name": name, "time_zone": "UTC"})
        refused(response, 409, "site_name_taken", "/name", says=[name.strip()])


def test_a_new_facility_is_answered_in_full_and_shown_to_everybody(api: Api, ada: Person) -> None:
    site = api.site()
    name = unique("Aula")
    response = api.staff.post(
        FACILITIES,
        {
            "site_id": site["id"],
            "name": f" {name}  ",
            "description": "The great hall.\nWith a stage.",
            "facility_type": "vehicle",
            "capacity": 120,
            "amenities": ["stage", "projector", "stage"],
            "time_zone": "America/New_York",
        },
    )
    facility = created(response)
    assert facility == {
        "id": facility["id"],
        "site": {"id": site["id"], "name": site["name"]},
        "name": name,
        "description": "The great hall.\nWith a stage.",
        "facility_type": "vehicle",
        "capacity": 120,
        "amenities": ["projector", "stage"],
        "time_zone": "America/New_York",
        "status": "active",
        "opening_hours_of": "nobody",
        "rules": LEAST_RULES,
        "open_to": [],
        "created_at": facility["created_at"],
        "updated_at": facility["created_at"],
    }
    assert where(facility) == response.headers["location"]
    shown = ada.get(response.headers["location"])
    assert facility == shown.json()
    assert response.headers["etag"] == shown.headers["etag"]
    listed = ada.get(FACILITIES, params={"site_id": site["id"]})
    assert [facility] == listed.json()


def test_what_a_facility_need_not_say_is_the_sites_zone_and_nothing_else(api: Api) -> None:
    site = api.site(time_zone="Pacific/Auckland")
    facility = api.facility(site)
    assert (facility["time_zone"], facility["amenities"]) == ("Pacific/Auckland", [])
    assert "description" not in facility


@pytest.mark.parametrize("kind", ["room", "court", "lab", "desk", "vehicle", "other"])
def test_a_facility_is_of_one_of_six_kinds(api: Api, kind: str) -> None:
    assert kind == api.facility(facility_type=kind)["facility_type"]


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({"name": " Renamed 1 "}, {"name": "Renamed 1"}),
        ({"description": "Other words."}, {"description": "Other words."}),
        ({"facility_type": "desk"}, {"facility_type": "desk"}),
        ({"capacity": 100_000}, {"capacity": 100_000}),
        ({"amenities": ["b", "a", "b"]}, {"amenities": ["a", "b"]}),
        ({"amenities": []}, {"amenities": []}),
        ({"time_zone": "UTC"}, {"time_zone": "UTC"}),
        ({"status": "archived"}, {"status": "archived"}),
    ],
    ids=str,
)
def test_a_change_alters_what_it_names_and_leaves_the_rest(
    api: Api, changes: Json, seen: Json
) -> None:
    made = api.staff.post(
        FACILITIES,
        {
            "site_id": api.site()["id"],
            "name": "Room 1",
            "description": "Words.",
            "facility_type": "room",
            "capacity": 8,
            "amenities": ["screen"],
        },
    )
    facility = created(made)
    response = api.staff.patch(where(facility), changes)
    changed = response.json()
    assert response.status_code == 200
    assert {**facility, **seen, "updated_at": changed["updated_at"]} == changed
    assert facility["updated_at"] < changed["updated_at"]
    shown = api.staff.get(where(facility))
    assert changed == shown.json()
    assert made.headers["etag"] != response.headers["etag"] == shown.headers["etag"]


def test_a_description_is_removed_by_null(api: Api) -> None:
    facility = api.facility(description="Words.")
    assert "description" not in api.staff.patch(where(facility), {"description": None}).json()


def test_a_facility_moves_to_another_site_and_keeps_its_zone(api: Api) -> None:
    facility, site = api.facility(), api.site(time_zone="UTC")
    moved = api.staff.patch(where(facility), {"site_id": site["id"]}).json()
    assert {"id": site["id"], "name": site["name"]} == moved["site"]
    assert facility["time_zone"] == moved["time_zone"]


def test_a_change_to_what_is_already_so_changes_nothing(api: Api) -> None:
    facility = api.facility()
    same = {name: facility[name] for name in ("name", "facility_type", "capacity", "status")}
    assert facility == api.staff.patch(where(facility), same).json()
    count = "SELECT count(*) FROM facility_audit WHERE facility_id = %s"
    assert [(1,)] == api.sql(count, facility["id"])


def test_a_facility_has_a_name_of_its_own_at_its_site_in_whatever_case(api: Api) -> None:
    site, other_site = api.site(), api.site()
    body = {"site_id": site["id"], "facility_type": "room", "capacity": 1}
    api.facility(site, name="Aula")
    response = api.staff.post(FACILITIES, {**body, "name": "AULA "})
    refused(response, 409, "facility_name_taken", "/name", says=["AULA", "another name"])
    other = api.facility(other_site, name="aula")
    response = api.staff.patch(where(other), {"site_id": site["id"]})
    refused(response, 409, "facility_name_taken", "/name")
    third = api.facility(site, name="Bar")
    refused(api.staff.patch(where(third), {"name": "aula"}), 409, "facility_name_taken", "/name")
    assert api.staff.patch(where(third), {"name": "BAR"}).json()["name"] == "BAR"


def test_an_archived_facility_is_shown_and_listed_only_where_asked_for(
    api: Api, ada: Person
) -> None:
    site = api.site()
    active, archived = api.facility(site), api.archived(site)
    assert ada.get(where(archived)).json()["status"] == "archived"
    for status, expected in (("active", [active]), ("archived", [archived])):
        rows = ada.get(FACILITIES, params={"site_id": site["id"], "status": status}).json()
        assert [facility["id"] for facility in expected] == [row["id"] for row in rows]
    rows = ada.get(FACILITIES, params={"site_id": site["id"]}).json()
    assert [active["id"]] == [row["id"] for row in rows]


def test_archiving_again_succeeds_and_changes_nothing(api: Api) -> None:
    facility = api.archived()
    before = api.staff.get(where(facility))
    response = api.staff.delete(where(facility))
    assert (204, b"") == (response.status_code, response.content)
    assert before.headers["etag"] == api.staff.get(where(facility)).headers["etag"]


def test_bookings_of_an_archived_facility_stand(api: Api, ada: Person) -> None:
    facility = api.facility()
    booking = ada.book(facility, at(9), at(10))
    api.staff.delete(where(facility))
    assert booking == ada.get(f"/api/v1/bookings/{booking['id']}/").json()


def test_a_facility_that_does_not_exist_is_not_found(api: Api, ada: Person) -> None:
    path = f"{FACILITIES}2147483647/"
    refused(ada.get(path), 404, "not_found", says=["facilities_list"])
    refused(api.staff.patch(path, {"capacity": 1}), 404, "not_found")
    refused(api.staff.delete(path), 404, "not_found")


def test_changes_of_facilities_are_audited_with_who_and_which_request(api: Api) -> None:
    made = api.staff.post(
        FACILITIES,
        {
            "site_id": api.home["id"],
            "name": unique("Audited"),
            "facility_type": "room",
            "capacity": 1,
        },
    )
    facility = created(made)
    changed = api.staff.patch(where(facility), {"capacity": 2})
    archived = api.staff.delete(where(facility))
    api.sql("UPDATE facilities SET capacity = 3 WHERE id = %s", facility["id"])
    rows = api.sql(
        """
        SELECT action::text, changed_by, request_id, old_values ->> 'capacity',
               new_values ->> 'capacity', new_values ->> 'status'
          FROM facility_audit WHERE facility_id = %s ORDER BY id
        """,
        facility["id"],
    )
    staff = api.staff.id
    assert [
        ("created", staff, made.headers["x-request-id"], None, "1", "active"),
        ("updated", staff, changed.headers["x-request-id"], "1", "2", "active"),
        ("updated", staff, archived.headers["x-request-id"], "2", "2", "archived"),
        ("updated", None, None, "2", "3", "archived"),
    ] == rows


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("site_id", 0),
        ("site_id", "1"),
        ("site_id", None),
        ("name", ""),
        ("name", "x" * 101),
        ("name", "two\nlines"),
        ("name", None),
        ("description", "x" * 2001),
        ("description", "nul\x00"),
        ("facility_type", "castle"),
        ("facility_type", "Room"),
        ("facility_type", None),
        ("capacity", 0),
        ("capacity", 100_001),
        ("capacity", 1.5),
        ("capacity", "8"),
        ("amenities", "projector"),
        ("amenities", None),
        ("amenities", [f"amenity_{number}" for number in range(51)]),
        ("time_zone", ""),
        ("time_zone", "Europe/Berlin\n"),
        ("time_zone", "x" * 101),
        ("time_zone", "Mitteleuropäische Zeit"),
        ("id", 1),
        ("colour", "blue"),
    ],
)
def test_what_the_contract_does_not_allow_is_invalid(api: Api, field: str, value: object) -> None:
    body = {"site_id": api.home["id"], "name": "x", "facility_type": "room", "capacity": 1}
    response = api.staff.post(FACILITIES, {**body, field: value})
    invalid(response, ("body", f"/{field}"))
    response = api.staff.patch(where(api.facility()), {field: value})
    invalid(response, ("body", f"/{field}"))


@pytest.mark.parametrize("amenity", ["", "Projector", "two words", "_x", "x" * 51, "ä", "a,b", 7])
def test_an_amenity_is_a_plain_word(api: Api, amenity: object) -> None:
    body = {"site_id": api.home["id"], "name": "x", "facility_type": "room", "capacity": 1}
    response = api.staff.post(FACILITIES, {**body, "amenities": ["stage", amenity]})
    invalid(response, ("body", "/amenities/1"))


def test_a_new_facility_says_where_it_is_what_it_is_and_how_many_it_holds(api: Api) -> None:
    response = api.staff.post(FACILITIES, {})
    names = ("site_id", "name", "facility_type", "capacity")
    invalid(response, *(("body", f"/{name}") for name in names))
    invalid(api.staff.post(SITES, {}), ("body", "/name"), ("body", "/time_zone"))
    invalid(api.staff.patch(where(api.facility()), {}), ("body", ""))


@pytest.mark.parametrize("name", [" ", "\u3000"])
def test_a_blank_name_is_refused(api: Api, name: str) -> None:
    body = {"site_id": api.home["id"], "name": name, "facility_type": "room", "capacity": 1}
    site = {"name": name, "time_zone": "UTC"}
    says = ["at least one character"]
    refused(api.staff.post(FACILITIES, body), 422, "name_blank", "/name", says=says)
    change = api.staff.patch(where(api.facility()), {"name": name})
    refused(change, 422, "name_blank", "/name", says=says)
    refused(api.staff.post(SITES, site), 422, "name_blank", "/name", says=says)


def test_a_site_that_does_not_exist_is_refused(api: Api) -> None:
    body = {"site_id": 2147483647, "name": "x", "facility_type": "room", "capacity": 1}
    says = ["2147483647", "sites_list"]
    refused(api.staff.post(FACILITIES, body), 422, "site_unknown", "/site_id", says=says)
    response = api.staff.patch(where(api.facility()), {"site_id": 2147483647})
    refused(response, 422, "site_unknown", "/site_id", says=says)


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "Berlin", "utc+1", "europe/berlin"])
def test_a_time_zone_that_is_not_in_the_iana_database_is_refused(api: Api, zone: str) -> None:
    body = {
        "site_id": api.home["id"],
        "name": "x",
        "facility_type": "room",
        "capacity": 1,
        "time_zone": zone,
    }
    for response in (
        api.staff.post(FACILITIES, body),
        api.staff.patch(where(api.facility()), {"time_zone": zone}),
        api.staff.post(SITES, {"name": "x", "time_zone": zone}),
    ):
        refused(response, 422, "time_zone_unknown", "/time_zone", says=[zone, "Europe/Berlin"])


def test_the_filters_choose_the_facilities_and_all_of_them_must_hold(api: Api, ada: Person) -> None:
    word = unique("Campus")
    site, other_site = api.site(name=f"{word} West"), api.site(name=f"{word} Ost")
    hall = api.facility(
        site,
        name="A Hall",
        capacity=100,
        description="Tiered seats, 50% more than before.",
        amenities=["stage", "projector"],
    )
    court = api.facility(site, name="B Court", facility_type="court", capacity=22)
    lab = api.facility(
        other_site, name="C Lab_1", facility_type="lab", capacity=21, amenities=["projector"]
    )

    def found(**filters: Any) -> list[int]:
        filters["search"] = f"{word} {filters.get('search', '')}"
        return [row["id"] for row in ada.get(FACILITIES, params=filters).json()]

    assert [hall["id"], court["id"], lab["id"]] == found()
    assert [hall["id"], court["id"]] == found(site_id=site["id"])
    assert [hall["id"], court["id"]] == found(min_capacity=22)
    assert [hall["id"]] == found(min_capacity=100)
    assert found(min_capacity=101) == []
    assert [hall["id"], lab["id"]] == found(amenities="projector")
    assert [hall["id"]] == found(amenities="stage,projector")
    assert [lab["id"]] == found(facility_type="lab")
    assert [lab["id"]] == found(facility_type="lab", amenities="projector", min_capacity=21)
    assert found(facility_type="lab", amenities="stage") == []
    # Words of the name, the description, the amenities and the site, in whatever case and order.
    assert [hall["id"]] == found(search="hall")
    assert [hall["id"]] == found(search="SEATS tiered")
    assert [hall["id"], lab["id"]] == found(search="proj")
    assert [lab["id"]] == found(search="ost lab")
    # These stand for themselves.
    assert [hall["id"]] == found(search="50%")
    assert [lab["id"]] == found(search="b_1")
    assert found(search="b%1") == []
    assert found(search="h_ll") == []
    assert found(search="\\") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("search", ""),
        ("search", "x" * 101),
        ("search", "two\nlines"),
        ("site_id", "0"),
        ("site_id", "2147483648"),
        ("min_capacity", "0"),
        ("min_capacity", "100001"),
        ("facility_type", "castle"),
        ("facility_type", "room,lab"),
        ("status", "deleted"),
        ("status", ""),
    ],
)
def test_a_filter_that_means_nothing_is_invalid(ada: Person, name: str, value: str) -> None:
    invalid(ada.get(FACILITIES, params={name: value}), ("query", f"/{name}"))


def test_every_amenity_of_a_filter_is_held_against_the_contract(ada: Person) -> None:
    invalid(ada.get(FACILITIES, params={"amenities": "stage,No"}), ("query", "/amenities/1"))
    invalid(ada.get(FACILITIES, params={"amenities": ""}), ("query", "/amenities/0"))
    invalid(ada.get(FACILITIES, params={"amenities": "a,"}), ("query", "/amenities/1"))
    many = ",".join(f"a{number}" for number in range(51))
    invalid(ada.get(FACILITIES, params={"amenities": many}), ("query", "/amenities"))


def test_a_parameter_that_the_contract_does_not_have_is_invalid(ada: Person) -> None:
    invalid(ada.get(FACILITIES, params={"sort": "name"}), ("query", "/sort"))
    invalid(ada.get(FACILITIES, params={"Limit": "1"}), ("query", "/Limit"))
    invalid(ada.get("/api/v1/me/", params={"verbose": "1"}), ("query", "/verbose"))


def test_a_facilitys_history_says_who_changed_which_rule_and_only_its_staff_read_it(
    api: Api,
) -> None:
    room = api.facility()
    path = f"/api/v1/facilities/{room['id']}/"
    local = api.person(site_ids=[room["site"]["id"]])
    other = api.person(site_ids=[api.site()["id"]])
    changed = local.patch(path, {"rules": {"buffer_after_minutes": 30}})

    made, ruled = listed(local, f"{path}history/")

    assert made["action"] == "created"
    assert "old_values" not in made
    assert ruled["changed_by"]["id"] == local.id
    assert ruled["request_id"] == changed.headers["x-request-id"]
    assert ruled["old_values"]["buffer_after_minutes"] == 0
    assert ruled["new_values"]["buffer_after_minutes"] == 30
    refused(other.get(f"{path}history/"), 403, "permission_denied", says=["staff"])
    refused(local.get("/api/v1/facilities/2147483647/history/"), 404, "not_found")
