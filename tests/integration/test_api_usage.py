"""Visits to the timeline: that they are counted, by nobody, and what is reported of them."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests import servers

from .api import Api, Json, Person, at, invalid, refused, running_api

USAGE = "/api/v1/usage/"
REPORT = "/api/v1/analytics/usage/"


@pytest.fixture
def own(server: str, template: str, tmp_path: Path) -> Iterator[Api]:
    """A service of a test's own, where nobody else visits."""
    with (
        servers.clone(server, template) as dsn,
        running_api(dsn, tmp_path / "service.log") as api,
    ):
        yield api


def visit(person: Person, outcome: str, seconds: int, conflicts: int = 0) -> None:
    body = {"outcome": outcome, "seconds": seconds, "conflicts": conflicts}
    assert 204 == person.post(USAGE, body).status_code


def days(first: date, last: date) -> Json:
    return {"start_date": first.isoformat(), "end_date": last.isoformat()}


@pytest.fixture
def today(own: Api) -> date:
    """The day by the database's clock, which also says when a booking was made."""
    ((found,),) = own.sql("SELECT (now() AT TIME ZONE 'UTC')::date")
    assert isinstance(found, date)
    return found


def test_visits_are_counted_by_how_they_ended_and_whose_they_were_is_not_kept(
    own: Api, today: date
) -> None:
    ada = own.person()
    for seconds in (10, 20, 30, 40, 95):
        visit(ada, "booked", seconds)
    visit(ada, "booked", 20, conflicts=2)
    visit(ada, "left_dialog", 5, conflicts=1)
    visit(ada, "left_dialog", 5)
    for _ in range(2):
        visit(ada, "left_search", 300, conflicts=3)
    ada.book(own.facility(), at(9), at(10))

    found = own.staff.get(REPORT, params=days(today, today)).json()

    (week,) = found.pop("weeks")
    measures = {
        "visits": 10,
        "begun": 8,
        "booked": 6,
        "with_conflict": 2,
        "success_rate": 0.75,
        "conflict_rate": 0.25,
    }
    assert {
        **measures,
        "is_counting": True,
        "completion_seconds": {"median": 20, "ninth_decile": 100},
    } == found
    monday = today - timedelta(days=today.weekday())
    assert {"week": monday.isoformat(), **measures, "users": 1, "new_users": 1} == week
    rows = own.sql("SELECT * FROM visit_counts WHERE outcome = 'left_search'")
    assert [(today, "left_search", 300, True, 2)] == rows


def test_who_has_booked_before_is_new_no_more(own: Api, today: date) -> None:
    ada, room = own.person(), own.facility()
    ada.book(room, at(9), at(10))
    own.sql("UPDATE bookings SET created_at = created_at - INTERVAL '21 days'")
    ada.book(room, at(11), at(12))
    found = own.staff.get(REPORT, params=days(today - timedelta(days=40), today)).json()
    assert [(1, 1), (1, 0)] == [(week["users"], week["new_users"]) for week in found["weeks"]]
    assert "completion_seconds" not in found


def test_where_it_is_switched_off_nothing_is_counted(
    server: str, template: str, tmp_path: Path
) -> None:
    with (
        servers.clone(server, template) as dsn,
        running_api(dsn, tmp_path / "service.log", usage_counts="off") as api,
    ):
        ada = api.person()
        assert ada.get("/api/v1/me/").json()["counts_usage"] is False
        visit(ada, "booked", 10)
        asked = days(date(2027, 3, 1), date(2027, 3, 7))
        assert [] == api.sql("SELECT date FROM visit_counts")
        assert api.staff.get(REPORT, params=asked).json()["is_counting"] is False


def test_who_booked_just_before_the_days_of_a_report_is_not_new_in_it(
    own: Api, today: date
) -> None:
    ada, room = own.person(), own.facility()
    ada.book(room, at(9), at(10))
    own.sql("UPDATE bookings SET created_at = created_at - INTERVAL '1 day'")
    ada.book(room, at(11), at(12))
    (week,) = own.staff.get(REPORT, params=days(today, today)).json()["weeks"]
    assert (1, 0) == (week["users"], week["new_users"])


def test_the_report_is_of_the_house_and_for_its_staff(api: Api) -> None:
    site = api.site()
    keeper = api.person(site_ids=[site["id"]])
    asked = days(date(2027, 3, 1), date(2027, 3, 7))
    refused(keeper.get(REPORT, params=asked), 403, "permission_denied")
    refused(api.person().get(REPORT, params=asked), 403, "permission_denied")


def test_what_is_no_visit_is_refused(api: Api) -> None:
    ada = api.person()
    body = {"outcome": "won", "seconds": -1, "conflicts": 0}
    invalid(ada.post(USAGE, body), ("body", "/outcome"), ("body", "/seconds"))


def test_a_report_of_days_the_wrong_way_round_is_refused(api: Api) -> None:
    asked = days(date(2027, 3, 7), date(2027, 3, 1))
    response = api.staff.get(REPORT, params=asked)
    refused(response, 422, "date_range_reversed", pointer="/end_date", place="query")
