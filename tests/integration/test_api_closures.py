"""Closures through the API: made, listed, shown and removed, and what becomes of bookings."""

from datetime import datetime
from typing import Any

import pytest

from .api import (
    QUARTER,
    Api,
    Json,
    Person,
    at,
    created,
    invalid,
    last_mark,
    listed,
    present,
    refused,
    unique,
    wire,
)
from .cast import make_cast

CLOSURES = "/api/v1/closures/"
FAR = 400
"""A day past the usual horizon, on which no other test books: when everything is closed."""


def where(closure: Json) -> str:
    """The closure's path."""
    return f"{CLOSURES}{closure['id']}/"


def asked(start: datetime, end: datetime, **more: Any) -> Json:
    """A closure to ask for."""
    return {"start_time": wire(start), "end_time": wire(end), "reason": "Repairs", **more}


def status(person: Person, booking: Json) -> str:
    """What a booking is now."""
    found: str = person.get(f"/api/v1/bookings/{booking['id']}/").json()["status"]
    return found


def test_a_closure_is_answered_in_full_shown_and_listed(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    response = api.staff.post(
        CLOSURES, asked(at(9), at(17), facility_id=facility["id"], reason="  New floor ")
    )
    made = created(response)

    closure = {
        "id": made["id"],
        "facility": {"id": facility["id"], "name": facility["name"]},
        "start_time": wire(at(9)),
        "end_time": wire(at(17)),
        "reason": "New floor",
        "source": "staff",
        "created_at": made["created_at"],
    }
    assert {**closure, "cancelled_count": 0, "cancelled_bookings": []} == made
    assert where(made) == response.headers["location"]
    shown = ada.get(where(made))
    assert closure == shown.json()
    assert response.headers["etag"] == shown.headers["etag"]
    tag = {"If-None-Match": shown.headers["etag"]}
    assert 304 == ada.get(where(made), headers=tag).status_code
    assert [closure] == listed(ada, CLOSURES, facility_id=facility["id"])


def test_a_closure_of_a_site_names_it_and_one_of_everything_names_nothing(api: Api) -> None:
    site = api.site()
    of_site = created(api.staff.post(CLOSURES, asked(at(9), at(17), site_id=site["id"])))
    of_all = created(api.staff.post(CLOSURES, asked(at(9, day=FAR), at(10, day=FAR))))
    assert {"id": site["id"], "name": site["name"]} == of_site["site"]
    assert {"facility", "site"}.isdisjoint(of_all)
    assert "facility" not in of_site
    assert 204 == api.staff.delete(where(of_all)).status_code


def test_what_is_closed_is_listed_by_what_it_closes_and_when(api: Api) -> None:
    ada, site = api.person(), api.site()
    facility, neighbour = api.facility(site), api.facility(site)

    def close(start: float, end: float, **scope: int) -> int:
        body = asked(at(start, day=FAR), at(end, day=FAR), **scope)
        number: int = created(api.staff.post(CLOSURES, body))["id"]
        return number

    everything = close(3, 4)
    of_site = close(2, 3, site_id=site["id"])
    of_facility = close(1, 2, facility_id=facility["id"])
    of_neighbour = close(0, 1, facility_id=neighbour["id"])
    close(0, 1, site_id=api.site()["id"])

    def found(**params: Any) -> list[int]:
        return [each["id"] for each in listed(ada, CLOSURES, **params)]

    of_both = {"facility_id": facility["id"], "site_id": site["id"]}
    times = {"start_time": wire(at(2, day=FAR)), "end_time": wire(at(3, day=FAR))}
    assert [of_facility, of_site, everything] == found(facility_id=facility["id"])
    assert [of_neighbour, of_facility, of_site, everything] == found(site_id=site["id"])
    assert [of_facility, of_site, everything] == found(**of_both, limit=1)
    assert [of_site] == found(site_id=site["id"], **times)
    sooner = {**times, "start_time": wire(at(1.75, day=FAR))}
    assert [of_facility, of_site] == found(site_id=site["id"], **sooner)
    later = {**times, "end_time": wire(at(3.25, day=FAR))}
    assert [of_site, everything] == found(site_id=site["id"], **later)
    assert [] == found(facility_id=2147483647, **times)
    assert 204 == api.staff.delete(f"{CLOSURES}{everything}/").status_code

    backwards = {"start_time": times["end_time"], "end_time": times["end_time"]}
    response = ada.get(CLOSURES, params=backwards)
    refused(response, 422, "end_not_after_start", "/end_time", place="query")
    response = ada.get(CLOSURES, params={"cursor": "abc"})
    refused(response, 422, "invalid_cursor", "/cursor", place="query")


def test_nobody_books_what_is_closed_until_the_closure_is_removed(api: Api) -> None:
    ada, site = api.person(), api.site()
    facility = api.facility(site, rules={"horizon_days": 2 * FAR})
    for scope in ({"facility_id": facility["id"]}, {"site_id": site["id"]}, {}):
        made = created(api.staff.post(CLOSURES, asked(at(9, day=FAR), at(10, day=FAR), **scope)))
        for start, end in ((8, 9.25), (9.25, 9.5), (9.75, 11)):
            response = ada.ask(facility, at(start, day=FAR), at(end, day=FAR))
            refused(response, 422, "facility_closed", "/start_time", says=["Repairs"])
        before = ada.book(facility, at(8, day=FAR), at(9, day=FAR))
        after = ada.book(facility, at(10, day=FAR), at(11, day=FAR))
        assert 204 == api.staff.delete(where(made)).status_code
        between = ada.book(facility, at(9, day=FAR), at(10, day=FAR))
        for booking in (before, between, after):
            assert 204 == ada.delete(f"/api/v1/bookings/{booking['id']}/").status_code


def test_a_closure_over_bookings_is_refused_and_lists_them(api: Api) -> None:
    ada, site = api.person(), api.site()
    facility, neighbour = api.facility(site), api.facility(site)
    late = ada.book(facility, at(11.75), at(13), title="Late")
    early = ada.book(neighbour, at(8), at(9.25), title="Early")
    ada.book(facility, at(12, day=1), at(13, day=1))
    ada.book(neighbour, at(12), at(13))
    ada.book(neighbour, at(7), at(8))
    cancelled = ada.book(facility, at(10), at(11))
    ada.delete(f"/api/v1/bookings/{cancelled['id']}/")

    response = api.staff.post(CLOSURES, asked(at(9), at(12), site_id=site["id"]))

    problem = refused(response, 409, "closure_affects_bookings", says=["2 active bookings"])
    assert 2 == problem["affected_count"]
    assert [early["id"], late["id"]] == [each["id"] for each in problem["affected_bookings"]]
    told = problem["affected_bookings"][0]
    assert {
        **{name: early[name] for name in ("id", "start_time", "end_time", "title", "status")},
        "facility": early["facility"],
        "user": ada.basic,
        "attendee_count": early["attendee_count"],
    } == told
    assert [] == listed(ada, CLOSURES, site_id=site["id"], end_time=wire(at(24)))
    assert {"confirmed"} == {status(ada, each) for each in (early, late)}


def test_a_closure_that_cancels_bookings_says_which_and_they_keep_the_reason(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    inside = [ada.book(facility, at(hour), at(hour + 1)) for hour in (9, 10)]
    beside = [ada.book(facility, at(hour), at(hour + 1)) for hour in (8, 11)]
    body = asked(at(9), at(11), facility_id=facility["id"], cancel_bookings=True)

    response = api.staff.post(CLOSURES, body)

    made = created(response)
    assert (2, [each["id"] for each in inside]) == (
        made["cancelled_count"],
        [each["id"] for each in made["cancelled_bookings"]],
    )
    assert {"cancelled"} == {status(ada, each) for each in inside}
    assert {"confirmed"} == {status(ada, each) for each in beside}
    kept = api.sql(
        "SELECT cancellation_cause::text, change_reason FROM bookings WHERE id = ANY (%s)",
        [each["id"] for each in inside],
    )
    assert [("closure", "Repairs")] * 2 == kept
    for booking in inside:
        first, second = ada.history(booking)
        assert ("created", "cancelled") == (first["action"], second["action"])
        assert response.headers["x-request-id"] == second["request_id"]
        assert api.staff.basic == second["changed_by"]


def test_bookings_that_are_over_or_expired_are_not_in_the_way_and_one_under_way_is(
    api: Api,
) -> None:
    ada = api.person()
    now = last_mark(present())
    over, under_way, expired = api.facility(), api.facility(), api.facility()
    api.booked_before(ada, over, now - 4 * QUARTER, now)
    going = api.booked_before(ada, under_way, now - 4 * QUARTER, now + 4 * QUARTER)
    waited = api.booked_before(ada, expired, now, now + 4 * QUARTER, status="pending")
    api.sql("UPDATE bookings SET decide_by = now() WHERE id = %s", waited["id"])

    def close(facility: Json, **more: Any) -> Any:
        body = asked(now - 8 * QUARTER, now + 8 * QUARTER, facility_id=facility["id"], **more)
        return api.staff.post(CLOSURES, body)

    assert 0 == created(close(over))["cancelled_count"]
    assert 0 == created(close(expired))["cancelled_count"]
    refused(close(under_way), 409, "closure_affects_bookings")
    assert [going["id"]] == [
        each["id"] for each in created(close(under_way, cancel_bookings=True))["cancelled_bookings"]
    ]


def test_a_pending_booking_is_in_the_way(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    booking = api.booked_before(ada, facility, at(9), at(10), status="pending")
    api.sql("UPDATE bookings SET decide_by = %s WHERE id = %s", at(8), booking["id"])
    problem = api.staff.post(CLOSURES, asked(at(9), at(10), facility_id=facility["id"])).json()
    assert ["pending"] == [each["status"] for each in problem["affected_bookings"]]


def test_the_first_hundred_bookings_are_told_and_all_are_cancelled(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    api.sql(
        """
        INSERT INTO bookings (facility_id, user_id, start_time, end_time, title)
        SELECT %s, %s, %s + n * interval '15 minutes', %s + n * interval '15 minutes', 'Many'
          FROM generate_series(0, 119) AS n
        """,
        facility["id"],
        ada.id,
        at(0),
        at(0.25),
    )
    body = asked(at(0), at(48), facility_id=facility["id"])

    problem = api.staff.post(CLOSURES, body).json()
    made = created(api.staff.post(CLOSURES, {**body, "cancel_bookings": True}))

    assert (120, 120) == (problem["affected_count"], made["cancelled_count"])
    expected = [wire(at(n / 4)) for n in range(100)]
    assert expected == [each["start_time"] for each in problem["affected_bookings"]]
    assert expected == [each["start_time"] for each in made["cancelled_bookings"]]
    left = "SELECT count(*) FROM bookings WHERE facility_id = %s AND status <> 'cancelled'"
    assert [(0,)] == api.sql(left, facility["id"])


@pytest.mark.parametrize(
    ("start", "end", "type_", "pointer"),
    [
        (at(9.1), at(10), "time_not_on_mark", "/start_time"),
        (at(9), at(10.1), "time_not_on_mark", "/end_time"),
        (at(9), at(9), "end_not_after_start", "/end_time"),
        (at(9), at(8.75), "end_not_after_start", "/end_time"),
    ],
)
def test_a_closure_begins_before_it_ends_and_on_marks(
    api: Api, start: datetime, end: datetime, type_: str, pointer: str
) -> None:
    body = asked(start, end, facility_id=api.facility()["id"])
    refused(api.staff.post(CLOSURES, body), 422, type_, pointer)


def test_a_closure_must_end_in_the_future_and_may_have_begun(api: Api) -> None:
    facility = api.facility()
    now = last_mark(present())
    body = asked(now - 4 * QUARTER, now, facility_id=facility["id"])
    refused(api.staff.post(CLOSURES, body), 422, "closure_in_past", "/end_time")
    assert created(api.staff.post(CLOSURES, {**body, "end_time": wire(now + QUARTER)}))


def test_a_closure_is_of_one_thing_that_exists_and_has_a_reason(api: Api) -> None:
    facility = api.facility()
    own = {"facility_id": facility["id"]}
    response = api.staff.post(CLOSURES, asked(at(9), at(10), **own, site_id=facility["site"]["id"]))
    refused(response, 422, "scope_ambiguous", "/site_id")
    response = api.staff.post(CLOSURES, asked(at(9), at(10), facility_id=2147483647))
    refused(response, 422, "facility_unknown", "/facility_id")
    response = api.staff.post(CLOSURES, asked(at(9), at(10), site_id=2147483647))
    refused(response, 422, "site_unknown", "/site_id")
    response = api.staff.post(CLOSURES, asked(at(9), at(10), **own, reason=" \u2003"))
    refused(response, 422, "reason_blank", "/reason")
    for reason in ("", "x" * 256, "a\nb"):
        body = asked(at(9), at(10), **own, reason=reason)
        invalid(api.staff.post(CLOSURES, body), ("body", "/reason"))
    assert created(api.staff.post(CLOSURES, asked(at(9), at(10), **own, reason="x" * 255)))
    body = asked(at(9), at(10), **own, colour="red")
    invalid(api.staff.post(CLOSURES, body), ("body", "/colour"))
    early = {**asked(at(9), at(10), **own), "start_time": "0001-01-01T00:00:00+01:00"}
    refused(api.staff.post(CLOSURES, early), 422, "time_out_of_range", "/start_time")


def test_staff_of_a_site_close_what_is_at_it_and_nothing_else(api: Api) -> None:
    cast = make_cast(api)
    facility = api.facility(cast.site)
    scopes: list[Json] = [{"facility_id": facility["id"]}, {"site_id": cast.site["id"]}, {}]

    for number, scope in enumerate(scopes):
        body = asked(at(number, day=FAR), at(number + 1, day=FAR), **scope)
        for person in (cast.member, cast.elsewhere):
            refused(person.post(CLOSURES, body), 403, "permission_denied")
        made = created(cast.house.post(CLOSURES, body))
        for person in (cast.member, cast.elsewhere):
            assert 200 == person.get(where(made)).status_code
            refused(person.delete(where(made)), 403, "permission_denied")
        if scope:
            assert 204 == cast.local.delete(where(made)).status_code
            made = created(cast.local.post(CLOSURES, body))
        else:
            refused(cast.local.post(CLOSURES, body), 403, "permission_denied")
            refused(cast.local.delete(where(made)), 403, "permission_denied")
        assert 204 == cast.house.delete(where(made)).status_code


def test_a_closure_is_removed_once(api: Api) -> None:
    made = created(api.staff.post(CLOSURES, asked(at(9), at(10), facility_id=api.facility()["id"])))
    assert 204 == api.staff.delete(where(made)).status_code
    refused(api.staff.delete(where(made)), 404, "not_found")
    refused(api.staff.get(where(made)), 404, "not_found")
    refused(api.person().delete(where(made)), 403, "permission_denied")


def test_closures_are_audited_with_who_and_which_request(api: Api) -> None:
    body = asked(at(9), at(10), facility_id=api.facility()["id"], reason=unique("Because"))
    made = api.staff.post(CLOSURES, body)
    gone = api.staff.delete(where(created(made)))

    rows = api.sql(
        "SELECT action::text, COALESCE(new_values, old_values) ->> 'reason', changed_by, request_id"
        "  FROM audit_log WHERE record_type = 'closure' AND record_id = %s ORDER BY id",
        made.json()["id"],
    )

    assert [
        ("created", body["reason"], api.staff.id, made.headers["x-request-id"]),
        ("deleted", body["reason"], api.staff.id, gone.headers["x-request-id"]),
    ] == rows


def test_a_closure_may_take_longer_than_other_requests(api: Api) -> None:
    """It may have very many bookings to cancel: 60,000 take some ten seconds."""
    api.sql("CREATE TABLE noted (setting TEXT NOT NULL)")
    api.sql(
        """
        CREATE FUNCTION note() RETURNS TRIGGER LANGUAGE plpgsql
        AS $$ BEGIN
            INSERT INTO noted VALUES (current_setting('statement_timeout'));
            RETURN NULL;
        END $$
        """
    )
    api.sql("CREATE TRIGGER noting AFTER INSERT ON closures EXECUTE FUNCTION note()")
    try:
        created(api.staff.post(CLOSURES, asked(at(9), at(10), facility_id=api.facility()["id"])))
        assert [("2min",)] == api.sql("SELECT setting FROM noted")
    finally:
        api.sql("DROP FUNCTION note() CASCADE")
        api.sql("DROP TABLE noted")
