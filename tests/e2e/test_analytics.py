"""The staff's figures: what they show, for which days, and as CSV."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

TODAY = datetime.now(UTC).date()
DAYS = {"start_date": str(TODAY - timedelta(days=29)), "end_date": str(TODAY)}
ADDRESS = f"/staff/analytics?start={DAYS['start_date']}&end={DAYS['end_date']}"


def test_staff_see_the_figures_of_the_service(
    house: Any,
    open_page: Callable[..., Page],
    axe: Callable[[Page], None],
    picture: Callable[[Page, str], None],
) -> None:
    page = open_page("ingrid", path=ADDRESS + "&site=2")
    with house.api("ingrid") as staff:
        query = {**DAYS, "site_id": 2, "group_by": "weekday_hour"}
        report = staff.get("/api/v1/analytics/utilisation/", params=query).json()
        query = {**DAYS, "site_id": 2, "by": "utilisation"}
        top = staff.get("/api/v1/analytics/top-facilities/", params=query).json()
    busiest_hour = max(report["rows"], key=lambda row: row["utilisation"])
    heat = page.get_by_role("region", name="When facilities are booked").get_by_role("table")
    expect(heat.get_by_role("rowheader")).to_have_count(7)
    expect(heat).to_contain_text(str(round(busiest_hour["utilisation"] * 100)))
    ranked = page.get_by_role("region", name="Busiest facilities").get_by_role("rowheader")
    expect(ranked.first).to_contain_text(top["facilities"][0]["facility"]["name"])
    expect(page.get_by_role("img", name="Utilisation in 30 columns")).to_be_visible()
    expect(page.get_by_role("heading", name="Users by week")).to_be_visible()
    axe(page)
    picture(page, "staff-analytics")


def test_filters_are_in_the_address_so_that_a_view_can_be_shared(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("ingrid", path="/staff/analytics")
    page.get_by_label("Site").select_option("Foundry Yard")
    page.get_by_label("Period").select_option("Last 90 days")
    ranked = page.get_by_role("region", name="Busiest facilities").get_by_role("rowheader")
    expect(ranked.first).to_contain_text("Foundry Yard")
    page.get_by_role("button", name="Conflicts").click()
    expect(page.get_by_role("columnheader", name="Conflicts").first).to_have_attribute(
        "aria-sort", "descending"
    )
    page.reload()
    expect(page.get_by_label("Site")).to_have_value("2")
    expect(page.get_by_label("Period")).to_have_value("last_90")
    expect(ranked.first).to_contain_text("Foundry Yard")


@pytest.mark.parametrize(
    ("title", "columns"),
    [
        ("When facilities are booked", "weekday,hour,"),
        ("What became of bookings", "measure,value"),
        ("How easy booking is", "week,visits,begun,booked,"),
    ],
)
def test_a_report_can_be_had_as_csv(
    title: str, columns: str, open_page: Callable[..., Page]
) -> None:
    page = open_page("ingrid", path=ADDRESS)
    with page.expect_download() as caught:
        page.get_by_label(f"{title} as CSV").click()
    assert caught.value.path().read_text(encoding="utf-8").startswith(columns)


def test_a_visit_that_ends_without_a_booking_is_counted(
    house: Any, open_page: Callable[..., Page]
) -> None:
    def visits() -> int:
        with house.api("ingrid") as staff:
            return int(staff.get("/api/v1/analytics/usage/", params=DAYS).json()["visits"])

    before = visits()
    page = open_page("maria")
    expect(page.get_by_role("grid")).to_be_visible()
    with page.expect_response("**/api/v1/usage/") as caught:
        page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert caught.value.status == 204
    # Others' tests visit the timeline too.
    assert visits() > before


def test_on_a_phone_nothing_is_wider_than_the_screen(
    open_page: Callable[..., Page],
    axe: Callable[[Page], None],
    picture: Callable[[Page, str], None],
) -> None:
    page = open_page("ingrid", path=ADDRESS, width=360, height=740, theme="dark", language="de")
    expect(page.get_by_role("heading", name="Personen nach Wochen")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    axe(page)
    picture(page, "staff-analytics-phone")
