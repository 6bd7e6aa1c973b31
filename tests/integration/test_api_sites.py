"""Sites through the API: shown and changed, with their opening hours."""

from typing import Any

import pytest

from .api import Api, Json, at, created, invalid, listed, refused, unique
from .cast import make_cast

SITES = "/api/v1/sites/"

OFFICE = [{"weekday": "monday", "opens": "08:00", "closes": "18:00"}]


def where(site: Json) -> str:
    """The site's path."""
    return f"{SITES}{site['id']}/"


def hours(*told: str) -> list[Json]:
    """Opening hours as one says them: ``monday 08:00-18:00``."""
    periods = [each.replace("-", " ").split() for each in told]
    return [{"weekday": day, "opens": opens, "closes": closes} for day, opens, closes in periods]


def changed(api: Api, site: Json, **changes: Any) -> Json:
    """The site after a change by the staff of the house."""
    response = api.staff.patch(where(site), changes)
    assert response.status_code == 200, response.text
    body: Json = response.json()
    return body


def test_a_change_alters_what_it_names_and_is_shown_to_everybody(api: Api) -> None:
    site, ada = api.site(), api.person()
    name = unique("Site")

    after = changed(api, site, name=f" {name} ", time_zone="Asia/Kathmandu", opening_hours=OFFICE)

    expected = {
        **site,
        "name": name,
        "time_zone": "Asia/Kathmandu",
        "opening_hours": OFFICE,
        "updated_at": after["updated_at"],
    }
    assert expected == after
    assert after["updated_at"] > site["updated_at"]
    assert after == ada.get(where(site)).json()
    assert after in listed(ada, SITES, limit=200)
    assert after == changed(api, site, name=name)


def test_hours_go_away_with_null_and_stay_if_they_are_not_named(api: Api) -> None:
    site = api.site()
    changed(api, site, opening_hours=OFFICE)

    assert OFFICE == changed(api, site, time_zone="UTC")["opening_hours"]
    assert [] == changed(api, site, opening_hours=[])["opening_hours"]
    assert "opening_hours" not in changed(api, site, opening_hours=None)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["sunday 18:00-02:00"], ["sunday 18:00-02:00"]),
        (["friday 18:00-00:00"], ["friday 18:00-24:00"]),
        (["tuesday 00:00-24:00"], ["tuesday 00:00-24:00"]),
        (
            ["friday 08:00-09:00", "monday 08:00-09:00"],
            ["monday 08:00-09:00", "friday 08:00-09:00"],
        ),
        (["monday 08:00-12:00", "monday 12:00-13:15"], ["monday 08:00-13:15"]),
        (
            ["monday 08:00-12:00", "monday 12:15-13:00"],
            ["monday 08:00-12:00", "monday 12:15-13:00"],
        ),
    ],
)
def test_hours_are_answered_in_order_and_those_that_touch_as_one(
    api: Api, given: list[str], expected: list[str]
) -> None:
    after = changed(api, api.site(), opening_hours=hours(*given))

    assert hours(*expected) == after["opening_hours"]


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        (["monday 08:00-08:00"], "/opening_hours/0"),
        (["monday 08:00-09:00", "tuesday 00:00-00:00"], "/opening_hours/1"),
        (["monday 08:00-12:15", "monday 12:00-13:00"], "/opening_hours"),
        (["sunday 18:00-08:15", "monday 08:00-09:00"], "/opening_hours"),
    ],
)
def test_hours_that_overlap_or_end_as_they_begin_are_refused(
    api: Api, given: list[str], pointer: str
) -> None:
    site = api.site()
    response = api.staff.patch(where(site), {"opening_hours": hours(*given)})
    refused(response, 422, "opening_hours_invalid", pointer)
    assert site == api.staff.get(where(site)).json()


@pytest.mark.parametrize(
    "period",
    [
        {"weekday": "monday", "opens": "08:05", "closes": "09:00"},
        {"weekday": "monday", "opens": "24:00", "closes": "09:00"},
        {"weekday": "monday", "opens": "08:00", "closes": "24:15"},
        {"weekday": "Monday", "opens": "08:00", "closes": "09:00"},
        {"weekday": "monday", "opens": "8:00", "closes": "09:00"},
        {"weekday": "monday", "opens": "08:00"},
        {},
    ],
)
def test_an_opening_is_of_a_weekday_and_on_quarters_of_an_hour(api: Api, period: Json) -> None:
    response = api.staff.patch(where(api.site()), {"opening_hours": [period]})
    assert 400 == response.status_code
    assert "invalid_request" == response.json()["type"]


def test_there_are_at_most_56_openings(api: Api) -> None:
    day = [f"{hour:02}:{quarter}" for hour in range(20) for quarter in ("00", "15", "30", "45")]
    openings = hours(*[f"monday {day[i]}-{day[i + 1]}" for i in range(57)])
    site = api.site()

    assert 1 == len(changed(api, site, opening_hours=openings[:56])["opening_hours"])
    invalid(api.staff.patch(where(site), {"opening_hours": openings}), ("body", "/opening_hours"))


def test_a_change_must_change_something_and_nothing_that_there_is_not(api: Api) -> None:
    path = where(api.site())
    invalid(api.staff.patch(path, {}), ("body", ""))
    invalid(api.staff.patch(path, {"colour": "red"}), ("body", "/colour"))
    invalid(api.staff.patch(path, {"name": None}), ("body", "/name"))
    refused(api.staff.patch(path, {"name": " "}), 422, "name_blank", "/name")
    response = api.staff.patch(path, {"time_zone": "Europe/Atlantis"})
    refused(response, 422, "time_zone_unknown", "/time_zone")


def test_a_site_cannot_take_anothers_name(api: Api) -> None:
    site, other = api.site(), api.site()
    response = api.staff.patch(where(site), {"name": other["name"].upper()})
    refused(response, 409, "site_name_taken", "/name")
    assert site["name"].upper() == changed(api, site, name=site["name"].upper())["name"]


def test_staff_of_a_site_change_its_hours_and_no_more(api: Api) -> None:
    cast = make_cast(api)
    path = where(cast.site)

    for person in (cast.member, cast.elsewhere):
        refused(person.patch(path, {"opening_hours": OFFICE}), 403, "permission_denied")
    for change in ({"name": unique("Site")}, {"time_zone": "UTC"}, {"holiday_calendar": None}):
        response = cast.local.patch(path, {"opening_hours": OFFICE, **change})
        refused(response, 403, "permission_denied")
    assert cast.site == cast.member.get(path).json()

    assert 200 == cast.local.patch(path, {"opening_hours": OFFICE}).status_code
    assert 200 == cast.house.patch(path, {"name": unique("Site")}).status_code
    refused(cast.local.post(SITES, {"name": "X", "time_zone": "UTC"}), 403, "permission_denied")


def test_a_site_that_does_not_exist_is_not_found(api: Api) -> None:
    path = f"{SITES}2147483647/"
    refused(api.person().get(path), 404, "not_found")
    refused(api.staff.patch(path, {"name": "X"}), 404, "not_found")
    refused(api.person().patch(path, {"name": "X"}), 403, "permission_denied")


def test_a_read_site_is_changed_only_if_nobody_else_has(api: Api) -> None:
    site = api.site()
    tag = api.staff.get(where(site)).headers["etag"]
    assert 304 == api.staff.get(where(site), headers={"If-None-Match": tag}).status_code

    first = api.staff.patch(where(site), {"opening_hours": OFFICE}, headers={"If-Match": tag})
    second = api.staff.patch(where(site), {"opening_hours": None}, headers={"If-Match": tag})

    assert first.headers["etag"] == api.staff.get(where(site)).headers["etag"] != tag
    refused(second, 412, "precondition_failed")
    assert OFFICE == api.staff.get(where(site)).json()["opening_hours"]


def test_hours_that_leave_bookings_outside_name_them_and_touch_none(api: Api) -> None:
    ada = api.person()
    site = api.site(time_zone="UTC")
    inherits = api.facility(site)
    own = api.facility(site, opening_hours=hours("monday 00:00-24:00"))
    api.booked_before(ada, own, at(9), at(10))
    inside = ada.book(inherits, at(9), at(10))
    outside = ada.book(inherits, at(12), at(13), title="Lunch")
    cancelled = ada.book(inherits, at(14), at(15))
    ada.delete(f"/api/v1/bookings/{cancelled['id']}/")
    api.booked_before(ada, inherits, at(9, day=-40), at(10, day=-40))
    open_then = [
        {"weekday": day, "opens": "08:00", "closes": "12:45"}
        for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    ]

    after = changed(api, site, opening_hours=open_then)

    (told,) = after["bookings_outside_rules"]
    assert ("outside_opening_hours", outside["id"]) == (told["type"], told["booking"]["id"])
    assert ("Lunch", ada.basic) == (told["booking"]["title"], told["booking"]["user"])
    assert inherits["id"] == told["booking"]["facility"]["id"]
    for booking in (inside, outside):
        assert booking == ada.get(f"/api/v1/bookings/{booking['id']}/").json()
    # What the change does not concern is not looked at.
    assert "bookings_outside_rules" not in changed(api, site, name=unique("Site"))


def test_a_change_that_is_only_tried_shows_all_and_does_nothing(api: Api) -> None:
    site, ada = api.site(), api.person()
    booking = ada.book(api.facility(site), at(9), at(10))
    before = api.staff.get(where(site))
    audited = api.sql("SELECT count(*) FROM audit_log")

    tried = api.staff.patch(f"{where(site)}?dry_run=true", {"opening_hours": []})

    assert [] == tried.json()["opening_hours"]
    (told,) = tried.json()["bookings_outside_rules"]
    assert booking["id"] == told["booking"]["id"]
    assert before.headers["etag"] == tried.headers["etag"]
    assert before.json() == api.staff.get(where(site)).json()
    assert audited == api.sql("SELECT count(*) FROM audit_log")
    tag = {"If-Match": tried.headers["etag"]}
    done = api.staff.patch(f"{where(site)}?dry_run=false", {"opening_hours": []}, headers=tag)
    assert 200 == done.status_code
    assert [] == api.staff.get(where(site)).json()["opening_hours"]
    invalid(api.staff.patch(f"{where(site)}?dry_run=1", {"name": "X"}), ("query", "/dry_run"))


def test_changes_of_sites_are_audited_with_who_and_which_request(api: Api) -> None:
    site = api.site()
    response = api.staff.patch(where(site), {"opening_hours": OFFICE})

    rows = api.sql(
        "SELECT action::text, old_values ->> 'opening_hours', new_values ->> 'opening_hours',"
        "       changed_by, request_id"
        "  FROM audit_log WHERE record_type = 'site' AND record_id = %s ORDER BY id DESC LIMIT 1",
        site["id"],
    )

    request_id = response.headers["x-request-id"]
    assert [("updated", None, "{[480,1080)}", api.staff.id, request_id)] == rows


def test_a_new_site_says_where_it_is(api: Api) -> None:
    response = api.staff.post(SITES, {"name": unique("Site"), "time_zone": "UTC"})
    assert where(created(response)) == response.headers["location"]
