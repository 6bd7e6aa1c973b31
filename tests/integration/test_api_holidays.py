"""Public holidays: a site's calendar as closures of the site."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pytest

from app import upkeep
from exchange.request import Service
from sql.pool import Connection, Pool
from steps.holidays import check_calendar, refresh_holidays, sites_to_refresh

from .api import Api, Json, created, invalid, listed, refused, wire
from .cast import make_cast
from .world import World

CLOSURES = "/api/v1/closures/"
ONE, MINUTE = timedelta(days=1), timedelta(minutes=1)
BERLIN = {"country": "DE", "subdivision": "BE"}


def where(site: Json) -> str:
    """The site's path."""
    return f"/api/v1/sites/{site['id']}/"


def changed(api: Api, site: Json, **changes: Any) -> Json:
    """The site after a change by the staff of the house."""
    response = api.staff.patch(where(site), changes)
    assert response.status_code == 200, response.text
    body: Json = response.json()
    return body


def closed(api: Api, site: Json) -> list[Json]:
    """The closures of the site and of its facilities alone, in order."""
    rows = listed(api.staff, CLOSURES, site_id=site["id"])
    return [row for row in rows if {"site", "facility"} & row.keys()]


def days_of(api: Api, site: Json) -> dict[date, str]:
    """The site's holidays by the day on which they are, and what they are called."""
    zone = ZoneInfo(api.staff.get(where(site)).json()["time_zone"])
    found = {}
    for row in closed(api, site):
        start, end = (datetime.fromisoformat(row[name]) for name in ("start_time", "end_time"))
        day = start.astimezone(zone).date()
        # In some zones clocks skip a midnight: the day begins, or ends, as they do.
        assert day - ONE == (start - MINUTE).astimezone(zone).date()
        assert day == (end - MINUTE).astimezone(zone).date()
        assert day + ONE == end.astimezone(zone).date()
        found[day] = row["reason"]
    return found


def expected_days(country: str, subdivision: str | None, zone: str) -> dict[date, str]:
    """What the calendar says of this year and the next two, from today on."""
    today = datetime.now(ZoneInfo(zone)).date()
    years = range(today.year, today.year + 3)
    names = holidays.country_holidays(country, subdivision, years=years, language="en_US")
    return {day: names[day] for day in sorted(names) if day >= today}


@pytest.mark.parametrize(
    ("zone", "country", "subdivision"),
    [
        ("Europe/Berlin", "DE", "BE"),
        ("Europe/Berlin", "DE", None),
        ("Asia/Kathmandu", "NP", None),
        ("America/St_Johns", "CA", "NL"),
        ("Pacific/Chatham", "NZ", None),
        ("Africa/Cairo", "EG", None),
    ],
)
def test_a_calendar_closes_the_site_on_whole_local_days_up_to_the_year_after_next(
    api: Api, zone: str, country: str, subdivision: str | None
) -> None:
    site = api.site(time_zone=zone)
    calendar = {"country": country}
    if subdivision is not None:
        calendar["subdivision"] = subdivision

    assert calendar == changed(api, site, holiday_calendar=calendar)["holiday_calendar"]

    assert expected_days(country, subdivision, zone) == days_of(api, site)
    assert {"holiday"} == {row["source"] for row in closed(api, site)}
    assert {site["id"]} == {row["site"]["id"] for row in closed(api, site)}


def test_a_calendar_that_goes_takes_its_days_with_it_and_leaves_the_staffs_closures(
    api: Api,
) -> None:
    site = api.site()
    body = {"site_id": site["id"], "start_time": wire(_soon()), "end_time": wire(_soon(1))}
    own = created(api.staff.post(CLOSURES, {**body, "reason": "Moving in"}))
    changed(api, site, holiday_calendar=BERLIN)

    after = changed(api, site, holiday_calendar={"country": "FR"})
    assert {"country": "FR"} == after["holiday_calendar"]
    rows = closed(api, site)
    assert "Bastille Day" in str(rows) or "National Day" in str(rows)
    assert "Women's Day" not in str(rows)

    assert "holiday_calendar" not in changed(api, site, holiday_calendar=None)
    assert [own["id"]] == [row["id"] for row in closed(api, site)]


def test_holidays_that_are_over_stay_when_the_calendar_goes(api: Api) -> None:
    site = api.site()
    changed(api, site, holiday_calendar=BERLIN)
    api.sql(
        "INSERT INTO closures (site_id, start_time, end_time, reason, source)"
        " VALUES (%s, '2020-01-01', '2020-01-02', 'Past', 'holiday')",
        site["id"],
    )
    changed(api, site, holiday_calendar=None)
    assert ["Past"] == [row["reason"] for row in closed(api, site)]


def test_a_holiday_that_staff_removed_stays_away(api: Api) -> None:
    site = api.site()
    changed(api, site, holiday_calendar=BERLIN)
    rows = closed(api, site)
    assert 204 == api.staff.delete(f"{CLOSURES}{rows[3]['id']}/").status_code
    kept = [row["id"] for row in rows if row != rows[3]]

    changed(api, site, holiday_calendar=BERLIN)
    assert kept == [row["id"] for row in closed(api, site)]
    changed(api, site, time_zone="Asia/Tokyo")
    moved = days_of(api, site)
    assert len(kept) == len(moved)
    assert rows[3]["reason"] in expected_days("DE", "BE", "Asia/Tokyo").values()
    removed = datetime.fromisoformat(rows[3]["start_time"]).astimezone(ZoneInfo("Europe/Berlin"))
    assert removed.date() not in moved


def test_holidays_touch_no_booking_and_name_those_that_lie_in_them(api: Api) -> None:
    ada, site = api.person(), api.site(time_zone="UTC")
    facility = api.facility(site, rules={"horizon_days": 900})
    day = max(expected_days("DE", None, "UTC"))
    noon = datetime.combine(day, time(12), UTC)
    on_it = ada.book(facility, noon, noon + timedelta(hours=1))
    midnight = datetime.combine(day + ONE, time.min, UTC)
    beside = ada.book(facility, midnight, midnight + timedelta(hours=1))

    after = changed(api, site, holiday_calendar={"country": "DE"})

    (told,) = after["bookings_outside_rules"]
    assert (on_it["id"], "facility_closed") == (told["booking"]["id"], told["type"])
    for booking in (on_it, beside):
        assert booking == ada.get(f"/api/v1/bookings/{booking['id']}/").json()
    response = ada.ask(facility, noon + timedelta(hours=2), noon + timedelta(hours=3))
    refused(response, 422, "facility_closed", "/start_time")


def test_a_calendar_that_is_only_tried_closes_nothing(api: Api) -> None:
    site = api.site()
    tried = api.staff.patch(f"{where(site)}?dry_run=true", {"holiday_calendar": BERLIN})
    assert BERLIN == tried.json()["holiday_calendar"]
    assert [] == closed(api, site)
    assert site == api.staff.get(where(site)).json()


@pytest.mark.parametrize(
    ("calendar", "pointer", "says"),
    [
        ({"country": "XX"}, "/holiday_calendar/country", "XX"),
        ({"country": "UK"}, "/holiday_calendar/country", "GB"),
        ({"country": "DE", "subdivision": "XY"}, "/holiday_calendar/subdivision", "BW"),
        ({"country": "BV", "subdivision": "A"}, "/holiday_calendar/subdivision", "none"),
    ],
)
def test_a_calendar_that_nobody_keeps_is_refused_with_some_that_there_are(
    api: Api, calendar: Json, pointer: str, says: str
) -> None:
    response = api.staff.patch(where(api.site()), {"holiday_calendar": calendar})
    refused(response, 422, "holiday_calendar_unknown", pointer, says=[says])


@pytest.mark.parametrize(
    ("calendar", "pointer"),
    [
        ({}, "/holiday_calendar/country"),
        ({"country": "de"}, "/holiday_calendar/country"),
        ({"country": "DEU"}, "/holiday_calendar/country"),
        ({"country": "DE", "subdivison": "BE"}, "/holiday_calendar/subdivison"),
        ({"country": "DE", "subdivision": None}, "/holiday_calendar/subdivision"),
        ({"country": "DE", "subdivision": "x" * 51}, "/holiday_calendar/subdivision"),
    ],
)
def test_what_is_no_calendar_is_invalid(api: Api, calendar: Json, pointer: str) -> None:
    response = api.staff.patch(where(api.site()), {"holiday_calendar": calendar})
    if calendar.get("country") == "DEU":  # too long, and not of the form
        assert 400 == response.status_code
        return
    invalid(response, ("body", pointer))


def test_staff_of_a_site_delete_its_holidays_and_do_not_choose_its_calendar(api: Api) -> None:
    cast = make_cast(api)
    body = {"holiday_calendar": BERLIN}
    for person in (cast.member, cast.local, cast.elsewhere):
        refused(person.patch(where(cast.site), body), 403, "permission_denied")
    assert 200 == cast.house.patch(where(cast.site), body).status_code
    row = closed(api, cast.site)[0]
    refused(cast.elsewhere.delete(f"{CLOSURES}{row['id']}/"), 403, "permission_denied")
    assert 204 == cast.local.delete(f"{CLOSURES}{row['id']}/").status_code


@pytest.mark.anyio
async def test_each_further_year_is_written_once_as_it_comes_near(
    conn: Connection, world: World
) -> None:
    await conn.execute("UPDATE sites SET holiday_country = 'DE' WHERE id = %s", [world.site.id])

    cursor = await conn.execute("SELECT updated_at FROM sites")
    touched = await cursor.fetchall()

    async def due(now: datetime) -> list[int]:
        return await sites_to_refresh(conn, now)

    async def after(now: datetime) -> tuple[int, dict[int, int]]:
        refreshed = [await refresh_holidays(conn, each, now) for each in await due(now)]
        cursor = await conn.execute(
            "SELECT EXTRACT(YEAR FROM start_time + interval '12 hours')::int, count(*)"
            "  FROM closures GROUP BY 1 ORDER BY 1"
        )
        return sum(refreshed), dict(await cursor.fetchall())

    nine = {2031: 9, 2032: 9}
    assert (1, {2030: 3} | nine) == await after(datetime(2030, 6, 15, tzinfo=UTC))
    assert (0, {2030: 3} | nine) == await after(datetime(2030, 12, 31, tzinfo=UTC))
    await conn.execute("DELETE FROM closures")
    assert (1, {2033: 9}) == await after(datetime(2031, 1, 1, tzinfo=UTC))
    cursor = await conn.execute("SELECT updated_at FROM sites")
    assert touched == await cursor.fetchall()


@pytest.mark.anyio
async def test_a_site_that_somebody_is_changing_is_left_for_the_next_time(
    pool: Any, conn: Connection, world: World
) -> None:
    await conn.execute("UPDATE sites SET holiday_country = 'DE' WHERE id = %s", [world.site.id])
    now = datetime(2030, 6, 15, tzinfo=UTC)
    async with pool.connection() as other, other.transaction():
        await other.execute("SELECT FROM sites FOR NO KEY UPDATE")
        assert not await refresh_holidays(conn, world.site.id, now)
    assert await refresh_holidays(conn, world.site.id, now)
    assert not await refresh_holidays(conn, world.site.id, now)


@pytest.mark.anyio
async def test_a_site_whose_holidays_cannot_be_written_stops_no_other(
    pool: Pool, conn: Connection, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await conn.execute(
        "INSERT INTO sites (name, time_zone, holiday_country)"
        " VALUES ('Atlantis', 'UTC', 'XX'), ('Hill', 'UTC', 'FR')"
    )
    await conn.execute("UPDATE sites SET holiday_country = 'DE' WHERE id = %s", [world.site.id])
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(upkeep.log, "exception", lambda _event, **more: told.append(more))
    service = Service(pool, None, timedelta(days=365), render=None, type_of=None)  # type: ignore[arg-type]

    assert 2 == await upkeep.refresh_holidays(service)

    cursor = await conn.execute("SELECT name FROM sites WHERE holidays_until > 0 ORDER BY name")
    assert [(world.site.name,), ("Hill",)] == await cursor.fetchall()
    cursor = await conn.execute("SELECT id FROM sites WHERE name = 'Atlantis'")
    assert [(each["site_id"],) for each in told] == await cursor.fetchall()


def test_every_part_of_a_country_that_the_calendar_knows_can_be_chosen(api: Api) -> None:
    parts = {
        part: country
        for country, known in holidays.list_supported_countries(include_aliases=False).items()
        for part in known
        if not part.isascii()
    }
    assert "São Paulo Capital" in parts
    for part, country in parts.items():
        calendar = {"country": country, "subdivision": part}
        assert calendar == changed(api, api.site(), holiday_calendar=calendar)["holiday_calendar"]


def test_the_form_of_a_part_allows_every_one_that_there_is() -> None:
    form = re.compile(r"[A-Za-z0-9À-ÖØ-öø-ÿ .'-]{1,50}")
    for country, parts in holidays.list_supported_countries(include_aliases=False).items():
        for part in parts:
            check_calendar(country, part)
            assert form.fullmatch(part), part


def _soon(days: int = 0) -> datetime:
    """A midnight in the future."""
    today = datetime.combine(datetime.now(UTC).date(), time.min, UTC)
    return today + timedelta(days=30 + days)
