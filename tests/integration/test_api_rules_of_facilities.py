"""What facilities ask of bookings, through the API: hours, limits, buffers and who may book."""

from typing import Any

import pytest

from .api import HORIZON, Api, Json, at, created, invalid, refused, unique, wire
from .cast import make_cast
from .test_api_facilities import LEAST_RULES

FACILITIES = "/api/v1/facilities/"

OFFICE = [{"weekday": "monday", "opens": "08:00", "closes": "18:00"}]

RULES = {
    "min_duration_minutes": 30,
    "max_duration_minutes": 240,
    "min_notice_minutes": 1440,
    "horizon_days": 90,
    "start_step_minutes": 30,
    "cancellation_notice_minutes": 120,
    "buffer_before_minutes": 15,
    "buffer_after_minutes": 30,
    "requires_approval": True,
    "approval_timeout_minutes": 60,
}


def where(facility: Json) -> str:
    """The facility's path."""
    return f"{FACILITIES}{facility['id']}/"


def changed(api: Api, facility: Json, **changes: Any) -> Json:
    """The facility after a change by the staff of the house."""
    response = api.staff.patch(where(facility), changes)
    assert response.status_code == 200, response.text
    body: Json = response.json()
    return body


def group(api: Api) -> Json:
    """A new group of users, in short."""
    name = unique("Group")
    ((group_id,),) = api.sql("INSERT INTO user_groups (name) VALUES (%s) RETURNING id", name)
    return {"id": group_id, "name": name}


def test_a_new_facility_has_the_rules_it_is_given(api: Api) -> None:
    groups = [group(api), group(api)]
    ids = [groups[1]["id"], groups[0]["id"], groups[1]["id"]]

    facility = api.facility(opening_hours=OFFICE, rules=RULES, user_group_ids=ids)

    assert (OFFICE, "facility") == (facility["opening_hours"], facility["opening_hours_of"])
    assert RULES == facility["rules"]
    assert groups == facility["open_to"]
    assert facility == api.person().get(where(facility)).json()
    assert [facility] == api.staff.get(FACILITIES, params={"search": facility["name"]}).json()


def test_a_change_of_rules_alters_what_it_names_and_leaves_the_rest(api: Api) -> None:
    facility = api.facility(rules=RULES)

    after = changed(api, facility, rules={"buffer_after_minutes": 45, "requires_approval": False})
    assert {**RULES, "buffer_after_minutes": 45, "requires_approval": False} == after["rules"]
    assert {**facility, "rules": after["rules"], "updated_at": after["updated_at"]} == after
    assert RULES == changed(api, facility, rules=RULES)["rules"]

    after = changed(api, facility, rules={"horizon_days": None})
    assert {**RULES, "horizon_days": HORIZON.days} == after["rules"]
    assert after["updated_at"] == changed(api, facility, rules={})["updated_at"]


def test_a_facility_without_hours_keeps_its_sites_and_always_opens_where_that_has_none(
    api: Api,
) -> None:
    site = api.site()
    facility = api.facility(site, opening_hours=None)
    assert "nobody" == facility["opening_hours_of"]
    assert "opening_hours" not in facility

    tag = api.staff.get(where(facility)).headers["etag"]
    api.staff.patch(f"/api/v1/sites/{site['id']}/", {"opening_hours": OFFICE})
    inherits = api.staff.get(where(facility))
    assert (OFFICE, "site") == (
        inherits.json()["opening_hours"],
        inherits.json()["opening_hours_of"],
    )
    assert tag != inherits.headers["etag"]

    own = changed(api, facility, opening_hours=[])
    assert ([], "facility") == (own["opening_hours"], own["opening_hours_of"])
    assert "site" == changed(api, facility, opening_hours=None)["opening_hours_of"]


def test_groups_are_replaced_as_a_whole_and_none_opens_the_facility_to_all(api: Api) -> None:
    first, second = group(api), group(api)
    facility = api.facility(user_group_ids=[first["id"]])

    after = changed(api, facility, user_group_ids=[second["id"]])
    assert [second] == after["open_to"]
    assert after["updated_at"] > facility["updated_at"]
    assert after == changed(api, facility, user_group_ids=[second["id"], second["id"]])
    assert [second] == changed(api, facility, capacity=9)["open_to"]
    assert [] == changed(api, facility, user_group_ids=[])["open_to"]


def test_a_group_that_does_not_exist_is_refused_and_nothing_is_done(api: Api) -> None:
    facility = api.facility()
    body = {"capacity": 99, "user_group_ids": [group(api)["id"], 2147483647]}
    refused(api.staff.patch(where(facility), body), 422, "user_group_unknown", "/user_group_ids")
    assert facility == api.staff.get(where(facility)).json()
    body = {**_new(facility), "user_group_ids": [2147483647]}
    response = api.staff.post(FACILITIES, body)
    refused(response, 422, "user_group_unknown", "/user_group_ids")


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        ({"min_duration_minutes": 60, "max_duration_minutes": 45}, "/rules/min_duration_minutes"),
        ({"horizon_days": 1, "min_notice_minutes": 1440}, "/rules/min_notice_minutes"),
        ({"min_notice_minutes": 525600}, "/rules/min_notice_minutes"),
    ],
)
def test_rules_that_contradict_each_other_are_refused(api: Api, rules: Json, pointer: str) -> None:
    facility = api.facility()
    response = api.staff.post(FACILITIES, {**_new(facility), "rules": rules})
    refused(response, 422, "rules_contradict", pointer)
    refused(api.staff.patch(where(facility), {"rules": rules}), 422, "rules_contradict", pointer)
    assert facility == api.staff.get(where(facility)).json()


def test_a_rule_is_held_against_those_that_stay(api: Api) -> None:
    facility = api.facility(rules={"max_duration_minutes": 60})
    assert (
        60
        == changed(api, facility, rules={"min_duration_minutes": 60})["rules"][
            "min_duration_minutes"
        ]
    )
    response = api.staff.patch(where(facility), {"rules": {"max_duration_minutes": 45}})
    refused(response, 422, "rules_contradict", "/rules/min_duration_minutes")


BOUNDS = [
    ("min_duration_minutes", 15, 480),
    ("max_duration_minutes", 15, 480),
    ("min_notice_minutes", 0, 525600),
    ("horizon_days", 1, 1095),
    ("cancellation_notice_minutes", 0, 525600),
    ("buffer_before_minutes", 0, 240),
    ("buffer_after_minutes", 0, 240),
    ("approval_timeout_minutes", 15, 43200),
]


@pytest.mark.parametrize(("name", "least", "most"), BOUNDS)
def test_a_rule_has_bounds(api: Api, name: str, least: int, most: int) -> None:
    path = where(api.facility(rules={"horizon_days": 1095}))
    for value in (least, most):
        assert value == api.staff.patch(path, {"rules": {name: value}}).json()["rules"][name]
        body = {"rules": LEAST_RULES | {"horizon_days": 1095}}
        assert 200 == api.staff.patch(path, body).status_code
    step = 15 if name.endswith(("duration_minutes", "before_minutes", "after_minutes")) else 1
    for value in (least - step, most + step):
        invalid(api.staff.patch(path, {"rules": {name: value}}), ("body", f"/rules/{name}"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_duration_minutes", 20),
        ("max_duration_minutes", 50),
        ("buffer_before_minutes", 10),
        ("buffer_after_minutes", 7),
        ("start_step_minutes", 45),
        ("start_step_minutes", 30.5),
        ("requires_approval", "yes"),
        ("requires_approval", None),
        ("min_notice_minutes", None),
        ("colour", "red"),
    ],
)
def test_what_is_no_rule_is_invalid(api: Api, name: str, value: object) -> None:
    path = where(api.facility())
    invalid(api.staff.patch(path, {"rules": {name: value}}), ("body", f"/rules/{name}"))


@pytest.mark.parametrize("step", [15, 30, 60])
def test_bookings_begin_on_quarters_halves_or_hours(api: Api, step: int) -> None:
    assert step == api.facility(rules={"start_step_minutes": step})["rules"]["start_step_minutes"]


def test_hours_that_overlap_are_refused(api: Api) -> None:
    facility = api.facility()
    body = {"opening_hours": OFFICE + OFFICE}
    for response in (
        api.staff.post(FACILITIES, {**_new(facility), **body}),
        api.staff.patch(where(facility), body),
    ):
        refused(response, 422, "opening_hours_invalid", "/opening_hours")


def test_staff_of_a_site_keep_its_facilities_and_no_others(api: Api) -> None:
    cast = make_cast(api)
    facility = api.facility(cast.site)
    for person in (cast.member, cast.elsewhere):
        refused(person.post(FACILITIES, _new(facility)), 403, "permission_denied")
        refused(person.patch(where(facility), {"capacity": 9}), 403, "permission_denied")
        refused(person.delete(where(facility)), 403, "permission_denied")
    for person in (cast.local, cast.house):
        assert 201 == person.post(FACILITIES, _new(facility)).status_code
        assert 200 == person.patch(where(facility), {"rules": RULES}).status_code
        assert 204 == person.delete(where(facility)).status_code
        assert 200 == person.patch(where(facility), {"status": "active"}).status_code


def test_to_move_a_facility_takes_staff_of_both_sites(api: Api) -> None:
    cast = make_cast(api)
    other = api.site()
    facility = api.facility(cast.site)
    body = {"site_id": other["id"]}

    refused(cast.local.patch(where(facility), body), 403, "permission_denied")
    api.sql("INSERT INTO site_staff (user_id, site_id) VALUES (%s, %s)", cast.local.id, other["id"])
    moved = cast.local.patch(where(facility), body)

    assert other["id"] == moved.json()["site"]["id"]
    response = cast.local.patch(where(facility), {"site_id": 2147483647})
    refused(response, 422, "site_unknown", "/site_id")


def test_rules_that_leave_bookings_outside_name_them_with_the_reason_and_touch_none(
    api: Api,
) -> None:
    ada, members = api.person(), group(api)
    facility = api.facility(capacity=8, rules={"max_duration_minutes": 120})
    short = ada.book(facility, at(8), at(8.5))
    late = ada.book(facility, at(9.25), at(10.25), attendee_count=5)
    long = ada.book(facility, at(12), at(14))
    every = [short, late, long]

    def outside(**changes: Any) -> dict[int, str]:
        body = api.staff.patch(f"{where(facility)}?dry_run=true", changes).json()
        told = body.get("bookings_outside_rules", [])
        assert all(each["detail"] for each in told)
        return {each["booking"]["id"]: each["type"] for each in told}

    assert {} == outside(rules={"min_duration_minutes": 30, "max_duration_minutes": 120})
    assert {short["id"]: "booking_too_short"} == outside(rules={"min_duration_minutes": 45})
    assert {long["id"]: "booking_too_long"} == outside(rules={"max_duration_minutes": 105})
    assert {late["id"]: "start_not_on_step"} == outside(rules={"start_step_minutes": 30})
    assert {late["id"]: "too_many_attendees"} == outside(capacity=4)
    archived = dict.fromkeys([each["id"] for each in every], "facility_archived")
    assert archived == outside(status="archived")
    assert list(archived) == list(outside(status="archived")), "earliest first"
    closed = dict.fromkeys(archived, "outside_opening_hours")
    assert closed == outside(opening_hours=[])
    restricted = dict.fromkeys(archived, "facility_restricted")
    assert restricted == outside(user_group_ids=[members["id"]])
    # What only counts when a booking is made is not asked of those that are.
    assert {} == outside(rules={"min_notice_minutes": 525000, "horizon_days": 500})
    assert {} == outside(rules={"horizon_days": 1, "buffer_after_minutes": 240})
    assert {} == outside(name=unique("Room"))

    api.sql(
        "INSERT INTO user_group_members (user_group_id, user_id) VALUES (%s, %s)",
        members["id"],
        ada.id,
    )
    assert {} == outside(user_group_ids=[members["id"]])
    assert facility == api.staff.get(where(facility)).json()
    assert 3 == len(changed(api, facility, opening_hours=[])["bookings_outside_rules"])
    for booking in every:
        assert booking == ada.get(f"/api/v1/bookings/{booking['id']}/").json()


def test_bookings_of_the_sites_staff_are_not_outside_of_groups(api: Api) -> None:
    cast = make_cast(api)
    facility = api.facility(cast.site)
    cast.local.book(facility, at(9), at(10))
    cast.house.book(facility, at(10), at(11))
    stranger = cast.elsewhere.book(facility, at(11), at(12))

    after = changed(api, facility, user_group_ids=[group(api)["id"]])

    told = [each["booking"]["id"] for each in after["bookings_outside_rules"]]
    assert [stranger["id"]] == told


def test_all_bookings_are_looked_at_and_the_earliest_hundred_are_told_of(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    api.sql(
        """
        INSERT INTO bookings (facility_id, user_id, start_time, end_time, title)
        SELECT %s, %s, %s + n * interval '1 hour', %s + n * interval '1 hour', 'Many'
          FROM generate_series(0, 1000) AS n
        """,
        facility["id"],
        ada.id,
        at(0),
        at(0.5),
    )
    last = api.booked_before(ada, facility, at(1001), at(1001.25))

    (told,) = changed(api, facility, rules={"min_duration_minutes": 30})["bookings_outside_rules"]
    assert last["id"] == told["booking"]["id"]

    many = changed(api, facility, opening_hours=[])["bookings_outside_rules"]
    assert [wire(at(hour)) for hour in range(100)] == [
        each["booking"]["start_time"] for each in many
    ]


def test_a_facility_opened_by_rules_is_answered_with_a_version_that_a_read_gives(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    ada.book(facility, at(9), at(10))
    before = api.staff.get(where(facility)).headers["etag"]

    tried = api.staff.patch(f"{where(facility)}?dry_run=true", {"opening_hours": []})
    done = api.staff.patch(where(facility), {"opening_hours": []}, headers={"If-Match": before})
    again = api.staff.patch(where(facility), {"capacity": 9}, headers={"If-Match": before})

    assert before == tried.headers["etag"]
    assert done.headers["etag"] == api.staff.get(where(facility)).headers["etag"] != before
    assert "bookings_outside_rules" in done.json()
    refused(again, 412, "precondition_failed")


def test_changes_of_who_may_book_are_audited(api: Api) -> None:
    one, facility = group(api), api.facility()
    changed(api, facility, user_group_ids=[one["id"]])
    changed(api, facility, user_group_ids=[])

    rows = api.sql(
        "SELECT action::text, changed_by FROM audit_log"
        " WHERE record_type = 'facility_user_group'"
        "   AND COALESCE(new_values, old_values) ->> 'facility_id' = %s ORDER BY id",
        str(facility["id"]),
    )

    assert [("created", api.staff.id), ("deleted", api.staff.id)] == rows


def _new(facility: Json) -> Json:
    """A facility to create at the site of this one."""
    return {
        "site_id": facility["site"]["id"],
        "name": unique("Room"),
        "facility_type": "room",
        "capacity": 4,
    }


def test_a_site_that_does_not_exist_is_refused_to_staff_of_a_site_too(api: Api) -> None:
    cast = make_cast(api)
    body = {**_new(api.facility(cast.site)), "site_id": 2147483647}
    refused(cast.local.post(FACILITIES, body), 422, "site_unknown", "/site_id")
    assert created(cast.local.post(FACILITIES, {**body, "site_id": cast.site["id"]}))
