"""The rules of booking as callers meet them: what is refused, why, and what would be allowed.

Each boundary is tried on both sides, through the API and against the real clock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import orjson
import pytest

from .api import (
    HORIZON,
    QUARTER,
    Api,
    Json,
    Person,
    at,
    invalid,
    last_mark,
    path_of,
    present,
    refused,
    wire,
)

SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Desk:
    """A member, a facility for eight, and the two ways to ask for a booking there."""

    member: Person
    facility: Json
    ask: Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def member(api: Api) -> Person:
    """Somebody who books."""
    return api.person()


@pytest.fixture(params=["create", "update"])
def desk(api: Api, member: Person, request: pytest.FixtureRequest) -> Desk:
    """Asks by a new booking, and by a change of one that is at another time."""
    facility = api.facility(capacity=8)
    if request.param == "create":

        def ask(start: datetime | str, end: datetime | str, **more: object) -> httpx.Response:
            body = {"facility_id": facility["id"], "title": "Stand-up", **more}
            return member.post("/api/v1/bookings/", {**body, **times(start, end)})

    else:
        booking = member.book(facility, at(1, day=2), at(2, day=2))

        def ask(start: datetime | str, end: datetime | str, **more: object) -> httpx.Response:
            return member.patch(path_of(booking), {**more, **times(start, end)})

    return Desk(member, facility, ask)


def times(start: datetime | str, end: datetime | str) -> Json:
    """Both times for a body; text goes as it is."""
    return {
        "start_time": start if isinstance(start, str) else wire(start),
        "end_time": end if isinstance(end, str) else wire(end),
    }


def accepted(response: httpx.Response) -> Json:
    """The booking."""
    assert response.is_success, response.text
    body: Json = response.json()
    return body


@pytest.mark.parametrize("off", [SECOND, MICROSECOND, timedelta(minutes=7), QUARTER - MICROSECOND])
def test_a_start_off_the_marks_is_refused(desk: Desk, off: timedelta) -> None:
    response = desk.ask(at(9) + off, at(11))
    refused(response, 422, "time_not_on_mark", "/start_time", says=["start_time", "15-minute"])


@pytest.mark.parametrize("off", [SECOND, MICROSECOND, timedelta(minutes=7), QUARTER - MICROSECOND])
def test_an_end_off_the_marks_is_refused(desk: Desk, off: timedelta) -> None:
    response = desk.ask(at(9), at(10) + off)
    refused(response, 422, "time_not_on_mark", "/end_time", says=["end_time", "15-minute"])


@pytest.mark.parametrize("minutes", [0, 15, 30, 45])
def test_each_mark_of_the_hour_will_do(desk: Desk, minutes: int) -> None:
    start = at(9) + timedelta(minutes=minutes)
    assert wire(start) == accepted(desk.ask(start, start + QUARTER))["start_time"]


def test_marks_are_counted_in_utc_whatever_the_offset(desk: Desk) -> None:
    day = at(9).strftime("%Y-%m-%d")
    response = desk.ask(f"{day}T09:00:00+00:05", f"{day}T10:00:00+00:05")
    refused(response, 422, "time_not_on_mark", "/start_time", says=["08:55:00Z"])
    booking = accepted(desk.ask(f"{day}T09:05:00+00:05", f"{day}T09:40:00-00:20"))
    assert (wire(at(9)), wire(at(10))) == (booking["start_time"], booking["end_time"])


def test_a_booking_lasts_a_quarter_of_an_hour_at_least(desk: Desk) -> None:
    for end in (at(8.75), at(9)):
        response = desk.ask(at(9), end)
        refused(response, 422, "end_not_after_start", "/end_time", says=["15 minutes", wire(at(9))])
    assert accepted(desk.ask(at(9), at(9.25)))


def test_a_booking_lasts_eight_hours_at_most(desk: Desk) -> None:
    response = desk.ask(at(9), at(17.25))
    refused(response, 422, "booking_too_long", "/end_time", says=["8 hours", wire(at(17))])
    assert accepted(desk.ask(at(9), at(17)))
    assert accepted(desk.ask(at(9, day=1), at(16.75, day=1)))


def test_a_booking_begins_no_earlier_than_now(desk: Desk) -> None:
    mark = last_mark(present())
    response = desk.ask(mark, mark + 2 * QUARTER)
    refused(response, 422, "booking_in_past", "/start_time", says=[wire(mark + QUARTER)])
    assert accepted(desk.ask(mark + QUARTER, mark + 2 * QUARTER))


def test_a_booking_ends_no_later_than_the_horizon(desk: Desk) -> None:
    latest = last_mark(present() + HORIZON)
    response = desk.ask(latest - QUARTER, latest + QUARTER)
    refused(response, 422, "beyond_horizon", "/end_time", says=["365 days", wire(latest)])
    assert accepted(desk.ask(latest - QUARTER, latest))


@pytest.mark.parametrize(
    "text",
    [
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:00-00:01",
        "9999-12-31T23:59:60Z",
    ],
)
def test_times_outside_the_years_1_to_9999_are_refused(desk: Desk, text: str) -> None:
    for start, end, pointer in ((text, at(9), "/start_time"), (at(9), text, "/end_time")):
        refused(desk.ask(start, end), 422, "time_out_of_range", pointer, says=["1 and 9999"])


def test_the_first_and_the_last_instants_of_the_calendar_are_refused_like_others(
    desk: Desk,
) -> None:
    first = desk.ask("0001-01-01T00:00:00Z", "0001-01-01T01:00:00Z")
    refused(first, 422, "booking_in_past", "/start_time")
    last = desk.ask("9999-12-31T23:00:00Z", "9999-12-31T23:45:00Z")
    refused(last, 422, "beyond_horizon", "/end_time")
    long = desk.ask("0001-01-01T00:00:00Z", "9999-12-31T23:45:00Z")
    refused(long, 422, "booking_too_long", "/end_time")


def test_a_leap_second_is_the_first_second_of_the_next_minute(desk: Desk) -> None:
    day = at(9).strftime("%Y-%m-%d")
    booking = accepted(desk.ask(f"{day}T23:59:60Z", at(25)))
    assert (wire(at(24)), wire(at(25))) == (booking["start_time"], booking["end_time"])
    invalid(desk.ask(f"{day}T22:59:60Z", at(24)), ("body", "/start_time"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2027-02-30T09:00:00Z",
        "2027-03-01T24:00:00Z",
        "2027-03-01T09:00:00",
        "2027-03-01",
        "2027-03-01T09:00:00+24:00",
        "２０２７-03-01T09:00:00Z",  # noqa: RUF001 - digits, but not those of RFC 3339
        "2027-03-01T09:00:00Z\n",
    ],
)
def test_what_is_no_date_and_time_is_invalid(desk: Desk, text: str) -> None:
    invalid(desk.ask(text, at(10)), ("body", "/start_time"))
    invalid(desk.ask(at(9), text), ("body", "/end_time"))


@pytest.mark.parametrize("title", ["A", "x" * 255, "😀" * 255, "  padded  ", 'Quotes " and \\'])
def test_a_title_has_up_to_255_characters_and_is_kept_as_it_is(desk: Desk, title: str) -> None:
    assert title == accepted(desk.ask(at(9), at(10), title=title))["title"]


@pytest.mark.parametrize("title", ["", "x" * 256, "two\nlines", "tab\there", "bell\x07", "nul\x00"])
def test_a_title_of_no_or_too_many_or_control_characters_is_invalid(desk: Desk, title: str) -> None:
    invalid(desk.ask(at(9), at(10), title=title), ("body", "/title"))


@pytest.mark.parametrize("title", [" ", " " * 255, "\u00a0", "\u2003\u3000"])
def test_a_blank_title_is_refused(desk: Desk, title: str) -> None:
    response = desk.ask(at(9), at(10), title=title)
    refused(response, 422, "title_blank", "/title", says=["1 to 255"])


def test_a_description_has_up_to_2000_characters_on_any_number_of_lines(desk: Desk) -> None:
    text = "line\n" * 400
    assert text == accepted(desk.ask(at(9), at(10), description=text))["description"]
    for wrong in ("x" * 2001, "nul\x00"):
        response = desk.ask(at(9), at(10), description=wrong)
        invalid(response, ("body", "/description"))


def test_a_facility_takes_from_one_attendee_to_its_capacity(desk: Desk) -> None:
    invalid(desk.ask(at(9), at(10), attendee_count=0), ("body", "/attendee_count"))
    over = desk.ask(at(9), at(10), attendee_count=9)
    says = [desk.facility["name"], "1 to 8", "9"]
    refused(over, 422, "too_many_attendees", "/attendee_count", says=says)
    refused(
        desk.ask(at(9), at(10), attendee_count=100_000),
        422,
        "too_many_attendees",
        "/attendee_count",
    )
    invalid(desk.ask(at(9), at(10), attendee_count=100_001), ("body", "/attendee_count"))
    assert accepted(desk.ask(at(9), at(10), attendee_count=1))["attendee_count"] == 1
    assert accepted(desk.ask(at(11), at(12), attendee_count=8))["attendee_count"] == 8


def test_an_archived_facility_takes_no_bookings(api: Api, desk: Desk) -> None:
    archived = api.archived()
    response = desk.ask(at(9), at(10), facility_id=archived["id"])
    refused(response, 422, "facility_archived", "/facility_id", says=[archived["name"]])


def test_a_restored_facility_takes_bookings_again(api: Api, desk: Desk) -> None:
    facility = api.archived()
    api.staff.patch(f"/api/v1/facilities/{facility['id']}/", {"status": "active"})
    booking = accepted(desk.ask(at(9), at(10), facility_id=facility["id"]))
    assert facility["id"] == booking["facility"]["id"]


def test_a_facility_that_does_not_exist_takes_no_bookings(desk: Desk) -> None:
    response = desk.ask(at(9), at(10), facility_id=2147483647)
    refused(response, 422, "facility_unknown", "/facility_id", says=["2147483647"])


def test_of_several_rules_the_first_that_a_person_would_mention_answers(desk: Desk) -> None:
    response = desk.ask(at(9) + SECOND, at(8), title=" ", attendee_count=9)
    refused(response, 422, "title_blank", "/title")
    response = desk.ask(at(9) + SECOND, at(8), attendee_count=9)
    refused(response, 422, "time_not_on_mark", "/start_time")
    response = desk.ask(at(9), at(8), attendee_count=9)
    refused(response, 422, "end_not_after_start", "/end_time")
    response = desk.ask(at(9), at(10), attendee_count=9)
    refused(response, 422, "too_many_attendees", "/attendee_count")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("facility_id", 0),
        ("facility_id", -1),
        ("facility_id", 2**31),
        ("facility_id", 2**63),
        ("facility_id", 1.5),
        ("facility_id", "1"),
        ("facility_id", True),
        ("facility_id", None),
        ("facility_id", [1]),
        ("title", None),
        ("title", 7),
        ("title", ["x"]),
        ("description", 7),
        ("attendee_count", "3"),
        ("attendee_count", 2.5),
        ("attendee_count", None),
        ("attendee_count", -3),
        ("colour", "blue"),
        ("status", "cancelled"),
        ("user_id", 0),
        ("user_id", "1"),
        ("user_id", None),
        ("id", 1),
    ],
)
def test_a_value_of_the_wrong_kind_or_of_no_meaning_is_invalid(
    desk: Desk, field: str, value: object
) -> None:
    invalid(desk.ask(at(9), at(10), **{field: value}), ("body", f"/{field}"))


@pytest.mark.parametrize("field", ["start_time", "end_time"])
def test_a_time_is_a_string(api: Api, field: str) -> None:
    member, facility = api.person(), api.facility()
    body = {"facility_id": facility["id"], "title": "Stand-up", **times(at(9), at(10))}
    booking = member.book(facility, at(9), at(10))
    for value in (None, 1_800_000_000, True, [wire(at(9))]):
        response = member.post("/api/v1/bookings/", {**body, field: value})
        invalid(response, ("body", f"/{field}"))
        invalid(member.patch(path_of(booking), {field: value}), ("body", f"/{field}"))


@pytest.mark.parametrize("field", ["facility_id", "start_time", "end_time", "title"])
def test_a_new_booking_says_where_when_and_what_for(api: Api, field: str) -> None:
    member, facility = api.person(), api.facility()
    body = {"facility_id": facility["id"], "title": "Stand-up", **times(at(9), at(10))}
    del body[field]
    problem = invalid(member.post("/api/v1/bookings/", body), ("body", f"/{field}"))
    assert "missing" in problem["detail"]


def test_everything_that_is_wrong_with_a_body_is_told_at_once(api: Api) -> None:
    member = api.person()
    response = member.post(
        "/api/v1/bookings/", {"facility_id": 0, "title": "", "a/b": 1, "c~d": 2, "start_time": "x"}
    )
    invalid(
        response,
        ("body", "/facility_id"),
        ("body", "/title"),
        ("body", "/start_time"),
        ("body", "/end_time"),
        ("body", "/a~1b"),
        ("body", "/c~0d"),
    )


@pytest.mark.parametrize("body", [None, [], "text", 7, True, [{"title": "x"}]])
def test_a_body_is_an_object(api: Api, body: object) -> None:
    member = api.person()
    booking = member.book(api.facility(), at(9), at(10))
    # As content: httpx sends no body at all for None.
    headers = {"Content-Type": "application/json"}
    content = orjson.dumps(body)
    for response in (
        member.post("/api/v1/bookings/", content=content, headers=headers),
        member.patch(path_of(booking), content=content, headers=headers),
    ):
        invalid(response, ("body", ""))


def test_a_change_names_something_to_change(api: Api) -> None:
    member = api.person()
    booking = member.book(api.facility(), at(9), at(10))
    invalid(member.patch(path_of(booking), {}), ("body", ""))


def test_only_a_description_can_be_nothing(api: Api) -> None:
    member, facility = api.person(), api.facility()
    body = {"facility_id": facility["id"], "title": "Stand-up", **times(at(9), at(10))}
    response = member.post("/api/v1/bookings/", {**body, "description": None})
    invalid(response, ("body", "/description"))
    booking = member.book(facility, at(9), at(10))
    assert member.patch(path_of(booking), {"description": None}).status_code == 200


def test_a_change_of_one_time_is_held_against_the_other_as_it_stands(api: Api) -> None:
    member = api.person()
    booking = member.book(api.facility(), at(9), at(10))
    late = member.patch(path_of(booking), {"start_time": wire(at(10))})
    refused(late, 422, "end_not_after_start", "/end_time")
    early = member.patch(path_of(booking), {"start_time": wire(at(1.75))})
    refused(early, 422, "booking_too_long", "/end_time")
    assert accepted(member.patch(path_of(booking), {"start_time": wire(at(2))}))


def test_a_move_to_a_smaller_facility_is_held_against_its_capacity(api: Api) -> None:
    member, site = api.person(), api.site()
    booking = member.book(api.facility(site, capacity=8), at(9), at(10), attendee_count=5)
    small, enough = api.facility(site, capacity=4), api.facility(site, capacity=5)
    response = member.patch(path_of(booking), {"facility_id": small["id"]})
    says = [small["name"], "1 to 4"]
    refused(response, 422, "too_many_attendees", "/attendee_count", says=says)
    assert accepted(member.patch(path_of(booking), {"facility_id": enough["id"]}))
    fewer = {"facility_id": small["id"], "attendee_count": 4}
    assert accepted(member.patch(path_of(booking), fewer))


def test_a_refused_booking_is_not_made(api: Api) -> None:
    member, facility = api.person(), api.facility()
    assert member.ask(facility, at(9), at(10), attendee_count=9).status_code == 422
    assert member.ask(facility, at(9), at(10), title="").status_code == 400
    assert member.get("/api/v1/me/bookings/").json() == []
