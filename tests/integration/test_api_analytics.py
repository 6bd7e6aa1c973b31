"""Reports over the API: who may ask, for what days, and what the figures mean."""

from datetime import date, timedelta

import pytest

from .api import DAY, Api, Json, Person, at, invalid, refused, unique

ANALYTICS = "/api/v1/analytics/"
UTILISATION = f"{ANALYTICS}utilisation/"
SUMMARY = f"{ANALYTICS}summary/"
TOP = f"{ANALYTICS}top-facilities/"
REPORTS = {
    UTILISATION: {"group_by": "facility"},
    SUMMARY: {},
    TOP: {"by": "bookings"},
}
TODAY = DAY.date()
each_report = pytest.mark.parametrize("path", REPORTS)


def days(first: date = TODAY, last: date = TODAY) -> dict[str, str]:
    """The parameters that ask for these days."""
    return {"start_date": str(first), "end_date": str(last)}


def staff_of(api: Api, *sites: Json) -> Person:
    """A new user who is staff of these sites."""
    return api.person(site_ids=[site["id"] for site in sites])


@pytest.fixture
def site(api: Api) -> Json:
    """A site of the test's own, by UTC."""
    return api.site(time_zone="UTC")


@pytest.fixture
def room(api: Api, site: Json) -> Json:
    """A facility that is open at all times."""
    return api.facility(site)


@each_report
def test_members_and_strangers_learn_nothing(api: Api, path: str) -> None:
    params = {**REPORTS[path], **days()}

    refused(api.person().get(path, params=params), 403, "permission_denied")
    refused(api.anonymous.get(path, params=params), 401, "authentication_required")


def test_staff_of_a_site_learn_of_that_site_only(api: Api, site: Json, room: Json) -> None:
    api.staff.book(room, at(9), at(10))
    mine, other = staff_of(api, site), staff_of(api, api.site())

    for path, params in REPORTS.items():
        asked = {**params, **days(), "site_id": site["id"]}
        whole = api.staff.get(path, params=asked).json()
        assert whole == mine.get(path, params=asked).json()
        assert whole == mine.get(path, params={**params, **days()}).json()
        assert whole != other.get(path, params=asked).json()
        assert other.get(path, params=asked).status_code == 200


@each_report
def test_a_report_covers_at_most_731_days(api: Api, site: Json, path: str) -> None:
    params = {**REPORTS[path], "site_id": site["id"]}
    last = TODAY + timedelta(days=730)

    assert api.staff.get(path, params={**params, **days(TODAY, last)}).status_code == 200
    refused(
        api.staff.get(path, params={**params, **days(TODAY, last + timedelta(days=1))}),
        422,
        "report_too_long",
        "/end_date",
        place="query",
        says=[str(last)],
    )


@each_report
def test_a_report_covers_at_least_a_day_of_the_calendar(api: Api, path: str) -> None:
    params = REPORTS[path]
    before = days(TODAY, TODAY - timedelta(days=1))

    refused(
        api.staff.get(path, params={**params, **before}),
        422,
        "date_range_reversed",
        "/end_date",
        place="query",
    )
    invalid(
        api.staff.get(path, params={**params, **days(), "end_date": "2027-02-29"}),
        ("query", "/end_date"),
    )
    for first in ("0001-01-01", "9999-12-31"):
        asked = {**params, "start_date": first, "end_date": first}
        assert api.staff.get(path, params=asked).status_code == 200


def test_utilisation_is_what_is_booked_of_what_is_open(api: Api, site: Json) -> None:
    weekday = TODAY.strftime("%A").lower()
    hours = [{"weekday": weekday, "opens": "08:00", "closes": "18:00"}]
    room = api.facility(site, opening_hours=hours)
    api.staff.book(room, at(9), at(11))
    api.booked_before(api.person(), room, at(17), at(19))
    api.booked_before(api.person(), room, at(12), at(13), status="cancelled")

    def report(group_by: str) -> list[Json]:
        params = {"group_by": group_by, "site_id": site["id"], **days()}
        rows: list[Json] = api.staff.get(UTILISATION, params=params).json()["rows"]
        return rows

    measures = {
        "open_minutes": 600,
        "booked_minutes": 180,
        "booked_outside_minutes": 60,
        "utilisation": 0.3,
    }
    its_site = {"id": site["id"], "name": site["name"]}
    facility = {"id": room["id"], "name": room["name"], "site": its_site}
    assert [{"facility": facility, **measures}] == report("facility")
    assert [{"site": its_site, **measures}] == report("site")
    assert [{"weekday": weekday, **measures}] == report("weekday")
    assert [{"date": str(TODAY), **measures}] == report("day")
    assert [{"month": str(TODAY)[:7], **measures}] == report("month")
    by_hour = {row["hour"]: row for row in report("hour")}
    assert list(range(24)) == list(by_hour)
    assert (60, 60, 0, 1.0) == tuple(by_hour[9][name] for name in measures)
    assert (0, 0, 60, 0.0) == tuple(by_hour[18][name] for name in measures)
    assert [weekday] * 24 == [row["weekday"] for row in report("weekday_hour")]


def test_a_closure_takes_from_what_is_open(api: Api, room: Json) -> None:
    api.sql(
        "INSERT INTO closures (facility_id, start_time, end_time, reason)"
        " VALUES (%s, %s, %s, 'Repairs')",
        room["id"],
        at(6),
        at(12),
    )
    params = {"group_by": "facility", "facility_id": room["id"], **days()}

    (row,) = api.staff.get(UTILISATION, params=params).json()["rows"]

    assert 18 * 60 == row["open_minutes"]


def test_an_archived_facility_counts_on_days_on_which_it_is_booked(api: Api, site: Json) -> None:
    room = api.archived(site)
    api.booked_before(api.person(), room, at(9), at(10))
    params = {"group_by": "facility", "site_id": site["id"]}
    next_day = TODAY + timedelta(days=1)

    assert 1 == len(api.staff.get(UTILISATION, params={**params, **days()}).json()["rows"])
    asked = {**params, **days(next_day, next_day)}
    assert [] == api.staff.get(UTILISATION, params=asked).json()["rows"]


def test_a_summary_says_what_became_of_bookings(api: Api, site: Json) -> None:
    room = api.facility(site, capacity=10)
    ada = api.person()
    ada.book(room, at(9), at(11), attendee_count=5)
    ada.book(room, at(12), at(13), attendee_count=1)
    gone = ada.book(room, at(14), at(15))
    ada.delete(f"/api/v1/bookings/{gone['id']}/")
    api.booked_before(ada, room, at(16), at(17), status="cancelled")
    assert ada.ask(room, at(9), at(10)).status_code == 409
    ada.book(room, at(33), at(34))  # the next day's

    report = api.staff.get(SUMMARY, params={"site_id": site["id"], **days()}).json()

    lead_times = report.pop("lead_times")
    assert 29 * 1440 <= lead_times["median_minutes"] <= 31 * 1440
    assert 4 == sum(lead_times["counts"].values())
    assert report == {
        "bookings": 4,
        "confirmed": 2,
        "pending": 0,
        "cancelled": {
            "total": 2,
            "owner": 1,
            "staff": 0,
            "rejected": 0,
            "expired": 0,
            "closure": 0,
            "anonymised": 0,
            "unstated": 1,
        },
        "cancellation_rate": 0.5,
        "confirmed_minutes": 180,
        "conflicts": 1,
        "conflict_rate": 0.2,
        "attendance": 0.3,
    }


@pytest.mark.parametrize(
    ("minutes", "bucket"),
    [
        (59, "under_an_hour"),
        (60, "under_a_day"),
        (1439, "under_a_day"),
        (1440, "under_a_week"),
        (10079, "under_a_week"),
        (10080, "under_thirty_days"),
        (43199, "under_thirty_days"),
        (43200, "longer"),
    ],
)
def test_lead_times_are_counted_by_whole_minutes(
    api: Api, site: Json, room: Json, minutes: int, bucket: str
) -> None:
    booking = api.booked_before(api.person(), room, at(9), at(10))
    api.sql(
        "UPDATE bookings SET created_at = start_time - make_interval(mins => %s) WHERE id = %s",
        minutes,
        booking["id"],
    )

    report = api.staff.get(SUMMARY, params={"site_id": site["id"], **days()}).json()

    lead_times = report["lead_times"]
    assert {bucket: 1} == {name: n for name, n in lead_times["counts"].items() if n}
    assert minutes == lead_times["mean_minutes"] == lead_times["ninth_decile_minutes"]


def test_a_summary_of_nothing_has_no_lead_times(api: Api, site: Json) -> None:
    report = api.staff.get(SUMMARY, params={"site_id": site["id"], **days()}).json()

    assert "lead_times" not in report
    assert 0 == report["bookings"] == report["cancellation_rate"] == report["conflict_rate"]


def test_facilities_rank_by_what_is_asked_for(api: Api, site: Json) -> None:
    often, long, wanted, idle = (api.facility(site, name=unique(f"Hall {i}")) for i in range(4))
    ada = api.person()
    for hour in (9, 10, 11):
        ada.book(often, at(hour), at(hour + 0.25))
    ada.book(long, at(9), at(13))
    ada.book(wanted, at(9), at(9.25))
    for _ in range(2):
        assert ada.ask(wanted, at(9), at(9.25)).status_code == 409

    def ranked(by: str, **more: int) -> list[str]:
        params = {"by": by, "site_id": site["id"], **days(), **more}
        report = api.staff.get(TOP, params=params).json()
        assert by == report["by"]
        return [row["facility"]["name"] for row in report["facilities"]]

    assert [often["name"], long["name"], wanted["name"], idle["name"]] == ranked("bookings")
    assert [wanted["name"], often["name"]] == ranked("conflicts", limit=2)
    assert [long["name"], often["name"]] == ranked("booked_minutes", limit=2)
    assert [long["name"]] == ranked("utilisation", limit=1)
    params = {"by": "bookings", "facility_id": wanted["id"], **days()}
    (row,) = api.staff.get(TOP, params=params).json()["facilities"]
    assert (1, 2, 1440, 15) == (
        row["bookings"],
        row["conflicts"],
        row["open_minutes"],
        row["booked_minutes"],
    )


def test_a_report_that_is_the_same_is_not_sent_again(api: Api, site: Json) -> None:
    params = {"group_by": "site", "site_id": site["id"], **days()}
    tag = api.staff.get(UTILISATION, params=params).headers["etag"]

    again = api.staff.get(UTILISATION, params=params, headers={"If-None-Match": tag})

    assert 304 == again.status_code
